//! Texts in languages: the `itext` block, and labels with answers in them.

use std::collections::HashMap;

use super::columns::{Table, Text, Words};
use super::item::{Item, Survey};
use super::references::Style;
use crate::expression::syntax::references;
use crate::form::problem::{Kind, Place, Problem};
use crate::xml::{Content, Element};

/// Columns that may be translated.
const TRANSLATED: [&[&str]; 9] = [
    &["label"],
    &["hint"],
    &["guidance_hint"],
    &["media", "image"],
    &["media", "big-image"],
    &["media", "audio"],
    &["media", "video"],
    &["bind", "jr:constraintMsg"],
    &["bind", "jr:requiredMsg"],
];

/// The texts of a form.
#[derive(Default)]
pub(super) struct Texts {
    languages: Vec<String>,
    texts: Vec<Entry>,
    places: HashMap<String, usize>,
}

/// A text in all its forms and languages.
struct Entry {
    id: String,
    forms: Vec<String>,
    /// By form and language, with the item it is about.
    values: HashMap<(usize, usize), (String, Option<usize>)>,
}

impl Texts {
    /// Collects all texts of a form that are not simply written where they are shown.
    pub(super) fn of(survey: &Survey) -> Self {
        let mut texts = Self::default();
        let default = &survey.settings.default_language;
        for list in survey.lists.iter().filter(|list| list.needs_texts()) {
            for (at, choice) in list.choices.iter().enumerate() {
                let id = format!("{}-{at}", list.name);
                texts.add(&id, "long", &choice.label, default, None);
                for (form, words) in &choice.media {
                    texts.add(&id, form, words, default, None);
                }
            }
        }
        for at in survey.in_order() {
            let item = &survey.items[at];
            let path = survey.path(at);
            for name in ["jr:constraintMsg", "jr:requiredMsg", "jr:noAppErrorString"] {
                if let Some(words) = item.bind(name)
                    && needs_text(name, words)
                {
                    texts.add(&format!("{path}:{name}"), "long", words, default, Some(at));
                }
            }
            if item.label_is_text() {
                texts.add(&format!("{path}:label"), "long", &item.label, default, Some(at));
            }
            if item.hint_is_text() {
                let id = format!("{path}:hint");
                texts.add(&id, "long", &item.hint, default, Some(at));
                texts.add(&id, "guidance", &item.guidance, default, Some(at));
            }
            for (form, words) in &item.media {
                texts.add(&format!("{path}:label"), form, words, default, Some(at));
            }
        }
        texts
    }

    fn add(&mut self, id: &str, form: &str, words: &Words, default: &str, about: Option<usize>) {
        for (language, text) in words.by_language(default) {
            let known = self.languages.iter().position(|known| known == language);
            let language = known.unwrap_or_else(|| {
                self.languages.push(language.to_owned());
                self.languages.len() - 1
            });
            let at = *self.places.entry(id.to_owned()).or_insert_with(|| {
                self.texts.push(Entry {
                    id: id.to_owned(),
                    forms: Vec::new(),
                    values: HashMap::new(),
                });
                self.texts.len() - 1
            });
            let entry = &mut self.texts[at];
            let form = entry.forms.iter().position(|known| known == form).unwrap_or_else(|| {
                entry.forms.push(form.to_owned());
                entry.forms.len() - 1
            });
            entry.values.insert((form, language), (text.text.clone(), about));
        }
    }

    /// The `itext` element; none where no text is in it.
    pub(super) fn element(&self, survey: &Survey) -> Option<Element> {
        if self.languages.is_empty() {
            return None;
        }
        let mut itext = Element::new("itext");
        for (language, name) in self.languages.iter().enumerate() {
            let mut translation = Element::new("translation").with("lang", name.as_str());
            if *name == survey.settings.default_language {
                translation.set("default", "true()");
            }
            for entry in &self.texts {
                let mut text = Element::new("text").with("id", entry.id.as_str());
                for (form, form_name) in entry.forms.iter().enumerate() {
                    // A hyphen stands for what isn't translated.
                    let missing = ("-".to_owned(), None);
                    let (words, about) = entry.values.get(&(form, language)).unwrap_or(&missing);
                    text.children
                        .extend(value(survey, form_name, words, *about).map(Content::Element));
                }
                translation.push(text);
            }
            itext.push(translation);
        }
        Some(itext)
    }
}

