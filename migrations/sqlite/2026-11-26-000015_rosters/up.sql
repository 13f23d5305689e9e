-- Lists of departments that were compared with the members on record. The lists themselves are not
-- kept: what differs became findings, and the rest is nobody's business here.
CREATE TABLE rosters (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    department TEXT NOT NULL,
    area_code TEXT NOT NULL REFERENCES areas (code),
    expects TEXT NOT NULL CHECK (expects IN ('listed', 'absent')),
    as_of TEXT NOT NULL,
    digest BLOB NOT NULL,
    lines INTEGER NOT NULL,
    members INTEGER NOT NULL,
    matched INTEGER NOT NULL,
    without_id INTEGER NOT NULL,
    differences INTEGER NOT NULL,
    made_by BLOB NOT NULL REFERENCES users (id),
    made_at INTEGER NOT NULL
) STRICT;
CREATE TRIGGER rosters_refuse_update BEFORE UPDATE ON rosters
BEGIN SELECT RAISE(ABORT, 'rosters is append-only'); END;
CREATE TRIGGER rosters_refuse_delete BEFORE DELETE ON rosters
BEGIN SELECT RAISE(ABORT, 'rosters is append-only'); END;
