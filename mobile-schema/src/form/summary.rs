//! What a form holds, counted.

use std::collections::BTreeMap;

use super::definition::{ControlKind, DataType, Form, NodeKind};

/// What a form holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Questions that are shown, by their types in XLSForm.
    pub questions: BTreeMap<&'static str, usize>,
    /// Nodes that are filled in without being shown, by their types in XLSForm.
    pub hidden: BTreeMap<&'static str, usize>,
    /// Groups.
    pub groups: usize,
    /// Repeats.
    pub repeats: usize,
    /// Lists and files.
    pub lists: usize,
    /// Expressions.
    pub expressions: usize,
}

impl Form {
    /// Counts what the form holds.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            lists: self.instances.len(),
            expressions: self.expressions,
            ..Summary::default()
        };
        for number in 0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX) {
            let node = self.node(number);
            match node.kind {
                // The form itself and the group of its metadata are no groups of its author.
                NodeKind::Group if number == 0 || self.control(number).is_none() => {}
                NodeKind::Group => summary.groups += 1,
                NodeKind::Repeat => summary.repeats += 1,
                NodeKind::Attribute => {}
                NodeKind::Question if self.control(number).is_some() => {
                    *summary.questions.entry(self.type_name(number)).or_default() += 1;
                }
                NodeKind::Question => {
                    *summary.hidden.entry(self.type_name(number)).or_default() += 1;
                }
            }
        }
        summary
    }

    /// The type of a question, as XLSForm calls it.
    pub fn type_name(&self, number: u32) -> &'static str {
        let bind = &self.node(number).bind;
        let Some(control) = self.control(number) else {
            return match &bind.preload {
                Some((kind, parameter)) => match (kind.as_str(), parameter.as_str()) {
                    ("timestamp", "start") => "start",
                    ("timestamp", "end") => "end",
                    ("date", _) => "today",
                    ("uid", _) => "instanceID",
                    _ => "metadata",
                },
                None if bind.calculate.is_some() => "calculate",
                None => "hidden",
            };
        };
        let attribute = |name: &str| {
            control
                .attributes
                .iter()
                .find(|(known, _)| known == name)
                .map_or("", |(_, value)| value.as_str())
        };
        match control.kind {
            ControlKind::SelectOne => "select_one",
            ControlKind::Select => "select_multiple",
            ControlKind::Rank => "rank",
            ControlKind::Range => "range",
            ControlKind::Trigger => "acknowledge",
            ControlKind::Upload => match attribute("mediatype").split('/').next() {
                Some("image") => "image",
                Some("audio") => "audio",
                Some("video") => "video",
                Some("osm") => "osm",
                _ => "file",
            },
            ControlKind::Group => "group",
            ControlKind::Repeat => "repeat",
            ControlKind::Input => self.input_name(number),
        }
    }

    fn input_name(&self, number: u32) -> &'static str {
        let bind = &self.node(number).bind;
        match bind.data_type {
            DataType::Int => "integer",
            DataType::Decimal => "decimal",
            DataType::Boolean => "boolean",
            DataType::Date => "date",
            DataType::Time => "time",
            DataType::DateTime => "dateTime",
            DataType::Geopoint => "geopoint",
            DataType::Geotrace => "geotrace",
            DataType::Geoshape => "geoshape",
            DataType::Binary => "file",
            DataType::Barcode => "barcode",
            DataType::Intent => "intent",
            DataType::Rank => "rank",
            // A note is a text that can never be written into.
            DataType::String if self.is_note(number) => "note",
            DataType::String => "text",
        }
    }

    fn is_note(&self, number: u32) -> bool {
        use crate::expression::Code;
        use crate::expression::functions::Function;
        let bind = &self.node(number).bind;
        let always = matches!(&bind.readonly, Some(Code::Call(Function::True, _)));
        always && bind.calculate.is_none()
    }
}
