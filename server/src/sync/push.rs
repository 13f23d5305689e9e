//! Taking in what a tablet did.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use mobile_schema::register::Capacity;
use mobile_schema::{Catalogue, Hash};
use serde_json::json;
use sync_protocol::exchange::{Heads, Refusal, admit, compare, repeats};
use sync_protocol::merge::{Authority, Board, Numbered, Presenter};
use sync_protocol::op::Change;
use sync_protocol::record::Writer;
use sync_protocol::{
    Epoch, Lineage, Op, Outcome, ParkReason, Record, RecordId, RejectReason, RequestId, ScopeId,
    SyncRequest, SyncResponse, UserId,
};

use super::arrived::{self, Arrivals};
use super::chain::{self, Chain, ForeignChain, Owner, Wanted};
use super::epoch::Lives;
use super::quarantine;
use super::wire::RawOp;
use crate::audit::{self, Did};
use crate::checks;
use crate::db::schema::{blob_claims, blob_references, ops, records};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{AnyConnection, Failed, insert_all, update_all};
use crate::http::{Kind, Problem};
use crate::limits::REMOVALS_NOTED;
use crate::records as store;
use crate::{media, seal};

/// What the server knows while it takes pushes in.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Every definition.
    pub catalogue: &'a Catalogue,
    /// The epochs the database descends from.
    pub lineage: &'a Lives,
    /// When.
    pub now: Timestamp,
}

/// Who pushes.
#[derive(Clone, Copy)]
pub struct Pusher<'a> {
    /// The tablet, or the person in a browser.
    pub owner: Owner,
    /// Whose tablet it is; the person.
    pub user: UserId,
    /// The scopes it may write to.
    pub scopes: &'a BTreeSet<ScopeId>,
    /// In what capacity.
    pub capacity: Capacity,
    /// Whose operation that came to nothing is tried again.
    pub on_behalf: Option<Behalf>,
}

/// An operation of another's that is applied: it keeps its author and what its chain had
/// presented.
#[derive(Clone, Copy, Debug)]
pub struct Behalf {
    /// Where it stands.
    pub place: Writer,
    /// Whether a person has decided so, who may have approved records edited.
    pub amends: bool,
}

/// What is pushed, and by whom.
#[derive(Clone, Copy)]
pub struct Push<'a> {
    /// Who.
    pub pusher: Pusher<'a>,
    /// What.
    pub request: &'a SyncRequest<RawOp>,
    /// The request's operations as they are kept: see [`sealed`].
    pub bodies: &'a [Vec<u8>],
}

/// The operations of a request as they are kept. It needs no database, so it is made before there
/// is a transaction that others wait for.
pub fn sealed(request: &SyncRequest<RawOp>) -> Vec<Vec<u8>> {
    let incarnation = request.incarnation;
    let seal = |(seq, raw): (u64, &RawOp)| seal::body(Writer { incarnation, seq }, &raw.keep());
    (request.first_seq..).zip(&request.ops).map(seal).collect()
}

/// What became of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It is stored.
    Stored {
        /// All operations below this number are.
        ack: u64,
        /// What became of each.
        outcomes: Vec<Outcome>,
        /// The scopes in which something changed.
        touched: Vec<ScopeId>,
    },
    /// The chain goes on differently from this number on.
    Fork(u64),
    /// The chain here ends at this number.
    Gap(u64),
    /// Nothing was pushed: the tablet knew another life of this database.
    Reset,
}

impl Pushed {
    /// Up to where all is stored and what became of each operation; else the answer to the request.
    pub(super) fn stored<R>(
        self,
        request: RequestId,
        epoch: Epoch,
    ) -> Result<(u64, Vec<Outcome>), Box<SyncResponse<R>>> {
        Err(Box::new(match self {
            Self::Stored { ack, outcomes, .. } => return Ok((ack, outcomes)),
            Self::Fork(seq) => SyncResponse::Fork { request, seq },
            Self::Gap(next) => SyncResponse::Gap { request, next },
            Self::Reset => SyncResponse::Reset { request, epoch },
        }))
    }
}

impl From<Refusal> for Pushed {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Fork(seq) => Self::Fork(seq),
            Refusal::Gap(next) => Self::Gap(next),
            Refusal::Reset => Self::Reset,
        }
    }
}

impl From<ForeignChain> for Problem {
    fn from(ForeignChain: ForeignChain) -> Self {
        Self::new(&Kind::MISMATCH).detail("the incarnation is another tablet's")
    }
}

