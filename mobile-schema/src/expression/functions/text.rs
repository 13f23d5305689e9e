//! Words.

/// XPath 1.0 `substring`: positions count from 1 and are rounded.
pub fn substring(text: &str, start: f64, length: Option<f64>) -> String {
    let first = (start + 0.5).floor();
    let end = length.map_or(f64::INFINITY, |length| first + (length + 0.5).floor());
    let mut position = 0.0;
    text.chars()
        .filter(|_| {
            position += 1.0;
            position >= first && position < end
        })
        .collect()
}

/// ODK's `substr`: positions count from 0, negative ones from the end.
pub fn substr(text: &str, start: f64, end: Option<f64>) -> String {
    let length = text.chars().count();
    let place = |position: f64| -> usize {
        if position.is_nan() {
            return 0;
        }
        #[expect(clippy::cast_precision_loss, reason = "texts are far shorter")]
        let long = length as f64;
        let position = position.trunc();
        let position = if position < 0.0 { (long + position).max(0.0) } else { position.min(long) };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the length"
        )]
        let position = position as usize;
        position
    };
    let (start, end) = (place(start), end.map_or(length, place));
    text.chars().skip(start).take(end.saturating_sub(start)).collect()
}

/// XPath 1.0 `translate`: each character of `from` becomes the one at its place in `to`, or goes.
pub fn translate(text: &str, from: &str, to: &str) -> String {
    let to: Vec<char> = to.chars().collect();
    text.chars()
        .filter_map(|character| match from.chars().position(|known| known == character) {
            None => Some(character),
            Some(place) => to.get(place).copied(),
        })
        .collect()
}

/// XPath 1.0 `normalize-space`.
pub fn normalize_space(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

/// Whether a value is among space-separated ones.
pub fn selected(list: &str, value: &str) -> bool {
    let value = value.trim();
    if value.is_empty() {
        return list.trim().is_empty();
    }
    list.split_whitespace().any(|chosen| chosen == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_in_characters() {
        assert_eq!(substring("12345", 1.5, Some(2.6)), "234");
        assert_eq!(substring("12345", 0.0, Some(3.0)), "12");
        assert_eq!(substring("告知书", 2.0, None), "知书");
        assert_eq!(substring("12345", f64::NAN, Some(3.0)), "");
        assert_eq!(substr("hello", 1.0, Some(3.0)), "el");
        assert_eq!(substr("hello", -2.0, None), "lo");
        assert_eq!(substr("户主姓名", -2.0, Some(-1.0)), "姓");
        assert_eq!(substr("hello", 3.0, Some(1.0)), "");
    }

    #[test]
    fn translate_replaces_and_drops() {
        assert_eq!(translate("--aaa--", "abc-", "ABC"), "AAA");
    }
}
