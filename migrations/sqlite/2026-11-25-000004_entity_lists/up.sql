-- Registers may begin and grow with forms, by several hands at once; a version is one definition.
CREATE UNIQUE INDEX bundles_by_version ON bundles (kind, name, version)
WHERE kind IN ('register', 'rules', 'notice');
-- Which visits were made with a version of a form.
CREATE INDEX records_by_form ON records ((fields ->> '2')) WHERE collection = 'visit';
