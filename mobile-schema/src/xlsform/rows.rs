//! The rows of the survey sheet: groups that are begun and ended, and questions.

use std::collections::HashMap;

use super::choices;
use super::columns::{Record, Table, Text, Words};
use super::item::{Item, Kind as ItemKind, ROOT, Survey};
use super::references::is_dynamic;
use super::survey::{is_reference, is_yes, plain};
use super::types::{self, Section};
use crate::expression::problem::nearest;
use crate::expression::syntax::references;
use crate::form::problem::{Kind, Place, Problem};
use crate::xml::is_name;

/// How deep groups may be nested: their XForm has to stay within what is read of XML.
const MAX_NESTING: usize = 40;

/// A group that was begun.
pub(super) struct Open {
    pub(super) item: usize,
    pub(super) section: Option<Section>,
    /// In a `table-list`: the list its questions share, once known.
    pub(super) table_list: Option<Option<String>>,
}

pub(super) struct Reader<'a> {
    pub(super) table: &'a Table<'a>,
    pub(super) survey: &'a mut Survey,
    pub(super) problems: &'a mut Vec<Problem>,
    pub(super) open: Vec<Open>,
    pub(super) external: &'a [choices::List],
    pub(super) tags: &'a [choices::List],
    pub(super) meta: Vec<Item>,
    pub(super) repeats: HashMap<String, ()>,
}

impl Reader<'_> {
    pub(super) fn error(&mut self, place: Place, kind: Kind) {
        self.problems.push(Problem::error(place, kind));
    }

    pub(super) fn warn(&mut self, place: Place, kind: Kind) {
        self.problems.push(Problem::warning(place, kind));
    }

    pub(super) fn here(&self) -> usize {
        self.open.last().map_or(ROOT, |open| open.item)
    }

    pub(super) fn record(&mut self, record: &Record) {
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
    pub(super) fn name(&mut self, record: &Record) -> Option<Text> {
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

    pub(super) fn check_twice(&mut self, name: &Text) {
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
    pub(super) fn item(&mut self, record: &Record, name: &str, kind: ItemKind) -> Item {
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

    pub(super) fn begin(&mut self, record: &Record, section: Section) {
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
    pub(super) fn calculation(&self, name: &str, expression: Text) -> Item {
        let (type_name, template) = types::of("calculate").unwrap_or_default();
        let kind = ItemKind::Question { type_name, template };
        let mut item = Item::new(name, expression.place.clone(), kind);
        item.set_bind("type", Words::plain("string"));
        item.set_bind("readonly", Words::plain("true()"));
        item.set_bind("calculate", Words { parts: vec![(None, expression)] });
        item
    }

    pub(super) fn note(&self, record: &Record, prefix: &str) -> Option<Item> {
        let (type_name, template) = types::of("note")?;
        let name = format!("{prefix}{}", record.number);
        let kind = ItemKind::Question { type_name, template };
        let mut item = Item::new(&name, self.table.row(record), kind);
        item.set_bind("type", Words::plain("string"));
        item.set_bind("readonly", Words::plain("true()"));
        Some(item)
    }

    pub(super) fn end(&mut self, place: &Place, section: Section) {
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

    pub(super) fn finish(&mut self) -> Vec<Item> {
        while let Some(Open { item, section: Some(begun), .. }) = self.open.pop() {
            let own = &self.survey.items[item];
            let kind = Kind::NeverEnded { begun: begun.name(), name: own.name.clone() };
            self.error(own.place.clone(), kind);
        }
        std::mem::take(&mut self.meta)
    }

    pub(super) fn question(&mut self, record: &Record, type_text: &Text) {
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
    pub(super) fn fill(&mut self, record: &Record, item: &mut Item) {
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
}
