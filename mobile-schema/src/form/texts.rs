//! Labels, hints and messages: words with answers in them, in several languages.

use std::collections::HashMap;

use crate::expression::Code;

/// Some words.
#[derive(Clone, Debug)]
pub enum Words {
    /// Words and expressions in turn.
    Pieces(Vec<Piece>),
    /// A text of the `itext`, by an expression that gives its id.
    Text(Code),
}

/// A part of words.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Words as they are.
    Words(String),
    /// What an expression gives.
    Output(Code),
}

/// The `itext` of a form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    /// By id, then by language.
    pub(crate) texts: HashMap<String, Vec<Option<Text>>>,
}

/// A text in one language.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    /// By form: none for the words themselves, else `guidance`, `image`, `audio`, …
    pub(crate) forms: Vec<(Option<String>, Vec<Piece>)>,
}

impl Texts {
    /// A text in a language, or in the default one, or in any.
    pub(crate) fn find(&self, id: &str, language: usize) -> Option<&Text> {
        let languages = self.texts.get(id)?;
        let own = languages.get(language).and_then(Option::as_ref);
        own.or_else(|| languages.iter().flatten().next())
    }
}

impl Text {
    /// The words, or a form of them. Words may be written as long and short ones: the long ones
    /// are shown, as in ODK Collect.
    pub(crate) fn form(&self, form: Option<&str>) -> Option<&[Piece]> {
        let find =
            |form: Option<&str>| self.forms.iter().find(|(known, _)| known.as_deref() == form);
        let found = match form {
            Some(_) => find(form),
            None => find(Some("long")).or_else(|| find(None)).or_else(|| find(Some("short"))),
        };
        Some(&found?.1)
    }
}
