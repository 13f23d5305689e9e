DROP INDEX visits_by_village;
DROP INDEX visits_by_age;
DROP INDEX records_by_status;
CREATE INDEX records_by_status ON records (collection, status, id);
ALTER TABLE records DROP COLUMN created_at;
