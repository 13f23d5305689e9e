//! A field's value: JSON's types, with whole numbers kept apart from fractions.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The value of a field. Money is whole fen, time whole microseconds since 1970 UTC, and
/// identity numbers are text.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// No value; a patch that sets it clears the field.
    #[default]
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A finite fraction.
    Number(f64),
    /// Text in Unicode.
    Text(String),
    /// Several values in order.
    List(Vec<Value>),
    /// Named values.
    Map(BTreeMap<String, Value>),
}

/// Why a value can be stored nowhere, whatever field it is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unstorable {
    /// Text with U+0000, which PostgreSQL can't hold.
    #[error("text contains the character U+0000")]
    NulCharacter,
    /// Lists and maps inside each other deeper than [`Value::MAX_DEPTH`].
    #[error("the value is nested too deeply")]
    TooDeep,
}

impl Value {
    /// How deep lists and maps may stand in each other.
    pub const MAX_DEPTH: usize = 16;

    /// Refuses what one of the databases could not hold.
    pub fn check_storable(&self) -> Result<(), Unstorable> {
        self.check_to_depth(Self::MAX_DEPTH)
    }

    fn check_to_depth(&self, left: usize) -> Result<(), Unstorable> {
        let clean = |text: &str| {
            if text.contains('\0') { Err(Unstorable::NulCharacter) } else { Ok(()) }
        };
        match self {
            Self::Text(text) => clean(text),
            Self::List(_) | Self::Map(_) if left == 0 => Err(Unstorable::TooDeep),
            Self::List(items) => items.iter().try_for_each(|item| item.check_to_depth(left - 1)),
            Self::Map(entries) => entries.iter().try_for_each(|(name, item)| {
                clean(name)?;
                item.check_to_depth(left - 1)
            }),
            _ => Ok(()),
        }
    }

    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, if this is text.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The whole number, if this is one.
    pub fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    /// The items, if this is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// The named value in this map, if this is a map and has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        if let Self::Map(entries) = self { entries.get(name) } else { None }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Self::List(items.into_iter().collect())
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        let number = i64::try_from(number);
        number
            .map(Value::Integer)
            .map_err(|_| E::custom("a whole number fits 64 bits with its sign"))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        if number.is_finite() {
            Ok(Value::Number(number))
        } else {
            Err(E::custom("a number is finite"))
        }
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((name, item)) = entries.next_entry::<String, Value>()? {
            if map.insert(name, item).is_some() {
                return Err(A::Error::custom("the same name stands twice in a map"));
            }
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Value, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn json_survives_the_round_trip() {
        let json = r#"{"a":[1,-2,2.5,null,true],"b":"王小明"}"#;
        assert_eq!(serde_json::to_string(&read(json).unwrap()).unwrap(), json);
    }

    #[test]
    fn ambiguous_json_is_refused() {
        assert!(read(r#"{"a":1,"a":2}"#).is_err());
        assert!(read("18446744073709551615").is_err());
    }

    #[test]
    fn what_a_database_cannot_hold_is_found_anywhere_inside() {
        let nul = read(r#"[{"a":"x\u0000"}]"#).unwrap();
        assert_eq!(nul.check_storable(), Err(Unstorable::NulCharacter));
        let deep = (0..Value::MAX_DEPTH).fold(Value::Null, |inner, _| Value::List(vec![inner]));
        assert_eq!(deep.check_storable(), Ok(()));
        assert_eq!(Value::List(vec![deep]).check_storable(), Err(Unstorable::TooDeep));
    }
}
