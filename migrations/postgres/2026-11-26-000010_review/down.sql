DROP INDEX records_by_age;
DROP INDEX records_by_status;
DROP TABLE second_factors;
DROP TABLE review_policies;
DROP TABLE review_passes;
DROP TABLE review_claims;
