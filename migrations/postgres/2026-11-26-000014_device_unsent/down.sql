DROP TABLE device_unsent;
