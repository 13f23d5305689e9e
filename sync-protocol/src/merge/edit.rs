//! Edits of a record that exists.

use std::collections::BTreeMap;

use mobile_schema::{Field, FieldId, FieldType, MergePolicy, RegisterDefinition, Value};

use super::conflict::{Clash, FieldMap, Side};
use super::{Authority, Board, Numbered, Refusal, park, reject};
use crate::op::{Change, Fields};
use crate::outcome::{Outcome, ParkReason, RejectReason};
use crate::record::{Mark, Record};
use crate::{ScopeId, Version};

/// The group that stands for the record's scope and life.
pub(super) const RECORD: FieldId = 0;

/// A record while an operation is applied to it.
pub(super) struct Draft<'a> {
    pub(super) authority: &'a Authority<'a>,
    pub(super) definition: &'a RegisterDefinition,
    pub(super) record: Record,
    /// What the record's version becomes if anything changes.
    pub(super) mark: Mark,
    pub(super) base: Option<Version>,
    pub(super) changed: bool,
    pub(super) clashes: Vec<Clash>,
    added_wins: bool,
}

impl Authority<'_> {
    pub(super) fn edit(
        &self,
        board: &mut Board,
        numbered: &Numbered<'_>,
        definition: &RegisterDefinition,
    ) -> Result<Outcome, Refusal> {
        let op = numbered.op;
        let record = board.get(op.record).ok_or_else(|| park(ParkReason::Unknown))?;
        if !self.scopes.contains(&record.scope) {
            return Err(park(ParkReason::Scope));
        }
        if record.collection != op.collection {
            return Err(reject(RejectReason::Kind));
        }
        if record.deleted {
            let again = matches!(op.change, Change::Delete);
            return if again {
                Ok(Outcome::Applied { version: record.version })
            } else {
                Err(park(ParkReason::Deleted))
            };
        }
        if definition.insert_only {
            return Err(reject(RejectReason::Immutable));
        }
        let moves_on = matches!(op.change, Change::Transition { .. });
        if !moves_on && definition.is_locked(|id| record.fields.get(&id).cloned()) {
            return Err(park(ParkReason::Locked));
        }
        let behind = self.others_wrote(record, op.base);
        let mut draft = self.draft(numbered, definition, record.clone(), op.base);
        match &op.change {
            Change::Patch { fields } | Change::Create { fields } => draft.patch(fields)?,
            Change::Delete => draft.delete(),
            Change::Move { to } => draft.move_to(&op.scope, to)?,
            Change::Add { field, element } => draft.add(*field, element)?,
            Change::Remove { field, element } => draft.remove(*field, element)?,
            Change::Delta { field, by } => draft.delta(*field, *by)?,
            Change::Transition { field, from, to } => draft.transition(*field, from, to)?,
            Change::Sign { .. } | Change::Resolve { .. } => {
                return Err(reject(RejectReason::Kind));
            }
        }
        if draft.changed {
            draft.follow_definition(op.definition);
        }
        Ok(draft.settle(board, numbered, behind))
    }

    pub(super) fn draft<'a>(
        &'a self,
        numbered: &Numbered<'_>,
        definition: &'a RegisterDefinition,
        record: Record,
        base: Option<Version>,
    ) -> Draft<'a> {
        let next = Version { epoch: self.lineage.current(), n: record.version.n + 1 };
        let mark = self.mark(numbered, next);
        Draft {
            authority: self,
            definition,
            record,
            mark,
            base,
            changed: false,
            clashes: Vec::new(),
            added_wins: false,
        }
    }

    fn others_wrote(&self, record: &Record, base: Option<Version>) -> bool {
        let marks = &record.marks;
        std::iter::once(&marks.created)
            .chain(marks.groups.values())
            .chain(marks.elements.values().flat_map(BTreeMap::values))
            .any(|mark| self.is_unseen(mark, base))
    }
}

