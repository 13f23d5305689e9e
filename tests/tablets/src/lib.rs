//! Headless tablets: the real state machine of `sync-protocol` with a durable store, an HTTP
//! client and a bad link, for trying a server out and for measuring one.

pub mod client;
pub mod day;
pub mod journal;
pub mod link;
pub mod photo;
pub mod sample;
pub mod tablet;

pub use client::{Client, ClientError, Wire, form_parts};
pub use tablet::HeadlessTablet;
