//! What the headings of columns mean.

use std::collections::HashMap;

use super::sheet::{Cell, Row, Sheet, is_unseen};
use crate::form::problem::{Kind, Place, Problem};

/// A sheet with its headings understood.
pub(super) struct Table<'a> {
    pub(super) name: &'a str,
    pub(super) columns: Vec<Option<Column>>,
    pub(super) records: Vec<Record>,
}

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    /// As it is written.
    pub(super) heading: String,
    /// What it means: `bind` and `relevant`, or `label` and a language.
    pub(super) path: Vec<String>,
}

impl Column {
    /// Whether words for people stand in it.
    fn is_words(&self) -> bool {
        let words = ["label", "hint", "guidance_hint", "title"];
        self.path.first().is_some_and(|first| words.contains(&first.as_str()))
            || self.path.get(1).is_some_and(|second| second.ends_with("Msg"))
    }
}

/// How far down headings are looked for that don't stand at the top.
const FEW_ROWS: usize = 20;

/// A row under the headings.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Counted from 1.
    pub(super) number: u32,
    pub(super) cells: Vec<Cell>,
}

/// Words in one or several languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// Languages and words, in the order of the columns; without a language where the column has
    /// none.
    pub(super) parts: Vec<(Option<String>, Text)>,
}

/// Some text and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) place: Place,
}

/// Which sheet's headings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Headings {
    Survey,
    Choices,
    Settings,
    Entities,
}

/// Columns that stand for others: XLSForm's older and shorter names.
const SURVEY: [(&str, &[&str]); 32] = [
    ("read_only", &["bind", "readonly"]),
    ("readonly", &["bind", "readonly"]),
    ("relevant", &["bind", "relevant"]),
    ("relevance", &["bind", "relevant"]),
    ("caption", &["label"]),
    ("appearance", &["control", "appearance"]),
    ("required", &["bind", "required"]),
    ("constraint", &["bind", "constraint"]),
    ("constraining_message", &["bind", "jr:constraintMsg"]),
    ("constraint_message", &["bind", "jr:constraintMsg"]),
    ("calculation", &["bind", "calculate"]),
    ("calculate", &["bind", "calculate"]),
    ("command", &["type"]),
    ("tag", &["name"]),
    ("value", &["name"]),
    ("image", &["media", "image"]),
    ("big-image", &["media", "big-image"]),
    ("audio", &["media", "audio"]),
    ("video", &["media", "video"]),
    ("count", &["control", "jr:count"]),
    ("repeat_count", &["control", "jr:count"]),
    ("jr:count", &["control", "jr:count"]),
    ("autoplay", &["control", "autoplay"]),
    ("rows", &["control", "rows"]),
    ("noapperrorstring", &["bind", "jr:noAppErrorString"]),
    ("no_app_error_string", &["bind", "jr:noAppErrorString"]),
    ("requiredmsg", &["bind", "jr:requiredMsg"]),
    ("required_message", &["bind", "jr:requiredMsg"]),
    ("body", &["control"]),
    ("save_to", &["bind", "entities:saveto"]),
    ("compact_tag", &["instance", "odk:tag"]),
    ("sms_field", &["sms_field"]),
];
const CHOICES: [(&str, &[&str]); 7] = [
    ("caption", &["label"]),
    ("list_name", &["list name"]),
    ("value", &["name"]),
    ("image", &["media", "image"]),
    ("big-image", &["media", "big-image"]),
    ("audio", &["media", "audio"]),
    ("video", &["media", "video"]),
];
const SETTINGS: [(&str, &[&str]); 5] = [
    ("form_title", &["title"]),
    ("set_form_title", &["title"]),
    ("form_id", &["id_string"]),
    ("set_form_id", &["id_string"]),
    ("prefix", &["prefix"]),
];
const ENTITIES: [(&str, &[&str]); 1] = [("list_name", &["dataset"])];

