//! Records and forms: a register's fields as the words of answers, and the other way round.

use std::collections::{BTreeMap, HashMap};

use super::{Field, FieldId, FieldType, RegisterDefinition, Role};
use crate::expression::functions::date::Moment;
use crate::form::is_entity_name;
use crate::xml::Element;
use crate::{Hash, Value};

/// Minutes that China's one time is ahead of UTC, for moments that don't say.
const CHINA: i32 = 480;

/// A property that has no place in the register, or that its field can't hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{property}: {reason}")]
pub struct Unplaced {
    /// The property, as the form calls it.
    pub property: String,
    /// Why.
    pub reason: &'static str,
}

impl RegisterDefinition {
    /// The values of fields out of properties in words. `files` are the photos and documents by
    /// their names in the answers. What has no place is told; nothing else is left out.
    pub fn values_of(
        &self,
        label: Option<&str>,
        properties: &[(String, String)],
        files: &BTreeMap<String, Hash>,
    ) -> (BTreeMap<FieldId, Value>, Vec<Unplaced>) {
        let (mut values, mut unplaced) = (BTreeMap::new(), Vec::new());
        if let (Some(label), Some(field)) = (label, self.field_with_role(Role::Title)) {
            values.insert(field.id, Value::from(label));
        }
        for (property, text) in properties {
            let placed = match self.field_named(property) {
                None => Err("the register has no such field"),
                Some(field) => value_of(field, text, files).map(|value| (field, value)),
            };
            match placed {
                Ok((field, value)) if field.check(&value).is_ok() => {
                    values.insert(field.id, value);
                }
                Ok(_) => unplaced.push(Unplaced {
                    property: property.clone(),
                    reason: "the field can't hold the value",
                }),
                Err(reason) => unplaced.push(Unplaced { property: property.clone(), reason }),
            }
        }
        (values, unplaced)
    }

    /// What a record holds, in the words of answers, by the names of its fields.
    pub fn texts_of(&self, fields: &BTreeMap<FieldId, Value>) -> HashMap<String, String> {
        let text =
            |field: &Field| Some((field.name.clone(), text_of(field, fields.get(&field.id)?)));
        self.fields.iter().filter_map(text).collect()
    }

    /// Records as the list that forms choose from, as ODK has it: `name` is the id, `label` the
    /// title.
    pub fn list<'a>(
        &self,
        records: impl IntoIterator<Item = (&'a str, &'a BTreeMap<FieldId, Value>)>,
    ) -> Element {
        let title = self.field_with_role(Role::Title);
        let mut root = Element::new("root");
        for (id, fields) in records {
            let text = |field: &Field| {
                fields.get(&field.id).map(|value| text_of(field, value)).unwrap_or_default()
            };
            let mut item = Element::new("item");
            item.push(Element::new("name").with_text(id));
            item.push(Element::new("label").with_text(title.map(text).unwrap_or_default()));
            let is_shown = |field: &&Field| {
                is_entity_name(&field.name) && !matches!(field.name.as_str(), "name" | "label")
            };
            for field in self.fields.iter().filter(is_shown) {
                item.push(Element::new(field.name.as_str()).with_text(text(field)));
            }
            root.push(item);
        }
        root
    }
}

/// The words of an answer as what a field holds; empty words clear it.
pub(super) fn value_of(
    field: &Field,
    text: &str,
    files: &BTreeMap<String, Hash>,
) -> Result<Value, &'static str> {
    let text = text.trim();
    let is_set = matches!(field.kind, FieldType::SelectMultiple { .. } | FieldType::Blobs);
    if text.is_empty() && !is_set {
        return Ok(Value::Null);
    }
    let none = "the value is of another type than the field";
    Ok(match &field.kind {
        FieldType::Integer | FieldType::Count => Value::Integer(text.parse().map_err(|_| none)?),
        FieldType::Decimal => {
            let number: f64 = text.parse().map_err(|_| none)?;
            if !number.is_finite() {
                return Err(none);
            }
            Value::Number(number)
        }
        FieldType::Money => Value::Integer(fen(text).ok_or(none)?),
        FieldType::Boolean => match text {
            "true" | "1" | "yes" => Value::Bool(true),
            "false" | "0" | "no" => Value::Bool(false),
            _ => return Err(none),
        },
        FieldType::Moment => {
            let moment = Moment::read(text).ok_or(none)?;
            Value::Integer(moment.unix_ms(CHINA).ok_or(none)? * 1_000)
        }
        FieldType::Geopoint => place(text).ok_or(none)?,
        FieldType::SelectMultiple { .. } => text.split_whitespace().map(Value::from).collect(),
        FieldType::Blobs => {
            let hash = |name: &str| files.get(name).map(|hash| Value::from(hash.to_string()));
            let found: Option<Vec<Value>> = text.split_whitespace().map(hash).collect();
            Value::List(found.ok_or("the file is not there")?)
        }
        FieldType::Notes => Value::List(vec![text.into()]),
        FieldType::Answers => return Err("answers have no place in an entity"),
        FieldType::Text { .. }
        | FieldType::Date
        | FieldType::CitizenId
        | FieldType::Phone
        | FieldType::SelectOne { .. }
        | FieldType::Status { .. }
        | FieldType::Reference { .. } => Value::from(text),
    })
}

