//! Survey forms: what is wrong with them, what they ask, and their running.

pub mod problem;

pub use problem::{Place, Problem, Severity};
