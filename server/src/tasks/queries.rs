//! Tasks by the day they are due.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use serde::Serialize;
use sync_protocol::{RecordId, ScopeId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::TASKS;
use super::rules::State;
use crate::db::schema::records;
use crate::db::types::Key;
use crate::db::{AnyConnection, MultiBackend};

/// The expression of the index `records_by_due`.
const DUE: &str = "coalesce(due_on, '9999-12-31')";

/// Where a page starts: after a task that is due on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct After {
    pub(super) due: String,
    pub(super) id: Uuid,
}

/// The ids of a page of tasks, the most urgent first. `before`: only what was due by then.
pub(super) fn page(
    connection: &mut AnyConnection,
    scopes: &[String],
    state: State,
    before: Option<&str>,
    after: Option<&After>,
    limit: i64,
) -> QueryResult<Vec<After>> {
    let mut tasks = records::table
        .filter(records::collection.eq(TASKS).and(records::deleted.eq(false)))
        .filter(records::status.eq(state.name()))
        .filter(records::scope.eq_any(scopes.to_vec()))
        .order((sql::<Text>(DUE), records::id))
        .limit(limit)
        .select((sql::<Text>(DUE), records::id))
        .into_boxed::<MultiBackend>();
    if let Some(day) = before {
        tasks = tasks.filter(sql::<Bool>(&format!("{DUE} < ")).bind::<Text, _>(day.to_owned()));
    }
    if let Some(After { due, id }) = after {
        let later = sql::<Bool>(&format!("{DUE} > ")).bind::<Text, _>(due.clone());
        let same = sql::<Bool>(&format!("{DUE} = ")).bind::<Text, _>(due.clone());
        tasks = tasks.filter(later.or(same.and(records::id.gt(Key(*id)))));
    }
    let rows: Vec<(String, Key)> = tasks.load(connection)?;
    Ok(rows.into_iter().map(|(due, id)| After { due, id: id.0 }).collect())
}

/// How far the tasks of a village have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TaskTally)]
pub(super) struct Tally {
    pub(super) open: i64,
    /// Of the open ones, those that were due before today.
    pub(super) overdue: i64,
    pub(super) done: i64,
    pub(super) dropped: i64,
}

impl Tally {
    /// Adds another area's.
    pub(super) fn add(&mut self, other: &Self) {
        self.open += other.open;
        self.overdue += other.overdue;
        self.done += other.done;
        self.dropped += other.dropped;
    }
}

/// How far they have come, by scope.
pub(super) fn tallies(
    connection: &mut AnyConnection,
    scopes: &[String],
    today: &str,
) -> QueryResult<BTreeMap<String, Tally>> {
    let tasks = || {
        records::table
            .filter(records::collection.eq(TASKS).and(records::deleted.eq(false)))
            .filter(records::scope.eq_any(scopes))
    };
    let all: Vec<(String, Option<String>, i64)> = tasks()
        .group_by((records::scope, records::status))
        .select((records::scope, records::status, diesel::dsl::count_star()))
        .load(connection)?;
    let overdue: Vec<(String, i64)> = tasks()
        .filter(records::status.eq(State::Open.name()).and(records::due_on.lt(today)))
        .group_by(records::scope)
        .select((records::scope, diesel::dsl::count_star()))
        .load(connection)?;
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for (scope, status, count) in all {
        let tally = tallies.entry(scope).or_default();
        match status.as_deref() {
            Some("done") => tally.done += count,
            Some("dropped") => tally.dropped += count,
            _ => tally.open += count,
        }
    }
    for (scope, count) in overdue {
        tallies.entry(scope).or_default().overdue += count;
    }
    Ok(tallies)
}

/// The scopes of those households that are in these.
pub(super) fn scopes_of(
    connection: &mut AnyConnection,
    households: &[Uuid],
    scopes: &[String],
) -> QueryResult<Vec<(RecordId, ScopeId)>> {
    let rows: Vec<(Key, String)> = records::table
        .filter(records::id.eq_any(households.iter().copied().map(Key)))
        .filter(records::collection.eq("household").and(records::deleted.eq(false)))
        // Found by their ids, and not by an index of scopes.
        .filter(records::scope.concat("").eq_any(scopes))
        .order(records::id)
        .select((records::id, records::scope))
        .load(connection)?;
    let household = |(id, scope): (Key, String)| Some((id.into(), scope.parse().ok()?));
    Ok(rows.into_iter().filter_map(household).collect())
}

/// Those of these records that there are.
pub(super) fn known(
    connection: &mut AnyConnection,
    ids: &[RecordId],
) -> QueryResult<BTreeSet<RecordId>> {
    let rows: Vec<Key> = records::table
        .filter(records::id.eq_any(ids.iter().copied().map(Key::from)))
        .select(records::id)
        .load(connection)?;
    Ok(rows.into_iter().map(RecordId::from).collect())
}
