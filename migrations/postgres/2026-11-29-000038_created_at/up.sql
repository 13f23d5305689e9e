-- When the first operation of a record was received, by the server's clock: an id says nothing of
-- it, for who makes an id may make it of anything.
ALTER TABLE records ADD COLUMN created_at TIMESTAMPTZ;
UPDATE records SET created_at = coalesce(
    (
        SELECT min(ops.received_at) FROM history
        JOIN ops ON ops.incarnation = history.incarnation AND ops.seq = history.seq
        WHERE history.record = records.id
    ),
    updated_at
);
ALTER TABLE records ALTER COLUMN created_at SET NOT NULL;

-- Visits are listed, put in order and counted by when they were received.
DROP INDEX records_by_status;
CREATE INDEX records_by_status ON records (collection, status, created_at, id);
CREATE INDEX visits_by_age ON records (collection, created_at, id) WHERE collection = 'visit';
CREATE INDEX visits_by_village ON records (collection, scope, created_at, id)
    WHERE collection = 'visit';
