//! A decision is undone: the visit stands where it stood before.

use mobile_schema::Value;
use sync_protocol::finding::{self, field};
use sync_protocol::op::Change;
use sync_protocol::{GroupId, Op, RecordId};

use super::queries::WAITING;
use super::rules::{FLAG, IN_REVIEW};
use crate::records::visit;

/// What undoes a decision.
#[derive(Debug, PartialEq)]
pub(super) struct Undo {
    /// What becomes of the visit.
    pub(super) changes: Vec<Change>,
    /// The words and doubts that were left with it.
    pub(super) words: Vec<RecordId>,
    /// The decision that did not happen.
    pub(super) decision: Option<GroupId>,
    /// Whether it was the pass of a visit that another person has to pass, too.
    pub(super) is_first_pass: bool,
}

/// Undoes what was done in one go to a visit that stands at `status`; nothing where that was no
/// decision. A visit that is decided takes a note only once it is in review again.
pub(super) fn of(status: &str, reason: &str, done: &[Op]) -> Option<Undo> {
    let of_visit = done.iter().filter(|op| op.collection == "visit");
    let is_noted =
        |op: &&Op| matches!(op.change, Change::Add { field, .. } if field == visit::NOTES);
    of_visit.clone().find(is_noted)?;
    let moves = of_visit.filter_map(|op| match &op.change {
        Change::Transition { field, from, .. } if *field == visit::STATUS => Some(from.as_str()),
        _ => None,
    });
    let before = moves.clone().next().unwrap_or(IN_REVIEW);
    let is_known = |to: &str| WAITING.contains(&to);
    let was_left = status == IN_REVIEW;
    if !is_known(before) || (!was_left && is_known(status)) {
        return None;
    }
    let step = |from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        (from != to).then_some(Change::Transition { field: visit::STATUS, from, to })
    };
    let note = Change::Add { field: visit::NOTES, element: reason.into() };
    let back = [step(status, IN_REVIEW), Some(note), step(IN_REVIEW, before)];
    let is_new = |op: &&Op| matches!(op.change, Change::Create { .. });
    let of_words = done.iter().filter(|op| op.collection == finding::COLLECTION);
    let words: Vec<RecordId> = of_words.filter(is_new).map(|op| op.record).collect();
    let is_flag = |op: &Op| match &op.change {
        Change::Create { fields } => {
            fields.get(&field::RULE).and_then(Value::as_text) == Some(FLAG)
        }
        _ => false,
    };
    let is_first_pass = was_left && !done.iter().any(is_flag);
    let decision = done.first().and_then(|op| op.group).map(|group| group.id);
    Some(Undo { changes: back.into_iter().flatten().collect(), words, decision, is_first_pass })
}

#[cfg(test)]
mod tests {
    use mobile_schema::Hash;
    use sync_protocol::op::Group;
    use sync_protocol::{Hlc, UserId};
    use uuid::Uuid;

    use super::super::rules::{Verdict, changes, flag};
    use super::*;

    fn op(collection: &str, record: RecordId, change: Change) -> Op {
        Op {
            collection: collection.to_owned(),
            record,
            scope: "area:529901100201".parse().unwrap(),
            base: None,
            change,
            at: Hlc { wall: 0, counter: 0, node: 0 },
            definition: Hash::of(b""),
            author: UserId(Uuid::nil()),
            blobs: Vec::new(),
            group: Some(Group { id: GroupId(Uuid::nil()), size: 1 }),
        }
    }

    /// What was decided about a visit that stood at `status`, as it is done.
    fn decided(status: &str, verdict: Verdict, is_last: bool) -> Vec<Op> {
        let visit = RecordId(Uuid::nil());
        let changes = changes(status, verdict, "看过", is_last).unwrap();
        let word = (verdict == Verdict::Flagged).then(|| flag(visit, "像是摆拍"));
        let word = word.into_iter().map(|(id, change)| op(finding::COLLECTION, id, change));
        word.chain(changes.into_iter().map(|change| op("visit", visit, change))).collect()
    }

    fn moves(undo: &Undo) -> Vec<String> {
        let moved = undo.changes.iter().filter_map(|change| match change {
            Change::Transition { from, to, .. } => Some(format!("{from}>{to}")),
            _ => None,
        });
        moved.collect()
    }

    #[test]
    fn it_stands_where_it_stood() {
        for before in ["submitted", "resubmitted"] {
            for (verdict, now) in [
                (Verdict::Approved, "approved"),
                (Verdict::Returned, "returned"),
                (Verdict::Rejected, "rejected"),
            ] {
                let undo = of(now, "撤销", &decided(before, verdict, true)).unwrap();
                assert_eq!(
                    moves(&undo),
                    [format!("{now}>in_review"), format!("in_review>{before}")]
                );
                assert!(!undo.is_first_pass);
            }
        }
        let undo = of("approved", "撤销", &decided(IN_REVIEW, Verdict::Approved, true)).unwrap();
        assert_eq!(moves(&undo), ["approved>in_review"], "it was in review");
    }

    #[test]
    fn a_doubt_and_a_first_pass_are_undone() {
        let done = decided("submitted", Verdict::Flagged, true);
        let undo = of(IN_REVIEW, "撤销", &done).unwrap();
        assert_eq!(moves(&undo), ["in_review>submitted"]);
        assert_eq!((undo.words, undo.is_first_pass), (vec![done[0].record], false));
        let undo = of(IN_REVIEW, "撤销", &decided("submitted", Verdict::Approved, false)).unwrap();
        assert_eq!(moves(&undo), ["in_review>submitted"]);
        assert!(undo.is_first_pass);
        let undo = of(IN_REVIEW, "撤销", &decided(IN_REVIEW, Verdict::Approved, false)).unwrap();
        assert!(moves(&undo).is_empty() && undo.is_first_pass);
    }

    #[test]
    fn what_is_no_decision_is_not_undone() {
        assert_eq!(of("submitted", "撤销", &[]), None);
        let again = decided("approved", Verdict::Reopened, true);
        assert_eq!(of(IN_REVIEW, "撤销", &again), None, "to review it again is none");
        let done = decided("submitted", Verdict::Returned, true);
        assert_eq!(of("resubmitted", "撤销", &done), None, "the cadre was faster");
    }
}
