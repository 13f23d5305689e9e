//! What a decision about a visit changes.

use std::collections::BTreeMap;

use mobile_schema::{FieldId, Value};
use serde::{Deserialize, Serialize};
use sync_protocol::finding::field;
use sync_protocol::op::{Change, Fields, Resolution};
use sync_protocol::{Op, Record, RecordId, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::records::visit;

/// The rule that a reviewer's word is filed under.
pub(super) const COMMENT: &str = "review/comment";
/// The rule that a reviewer's doubt is filed under.
pub(super) const FLAG: &str = "review/flag";
pub(super) const IN_REVIEW: &str = "in_review";

/// What a reviewer decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// It is as it should be.
    Approved,
    /// The cadre corrects it.
    Returned,
    /// It doesn't count.
    Rejected,
    /// What was decided is taken back: it waits for a reviewer again. Of a visit that waits, the
    /// caller's own doubts are.
    Reopened,
    /// The reviewer doubts it and leaves it to another.
    Flagged,
    /// The caller's own last decision did not happen: the visit stands where it stood before.
    Undone,
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
            Self::Reopened | Self::Flagged | Self::Undone => IN_REVIEW,
        }
    }
}

/// Whether a field is what a visit says. Words and decisions of reviewers are none of it.
pub(super) fn is_work(field: &FieldId) -> bool {
    ![visit::STATUS, visit::NOTES].contains(field)
}

/// Whether an operation writes to what a visit says. Who settles a conflict for one of two values has
/// written neither.
pub(super) fn is_writing(op: &Op) -> bool {
    match &op.change {
        Change::Create { .. } | Change::Sign { .. } | Change::Delete | Change::Move { .. } => true,
        Change::Patch { fields } => fields.keys().any(is_work),
        Change::Add { field, .. } | Change::Remove { field, .. } | Change::Delta { field, .. } => {
            is_work(field)
        }
        Change::Resolve { choice: Resolution::Edit { fields }, .. } => fields.keys().any(is_work),
        Change::Transition { .. } | Change::Resolve { .. } => false,
    }
}

/// Whether somebody had a hand in what a visit says: nobody decides about their own work.
pub(super) fn is_by(visit: &Record, person: UserId) -> bool {
    let marks = &visit.marks;
    let elements = marks
        .elements
        .iter()
        .flat_map(|(field, marks)| marks.values().map(move |mark| (field, mark)));
    let mut written = marks.fields.iter().chain(elements).filter(|(field, _)| is_work(field));
    marks.created.author == person || written.any(|(_, mark)| mark.author == person)
}

/// What becomes of a visit that stands at `status`; nothing where there is nothing to decide. The
/// reason is written down while it is in review: a visit that is passed takes no more notes.
/// `is_last` is false where another person must pass it, too.
pub(super) fn changes(
    status: &str,
    verdict: Verdict,
    reason: &str,
    is_last: bool,
) -> Option<Vec<Change>> {
    let step = |from: &str, to: &str| Change::Transition {
        field: visit::STATUS,
        from: from.to_owned(),
        to: to.to_owned(),
    };
    let note = Change::Add { field: visit::NOTES, element: reason.into() };
    if verdict == Verdict::Reopened {
        let is_decided = matches!(status, "approved" | "rejected" | "returned");
        return is_decided.then(|| vec![step(status, IN_REVIEW), note]);
    }
    let begin = match status {
        "submitted" | "resubmitted" => vec![step(status, IN_REVIEW)],
        IN_REVIEW => Vec::new(),
        _ => return None,
    };
    let last = (is_last && verdict != Verdict::Flagged).then(|| step(IN_REVIEW, verdict.status()));
    Some(begin.into_iter().chain([note]).chain(last).collect())
}

/// What becomes of a reviewer's word when the visit is taken back.
pub(super) fn withdrawn() -> Change {
    Change::Transition { field: field::STATUS, from: "open".to_owned(), to: "corrected".to_owned() }
}

/// The finding that a comment becomes: a new one each time, since it is a person's word.
pub(super) fn finding(about: RecordId, comment: &Comment) -> (RecordId, Change) {
    word(about, COMMENT, &comment.place, &comment.words, "error")
}

/// The finding that a reviewer's doubt becomes.
pub(super) fn flag(about: RecordId, words: &str) -> (RecordId, Change) {
    word(about, FLAG, "", words, "doubt")
}

fn word(
    about: RecordId,
    rule: &str,
    place: &str,
    words: &str,
    severity: &str,
) -> (RecordId, Change) {
    let message = ["zh-CN", "en"].map(|tag| (tag.to_owned(), Value::from(words)));
    let fields = Fields::from([
        (field::SUBJECT, about.to_string().into()),
        (field::RULE, rule.into()),
        (field::STATUS, "open".into()),
        (field::PLACE, place.into()),
        (field::MESSAGE, Value::Map(BTreeMap::from(message))),
        (field::SEVERITY, severity.into()),
        (field::EXPLAINABLE, Value::Bool(true)),
    ]);
    (RecordId(Uuid::now_v7()), Change::Create { fields })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(status: &str, verdict: Verdict) -> Option<Vec<String>> {
        let all = changes(status, verdict, "看不清", true)?;
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
        assert_eq!(statuses("approved", Verdict::Rejected), None, "first it is taken back");
    }

    #[test]
    fn what_was_decided_is_taken_back() {
        for status in ["approved", "rejected", "returned"] {
            let back = Some(vec![format!("{status}>in_review")]);
            assert_eq!(statuses(status, Verdict::Reopened), back);
        }
        assert_eq!(statuses("submitted", Verdict::Reopened), None, "nothing was decided");
        assert_eq!(statuses("resubmitted", Verdict::Reopened), None, "the cadre was faster");
    }

    #[test]
    fn a_visit_that_needs_two_people_stays_in_review_after_the_first() {
        let changes = changes("submitted", Verdict::Approved, "好", false).unwrap();
        assert_eq!(changes.len(), 2, "it is taken up and the word is kept: {changes:?}");
    }

    #[test]
    fn a_comment_fits_the_register_of_findings() {
        let registers = mobile_schema::register::builtin_registers();
        let register = registers.iter().find(|one| one.name == "finding").unwrap();
        let comment = Comment { place: "/data/water".into(), words: "请补照片".into() };
        let nobody = RecordId(Uuid::nil());
        for (_, change) in [finding(nobody, &comment), flag(nobody, "像是摆拍")] {
            let Change::Create { fields } = change else { panic!("{change:?}") };
            for (id, value) in fields {
                assert_eq!(register.field(id).unwrap().check(&value), Ok(()), "field {id}");
            }
        }
    }
}
