//! Questions that choose from a list.

use super::choices;
use super::columns::{Record, Text, Words};
use super::item::{Item, Kind as ItemKind, Source};
use super::parameters::Parameters;
use super::rows::Reader;
use super::survey::{is_reference, plain};
use super::types::{self, Choosing, Select};
use crate::expression::problem::nearest;
use crate::form::problem::{Kind, Needs, Place};

/// Endings of files that choices come from.
const FILES: [&str; 3] = [".csv", ".xml", ".geojson"];

impl Reader<'_> {
    pub(super) fn select(&mut self, record: &Record, type_text: &Text, choosing: &Choosing) {
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
    pub(super) fn source(
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
    pub(super) fn other(&mut self, name: &str, choosing: &Choosing) -> Option<Item> {
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
    pub(super) fn table_list(
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
