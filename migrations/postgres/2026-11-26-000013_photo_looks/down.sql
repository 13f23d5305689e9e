CREATE TABLE photo_bands (
    band BIGINT NOT NULL,
    fingerprint BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (band, fingerprint, hash)
);

WITH looks (part, fingerprint, hash) AS (
    SELECT 0, whole, hash FROM photo_looks
    UNION SELECT 1, part_1, hash FROM photo_looks
    UNION SELECT 1, part_2, hash FROM photo_looks
), numbers (number) AS (VALUES (0), (1), (2), (3))
INSERT INTO photo_bands (band, fingerprint, hash)
SELECT
    (part::BIGINT << 18) | (number::BIGINT << 16) | ((fingerprint >> (number * 16)) & 65535),
    fingerprint,
    hash
FROM looks CROSS JOIN numbers;

DROP TABLE photo_looks_head;
DROP TABLE photo_looks;
