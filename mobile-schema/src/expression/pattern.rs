//! Patterns of `regex(…)`: Java's, which ODK Collect runs, as far as a small engine can.
//!
//! The engine knows neither classes of Unicode nor look-around. Classes are written out as ranges;
//! look-ahead where a pattern begins asks another pattern beside it. All else is told.

use std::fmt::Write;
use std::iter::Peekable;
use std::ops::RangeInclusive;
use std::str::Chars;

use regex_lite::{Regex, RegexBuilder};

/// The largest compiled pattern, in bytes: classes of letters are many ranges.
const MAX_PATTERN: usize = 2 * 1024 * 1024;

/// A pattern that has to match as a whole.
#[derive(Clone, Debug)]
pub struct Pattern {
    whole: Regex,
    /// What the text has to begin with, or must not begin with.
    ahead: Box<[(bool, Regex)]>,
}

/// Why a pattern can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It uses something that isn't there: as written.
    Unsupported(String),
    /// It is no pattern, and why.
    Broken(String),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Where it is none, or uses what isn't there.
    pub fn new(text: &str) -> Result<Self, Unusable> {
        let mut rest = text.strip_prefix('^').unwrap_or(text);
        let mut ahead = Vec::new();
        while let Some((wanted, inner, after)) = look_ahead(rest) {
            ahead.push((wanted, build(&format!("^(?:{})", translated(inner)?))?));
            rest = after;
        }
        // What alternates stands on its own side of the bar.
        if !ahead.is_empty() && has_alternatives(rest) {
            return Err(Unusable::Unsupported("(?…)…|…".to_owned()));
        }
        let whole = build(&format!("^(?:{})$", translated(rest)?))?;
        Ok(Self { whole, ahead: ahead.into() })
    }

    /// Whether a text is as the pattern says, from its beginning to its end.
    pub fn is_match(&self, text: &str) -> bool {
        self.whole.is_match(text)
            && self.ahead.iter().all(|(wanted, pattern)| pattern.is_match(text) == *wanted)
    }
}

fn build(text: &str) -> Result<Regex, Unusable> {
    let built = RegexBuilder::new(text).size_limit(MAX_PATTERN).build();
    built.map_err(|error| Unusable::Broken(error.to_string()))
}

/// `(?=…)` or `(?!…)` at the beginning: whether it is wanted, what is inside, and what follows.
fn look_ahead(text: &str) -> Option<(bool, &str, &str)> {
    let wanted = text.starts_with("(?=");
    let inner = text.strip_prefix("(?=").or_else(|| text.strip_prefix("(?!"))?;
    let end =
        scan(inner).find(|(_, one, depth, in_class)| *one == ')' && *depth < 0 && !in_class)?.0;
    Some((wanted, &inner[..end], &inner[end + 1..]))
}

fn has_alternatives(text: &str) -> bool {
    scan(text).any(|(_, one, depth, in_class)| one == '|' && depth == 0 && !in_class)
}

