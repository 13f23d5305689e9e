//! Who may do what with the records of a register. It is judged by what a record becomes, whatever
//! kind of operation brings it there.

use serde::{Deserialize, Serialize};

use super::definition::RegisterDefinition;
use super::field::{Field, FieldType};
use crate::{Value, Words};

/// In what capacity somebody acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capacity {
    /// Records in the field, on a tablet, whatever else the person may do.
    Cadre,
    /// Works in an office, in a browser, where a right of theirs lets them do it.
    Office,
    /// Decides about what others recorded, where it is reviewed. Whoever does works in an office.
    Reviewer,
    /// The server's own checks.
    Server,
}

/// What may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// A record comes to be.
    Create,
    /// A field becomes another.
    Set,
    /// It is moved to another village.
    Move,
    /// It is deleted.
    Delete,
}

/// A line of the table of rights. A deed that has lines is for those only whom one of them names; a
/// deed that has none is for everybody who may write to the village.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Right {
    /// Who may.
    pub who: Vec<Capacity>,
    /// Do what.
    pub may: Deed,
    /// With which fields, by name: what may be `set`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// What they hold before; the empty text is nothing. Anything, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Vec<String>>,
    /// What they hold after. Anything, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Vec<String>>,
}

impl Capacity {
    fn is_any_of(self, who: &[Self]) -> bool {
        who.contains(&self) || (self == Self::Reviewer && who.contains(&Self::Office))
    }
}

impl Right {
    fn is_about(&self, field: &Field) -> bool {
        self.may == Deed::Set && self.fields.contains(&field.name)
    }

    fn covers(&self, from: Option<&Value>, to: Option<&Value>) -> bool {
        let holds = |value: Option<&Value>, allowed: &Option<Vec<String>>| {
            let Some(allowed) = allowed else { return true };
            let value = value.filter(|value| !value.is_null());
            let text = value.map_or(Some(""), Value::as_text);
            text.is_some_and(|text| allowed.iter().any(|one| one == text))
        };
        holds(from, &self.from) && holds(to, &self.to)
    }

    /// What is wrong with it.
    pub(super) fn check(&self, register: &RegisterDefinition) -> Option<Words> {
        if (self.may == Deed::Set) == self.fields.is_empty() {
            return Some(Words::new(
                "set 要写明 fields，其他操作不写",
                "`set` names `fields`, and nothing else does",
            ));
        }
        if self.may != Deed::Set && (self.from.is_some() || self.to.is_some()) {
            return Some(Words::new("只有 set 才有 from 和 to", "only `set` has `from` and `to`"));
        }
        for name in &self.fields {
            let Some(field) = register.field_named(name) else {
                return Some(Words::new(
                    format!("没有字段“{name}”"),
                    format!("there is no field `{name}`"),
                ));
            };
            let FieldType::Status { choices, .. } = &field.kind else { continue };
            let known = |state: &&String| {
                state.is_empty() || choices.iter().any(|choice| choice.name == **state)
            };
            let states = self.from.iter().chain(&self.to).flatten();
            if let Some(state) = states.into_iter().find(|state| !known(state)) {
                return Some(Words::new(
                    format!("没有状态“{state}”"),
                    format!("`{state}` is no state"),
                ));
            }
        }
        None
    }
}

impl RegisterDefinition {
    /// Whether records may be made, moved or deleted in this capacity.
    pub fn lets(&self, capacity: Capacity, deed: Deed) -> bool {
        let mut lines = self.rights.iter().filter(|line| line.may == deed).peekable();
        lines.peek().is_none() || lines.any(|line| capacity.is_any_of(&line.who))
    }

    /// Whether a field may become from one value (none, where it has none) another in this capacity.
    pub fn lets_set(
        &self,
        capacity: Capacity,
        field: &Field,
        from: Option<&Value>,
        to: Option<&Value>,
    ) -> bool {
        let mut lines = self.rights.iter().filter(|line| line.is_about(field)).peekable();
        lines.peek().is_none()
            || lines.any(|line| capacity.is_any_of(&line.who) && line.covers(from, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register(rights: &str) -> RegisterDefinition {
        let text = format!(
            r#"
            name = "well"
            version = 1
            labels = {{ zh-CN = "井", en = "Well" }}
            [[field]]
            id = 1
            name = "status"
            type = "status"
            labels = {{ zh-CN = "状态", en = "Status" }}
            choices = [
              {{ name = "seen", labels = {{ zh-CN = "已见", en = "Seen" }} }},
              {{ name = "passed", labels = {{ zh-CN = "通过", en = "Passed" }} }},
            ]
            {rights}
            "#
        );
        RegisterDefinition::from_toml(&text).expect("well-formed")
    }

    #[test]
    fn what_has_no_line_is_for_everybody() {
        let well = register("");
        for deed in [Deed::Create, Deed::Move, Deed::Delete] {
            assert!(well.lets(Capacity::Cadre, deed));
        }
        let status = well.field(1).unwrap();
        assert!(well.lets_set(Capacity::Cadre, status, None, Some(&"passed".into())));
    }

    #[test]
    fn what_has_lines_is_for_those_they_name() {
        let well = register(
            r#"
            [[right]]
            who = ["office"]
            may = "delete"
            [[right]]
            who = ["cadre"]
            may = "set"
            fields = ["status"]
            from = [""]
            to = ["seen"]
            [[right]]
            who = ["reviewer"]
            may = "set"
            fields = ["status"]
            "#,
        );
        assert_eq!(well.check(), []);
        let lets = |capacity| well.lets(capacity, Deed::Delete);
        assert!(!lets(Capacity::Cadre) && lets(Capacity::Office) && lets(Capacity::Reviewer));
        assert!(well.lets(Capacity::Cadre, Deed::Move), "nothing is said of moves");
        let status = well.field(1).unwrap();
        let (seen, passed) = (Value::from("seen"), Value::from("passed"));
        let lets = |capacity, from, to| well.lets_set(capacity, status, from, to);
        assert!(lets(Capacity::Cadre, None, Some(&seen)));
        assert!(lets(Capacity::Cadre, Some(&Value::Null), Some(&seen)), "null is nothing");
        assert!(!lets(Capacity::Cadre, Some(&seen), Some(&passed)));
        assert!(!lets(Capacity::Cadre, Some(&passed), Some(&seen)));
        assert!(!lets(Capacity::Office, Some(&seen), Some(&passed)));
        assert!(lets(Capacity::Reviewer, Some(&seen), Some(&passed)));
    }

    #[test]
    fn a_line_that_says_nothing_is_told() {
        let wrong = |line: &str| {
            let found = register(&format!("[[right]]\nwho = [\"cadre\"]\n{line}")).check();
            found.into_iter().map(|one| one.message.en.clone()).collect::<Vec<_>>()
        };
        assert_eq!(wrong("may = \"set\"").len(), 1);
        assert_eq!(wrong("may = \"delete\"\nfields = [\"status\"]").len(), 1);
        assert_eq!(wrong("may = \"delete\"\nto = [\"seen\"]").len(), 1);
        assert_eq!(wrong("may = \"set\"\nfields = [\"depth\"]").len(), 1);
        assert_eq!(wrong("may = \"set\"\nfields = [\"status\"]\nto = [\"dug\"]").len(), 1);
        assert_eq!(wrong("may = \"set\"\nfields = [\"status\"]\nfrom = [\"\"]"), [""; 0]);
    }
}
