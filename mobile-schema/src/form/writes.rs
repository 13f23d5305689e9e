//! The registers a form writes to, and whether they have a place for what it saves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::definition::{Form, Instance, NodeKind};
use crate::xml::is_name;
use crate::{Catalogue, RegisterDefinition};

/// Whether a property of an entity can be called so: a name of an element without prefix, and not
/// one of the system. An entity list can be called so too, if there is no dot in it.
pub(crate) fn is_entity_name(name: &str) -> bool {
    is_name(name) && !name.starts_with("__") && !name.contains(':')
}

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

    /// The registers that the form's entities begin or make grow, where packs don't define them.
    pub fn registers_made(&self, catalogue: &Catalogue) -> Vec<RegisterDefinition> {
        let make = |(list, properties): (String, BTreeSet<String>)| {
            let known = catalogue.current(&list).map(|(_, register)| register.as_ref());
            RegisterDefinition::of_entity_list(&list, known, &properties)
        };
        self.writes().into_iter().filter_map(make).collect()
    }

    /// What no register has a place for, not even one that the form makes: `visit` where forms
    /// don't write to it, `household.colour` where a pack's register has no such field.
    pub fn unwritable(&self, catalogue: &Catalogue) -> Vec<String> {
        let made = self.registers_made(catalogue);
        let mut lacking = Vec::new();
        for (list, properties) in self.writes() {
            let register = catalogue.current(&list).map(|(_, register)| register.as_ref());
            let register = made.iter().find(|made| made.name == list).or(register);
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
