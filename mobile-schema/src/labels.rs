//! Words for people, in several languages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The same words by BCP 47 language tag, such as `zh-CN` and `en`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(pub BTreeMap<String, String>);

impl Labels {
    /// The words in `language`, else in Chinese, else in whatever language there is.
    pub fn in_language(&self, language: &str) -> &str {
        self.0
            .get(language)
            .or_else(|| self.0.get("zh-CN"))
            .or_else(|| self.0.values().next())
            .map_or("", String::as_str)
    }

    /// The languages every pack must speak that these words lack.
    pub fn missing_languages(&self) -> Vec<&'static str> {
        ["zh-CN", "en"]
            .into_iter()
            .filter(|language| self.0.get(*language).is_none_or(|words| words.trim().is_empty()))
            .collect()
    }
}
