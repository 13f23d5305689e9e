DROP INDEX records_by_form;
DROP INDEX bundles_by_version;
