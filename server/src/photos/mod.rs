//! Photos as evidence: what a file says and shows, copies to look at, what is doubtful about it.
//!
//! Each upload is followed by a job that looks at it (`look`). What its bytes alone tell is
//! `inspect`'s, without database or clock; what is doubtful about a photo of a visit is `doubts`',
//! which are findings like those of other checks: shown with their evidence, explained by people,
//! deciding nothing.

mod doubts;
mod evidence;
mod facts;
mod fingerprint;
mod inspect;
mod look;
mod near;
mod picture;
mod place;
mod quality;
mod similar;
mod store;
mod strip;
mod view;

pub(crate) use evidence::{of_visit, photos_of};
pub use facts::Facts;
pub use fingerprint::{Fingerprint, Looks};
pub(crate) use inspect::as_it_is;
pub use inspect::{INSPECTOR, Inspected, Picture, Thumbnail, inspect};
pub(crate) use look::look_at;
pub use picture::Unreadable;
pub(crate) use picture::media_type;
pub use quality::Quality;
pub(crate) use similar::prepare;
pub use similar::{Similar, index};
pub(crate) use store::{forget, seen, why_not};
pub use strip::without_facts;
pub(crate) use view::{PhotoView, views};
