-- What a first pass was given to, and the decision that ended it: that decision may be undone.
ALTER TABLE review_passes ADD COLUMN work BLOB;
ALTER TABLE review_passes ADD COLUMN ended_in BLOB;
