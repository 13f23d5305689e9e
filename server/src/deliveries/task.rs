//! A task for each record that a household is still to be told of.

use diesel::QueryResult;
use mobile_schema::canonical::Encoder;
use mobile_schema::notice::NoticeTemplate;
use mobile_schema::register::Role;
use mobile_schema::{Catalogue, Hash, Value};
use sync_protocol::op::{Change, Fields};
use sync_protocol::{Record, RecordId};

use super::queries;
use crate::db::AnyConnection;
use crate::tasks::field;

/// That a household is to be told of a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Task {
    about: RecordId,
    household: String,
    title: String,
    due: Option<String>,
    end: Option<End>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Told,
    Gone,
}

impl Task {
    /// What is to be done about a record; nothing where it belongs to no household.
    pub(crate) fn of(
        connection: &mut AnyConnection,
        about: &Record,
        template: &NoticeTemplate,
        definitions: &Catalogue,
    ) -> QueryResult<Option<Self>> {
        let current = || definitions.current(&about.collection).map(|(_, current)| current);
        let Some(definition) = definitions.get(&about.definition).or_else(current) else {
            return Ok(None);
        };
        let text = |role| {
            let field = definition.field_with_role(role)?;
            about.fields.get(&field.id).and_then(Value::as_text).map(str::to_owned)
        };
        let Some(household) = text(Role::Subject) else { return Ok(None) };
        let end = match about.deleted {
            true => Some(End::Gone),
            false if queries::was_told(connection, about.id)? => Some(End::Told),
            false => None,
        };
        let notice = template.title.in_language("zh-CN");
        let title = match text(Role::Title) {
            Some(what) if !what.is_empty() => format!("{notice}：{what}"),
            _ => notice.to_owned(),
        };
        let title = title.chars().take(200).collect();
        Ok(Some(Self { about: about.id, household, title, due: text(Role::Due), end }))
    }

    /// Its record: always the same for the same record.
    pub(crate) fn id(&self) -> RecordId {
        let mut encoder = Encoder::new();
        encoder.array(2).text("delivery").bytes(self.about.0.as_bytes());
        RecordId::derived(&Hash::of(&encoder.finish()))
    }

    /// What to do about it, where this is what is known of it.
    pub(crate) fn changes(&self, known: Option<&Fields>) -> Vec<Change> {
        let told = || {
            let due = self.due.as_deref().map_or(Value::Null, Value::from);
            Fields::from([(field::TITLE, self.title.as_str().into()), (field::DUE, due)])
        };
        let Some(known) = known else {
            // What is due on no day is on a list, and nobody's task.
            if self.end.is_some() || self.due.is_none() {
                return Vec::new();
            }
            let mut fields = told();
            fields.insert(field::SUBJECT, self.household.as_str().into());
            fields.insert(field::STATUS, "open".into());
            return vec![Change::Create { fields }];
        };
        let mut changes = Vec::new();
        let is = |(id, value): &(u32, Value)| known.get(id).unwrap_or(&Value::Null) == value;
        let others: Fields = told().into_iter().filter(|one| !is(one)).collect();
        if self.end.is_none() && !others.is_empty() {
            changes.push(Change::Patch { fields: others });
        }
        let status = known.get(&field::STATUS).and_then(Value::as_text).unwrap_or("open");
        let wanted = match self.end {
            None => "open",
            Some(End::Told) => "done",
            Some(End::Gone) => "dropped",
        };
        // A person who dropped it knows why.
        if status != wanted && status != "dropped" {
            changes.push(Change::Transition {
                field: field::STATUS,
                from: status.to_owned(),
                to: wanted.to_owned(),
            });
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn task(end: Option<End>) -> Task {
        Task {
            about: RecordId(Uuid::from_u128(7)),
            household: Uuid::from_u128(8).to_string(),
            title: "告知书".into(),
            due: Some("2026-11-30".into()),
            end,
        }
    }

    fn known(status: &str) -> Fields {
        let Some(Change::Create { mut fields }) = task(None).changes(None).pop() else {
            panic!("a new task")
        };
        fields.insert(field::STATUS, status.into());
        fields
    }

    fn move_to(from: &str, to: &str) -> Vec<Change> {
        let (from, to) = (from.to_owned(), to.to_owned());
        vec![Change::Transition { field: field::STATUS, from, to }]
    }

    #[test]
    fn a_task_ends_when_the_household_was_told() {
        assert_eq!(task(None).changes(Some(&known("open"))), []);
        assert_eq!(task(Some(End::Told)).changes(Some(&known("open"))), move_to("open", "done"));
        assert_eq!(task(Some(End::Told)).changes(Some(&known("done"))), []);
        assert_eq!(task(Some(End::Gone)).changes(Some(&known("open"))), move_to("open", "dropped"));
        assert_eq!(task(None).changes(Some(&known("dropped"))), []);
    }

    #[test]
    fn what_is_told_or_due_on_no_day_is_no_task() {
        assert_eq!(task(Some(End::Told)).changes(None), []);
        assert_eq!(Task { due: None, ..task(None) }.changes(None), []);
    }

    #[test]
    fn another_day_is_told() {
        let later = Task { due: Some("2026-12-31".into()), ..task(None) };
        let fields = Fields::from([(field::DUE, "2026-12-31".into())]);
        assert_eq!(later.changes(Some(&known("open"))), [Change::Patch { fields }]);
    }
}
