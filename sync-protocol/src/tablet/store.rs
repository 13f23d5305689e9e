//! What a host keeps for the machine.

use std::collections::{BTreeMap, VecDeque};

use mobile_schema::Hash;
use serde::{Deserialize, Serialize};

use super::{BlobState, Holding, QueuedOp};
use crate::log::Attempt;
use crate::message::Inheritance;
use crate::record::Row;
use crate::{Cursor, DeviceId, Epoch, IncarnationId, RecordId, ScopeId, UserId};

/// Who the tablet is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The registered device.
    pub device: DeviceId,
    /// Whose profile it is.
    pub author: UserId,
    /// The life of the outbox.
    pub incarnation: IncarnationId,
    /// The chain it goes on from, after a fork.
    pub inherits: Option<Inheritance>,
    /// The number the chain begins at.
    #[serde(default = "crate::message::one")]
    pub begins: u64,
    /// The server's epoch, once known.
    pub epoch: Option<Epoch>,
    /// Operations below this number need not be retained.
    pub safe_before: u64,
}

/// Everything a host keeps for the machine, as it was last stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stored {
    /// The outbox by number.
    pub ops: BTreeMap<u64, QueuedOp>,
    /// The cursor of each scope.
    pub cursors: BTreeMap<ScopeId, Cursor>,
    /// The scope and version of each stored row.
    pub holdings: BTreeMap<RecordId, Holding>,
    /// The blobs that operations name.
    pub blobs: BTreeMap<Hash, BlobState>,
    /// What the last exchanges came to, oldest first.
    pub attempts: VecDeque<Attempt>,
}

/// How many lines of the sync log are kept.
pub const ATTEMPTS_KEPT: usize = 200;

impl Stored {
    /// Keeps a change. Rows themselves and the identity are the host's to keep, where it likes.
    pub fn apply(&mut self, change: &StoreChange) {
        match change {
            StoreChange::Identity(_) => {}
            StoreChange::Op { seq, queued } => {
                self.ops.insert(*seq, queued.clone());
            }
            StoreChange::DropOp { seq } => {
                self.ops.remove(seq);
            }
            StoreChange::Row { scope, row } => {
                let holding = Holding { scope: scope.clone(), version: row.version };
                self.holdings.insert(row.id, holding);
            }
            StoreChange::DropRow { id } => {
                self.holdings.remove(id);
            }
            StoreChange::Cursor { scope, cursor } => {
                self.cursors.insert(scope.clone(), *cursor);
            }
            StoreChange::DropScope { scope } => {
                self.cursors.remove(scope);
            }
            StoreChange::Blob { hash, state } => {
                self.blobs.insert(*hash, *state);
            }
            StoreChange::DropBlob { hash } => {
                self.blobs.remove(hash);
            }
            StoreChange::Attempt(attempt) => {
                if self.attempts.len() == ATTEMPTS_KEPT {
                    self.attempts.pop_front();
                }
                self.attempts.push_back(attempt.clone());
            }
        }
    }
}

/// What the machine wants kept. One [`Effect::Store`] is one transaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "put", rename_all = "snake_case")]
pub enum StoreChange {
    /// Who the tablet is.
    Identity(Identity),
    /// An operation of the outbox.
    Op {
        /// Its number.
        seq: u64,
        /// The operation and what became of it.
        queued: QueuedOp,
    },
    /// An operation need not be retained any longer.
    DropOp {
        /// Its number.
        seq: u64,
    },
    /// A row of a scope.
    Row {
        /// The scope.
        scope: ScopeId,
        /// The row.
        row: Row,
    },
    /// A row is not ours any longer.
    DropRow {
        /// The record.
        id: RecordId,
    },
    /// A scope's cursor.
    Cursor {
        /// The scope.
        scope: ScopeId,
        /// How far it was read.
        cursor: Cursor,
    },
    /// A scope is not ours any longer.
    DropScope {
        /// The scope.
        scope: ScopeId,
    },
    /// How far a blob is.
    Blob {
        /// The blob.
        hash: Hash,
        /// How far it is.
        state: BlobState,
    },
    /// A blob that a verified backup has, that no retained operation names, and that the server
    /// just confirmed once more: its copy here may go.
    DropBlob {
        /// The blob.
        hash: Hash,
    },
    /// A line of the sync log.
    Attempt(Attempt),
}
