-- What /readyz writes to know whether there is room on the disk. It means nothing.
CREATE TABLE write_probe (id integer PRIMARY KEY, filler text NOT NULL);
ALTER TABLE write_probe ALTER COLUMN filler SET STORAGE PLAIN;

-- Work that one replica does for all, and until when it is that replica's.
CREATE TABLE turns (
    name text PRIMARY KEY,
    holder uuid NOT NULL,
    until timestamptz NOT NULL
);
