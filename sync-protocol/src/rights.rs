//! Whether somebody may bring a record from what it was to what it becomes, by the tables of rights
//! of the registers ([`Right`]). Nothing else decides it, for any kind of operation.
//!
//! [`Right`]: mobile_schema::register::Right

use std::collections::BTreeSet;

use mobile_schema::register::{Capacity, Deed, Field, FieldType};
use mobile_schema::{FieldId, RegisterDefinition, Value};

use crate::ScopeId;
use crate::op::{Change, Fields};
use crate::record::Record;

/// The one register whose records a person has for themselves: whatever else left its village for
/// somebody's own scope would be out of sight of all who look after the village.
const ONES_OWN: &str = "task";

/// What was done to a record that may not be done in this capacity, if anything was.
pub fn forbidden(
    definition: &RegisterDefinition,
    capacity: Capacity,
    before: Option<&Record>,
    after: &Record,
) -> Option<Deed> {
    let scope_before = before.map(|before| &before.scope);
    let moved = scope_before.is_some_and(|scope| *scope != after.scope);
    // A person's own list begins there, and is for tasks: what goes there from a village hides.
    let hides = is_ones_own(&after.scope) && (moved || after.collection != ONES_OWN);
    let is_new = before.is_none();
    let deleted = after.deleted && before.is_some_and(|before| !before.deleted);
    // Conflicts are made by merging, and what is signed is named by its content.
    let is_named = definition.server_only || definition.insert_only;
    let forges = is_new && is_derived(after) && !is_named;
    let deeds = [(is_new, Deed::Create), (moved, Deed::Move), (deleted, Deed::Delete)];
    let may = |deed| {
        let visible = !hides || deed == Deed::Delete;
        definition.lets(capacity, deed) && visible && !(forges && capacity == Capacity::Cadre)
    };
    let forbidden = deeds.into_iter().find(|(done, deed)| *done && !may(*deed));
    forbidden.map(|(_, deed)| deed).or_else(|| {
        let nothing = Fields::new();
        let old = before.map_or(&nothing, |before| &before.fields);
        // What is new has some status, if only certain ones may be begun at.
        let begun = definition.fields.iter().filter(|field| is_new && is_status(field));
        let begun: Vec<FieldId> = begun.map(|field| field.id).collect();
        let ids: BTreeSet<FieldId> =
            old.keys().chain(after.fields.keys()).chain(&begun).copied().collect();
        let may = |id: &FieldId| {
            let (from, to) = (old.get(id), after.fields.get(id));
            let field = definition.field(*id);
            (from == to && !begun.contains(id))
                || field.is_none_or(|field| definition.lets_set(capacity, field, from, to))
        };
        (!ids.iter().all(may)).then_some(Deed::Set)
    })
}

/// Whether somebody may want this at all in this capacity: what they may bring about from nowhere
/// is no proposal either.
pub fn may_want(definition: &RegisterDefinition, capacity: Capacity, change: &Change) -> bool {
    match change {
        Change::Transition { field, from, to } => {
            let Some(field) = definition.field(*field) else { return true };
            let from = Some(Value::from(from.as_str())).filter(|_| !from.is_empty());
            definition.lets_set(capacity, field, from.as_ref(), Some(&to.as_str().into()))
        }
        Change::Delete => definition.lets(capacity, Deed::Delete),
        Change::Move { .. } => definition.lets(capacity, Deed::Move),
        // A status that is begun at a record which has one already is a proposal, too.
        Change::Create { fields } | Change::Patch { fields } => fields.iter().all(|(id, value)| {
            let field = definition.field(*id).filter(|field| is_status(field));
            field.is_none_or(|field| definition.lets_set(capacity, field, None, Some(value)))
        }),
        // What these come to is seen in the record.
        _ => true,
    }
}

fn is_status(field: &Field) -> bool {
    matches!(field.kind, FieldType::Status { .. })
}

/// Whether a record's id was derived from something (UUIDv8, RFC 9562), as the server names findings,
/// conflicts and what is taken in of tables: whoever could make such a record beforehand would have
/// the server find its place taken.
fn is_derived(record: &Record) -> bool {
    record.id.0.get_version_num() == 8
}

fn is_ones_own(scope: &ScopeId) -> bool {
    scope.as_str().starts_with("user:")
}

#[cfg(test)]
mod tests {
    use mobile_schema::register::builtin_registers;
    use uuid::Uuid;

    use super::*;
    use crate::record::{Mark, Marks, Writer};
    use crate::{Epoch, Hlc, IncarnationId, RecordId, UserId, Version};

    fn register(name: &str) -> RegisterDefinition {
        builtin_registers().into_iter().find(|one| one.name == name).expect("there is one")
    }

