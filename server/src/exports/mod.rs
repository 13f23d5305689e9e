//! Data that leaves the server as tables: the answers of a form, the records of a register.
//!
//! A [`Source`](table::Source) gives lines a page at a time, so that memory does not grow with what
//! is exported; a [`Sink`](table::Sink) makes them CSV or a workbook. CSV flows while it is made,
//! and nothing more is read once nobody takes it.

mod answers;
mod book;
mod csv;
mod http;
mod register;
mod table;

pub use http::routes;
