DROP TABLE sync_log;
DROP TABLE backups;

DELETE FROM quarantine WHERE device_id IS NULL;
ALTER TABLE quarantine DROP COLUMN words;
ALTER TABLE quarantine DROP COLUMN settled_by;
ALTER TABLE quarantine DROP COLUMN settled_at;
ALTER TABLE quarantine DROP COLUMN settlement;
ALTER TABLE quarantine DROP COLUMN unit;
ALTER TABLE quarantine ALTER COLUMN device_id SET NOT NULL;

ALTER TABLE evictions DROP COLUMN left_at;
ALTER TABLE scope_heads DROP COLUMN horizon;
ALTER TABLE ops DROP COLUMN first_seq;
ALTER TABLE ops DROP COLUMN first_incarnation;

DROP INDEX chains_by_person;
ALTER TABLE chains DROP CONSTRAINT chains_owner;
ALTER TABLE chains DROP COLUMN repeats;
ALTER TABLE chains DROP COLUMN safe_before;
ALTER TABLE chains DROP COLUMN user_id;
ALTER TABLE chains ALTER COLUMN device_id SET NOT NULL;
