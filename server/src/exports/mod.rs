//! Data that leaves the server as tables: the answers of a form, the records of a register.
//!
//! A [`Source`](table::Source) gives lines a page at a time. A [`Sink`](table::Sink) makes them CSV,
//! or a workbook, which flow while they are made: memory grows by the ids of what is to come, and
//! nothing more is read once nobody takes them.

mod answers;
mod book;
mod csv;
mod files;
mod http;
mod pages;
mod parts;
mod register;
mod table;

pub use http::routes;
