//! The two messages of an exchange.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    ClockReading, DeviceId, Digest, Epoch, IncarnationId, Op, Outcome, RecordId, RequestId, Row,
    ScopeId, Version,
};

/// What a tablet sends: what it did, and what it has seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncRequest {
    /// The protocol version it speaks.
    pub protocol: u16,
    /// Its name for this request.
    pub request: RequestId,
    /// The tablet.
    pub device: DeviceId,
    /// The life of its outbox.
    pub incarnation: IncarnationId,
    /// The chain this incarnation goes on from, if it forked off another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inherits: Option<Inheritance>,
    /// The epoch its cursors belong to; none before the first answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// The number of the first operation, from 1 at the incarnation's start.
    pub first_seq: u64,
    /// Operations, in the order they were made.
    #[serde(default)]
    pub ops: Vec<Op>,
    /// The last sequence number seen of each scope; 0 is none.
    #[serde(default)]
    pub cursors: BTreeMap<ScopeId, u64>,
    /// How many bytes of rows to answer with at most, before compression.
    pub budget: u32,
    /// What its clocks say.
    pub clock: ClockReading,
}

/// The start of a chain that a new incarnation shares with the one it forked off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inheritance {
    /// The other incarnation.
    pub incarnation: IncarnationId,
    /// The first number that is not shared.
    pub before: u64,
}

/// What the server answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum SyncResponse<R = Row> {
    /// The operations are stored, and here is news.
    Ok(Accepted<R>),
    /// The chain goes on differently here: this tablet is a clone. It takes a new incarnation
    /// that inherits the chain before `seq`, and pushes again from there.
    Fork {
        /// The request this answers.
        request: RequestId,
        /// The first number at which the chains differ.
        seq: u64,
    },
    /// The server has less of the chain than the tablet thought.
    Gap {
        /// The request this answers.
        request: RequestId,
        /// The number to push from.
        next: u64,
    },
    /// The server was restored from a backup, or the epoch is another's: cursors start over,
    /// and retained operations are pushed again.
    Reset {
        /// The request this answers.
        request: RequestId,
        /// The server's epoch.
        epoch: Epoch,
        /// The number of the chain the server expects next.
        next: u64,
    },
    /// This protocol version is no longer served; what was pushed is stored.
    Upgrade {
        /// The request this answers.
        request: RequestId,
        /// The oldest version that is served.
        oldest: u16,
        /// All operations below this number are stored.
        ack: u64,
        /// What became of each pushed operation.
        outcomes: Vec<Outcome>,
    },
}

/// The answer to an exchange that went through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accepted<R = Row> {
    /// The request this answers.
    pub request: RequestId,
    /// The server's epoch.
    pub epoch: Epoch,
    /// All operations below this number are stored.
    pub ack: u64,
    /// What became of each pushed operation, in order.
    pub outcomes: Vec<Outcome>,
    /// News by scope.
    pub feeds: BTreeMap<ScopeId, Feed<R>>,
    /// The scopes the tablet has now. One that is missing is revoked.
    pub scopes: Vec<ScopeId>,
    /// Operations below this number are in a verified backup and need not be retained.
    pub safe_before: u64,
    /// The server's wall clock, milliseconds since 1970 UTC.
    pub now: i64,
    /// What the tablet must do besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
}

/// What a tablet is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Erase everything, once the outbox is handed over.
    Wipe,
}

/// News of one scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feed<R = Row> {
    /// Records that are new or changed, by sequence number.
    pub rows: Vec<R>,
    /// Records that left the scope or are gone; each applies only while the tablet still has the
    /// record in this scope, at this version or an earlier one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<Gone>,
    /// The cursor after this news.
    pub cursor: u64,
    /// Whether there is more to fetch at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// The digest of the whole scope at this cursor; absent while there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// A record that a scope no longer has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gone {
    /// The record.
    pub id: RecordId,
    /// The version at which it went.
    pub version: Version,
}

impl<R> SyncResponse<R> {
    /// The request this answers.
    pub fn request(&self) -> RequestId {
        match self {
            Self::Ok(accepted) => accepted.request,
            Self::Fork { request, .. }
            | Self::Gap { request, .. }
            | Self::Reset { request, .. }
            | Self::Upgrade { request, .. } => *request,
        }
    }
}
