-- What /readyz writes to know whether there is room on the disk. It means nothing.
CREATE TABLE write_probe (id INTEGER PRIMARY KEY, filler TEXT NOT NULL) STRICT;

-- Work that one replica does for all, and until when it is that replica's.
CREATE TABLE turns (
    name TEXT PRIMARY KEY,
    holder BLOB NOT NULL,
    until INTEGER NOT NULL
) STRICT;
