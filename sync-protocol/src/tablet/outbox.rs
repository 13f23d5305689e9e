//! The outbox: operations from the moment they are made until they are safe in a backup.

use std::collections::BTreeMap;

use mobile_schema::register::Unfit;
use mobile_schema::{Catalogue, Field, FieldId, Hash, Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::StoreChange;
use crate::encoding::canonical::op_bytes;
use crate::limits::{MAX_OP_BYTES, MAX_OPS};
use crate::merge;
use crate::mutant::{self, Mutant};
use crate::op::{Change, Group, Op};
use crate::outcome::{Outcome, RejectReason};
use crate::{Hlc, RecordId, ScopeId, UserId, Version};

/// An operation as it is made, before the outbox gives it a number and a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The register.
    pub collection: String,
    /// The record.
    pub record: RecordId,
    /// The scope the record is in.
    pub scope: ScopeId,
    /// The version in the store; none for a record that is not there yet.
    pub base: Option<Version>,
    /// What changes.
    pub change: Change,
    /// The definition it was made with.
    pub definition: Hash,
    /// Photos and documents it names.
    pub blobs: Vec<Hash>,
}

/// An operation of the outbox, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueuedOp {
    /// The operation.
    pub op: Op,
    /// What the server said; none until it does.
    pub outcome: Option<Outcome>,
}

#[derive(Debug)]
pub(super) struct Outbox {
    ops: BTreeMap<u64, QueuedOp>,
    next_seq: u64,
}

impl Draft {
    pub(super) fn into_op(self, author: UserId, at: Hlc, group: Option<Group>) -> Op {
        let Self { collection, record, scope, base, change, definition, blobs } = self;
        Op { collection, record, scope, base, change, at, definition, author, blobs, group }
    }
}

/// Why nothing is made of a draft: no server would take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It is larger than an operation may be.
    TooLarge,
    /// A value that its field can't hold.
    Value(FieldId, Unfit),
    /// The kind of change is none for the register or the field, or the field is unknown.
    Kind,
}

impl Draft {
    /// Refuses what would have no effect whatever the records are: who typed it still sees it, and
    /// can put it right.
    ///
    /// # Errors
    /// Why.
    pub fn check(&self, catalogue: &Catalogue) -> Result<(), Misfit> {
        let at = Hlc { wall: i64::MAX, counter: u32::MAX, node: u32::MAX };
        let group = Group { id: Uuid::nil().into(), size: u16::MAX };
        let op = self.clone().into_op(UserId(Uuid::nil()), at, Some(group));
        if op_bytes(&op).len() > MAX_OP_BYTES {
            return Err(Misfit::TooLarge);
        }
        let Err(outcome) = merge::check(catalogue, &op) else { return Ok(()) };
        let definition = catalogue.get(&op.definition);
        let unfit = |id: &FieldId, verdict: fn(&Field, &Value) -> Result<(), Unfit>, value| {
            let field = definition.and_then(|known| known.field(*id))?;
            verdict(field, value).err().map(|unfit| Misfit::Value(*id, unfit))
        };
        let why = match &op.change {
            Change::Create { fields } | Change::Patch { fields } | Change::Sign { fields } => {
                fields.iter().find_map(|(id, value)| unfit(id, Field::check, value))
            }
            Change::Add { field, element } | Change::Remove { field, element } => {
                unfit(field, Field::check_element, element)
            }
            _ => None,
        };
        let is_large = outcome == Outcome::Rejected { reason: RejectReason::TooLarge };
        Err(why.unwrap_or(if is_large { Misfit::TooLarge } else { Misfit::Kind }))
    }
}

impl Outbox {
    pub(super) fn new(ops: BTreeMap<u64, QueuedOp>) -> Self {
        let next_seq = ops.last_key_value().map_or(1, |(seq, _)| seq + 1);
        Self { ops, next_seq }
    }

