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
use std::sync::Arc;

use mobile_schema::register::{Capacity, Unfit};
use mobile_schema::{Catalogue, RegisterDefinition};

pub use board::{Board, Happening};
pub use presenter::Presenter;
pub use resolve::subject_of;

use crate::limits::{MAX_BLOBS, MAX_GROUP};
use crate::mutant::{self, Mutant};
use crate::op::{Change, Fields, Op, Resolution};
use crate::outcome::{Outcome, ParkReason, RejectReason};
use crate::record::{Mark, Record, Writer};
use crate::{Lineage, ScopeId, Version, rights};

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
    /// In what capacity it is pushed.
    pub capacity: Capacity,
    /// When the push arrived, milliseconds since 1970 UTC.
    pub received: i64,
    /// Whether a person with the right to has decided that approved records may be edited.
    pub amends: bool,
    /// The numbers of the push's operations that were refused at sight and are not among those to
    /// be applied: what they belonged to is not incomplete without them.
    pub refused: &'a BTreeSet<u64>,
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
                Some(group) if unit > MAX_GROUP || !self.is_whole(now, group.size) => {
                    vec![reject(RejectReason::Group); unit]
                }
                _ => self.apply_group(board, now),
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

    /// Whether these are all operations of a group of this size, but for such as were refused at
    /// sight.
    fn is_whole(&self, group: &[Numbered<'_>], size: u16) -> bool {
        let Some(missing) = usize::from(size).checked_sub(group.len()) else { return false };
        let (Some(first), Some(last)) = (group.first(), group.last()) else { return false };
        let (before, after) = (missing as u64, missing as u64 + 1);
        let around = first.seq.saturating_sub(before)..last.seq.saturating_add(after);
        self.refused.range(around).count() >= missing
    }

    /// Applies what belongs together: of each record's operations all or none. What one record
    /// can't take is no reason to keep back what was done to another.
    fn apply_group(&self, board: &mut Board, group: &[Numbered<'_>]) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; group.len()];
        for first in 0..group.len() {
            if outcomes[first].is_some() {
                continue;
            }
            let record = group[first].op.record;
            let is_of_unit = |at: &usize| {
                group[*at].op.record == record || mutant::is_on(Mutant::RefusalSpreads)
            };
            let places: Vec<usize> = (first..group.len()).filter(is_of_unit).collect();
            let unit: Vec<_> = places.iter().map(|at| &group[*at]).collect();
            for (at, outcome) in places.into_iter().zip(self.apply_unit(board, &unit)) {
                outcomes[at] = Some(outcome);
            }
        }
        outcomes.into_iter().flatten().collect()
    }

    fn apply_unit(&self, board: &mut Board, unit: &[&Numbered<'_>]) -> Vec<Outcome> {
        board.begin();
        let applied: Result<Vec<_>, Refusal> =
            unit.iter().map(|numbered| self.apply_one(board, numbered)).collect();
        let rightful = applied.and_then(|outcomes| match self.trespasses(board) {
            true => Err(park(ParkReason::Role)),
            false => Ok(outcomes),
        });
        rightful.unwrap_or_else(|refusal| {
            if !mutant::is_on(Mutant::GroupHalfApplied) {
                board.roll_back();
            }
            vec![refusal; unit.len()]
        })
    }

    /// Whether what was done since the board's beginning may not be done in this capacity.
    fn trespasses(&self, board: &Board) -> bool {
        let forbidden = |(before, after): (Option<&Record>, &Record)| {
            let newest = self.catalogue.current(&after.collection);
            newest.is_some_and(|(_, newest)| {
                rights::forbidden(newest, self.capacity, before, after).is_some()
            })
        };
        !mutant::is_on(Mutant::RightsUnjudged) && board.since_beginning().any(forbidden)
    }

    /// Whether this may be wanted in this capacity at all.
    fn may_want(&self, op: &Op) -> bool {
        let newest = self.catalogue.current(&op.collection);
        let may =
            newest.is_none_or(|(_, newest)| rights::may_want(newest, self.capacity, &op.change));
        may || mutant::is_on(Mutant::WishesUnjudged)
    }

    fn apply_one(&self, board: &mut Board, numbered: &Numbered<'_>) -> Result<Outcome, Refusal> {
        let definition = check(self.catalogue, numbered.op)?;
        match &numbered.op.change {
            Change::Create { fields } | Change::Sign { fields } => {
                self.create(board, numbered, &definition, fields)
            }
            Change::Resolve { choice, reason } => self.resolve(board, numbered, choice, reason),
            _ => self.edit(board, numbered, &definition),
        }
    }

    /// Values as the newest definition holds them, or the operation's where the newest has the field
    /// no longer.
    fn mapped_up(&self, definition: &RegisterDefinition, fields: Fields) -> Fields {
        let newest = self.catalogue.current(&definition.name).map(|(_, newest)| newest);
        let field = |id| newest.and_then(|one| one.field(id)).or_else(|| definition.field(id));
        let value = |(id, value)| match field(id) {
            Some(field) => (id, field.mapped_up(value)),
            None => (id, value),
        };
        fields.into_iter().map(value).collect()
    }

    fn create(
        &self,
        board: &mut Board,
        numbered: &Numbered<'_>,
        definition: &RegisterDefinition,
        fields: &Fields,
    ) -> Result<Outcome, Refusal> {
        let op = numbered.op;
        let made = self.mapped_up(definition, present(fields));
        if let Some(existing) = board.get(op.record) {
            if !self.may_write(&existing.scope) {
                return Err(park(ParkReason::Scope));
            }
            if existing.collection == op.collection && existing.fields == made {
                return Ok(Outcome::Applied { version: existing.version });
            }
            if existing.collection != op.collection {
                // The id is another register's record.
                return Err(park(ParkReason::Unknown));
            }
            if definition.insert_only && !mutant::is_on(Mutant::SignedChanges) {
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
                fields: made,
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

/// What can be said of an operation without looking at any record: the definition it was made with,
/// or what becomes of it whatever the records are. Tablets ask, too, and make nothing that could
/// have no effect.
///
/// # Errors
/// What becomes of it.
pub fn check(catalogue: &Catalogue, op: &Op) -> Result<Arc<RegisterDefinition>, Outcome> {
    let definition = catalogue
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

/// How many of the first operations belong together.
fn unit_length(ops: &[Numbered<'_>]) -> usize {
    match ops.first().and_then(|first| first.op.group) {
        None => 1,
        Some(group) => ops.iter().take_while(|one| one.op.group == Some(group)).count(),
    }
}

fn check_fields(definition: &RegisterDefinition, fields: &Fields) -> Result<(), Refusal> {
    // An unknown field may be a newer definition's, so it waits.
    for (id, value) in fields {
        match definition.field(*id) {
            Some(field) => field.check(value).map_err(unfit)?,
            None if mutant::is_on(Mutant::UnknownFieldDropped) => {}
            None => return Err(park(ParkReason::Schema)),
        }
    }
    Ok(())
}

/// A value that its field can't hold was typed by somebody: it waits for a person, who puts it
/// right. What no database could hold waits for nobody.
fn unfit(unfit: Unfit) -> Refusal {
    match unfit {
        Unfit::Unstorable(_) => reject(RejectReason::Value),
        Unfit::WrongType | Unfit::TooLong => park(ParkReason::Schema),
    }
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
