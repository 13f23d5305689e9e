-- Who is looking at a visit just now, so that two people don't.
CREATE TABLE review_claims (
    visit BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX review_claims_by_user ON review_claims (user_id, until);

-- Who has passed a visit that needs a second person.
CREATE TABLE review_passes (
    visit BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    at INTEGER NOT NULL,
    PRIMARY KEY (visit, user_id)
) STRICT;

-- What makes a visit urgent and what needs two people: of an area and all below, the newest counts.
CREATE TABLE review_policies (
    id BLOB NOT NULL PRIMARY KEY,
    area_code TEXT NOT NULL REFERENCES areas (code),
    policy TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_by BLOB NOT NULL REFERENCES users (id),
    decided_at INTEGER NOT NULL
) STRICT;

-- One-time codes of sign-ins (RFC 6238): the sealed secret, and the last time step that was used.
CREATE TABLE second_factors (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id),
    secret BLOB NOT NULL,
    confirmed_at INTEGER,
    last_step INTEGER NOT NULL
) STRICT;

-- Visits by where they stand, the newest first, whatever village they are of.
CREATE INDEX records_by_status ON records (collection, status, id);
CREATE INDEX records_by_age ON records (collection, id);

CREATE TRIGGER review_policies_refuse_update BEFORE UPDATE ON review_policies
BEGIN SELECT RAISE(ABORT, 'review_policies is append-only'); END;
CREATE TRIGGER review_policies_refuse_delete BEFORE DELETE ON review_policies
BEGIN SELECT RAISE(ABORT, 'review_policies is append-only'); END;

-- Random samples that are asked back, drawn so that anybody can draw them again.
CREATE TABLE samples (
    id BLOB NOT NULL PRIMARY KEY,
    area_code TEXT NOT NULL REFERENCES areas (code),
    collection TEXT NOT NULL,
    group_field INTEGER,
    per_group INTEGER NOT NULL,
    seed TEXT NOT NULL,
    population INTEGER NOT NULL,
    digest BLOB NOT NULL,
    reason TEXT NOT NULL,
    drawn_by BLOB NOT NULL REFERENCES users (id),
    drawn_at INTEGER NOT NULL
) STRICT;
CREATE TABLE sample_items (
    sample BLOB NOT NULL REFERENCES samples (id),
    place INTEGER NOT NULL,
    record BLOB NOT NULL,
    scope TEXT NOT NULL,
    stratum TEXT NOT NULL,
    PRIMARY KEY (sample, place)
) STRICT;
-- What calls came to; a later one of the same household stands beside the earlier ones.
CREATE TABLE sample_outcomes (
    id BLOB NOT NULL PRIMARY KEY,
    sample BLOB NOT NULL REFERENCES samples (id),
    place INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('confirmed', 'differs', 'not_reached', 'declined')),
    words TEXT NOT NULL,
    noted_by BLOB NOT NULL REFERENCES users (id),
    noted_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sample_items_by_record ON sample_items (record);
CREATE INDEX sample_outcomes_by_sample ON sample_outcomes (sample, place);
CREATE TRIGGER samples_refuse_update BEFORE UPDATE ON samples
BEGIN SELECT RAISE(ABORT, 'samples is append-only'); END;
CREATE TRIGGER samples_refuse_delete BEFORE DELETE ON samples
BEGIN SELECT RAISE(ABORT, 'samples is append-only'); END;
CREATE TRIGGER sample_items_refuse_update BEFORE UPDATE ON sample_items
BEGIN SELECT RAISE(ABORT, 'sample_items is append-only'); END;
CREATE TRIGGER sample_items_refuse_delete BEFORE DELETE ON sample_items
BEGIN SELECT RAISE(ABORT, 'sample_items is append-only'); END;
-- What was said stays, but for the words about what was erased.
CREATE TRIGGER sample_outcomes_refuse_update BEFORE UPDATE ON sample_outcomes
WHEN NEW.words <> '' OR NEW.id <> OLD.id OR NEW.sample <> OLD.sample OR NEW.place <> OLD.place
    OR NEW.outcome <> OLD.outcome OR NEW.noted_by <> OLD.noted_by OR NEW.noted_at <> OLD.noted_at
    OR NOT EXISTS (
        SELECT 1 FROM sample_items JOIN erased_records ON erased_records.record = sample_items.record
        WHERE sample_items.sample = OLD.sample AND sample_items.place = OLD.place
    )
BEGIN SELECT RAISE(ABORT, 'sample_outcomes is append-only'); END;
CREATE TRIGGER sample_outcomes_refuse_delete BEFORE DELETE ON sample_outcomes
BEGIN SELECT RAISE(ABORT, 'sample_outcomes is append-only'); END;

-- What ledgers count, as packs say it. A version never changes.
CREATE TABLE ledgers (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    definition TEXT NOT NULL,
    pack TEXT NOT NULL,
    installed_at INTEGER NOT NULL,
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER ledgers_refuse_update BEFORE UPDATE ON ledgers
BEGIN SELECT RAISE(ABORT, 'ledgers is append-only'); END;
CREATE TRIGGER ledgers_refuse_delete BEFORE DELETE ON ledgers
BEGIN SELECT RAISE(ABORT, 'ledgers is append-only'); END;

-- What admins and reviewers changed: each line has the hash of the one before in its own.
CREATE TABLE audit (
    position INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_by_subject ON audit (subject, position);
-- Where the chain ends; locked by whoever adds to it.
CREATE TABLE audit_head (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_refuse_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_refuse_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
