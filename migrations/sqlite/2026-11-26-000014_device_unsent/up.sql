-- What a tablet had not handed over yet when it was here last, as it said itself.
CREATE TABLE device_unsent (
    device_id BLOB NOT NULL PRIMARY KEY REFERENCES devices (id),
    ops INTEGER NOT NULL,
    files INTEGER NOT NULL,
    told_at INTEGER NOT NULL
) STRICT;
