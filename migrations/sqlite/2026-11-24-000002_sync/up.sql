-- A chain is a tablet's, or that of a person who works in a browser. Operations below
-- `safe_before` are in a verified backup. `repeats`: it has operations that stood elsewhere first.
CREATE TABLE new_chains (
    incarnation BLOB NOT NULL PRIMARY KEY,
    device_id BLOB REFERENCES devices (id),
    user_id BLOB REFERENCES users (id),
    next_seq INTEGER NOT NULL,
    parent BLOB,
    fork_seq INTEGER,
    started_at INTEGER NOT NULL,
    safe_before INTEGER NOT NULL DEFAULT 0,
    repeats INTEGER NOT NULL DEFAULT 0,
    CHECK ((device_id IS NULL) <> (user_id IS NULL))
) STRICT;
INSERT INTO new_chains (incarnation, device_id, next_seq, parent, fork_seq, started_at)
SELECT incarnation, device_id, next_seq, parent, fork_seq, started_at FROM chains;
DROP TABLE chains;
ALTER TABLE new_chains RENAME TO chains;
CREATE UNIQUE INDEX chains_by_person ON chains (user_id) WHERE user_id IS NOT NULL;

-- Where an operation stood first, if this is not the first place it stands.
ALTER TABLE ops ADD COLUMN first_incarnation BLOB;
ALTER TABLE ops ADD COLUMN first_seq INTEGER;

-- Deletions and departures up to `horizon` are forgotten.
ALTER TABLE scope_heads ADD COLUMN horizon INTEGER NOT NULL DEFAULT 0;
ALTER TABLE evictions ADD COLUMN left_at INTEGER NOT NULL DEFAULT 0;

-- Operations that wait for a person, or that can never be applied, and what became of them.
CREATE TABLE new_quarantine (
    incarnation BLOB NOT NULL,
    seq INTEGER NOT NULL,
    device_id BLOB,
    pushed_by BLOB NOT NULL,
    scope TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('parked', 'rejected')),
    reason TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    unit BLOB,
    settlement TEXT CHECK (settlement IN ('applied', 'discarded')),
    settled_at INTEGER,
    settled_by BLOB,
    words TEXT,
    PRIMARY KEY (incarnation, seq)
) STRICT;
INSERT INTO new_quarantine (incarnation, seq, device_id, pushed_by, scope, kind, reason, received_at)
SELECT incarnation, seq, device_id, pushed_by, scope, kind, reason, received_at FROM quarantine;
DROP TABLE quarantine;
ALTER TABLE new_quarantine RENAME TO quarantine;
CREATE INDEX quarantine_by_scope ON quarantine (scope, received_at);

-- Backups that were made, and whether they were read back.
CREATE TABLE backups (
    id BLOB NOT NULL PRIMARY KEY,
    place TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    verified_at INTEGER
) STRICT;

-- What each exchange of a tablet came to.
CREATE TABLE sync_log (
    id BLOB NOT NULL PRIMARY KEY,
    device_id BLOB NOT NULL REFERENCES devices (id),
    at INTEGER NOT NULL,
    attempt TEXT NOT NULL
) STRICT;
CREATE INDEX sync_log_by_device ON sync_log (device_id, id);
