DROP TABLE sync_log;
DROP TABLE backups;

CREATE TABLE old_quarantine (
    incarnation BLOB NOT NULL,
    seq INTEGER NOT NULL,
    device_id BLOB NOT NULL,
    pushed_by BLOB NOT NULL,
    scope TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('parked', 'rejected')),
    reason TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (incarnation, seq)
) STRICT;
INSERT INTO old_quarantine
SELECT incarnation, seq, device_id, pushed_by, scope, kind, reason, received_at FROM quarantine
WHERE device_id IS NOT NULL;
DROP TABLE quarantine;
ALTER TABLE old_quarantine RENAME TO quarantine;
CREATE INDEX quarantine_by_scope ON quarantine (scope, received_at);

ALTER TABLE evictions DROP COLUMN left_at;
ALTER TABLE scope_heads DROP COLUMN horizon;
ALTER TABLE ops DROP COLUMN first_seq;
ALTER TABLE ops DROP COLUMN first_incarnation;

CREATE TABLE old_chains (
    incarnation BLOB NOT NULL PRIMARY KEY,
    device_id BLOB NOT NULL REFERENCES devices (id),
    next_seq INTEGER NOT NULL,
    parent BLOB,
    fork_seq INTEGER,
    started_at INTEGER NOT NULL
) STRICT;
INSERT INTO old_chains
SELECT incarnation, device_id, next_seq, parent, fork_seq, started_at FROM chains
WHERE device_id IS NOT NULL;
DROP TABLE chains;
ALTER TABLE old_chains RENAME TO chains;
