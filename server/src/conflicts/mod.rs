//! Conflicts for those who work in a browser: what was before, the two values, who and when; and
//! settling them. A conflict is a record like any other; settling it is an operation.

mod http;
mod queries;
mod rules;
mod settle;

pub use http::routes;
