//! Answers as JSON: objects by group, arrays for repeats, or whole paths.

use serde_json::Value;

use super::definition::{ControlKind, NodeKind};
use super::session::Session;

/// An answer that no question takes, or that isn't a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untaken {
    /// Where it stands.
    pub path: String,
    /// Why.
    pub reason: &'static str,
}

/// The deepest nesting that is read.
pub(super) const MAX_DEPTH: usize = 100;

impl Session {
    /// Answers questions, in the order of the form, so that what is asked later is asked by then.
    ///
    /// `{"head": "Wang", "members": [{"name": "A"}]}`, with or without the root's name around it;
    /// `{"/data/members[2]/name": "B"}`; several choices as words or as an array.
    pub fn fill(&mut self, answers: &Value) -> Vec<Untaken> {
        let mut untaken = Vec::new();
        let Value::Object(all) = answers else {
            untaken.push(Untaken { path: String::new(), reason: "no object" });
            return untaken;
        };
        let root_name = self.form().node(0).name.clone();
        let root = self.root();
        match all.get(&root_name) {
            Some(inner @ Value::Object(_)) if all.len() == 1 => {
                self.fill_group(root, inner, 0, &mut untaken);
            }
            _ => {
                let nested: serde_json::Map<String, Value> = all
                    .iter()
                    .filter(|(name, _)| !name.starts_with('/'))
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect();
                self.fill_group(root, &Value::Object(nested), 0, &mut untaken);
                for (path, value) in all.iter().filter(|(name, _)| name.starts_with('/')) {
                    self.fill_path(path, value, &mut untaken);
                }
            }
        }
        untaken
    }

    fn fill_group(&mut self, node: u32, answers: &Value, depth: usize, untaken: &mut Vec<Untaken>) {
        let Value::Object(answers) = answers else {
            let path = self.path(node);
            untaken.push(Untaken { path, reason: "a group takes an object" });
            return;
        };
        let form = self.form().clone();
        let own = form.node(self.definition_number(node));
        for child in &own.children {
            let inner = form.node(*child);
            let Some(value) = answers.get(&inner.name) else { continue };
            if inner.kind == NodeKind::Repeat {
                self.fill_repeat(node, *child, value, depth, untaken);
            } else if let Some(found) = self.child(node, *child) {
                if inner.kind == NodeKind::Group && depth < MAX_DEPTH {
                    self.fill_group(found, value, depth + 1, untaken);
                } else {
                    self.fill_value(found, value, untaken);
                }
            }
        }
        for name in answers.keys() {
            if !own.children.iter().any(|child| form.node(*child).name == *name) {
                let path = format!("{}/{name}", self.path(node));
                untaken.push(Untaken { path, reason: "no such question" });
            }
        }
    }

    fn fill_repeat(
        &mut self,
        parent: u32,
        repeat: u32,
        answers: &Value,
        depth: usize,
        untaken: &mut Vec<Untaken>,
    ) {
        let name = self.form().node(repeat).name.clone();
        let path = format!("{}/{name}", self.path(parent));
        let Value::Array(all) = answers else {
            untaken.push(Untaken { path, reason: "a repeat takes an array" });
            return;
        };
        let counted = self.form().control(repeat).is_some_and(|control| control.count.is_some());
        for (at, inner) in all.iter().enumerate() {
            let instances = self.children_of(parent, repeat);
            let instance = match instances.get(at) {
                Some(instance) => Some(*instance),
                None if counted => None,
                None => self.add_instance(parent, repeat),
            };
            match instance {
                Some(instance) if depth < MAX_DEPTH => {
                    self.fill_group(instance, inner, depth + 1, untaken);
                }
                _ => untaken.push(Untaken {
                    path: format!("{path}[{}]", at + 1),
                    reason: "the repeat has fewer instances",
                }),
            }
        }
        if !counted {
            for surplus in self.children_of(parent, repeat).into_iter().skip(all.len()).rev() {
                self.remove_instance(surplus);
            }
        }
    }

    fn fill_path(&mut self, path: &str, value: &Value, untaken: &mut Vec<Untaken>) {
        let found = self.find(path);
        match found[..] {
            [node] => self.fill_value(node, value, untaken),
            [] => untaken.push(Untaken { path: path.to_owned(), reason: "no such question" }),
            _ => untaken.push(Untaken {
                path: path.to_owned(),
                reason: "several instances; write their place, as in [2]",
            }),
        }
    }

    fn fill_value(&mut self, node: u32, value: &Value, untaken: &mut Vec<Untaken>) {
        let reason = match text_of(value) {
            None => "a question takes a value",
            Some(_) if !self.is_relevant(node) => "not asked now",
            Some(_) if self.is_readonly(node) => "can't be changed",
            Some(text) if !self.offers(node, &text) => "no such choice",
            Some(text) => {
                self.set(node, &text);
                return;
            }
        };
        untaken.push(Untaken { path: self.path(node), reason });
    }

    /// Whether a select offers what is chosen; other questions take anything.
    pub(super) fn offers(&self, node: u32, text: &str) -> bool {
        let Some(control) = self.control(node) else { return true };
        if !matches!(control.kind, ControlKind::Select | ControlKind::SelectOne | ControlKind::Rank)
        {
            return true;
        }
        let Ok(choices) = self.choices(node) else { return false };
        let is_offered = |value: &str| choices.iter().any(|choice| choice.value == value);
        if control.kind == ControlKind::SelectOne {
            text.is_empty() || is_offered(text)
        } else {
            text.split_whitespace().all(is_offered)
        }
    }

    fn children_of(&self, parent: u32, definition: u32) -> Vec<u32> {
        let children = self.children(parent).iter().copied();
        children.filter(|child| self.definition_number(*child) == definition).collect()
    }

    fn child(&self, parent: u32, definition: u32) -> Option<u32> {
        self.children_of(parent, definition).first().copied()
    }
}

pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(boolean) => Some(boolean.to_string()),
        Value::Array(parts) => {
            let parts: Option<Vec<String>> = parts.iter().map(text_of).collect();
            Some(parts?.join(" "))
        }
        Value::Object(_) => None,
    }
}
