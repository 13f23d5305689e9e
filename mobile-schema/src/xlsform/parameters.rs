//! The `parameters` column: `name=value` with spaces, commas or semicolons between.

use super::columns::Text;
use crate::expression::problem::nearest;
use crate::form::problem::{Kind, Needs, Problem};

/// Names and values of a row, and where they stand.
#[derive(Default)]
pub(super) struct Parameters {
    pairs: Vec<(String, String)>,
    place: Text,
}

impl Parameters {
    pub(super) fn read(text: Option<Text>, problems: &mut Vec<Problem>) -> Self {
        let Some(place) = text else { return Self::default() };
        let mut pairs: Vec<(String, String)> = Vec::new();
        // Spaces around `=` are let pass.
        let spaced = place.text.replace('=', " = ");
        let separates = |one: char| one.is_whitespace() || matches!(one, ',' | ';');
        let parts: Vec<&str> = spaced.split(separates).filter(|part| !part.is_empty()).collect();
        let well = parts.len().is_multiple_of(3)
            && parts.chunks(3).all(|part| part[0] != "=" && part[1] == "=" && part[2] != "=");
        if !well {
            let kind = Kind::BadParameters(place.text.clone());
            problems.push(Problem::error(place.place.clone(), kind));
            return Self { pairs, place };
        }
        for part in parts.chunks(3) {
            let name = part[0].to_lowercase();
            // These name columns of files, where case counts.
            let keeps = matches!(name.as_str(), "label" | "value") || part[2].starts_with("${");
            let value = if keeps { part[2].to_owned() } else { part[2].to_lowercase() };
            pairs.push((name, value));
        }
        Self { pairs, place }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Reports every parameter that the type doesn't have.
    pub(super) fn only(&self, known: &[&'static str], problems: &mut Vec<Problem>) {
        for (name, _) in &self.pairs {
            if !known.contains(&name.as_str()) {
                let near = nearest(name, known.iter().copied()).map(str::to_owned);
                let kind = Kind::UnknownParameter(name.clone(), near);
                problems.push(Problem::error(self.place.place.clone(), kind));
            }
        }
    }

    /// Reports that a parameter's value doesn't do.
    pub(super) fn wrong(&self, name: &str, needs: Needs, problems: &mut Vec<Problem>) {
        let value = self.get(name).unwrap_or_default().to_owned();
        let kind = Kind::ParameterValue { name: name.to_owned(), value, needs };
        problems.push(Problem::error(self.place.place.clone(), kind));
    }

    /// The value of a parameter as text with its place.
    pub(super) fn text(&self, name: &str) -> Option<Text> {
        let text = self.get(name)?.to_owned();
        Some(Text { text, place: self.place.place.clone() })
    }

    /// A value that has to be one of some.
    pub(super) fn one_of(
        &self,
        name: &str,
        values: &'static [&'static str],
        problems: &mut Vec<Problem>,
    ) -> Option<String> {
        let value = self.get(name)?;
        if !values.contains(&value) {
            self.wrong(name, Needs::OneOf(values), problems);
        }
        Some(value.to_owned())
    }

    /// A value that has to be a number.
    pub(super) fn number(&self, name: &str, problems: &mut Vec<Problem>) -> Option<f64> {
        let value = self.get(name)?;
        match crate::expression::value::plain_number(value) {
            Some(number) if number.is_finite() => Some(number),
            _ => {
                self.wrong(name, Needs::Number, problems);
                None
            }
        }
    }

    /// A value that has to be a whole number.
    pub(super) fn whole(&self, name: &str, problems: &mut Vec<Problem>) -> Option<String> {
        let value = self.get(name)?;
        if value.parse::<i64>().is_err() {
            self.wrong(name, Needs::WholeNumber, problems);
        }
        Some(value.to_owned())
    }
}
