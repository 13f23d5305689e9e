//! Merging: three-way, per field group, on the server's side.
//!
//! An edit of a group is in conflict when all three hold: the group was written since the
//! version the edit is based on, that write was not itself presented by the incarnation that
//! presents the edit, and the values differ. What then stands is the field's policy; what does
//! not stand is kept in a conflict record. No value is ever thrown away.

mod board;
mod conflict;
mod edit;
mod presenter;
mod resolve;

use std::collections::BTreeSet;

use mobile_schema::register::Unfit;
use mobile_schema::{Catalogue, RegisterDefinition};

pub use board::{Board, Happening};
pub use presenter::Presenter;
pub use resolve::subject_of;

use crate::limits::{MAX_BLOBS, MAX_GROUP};
use crate::mutant::{self, Mutant};
use crate::op::{Change, Fields, Op, Resolution};
use crate::outcome::{Outcome, ParkReason, RejectReason};
use crate::record::{Mark, Record, Writer};
use crate::{Lineage, ScopeId, Version};

/// What the server knows while it applies one push.
pub struct Authority<'a> {
    /// Every definition known here.
    pub catalogue: &'a Catalogue,
    /// The epochs this database descends from.
    pub lineage: &'a Lineage,
    /// Whose push it is.
    pub presenter: &'a Presenter,
    /// The scopes the pusher may write to.
    pub scopes: &'a BTreeSet<ScopeId>,
    /// When the push arrived, milliseconds since 1970 UTC.
    pub received: i64,
    /// Whether a person with the right to has decided that approved records may be edited.
    pub amends: bool,
}

/// An operation with its number in the chain.
pub struct Numbered<'a> {
    /// Its number.
    pub seq: u64,
    /// The operation.
    pub op: &'a Op,
}

/// Why an operation has no effect, as its outcome.
type Refusal = Outcome;

fn park(reason: ParkReason) -> Refusal {
    Outcome::Parked { reason }
}

fn reject(reason: RejectReason) -> Refusal {
    Outcome::Rejected { reason }
}

