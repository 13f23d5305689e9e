//! Counting visits, households and findings.

use std::collections::{BTreeMap, HashMap};

use diesel::dsl::{count_star, exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};
use uuid::Uuid;

use super::http::Unvisited;
use super::rules::{self, Outcome, Seen, Tally};
use crate::areas::{self, Area};
use crate::db::schema::records;
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, MultiBackend};
use crate::http::period::Period;

/// Records of a register that are there, in these scopes.
macro_rules! there {
    ($collection:expr, $scopes:expr) => {
        records::table
            .filter(records::collection.eq($collection).and(records::deleted.eq(false)))
            .filter(records::scope.eq_any($scopes))
    };
}

diesel::alias!(records as visits: Visits, records as homes: Homes);

/// What a household said to a visit (`records::visit::CONSENT`).
const CONSENT: &str = "(records.fields ->> '7')";

/// What each scope comes to, and how many visits each day of the period has. Costs as much as there
/// are households, and visits of the period, in them.
pub(super) fn tallies(
    connection: &mut AnyConnection,
    scopes: &[String],
    period: Period,
) -> QueryResult<(BTreeMap<String, Tally>, Vec<i64>)> {
    let (first, after) = period.moments();
    type Row = (String, Timestamp, Option<String>, Option<String>, Option<Key>, Option<String>);
    let rows: Vec<Row> = records::table
        // What was erased or merged may have left visits; they are visits of no household.
        .left_join(
            homes.on(homes
                .field(records::id)
                .nullable()
                .eq(records::subject)
                .and(homes.field(records::collection).eq("household"))
                .and(homes.field(records::deleted).eq(false))),
        )
        // A word and no parameter: the index of visits is found by it.
        .filter(sql::<Bool>("records.collection = 'visit'").and(records::deleted.eq(false)))
        .filter(records::scope.eq_any(scopes))
        .filter(records::created_at.ge(first).and(records::created_at.lt(after)))
        .select((
            records::scope,
            records::created_at,
            sql::<Nullable<Text>>(CONSENT),
            records::status,
            homes.field(records::id).nullable(),
            homes.field(records::scope).nullable(),
        ))
        .load(connection)?;
    let seen = rows.into_iter().map(|(scope, received, consent, status, household, home)| Seen {
        scope,
        received,
        outcome: Outcome::of(consent.as_deref(), status.as_deref()),
        household: household.map(|key| key.0).zip(home),
    });
    let (mut found, days) = rules::count(seen, period);
    // A household that lives where the caller does not look is none of theirs.
    found.retain(|scope, _| scopes.contains(scope));
    let households: Vec<(String, i64)> = there!("household", scopes)
        .group_by(records::scope)
        .select((records::scope, count_star()))
        .load(connection)?;
    for (scope, households) in households {
        found.entry(scope).or_default().households = households;
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
    Ok((found, days))
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

/// A page of the households that were not visited in the period: nobody was there, or at home, or
/// agreed to it, or a reviewer did not accept the visit.
pub(super) fn unvisited(
    connection: &mut AnyConnection,
    villages: &BTreeMap<String, Area>,
    period: Period,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Unvisited>> {
    let (first, after_it) = period.moments();
    let scopes: Vec<String> = villages.keys().cloned().collect();
    let of_it = visits.filter(visits.field(records::subject).eq(records::id.nullable()));
    let of_it = of_it
        .filter(visits.field(records::collection).eq("visit"))
        .filter(visits.field(records::deleted).eq(false))
        .filter(visits.field(records::scope).concat("").eq_any(&scopes))
        .filter(visits.field(records::created_at).ge(first))
        .filter(visits.field(records::created_at).lt(after_it))
        .filter(sql::<Bool>("coalesce(visits.fields ->> '7', '') NOT IN ('declined', 'absent')"))
        .filter(sql::<Bool>("coalesce(visits.status, '') <> 'rejected'"));
    let mut query = there!("household", &scopes)
        .filter(not(exists(of_it)))
        .order(records::id)
        .limit(limit)
        .select((records::id, records::title, records::scope))
        .into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(records::id.gt(Key(after)));
    }
    let rows: Vec<(Key, Option<String>, String)> = query.load(connection)?;
    let ids: Vec<Key> = rows.iter().map(|row| row.0).collect();
    let mut tried = tried(connection, &ids, &scopes, period)?;
    let line = |(id, title, scope): (Key, Option<String>, String)| {
        let village = villages.get(&scope)?;
        let (area, village) = (village.code.clone(), village.name.clone());
        Some(Unvisited { household: id.0, title, area, village, tried: tried.remove(&id) })
    };
    Ok(rows.into_iter().filter_map(line).collect())
}

/// What came of the last attempt of the period to visit each.
fn tried(
    connection: &mut AnyConnection,
    households: &[Key],
    scopes: &[String],
    period: Period,
) -> QueryResult<HashMap<Key, Outcome>> {
    type Row = (Option<Key>, Timestamp, Key, String, Option<String>, Option<String>);
    let mut rows: Vec<Row> = records::table
        .filter(records::subject.eq_any(households.to_vec()))
        .filter(records::collection.eq("visit").and(records::deleted.eq(false)))
        .select((
            records::subject,
            records::created_at,
            records::id,
            records::scope,
            sql::<Nullable<Text>>(CONSENT),
            records::status,
        ))
        .load(connection)?;
    rows.retain(|row| period.day_of(row.1).is_some() && scopes.contains(&row.3));
    rows.sort_unstable_by_key(|row| (row.1, row.2));
    let last = |(household, _, _, _, consent, status): Row| {
        Some((household?, Outcome::of(consent.as_deref(), status.as_deref())))
    };
    Ok(rows.into_iter().filter_map(last).collect())
}

/// The villages among areas by their scopes.
pub(super) fn villages(all: &[Area]) -> BTreeMap<String, Area> {
    let villages = all.iter().filter(|area| area.level == "village");
    villages.map(|area| (areas::scope_of(area), area.clone())).collect()
}
