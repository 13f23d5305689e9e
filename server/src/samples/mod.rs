//! Samples: records drawn at random, so many of each group, to be asked back by telephone. Whoever
//! has the seed draws the same again.

mod draw;
mod http;
mod queries;

pub use http::routes;
pub(crate) use queries::{forget_words, said_about};
