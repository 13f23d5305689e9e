//! The limits of one exchange, in one place (`docs/protocol.md`, "Limits").

/// The protocol version spoken here.
pub const PROTOCOL: u16 = 1;
/// The oldest protocol version whose pulls are served; older ones may still push.
pub const OLDEST_PROTOCOL: u16 = 1;
/// Most operations in one request.
pub const MAX_OPS: usize = 1_000;
/// Most operations in one group.
pub const MAX_GROUP: usize = 200;
/// Most bytes of one operation, as CBOR; as JSON it may have twice as many.
pub const MAX_OP_BYTES: usize = 512 * 1024;
/// Most scopes in one request.
pub const MAX_SCOPES: usize = 2_000;
/// Most blobs one operation names.
pub const MAX_BLOBS: usize = 200;
/// Most hashes in one question which blobs are missing.
pub const MAX_MISSING: usize = 1_000;
/// The byte budget of an answer is at least this.
pub const MIN_BUDGET: u32 = 4 * 1024;
/// The byte budget of an answer is at most this, before compression.
pub const MAX_BUDGET: u32 = 2 * 1024 * 1024;
/// Most parts of scopes in one request whose digests are compared.
pub const MAX_PARTS: usize = 4_096;
