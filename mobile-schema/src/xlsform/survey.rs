//! The survey sheet, and what the other sheets say of the form as a whole.

use std::collections::HashMap;

use super::choices;
use super::columns::{Headings, Table, Text, Words};
use super::item::{Item, Kind as ItemKind, ROOT, Settings, Survey};
use super::rows::{Open, Reader};
use super::sheet::Workbook;
use super::types;
use crate::expression::problem::nearest;
use crate::expression::syntax::references;
use crate::form::problem::{Kind, Place, Problem};

/// Names of sheets that are read.
const SHEETS: [&str; 6] = ["survey", "choices", "settings", "external_choices", "entities", "osm"];

/// Whether a sheet of this name is read.
pub(super) fn reads(workbook: &Workbook, name: &str) -> bool {
    let name = super::sheet::clean(name).to_lowercase();
    name.is_empty() || workbook.sheets.len() == 1 || SHEETS.contains(&name.as_str())
}

/// What a cell that asks yes or no says.
pub(super) fn is_yes(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "true()" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "false()" => Some(false),
        _ => None,
    }
}

/// Reads the sheets; none without a survey.
pub(super) fn read(
    workbook: &Workbook,
    file_name: &str,
    problems: &mut Vec<Problem>,
) -> Option<Survey> {
    misspelt(workbook, problems);
    let sheet = match workbook.sheet("survey") {
        Some(sheet) => sheet,
        None if workbook.sheets.len() == 1 => &workbook.sheets[0],
        None => {
            let near = nearest("survey", workbook.sheets.iter().map(|sheet| sheet.name.as_str()));
            let kind = Kind::NoSurveySheet(near.map(str::to_owned));
            problems.push(Problem::error(Place::default(), kind));
            return None;
        }
    };
    // What the form may filter choices by.
    let is_asked = |heading: &str| {
        let cells = sheet.rows.iter().flat_map(|row| &row.cells);
        cells.into_iter().any(|cell| cell.text.contains(heading))
    };
    let table_of = |name: &str, headings, problems: &mut Vec<Problem>| {
        let sheet = workbook.sheet(name)?;
        let table = Table::read(sheet, headings, false, problems);
        table.faults(sheet, headings, &is_asked, problems);
        Some(table)
    };
    let settings = table_of("settings", Headings::Settings, problems);
    let set = |name: &str| -> Option<Text> {
        let table = settings.as_ref()?;
        table.get(table.records.first()?, &[name])
    };
    let is_set = |name: &str| set(name).and_then(|text| is_yes(&text.text));
    let collapse = is_set("clean_text_values").unwrap_or(true);
    let table = Table::read(sheet, Headings::Survey, collapse, problems);
    table.faults(sheet, Headings::Survey, &|_| false, problems);
    if !table.has(&["type"]) {
        problems.push(table.missing(sheet, Headings::Survey, "type"));
        return None;
    }
    let duplicates = is_set("allow_choice_duplicates").unwrap_or(false);
    let mut read_lists = |name: &str| {
        let table = table_of(name, Headings::Choices, problems)?;
        // Only the choices of a form have to be different; other lists are told apart by filters.
        if !table.has(&["name"]) && !table.records.is_empty() {
            let sheet = workbook.sheet(name)?;
            problems.push(table.missing(sheet, Headings::Choices, "name"));
            return None;
        }
        let lists = choices::read(&table, duplicates || name != "choices", problems);
        let languages = super::texts::languages(&table);
        Some((lists, languages))
    };
    let (lists, choice_languages) = read_lists("choices").unwrap_or_default();
    let (external, _) = read_lists("external_choices").unwrap_or_default();
    let (tags, _) = read_lists("osm").unwrap_or_default();

    let root = set("name").map_or_else(|| "data".to_owned(), |name| name.text);
    let mut survey = Survey {
        items: vec![Item::new(&root, Place::default(), ItemKind::Form)],
        by_name: HashMap::from([(root, vec![ROOT])]),
        lists,
        settings: read_settings(&set, settings.as_ref(), file_name),
        entities: None,
    };
    let mut reader = Reader {
        table: &table,
        survey: &mut survey,
        problems: &mut *problems,
        open: vec![Open { item: ROOT, section: None, table_list: None }],
        external: &external,
        tags: &tags,
        meta: Vec::new(),
        repeats: HashMap::new(),
    };
    for record in &table.records {
        reader.record(record);
    }
    let meta = reader.finish();
    let entities = table_of("entities", Headings::Entities, problems);
    super::entities::add(&mut survey, entities.as_ref(), problems);
    add_meta(&mut survey, meta, &set, problems);
    super::texts::check_languages(&survey, &table, &choice_languages, problems);
    Some(survey)
}

