//! Photos and documents: named by an operation, uploaded, confirmed, let go.

use std::collections::{BTreeMap, BTreeSet};

use mobile_schema::Hash;
use serde::{Deserialize, Serialize};

use super::StoreChange;
use super::outbox::Outbox;
use crate::limits::MAX_MISSING;
use crate::mutant::{self, Mutant};
use crate::op::Op;

/// How far a blob is. Whether its operation has reached the server is read off the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlobState {
    /// An operation names it; the server has not confirmed it.
    Referenced,
    /// The server said, asked by its hash, that it has it. The tablet's copy may go once operation
    /// `next`, which was not made yet then, is in a verified backup (so is this, then), and the
    /// server says so once more.
    Verified {
        /// The number of the operation that was made next.
        next: u64,
    },
}

#[derive(Debug)]
pub(super) struct Blobs {
    states: BTreeMap<Hash, BlobState>,
    /// Those the server lacks, and that are to be uploaded.
    missing: BTreeSet<Hash>,
    /// Those it is not known of.
    unasked: BTreeSet<Hash>,
    /// Those that were asked about, until there is an answer.
    asked: Vec<Hash>,
    /// Those whose upload ended well: only an answer to a question tells whether they are there.
    sent: BTreeSet<Hash>,
    /// How often an upload came to nothing, since the start; in the order of the hashes. A map of
    /// its own would be some KB of WebAssembly.
    failures: Vec<(Hash, u32)>,
    /// Those that may go, once the server says that it still has them.
    leaving: BTreeSet<Hash>,
}

/// What an answer to a question came to.
#[derive(Debug, Default)]
pub(super) struct Learned {
    pub(super) changes: Vec<StoreChange>,
    /// Something is confirmed that was not.
    pub(super) confirms: bool,
    /// Something was uploaded well and is not there.
    pub(super) denies: bool,
}

impl Blobs {
    pub(super) fn new(mut states: BTreeMap<Hash, BlobState>, outbox: &Outbox) -> Self {
        for (_, queued) in outbox.all() {
            for hash in &queued.op.blobs {
                states.entry(*hash).or_insert(BlobState::Referenced);
            }
        }
        // At each start it is asked about all of them: what an app of before took for there, or the
        // server has lost since, is sent again as long as it is here.
        let unasked = states.keys().copied().collect();
        Self {
            states,
            missing: BTreeSet::new(),
            unasked,
            asked: Vec::new(),
            sent: BTreeSet::new(),
            failures: Vec::new(),
            leaving: BTreeSet::new(),
        }
    }

    pub(super) fn reference(&mut self, op: &Op) -> Vec<StoreChange> {
        let mut changes = Vec::new();
        for hash in &op.blobs {
            if !self.states.contains_key(hash) {
                changes.push(self.set(*hash, BlobState::Referenced));
                self.unasked.insert(*hash);
            }
        }
        changes
    }

    /// The server said which of `asked` it lacks; it has the rest. `next` is the number of the
    /// operation that will be made next.
    pub(super) fn learn(
        &mut self,
        asked: &[Hash],
        missing: &[Hash],
        next: u64,
        outbox: &Outbox,
    ) -> Learned {
        let mut learned = Learned::default();
        let missing: BTreeSet<Hash> = missing.iter().copied().collect();
        let named = self.named(outbox);
        self.asked.clear();
        for hash in asked {
            self.unasked.remove(hash);
            let (sent, leaving) = (self.sent.remove(hash), self.leaving.remove(hash));
            let Some(state) = self.states.get(hash).copied() else { continue };
            if missing.contains(hash) {
                if sent {
                    learned.denies = true;
                    self.count_failure(*hash);
                }
                if state != BlobState::Referenced {
                    learned.changes.push(self.set(*hash, BlobState::Referenced));
                }
                self.missing.insert(*hash);
            } else if leaving && !named.contains(hash) {
                learned.changes.push(self.drop(*hash));
            } else if state == BlobState::Referenced {
                learned.confirms = true;
                learned.changes.push(self.confirmed(*hash, next));
            }
        }
        learned
    }

    /// An upload ended well. Whether the server has the bytes is asked: what carries uploads may
    /// believe that all is there when it is not.
    pub(super) fn sent(&mut self, hash: Hash, next: u64) -> Vec<StoreChange> {
        self.missing.remove(&hash);
        if !self.states.contains_key(&hash) {
            return Vec::new();
        }
        if mutant::is_on(Mutant::UploadBelieved) {
            return vec![self.confirmed(hash, next)];
        }
        self.sent.insert(hash);
        self.unasked.insert(hash);
        Vec::new()
    }

