//! Entities of a submission as changes of records.
//!
//! What a form says about a record goes the way of every edit: on the tablet, at once, behind the
//! visit, and through the same merge on the server.

use std::collections::BTreeMap;

use mobile_schema::form::Entity;
use mobile_schema::register::{Role, Unplaced};
use mobile_schema::{
    Catalogue, Field, FieldId, FieldType, Hash, MergePolicy, RegisterDefinition, Value,
};
use uuid::Uuid;

use crate::RecordId;
use crate::op::{Change, Fields};

/// What becomes of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The register.
    pub collection: String,
    /// The record.
    pub record: RecordId,
    /// Its definition.
    pub definition: Hash,
    /// What changes, in order; nothing where all is as it was.
    pub changes: Vec<Change>,
    /// Photos and documents that are named.
    pub blobs: Vec<Hash>,
    /// Properties that have no place in the register.
    pub unplaced: Vec<Unplaced>,
}

/// Visits are handed in by people, and decided about where they are reviewed.
const VISITS: &str = "visit";

/// Why nothing can be made of an entity. The submission itself stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// No register is called so.
    #[error("no register is called {0}")]
    NoRegister(String),
    /// The register is not written by forms.
    #[error("{0} is not written by forms")]
    NotByForms(String),
    /// The record that is to be changed is not there.
    #[error("the record that is to be changed is not there")]
    NotThere,
}

/// The record an entity is about: its id, or one that is derived from it where it is none.
pub fn record_of(entity: &Entity) -> RecordId {
    let id = entity.id.strip_prefix("uuid:").unwrap_or(&entity.id);
    Uuid::try_parse(id).map(RecordId).unwrap_or_else(|_| {
        RecordId::derived(&Hash::of(format!("entity\0{}\0{id}", entity.list).as_bytes()))
    })
}

/// What surrounds the entities of a submission.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// Every definition.
    pub catalogue: &'a Catalogue,
    /// The record the form was opened on, or that is visited: its register and id.
    pub about: Option<(&'a str, RecordId)>,
    /// Photos and documents by their names in the answers.
    pub files: &'a BTreeMap<String, Hash>,
}

/// What all entities of a submission change, in the order of the form; `known` tells what a record
/// holds. A new record that belongs to another (a member to a household) and doesn't say to which
/// belongs to the one that the same submission writes, or else to the one it is about.
pub fn write_all(
    entities: &[Entity],
    submission: Submission<'_>,
    known: impl Fn(RecordId) -> Option<Fields>,
) -> Vec<Result<Written, Unwritable>> {
    let belongs_to = |collection: &str| {
        let mut same = entities.iter().filter(|entity| entity.list == collection);
        match (same.next(), same.next()) {
            (Some(entity), None) => Some(record_of(entity)),
            (None, _) => submission.about.filter(|(of, _)| *of == collection).map(|(_, id)| id),
            // Of several, nobody knows which.
            _ => None,
        }
    };
    let write = |entity| {
        let known = known(record_of(entity));
        write(entity, submission, known.as_ref(), &belongs_to)
    };
    entities.iter().map(write).collect()
}

fn write(
    entity: &Entity,
    submission: Submission<'_>,
    known: Option<&Fields>,
    belongs_to: &dyn Fn(&str) -> Option<RecordId>,
) -> Result<Written, Unwritable> {
    let Submission { catalogue, files, .. } = submission;
    let (definition, register) = catalogue
        .current(&entity.list)
        .ok_or_else(|| Unwritable::NoRegister(entity.list.clone()))?;
    if register.server_only || register.insert_only || entity.list == VISITS {
        return Err(Unwritable::NotByForms(entity.list.clone()));
    }
    let (values, unplaced) = register.values_of(entity.label.as_deref(), &entity.properties, files);
    let changes = match known {
        Some(known) if entity.updates => {
            let field = |id: &FieldId| register.field(*id);
            let pairs = values.iter().filter_map(|(id, value)| Some((field(id)?, value)));
            changed(pairs, known)
        }
        // It was made before; the same submission came twice.
        Some(_) => Vec::new(),
        None if entity.creates => {
            let mut fields: Fields =
                values.into_iter().filter(|(_, value)| !value.is_null()).collect();
            if let Some(subject) = register.field_with_role(Role::Subject)
                && let FieldType::Reference { collection: Some(collection) } = &subject.kind
                && !fields.contains_key(&subject.id)
                && let Some(record) = belongs_to(collection)
            {
                fields.insert(subject.id, record.to_string().into());
            }
            vec![Change::Create { fields }]
        }
        None => return Err(Unwritable::NotThere),
    };
    Ok(Written {
        collection: entity.list.clone(),
        record: record_of(entity),
        definition,
        blobs: blobs(&changes, files),
        changes,
        unplaced,
    })
}

