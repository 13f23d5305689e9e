//! What is wrong with a template, in Chinese and English.

use crate::Words;

/// What is wrong with a template, or with the data for one. Paragraphs are counted from 1; 0 is
/// the title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateProblem {
    /// A placeholder names no field of the template.
    UnknownField {
        /// Where.
        paragraph: usize,
        /// The language of the text.
        language: String,
        /// The name in the placeholder.
        name: String,
    },
    /// A `{` has no `}`.
    Unclosed {
        /// Where.
        paragraph: usize,
        /// The language of the text.
        language: String,
    },
    /// A field of the template has no value.
    MissingValue(String),
    /// A language every template must speak is missing.
    MissingLanguage {
        /// Where.
        paragraph: usize,
        /// The language that is missing.
        language: &'static str,
    },
    /// A condition is no expression.
    Condition {
        /// Where.
        paragraph: usize,
        /// What is wrong with it, in Chinese.
        zh: String,
        /// The same in English.
        en: String,
    },
    /// A table shows rows that the template doesn't name.
    UnknownRows {
        /// Where.
        paragraph: usize,
        /// The name.
        name: String,
    },
    /// A name can't be used.
    Name {
        /// The name.
        name: String,
        /// Why not.
        problem: NameProblem,
    },
    /// There is no such register.
    NoRegister(String),
    /// A register has no such field.
    NoField {
        /// The register.
        register: String,
        /// The name.
        field: String,
    },
    /// A field refers to nothing that has the rest of the path.
    LeadsNowhere(String),
}

/// Why a name can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameProblem {
    /// It is no `snake_case`, or longer than 50.
    NotSnakeCase,
    /// It is used twice.
    Twice,
    /// Its value comes from somewhere that there isn't.
    FromNowhere,
}

impl TemplateProblem {
    /// The paragraph it is in, counted from 1; 0 is the title. None where it is in none.
    pub fn paragraph(&self) -> Option<usize> {
        match self {
            Self::UnknownField { paragraph, .. }
            | Self::Unclosed { paragraph, .. }
            | Self::MissingLanguage { paragraph, .. }
            | Self::Condition { paragraph, .. }
            | Self::UnknownRows { paragraph, .. } => Some(*paragraph),
            _ => None,
        }
    }

    /// In words, without where it is.
    pub fn message(&self, is_chinese: bool) -> String {
        let (zh, en) = match self {
            Self::UnknownField { language, name, .. } => (
                format!("（{language}）模板没有“{{{name}}}”这个字段"),
                format!("({language}) `{{{name}}}` is no field of the template"),
            ),
            Self::Unclosed { language, .. } => (
                format!("（{language}）{{ 没有配对的 }}"),
                format!("({language}) a {{ is never closed"),
            ),
            Self::MissingValue(name) => {
                (format!("“{name}”没有值"), format!("no value for `{name}`"))
            }
            Self::MissingLanguage { language, .. } => {
                (format!("缺 {language} 文字"), format!("no text in {language}"))
            }
            Self::Condition { zh, en, .. } => (zh.clone(), en.clone()),
            Self::UnknownRows { name, .. } => {
                (format!("没有名为“{name}”的行"), format!("there are no rows `{name}`"))
            }
            Self::Name { name, problem } => {
                let (zh, en) = problem.words();
                (format!("“{name}”{zh}"), format!("`{name}`: {en}"))
            }
            Self::NoRegister(name) => {
                (format!("没有登记册“{name}”"), format!("there is no register `{name}`"))
            }
            Self::NoField { register, field } => (
                format!("登记册“{register}”没有字段“{field}”"),
                format!("`{register}` has no field `{field}`"),
            ),
            Self::LeadsNowhere(path) => {
                (format!("“{path}”没有所指的内容"), format!("`{path}` leads nowhere"))
            }
        };
        if is_chinese { zh } else { en }
    }
}

impl NameProblem {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NotSnakeCase => (
                "只能用小写字母、数字和 _，以字母开头，最多 50 个",
                "small letters, digits and _ only, a letter first, 50 at most",
            ),
            Self::Twice => ("用了两次", "the name is used twice"),
            Self::FromNowhere => (
                "的来源应以 household. 开头，或（告知的是登记记录时）以 about. 开头",
                "comes from `household.` or, if there is one, `about.`",
            ),
        }
    }
}

impl TemplateProblem {
    /// In words, with where it is.
    pub(crate) fn words(&self) -> Words {
        let words = Words::new(self.message(true), self.message(false));
        match self.paragraph() {
            Some(0) => words.about("标题", "title"),
            Some(number) => words.about(&format!("第 {number} 段"), &format!("paragraph {number}")),
            None => words,
        }
    }
}

impl std::fmt::Display for TemplateProblem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.words().fmt(formatter)
    }
}

impl std::error::Error for TemplateProblem {}
