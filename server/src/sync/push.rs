//! Taking in what a tablet did.

use std::collections::BTreeSet;

use diesel::prelude::*;
use mobile_schema::{Catalogue, Hash};
use serde_json::value::RawValue;
use sync_protocol::merge::{Authority, Board, Numbered};
use sync_protocol::op::{Change, Op};
use sync_protocol::{
    DeviceId, IncarnationId, Lineage, Outcome, RecordId, RejectReason, ScopeId, SyncRequest, UserId,
};

use super::chain::{self, ForeignChain};
use super::quarantine;
use crate::db::schema::{blob_references, ops, records};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{AnyConnection, Failed, insert_all};
use crate::http::{Kind, Problem};
use crate::records as store;

/// Who pushes, and what the server knows while taking it in.
pub struct Pusher<'a> {
    /// The tablet.
    pub device: DeviceId,
    /// Whose tablet it is.
    pub user: UserId,
    /// The scopes it may write to.
    pub scopes: &'a BTreeSet<ScopeId>,
    /// Every definition.
    pub catalogue: &'a Catalogue,
    /// The epochs the database descends from.
    pub lineage: &'a Lineage,
    /// When the push arrived.
    pub now: Timestamp,
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
    },
    /// The chain goes on differently from this number on.
    Fork(u64),
    /// The chain here ends at this number.
    Gap(u64),
    /// Nothing was pushed, and the chain stands at this number.
    Reset(u64),
}

impl From<ForeignChain> for Problem {
    fn from(ForeignChain: ForeignChain) -> Self {
        Self::new(&Kind::MISMATCH).detail("the incarnation is another tablet's")
    }
}

/// An operation as it came.
struct Arrived<'a> {
    seq: u64,
    body: &'a RawValue,
    /// None if it can't be read.
    op: Option<Op>,
    key: Hash,
}

#[derive(Insertable)]
#[diesel(table_name = ops)]
struct OpRow {
    incarnation: Key,
    seq: i64,
    key: Vec<u8>,
    body: Vec<u8>,
    outcome: JsonText,
    pushed_by: Key,
    received_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = blob_references)]
struct BlobReferenceRow {
    hash: Vec<u8>,
    record: Key,
}

/// Stores the operations of a request, each once, and says what became of each.
pub fn push(
    connection: &mut AnyConnection,
    pusher: &Pusher<'_>,
    request: &SyncRequest<Box<RawValue>>,
) -> Result<Pushed, Failed<Problem>> {
    let incarnation = request.incarnation;
    let (device, now) = (pusher.device, pusher.now);
    let (first_seq, inherits) = (request.first_seq, request.inherits);
    let chain = chain::lock(connection, device, incarnation, first_seq, inherits, now)?
        .map_err(|foreign| Failed::Rule(foreign.into()))?;
    if request.epoch.is_some_and(|epoch| epoch != pusher.lineage.current()) {
        return Ok(Pushed::Reset(chain.next_seq));
    }
    if first_seq > chain.next_seq {
        return Ok(Pushed::Gap(chain.next_seq));
    }
    let arrived: Vec<_> =
        (first_seq..).zip(&request.ops).map(|(seq, body)| Arrived::read(seq, body)).collect();
    let end = first_seq + arrived.len() as u64;
    let mut outcomes: Vec<Option<Outcome>> = vec![None; arrived.len()];

    let stored = chain::stored(connection, &chain.presenter, first_seq, end.min(chain.next_seq))?;
    for (one, outcome) in arrived.iter().zip(&mut outcomes) {
        if one.seq >= chain.next_seq {
            break;
        }
        match stored.get(&one.seq) {
            Some((key, known)) if *key == one.key => *outcome = Some(known.clone()),
            _ => return Ok(Pushed::Fork(one.seq)),
        }
    }

    let fresh: Vec<Hash> =
        arrived.iter().filter(|one| one.seq >= chain.next_seq).map(|one| one.key).collect();
    if !fresh.is_empty() {
        let known = chain::known_outcomes(connection, &fresh)?;
        for (one, outcome) in arrived.iter().zip(&mut outcomes) {
            if outcome.is_none() {
                *outcome = known.get(&one.key).cloned().or_else(|| one.refusal(pusher.user));
            }
        }
        apply(connection, pusher, &chain, &arrived, &mut outcomes)?;
        keep(connection, pusher, incarnation, chain.next_seq, &arrived, &outcomes)?;
        chain::advance(connection, incarnation, end)?;
    }
    let outcomes = outcomes.into_iter().flatten().collect();
    Ok(Pushed::Stored { ack: end.max(chain.next_seq), outcomes })
}

