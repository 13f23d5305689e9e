//! The survey sheet, and what the other sheets say of the form as a whole.

use std::collections::HashMap;

use super::choices;
use super::columns::{Headings, Record, Table, Text, Words};
use super::item::{Item, Kind as ItemKind, ROOT, Settings, Source, Survey};
use super::parameters::Parameters;
use super::references::is_dynamic;
use super::sheet::Workbook;
use super::types::{self, Choosing, Section, Select};
use crate::expression::problem::nearest;
use crate::expression::syntax::references;
use crate::form::problem::{Kind, Needs, Place, Problem};
use crate::xml::is_name;

/// Names of sheets that are read.
const SHEETS: [&str; 6] = ["survey", "choices", "settings", "external_choices", "entities", "osm"];
/// Endings of files that choices come from.
const FILES: [&str; 3] = [".csv", ".xml", ".geojson"];

/// How deep groups may be nested: their XForm has to stay within what is read of XML.
const MAX_NESTING: usize = 40;

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
    let table_of = |name: &str, headings, problems: &mut Vec<Problem>| {
        workbook.sheet(name).map(|sheet| Table::read(sheet, headings, false, problems))
    };
    let settings = table_of("settings", Headings::Settings, problems);
    let set = |name: &str| -> Option<Text> {
        let table = settings.as_ref()?;
        table.get(table.records.first()?, &[name])
    };
    let is_set = |name: &str| set(name).and_then(|text| is_yes(&text.text));
    let collapse = is_set("clean_text_values").unwrap_or(true);
    let table = Table::read(sheet, Headings::Survey, collapse, problems);
    if !table.has(&["type"]) {
        let place = Place { sheet: sheet.name.clone(), ..Place::default() };
        problems.push(Problem::error(place, Kind::NoColumn("type")));
        return None;
    }
    let duplicates = is_set("allow_choice_duplicates").unwrap_or(false);
    let mut read_lists = |name: &str| {
        let table = table_of(name, Headings::Choices, problems)?;
        // Only the choices of a form have to be different; other lists are told apart by filters.
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
        let name = sheet.name.trim().to_lowercase();
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

/// A group that was begun.
struct Open {
    item: usize,
    section: Option<Section>,
    /// In a `table-list`: the list its questions share, once known.
    table_list: Option<Option<String>>,
}

struct Reader<'a> {
    table: &'a Table<'a>,
    survey: &'a mut Survey,
    problems: &'a mut Vec<Problem>,
    open: Vec<Open>,
    external: &'a [choices::List],
    tags: &'a [choices::List],
    meta: Vec<Item>,
    repeats: HashMap<String, ()>,
}

