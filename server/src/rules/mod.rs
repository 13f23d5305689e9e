//! Rules that people write here: tried on the households there are, and published as the next
//! version of their set.

mod http;
mod trial;

pub use http::routes;
