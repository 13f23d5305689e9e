//! JSON, read and written by hand.

use mobile_schema::{Hash, Value};
use serde_json::Value as Json;
use sync_protocol::op::Fields;
use sync_protocol::{RecordId, Row, Version};

/// Reads text as JSON.
pub(crate) fn parse(text: &str) -> Result<Json, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// Reads a definition. Through a tree of JSON it takes less code than out of the text itself.
pub(crate) fn define<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(parse(text)?).map_err(|error| error.to_string())
}

/// A member that has to be there.
pub(crate) fn member<'a>(of: &'a Json, name: &str) -> Result<&'a Json, String> {
    of.get(name).ok_or_else(|| format!("`{name}` is missing"))
}

/// A text that has to be there.
pub(crate) fn text<'a>(of: &'a Json, name: &str) -> Result<&'a str, String> {
    member(of, name)?.as_str().ok_or_else(|| format!("`{name}` is no text"))
}

/// A whole number that has to be there.
pub(crate) fn integer(of: &Json, name: &str) -> Result<i64, String> {
    member(of, name)?.as_i64().ok_or_else(|| format!("`{name}` is no whole number"))
}

/// Something that is written as text.
pub(crate) fn parsed<T: std::str::FromStr>(json: &Json) -> Result<T, String> {
    let text = json.as_str().ok_or("text is expected")?;
    text.parse().map_err(|_| format!("`{text}` can't be read"))
}

/// The items of a list, or none where there is no list.
pub(crate) fn items<'a>(of: &'a Json, name: &str) -> &'a [Json] {
    of.get(name).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// The members of an object, or none where there is no object.
pub(crate) fn members<'a>(of: &'a Json, name: &str) -> impl Iterator<Item = (&'a str, &'a Json)> {
    let object = of.get(name).and_then(Json::as_object);
    object.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// Text as any database can hold it: a code that was scanned may have U+0000 in it, which is shown
/// as what it is.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{2400}")
}

/// A field's value.
pub(crate) fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Integer(whole),
            (None, Some(fraction)) => Value::Number(fraction),
            (None, None) => Value::Null,
        },
        Json::String(text) => Value::from(storable(text)),
        Json::Array(items) => items.iter().map(value).collect(),
        Json::Object(members) => {
            let members = members.iter().map(|(name, inner)| (storable(name), value(inner)));
            Value::Map(members.collect())
        }
    }
}

/// A field's value as JSON.
pub(crate) fn of_value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Integer(number) => (*number).into(),
        Value::Number(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(of_value).collect(),
        Value::Map(members) => {
            members.iter().map(|(name, inner)| (name.clone(), of_value(inner))).collect()
        }
    }
}

/// A row as it comes over the wire.
pub(crate) fn row(json: &Json) -> Result<Row, String> {
    let mut fields = Fields::new();
    for (id, inner) in members(json, "fields") {
        fields.insert(id.parse().map_err(|_| "a field's id is a number")?, value(inner));
    }
    Ok(Row {
        id: parsed(member(json, "id")?)?,
        collection: text(json, "collection")?.to_owned(),
        version: version(member(json, "version")?)?,
        definition: parsed::<Hash>(member(json, "definition")?)?,
        fields,
    })
}

/// A row as it goes over the wire.
#[cfg(feature = "tablet")]
pub(crate) fn of_row(row: &Row) -> Json {
    let fields = row.fields.iter().map(|(id, value)| (id.to_string(), of_value(value)));
    object([
        ("id", row.id.to_string().into()),
        ("collection", row.collection.as_str().into()),
        ("version", of_version(row.version)),
        ("definition", row.definition.to_string().into()),
        ("fields", fields.collect()),
    ])
}

/// A version: `[epoch, n]`.
pub(crate) fn version(json: &Json) -> Result<Version, String> {
    let parts =
        json.as_array().filter(|parts| parts.len() == 2).ok_or("a version has two parts")?;
    let n = parts[1].as_u64().ok_or("a version counts")?;
    Ok(Version { epoch: parsed(&parts[0])?, n })
}

/// A version as JSON.
#[cfg(feature = "tablet")]
pub(crate) fn of_version(version: Version) -> Json {
    Json::Array(vec![version.epoch.to_string().into(), version.n.into()])
}

/// An object of few members.
pub(crate) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    object_of(Vec::from(members))
}

/// One copy of it for all numbers of members.
fn object_of(members: Vec<(&str, Json)>) -> Json {
    let mut object = serde_json::Map::new();
    for (name, value) in members {
        object.insert(name.to_owned(), value);
    }
    Json::Object(object)
}

/// The id of a record.
pub(crate) fn record(of: &Json, name: &str) -> Result<RecordId, String> {
    parsed(member(of, name)?)
}
