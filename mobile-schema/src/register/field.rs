//! One field of a register: its type, its merge policy, what it may hold.

use serde::{Deserialize, Serialize};

use crate::rule::citizen_id;
use crate::value::Unstorable;
use crate::{Hash, Labels, Value};

/// A field's number in its register. It is never used for anything else, ever.
pub type FieldId = u32;

/// How concurrent edits of a field are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergePolicy {
    /// The later edit stands; the other becomes an open conflict.
    Latest,
    /// The server's value stands; the incoming one becomes a proposal (an open conflict).
    Authority,
    /// A set whose additions win over concurrent removals.
    AddWins,
    /// A count changed by differences.
    Delta,
    /// Notes that are only ever added to.
    Append,
    /// A status moved by transitions that name the status they start from.
    CompareAndSet,
}

/// How private a field is (`docs/privacy.md`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// May stand on a public list.
    Open,
    /// About a person; for those who work with the household.
    #[default]
    Personal,
    /// Minors, health, disability, bank accounts, exact places: masked unless revealed.
    Sensitive,
}

/// What the server's index keeps a field's value as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The line people recognise the record by.
    Title,
    /// The record this one belongs to.
    Subject,
    /// Where the record is in its workflow.
    Status,
    /// The day something must be done by.
    Due,
}

/// One of the answers a field offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The value that is stored.
    pub name: String,
    /// What people read.
    pub labels: Labels,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "snake_case")]
pub enum FieldType {
    /// Text of at most `max` characters (1,000 unless said).
    Text {
        /// Most characters.
        #[serde(default = "default_text_length")]
        max: usize,
    },
    /// A whole number.
    Integer,
    /// A fraction.
    Decimal,
    /// Yes or no.
    Boolean,
    /// A day, `YYYY-MM-DD` (ISO 8601).
    Date,
    /// A moment, whole microseconds since 1970 UTC.
    Moment,
    /// Money, whole fen.
    Money,
    /// A count that is changed by differences.
    Count,
    /// A citizen ID number (GB 11643-1999), 18 or the old 15 characters.
    CitizenId,
    /// A telephone number.
    Phone,
    /// A place: `{"lat", "lon"}` in 1e-7 degrees of WGS-84, `"accuracy"` in metres.
    Geopoint,
    /// One of the choices.
    SelectOne {
        /// What may be chosen.
        choices: Vec<Choice>,
    },
    /// Any of the choices, as a set.
    SelectMultiple {
        /// What may be chosen.
        choices: Vec<Choice>,
    },
    /// The id of a record of `collection`.
    Reference {
        /// The collection referred to; any where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        collection: Option<String>,
    },
    /// Notes, only ever added to.
    Notes,
    /// Hashes of photos and documents, as a set.
    Blobs,
    /// A place in a workflow.
    Status {
        /// The states there are.
        choices: Vec<Choice>,
        /// `[from, to]`: the moves there are; any where empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        transitions: Vec<(String, String)>,
        /// States in which other edits wait for a person.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        locked: Vec<String>,
    },
    /// Anything, such as a form's answers by question name.
    Answers,
}

fn default_text_length() -> usize {
    1_000
}

/// A field of a register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its number, never reused.
    pub id: FieldId,
    /// Its name in forms and exports: `snake_case`.
    pub name: String,
    /// What people read.
    pub labels: Labels,
    /// What it holds.
    #[serde(flatten)]
    pub kind: FieldType,
    /// How edits merge, where the type's own policy won't do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<MergePolicy>,
    /// How private it is.
    #[serde(default)]
    pub sensitivity: Sensitivity,
    /// The field that leads the group it makes sense with only; itself where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<FieldId>,
    /// Whether a record without it is incomplete (a finding, never a refusal).
    #[serde(default)]
    pub required: bool,
    /// What the server's index keeps it as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// What tables from elsewhere call it, beside its name and labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Whether offices know a record by it, such as a household's number: no two in a village have
    /// the same, and tables refer by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub identifies: bool,
}

/// A value that its field can't hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// No database could hold it.
    #[error(transparent)]
    Unstorable(#[from] Unstorable),
    /// It is of another type than the field.
    #[error("the field holds another type")]
    WrongType,
    /// It is longer than the field allows.
    #[error("the value is too long")]
    TooLong,
}

impl Field {
    /// The group it is merged with: the id of the group's leading field.
    pub fn group(&self) -> FieldId {
        self.group.unwrap_or(self.id)
    }

