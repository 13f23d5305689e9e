//! Photos and documents on their way from tablets: which are missing, resumable uploads (tus),
//! verification by hash.

mod arrivals;
mod http;
mod queries;
mod receive;
mod rules;
mod tus;

pub use arrivals::Arrivals;
pub use http::routes;
pub use receive::sweep;
pub use rules::{Announced, Checksum, announced};
