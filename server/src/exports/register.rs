//! The records of a register, a page at a time, the oldest first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actix_web::web;
use mobile_schema::register::{Field, FieldType, Sensitivity, text_of};
use mobile_schema::{FieldId, RegisterDefinition, Value};
use sync_protocol::RecordId;
use uuid::Uuid;

use super::pages::Pages;
use super::table::{Heading, Holds, Row, Source, Title, blocking};
use crate::app::App;
use crate::areas::{self, AreaPath};
use crate::db::AnyConnection;
use crate::http::{Kind, Language, Problem};
use crate::records::{self, RecordView, titles, views};
use crate::visits::ids_in;

/// Records that are read at once.
const PAGE: usize = 500;

/// Which records, and how they stand.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) register: String,
    pub(super) area: Option<String>,
    /// Whether sensitive values are told; without, there are no columns for them.
    pub(super) revealed: bool,
    /// Whether choices and records stand in words.
    pub(super) in_words: bool,
    pub(super) language: Language,
}

/// Where records come from.
pub(super) struct Records {
    wanted: Wanted,
    definition: Arc<RegisterDefinition>,
    heading: [Heading; 1],
    pages: Pages<Page>,
}

/// The titles of what is told of every record: for programs, in Chinese, in English.
const OWN: [[&str; 4]; 3] = [
    ["KEY", "SubjectKey", "Subject", "Area"],
    ["编号", "所属编号", "所属", "村"],
    ["Number", "Belongs to (number)", "Belongs to", "Village"],
];

/// What stands below them.
const OWN_HOLDS: [Holds; 4] = [Holds::Ids, Holds::Ids, Holds::Words, Holds::Words];

impl Records {
    /// Finds what a register holds.
    ///
    /// # Errors
    /// Where there is no such register.
    pub(super) async fn find(
        app: &web::Data<App>,
        permitted: Vec<AreaPath>,
        wanted: Wanted,
    ) -> Result<Self, Problem> {
        let definitions = app.definitions();
        let current = definitions.current(&wanted.register);
        let (_, definition) = current.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?;
        let definition = definition.clone();
        let (area, register) = (wanted.area.clone(), wanted.register.clone());
        let found = app.read(move |connection| {
            let scopes = areas::scopes_within(connection, &permitted, area.as_deref())?;
            let ids = records::ids_of_register(connection, &register, &scopes)?;
            Ok((scopes, ids))
        });
        let (scopes, ids) = found.await?;
        let own = match (wanted.in_words, wanted.language) {
            (false, _) => OWN[0],
            (true, Language::Chinese) => OWN[1],
            (true, Language::English) => OWN[2],
        };
        let own = own.into_iter().zip(OWN_HOLDS).map(|(text, holds)| Title::new(text, holds));
        let asked = told(&definition, wanted.revealed).flat_map(|field| wanted.titles(field));
        let heading = [Heading { name: String::new(), columns: own.chain(asked).collect() }];
        let references: Option<Vec<FieldId>> = wanted.in_words.then(|| {
            let refers = |field: &&Field| matches!(field.kind, FieldType::Reference { .. });
            let fields = told(&definition, wanted.revealed).filter(refers);
            fields.map(|field| field.id).collect()
        });
        let read = move |connection: &mut AnyConnection, ids: &[Uuid]| {
            Page::read(connection, ids, &scopes, references.as_ref())
        };
        Ok(Self { wanted, definition, heading, pages: Pages::new(app, ids, PAGE, read) })
    }

    /// The only table.
    pub(super) fn heading(&self) -> &Heading {
        &self.heading[0]
    }
}

/// The fields that are told.
fn told(definition: &RegisterDefinition, revealed: bool) -> impl Iterator<Item = &Field> {
    let is_told = move |field: &&Field| revealed || field.sensitivity != Sensitivity::Sensitive;
    definition.fields.iter().filter(is_told)
}

/// The parts of a place, called as ODK Central calls them, and where they stand in an answer.
const PLACE: [(&str, usize); 3] = [("Latitude", 0), ("Longitude", 1), ("Accuracy", 3)];

impl Wanted {
    fn titles(&self, field: &Field) -> Vec<Title> {
        let label = field.labels.in_language(self.language.tag());
        let text = if self.in_words && !label.is_empty() { label } else { &field.name };
        if field.kind == FieldType::Geopoint {
            let part = |(part, _)| Title::new(format!("{text}-{part}"), Holds::Numbers);
            return PLACE.into_iter().map(part).collect();
        }
        let holds = match field.kind {
            FieldType::Integer | FieldType::Decimal | FieldType::Money | FieldType::Count => {
                Holds::Numbers
            }
            FieldType::Date => Holds::Days,
            FieldType::Moment => Holds::Moments,
            _ => Holds::Words,
        };
        vec![Title::new(text, holds)]
    }

