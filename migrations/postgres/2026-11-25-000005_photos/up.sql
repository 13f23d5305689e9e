-- Work that is done afterwards, by any replica. Whoever takes a job moves `run_at` to the end of
-- its lease; if it dies, the job is due again then.
CREATE TABLE jobs (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    run_at TIMESTAMPTZ NOT NULL,
    attempts BIGINT NOT NULL,
    holder UUID,
    dead_at TIMESTAMPTZ,
    error TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (kind, key)
);
CREATE INDEX jobs_by_time ON jobs (run_at) WHERE dead_at IS NULL;

-- What is told by a photo's bytes.
CREATE TABLE photos (
    hash BYTEA PRIMARY KEY REFERENCES blobs (hash),
    inspector BIGINT NOT NULL,
    media_type TEXT,
    unreadable TEXT,
    width BIGINT,
    height BIGINT,
    fingerprints JSONB,
    facts JSONB NOT NULL,
    quality JSONB,
    inspected_at TIMESTAMPTZ NOT NULL
);

-- The fingerprints of photos by parts of their bits, so that those that differ in a few are found.
CREATE TABLE photo_bands (
    band BIGINT NOT NULL,
    fingerprint BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (band, fingerprint, hash)
);

-- Who looked at a photo as it was taken, with everything its file says, and why.
CREATE TABLE media_accesses (
    id UUID PRIMARY KEY,
    hash BYTEA NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    reason TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL
);
CREATE INDEX media_accesses_by_hash ON media_accesses (hash, at);
CREATE TRIGGER media_accesses_are_append_only BEFORE UPDATE OR DELETE ON media_accesses
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Photos that came before are looked at, too.
INSERT INTO jobs (id, kind, key, run_at, attempts, created_at)
SELECT gen_random_uuid(), 'photo', encode(hash, 'hex'), to_timestamp(0), 0, verified_at FROM blobs;
