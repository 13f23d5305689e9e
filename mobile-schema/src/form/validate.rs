//! What is wrong with answers, in the reader's language.

use crate::expression::functions::date::{Moment, fraction_of_time};
use crate::expression::functions::geo;
use crate::expression::value::plain_number;

use super::definition::{DataType, NodeKind};
use super::session::Session;

/// An answer that doesn't do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The node.
    pub node: u32,
    /// `/data/member[2]/age`.
    pub path: String,
    /// What is asked.
    pub label: String,
    /// Why it doesn't do.
    pub reason: Reason,
    /// Why, in words.
    pub message: String,
}

/// Why an answer doesn't do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is missing.
    Required,
    /// It doesn't fulfil its condition.
    Constraint,
    /// It isn't of its type.
    Type,
}

impl Reason {
    /// As the command line and the server's answers name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Constraint => "constraint",
            Self::Type => "type",
        }
    }
}

impl Session {
    /// What is wrong with the answers inside a node: all, or those of one page.
    pub fn validate(&self, under: u32) -> Vec<Invalid> {
        let mut invalid = Vec::new();
        let mut open = vec![under];
        while let Some(node) = open.pop() {
            if !self.is_relevant(node) {
                continue;
            }
            if self.definition(node).kind == NodeKind::Question {
                invalid.extend(self.check(node));
            }
            open.extend(self.children(node).iter().rev());
        }
        invalid
    }

    /// What is wrong with one answer. What isn't shown can't be mended and is not judged.
    pub fn check(&self, node: u32) -> Option<Invalid> {
        self.control(node)?;
        let bind = &self.definition(node).bind;
        let value = self.value(node);
        let (reason, words) = if value.is_empty() {
            if !self.is_required(node) {
                return None;
            }
            (Reason::Required, bind.required_message.as_ref())
        } else if !is_of(bind.data_type, value) {
            (Reason::Type, None)
        } else if self.holds(bind.constraint.as_ref(), node) == Some(false) {
            (Reason::Constraint, bind.constraint_message.as_ref())
        } else {
            return None;
        };
        let message = words.map(|words| self.words(words, node)).filter(|text| !text.is_empty());
        Some(Invalid {
            node,
            path: self.path(node),
            label: self.label(node),
            reason,
            message: message.unwrap_or_else(|| self.usual(reason, bind.data_type)),
        })
    }

    /// What is said where the form says nothing.
    fn usual(&self, reason: Reason, data_type: DataType) -> String {
        let (zh, en) = match (reason, data_type) {
            (Reason::Required, _) => ("此题必填。", "This question needs an answer."),
            (Reason::Constraint, _) => ("答案不符合要求。", "The answer isn't allowed."),
            (Reason::Type, DataType::Int) => ("请填写整数。", "Write a whole number."),
            (Reason::Type, DataType::Decimal) => ("请填写数字。", "Write a number."),
            (Reason::Type, DataType::Date | DataType::DateTime | DataType::Time) => {
                ("请填写日期或时间。", "Write a date or time.")
            }
            (Reason::Type, _) => ("答案格式不对。", "The answer isn't of the right kind."),
        };
        if self.language().starts_with("zh") { zh } else { en }.to_owned()
    }
}

/// Whether words are a value of a type.
pub(super) fn is_of(data_type: DataType, text: &str) -> bool {
    match data_type {
        DataType::Int => text.parse::<i64>().is_ok(),
        DataType::Decimal => plain_number(text).is_some_and(f64::is_finite),
        DataType::Boolean => matches!(text, "true" | "false" | "1" | "0"),
        DataType::Date => Moment::read(text).is_some_and(|moment| moment.time.is_none()),
        DataType::DateTime => Moment::read(text).is_some(),
        DataType::Time => fraction_of_time(text, 0).is_some(),
        DataType::Geopoint => geo::points(text).is_some_and(|points| points.len() == 1),
        DataType::Geotrace => geo::points(text).is_some_and(|points| points.len() >= 2),
        DataType::Geoshape => geo::points(text)
            .is_some_and(|points| points.len() >= 4 && points.first() == points.last()),
        DataType::String
        | DataType::Binary
        | DataType::Barcode
        | DataType::Intent
        | DataType::Rank => true,
    }
}
