//! Whether households were told: what each notification is about, from "to be told" to "has a copy".
//!
//! A template says which register's records it tells of. Nothing is marked by hand: a record was
//! told of when a notification that was made from it stands in the log. Until then, a record with
//! a due day is a task on the tablets of its village.

mod http;
mod queries;
mod task;

pub use http::routes;
pub(crate) use task::Task;
