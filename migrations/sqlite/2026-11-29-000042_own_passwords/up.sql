-- Who has a password that another person has read changes it before anything else.
ALTER TABLE users ADD COLUMN password_issued INTEGER NOT NULL DEFAULT 0;

-- What signs in once instead of an authenticator app's code, where the phone is lost. Only hashes.
CREATE TABLE recovery_codes (
    user_id BLOB NOT NULL REFERENCES users (id),
    code_hash BLOB NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (user_id, code_hash)
) STRICT;

-- A place that no longer is: what was recorded there stays, and nothing new is begun.
ALTER TABLE areas ADD COLUMN closed_at INTEGER;
