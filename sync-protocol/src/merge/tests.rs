//! The table of policies, a story a rule.

use mobile_schema::Value;
use mobile_schema::register::{Capacity, builtin_registers};
use uuid::Uuid;

use super::*;
use crate::op::Group;
use crate::{Epoch, GroupId, Hlc, IncarnationId, RecordId, UserId};

const EPOCH: Epoch = Epoch(1);
const ADDRESS: u32 = 4;
const KIND: u32 = 7;
const INCOME: u32 = 8;
const GUARANTEES: u32 = 10;
const NOTES: u32 = 12;
const PERSONS: u32 = 13;

/// A server with one village, and tablets that push to it.
struct Village {
    catalogue: Catalogue,
    lineage: Lineage,
    scopes: BTreeSet<ScopeId>,
    board: Board,
    seq: u64,
}

fn scope(name: &str) -> ScopeId {
    ScopeId::area(name).expect("a scope")
}

fn record(number: u128) -> RecordId {
    RecordId(Uuid::from_u128(number))
}

impl Village {
    fn new() -> Self {
        Self {
            catalogue: builtin_registers().into_iter().collect(),
            lineage: Lineage::new([], EPOCH),
            scopes: BTreeSet::from([scope("east"), scope("west")]),
            board: Board::default(),
            seq: 0,
        }
    }

    fn op(&self, collection: &str, base: Option<u64>, change: Change, wall: i64) -> Op {
        let (definition, _) = self.catalogue.current(collection).expect("a register");
        Op {
            collection: collection.into(),
            record: record(1),
            scope: scope("east"),
            base: base.map(|n| Version { epoch: EPOCH, n }),
            change,
            at: Hlc { wall, counter: 0, node: 0 },
            definition,
            author: UserId(Uuid::from_u128(7)),
            blobs: Vec::new(),
            group: None,
        }
    }

    fn push(&mut self, tablet: u128, ops: &[Op]) -> Vec<Outcome> {
        let presenter = Presenter::new(IncarnationId(Uuid::from_u128(tablet)));
        let refused = BTreeSet::new();
        let authority = Authority {
            catalogue: &self.catalogue,
            lineage: &self.lineage,
            presenter: &presenter,
            scopes: &self.scopes,
            // What is merged, whoever may: rights are tested by themselves.
            capacity: Capacity::Reviewer,
            received: 1_000,
            amends: false,
            refused: &refused,
        };
        let numbered: Vec<_> = ops
            .iter()
            .map(|op| {
                self.seq += 1;
                Numbered { seq: self.seq, op }
            })
            .collect();
        authority.apply(&mut self.board, &numbered)
    }

    /// Pushes one change of a household.
    fn edit(&mut self, tablet: u128, base: Option<u64>, wall: i64, change: Change) -> Outcome {
        let op = self.op("household", base, change, wall);
        self.push(tablet, &[op]).remove(0)
    }

    fn with_household(mut self) -> Self {
        let fields = Fields::from([
            (ADDRESS, "一组".into()),
            (INCOME, 100.into()),
            (GUARANTEES, Value::List(vec!["food".into()])),
            (PERSONS, 3.into()),
        ]);
        let created = self.edit(1, None, 1, Change::Create { fields });
        assert_eq!(created, applied(1));
        self
    }

    fn value(&self, field: u32) -> Value {
        let household = self.board.get(record(1)).expect("the household");
        household.fields.get(&field).cloned().unwrap_or(Value::Null)
    }

    fn conflict(&self, outcome: &Outcome) -> &Record {
        let Outcome::Conflict { conflicts, .. } = outcome else { panic!("{outcome:?}") };
        self.board.get(conflicts[0]).expect("the conflict is a record")
    }
}

fn applied(n: u64) -> Outcome {
    Outcome::Applied { version: Version { epoch: EPOCH, n } }
}

fn merged(n: u64) -> Outcome {
    Outcome::Merged { version: Version { epoch: EPOCH, n } }
}

fn set(field: u32, value: impl Into<Value>) -> Change {
    Change::Patch { fields: Fields::from([(field, value.into())]) }
}

fn loser_of(conflict: &Record, field: u32) -> Option<&Value> {
    conflict.fields[&conflict::field::LOSER].get("values")?.get(&field.to_string())
}

