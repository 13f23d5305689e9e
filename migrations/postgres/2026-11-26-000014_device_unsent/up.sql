-- What a tablet had not handed over yet when it was here last, as it said itself.
CREATE TABLE device_unsent (
    device_id UUID PRIMARY KEY REFERENCES devices (id),
    ops BIGINT NOT NULL,
    files BIGINT NOT NULL,
    told_at TIMESTAMPTZ NOT NULL
);
