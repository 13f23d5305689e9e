//! Visits are reviewed: passed, or sent back to the field with a word at the very question.

mod http;
mod rules;

pub use http::routes;
