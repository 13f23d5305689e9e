//! Taking in what a tablet did.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use mobile_schema::{Catalogue, Hash};
use sync_protocol::exchange::{Heads, Refusal, admit, compare, repeats};
use sync_protocol::merge::{Authority, Board, Numbered, Presenter};
use sync_protocol::op::Change;
use sync_protocol::record::Writer;
use sync_protocol::{
    Epoch, IncarnationId, Lineage, Outcome, RecordId, RejectReason, RequestId, ScopeId,
    SyncRequest, SyncResponse, UserId,
};

use super::chain::{self, ForeignChain, Owner, Wanted};
use super::quarantine;
use super::wire::RawOp;
use crate::checks;
use crate::db::schema::{blob_claims, blob_references, ops, records};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{AnyConnection, Failed, insert_all, update_all};
use crate::http::{Kind, Problem};
use crate::records as store;
use crate::{media, review, seal};

/// Who pushes, and what the server knows while taking it in.
pub struct Pusher<'a> {
    /// The tablet, or the person in a browser.
    pub owner: Owner,
    /// Whose tablet it is; the person.
    pub user: UserId,
    /// The scopes it may write to.
    pub scopes: &'a BTreeSet<ScopeId>,
    /// Every definition.
    pub catalogue: &'a Catalogue,
    /// The epochs the database descends from.
    pub lineage: &'a Lineage,
    /// When the push arrived.
    pub now: Timestamp,
    /// Where an operation of another's stands that a person has decided to apply: it keeps its
    /// author and what its chain had presented, approved records may be edited, and what came to
    /// nothing before is tried again.
    pub decides_about: Option<Writer>,
}

/// What became of a push.
#[derive(Debug)]
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

/// An operation with its number.
struct Arrived<'a> {
    seq: u64,
    raw: &'a RawOp,
}

#[derive(Insertable)]
#[diesel(table_name = ops, treat_none_as_default_value = false)]
struct OpRow {
    incarnation: Key,
    seq: i64,
    key: Vec<u8>,
    body: Vec<u8>,
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
    pusher: &Pusher<'_>,
    request: &SyncRequest<RawOp>,
) -> Result<Pushed, Failed<Problem>> {
    let wanted = Wanted::of(pusher.owner, request);
    let chain =
        chain::find(connection, &wanted, true)?.map_err(|foreign| Failed::Rule(foreign.into()))?;
    let first_seq = request.first_seq;
    let next = match admit(pusher.lineage, request.epoch, chain.admission, first_seq) {
        Ok(next) => next,
        Err(refusal) => return Ok(refusal.into()),
    };
    let mut presenter = chain.presenter(connection)?;
    let before_this = presenter.clone();
    if let Some(place) = pusher.decides_about {
        chain::act_for(connection, &mut presenter, place)?;
    }
    let arrived: Vec<_> =
        (first_seq..).zip(&request.ops).map(|(seq, raw)| Arrived { seq, raw }).collect();
    let keys: Vec<Hash> = request.ops.iter().map(RawOp::key).collect();
    let end = first_seq + arrived.len() as u64;
    let stored = chain::stored(connection, &before_this, first_seq, end.min(next))?;
    let mut outcomes = match compare(first_seq, next, &keys, &stored) {
        Ok(outcomes) => outcomes,
        Err(refusal) => return Ok(refusal.into()),
    };
    if end > next || arrived.is_empty() {
        chain.begin(connection, next, pusher.now)?;
    }
    let mut touched = Vec::new();
    if end > next {
        let fresh = &keys[(next - first_seq) as usize..];
        let known = if pusher.decides_about.is_some() {
            BTreeMap::new()
        } else {
            chain::known(connection, fresh)?
        };
        presenter.repeated.extend(known.values().map(|(writer, _)| *writer));
        let earlier = repeats(&keys);
        for (place, one) in arrived.iter().enumerate() {
            if outcomes[place].is_none() && earlier[place].is_none() {
                let before = known.get(&keys[place]).map(|(_, outcome)| outcome.clone());
                outcomes[place] = before.or_else(|| one.refusal(pusher));
            }
        }
        let board = merge(connection, pusher, &presenter, &arrived, &earlier, &mut outcomes)?;
        for place in 0..outcomes.len() {
            if let (None, Some(earlier)) = (&outcomes[place], earlier[place]) {
                outcomes[place] = outcomes[earlier].clone();
            }
        }
        let before = (0..keys.len()).map(|place| {
            let earlier = earlier[place].map(|earlier| Writer {
                incarnation: request.incarnation,
                seq: first_seq + earlier as u64,
            });
            known.get(&keys[place]).map(|(writer, _)| *writer).or(earlier)
        });
        let stood: Vec<_> = before.collect();
        let again = stood[(next - first_seq) as usize..].iter().any(Option::is_some);
        let kept = Kept { incarnation: request.incarnation, from: next, stood: &stood };
        keep(connection, pusher, &kept, &arrived, &outcomes)?;
        chain::advance(connection, request.incarnation, end, again)?;
        if let Some(board) = board {
            checks::ask(
                connection,
                pusher.catalogue,
                board.changed().map(|(_, now)| now),
                pusher.now,
            )?;
            // Last, for from here on the scopes' counters are locked until the commit.
            let (incarnation, catalogue) = (request.incarnation, pusher.catalogue);
            let written = store::Written { incarnation, catalogue, now: pusher.now };
            store::write(connection, &board, &written)?;
            touched = Heads::touched(board.changed());
        }
    }
    let outcomes = outcomes.into_iter().flatten().collect();
    Ok(Pushed::Stored { ack: end.max(next), outcomes, touched })
}

