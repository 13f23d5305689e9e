//! A register's definition, and what can be wrong with one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::field::{Choice, Field, FieldId, FieldType, MergePolicy, Role};
use super::rights::Right;
use crate::{Hash, Labels, Value, Words};

/// A kind of record. Published definitions never change; a new version is a new definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterDefinition {
    /// The collection's name, `snake_case`.
    pub name: String,
    /// Counts up with each change.
    pub version: u32,
    /// What people read.
    pub labels: Labels,
    /// Whether records are written once and never changed, and named by their content.
    #[serde(default)]
    pub insert_only: bool,
    /// Whether tablets may write records of it, or only the server may.
    #[serde(default)]
    pub server_only: bool,
    /// Whether it is an entity list of forms, which grows with them; packs have the others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_forms: bool,
    /// Its fields.
    #[serde(rename = "field")]
    pub fields: Vec<Field>,
    /// Field ids that earlier versions used and nothing may use again.
    #[serde(default)]
    pub retired: Vec<FieldId>,
    /// Who may do what; what no line speaks of is for everybody who may write to the village. It is no
    /// part of the bundle, which apps of before read strictly: see [`with_rights`].
    ///
    /// [`with_rights`]: super::with_rights
    #[serde(default, rename = "right", skip_serializing)]
    pub rights: Vec<Right>,
}

/// What is wrong with a definition, in words for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("register `{register}`: {message}")]
pub struct DefinitionProblem {
    /// The register's name.
    pub register: String,
    /// What is wrong, where, and what to do.
    pub message: Words,
}

impl RegisterDefinition {
    /// Reads a definition written in TOML.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The immutable bytes that the definition is served and named by.
    pub fn bundle(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a definition has text keys only")
    }

    /// The hash of [`Self::bundle`].
    pub fn hash(&self) -> Hash {
        Hash::of(&self.bundle())
    }

