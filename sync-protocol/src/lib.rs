//! How a tablet and the server agree.
//!
//! A tablet pushes [operations](op::Op) along a chain that belongs to one incarnation of one
//! device, and pulls the state of the records in its scopes by a per-scope sequence number.
//! The server's half ([`exchange`]) merges per field group ([`merge`]); a value that loses becomes
//! a conflict record. The tablet's half is a state machine ([`tablet::Tablet`]) that turns events
//! into effects.
//!
//! One exchange is one request and one answer:
//!
//! ```text
//! tablet                                server
//!   │  SyncRequest: ops, cursors          │
//!   ├────────────────────────────────────►│ locks the chain, merges, stores, commits
//!   │                                     │ reads the scopes in one snapshot
//!   │◄────────────────────────────────────┤
//!   │  SyncResponse: outcomes, feeds      │
//! ```
//!
//! Nothing here knows a network, a clock, a database or a file system: time and randomness are
//! passed in. `docs/protocol.md` is the specification.

pub mod clock;
pub mod cursor;
pub mod digest;
pub mod dossier;
pub mod encoding;
pub mod entity;
pub mod exchange;
pub mod finding;
pub mod id;
pub mod limits;
pub mod log;
pub mod merge;
pub mod message;
pub mod mutant;
pub mod op;
pub mod outcome;
pub mod record;
pub mod rights;
pub mod tablet;
pub mod version;

pub use clock::{ClockReading, Hlc};
pub use cursor::Cursor;
pub use digest::Digest;
pub use id::{DeviceId, GroupId, IncarnationId, RecordId, RequestId, ScopeId, UserId};
pub use message::{SyncRequest, SyncResponse};
pub use op::{Change, Op};
pub use outcome::{Outcome, ParkReason, RejectReason};
pub use record::{Record, Row};
pub use version::{Epoch, Lineage, Version};
