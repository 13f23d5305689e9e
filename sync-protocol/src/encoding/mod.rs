//! Bytes: how messages are written as CBOR, and the canonical ones that are hashed.
//!
//! JSON is what serde makes of the messages, and needs nothing here.

pub mod canonical;
pub mod cbor;
pub mod dictionary;
