-- How photos look, in the order in which they were looked at: what a replica's index of
-- fingerprints follows. The look of a photo that is cropped a little is kept beside its own.
CREATE TABLE photo_looks (
    ordinal INTEGER NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    whole INTEGER NOT NULL,
    part_1 INTEGER NOT NULL,
    part_2 INTEGER NOT NULL
) STRICT;

-- The last ordinal that was given; never given again.
CREATE TABLE photo_looks_head (
    id INTEGER NOT NULL PRIMARY KEY,
    ordinal INTEGER NOT NULL
) STRICT;

INSERT INTO photo_looks (ordinal, hash, whole, part_1, part_2)
SELECT
    row_number() OVER (ORDER BY inspected_at, hash),
    hash,
    json_extract(fingerprints, '$[0]'),
    json_extract(fingerprints, '$[4]'),
    json_extract(fingerprints, '$[5]')
FROM photos WHERE fingerprints IS NOT NULL;

DROP TABLE photo_bands;