    /// Whether the server encrypts its values before it stores them: those of sensitive fields,
    /// and what may hold anything.
    pub fn is_sealed(&self) -> bool {
        self.sensitivity == Sensitivity::Sensitive || self.kind == FieldType::Answers
    }

    /// How concurrent edits of it are merged.
    pub fn policy(&self) -> MergePolicy {
        self.policy.unwrap_or(match self.kind {
            FieldType::Count => MergePolicy::Delta,
            FieldType::SelectMultiple { .. } | FieldType::Blobs => MergePolicy::AddWins,
            FieldType::Notes => MergePolicy::Append,
            FieldType::Status { .. } => MergePolicy::CompareAndSet,
            FieldType::CitizenId | FieldType::Money => MergePolicy::Authority,
            _ => MergePolicy::Latest,
        })
    }

    /// A value as this version of the field holds it: where several may be chosen and one could be
    /// before, that one is the only one of the set.
    pub fn mapped_up(&self, value: Value) -> Value {
        match (&self.kind, value) {
            (FieldType::SelectMultiple { .. }, Value::Text(one)) if one.is_empty() => {
                Value::List(Vec::new())
            }
            (FieldType::SelectMultiple { .. }, Value::Text(one)) => {
                Value::List(vec![Value::Text(one)])
            }
            (_, value) => value,
        }
    }

    /// Refuses what the field can't hold. Values that are merely doubtful (a choice that is
    /// not offered, a wrong check digit) are findings for people, and are stored.
    pub fn check(&self, value: &Value) -> Result<(), Unfit> {
        value.check_storable()?;
        if value.is_null() {
            return Ok(());
        }
        if self.policy() == MergePolicy::AddWins {
            let items = value.as_list().ok_or(Unfit::WrongType)?;
            return items.iter().try_for_each(|item| self.check_element(item));
        }
        let fits = match &self.kind {
            FieldType::Text { max } => return text_up_to(value, *max),
            FieldType::Integer | FieldType::Count | FieldType::Money | FieldType::Moment => {
                value.as_integer().is_some()
            }
            FieldType::Decimal => matches!(value, Value::Integer(_) | Value::Number(_)),
            FieldType::Boolean => matches!(value, Value::Bool(_)),
            FieldType::Date => value.as_text().is_some_and(is_day),
            FieldType::CitizenId | FieldType::Phone => return text_up_to(value, 64),
            FieldType::Geopoint => ["lat", "lon"]
                .iter()
                .all(|part| value.get(part).is_some_and(|part| part.as_integer().is_some())),
            FieldType::SelectOne { .. } | FieldType::Status { .. } => {
                return text_up_to(value, 200);
            }
            FieldType::Reference { .. } => value.as_text().is_some_and(is_uuid),
            FieldType::Notes | FieldType::Blobs => value.as_list().is_some(),
            // One by itself is what was held when only one could be chosen.
            FieldType::SelectMultiple { .. } => match value.as_list() {
                Some(items) => return items.iter().try_for_each(|item| self.check_element(item)),
                None => return text_up_to(value, 200),
            },
            FieldType::Answers => matches!(value, Value::Map(_)),
        };
        if fits { Ok(()) } else { Err(Unfit::WrongType) }
    }

    /// Refuses what can't be an element of the set, or a note.
    pub fn check_element(&self, element: &Value) -> Result<(), Unfit> {
        element.check_storable()?;
        match &self.kind {
            FieldType::Blobs => {
                let hash = element.as_text().map(str::parse::<Hash>);
                if matches!(hash, Some(Ok(_))) { Ok(()) } else { Err(Unfit::WrongType) }
            }
            FieldType::Notes => text_up_to(element, 4_000),
            _ => text_up_to(element, 200),
        }
    }

    /// Whether a status may be this one; whatever is no workflow takes any word.
    pub fn offers(&self, status: &str) -> bool {
        match &self.kind {
            FieldType::Status { choices, .. } => choices.iter().any(|one| one.name == status),
            _ => true,
        }
    }

    /// Whether a status may move so. From none at all it may begin anywhere.
    pub fn moves(&self, from: &str, to: &str) -> bool {
        match &self.kind {
            FieldType::Status { transitions, .. } => {
                from.is_empty()
                    || transitions.is_empty()
                    || transitions.iter().any(|(a, b)| a == from && b == to)
            }
            _ => true,
        }
    }

