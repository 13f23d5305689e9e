-- Tasks by the day they are due; those that are due on no day come last.
CREATE INDEX records_by_due ON records (status, coalesce(due_on, '9999-12-31'), id)
    WHERE collection = 'task';