impl Reader<'_> {
    fn error(&mut self, place: Place, kind: Kind) {
        self.problems.push(Problem::error(place, kind));
    }

    fn warn(&mut self, place: Place, kind: Kind) {
        self.problems.push(Problem::warning(place, kind));
    }

    fn here(&self) -> usize {
        self.open.last().map_or(ROOT, |open| open.item)
    }

    fn record(&mut self, record: &Record) {
        let row = self.table.row(record);
        if let Some(disabled) = self.table.get(record, &["disabled"]) {
            self.warn(disabled.place.clone(), Kind::Disabled);
            if is_yes(&disabled.text) == Some(true) {
                return;
            }
        }
        let Some(type_text) = self.table.get(record, &["type"]) else {
            let named = self.table.get(record, &["name"]).is_some();
            let labelled = !self.table.words(record, &["label"]).is_empty();
            if named || labelled {
                self.error(row, Kind::NoType);
            }
            return;
        };
        match types::section(&type_text.text) {
            Some((section, true)) => self.begin(record, section),
            Some((section, false)) => self.end(&type_text.place, section),
            None => self.question(record, &type_text),
        }
    }

    /// The name of a row, if it is a good one.
    fn name(&mut self, record: &Record) -> Option<Text> {
        let Some(name) = self.table.get(record, &["name"]) else {
            self.error(self.table.row(record), Kind::NoName);
            return None;
        };
        if !is_name(&name.text) {
            self.error(name.place, Kind::BadName(name.text));
            return None;
        }
        self.check_twice(&name);
        Some(name)
    }

    fn check_twice(&mut self, name: &Text) {
        let here = self.here();
        if here == ROOT && name.text == "meta" {
            self.error(name.place.clone(), Kind::ReservedName(name.text.clone()));
            return;
        }
        let folded = name.text.to_lowercase();
        let siblings = &self.survey.items[here].children;
        let twin = siblings.iter().map(|at| &self.survey.items[*at]).find_map(|item| {
            if item.name == name.text {
                let row = item.place.row.unwrap_or_default();
                Some(Problem::error(
                    name.place.clone(),
                    Kind::DuplicateName(name.text.clone(), row),
                ))
            } else if item.name.to_lowercase() == folded {
                let kind = Kind::SimilarName(name.text.clone(), item.name.clone());
                Some(Problem::warning(name.place.clone(), kind))
            } else {
                None
            }
        });
        self.problems.extend(twin);
    }

    /// An item with what every row may have.
    fn item(&mut self, record: &Record, name: &str, kind: ItemKind) -> Item {
        let table = self.table;
        let place = match table.get(record, &["name"]) {
            Some(name) => name.place,
            None => table.row(record),
        };
        let mut item = Item::new(name, place, kind);
        item.label = table.words(record, &["label"]);
        item.hint = table.words(record, &["hint"]);
        item.guidance = table.words(record, &["guidance_hint"]);
        item.media = table.group(record, "media");
        let template = item.template();
        if let Some(data_type) = template.data_type {
            item.set_bind("type", Words::plain(data_type));
        }
        if template.readonly {
            item.set_bind("readonly", Words::plain("true()"));
        }
        if let Some((preload, parameter)) = template.preload {
            item.set_bind("jr:preload", Words::plain(preload));
            item.set_bind("jr:preloadParams", Words::plain(parameter));
        }
        if let Some(constraint) = template.constraint {
            item.set_bind("constraint", Words::plain(constraint));
        }
        if let Some(hint) = template.hint
            && item.hint.is_empty()
        {
            item.hint = Words::plain(hint);
        }
        if let Some(media_type) = template.media_type {
            item.set_control("mediatype", plain(media_type));
        }
        for (name, words) in table.group(record, "bind") {
            item.set_bind(&name, words);
        }
        for (name, words) in table.group(record, "control") {
            if let Some(text) = words.first() {
                item.set_control(&name, text.clone());
            }
        }
        for (name, words) in table.group(record, "instance") {
            item.instance.extend(words.first().map(|text| (name, text.clone())));
        }
        if let Some(intent) = table.get(record, &["intent"]) {
            item.set_control("intent", intent);
        }
        item.filter = table.get(record, &["choice_filter"]);
        if item.control("appearance").is_some_and(|text| text.text == "label")
            && item.label.is_empty()
        {
            item.label = Words::plain(" ");
        }
        item
    }

    fn begin(&mut self, record: &Record, section: Section) {
        let row = self.table.row(record);
        // Groups stay in step even where one has no name.
        let (name, place) = match self.name(record) {
            Some(name) => (name.text, name.place),
            None => (String::new(), row.clone()),
        };
        let kind = match section {
            Section::Group => ItemKind::Group { shown: true },
            Section::Repeat => ItemKind::Repeat,
        };
        let mut item = self.item(record, &name, kind);
        if section == Section::Repeat && !name.is_empty() {
            if self.survey.items[ROOT].name == name {
                self.error(place, Kind::RepeatNamedAsForm(name.clone()));
            } else if self.repeats.insert(name.clone(), ()).is_some() {
                self.error(place, Kind::DuplicateRepeat(name.clone()));
            }
            if item.label.is_empty() && item.media.is_empty() {
                self.warn(row.clone(), Kind::NoRepeatLabel(name.clone()));
            }
        }
        if let Some(count) = item.control("jr:count").cloned()
            && !is_reference(&count.text)
        {
            let counter = self.calculation(&format!("{name}_count"), count.clone());
            let reference = format!("${{{}}}", counter.name);
            item.set_control("jr:count", Text { text: reference, place: count.place });
            self.survey.add(self.here(), counter);
        }
        let mut table_list = None;
        let mut heading = None;
        if let Some(appearance) = item.control("appearance").cloned() {
            let words: Vec<&str> = appearance.text.split_whitespace().collect();
            if words.contains(&"table-list") {
                table_list = Some(None);
                let rest = words.iter().filter(|word| **word != "table-list");
                let all: Vec<&str> = ["field-list"].into_iter().chain(rest.copied()).collect();
                let text = Text { text: all.join(" "), place: appearance.place };
                item.set_control("appearance", text);
                if !item.label.is_empty() || !item.hint.is_empty() {
                    heading = self.note(record, "generated_table_list_label_");
                    if let Some(note) = &mut heading {
                        note.label = std::mem::take(&mut item.label);
                        note.hint = std::mem::take(&mut item.hint);
                    }
                }
            }
        }
        if self.open.len() > MAX_NESTING {
            // What is inside is read as if it stood in the group around, so that all else is told.
            if self.open.len() == MAX_NESTING + 1 {
                self.error(row, Kind::NestedTooDeep(MAX_NESTING));
            }
            let item = self.here();
            self.open.push(Open { item, section: Some(section), table_list });
            return;
        }
        let at = self.survey.add(self.here(), item);
        if let Some(note) = heading {
            self.survey.add(at, note);
        }
        self.open.push(Open { item: at, section: Some(section), table_list });
    }

    /// A question that isn't shown and is calculated.
    fn calculation(&self, name: &str, expression: Text) -> Item {
        let (type_name, template) = types::of("calculate").unwrap_or_default();
        let kind = ItemKind::Question { type_name, template };
        let mut item = Item::new(name, expression.place.clone(), kind);
        item.set_bind("type", Words::plain("string"));
        item.set_bind("readonly", Words::plain("true()"));
        item.set_bind("calculate", Words { parts: vec![(None, expression)] });
        item
    }

    fn note(&self, record: &Record, prefix: &str) -> Option<Item> {
        let (type_name, template) = types::of("note")?;
        let name = format!("{prefix}{}", record.number);
        let kind = ItemKind::Question { type_name, template };
        let mut item = Item::new(&name, self.table.row(record), kind);
        item.set_bind("type", Words::plain("string"));
        item.set_bind("readonly", Words::plain("true()"));
        Some(item)
    }

    fn end(&mut self, place: &Place, section: Section) {
        let Some(Open { item, section: Some(begun), .. }) = self.open.last() else {
            self.error(place.clone(), Kind::EndWithoutBegin(section.name()));
            return;
        };
        let (item, begun) = (*item, *begun);
        let own = &self.survey.items[item];
        if begun != section {
            let kind = Kind::EndMismatch {
                ends: section.name(),
                begun: begun.name(),
                name: own.name.clone(),
                row: own.place.row.unwrap_or_default(),
            };
            self.error(place.clone(), kind);
        }
        self.open.pop();
    }

    fn finish(&mut self) -> Vec<Item> {
        while let Some(Open { item, section: Some(begun), .. }) = self.open.pop() {
            let own = &self.survey.items[item];
            let kind = Kind::NeverEnded { begun: begun.name(), name: own.name.clone() };
            self.error(own.place.clone(), kind);
        }
        std::mem::take(&mut self.meta)
    }

    fn question(&mut self, record: &Record, type_text: &Text) {
        // Settings used to stand among the questions.
        if let "form_title" | "set_form_title" | "form_id" | "set_form_id" = type_text.text.as_str()
        {
            if let Some(name) = self.table.get(record, &["name"]) {
                let settings = &mut self.survey.settings;
                if type_text.text.ends_with("title") {
                    settings.title = name.text;
                } else {
                    settings.id = name.text;
                }
            }
            return;
        }
        if let Some(choosing) = types::choosing(&type_text.text) {
            self.select(record, type_text, &choosing);
            return;
        }
        let word = type_text.text.split_once(' ').map(|(first, list)| (first, list.trim()));
        let (type_name, osm_list) = match word {
            Some(("osm", list)) => ("osm", Some(list)),
            _ => (type_text.text.as_str(), None),
        };
        let Some((type_name, template)) = types::of(type_name) else {
            let near = nearest(&type_text.text, types::names()).map(str::to_owned);
            self.error(type_text.place.clone(), Kind::UnknownType(type_text.text.clone(), near));
            return;
        };
        let kind = match type_name {
            "xml-external" => {
                let external = if type_text.text.starts_with("csv") { "csv" } else { "xml" };
                ItemKind::External(external)
            }
            _ => ItemKind::Question { type_name, template },
        };
        let name = if type_name == "audit" {
            let given = self.table.get(record, &["name"]);
            if given.as_ref().is_some_and(|name| name.text != "audit") {
                self.error(type_text.place.clone(), Kind::AuditName);
            }
            "audit".to_owned()
        } else if type_name == "note" && self.table.get(record, &["name"]).is_none() {
            format!("generated_note_name_{}", record.number)
        } else {
            match self.name(record) {
                Some(name) => name.text,
                None => return,
            }
        };
        let mut item = self.item(record, &name, kind);
        if types::OLD_DEVICE_FIELDS.contains(&type_name) {
            self.warn(type_text.place.clone(), Kind::OldDeviceField(type_name.to_owned()));
        }
        self.fill(record, &mut item);
        self.of_type(record, type_text, &mut item);
        if let Some(list) = osm_list {
            let tags = self.tags.iter().find(|known| known.name == list);
            let tags = tags.map(|list| list.choices.as_slice()).unwrap_or_default();
            item.tags = tags.iter().map(|tag| (tag.name.clone(), tag.label.clone())).collect();
        }
        if type_name == "audit" {
            self.meta.push(item);
        } else {
            self.survey.add(self.here(), item);
        }
    }

    /// Default and triggers.
    fn fill(&mut self, record: &Record, item: &mut Item) {
        item.default = self.table.get(record, &["default"]);
        item.is_dynamic = item
            .default
            .as_ref()
            .is_some_and(|default| is_dynamic(&default.text, item.type_name()));
        if let Some(trigger) = self.table.get(record, &["trigger"]) {
            let parts: Vec<&str> = trigger.text.split(',').map(str::trim).collect();
            if parts.iter().all(|part| is_reference(part)) {
                for reference in references(&trigger.text).into_iter().flatten() {
                    item.triggers.push(Text { text: reference.name, place: trigger.place.clone() });
                }
            } else {
                self.error(trigger.place, Kind::BadTrigger);
            }
        }
    }

    /// What only some types have: their parameters.
    fn of_type(&mut self, record: &Record, type_text: &Text, item: &mut Item) {
        let parameters = Parameters::read(self.table.get(record, &["parameters"]), self.problems);
        let appearance =
            item.control("appearance").map_or_else(String::new, |text| text.text.clone());
        match item.type_name() {
            "calculate" => {
                let given = item.bind("calculate").is_some() || item.is_dynamic;
                if !given && type_text.text != "hidden" {
                    self.error(type_text.place.clone(), Kind::NoCalculation);
                }
            }
            "text" => {
                parameters.only(&["rows"], self.problems);
                if let Some(rows) = parameters.whole("rows", self.problems) {
                    item.set_control("rows", plain(&rows));
                }
            }
            "image" => {
                parameters.only(&["max-pixels", "app"], self.problems);
                match parameters.whole("max-pixels", self.problems) {
                    Some(pixels) => item.set_bind("orx:max-pixels", Words::plain(&pixels)),
                    None => self.warn(type_text.place.clone(), Kind::NoMaxPixels),
                }
                if let Some(app) = parameters.get("app")
                    && (appearance.is_empty() || appearance == "annotate")
                {
                    item.set_control("intent", plain(app));
                }
                if let Some(default) = &mut item.default
                    && !default.text.contains("jr://images/")
                    && !item.is_dynamic
                {
                    default.text.insert_str(0, "jr://images/");
                }
            }
            "audio" => {
                parameters.only(&["quality"], self.problems);
                let known = &["voice-only", "low", "normal", "external"];
                if let Some(quality) = parameters.one_of("quality", known, self.problems) {
                    item.set_bind("odk:quality", Words::plain(&quality));
                }
            }
            "background-audio" => {
                parameters.only(&["quality"], self.problems);
                let known = &["voice-only", "low", "normal"];
                if let Some(quality) = parameters.one_of("quality", known, self.problems) {
                    item.set_control("odk:quality", plain(&quality));
                }
            }
            "geopoint" | "geotrace" | "geoshape" => self.geographic(&parameters, item),
            "background-geopoint" => {
                if item.triggers.is_empty() {
                    self.error(type_text.place.clone(), Kind::NoTrigger);
                }
                if item.bind("calculate").is_some() {
                    self.error(type_text.place.clone(), Kind::BackgroundCalculation);
                }
            }
            "range" => {
                super::range::fill(self.survey, &parameters, &appearance, item, self.problems)
            }
            "audit" => self.audit(&parameters, item),
            _ => {}
        }
    }

    fn geographic(&mut self, parameters: &Parameters, item: &mut Item) {
        if item.type_name() == "geopoint" {
            let known = [
                "allow-mock-accuracy",
                "capture-accuracy",
                "reference-geometry",
                "warning-accuracy",
            ];
            parameters.only(&known, self.problems);
            for (name, attribute) in [
                ("capture-accuracy", "accuracyThreshold"),
                ("warning-accuracy", "unacceptableAccuracyThreshold"),
            ] {
                if parameters.number(name, self.problems).is_some() {
                    item.set_control(attribute, plain(parameters.get(name).unwrap_or_default()));
                }
            }
        } else {
            let known = ["allow-mock-accuracy", "incremental", "reference-geometry"];
            parameters.only(&known, self.problems);
            if parameters.one_of("incremental", &["true"], self.problems).is_some() {
                item.set_control("incremental", plain("true"));
            }
        }
        let mock = "allow-mock-accuracy";
        if let Some(value) = parameters.one_of(mock, &["true", "false"], self.problems) {
            item.set_bind("odk:allow-mock-accuracy", Words::plain(&value));
        }
        if let Some(geometry) = parameters.text("reference-geometry") {
            item.source = Some(Source::Geometry(geometry));
        }
    }

    fn audit(&mut self, parameters: &Parameters, item: &mut Item) {
        const LOCATION: [&str; 3] =
            ["location-priority", "location-min-interval", "location-max-age"];
        let known = [
            "identify-user",
            "location-max-age",
            "location-min-interval",
            "location-priority",
            "track-changes",
            "track-changes-reasons",
        ];
        parameters.only(&known, self.problems);
        let mut set = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                item.set_bind(&format!("odk:{name}"), Words::plain(&value));
            }
        };
        let yes_no = &["true", "false"];
        let problems = &mut *self.problems;
        set("track-changes", parameters.one_of("track-changes", yes_no, problems));
        let reasons = &["on-form-edit"];
        set("track-changes-reasons", parameters.one_of("track-changes-reasons", reasons, problems));
        set("identify-user", parameters.one_of("identify-user", yes_no, problems));
        let given: Vec<&str> =
            LOCATION.into_iter().filter(|name| parameters.get(name).is_some()).collect();
        if let [first, ..] = given[..] {
            if given.len() < LOCATION.len() {
                let all = "location-priority, location-min-interval, location-max-age";
                parameters.wrong(first, Needs::All(all), problems);
            }
            let priorities = &["no-power", "low-power", "balanced", "high-accuracy"];
            set("location-max-age", parameters.whole("location-max-age", problems));
            set("location-min-interval", parameters.whole("location-min-interval", problems));
            set("location-priority", parameters.one_of("location-priority", priorities, problems));
            let age = parameters.number("location-max-age", problems).unwrap_or(0.0);
            let interval = parameters.number("location-min-interval", problems).unwrap_or(0.0);
            if interval < 0.0 {
                parameters.wrong("location-min-interval", Needs::AtLeast("0"), problems);
            }
            if age < interval.max(0.0) {
                let least = Needs::AtLeast("location-min-interval");
                parameters.wrong("location-max-age", least, problems);
            }
        }
    }

    fn select(&mut self, record: &Record, type_text: &Text, choosing: &Choosing) {
        let Some(name) = self.name(record) else { return };
        let kind = ItemKind::Question { type_name: "select", template: choosing.select.template() };
        let mut item = self.item(record, &name.text, kind);
        self.fill(record, &mut item);
        let parameters = Parameters::read(self.table.get(record, &["parameters"]), self.problems);
        let ending = FILES.into_iter().find(|ending| choosing.list.ends_with(ending));
        if ending.is_some() {
            parameters.only(&["randomize", "seed", "label", "value"], self.problems);
        } else {
            parameters.only(&["randomize", "seed"], self.problems);
        }
        let yes_no = &["true", "false"];
        let shuffled = parameters.one_of("randomize", yes_no, self.problems);
        let seed = parameters.text("seed");
        if shuffled.as_deref() == Some("true") {
            if let Some(seed) = &seed
                && !is_reference(&seed.text)
                && crate::expression::value::plain_number(&seed.text).is_none()
            {
                parameters.wrong("seed", Needs::Reference, self.problems);
            }
            item.randomize = Some(seed);
        } else if seed.is_some() {
            parameters.wrong("seed", Needs::Randomize, self.problems);
        }
        item.source = self.source(type_text, choosing, ending, &parameters);
        let mut other = None;
        if choosing.or_other {
            if item.filter.is_some() {
                self.error(type_text.place.clone(), Kind::OtherWithFilter);
            }
            other = self.other(&name.text, choosing);
        }
        self.table_list(record, type_text, choosing, &mut item);
        let here = self.here();
        self.survey.add(here, item);
        if let Some(other) = other {
            self.survey.add(here, other);
        }
    }

    /// Where the choices of a select come from, if from anywhere.
    fn source(
        &mut self,
        type_text: &Text,
        choosing: &Choosing,
        ending: Option<&str>,
        parameters: &Parameters,
    ) -> Option<Source> {
        let list = &choosing.list;
        if choosing.select == Select::OneExternal {
            if !self.external.iter().any(|known| known.name == *list) {
                let near = nearest(list, self.external.iter().map(|known| known.name.as_str()));
                let kind = Kind::UnknownList(list.clone(), near.map(str::to_owned));
                self.error(type_text.place.clone(), kind);
            }
            return Some(Source::External(list.clone()));
        }
        if let Some(ending) = ending {
            let (value, label) =
                if ending == ".geojson" { ("id", "title") } else { ("name", "label") };
            return Some(Source::File {
                id: list[..list.len() - ending.len()].to_owned(),
                file: list.clone(),
                value: parameters.get("value").unwrap_or(value).to_owned(),
                label: parameters.get("label").unwrap_or(label).to_owned(),
            });
        }
        if choosing.from_file {
            self.error(type_text.place.clone(), Kind::UnknownFileType(list.clone()));
            return None;
        }
        if is_reference(list) {
            return Some(Source::Answers(Text {
                text: list.clone(),
                place: type_text.place.clone(),
            }));
        }
        let Some(known) = self.survey.list(list) else {
            let names = self.survey.lists.iter().map(|known| known.name.as_str());
            let near = nearest(list, names).map(str::to_owned);
            self.error(type_text.place.clone(), Kind::UnknownList(list.clone(), near));
            return None;
        };
        if choosing.select == Select::Multiple {
            let spaced: Vec<String> = known
                .choices
                .iter()
                .filter(|choice| choice.name.contains(' '))
                .map(|choice| choice.name.clone())
                .collect();
            for name in spaced {
                let kind = Kind::ChoiceWithSpace(name, list.clone());
                self.error(type_text.place.clone(), kind);
            }
        }
        Some(Source::List(list.clone()))
    }

    /// The choice "other", and the question what it is.
    fn other(&mut self, name: &str, choosing: &Choosing) -> Option<Item> {
        let list = self.survey.lists.iter_mut().find(|list| list.name == choosing.list)?;
        if !list.choices.iter().any(|choice| choice.name == "other") {
            let mut languages: Vec<String> = Vec::new();
            for choice in &list.choices {
                for (language, _) in &choice.label.parts {
                    if let Some(language) = language
                        && !languages.contains(language)
                    {
                        languages.push(language.clone());
                    }
                }
            }
            let mut label = Words::plain("Other");
            if !languages.is_empty() {
                let text = label.parts[0].1.clone();
                label.parts =
                    languages.into_iter().map(|language| (Some(language), text.clone())).collect();
            }
            let choice =
                choices::Choice { name: "other".to_owned(), label, ..choices::Choice::default() };
            list.choices.push(choice);
        }
        let (type_name, template) = types::of("text")?;
        let kind = ItemKind::Question { type_name, template };
        let mut item = Item::new(&format!("{name}_other"), Place::default(), kind);
        item.label = Words::plain("Specify other.");
        item.set_bind("type", Words::plain("string"));
        item.set_bind("relevant", Words::plain(&format!("selected(../{name}, 'other')")));
        Some(item)
    }

    /// In a `table-list`, the first question brings a row of labels, and all share one list.
    fn table_list(
        &mut self,
        record: &Record,
        type_text: &Text,
        choosing: &Choosing,
        item: &mut Item,
    ) {
        let Some(shared) = self.open.last().and_then(|open| open.table_list.clone()) else {
            return;
        };
        match shared {
            None => {
                let name = format!("reserved_name_for_field_list_labels_{}", record.number);
                let mut labels = Item::new(&name, item.place.clone(), item.kind.clone());
                labels.set_bind("type", Words::plain("string"));
                labels.label = Words::plain(" ");
                labels.set_control("appearance", plain("label"));
                labels.source = item.source.clone();
                self.survey.add(self.here(), labels);
                if let Some(open) = self.open.last_mut() {
                    open.table_list = Some(Some(choosing.list.clone()));
                }
            }
            Some(list) if list != choosing.list => {
                let kind = Kind::TableListMismatch(list, choosing.list.clone());
                self.error(type_text.place.clone(), kind);
            }
            Some(_) => {}
        }
        item.set_control("appearance", plain("list-nolabel"));
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
