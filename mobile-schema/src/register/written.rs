//! What people write in tables, as what fields hold.

use super::{Choice, Field, FieldType, RegisterDefinition, entity};
use crate::{Labels, Value};

impl Labels {
    /// Whether these are the words in some language, whatever their capitals.
    pub fn are(&self, words: &str) -> bool {
        self.0.values().any(|own| own.trim().to_lowercase() == words.trim().to_lowercase())
    }
}

impl RegisterDefinition {
    /// The field that a column is about: called by its name, or as people call it, or as tables
    /// from elsewhere do.
    pub fn field_called(&self, title: &str) -> Option<&Field> {
        let title = title.trim();
        let named = self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(title));
        let plain = heading(title);
        named
            .or_else(|| self.fields.iter().find(|field| field.labels.are(title)))
            .or_else(|| self.fields.iter().find(|field| field.is_called(&plain)))
    }
}

impl Field {
    /// Whether a column with this [`heading`] is about it.
    pub fn is_called(&self, plain: &str) -> bool {
        let words = std::iter::once(&self.name).chain(self.labels.0.values()).chain(&self.also);
        !plain.is_empty() && words.into_iter().any(|own| heading(own) == plain)
    }
}

/// A column's title as titles are compared: without spaces and letters that nobody sees, marks that
/// something must be filled in, and what stands in brackets (a unit, mostly); full-width letters as
/// half-width ones, in lower case.
pub fn heading(title: &str) -> String {
    let mut plain = String::new();
    let mut depth = 0_usize;
    for letter in title.chars() {
        let letter = match letter {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
            other => other,
        };
        match letter {
            '(' | '[' | '【' | '〔' => depth += 1,
            ')' | ']' | '】' | '〕' => depth = depth.saturating_sub(1),
            '*' | ':' | '\u{200b}'..='\u{200f}' | '\u{feff}' => {}
            _ if depth > 0 || letter.is_whitespace() => {}
            _ => plain.extend(letter.to_lowercase()),
        }
    }
    plain
}

impl Field {
    /// What somebody wrote in a cell as what the field holds; an empty cell is null. Choices may be
    /// written by their names or in words, several with spaces, semicolons or commas between; days
    /// as they are usual in China; yes and no in words.
    ///
    /// # Errors
    /// Where the field can't hold it, or it is none of the choices.
    pub fn read_cell(&self, cell: &str) -> Result<Value, &'static str> {
        let cell = cell.trim();
        if cell.is_empty() {
            return Ok(Value::Null);
        }
        let read = match &self.kind {
            FieldType::SelectOne { choices } | FieldType::Status { choices, .. } => {
                Value::from(chosen(choices, cell).ok_or("none of the choices")?)
            }
            FieldType::SelectMultiple { choices } => {
                let between = |letter: char| matches!(letter, ';' | '；' | ',' | '，' | '、');
                let whole = cell.split(between).map(str::trim).filter(|part| !part.is_empty());
                let found: Option<Vec<&str>> = whole.map(|part| chosen(choices, part)).collect();
                let apart = || cell.split_whitespace().map(|part| chosen(choices, part)).collect();
                let found = found.or_else(apart).ok_or("none of the choices")?;
                found.into_iter().map(Value::from).collect()
            }
            FieldType::Boolean => match cell.to_lowercase().as_str() {
                "true" | "1" | "yes" | "y" | "是" | "有" => Value::Bool(true),
                "false" | "0" | "no" | "n" | "否" | "无" | "没有" => Value::Bool(false),
                _ => return Err("neither yes nor no"),
            },
            FieldType::Date => Value::from(day(cell).ok_or("no day")?),
            FieldType::CitizenId => {
                let plain = cell.chars().filter(|letter| !letter.is_whitespace());
                Value::from(plain.collect::<String>().to_uppercase())
            }
            // A spreadsheet writes whole numbers as 3.0, and thousands apart.
            FieldType::Integer | FieldType::Count | FieldType::Decimal | FieldType::Money => {
                let plain = cell.replace([',', '，', ' '], "");
                let whole = plain.strip_suffix(".0").unwrap_or(&plain);
                entity::value_of(self, whole, &std::collections::BTreeMap::new())?
            }
            _ => entity::value_of(self, cell, &std::collections::BTreeMap::new())?,
        };
        self.check(&read).map_err(|_| "the field can't hold it")?;
        Ok(read)
    }
}

