//! The data that stand in a notification's text.

use std::collections::BTreeMap;

use super::problem::TemplateProblem;
use super::template::{NoticeTemplate, TemplateField};
use crate::register::{Role, builtin_registers};
use crate::{FieldId, FieldType, RegisterDefinition, Value};

/// A value: as it is shown, and as conditions compare it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Datum {
    /// As it is shown.
    pub words: String,
    /// As it is compared.
    pub value: Value,
}

impl<T: Into<String>> From<T> for Datum {
    fn from(words: T) -> Self {
        let words = words.into();
        let value = match words.replace(',', "").parse::<f64>() {
            Ok(number) if number.is_finite() => Value::Number(number),
            _ => Value::from(words.as_str()),
        };
        Self { words, value }
    }
}

/// What stands in a notification, by the names of the template.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NoticeData {
    /// Single values.
    pub fields: BTreeMap<String, Datum>,
    /// Rows of tables.
    pub rows: BTreeMap<String, Vec<BTreeMap<String, Datum>>>,
}

impl NoticeData {
    /// Single values by name.
    pub fn of_fields<T: Into<Datum>>(fields: impl IntoIterator<Item = (String, T)>) -> Self {
        let fields = fields.into_iter().map(|(name, datum)| (name, datum.into())).collect();
        Self { fields, rows: BTreeMap::new() }
    }
}

/// A record that data come from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its register.
    pub definition: &'a RegisterDefinition,
    /// Its values.
    pub fields: &'a BTreeMap<FieldId, Value>,
}

/// The records around a household.
pub trait Sources {
    /// The household itself, if its register is known here.
    fn household(&self) -> Option<Source<'_>>;
    /// The record that the notification is about, if it is about one.
    fn about(&self) -> Option<Source<'_>>;
    /// A record by its id, as far as it is known here.
    fn find(&self, id: &str) -> Option<Source<'_>>;
    /// The household's records of a register.
    fn of_household(&self, register: &str) -> Vec<Source<'_>>;
}

impl Source<'_> {
    fn datum(&self, name: &str, language: &str, sources: &dyn Sources) -> Option<Datum> {
        let (name, further) = name.split_once('.').map_or((name, None), |(a, b)| (a, Some(b)));
        let field = self.definition.field_named(name)?;
        let value = self.fields.get(&field.id).unwrap_or(&Value::Null);
        if matches!(field.kind, FieldType::Reference { .. }) {
            let other = value.as_text().and_then(|id| sources.find(id));
            let Some(other) = other else { return Some(Datum::default()) };
            let title = other.definition.field_with_role(Role::Title).map(|field| &*field.name);
            return other.datum(further.or(title)?, language, sources);
        }
        Some(Datum { words: field.words(value, language), value: field.comparable(value) })
    }
}

impl NoticeTemplate {
    /// What records say of a household. Fields that come from no record are left to a person.
    pub fn data(&self, language: &str, sources: &dyn Sources) -> NoticeData {
        let of = |from: &str| {
            let (source, name) = from.split_once('.')?;
            let source = match source {
                "household" => sources.household(),
                _ => sources.about(),
            };
            // Where there is nothing to say, nothing is said.
            Some(source.and_then(|one| one.datum(name, language, sources)).unwrap_or_default())
        };
        let fields = self.fields.iter().filter_map(|field| {
            let datum = of(field.from.as_deref()?)?;
            Some((field.name.clone(), datum))
        });
        let rows = self.rows.iter().map(|rows| {
            let row = |source: Source<'_>| {
                let cells = rows.fields.iter().map(|field| {
                    let from = field.from.as_deref().unwrap_or(&field.name);
                    let datum = source.datum(from, language, sources).unwrap_or_default();
                    (field.name.clone(), datum)
                });
                cells.collect()
            };
            let all = sources.of_household(&rows.from).into_iter().map(row).collect();
            (rows.name.clone(), all)
        });
        NoticeData { fields: fields.collect(), rows: rows.collect() }
    }

    /// The samples that the template itself gives, for a look at it.
    pub fn sample(&self) -> NoticeData {
        let sample = |field: &TemplateField| {
            let words = field.sample.clone().unwrap_or_else(|| format!("〔{}〕", field.name));
            (field.name.clone(), Datum::from(words))
        };
        let rows = self.rows.iter().map(|rows| {
            let row = rows.fields.iter().map(sample).collect();
            (rows.name.clone(), vec![row])
        });
        NoticeData { fields: self.fields.iter().map(sample).collect(), rows: rows.collect() }
    }

    /// What names something that these registers, or the built-in ones, don't have.
    pub fn unknown_sources(&self, registers: &[RegisterDefinition]) -> Vec<TemplateProblem> {
        let builtin = builtin_registers();
        let register =
            |name: &str| registers.iter().chain(&builtin).find(|register| register.name == name);
        let mut wrong = Vec::new();
        let mut check = |register_name: &str, path: &str| {
            let Some(definition) = register(register_name) else {
                wrong.push(TemplateProblem::NoRegister(register_name.to_owned()));
                return;
            };
            let (name, further) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
            match (definition.field_named(name), further) {
                (None, _) => wrong.push(TemplateProblem::NoField {
                    register: register_name.to_owned(),
                    field: name.to_owned(),
                }),
                (Some(field), Some(further)) => match &field.kind {
                    FieldType::Reference { collection: Some(other) }
                        if register(other)
                            .is_some_and(|one| one.field_named(further).is_some()) => {}
                    _ => {
                        wrong.push(TemplateProblem::LeadsNowhere(format!("{register_name}.{path}")))
                    }
                },
                (Some(_), None) => {}
            }
        };
        for field in &self.fields {
            match field.from.as_deref().and_then(|from| from.split_once('.')) {
                Some(("household", path)) => check("household", path),
                Some((_, path)) => check(self.about.as_deref().unwrap_or_default(), path),
                None => {}
            }
        }
        for rows in &self.rows {
            for field in &rows.fields {
                check(&rows.from, field.from.as_deref().unwrap_or(&field.name));
            }
        }
        wrong
    }
}