#[derive(Insertable)]
#[diesel(table_name = ops, treat_none_as_default_value = false)]
struct OpRow<'a> {
    incarnation: Key,
    seq: i64,
    key: Vec<u8>,
    body: &'a [u8],
    outcome: JsonText,
    pushed_by: Key,
    received_at: Timestamp,
    first_incarnation: Option<Key>,
    first_seq: Option<i64>,
}

#[derive(Insertable)]
#[diesel(table_name = blob_references)]
struct BlobReferenceRow {
    hash: Vec<u8>,
    record: Key,
}

#[derive(Insertable)]
#[diesel(table_name = blob_claims)]
struct BlobClaimRow {
    hash: Vec<u8>,
    record: Key,
    user_id: Key,
}

/// Stores the operations of a request, each once, and says what became of each.
pub fn push(
    connection: &mut AnyConnection,
    desk: &Desk<'_>,
    pusher: &Pusher<'_>,
    request: &SyncRequest<RawOp>,
) -> Result<Pushed, Failed<Problem>> {
    let bodies = sealed(request);
    let push = Push { pusher: *pusher, request, bodies: &bodies };
    match push_all(connection, desk, &[push])?.pop() {
        Some(pushed) => pushed.map_err(|foreign| Failed::Rule(foreign.into())),
        None => Err(Failed::Unavailable("a push got no answer".into())),
    }
}