    /// What stands in a field's columns.
    fn cells(&self, field: &Field, value: &Value, named: &BTreeMap<Uuid, String>) -> Vec<String> {
        let value = &field.mapped_up(value.clone());
        let text = text_of(field, value);
        let one = |name: &str| self.word(field, name).to_owned();
        let cell = match (&field.kind, value) {
            (FieldType::Geopoint, _) => {
                let parts: Vec<&str> = text.split(' ').collect();
                let part = |(_, at): (_, usize)| parts.get(at).copied().unwrap_or_default();
                return PLACE.into_iter().map(|place| part(place).to_owned()).collect();
            }
            (FieldType::Notes, Value::List(notes)) => {
                let texts: Vec<&str> =
                    notes.iter().filter_map(|note| note.get("text")?.as_text()).collect();
                texts.join("\n")
            }
            (FieldType::Blobs, Value::List(hashes)) => {
                self.joined(hashes.iter().filter_map(Value::as_text).map(str::to_owned))
            }
            (FieldType::Answers, value) if !value.is_null() => {
                serde_json::to_string(value).unwrap_or_default()
            }
            (FieldType::SelectMultiple { .. }, Value::List(names)) => {
                self.joined(names.iter().filter_map(Value::as_text).map(one))
            }
            (FieldType::SelectOne { .. } | FieldType::Status { .. }, _) => one(&text),
            (FieldType::Reference { .. }, _) => {
                let title = Uuid::try_parse(&text).ok().and_then(|id| named.get(&id));
                title.cloned().unwrap_or(text)
            }
            _ => text,
        };
        vec![cell]
    }

    /// What a choice is called.
    fn word<'a>(&self, field: &'a Field, name: &'a str) -> &'a str {
        let (FieldType::SelectOne { choices }
        | FieldType::SelectMultiple { choices }
        | FieldType::Status { choices, .. }) = &field.kind
        else {
            return name;
        };
        let known = choices.iter().find(|one| self.in_words && one.name == name);
        known.map_or(name, |one| one.labels.in_language(self.language.tag()))
    }

    fn joined(&self, items: impl Iterator<Item = String>) -> String {
        items.collect::<Vec<_>>().join(if self.in_words { "; " } else { " " })
    }
}

impl Source for Records {
    fn headings(&self) -> &[Heading] {
        &self.heading
    }

    async fn next(&mut self) -> Result<Option<Vec<Row>>, Problem> {
        let Some(page) = self.pages.next().await? else { return Ok(None) };
        let (wanted, definition) = (self.wanted.clone(), self.definition.clone());
        let rows = blocking(move || {
            page.records.iter().map(|record| page.row(record, &wanted, &definition)).collect()
        });
        rows.await.map(Some)
    }
}

/// Records, and what is told beside their fields.
struct Page {
    records: Vec<RecordView>,
    subjects: BTreeMap<Uuid, String>,
    villages: BTreeMap<String, String>,
    /// The titles of records that fields refer to, where they stand in words.
    named: BTreeMap<Uuid, String>,
}

impl Page {
    fn read(
        connection: &mut AnyConnection,
        ids: &[Uuid],
        scopes: &[String],
        references: Option<&Vec<FieldId>>,
    ) -> diesel::QueryResult<Self> {
        let ids: Vec<RecordId> = ids.iter().copied().map(RecordId).collect();
        let records = views(connection, &ids, scopes)?;
        let subjects: Vec<Uuid> = records.iter().filter_map(|one| one.subject).collect();
        let mut named = BTreeSet::new();
        for field in references.into_iter().flatten() {
            let values = records.iter().filter_map(|one| one.value(*field));
            values.for_each(|value| ids_in(&value, &mut named));
        }
        let named: Vec<Uuid> = named.into_iter().collect();
        Ok(Self {
            subjects: titles(connection, &subjects, scopes)?,
            villages: areas::names_of(connection, records.iter().map(|one| one.scope.as_str()))?,
            named: titles(connection, &named, scopes)?,
            records,
        })
    }

    fn row(&self, record: &RecordView, wanted: &Wanted, definition: &RegisterDefinition) -> Row {
        let subject = record.subject;
        let mut cells = vec![
            record.id.to_string(),
            subject.map(|id| id.to_string()).unwrap_or_default(),
            subject.and_then(|id| self.subjects.get(&id).cloned()).unwrap_or_default(),
            self.villages.get(&record.scope).cloned().unwrap_or_default(),
        ];
        let mut values = record.values();
        for field in told(definition, wanted.revealed) {
            let value = values.remove(&field.id).unwrap_or_default();
            let value: Value = serde_json::from_value(value).unwrap_or(Value::Null);
            cells.extend(wanted.cells(field, &value, &self.named));
        }
        Row { table: 0, cells }
    }
}
