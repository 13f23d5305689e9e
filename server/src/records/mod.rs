//! Records of every register: how they are stored, and how supervisors read them.

mod feed;
mod http;
mod naming;
mod queries;
mod store;
mod strays;
mod visits;

pub use feed::{FeedRow, Snapshot};
pub use http::routes;
pub(crate) use naming::naming;
pub(crate) use queries::{RecordView, behind, ids_of_register, open_rules, titles, view_of, views};
pub use store::{erase, load, load_for_update, load_some, was, write};
pub(crate) use strays::{Stray, Why, strays};
pub(crate) use visits::{MadeWith, household, visit};
