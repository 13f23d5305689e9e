//! What a record lacks of what its register asks for: a finding, never a refusal.

use std::collections::BTreeMap;

use mobile_schema::{Catalogue, Labels, RegisterDefinition, Value};

use super::{COLLECTION, Finding};
use crate::Row;

/// The rule that such findings bear.
const RULE: &str = "record/required";

/// Whether there is anything that records of this register must not lack.
pub fn asks_for_something(register: &RegisterDefinition) -> bool {
    // What was signed can't be mended, and findings are not looked at for findings.
    let is_asked = !register.server_only && !register.insert_only && register.name != COLLECTION;
    is_asked && register.fields.iter().any(|field| field.required)
}

/// The fields that a record must have by the newest definition of its register, and has not.
pub fn lacks(record: &Row, catalogue: &Catalogue) -> Vec<Finding> {
    let Some((hash, register)) = catalogue.current(&record.collection) else { return Vec::new() };
    if !asks_for_something(register) {
        return Vec::new();
    }
    let is_empty = |value: Option<&Value>| match value {
        None | Some(Value::Null) => true,
        Some(Value::Text(text)) => text.trim().is_empty(),
        Some(Value::List(items)) => items.is_empty(),
        Some(_) => false,
    };
    let missing = register
        .fields
        .iter()
        .filter(|field| field.required && is_empty(record.fields.get(&field.id)));
    let finding = |field: &mobile_schema::Field| {
        let (zh, en) = (field.labels.in_language("zh-CN"), field.labels.in_language("en"));
        let words =
            [("zh-CN", format!("“{zh}”没有填。")), ("en", format!("{en} is not filled in."))];
        Finding {
            subject: record.id,
            rule: RULE.to_owned(),
            place: field.name.clone(),
            severity: "error",
            message: Labels(words.map(|(tag, text)| (tag.to_owned(), text)).into()),
            evidence: BTreeMap::from([(field.name.clone(), Value::Null)]),
            judged_by: hash,
            explainable: false,
        }
    };
    missing.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use mobile_schema::register::builtin_registers;
    use uuid::Uuid;

    use super::*;
    use crate::op::Fields;
    use crate::{Epoch, RecordId, Version};

    #[test]
    fn what_must_be_there_and_is_not_is_found_once() {
        let catalogue: Catalogue = builtin_registers().into_iter().collect();
        let row = |collection: &str, fields: Fields| Row {
            id: RecordId(Uuid::from_u128(1)),
            collection: collection.to_owned(),
            version: Version { epoch: Epoch(1), n: 1 },
            definition: catalogue.current(collection).expect("a register").0,
            fields,
        };
        let alone = lacks(&row("member", Fields::from([(2, "王（虚构）".into())])), &catalogue);
        let told: Vec<_> =
            alone.iter().map(|one| (one.rule.as_str(), one.place.as_str())).collect();
        assert_eq!(told, [("record/required", "household")]);
        let whole = Fields::from([(1, RecordId(Uuid::from_u128(2)).to_string().into())]);
        assert_eq!(lacks(&row("member", whole), &catalogue), []);
        assert_eq!(lacks(&row("finding", Fields::new()), &catalogue), [], "nobody asks them");
    }
}
