-- Tablets that knew more of their own chain than this database does, in its present epoch: it went
-- back without a word.
CREATE TABLE setbacks (
    epoch INTEGER NOT NULL,
    device_id BLOB NOT NULL REFERENCES devices (id),
    next_seq INTEGER NOT NULL,
    claimed_seq INTEGER NOT NULL,
    noticed_at INTEGER NOT NULL,
    PRIMARY KEY (epoch, device_id)
) STRICT;
