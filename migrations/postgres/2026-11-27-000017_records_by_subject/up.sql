-- What is about a record is read in the order of ids: without the id, SQLite walked all records of
-- the collection in that order instead.
DROP INDEX records_by_subject;
CREATE INDEX records_by_subject ON records (subject, collection, id);
