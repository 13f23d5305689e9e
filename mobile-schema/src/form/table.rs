//! Answers laid out as tables: a line for each submission, and in a table of its own a line for
//! each instance of a repeat.
//!
//! Columns are named as ODK Central names those of its CSV files (`group-question`,
//! `place-Latitude`, and `question/choice` where choices are split); lines are joined by keys:
//! `uuid:…` for a submission, `uuid:…/member[2]` for an instance of its repeat.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::answers::text_of;
use super::definition::{ControlKind, DataType, Form, NodeKind};
use super::session::{Files, Session, World};
use super::stored::TEXT;

/// How answers are laid out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Choices stand as people read them, in the world's language, not by their names.
    pub in_words: bool,
    /// A question with several answers has a column for each choice, with 1 or 0 in it.
    pub split_choices: bool,
}

/// The tables of a form, the submissions' own first.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The tables: a repeat's comes after the one that it is in.
    pub sheets: Vec<Sheet>,
    style: Style,
}

/// A table.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Empty for the submissions; of a repeat, the names on the way to it: `members-visits`.
    pub name: String,
    /// The table with the lines that its lines belong to; none for the submissions.
    pub parent: Option<usize>,
    /// What it asks, in order.
    pub columns: Vec<Column>,
    /// The names from a line of the parent to the repeat.
    path: Vec<String>,
}

/// What a column of times holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// `2026-11-25`
    Day,
    /// `2026-11-25T14:03:00.000+08:00`
    Moment,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name; there is one of it in a table.
    pub name: String,
    /// What the question is called in the world's language; its name where it has no words.
    pub label: String,
    /// Whether what stands in it are numbers.
    pub is_number: bool,
    /// Whether what stands in it are days, or moments (RFC 3339).
    pub when: Option<When>,
    /// The names from a line to the question.
    path: Vec<String>,
    part: Part,
    /// The words of choices by their names, where they stand in words.
    choices: HashMap<String, String>,
    is_several: bool,
}

/// What of an answer stands in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    /// A number of a point: latitude, longitude, altitude, accuracy.
    Point(usize),
    /// Whether a choice was made.
    Chosen(String),
}

/// A line of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The table.
    pub sheet: usize,
    /// What lines of other tables know it by.
    pub key: String,
    /// The line that it belongs to; empty for a submission.
    pub parent: String,
    /// What stands in its columns; empty where nothing was answered.
    pub cells: Vec<String>,
}

/// The numbers of a point, as ODK Central calls them.
const POINT: [&str; 4] = ["Latitude", "Longitude", "Altitude", "Accuracy"];

impl Layout {
    /// How the answers of a form are laid out. The words are those of the world's language.
    pub fn new(form: &Arc<Form>, lists: &Files, world: World, style: Style) -> Self {
        let session = Session::begin(form.clone(), lists, world);
        let first = Sheet { name: String::new(), parent: None, columns: vec![], path: vec![] };
        let mut layout = Self { sheets: vec![first], style };
        layout.add(&session, form, 0, 0, &mut Vec::new());
        layout
    }

    /// Adds what another version of the form asks and this one does not, after what it asks.
    pub fn extend(&mut self, other: Self) {
        // Where the other's tables are here.
        let mut places: Vec<usize> = Vec::new();
        for sheet in other.sheets {
            let parent = sheet.parent.map(|parent| places[parent]);
            let known = self.sheets.iter().position(|one| one.name == sheet.name);
            let place = known.unwrap_or_else(|| {
                self.sheets.push(Sheet { columns: Vec::new(), parent, ..sheet.clone() });
                self.sheets.len() - 1
            });
            places.push(place);
            let own = &mut self.sheets[place].columns;
            for column in sheet.columns {
                match own.iter_mut().find(|one| one.name == column.name) {
                    None => own.push(column),
                    Some(known) => {
                        for (name, words) in column.choices {
                            known.choices.entry(name).or_insert(words);
                        }
                    }
                }
            }
        }
    }

