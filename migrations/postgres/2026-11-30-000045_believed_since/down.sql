ALTER TABLE clock DROP COLUMN believed_since;
