//! Photos and documents: named by an operation, uploaded, verified.

use std::collections::{BTreeMap, BTreeSet};

use mobile_schema::Hash;
use serde::{Deserialize, Serialize};

use super::StoreChange;
use super::outbox::Outbox;
use crate::limits::MAX_MISSING;
use crate::op::Op;

/// How far a blob is. Whether its operation has reached the server is read off the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlobState {
    /// An operation names it; the server has not verified it.
    Referenced,
    /// The server has it, and its hash was right. The tablet's copy may go once operation
    /// `next`, which was not made yet then, is in a verified backup: so is this, then.
    Verified {
        /// The number of the operation that was made next.
        next: u64,
    },
}

#[derive(Debug)]
pub(super) struct Blobs {
    states: BTreeMap<Hash, BlobState>,
    missing: BTreeSet<Hash>,
    asked: bool,
}

impl Blobs {
    pub(super) fn new(mut states: BTreeMap<Hash, BlobState>, outbox: &Outbox) -> Self {
        for (_, queued) in outbox.all() {
            for hash in &queued.op.blobs {
                states.entry(*hash).or_insert(BlobState::Referenced);
            }
        }
        Self { states, missing: BTreeSet::new(), asked: false }
    }

    pub(super) fn reference(&mut self, op: &Op) -> Vec<StoreChange> {
        let mut changes = Vec::new();
        for hash in &op.blobs {
            if !self.states.contains_key(hash) {
                self.states.insert(*hash, BlobState::Referenced);
                changes.push(StoreChange::Blob { hash: *hash, state: BlobState::Referenced });
                self.asked = false;
            }
        }
        changes
    }

    /// The server said which of `asked` it lacks; it has the rest.
    pub(super) fn learn(
        &mut self,
        asked: &[Hash],
        missing: &[Hash],
        next: u64,
    ) -> Vec<StoreChange> {
        self.missing.extend(missing);
        let there = asked.iter().filter(|hash| !missing.contains(hash));
        there.flat_map(|hash| self.verified(*hash, next)).collect()
    }

    /// The server has it; `next` is the number of the operation that will be made next.
    pub(super) fn verified(&mut self, hash: Hash, next: u64) -> Vec<StoreChange> {
        self.missing.remove(&hash);
        let Some(state) = self.states.get_mut(&hash) else { return Vec::new() };
        *state = BlobState::Verified { next };
        vec![StoreChange::Blob { hash, state: *state }]
    }

    /// The server is another one now: what it had may be gone.
    pub(super) fn doubt_all(&mut self) -> Vec<StoreChange> {
        self.missing.clear();
        self.asked = false;
        let doubted = self.states.iter_mut().map(|(hash, state)| {
            *state = BlobState::Referenced;
            StoreChange::Blob { hash: *hash, state: *state }
        });
        doubted.collect()
    }

    /// Lets go of blobs that are in a verified backup and that no retained operation names.
    pub(super) fn let_go(&mut self, safe_before: u64, outbox: &Outbox) -> Vec<StoreChange> {
        let is_safe = |state: &BlobState| match state {
            BlobState::Verified { next } => *next < safe_before,
            BlobState::Referenced => false,
        };
        if !self.states.values().any(is_safe) {
            return Vec::new();
        }
        let named: BTreeSet<Hash> =
            outbox.all().flat_map(|(_, queued)| queued.op.blobs.iter().copied()).collect();
        let mut changes = Vec::new();
        self.states.retain(|hash, state| {
            let goes = is_safe(state) && !named.contains(hash);
            if goes {
                changes.push(StoreChange::DropBlob { hash: *hash });
            }
            !goes
        });
        changes
    }

    pub(super) fn next_upload(&self) -> Option<Hash> {
        self.missing.first().copied()
    }

    /// The blobs to ask the server about, once until something changes.
    pub(super) fn next_question(&mut self) -> Option<Vec<Hash>> {
        if std::mem::replace(&mut self.asked, true) {
            return None;
        }
        let hashes: Vec<_> = self.unverified().into_iter().take(MAX_MISSING).collect();
        // More than fit into one question: ask again after these.
        self.asked = hashes.len() < MAX_MISSING;
        (!hashes.is_empty()).then_some(hashes)
    }

    pub(super) fn ask_again(&mut self) {
        self.asked = false;
    }

    pub(super) fn unverified(&self) -> Vec<Hash> {
        let open = self.states.iter().filter(|(_, state)| **state == BlobState::Referenced);
        open.map(|(hash, _)| *hash).collect()
    }
}
