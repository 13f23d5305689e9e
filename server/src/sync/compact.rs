//! Forgetting: departures and deletions that every tablet has seen, or that are too old to wait
//! for. History, operations and conflicts stay.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::app::App;
use crate::db::schema::{evictions, records, scope_heads};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{AnyConnection, RowLocked};
use crate::http::Problem;
use crate::limits;

/// How many scopes are looked at in one transaction.
const SCOPES_AT_ONCE: usize = 50;

/// Forgets what is older than feeds tell of, a few scopes at a time.
pub async fn forget_old(app: &App) -> Result<(), Problem> {
    let before = app.now().plus_seconds(-limits::DEPARTURES_KEPT);
    for scopes in app.read(move |connection| stale_scopes(connection, before)).await? {
        app.write(move |connection| compact(connection, &scopes, before)).await?;
    }
    Ok(())
}

/// The scopes in which something is older than `before`.
pub fn stale_scopes(
    connection: &mut AnyConnection,
    before: Timestamp,
) -> QueryResult<Vec<Vec<String>>> {
    let left: Vec<String> = evictions::table
        .filter(evictions::left_at.lt(before))
        .select(evictions::scope)
        .distinct()
        .load(connection)?;
    let gone: Vec<String> = records::table
        .filter(records::deleted.eq(true).and(records::seq.gt(0)))
        .filter(records::updated_at.lt(before))
        .select(records::scope)
        .distinct()
        .load(connection)?;
    let scopes: BTreeSet<String> = left.into_iter().chain(gone).collect();
    let scopes: Vec<_> = scopes.into_iter().collect();
    Ok(scopes.chunks(SCOPES_AT_ONCE).map(<[_]>::to_vec).collect())
}

/// Forgets what is older than `before` in these scopes, and moves their horizons. Says how many
/// entries are gone from the feeds.
///
/// A deleted record keeps a bare row, which no feed tells of: an edit that comes late still finds
/// that it was deleted, and nothing brings it back.
pub fn compact(
    connection: &mut AnyConnection,
    scopes: &[String],
    before: Timestamp,
) -> QueryResult<usize> {
    let query = records::table
        .filter(records::scope.eq_any(scopes.to_vec()))
        .filter(records::deleted.eq(true).and(records::seq.gt(0)))
        .filter(records::updated_at.lt(before))
        .order(records::id)
        .select((records::id, records::scope, records::seq));
    let gone: Vec<(Key, String, i64)> = RowLocked(query).get_results(connection)?;
    let query = scope_heads::table
        .filter(scope_heads::scope.eq_any(scopes.to_vec()))
        .order(scope_heads::scope)
        .select((scope_heads::scope, scope_heads::horizon));
    let known: Vec<(String, i64)> = RowLocked(query).get_results(connection)?;
    let known: BTreeMap<String, i64> = known.into_iter().collect();
    let mut horizons = known.clone();
    let mut forgotten = gone.len();
    for (id, scope, seq) in gone {
        diesel::update(records::table.find(id))
            .set((records::seq.eq(-seq), records::fields.eq(JsonText("{}".to_owned()))))
            .execute(connection)?;
        let horizon = horizons.entry(scope).or_default();
        *horizon = seq.max(*horizon);
    }
    for scope in scopes {
        let old = || evictions::scope.eq(scope).and(evictions::left_at.lt(before));
        let last: Option<i64> = evictions::table
            .filter(old())
            .select(diesel::dsl::max(evictions::seq))
            .first(connection)?;
        if let Some(last) = last {
            forgotten += diesel::delete(evictions::table.filter(old())).execute(connection)?;
            let horizon = horizons.entry(scope.clone()).or_default();
            *horizon = last.max(*horizon);
        }
    }
    for (scope, horizon) in horizons {
        if known.get(&scope) != Some(&horizon) {
            diesel::update(scope_heads::table.find(scope))
                .set(scope_heads::horizon.eq(horizon))
                .execute(connection)?;
        }
    }
    Ok(forgotten)
}