/// A status that no record can ever get: the form's author has to mend it, before anybody fills it in.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadMove<'a> {
    /// The register.
    pub register: &'a RegisterDefinition,
    /// Its status field.
    pub field: &'a Field,
    /// The status.
    pub status: String,
    /// Whether the register has such a status, though no way leads there.
    pub is_known: bool,
}

/// What entities say of statuses that can never come true.
pub fn dead_moves<'a>(entities: &[Entity], catalogue: &'a Catalogue) -> Vec<DeadMove<'a>> {
    let mut found = Vec::new();
    for entity in entities {
        let Some((_, register)) = catalogue.current(&entity.list) else { continue };
        for (name, text) in &entity.properties {
            let Some(field) = register.field_named(name) else { continue };
            let FieldType::Status { choices, .. } = &field.kind else { continue };
            let status = text.trim();
            let is_known = field.offers(status);
            let leads = choices.iter().any(|from| field.moves(&from.name, status));
            if status.is_empty() || (is_known && (entity.creates || leads)) {
                continue;
            }
            found.push(DeadMove { register, field, status: status.to_owned(), is_known });
        }
    }
    found
}

/// What differs from what is known, as each field's policy has it.
fn changed<'a>(
    values: impl Iterator<Item = (&'a Field, &'a Value)>,
    known: &Fields,
) -> Vec<Change> {
    let (mut patch, mut changes) = (Fields::new(), Vec::new());
    for (field, value) in values {
        let before = &field.mapped_up(known.get(&field.id).cloned().unwrap_or_default());
        if before == value {
            continue;
        }
        let id = field.id;
        match field.policy() {
            MergePolicy::AddWins => {
                let (old, new) = (items(before), items(value));
                for element in new.iter().filter(|element| !old.contains(element)) {
                    changes.push(Change::Add { field: id, element: element.clone() });
                }
                for element in old.iter().filter(|element| !new.contains(element)) {
                    changes.push(Change::Remove { field: id, element: element.clone() });
                }
            }
            MergePolicy::Append => {
                for element in items(value) {
                    changes.push(Change::Add { field: id, element: element.clone() });
                }
            }
            MergePolicy::Delta => {
                let by = value.as_integer().zip(Some(before.as_integer().unwrap_or(0)));
                let by = by.and_then(|(new, old)| new.checked_sub(old)).filter(|by| *by != 0);
                changes.extend(by.map(|by| Change::Delta { field: id, by }));
            }
            MergePolicy::CompareAndSet => {
                let to = value.as_text().map(str::to_owned);
                // From no status at all it begins where the answer says. A move that the register
                // does not have is made as well: it becomes a conflict, for a person to look at.
                let from = before.as_text().unwrap_or_default().to_owned();
                changes.extend(to.map(|to| Change::Transition { field: id, from, to }));
            }
            MergePolicy::Latest | MergePolicy::Authority => {
                patch.insert(id, value.clone());
            }
        }
    }
    if !patch.is_empty() {
        changes.insert(0, Change::Patch { fields: patch });
    }
    changes
}

fn items(value: &Value) -> &[Value] {
    value.as_list().unwrap_or_default()
}

/// The files that changes name.
fn blobs(changes: &[Change], files: &BTreeMap<String, Hash>) -> Vec<Hash> {
    let named = |value: &Value, hash: &Hash| {
        let text = hash.to_string();
        let is_it = |value: &Value| value.as_text() == Some(text.as_str());
        is_it(value) || items(value).iter().any(is_it)
    };
    let names = |hash: &Hash| {
        changes.iter().any(|change| match change {
            Change::Create { fields } | Change::Patch { fields } => {
                fields.values().any(|value| named(value, hash))
            }
            Change::Add { element, .. } => named(element, hash),
            _ => false,
        })
    };
    files.values().copied().filter(names).collect()
}

#[cfg(test)]
mod tests {
    use mobile_schema::register::builtin_registers;

    use super::*;

    fn entity(creates: bool, updates: bool, properties: &[(&str, &str)]) -> Entity {
        let text = |text: &&str| (*text).to_owned();
        Entity {
            list: "household".into(),
            id: "0190a0a0-0000-7000-8000-000000000001".into(),
            creates,
            updates,
            label: Some("王（虚构）".into()),
            properties: properties.iter().map(|(name, value)| (text(name), text(value))).collect(),
        }
    }

    fn written(entity: &Entity, known: Option<&Fields>) -> Result<Written, Unwritable> {
        let catalogue: Catalogue = builtin_registers().into_iter().collect();
        let submission = Submission { catalogue: &catalogue, about: None, files: &BTreeMap::new() };
        let known = |_| known.cloned();
        write_all(std::slice::from_ref(entity), submission, known).remove(0)
    }

    #[test]
    fn a_new_record_is_made_with_what_has_a_place() {
        let properties = [("phone", "13800000000"), ("yearly_income", "300.5"), ("colour", "red")];
        let made = written(&entity(true, false, &properties), None).unwrap();
        let fields = Fields::from([
            (1, "王（虚构）".into()),
            (5, "13800000000".into()),
            (8, Value::Integer(30_050)),
        ]);
        assert_eq!(made.changes, [Change::Create { fields }]);
        assert_eq!(made.unplaced.len(), 1, "{:?}", made.unplaced);
        assert_eq!(made.record.to_string(), "0190a0a0-0000-7000-8000-000000000001");
    }

