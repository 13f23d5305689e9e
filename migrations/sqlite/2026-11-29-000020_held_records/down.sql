DROP INDEX quarantine_by_record;
ALTER TABLE quarantine DROP COLUMN record;