/// The characters that mean something: with their places, how deep in brackets, and whether in a
/// class.
fn scan(text: &str) -> impl Iterator<Item = (usize, char, i32, bool)> {
    let (mut depth, mut in_class, mut escaped) = (0, false, false);
    text.char_indices().filter_map(move |(at, one)| {
        if std::mem::take(&mut escaped) {
            return None;
        }
        match one {
            '\\' => {
                escaped = true;
                return None;
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => depth += 1,
            ')' if !in_class => depth -= 1,
            _ => {}
        }
        Some((at, one, depth, in_class))
    })
}

/// A pattern of Java as one of the engine.
fn translated(text: &str) -> Result<String, Unusable> {
    let unsupported = |what: &str| Err(Unusable::Unsupported(what.to_owned()));
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    let mut in_class = false;
    // Whether what came before stands for several characters, which begin no range.
    let mut was_class = false;
    while let Some(one) = rest.next() {
        let is_class = std::mem::take(&mut was_class);
        match one {
            '\\' => {
                let Some(letter) = rest.next() else {
                    out.push('\\');
                    break;
                };
                match letter {
                    'p' | 'P' => {
                        class(&name(&mut rest), letter == 'P', in_class, &mut out)?;
                        was_class = true;
                    }
                    'd' | 'D' | 's' | 'S' | 'w' | 'W' => {
                        out.extend(['\\', letter]);
                        was_class = true;
                    }
                    'Z' => out.push_str("\\z"),
                    '1'..='9' => return unsupported(&format!("\\{letter}")),
                    letter if letter.is_ascii_alphanumeric() => out.extend(['\\', letter]),
                    '<' | '>' => out.push(letter),
                    letter if letter.is_ascii() => out.extend(['\\', letter]),
                    letter => out.push(letter),
                }
            }
            // `[\w-.]`: a hyphen behind a class is itself.
            '-' if in_class && is_class && rest.peek() != Some(&']') => out.push_str("\\-"),
            '[' if in_class => return unsupported("[…[…]]"),
            '&' if in_class && rest.peek() == Some(&'&') => return unsupported("&&"),
            '[' => {
                in_class = true;
                out.push(one);
            }
            ']' => {
                in_class = false;
                out.push(one);
            }
            '(' if !in_class && rest.peek() == Some(&'?') => {
                let mut kind: String = rest.clone().take(3).collect();
                if kind.starts_with("?<") && !kind.starts_with("?<=") && !kind.starts_with("?<!") {
                    kind.clear();
                }
                if ["?=", "?!", "?<", "?>"].iter().any(|known| kind.starts_with(known)) {
                    kind.truncate(if kind.starts_with("?<") { 3 } else { 2 });
                    return unsupported(&format!("({kind}…)"));
                }
                out.push(one);
            }
            // A hyphen of one class before another.
            '-' if in_class && starts_class(&rest) => out.push_str("\\-"),
            '+' if !in_class && ends_quantifier(&out) => return unsupported("++"),
            other => out.push(other),
        }
    }
    Ok(out)
}

fn starts_class(rest: &Peekable<Chars<'_>>) -> bool {
    let next: String = rest.clone().take(2).collect();
    matches!(next.as_str(), "\\p" | "\\P" | "\\d" | "\\s" | "\\w")
}

/// Whether a quantifier stands at the end: `*`, `+`, `?` that are not escaped.
fn ends_quantifier(out: &str) -> bool {
    let mut back = out.chars().rev();
    matches!(back.next(), Some('*' | '+' | '?')) && back.next() != Some('\\')
}

/// The name of a class of Unicode: `L`, `{IsHan}`.
fn name(rest: &mut Peekable<Chars<'_>>) -> String {
    if rest.next_if_eq(&'{').is_none() {
        return rest.next().map(String::from).unwrap_or_default();
    }
    let mut name = String::new();
    for one in rest.by_ref() {
        if one == '}' {
            break;
        }
        name.push(one);
    }
    name
}

/// The Chinese characters of Unicode 16.
const HAN: [(u32, u32); 14] = [
    (0x2E80, 0x2E99),
    (0x2E9B, 0x2EF3),
    (0x2F00, 0x2FD5),
    (0x3005, 0x3005),
    (0x3007, 0x3007),
    (0x3021, 0x3029),
    (0x3038, 0x303B),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFA6D),
    (0xFA70, 0xFAD9),
    (0x20000, 0x2EE5D),
    (0x2F800, 0x2FA1D),
    (0x30000, 0x323AF),
];

/// Blocks that hold the letters of a script.
const LATIN: [(u32, u32); 8] = [
    (0x41, 0x24F),
    (0x250, 0x2B8),
    (0x1E00, 0x1EFF),
    (0x2C60, 0x2C7F),
    (0xA722, 0xA7FF),
    (0xAB30, 0xAB64),
    (0xFB00, 0xFB06),
    (0xFF21, 0xFF5A),
];
const CYRILLIC: [(u32, u32); 2] = [(0x400, 0x52F), (0x1C80, 0x1C8F)];
const ARABIC: [(u32, u32); 3] = [(0x600, 0x6FF), (0x750, 0x77F), (0xFB50, 0xFEFF)];

/// Writes a class out as ranges.
fn class(name: &str, negated: bool, in_class: bool, out: &mut String) -> Result<(), Unusable> {
    let short = name.strip_prefix("Is").unwrap_or(name);
    let short = short.rsplit('=').next().unwrap_or(short);
    let folded = short.to_ascii_lowercase();
    // Those of POSIX are of ASCII alone, as in Java.
    let posix = !name.starts_with("Is") && !name.contains('=');
    let found = match folded.as_str() {
        "l" | "letter" | "alphabetic" => ranges(&char::is_alphabetic),
        // By what they are in the other case, which is known here for other reasons.
        "lu" | "uppercase" => ranges(&|one: char| one.to_lowercase().next() != Some(one)),
        "ll" | "lowercase" => ranges(&|one: char| one.to_uppercase().next() != Some(one)),
        "n" | "nd" => ranges(&is_digit),
        "z" | "zs" | "white_space" | "whitespace" => ranges(&char::is_whitespace),
        "han" | "hani" | "ideographic" => these(&HAN),
        "latin" | "latn" => letters_of(&LATIN),
        "cyrillic" | "cyrl" => letters_of(&CYRILLIC),
        "arabic" | "arab" => letters_of(&ARABIC),
        "alpha" if posix => these(&[(0x41, 0x5A), (0x61, 0x7A)]),
        "digit" if posix => these(&[(0x30, 0x39)]),
        "alnum" if posix => these(&[(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)]),
        "upper" if posix => these(&[(0x41, 0x5A)]),
        "lower" if posix => these(&[(0x61, 0x7A)]),
        "punct" if posix => these(&[(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)]),
        "space" if posix => these(&[(0x09, 0x0D), (0x20, 0x20)]),
        _ => return Err(Unusable::Unsupported(format!("\\p{{{name}}}"))),
    };
    let found = if negated { complement(&found) } else { found };
    if !in_class {
        out.push('[');
    }
    for one in found {
        // Writing into a string can't fail.
        let _ =
            write!(out, "\\u{{{:x}}}-\\u{{{:x}}}", u32::from(*one.start()), u32::from(*one.end()));
    }
    if !in_class {
        out.push(']');
    }
    Ok(())
}