impl Draft<'_> {
    fn field(&self, id: FieldId) -> Result<&Field, Refusal> {
        self.definition.field(id).ok_or_else(|| park(ParkReason::Schema))
    }

    fn patch(&mut self, fields: &Fields) -> Result<(), Refusal> {
        let mut groups: BTreeMap<FieldId, (MergePolicy, Fields)> = BTreeMap::new();
        for (id, value) in fields {
            let field = self.field(*id)?;
            let policy = field.policy();
            if !matches!(policy, MergePolicy::Latest | MergePolicy::Authority) {
                return Err(reject(RejectReason::Kind));
            }
            groups
                .entry(field.group())
                .or_insert((policy, Fields::new()))
                .1
                .insert(*id, value.clone());
        }
        for (group, (policy, values)) in groups {
            self.merge_group(group, policy, values);
        }
        Ok(())
    }

    /// Merges new values of one group into the record.
    pub(super) fn merge_group(&mut self, group: FieldId, policy: MergePolicy, values: Fields) {
        let current = self.current(&values);
        if current == values {
            return;
        }
        let mark = self.record.marks.group(group).clone();
        if !self.authority.is_unseen(&mark, self.base) {
            return self.write_group(group, values);
        }
        let standing = Side { values: Value::from_fields(&current), mark };
        let incoming = Side { values: Value::from_fields(&values), mark: self.mark.clone() };
        let incoming_stands = policy == MergePolicy::Latest && incoming.mark.at > standing.mark.at;
        if incoming_stands {
            self.write_group(group, values);
            self.clash(group, policy, incoming, standing);
        } else {
            self.clash(group, policy, standing, incoming);
        }
    }

    /// The record's values of the fields that `values` sets.
    fn current(&self, values: &Fields) -> Fields {
        let of = |id| self.record.fields.get(id).cloned().unwrap_or(Value::Null);
        values.keys().map(|id| (*id, of(id))).collect()
    }

    pub(super) fn write_group(&mut self, group: FieldId, values: Fields) {
        for (id, value) in values {
            if value.is_null() {
                self.record.fields.remove(&id);
            } else {
                self.record.fields.insert(id, value);
            }
        }
        self.touch(group);
    }

    pub(super) fn touch(&mut self, group: FieldId) {
        self.record.marks.groups.insert(group, self.mark.clone());
        self.changed = true;
    }

    fn clash(&mut self, group: FieldId, policy: MergePolicy, winner: Side, loser: Side) {
        self.clashes.push(Clash { group, policy, winner, loser });
    }

    fn delete(&mut self) {
        if self.authority.others_wrote(&self.record, self.base) {
            let standing = self.latest_mark();
            let winner = Side { values: Value::named("deleted", false), mark: standing };
            let loser = Side { values: Value::named("deleted", true), mark: self.mark.clone() };
            return self.clash(RECORD, MergePolicy::Authority, winner, loser);
        }
        self.record.deleted = true;
        self.touch(RECORD);
    }

    fn latest_mark(&self) -> Mark {
        let marks = &self.record.marks;
        let all = std::iter::once(&marks.created).chain(marks.groups.values());
        all.max_by_key(|mark| mark.version.n).unwrap_or(&marks.created).clone()
    }

    fn move_to(&mut self, from: &ScopeId, to: &ScopeId) -> Result<(), Refusal> {
        if !self.authority.scopes.contains(to) {
            return Err(park(ParkReason::Scope));
        }
        if self.record.scope == *to {
            return Ok(());
        }
        let mark = self.record.marks.group(RECORD).clone();
        if self.record.scope != *from && self.authority.is_unseen(&mark, self.base) {
            let winner = Side { values: Value::named("scope", self.record.scope.as_str()), mark };
            let loser =
                Side { values: Value::named("scope", to.as_str()), mark: self.mark.clone() };
            self.clash(RECORD, MergePolicy::Authority, winner, loser);
            return Ok(());
        }
        self.record.scope = to.clone();
        self.touch(RECORD);
        Ok(())
    }

    fn add(&mut self, id: FieldId, element: &Value) -> Result<(), Refusal> {
        let field = self.field(id)?;
        let (policy, group) = (field.policy(), field.group());
        let text = element.as_text().ok_or_else(|| reject(RejectReason::Value))?;
        match policy {
            MergePolicy::AddWins => {
                self.set_of(id, |items| {
                    if !items.contains(element) {
                        items.push(element.clone());
                    }
                });
                // Added again counts as added now, so that a removal which did not see it loses.
                let marks = self.record.marks.elements.entry(id).or_default();
                marks.insert(text.to_owned(), self.mark.clone());
                self.changed = true;
            }
            MergePolicy::Append => {
                let mark = self.mark.clone();
                let note = Value::Map(
                    [
                        ("text".to_owned(), element.clone()),
                        ("author".to_owned(), mark.author.to_string().into()),
                        ("at".to_owned(), mark.at.wall.into()),
                    ]
                    .into(),
                );
                self.set_of(id, |items| items.push(note));
                self.touch(group);
            }
            _ => return Err(reject(RejectReason::Kind)),
        }
        Ok(())
    }

    fn remove(&mut self, id: FieldId, element: &Value) -> Result<(), Refusal> {
        if self.field(id)?.policy() != MergePolicy::AddWins {
            return Err(reject(RejectReason::Kind));
        }
        let text = element.as_text().ok_or_else(|| reject(RejectReason::Value))?;
        let listed = self.record.fields.get(&id).and_then(Value::as_list);
        if !listed.is_some_and(|items| items.contains(element)) {
            return Ok(());
        }
        if self.authority.is_unseen(self.record.marks.element(id, text), self.base) {
            self.added_wins = true;
            return Ok(());
        }
        self.set_of(id, |items| items.retain(|item| item != element));
        if let Some(marks) = self.record.marks.elements.get_mut(&id) {
            marks.remove(text);
        }
        self.changed = true;
        Ok(())
    }

    fn set_of(&mut self, id: FieldId, change: impl FnOnce(&mut Vec<Value>)) {
        let entry = self.record.fields.entry(id).or_insert_with(|| Value::List(Vec::new()));
        if !matches!(entry, Value::List(_)) {
            *entry = Value::List(Vec::new());
        }
        if let Value::List(items) = entry {
            change(items);
        }
    }

    fn delta(&mut self, id: FieldId, by: i64) -> Result<(), Refusal> {
        let field = self.field(id)?;
        if field.policy() != MergePolicy::Delta {
            return Err(reject(RejectReason::Kind));
        }
        let group = field.group();
        let count = self.record.fields.get(&id).and_then(Value::as_integer).unwrap_or(0);
        let sum = count.checked_add(by).ok_or_else(|| reject(RejectReason::Value))?;
        self.record.fields.insert(id, Value::Integer(sum));
        self.touch(group);
        Ok(())
    }

    fn transition(&mut self, id: FieldId, from: &str, to: &str) -> Result<(), Refusal> {
        let field = self.field(id)?;
        let group = field.group();
        let FieldType::Status { choices, transitions, .. } = &field.kind else {
            return Err(reject(RejectReason::Kind));
        };
        let known = choices.iter().any(|choice| choice.name == to);
        let allowed =
            transitions.is_empty() || transitions.iter().any(|(a, b)| a == from && b == to);
        if !known || !allowed {
            return Err(reject(RejectReason::Kind));
        }
        let current = self.record.fields.get(&id).and_then(Value::as_text).unwrap_or_default();
        if current == to {
            return Ok(());
        }
        let incoming = Fields::from([(id, Value::from(to))]);
        if current == from {
            self.write_group(group, incoming);
            return Ok(());
        }
        let mark = self.record.marks.group(group).clone();
        let standing = Fields::from([(id, Value::from(current))]);
        let winner = Side { values: Value::from_fields(&standing), mark };
        let loser = Side { values: Value::from_fields(&incoming), mark: self.mark.clone() };
        self.clash(group, MergePolicy::CompareAndSet, winner, loser);
        Ok(())
    }

    /// A record follows the newest definition that wrote to it.
    fn follow_definition(&mut self, written_with: mobile_schema::Hash) {
        let known = self.authority.catalogue.get(&self.record.definition);
        if known.is_none_or(|known| known.version <= self.definition.version) {
            self.record.definition = written_with;
        }
    }

    /// Puts the record and its conflicts on the board and says what became of the operation.
    pub(super) fn settle(
        self,
        board: &mut Board,
        numbered: &Numbered<'_>,
        behind: bool,
    ) -> Outcome {
        let Self { mut record, mark, changed, clashes, added_wins, definition, .. } = self;
        if changed {
            record.version = mark.version;
        }
        let version = record.version;
        let conflicts: Vec<_> = clashes
            .into_iter()
            .map(|clash| {
                let conflict = clash.into_record(self.authority, numbered, definition, &record);
                let id = conflict.id;
                board.put(numbered, conflict);
                id
            })
            .collect();
        if changed {
            board.put(numbered, record);
        }
        match (conflicts.is_empty(), behind || added_wins) {
            (false, _) => Outcome::Conflict { version, conflicts },
            (true, true) => Outcome::Merged { version },
            (true, false) => Outcome::Applied { version },
        }
    }
}