    /// An upload came to nothing: others go first, and what the server has of it is asked anew.
    pub(super) fn failed(&mut self, hash: Hash) {
        self.count_failure(hash);
        self.unasked.insert(hash);
    }

    /// The server is another one now: what it had may be gone.
    pub(super) fn doubt_all(&mut self) -> Vec<StoreChange> {
        self.missing.clear();
        self.sent.clear();
        self.leaving.clear();
        let doubted = self.states.iter_mut().map(|(hash, state)| {
            *state = BlobState::Referenced;
            StoreChange::Blob { hash: *hash, state: *state }
        });
        let changes = doubted.collect();
        self.ask_again();
        changes
    }

    /// Finds the blobs that are in a verified backup and that no retained operation names. They go
    /// when the server has said once more that it has them: it may have lost one meanwhile.
    pub(super) fn let_go(&mut self, safe_before: u64, outbox: &Outbox) {
        let is_safe = |state: &BlobState| match state {
            BlobState::Verified { next } => *next < safe_before,
            BlobState::Referenced => false,
        };
        if !self.states.values().any(is_safe) {
            return;
        }
        let named = self.named(outbox);
        let safe = self.states.iter().filter(|(_, state)| is_safe(state)).map(|(hash, _)| *hash);
        self.leaving = safe.filter(|hash| !named.contains(hash)).collect();
    }

    fn named(&self, outbox: &Outbox) -> BTreeSet<Hash> {
        outbox.all().flat_map(|(_, queued)| queued.op.blobs.iter().copied()).collect()
    }

    fn set(&mut self, hash: Hash, state: BlobState) -> StoreChange {
        self.states.insert(hash, state);
        StoreChange::Blob { hash, state }
    }

    fn confirmed(&mut self, hash: Hash, next: u64) -> StoreChange {
        self.missing.remove(&hash);
        self.failures.retain(|(failed, _)| *failed != hash);
        self.set(hash, BlobState::Verified { next })
    }

    fn drop(&mut self, hash: Hash) -> StoreChange {
        self.states.remove(&hash);
        self.failures.retain(|(failed, _)| *failed != hash);
        StoreChange::DropBlob { hash }
    }

    /// Where the failures of a hash stand, or would stand.
    fn place_of_failures(&self, hash: &Hash) -> Result<usize, usize> {
        self.failures.binary_search_by_key(hash, |(failed, _)| *failed)
    }

    fn count_failure(&mut self, hash: Hash) {
        match self.place_of_failures(&hash) {
            Ok(at) => self.failures[at].1 += 1,
            Err(at) => self.failures.insert(at, (hash, 1)),
        }
    }

    /// The next blob to upload: one that never failed before one that did.
    pub(super) fn next_upload(&self) -> Option<Hash> {
        let failures =
            |hash: &Hash| self.place_of_failures(hash).map_or(0, |at| self.failures[at].1);
        self.missing.iter().copied().min_by_key(|hash| (failures(hash), *hash))
    }

    /// The blobs to ask the server about, once until something changes.
    pub(super) fn next_question(&mut self) -> Option<Vec<Hash>> {
        let hashes: Vec<_> = self.unasked.iter().copied().take(MAX_MISSING).collect();
        for hash in &hashes {
            self.unasked.remove(hash);
        }
        self.asked.clone_from(&hashes);
        (!hashes.is_empty()).then_some(hashes)
    }

    /// The blobs to ask about before they go.
    pub(super) fn last_question(&self) -> Option<Vec<Hash>> {
        let hashes: Vec<_> = self.leaving.iter().copied().take(MAX_MISSING).collect();
        (!hashes.is_empty()).then_some(hashes)
    }

    pub(super) fn ask_again(&mut self) {
        let mut again = self.unverified();
        again.append(&mut self.asked);
        self.unasked.extend(again);
    }

    /// Whether the server has confirmed all there is, and nothing is to be asked.
    pub(super) fn is_quiet(&self) -> bool {
        self.leaving.is_empty() && self.unasked.is_empty() && self.unverified().is_empty()
    }

    pub(super) fn unverified(&self) -> Vec<Hash> {
        let open = self.states.iter().filter(|(_, state)| **state == BlobState::Referenced);
        open.map(|(hash, _)| *hash).collect()
    }
}
