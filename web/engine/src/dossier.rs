//! What is read off a household's records: rules, notifications, and what forms say about them.

use std::collections::BTreeMap;
use std::sync::Arc;

use mobile_schema::form::Entity;
use mobile_schema::register::{Catalogue, Role};
use mobile_schema::rule::{RuleSet, Rules};
use mobile_schema::{Field, Hash, MergePolicy};
use serde_json::Value as Json;
use sync_protocol::entity::{Submission, write_all};
use sync_protocol::finding::{RuleSets, judge_household};
use sync_protocol::op::{Change, Fields};
use sync_protocol::{RecordId, Row};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::json::{self, items, members, object, of_value, parse, parsed, record, text};
use crate::notice;

/// Every definition that a household's records are read by.
#[wasm_bindgen]
#[derive(Default)]
pub struct Definitions {
    pub(crate) catalogue: Catalogue,
    /// The newest rules of each name.
    rules: BTreeMap<String, (u32, Hash, Arc<Rules>)>,
}

#[wasm_bindgen]
impl Definitions {
    /// None yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a definition: a `register`, `rules` or a `notice`; others are left aside.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn define(&mut self, kind: &str, text: &str) -> Result<(), String> {
        match kind {
            "register" => {
                self.catalogue.insert(json::define(text)?);
            }
            "notice" => {
                self.catalogue.insert_notice(json::define(text)?);
            }
            "rules" => {
                let set: RuleSet = json::define(text)?;
                let (hash, version) = (Hash::of(text.as_bytes()), set.version);
                let known = self.rules.get(&set.name);
                if known.is_none_or(|known| known.0 <= version) {
                    let name = set.name.clone();
                    let rules = Rules::new(set).map_err(|_| format!("the rules `{name}`"))?;
                    self.rules.insert(name, (version, hash, Arc::new(rules)));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What the rules find in a household (its row first, then its members', as JSON) on a day
    /// (`YYYY-MM-DD`), as JSON.
    ///
    /// # Errors
    /// Where the rows can't be read.
    pub fn findings(&self, rows: &str, today: &str) -> Result<String, String> {
        let rows = parse(rows)?;
        let mut rows = rows_of(&rows)?.into_iter();
        let Some(household) = rows.next() else { return Ok("[]".to_owned()) };
        let members: Vec<Row> = rows.collect();
        let sets: RuleSets =
            self.rules.values().map(|(_, hash, rules)| (*hash, rules.clone())).collect();
        let found = judge_household(&household, &members, &sets, &self.catalogue, today);
        let told = found.iter().map(|finding| {
            let words = finding.message.0.iter();
            let words = words.map(|(tag, text)| (tag.clone(), Json::from(text.as_str())));
            object([
                ("id", finding.id().to_string().into()),
                ("subject", finding.subject.to_string().into()),
                ("rule", finding.rule.as_str().into()),
                ("severity", finding.severity.into()),
                ("message", words.collect()),
                ("explainable", finding.explainable.into()),
            ])
        });
        Ok(told.collect::<Json>().to_string())
    }

    /// What a record (its row, JSON) holds in the words of answers, by field, as JSON.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn texts(&self, row: &str) -> Result<String, String> {
        let row = json::row(&parse(row)?)?;
        let register = self.catalogue.current(&row.collection);
        let texts = register.map(|(_, register)| register.texts_of(&row.fields));
        let words = texts.into_iter().flatten().map(|(name, text)| (name, Json::from(text)));
        Ok(words.collect::<Json>().to_string())
    }

    /// What a form says about records, as edits for the tablet. In goes
    /// `{entities, about: {collection, record}, files, rows}`, `files` being hashes by the names in
    /// the answers; out comes `{edits, untaken}`, the latter what can't be written, in words.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn write(&self, filled: &str) -> Result<String, String> {
        let filled = parse(filled)?;
        let entities: Vec<Entity> =
            items(&filled, "entities").iter().map(entity).collect::<Result<_, _>>()?;
        let rows = rows_of(json::member(&filled, "rows")?)?;
        let mut files = BTreeMap::new();
        for (name, hash) in members(&filled, "files") {
            files.insert(name.to_owned(), parsed(hash)?);
        }
        let about = json::member(&filled, "about")?;
        let about = (text(about, "collection")?, record(about, "record")?);
        let submission =
            Submission { catalogue: &self.catalogue, about: Some(about), files: &files };
        let known = |id: RecordId| -> Option<Fields> {
            rows.iter().find(|row| row.id == id).map(|row| row.fields.clone())
        };
        let (mut edits, mut untaken) = (Vec::new(), Vec::new());
        for (entity, made) in entities.iter().zip(write_all(&entities, submission, known)) {
            let written = match made {
                Ok(written) => written,
                Err(problem) => {
                    untaken.push(Json::from(format!("{}: {problem}", entity.list)));
                    continue;
                }
            };
            untaken.extend(written.unplaced.iter().map(|one| Json::from(one.to_string())));
            for (at, change) in written.changes.iter().enumerate() {
                let blobs = written.blobs.iter().filter(|_| at == 0);
                edits.push(object([
                    ("collection", written.collection.as_str().into()),
                    ("record", written.record.to_string().into()),
                    ("change", self.change(&written.collection, change)?),
                    ("blobs", blobs.map(ToString::to_string).collect()),
                ]));
            }
        }
        Ok(object([("edits", Json::Array(edits)), ("untaken", Json::Array(untaken))]).to_string())
    }

    /// What is wrong with a value (JSON) that a field of a register is to hold: `unfit` where the
    /// field can't hold it, `required` where it is empty and must not be, `authority` where the
    /// office decides it; nothing where all is well.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn look_at(&self, collection: &str, field: &str, value: &str) -> Result<String, String> {
        let value = json::value(&parse(value)?);
        let register = self.catalogue.current(collection).map(|(_, register)| register);
        let Some(field) = register.and_then(|register| register.field_named(field)) else {
            return Ok("unfit".to_owned());
        };
        let problem = match field.check(&value) {
            Err(_) => "unfit",
            Ok(()) if value.is_null() && (field.required || field.role == Some(Role::Title)) => {
                "required"
            }
            Ok(()) if field.policy() == MergePolicy::Authority => "authority",
            Ok(()) => "",
        };
        Ok(problem.to_owned())
    }

    /// What can be told to households, as JSON: `[{name, title, about}]`.
    pub fn notices(&self) -> String {
        notice::all(&self.catalogue).to_string()
    }

    /// A notification's text for a household, and what it still needs (JSON in and out).
    ///
    /// # Errors
    /// Where it can't be read, or the template is unknown.
    pub fn word_notice(&self, wording: &str) -> Result<String, String> {
        Ok(notice::Wording::read(&parse(wording)?)?.word(&self.catalogue)?.to_string())
    }

    /// The bytes that are signed for a notification, and their digest (JSON in and out).
    ///
    /// # Errors
    /// Where it can't be read, or lacks something.
    pub fn seal_notice(&self, wording: &str, answer: &str) -> Result<String, String> {
        let wording = notice::Wording::read(&parse(wording)?)?;
        Ok(wording.seal(&self.catalogue, &parse(answer)?)?.to_string())
    }
}

impl Definitions {
    /// A change with its fields by their names.
    fn change(&self, collection: &str, change: &Change) -> Result<Json, String> {
        let register = self.catalogue.current(collection).map(|(_, register)| register);
        let name = |id: &u32| -> Result<&str, String> {
            let field: Option<&Field> = register.and_then(|register| register.field(*id));
            field.map(|field| field.name.as_str()).ok_or_else(|| "an unknown field".to_owned())
        };
        let named = |kind: &str, fields: &Fields| -> Result<Json, String> {
            let fields =
                fields.iter().map(|(id, value)| Ok((name(id)?.to_owned(), of_value(value))));
            let fields = fields.collect::<Result<serde_json::Map<_, _>, String>>()?;
            Ok(object([("kind", kind.into()), ("fields", Json::Object(fields))]))
        };
        let one = |kind: &str, field: &u32, what: &str, value: Json| -> Result<Json, String> {
            Ok(object([("kind", kind.into()), ("field", name(field)?.into()), (what, value)]))
        };
        match change {
            Change::Create { fields } => named("create", fields),
            Change::Patch { fields } => named("patch", fields),
            Change::Add { field, element } => one("add", field, "element", of_value(element)),
            Change::Remove { field, element } => one("remove", field, "element", of_value(element)),
            Change::Delta { field, by } => one("delta", field, "by", (*by).into()),
            Change::Transition { field, from, to } => Ok(object([
                ("kind", "transition".into()),
                ("field", name(field)?.into()),
                ("from", from.as_str().into()),
                ("to", to.as_str().into()),
            ])),
            _ => Err("forms make no such change".to_owned()),
        }
    }
}

/// Rows as they come over the wire.
pub(crate) fn rows_of(json: &Json) -> Result<Vec<Row>, String> {
    let rows = json.as_array().into_iter().flatten().filter(|row| !row.is_null());
    rows.map(json::row).collect()
}

fn entity(json: &Json) -> Result<Entity, String> {
    let says = |name: &str| json.get(name).and_then(Json::as_bool).unwrap_or(false);
    let words = |(name, value): (&str, &Json)| {
        (name.to_owned(), value.as_str().unwrap_or_default().to_owned())
    };
    Ok(Entity {
        list: text(json, "list")?.to_owned(),
        id: text(json, "id")?.to_owned(),
        creates: says("creates"),
        updates: says("updates"),
        label: json.get("label").and_then(Json::as_str).map(str::to_owned),
        properties: members(json, "properties").map(words).collect(),
    })
}
