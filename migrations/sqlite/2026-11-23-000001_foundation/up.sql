-- Where the database comes from: the epochs it descends from, its own last.
CREATE TABLE epochs (
    ordinal INTEGER NOT NULL PRIMARY KEY,
    epoch INTEGER NOT NULL UNIQUE,
    started_at INTEGER NOT NULL
) STRICT;

-- Areas, as a tree. `path` is every code from the root down, each followed by a slash.
CREATE TABLE areas (
    code TEXT NOT NULL PRIMARY KEY,
    parent TEXT REFERENCES areas (code),
    level TEXT NOT NULL CHECK (level IN ('province', 'prefecture', 'county', 'township', 'village')),
    name TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

CREATE TABLE grants (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('cadre', 'supervisor', 'admin', 'auditor')),
    area_code TEXT NOT NULL REFERENCES areas (code),
    valid_from INTEGER NOT NULL,
    valid_until INTEGER
) STRICT;
CREATE INDEX grants_by_user ON grants (user_id);

CREATE TABLE devices (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    public_key BLOB NOT NULL UNIQUE,
    label TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'blocked', 'wiping')),
    enrolled_at INTEGER NOT NULL,
    last_seen_at INTEGER,
    clock_skew_ms INTEGER
) STRICT;
CREATE INDEX devices_by_user ON devices (user_id);

-- One-time codes; only their hash is kept. `device_id` is set when the code is used.
CREATE TABLE enrolment_codes (
    code_hash BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    made_by BLOB REFERENCES users (id),
    expires_at INTEGER NOT NULL,
    device_id BLOB REFERENCES devices (id)
) STRICT;

-- Families of refresh tokens; only hashes are kept.
CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    device_id BLOB REFERENCES devices (id),
    token_hash BLOB NOT NULL,
    previous_hash BLOB,
    rotated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE token_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    seed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER
) STRICT;

CREATE TABLE packs (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    manifest TEXT NOT NULL,
    installed_at INTEGER NOT NULL,
    PRIMARY KEY (name, version)
) STRICT;

-- Definitions as immutable bytes, named by their hash.
CREATE TABLE bundles (
    hash BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('register', 'form', 'notice')),
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    labels TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes BLOB NOT NULL,
    pack TEXT,
    created_at INTEGER NOT NULL
) STRICT;

-- The counter and digest of each scope. A push locks its scopes' rows last and in order, so the
-- order of numbers is the order in which readers come to see them.
CREATE TABLE scope_heads (
    scope TEXT NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL,
    digest BLOB NOT NULL
) STRICT;

CREATE TABLE records (
    id BLOB NOT NULL PRIMARY KEY,
    collection TEXT NOT NULL,
    scope TEXT NOT NULL,
    seq INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    n INTEGER NOT NULL,
    definition BLOB NOT NULL,
    deleted INTEGER NOT NULL,
    fields TEXT NOT NULL,
    marks TEXT NOT NULL,
    title TEXT,
    subject BLOB,
    status TEXT,
    due_on TEXT,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX records_by_feed ON records (scope, seq);
CREATE INDEX records_by_collection ON records (collection, scope, id);
CREATE INDEX records_by_subject ON records (subject, collection);

-- Records that moved out of a scope.
CREATE TABLE evictions (
    scope TEXT NOT NULL,
    seq INTEGER NOT NULL,
    record BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (scope, seq)
) STRICT;

-- Chains of operations: one for each incarnation of a device.
CREATE TABLE chains (
    incarnation BLOB NOT NULL PRIMARY KEY,
    device_id BLOB NOT NULL REFERENCES devices (id),
    next_seq INTEGER NOT NULL,
    parent BLOB,
    fork_seq INTEGER,
    started_at INTEGER NOT NULL
) STRICT;

-- Every operation ever pushed, as it came, with what became of it.
CREATE TABLE ops (
    incarnation BLOB NOT NULL REFERENCES chains (incarnation),
    seq INTEGER NOT NULL,
    key BLOB NOT NULL,
    body BLOB NOT NULL,
    outcome TEXT NOT NULL,
    pushed_by BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (incarnation, seq)
) STRICT;
CREATE INDEX ops_by_key ON ops (key);

-- Every version of every record, and the operation that made it.
CREATE TABLE history (
    record BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    n INTEGER NOT NULL,
    incarnation BLOB NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (record, epoch, n)
) STRICT;

-- Operations that wait for a person, or that can never be applied.
CREATE TABLE quarantine (
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
CREATE INDEX quarantine_by_scope ON quarantine (scope, received_at);

CREATE TABLE blobs (
    hash BLOB NOT NULL PRIMARY KEY,
    length INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    verified_at INTEGER NOT NULL
) STRICT;

-- Which record names which blob.
CREATE TABLE blob_references (
    hash BLOB NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (hash, record)
) STRICT;

CREATE TABLE uploads (
    id BLOB NOT NULL PRIMARY KEY,
    device_id BLOB NOT NULL REFERENCES devices (id),
    hash BLOB NOT NULL,
    length INTEGER NOT NULL,
    received INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    holder BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX uploads_by_device ON uploads (device_id, hash);

-- The pieces of an upload, each an object in the media store.
CREATE TABLE upload_parts (
    upload BLOB NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    start INTEGER NOT NULL,
    length INTEGER NOT NULL,
    object BLOB NOT NULL,
    PRIMARY KEY (upload, start)
) STRICT;

-- What was pushed, what happened and what was published is never changed.
CREATE TRIGGER ops_refuse_update BEFORE UPDATE ON ops
BEGIN
    SELECT RAISE(ABORT, 'ops is append-only');
END;
CREATE TRIGGER ops_refuse_delete BEFORE DELETE ON ops
BEGIN
    SELECT RAISE(ABORT, 'ops is append-only');
END;
CREATE TRIGGER history_refuse_update BEFORE UPDATE ON history
BEGIN
    SELECT RAISE(ABORT, 'history is append-only');
END;
CREATE TRIGGER history_refuse_delete BEFORE DELETE ON history
BEGIN
    SELECT RAISE(ABORT, 'history is append-only');
END;
CREATE TRIGGER bundles_refuse_update BEFORE UPDATE ON bundles
BEGIN
    SELECT RAISE(ABORT, 'bundles is append-only');
END;
CREATE TRIGGER bundles_refuse_delete BEFORE DELETE ON bundles
BEGIN
    SELECT RAISE(ABORT, 'bundles is append-only');
END;
CREATE TRIGGER notices_refuse_update BEFORE UPDATE ON records
WHEN OLD.collection = 'notice' AND (NEW.fields <> OLD.fields OR NEW.deleted)
BEGIN
    SELECT RAISE(ABORT, 'a signed notification never changes');
END;
CREATE TRIGGER notices_refuse_delete BEFORE DELETE ON records WHEN OLD.collection = 'notice'
BEGIN
    SELECT RAISE(ABORT, 'a signed notification never changes');
END;