/// Columns by their own names.
const SURVEY_OWN: [&str; 14] = [
    "type",
    "name",
    "label",
    "hint",
    "guidance_hint",
    "default",
    "choice_filter",
    "parameters",
    "query",
    "trigger",
    "bind",
    "control",
    "instance",
    "media",
];
const CHOICES_OWN: [&str; 4] = ["name", "label", "media", "sms_option"];
const SETTINGS_OWN: [&str; 22] = [
    "title",
    "id_string",
    "name",
    "version",
    "default_language",
    "style",
    "instance_name",
    "instance_id",
    "submission_url",
    "public_key",
    "auto_send",
    "auto_delete",
    "client_editable",
    "namespaces",
    "attribute",
    "instance_xmlns",
    "omit_instanceid",
    "allow_choice_duplicates",
    "clean_text_values",
    "prefix",
    "delimiter",
    "sms_keyword",
];
const ENTITIES_OWN: [&str; 6] =
    ["dataset", "entity_id", "create_if", "update_if", "label", "repeat"];

impl Headings {
    fn aliases(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::Survey => &SURVEY,
            Self::Choices => &CHOICES,
            Self::Settings => &SETTINGS,
            Self::Entities => &ENTITIES,
        }
    }

    fn own(self) -> &'static [&'static str] {
        match self {
            Self::Survey => &SURVEY_OWN,
            Self::Choices => &CHOICES_OWN,
            Self::Settings => &SETTINGS_OWN,
            Self::Entities => &ENTITIES_OWN,
        }
    }

    fn alias(self, name: &str) -> Option<&'static [&'static str]> {
        self.aliases().iter().find(|(alias, _)| *alias == name).map(|(_, path)| *path)
    }

    /// Whether a form uses a column of this meaning by itself.
    fn knows(self, path: &[String]) -> bool {
        let Some(first) = path.first() else { return false };
        let is_target = |(_, target): &(&str, &[&str])| target.first() == Some(&first.as_str());
        self.own().contains(&first.as_str()) || self.aliases().iter().any(is_target)
    }

    /// What a heading means. `double` tells that languages stand behind `::` rather than `:`.
    fn path(self, heading: &str, double: bool) -> Vec<String> {
        let is_own = |name: &str| self.own().contains(&name) && self.alias(name).is_none();
        let snake = snake_case(heading);
        if is_own(heading) || is_own(&snake) {
            return vec![if is_own(heading) { heading.to_owned() } else { snake }];
        }
        let mut parts: Vec<String> = if double || heading.contains("::") {
            heading.split("::").map(|part| part.trim().to_owned()).collect()
        } else {
            let mut parts: Vec<String> =
                heading.split(':').map(|part| part.trim().to_owned()).collect();
            // `jr:count` is one name.
            if let Some(at) = parts.iter().position(|part| part == "jr")
                && at + 1 < parts.len()
            {
                let name = format!("jr:{}", parts[at + 1]);
                parts.splice(at..at + 2, [name]);
            }
            parts
        };
        let first = snake_case(&parts[0]);
        if let Some(alias) = self.alias(&first) {
            parts.splice(0..1, alias.iter().map(|part| (*part).to_owned()));
        } else if self.own().contains(&first.as_str()) {
            parts[0] = first;
        }
        parts
    }
}

fn without_unseen(text: String) -> String {
    if text.contains(is_unseen) { text.replace(is_unseen, "").trim().to_owned() } else { text }
}

fn snake_case(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join("_").to_lowercase()
}

/// Text as pyxform cleans it: quotes that word processors made round are straight again, and
/// spaces in a row are one where `collapse` asks for it.
fn clean(text: &str, collapse: bool) -> String {
    let straight: String = text
        .chars()
        .map(|character| match character {
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            other => other,
        })
        .collect();
    if !collapse || !straight.contains("  ") {
        return straight;
    }
    let mut out = String::with_capacity(straight.len());
    for character in straight.chars() {
        if character != ' ' || !out.ends_with(' ') {
            out.push(character);
        }
    }
    out
}

