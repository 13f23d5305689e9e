//! Records of every register: how they are stored, and how supervisors read them.

mod feed;
mod http;
mod queries;
mod store;
mod visits;

pub use feed::{FeedRow, Snapshot};
pub use http::routes;
pub(crate) use queries::{RecordView, ids_of_register, open_rules, titles, view_of, views};
pub use store::{erase, load, load_for_update, load_some, was, write};
pub(crate) use visits::{MadeWith, visit};