    /// The field numbered `id`.
    pub fn field(&self, id: FieldId) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == id)
    }

    /// The field called `name`.
    pub fn field_named(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field that the server's index keeps as `role`.
    pub fn field_with_role(&self, role: Role) -> Option<&Field> {
        self.fields.iter().find(|field| field.role == Some(role))
    }

    /// The states in which records wait for a person before other edits apply.
    pub fn locked(&self) -> Vec<String> {
        let of = |field: &Field| match &field.kind {
            FieldType::Status { locked, .. } => locked.clone(),
            _ => Vec::new(),
        };
        self.fields.iter().flat_map(of).collect()
    }

    /// Whether a record with these values waits for a person before other edits apply.
    pub fn is_locked(&self, value_of: impl Fn(FieldId) -> Option<Value>) -> bool {
        self.fields.iter().any(|field| match &field.kind {
            FieldType::Status { locked, .. } => value_of(field.id)
                .as_ref()
                .and_then(Value::as_text)
                .is_some_and(|status| locked.iter().any(|state| state == status)),
            _ => false,
        })
    }

    /// Everything that is wrong with the definition.
    pub fn check(&self) -> Vec<DefinitionProblem> {
        let mut messages = Vec::new();
        if !is_name(&self.name) {
            messages.push(Words::new(
                "名称只能用小写字母、数字和 _，以字母开头",
                "its name must be lower-case letters, digits and _",
            ));
        }
        for language in self.labels.missing_languages() {
            messages.push(no_label(language));
        }
        let mut ids = BTreeSet::from_iter(self.retired.iter().copied());
        let mut names = BTreeSet::new();
        for field in &self.fields {
            let mut wrong = Vec::new();
            if field.id == 0 {
                wrong.push(Words::new(
                    "编号从 1 开始，0 指记录本身",
                    "ids start at 1; 0 means the record itself",
                ));
            }
            if !ids.insert(field.id) {
                wrong.push(Words::new(
                    "编号已被使用或停用，请换新的",
                    "the id is used or retired; take a new one",
                ));
            }
            if !is_name(&field.name) || !names.insert(&field.name) {
                wrong.push(Words::new(
                    "名称只能用小写字母、数字和 _，且不能重复",
                    "the name is not snake_case or is used twice",
                ));
            }
            wrong.extend(field.labels.missing_languages().into_iter().map(no_label));
            wrong.extend(self.check_field(field));
            let (id, name) = (field.id, &field.name);
            let (zh, en) = (format!("字段 {id}“{name}”"), format!("field {id} `{name}`"));
            messages.extend(wrong.into_iter().map(|message| message.about(&zh, &en)));
        }
        for (at, right) in (1..).zip(&self.rights) {
            let wrong = right.check(self);
            let (zh, en) = (format!("第 {at} 条权限"), format!("right {at}"));
            messages.extend(wrong.map(|message| message.about(&zh, &en)));
        }
        let register = || self.name.clone();
        messages
            .into_iter()
            .map(|message| DefinitionProblem { register: register(), message })
            .collect()
    }

    fn check_field(&self, field: &Field) -> Option<Words> {
        if field.role.is_some() && field.is_sealed() {
            return Some(Words::new(
                "要进索引的字段不能是敏感字段",
                "what an index keeps can't be sensitive",
            ));
        }
        if let Some(leader) = field.group {
            match self.field(leader) {
                None => {
                    return Some(Words::new(
                        format!("登记册没有编号为 {leader} 的字段，不能与它同组"),
                        format!("group {leader} is no field of this register"),
                    ));
                }
                Some(leader) if leader.policy() != field.policy() => {
                    return Some(Words::new(
                        format!("合并方式与同组的“{}”不同", leader.name),
                        format!("its merge policy differs from `{}`'s", leader.name),
                    ));
                }
                Some(_) => {}
            }
        }
        match (&field.kind, field.policy()) {
            (FieldType::Status { choices, transitions, locked }, _) => {
                let known = |state: &String| choices.iter().any(|choice| choice.name == *state);
                let mut used = transitions.iter().flat_map(|(from, to)| [from, to]).chain(locked);
                used.find(|state| !known(state)).map(|state| {
                    Words::new(format!("没有状态“{state}”"), format!("`{state}` is no state"))
                })
            }
            (FieldType::Count, policy) if policy != MergePolicy::Delta => {
                Some(Words::new("计数只能按增减合并", "a count is merged by differences"))
            }
            (kind, MergePolicy::Delta) if *kind != FieldType::Count => {
                Some(Words::new("只有计数才按增减合并", "only a count is merged by differences"))
            }
            (FieldType::SelectOne { choices } | FieldType::SelectMultiple { choices }, _) => {
                first_repeated(choices).map(|name| {
                    Words::new(format!("选项“{name}”重复"), format!("choice `{name}` stands twice"))
                })
            }
            _ => None,
        }
    }
}

fn no_label(language: &str) -> Words {
    Words::new(format!("缺 {language} 名称"), format!("has no label in {language}"))
}

fn first_repeated(choices: &[Choice]) -> Option<&str> {
    let mut seen = BTreeSet::new();
    choices.iter().map(|choice| choice.name.as_str()).find(|name| !seen.insert(*name))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_named() {
        let text = r#"
            name = "Case"
            version = 1
            labels = { zh-CN = "个案" }
            retired = [3]
            field = [
              { id = 0, name = "a", type = "text", labels = { zh-CN = "甲", en = "A" } },
              { id = 2, name = "a", type = "text", group = 9, labels = { zh-CN = "甲", en = "A" } },
              { id = 3, name = "b", type = "status", choices = [], locked = ["done"], labels = { zh-CN = "乙", en = "B" } },
            ]"#;
        let problems = RegisterDefinition::from_toml(text).unwrap().check();
        let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
        insta::assert_json_snapshot!(said);
    }
}
