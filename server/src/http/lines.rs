//! What is wrong with the lines of a table that a person uploads.

use serde::Serialize;
use utoipa::ToSchema;

/// Something wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LineProblem {
    /// The line, from 1; the first holds the columns' names.
    pub line: u64,
    zh: String,
    en: String,
}

impl LineProblem {
    /// What is wrong, in both languages.
    pub fn new(line: u64, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { line, zh: zh.into(), en: en.into() }
    }

    /// In words, with the line.
    pub fn words(&self, is_chinese: bool) -> String {
        if is_chinese {
            format!("第 {} 行：{}", self.line, self.zh)
        } else {
            format!("line {}: {}", self.line, self.en)
        }
    }
}