/// Stores what several push, one after the other, as if each came alone, with the statements of
/// one. No two of them may go on with the same chain, inherit another's, or hold an operation of
/// the same key.
pub fn push_all(
    connection: &mut AnyConnection,
    desk: &Desk<'_>,
    pushes: &[Push<'_>],
) -> QueryResult<Vec<Result<Pushed, ForeignChain>>> {
    // Another replica may have begun an epoch: what is written as of an earlier one would be taken
    // for older than it is.
    let lineage = &*desk.lineage.within(connection)?;
    let wanted = pushes.iter().map(|push| Wanted::of(push.pusher.owner, push.request));
    let chains = chain::find_all(connection, &wanted.collect::<Vec<_>>())?;
    let mut all = Vec::with_capacity(pushes.len());
    for (push, chain) in pushes.iter().zip(chains) {
        all.push(match chain {
            Ok(chain) => Admitted::of(connection, lineage, push, chain)?.map_err(Ok),
            Err(foreign) => Err(Err(foreign)),
        });
    }
    let mut admitted: Vec<&mut Admitted<'_>> =
        all.iter_mut().filter_map(|one| one.as_mut().ok()).collect();
    take_in(connection, desk, lineage, &mut admitted)?;
    Ok(all.into_iter().map(|one| one.map_or_else(|done| done, |one| Ok(one.done()))).collect())
}

/// Stores what goes on with a chain.
fn take_in(
    connection: &mut AnyConnection,
    desk: &Desk<'_>,
    lineage: &Lineage,
    admitted: &mut [&mut Admitted<'_>],
) -> QueryResult<()> {
    let fresh: Vec<Hash> = admitted
        .iter()
        .filter(|one| one.push.pusher.on_behalf.is_none())
        .flat_map(|one| one.fresh().iter().copied())
        .collect();
    let known = chain::known(connection, &fresh)?;
    for one in admitted.iter_mut() {
        one.recall(&known);
    }
    let board = merge(connection, desk, lineage, admitted)?;
    for one in admitted.iter_mut() {
        one.repeat_outcomes();
    }
    let ends = admitted.iter().filter_map(|one| one.end_of_chain());
    chain::store(connection, ends.collect(), desk.now)?;
    keep(connection, desk, admitted)?;
    if let Some(board) = board {
        let changed = || board.changed().map(|(_, now)| now);
        checks::ask(connection, desk.catalogue, changed(), desk.now)?;
        if admitted.iter().any(|one| one.push.pusher.capacity != Capacity::Server) {
            checks::ask_whether_so(connection, changed(), desk.now)?;
        }
        arrived::ask(connection, arrivals(&board, admitted), desk.now)?;
        // Last, for from here on the scopes' counters are locked until the commit.
        store::write(connection, &board, desk.catalogue, desk.now)?;
        note_removals(connection, admitted, desk.now)?;
    }
    Ok(())
}

/// Has the audit trail tell which records pushes deleted or moved to another village, by what became
/// of them and not by what was asked for: one line for each push, under who made the operations.
fn note_removals(
    connection: &mut AnyConnection,
    admitted: &[&mut Admitted<'_>],
    now: Timestamp,
) -> QueryResult<()> {
    for one in admitted.iter().filter(|one| !one.removed.is_empty()) {
        let Pusher { owner, user, capacity, on_behalf, .. } = one.push.pusher;
        if capacity == Capacity::Server && on_behalf.is_none() {
            // The checker's own findings and tasks follow what they are about.
            continue;
        }
        let author = one.push.request.ops.iter().find_map(RawOp::op).map_or(user, |op| op.author);
        let named = |deleted: bool| -> Vec<&str> {
            let of = one.removed.iter().filter(|(_, is_deleted)| **is_deleted == deleted);
            of.take(REMOVALS_NOTED).map(|(name, _)| name.as_str()).collect()
        };
        let detail = json!({
            "tablet": owner.device().map(|device| device.0),
            "records": one.removed.len(),
            "deleted": named(true),
            "moved": named(false),
        });
        let first = one.removed.keys().next().cloned().unwrap_or_default();
        audit::note(connection, author, Did::RemoveRecords, first, detail, now)?;
    }
    Ok(())
}

/// The records that were deleted, or are in another scope than before, by register and id; and
/// whether each was deleted.
fn removed<'a>(
    changed: impl Iterator<Item = (Option<&'a Record>, &'a Record)>,
) -> BTreeMap<String, bool> {
    let gone = changed.filter_map(|(before, now)| {
        let before = before?;
        let is_deleted = now.deleted && !before.deleted;
        (is_deleted || before.scope != now.scope)
            .then(|| (format!("{}/{}", now.collection, now.id), is_deleted))
    });
    gone.collect()
}

/// A push that goes on with its chain, and what is known of its operations.
struct Admitted<'a> {
    push: &'a Push<'a>,
    chain: Chain,
    presenter: Presenter,
    keys: Vec<Hash>,
    /// The operations below this number are stored already.
    next: u64,
    /// The operation of the same request, if any, that each repeats.
    earlier: Vec<Option<usize>>,
    /// Where each stood first, if it stood anywhere before.
    stood: Vec<Option<Writer>>,
    outcomes: Vec<Option<Outcome>>,
    touched: Vec<ScopeId>,
    removed: BTreeMap<String, bool>,
}

impl<'a> Admitted<'a> {
    /// Compares a request with its chain.
    fn of(
        connection: &mut AnyConnection,
        lineage: &Lineage,
        push: &'a Push<'a>,
        chain: Chain,
    ) -> QueryResult<Result<Self, Pushed>> {
        let request = push.request;
        let first_seq = request.first_seq;
        let next = match admit(lineage, request.epoch, chain.admission, first_seq) {
            Ok(next) => next,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        let mut presenter = chain.presenter(connection)?;
        let keys: Vec<Hash> = request.ops.iter().map(RawOp::key).collect();
        let end = first_seq + keys.len() as u64;
        let stored = chain::stored(connection, &presenter, first_seq, end.min(next))?;
        let outcomes = match compare(first_seq, next, &keys, &stored) {
            Ok(outcomes) => outcomes,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        if let Some(behalf) = push.pusher.on_behalf {
            chain::act_for(connection, &mut presenter, behalf.place)?;
        }
        let (earlier, stood) = (repeats(&keys), vec![None; keys.len()]);
        let (touched, removed) = (Vec::new(), BTreeMap::new());
        Ok(Ok(Self {
            push,
            chain,
            presenter,
            keys,
            next,
            earlier,
            stood,
            outcomes,
            touched,
            removed,
        }))
    }

    fn end(&self) -> u64 {
        self.push.request.first_seq + self.keys.len() as u64
    }

    /// How many of the request's operations are stored already.
    fn stored(&self) -> usize {
        let stored = self.next.saturating_sub(self.push.request.first_seq);
        (stored as usize).min(self.keys.len())
    }

    /// The keys of those that are not.
    fn fresh(&self) -> &[Hash] {
        &self.keys[self.stored()..]
    }

    fn writer(&self, place: usize) -> Writer {
        let SyncRequest { incarnation, first_seq, .. } = *self.push.request;
        Writer { incarnation, seq: first_seq + place as u64 }
    }

    /// Gives outcomes to what was pushed before by another chain, and to what is refused at sight.
    fn recall(&mut self, known: &BTreeMap<Hash, (Writer, Outcome)>) {
        let decides = self.push.pusher.on_behalf.is_some();
        for place in self.stored()..self.keys.len() {
            let known = known.get(&self.keys[place]).filter(|_| !decides);
            let own = self.earlier[place].map(|earlier| self.writer(earlier));
            self.presenter.repeated.extend(known.map(|(writer, _)| *writer));
            self.stood[place] = known.map(|(writer, _)| *writer).or(own);
            if self.outcomes[place].is_none() && self.earlier[place].is_none() {
                let before = known.map(|(_, outcome)| outcome.clone());
                self.outcomes[place] = before.or_else(|| self.push.pusher.refusal(self.raw(place)));
            }
        }
    }

    fn raw(&self, place: usize) -> &'a RawOp {
        &self.push.request.ops[place]
    }

    /// The operations that have no outcome yet, and their places in the request.
    fn undecided(&self) -> (Vec<usize>, Vec<Numbered<'a>>) {
        let undecided = (0..self.keys.len()).filter_map(|place| {
            let op = self.raw(place).op()?;
            let open = self.outcomes[place].is_none() && self.earlier[place].is_none();
            open.then(|| (place, Numbered { seq: self.writer(place).seq, op }))
        });
        undecided.unzip()
    }

    /// The numbers of those that have one, though they are new.
    fn refused(&self) -> BTreeSet<u64> {
        let decided = (self.stored()..self.keys.len()).filter(|at| self.outcomes[*at].is_some());
        decided.map(|place| self.writer(place).seq).collect()
    }

    /// What repeats another operation of the request comes to the same.
    fn repeat_outcomes(&mut self) {
        for place in 0..self.outcomes.len() {
            if let (None, Some(earlier)) = (&self.outcomes[place], self.earlier[place]) {
                self.outcomes[place] = self.outcomes[earlier].clone();
            }
        }
    }

    /// Where the chain ends now, if it has to be noted.
    fn end_of_chain(&self) -> Option<chain::End<'_>> {
        let repeats = self.stood.iter().any(Option::is_some);
        if self.end() > self.next || (self.keys.is_empty() && self.chain.is_new()) {
            let next_seq = self.end().max(self.next);
            return Some(chain::End { chain: &self.chain, next_seq, repeats });
        }
        None
    }

    fn done(self) -> Pushed {
        let ack = self.end().max(self.next);
        let outcomes = self.outcomes.into_iter().flatten().collect();
        Pushed::Stored { ack, outcomes, touched: self.touched }
    }
}

impl Pusher<'_> {
    /// What can be refused without looking any further.
    fn refusal(&self, raw: &RawOp) -> Option<Outcome> {
        let reason = match raw.op() {
            None => RejectReason::Malformed,
            Some(op) if op.author != self.user && self.on_behalf.is_none() => RejectReason::Author,
            Some(_) => return None,
        };
        Some(Outcome::Rejected { reason })
    }
}

