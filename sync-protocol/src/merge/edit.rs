//! Edits of a record that exists.

use std::collections::{BTreeMap, BTreeSet};

use mobile_schema::{Field, FieldId, MergePolicy, RegisterDefinition, Value};

use super::conflict::{Clash, FieldMap, Side};
use super::{Authority, Board, Numbered, Refusal, park, reject};
use crate::mutant::{self, Mutant};
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
        if !self.may_write(&record.scope) {
            return Err(park(ParkReason::Scope));
        }
        if record.collection != op.collection {
            return Err(park(ParkReason::Unknown));
        }
        if record.deleted && !mutant::is_on(Mutant::Resurrection) {
            let again = matches!(op.change, Change::Delete);
            return if again {
                Ok(Outcome::Applied { version: record.version })
            } else {
                Err(park(ParkReason::Deleted))
            };
        }
        if definition.insert_only && !mutant::is_on(Mutant::SignedChanges) {
            return Err(reject(RejectReason::Immutable));
        }
        if !self.may_want(op) {
            return Err(park(ParkReason::Role));
        }
        let moves_on = matches!(op.change, Change::Transition { .. });
        if !moves_on && !self.amends && self.is_locked(record, definition) {
            return Err(park(ParkReason::Locked));
        }
        let base = self.credible(op.base, record);
        let behind = self.newest_unseen(record, base).is_some();
        let mut draft = self.draft(numbered, definition, record.clone(), base);
        if mutant::is_on(Mutant::Resurrection) {
            draft.record.deleted = false;
        }
        match &op.change {
            Change::Patch { fields } => draft.patch(fields)?,
            Change::Create { fields } => draft.create_again(fields)?,
            Change::Delete => draft.delete(),
            Change::Move { to } => draft.move_to(&op.scope, to)?,
            Change::Add { field, element } => draft.add(*field, element)?,
            Change::Remove { field, element } => draft.remove(*field, element)?,
            Change::Delta { field, by } => draft.delta(*field, *by)?,
            Change::Transition { field, from, to } => draft.transition(*field, from, to)?,
            Change::Sign { fields } if mutant::is_on(Mutant::SignedChanges) => {
                draft.patch(fields)?;
            }
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

    /// Whether the record waits for a person, by the newest definition or by the operation's.
    pub(super) fn is_locked(&self, record: &Record, definition: &RegisterDefinition) -> bool {
        let value_of = |id| record.fields.get(&id).cloned();
        let newest = self.catalogue.current(&record.collection);
        let locked = definition.is_locked(value_of)
            || newest.is_some_and(|(_, newest)| newest.is_locked(value_of));
        locked && !mutant::is_on(Mutant::LockIgnored)
    }

    /// The base, unless the record never had that version: a tablet that says so has a damaged
    /// store, and is believed to have seen nothing.
    fn credible(&self, base: Option<Version>, record: &Record) -> Option<Version> {
        let current = self.lineage.current();
        let reached = |base: &Version| {
            base.epoch != current || (record.version.epoch == current && base.n <= record.version.n)
        };
        base.filter(reached)
    }

    /// The newest write by others that the maker of an edit based on `base` knew nothing of.
    fn newest_unseen<'r>(&self, record: &'r Record, base: Option<Version>) -> Option<&'r Mark> {
        let marks = &record.marks;
        std::iter::once(&marks.created)
            .chain(marks.fields.values())
            .chain(marks.elements.values().flat_map(BTreeMap::values))
            .filter(|mark| self.is_unseen(mark, base))
            .max_by_key(|mark| mark.version.n)
    }
}

