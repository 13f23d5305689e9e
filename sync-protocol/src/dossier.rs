//! The records around a household, as notifications are made from them.

use mobile_schema::notice::{Source, Sources};
use mobile_schema::register::Role;
use mobile_schema::{Catalogue, Value};

use crate::record::Row;

/// A household with the records that are its own, and maybe the one that a notification is about.
#[derive(Clone, Copy)]
pub struct Dossier<'a> {
    /// The household.
    pub household: &'a Row,
    /// What the notification is about.
    pub about: Option<&'a Row>,
    /// The household's records, and others that these refer to.
    pub others: &'a [Row],
    /// Every definition.
    pub definitions: &'a Catalogue,
}

impl Dossier<'_> {
    fn source<'a>(&'a self, row: &'a Row) -> Option<Source<'a>> {
        let current = || self.definitions.current(&row.collection).map(|(_, current)| current);
        let definition = self.definitions.get(&row.definition).or_else(current)?;
        Some(Source { definition, fields: &row.fields })
    }

    fn is_of_household(&self, row: &Row) -> bool {
        let field = self.source(row).and_then(|one| one.definition.field_with_role(Role::Subject));
        let subject = field.and_then(|field| row.fields.get(&field.id)).and_then(Value::as_text);
        subject.is_some_and(|subject| subject == self.household.id.to_string())
    }
}

impl Sources for Dossier<'_> {
    fn household(&self) -> Option<Source<'_>> {
        self.source(self.household)
    }

    fn about(&self) -> Option<Source<'_>> {
        self.source(self.about?)
    }

    fn find(&self, id: &str) -> Option<Source<'_>> {
        let all = self.others.iter().chain(self.about).chain([self.household]);
        self.source(all.into_iter().find(|row| row.id.to_string() == id)?)
    }

    fn of_household(&self, register: &str) -> Vec<Source<'_>> {
        let rows = self.others.iter().filter(|row| row.collection == register);
        rows.filter(|row| self.is_of_household(row)).filter_map(|row| self.source(row)).collect()
    }
}