impl Arrived<'_> {
    /// What can be refused without looking any further.
    fn refusal(&self, pusher: &Pusher<'_>) -> Option<Outcome> {
        let reason = match self.raw.op() {
            None if self.raw.is_too_large() => RejectReason::TooLarge,
            None => RejectReason::Malformed,
            Some(op) if op.author != pusher.user && pusher.decides_about.is_none() => {
                RejectReason::Author
            }
            Some(op) if pusher.owner.device().is_some() && review::is_decision(op) => {
                RejectReason::Kind
            }
            Some(_) => return None,
        };
        Some(Outcome::Rejected { reason })
    }
}

/// Merges the operations that have no outcome yet into the records they are about.
fn merge(
    connection: &mut AnyConnection,
    pusher: &Pusher<'_>,
    presenter: &Presenter,
    arrived: &[Arrived<'_>],
    earlier: &[Option<usize>],
    outcomes: &mut [Option<Outcome>],
) -> QueryResult<Option<Board>> {
    let mut numbered = Vec::new();
    let mut places = Vec::new();
    for (place, one) in arrived.iter().enumerate() {
        if let (None, None, Some(op)) = (&outcomes[place], earlier[place], one.raw.op()) {
            numbered.push(Numbered { seq: one.seq, op });
            places.push(place);
        }
    }
    if numbered.is_empty() {
        return Ok(None);
    }
    let mut about: Vec<RecordId> = numbered.iter().map(|one| one.op.record).collect();
    about.extend(subjects(connection, &numbered)?);
    let mut board = Board::new(store::load_for_update(connection, &about)?);
    let authority = Authority {
        catalogue: pusher.catalogue,
        lineage: pusher.lineage,
        presenter,
        scopes: pusher.scopes,
        received: pusher.now.milliseconds(),
        amends: pusher.decides_about.is_some(),
    };
    let applied = authority.apply(&mut board, &numbered);
    for (place, outcome) in places.into_iter().zip(applied) {
        outcomes[place] = Some(outcome);
    }
    Ok(Some(board))
}

/// The records that the conflicts to be resolved are about.
fn subjects(connection: &mut AnyConnection, ops: &[Numbered<'_>]) -> QueryResult<Vec<RecordId>> {
    let resolved = ops.iter().filter(|one| matches!(one.op.change, Change::Resolve { .. }));
    let conflicts: Vec<Key> = resolved.map(|one| one.op.record.into()).collect();
    if conflicts.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<Option<Key>> = records::table
        .filter(records::id.eq_any(conflicts))
        .select(records::subject)
        .load(connection)?;
    Ok(found.into_iter().flatten().map(RecordId::from).collect())
}

/// Which operations are kept, and where.
struct Kept<'a> {
    incarnation: IncarnationId,
    /// Those from this number on.
    from: u64,
    /// Where each operation of the request stood first, if it stood anywhere before.
    stood: &'a [Option<Writer>],
}

/// Keeps the operations as they came, and sets aside those that have no effect.
fn keep(
    connection: &mut AnyConnection,
    pusher: &Pusher<'_>,
    kept: &Kept<'_>,
    arrived: &[Arrived<'_>],
    outcomes: &[Option<Outcome>],
) -> QueryResult<()> {
    let (mut rows, mut aside) = (Vec::new(), Vec::new());
    let mut references = BTreeSet::new();
    let incarnation = kept.incarnation;
    for (place, (one, outcome)) in arrived.iter().zip(outcomes).enumerate() {
        let Some(outcome) = outcome.as_ref().filter(|_| one.seq >= kept.from) else { continue };
        let first = kept.stood[place];
        rows.push(OpRow {
            incarnation: incarnation.into(),
            seq: one.seq as i64,
            key: one.raw.key().as_bytes().to_vec(),
            body: seal::body(Writer { incarnation, seq: one.seq }, &one.raw.keep()),
            outcome: JsonText::of(outcome),
            pushed_by: pusher.user.into(),
            received_at: pusher.now,
            first_incarnation: first.map(|writer| writer.incarnation.into()),
            first_seq: first.map(|writer| writer.seq as i64),
        });
        if first.is_none() {
            let place = Writer { incarnation, seq: one.seq };
            aside.extend(quarantine::QuarantineRow::of(pusher, place, one.raw.op(), outcome));
        }
        if let (Some(op), Some(_)) = (one.raw.op(), outcome.version()) {
            references.extend(op.blobs.iter().map(|hash| (*hash, op.record)));
        }
    }
    insert_all!(connection, ops::table, rows)?;
    quarantine::keep(connection, aside)?;
    refer(connection, pusher, references)
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