#[test]
fn edits_of_different_groups_both_stand() {
    let mut village = Village::new().with_household();
    assert_eq!(village.edit(2, Some(1), 10, set(ADDRESS, "二组")), applied(2));
    assert_eq!(village.edit(3, Some(1), 11, set(INCOME, 200)), merged(3));
    assert_eq!((village.value(ADDRESS), village.value(INCOME)), ("二组".into(), 200.into()));
}

#[test]
fn the_later_edit_of_a_descriptive_value_stands_and_the_other_is_kept() {
    let mut village = Village::new().with_household();
    village.edit(2, Some(1), 50, set(ADDRESS, "二组"));
    let late = village.edit(3, Some(1), 40, set(ADDRESS, "三组"));
    assert_eq!(village.value(ADDRESS), "二组".into());
    assert_eq!(loser_of(village.conflict(&late), ADDRESS), Some(&"三组".into()));
    let later = village.edit(4, Some(1), 60, set(ADDRESS, "四组"));
    assert_eq!(village.value(ADDRESS), "四组".into());
    assert_eq!(loser_of(village.conflict(&later), ADDRESS), Some(&"二组".into()));
}

#[test]
fn a_clock_ahead_wins_no_more_than_one_that_is_right() {
    let mut village = Village::new().with_household();
    village.edit(2, Some(1), 1_000, set(ADDRESS, "二组"));
    let outcome = village.edit(3, Some(1), i64::MAX, set(ADDRESS, "三组"));
    assert_eq!(village.value(ADDRESS), "二组".into());
    assert_eq!(loser_of(village.conflict(&outcome), ADDRESS), Some(&"三组".into()));
}

#[test]
fn the_servers_value_of_an_eligibility_stands_and_the_incoming_one_is_a_proposal() {
    let mut village = Village::new().with_household();
    village.edit(2, Some(1), 10, set(KIND, "low_income"));
    let outcome = village.edit(3, Some(1), 900, set(KIND, "general"));
    // What was one becomes a set of one.
    let only = |kind: &str| -> Value { [Value::from(kind)].into_iter().collect() };
    assert_eq!(village.value(KIND), only("low_income"));
    assert_eq!(loser_of(village.conflict(&outcome), KIND), Some(&only("general")));
    // The same, said as a set, is no other value.
    let same = village.edit(4, Some(1), 950, set(KIND, only("low_income")));
    assert_eq!(village.value(KIND), only("low_income"));
    assert!(matches!(same, Outcome::Applied { .. } | Outcome::Merged { .. }), "{same:?}");
}

#[test]
fn the_same_value_twice_is_no_conflict() {
    let mut village = Village::new().with_household();
    village.edit(2, Some(1), 10, set(ADDRESS, "二组"));
    assert_eq!(village.edit(3, Some(1), 11, set(ADDRESS, "二组")), merged(2));
}

#[test]
fn who_says_again_what_stands_changes_nothing_and_loses_nothing() {
    let mut village = Village::new().with_household();
    assert_eq!(village.edit(2, Some(1), 10, set(ADDRESS, "一组")), applied(1));
    // The other had seen that value, and changed it: nothing unseen is overwritten.
    assert_eq!(village.edit(3, Some(1), 11, set(ADDRESS, "二组")), applied(2));
    let late = village.edit(4, Some(1), 12, set(ADDRESS, "一组"));
    assert_eq!(loser_of(village.conflict(&late), ADDRESS), Some(&"二组".into()));
}

#[test]
fn a_tablets_own_edits_follow_each_other() {
    let mut village = Village::new().with_household();
    village.edit(2, Some(1), 10, set(ADDRESS, "二组"));
    assert_eq!(village.edit(2, Some(1), 11, set(ADDRESS, "三组")), applied(3));
    assert_eq!(village.value(ADDRESS), "三组".into());
}

#[test]
fn a_base_from_another_branch_of_backups_has_seen_nothing() {
    let mut village = Village::new().with_household();
    let mut op = village.op("household", None, set(ADDRESS, "二组"), 10);
    op.base = Some(Version { epoch: Epoch(99), n: 100 });
    let outcome = village.push(2, &[op]).remove(0);
    assert_eq!(loser_of(village.conflict(&outcome), ADDRESS), Some(&"一组".into()));
}

