DROP TABLE device_revocations;
DROP TABLE log_heads;
DROP TABLE log_nodes;
DROP TABLE log_entries;
DROP TABLE notice_keys;
