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
    /// The server has it, and its hash was right. Only now may the tablet's copy go.
    Verified,
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
    pub(super) fn learn(&mut self, asked: &[Hash], missing: &[Hash]) -> Vec<StoreChange> {
        self.missing.extend(missing);
        let there = asked.iter().filter(|hash| !missing.contains(hash));
        there.flat_map(|hash| self.verify(*hash)).collect()
    }

    pub(super) fn verified(&mut self, hash: Hash) -> Vec<StoreChange> {
        self.verify(hash).into_iter().collect()
    }

    fn verify(&mut self, hash: Hash) -> Option<StoreChange> {
        self.missing.remove(&hash);
        let state = self.states.get_mut(&hash)?;
        *state = BlobState::Verified;
        Some(StoreChange::Blob { hash, state: BlobState::Verified })
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
