CREATE TABLE photo_bands (
    band INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (band, fingerprint, hash)
) STRICT, WITHOUT ROWID;

WITH looks (part, fingerprint, hash) AS (
    SELECT 0, whole, hash FROM photo_looks
    UNION SELECT 1, part_1, hash FROM photo_looks
    UNION SELECT 1, part_2, hash FROM photo_looks
), numbers (number) AS (VALUES (0), (1), (2), (3))
INSERT INTO photo_bands (band, fingerprint, hash)
SELECT
    (part << 18) | (number << 16) | ((fingerprint >> (number * 16)) & 65535),
    fingerprint,
    hash
FROM looks CROSS JOIN numbers;

DROP TABLE photo_looks_head;
DROP TABLE photo_looks;
