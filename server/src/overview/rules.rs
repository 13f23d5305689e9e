//! What visits come to: a household is visited once it let somebody in.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::Timestamp;
use crate::http::period::Period;

/// What came of going to a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = VisitOutcome)]
pub(super) enum Outcome {
    /// It was visited; the form may not ask whether the household agrees.
    Visited,
    /// It said no, which costs it nothing.
    Declined,
    /// Nobody was at home.
    Absent,
    /// A reviewer did not accept the visit.
    Rejected,
}

impl Outcome {
    /// By what a visit holds as the household's consent, and its status.
    pub(super) fn of(consent: Option<&str>, status: Option<&str>) -> Self {
        match (consent, status) {
            (Some("declined"), _) => Self::Declined,
            (Some("absent"), _) => Self::Absent,
            (_, Some("rejected")) => Self::Rejected,
            _ => Self::Visited,
        }
    }
}

/// What a village comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) households: i64,
    /// Households that were visited in the period.
    pub(super) visited: i64,
    /// Households that somebody went to in the period, but did not visit.
    pub(super) to_revisit: i64,
    /// Of these, those that said no when somebody was there last.
    pub(super) declined: i64,
    /// Visits of the period: those that took place.
    pub(super) visits: i64,
    /// Visits of any time that wait for a reviewer.
    pub(super) waiting: i64,
    /// Visits of any time that wait for the cadre.
    pub(super) returned: i64,
    /// Open findings.
    pub(super) findings: i64,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        self.households += other.households;
        self.visited += other.visited;
        self.to_revisit += other.to_revisit;
        self.declined += other.declined;
        self.visits += other.visits;
        self.waiting += other.waiting;
        self.returned += other.returned;
        self.findings += other.findings;
    }
}

/// A visit, as it is counted.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) scope: String,
    pub(super) received: Timestamp,
    pub(super) outcome: Outcome,
    /// The household and where it lives, while it is there.
    pub(super) household: Option<(Uuid, String)>,
}

/// What visits come to by scope, and how many took place on each day of the period.
pub(super) fn count(
    seen: impl Iterator<Item = Seen>,
    period: Period,
) -> (BTreeMap<String, Tally>, Vec<i64>) {
    let mut days = vec![0; period.days().count()];
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    // By household: where it lives, when somebody was there last, and what came of it; once it is
    // visited, it stays so.
    let mut households: BTreeMap<Uuid, (String, Timestamp, Outcome)> = BTreeMap::new();
    for one in seen {
        if one.outcome == Outcome::Visited {
            tallies.entry(one.scope).or_default().visits += 1;
            if let Some(day) = period.day_of(one.received).and_then(|day| days.get_mut(day)) {
                *day += 1;
            }
        }
        let Some((household, home)) = one.household else { continue };
        let known = households.entry(household).or_insert((home, one.received, one.outcome));
        let is_visited = known.2 == Outcome::Visited;
        if one.outcome == Outcome::Visited || (!is_visited && one.received >= known.1) {
            (known.1, known.2) = (one.received, one.outcome);
        }
    }
    for (home, _, outcome) in households.into_values() {
        let tally = tallies.entry(home).or_default();
        match outcome {
            Outcome::Visited => tally.visited += 1,
            Outcome::Declined => {
                tally.to_revisit += 1;
                tally.declined += 1;
            }
            Outcome::Absent | Outcome::Rejected => tally.to_revisit += 1,
        }
    }
    (tallies, days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_is_visited_once_it_let_somebody_in() {
        let period = Period::read("2026-11-25", "2026-11-26").unwrap();
        let first = period.moments().0;
        let seen = |household: u128, hour: i64, outcome| Seen {
            scope: "area:1".into(),
            received: first.plus_seconds(hour * 3_600),
            outcome,
            household: (household > 0).then(|| (Uuid::from_u128(household), "area:1".into())),
        };
        let all = [
            // Nobody at home, then visited, then nobody at home.
            seen(1, 1, Outcome::Absent),
            seen(1, 2, Outcome::Visited),
            seen(1, 30, Outcome::Absent),
            // What was said last counts, in whatever order it is read.
            seen(2, 5, Outcome::Declined),
            seen(2, 4, Outcome::Absent),
            seen(3, 6, Outcome::Absent),
            // Of a household that is gone.
            seen(0, 40, Outcome::Visited),
        ];
        let (tallies, days) = count(all.into_iter(), period);
        let expected =
            Tally { visited: 1, to_revisit: 2, declined: 1, visits: 2, ..Tally::default() };
        assert_eq!(tallies, [("area:1".to_owned(), expected)].into());
        assert_eq!(days, [1, 1]);
    }

    #[test]
    fn what_was_not_asked_is_no_refusal() {
        assert_eq!(Outcome::of(None, None), Outcome::Visited);
        assert_eq!(Outcome::of(Some("given"), Some("approved")), Outcome::Visited);
        assert_eq!(Outcome::of(Some("absent"), Some("approved")), Outcome::Absent);
    }

    #[test]
    fn what_a_reviewer_did_not_accept_is_no_visit() {
        assert_eq!(Outcome::of(Some("given"), Some("rejected")), Outcome::Rejected);
        assert_eq!(Outcome::of(None, Some("rejected")), Outcome::Rejected);
    }
}
