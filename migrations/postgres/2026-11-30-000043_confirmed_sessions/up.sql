-- When somebody last proved in a session who they are; its start is one, too.
ALTER TABLE sessions ADD COLUMN confirmed_at TIMESTAMPTZ;
