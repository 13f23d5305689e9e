//! The choices sheet.

use std::collections::HashMap;

use super::columns::{Table, Text, Words};
use crate::expression::syntax::references;
use crate::form::problem::{Kind, Problem};

/// A list of choices.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    pub(super) name: String,
    pub(super) choices: Vec<Choice>,
}

/// A choice.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    pub(super) name: String,
    pub(super) label: Words,
    pub(super) media: Vec<(String, Words)>,
    /// Other columns, such as those that filters ask for.
    pub(super) extra: Vec<(String, String)>,
}

impl List {
    /// Whether labels are texts in languages, with media or with answers in them.
    pub(super) fn needs_texts(&self) -> bool {
        self.choices.iter().any(|choice| {
            !choice.media.is_empty()
                || choice.label.is_localised()
                || choice.label.first().is_some_and(|label| !references(&label.text).is_empty())
        })
    }
}

/// Reads lists, in the order in which they first appear.
pub(super) fn read(
    table: &Table<'_>,
    allow_duplicates: bool,
    problems: &mut Vec<Problem>,
) -> Vec<List> {
    let mut lists: Vec<List> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut names: HashMap<(usize, String), ()> = HashMap::new();
    let usable = |heading: &str| !heading.is_empty() && !heading.contains(' ');
    for column in table.known() {
        if !usable(&column.path[0]) && column.path[0] != "list name" {
            let place = crate::form::Place { sheet: table.name.to_owned(), ..Default::default() };
            problems.push(Problem::warning(place, Kind::UnusedColumn(column.heading.clone())));
        }
    }
    for record in &table.records {
        let Some(list_name) = table.get(record, &["list name"]) else {
            let named = table.get(record, &["name"]).is_some();
            if named {
                problems.push(Problem::warning(table.row(record), Kind::ListWithoutName));
            }
            continue;
        };
        let Some(Text { text: name, place }) = table.get(record, &["name"]) else {
            problems.push(Problem::error(table.row(record), Kind::ChoiceWithoutName));
            continue;
        };
        let at = *places.entry(list_name.text.clone()).or_insert_with(|| {
            lists.push(List { name: list_name.text.clone(), ..List::default() });
            lists.len() - 1
        });
        let twice = names.insert((at, name.clone()), ()).is_some();
        if twice && !allow_duplicates {
            let kind = Kind::DuplicateChoice(name.clone(), list_name.text.clone());
            problems.push(Problem::error(place.clone(), kind));
        }
        let label = table.words(record, &["label"]);
        let media = table.group(record, "media");
        if label.is_empty() {
            let kind = Kind::ChoiceWithoutLabel(name.clone());
            problems.push(Problem::warning(place, kind));
        }
        let mut extra = Vec::new();
        for cell in &record.cells {
            let Some(column) = table.column(cell) else { continue };
            let known = ["name", "label", "media", "list name", "sms_option"];
            if let [heading] = &column.path[..]
                && !known.contains(&heading.as_str())
                && usable(heading)
            {
                extra.push((heading.clone(), cell.text.clone()));
            }
        }
        if let Some(option) = table.get(record, &["sms_option"]) {
            extra.push(("sms_option".to_owned(), option.text));
        }
        lists[at].choices.push(Choice { name, label, media, extra });
    }
    lists
}