/// Sheets that are probably meant to be read.
fn misspelt(workbook: &Workbook, problems: &mut Vec<Problem>) {
    for sheet in &workbook.sheets {
        let name = super::sheet::clean(&sheet.name).to_lowercase();
        if SHEETS.contains(&name.as_str()) || name.starts_with('_') || workbook.sheets.len() == 1 {
            continue;
        }
        let missing = SHEETS.into_iter().filter(|known| workbook.sheet(known).is_none());
        let missing: Vec<&'static str> = missing.collect();
        if let Some(near) = nearest(&name, missing.iter().copied())
            && let Some(meant) = missing.into_iter().find(|known| *known == near)
        {
            let kind = Kind::MisspeltSheet { found: sheet.name.clone(), meant };
            let place = Place { sheet: sheet.name.clone(), ..Place::default() };
            problems.push(Problem::warning(place, kind));
        }
    }
}

fn read_settings(
    set: &dyn Fn(&str) -> Option<Text>,
    table: Option<&Table<'_>>,
    file_name: &str,
) -> Settings {
    let text = |name: &str| set(name).map(|text| text.text);
    let id = text("id_string").unwrap_or_else(|| file_name.to_owned());
    let mut settings = Settings {
        title: text("title").unwrap_or_else(|| id.clone()),
        version: text("version").unwrap_or_default(),
        default_language: text("default_language").unwrap_or_else(|| "default".to_owned()),
        style: text("style").unwrap_or_default(),
        xmlns: text("instance_xmlns").unwrap_or_default(),
        id,
        ..Settings::default()
    };
    if let Some(url) = text("submission_url") {
        settings.submission.push(("action", url));
        settings.submission.push(("method", "post".to_owned()));
    }
    for (name, attribute) in [
        ("public_key", "base64RsaPublicKey"),
        ("auto_send", "orx:auto-send"),
        ("auto_delete", "orx:auto-delete"),
    ] {
        if let Some(value) = text(name) {
            settings.submission.push((attribute, value));
        }
    }
    if text("client_editable").is_some_and(|text| is_yes(&text) == Some(true)) {
        settings.submission.push(("odk:client-editable", "true".to_owned()));
    }
    if let Some(table) = table
        && let Some(record) = table.records.first()
    {
        for (name, words) in table.group(record, "attribute") {
            let value = words.first().map_or_else(String::new, |text| text.text.clone());
            settings.attributes.push((name, value));
        }
    }
    for (name, attribute) in [("prefix", "odk:prefix"), ("delimiter", "odk:delimiter")] {
        if let Some(value) = text(name) {
            settings.attributes.push((attribute.to_owned(), value));
        }
    }
    let namespaces = text("namespaces").unwrap_or_default();
    for part in namespaces.split_whitespace() {
        if let Some((prefix, uri)) = part.split_once('=') {
            let uri = uri.trim_matches(['"', '\'']).to_owned();
            settings.namespaces.push((prefix.to_owned(), uri));
        }
    }
    settings
}

/// The group of the submission's own data.
fn add_meta(
    survey: &mut Survey,
    audits: Vec<Item>,
    set: &dyn Fn(&str) -> Option<Text>,
    problems: &mut Vec<Problem>,
) {
    let (type_name, template) = types::of("calculate").unwrap_or_default();
    let kind = || ItemKind::Question { type_name, template };
    let mut items = audits;
    let omitted = set("omit_instanceid").is_some_and(|text| is_yes(&text.text) == Some(true));
    if !omitted {
        let mut item = Item::new("instanceID", Place::default(), kind());
        item.set_bind("type", Words::plain("string"));
        item.set_bind("readonly", Words::plain("true()"));
        let preload = set("instance_id").map_or_else(|| "uid".to_owned(), |text| text.text);
        item.set_bind("jr:preload", Words::plain(&preload));
        items.push(item);
    }
    if let Some(name) = set("instance_name") {
        survey.check(&name, problems);
        let mut item = Item::new("instanceName", name.place.clone(), kind());
        item.set_bind("type", Words::plain("string"));
        item.set_bind("calculate", Words { parts: vec![(None, name)] });
        items.push(item);
    }
    if items.is_empty() {
        return;
    }
    let meta = survey.meta(ROOT);
    for item in items {
        survey.add(meta, item);
    }
}

impl Survey {
    /// The group of a section's own data, made where there is none.
    pub(super) fn meta(&mut self, section: usize) -> usize {
        let known = self.items[section].children.iter().copied().find(|at| {
            self.items[*at].name == "meta" && matches!(self.items[*at].kind, ItemKind::Group { .. })
        });
        known.unwrap_or_else(|| {
            let group = ItemKind::Group { shown: false };
            self.add_nameless(section, Item::new("meta", Place::default(), group))
        })
    }
}

/// Text that stands nowhere in the workbook.
pub(super) fn plain(text: &str) -> Text {
    Text { text: text.to_owned(), place: Place::default() }
}

/// Whether a text is one `${name}` and nothing else.
pub(super) fn is_reference(text: &str) -> bool {
    let text = text.trim();
    matches!(references(text).as_slice(), [Ok(reference)] if reference.span == (0..text.len()))
}