#[test]
fn an_element_added_meanwhile_survives_a_removal() {
    let mut village = Village::new().with_household();
    let water = |add: bool| {
        let (field, element) = (GUARANTEES, "water".into());
        if add { Change::Add { field, element } } else { Change::Remove { field, element } }
    };
    assert_eq!(village.edit(2, Some(1), 10, water(true)), applied(2));
    assert_eq!(village.edit(3, Some(1), 11, water(false)), merged(2));
    assert_eq!(village.value(GUARANTEES), Value::List(vec!["food".into(), "water".into()]));
    assert_eq!(village.edit(3, Some(2), 12, water(false)), applied(3));
    assert_eq!(village.value(GUARANTEES), Value::List(vec!["food".into()]));
}

#[test]
fn counts_add_up_and_notes_pile_up() {
    let mut village = Village::new().with_household();
    let delta = |by| Change::Delta { field: PERSONS, by };
    village.edit(2, Some(1), 10, delta(2));
    village.edit(3, Some(1), 11, delta(-1));
    assert_eq!(village.value(PERSONS), 4.into());
    let overflow = village.edit(3, Some(1), 11, delta(i64::MAX));
    assert_eq!(overflow, Outcome::Parked { reason: ParkReason::Schema });
    for tablet in [2, 3] {
        let note = Change::Add { field: NOTES, element: "来访".into() };
        village.edit(tablet, Some(1), 12, note);
    }
    assert_eq!(village.value(NOTES).as_list().map(<[_]>::len), Some(2));
}

#[test]
fn an_approved_visit_waits_and_a_status_moves_only_from_where_it_is() {
    let mut village = Village::new();
    let visit = |village: &mut Village, tablet, base, change| {
        let op = village.op("visit", base, change, 10);
        village.push(tablet, &[op]).remove(0)
    };
    let fields = Fields::from([(9, "submitted".into()), (10, "月访".into())]);
    visit(&mut village, 1, None, Change::Create { fields });
    let step =
        |from: &str, to: &str| Change::Transition { field: 9, from: from.into(), to: to.into() };
    assert_eq!(visit(&mut village, 2, Some(1), step("submitted", "in_review")), applied(2));
    let late = visit(&mut village, 3, Some(1), step("submitted", "in_review"));
    assert_eq!(late, merged(2), "where it was to go, it is");
    let wrong = visit(&mut village, 3, Some(2), step("returned", "resubmitted"));
    assert_eq!(loser_of(village.conflict(&wrong), 9), Some(&"resubmitted".into()));
    visit(&mut village, 2, Some(2), step("in_review", "approved"));
    let amendment = visit(&mut village, 1, Some(3), set(10, "季访"));
    assert_eq!(amendment, Outcome::Parked { reason: ParkReason::Locked });
    // A move that does not exist: nothing moves, and nobody's word is lost.
    let skip = visit(&mut village, 1, Some(3), step("approved", "submitted"));
    assert_eq!(loser_of(village.conflict(&skip), 9), Some(&"submitted".into()));
    assert_eq!(village.value(9), "approved".into());
    let unheard_of = visit(&mut village, 1, Some(3), step("approved", "archived"));
    assert_eq!(unheard_of, Outcome::Parked { reason: ParkReason::Schema });
}

#[test]
fn a_status_begins_where_there_was_none() {
    let mut village = Village::new();
    let visit = |village: &mut Village, base, change| {
        let op = village.op("visit", base, change, 10);
        village.push(1, &[op]).remove(0)
    };
    let step =
        |from: &str, to: &str| Change::Transition { field: 9, from: from.into(), to: to.into() };
    visit(&mut village, None, Change::Create { fields: Fields::from([(10, "月访".into())]) });
    let seen = visit(&mut village, Some(1), step("returned", "resubmitted"));
    assert!(matches!(seen, Outcome::Conflict { .. }), "{seen:?}: it had none");
    assert_eq!(visit(&mut village, Some(1), step("", "submitted")), applied(2));
    // As tablets wrote it until 2026-11.
    let other = visit(&mut village, Some(1), set(9, "returned"));
    assert_eq!(loser_of(village.conflict(&other), 9), Some(&"returned".into()));
    assert_eq!(visit(&mut village, Some(2), set(9, "submitted")), applied(2));
}

