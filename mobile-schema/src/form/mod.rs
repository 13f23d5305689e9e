//! Survey forms: what is wrong with them, what they ask, and their running.
//!
//! An XForm is read into a [`Form`] ([`load()`]), which never changes. Its answers depend on each
//! other as its graph says. A [`Session`] is one filling in of it: answers are set, what depends
//! on them follows, and at the end stands a submission.

mod answers;
mod bundle;
pub mod definition;
pub mod diff;
mod file;
mod graph;
mod inspect;
mod judge;
mod lists;
mod load;
mod multipart;
pub mod problem;
mod session;
mod state;
mod stored;
mod summary;
pub mod table;
pub mod texts;
mod translations;
mod upgrade;
mod validate;
mod writes;

pub use answers::Untaken;
pub use bundle::{BundleFile, FormBundle, media_type, read_lists};
pub use definition::Form;
pub use diff::{Change, Version, diff};
pub use file::{Opened, open};
pub use inspect::inspect_files;
pub use judge::Doubt;
pub use lists::read_list;
pub use load::load;
pub use multipart::{Attachment, multipart};
pub use problem::{Place, Problem, Severity};
pub use session::{Choice, Entity, Files, Session, World};
pub use summary::Summary;
pub use translations::Translation;
pub use upgrade::{SetAside, Upgrade, upgrade};
pub use validate::{Invalid, Reason};
pub(crate) use writes::is_entity_name;