/// What a field holds, in the words of answers.
pub fn text_of(field: &Field, value: &Value) -> String {
    match (&field.kind, value) {
        (_, Value::Null) | (FieldType::Notes | FieldType::Blobs | FieldType::Answers, _) => {
            String::new()
        }
        (FieldType::Money, Value::Integer(fen)) => {
            let sign = if *fen < 0 { "-" } else { "" };
            let fen = fen.unsigned_abs();
            format!("{sign}{}.{:02}", fen / 100, fen % 100)
        }
        (FieldType::Moment, Value::Integer(micros)) => {
            Moment::at(micros.div_euclid(1_000), CHINA).write(CHINA)
        }
        (FieldType::Geopoint, Value::Map(_)) => {
            let part = |name| value.get(name).and_then(Value::as_integer);
            let accuracy = part("accuracy").unwrap_or(0);
            match (part("lat"), part("lon")) {
                (Some(lat), Some(lon)) => {
                    format!("{} {} 0 {accuracy}", degrees(lat), degrees(lon))
                }
                _ => String::new(),
            }
        }
        (_, Value::List(items)) => {
            items.iter().filter_map(Value::as_text).collect::<Vec<_>>().join(" ")
        }
        (_, Value::Text(text)) => text.clone(),
        (_, Value::Bool(truth)) => truth.to_string(),
        (_, Value::Integer(number)) => number.to_string(),
        (_, Value::Number(number)) => crate::expression::value::text_of(*number),
        (_, Value::Map(_)) => String::new(),
    }
}

/// Yuan in words as whole fen; none where that would lose something.
fn fen(text: &str) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (yuan, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (cents, lost) = rest.split_at_checked(2).unwrap_or((rest, ""));
    let exact = lost.bytes().all(|byte| byte == b'0');
    if !(digits(yuan) && digits(rest) && exact) || (yuan.is_empty() && rest.is_empty()) {
        return None;
    }
    let yuan: i64 = if yuan.is_empty() { 0 } else { yuan.parse().ok()? };
    let cents: i64 = format!("{cents:0<2}").parse().ok()?;
    let fen = yuan.checked_mul(100)?.checked_add(cents)?;
    Some(if negative { -fen } else { fen })
}

/// `26.5 106.7 1000 5`: degrees north and east of WGS-84, metres above the sea, accuracy.
fn place(text: &str) -> Option<Value> {
    let parts: Option<Vec<f64>> = text.split_whitespace().map(|part| part.parse().ok()).collect();
    let parts = parts?;
    let (lat, lon) = (*parts.first()?, *parts.get(1)?);
    if !(lat.abs() <= 90.0 && lon.abs() <= 180.0) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "on earth it fits")]
    let whole = |degrees: f64| Value::Integer((degrees * 1e7).round() as i64);
    let mut place =
        BTreeMap::from([("lat".to_owned(), whole(lat)), ("lon".to_owned(), whole(lon))]);
    if let Some(accuracy) = parts.get(3).filter(|metres| (0.0..1e6).contains(*metres)) {
        #[expect(clippy::cast_possible_truncation, reason = "less than a million")]
        place.insert("accuracy".to_owned(), Value::Integer(accuracy.round() as i64));
    }
    Some(Value::Map(place))
}

/// 1e-7 degrees as degrees, without losing any.
fn degrees(part: i64) -> String {
    let sign = if part < 0 { "-" } else { "" };
    let part = part.unsigned_abs();
    let text = format!("{sign}{}.{:07}", part / 10_000_000, part % 10_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: &str) -> Field {
        let json = format!(r#"{{"id":1,"name":"x","labels":{{}},{kind}}}"#);
        serde_json::from_str(&json).expect("a field")
    }

    #[test]
    fn words_become_values_and_words_again() {
        let cases = [
            (r#""type":"text""#, "王", "王"),
            (r#""type":"integer""#, "-4", "-4"),
            (r#""type":"money""#, "17229.5", "17229.50"),
            (r#""type":"money""#, "-.05", "-0.05"),
            (r#""type":"boolean""#, "yes", "true"),
            (r#""type":"date""#, "2024-02-29", "2024-02-29"),
            (r#""type":"geopoint""#, "26.5 -106.0000001 1000 5", "26.5 -106.0000001 0 5"),
            (r#""type":"select_multiple","choices":[]"#, "a b", "a b"),
            (r#""type":"moment""#, "2026-11-25T00:00:00Z", "2026-11-25T08:00:00.000+08:00"),
            (r#""type":"decimal""#, "0.5", "0.5"),
        ];
        for (kind, words, again) in cases {
            let field = field(kind);
            let value = value_of(&field, words, &BTreeMap::new()).expect(words);
            assert_eq!(field.check(&value), Ok(()), "{kind}");
            assert_eq!(text_of(&field, &value), again, "{kind}");
        }
    }

    #[test]
    fn what_would_lose_something_is_refused() {
        for (kind, words) in [
            (r#""type":"money""#, "1.005"),
            (r#""type":"money""#, "1,000"),
            (r#""type":"money""#, "99999999999999999999"),
            (r#""type":"integer""#, "4.5"),
            (r#""type":"decimal""#, "inf"),
            (r#""type":"geopoint""#, "91 0"),
            (r#""type":"moment""#, "yesterday"),
            (r#""type":"blobs""#, "gone.jpg"),
        ] {
            assert!(value_of(&field(kind), words, &BTreeMap::new()).is_err(), "{words}");
        }
    }
}
