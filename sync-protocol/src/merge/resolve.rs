//! A person settles a conflict.

use mobile_schema::{Field, FieldId, FieldType, MergePolicy, RegisterDefinition, Value};

use super::conflict::{FieldMap, field};
use super::edit::RECORD;
use super::{Authority, Board, Numbered, Refusal, park, reject, unfit};
use crate::mutant::{self, Mutant};
use crate::op::{Fields, Resolution};
use crate::outcome::{Outcome, ParkReason, RejectReason};
use crate::record::Record;
use crate::{RecordId, ScopeId, Version};

impl Authority<'_> {
    pub(super) fn resolve(
        &self,
        board: &mut Board,
        numbered: &Numbered<'_>,
        choice: &Resolution,
        reason: &str,
    ) -> Result<Outcome, Refusal> {
        let conflict =
            board.get(numbered.op.record).ok_or_else(|| park(ParkReason::Unknown))?.clone();
        if conflict.collection != "conflict" {
            return Err(reject(RejectReason::Kind));
        }
        if !self.may_write(&conflict.scope) {
            return Err(park(ParkReason::Scope));
        }
        let state = match choice {
            Resolution::Keep => "kept",
            Resolution::Swap => "swapped",
            Resolution::Edit { .. } => "edited",
        };
        match text(&conflict, field::STATE) {
            Some("open") => {}
            Some(settled) if settled == state && state != "edited" => {
                return Ok(Outcome::Applied { version: conflict.version });
            }
            // Somebody settled it otherwise meanwhile: their decision stands, this one waits.
            _ if mutant::is_on(Mutant::SettledTwice) => {}
            _ => return Err(park(ParkReason::Locked)),
        }
        let raised = self.carry_out(board, numbered, &conflict, choice)?;
        let version = self.close(board, numbered, conflict, state, reason);
        Ok(match raised {
            conflicts if conflicts.is_empty() => Outcome::Applied { version },
            conflicts => Outcome::Conflict { version, conflicts },
        })
    }

    /// Writes the chosen values to the record the conflict is about. Whoever wrote there since
    /// the conflict arose is not overwritten: that is a new conflict.
    fn carry_out(
        &self,
        board: &mut Board,
        numbered: &Numbered<'_>,
        conflict: &Record,
        choice: &Resolution,
    ) -> Result<Vec<RecordId>, Refusal> {
        let loser = conflict.fields.get(&field::LOSER).and_then(|side| side.get("values"));
        let chosen = match (choice, loser) {
            (Resolution::Keep, _) | (Resolution::Swap, None) => return Ok(Vec::new()),
            (Resolution::Swap, Some(values)) => values.clone(),
            (Resolution::Edit { fields }, _) => Value::from_fields(fields),
        };
        let subject: Option<RecordId> =
            text(conflict, field::RECORD).and_then(|id| id.parse().ok());
        let Some(record) = subject.and_then(|id| board.get(id)).filter(|record| !record.deleted)
        else {
            return Ok(Vec::new());
        };
        if !self.may_write(&record.scope) {
            return Err(park(ParkReason::Scope));
        }
        let definition = self
            .catalogue
            .current(&record.collection)
            .map(|(_, definition)| definition)
            .ok_or_else(|| park(ParkReason::Schema))?;
        let group = conflict.fields.get(&field::GROUP).and_then(Value::as_integer).unwrap_or(0);
        let group = FieldId::try_from(group).unwrap_or(RECORD);
        let is_status = definition
            .field(group)
            .is_some_and(|field| matches!(field.kind, FieldType::Status { .. }));
        if !is_status && !self.amends && self.is_locked(record, definition) {
            return Err(park(ParkReason::Locked));
        }
        let base = winner_version(conflict);
        let mut draft = self.draft(numbered, definition, record.clone(), base);
        if group == RECORD {
            if chosen.get("deleted") == Some(&Value::Bool(true)) {
                draft.record.deleted = true;
                draft.touch(RECORD);
            } else if let Some(scope) = chosen.get("scope").and_then(Value::as_text) {
                let scope: ScopeId = scope.parse().map_err(|_| reject(RejectReason::Value))?;
                if !self.may_write(&scope) {
                    return Err(park(ParkReason::Scope));
                }
                draft.record.scope = scope;
                draft.touch(RECORD);
            }
        } else {
            let values = chosen.to_fields();
            check_group(definition, group, conflict, &values)?;
            // A status that no definition here knows is not brought in by choosing it.
            let is_offered = |(id, value): (&FieldId, &Value)| {
                let status = definition.field(*id).filter(|_| is_status).zip(value.as_text());
                status.is_none_or(|(field, status)| field.offers(status))
            };
            if !values.iter().all(is_offered) {
                return Err(park(ParkReason::Schema));
            }
            // Nor is one reached by a way that does not lead there.
            let moves = |(id, value): (&FieldId, &Value)| {
                let now = record.fields.get(id).and_then(Value::as_text).unwrap_or_default();
                let status = definition.field(*id).filter(|_| is_status).zip(value.as_text());
                status.is_none_or(|(field, to)| now == to || field.moves(now, to))
            };
            if !values.iter().all(moves) && !mutant::is_on(Mutant::SettledAnyhow) {
                return Err(park(ParkReason::Role));
            }
            if mutant::is_on(Mutant::SettlementOverwrites) {
                draft.write_values(values);
            } else {
                draft.merge_group(group, MergePolicy::Authority, values);
            }
        }
        match draft.settle(board, numbered, false) {
            Outcome::Conflict { conflicts, .. } => Ok(conflicts),
            _ => Ok(Vec::new()),
        }
    }

    fn close(
        &self,
        board: &mut Board,
        numbered: &Numbered<'_>,
        mut conflict: Record,
        state: &str,
        reason: &str,
    ) -> Version {
        let version = Version { epoch: self.lineage.current(), n: conflict.version.n + 1 };
        let mark = self.mark(numbered, version);
        let resolution = [
            ("by", mark.author.to_string().into()),
            ("at", mark.at.wall.into()),
            ("reason", reason.into()),
        ];
        let resolution = resolution.map(|(name, value): (&str, Value)| (name.to_owned(), value));
        conflict.fields.insert(field::STATE, state.into());
        conflict.fields.insert(field::RESOLUTION, Value::Map(resolution.into()));
        conflict.marks.fields.insert(field::STATE, mark);
        conflict.version = version;
        board.put(self.writer(numbered), conflict);
        version
    }
}

