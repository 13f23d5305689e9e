//! Entities (<https://getodk.github.io/xforms-spec/entities>): what a submission says about
//! records, and a form that is opened on a record.

use std::collections::HashMap;

use super::Session;
use crate::expression::Value;
use crate::form::definition::NodeKind;

/// What a submission says about one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// The list, which is a register's name.
    pub list: String,
    /// The record's id.
    pub id: String,
    /// Whether it is made where it is not there yet.
    pub creates: bool,
    /// Whether it is changed where it is there.
    pub updates: bool,
    /// The line people recognise it by; none where the form says nothing.
    pub label: Option<String>,
    /// What is saved to it: properties and words, in the order of the form. An answer that was
    /// emptied clears the property.
    pub properties: Vec<(String, String)>,
}

impl Session {
    /// What the answers say about records, in the order of the form.
    pub fn entities(&self) -> Vec<Entity> {
        self.entity_nodes().into_iter().filter_map(|node| self.entity(node)).collect()
    }

    /// Opens the form on a record: the question that says which record is changed gets its id, and
    /// the questions that are saved to it begin with what it holds, in words by property. Says
    /// whether the form changes records of this list.
    pub fn open_on(&mut self, list: &str, id: &str, properties: &HashMap<String, String>) -> bool {
        let nodes = self.entity_nodes();
        let updates = |node: &u32| {
            self.attribute(*node, "dataset").as_deref() == Some(list)
                && self.attribute_node(*node, "update").is_some()
        };
        let Some(entity) = nodes.into_iter().find(updates) else { return false };
        if let Some(question) = self.names_record(entity) {
            self.set(question, id);
        }
        let container = self.container(entity);
        for question in self.saved_questions(container) {
            let bind = &self.definition(question).bind;
            let property = bind.save_to.clone().unwrap_or_default();
            let computed = bind.calculate.is_some();
            let held = properties.get(&property);
            if let Some(text) = held.filter(|text| !computed && !text.is_empty()) {
                self.set(question, text);
            }
        }
        true
    }

    /// The entities in the answers, relevant or not.
    fn entity_nodes(&self) -> Vec<u32> {
        let mut found = Vec::new();
        let mut open = vec![self.root()];
        while let Some(node) = open.pop() {
            let in_meta = self.definition(self.parent(node)).name == "meta";
            if in_meta && self.definition(node).name == "entity" && self.has_dataset(node) {
                found.push(node);
            }
            open.extend(self.children(node).iter().rev());
        }
        found
    }

    fn has_dataset(&self, node: u32) -> bool {
        self.attribute_node(node, "dataset").is_some()
    }

    fn attribute_node(&self, node: u32, name: &str) -> Option<u32> {
        let attributes = self.attributes(node).iter().copied();
        attributes.into_iter().find(|attribute| self.definition(*attribute).name == name)
    }

    fn attribute(&self, node: u32, name: &str) -> Option<String> {
        let attribute = self.attribute_node(node, name)?;
        self.is_relevant(attribute).then(|| self.value(attribute).to_owned())
    }

    fn entity(&self, node: u32) -> Option<Entity> {
        if !self.is_relevant(node) {
            return None;
        }
        let says = |name| {
            let value = self.attribute(node, name).unwrap_or_default();
            matches!(value.as_str(), "1" | "true")
        };
        let (creates, updates) = (says("create"), says("update"));
        let id = self.attribute(node, "id").unwrap_or_default();
        if !(creates || updates) || id.is_empty() {
            return None;
        }
        let label =
            self.children(node).iter().find(|child| self.definition(**child).name == "label");
        let label = label.map(|label| self.value(*label).to_owned());
        let saved = self.saved_questions(self.container(node)).into_iter();
        let saved = saved.filter(|question| self.is_relevant(*question)).map(|question| {
            let property = self.definition(question).bind.save_to.clone().unwrap_or_default();
            (property, self.value(question).to_owned())
        });
        Some(Entity {
            list: self.attribute(node, "dataset")?,
            id,
            creates,
            updates,
            label: label.filter(|label| !label.is_empty()),
            properties: saved.collect(),
        })
    }

    /// What an entity is about: the section that its `meta` is in.
    fn container(&self, entity: u32) -> u32 {
        self.parent(self.parent(entity))
    }

    /// The questions of a section that are saved to its entity: those of sections inside that have
    /// an entity of their own are not.
    fn saved_questions(&self, container: u32) -> Vec<u32> {
        let mut found = Vec::new();
        let mut open = vec![container];
        while let Some(node) = open.pop() {
            let definition = self.definition(node);
            if definition.kind == NodeKind::Question && definition.bind.save_to.is_some() {
                found.push(node);
            }
            let inner = |child: &&u32| !self.has_own_entity(**child);
            open.extend(self.children(node).iter().filter(inner).rev());
        }
        found
    }

    fn has_own_entity(&self, section: u32) -> bool {
        let named = |node: u32, name: &str| {
            let mut children = self.children(node).iter().copied();
            children.find(|child| self.definition(*child).name == name)
        };
        named(section, "meta")
            .and_then(|meta| named(meta, "entity"))
            .is_some_and(|entity| self.has_dataset(entity))
    }

    /// The question whose answer is the id of the record that is changed.
    fn names_record(&self, entity: u32) -> Option<u32> {
        let id = self.attribute_node(entity, "id")?;
        let code = self.definition(id).bind.calculate.as_ref()?;
        match self.evaluate(|evaluation| evaluation.run(code, id)).ok()? {
            Value::Nodes(nodes) => {
                let own = nodes.into_iter().find(|node| node.tree == 0)?;
                (self.definition(own.node).kind == NodeKind::Question).then_some(own.node)
            }
            _ => None,
        }
    }
}