#[test]
fn a_record_that_is_made_twice_is_both() {
    let mut village = Village::new().with_household();
    let fields = Fields::from([
        (ADDRESS, Value::Null),
        (GUARANTEES, Value::List(vec!["water".into()])),
        (NOTES, Value::List(vec!["来访".into()])),
        (PERSONS, 5.into()),
    ]);
    let outcome = village.edit(2, None, 10, Change::Create { fields });
    assert_eq!(loser_of(village.conflict(&outcome), PERSONS), Some(&5.into()));
    let guarantees = Value::List(vec!["food".into(), "water".into()]);
    assert_eq!(
        (village.value(ADDRESS), village.value(GUARANTEES)),
        ("一组".into(), guarantees),
        "what one of them does not say is not taken back"
    );
    assert_eq!(village.value(NOTES).as_list().map(<[_]>::len), Some(1));
}

#[test]
fn a_value_that_fits_nowhere_waits_for_a_person() {
    let mut village = Village::new().with_household();
    let waits = Outcome::Parked { reason: ParkReason::Schema };
    let long: String = "长".repeat(10_000);
    assert_eq!(village.edit(2, Some(1), 10, set(ADDRESS, long.as_str())), waits);
    assert_eq!(village.edit(2, Some(1), 10, set(INCOME, Value::Number(1.5))), waits);
    assert_eq!(village.edit(2, Some(1), 10, set(PERSONS, 3)), waits, "a count is no value");
    let nul = village.edit(2, Some(1), 10, set(ADDRESS, "a\0b"));
    assert_eq!(nul, Outcome::Rejected { reason: RejectReason::Value });
}

/// A visit with what its form says of a household, in one group, as tablets of yesterday send it.
fn of_yesterday(village: &Village, about: Vec<Op>) -> Vec<Op> {
    let fields = Fields::from([(9, "submitted".into()), (10, "月访".into())]);
    let visit =
        Op { record: record(2), ..village.op("visit", None, Change::Create { fields }, 10) };
    let mut ops = vec![visit];
    ops.extend(about);
    let group = Some(Group { id: GroupId(Uuid::from_u128(6)), size: ops.len() as u16 });
    for op in &mut ops {
        op.group = group;
    }
    ops
}

#[test]
fn a_visit_is_never_kept_back_by_what_it_says_of_other_records() {
    let parked = |reason| Outcome::Parked { reason };
    let mut village = Village::new().with_household();
    village.edit(1, Some(1), 10, Change::Delete);
    let edits = [set(ADDRESS, "二组"), Change::Delta { field: PERSONS, by: 1 }];
    let edits = edits.map(|change| village.op("household", Some(1), change, 10));
    let ops = of_yesterday(&village, edits.to_vec());
    let deleted = || parked(ParkReason::Deleted);
    assert_eq!(village.push(2, &ops), [applied(1), deleted(), deleted()]);
    assert!(village.board.get(record(2)).is_some(), "the visit is there");

    let mut village = Village::new().with_household();
    let edits = [set(ADDRESS, "二组"), set(99, "?")];
    let edits = edits.map(|change| village.op("household", Some(1), change, 10));
    let ops = of_yesterday(&village, edits.to_vec());
    let schema = || parked(ParkReason::Schema);
    assert_eq!(village.push(2, &ops), [applied(1), schema(), schema()]);
    assert_eq!(village.value(ADDRESS), "一组".into(), "of one record all or none");
}

#[test]
fn a_deleted_record_never_comes_back() {
    let mut village = Village::new().with_household();
    assert_eq!(village.edit(1, Some(1), 10, Change::Delete), applied(2));
    let late = village.edit(2, Some(1), 20, set(ADDRESS, "二组"));
    assert_eq!(late, Outcome::Parked { reason: ParkReason::Deleted });
    let again = village.edit(2, None, 20, Change::Create { fields: Fields::new() });
    assert_eq!(again, Outcome::Parked { reason: ParkReason::Deleted });
}

#[test]
fn what_was_written_meanwhile_is_not_deleted_unseen() {
    let mut village = Village::new().with_household();
    village.edit(2, Some(1), 10, set(ADDRESS, "二组"));
    let outcome = village.edit(3, Some(1), 20, Change::Delete);
    assert!(!village.board.get(record(1)).expect("still there").deleted);
    let conflict = village.conflict(&outcome);
    let deleted =
        conflict.fields[&conflict::field::LOSER].get("values").and_then(|v| v.get("deleted"));
    assert_eq!(deleted, Some(&Value::Bool(true)));
}

