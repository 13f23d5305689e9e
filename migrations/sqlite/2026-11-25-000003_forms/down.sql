DROP TABLE checks_due;
DROP TABLE form_releases;
DROP TABLE form_trials;
DROP TABLE form_versions;
DROP TABLE forms;

CREATE TABLE old_bundles (
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
INSERT INTO old_bundles
SELECT hash, kind, name, version, labels, media_type, bytes, pack, created_at FROM bundles
WHERE kind IN ('register', 'form', 'notice');
DROP TABLE bundles;
ALTER TABLE old_bundles RENAME TO bundles;
CREATE TRIGGER bundles_refuse_update BEFORE UPDATE ON bundles
BEGIN
    SELECT RAISE(ABORT, 'bundles is append-only');
END;
CREATE TRIGGER bundles_refuse_delete BEFORE DELETE ON bundles
BEGIN
    SELECT RAISE(ABORT, 'bundles is append-only');
END;