    #[test]
    fn each_field_changes_by_its_policy_and_only_if_it_differs() {
        let known = Fields::from([
            (1, "王（虚构）".into()),
            (5, "13800000000".into()),
            (10, Value::List(vec!["food".into(), "water".into()])),
            (13, Value::Integer(4)),
        ]);
        let properties = [
            ("phone", "13800000000"),
            ("address", "三组"),
            ("guarantees", "water housing"),
            ("persons", "6"),
            ("notes", "来访"),
        ];
        let made = written(&entity(false, true, &properties), Some(&known)).unwrap();
        assert_eq!(
            made.changes,
            [
                Change::Patch { fields: Fields::from([(4, "三组".into())]) },
                Change::Add { field: 10, element: "housing".into() },
                Change::Remove { field: 10, element: "food".into() },
                Change::Add { field: 12, element: "来访".into() },
                Change::Delta { field: 13, by: 2 },
            ]
        );
        let cleared = written(&entity(false, true, &[("phone", "")]), Some(&known)).unwrap();
        let fields = Fields::from([(5, Value::Null)]);
        assert_eq!(cleared.changes, [Change::Patch { fields }], "an emptied answer clears");
    }

    #[test]
    fn a_new_member_belongs_to_the_household_of_the_submission_or_of_the_visit() {
        let catalogue: Catalogue = builtin_registers().into_iter().collect();
        let household = entity(true, false, &[]);
        let member = Entity { list: "member".into(), id: "m".into(), ..entity(true, false, &[]) };
        let visited = RecordId(Uuid::from_u128(9));
        let subject = |entities: &[Entity], about| {
            let submission = Submission { catalogue: &catalogue, about, files: &BTreeMap::new() };
            let made = write_all(entities, submission, |_| None);
            let made = made.last().unwrap().as_ref().unwrap();
            let Change::Create { fields } = &made.changes[0] else { panic!("{made:?}") };
            fields.get(&1).and_then(Value::as_text).map(str::to_owned)
        };
        let about = Some(("household", visited));
        let both = [household.clone(), member.clone()];
        assert_eq!(subject(&both, about), Some(household.id.clone()));
        let alone = std::slice::from_ref(&member);
        assert_eq!(subject(alone, about), Some(visited.to_string()));
        assert_eq!(subject(alone, None), None);
        let two = [household.clone(), Entity { id: "b".into(), ..household }, member];
        assert_eq!(subject(&two, about), None, "nobody knows to which");
    }

    #[test]
    fn a_status_begins_and_moves_and_one_that_never_comes_true_is_told() {
        let catalogue: Catalogue = builtin_registers().into_iter().collect();
        let task = |updates: bool, status: &str| Entity {
            list: "task".into(),
            label: None,
            ..entity(!updates, updates, &[("status", status)])
        };
        let submission = Submission { catalogue: &catalogue, about: None, files: &BTreeMap::new() };
        let (_, register) = catalogue.current("task").unwrap();
        let id = register.field_named("status").unwrap().id;
        let moved = |known: Fields| {
            let made = write_all(&[task(true, "done")], submission, |_| Some(known.clone()));
            made.into_iter().next().unwrap().unwrap().changes
        };
        let to =
            |from: &str| Change::Transition { field: id, from: from.into(), to: "done".into() };
        assert_eq!(moved(Fields::from([(id, "open".into())])), [to("open")]);
        assert_eq!(moved(Fields::new()), [to("")], "it had none");
        assert_eq!(moved(Fields::from([(id, "dropped".into())])), [to("dropped")], "a conflict");
        let dead = |entity: Entity| {
            let found = dead_moves(&[entity], &catalogue);
            found.into_iter().map(|one| one.is_known).collect::<Vec<_>>()
        };
        assert!(dead(task(true, "done")).is_empty());
        assert_eq!(dead(task(true, "finished")), [false]);
        assert_eq!(dead(task(false, "finished")), [false]);
    }

    #[test]
    fn what_cannot_be_written_is_told() {
        let known = Fields::new();
        assert_eq!(written(&entity(false, true, &[]), None), Err(Unwritable::NotThere));
        assert_eq!(written(&entity(true, false, &[]), Some(&known)).unwrap().changes, []);
        let other = Entity { list: "conflict".into(), ..entity(true, false, &[]) };
        assert_eq!(written(&other, None), Err(Unwritable::NotByForms("conflict".into())));
        let other = Entity { list: "well".into(), id: "w 1".into(), ..entity(true, false, &[]) };
        assert_eq!(written(&other, None), Err(Unwritable::NoRegister("well".into())));
        assert_eq!(record_of(&other), record_of(&other.clone()), "any id names one record");
    }
}
