DELETE FROM review_passes WHERE ended_in IS NOT NULL;
ALTER TABLE review_passes DROP COLUMN ended_in;
ALTER TABLE review_passes DROP COLUMN work;
