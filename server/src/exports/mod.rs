//! Data that leaves the server as tables: the answers of a form, the records of a register.
//!
//! A [`Source`](table::Source) gives lines a page at a time. A [`Sink`](table::Sink) makes them CSV,
//! which flows while it is made: memory does not grow with it, and nothing more is read once nobody
//! takes it. A workbook is made as a whole.

mod answers;
mod book;
mod csv;
mod files;
mod http;
mod register;
mod table;

pub use http::routes;
