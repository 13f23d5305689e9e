DROP TABLE checks_due;
DROP TABLE form_releases;
DROP TABLE form_trials;
DROP TABLE form_versions;
DROP TABLE forms;

DROP INDEX bundles_by_kind;
ALTER TABLE bundles DISABLE TRIGGER bundles_are_append_only;
DELETE FROM bundles WHERE kind NOT IN ('register', 'form', 'notice');
ALTER TABLE bundles ENABLE TRIGGER bundles_are_append_only;
ALTER TABLE bundles DROP CONSTRAINT bundles_kind_check;
ALTER TABLE bundles ADD CONSTRAINT bundles_kind_check
    CHECK (kind IN ('register', 'form', 'notice'));
