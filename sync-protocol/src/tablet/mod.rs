//! The tablet's half of the protocol as a state machine: events in, effects out.
//!
//! It knows no clock, no network and no store. Whoever hosts it passes the time in, carries the
//! effects out in order, and commits each [`Effect::Store`] durably before going on: what the
//! machine then sends can be sent again from the store after any crash.
//!
//! What a person sees is the stored row with the pending operations laid over it
//! ([`Tablet::view`]); the overlay is never written into the stored rows.

mod blobs;
mod event;
mod outbox;
mod overlay;
mod retry;
mod scopes;
mod store;

use std::collections::BTreeMap;

use mobile_schema::{Catalogue, Hash};

pub use blobs::BlobState;
pub use event::{Effect, Event};
pub use outbox::{Draft, Misfit, QueuedOp};
pub use retry::RetryPolicy;
pub use scopes::Holding;
pub use store::{ATTEMPTS_KEPT, Identity, StoreChange, Stored};

use crate::clock::ClockReading;
use crate::limits::{MAX_BUDGET, MAX_GROUP, MIN_BUDGET, PROTOCOL};
use crate::log::{Attempt, AttemptResult, Traffic};
use crate::message::{Accepted, Inheritance, Order, SyncRequest, SyncResponse, Unsent};
use crate::mutant::{self, Mutant};
use crate::op::Op;
use crate::outcome::Outcome;
use crate::record::Row;
use crate::{DeviceId, Hlc, IncarnationId, RecordId, RequestId, ScopeId};
use blobs::Blobs;
use outbox::Outbox;
use retry::{Random, Retry};
use scopes::Scopes;

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
    /// Exchanges until what is held is compared with the server again.
    audit_in: u32,
    asking: bool,
    uploading: Option<Hash>,
    retry: Retry,
    /// Photos wait for themselves: one that can't be sent holds up no operation.
    blob_retry: Retry,
    random: Random,
    budget: u32,
}

#[derive(Debug)]
struct Flight {
    request: RequestId,
    first_seq: u64,
    count: usize,
    /// When it was sent, by the tablet's clock.
    at: i64,
    /// Whether the digests of what is held went with it.
    audits: bool,
}

