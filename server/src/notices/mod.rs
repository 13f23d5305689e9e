//! Signed notifications (告知书): countersigned, kept in a log that shows every change, and proved
//! by receipts that need nobody to ask.
//!
//! A notification that arrives is looked at by the checks that follow a push. If it is as it was
//! signed, by a tablet that counts, with every photo there, the server countersigns it and appends
//! it to a Merkle log (RFC 6962). `receipt` and `tree` verify without a database.

mod again;
mod audit;
mod command;
mod countersign;
mod http;
mod leaf;
mod list;
mod page;
mod pdf;
mod prints;
mod receipt;
mod sheet;
mod store;
mod templates;
pub mod tree;
mod view;

pub(crate) use command::run;
pub use command::{NoticeCommand, sample, verify};
pub(crate) use countersign::countersign;
pub use http::routes;
pub use leaf::Leaf;
pub(crate) use prints::print_part;
pub use prints::sweep;
pub use receipt::{Head, PublishedKeys, Receipt, Verdict, Verified};
pub(crate) use store::{position, seal_seeds, waiting};
