//! Answers as they are stored in a record: JSON, objects by group and arrays for repeats.
//!
//! Only what is relevant and answered is stored, calculated values and metadata too, so that what
//! is read back is what was sent. Attributes are written `@name`, but for those of the root, which
//! are the form's and not the answers'.

use serde_json::{Map, Value};

use super::answers::{MAX_DEPTH, Untaken, text_of};
use super::definition::{DataType, Form, NodeKind};
use super::session::{Files, Session, World};
use crate::xml::Element;

/// Where the text of a question stands that has attributes as well.
pub(super) const TEXT: &str = "#text";

impl Session {
    /// The answers, to be stored in a record.
    pub fn answers(&self) -> Value {
        Value::Object(self.stored(self.root()))
    }

    fn stored(&self, node: u32) -> Map<String, Value> {
        let mut stored = Map::new();
        for attribute in self.attributes(node) {
            let value = self.value(*attribute);
            if node != self.root() && self.is_relevant(*attribute) && !value.is_empty() {
                stored.insert(format!("@{}", self.definition(*attribute).name), value.into());
            }
        }
        for child in self.children(node).iter().filter(|child| self.is_relevant(**child)) {
            let definition = self.definition(*child);
            let inner = self.stored(*child);
            let name = definition.name.clone();
            match definition.kind {
                NodeKind::Repeat => {
                    let all = stored.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                    if let Value::Array(all) = all {
                        all.push(Value::Object(inner));
                    }
                }
                NodeKind::Group if inner.is_empty() => {}
                NodeKind::Group => {
                    stored.insert(name, Value::Object(inner));
                }
                NodeKind::Question | NodeKind::Attribute => {
                    let value = self.stored_value(*child);
                    let value = match (value, inner.is_empty()) {
                        (None, true) => continue,
                        (Some(value), true) => value,
                        (value, false) => {
                            let mut inner = inner;
                            inner.extend(value.map(|value| (TEXT.to_owned(), value)));
                            Value::Object(inner)
                        }
                    };
                    stored.insert(name, value);
                }
            }
        }
        stored
    }

    /// Whole numbers as numbers, where that loses nothing; all else as the text it is.
    fn stored_value(&self, node: u32) -> Option<Value> {
        let text = self.value(node);
        if text.is_empty() {
            return None;
        }
        let number = text.parse::<i64>().ok().filter(|number| {
            let is_number = self.definition(node).bind.data_type == DataType::Int;
            is_number && number.to_string() == text
        });
        Some(number.map_or_else(|| text.into(), Value::from))
    }

    /// Goes on with answers that were stored. What has no place in the form is given back with its
    /// path; nothing else is lost.
    pub fn reopen(
        form: std::sync::Arc<Form>,
        files: &Files,
        world: World,
        stored: &Value,
    ) -> (Self, Vec<Untaken>) {
        let (saved, untaken) = form.saved(stored);
        (Self::resume(form, files, world, &saved), untaken)
    }
}

impl Form {
    /// Answers that were stored as the instance they stand for, before anything is calculated. What
    /// has no place in the form is given back with its path; nothing else is lost.
    pub fn saved(&self, stored: &Value) -> (Element, Vec<Untaken>) {
        let mut untaken = Vec::new();
        let saved = Reader { form: self, untaken: &mut untaken }.root(stored);
        (saved, untaken)
    }
}

/// Stored answers as an instance of their form.
struct Reader<'a> {
    form: &'a Form,
    untaken: &'a mut Vec<Untaken>,
}

impl Reader<'_> {
    fn root(&mut self, stored: &Value) -> Element {
        let name = self.form.node(0).name.clone();
        let mut root = Element::new(name.as_str());
        self.inside(&mut root, 0, stored, &format!("/{name}"), 0);
        root
    }

    fn note(&mut self, path: String, reason: &'static str) {
        self.untaken.push(Untaken { path, reason });
    }

    fn inside(
        &mut self,
        element: &mut Element,
        definition: u32,
        stored: &Value,
        path: &str,
        depth: usize,
    ) {
        let Value::Object(stored) = stored else {
            return self.note(path.to_owned(), "a group takes an object");
        };
        if depth >= MAX_DEPTH {
            return self.note(path.to_owned(), "nested too deeply");
        }
        let form = self.form;
        let own = form.node(definition);
        for child in &own.children {
            let inner = form.node(*child);
            if inner.kind == NodeKind::Attribute {
                if let Some(value) = stored.get(&format!("@{}", inner.name)) {
                    let text = text_of(value).unwrap_or_default();
                    element.set(&inner.written, &text);
                }
                continue;
            }
            let Some(value) = stored.get(&inner.name) else { continue };
            let path = format!("{path}/{}", inner.name);
            match (inner.kind, value) {
                (NodeKind::Repeat, Value::Array(all)) => {
                    for (at, value) in all.iter().enumerate() {
                        let mut instance = Element::new(inner.written.as_str());
                        let path = format!("{path}[{}]", at + 1);
                        self.inside(&mut instance, *child, value, &path, depth + 1);
                        element.push(instance);
                    }
                }
                (NodeKind::Repeat, _) => self.note(path, "a repeat takes an array"),
                (NodeKind::Group, _) => {
                    let mut group = Element::new(inner.written.as_str());
                    self.inside(&mut group, *child, value, &path, depth + 1);
                    element.push(group);
                }
                (NodeKind::Question | NodeKind::Attribute, Value::Object(parts)) => {
                    let mut question = Element::new(inner.written.as_str());
                    self.inside(&mut question, *child, value, &path, depth + 1);
                    let text = parts.get(TEXT).and_then(text_of).unwrap_or_default();
                    element.push(question.with_text(text));
                }
                (NodeKind::Question | NodeKind::Attribute, _) => match text_of(value) {
                    Some(text) => {
                        element.push(Element::new(inner.written.as_str()).with_text(text));
                    }
                    None => self.note(path, "a question takes a value"),
                },
            }
        }
        for name in stored.keys().filter(|name| *name != TEXT) {
            let is_known = |child: &u32| {
                let inner = form.node(*child);
                match name.strip_prefix('@') {
                    Some(name) => inner.kind == NodeKind::Attribute && inner.name == *name,
                    None => inner.kind != NodeKind::Attribute && inner.name == *name,
                }
            };
            if !own.children.iter().any(is_known) {
                self.note(format!("{path}/{name}"), "no such question");
            }
        }
    }
}
