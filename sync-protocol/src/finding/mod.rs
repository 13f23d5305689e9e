//! Findings: what checks found, as records that people mend or explain.
//!
//! A finding is named by what it is about, so that the tablet and the server, or the same check
//! run again, speak of the same record. What was explained stays explained as long as what was
//! found stays the same.

mod household;
mod required;

use std::collections::BTreeMap;

use mobile_schema::canonical::Encoder;
use mobile_schema::{FieldId, Hash, Labels, Value};

use crate::op::{Change, Fields};
use crate::{Record, RecordId};

pub use household::{RuleSets, judge_household};
pub use required::{asks_for_something, lacks};

/// The fields of the built-in register `finding`.
pub mod field {
    use super::FieldId;

    /// What it is about.
    pub const SUBJECT: FieldId = 1;
    /// The rule.
    pub const RULE: FieldId = 2;
    /// What a person says about it.
    pub const EXPLANATION: FieldId = 3;
    /// Where it stands.
    pub const STATUS: FieldId = 4;
    /// What people add.
    pub const NOTES: FieldId = 5;
    /// Where in the subject.
    pub const PLACE: FieldId = 6;
    /// What is wrong, in words.
    pub const MESSAGE: FieldId = 7;
    /// The values that were found.
    pub const EVIDENCE: FieldId = 8;
    /// How sure it is.
    pub const SEVERITY: FieldId = 9;
    /// The version that judged.
    pub const JUDGED_BY: FieldId = 10;
    /// Whether an explanation ends it.
    pub const EXPLAINABLE: FieldId = 11;
}

/// The register of findings.
pub const COLLECTION: &str = "finding";

/// What the rules of findings begin with that come from a department's list: `roster/参保清单`.
pub const ROSTER: &str = "roster/";

/// Most findings that one look at a record makes.
pub const MOST_FINDINGS: usize = 100;

const OPEN: &str = "open";
const CORRECTED: &str = "corrected";

/// Something that a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The record it is about.
    pub subject: RecordId,
    /// The rule: `form/required`, `household/phone`.
    pub rule: String,
    /// Where in the subject: the path of a question; empty where the rule says it.
    pub place: String,
    /// `error` or `doubt`.
    pub severity: &'static str,
    /// What is wrong.
    pub message: Labels,
    /// The values that were found.
    pub evidence: BTreeMap<String, Value>,
    /// The form's version, or the rules.
    pub judged_by: Hash,
    /// Whether an explanation ends it.
    pub explainable: bool,
}

impl Finding {
    /// Its record: always the same for the same rule at the same place.
    pub fn id(&self) -> RecordId {
        let mut encoder = Encoder::new();
        encoder.array(4).text(COLLECTION).bytes(self.subject.0.as_bytes());
        encoder.text(&self.rule).text(&self.place);
        RecordId::derived(&Hash::of(&encoder.finish()))
    }

    fn evidence(&self) -> Value {
        Value::Map(self.evidence.clone())
    }

    /// What changes when it is found again with other values, or by another version.
    fn renewed(&self) -> Fields {
        let words = self.message.0.iter().map(|(tag, text)| (tag.clone(), text.as_str().into()));
        Fields::from([
            (field::MESSAGE, Value::Map(words.collect())),
            (field::EVIDENCE, self.evidence()),
            (field::SEVERITY, self.severity.into()),
            (field::JUDGED_BY, self.judged_by.to_string().into()),
            (field::EXPLAINABLE, Value::Bool(self.explainable)),
        ])
    }

    /// What to do about it, where this is what is known of it: its fields, or nothing.
    pub fn changes(&self, known: Option<&Fields>) -> Vec<Change> {
        let Some(known) = known else {
            let mut fields = self.renewed();
            fields.extend([
                (field::SUBJECT, self.subject.to_string().into()),
                (field::RULE, self.rule.as_str().into()),
                (field::PLACE, self.place.as_str().into()),
                (field::STATUS, OPEN.into()),
            ]);
            return vec![Change::Create { fields }];
        };
        let is_same = known.get(&field::EVIDENCE) == Some(&self.evidence());
        let mut changes = Vec::new();
        if !is_same {
            changes.push(Change::Patch { fields: self.renewed() });
        }
        let status = status(known);
        // An explanation is of the values that were explained, and ends what may be explained.
        if status != OPEN && (status == CORRECTED || !is_same || !self.explainable) {
            changes.push(transition(status, OPEN));
        }
        changes
    }
}