    /// What a person should look at in a value that was stored as it came.
    pub fn doubt(&self, value: &Value) -> Option<&'static str> {
        let text = value.as_text()?;
        let offered = |choices: &[Choice]| choices.iter().any(|choice| choice.name == text);
        match &self.kind {
            FieldType::CitizenId => {
                citizen_id::CitizenId::parse(text).is_err().then_some("citizen-id")
            }
            FieldType::SelectOne { choices } | FieldType::Status { choices, .. } => {
                (!offered(choices)).then_some("choice")
            }
            _ => None,
        }
    }
}

fn text_up_to(value: &Value, most: usize) -> Result<(), Unfit> {
    let text = value.as_text().ok_or(Unfit::WrongType)?;
    if text.chars().nth(most).is_some() { Err(Unfit::TooLong) } else { Ok(()) }
}

fn is_uuid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

/// `YYYY-MM-DD` of a day that exists.
fn is_day(text: &str) -> bool {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shape {
        return false;
    }
    let number = |range: std::ops::Range<usize>| text[range].parse::<u16>().unwrap_or(0);
    citizen_id::day_exists(number(0..4), number(5..7), number(8..10))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: &str) -> Field {
        let json = format!(r#"{{"id":1,"name":"x","labels":{{}},{kind}}}"#);
        serde_json::from_str(&json).expect("a field")
    }

    fn verdict(kind: &str, value: &str) -> Result<(), Unfit> {
        field(kind).check(&serde_json::from_str(value).expect("a value"))
    }

    #[test]
    fn each_type_takes_its_own_values_only() {
        let good = [
            (r#""type":"text","max":2"#, r#""小明""#),
            (r#""type":"date""#, r#""2024-02-29""#),
            (r#""type":"money""#, "1722900"),
            (r#""type":"geopoint""#, r#"{"lat":250000000,"lon":1020000000,"accuracy":8}"#),
            (r#""type":"notes""#, "[]"),
            (r#""type":"boolean""#, "null"),
        ];
        for (kind, value) in good {
            assert_eq!(verdict(kind, value), Ok(()), "{kind} {value}");
        }
        let bad = [
            (r#""type":"text","max":2"#, r#""王小明""#, Unfit::TooLong),
            (r#""type":"date""#, r#""2023-02-29""#, Unfit::WrongType),
            (r#""type":"date""#, r#""二〇二三年一月""#, Unfit::WrongType),
            (r#""type":"money""#, "17.5", Unfit::WrongType),
            (r#""type":"reference""#, r#""7""#, Unfit::WrongType),
            (r#""type":"blobs""#, r#"["beef"]"#, Unfit::WrongType),
            (r#""type":"text""#, r#""a\u0000""#, Unfit::Unstorable(Unstorable::NulCharacter)),
        ];
        for (kind, value, why) in bad {
            assert_eq!(verdict(kind, value), Err(why), "{kind} {value}");
        }
    }

    #[test]
    fn the_one_that_was_chosen_is_the_only_one_of_a_set() {
        let set = field(r#""type":"select_multiple","choices":[]"#);
        let one: Value = [Value::from("a")].into_iter().collect();
        assert_eq!(set.mapped_up("a".into()), one);
        assert_eq!(set.mapped_up(one.clone()), one);
        assert_eq!(set.mapped_up(Value::Null), Value::Null);
        assert_eq!(set.mapped_up("".into()), Value::List(Vec::new()));
        let whole = r#""type":"select_multiple","choices":[],"policy":"authority""#;
        for (value, fits) in
            [(r#"["a","b"]"#, true), (r#""a""#, true), ("[1]", false), ("3", false)]
        {
            assert_eq!(verdict(whole, value).is_ok(), fits, "{value}");
        }
        let single = field(r#""type":"select_one","choices":[]"#);
        assert_eq!(single.mapped_up("a".into()), Value::from("a"));
    }

    #[test]
    fn policies_follow_the_type_unless_said() {
        assert_eq!(field(r#""type":"money""#).policy(), MergePolicy::Authority);
        assert_eq!(field(r#""type":"count""#).policy(), MergePolicy::Delta);
        assert_eq!(field(r#""type":"text""#).policy(), MergePolicy::Latest);
        let said = field(r#""type":"text","policy":"authority""#);
        assert_eq!(said.policy(), MergePolicy::Authority);
    }
}
