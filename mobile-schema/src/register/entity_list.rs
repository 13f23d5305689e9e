//! Registers that begin with a form: entity lists that no pack defines
//! (<https://getodk.github.io/xforms-spec/entities>).

use std::collections::BTreeSet;

use super::{Field, FieldId, FieldType, RegisterDefinition, Role, Sensitivity};
use crate::form::is_entity_name;
use crate::{Labels, MergePolicy};

/// The field that holds an entity's label, whose name no property can have.
const LABEL: &str = "label";
/// The field that names the household an entity belongs to; no property's name begins like this.
const HOUSEHOLD: &str = "__household";
/// Most characters of a property.
const LONGEST: usize = 10_000;

impl RegisterDefinition {
    /// The register of an entity list with a place for these properties, each a text as ODK keeps
    /// them: `known` and what it lacks, as its next version, or a new register. None where nothing
    /// lacks, or where there can be none: `known` is a pack's, or a name is no entity's.
    pub fn of_entity_list(
        name: &str,
        known: Option<&Self>,
        properties: &BTreeSet<String>,
    ) -> Option<Self> {
        let mut register = match known {
            Some(known) if known.from_forms => known.clone(),
            Some(_) => return None,
            None => begin(name),
        };
        let lacking: Vec<&String> =
            properties.iter().filter(|name| register.field_named(name).is_none()).collect();
        let are_names = is_entity_name(name)
            && !name.contains('.')
            && lacking.iter().all(|name| is_entity_name(name));
        if !are_names || (known.is_some() && lacking.is_empty()) {
            return None;
        }
        for property in lacking {
            let id = 1 + register.fields.iter().map(|field| field.id).max().unwrap_or(0);
            register.fields.push(text(id, property, named(property)));
        }
        register.version += u32::from(known.is_some());
        Some(register)
    }
}

fn begin(name: &str) -> RegisterDefinition {
    let labels = |zh: &str, en: &str| {
        Labels([("zh-CN", zh), ("en", en)].map(|(tag, text)| (tag.into(), text.into())).into())
    };
    let household = Field {
        kind: FieldType::Reference { collection: Some("household".to_owned()) },
        role: Some(Role::Subject),
        policy: Some(MergePolicy::Authority),
        ..text(1, HOUSEHOLD, labels("农户", "Household"))
    };
    let label = Field { role: Some(Role::Title), ..text(2, LABEL, labels("名称", "Label")) };
    RegisterDefinition {
        name: name.to_owned(),
        version: 1,
        labels: named(name),
        insert_only: false,
        server_only: false,
        from_forms: true,
        rights: Vec::new(),
        fields: vec![household, label],
        retired: Vec::new(),
    }
}

fn text(id: FieldId, name: &str, labels: Labels) -> Field {
    Field {
        id,
        name: name.to_owned(),
        labels,
        kind: FieldType::Text { max: LONGEST },
        required: false,
        policy: None,
        group: None,
        role: None,
        also: Vec::new(),
        identifies: false,
        sensitivity: Sensitivity::default(),
    }
}

/// Forms have one name for it, in no language.
fn named(name: &str) -> Labels {
    Labels(["zh-CN", "en"].map(|tag| (tag.to_owned(), name.to_owned())).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::builtin_registers;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_list_begins_and_grows_and_forgets_nothing() {
        let first = RegisterDefinition::of_entity_list("tree", None, &set(&["circumference"]));
        let first = first.expect("a register");
        assert_eq!(first.version, 1);
        let names: Vec<&str> = first.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["__household", "label", "circumference"]);
        let grown =
            RegisterDefinition::of_entity_list("tree", Some(&first), &set(&["Species", "age-in"]));
        let grown = grown.expect("another version");
        assert_eq!(grown.version, 2);
        assert_eq!(grown.fields[..3], first.fields[..]);
        assert_eq!(grown.field_named("Species").map(|field| field.id), Some(4));
        let same = RegisterDefinition::of_entity_list("tree", Some(&grown), &set(&["Species"]));
        assert_eq!(same, None);
        let json = serde_json::to_value(&grown).unwrap();
        assert_eq!(serde_json::from_value::<RegisterDefinition>(json).unwrap(), grown);
    }

    #[test]
    fn packs_registers_and_names_of_the_system_are_left_alone() {
        let builtin = builtin_registers();
        let household = builtin.iter().find(|register| register.name == "household");
        let make = |name: &str, known, properties: &[&str]| {
            RegisterDefinition::of_entity_list(name, known, &set(properties))
        };
        assert_eq!(make("household", household, &["colour"]), None);
        for (name, property) in [("__t", "a"), ("a.b", "c"), ("a b", "c"), ("", "c"), ("t", "__x")]
        {
            assert_eq!(make(name, None, &[property]), None, "{name}.{property}");
        }
    }
}