    /// The lines of a submission that is known by `key`: its own, then those of its repeats.
    /// Answers that no version asked for have no place in them.
    pub fn lines(&self, key: &str, answers: &Value) -> Vec<Line> {
        let mut lines = Vec::new();
        self.line(0, key.to_owned(), String::new(), answers, &mut lines);
        lines
    }

    fn line(
        &self,
        sheet: usize,
        key: String,
        parent: String,
        answers: &Value,
        lines: &mut Vec<Line>,
    ) {
        let cells = self.sheets[sheet].columns.iter().map(|column| column.cell(answers)).collect();
        lines.push(Line { sheet, key: key.clone(), parent, cells });
        for (at, inner) in self.sheets.iter().enumerate() {
            let Some(Value::Array(all)) =
                (inner.parent == Some(sheet)).then(|| at_path(answers, &inner.path)).flatten()
            else {
                continue;
            };
            for (place, answers) in all.iter().enumerate() {
                let inner_key = format!("{key}/{}[{}]", inner.path.join("/"), place + 1);
                self.line(at, inner_key, key.clone(), answers, lines);
            }
        }
    }

    fn add(
        &mut self,
        session: &Session,
        form: &Form,
        sheet: usize,
        node: u32,
        path: &mut Vec<String>,
    ) {
        for child in form.node(node).children.iter().copied() {
            let definition = form.node(child);
            path.push(definition.name.clone());
            match definition.kind {
                NodeKind::Attribute => {}
                NodeKind::Group => self.add(session, form, sheet, child, path),
                NodeKind::Question => {
                    let columns = columns(session, form, child, path, self.style);
                    self.sheets[sheet].columns.extend(columns);
                }
                NodeKind::Repeat => {
                    let outer = &self.sheets[sheet].name;
                    let own = path.join("-");
                    let name = if outer.is_empty() { own } else { format!("{outer}-{own}") };
                    let path = path.clone();
                    self.sheets.push(Sheet { name, parent: Some(sheet), columns: vec![], path });
                    self.add(session, form, self.sheets.len() - 1, child, &mut Vec::new());
                }
            }
            path.pop();
        }
    }
}

/// The columns of a question; a note has none.
fn columns(
    session: &Session,
    form: &Form,
    node: u32,
    path: &[String],
    style: Style,
) -> Vec<Column> {
    let (kind, control) = (form.type_name(node), form.control(node));
    if kind == "note" {
        return Vec::new();
    }
    let name = path.join("-");
    let words = control.and_then(|control| session.plain_words(control.label.as_ref()?));
    let is_several =
        control.is_some_and(|one| matches!(one.kind, ControlKind::Select | ControlKind::Rank));
    let whole = Column {
        label: words.unwrap_or_else(|| name.clone()),
        is_number: form.node(node).bind.data_type.is_number(),
        when: match form.node(node).bind.data_type {
            DataType::Date => Some(When::Day),
            DataType::DateTime => Some(When::Moment),
            _ => None,
        },
        path: path.to_vec(),
        part: Part::Whole,
        choices: HashMap::new(),
        is_several,
        name,
    };
    if form.node(node).bind.data_type == DataType::Geopoint {
        let part = |(at, part): (usize, &str)| Column {
            name: format!("{}-{part}", whole.name),
            label: format!("{} ({part})", whole.label),
            is_number: true,
            part: Part::Point(at),
            ..whole.clone()
        };
        return POINT.into_iter().enumerate().map(part).collect();
    }
    let splits = style.split_choices && kind == "select_multiple";
    if !style.in_words && !splits {
        return vec![whole];
    }
    let choices = control.map(|control| session.all_choices(control)).unwrap_or_default();
    let mut columns = vec![whole];
    if splits {
        let mut known = HashSet::new();
        for choice in choices.iter().filter(|choice| known.insert(&choice.value)) {
            let words = if choice.label.is_empty() { &choice.value } else { &choice.label };
            columns.push(Column {
                name: format!("{}/{}", columns[0].name, choice.value),
                label: format!("{}: {words}", columns[0].label),
                is_number: true,
                part: Part::Chosen(choice.value.clone()),
                ..columns[0].clone()
            });
        }
    }
    if style.in_words {
        let named = choices.into_iter().filter(|choice| !choice.label.is_empty());
        columns[0].choices = named.map(|choice| (choice.value, choice.label)).collect();
    }
    columns
}