/// What to do about a known finding that is found no longer.
pub fn changes_if_gone(known: &Fields) -> Vec<Change> {
    match status(known) {
        OPEN => vec![transition(OPEN, CORRECTED)],
        _ => Vec::new(),
    }
}

/// Whether a check of the record itself made it, and not a person or a comparison with a list.
pub fn is_checked(known: &Fields) -> bool {
    let rule = known.get(&field::RULE).and_then(Value::as_text).unwrap_or_default();
    let is_judged = known.get(&field::JUDGED_BY).is_some_and(|value| !value.is_null());
    is_judged && !rule.starts_with(ROSTER)
}

/// What a finding is about.
pub fn subject(finding: &Record) -> Option<RecordId> {
    finding.fields.get(&field::SUBJECT)?.as_text()?.parse().ok()
}

fn status(known: &Fields) -> &str {
    known.get(&field::STATUS).and_then(Value::as_text).unwrap_or(OPEN)
}

fn transition(from: &str, to: &str) -> Change {
    Change::Transition { field: field::STATUS, from: from.to_owned(), to: to.to_owned() }
}

#[cfg(test)]
mod tests {
    use mobile_schema::register::builtin_registers;
    use uuid::Uuid;

    use super::*;

    fn found(age: i64) -> Finding {
        Finding {
            subject: RecordId(Uuid::from_u128(7)),
            rule: "form/constraint".into(),
            place: "/data/age".into(),
            severity: "error",
            message: Labels([("en".to_owned(), "too old".to_owned())].into()),
            evidence: [("value".to_owned(), Value::Integer(age))].into(),
            judged_by: Hash::of(b"version"),
            explainable: true,
        }
    }

    fn known(finding: &Finding, status: &str) -> Fields {
        let mut changes = finding.changes(None);
        let Some(Change::Create { mut fields }) = changes.pop() else { panic!("a new record") };
        fields.insert(field::STATUS, status.into());
        fields
    }

    #[test]
    fn the_register_has_the_fields_it_is_written_to() {
        let registers = builtin_registers();
        let register = registers.iter().find(|one| one.name == COLLECTION).unwrap();
        for (id, value) in known(&found(200), OPEN) {
            let field = register.field(id).unwrap();
            assert_eq!(field.check(&value), Ok(()), "{}", field.name);
        }
    }

    #[test]
    fn the_same_place_is_the_same_record_and_another_is_another() {
        assert_eq!(found(200).id(), found(201).id());
        let elsewhere = Finding { place: "/data/member[1]/age".into(), ..found(200) };
        assert_ne!(elsewhere.id(), found(200).id());
    }

    #[test]
    fn what_was_explained_stays_so_until_something_else_is_found() {
        let finding = found(200);
        assert_eq!(finding.changes(Some(&known(&finding, OPEN))), []);
        assert_eq!(finding.changes(Some(&known(&finding, "explained"))), []);
        let changes = found(201).changes(Some(&known(&finding, "explained")));
        assert_eq!(changes.len(), 2, "{changes:?}");
        assert_eq!(changes[1], transition("explained", OPEN));
        let hard = Finding { explainable: false, ..found(200) };
        let back = hard.changes(Some(&known(&hard, "explained")));
        assert_eq!(back, [transition("explained", OPEN)], "no explanation ends it");
    }

    #[test]
    fn what_is_mended_is_corrected_and_may_come_back() {
        let finding = found(200);
        assert_eq!(changes_if_gone(&known(&finding, OPEN)), [transition(OPEN, CORRECTED)]);
        assert_eq!(changes_if_gone(&known(&finding, "explained")), []);
        let back = finding.changes(Some(&known(&finding, CORRECTED)));
        assert_eq!(back, [transition(CORRECTED, OPEN)]);
    }
}
