-- Bundles may be rules, and the sources that forms were made from.
ALTER TABLE bundles DROP CONSTRAINT bundles_kind_check;
ALTER TABLE bundles ADD CONSTRAINT bundles_kind_check
    CHECK (kind IN ('register', 'form', 'notice', 'rules', 'source'));
CREATE INDEX bundles_by_kind ON bundles (kind, name, version);

-- The forms there are. `area_code` says whose: none for those that came with a pack.
CREATE TABLE forms (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    area_code TEXT REFERENCES areas (code),
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX forms_by_name ON forms (name, coalesce(area_code, ''));

-- Versions of forms, which never change: `bundle` is the hash of all there is to one.
CREATE TABLE form_versions (
    form_id UUID NOT NULL REFERENCES forms (id),
    bundle BYTEA NOT NULL REFERENCES bundles (hash),
    ordinal BIGINT NOT NULL,
    version TEXT NOT NULL,
    title TEXT NOT NULL,
    added_by UUID REFERENCES users (id),
    added_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (form_id, bundle)
);
CREATE UNIQUE INDEX form_versions_in_order ON form_versions (form_id, ordinal);
CREATE INDEX form_versions_by_bundle ON form_versions (bundle);

-- Versions that were filled in to try them, and what came of it.
CREATE TABLE form_trials (
    id UUID NOT NULL PRIMARY KEY,
    form_id UUID NOT NULL REFERENCES forms (id),
    bundle BYTEA NOT NULL,
    passed BOOLEAN NOT NULL,
    tried_by UUID NOT NULL REFERENCES users (id),
    tried_at TIMESTAMPTZ NOT NULL,
    FOREIGN KEY (form_id, bundle) REFERENCES form_versions (form_id, bundle)
);
CREATE INDEX form_trials_by_version ON form_trials (form_id, bundle);

-- Which version is filled in where, from when on: of all that cover an area, the newest counts.
-- No version: the form is retired there.
CREATE TABLE form_releases (
    id UUID NOT NULL PRIMARY KEY,
    form_id UUID NOT NULL REFERENCES forms (id),
    bundle BYTEA,
    area_code TEXT NOT NULL REFERENCES areas (code),
    reason TEXT NOT NULL,
    decided_by UUID NOT NULL REFERENCES users (id),
    decided_at TIMESTAMPTZ NOT NULL,
    FOREIGN KEY (form_id, bundle) REFERENCES form_versions (form_id, bundle)
);
CREATE INDEX form_releases_by_form ON form_releases (form_id, id);
CREATE TRIGGER form_versions_are_append_only BEFORE UPDATE OR DELETE ON form_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER form_releases_are_append_only BEFORE UPDATE OR DELETE ON form_releases
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Records that changed and are to be checked: by the form they were made with, by rules.
CREATE TABLE checks_due (
    record UUID NOT NULL PRIMARY KEY,
    asked_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX checks_due_in_order ON checks_due (asked_at, record);
