//! All of a form that is filled in, as JSON: for browsers, the command line and comparisons.

use serde_json::{Value, json};

use super::answers::Untaken;
use super::session::Session;
use super::validate::Invalid;

impl Session {
    /// Every node with its state, what is wrong, and which files belong to it.
    pub fn state(&self) -> Value {
        let mut nodes = Vec::new();
        let mut open = vec![self.root()];
        while let Some(node) = open.pop() {
            nodes.push(self.node_state(node));
            open.extend(self.children(node).iter().rev());
        }
        let invalid: Vec<Value> = self.validate(self.root()).iter().map(Invalid::to_json).collect();
        json!({
            "nodes": nodes,
            "invalid": invalid,
            "missing_files": self.missing_files(),
            "attachments": self.attachments(),
        })
    }

    fn node_state(&self, node: u32) -> Value {
        let mut state = json!({
            "path": self.path(node),
            "type": self.form().type_name(self.definition_number(node)),
            "relevant": self.is_relevant(node),
            "readonly": self.is_readonly(node),
            "required": self.is_required(node),
            "label": self.label(node),
            "hint": self.hint(node),
        });
        if self.children(node).is_empty() {
            state["value"] = self.value(node).into();
        }
        let choices = self.choices(node).unwrap_or_default();
        if !choices.is_empty() {
            state["choices"] = choices
                .iter()
                .map(|choice| json!({ "value": choice.value, "label": choice.label }))
                .collect();
        }
        state
    }
}

impl Invalid {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "path": self.path,
            "reason": self.reason.name(),
            "message": self.message,
            "label": self.label,
        })
    }
}

impl Untaken {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        json!({ "path": self.path, "reason": self.reason })
    }
}
