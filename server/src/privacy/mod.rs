//! What people may see, how long it is kept, and what happens when a household asks.
//!
//! Values of sensitive fields are masked in every answer, unless somebody whose role allows it says
//! why they need them; that is kept. Records expire by periods that an admin sets; all that is held
//! on a household can be given out, and erased.

mod access;
mod command;
mod erase;
mod holding;
mod http;
pub(crate) mod mask;
mod retention;
mod small;

pub(crate) use access::{Access, ReasonQuery, What, note, reveal};
pub use command::{PrivacyCommand, rotate_keys, run};
pub(crate) use erase::forget;
pub(crate) use holding::named_aside;
pub use http::routes;
pub use retention::{Expired, dry_run, run as expire};
pub(crate) use small::SmallCounts;