    /// The latest clock reading any operation has.
    pub(super) fn last_reading(&self) -> Hlc {
        let readings = self.ops.values().map(|queued| queued.op.at);
        readings.max().unwrap_or(Hlc { wall: 0, counter: 0, node: 0 })
    }

    pub(super) fn push(&mut self, op: Op) -> StoreChange {
        let seq = self.next_seq;
        self.next_seq += 1;
        let queued = QueuedOp { op, outcome: None };
        self.ops.insert(seq, queued.clone());
        StoreChange::Op { seq, queued }
    }

    pub(super) fn next_seq(&self) -> u64 {
        self.next_seq
    }

    pub(super) fn first(&self) -> Option<u64> {
        self.ops.first_key_value().map(|(seq, _)| *seq)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (u64, &QueuedOp)> {
        self.ops.iter().map(|(seq, queued)| (*seq, queued))
    }

    pub(super) fn unanswered(&self) -> impl Iterator<Item = (u64, &QueuedOp)> {
        self.all().filter(|(_, queued)| queued.outcome.is_none())
    }

    /// What may still show: all that is retained and was not refused.
    pub(super) fn pending(&self) -> impl Iterator<Item = (u64, &QueuedOp)> {
        self.all()
    }

    /// The next operations to send: without a hole, no group divided, and not many more bytes
    /// than `budget`.
    pub(super) fn batch(&self, budget: usize) -> Vec<(u64, &Op)> {
        let mut batch: Vec<(u64, &Op)> = Vec::new();
        let (mut whole, mut bytes) = (0, 0);
        let budget = budget.max(MAX_OP_BYTES / 2);
        for (seq, queued) in self.unanswered() {
            if batch.last().is_some_and(|(last, _)| last + 1 != seq) {
                break;
            }
            let divides = mutant::is_on(Mutant::GroupDivided);
            let starts_unit = match (batch.last(), queued.op.group) {
                (Some((_, last)), Some(group)) => last.group != Some(group),
                _ => true,
            };
            if starts_unit || divides {
                whole = batch.len();
            }
            bytes += op_bytes(&queued.op).len();
            if whole > 0 && (bytes > budget || batch.len() == MAX_OPS || divides) {
                batch.truncate(whole);
                break;
            }
            batch.push((seq, &queued.op));
        }
        batch
    }

    /// Notes what became of the operations that were sent.
    pub(super) fn answer(
        &mut self,
        first_seq: u64,
        count: usize,
        outcomes: Vec<Outcome>,
    ) -> Vec<StoreChange> {
        let answered = (first_seq..).zip(outcomes).take(count);
        answered.filter_map(|(seq, outcome)| self.set_outcome(seq, Some(outcome))).collect()
    }

    /// Everything from `seq` is to be pushed again.
    pub(super) fn forget_outcomes_from(&mut self, seq: u64) -> Vec<StoreChange> {
        let seqs: Vec<_> = self.ops.range(seq..).map(|(seq, _)| *seq).collect();
        seqs.into_iter().filter_map(|seq| self.set_outcome(seq, None)).collect()
    }

    /// What a mutant throws away.
    pub(super) fn drop_outside(&mut self, scopes: &[ScopeId]) -> Vec<StoreChange> {
        let outside = |(_, queued): &(u64, &QueuedOp)| !scopes.contains(&queued.op.scope);
        let seqs: Vec<_> = self.all().filter(outside).map(|(seq, _)| seq).collect();
        seqs.into_iter().map(|seq| self.drop(seq)).collect()
    }

    pub(super) fn drop(&mut self, seq: u64) -> StoreChange {
        self.ops.remove(&seq);
        StoreChange::DropOp { seq }
    }

    fn set_outcome(&mut self, seq: u64, outcome: Option<Outcome>) -> Option<StoreChange> {
        let queued = self.ops.get_mut(&seq)?;
        queued.outcome = outcome;
        Some(StoreChange::Op { seq, queued: queued.clone() })
    }
}
