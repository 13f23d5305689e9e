//! What is shown of a form just now, as JSON: for those who draw it.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Session;
use crate::form::definition::{Control, ControlKind, NodeKind};
use crate::form::texts::{Piece, Words};

/// More choices than these are left out, and asked for where the question is opened.
const MOST_CHOICES: usize = 40;

impl Session {
    /// What is asked just now, in order: questions, groups with their `children`, repeats with
    /// their `instances`. What isn't relevant is left out.
    pub fn outline(&self) -> Value {
        let form = self.form.clone();
        Value::Array(self.shown(&form.body, self.root()))
    }

    /// The choices of the question at a path, as `[{value, label}]`.
    pub fn choices_at(&self, path: &str) -> Value {
        let node = self.find(path).first().copied();
        node.map_or(Value::Array(Vec::new()), |node| self.choices_of(node, usize::MAX).1)
    }

    fn shown(&self, controls: &[Arc<Control>], under: u32) -> Vec<Value> {
        let mut shown = Vec::new();
        for control in controls {
            match (control.kind, control.node) {
                (ControlKind::Group, None) => {
                    let children = self.shown(&control.children, under);
                    shown.push(json!({ "type": "group", "path": "", "children": children }));
                }
                (_, None) => {}
                (ControlKind::Repeat, Some(definition)) => {
                    shown.extend(self.repeat(control, control, definition, under));
                }
                // The label of a repeat stands on a group around it that is about the same node.
                (ControlKind::Group, Some(definition))
                    if self.form.node(definition).kind == NodeKind::Repeat =>
                {
                    let is_it = |inner: &&Arc<Control>| inner.kind == ControlKind::Repeat;
                    let inner = control.children.iter().filter(is_it);
                    shown.extend(
                        inner.filter_map(|inner| self.repeat(inner, control, definition, under)),
                    );
                }
                (_, Some(definition)) => {
                    let nodes = self.instances(definition, under).into_iter();
                    let asked = nodes.filter(|node| self.is_relevant(*node));
                    shown.extend(asked.map(|node| self.item(control, node)));
                }
            }
        }
        shown
    }

    /// A repeat with its instances; nothing where it isn't asked just now.
    fn repeat(
        &self,
        control: &Control,
        named: &Control,
        definition: u32,
        under: u32,
    ) -> Option<Value> {
        let parent = self.form.node(definition).parent;
        let parent = self.instances(parent, under).first().copied().unwrap_or(under);
        let nodes = self.instances(definition, under);
        let ghost = self.ghosts.get(&(parent, definition));
        let is_asked = match (nodes.is_empty(), ghost) {
            (true, Some(ghost)) => self.is_relevant(*ghost),
            (true, None) => self.is_relevant(parent),
            (false, _) => nodes.iter().any(|node| self.is_relevant(*node)),
        };
        if !is_asked {
            return None;
        }
        let instances: Vec<Value> = nodes
            .into_iter()
            .filter(|node| self.is_relevant(*node))
            .map(|node| {
                let children = self.shown(&control.children, node);
                json!({ "path": self.path(node), "children": children })
            })
            .collect();
        Some(json!({
            "type": "repeat",
            "path": self.form.node(definition).path,
            "parent": self.path(parent),
            "name": self.form.node(definition).name,
            "label": named.label.as_ref().map(|label| self.words(label, parent)),
            "counted": control.count.is_some(),
            "appearance": attribute(named, "appearance"),
            "instances": instances,
        }))
    }

    fn item(&self, control: &Control, node: u32) -> Value {
        let definition = self.definition(node);
        let mut item = Map::new();
        let mut put = |name: &str, value: Value| {
            let is_nothing = matches!(&value, Value::Null | Value::Bool(false))
                || value.as_str().is_some_and(str::is_empty);
            if !is_nothing {
                item.insert(name.to_owned(), value);
            }
        };
        put("path", self.path(node).into());
        put("type", self.form.type_name(self.definition_number(node)).into());
        put("label", self.label(node).into());
        put("hint", self.hint(node).into());
        put("appearance", attribute(control, "appearance").into());
        for (name, value) in self.media(control, node) {
            put(&name, value.into());
        }
        if definition.kind != NodeKind::Question {
            put("children", self.shown(&control.children, node).into());
            return Value::Object(item);
        }
        put("guidance", self.guidance(control, node).into());
        put("value", self.value(node).into());
        put("required", self.is_required(node).into());
        put("readonly", self.is_readonly(node).into());
        put("accept", attribute(control, "mediatype").into());
        for name in ["start", "end", "step"] {
            put(name, attribute(control, name).into());
        }
        for (name, value) in &definition.bind.extra {
            put(name, value.as_str().into());
        }
        let (count, choices) = self.choices_of(node, MOST_CHOICES);
        if count > 0 {
            put("choices", choices);
            put("choice_count", count.into());
            if count > MOST_CHOICES && !self.value(node).is_empty() {
                put("chosen", self.chosen(control, node).into());
            }
        }
        put("invalid", self.check(node).map_or(Value::Null, |invalid| invalid.to_json()));
        Value::Object(item)
    }

    /// How many choices there are, and all of them unless they are more than `most`.
    fn choices_of(&self, node: u32, most: usize) -> (usize, Value) {
        let choices = self.choices(node).unwrap_or_default();
        if choices.len() > most {
            return (choices.len(), Value::Null);
        }
        let told = choices.iter().map(|one| json!({ "value": one.value, "label": one.label }));
        (choices.len(), told.collect())
    }

    /// The labels of what is chosen out of many.
    fn chosen(&self, control: &Control, node: u32) -> Vec<String> {
        let values = self.value(node).split_whitespace();
        let label = |value: &str| {
            let offered =
                self.evaluate(|evaluation| self.offered(evaluation, control, node, Some(value)));
            let first = offered.unwrap_or_default().into_iter().next();
            first.map_or_else(|| value.to_owned(), |choice| choice.label)
        };
        values.map(label).collect()
    }

    fn guidance(&self, control: &Control, node: u32) -> String {
        let hint = control.hint.as_ref();
        hint.and_then(|hint| self.form_of_text(hint, node, "guidance")).unwrap_or_default()
    }

    /// The names of the files that go with a label, by what they are.
    fn media(&self, control: &Control, node: u32) -> Vec<(String, String)> {
        let Some(label) = &control.label else { return Vec::new() };
        let file = |kind: &str| {
            let address = self.form_of_text(label, node, kind)?;
            let name = address.rsplit('/').next().unwrap_or_default().to_owned();
            Some((kind.to_owned(), name))
        };
        ["image", "audio", "video"].into_iter().filter_map(file).collect()
    }

    fn form_of_text(&self, words: &Words, node: u32, form: &str) -> Option<String> {
        let Words::Text(code) = words else { return None };
        let id = self
            .evaluate(|evaluation| Ok(evaluation.text(&evaluation.run(code, node)?).into_owned()));
        let text = self.form.texts.find(&id.ok()?, self.language)?;
        let pieces: &[Piece] = text.form(Some(form))?;
        Some(self.join(pieces, crate::expression::NodeRef { tree: 0, node }))
    }
}

fn attribute<'a>(control: &'a Control, name: &str) -> &'a str {
    let found = control.attributes.iter().find(|(known, _)| known == name);
    found.map_or("", |(_, value)| value.as_str())
}
