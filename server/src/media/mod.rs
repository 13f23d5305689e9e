//! Photos and documents on their way from tablets: which are missing, resumable uploads (tus),
//! verification by hash.

mod arrivals;
mod check;
mod deposit;
mod garbage;
mod http;
mod queries;
mod receive;
mod rules;
mod serve;
mod tus;

pub use arrivals::Arrivals;
pub use check::{Checked, check};
pub(crate) use deposit::{count_lacking, deposit, deposit_photo, hand_in};
pub use garbage::collect_garbage;
pub(crate) use garbage::remove_forgotten;
pub use http::routes;
pub use queries::strike;
pub(crate) use queries::{forget_all as forget_uploads, may_name, note_blob};
pub use receive::sweep;
pub use rules::{Announced, Checksum, announced};
pub(crate) use serve::respond;
