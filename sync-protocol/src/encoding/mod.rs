//! Bytes: the canonical ones that are hashed, never sent.

pub mod canonical;
