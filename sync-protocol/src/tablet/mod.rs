//! The tablet's half of the protocol as a state machine: events in, effects out.
//!
//! It knows no clock, no network and no store. Whoever hosts it passes the time in, carries the
//! effects out in order, and commits each [`Effect::Store`] durably before going on: what the
//! machine then sends can be sent again from the store after any crash.
//!
//! What a person sees is the stored row with the pending operations laid over it
//! ([`Tablet::view`]); the overlay is never written into the stored rows.

mod blobs;
mod outbox;
mod overlay;
mod retry;
mod scopes;

use std::collections::BTreeMap;

use mobile_schema::{Catalogue, Hash};
use serde::{Deserialize, Serialize};

pub use blobs::BlobState;
pub use outbox::{Draft, QueuedOp};
pub use retry::RetryPolicy;
pub use scopes::Holding;

use crate::clock::ClockReading;
use crate::limits::{MAX_BUDGET, MIN_BUDGET, PROTOCOL};
use crate::message::{Accepted, Inheritance, Order, SyncRequest, SyncResponse};
use crate::outcome::Outcome;
use crate::record::Row;
use crate::{DeviceId, Epoch, Hlc, IncarnationId, RecordId, RequestId, ScopeId, UserId};
use blobs::Blobs;
use outbox::Outbox;
use retry::{Random, Retry};
use scopes::Scopes;

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
    pub cursors: BTreeMap<ScopeId, u64>,
    /// The scope and version of each stored row.
    pub holdings: BTreeMap<RecordId, Holding>,
    /// The blobs that operations name.
    pub blobs: BTreeMap<Hash, BlobState>,
}

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
        /// The last number seen.
        cursor: u64,
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
    /// A blob that no retained operation names.
    DropBlob {
        /// The blob.
        hash: Hash,
    },
}

/// What happens to the tablet.
#[derive(Debug)]
pub enum Event {
    /// A person did something: operations that belong together.
    Edit(Vec<Draft>),
    /// There is a network.
    NetworkUp,
    /// There is none.
    NetworkDown,
    /// Time to look for news, or an alarm went off.
    Tick,
    /// The server answered.
    Response {
        /// The answer.
        response: Box<SyncResponse>,
        /// Bytes received, for sizing the next answer.
        bytes: u64,
        /// How long that took, milliseconds.
        elapsed: u64,
    },
    /// A request came to nothing.
    RequestFailed {
        /// The request.
        request: RequestId,
        /// When the server said to try again, milliseconds from now.
        retry_after: Option<u64>,
    },
    /// The server said which blobs it lacks.
    BlobsMissing {
        /// The blobs that were asked about.
        asked: Vec<Hash>,
        /// Those to upload.
        missing: Vec<Hash>,
    },
    /// The server has verified a blob.
    BlobVerified(Hash),
    /// A question about blobs, or an upload, came to nothing.
    BlobFailed,
}

/// What the host must do, in order.
#[derive(Debug)]
pub enum Effect {
    /// Commit these changes in one durable transaction.
    Store(Vec<StoreChange>),
    /// Send a request.
    Send(Box<SyncRequest>),
    /// Ask which of these blobs the server lacks.
    AskMissing(Vec<Hash>),
    /// Upload a blob, or go on with it.
    Upload(Hash),
    /// Wake the machine with [`Event::Tick`] in so many milliseconds.
    Alarm(u64),
    /// Erase everything; the outbox is handed over.
    Wipe,
    /// The server no longer serves this version of the app.
    UpgradeNeeded,
}

/// The tablet.
#[derive(Debug)]
pub struct Tablet {
    identity: Identity,
    outbox: Outbox,
    scopes: Scopes,
    blobs: Blobs,
    clock: Hlc,
    node: u32,
    online: bool,
    flight: Option<Flight>,
    pull_due: bool,
    asking: bool,
    uploading: Option<Hash>,
    retry: Retry,
    random: Random,
    budget: u32,
}

#[derive(Debug)]
struct Flight {
    request: RequestId,
    first_seq: u64,
    count: usize,
}

const FIRST_BUDGET: u32 = 64 * 1024;
/// An answer should take about this long, milliseconds.
const ANSWER_TIME: u64 = 8_000;

impl Tablet {
    /// Opens a tablet on what its host has stored. `entropy` must differ at every start.
    pub fn open(identity: Identity, stored: Stored, policy: RetryPolicy, entropy: u64) -> Self {
        let mut random = Random::new(entropy);
        let outbox = Outbox::new(stored.ops);
        Self {
            clock: outbox.last_reading(),
            node: random.next() as u32,
            blobs: Blobs::new(stored.blobs, &outbox),
            scopes: Scopes::new(stored.cursors, stored.holdings),
            outbox,
            identity,
            online: false,
            flight: None,
            pull_due: true,
            asking: false,
            uploading: None,
            retry: Retry::new(policy),
            random,
            budget: FIRST_BUDGET,
        }
    }

