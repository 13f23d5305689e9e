//! The text of a notification, with places for a household's data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Hash, Labels};

/// A notification's text. Published templates never change; a new version is a new template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeTemplate {
    /// Its name, `snake_case`.
    pub name: String,
    /// Counts up with each change.
    pub version: u32,
    /// The heading.
    pub title: Labels,
    /// Names that `{…}` in a paragraph may use.
    pub fields: Vec<String>,
    /// The text, in order.
    #[serde(rename = "paragraph")]
    pub paragraphs: Vec<Paragraph>,
}

/// A paragraph of a notification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paragraph {
    /// The words, with `{field}` where a value stands.
    pub text: Labels,
}

/// What is wrong with a template, or with the data for one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateProblem {
    /// A placeholder names no field of the template.
    #[error("paragraph {paragraph} ({language}): `{{{name}}}` is no field of the template")]
    UnknownField {
        /// Counted from 1.
        paragraph: usize,
        /// The language of the text.
        language: String,
        /// The name in the placeholder.
        name: String,
    },
    /// A `{` has no `}`.
    #[error("paragraph {paragraph} ({language}): a {{ is never closed")]
    Unclosed {
        /// Counted from 1.
        paragraph: usize,
        /// The language of the text.
        language: String,
    },
    /// A field of the template has no value.
    #[error("no value for `{0}`")]
    MissingValue(String),
    /// A language every template must speak is missing.
    #[error("paragraph {paragraph} has no text in {language}")]
    MissingLanguage {
        /// Counted from 1; 0 is the title.
        paragraph: usize,
        /// The language that is missing.
        language: &'static str,
    },
}

impl NoticeTemplate {
    /// Reads a template written in TOML.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The immutable bytes that the template is served and named by.
    pub fn bundle(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a template has text keys only")
    }

    /// The hash of [`Self::bundle`].
    pub fn hash(&self) -> Hash {
        Hash::of(&self.bundle())
    }

    /// Everything that is wrong with the template.
    pub fn check(&self) -> Vec<TemplateProblem> {
        let texts =
            || std::iter::once(&self.title).chain(self.paragraphs.iter().map(|one| &one.text));
        let mut problems = Vec::new();
        for (paragraph, labels) in texts().enumerate() {
            for language in labels.missing_languages() {
                problems.push(TemplateProblem::MissingLanguage { paragraph, language });
            }
            for (language, text) in &labels.0 {
                let blanks = self.fields.iter().map(|name| (name.clone(), String::new())).collect();
                match fill(text, &blanks) {
                    Ok(_) => {}
                    Err(Gap::Unclosed) => problems
                        .push(TemplateProblem::Unclosed { paragraph, language: language.clone() }),
                    Err(Gap::Unknown(name)) => problems.push(TemplateProblem::UnknownField {
                        paragraph,
                        language: language.clone(),
                        name,
                    }),
                }
            }
        }
        problems
    }

    /// The text as it is read aloud and signed: title, then a line a paragraph.
    pub fn render(
        &self,
        language: &str,
        values: &BTreeMap<String, String>,
    ) -> Result<String, TemplateProblem> {
        if let Some(name) = self.fields.iter().find(|name| !values.contains_key(*name)) {
            return Err(TemplateProblem::MissingValue(name.clone()));
        }
        let mut text = self.title.in_language(language).to_owned();
        for (index, paragraph) in self.paragraphs.iter().enumerate() {
            text.push('\n');
            let filled = fill(paragraph.text.in_language(language), values);
            text.push_str(&filled.map_err(|gap| match gap {
                Gap::Unknown(name) => TemplateProblem::MissingValue(name),
                Gap::Unclosed => TemplateProblem::Unclosed {
                    paragraph: index + 1,
                    language: language.to_owned(),
                },
            })?);
        }
        Ok(text)
    }
}

enum Gap {
    Unclosed,
    Unknown(String),
}

fn fill(text: &str, values: &BTreeMap<String, String>) -> Result<String, Gap> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or(Gap::Unclosed)?;
        filled.push_str(before);
        filled.push_str(values.get(name).ok_or_else(|| Gap::Unknown(name.to_owned()))?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> NoticeTemplate {
        let both = |words: &str| {
            Labels(["zh-CN", "en"].map(|tag| (tag.to_owned(), words.to_owned())).into())
        };
        NoticeTemplate {
            name: "aid".into(),
            version: 1,
            title: both("资助告知书"),
            fields: vec!["name".into()],
            paragraphs: vec![Paragraph { text: both(text) }],
        }
    }

    #[test]
    fn values_stand_where_the_template_names_them() {
        let values = BTreeMap::from([("name".to_owned(), "王小明".to_owned())]);
        let text = template("{name}：您好。").render("zh-CN", &values);
        assert_eq!(text.as_deref(), Ok("资助告知书\n王小明：您好。"));
        let missing = template("{name}").render("zh-CN", &BTreeMap::new());
        assert_eq!(missing, Err(TemplateProblem::MissingValue("name".into())));
    }

    #[test]
    fn a_wrong_placeholder_is_found_before_publication() {
        assert_eq!(template("{name}").check(), []);
        assert_eq!(template("{nmae}").check().len(), 2);
        assert_eq!(template("{name").check().len(), 2);
    }
}
