//! Rosters: lists that departments send, of who is insured, who has died, who owns a car. A list is
//! compared with the members on record by citizen ID number; what differs becomes findings, which
//! cadres look at where the people live and mend or explain, and their words are the reply.
//!
//! The list itself is not kept. Who is on it and is nobody here is counted, and forgotten.

mod compare;
mod http;
mod list;
mod queries;
mod read;
mod settle;

pub use http::routes;