impl<'a> Table<'a> {
    /// Understands the headings of a sheet.
    pub(super) fn read(
        sheet: &'a Sheet,
        headings: Headings,
        collapse: bool,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut rows = sheet.rows.iter();
        let mut table = Self { name: &sheet.name, columns: Vec::new(), records: Vec::new() };
        let Some(first) = rows.next() else { return table };
        let double = first.cells.iter().any(|cell| cell.text.contains("::"));
        let mut seen: HashMap<Vec<String>, String> = HashMap::new();
        for cell in &first.cells {
            let heading = without_unseen(clean(&cell.text, true));
            let path = headings.path(&heading, double);
            table.columns.resize_with(cell.column, || None);
            if let Some(other) = seen.insert(path.clone(), heading.clone()) {
                let kind = Kind::DoubleColumn { one: other.clone(), other: heading.clone() };
                let place = cell.place(&sheet.name, first.number, "");
                // Old forms have their id twice; `form_id` is the one that counts.
                if headings == Headings::Settings && path == ["id_string"] {
                    problems.push(Problem::warning(place, kind));
                    if heading == "id_string" {
                        table.columns.push(None);
                        continue;
                    }
                    for column in &mut table.columns {
                        column.take_if(|column| column.heading == other);
                    }
                } else {
                    problems.push(Problem::error(place, kind));
                }
            }
            table.columns.push(Some(Column { heading, path }));
        }
        for row in rows {
            let cells = row
                .cells
                .iter()
                .filter(|cell| table.columns.get(cell.column).is_some_and(Option::is_some))
                .map(|cell| {
                    let text = clean(&cell.text, collapse);
                    // Words may hold what isn't seen; names and expressions never mean it.
                    let is_words = table.column(cell).is_some_and(Column::is_words);
                    let text = if is_words { text } else { without_unseen(text) };
                    Cell { column: cell.column, text }
                })
                .filter(|cell| !cell.text.is_empty())
                .collect();
            table.records.push(Record { number: row.number, cells });
        }
        table
    }

    /// Reports cells that can't be read in columns that a form uses: its own, and those that
    /// choices are filtered by.
    pub(super) fn faults(
        &self,
        sheet: &Sheet,
        headings: Headings,
        is_asked: &dyn Fn(&str) -> bool,
        problems: &mut Vec<Problem>,
    ) {
        for (row, column, kind) in &sheet.faults {
            let Some(used) = self.columns.get(*column).and_then(Option::as_ref) else { continue };
            if headings.knows(&used.path) || is_asked(&used.heading) {
                let cell = Cell { column: *column, text: String::new() };
                let place = cell.place(&sheet.name, *row, &used.heading);
                problems.push(Problem::error(place, kind.clone()));
            }
        }
    }

    /// That a column is missing: the headings may stand further down, below a title.
    pub(super) fn missing(&self, sheet: &Sheet, headings: Headings, name: &'static str) -> Problem {
        let meant = |row: &Row| {
            let paths = row
                .cells
                .iter()
                .map(|cell| headings.path(&without_unseen(clean(&cell.text, true)), true));
            let known: Vec<Vec<String>> = paths.filter(|path| headings.knows(path)).collect();
            known.len() >= 2 && known.iter().any(|path| path.len() == 1 && path[0] == name)
        };
        let below = sheet.rows.iter().skip(1).take(FEW_ROWS).find(|row| meant(row));
        let place = Place { sheet: sheet.name.clone(), ..Place::default() };
        match below {
            Some(row) => {
                let first = sheet.rows.first().map_or(1, |row| row.number);
                let place = Place { row: Some(row.number), ..place };
                Problem::error(place, Kind::HeadingsBelow { found: row.number, first })
            }
            None => Problem::error(place, Kind::NoColumn(name)),
        }
    }

    /// The columns there are.
    pub(super) fn known(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().flatten()
    }

    /// Whether there is a column of this meaning, in any language.
    pub(super) fn has(&self, path: &[&str]) -> bool {
        self.known().any(|column| starts_with(&column.path, path))
    }

    /// The column of a cell.
    pub(super) fn column(&self, cell: &Cell) -> Option<&Column> {
        self.columns.get(cell.column).and_then(Option::as_ref)
    }

