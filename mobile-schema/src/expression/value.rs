//! The values of expressions and how they become each other (XPath 1.0, section 4, with ODK's
//! dates).

use super::tree::NodeRef;
use crate::expression::functions::date;

/// What an expression gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nodes, in the order of the document.
    Nodes(Vec<NodeRef>),
    /// Words.
    Text(String),
    /// A number.
    Number(f64),
    /// Yes or no.
    Boolean(bool),
}

/// Words as a number: digits, or a date or a date and time as days since 1970-01-01, as ODK
/// has it; else not a number.
///
/// `offset` is how many minutes local time is ahead of UTC, for dates that don't say.
pub fn number_of(text: &str, offset: i32) -> f64 {
    let text = text.trim();
    if text.is_empty() {
        return f64::NAN;
    }
    if let Some(number) = plain_number(text) {
        return number;
    }
    date::days_of(text, offset).unwrap_or(f64::NAN)
}

/// Digits with at most one point and a sign (XPath 1.0, section 4.4), or with an exponent.
pub fn plain_number(text: &str) -> Option<f64> {
    let starts = |character: char| character.is_ascii_digit() || matches!(character, '-' | '.');
    let holds =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
    if !text.starts_with(starts) || !text.bytes().all(holds) {
        return None;
    }
    text.parse().ok()
}

/// A number as words: no point where it is whole, never an exponent.
pub fn text_of(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if number == 0.0 {
        "0".to_owned()
    } else {
        format!("{number}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_and_write_as_xpath_has_them() {
        assert_eq!(number_of(" -3.50 ", 0), -3.5);
        assert!(number_of("1,000", 0).is_nan() && number_of("", 0).is_nan());
        assert!(number_of("infinity", 0).is_nan() && number_of("1-2", 0).is_nan());
        assert_eq!(text_of(3.0), "3");
        assert_eq!(text_of(-0.0), "0");
        assert_eq!(text_of(0.1 + 0.2), "0.30000000000000004");
        assert_eq!(text_of(1e21), "1000000000000000000000");
    }

    #[test]
    fn dates_are_days() {
        assert_eq!(number_of("1970-01-02", 0), 1.0);
        assert_eq!(number_of("1970-01-01T12:00:00.000+00:00", 0), 0.5);
        assert_eq!(number_of("2024-02-30", 0).to_string(), "NaN");
    }
}
