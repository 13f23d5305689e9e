-- Since when nothing has spoken against the server's clock, however often servers started since:
-- nothing is erased by itself in the first day.
ALTER TABLE clock ADD COLUMN believed_since INTEGER;
