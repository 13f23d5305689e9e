-- What is about a record is read in the order of ids: without the id, SQLite walked all records of
-- the collection in that order instead.
DROP INDEX records_by_subject;
CREATE INDEX records_by_subject ON records (subject, collection, id);

-- The files of a record: without it, each record's were looked for among all references.
CREATE INDEX blob_references_by_record ON blob_references (record);
