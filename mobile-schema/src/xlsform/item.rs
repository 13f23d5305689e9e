//! A form as a tree of items, between the workbook and the XForm.

use std::collections::HashMap;

use super::choices::List;
use super::columns::{Text, Words};
use super::types::Template;
use crate::form::problem::Place;

/// The item that is the form itself.
pub(super) const ROOT: usize = 0;

/// The form, a group, a repeat or a question.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) name: String,
    /// Its row.
    pub(super) place: Place,
    pub(super) kind: Kind,
    pub(super) label: Words,
    pub(super) hint: Words,
    pub(super) guidance: Words,
    /// Image, audio and video by kind.
    pub(super) media: Vec<(String, Words)>,
    /// Attributes of its bind.
    pub(super) bind: Vec<(String, Words)>,
    /// Attributes of its element in the body.
    pub(super) control: Vec<(String, Text)>,
    /// Attributes of its node.
    pub(super) instance: Vec<(String, Text)>,
    pub(super) default: Option<Text>,
    /// Whether the default is an expression.
    pub(super) is_dynamic: bool,
    /// Questions whose change sets this one.
    pub(super) triggers: Vec<Text>,
    pub(super) filter: Option<Text>,
    pub(super) source: Option<Source>,
    /// Whether choices are shuffled, and with which seed.
    pub(super) randomize: Option<Option<Text>>,
    /// Tags of an OSM question: names and labels.
    pub(super) tags: Vec<(String, Words)>,
    pub(super) parent: usize,
    pub(super) children: Vec<usize>,
}

/// What an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The form.
    Form,
    /// A group; the one for metadata has no place in the body.
    Group { shown: bool },
    /// A repeat.
    Repeat,
    /// A question, by the first name of its type.
    Question { type_name: &'static str, template: Template },
    /// What a submission creates or updates.
    Entity,
    /// An attribute of the node it is in, with its value.
    Attribute(String),
    /// Nothing but a file: `csv` or `xml`.
    External(&'static str),
}

/// Where choices come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A list of the choices sheet.
    List(String),
    /// A file, without and with its ending, and which of its fields to take.
    File { id: String, file: String, value: String, label: String },
    /// Answers given before.
    Answers(Text),
    /// Places given before or in a list, of a geographic question.
    Geometry(Text),
    /// A list of the external choices sheet.
    External(String),
}

impl Item {
    pub(super) fn new(name: &str, place: Place, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            place,
            kind,
            label: Words::default(),
            hint: Words::default(),
            guidance: Words::default(),
            media: Vec::new(),
            bind: Vec::new(),
            control: Vec::new(),
            instance: Vec::new(),
            default: None,
            is_dynamic: false,
            triggers: Vec::new(),
            filter: None,
            source: None,
            randomize: None,
            tags: Vec::new(),
            parent: ROOT,
            children: Vec::new(),
        }
    }

    /// Sets an attribute of the bind, in place where it is there.
    pub(super) fn set_bind(&mut self, name: &str, words: Words) {
        match self.bind.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = words,
            None => self.bind.push((name.to_owned(), words)),
        }
    }

    /// An attribute of the bind.
    pub(super) fn bind(&self, name: &str) -> Option<&Words> {
        self.bind.iter().find(|(known, _)| known == name).map(|(_, words)| words)
    }

    /// Sets an attribute of the element in the body.
    pub(super) fn set_control(&mut self, name: &str, text: Text) {
        match self.control.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = text,
            None => self.control.push((name.to_owned(), text)),
        }
    }

    /// An attribute of the element in the body.
    pub(super) fn control(&self, name: &str) -> Option<&Text> {
        self.control.iter().find(|(known, _)| known == name).map(|(_, text)| text)
    }

    /// What it becomes; nothing for groups.
    pub(super) fn template(&self) -> Template {
        match &self.kind {
            Kind::Question { template, .. } => *template,
            _ => Template::default(),
        }
    }

    /// The first name of its type; empty for groups.
    pub(super) fn type_name(&self) -> &'static str {
        match &self.kind {
            Kind::Question { type_name, .. } => type_name,
            _ => "",
        }
    }

    /// Whether it has a node in the instance.
    pub(super) fn has_node(&self) -> bool {
        !matches!(self.kind, Kind::External(_))
    }
}

/// A form.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) items: Vec<Item>,
    /// Items by their names.
    pub(super) by_name: HashMap<String, Vec<usize>>,
    pub(super) lists: Vec<List>,
    pub(super) settings: Settings,
    /// Whether entities are made, and by which version of their specification.
    pub(super) entities: Option<&'static str>,
}

/// The settings sheet.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) version: String,
    pub(super) default_language: String,
    pub(super) style: String,
    /// Attributes of the submission element.
    pub(super) submission: Vec<(&'static str, String)>,
    /// Attributes of the instance's root.
    pub(super) attributes: Vec<(String, String)>,
    /// Prefixes and namespaces.
    pub(super) namespaces: Vec<(String, String)>,
    pub(super) xmlns: String,
}

impl Survey {
    /// Adds an item under its parent.
    pub(super) fn add(&mut self, parent: usize, item: Item) -> usize {
        self.by_name.entry(item.name.clone()).or_default().push(self.items.len());
        self.add_nameless(parent, item)
    }

    /// Adds an item that no reference can name.
    pub(super) fn add_nameless(&mut self, parent: usize, mut item: Item) -> usize {
        let at = self.items.len();
        item.parent = parent;
        self.items.push(item);
        self.items[parent].children.push(at);
        at
    }

    /// An item and those it is in, from the inside out, without the form.
    pub(super) fn ancestors(&self, item: usize) -> impl Iterator<Item = usize> {
        let mut at = item;
        std::iter::from_fn(move || {
            if at == ROOT {
                return None;
            }
            at = self.items[at].parent;
            Some(at)
        })
    }

    /// `/data/group/question`.
    pub(super) fn path(&self, item: usize) -> String {
        let mut names: Vec<&str> =
            self.ancestors(item).map(|at| self.items[at].name.as_str()).collect();
        names.reverse();
        names.push(&self.items[item].name);
        format!("/{}", names.join("/"))
    }

    /// Whether an item is inside a repeat.
    pub(super) fn nearest_repeat(&self, item: usize) -> Option<usize> {
        self.ancestors(item).find(|at| self.items[*at].kind == Kind::Repeat)
    }

    /// All items, each before those inside it.
    pub(super) fn in_order(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.items.len());
        let mut open = vec![ROOT];
        while let Some(at) = open.pop() {
            order.push(at);
            open.extend(self.items[at].children.iter().rev());
        }
        order
    }

    /// The list of a name.
    pub(super) fn list(&self, name: &str) -> Option<&List> {
        self.lists.iter().find(|list| list.name == name)
    }
}
