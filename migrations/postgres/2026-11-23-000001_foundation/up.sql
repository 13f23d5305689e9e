-- Where the database comes from: the epochs it descends from, its own last.
CREATE TABLE epochs (
    ordinal BIGINT NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL UNIQUE,
    started_at TIMESTAMPTZ NOT NULL
);

-- Areas, as a tree. `path` is every code from the root down, each followed by a slash.
CREATE TABLE areas (
    code TEXT NOT NULL PRIMARY KEY,
    parent TEXT REFERENCES areas (code),
    level TEXT NOT NULL CHECK (level IN ('province', 'prefecture', 'county', 'township', 'village')),
    name TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE
);

CREATE TABLE users (
    id UUID NOT NULL PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    disabled_at TIMESTAMPTZ
);

CREATE TABLE grants (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('cadre', 'supervisor', 'admin', 'auditor')),
    area_code TEXT NOT NULL REFERENCES areas (code),
    valid_from TIMESTAMPTZ NOT NULL,
    valid_until TIMESTAMPTZ
);
CREATE INDEX grants_by_user ON grants (user_id);

CREATE TABLE devices (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    public_key BYTEA NOT NULL UNIQUE,
    label TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'blocked', 'wiping')),
    enrolled_at TIMESTAMPTZ NOT NULL,
    last_seen_at TIMESTAMPTZ,
    clock_skew_ms BIGINT
);
CREATE INDEX devices_by_user ON devices (user_id);

-- One-time codes; only their hash is kept. `device_id` is set when the code is used.
CREATE TABLE enrolment_codes (
    code_hash BYTEA NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    made_by UUID REFERENCES users (id),
    expires_at TIMESTAMPTZ NOT NULL,
    device_id UUID REFERENCES devices (id)
);

-- Families of refresh tokens; only hashes are kept.
CREATE TABLE sessions (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    device_id UUID REFERENCES devices (id),
    token_hash BYTEA NOT NULL,
    previous_hash BYTEA,
    rotated_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE token_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    seed BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    retired_at TIMESTAMPTZ
);

CREATE TABLE packs (
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    manifest JSONB NOT NULL,
    installed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (name, version)
);

-- Definitions as immutable bytes, named by their hash.
CREATE TABLE bundles (
    hash BYTEA NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('register', 'form', 'notice')),
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    labels JSONB NOT NULL,
    media_type TEXT NOT NULL,
    bytes BYTEA NOT NULL,
    pack TEXT,
    created_at TIMESTAMPTZ NOT NULL
);

-- The counter and digest of each scope. A push locks its scopes' rows last and in order, so the
-- order of numbers is the order in which readers come to see them.
CREATE TABLE scope_heads (
    scope TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    digest BYTEA NOT NULL
);

CREATE TABLE records (
    id UUID NOT NULL PRIMARY KEY,
    collection TEXT NOT NULL,
    scope TEXT NOT NULL,
    seq BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    n BIGINT NOT NULL,
    definition BYTEA NOT NULL,
    deleted BOOLEAN NOT NULL,
    fields JSONB NOT NULL,
    marks JSONB NOT NULL,
    title TEXT,
    subject UUID,
    status TEXT,
    due_on TEXT,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX records_by_feed ON records (scope, seq);
CREATE INDEX records_by_collection ON records (collection, scope, id);
CREATE INDEX records_by_subject ON records (subject, collection);

-- Records that moved out of a scope.
CREATE TABLE evictions (
    scope TEXT NOT NULL,
    seq BIGINT NOT NULL,
    record UUID NOT NULL,
    epoch BIGINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (scope, seq)
);

-- Chains of operations: one for each incarnation of a device.
CREATE TABLE chains (
    incarnation UUID NOT NULL PRIMARY KEY,
    device_id UUID NOT NULL REFERENCES devices (id),
    next_seq BIGINT NOT NULL,
    parent UUID,
    fork_seq BIGINT,
    started_at TIMESTAMPTZ NOT NULL
);

-- Every operation ever pushed, as it came, with what became of it.
CREATE TABLE ops (
    incarnation UUID NOT NULL REFERENCES chains (incarnation),
    seq BIGINT NOT NULL,
    key BYTEA NOT NULL,
    body BYTEA NOT NULL,
    outcome JSONB NOT NULL,
    pushed_by UUID NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (incarnation, seq)
);
CREATE INDEX ops_by_key ON ops (key);

-- Every version of every record, and the operation that made it.
CREATE TABLE history (
    record UUID NOT NULL,
    epoch BIGINT NOT NULL,
    n BIGINT NOT NULL,
    incarnation UUID NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (record, epoch, n)
);

-- Operations that wait for a person, or that can never be applied.
CREATE TABLE quarantine (
    incarnation UUID NOT NULL,
    seq BIGINT NOT NULL,
    device_id UUID NOT NULL,
    pushed_by UUID NOT NULL,
    scope TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('parked', 'rejected')),
    reason TEXT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (incarnation, seq)
);
CREATE INDEX quarantine_by_scope ON quarantine (scope, received_at);

CREATE TABLE blobs (
    hash BYTEA NOT NULL PRIMARY KEY,
    length BIGINT NOT NULL,
    media_type TEXT NOT NULL,
    verified_at TIMESTAMPTZ NOT NULL
);

-- Which record names which blob.
CREATE TABLE blob_references (
    hash BYTEA NOT NULL,
    record UUID NOT NULL,
    PRIMARY KEY (hash, record)
);

CREATE TABLE uploads (
    id UUID NOT NULL PRIMARY KEY,
    device_id UUID NOT NULL REFERENCES devices (id),
    hash BYTEA NOT NULL,
    length BIGINT NOT NULL,
    received BIGINT NOT NULL,
    media_type TEXT NOT NULL,
    holder UUID NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX uploads_by_device ON uploads (device_id, hash);

-- The pieces of an upload, each an object in the media store.
CREATE TABLE upload_parts (
    upload UUID NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    start BIGINT NOT NULL,
    length BIGINT NOT NULL,
    object UUID NOT NULL,
    PRIMARY KEY (upload, start)
);

-- What was pushed, what happened and what was published is never changed.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER ops_are_append_only BEFORE UPDATE OR DELETE ON ops
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER history_are_append_only BEFORE UPDATE OR DELETE ON history
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bundles_are_append_only BEFORE UPDATE OR DELETE ON bundles
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE FUNCTION refuse_notice_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.collection = 'notice' AND (TG_OP = 'DELETE' OR NEW.fields <> OLD.fields OR NEW.deleted) THEN
        RAISE EXCEPTION 'a signed notification never changes';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER notices_never_change BEFORE UPDATE OR DELETE ON records
    FOR EACH ROW EXECUTE FUNCTION refuse_notice_change();
