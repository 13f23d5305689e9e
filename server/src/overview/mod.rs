//! How far an area has come: visits by day, households that were visited and those that were not,
//! what waits. Areas are in the order of the tree, never of their numbers, and people are in none.

mod http;
mod queries;
mod rules;

pub use http::routes;
