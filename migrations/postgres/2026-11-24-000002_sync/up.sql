-- A chain is a tablet's, or that of a person who works in a browser. Operations below
-- `safe_before` are in a verified backup. `repeats`: it has operations that stood elsewhere first.
ALTER TABLE chains ALTER COLUMN device_id DROP NOT NULL;
ALTER TABLE chains ADD COLUMN user_id UUID REFERENCES users (id);
ALTER TABLE chains ADD COLUMN safe_before BIGINT NOT NULL DEFAULT 0;
ALTER TABLE chains ADD COLUMN repeats BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE chains ADD CONSTRAINT chains_owner CHECK ((device_id IS NULL) <> (user_id IS NULL));
CREATE UNIQUE INDEX chains_by_person ON chains (user_id) WHERE user_id IS NOT NULL;

-- Where an operation stood first, if this is not the first place it stands.
ALTER TABLE ops ADD COLUMN first_incarnation UUID;
ALTER TABLE ops ADD COLUMN first_seq BIGINT;

-- Deletions and departures up to `horizon` are forgotten.
ALTER TABLE scope_heads ADD COLUMN horizon BIGINT NOT NULL DEFAULT 0;
ALTER TABLE evictions ADD COLUMN left_at TIMESTAMPTZ NOT NULL DEFAULT 'epoch';

-- What became of operations that waited for a person, or that can never be applied.
ALTER TABLE quarantine ALTER COLUMN device_id DROP NOT NULL;
ALTER TABLE quarantine ADD COLUMN unit UUID;
ALTER TABLE quarantine ADD COLUMN settlement TEXT CHECK (settlement IN ('applied', 'discarded'));
ALTER TABLE quarantine ADD COLUMN settled_at TIMESTAMPTZ;
ALTER TABLE quarantine ADD COLUMN settled_by UUID;
ALTER TABLE quarantine ADD COLUMN words TEXT;

-- Backups that were made, and whether they were read back.
CREATE TABLE backups (
    id UUID NOT NULL PRIMARY KEY,
    place TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    made_at TIMESTAMPTZ NOT NULL,
    verified_at TIMESTAMPTZ
);

-- What each exchange of a tablet came to.
CREATE TABLE sync_log (
    id UUID NOT NULL PRIMARY KEY,
    device_id UUID NOT NULL REFERENCES devices (id),
    at TIMESTAMPTZ NOT NULL,
    attempt JSONB NOT NULL
);
CREATE INDEX sync_log_by_device ON sync_log (device_id, id);
