DROP INDEX records_by_due;
