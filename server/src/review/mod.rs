//! Visits are reviewed: passed, or sent back to the field with a word at the very question. The
//! most doubtful come first, with a share that is drawn by lot, so that the order stays honest;
//! what one person looks at, no other does.

mod http;
mod order;
mod passes;
mod policy;
mod queries;
mod queue;
mod rules;
mod undo;

pub use http::routes;
pub(crate) use passes::{Pass, of as passes_of};
pub(crate) use queries::{Claim, claim_on};