fn value(survey: &Survey, form: &str, words: &str, about: Option<usize>) -> Option<Element> {
    let mut value = Element::new("value");
    let folder = match form {
        "long" => None,
        "guidance" => {
            value.set("form", "guidance");
            None
        }
        "image" | "big-image" => Some("images"),
        other => Some(other),
    };
    match folder {
        None => value.children = survey.output(words, about),
        Some(_) if words == "-" => return None,
        Some(folder) => {
            value.set("form", form);
            value.children = survey.output(&format!("jr://{folder}/{words}"), about);
        }
    }
    Some(value)
}

/// Whether a message is a text in languages or has answers in it.
pub(super) fn needs_text(name: &str, words: &Words) -> bool {
    let has_reference = words.first().is_some_and(|text| !references(&text.text).is_empty());
    words.is_localised() || (has_reference && name != "jr:noAppErrorString")
}

impl Item {
    /// Whether its label stands in the `itext`.
    pub(super) fn label_is_text(&self) -> bool {
        self.label.is_localised() || !self.media.is_empty()
    }

    /// Whether its hint stands in the `itext`.
    pub(super) fn hint_is_text(&self) -> bool {
        self.hint.is_localised() || !self.guidance.is_empty()
    }
}

impl Survey {
    /// Words with their references as `<output>` elements.
    pub(super) fn output(&self, words: &str, about: Option<usize>) -> Vec<Content> {
        let style = Style { absolute: about.is_none(), ..Style::default() };
        let from = about.unwrap_or_default();
        let mut content = Vec::new();
        let mut at = 0;
        let text = |text: &str, content: &mut Vec<Content>| {
            if !text.is_empty() {
                content.push(Content::Text(text.to_owned()));
            }
        };
        let mut pieces: Vec<std::ops::Range<usize>> = list_paths(words);
        for reference in references(words).into_iter().flatten() {
            let inside = |piece: &std::ops::Range<usize>| {
                piece.start <= reference.span.start && reference.span.end <= piece.end
            };
            if !pieces.iter().any(inside) {
                pieces.push(reference.span);
            }
        }
        pieces.sort_by_key(|piece| piece.start);
        for piece in pieces {
            text(&words[at..piece.start], &mut content);
            let value = self.resolve(&words[piece.clone()], from, style);
            content.push(Content::Element(Element::new("output").with("value", value)));
            at = piece.end;
        }
        text(&words[at..], &mut content);
        if content.len() > 1 || matches!(content.first(), Some(Content::Element(_))) {
            // Mixed content stands between spaces, as pyxform writes it.
            content.insert(0, Content::Text(" ".to_owned()));
            content.push(Content::Text(" ".to_owned()));
        }
        content
    }
}