/// New values must be what the conflict is about, and fit their fields. A field may have been
/// grouped otherwise when the conflict arose.
fn check_group(
    definition: &RegisterDefinition,
    group: FieldId,
    conflict: &Record,
    values: &Fields,
) -> Result<(), Refusal> {
    let sides = [field::WINNER, field::LOSER].map(|side| conflict.fields.get(&side));
    let at_stake: Vec<Fields> = sides
        .into_iter()
        .flatten()
        .filter_map(|side| side.get("values"))
        .map(FieldMap::to_fields)
        .collect();
    let group = definition.field(group).map_or(group, Field::group);
    for (id, value) in values {
        let field = definition.field(*id).ok_or_else(|| park(ParkReason::Schema))?;
        let named = at_stake.iter().any(|values| values.contains_key(id));
        if !named && field.group() != group {
            return Err(reject(RejectReason::Kind));
        }
        field.check(value).map_err(unfit)?;
    }
    Ok(())
}

fn text(record: &Record, id: FieldId) -> Option<&str> {
    record.fields.get(&id).and_then(Value::as_text)
}

fn winner_version(conflict: &Record) -> Option<Version> {
    let winner = conflict.fields.get(&field::WINNER)?;
    let epoch = winner.get("epoch")?.as_text()?.parse().ok()?;
    let n = u64::try_from(winner.get("n")?.as_integer()?).ok()?;
    Some(Version { epoch, n })
}

/// The record a conflict is about, so that it can be put on the board beside it.
pub fn subject_of(conflict: &Record) -> Option<RecordId> {
    text(conflict, field::RECORD).and_then(|id| id.parse().ok())
}
