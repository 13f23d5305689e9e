DROP TRIGGER notices_refuse_update;
CREATE TRIGGER notices_refuse_update BEFORE UPDATE ON records
WHEN OLD.collection = 'notice' AND (NEW.fields <> OLD.fields OR NEW.deleted)
BEGIN
    SELECT RAISE(ABORT, 'a signed notification never changes');
END;
DROP TRIGGER ops_refuse_update;
CREATE TRIGGER ops_refuse_update BEFORE UPDATE ON ops
BEGIN
    SELECT RAISE(ABORT, 'ops is append-only');
END;
DROP TABLE erased_ops;
DROP TABLE erased_records;
DROP TABLE erasures;
DROP TABLE retention;
DROP TABLE sealed_values;
DROP TABLE sealing_keys;
CREATE TABLE media_accesses (
    id BLOB NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
INSERT INTO media_accesses (id, hash, user_id, reason, at)
SELECT id, unhex(subject), user_id, reason, at FROM accesses WHERE kind = 'photo';
CREATE INDEX media_accesses_by_hash ON media_accesses (hash, at);
CREATE TRIGGER media_accesses_refuse_update BEFORE UPDATE ON media_accesses
BEGIN
    SELECT RAISE(ABORT, 'media_accesses is append-only');
END;
CREATE TRIGGER media_accesses_refuse_delete BEFORE DELETE ON media_accesses
BEGIN
    SELECT RAISE(ABORT, 'media_accesses is append-only');
END;
DROP TABLE accesses;
