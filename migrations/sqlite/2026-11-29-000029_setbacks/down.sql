DROP TABLE setbacks;