/// The name of a choice that is called so.
fn chosen<'a>(choices: &'a [Choice], words: &str) -> Option<&'a str> {
    let named = choices.iter().find(|one| one.name == words);
    let found = named.or_else(|| choices.iter().find(|one| one.labels.are(words)))?;
    Some(&found.name)
}

/// A day as it is written: `2026-11-05`, `2026/11/5`, `2026.11.5`, `2026年11月5日`, `20261105`, with
/// or without a time behind it.
fn day(text: &str) -> Option<String> {
    let text = text.split(['T', ' ']).next()?;
    let is_plain = text.len() == 8 && text.bytes().all(|one| one.is_ascii_digit());
    let parts: Vec<&str> = if is_plain {
        vec![text.get(..4)?, text.get(4..6)?, text.get(6..)?]
    } else {
        let between = |letter: char| matches!(letter, '-' | '/' | '.' | '年' | '月');
        text.trim_end_matches('日').split(between).collect()
    };
    let [year, month, day] = parts.as_slice() else { return None };
    let number = |part: &str| part.parse::<u16>().ok();
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    (year >= 1000).then(|| format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_compared_without_what_stands_around_them() {
        for title in [
            "家庭年收入（元）",
            " 家庭 年收入",
            "*家庭年收入：",
            "家庭年收入[2026]",
            "\u{200b}家庭年收入",
        ] {
            assert_eq!(heading(title), "家庭年收入", "{title}");
        }
        assert_eq!(heading("Ｈｅａｄ　Name"), "headname");
        assert_eq!(heading("（元）"), "");
    }

    fn read(kind: &str, cell: &str) -> Result<Value, &'static str> {
        let json = format!(r#"{{"id":1,"name":"x","labels":{{}},{kind}}}"#);
        let field: Field = serde_json::from_str(&json).expect("a field");
        field.read_cell(cell)
    }

    const WATER: &str = r#"[{"name":"tap","labels":{"zh-CN":"自来水","en":"Tap water"}},
        {"name":"well","labels":{"zh-CN":"井","en":"Well"}}]"#;

    #[test]
    fn cells_are_read_as_people_write_them() {
        let one = format!(r#""type":"select_one","choices":{WATER}"#);
        let many = format!(r#""type":"select_multiple","choices":{WATER}"#);
        let both: Value = ["tap", "well"].into_iter().map(Value::from).collect();
        let day = || Ok(Value::from("2026-11-05"));
        let cases = [
            (one.as_str(), "自来水", Ok(Value::from("tap"))),
            (&one, "tap water", Ok(Value::from("tap"))),
            (&one, "well", Ok(Value::from("well"))),
            (&many, "Tap water; Well", Ok(both.clone())),
            (&many, "自来水、井", Ok(both.clone())),
            (&many, "tap well", Ok(both)),
            (r#""type":"boolean""#, "是", Ok(Value::Bool(true))),
            (r#""type":"date""#, "2026/11/5", day()),
            (r#""type":"date""#, "2026年11月5日", day()),
            (r#""type":"date""#, "20261105", day()),
            (r#""type":"date""#, "2026-11-05 00:00:00", day()),
            (r#""type":"integer""#, "3.0", Ok(Value::Integer(3))),
            (r#""type":"money""#, "1,250.50", Ok(Value::Integer(125_050))),
            (r#""type":"citizen_id""#, " 1101051949 1231002x", Ok("11010519491231002X".into())),
            (r#""type":"text""#, "  ", Ok(Value::Null)),
        ];
        for (kind, cell, value) in cases {
            assert_eq!(read(kind, cell), value, "{kind} {cell}");
        }
    }

    #[test]
    fn what_a_field_cannot_hold_is_refused() {
        let one = format!(r#""type":"select_one","choices":{WATER}"#);
        for (kind, cell) in [
            (one.as_str(), "河"),
            (r#""type":"date""#, "2026-02-30"),
            (r#""type":"date""#, "去年"),
            (r#""type":"integer""#, "3.5"),
            (r#""type":"boolean""#, "也许"),
            (r#""type":"text","max":2"#, "三个字"),
        ] {
            assert!(read(kind, cell).is_err(), "{kind} {cell}");
        }
    }
}
