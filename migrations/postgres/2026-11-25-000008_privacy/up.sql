-- Who looked at what is masked otherwise, and why.
CREATE TABLE accesses (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL
);
CREATE INDEX accesses_by_subject ON accesses (kind, subject, at);
INSERT INTO accesses (id, user_id, kind, subject, reason, at)
SELECT id, user_id, 'photo', encode(hash, 'hex'), reason, at FROM media_accesses;
DROP TABLE media_accesses;
CREATE TRIGGER accesses_are_append_only BEFORE UPDATE OR DELETE ON accesses
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The keys that values in this database are sealed with; they themselves are elsewhere. What each
-- sealed shows whether a file of keys is the right one.
CREATE TABLE sealing_keys (
    id TEXT NOT NULL PRIMARY KEY,
    proof BYTEA NOT NULL,
    first_used_at TIMESTAMPTZ NOT NULL
);

-- Sealed values by a keyed hash, so that who knows a value finds its record.
CREATE TABLE sealed_values (
    field TEXT NOT NULL,
    hash BYTEA NOT NULL,
    record UUID NOT NULL,
    PRIMARY KEY (field, hash, record)
);
CREATE INDEX sealed_values_by_record ON sealed_values (record);

-- How long records of a register are kept after they last changed.
CREATE TABLE retention (
    collection TEXT NOT NULL PRIMARY KEY,
    days BIGINT NOT NULL,
    reason TEXT NOT NULL,
    decided_by UUID NOT NULL REFERENCES users (id),
    decided_at TIMESTAMPTZ NOT NULL
);

-- What was erased, when and why: no word of what it was.
CREATE TABLE erasures (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('household', 'retention')),
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_by UUID NOT NULL REFERENCES users (id),
    decided_at TIMESTAMPTZ NOT NULL,
    records BIGINT NOT NULL,
    photos BIGINT NOT NULL
);
CREATE TRIGGER erasures_are_append_only BEFORE UPDATE OR DELETE ON erasures
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The records that an erasure is about. Only of these may what was pushed be blanked.
CREATE TABLE erased_records (
    record UUID NOT NULL PRIMARY KEY,
    erasure UUID NOT NULL REFERENCES erasures (id)
);
CREATE TABLE erased_ops (
    incarnation UUID NOT NULL,
    seq BIGINT NOT NULL,
    erasure UUID NOT NULL REFERENCES erasures (id),
    PRIMARY KEY (incarnation, seq)
);
CREATE TRIGGER erased_records_are_append_only BEFORE UPDATE OR DELETE ON erased_records
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erased_ops_are_append_only BEFORE UPDATE OR DELETE ON erased_ops
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What was pushed stays as it was, but for the words of what was erased.
CREATE FUNCTION refuse_change_unless_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.body = ''::bytea AND NEW.key = OLD.key
        AND NEW.incarnation = OLD.incarnation AND NEW.seq = OLD.seq
        AND NEW.pushed_by = OLD.pushed_by AND NEW.received_at = OLD.received_at
        AND EXISTS (
            SELECT 1 FROM erased_ops WHERE incarnation = OLD.incarnation AND seq = OLD.seq
        )
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'ops is append-only';
END
$$;
DROP TRIGGER ops_are_append_only ON ops;
CREATE TRIGGER ops_are_append_only BEFORE UPDATE OR DELETE ON ops
FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erased();
CREATE OR REPLACE FUNCTION refuse_notice_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.collection = 'notice' AND (
        TG_OP = 'DELETE' OR (
            (NEW.fields <> OLD.fields OR NEW.deleted)
            AND NOT EXISTS (SELECT 1 FROM erased_records WHERE record = OLD.id)
        )
    ) THEN
        RAISE EXCEPTION 'a signed notification never changes';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;
