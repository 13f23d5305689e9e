//! What setting and changing tasks comes to.

use mobile_schema::canonical::Encoder;
use mobile_schema::{Hash, Value};
use serde::{Deserialize, Serialize};
use sync_protocol::RecordId;
use sync_protocol::op::{Change, Fields};
use utoipa::ToSchema;
use uuid::Uuid;

use super::field;

/// Where a task stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TaskState)]
pub(super) enum State {
    #[default]
    Open,
    Done,
    Dropped,
}

impl State {
    /// As it is stored.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Dropped => "dropped",
        }
    }
}

/// The task that a batch sets for a household: sent again, it is the same.
pub(super) fn id_in(batch: Uuid, household: RecordId) -> RecordId {
    let mut encoder = Encoder::new();
    encoder.array(3).text("task").bytes(batch.as_bytes()).bytes(household.0.as_bytes());
    RecordId::derived(&Hash::of(&encoder.finish()))
}

/// A new task.
pub(super) fn set(household: RecordId, title: &str, due: Option<&str>) -> Change {
    let mut fields = Fields::from([
        (field::SUBJECT, household.to_string().into()),
        (field::TITLE, title.into()),
        (field::STATUS, State::Open.name().into()),
    ]);
    fields.extend(due.map(|due| (field::DUE, due.into())));
    Change::Create { fields }
}

/// What makes a task that has these fields into one that says so; nothing where it does already.
pub(super) fn changes(
    known: &Fields,
    title: &str,
    due: Option<&str>,
    state: State,
    words: &str,
) -> Vec<Change> {
    let text = |id| known.get(&id).and_then(Value::as_text);
    let mut patch = Fields::new();
    if text(field::TITLE) != Some(title) {
        patch.insert(field::TITLE, title.into());
    }
    if text(field::DUE) != due {
        patch.insert(field::DUE, due.map_or(Value::Null, Value::from));
    }
    let mut changes = Vec::new();
    if !patch.is_empty() {
        changes.push(Change::Patch { fields: patch });
    }
    let from = text(field::STATUS).unwrap_or(State::Open.name());
    if from != state.name() {
        changes.push(Change::Transition {
            field: field::STATUS,
            from: from.to_owned(),
            to: state.name().to_owned(),
        });
    }
    if !words.is_empty() {
        changes.push(Change::Add { field: field::NOTES, element: words.into() });
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_other_than_before_is_changed() {
        let household = RecordId(Uuid::from_u128(7));
        let Change::Create { fields } = set(household, "核实住房", Some("2026-11-30")) else {
            panic!("a task is made")
        };
        assert_eq!(changes(&fields, "核实住房", Some("2026-11-30"), State::Open, ""), []);
        let patch = Fields::from([(field::DUE, Value::Null)]);
        let expected = [
            Change::Patch { fields: patch },
            Change::Transition { field: field::STATUS, from: "open".into(), to: "done".into() },
            Change::Add { field: field::NOTES, element: "已核实".into() },
        ];
        assert_eq!(changes(&fields, "核实住房", None, State::Done, "已核实"), expected);
    }

    #[test]
    fn a_batch_that_is_sent_again_sets_the_same_tasks() {
        let [one, two] = [1, 2].map(Uuid::from_u128);
        assert_eq!(id_in(one, RecordId(two)), id_in(one, RecordId(two)));
        assert_ne!(id_in(one, RecordId(two)), id_in(two, RecordId(two)));
        assert_ne!(id_in(one, RecordId(two)), id_in(one, RecordId(one)));
    }
}
