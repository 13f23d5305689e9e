DROP TABLE turns;
DROP TABLE write_probe;