/// The records that somebody's operations may have waited for: new ones, and those that operations
/// of these chains wait for, which another's push may be bringing at this very moment.
fn arrivals(board: &Board, admitted: &[&mut Admitted<'_>]) -> Arrivals {
    let new = board.changed().filter(|(before, _)| before.is_none()).map(|(_, now)| now.id);
    let new = new.collect();
    let unknown = Outcome::Parked { reason: ParkReason::Unknown };
    let waits =
        admitted.iter().filter(|one| one.outcomes[one.stored()..].contains(&Some(unknown.clone())));
    Arrivals { new, waiting: waits.map(|one| one.push.request.incarnation).collect() }
}

/// Merges the operations that have no outcome yet into the records they are about, one push after
/// the other.
fn merge(
    connection: &mut AnyConnection,
    desk: &Desk<'_>,
    lineage: &Lineage,
    admitted: &mut [&mut Admitted<'_>],
) -> QueryResult<Option<Board>> {
    let undecided: Vec<_> = admitted.iter().map(|one| one.undecided()).collect();
    let ops = || undecided.iter().flat_map(|(_, numbered)| numbered).map(|numbered| numbered.op);
    let mut about: Vec<RecordId> = ops().map(|op| op.record).collect();
    if about.is_empty() {
        return Ok(None);
    }
    about.extend(subjects(connection, ops())?);
    let mut board = Board::new(store::load_for_update(connection, &about)?);
    for (one, (places, numbered)) in admitted.iter_mut().zip(&undecided) {
        let refused = one.refused();
        let authority = Authority {
            catalogue: desk.catalogue,
            lineage,
            presenter: &one.presenter,
            scopes: one.push.pusher.scopes,
            capacity: one.push.pusher.capacity,
            received: desk.now.milliseconds(),
            amends: one.push.pusher.on_behalf.is_some_and(|behalf| behalf.amends),
            refused: &refused,
        };
        let before = board.happenings().len();
        let applied = authority.apply(&mut board, numbered);
        for (place, outcome) in places.iter().zip(applied) {
            one.outcomes[*place] = Some(outcome);
        }
        one.touched = Heads::touched(board.changed_after(before));
        one.removed = removed(board.changed_after(before));
    }
    Ok(Some(board))
}

/// The records that the conflicts to be resolved are about.
fn subjects<'a>(
    connection: &mut AnyConnection,
    ops: impl Iterator<Item = &'a Op>,
) -> QueryResult<Vec<RecordId>> {
    let resolved = ops.filter(|op| matches!(op.change, Change::Resolve { .. }));
    let conflicts: Vec<Key> = resolved.map(|op| op.record.into()).collect();
    if conflicts.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<Option<Key>> = records::table
        .filter(records::id.eq_any(conflicts))
        .select(records::subject)
        .load(connection)?;
    Ok(found.into_iter().flatten().map(RecordId::from).collect())
}

/// Keeps the operations as they came, and sets aside those that have no effect.
fn keep(
    connection: &mut AnyConnection,
    desk: &Desk<'_>,
    admitted: &[&mut Admitted<'_>],
) -> QueryResult<()> {
    let (mut rows, mut aside, mut named) = (Vec::new(), Vec::new(), Vec::new());
    for one in admitted {
        let mut references = BTreeSet::new();
        let pusher = &one.push.pusher;
        for place in one.stored()..one.keys.len() {
            let (raw, Some(outcome)) = (one.raw(place), &one.outcomes[place]) else { continue };
            let (writer, first) = (one.writer(place), one.stood[place]);
            rows.push(OpRow {
                incarnation: writer.incarnation.into(),
                seq: writer.seq as i64,
                key: raw.key().as_bytes().to_vec(),
                body: &one.push.bodies[place],
                outcome: JsonText::of(outcome),
                pushed_by: pusher.user.into(),
                received_at: desk.now,
                first_incarnation: first.map(|writer| writer.incarnation.into()),
                first_seq: first.map(|writer| writer.seq as i64),
            });
            if first.is_none() {
                let held = quarantine::QuarantineRow::of(pusher, writer, raw.op(), outcome, desk);
                aside.extend(held);
            }
            if let (Some(op), Some(_)) = (raw.op(), outcome.version()) {
                references.extend(op.blobs.iter().map(|hash| (*hash, op.record)));
            }
        }
        named.push((pusher, references));
    }
    insert_all!(connection, ops::table, rows)?;
    quarantine::keep(connection, aside)?;
    named.into_iter().try_for_each(|(pusher, references)| refer(connection, pusher, references))
}

/// Notes which records name which blobs. A tablet that knows the hash of a photo it may not see
/// names nothing with it, until it has sent the bytes.
fn refer(
    connection: &mut AnyConnection,
    pusher: &Pusher<'_>,
    mut references: BTreeSet<(Hash, RecordId)>,
) -> QueryResult<()> {
    if references.is_empty() {
        return Ok(());
    }
    let mut hashes: Vec<Hash> = references.iter().map(|(hash, _)| *hash).collect();
    hashes.dedup();
    let keys: Vec<_> = hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect();
    let there: Vec<(Vec<u8>, Key)> = blob_references::table
        .filter(blob_references::hash.eq_any(keys))
        .select((blob_references::hash, blob_references::record))
        .load(connection)?;
    for (hash, record) in there {
        if let Ok(hash) = hash.try_into() {
            references.remove(&(Hash(hash), record.into()));
        }
    }
    let may = match pusher.owner {
        Owner::Tablet(_) => media::may_name(connection, &hashes, pusher.user, pusher.scopes)?,
        // What is done in a browser was on a tablet before.
        Owner::Person(_) => hashes.into_iter().collect(),
    };
    let (proven, claimed): (Vec<_>, Vec<_>) =
        references.into_iter().partition(|(hash, _)| may.contains(hash));
    let row = |(hash, record): (Hash, RecordId)| BlobReferenceRow {
        hash: hash.as_bytes().to_vec(),
        record: record.into(),
    };
    let rows: Vec<_> = proven.into_iter().map(row).collect();
    insert_all!(connection, blob_references::table, rows)?;
    let user = Key::from(pusher.user);
    let row = |(hash, record): (Hash, RecordId)| BlobClaimRow {
        hash: hash.as_bytes().to_vec(),
        record: record.into(),
        user_id: user,
    };
    let rows: Vec<_> = claimed.into_iter().map(row).collect();
    update_all!(
        connection,
        blob_claims::table,
        (blob_claims::hash, blob_claims::record, blob_claims::user_id),
        (blob_claims::user_id),
        rows
    )
}
