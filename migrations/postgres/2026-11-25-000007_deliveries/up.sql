-- What a notification that is in the log is about.
CREATE TABLE notice_subjects (
    record UUID NOT NULL,
    notice UUID NOT NULL,
    PRIMARY KEY (record, notice)
);

-- Notifications that are printed together, in parts.
CREATE TABLE prints (
    id UUID NOT NULL PRIMARY KEY,
    area_code TEXT NOT NULL REFERENCES areas (code),
    asked_by UUID NOT NULL REFERENCES users (id),
    reason TEXT NOT NULL,
    asked_at TIMESTAMPTZ NOT NULL,
    notices BIGINT NOT NULL
);
CREATE INDEX prints_by_time ON prints (asked_at);

CREATE TABLE print_parts (
    print UUID NOT NULL REFERENCES prints (id),
    part BIGINT NOT NULL,
    notices JSONB NOT NULL,
    printed_at TIMESTAMPTZ,
    length BIGINT,
    PRIMARY KEY (print, part)
);
