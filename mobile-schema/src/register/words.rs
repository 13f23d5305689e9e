//! Values as people read them.

use super::{Field, FieldType};
use crate::Value;
use crate::facts::text_of;

impl Field {
    /// A value as it is printed: money in yuan, days and choices in words. What refers to another
    /// record is its id.
    pub fn words(&self, value: &Value, language: &str) -> String {
        let chinese = language.split('-').next() == Some("zh");
        match (&self.kind, value) {
            (FieldType::Money, Value::Integer(fen)) => yuan(*fen),
            (FieldType::Boolean, Value::Bool(truth)) => match (truth, chinese) {
                (true, true) => "是".to_owned(),
                (false, true) => "否".to_owned(),
                (true, false) => "yes".to_owned(),
                (false, false) => "no".to_owned(),
            },
            (FieldType::Date, Value::Text(day)) if chinese => chinese_day(day),
            (
                FieldType::SelectOne { choices }
                | FieldType::SelectMultiple { choices }
                | FieldType::Status { choices, .. },
                value,
            ) => {
                let label = |name: &str| {
                    let choice = choices.iter().find(|choice| choice.name == name);
                    choice.map_or(name, |choice| choice.labels.in_language(language)).to_owned()
                };
                match value {
                    Value::List(items) => {
                        let labels = items.iter().map(|item| label(&text_of(item)));
                        let between = if chinese { "、" } else { ", " };
                        labels.collect::<Vec<_>>().join(between)
                    }
                    one => label(&text_of(one)),
                }
            }
            (_, value) => text_of(value),
        }
    }

    /// A value as conditions compare it: money in yuan, all else as it is.
    pub(crate) fn comparable(&self, value: &Value) -> Value {
        match (&self.kind, value) {
            #[expect(clippy::cast_precision_loss, reason = "no household has 90 trillion yuan")]
            (FieldType::Money, Value::Integer(fen)) => Value::Number(*fen as f64 / 100.0),
            (_, value) => value.clone(),
        }
    }
}

/// A day (`2026-09-01`) as it is printed.
pub(crate) fn day_in_words(day: &str, language: &str) -> String {
    if language.split('-').next() == Some("zh") { chinese_day(day) } else { day.to_owned() }
}

/// `123456789` fen are `1,234,567.89` yuan.
fn yuan(fen: i64) -> String {
    let digits = (fen.unsigned_abs() / 100).to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{grouped}.{:02}", fen.unsigned_abs() % 100)
}

/// `2026-09-01` is `2026年9月1日`.
fn chinese_day(day: &str) -> String {
    let mut parts = day.splitn(3, '-').map(str::parse::<u32>);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Ok(year)), Some(Ok(month)), Some(Ok(day))) => format!("{year}年{month}月{day}日"),
        _ => day.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::builtin_registers;

    #[test]
    fn values_read_as_people_write_them() {
        let registers = builtin_registers();
        let words = |register: &str, field: &str, value: Value, language: &str| {
            let register = registers.iter().find(|one| one.name == register).expect("built in");
            register.field_named(field).expect("a field").words(&value, language)
        };
        let income = |fen| words("household", "yearly_income", Value::Integer(fen), "zh-CN");
        assert_eq!(income(123_456_789), "1,234,567.89");
        assert_eq!(income(-5), "-0.05");
        assert_eq!(income(i64::MIN), "-92,233,720,368,547,758.08");
        let born = |day: &str, language| words("member", "born", Value::from(day), language);
        assert_eq!(born("2026-09-01", "zh-CN"), "2026年9月1日");
        assert_eq!(born("2026-09-01", "en"), "2026-09-01");
        assert_eq!(born("soon", "zh-CN"), "soon");
        let guarantees = Value::List(vec![Value::from("food"), Value::from("oddity")]);
        assert_eq!(words("household", "guarantees", guarantees, "zh-CN"), "不愁吃、oddity");
    }
}