#[test]
fn a_signed_notification_never_changes() {
    let mut village = Village::new();
    let sign = |village: &Village, text: &str| {
        let fields = Fields::from([(3, text.into())]);
        village.op("notice", None, Change::Sign { fields }, 10)
    };
    let (first, other) = (sign(&village, "甲"), sign(&village, "乙"));
    assert_eq!(village.push(1, std::slice::from_ref(&first)), [applied(1)]);
    assert_eq!(village.push(2, &[first]), [applied(1)]);
    let immutable = Outcome::Rejected { reason: RejectReason::Immutable };
    assert_eq!(village.push(1, &[other]).remove(0), immutable);
    for change in [set(10, "改"), Change::Delete] {
        let op = village.op("notice", Some(1), change, 20);
        assert_eq!(village.push(1, &[op]).remove(0), immutable);
    }
}

#[test]
fn a_group_is_applied_whole_or_not_at_all() {
    let mut village = Village::new().with_household();
    let group = Some(Group { id: GroupId(Uuid::from_u128(5)), size: 2 });
    let mut good = village.op("household", Some(1), set(ADDRESS, "二组"), 10);
    let mut bad = village.op("household", Some(1), set(99, "?"), 10);
    (good.group, bad.group) = (group, group);
    let outcomes = village.push(1, &[good.clone(), bad]);
    assert_eq!(outcomes, vec![Outcome::Parked { reason: ParkReason::Schema }; 2]);
    assert_eq!(village.value(ADDRESS), "一组".into());
    let half = village.push(1, &[good]);
    assert_eq!(half, [Outcome::Rejected { reason: RejectReason::Group }]);
    assert_eq!(village.board.happenings().len(), 1, "only the creation happened");
}

#[test]
fn nothing_outside_the_scopes_is_touched() {
    let mut village = Village::new().with_household();
    village.scopes = BTreeSet::from([scope("west")]);
    let parked = Outcome::Parked { reason: ParkReason::Scope };
    assert_eq!(village.edit(2, Some(1), 10, set(ADDRESS, "二组")), parked);
    village.scopes.insert(scope("east"));
    let away = village.edit(2, Some(1), 10, Change::Move { to: scope("north") });
    assert_eq!(away, parked);
    assert_eq!(village.edit(2, Some(1), 10, Change::Move { to: scope("west") }), applied(2));
    assert_eq!(village.board.get(record(1)).expect("moved").scope, scope("west"));
}

#[test]
fn a_conflict_is_settled_once_and_by_an_operation() {
    let mut village = Village::new().with_household();
    village.edit(2, Some(1), 50, set(ADDRESS, "二组"));
    let outcome = village.edit(3, Some(1), 40, set(ADDRESS, "三组"));
    let conflict = village.conflict(&outcome).id;
    let resolve = |village: &Village, choice| {
        let change = Change::Resolve { choice, reason: "问过户主".into() };
        Op { record: conflict, ..village.op("conflict", Some(1), change, 60) }
    };
    let swap = resolve(&village, Resolution::Swap);
    assert_eq!(village.push(3, &[swap]), [applied(2)]);
    assert_eq!(village.value(ADDRESS), "三组".into());
    let keep = resolve(&village, Resolution::Keep);
    assert_eq!(village.push(2, &[keep]), [Outcome::Parked { reason: ParkReason::Locked }]);
}

#[test]
fn settling_a_conflict_overwrites_nothing_written_since() {
    let mut village = Village::new().with_household();
    village.edit(2, Some(1), 50, set(ADDRESS, "二组"));
    let outcome = village.edit(3, Some(1), 40, set(ADDRESS, "三组"));
    let conflict = village.conflict(&outcome).id;
    village.edit(4, Some(2), 55, set(ADDRESS, "四组"));
    let change = Change::Resolve { choice: Resolution::Swap, reason: String::new() };
    let swap = Op { record: conflict, ..village.op("conflict", Some(1), change, 60) };
    let outcome = village.push(3, &[swap]).remove(0);
    assert_eq!(village.value(ADDRESS), "四组".into());
    assert_eq!(loser_of(village.conflict(&outcome), ADDRESS), Some(&"三组".into()));
}

#[test]
fn a_base_that_never_was_has_seen_nothing() {
    let mut village = Village::new().with_household();
    assert_eq!(village.edit(1, Some(1), 2, set(ADDRESS, "二组")), applied(2));
    let outcome = village.edit(2, Some(9), 3, set(ADDRESS, "三组"));
    assert!(matches!(outcome, Outcome::Conflict { .. }), "{outcome:?}");
}
