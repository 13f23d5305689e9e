//! Ledgers (台账): what registers come to, village by village, by the definitions of packs; on the
//! screen, as a workbook and as CSV.

mod http;
mod sheet;
mod tally;
mod words;

pub use http::routes;
