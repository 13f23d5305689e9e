-- Who is looking at a visit just now, so that two people don't.
CREATE TABLE review_claims (
    visit UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    until TIMESTAMPTZ NOT NULL
);
CREATE INDEX review_claims_by_user ON review_claims (user_id, until);

-- Who has passed a visit that needs a second person.
CREATE TABLE review_passes (
    visit UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (visit, user_id)
);

-- What makes a visit urgent and what needs two people: of an area and all below, the newest counts.
CREATE TABLE review_policies (
    id UUID NOT NULL PRIMARY KEY,
    area_code TEXT NOT NULL REFERENCES areas (code),
    policy JSONB NOT NULL,
    reason TEXT NOT NULL,
    decided_by UUID NOT NULL REFERENCES users (id),
    decided_at TIMESTAMPTZ NOT NULL
);

-- One-time codes of sign-ins (RFC 6238): the sealed secret, and the last time step that was used.
CREATE TABLE second_factors (
    user_id UUID NOT NULL PRIMARY KEY REFERENCES users (id),
    secret BYTEA NOT NULL,
    confirmed_at TIMESTAMPTZ,
    last_step BIGINT NOT NULL
);

-- Visits by where they stand, the newest first, whatever village they are of.
CREATE INDEX records_by_status ON records (collection, status, id);
CREATE INDEX records_by_age ON records (collection, id);

CREATE TRIGGER review_policies_are_append_only BEFORE UPDATE OR DELETE ON review_policies
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Random samples that are asked back, drawn so that anybody can draw them again.
CREATE TABLE samples (
    id UUID NOT NULL PRIMARY KEY,
    area_code TEXT NOT NULL REFERENCES areas (code),
    collection TEXT NOT NULL,
    group_field BIGINT,
    per_group BIGINT NOT NULL,
    seed TEXT NOT NULL,
    population BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    reason TEXT NOT NULL,
    drawn_by UUID NOT NULL REFERENCES users (id),
    drawn_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE sample_items (
    sample UUID NOT NULL REFERENCES samples (id),
    place BIGINT NOT NULL,
    record UUID NOT NULL,
    scope TEXT NOT NULL,
    stratum TEXT NOT NULL,
    PRIMARY KEY (sample, place)
);
-- What calls came to; a later one of the same household stands beside the earlier ones.
CREATE TABLE sample_outcomes (
    id UUID NOT NULL PRIMARY KEY,
    sample UUID NOT NULL REFERENCES samples (id),
    place BIGINT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('confirmed', 'differs', 'not_reached', 'declined')),
    words TEXT NOT NULL,
    noted_by UUID NOT NULL REFERENCES users (id),
    noted_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX sample_items_by_record ON sample_items (record);
CREATE INDEX sample_outcomes_by_sample ON sample_outcomes (sample, place);
CREATE TRIGGER samples_are_append_only BEFORE UPDATE OR DELETE ON samples
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER sample_items_are_append_only BEFORE UPDATE OR DELETE ON sample_items
FOR EACH ROW EXECUTE FUNCTION refuse_change();
-- What was said stays, but for the words about what was erased.
CREATE FUNCTION refuse_outcome_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.words = '' AND NEW.id = OLD.id AND NEW.sample = OLD.sample
        AND NEW.place = OLD.place AND NEW.outcome = OLD.outcome
        AND NEW.noted_by = OLD.noted_by AND NEW.noted_at = OLD.noted_at
        AND EXISTS (
            SELECT 1 FROM sample_items
            JOIN erased_records ON erased_records.record = sample_items.record
            WHERE sample_items.sample = OLD.sample AND sample_items.place = OLD.place
        )
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'sample_outcomes is append-only';
END
$$;
CREATE TRIGGER sample_outcomes_are_append_only BEFORE UPDATE OR DELETE ON sample_outcomes
FOR EACH ROW EXECUTE FUNCTION refuse_outcome_change();

-- What ledgers count, as packs say it. A version never changes.
CREATE TABLE ledgers (
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    definition JSONB NOT NULL,
    pack TEXT NOT NULL,
    installed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (name, version)
);
CREATE TRIGGER ledgers_are_append_only BEFORE UPDATE OR DELETE ON ledgers
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What admins and reviewers changed: each line has the hash of the one before in its own.
CREATE TABLE audit (
    position BIGINT NOT NULL PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash BYTEA NOT NULL
);
CREATE INDEX audit_by_subject ON audit (subject, position);
-- Where the chain ends; locked by whoever adds to it.
CREATE TABLE audit_head (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    position BIGINT NOT NULL,
    hash BYTEA NOT NULL
);
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION refuse_change();
