//! What a form says in each of its languages, side by side, and what is missing.

use super::definition::Form;
use super::texts::Piece;

/// A text of a form in its languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// What it is of: `/data/name:label`, or an id of a choice.
    pub id: String,
    /// None for the words themselves, else `guidance`, `image`, `audio`, …
    pub form: Option<String>,
    /// In the order of [`Form::languages`]; none where it is missing. What an expression gives
    /// stands as `…`.
    pub words: Vec<Option<String>>,
}

impl Translation {
    /// Whether it is missing in some language.
    pub fn is_incomplete(&self) -> bool {
        self.words.iter().any(Option::is_none)
    }
}

impl Form {
    /// Every text that has an id, in the order of the ids. A form in one language has none: its
    /// words stand where they are used.
    pub fn translations(&self) -> Vec<Translation> {
        let mut found = Vec::new();
        for (id, languages) in &self.texts.texts {
            let mut forms: Vec<Option<String>> = languages
                .iter()
                .flatten()
                .flat_map(|text| text.forms.iter().map(|(form, _)| form.clone()))
                .collect();
            forms.sort();
            forms.dedup();
            for form in forms {
                let words = languages.iter().map(|text| {
                    let pieces = text.as_ref()?.form(form.as_deref())?;
                    in_words(pieces)
                });
                found.push(Translation { id: id.clone(), words: words.collect(), form });
            }
        }
        found.sort_by(|a, b| (&a.id, &a.form).cmp(&(&b.id, &b.form)));
        found
    }
}

/// The words, unless they say that there are none: a form that was made from a workbook says `-`
/// where a translation is missing, as the reference converter does.
pub(super) fn in_words(pieces: &[Piece]) -> Option<String> {
    let words: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Words(words) => words.as_str(),
            Piece::Output(_) => "…",
        })
        .collect();
    let words = words.trim();
    (!words.is_empty() && words != "-").then(|| words.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::form;

    #[test]
    fn what_is_missing_is_none() {
        let sheet = "| survey | | | | |\n| | type | name | label::中文 (zh) | label::English (en) |\n\
            | | text | name | 姓名 | Name |\n| | integer | age | ${name}几岁 | |\n";
        let opened = form::open(sheet.as_bytes(), "form");
        let form = opened.form.expect("a form");
        let all = form.translations();
        let zh = form.languages.iter().position(|one| one.contains("zh")).expect("zh");
        let en = form.languages.iter().position(|one| one.contains("en")).expect("en");
        let of = |id: &str| all.iter().find(|one| one.id.contains(id)).expect("a text");
        assert_eq!(of("/name:").words[zh].as_deref(), Some("姓名"));
        assert!(!of("/name:").is_incomplete());
        assert_eq!(of("/age:").words[zh].as_deref(), Some("…几岁"));
        assert_eq!(of("/age:").words[en], None);
        assert!(of("/age:").is_incomplete());
    }
}
