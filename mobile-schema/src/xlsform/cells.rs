//! Where in the workbook stands what is wrong in the XForm.

use std::collections::HashMap;

use super::columns::{Text, Words};
use super::item::{Item, Survey};
use crate::form::problem::{Kind, Place, Problem};

/// The cells that an XForm was made of: by the path of a node, by path and attribute (`/data/a
/// relevant`), and by the id of a text.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    known: HashMap<String, Cell>,
}

/// A cell, and what its author wrote into it; no text where only the row is known.
#[derive(Clone, Debug)]
struct Cell {
    place: Place,
    text: Option<String>,
}

impl Cells {
    pub(super) fn of(survey: &Survey) -> Self {
        let mut cells = Self::default();
        for (at, item) in survey.items.iter().enumerate() {
            let path = survey.path(at);
            cells.item(item, &path);
            let cell = Cell { place: item.place.clone(), text: None };
            cells.known.insert(path, cell);
        }
        for list in &survey.lists {
            for (at, choice) in list.choices.iter().enumerate() {
                cells.words(format!("{}-{at} value", list.name), &choice.label);
            }
        }
        cells
    }

    fn item(&mut self, item: &Item, path: &str) {
        for (name, words) in &item.bind {
            self.words(format!("{path} {name}"), words);
            self.words(format!("{path}:{name} value"), words);
        }
        for (name, text) in &item.control {
            self.text(format!("{path} {name}"), text);
        }
        for (name, words) in [("label", &item.label), ("hint", &item.hint)] {
            self.words(format!("{path} {name}"), words);
            self.words(format!("{path}:{name} value"), words);
        }
        self.words(format!("{path}:hint value"), &item.guidance);
        if let Some(filter) = &item.filter {
            self.text(format!("{path} itemset"), filter);
        }
        // What an action sets: when the form begins, or when another answer changes.
        let calculation = item.bind("calculate").and_then(Words::first);
        let triggered = calculation.filter(|_| !item.triggers.is_empty());
        for text in item.default.iter().chain(triggered) {
            self.text(format!("{path} setvalue"), text);
        }
    }

    fn words(&mut self, key: String, words: &Words) {
        if let Some(text) = words.first() {
            self.text(key, text);
        }
    }

    fn text(&mut self, key: String, text: &Text) {
        // What the workbook doesn't say itself stands nowhere in it.
        if text.place.row.is_some() {
            let cell = Cell { place: text.place.clone(), text: Some(text.text.clone()) };
            self.known.entry(key).or_insert(cell);
        }
    }

    fn find(&self, place: &Place) -> Option<&Cell> {
        let column = place.column.as_deref()?;
        let path = column.split(' ').next()?;
        self.known.get(column).or_else(|| self.known.get(path))
    }

    /// Puts a problem of the XForm where its author wrote what it is about.
    pub fn locate(&self, problem: &mut Problem) {
        if let Kind::Cycle(links) = &mut problem.kind {
            for link in links {
                if let Some(cell) = self.find(&link.place) {
                    link.place = cell.place.clone();
                }
            }
        }
        let Some(cell) = self.find(&problem.place) else { return };
        problem.place = cell.place.clone();
        if let (Some(written), Some((text, span))) = (&cell.text, &mut problem.excerpt) {
            // References stand as paths in the XForm; all else is as it was written.
            let marked = &text[span.clone()];
            let start = written.find(marked).filter(|_| !marked.is_empty());
            *span = start.map_or(0..written.len(), |start| start..start + marked.len());
            text.clone_from(written);
        }
    }
}
