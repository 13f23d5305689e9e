//! What is said to the people who write definitions, in both of their languages.

use std::fmt;

/// The same words in Chinese and English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Words {
    /// The same words in both.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// That there is nothing in a language where there has to be; `what` is a file's own word.
    pub(crate) fn missing(what: &str, language: &str) -> Self {
        Self::new(format!("{what}：缺 {language} 文字"), format!("{what}: nothing in {language}"))
    }

    /// What it is about, and these words.
    #[must_use]
    pub(crate) fn about(self, zh: &str, en: &str) -> Self {
        Self::new(format!("{zh}：{}", self.zh), format!("{en}: {}", self.en))
    }

    /// In the language of whoever reads it.
    pub fn say(self, is_chinese: bool) -> String {
        if is_chinese { self.zh } else { self.en }
    }
}

/// In English, as a log has it.
impl fmt::Display for Words {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.en)
    }
}
