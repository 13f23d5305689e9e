//! What the next version of a register may not do: records of the one before stay what they are.

use std::mem::discriminant;

use super::definition::RegisterDefinition;
use super::field::{Choice, Field, FieldType};
use crate::Words;

impl RegisterDefinition {
    /// What a newer version takes away or makes into something else, so that records would lose it.
    /// It may add fields and choices, let several be chosen where one was, change words, and retire
    /// fields by name.
    pub fn broken_by(&self, newer: &Self) -> Vec<Words> {
        let mut found = Vec::new();
        let nature = |one: &Self| (one.insert_only, one.server_only, one.from_forms);
        if nature(self) != nature(newer) {
            found.push(Words::new(
                "写入方式（insert_only、server_only）不能改变",
                "who may write it, and how often, can't change",
            ));
        }
        for field in &self.fields {
            match newer.field(field.id) {
                Some(now) => found.extend(field.broken_by(now)),
                None if newer.retired.contains(&field.id) => {}
                None => found.push(Words::new(
                    format!(
                        "少了字段“{}”（{}）；不再用的字段要列在 retired 中",
                        field.name, field.id
                    ),
                    format!(
                        "field `{}` ({}) is gone; list those that are no longer used as `retired`",
                        field.name, field.id
                    ),
                )),
            }
        }
        for id in self.retired.iter().filter(|id| newer.field(**id).is_some()) {
            found.push(Words::new(
                format!("字段编号 {id} 以前用过，不能再用"),
                format!("field number {id} was used before, and can't be used again"),
            ));
        }
        found
    }
}

impl Field {
    fn broken_by(&self, newer: &Self) -> Option<Words> {
        let name = &self.name;
        if newer.name != self.name {
            let (zh, en) = (
                format!("字段 {} 原名“{name}”，不能改名为“{}”", self.id, newer.name),
                format!("field {} is called `{name}`, not `{}`", self.id, newer.name),
            );
            return Some(Words::new(zh, en));
        }
        if !self.kind.fits_in(&newer.kind) || self.policy() != newer.policy() {
            let (zh, en) = (
                format!("字段“{name}”的类型不能改变，选项只能增加"),
                format!("field `{name}` keeps its type; choices can only be added"),
            );
            return Some(Words::new(zh, en));
        }
        if self.is_sealed() != newer.is_sealed() {
            let (zh, en) = (
                format!("字段“{name}”是否加密不能改变"),
                format!("whether field `{name}` is encrypted can't change"),
            );
            return Some(Words::new(zh, en));
        }
        None
    }
}

impl FieldType {
    /// Whether every value of this type is one of another.
    fn fits_in(&self, other: &Self) -> bool {
        let all_in = |mine: &[Choice], theirs: &[Choice]| {
            mine.iter().all(|one| theirs.iter().any(|other| other.name == one.name))
        };
        match (self, other) {
            (Self::Text { max }, Self::Text { max: other }) => max <= other,
            // Who could choose one may choose several from now on: see `Field::mapped_up`.
            (
                Self::SelectOne { choices },
                Self::SelectOne { choices: others } | Self::SelectMultiple { choices: others },
            )
            | (Self::SelectMultiple { choices }, Self::SelectMultiple { choices: others })
            | (Self::Status { choices, .. }, Self::Status { choices: others, .. }) => {
                all_in(choices, others)
            }
            (Self::Reference { collection }, Self::Reference { collection: other }) => {
                collection == other
            }
            _ => discriminant(self) == discriminant(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register(fields: &str) -> RegisterDefinition {
        let head = "name = \"well\"\nversion = 1\nlabels = { zh-CN = \"井\", en = \"Well\" }\n";
        RegisterDefinition::from_toml(&format!("{head}{fields}")).expect("well-formed")
    }

    fn field(id: u32, name: &str, rest: &str) -> String {
        format!(
            "[[field]]\nid = {id}\nname = \"{name}\"\nlabels = {{ zh-CN = \"字段\", en = \"Field\" }}\n{rest}\n"
        )
    }

    #[test]
    fn what_is_added_breaks_nothing() {
        let before = register(&field(1, "depth", "type = \"text\"\nmax = 10"));
        let after = register(&format!(
            "{}{}",
            field(1, "depth", "type = \"text\"\nmax = 20\nrequired = true"),
            field(2, "owner", "type = \"integer\"")
        ));
        assert_eq!(before.broken_by(&after), []);
        assert_eq!(before.broken_by(&before), []);
    }

    #[test]
    fn several_may_be_chosen_where_one_was_but_not_the_other_way_round() {
        let kind = |of: &str, names: &str| {
            let rest = format!("type = \"{of}\"\npolicy = \"authority\"\nchoices = [{names}]");
            register(&field(1, "kind", &rest))
        };
        let (low, both) = (
            "{ name = \"low\", labels = { en = \"Low\" } }",
            "{ name = \"low\", labels = { en = \"Low\" } }, { name = \"old\", labels = { en = \"Old\" } }",
        );
        assert_eq!(kind("select_one", low).broken_by(&kind("select_multiple", both)), []);
        assert_eq!(kind("select_one", both).broken_by(&kind("select_multiple", low)).len(), 1);
        assert_eq!(kind("select_multiple", low).broken_by(&kind("select_one", both)).len(), 1);
        // A set that is merged element by element takes no whole value, which older tablets send.
        let by_element =
            register(&field(1, "kind", &format!("type = \"select_multiple\"\nchoices = [{low}]")));
        assert_eq!(kind("select_one", low).broken_by(&by_element).len(), 1);
    }

    #[test]
    fn what_is_taken_away_is_named() {
        let choices = |names: &[&str]| {
            let one = |name: &&str| format!("{{ name = \"{name}\", labels = {{ en = \"x\" }} }}");
            let all: Vec<String> = names.iter().map(one).collect();
            format!("type = \"select_one\"\nchoices = [{}]", all.join(", "))
        };
        let before = register(&format!(
            "retired = [9]\n{}{}{}{}",
            field(1, "depth", "type = \"text\"\nmax = 10"),
            field(2, "kind", &choices(&["dug", "drilled"])),
            field(3, "owner", "type = \"text\""),
            field(4, "gone", "type = \"integer\"")
        ));
        let after = register(&format!(
            "{}{}{}{}",
            field(1, "deep", "type = \"text\"\nmax = 10"),
            field(2, "kind", &choices(&["dug"])),
            field(3, "owner", "type = \"text\"\nsensitivity = \"sensitive\""),
            field(9, "again", "type = \"integer\"")
        ));
        let told: Vec<String> = before.broken_by(&after).into_iter().map(|one| one.en).collect();
        assert_eq!(told.len(), 5, "{told:#?}");
        for (told, expected) in told.iter().zip(["depth", "choices", "encrypted", "gone", "9"]) {
            assert!(told.contains(expected), "{told}: {expected}");
        }
    }
}
