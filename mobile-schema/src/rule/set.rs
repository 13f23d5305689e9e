//! Rules as text.

use serde::{Deserialize, Serialize};

use super::photo::PhotoRules;
use crate::expression::{Mistake, Names, check};
use crate::form::problem::words_of_mistake;
use crate::{Labels, Words};

/// What is asked of a household and its members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// Its name: lower-case words with hyphens.
    pub name: String,
    /// Counts up with each change.
    pub version: u32,
    /// What people read.
    pub labels: Labels,
    /// The rules, in the order in which findings are shown.
    #[serde(rename = "rule", default)]
    pub rules: Vec<Rule>,
    /// When photos are doubtful, if it is this set that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photos: Option<PhotoRules>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name in the set, by which explanations are kept.
    pub id: String,
    /// What it is asked of.
    pub about: About,
    /// How sure a finding is.
    pub severity: RuleSeverity,
    /// Where it is asked at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What has to hold.
    pub check: Check,
    /// The fields it is about, to be shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Whether a person's explanation ends the finding.
    #[serde(default)]
    pub explainable: bool,
    /// What people read where it doesn't hold.
    pub message: Labels,
}

/// What a rule is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The household; its members are `member` to expressions.
    Household,
    /// Each member; the household is `..` to expressions.
    Member,
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleSeverity {
    /// It can't be right.
    Error,
    /// It is probably not right (疑点).
    Doubt,
}

/// What has to hold. A field that is empty is not judged, but by an expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Check {
    /// An expression of forms, about the household or the member.
    Expression(String),
    /// A citizen ID number (GB 11643), which may have to agree with a date of birth.
    CitizenId {
        /// The field of the number.
        field: String,
        /// The field of the date of birth.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        born: Option<String>,
    },
    /// A phone number.
    Phone {
        /// Its field.
        field: String,
    },
    /// A date between two, each of them a date or `today`.
    Date {
        /// Its field.
        field: String,
        /// Not before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        earliest: Option<String>,
        /// Not after.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        latest: Option<String>,
    },
    /// Numbers that add up to another.
    Sum {
        /// The field of the sum.
        total: String,
        /// The fields that are added.
        parts: Vec<String>,
    },
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleProblem {
    /// The rule's id; empty where it is about the set.
    pub rule: String,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong. Words are only made where they are read: tablets never do, and needn't have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// In words.
    Said(Words),
    /// An expression can't be read.
    Expression(Mistake),
}

impl RuleProblem {
    /// In words, without the rule it is in.
    pub fn message(&self) -> Words {
        match &self.fault {
            Fault::Said(words) => words.clone(),
            Fault::Expression(mistake) => words_of_mistake(mistake),
        }
    }

    /// In words, with the rule it is in.
    pub fn words(&self) -> Words {
        match self.rule.as_str() {
            "" => self.message(),
            rule => self.message().about(&format!("规则“{rule}”"), rule),
        }
    }
}

impl std::fmt::Display for RuleProblem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.rule, self.message())
    }
}

impl std::error::Error for RuleProblem {}

impl RuleSet {
    /// The rules that every county has: `household` and `photo`.
    pub fn builtin() -> [Self; 2] {
        let texts =
            [include_str!("../../rules/household.toml"), include_str!("../../rules/photo.toml")];
        texts.map(|text| toml::from_str(text).expect("the built-in rules are well-formed"))
    }

    /// The bytes they are published as, always the same for the same rules.
    ///
    /// # Panics
    /// Never: nothing in them can't be written as JSON.
    pub fn bundle(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("rules are plain data")
    }

    /// Everything that is wrong with the rules.
    pub fn check(&self) -> Vec<RuleProblem> {
        let mut problems = Vec::new();
        if let Some(photos) = &self.photos
            && photos.similar_bits.max(photos.similar_bits_same_household) > PhotoRules::MOST_BITS
        {
            let most = PhotoRules::MOST_BITS;
            let message = Words::new(
                format!("最多只能查找相差 {most} 位的照片"),
                format!("at most {most} bits can be looked for"),
            );
            problems.push(RuleProblem { rule: "photos".to_owned(), fault: Fault::Said(message) });
        }
        for (at, rule) in self.rules.iter().enumerate() {
            let mut note = |fault: Fault| {
                problems.push(RuleProblem { rule: rule.id.clone(), fault });
            };
            let mut tell = |message: Words| note(Fault::Said(message));
            if self.rules[..at].iter().any(|other| other.id == rule.id) {
                tell(Words::new("规则编号重复", "another rule has this id"));
            }
            for language in rule.message.missing_languages() {
                tell(Words::missing("message", language));
            }
            let mut expressions = vec![rule.when.as_deref()];
            match &rule.check {
                Check::Expression(text) => expressions.push(Some(text)),
                Check::Date { earliest, latest, .. } => {
                    for bound in [earliest, latest].into_iter().flatten() {
                        if bound != "today" && !is_date(bound) {
                            tell(Words::new(
                                format!("“{bound}”既不是日期，也不是 today"),
                                format!("“{bound}” is neither a date nor “today”"),
                            ));
                        }
                    }
                }
                Check::Sum { parts, .. } if parts.is_empty() => {
                    tell(Words::new("求和要有 parts", "a sum needs parts"));
                }
                _ => {}
            }
            for text in expressions.into_iter().flatten() {
                let wrong = check::compile(text, &mut Names::default()).err();
                for problem in wrong.unwrap_or_default() {
                    note(Fault::Expression(problem.mistake));
                }
            }
        }
        problems
    }
}

pub(super) fn is_date(text: &str) -> bool {
    use crate::expression::functions::date::Moment;
    Moment::read(text).is_some_and(|moment| moment.time.is_none())
}
