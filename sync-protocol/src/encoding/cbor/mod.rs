//! Messages as deterministic CBOR (RFC 8949, section 4.2.1) with integer keys.
//!
//! An operation on the wire is exactly its canonical bytes, so its key is the hash of what came.
//! `docs/protocol.md`, "CBOR", is the specification, and `vectors/` has examples that any other
//! implementation can check itself against.

mod read;
mod write;

pub use read::{Unreadable, read_op, read_outcome, read_request, read_response};
pub use write::{write_outcome, write_request, write_response};

/// The media type.
pub const MEDIA_TYPE: &str = "application/cbor";
/// How deep arrays and maps may stand in each other.
const MAX_DEPTH: usize = 32;

/// The keys of a request.
mod request_key {
    pub(super) const PROTOCOL: u64 = 0;
    pub(super) const REQUEST: u64 = 1;
    pub(super) const DEVICE: u64 = 2;
    pub(super) const INCARNATION: u64 = 3;
    pub(super) const INHERITS: u64 = 4;
    pub(super) const EPOCH: u64 = 5;
    pub(super) const BEGINS: u64 = 6;
    pub(super) const FIRST_SEQ: u64 = 7;
    pub(super) const OPS: u64 = 8;
    pub(super) const CURSORS: u64 = 9;
    pub(super) const DIGESTS: u64 = 10;
    pub(super) const REPAIR: u64 = 11;
    pub(super) const BUDGET: u64 = 12;
    pub(super) const CLOCK: u64 = 13;
    pub(super) const UNSENT: u64 = 14;
}

/// The keys of an answer.
mod answer_key {
    pub(super) const RESULT: u64 = 0;
    pub(super) const REQUEST: u64 = 1;
    pub(super) const EPOCH: u64 = 2;
    pub(super) const ACK: u64 = 3;
    pub(super) const OUTCOMES: u64 = 4;
    pub(super) const FEEDS: u64 = 5;
    pub(super) const SCOPES: u64 = 6;
    pub(super) const SAFE_BEFORE: u64 = 7;
    pub(super) const NOW: u64 = 8;
    pub(super) const ORDER: u64 = 9;
    pub(super) const SEQ: u64 = 10;
    pub(super) const NEXT: u64 = 11;
    pub(super) const OLDEST: u64 = 12;
}

/// What an answer says.
mod result {
    pub(super) const OK: u64 = 0;
    pub(super) const FORK: u64 = 1;
    pub(super) const GAP: u64 = 2;
    pub(super) const RESET: u64 = 3;
    pub(super) const UPGRADE: u64 = 4;
}

/// The keys of a feed.
mod feed_key {
    pub(super) const ROWS: u64 = 0;
    pub(super) const GONE: u64 = 1;
    pub(super) const CURSOR: u64 = 2;
    pub(super) const MORE: u64 = 3;
    pub(super) const DIGEST: u64 = 4;
    pub(super) const RESET: u64 = 5;
    pub(super) const REPAIRS: u64 = 6;
}

const PARK_REASONS: [crate::ParkReason; 6] = {
    use crate::ParkReason::{Deleted, Locked, Role, Schema, Scope, Unknown};
    [Scope, Deleted, Locked, Schema, Unknown, Role]
};

const REJECT_REASONS: [crate::RejectReason; 7] = {
    use crate::RejectReason::{Author, Group, Immutable, Kind, Malformed, TooLarge, Value};
    [Value, Kind, Immutable, Group, TooLarge, Malformed, Author]
};

#[cfg(test)]
mod tests;
