DROP INDEX records_by_subject;
CREATE INDEX records_by_subject ON records (subject, collection);
DROP INDEX blob_references_by_record;
