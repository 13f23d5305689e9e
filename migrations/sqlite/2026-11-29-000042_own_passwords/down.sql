ALTER TABLE areas DROP COLUMN closed_at;
DROP TABLE recovery_codes;
ALTER TABLE users DROP COLUMN password_issued;
