//! Visits as reviewers find and read them; what they decide about them is `review`'s.

mod filter;
mod http;
mod queries;

pub use http::routes;
pub(crate) use queries::{ids_in, makers};
