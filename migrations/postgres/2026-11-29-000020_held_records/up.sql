-- The record that an operation which had no effect is about: what waits for a record is found when
-- the record arrives. What came before is noted by the program, since it is sealed.
ALTER TABLE quarantine ADD COLUMN record UUID;
CREATE INDEX quarantine_by_record ON quarantine (record) WHERE settlement IS NULL;
