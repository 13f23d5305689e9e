//! What a decision about a visit changes.

use std::collections::BTreeMap;

use mobile_schema::Value;
use serde::Deserialize;
use sync_protocol::RecordId;
use sync_protocol::finding::field;
use sync_protocol::op::{Change, Fields};
use utoipa::ToSchema;
use uuid::Uuid;

/// Fields of the built-in register `visit`.
pub(super) mod visit {
    pub(crate) const STATUS: u32 = 9;
    pub(crate) const NOTES: u32 = 11;
}

/// The rule that a reviewer's word is filed under.
pub(super) const COMMENT: &str = "review/comment";
const IN_REVIEW: &str = "in_review";

/// What a reviewer decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// It is as it should be.
    Approved,
    /// The cadre corrects it.
    Returned,
    /// It doesn't count.
    Rejected,
}

/// A word at a question.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Comment {
    /// The question: `/data/guarantees/water`.
    pub(super) place: String,
    /// What is to be looked at.
    pub(super) words: String,
}

impl Verdict {
    fn status(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Returned => "returned",
            Self::Rejected => "rejected",
        }
    }
}

/// What becomes of a visit that stands at `status`; nothing where there is nothing to decide. The
/// reason is written down before the status moves: a visit that is passed takes no more notes.
pub(super) fn changes(status: &str, verdict: Verdict, reason: &str) -> Option<Vec<Change>> {
    let step = |from: &str, to: &str| Change::Transition {
        field: visit::STATUS,
        from: from.to_owned(),
        to: to.to_owned(),
    };
    let begin = match status {
        "submitted" | "resubmitted" => vec![step(status, IN_REVIEW)],
        IN_REVIEW => Vec::new(),
        _ => return None,
    };
    let note = Change::Add { field: visit::NOTES, element: reason.into() };
    let last = step(IN_REVIEW, verdict.status());
    Some(begin.into_iter().chain([note, last]).collect())
}

/// The finding that a comment becomes: a new one each time, since it is a person's word.
pub(super) fn finding(about: RecordId, comment: &Comment) -> (RecordId, Change) {
    let words = ["zh-CN", "en"].map(|tag| (tag.to_owned(), Value::from(comment.words.as_str())));
    let fields = Fields::from([
        (field::SUBJECT, about.to_string().into()),
        (field::RULE, COMMENT.into()),
        (field::STATUS, "open".into()),
        (field::PLACE, comment.place.as_str().into()),
        (field::MESSAGE, Value::Map(BTreeMap::from(words))),
        (field::SEVERITY, "error".into()),
        (field::EXPLAINABLE, Value::Bool(true)),
    ]);
    (RecordId(Uuid::now_v7()), Change::Create { fields })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(status: &str, verdict: Verdict) -> Option<Vec<String>> {
        let all = changes(status, verdict, "看不清")?;
        let moved = all.into_iter().filter_map(|change| match change {
            Change::Transition { from, to, .. } => Some(format!("{from}>{to}")),
            _ => None,
        });
        Some(moved.collect())
    }

    #[test]
    fn a_visit_is_decided_about_once_it_was_handed_in() {
        let returned = ["submitted>in_review", "in_review>returned"].map(str::to_owned);
        assert_eq!(statuses("submitted", Verdict::Returned), Some(returned.to_vec()));
        let passed = vec!["in_review>approved".to_owned()];
        assert_eq!(statuses("in_review", Verdict::Approved), Some(passed));
        assert_eq!(statuses("returned", Verdict::Approved), None, "the cadre has it");
        assert_eq!(statuses("approved", Verdict::Rejected), None, "an amendment is another matter");
    }

    #[test]
    fn a_comment_fits_the_register_of_findings() {
        let registers = mobile_schema::register::builtin_registers();
        let register = registers.iter().find(|one| one.name == "finding").unwrap();
        let comment = Comment { place: "/data/water".into(), words: "请补照片".into() };
        let (_, change) = finding(RecordId(Uuid::nil()), &comment);
        let Change::Create { fields } = change else { panic!("{change:?}") };
        for (id, value) in fields {
            assert_eq!(register.field(id).unwrap().check(&value), Ok(()), "field {id}");
        }
    }
}
