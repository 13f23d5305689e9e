-- How photos look, in the order in which they were looked at: what a replica's index of
-- fingerprints follows. The look of a photo that is cropped a little is kept beside its own.
CREATE TABLE photo_looks (
    ordinal BIGINT PRIMARY KEY,
    hash BYTEA NOT NULL UNIQUE,
    whole BIGINT NOT NULL,
    part_1 BIGINT NOT NULL,
    part_2 BIGINT NOT NULL
);

-- The last ordinal that was given; never given again.
CREATE TABLE photo_looks_head (
    id BIGINT PRIMARY KEY,
    ordinal BIGINT NOT NULL
);

INSERT INTO photo_looks (ordinal, hash, whole, part_1, part_2)
SELECT
    row_number() OVER (ORDER BY inspected_at, hash),
    hash,
    (fingerprints ->> 0)::BIGINT,
    (fingerprints ->> 4)::BIGINT,
    (fingerprints ->> 5)::BIGINT
FROM photos WHERE jsonb_typeof(fingerprints) = 'array';

DROP TABLE photo_bands;
