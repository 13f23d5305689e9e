-- Definitions that people published here, and not with a pack or the program: who did, and why.
CREATE TABLE publications (
    bundle BYTEA NOT NULL PRIMARY KEY REFERENCES bundles (hash),
    reason TEXT NOT NULL,
    decided_by UUID NOT NULL REFERENCES users (id),
    decided_at TIMESTAMPTZ NOT NULL
);
CREATE TRIGGER publications_are_append_only BEFORE UPDATE OR DELETE ON publications
FOR EACH ROW EXECUTE FUNCTION refuse_change();
