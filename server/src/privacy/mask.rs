//! Masking: an answer without the values of sensitive fields, and which these are.

use mobile_schema::register::Sensitivity;
use mobile_schema::{Catalogue, FieldId, Hash, RegisterDefinition};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value as Json};

/// Takes the sensitive values out of some that are given by field id, and says whose they were.
/// Of a register that is not known, everything is sensitive.
pub(crate) fn values(
    values: &mut Map<String, Json>,
    definition: Option<&RegisterDefinition>,
) -> Vec<FieldId> {
    let mut masked = Vec::new();
    values.retain(|id, value| {
        let Ok(id) = id.parse::<FieldId>() else { return false };
        let field = definition.and_then(|definition| definition.field(id));
        let open = field.is_some_and(|field| field.sensitivity != Sensitivity::Sensitive);
        if !open && !value.is_null() {
            masked.push(id);
        }
        open || value.is_null()
    });
    masked.sort_unstable();
    masked
}

/// The same of a record's values as they are answered.
pub(crate) fn fields(
    fields: &RawValue,
    collection: &str,
    definition: &Hash,
    catalogue: &Catalogue,
) -> (Box<RawValue>, Vec<FieldId>) {
    let mut read: Map<String, Json> = serde_json::from_str(fields.get()).unwrap_or_default();
    let masked = values(&mut read, definition_of(collection, Some(definition), catalogue));
    (to_raw_value(&read).unwrap_or_else(|_| RawValue::NULL.to_owned()), masked)
}

/// An operation as it is answered, without the sensitive values it sets.
pub(crate) fn operation(op: &RawValue, catalogue: &Catalogue) -> Box<RawValue> {
    let masked = serde_json::from_str::<Json>(op.get()).ok().map(|op| masked(op, catalogue));
    let masked = masked.and_then(|op| to_raw_value(&op).ok());
    masked.unwrap_or_else(|| RawValue::NULL.to_owned())
}

fn masked(mut op: Json, catalogue: &Catalogue) -> Json {
    let collection = op["collection"].as_str().unwrap_or_default().to_owned();
    let hash: Option<Hash> = op["definition"].as_str().and_then(|hash| hash.parse().ok());
    let definition = definition_of(&collection, hash.as_ref(), catalogue);
    let Some(change) = op.get_mut("change").and_then(Json::as_object_mut) else {
        // It is no operation; whatever it is, it may hold anything.
        return Json::Object(Map::from_iter([("masked".to_owned(), Json::Bool(true))]));
    };
    let mut hidden = match change.get_mut("fields").and_then(Json::as_object_mut) {
        Some(fields) => values(fields, definition),
        None => Vec::new(),
    };
    if let Some(id) = change.get("field").and_then(Json::as_u64) {
        let field = FieldId::try_from(id).ok().and_then(|id| definition?.field(id));
        if field.is_none_or(|field| field.sensitivity == Sensitivity::Sensitive) {
            change.retain(|name, _| name == "kind" || name == "field");
            hidden.extend(FieldId::try_from(id));
        }
    }
    if let Some(choice) = change.get_mut("choice").and_then(Json::as_object_mut) {
        // What somebody chose instead is of the record that the conflict is about.
        choice.retain(|name, _| name == "choice");
    }
    if !hidden.is_empty() {
        op["masked"] = hidden.into();
    }
    op
}

/// The definition that values follow, or the register's newest.
pub(crate) fn definition_of<'a>(
    collection: &str,
    hash: Option<&Hash>,
    catalogue: &'a Catalogue,
) -> Option<&'a RegisterDefinition> {
    let named = hash.and_then(|hash| catalogue.get(hash));
    let found = named.or_else(|| catalogue.current(collection).map(|(_, current)| current));
    found.map(std::sync::Arc::as_ref)
}

#[cfg(test)]
mod tests {
    use mobile_schema::register::builtin_registers;
    use serde_json::json;

    use super::*;

    fn masked_op(change: Json) -> Json {
        let catalogue: Catalogue = builtin_registers().into_iter().collect();
        let (hash, _) = catalogue.current("household").unwrap();
        let op = json!({ "collection": "household", "definition": hash, "change": change });
        let masked = operation(&to_raw_value(&op).unwrap(), &catalogue);
        serde_json::from_str(masked.get()).unwrap()
    }

    #[test]
    fn what_is_sensitive_is_taken_out_and_named() {
        let fields = json!({ "1": "王大山", "2": "110105194912310021", "6": null, "99": "x" });
        let op = masked_op(json!({ "kind": "patch", "fields": fields }));
        assert_eq!(op["change"]["fields"], json!({ "1": "王大山", "6": null }));
        assert_eq!(op["masked"], json!([2, 99]));
        let op = masked_op(json!({ "kind": "add", "field": 10, "element": "food" }));
        assert_eq!(op["change"]["element"], "food");
        let op = masked_op(json!({ "kind": "add", "field": 6, "element": "here" }));
        assert_eq!(op["change"], json!({ "kind": "add", "field": 6 }));
        let choice = json!({ "choice": "edit", "fields": { "2": "secret" } });
        let op = masked_op(json!({ "kind": "resolve", "choice": choice, "reason": "因" }));
        assert!(!op.to_string().contains("secret"), "{op}");
    }

    #[test]
    fn what_is_no_operation_tells_nothing() {
        let told = to_raw_value(&json!({ "cbor": "c2VjcmV0" })).unwrap();
        assert_eq!(operation(&told, &Catalogue::default()).get(), r#"{"masked":true}"#);
    }
}
