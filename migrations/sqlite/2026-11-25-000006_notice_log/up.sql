-- The keys that countersign notifications. Old ones stay: what they signed is verified for ever.
CREATE TABLE notice_keys (
    id TEXT NOT NULL PRIMARY KEY,
    seed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER
) STRICT;

-- The log of signed notifications, in the order in which they were countersigned.
CREATE TABLE log_entries (
    position INTEGER NOT NULL PRIMARY KEY,
    notice BLOB NOT NULL UNIQUE,
    digest BLOB NOT NULL,
    supersedes BLOB,
    leaf BLOB NOT NULL,
    key TEXT NOT NULL REFERENCES notice_keys (id),
    signature BLOB NOT NULL
) STRICT;
CREATE INDEX log_entries_by_digest ON log_entries (digest);
CREATE INDEX log_entries_by_superseded ON log_entries (supersedes);

-- Its complete subtrees (RFC 6962).
CREATE TABLE log_nodes (
    level INTEGER NOT NULL,
    place INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (level, place)
) STRICT;

-- What was signed of the whole log.
CREATE TABLE log_heads (
    size INTEGER NOT NULL PRIMARY KEY,
    root BLOB NOT NULL,
    at INTEGER NOT NULL,
    key TEXT NOT NULL REFERENCES notice_keys (id),
    signature BLOB NOT NULL
) STRICT;

-- Tablets whose keys count for nothing from a time on: lost, stolen.
CREATE TABLE device_revocations (
    id BLOB NOT NULL PRIMARY KEY,
    device_id BLOB NOT NULL REFERENCES devices (id),
    from_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    decided_by BLOB NOT NULL REFERENCES users (id),
    decided_at INTEGER NOT NULL
) STRICT;

-- Notifications that came before are countersigned, too.
INSERT INTO checks_due (record, asked_at)
SELECT id, updated_at FROM records WHERE collection = 'notice'
ON CONFLICT DO NOTHING;

CREATE TRIGGER log_entries_refuse_update BEFORE UPDATE ON log_entries
BEGIN
    SELECT RAISE(ABORT, 'log_entries is append-only');
END;
CREATE TRIGGER log_entries_refuse_delete BEFORE DELETE ON log_entries
BEGIN
    SELECT RAISE(ABORT, 'log_entries is append-only');
END;

CREATE TRIGGER log_nodes_refuse_update BEFORE UPDATE ON log_nodes
BEGIN
    SELECT RAISE(ABORT, 'log_nodes is append-only');
END;
CREATE TRIGGER log_nodes_refuse_delete BEFORE DELETE ON log_nodes
BEGIN
    SELECT RAISE(ABORT, 'log_nodes is append-only');
END;

CREATE TRIGGER log_heads_refuse_update BEFORE UPDATE ON log_heads
BEGIN
    SELECT RAISE(ABORT, 'log_heads is append-only');
END;
CREATE TRIGGER log_heads_refuse_delete BEFORE DELETE ON log_heads
BEGIN
    SELECT RAISE(ABORT, 'log_heads is append-only');
END;

CREATE TRIGGER device_revocations_refuse_update BEFORE UPDATE ON device_revocations
BEGIN
    SELECT RAISE(ABORT, 'device_revocations is append-only');
END;
CREATE TRIGGER device_revocations_refuse_delete BEFORE DELETE ON device_revocations
BEGIN
    SELECT RAISE(ABORT, 'device_revocations is append-only');
END;
