//! The server's half of an exchange, without storage.
//!
//! What a place in a chain means ([`chain`]), how changes are numbered ([`heads`]), and what goes
//! into an answer ([`feed`], [`repair`]). The server runs it over its database, and the
//! simulation over memory.

pub mod chain;
pub mod feed;
pub mod heads;
pub mod repair;

pub use chain::{Admission, Refusal, admit, compare, repeats};
pub use feed::{Asked, FeedSource, Item, Page, answer};
pub use heads::{Eviction, Head, Heads};
pub use repair::Prefix;
