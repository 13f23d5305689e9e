-- What a first pass was given to, and the decision that ended it: that decision may be undone.
ALTER TABLE review_passes ADD COLUMN work BYTEA;
ALTER TABLE review_passes ADD COLUMN ended_in UUID;
-- Of those that were given before nobody knows to what: they are given again.
DELETE FROM review_passes;
