//! Tables taken in as records of a register: what a county has before its first visit.
//!
//! A table is read as a whole and looked at line by line; while a line is wrong, nothing is taken
//! in. What is there already stays as it is, and a line always becomes the same record: taken in
//! twice, or again after it broke off, nothing is doubled.

mod http;
mod kin;
mod place;
mod read;

pub use http::routes;