impl Column {
    /// What stands in the column of a line with these answers.
    fn cell(&self, answers: &Value) -> String {
        let value = at_path(answers, &self.path);
        // A question with attributes keeps its text beside them.
        let value = value.and_then(|value| match value {
            Value::Object(parts) => parts.get(TEXT),
            value => Some(value),
        });
        let text = value.and_then(text_of).unwrap_or_default();
        match &self.part {
            Part::Point(at) => text.split_whitespace().nth(*at).unwrap_or_default().to_owned(),
            Part::Chosen(_) if text.is_empty() => text,
            Part::Chosen(choice) => {
                u8::from(text.split_whitespace().any(|one| one == choice)).to_string()
            }
            Part::Whole if self.choices.is_empty() => text,
            Part::Whole if self.is_several => {
                let words: Vec<&str> = text.split_whitespace().map(|one| self.words(one)).collect();
                words.join("; ")
            }
            Part::Whole => self.words(&text).to_owned(),
        }
    }

    fn words<'a>(&'a self, choice: &'a str) -> &'a str {
        self.choices.get(choice).map_or(choice, String::as_str)
    }
}

/// What stands at the end of a way through groups.
fn at_path<'a>(answers: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(answers, |at, name| at.get(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::form;

    fn layout(sheet: &str, style: Style) -> Layout {
        let opened = form::open(sheet.as_bytes(), "form");
        let form = opened.form.unwrap_or_else(|| panic!("a form: {:?}", opened.problems));
        let form = Arc::new(form);
        let world = World {
            now: 0,
            offset: 480,
            language: "en".to_owned(),
            properties: HashMap::new(),
            location: None,
            seed: [0; 32],
        };
        Layout::new(&form, &Files::new(), world, style)
    }

    fn names(sheet: &Sheet) -> Vec<&str> {
        let names = sheet.columns.iter().map(|column| column.name.as_str());
        names.filter(|name| !name.starts_with("meta-")).collect()
    }

    fn cells<'a>(layout: &'a Layout, line: &'a Line) -> Vec<(&'a str, &'a str)> {
        let columns = layout.sheets[line.sheet].columns.iter();
        let all = columns.map(|one| one.name.as_str()).zip(line.cells.iter().map(String::as_str));
        all.filter(|(_, cell)| !cell.is_empty()).collect()
    }

    const HOUSE: &str = "| survey | | | | |
