//! The two messages of an exchange.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cursor::Cursor;
use crate::exchange::Prefix;
use crate::{
    ClockReading, DeviceId, Digest, Epoch, IncarnationId, Op, Outcome, RecordId, RequestId, Row,
    ScopeId, Version,
};

/// What a tablet sends: what it did, and what it has seen.
///
/// A server reads operations one by one (`O` is raw JSON there), so that one it can't read does
/// not keep the others from being stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncRequest<O = Op> {
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
    /// The number this incarnation's chain begins at: 1, unless what came before it is nowhere but
    /// in a backup that the server does not have.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub begins: u64,
    /// The number of the first operation, or of the next one if there is none.
    pub first_seq: u64,
    /// Operations, in the order they were made.
    #[serde(default = "Vec::new")]
    pub ops: Vec<O>,
    /// How far it has read each scope.
    #[serde(default)]
    pub cursors: BTreeMap<ScopeId, Cursor>,
    /// The digests of what it holds, for scopes it wants checked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<ScopeId, Digest>,
    /// The digests of parts of scopes that differed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub repair: BTreeMap<ScopeId, BTreeMap<Prefix, Digest>>,
    /// How many bytes of rows to answer with at most, before compression.
    pub budget: u32,
    /// What its clocks say.
    pub clock: ClockReading,
    /// What it has not handed over, so that people can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsent: Option<Unsent>,
}

/// What a tablet has not handed over when it asks; the operations of the request are among it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsent {
    /// Operations that were not answered for.
    pub ops: u64,
    /// Files that were not verified.
    pub files: u64,
}

impl<O> SyncRequest<O> {
    /// The same request with its operations in another form.
    pub fn with_ops<P>(self, ops: Vec<P>) -> SyncRequest<P> {
        let Self { protocol, request, device, incarnation, inherits, epoch, begins, .. } = self;
        let Self { first_seq, cursors, digests, repair, budget, clock, unsent, .. } = self;
        SyncRequest {
            protocol,
            request,
            device,
            incarnation,
            inherits,
            epoch,
            begins,
            first_seq,
            ops,
            cursors,
            digests,
            repair,
            budget,
            clock,
            unsent,
        }
    }

    /// A request that pushes these operations from `first_seq` on and asks for no news.
    pub fn pushing(
        device: DeviceId,
        incarnation: IncarnationId,
        first_seq: u64,
        ops: Vec<O>,
        clock: ClockReading,
    ) -> Self {
        Self {
            protocol: crate::limits::PROTOCOL,
            request: RequestId(uuid::Uuid::nil()),
            device,
            incarnation,
            inherits: None,
            epoch: None,
            begins: 1,
            first_seq,
            ops,
            cursors: BTreeMap::new(),
            digests: BTreeMap::new(),
            repair: BTreeMap::new(),
            budget: 0,
            clock,
            unsent: None,
        }
    }
}

pub(crate) fn one() -> u64 {
    1
}

fn is_one(number: &u64) -> bool {
    *number == 1
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
    /// and all operations that are retained are pushed again.
    Reset {
        /// The request this answers.
        request: RequestId,
        /// The server's epoch.
        epoch: Epoch,
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
    /// Whether the tablet must forget what it has of the scope first: its cursor was behind what
    /// the server still remembers of departures.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reset: bool,
    /// Records that are new or changed, by sequence number.
    pub rows: Vec<R>,
    /// Records that left the scope or are gone; each applies only while the tablet still has the
    /// record in this scope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<Gone>,
    /// The cursor after this news.
    pub cursor: Cursor,
    /// Whether there is more to fetch at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// The digest of the whole scope at this cursor; absent while there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// For each part that was asked about and differs: how it is here.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Repair<R>>,
}

/// How a part of a scope is on the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repair<R = Row> {
    /// The part.
    pub prefix: Prefix,
    /// All its records, to replace what the tablet has of it; absent when they are many, and the
    /// tablet should send the digests of its sixteen parts.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<R>>,
}

fn none<T>() -> Option<T> {
    None
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

    /// How many records it brings.
    pub fn rows(&self) -> u64 {
        match self {
            Self::Ok(accepted) => accepted.feeds.values().map(|feed| feed.rows.len() as u64).sum(),
            _ => 0,
        }
    }
}

#[cfg(test)]
pub(crate) mod examples;

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::op::Change;

    /// What goes over the wire is as it was, and is read back as it was written.
    fn same<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(name: &str, message: T) {
        let json = serde_json::to_string_pretty(&message).expect("it is written");
        let read: T = serde_json::from_str(&json).expect("it is read");
        assert_eq!(read, message);
        insta::assert_snapshot!(name, json);
    }

    #[test]
    fn every_operation_is_written_as_documented() {
        same("operations", examples::operations());
    }

    /// The canonical bytes behind an operation's key never change.
    #[test]
    fn an_operations_key_is_what_it_always_was() {
        insta::assert_snapshot!(examples::op(Change::Delete).key());
    }

    #[test]
    fn a_request_is_written_as_documented() {
        same("request", examples::request());
        same("telling_request", examples::telling_request());
    }

    #[test]
    fn every_answer_is_written_as_documented() {
        same("answers", examples::answers());
    }

    #[test]
    fn what_is_not_in_the_protocol_is_refused() {
        let mut json = serde_json::to_value(examples::op(Change::Delete)).expect("it is written");
        json["surprise"] = true.into();
        assert!(serde_json::from_value::<Op>(json).is_err());
        let json = r#"{"kind":"patch","fields":{"address":"x"}}"#;
        assert!(serde_json::from_str::<Change>(json).is_err());
    }
}
