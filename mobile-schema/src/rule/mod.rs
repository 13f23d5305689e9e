//! Checks on values that give the same verdict on the tablet and on the server.

pub mod citizen_id;
