-- Bundles may be rules, and the sources that forms were made from.
CREATE TABLE new_bundles (
    hash BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('register', 'form', 'notice', 'rules', 'source')),
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    labels TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes BLOB NOT NULL,
    pack TEXT,
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO new_bundles
SELECT hash, kind, name, version, labels, media_type, bytes, pack, created_at FROM bundles;
DROP TABLE bundles;
ALTER TABLE new_bundles RENAME TO bundles;
CREATE TRIGGER bundles_refuse_update BEFORE UPDATE ON bundles
BEGIN
    SELECT RAISE(ABORT, 'bundles is append-only');
END;
CREATE TRIGGER bundles_refuse_delete BEFORE DELETE ON bundles
BEGIN
    SELECT RAISE(ABORT, 'bundles is append-only');
END;
CREATE INDEX bundles_by_kind ON bundles (kind, name, version);

-- The forms there are. `area_code` says whose: none for those that came with a pack.
CREATE TABLE forms (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    area_code TEXT REFERENCES areas (code),
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX forms_by_name ON forms (name, coalesce(area_code, ''));

-- Versions of forms, which never change: `bundle` is the hash of all there is to one.
CREATE TABLE form_versions (
    form_id BLOB NOT NULL REFERENCES forms (id),
    bundle BLOB NOT NULL REFERENCES bundles (hash),
    ordinal INTEGER NOT NULL,
    version TEXT NOT NULL,
    title TEXT NOT NULL,
    added_by BLOB REFERENCES users (id),
    added_at INTEGER NOT NULL,
    PRIMARY KEY (form_id, bundle)
) STRICT;
CREATE UNIQUE INDEX form_versions_in_order ON form_versions (form_id, ordinal);
CREATE INDEX form_versions_by_bundle ON form_versions (bundle);

-- Versions that were filled in to try them, and what came of it.
CREATE TABLE form_trials (
    id BLOB NOT NULL PRIMARY KEY,
    form_id BLOB NOT NULL REFERENCES forms (id),
    bundle BLOB NOT NULL,
    passed INTEGER NOT NULL,
    tried_by BLOB NOT NULL REFERENCES users (id),
    tried_at INTEGER NOT NULL,
    FOREIGN KEY (form_id, bundle) REFERENCES form_versions (form_id, bundle)
) STRICT;
CREATE INDEX form_trials_by_version ON form_trials (form_id, bundle);

-- Which version is filled in where, from when on: of all that cover an area, the newest counts.
-- No version: the form is retired there.
CREATE TABLE form_releases (
    id BLOB NOT NULL PRIMARY KEY,
    form_id BLOB NOT NULL REFERENCES forms (id),
    bundle BLOB,
    area_code TEXT NOT NULL REFERENCES areas (code),
    reason TEXT NOT NULL,
    decided_by BLOB NOT NULL REFERENCES users (id),
    decided_at INTEGER NOT NULL,
    FOREIGN KEY (form_id, bundle) REFERENCES form_versions (form_id, bundle)
) STRICT;
CREATE INDEX form_releases_by_form ON form_releases (form_id, id);
CREATE TRIGGER form_versions_refuse_update BEFORE UPDATE ON form_versions
BEGIN
    SELECT RAISE(ABORT, 'form_versions is append-only');
END;
CREATE TRIGGER form_versions_refuse_delete BEFORE DELETE ON form_versions
BEGIN
    SELECT RAISE(ABORT, 'form_versions is append-only');
END;
CREATE TRIGGER form_releases_refuse_update BEFORE UPDATE ON form_releases
BEGIN
    SELECT RAISE(ABORT, 'form_releases is append-only');
END;
CREATE TRIGGER form_releases_refuse_delete BEFORE DELETE ON form_releases
BEGIN
    SELECT RAISE(ABORT, 'form_releases is append-only');
END;

-- Records that changed and are to be checked: by the form they were made with, by rules.
CREATE TABLE checks_due (
    record BLOB NOT NULL PRIMARY KEY,
    asked_at INTEGER NOT NULL
) STRICT;
CREATE INDEX checks_due_in_order ON checks_due (asked_at, record);