    /// A new incarnation for a tablet that is enrolled now.
    pub fn new_incarnation(entropy: u64) -> IncarnationId {
        IncarnationId(Random::new(entropy).uuid())
    }

    /// Takes in what happened and says what to do about it.
    pub fn handle(&mut self, clock: &ClockReading, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Edit(drafts) => self.edit(clock, drafts, &mut effects),
            Event::NetworkUp => {
                self.online = true;
                self.pull_due = true;
                self.retry.reset();
            }
            Event::NetworkDown => {
                self.online = false;
                self.flight = None;
                self.asking = false;
                self.uploading = None;
            }
            Event::Tick => {
                self.pull_due = true;
                self.retry.wake();
            }
            Event::Response { response, bytes, elapsed } => {
                let current = self.flight.as_ref().map(|flight| flight.request);
                if current == Some(response.request()) {
                    self.budget = budget_for(bytes, elapsed, self.budget);
                    self.retry.reset();
                    self.answer(*response, &mut effects);
                }
            }
            Event::RequestFailed { request, retry_after } => {
                if self.flight.as_ref().is_some_and(|flight| flight.request == request) {
                    self.flight = None;
                    self.back_off(retry_after, &mut effects);
                }
            }
            Event::BlobsMissing { asked, missing } => {
                self.asking = false;
                store(&mut effects, self.blobs.learn(&asked, &missing));
            }
            Event::BlobVerified(hash) => {
                self.uploading = None;
                self.retry.reset();
                store(&mut effects, self.blobs.verified(hash));
            }
            Event::BlobFailed => {
                self.asking = false;
                self.uploading = None;
                self.blobs.ask_again();
                self.back_off(None, &mut effects);
            }
        }
        self.pump(clock, &mut effects);
        effects
    }

    /// The record as a person sees it: the stored row with what is pending laid over it.
    pub fn view(&self, catalogue: &Catalogue, id: RecordId, stored: Option<&Row>) -> Option<Row> {
        let pending = self
            .outbox
            .pending()
            .filter(|(_, queued)| queued.op.record == id && !self.is_seen(queued));
        overlay::lay(catalogue, stored.cloned(), pending.map(|(_, queued)| &queued.op))
    }

    /// The version an edit of this record is based on: the one in the store.
    pub fn version_of(&self, id: RecordId) -> Option<crate::Version> {
        self.scopes.holding(id).map(|holding| holding.version)
    }

    /// The scope a stored record is in.
    pub fn scope_of(&self, id: RecordId) -> Option<&ScopeId> {
        self.scopes.holding(id).map(|holding| &holding.scope)
    }

    /// The scopes this tablet has, with the digest of what it holds of each.
    pub fn digests(&self) -> BTreeMap<ScopeId, crate::Digest> {
        self.scopes.digests()
    }

    /// Who the tablet is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The operations of the outbox with what became of them, by number.
    pub fn outbox(&self) -> impl Iterator<Item = (u64, &QueuedOp)> {
        self.outbox.all()
    }

    /// How many operations the server has not answered for.
    pub fn unsent(&self) -> usize {
        self.outbox.unanswered().count()
    }

    /// The blobs the server has not verified.
    pub fn unverified_blobs(&self) -> Vec<Hash> {
        self.blobs.unverified()
    }

    /// Whether everything is handed over and everything there is was fetched.
    pub fn is_quiet(&self) -> bool {
        self.unsent() == 0
            && self.flight.is_none()
            && !self.pull_due
            && self.blobs.unverified().is_empty()
    }

    fn is_seen(&self, queued: &QueuedOp) -> bool {
        match queued.outcome.as_ref().map(Outcome::version) {
            None => false,
            Some(None) => true,
            Some(Some(version)) => match self.scopes.holding(queued.op.record) {
                Some(held) => held.version.epoch != version.epoch || held.version.n >= version.n,
                // Not in any feed yet, or gone: it shows until its scope is up to date.
                None => !self.pull_due && self.flight.is_none(),
            },
        }
    }

    fn edit(&mut self, clock: &ClockReading, drafts: Vec<Draft>, effects: &mut Vec<Effect>) {
        let group = (drafts.len() > 1).then(|| self.random.uuid().into());
        let size = drafts.len() as u16;
        let mut changes = Vec::new();
        for draft in drafts {
            self.clock = self.clock.next(clock.wall, self.node);
            let group = group.map(|id| crate::op::Group { id, size });
            let op = draft.into_op(self.identity.author, self.clock, group);
            changes.extend(self.blobs.reference(&op));
            changes.push(self.outbox.push(op));
        }
        store(effects, changes);
    }

    fn answer(&mut self, response: SyncResponse, effects: &mut Vec<Effect>) {
        let Some(flight) = self.flight.take() else { return };
        match response {
            SyncResponse::Ok(accepted) => self.accept(&flight, accepted, effects),
            SyncResponse::Fork { seq, .. } => {
                let parent = std::mem::replace(
                    &mut self.identity.incarnation,
                    IncarnationId(self.random.uuid()),
                );
                self.identity.inherits = Some(Inheritance { incarnation: parent, before: seq });
                let mut changes = vec![StoreChange::Identity(self.identity.clone())];
                changes.extend(self.outbox.forget_outcomes_from(seq));
                store(effects, changes);
            }
            SyncResponse::Gap { next, .. } => {
                let mut changes = self.outbox.forget_outcomes_from(next);
                if self.outbox.first().is_some_and(|first| first > next) {
                    // What is missing was safe in a backup and is not retained: start a chain
                    // with what there is.
                    self.identity.incarnation = IncarnationId(self.random.uuid());
                    self.identity.inherits = None;
                    changes.push(StoreChange::Identity(self.identity.clone()));
                }
                store(effects, changes);
            }
            SyncResponse::Reset { epoch, next, .. } => {
                self.identity.epoch = Some(epoch);
                let mut changes = vec![StoreChange::Identity(self.identity.clone())];
                changes.extend(self.outbox.forget_outcomes_from(next));
                changes.extend(self.scopes.start_over());
                store(effects, changes);
            }
            SyncResponse::Upgrade { outcomes, .. } => {
                store(effects, self.outbox.answer(flight.first_seq, flight.count, outcomes));
                self.pull_due = false;
                effects.push(Effect::UpgradeNeeded);
            }
        }
    }

    fn accept(&mut self, flight: &Flight, accepted: Accepted, effects: &mut Vec<Effect>) {
        let mut changes = self.outbox.answer(flight.first_seq, flight.count, accepted.outcomes);
        let (news, more) = self.scopes.take_in(accepted.scopes, accepted.feeds);
        changes.extend(news);
        self.pull_due = more;
        self.identity.epoch = Some(accepted.epoch);
        self.identity.safe_before = accepted.safe_before;
        let droppable: Vec<_> = self
            .outbox
            .all()
            .take_while(|(seq, _)| *seq < accepted.safe_before)
            // The last one stays, so that the chain's next number is known after a restart.
            .filter(|(seq, _)| seq + 1 < self.outbox.next_seq())
            .filter(|(_, queued)| queued.outcome.is_some() && self.is_seen(queued))
            .map(|(seq, _)| seq)
            .collect();
        changes.extend(droppable.into_iter().map(|seq| self.outbox.drop(seq)));
        changes.push(StoreChange::Identity(self.identity.clone()));
        store(effects, changes);
        let handed_over = self.outbox.unanswered().next().is_none();
        if accepted.order == Some(Order::Wipe) && handed_over {
            effects.push(Effect::Wipe);
        }
    }

    /// Sends what is due: operations and news first, then photos.
    fn pump(&mut self, clock: &ClockReading, effects: &mut Vec<Effect>) {
        if !self.online || self.retry.is_waiting() || self.flight.is_some() {
            return;
        }
        let ops = self.outbox.batch(self.budget as usize);
        if self.pull_due || !ops.is_empty() {
            let request = RequestId(self.random.uuid());
            let first_seq = ops.first().map_or_else(|| self.outbox.next_seq(), |(seq, _)| *seq);
            self.flight = Some(Flight { request, first_seq, count: ops.len() });
            return effects.push(Effect::Send(Box::new(SyncRequest {
                protocol: PROTOCOL,
                request,
                device: self.identity.device,
                incarnation: self.identity.incarnation,
                inherits: self.identity.inherits,
                epoch: self.identity.epoch,
                first_seq,
                ops: ops.into_iter().map(|(_, op)| op.clone()).collect(),
                cursors: self.scopes.cursors(),
                budget: self.budget,
                clock: clock.clone(),
            })));
        }
        if self.asking || self.uploading.is_some() {
            return;
        }
        if let Some(hash) = self.blobs.next_upload() {
            self.uploading = Some(hash);
            effects.push(Effect::Upload(hash));
        } else if let Some(hashes) = self.blobs.next_question() {
            self.asking = true;
            effects.push(Effect::AskMissing(hashes));
        }
    }

    fn back_off(&mut self, retry_after: Option<u64>, effects: &mut Vec<Effect>) {
        let pause = self.retry.back_off(retry_after, &mut self.random);
        effects.push(Effect::Alarm(pause));
    }
}

fn store(effects: &mut Vec<Effect>, changes: Vec<StoreChange>) {
    if !changes.is_empty() {
        effects.push(Effect::Store(changes));
    }
}

/// About as many bytes as came through in [`ANSWER_TIME`] at the last answer's pace.
fn budget_for(bytes: u64, elapsed: u64, before: u32) -> u32 {
    const TOO_SHORT_TO_TELL: u64 = 4 * 1024;
    if bytes < TOO_SHORT_TO_TELL {
        return before;
    }
    let budget = bytes.saturating_mul(ANSWER_TIME) / elapsed.max(1);
    u32::try_from(budget).unwrap_or(MAX_BUDGET).clamp(MIN_BUDGET, MAX_BUDGET)
}

#[cfg(test)]
mod tests;
