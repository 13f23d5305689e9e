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

/// How far numbers may be apart and still be the same, as ODK Collect has it: 0.10 + 3500.20 is
/// 3500.30, whatever binary fractions make of it.
pub const TOLERANCE: f64 = 1e-12;

/// Whether two numbers are the same.
#[expect(clippy::float_cmp, reason = "what is equal is the same")]
pub fn same(one: f64, other: f64) -> bool {
    // Infinities are no distance apart, which is no number.
    one == other || (one - other).abs() < TOLERANCE
}

/// Words as a number: digits, or a date or a date and time as whole days since 1970-01-01, as ODK
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

/// The shortest words for a decimal number that people write as `10.50`, `007.5` or `.5`: no digit
/// that means something is lost, however many there are. None where it is no number.
pub fn shortest_decimal(text: &str) -> Option<String> {
    let text = text.trim();
    let number = plain_number(text).filter(|number| number.is_finite())?;
    if text.contains(['e', 'E']) {
        return Some(format!("{number}"));
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if whole == "0" && part.is_empty() { "" } else { sign };
    let point = if part.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{part}"))
}

/// A number as words: no point where it is whole as far as it counts ([`TOLERANCE`]), never an
/// exponent.
pub fn text_of(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if number.abs() < TOLERANCE {
        "0".to_owned()
    } else if (number - number.trunc()).abs() < TOLERANCE {
        format!("{}", number.trunc())
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
        assert_eq!(text_of(100.0 * 1.1), "110");
        assert_eq!(text_of(1e-13), "0");
    }

    #[test]
    fn decimals_lose_only_what_means_nothing() {
        let written = |text| shortest_decimal(text).unwrap_or_default();
        assert_eq!(written("10.50"), "10.5");
        assert_eq!(written("0010.00"), "10");
        assert_eq!(written("-.50"), "-0.5");
        assert_eq!(written("-0.0"), "0");
        assert_eq!(written("5."), "5");
        assert_eq!(written("1e3"), "1000");
        assert_eq!(written("12345678901234567890.12"), "12345678901234567890.12");
        assert_eq!(shortest_decimal("1.2.3"), None);
    }

    #[test]
    fn dates_are_days() {
        assert_eq!(number_of("1970-01-02", 0), 1.0);
        assert_eq!(number_of("1970-01-01T12:00:00.000+00:00", 0), 0.0);
        assert_eq!(number_of("1970-01-01T20:00:00.000+00:00", 480), 1.0);
        assert_eq!(number_of("2024-02-30", 0).to_string(), "NaN");
    }
}
