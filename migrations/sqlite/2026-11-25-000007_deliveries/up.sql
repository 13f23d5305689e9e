-- What a notification that is in the log is about.
CREATE TABLE notice_subjects (
    record BLOB NOT NULL,
    notice BLOB NOT NULL,
    PRIMARY KEY (record, notice)
) STRICT, WITHOUT ROWID;

-- Notifications that are printed together, in parts.
CREATE TABLE prints (
    id BLOB NOT NULL PRIMARY KEY,
    area_code TEXT NOT NULL REFERENCES areas (code),
    asked_by BLOB NOT NULL REFERENCES users (id),
    reason TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    notices INTEGER NOT NULL
) STRICT;
CREATE INDEX prints_by_time ON prints (asked_at);

CREATE TABLE print_parts (
    print BLOB NOT NULL REFERENCES prints (id),
    part INTEGER NOT NULL,
    notices TEXT NOT NULL,
    printed_at INTEGER,
    length INTEGER,
    PRIMARY KEY (print, part)
) STRICT, WITHOUT ROWID;