/// What is held is compared with the server at each start, and after so many exchanges.
const AUDIT_EVERY: u32 = 32;
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
            audit_in: 0,
            asking: false,
            uploading: None,
            retry: Retry::new(policy),
            blob_retry: Retry::new(policy),
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
            Event::Edit(drafts) => self.edit(clock, by_record(drafts), &mut effects),
            Event::EditAtOnce(drafts) => self.edit(clock, vec![drafts], &mut effects),
            Event::Enrolled(device) => store(&mut effects, self.enrol_again(device)),
            Event::NetworkUp => {
                self.online = true;
                self.pull_due = true;
                self.retry.reset();
                self.blob_retry.reset();
            }
            Event::NetworkDown => {
                self.online = false;
                self.flight = None;
                self.asking = false;
                self.uploading = None;
                // The question may have no answer any more.
                if !mutant::is_on(Mutant::QuestionForgotten) {
                    self.blobs.ask_again();
                }
            }
            Event::Tick => {
                self.pull_due = true;
                self.retry.wake();
                self.blob_retry.wake();
            }
            Event::Response { response, traffic } => {
                if let Some(flight) = self.land(response.request()) {
                    self.budget = budget_for(traffic.received, traffic.elapsed, self.budget);
                    self.retry.reset();
                    let line = attempt(&flight, traffic, &response);
                    let mut after = Vec::new();
                    let mut changes = self.answer(&flight, *response, &mut after);
                    changes.push(line);
                    if mutant::is_on(Mutant::CursorFirst) {
                        let is_cursor =
                            |change: &StoreChange| matches!(change, StoreChange::Cursor { .. });
                        let (first, rest) = changes.into_iter().partition(is_cursor);
                        store(&mut effects, first);
                        changes = rest;
                    }
                    store(&mut effects, changes);
                    effects.extend(after);
                }
            }
            Event::RequestFailed { request, retry_after, problem, traffic } => {
                if let Some(flight) = self.land(request) {
                    let result = match problem {
                        Some(problem) => AttemptResult::Refused { problem },
                        None => AttemptResult::NoAnswer,
                    };
                    let (at, ops) = (flight.at, flight.count as u64);
                    let line = Attempt { at, traffic, ops, rows: 0, skew: None, result };
                    store(&mut effects, vec![StoreChange::Attempt(line)]);
                    self.back_off(retry_after, &mut effects);
                }
            }
            Event::BlobsMissing { asked, missing } => {
                self.asking = false;
                let next = self.outbox.next_seq();
                let learned = self.blobs.learn(&asked, &missing, next, &self.outbox);
                store(&mut effects, learned.changes);
                if learned.confirms {
                    self.blob_retry.reset();
                }
                if learned.denies {
                    self.back_off_blobs(None, &mut effects);
                }
            }
            Event::BlobSent(hash) => {
                self.uploading = None;
                store(&mut effects, self.blobs.sent(hash, self.outbox.next_seq()));
            }
            Event::BlobFailed { retry_after } => {
                match self.uploading.take() {
                    Some(hash) => self.blobs.failed(hash),
                    None => self.blobs.ask_again(),
                }
                self.asking = false;
                self.back_off_blobs(retry_after, &mut effects);
            }
        }
        self.pump(clock, &mut effects);
        effects
    }

    /// The record as a person sees it: the stored row with what is pending laid over it.
    pub fn view(&self, catalogue: &Catalogue, id: RecordId, stored: Option<&Row>) -> Option<Row> {
        overlay::lay(catalogue, stored.cloned(), self.pending(id))
    }

    /// The operations about a record that no stored row shows yet.
    fn pending(&self, id: RecordId) -> impl Iterator<Item = &Op> {
        let pending = self.outbox.pending().map(|(_, queued)| queued);
        pending
            .filter(move |queued| queued.op.record == id && !self.is_seen(queued))
            .map(|queued| &queued.op)
    }

    /// The version an edit of this record is based on: the one in the store.
    pub fn version_of(&self, id: RecordId) -> Option<crate::Version> {
        self.scopes.holding(id).map(|holding| holding.version)
    }

    /// The scope a record is in: where it is stored, or is to be created.
    pub fn scope_of(&self, id: RecordId) -> Option<&ScopeId> {
        let stored = self.scopes.holding(id).map(|holding| &holding.scope);
        stored.or_else(|| self.pending(id).next().map(|op| &op.scope))
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

    /// The blobs the server has not confirmed.
    pub fn unverified_blobs(&self) -> Vec<Hash> {
        self.blobs.unverified()
    }

    /// Whether everything is handed over and everything there is was fetched.
    pub fn is_quiet(&self) -> bool {
        let is_handing_over = self.flight.is_some() || self.asking || self.uploading.is_some();
        self.unsent() == 0 && !is_handing_over && !self.pull_due && self.blobs.is_quiet()
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

    fn edit(&mut self, clock: &ClockReading, units: Vec<Vec<Draft>>, effects: &mut Vec<Effect>) {
        let mut changes = Vec::new();
        for drafts in units {
            let group = (drafts.len() > 1).then(|| self.random.uuid().into());
            let size = drafts.len() as u16;
            for draft in drafts {
                self.clock = self.clock.next(clock.wall, self.node);
                let group = group.map(|id| crate::op::Group { id, size });
                let op = draft.into_op(self.identity.author, self.clock, group);
                changes.extend(self.blobs.reference(&op));
                changes.push(self.outbox.push(op));
            }
        }
        store(effects, changes);
    }

    /// The request under way, if this is its name; it is under way no longer.
    fn land(&mut self, request: RequestId) -> Option<Flight> {
        let current =
            |flight: &mut Flight| flight.request == request || mutant::is_on(Mutant::StaleAnswer);
        self.flight.take_if(current)
    }

    /// Takes in an answer; gives what is to be stored for it, in one transaction.
    fn answer(
        &mut self,
        flight: &Flight,
        response: SyncResponse,
        effects: &mut Vec<Effect>,
    ) -> Vec<StoreChange> {
        match response {
            SyncResponse::Ok(accepted) => self.accept(flight, accepted, effects),
            SyncResponse::Fork { seq, .. } => self.fork(seq),
            SyncResponse::Gap { next, .. } => self.fill_gap(next),
            SyncResponse::Reset { epoch, .. } => {
                self.identity.epoch = Some(epoch);
                let mut changes = vec![StoreChange::Identity(self.identity.clone())];
                if !mutant::is_on(Mutant::ResetRepushesNothing) {
                    changes.extend(self.outbox.forget_outcomes_from(0));
                }
                if !mutant::is_on(Mutant::ResetKeepsCursors) {
                    changes.extend(self.scopes.start_over());
                }
                // Asked at each start and before they go, photos would be doubted all the same: only
                // later.
                changes.extend(self.blobs.doubt_all());
                changes
            }
            SyncResponse::Upgrade { outcomes, .. } => {
                self.pull_due = false;
                effects.push(Effect::UpgradeNeeded);
                self.outbox.answer(flight.first_seq, flight.count, outcomes)
            }
        }
    }

    /// This store is a copy: takes a new name, and pushes again what is not shared.
    fn fork(&mut self, seq: u64) -> Vec<StoreChange> {
        if mutant::is_on(Mutant::ForkIgnored) {
            return self.outbox.forget_outcomes_from(seq);
        }
        let parent =
            std::mem::replace(&mut self.identity.incarnation, IncarnationId(self.random.uuid()));
        self.identity.inherits = Some(Inheritance { incarnation: parent, before: seq });
        let mut changes = vec![StoreChange::Identity(self.identity.clone())];
        changes.extend(self.outbox.forget_outcomes_from(seq));
        changes
    }

    /// The server has the chain only up to `next`. What it has of it may be a clone's, so all is
    /// pushed again; it knows what it has.
    fn fill_gap(&mut self, next: u64) -> Vec<StoreChange> {
        if mutant::is_on(Mutant::GapIgnored) {
            return Vec::new();
        }
        // It went back, unnoticed: what is held may be what it has no longer, and so may photos.
        self.audit_in = 0;
        let mut changes = self.outbox.forget_outcomes_from(0);
        changes.extend(self.blobs.doubt_all());
        let first = self.outbox.first().unwrap_or(self.outbox.next_seq());
        if first > next {
            // What is missing was safe in a backup and is not retained: start a chain with what
            // there is.
            self.identity.incarnation = IncarnationId(self.random.uuid());
            self.identity.inherits = None;
            self.identity.begins = first;
            changes.push(StoreChange::Identity(self.identity.clone()));
        }
        changes
    }

    /// The chain was another device's: a new one begins, with all that is retained. The server
    /// knows what it has.
    fn enrol_again(&mut self, device: DeviceId) -> Vec<StoreChange> {
        if device == self.identity.device {
            return Vec::new();
        }
        self.flight = None;
        self.identity.device = device;
        self.identity.incarnation = IncarnationId(self.random.uuid());
        self.identity.inherits = None;
        self.identity.begins = self.outbox.first().unwrap_or(self.outbox.next_seq());
        let mut changes = vec![StoreChange::Identity(self.identity.clone())];
        changes.extend(self.outbox.forget_outcomes_from(0));
        changes
    }

    fn accept(
        &mut self,
        flight: &Flight,
        accepted: Accepted,
        effects: &mut Vec<Effect>,
    ) -> Vec<StoreChange> {
        let mut changes = self.outbox.answer(flight.first_seq, flight.count, accepted.outcomes);
        if mutant::is_on(Mutant::RevokedOutboxGoes) {
            changes.extend(self.outbox.drop_outside(&accepted.scopes));
        }
        let (news, progress) = self.scopes.take_in(accepted.scopes, accepted.feeds);
        changes.extend(news);
        self.pull_due = progress.more;
        self.audit_in = match (progress.mended, flight.audits) {
            (true, _) => 0,
            (false, true) => AUDIT_EVERY,
            (false, false) => self.audit_in.saturating_sub(1),
        };
        self.identity.epoch = Some(accepted.epoch);
        self.identity.safe_before = accepted.safe_before;
        changes.extend(self.let_go(accepted.safe_before));
        changes.push(StoreChange::Identity(self.identity.clone()));
        let handed_over = self.outbox.unanswered().next().is_none();
        if accepted.order == Some(Order::Wipe) && handed_over {
            effects.push(Effect::Wipe);
        }
        changes
    }

    /// Lets go of what is in a verified backup, and has been seen in a feed.
    fn let_go(&mut self, safe_before: u64) -> Vec<StoreChange> {
        let early = mutant::is_on(Mutant::LetGoEarly);
        let droppable: Vec<_> = self
            .outbox
            .all()
            .take_while(|(seq, _)| *seq < safe_before || early)
            // The last one stays, so that the chain's next number is known after a restart.
            .filter(|(seq, _)| {
                seq + 1 < self.outbox.next_seq() || mutant::is_on(Mutant::SeqForgotten)
            })
            .filter(|(_, queued)| queued.outcome.is_some() && self.is_seen(queued))
            .map(|(seq, _)| seq)
            .collect();
        let changes = droppable.into_iter().map(|seq| self.outbox.drop(seq)).collect();
        self.blobs.let_go(safe_before, &self.outbox);
        changes
    }

    /// Sends what is due: operations and news first, then photos.
    fn pump(&mut self, clock: &ClockReading, effects: &mut Vec<Effect>) {
        if !self.online || self.retry.is_waiting() || self.flight.is_some() {
            return;
        }
        if mutant::is_on(Mutant::PhotosFirst) && self.pump_blobs(effects) {
            return;
        }
        let ops = self.outbox.batch(self.budget as usize);
        if !self.pull_due && ops.is_empty() {
            self.pump_blobs(effects);
            return;
        }
        let request = RequestId(self.random.uuid());
        let first_seq = ops.first().map_or_else(|| self.outbox.next_seq(), |(seq, _)| *seq);
        let audits = self.audit_in == 0;
        let (count, at) = (ops.len(), clock.wall);
        self.flight = Some(Flight { request, first_seq, count, at, audits });
        effects.push(Effect::Send(Box::new(SyncRequest {
            protocol: PROTOCOL,
            request,
            device: self.identity.device,
            incarnation: self.identity.incarnation,
            inherits: self.identity.inherits,
            epoch: self.identity.epoch,
            begins: self.identity.begins,
            first_seq,
            ops: ops.into_iter().map(|(_, op)| op.clone()).collect(),
            cursors: self.scopes.cursors(),
            digests: if audits { self.scopes.digests() } else { BTreeMap::new() },
            repair: self.scopes.repair(),
            budget: self.budget,
            clock: clock.clone(),
            unsent: Some(Unsent {
                ops: self.unsent() as u64,
                files: self.unverified_blobs().len() as u64,
            }),
        })));
    }

    /// Asks what is missing, uploads it, or asks about what may go; says whether there was anything
    /// to do.
    fn pump_blobs(&mut self, effects: &mut Vec<Effect>) -> bool {
        if self.asking || self.uploading.is_some() {
            return true;
        }
        if self.blob_retry.is_waiting() {
            return false;
        }
        if let Some(hashes) = self.blobs.next_question() {
            self.asking = true;
            effects.push(Effect::AskMissing(hashes));
            true
        } else if let Some(hash) = self.blobs.next_upload() {
            self.uploading = Some(hash);
            effects.push(Effect::Upload(hash));
            if mutant::is_on(Mutant::BlobGoesEarly) {
                store(effects, vec![StoreChange::DropBlob { hash }]);
            }
            true
        } else if let Some(hashes) = self.blobs.last_question() {
            self.asking = true;
            effects.push(Effect::AskMissing(hashes));
            true
        } else {
            false
        }
    }

    fn back_off(&mut self, retry_after: Option<u64>, effects: &mut Vec<Effect>) {
        let pause = self.retry.back_off(retry_after, &mut self.random);
        effects.push(Effect::Alarm(pause));
    }

    fn back_off_blobs(&mut self, retry_after: Option<u64>, effects: &mut Vec<Effect>) {
        let pause = self.blob_retry.back_off(retry_after, &mut self.random);
        // There is one alarm: an exchange that is waited for wakes photos, too.
        if !self.retry.is_waiting() {
            effects.push(Effect::Alarm(pause));
        }
    }
}

/// The line of the sync log for an answer.
fn attempt(flight: &Flight, traffic: Traffic, response: &SyncResponse) -> StoreChange {
    let skew = match response {
        SyncResponse::Ok(accepted) => Some(flight.at.saturating_sub(accepted.now)),
        _ => None,
    };
    let (at, ops, rows) = (flight.at, flight.count as u64, response.rows());
    let result = AttemptResult::of(response);
    StoreChange::Attempt(Attempt { at, traffic, ops, rows, skew, result })
}

/// What is done to one record stands or falls together, and by itself: a visit is never held up by
/// what its form says about other records.
fn by_record(drafts: Vec<Draft>) -> Vec<Vec<Draft>> {
    let mut units: Vec<Vec<Draft>> = Vec::new();
    for draft in drafts {
        let mut open = units.iter_mut().rev();
        let own = open.find(|unit| unit.first().is_some_and(|one| one.record == draft.record));
        match own.filter(|unit| unit.len() < MAX_GROUP) {
            Some(unit) => unit.push(draft),
            None => units.push(vec![draft]),
        }
    }
    units
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