/// The `instance('list')/root/item[…]/label` paths in words.
fn list_paths(words: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(place) = words[at..].find("instance(") {
        let start = at + place;
        let mut depth = 0_i32;
        let mut end = words.len();
        for (offset, character) in words[start..].char_indices() {
            match character {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
            let goes_on = depth > 0
                || character.is_alphanumeric()
                || matches!(character, '/' | '_' | '-' | '.' | ')' | ']' | '(');
            if !goes_on || depth < 0 {
                end = start + offset;
                break;
            }
        }
        // A full stop behind it ends the sentence.
        let path = words[start..end].trim_end_matches(['.', '-']);
        if path.contains(")/") {
            found.push(start..start + path.len());
        }
        at = end.max(start + 1);
    }
    found
}

/// The languages of a sheet's columns and what each has.
pub(super) fn languages(table: &Table<'_>) -> Vec<(Option<String>, String)> {
    let mut found = Vec::new();
    for column in table.known() {
        for translated in TRANSLATED {
            let length = translated.len();
            let starts = column.path.len() >= length
                && column.path.iter().zip(translated).all(|(one, other)| one == other);
            if starts && column.path.len() <= length + 1 {
                let what = match translated[length - 1] {
                    "jr:constraintMsg" => "constraint_message",
                    "jr:requiredMsg" => "required_message",
                    other => other,
                };
                found.push((column.path.get(length).cloned(), what.to_owned()));
            }
        }
    }
    found
}

/// Warns of languages that lack what others have, and of names that are nearly the same.
pub(super) fn check_languages(
    survey: &Survey,
    table: &Table<'_>,
    of_choices: &[(Option<String>, String)],
    problems: &mut Vec<Problem>,
) {
    let default = &survey.settings.default_language;
    let of_survey = languages(table);
    let mut names: Vec<String> = Vec::new();
    for (language, _) in of_survey.iter().chain(of_choices) {
        let name = language.clone().unwrap_or_else(|| default.clone());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let explicit = of_survey.iter().chain(of_choices).any(|(language, _)| language.is_some());
    if explicit {
        for (sheet, columns) in [("survey", &of_survey[..]), ("choices", of_choices)] {
            for name in &names {
                let has = |what: &str| {
                    columns.iter().any(|(language, known)| {
                        known == what && language.as_deref().unwrap_or(default) == name
                    })
                };
                let mut missing: Vec<&str> = Vec::new();
                for (_, what) in columns {
                    if !has(what) && !missing.contains(&what.as_str()) {
                        missing.push(what);
                    }
                }
                if !missing.is_empty() {
                    let place = Place { sheet: sheet.to_owned(), ..Place::default() };
                    let kind = Kind::MissingTranslation {
                        language: name.clone(),
                        what: missing.join(", "),
                    };
                    problems.push(Problem::warning(place, kind));
                }
            }
        }
    }
    let settings = || Place { sheet: "settings".to_owned(), ..Place::default() };
    if explicit && default != "default" && !names.contains(default) {
        problems.push(Problem::warning(settings(), Kind::NoDefaultLanguage(default.clone())));
    }
    let folded = |name: &str| name.to_lowercase().replace(' ', "");
    for (at, name) in names.iter().enumerate() {
        let place = || Place { sheet: "survey".to_owned(), ..Place::default() };
        if let Some(twin) = names[..at].iter().find(|known| folded(known) == folded(name)) {
            let kind = Kind::DuplicateLanguage(twin.clone(), name.clone());
            problems.push(Problem::warning(place(), kind));
        }
        if name != "default" && !has_code(name) {
            problems.push(Problem::warning(place(), Kind::UnknownLanguageCode(name.clone())));
        }
    }
}

/// Whether a language's name has a BCP 47 tag: `English (en)`, or is one.
fn has_code(name: &str) -> bool {
    let code = match (name.rfind('('), name.strip_suffix(')')) {
        (Some(open), Some(inner)) => &inner[open + 1..],
        _ => name,
    };
    let first = code.split('-').next().unwrap_or_default();
    matches!(first.len(), 2 | 3)
        && first.chars().all(|letter| letter.is_ascii_lowercase())
        && code.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
}

/// The words of a message or label that refer to questions, to be checked.
pub(super) fn all_words(item: &Item) -> impl Iterator<Item = &Text> {
    let messages = ["jr:constraintMsg", "jr:requiredMsg", "jr:noAppErrorString"];
    let of_bind = messages.into_iter().filter_map(|name| item.bind(name));
    [&item.label, &item.hint, &item.guidance]
        .into_iter()
        .chain(of_bind)
        .flat_map(|words| &words.parts)
        .map(|(_, text)| text)
}
