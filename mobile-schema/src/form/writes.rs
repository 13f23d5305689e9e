//! The registers a form writes to, and whether they have a place for what it saves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::definition::{Form, Instance, NodeKind};
use crate::{Catalogue, RegisterDefinition};

impl Form {
    /// The lists of the form's entities, with the properties that are saved to each.
    pub fn writes(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut containers = Vec::new();
        for node in &self.nodes {
            let parent = self.node(node.parent);
            let dataset = node
                .children
                .iter()
                .map(|child| self.node(*child))
                .find(|child| child.kind == NodeKind::Attribute && child.name == "dataset");
            if let Some(dataset) =
                dataset.filter(|_| node.name == "entity" && parent.name == "meta")
            {
                containers.push((parent.parent, dataset.default.clone()));
                found.entry(dataset.default.clone()).or_default();
            }
        }
        for (number, node) in (0..).zip(&self.nodes) {
            let Some(property) = &node.bind.save_to else { continue };
            let nearest = self
                .ancestors(number)
                .find_map(|at| containers.iter().find(|(container, _)| *container == at));
            if let Some((_, list)) = nearest {
                found.entry(list.clone()).or_default().insert(property.clone());
            }
        }
        found
    }

    /// The lists of the form that are registers, by the ids that expressions call them by.
    pub fn registers_read(&self, catalogue: &Catalogue) -> Vec<(String, Arc<RegisterDefinition>)> {
        let register = |instance: &Instance| {
            let name = instance.source.as_deref()?.rsplit('/').next()?.strip_suffix(".csv")?;
            let (_, register) = catalogue.current(name)?;
            Some((instance.id.clone(), register.clone()))
        };
        self.instances.iter().filter_map(register).collect()
    }

    /// What the registers have no place for: `household` where there is no such register (or forms
    /// don't write to it), `household.colour` where there is no such field.
    pub fn unwritable(&self, catalogue: &Catalogue) -> Vec<String> {
        let mut lacking = Vec::new();
        for (list, properties) in self.writes() {
            let register = catalogue.current(&list).map(|(_, register)| register);
            let register = register.filter(|one| !one.server_only && !one.insert_only);
            match register {
                None => lacking.push(list),
                Some(register) => {
                    let none = |property: &&String| register.field_named(property).is_none();
                    let fields = properties.iter().filter(none);
                    lacking.extend(fields.map(|property| format!("{list}.{property}")));
                }
            }
        }
        lacking
    }
}