impl Draft<'_> {
    /// The field as the newest definition has it, or as the operation's has where the newest
    /// has it no longer: an operation made with an older definition is mapped up.
    fn field(&self, id: FieldId) -> Result<&Field, Refusal> {
        let newest = self.authority.catalogue.current(&self.record.collection);
        newest
            .and_then(|(_, newest)| newest.field(id))
            .or_else(|| self.definition.field(id))
            .ok_or_else(|| park(ParkReason::Schema))
    }

    /// The fields that make sense only together with `ids`: by the newest definition, and by the
    /// operation's where that groups them otherwise.
    fn fellows(&self, ids: impl Iterator<Item = FieldId>) -> BTreeSet<FieldId> {
        let ids: BTreeSet<FieldId> = ids.collect();
        let newest = self.authority.catalogue.current(&self.record.collection);
        let newest = newest.map(|(_, newest)| &**newest);
        let mut fellows = ids.clone();
        for definition in newest.into_iter().chain([self.definition]) {
            let group_of = |id: &FieldId| definition.field(*id).map(Field::group);
            let groups: BTreeSet<_> = ids.iter().filter_map(group_of).collect();
            let members = definition.fields.iter().filter(|field| groups.contains(&field.group()));
            fellows.extend(members.map(|field| field.id));
            fellows.extend(groups);
        }
        fellows
    }

    /// The newest write of any of these fields that the maker of the operation knew nothing of.
    fn unseen_write(&self, fields: &BTreeSet<FieldId>) -> Option<Mark> {
        let marks = fields.iter().map(|id| self.record.marks.field(*id));
        let unseen = marks.filter(|mark| self.authority.is_unseen(mark, self.base));
        unseen.max_by_key(|mark| mark.version.n).cloned()
    }

    fn patch(&mut self, fields: &Fields) -> Result<(), Refusal> {
        let mut groups: BTreeMap<FieldId, (MergePolicy, Fields)> = BTreeMap::new();
        for (id, value) in fields {
            if mutant::is_on(Mutant::UnknownFieldDropped) && self.field(*id).is_err() {
                continue;
            }
            let field = self.field(*id)?;
            let policy = field.policy();
            match policy {
                MergePolicy::Latest | MergePolicy::Authority => {}
                // Whoever set it had seen no status: it begins there, or is in conflict.
                MergePolicy::CompareAndSet if !value.is_null() => {
                    self.begin_at(*id, value)?;
                    continue;
                }
                _ => return Err(park(ParkReason::Schema)),
            }
            groups
                .entry(field.group())
                .or_insert((policy, Fields::new()))
                .1
                .insert(*id, field.mapped_up(value.clone()));
        }
        for (group, (policy, values)) in groups {
            self.merge_group(group, policy, values);
        }
        Ok(())
    }

    /// A record that is there already is made again, by a tablet that did not know it: what both
    /// say stands, and where they differ is in conflict.
    fn create_again(&mut self, fields: &Fields) -> Result<(), Refusal> {
        let mut patch = Fields::new();
        for (id, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            let field = self.field(*id)?;
            let (policy, group) = (field.policy(), field.group());
            let value = &field.mapped_up(value.clone());
            match policy {
                MergePolicy::Latest | MergePolicy::Authority => {
                    patch.insert(*id, value.clone());
                }
                MergePolicy::AddWins | MergePolicy::Append => {
                    let known = self.record.fields.get(id).and_then(Value::as_list);
                    let known = known.unwrap_or_default().to_vec();
                    let elements = value.as_list().ok_or_else(|| park(ParkReason::Schema))?;
                    for element in elements.iter().filter(|element| !known.contains(element)) {
                        self.add(*id, element)?;
                    }
                }
                MergePolicy::Delta => {
                    self.merge_group(
                        group,
                        MergePolicy::Authority,
                        Fields::from([(*id, value.clone())]),
                    );
                }
                MergePolicy::CompareAndSet => self.begin_at(*id, value)?,
            }
        }
        self.patch(&patch)
    }

    /// A status that is set by whoever had seen none.
    fn begin_at(&mut self, id: FieldId, value: &Value) -> Result<(), Refusal> {
        let to = value.as_text().ok_or_else(|| park(ParkReason::Schema))?.to_owned();
        self.transition(id, "", &to)
    }

    /// Merges new values of one group into the record.
    pub(super) fn merge_group(&mut self, group: FieldId, policy: MergePolicy, values: Fields) {
        let current = self.current(values.keys().copied());
        if current == values && !mutant::is_on(Mutant::EqualValuesClash) {
            return;
        }
        let fellows = if mutant::is_on(Mutant::RegroupedForgotten) {
            BTreeSet::from([group])
        } else {
            self.fellows(values.keys().copied())
        };
        let Some(mark) = self.unseen_write(&fellows) else {
            return self.write_values(values);
        };
        // What stands is what others wrote of the group, not only what this would replace.
        let unseen = fellows
            .into_iter()
            .filter(|id| self.authority.is_unseen(self.record.marks.field(*id), self.base))
            .filter(|id| self.record.fields.contains_key(id));
        let at_stake = values.keys().copied().chain(unseen).collect::<BTreeSet<_>>();
        let current = self.current(at_stake.into_iter());
        let standing = Side { values: Value::from_fields(&current), mark };
        let incoming = Side { values: Value::from_fields(&values), mark: self.mark.clone() };
        let later = incoming.mark.at > standing.mark.at;
        let incoming_stands = match policy {
            MergePolicy::Latest => later != mutant::is_on(Mutant::EarlierWins),
            _ => mutant::is_on(Mutant::AuthorityOverwritten),
        };
        if incoming_stands {
            self.write_values(values);
            self.clash(group, policy, incoming, standing);
        } else {
            self.clash(group, policy, standing, incoming);
        }
    }

    /// The record's values of these fields, as the newest definition holds them.
    fn current(&self, ids: impl Iterator<Item = FieldId>) -> Fields {
        let of = |id| {
            let value = self.record.fields.get(&id).cloned().unwrap_or(Value::Null);
            match self.field(id) {
                Ok(field) => field.mapped_up(value),
                Err(_) => value,
            }
        };
        ids.map(|id| (id, of(id))).collect()
    }

    pub(super) fn write_values(&mut self, values: Fields) {
        for (id, value) in values {
            // What a conflict keeps may be older than the field's type.
            let value = match self.field(id) {
                Ok(field) => field.mapped_up(value),
                Err(_) => value,
            };
            if value.is_null() {
                self.record.fields.remove(&id);
            } else {
                self.record.fields.insert(id, value);
            }
            self.touch(id);
        }
    }

    pub(super) fn touch(&mut self, field: FieldId) {
        self.record.marks.fields.insert(field, self.mark.clone());
        self.changed = true;
    }

    fn clash(&mut self, group: FieldId, policy: MergePolicy, winner: Side, loser: Side) {
        self.clashes.push(Clash { group, policy, winner, loser });
    }

    fn delete(&mut self) {
        let unseen = self.authority.newest_unseen(&self.record, self.base).cloned();
        if let Some(standing) = unseen.filter(|_| !mutant::is_on(Mutant::DeletionWins)) {
            let winner = Side { values: Value::named("deleted", false), mark: standing };
            let loser = Side { values: Value::named("deleted", true), mark: self.mark.clone() };
            return self.clash(RECORD, MergePolicy::Authority, winner, loser);
        }
        self.record.deleted = true;
        self.touch(RECORD);
    }

    fn move_to(&mut self, from: &ScopeId, to: &ScopeId) -> Result<(), Refusal> {
        if !self.authority.may_write(to) {
            return Err(park(ParkReason::Scope));
        }
        if self.record.scope == *to {
            return Ok(());
        }
        let mark = self.record.marks.field(RECORD).clone();
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
        let policy = field.policy();
        let text = element.as_text().ok_or_else(|| park(ParkReason::Schema))?;
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
                self.set_of(id, |items| {
                    if mutant::is_on(Mutant::NotesReplaced) {
                        items.clear();
                    }
                    items.push(note);
                });
                self.touch(id);
            }
            _ => return Err(park(ParkReason::Schema)),
        }
        Ok(())
    }

    fn remove(&mut self, id: FieldId, element: &Value) -> Result<(), Refusal> {
        if self.field(id)?.policy() != MergePolicy::AddWins {
            return Err(park(ParkReason::Schema));
        }
        let text = element.as_text().ok_or_else(|| park(ParkReason::Schema))?;
        let listed = self.record.fields.get(&id).and_then(Value::as_list);
        if !listed.is_some_and(|items| items.contains(element)) {
            return Ok(());
        }
        if self.authority.is_unseen(self.record.marks.element(id, text), self.base)
            && !mutant::is_on(Mutant::RemovalWins)
        {
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
            return Err(park(ParkReason::Schema));
        }
        let count = match self.record.fields.get(&id).and_then(Value::as_integer) {
            Some(count) if !mutant::is_on(Mutant::CountSet) => count,
            _ => 0,
        };
        let sum = count.checked_add(by).ok_or_else(|| park(ParkReason::Schema))?;
        self.record.fields.insert(id, Value::Integer(sum));
        self.touch(id);
        Ok(())
    }

    fn transition(&mut self, id: FieldId, from: &str, to: &str) -> Result<(), Refusal> {
        let field = self.field(id)?;
        let group = field.group();
        if field.policy() != MergePolicy::CompareAndSet || !field.offers(to) {
            // Another definition's, maybe.
            return Err(park(ParkReason::Schema));
        }
        let allowed = field.moves(from, to);
        let current = self.record.fields.get(&id).and_then(Value::as_text).unwrap_or_default();
        if current == to {
            return Ok(());
        }
        let incoming = Fields::from([(id, Value::from(to))]);
        // A move that does not exist is no reason to forget that somebody wanted it.
        if (current == from && allowed) || mutant::is_on(Mutant::StatusUnchecked) {
            self.write_values(incoming);
            return Ok(());
        }
        let mark = self.record.marks.field(id).clone();
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
        let writer = self.authority.writer(numbered);
        let dropped = mutant::is_on(Mutant::LoserDropped);
        let conflicts: Vec<_> = clashes
            .into_iter()
            .filter(|_| !dropped)
            .map(|clash| {
                let conflict = clash.into_record(self.authority, numbered, definition, &record);
                let id = conflict.id;
                board.put(writer, conflict);
                id
            })
            .collect();
        if changed {
            board.put(writer, record);
        }
        match (conflicts.is_empty(), behind || added_wins) {
            (false, _) => Outcome::Conflict { version, conflicts },
            (true, true) => Outcome::Merged { version },
            (true, false) => Outcome::Applied { version },
        }
    }
}