fn these(known: &[(u32, u32)]) -> Vec<RangeInclusive<char>> {
    known.iter().filter_map(|(from, to)| range(*from, *to)).collect()
}

fn letters_of(blocks: &[(u32, u32)]) -> Vec<RangeInclusive<char>> {
    ranges(&|one: char| {
        let is_in = |(from, to): &(u32, u32)| (*from..=*to).contains(&u32::from(one));
        blocks.iter().any(is_in) && one.is_alphabetic()
    })
}

/// Whether it is one of ten digits of a script: they stand from 0 to 9 in a row of numbers.
fn is_digit(one: char) -> bool {
    // Of European, Arabic and Indian scripts, Thai, Lao, Tibetan, Burmese, Khmer, Mongolian.
    const ZEROS: [u32; 20] = [
        0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66,
        0xE50, 0xED0, 0xF20, 0x1040, 0x17E0, 0x1810, 0xFF10,
    ];
    ZEROS.iter().any(|zero| (*zero..zero + 10).contains(&u32::from(one)))
}

fn range(from: u32, to: u32) -> Option<RangeInclusive<char>> {
    Some(char::from_u32(from)?..=char::from_u32(to)?)
}

fn ranges(holds: &dyn Fn(char) -> bool) -> Vec<RangeInclusive<char>> {
    let mut found: Vec<RangeInclusive<char>> = Vec::new();
    let mut before = false;
    for one in '\0'..=char::MAX {
        let holds = holds(one);
        if holds {
            match found.last_mut() {
                Some(last) if before => *last = *last.start()..=one,
                _ => found.push(one..=one),
            }
        }
        before = holds;
    }
    found
}

fn complement(of: &[RangeInclusive<char>]) -> Vec<RangeInclusive<char>> {
    ranges(&|one: char| {
        let place = of.partition_point(|range| *range.end() < one);
        !of.get(place).is_some_and(|range| range.contains(&one))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap_or_else(|why| panic!("{pattern}: {why:?}")).is_match(text)
    }

    #[test]
    fn classes_of_unicode_are_written_out() {
        assert!(
            matches(r"\p{L}+", "Жанна") && matches(r"\p{L}+", "张三") && !matches(r"\p{L}+", "a1")
        );
        assert!(matches(r"[\p{L}\s'-]{2,40}", "Anna-María d'A"));
        assert!(matches(r"\p{IsHan}{2,4}", "欧阳修") && !matches(r"\p{IsHan}+", "张san"));
        assert!(matches(r"\p{script=Han}·?\p{IsHan}*", "阿·力") && matches(r"[^\p{L}]+", "12 %"));
        assert!(matches(r"\P{L}+", "12") && !matches(r"\P{L}+", "a"));
        assert!(matches(r"\p{Lu}\p{Ll}+", "Émile") && !matches(r"\p{Alpha}+", "É"));
        assert!(matches(r"\pL\p{N}", "a٣") && matches(r"\p{Nd}+", "０12"));
    }

    #[test]
    fn hyphens_behind_classes_are_hyphens() {
        let mail = r"^[\w-\.]+@([\w-]+\.)+[\w-]{2,}$";
        assert!(matches(mail, "a.b-c@d-e.org") && !matches(mail, "a b@c.org"));
        assert!(
            matches(r"[\d-]+", "1-2") && matches(r"[a-z\d-_]+", "a-1_") && matches("[a-c]+", "abc")
        );
    }

    #[test]
    fn look_ahead_at_the_beginning_is_asked_beside() {
        assert!(matches("(?!0)[0-9]+", "12") && !matches("(?!0)[0-9]+", "012"));
        let strong = r"^(?=.*[0-9])(?=.*[a-z\)])(?!.*(x|y)).{4,}$";
        assert!(matches(strong, "ab12") && !matches(strong, "abcd") && !matches(strong, "ax12"));
        assert!(Pattern::new("(?!0)a|b").is_err());
        for (pattern, what) in [
            ("a(?!b)c", "(?!…)"),
            ("(?<=a)b", "(?<=…)"),
            (r"(a)\1", r"\1"),
            ("[a-z&&[^b]]", "&&"),
            (r"\p{IsKlingon}", r"\p{IsKlingon}"),
        ] {
            assert_eq!(
                Pattern::new(pattern).err(),
                Some(Unusable::Unsupported(what.to_owned())),
                "{pattern}"
            );
        }
        assert!(matches!(Pattern::new("(a"), Err(Unusable::Broken(_))));
        assert!(matches("(?<year>[0-9]{4})", "2024") && matches("(?i)ABC", "abc"));
    }
}