impl Authority<'_> {
    /// Applies operations in order to the records on `board` and says what became of each.
    ///
    /// Every record that an operation names, and the subject of every conflict it resolves,
    /// must be on the board if it exists.
    pub fn apply(&self, board: &mut Board, ops: &[Numbered<'_>]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(ops.len());
        let mut rest = ops;
        while let Some(first) = rest.first() {
            let unit = unit_length(rest);
            let (now, later) = rest.split_at(unit);
            outcomes.extend(match first.op.group {
                Some(group) if unit != usize::from(group.size) || unit > MAX_GROUP => {
                    vec![reject(RejectReason::Group); unit]
                }
                _ => self.apply_unit(board, now),
            });
            rest = later;
            if mutant::is_on(Mutant::PoisonBlocks)
                && let Some(refused @ Outcome::Rejected { .. }) = outcomes.last().cloned()
            {
                outcomes.resize(ops.len(), refused);
                break;
            }
        }
        outcomes
    }

    fn apply_unit(&self, board: &mut Board, unit: &[Numbered<'_>]) -> Vec<Outcome> {
        board.begin();
        let applied: Result<Vec<_>, Refusal> =
            unit.iter().map(|numbered| self.apply_one(board, numbered)).collect();
        applied.unwrap_or_else(|refusal| {
            if !mutant::is_on(Mutant::GroupHalfApplied) {
                board.roll_back();
            }
            vec![refusal; unit.len()]
        })
    }

    fn apply_one(&self, board: &mut Board, numbered: &Numbered<'_>) -> Result<Outcome, Refusal> {
        let definition = self.check(numbered.op)?;
        match &numbered.op.change {
            Change::Create { fields } | Change::Sign { fields } => {
                self.create(board, numbered, &definition, fields)
            }
            Change::Resolve { choice, reason } => self.resolve(board, numbered, choice, reason),
            _ => self.edit(board, numbered, &definition),
        }
    }

    /// What can be said of an operation without looking at any record.
    fn check(&self, op: &Op) -> Result<std::sync::Arc<RegisterDefinition>, Refusal> {
        let definition = self
            .catalogue
            .get(&op.definition)
            .filter(|definition| definition.name == op.collection)
            .ok_or_else(|| park(ParkReason::Schema))?;
        if op.blobs.len() > MAX_BLOBS {
            return Err(reject(RejectReason::TooLarge));
        }
        let resolving = matches!(op.change, Change::Resolve { .. });
        let signing = matches!(op.change, Change::Sign { .. });
        if definition.server_only != resolving || (signing && !definition.insert_only) {
            return Err(reject(RejectReason::Kind));
        }
        match &op.change {
            Change::Create { fields } | Change::Patch { fields } | Change::Sign { fields } => {
                check_fields(definition, fields)?;
            }
            Change::Add { field, element } | Change::Remove { field, element } => {
                let field = definition.field(*field).ok_or_else(|| park(ParkReason::Schema))?;
                field.check_element(element).map_err(unfit)?;
            }
            Change::Resolve { choice: Resolution::Edit { fields }, .. } => {
                fields
                    .values()
                    .try_for_each(|value| value.check_storable())
                    .map_err(|_| reject(RejectReason::Value))?;
            }
            Change::Delta { field, .. } | Change::Transition { field, .. } => {
                definition.field(*field).ok_or_else(|| park(ParkReason::Schema))?;
            }
            Change::Delete | Change::Move { .. } | Change::Resolve { .. } => {}
        }
        if !texts_of(op).all(|text| !text.contains('\0')) {
            return Err(reject(RejectReason::Value));
        }
        Ok(definition.clone())
    }

    fn create(
        &self,
        board: &mut Board,
        numbered: &Numbered<'_>,
        definition: &RegisterDefinition,
        fields: &Fields,
    ) -> Result<Outcome, Refusal> {
        let op = numbered.op;
        if let Some(existing) = board.get(op.record) {
            if !self.may_write(&existing.scope) {
                return Err(park(ParkReason::Scope));
            }
            if existing.collection == op.collection && existing.fields == present(fields) {
                return Ok(Outcome::Applied { version: existing.version });
            }
            let signed = definition.insert_only && !mutant::is_on(Mutant::SignedChanges);
            if signed || existing.collection != op.collection {
                return Err(reject(RejectReason::Immutable));
            }
            return self.edit(board, numbered, definition);
        }
        if !self.may_write(&op.scope) {
            return Err(park(ParkReason::Scope));
        }
        let version = Version { epoch: self.lineage.current(), n: 1 };
        let created = self.mark(numbered, version);
        board.put(
            self.writer(numbered),
            Record {
                id: op.record,
                collection: op.collection.clone(),
                scope: op.scope.clone(),
                version,
                definition: op.definition,
                deleted: false,
                fields: present(fields),
                marks: crate::record::Marks {
                    created,
                    fields: Default::default(),
                    elements: Default::default(),
                },
            },
        );
        Ok(Outcome::Applied { version })
    }

    fn writer(&self, numbered: &Numbered<'_>) -> Writer {
        Writer { incarnation: self.presenter.incarnation, seq: numbered.seq }
    }

    fn mark(&self, numbered: &Numbered<'_>, version: Version) -> Mark {
        Mark {
            version,
            writer: self.writer(numbered),
            author: numbered.op.author,
            at: if mutant::is_on(Mutant::ClockUnclamped) {
                numbered.op.at
            } else {
                numbered.op.at.clamped(self.received)
            },
        }
    }

    fn may_write(&self, scope: &ScopeId) -> bool {
        self.scopes.contains(scope) || mutant::is_on(Mutant::ScopeUnchecked)
    }

    /// Whether the tablet that made an edit based on `base` knew nothing of this write.
    fn is_unseen(&self, mark: &Mark, base: Option<Version>) -> bool {
        let own = self.presenter.presented(mark.writer) && !mutant::is_on(Mutant::OwnWritesClash);
        let news = base.is_none_or(|base| self.lineage.is_news(mark.version, base));
        !own && news && !mutant::is_on(Mutant::BaseIgnored)
    }
}

/// How many of the first operations belong together.
fn unit_length(ops: &[Numbered<'_>]) -> usize {
    match ops.first().and_then(|first| first.op.group) {
        None => 1,
        Some(group) => ops.iter().take_while(|one| one.op.group == Some(group)).count(),
    }
}

fn check_fields(definition: &RegisterDefinition, fields: &Fields) -> Result<(), Refusal> {
    // An unknown field may be a newer definition's, so it waits; a wrong value never fits.
    for (id, value) in fields {
        match definition.field(*id) {
            Some(field) => field.check(value).map_err(unfit)?,
            None if mutant::is_on(Mutant::UnknownFieldDropped) => {}
            None => return Err(park(ParkReason::Schema)),
        }
    }
    Ok(())
}

fn unfit(_: Unfit) -> Refusal {
    reject(RejectReason::Value)
}

fn texts_of(op: &Op) -> impl Iterator<Item = &str> {
    let more = match &op.change {
        Change::Transition { from, to, .. } => [from.as_str(), to.as_str()],
        Change::Resolve { reason, .. } => [reason.as_str(), ""],
        _ => ["", ""],
    };
    more.into_iter().chain([op.collection.as_str()])
}

/// The fields that have a value.
fn present(fields: &Fields) -> Fields {
    fields
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(id, value)| (*id, value.clone()))
        .collect()
}

#[cfg(test)]
mod tests;
