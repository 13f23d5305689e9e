-- Tablets that knew more of their own chain than this database does, in its present epoch: it went
-- back without a word.
CREATE TABLE setbacks (
    epoch BIGINT NOT NULL,
    device_id UUID NOT NULL REFERENCES devices (id),
    next_seq BIGINT NOT NULL,
    claimed_seq BIGINT NOT NULL,
    noticed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (epoch, device_id)
);
