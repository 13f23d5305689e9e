-- Who has sent the bytes of a blob: whoever names one must have them, or see it anyway.
CREATE TABLE blob_holders (
    hash BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    PRIMARY KEY (hash, user_id)
) STRICT, WITHOUT ROWID;

-- Records that name a blob whose bytes their author has not sent yet. They become references when
-- the bytes come.
CREATE TABLE blob_claims (
    hash BLOB NOT NULL,
    record BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    PRIMARY KEY (hash, record, user_id)
) STRICT, WITHOUT ROWID;
