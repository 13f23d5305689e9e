DROP TABLE media_accesses;
DROP TABLE photo_bands;
DROP TABLE photos;
DROP TABLE jobs;
