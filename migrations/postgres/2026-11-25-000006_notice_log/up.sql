-- The keys that countersign notifications. Old ones stay: what they signed is verified for ever.
CREATE TABLE notice_keys (
    id TEXT NOT NULL PRIMARY KEY,
    seed BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    retired_at TIMESTAMPTZ
);

-- The log of signed notifications, in the order in which they were countersigned.
CREATE TABLE log_entries (
    position BIGINT NOT NULL PRIMARY KEY,
    notice UUID NOT NULL UNIQUE,
    digest BYTEA NOT NULL,
    supersedes BYTEA,
    leaf BYTEA NOT NULL,
    key TEXT NOT NULL REFERENCES notice_keys (id),
    signature BYTEA NOT NULL
);
CREATE INDEX log_entries_by_digest ON log_entries (digest);
CREATE INDEX log_entries_by_superseded ON log_entries (supersedes);

-- Its complete subtrees (RFC 6962).
CREATE TABLE log_nodes (
    level BIGINT NOT NULL,
    place BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (level, place)
);

-- What was signed of the whole log.
CREATE TABLE log_heads (
    size BIGINT NOT NULL PRIMARY KEY,
    root BYTEA NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    key TEXT NOT NULL REFERENCES notice_keys (id),
    signature BYTEA NOT NULL
);

-- Tablets whose keys count for nothing from a time on: lost, stolen.
CREATE TABLE device_revocations (
    id UUID NOT NULL PRIMARY KEY,
    device_id UUID NOT NULL REFERENCES devices (id),
    from_at TIMESTAMPTZ NOT NULL,
    reason TEXT NOT NULL,
    decided_by UUID NOT NULL REFERENCES users (id),
    decided_at TIMESTAMPTZ NOT NULL
);

-- Notifications that came before are countersigned, too.
INSERT INTO checks_due (record, asked_at)
SELECT id, updated_at FROM records WHERE collection = 'notice'
ON CONFLICT DO NOTHING;

CREATE TRIGGER log_entries_are_append_only BEFORE UPDATE OR DELETE ON log_entries
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER log_nodes_are_append_only BEFORE UPDATE OR DELETE ON log_nodes
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER log_heads_are_append_only BEFORE UPDATE OR DELETE ON log_heads
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER device_revocations_are_append_only BEFORE UPDATE OR DELETE ON device_revocations
FOR EACH ROW EXECUTE FUNCTION refuse_change();