    /// Where a row stands.
    pub(super) fn row(&self, record: &Record) -> Place {
        Place::row(self.name, record.number)
    }

    /// A cell as text with its place.
    pub(super) fn text(&self, record: &Record, cell: &Cell) -> Text {
        let heading = self.column(cell).map_or("", |column| column.heading.as_str());
        Text { text: cell.text.clone(), place: cell.place(self.name, record.number, heading) }
    }

    /// What stands in a row in the column of exactly this meaning.
    pub(super) fn get(&self, record: &Record, path: &[&str]) -> Option<Text> {
        let cell = record.cells.iter().find(|cell| {
            self.column(cell).is_some_and(|column| {
                column.path.len() == path.len() && starts_with(&column.path, path)
            })
        })?;
        Some(self.text(record, cell))
    }

    /// What stands in a row in the columns of this meaning, in all languages.
    pub(super) fn words(&self, record: &Record, path: &[&str]) -> Words {
        let mut words = Words::default();
        for cell in &record.cells {
            let Some(column) = self.column(cell) else { continue };
            if starts_with(&column.path, path) && column.path.len() <= path.len() + 1 {
                let language = column.path.get(path.len()).cloned();
                words.parts.push((language, self.text(record, cell)));
            }
        }
        words
    }

    /// What stands in a row in columns `of::…`: what is behind `of`, and the words.
    pub(super) fn group(&self, record: &Record, of: &str) -> Vec<(String, Words)> {
        let mut group: Vec<(String, Words)> = Vec::new();
        for cell in &record.cells {
            let Some(column) = self.column(cell) else { continue };
            let [first, name, rest @ ..] = &column.path[..] else { continue };
            if first != of {
                continue;
            }
            let part = (rest.first().cloned(), self.text(record, cell));
            match group.iter_mut().find(|(known, _)| known == name) {
                Some((_, words)) => words.parts.push(part),
                None => group.push((name.clone(), Words { parts: vec![part] })),
            }
        }
        group
    }
}

fn starts_with(path: &[String], start: &[&str]) -> bool {
    path.len() >= start.len() && path.iter().zip(start).all(|(one, other)| one == other)
}

impl Words {
    /// Words without a language.
    pub(super) fn plain(text: &str) -> Self {
        let text = Text { text: text.to_owned(), place: Place::default() };
        Self { parts: vec![(None, text)] }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether any of it is in a language.
    pub(super) fn is_localised(&self) -> bool {
        self.parts.iter().any(|(language, _)| language.is_some())
    }

    /// The words without a language.
    pub(super) fn first(&self) -> Option<&Text> {
        self.parts.first().map(|(_, text)| text)
    }

    /// Languages and words; what has no language is in the default one, unless that has its own.
    pub(super) fn by_language<'w>(&'w self, default: &'w str) -> Vec<(&'w str, &'w Text)> {
        let own =
            |language: &str| self.parts.iter().any(|(known, _)| known.as_deref() == Some(language));
        self.parts
            .iter()
            .filter_map(|(language, text)| match language {
                Some(language) => Some((language.as_str(), text)),
                None if own(default) => None,
                None => Some((default, text)),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_understood_as_pyxform_does() {
        let path = |heading: &str, double| Headings::Survey.path(heading, double).join("|");
        assert_eq!(path("Label", true), "label");
        assert_eq!(path("label::English (en)", true), "label|English (en)");
        assert_eq!(path("label:English", false), "label|English");
        assert_eq!(path("Guidance Hint::Français", true), "guidance_hint|Français");
        assert_eq!(path("relevance", false), "bind|relevant");
        assert_eq!(path("Required Message::en", true), "bind|jr:requiredMsg|en");
        assert_eq!(path("bind:jr:constraintMsg", false), "bind|jr:constraintMsg");
        assert_eq!(path("media::image::en", true), "media|image|en");
        assert_eq!(path("body::accept", true), "control|accept");
        assert_eq!(path("Comment", false), "Comment");
        assert_eq!(Headings::Choices.path("list name", false), ["list name"]);
    }
}
