-- Who looked at what is masked otherwise, and why.
CREATE TABLE accesses (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX accesses_by_subject ON accesses (kind, subject, at);
INSERT INTO accesses (id, user_id, kind, subject, reason, at)
SELECT id, user_id, 'photo', lower(hex(hash)), reason, at FROM media_accesses;
DROP TABLE media_accesses;
CREATE TRIGGER accesses_refuse_update BEFORE UPDATE ON accesses
BEGIN
    SELECT RAISE(ABORT, 'accesses is append-only');
END;
CREATE TRIGGER accesses_refuse_delete BEFORE DELETE ON accesses
BEGIN
    SELECT RAISE(ABORT, 'accesses is append-only');
END;

-- The keys that values in this database are sealed with; they themselves are elsewhere. What each
-- sealed shows whether a file of keys is the right one.
CREATE TABLE sealing_keys (
    id TEXT NOT NULL PRIMARY KEY,
    proof BLOB NOT NULL,
    first_used_at INTEGER NOT NULL
) STRICT;

-- Sealed values by a keyed hash, so that who knows a value finds its record.
CREATE TABLE sealed_values (
    field TEXT NOT NULL,
    hash BLOB NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (field, hash, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX sealed_values_by_record ON sealed_values (record);

-- How long records of a register are kept after they last changed.
CREATE TABLE retention (
    collection TEXT NOT NULL PRIMARY KEY,
    days INTEGER NOT NULL,
    reason TEXT NOT NULL,
    decided_by BLOB NOT NULL REFERENCES users (id),
    decided_at INTEGER NOT NULL
) STRICT;

-- What was erased, when and why: no word of what it was.
CREATE TABLE erasures (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('household', 'retention')),
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_by BLOB NOT NULL REFERENCES users (id),
    decided_at INTEGER NOT NULL,
    records INTEGER NOT NULL,
    photos INTEGER NOT NULL
) STRICT;
CREATE TRIGGER erasures_refuse_update BEFORE UPDATE ON erasures
BEGIN
    SELECT RAISE(ABORT, 'erasures is append-only');
END;
CREATE TRIGGER erasures_refuse_delete BEFORE DELETE ON erasures
BEGIN
    SELECT RAISE(ABORT, 'erasures is append-only');
END;

-- The records that an erasure is about. Only of these may what was pushed be blanked.
CREATE TABLE erased_records (
    record BLOB NOT NULL PRIMARY KEY,
    erasure BLOB NOT NULL REFERENCES erasures (id)
) STRICT, WITHOUT ROWID;
CREATE TABLE erased_ops (
    incarnation BLOB NOT NULL,
    seq INTEGER NOT NULL,
    erasure BLOB NOT NULL REFERENCES erasures (id),
    PRIMARY KEY (incarnation, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER erased_records_refuse_update BEFORE UPDATE ON erased_records
BEGIN
    SELECT RAISE(ABORT, 'erased_records is append-only');
END;
CREATE TRIGGER erased_records_refuse_delete BEFORE DELETE ON erased_records
BEGIN
    SELECT RAISE(ABORT, 'erased_records is append-only');
END;
CREATE TRIGGER erased_ops_refuse_update BEFORE UPDATE ON erased_ops
BEGIN
    SELECT RAISE(ABORT, 'erased_ops is append-only');
END;
CREATE TRIGGER erased_ops_refuse_delete BEFORE DELETE ON erased_ops
BEGIN
    SELECT RAISE(ABORT, 'erased_ops is append-only');
END;

-- What was pushed stays as it was, but for the words of what was erased.
DROP TRIGGER ops_refuse_update;
CREATE TRIGGER ops_refuse_update BEFORE UPDATE ON ops
WHEN NEW.body <> x'' OR NEW.key <> OLD.key OR NEW.incarnation <> OLD.incarnation
    OR NEW.seq <> OLD.seq OR NEW.pushed_by <> OLD.pushed_by OR NEW.received_at <> OLD.received_at
    OR NOT EXISTS (
        SELECT 1 FROM erased_ops WHERE incarnation = OLD.incarnation AND seq = OLD.seq
    )
BEGIN
    SELECT RAISE(ABORT, 'ops is append-only');
END;
DROP TRIGGER notices_refuse_update;
CREATE TRIGGER notices_refuse_update BEFORE UPDATE ON records
WHEN OLD.collection = 'notice' AND (NEW.fields <> OLD.fields OR NEW.deleted)
    AND NOT EXISTS (SELECT 1 FROM erased_records WHERE record = OLD.id)
BEGIN
    SELECT RAISE(ABORT, 'a signed notification never changes');
END;
