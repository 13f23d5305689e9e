//! Records of every register: how they are stored, and how supervisors read them.

mod http;
mod queries;
mod store;

pub use http::routes;
pub use store::{FeedPage, FeedRow, Written, feed, heads, load_for_update, write};
