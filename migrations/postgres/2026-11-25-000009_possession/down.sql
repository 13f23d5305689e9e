DROP TABLE blob_claims;
DROP TABLE blob_holders;
