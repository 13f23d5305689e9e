//! The stories are in `stories/`: one file a subject, each told on both databases and both media
//! stores. They share one test program, so that PostgreSQL and the S3 service start once.
