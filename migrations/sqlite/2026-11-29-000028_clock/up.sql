-- The newest time that the server's clock showed and that nothing spoke against: a clock that has
-- leapt ahead since is not believed where something would be erased for good.
CREATE TABLE clock (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    newest INTEGER NOT NULL
) STRICT;