| | type | name | label::English (en) | calculation |
| | begin group | home | Home |
| | select_multiple water | water | Water comes from |
| | geopoint | place | Where |
| | end group | | |
| | begin repeat | member | Member |
| | text | name | Name of ${water} |
| | begin repeat | illness | Illness |
| | select_one illness | what | Which |
| | end repeat | | |
| | end repeat | | |
| | note | thanks | Thank you |
| | integer | people | People |
| | calculate | twice | | 2 * ${people} |
| choices | | | |
| | list_name | name | label::English (en) |
| | water | well | A well |
| | water | tap | A tap |
| | illness | cold | A cold |
";

    fn answers() -> Value {
        json!({
            "home": { "water": "tap well", "place": "30.5 104.1 12 5" },
            "member": [
                { "name": "A", "illness": [{ "what": "cold" }, { "what": "gout" }] },
                { "name": "B" },
            ],
            "people": 2,
            "forgotten": "x",
        })
    }

    #[test]
    fn a_line_for_each_submission_and_each_instance() {
        let layout = layout(HOUSE, Style::default());
        let titles: Vec<&str> = layout.sheets.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(titles, ["", "member", "member-illness"]);
        assert_eq!(
            names(&layout.sheets[0]),
            [
                "home-water",
                "home-place-Latitude",
                "home-place-Longitude",
                "home-place-Altitude",
                "home-place-Accuracy",
                "people",
                "twice",
            ]
        );
        let lines = layout.lines("uuid:1", &answers());
        let keys: Vec<(&str, &str)> =
            lines.iter().map(|line| (line.key.as_str(), line.parent.as_str())).collect();
        assert_eq!(
            keys,
            [
                ("uuid:1", ""),
                ("uuid:1/member[1]", "uuid:1"),
                ("uuid:1/member[1]/illness[1]", "uuid:1/member[1]"),
                ("uuid:1/member[1]/illness[2]", "uuid:1/member[1]"),
                ("uuid:1/member[2]", "uuid:1"),
            ]
        );
        assert_eq!(
            cells(&layout, &lines[0]),
            [
                ("home-water", "tap well"),
                ("home-place-Latitude", "30.5"),
                ("home-place-Longitude", "104.1"),
                ("home-place-Altitude", "12"),
                ("home-place-Accuracy", "5"),
                ("people", "2"),
            ]
        );
        assert_eq!(cells(&layout, &lines[3]), [("what", "gout")]);
    }

    #[test]
    fn choices_stand_in_words_and_apart() {
        let layout = layout(HOUSE, Style { in_words: true, split_choices: true });
        assert_eq!(
            names(&layout.sheets[0])[..3],
            ["home-water", "home-water/well", "home-water/tap"]
        );
        let label = |sheet: usize, name: &str| {
            let found = layout.sheets[sheet].columns.iter().find(|one| one.name == name);
            found.expect("a column").label.as_str()
        };
        assert_eq!(label(0, "home-water/well"), "Water comes from: A well");
        assert_eq!(label(0, "twice"), "twice", "without words it has its name");
        assert_eq!(label(1, "name"), "Name of …");
        let lines = layout.lines("1", &answers());
        assert_eq!(cells(&layout, &lines[0])[0], ("home-water", "A tap; A well"));
        assert_eq!(cells(&layout, &lines[2]), [("what", "A cold")]);
        assert_eq!(cells(&layout, &lines[3]), [("what", "gout")], "no such choice: as it is");
        let one = layout.lines("1", &json!({ "home": { "water": "well" } }));
        let chosen = cells(&layout, &one[0]);
        assert!(chosen.contains(&("home-water/well", "1")));
        assert!(chosen.contains(&("home-water/tap", "0")));
        let none = layout.lines("1", &json!({}));
        assert_eq!(cells(&layout, &none[0]), [], "not answered is not 0");
    }

    #[test]
    fn versions_stand_in_one_table() {
        let older = "| survey | | | |
| | type | name | label |
| | begin repeat | pig | Pig |
| | text | name | Name |
| | end repeat | | |
| | begin repeat | member | Member |
| | text | nickname | Nickname |
| | end repeat | | |
| | text | floor | Floor |
| | integer | people | People |
";
        let mut layout = layout(HOUSE, Style::default());
        layout.extend(super::tests::layout(older, Style::default()));
        assert_eq!(names(&layout.sheets[0]).last(), Some(&"floor"));
        assert_eq!(names(&layout.sheets[1]), ["name", "nickname"]);
        let pig = layout.sheets.iter().position(|one| one.name == "pig").expect("a table");
        let lines = layout.lines("1", &json!({ "pig": [{ "name": "P" }], "floor": "mud" }));
        assert_eq!(lines[1].sheet, pig);
        assert_eq!(cells(&layout, &lines[1]), [("name", "P")]);
        assert_eq!(cells(&layout, &lines[0]), [("floor", "mud")]);
    }
}
