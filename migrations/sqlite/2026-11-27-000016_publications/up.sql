-- Definitions that people published here, and not with a pack or the program: who did, and why.
CREATE TABLE publications (
    bundle BLOB NOT NULL PRIMARY KEY REFERENCES bundles (hash),
    reason TEXT NOT NULL,
    decided_by BLOB NOT NULL REFERENCES users (id),
    decided_at INTEGER NOT NULL
) STRICT;
CREATE TRIGGER publications_refuse_update BEFORE UPDATE ON publications
BEGIN SELECT RAISE(ABORT, 'publications is append-only'); END;
CREATE TRIGGER publications_refuse_delete BEFORE DELETE ON publications
BEGIN SELECT RAISE(ABORT, 'publications is append-only'); END;