impl<'a> Arrived<'a> {
    fn read(seq: u64, body: &'a RawValue) -> Self {
        let fits = body.get().len() <= sync_protocol::limits::MAX_OP_BYTES;
        let op: Option<Op> = if fits { serde_json::from_str(body.get()).ok() } else { None };
        let key = op.as_ref().map_or_else(|| Hash::of(body.get().as_bytes()), Op::key);
        Self { seq, body, op, key }
    }

    /// What can be refused without looking any further.
    fn refusal(&self, pusher: UserId) -> Option<Outcome> {
        let reason = match &self.op {
            None if self.body.get().len() > sync_protocol::limits::MAX_OP_BYTES => {
                RejectReason::TooLarge
            }
            None => RejectReason::Malformed,
            Some(op) if op.author != pusher => RejectReason::Author,
            Some(_) => return None,
        };
        Some(Outcome::Rejected { reason })
    }
}

/// Merges the operations that have no outcome yet into the records.
fn apply(
    connection: &mut AnyConnection,
    pusher: &Pusher<'_>,
    chain: &chain::Chain,
    arrived: &[Arrived<'_>],
    outcomes: &mut [Option<Outcome>],
) -> Result<(), Failed<Problem>> {
    let mut numbered = Vec::new();
    let mut places = Vec::new();
    for (place, one) in arrived.iter().enumerate() {
        if let (None, Some(op)) = (&outcomes[place], &one.op) {
            numbered.push(Numbered { seq: one.seq, op });
            places.push(place);
        }
    }
    if numbered.is_empty() {
        return Ok(());
    }
    let mut touched: Vec<RecordId> = numbered.iter().map(|one| one.op.record).collect();
    touched.extend(subjects(connection, &numbered)?);
    let mut board = Board::new(store::load_for_update(connection, &touched)?);
    let authority = Authority {
        catalogue: pusher.catalogue,
        lineage: pusher.lineage,
        presenter: &chain.presenter,
        scopes: pusher.scopes,
        received: pusher.now.milliseconds(),
    };
    let applied = authority.apply(&mut board, &numbered);
    for (place, outcome) in places.into_iter().zip(applied) {
        outcomes[place] = Some(outcome);
    }
    let incarnation = chain.presenter.incarnation;
    let written = store::Written { incarnation, catalogue: pusher.catalogue, now: pusher.now };
    store::write(connection, &board, &written)?;
    Ok(())
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

/// Keeps the operations as they came, and sets aside those that have no effect.
fn keep(
    connection: &mut AnyConnection,
    pusher: &Pusher<'_>,
    incarnation: IncarnationId,
    from: u64,
    arrived: &[Arrived<'_>],
    outcomes: &[Option<Outcome>],
) -> QueryResult<()> {
    let (mut rows, mut aside) = (Vec::new(), Vec::new());
    let mut references = BTreeSet::new();
    for (one, outcome) in arrived.iter().zip(outcomes) {
        let Some(outcome) = outcome.as_ref().filter(|_| one.seq >= from) else { continue };
        rows.push(OpRow {
            incarnation: incarnation.into(),
            seq: one.seq as i64,
            key: one.key.as_bytes().to_vec(),
            body: one.body.get().as_bytes().to_vec(),
            outcome: JsonText::of(outcome),
            pushed_by: pusher.user.into(),
            received_at: pusher.now,
        });
        let scope = one.op.as_ref().map(|op| op.scope.to_string());
        aside.extend(quarantine::QuarantineRow::of(pusher, incarnation, one.seq, scope, outcome));
        if let (Some(op), Some(_)) = (&one.op, outcome.version()) {
            references.extend(op.blobs.iter().map(|hash| (*hash, op.record)));
        }
    }
    insert_all!(connection, ops::table, rows)?;
    quarantine::keep(connection, aside)?;
    refer(connection, references)
}

/// Notes which records name which blobs.
fn refer(
    connection: &mut AnyConnection,
    mut references: BTreeSet<(Hash, RecordId)>,
) -> QueryResult<()> {
    if references.is_empty() {
        return Ok(());
    }
    let hashes: Vec<_> = references.iter().map(|(hash, _)| hash.as_bytes().to_vec()).collect();
    let there: Vec<(Vec<u8>, Key)> = blob_references::table
        .filter(blob_references::hash.eq_any(hashes))
        .select((blob_references::hash, blob_references::record))
        .load(connection)?;
    for (hash, record) in there {
        if let Ok(hash) = hash.try_into() {
            references.remove(&(Hash(hash), record.into()));
        }
    }
    let row = |(hash, record): (Hash, RecordId)| BlobReferenceRow {
        hash: hash.as_bytes().to_vec(),
        record: record.into(),
    };
    let rows: Vec<_> = references.into_iter().map(row).collect();
    insert_all!(connection, blob_references::table, rows)
}
