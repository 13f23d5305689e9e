//! All of a form that is filled in, as JSON: for browsers, the command line and comparisons.

use serde_json::{Value, json};

use super::answers::Untaken;
use super::judge::Doubt;
use super::problem::{Place, Problem, Severity};
use super::session::{Entity, Session};
use super::summary::Summary;
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

impl Problem {
    /// As JSON, in a language: where it stands, and the text it is about with the place in it.
    pub fn to_json(&self, language: &str) -> Value {
        let is_error = self.severity == Severity::Error;
        let mut told = json!({
            "severity": if is_error { "error" } else { "warning" },
            "message": self.kind.message(language.starts_with("zh")),
        });
        let Place { sheet, row, letters, column } = &self.place;
        for (name, value) in [
            ("sheet", Some(sheet.clone()).filter(|sheet| !sheet.is_empty()).map(Value::from)),
            ("row", row.map(Value::from)),
            ("cell", letters.as_ref().zip(*row).map(|(at, row)| format!("{at}{row}").into())),
            ("column", column.clone().map(Value::from)),
        ] {
            if let Some(value) = value {
                told[name] = value;
            }
        }
        if let Some((text, span)) = &self.excerpt {
            // Characters, as browsers count them.
            let units = |text: &str| text.encode_utf16().count();
            told["excerpt"] = text.as_str().into();
            told["from"] = units(&text[..span.start]).into();
            told["to"] = units(&text[..span.end]).into();
        }
        told
    }
}

impl Doubt {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "path": self.path,
            "label": self.label,
            "reason": self.reason,
            "message": self.message,
            "value": self.value,
        })
    }
}

impl Entity {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        let words = self.properties.iter();
        let properties: Value =
            words.map(|(name, text)| (name.clone(), Value::from(text.as_str()))).collect();
        json!({
            "list": self.list,
            "id": self.id,
            "creates": self.creates,
            "updates": self.updates,
            "label": self.label,
            "properties": properties,
        })
    }
}

impl Summary {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "questions": self.questions,
            "hidden": self.hidden,
            "groups": self.groups,
            "repeats": self.repeats,
            "lists": self.lists,
            "expressions": self.expressions,
        })
    }
}

impl Untaken {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        json!({ "path": self.path, "reason": self.reason })
    }
}
