-- Work that is done afterwards, by any replica. Whoever takes a job moves `run_at` to the end of
-- its lease; if it dies, the job is due again then.
CREATE TABLE jobs (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    run_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    holder BLOB,
    dead_at INTEGER,
    error TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (kind, key)
) STRICT;
CREATE INDEX jobs_by_time ON jobs (run_at) WHERE dead_at IS NULL;

-- What is told by a photo's bytes.
CREATE TABLE photos (
    hash BLOB NOT NULL PRIMARY KEY REFERENCES blobs (hash),
    inspector INTEGER NOT NULL,
    media_type TEXT,
    unreadable TEXT,
    width INTEGER,
    height INTEGER,
    fingerprints TEXT,
    facts TEXT NOT NULL,
    quality TEXT,
    inspected_at INTEGER NOT NULL
) STRICT;

-- The fingerprints of photos by parts of their bits, so that those that differ in a few are found.
CREATE TABLE photo_bands (
    band INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (band, fingerprint, hash)
) STRICT, WITHOUT ROWID;

-- Who looked at a photo as it was taken, with everything its file says, and why.
CREATE TABLE media_accesses (
    id BLOB NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX media_accesses_by_hash ON media_accesses (hash, at);
CREATE TRIGGER media_accesses_refuse_update BEFORE UPDATE ON media_accesses
BEGIN
    SELECT RAISE(ABORT, 'media_accesses is append-only');
END;
CREATE TRIGGER media_accesses_refuse_delete BEFORE DELETE ON media_accesses
BEGIN
    SELECT RAISE(ABORT, 'media_accesses is append-only');
END;

-- Photos that came before are looked at, too.
INSERT INTO jobs (id, kind, key, run_at, attempts, created_at)
SELECT randomblob(16), 'photo', lower(hex(hash)), 0, 0, verified_at FROM blobs;
