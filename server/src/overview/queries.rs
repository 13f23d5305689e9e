//! Counting visits, households and findings.

use std::collections::BTreeMap;

use diesel::dsl::{count, count_star, exists, not};
use diesel::prelude::*;
use uuid::Uuid;

use super::http::Unvisited;
use crate::areas::{self, Area};
use crate::db::schema::records;
use crate::db::types::Key;
use crate::db::{AnyConnection, MultiBackend};
use crate::http::period::Period;

/// What a village comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) households: i64,
    /// Households that were visited in the period.
    pub(super) visited: i64,
    /// Visits of the period.
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
        self.visits += other.visits;
        self.waiting += other.waiting;
        self.returned += other.returned;
        self.findings += other.findings;
    }
}

/// Records of a register that are there, in these scopes.
macro_rules! there {
    ($collection:expr, $scopes:expr) => {
        records::table
            .filter(records::collection.eq($collection).and(records::deleted.eq(false)))
            .filter(records::scope.eq_any($scopes))
    };
}

/// Records whose id is of a period.
macro_rules! made_in {
    ($period:expr) => {
        records::id.ge(Key($period.ids().0)).and(records::id.lt(Key($period.ids().1)))
    };
}

/// What each scope comes to. Costs as much as there are households and visits in them.
pub(super) fn tallies(
    connection: &mut AnyConnection,
    scopes: &[String],
    period: Period,
) -> QueryResult<BTreeMap<String, Tally>> {
    let mut found: BTreeMap<String, Tally> = BTreeMap::new();
    let households: Vec<(String, i64)> = there!("household", scopes)
        .group_by(records::scope)
        .select((records::scope, count_star()))
        .load(connection)?;
    for (scope, households) in households {
        found.entry(scope).or_default().households = households;
    }
    let visited: Vec<(String, i64, i64)> = there!("visit", scopes)
        .filter(made_in!(period))
        .group_by(records::scope)
        .select((records::scope, count(records::subject).aggregate_distinct(), count_star()))
        .load(connection)?;
    for (scope, visited, visits) in visited {
        let tally = found.entry(scope).or_default();
        // A household that was erased or merged may have left visits.
        tally.visited = visited.min(tally.households);
        tally.visits = visits;
    }
    let standing: Vec<(String, Option<String>, i64)> = there!("visit", scopes)
        .filter(records::status.eq_any(["submitted", "resubmitted", "in_review", "returned"]))
        .group_by((records::scope, records::status))
        .select((records::scope, records::status, count_star()))
        .load(connection)?;
    for (scope, status, count) in standing {
        let tally = found.entry(scope).or_default();
        match status.as_deref() {
            Some("returned") => tally.returned += count,
            _ => tally.waiting += count,
        }
    }
    let open: Vec<(String, i64)> = there!("finding", scopes)
        .filter(records::status.eq("open"))
        .group_by(records::scope)
        .select((records::scope, count_star()))
        .load(connection)?;
    for (scope, findings) in open {
        found.entry(scope).or_default().findings = findings;
    }
    Ok(found)
}

/// How many visits each day of the period has.
pub(super) fn by_day(
    connection: &mut AnyConnection,
    scopes: &[String],
    period: Period,
) -> QueryResult<Vec<i64>> {
    let count =
        |day: Period| there!("visit", scopes).filter(made_in!(day)).count().get_result(connection);
    period.days().map(count).collect()
}

/// Open findings by their rule.
pub(super) fn open_by_rule(
    connection: &mut AnyConnection,
    scopes: &[String],
) -> QueryResult<Vec<(String, i64)>> {
    let rows: Vec<(Option<String>, i64)> = there!("finding", scopes)
        .filter(records::status.eq("open"))
        .group_by(records::title)
        .select((records::title, count_star()))
        .order(records::title)
        .load(connection)?;
    Ok(rows.into_iter().map(|(rule, count)| (rule.unwrap_or_default(), count)).collect())
}

/// A page of the households that were not visited in the period.
pub(super) fn unvisited(
    connection: &mut AnyConnection,
    villages: &BTreeMap<String, Area>,
    period: Period,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Unvisited>> {
    diesel::alias!(records as visits: Visits);
    let (first, after_it) = period.ids();
    let scopes: Vec<String> = villages.keys().cloned().collect();
    let of_it = visits.filter(visits.field(records::subject).eq(records::id.nullable()));
    let of_it = of_it
        .filter(visits.field(records::collection).eq("visit"))
        .filter(visits.field(records::deleted).eq(false))
        .filter(visits.field(records::id).ge(Key(first)))
        .filter(visits.field(records::id).lt(Key(after_it)));
    let mut query = there!("household", scopes)
        .filter(not(exists(of_it)))
        .order(records::id)
        .limit(limit)
        .select((records::id, records::title, records::scope))
        .into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(records::id.gt(Key(after)));
    }
    let rows: Vec<(Key, Option<String>, String)> = query.load(connection)?;
    let line = |(id, title, scope): (Key, Option<String>, String)| {
        let village = villages.get(&scope)?;
        let (area, village) = (village.code.clone(), village.name.clone());
        Some(Unvisited { household: id.0, title, area, village })
    };
    Ok(rows.into_iter().filter_map(line).collect())
}

/// The villages among areas by their scopes.
pub(super) fn villages(all: &[Area]) -> BTreeMap<String, Area> {
    let villages = all.iter().filter(|area| area.level == "village");
    villages.map(|area| (areas::scope_of(area), area.clone())).collect()
}