    fn record(collection: &str, fields: &[(FieldId, &str)]) -> Record {
        let version = Version { epoch: Epoch(1), n: 1 };
        let writer = Writer { incarnation: IncarnationId(Uuid::nil()), seq: 1 };
        let at = Hlc { wall: 0, counter: 0, node: 0 };
        let created = Mark { version, writer, author: UserId(Uuid::nil()), at };
        Record {
            id: RecordId(Uuid::nil()),
            collection: collection.to_owned(),
            scope: ScopeId::area("529901100201").expect("a scope"),
            version,
            definition: mobile_schema::Hash([0; 32]),
            deleted: false,
            fields: fields.iter().map(|(id, text)| (*id, Value::from(*text))).collect(),
            marks: Marks::of(created),
        }
    }

    const STATUS: FieldId = 9;

    #[test]
    fn a_cadre_hands_in_and_a_reviewer_decides() {
        let register = register("visit");
        let at = |status: &str| record("visit", &[(STATUS, status)]);
        let goes = |capacity, from: Option<&str>, to: &str| {
            let before = from.map(at);
            forbidden(&register, capacity, before.as_ref(), &at(to)).is_none()
        };
        use Capacity::{Cadre, Office, Reviewer};
        for capacity in [Cadre, Office] {
            assert!(goes(capacity, None, "submitted"));
            assert!(goes(capacity, Some("returned"), "resubmitted"));
            assert!(goes(capacity, Some("approved"), "approved"), "nothing was done");
            for (from, to) in [
                (None, "approved"),
                (Some("submitted"), "in_review"),
                (Some("in_review"), "resubmitted"),
                (Some("rejected"), "in_review"),
                (Some("approved"), "submitted"),
            ] {
                assert!(!goes(capacity, from, to), "{from:?} {to}");
                assert!(goes(Reviewer, from, to));
            }
        }
    }

    #[test]
    fn nothing_goes_out_of_sight() {
        let register = register("household");
        let before = record("household", &[]);
        let mut gone = before.clone();
        gone.deleted = true;
        let deleted = |capacity| forbidden(&register, capacity, Some(&before), &gone);
        assert_eq!(deleted(Capacity::Cadre), Some(Deed::Delete));
        assert_eq!(deleted(Capacity::Office), None);
        let mut away = before.clone();
        away.scope = ScopeId::user(UserId(Uuid::nil()));
        for capacity in [Capacity::Cadre, Capacity::Office, Capacity::Reviewer] {
            let moved = forbidden(&register, capacity, Some(&before), &away);
            assert_eq!(moved, Some(Deed::Move));
            assert_eq!(forbidden(&register, capacity, None, &away), Some(Deed::Create));
        }
        let mut elsewhere = before.clone();
        elsewhere.scope = ScopeId::area("529901100202").expect("a scope");
        assert_eq!(forbidden(&register, Capacity::Cadre, Some(&before), &elsewhere), None);
        // A task begins in one's own list, and goes there from nowhere else.
        let tasks = self::register("task");
        let task = record("task", &[]);
        let mut own = task.clone();
        own.scope = away.scope.clone();
        assert_eq!(forbidden(&tasks, Capacity::Cadre, None, &own), None);
        assert_eq!(forbidden(&tasks, Capacity::Cadre, Some(&task), &own), Some(Deed::Move));
    }

    #[test]
    fn what_begins_has_a_status_and_an_id_of_its_own() {
        let visits = register("visit");
        let none = record("visit", &[]);
        assert_eq!(forbidden(&visits, Capacity::Cadre, None, &none), Some(Deed::Set));
        let mut taken = record("visit", &[(STATUS, "submitted")]);
        taken.id = RecordId::derived(&mobile_schema::Hash([7; 32]));
        assert_eq!(forbidden(&visits, Capacity::Cadre, None, &taken), Some(Deed::Create));
        assert_eq!(forbidden(&visits, Capacity::Office, None, &taken), None, "tables are taken in");
    }

    #[test]
    fn what_may_not_be_done_is_not_proposed_either() {
        let register = register("visit");
        let step = |from: &str, to: &str| Change::Transition {
            field: STATUS,
            from: from.to_owned(),
            to: to.to_owned(),
        };
        let wants = |change: &Change| may_want(&register, Capacity::Cadre, change);
        assert!(wants(&step("returned", "resubmitted")));
        assert!(!wants(&step("in_review", "approved")));
        assert!(!wants(&step("", "approved")));
        let set = |status: &str| Change::Patch { fields: [(STATUS, status.into())].into() };
        assert!(wants(&set("submitted")) && !wants(&set("approved")));
        assert!(!wants(&Change::Delete));
    }
}
