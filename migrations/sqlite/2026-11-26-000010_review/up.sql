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

CREATE TRIGGER review_policies_are_not_changed BEFORE UPDATE ON review_policies
BEGIN SELECT RAISE(ABORT, 'review_policies is append-only'); END;
CREATE TRIGGER review_policies_are_not_deleted BEFORE DELETE ON review_policies
BEGIN SELECT RAISE(ABORT, 'review_policies is append-only'); END;
