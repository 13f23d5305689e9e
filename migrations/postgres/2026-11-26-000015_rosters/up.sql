-- Lists of departments that were compared with the members on record. The lists themselves are not
-- kept: what differs became findings, and the rest is nobody's business here.
CREATE TABLE rosters (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    department TEXT NOT NULL,
    area_code TEXT NOT NULL REFERENCES areas (code),
    expects TEXT NOT NULL CHECK (expects IN ('listed', 'absent')),
    as_of TEXT NOT NULL,
    digest BYTEA NOT NULL,
    lines BIGINT NOT NULL,
    members BIGINT NOT NULL,
    matched BIGINT NOT NULL,
    without_id BIGINT NOT NULL,
    differences BIGINT NOT NULL,
    made_by UUID NOT NULL REFERENCES users (id),
    made_at TIMESTAMPTZ NOT NULL
);
CREATE TRIGGER rosters_are_append_only BEFORE UPDATE OR DELETE ON rosters
FOR EACH ROW EXECUTE FUNCTION refuse_change();
