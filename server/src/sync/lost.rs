//! Visits that had no effect: found, and taken in.
//!
//! Until November 2026 a visit came in one group with what its form said of other records, and
//! what one of those could not take kept the visit back. All of it is in quarantine, whole.

use std::collections::BTreeSet;

use diesel::prelude::*;
use mobile_schema::register::Capacity;
use sync_protocol::op::Change;
use sync_protocol::{RecordId, ScopeId, UserId};

use super::console::{Person, check_reason};
use super::held::{self, Waiting};
use super::settle::{self, Asked};
use crate::accounts;
use crate::app::App;
use crate::db::schema::{quarantine, records, users};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, Failed};
use crate::http::{Kind, Problem};
use crate::records as store;

/// Operations that are read at once.
const AT_ONCE: usize = 200;

/// A visit that somebody made and that is no record.
pub(crate) struct LostVisit {
    pub(crate) record: RecordId,
    pub(crate) scope: Option<String>,
    /// The name of whoever made it.
    pub(crate) by: String,
    pub(crate) received_at: Timestamp,
    /// `rejected(kind)`
    pub(crate) reason: String,
}

/// What became of one.
pub(crate) enum TakenIn {
    /// It is there, and so many of the changes that came with it took effect; others still wait.
    Visit { record: RecordId, others: usize, left: usize },
    /// It goes on waiting.
    Refused { record: RecordId, reason: String },
}

/// An operation that waits, where it stands.
struct Found {
    place: (Key, i64),
    unit: Option<Key>,
    lost: LostVisit,
}

/// Visits that were brought and are no records, the oldest first.
pub(crate) fn lost_visits(connection: &mut AnyConnection) -> QueryResult<Vec<LostVisit>> {
    Ok(find(connection)?.into_iter().map(|found| found.lost).collect())
}

fn find(connection: &mut AnyConnection) -> QueryResult<Vec<Found>> {
    type Row = ((Key, i64, Option<Key>), (Option<String>, String, String, Timestamp), String);
    let rows: Vec<Row> = quarantine::table
        .inner_join(users::table.on(users::id.eq(quarantine::pushed_by)))
        .filter(quarantine::settlement.is_null())
        .order((quarantine::received_at, quarantine::incarnation, quarantine::seq))
        .select((
            (quarantine::incarnation, quarantine::seq, quarantine::unit),
            (quarantine::scope, quarantine::kind, quarantine::reason, quarantine::received_at),
            users::display_name,
        ))
        .load(connection)?;
    let mut found: Vec<Found> = Vec::new();
    for rows in rows.chunks(AT_ONCE) {
        for ((incarnation, seq, unit), (scope, kind, reason, received_at), by) in rows {
            let Some(op) = held::op_at(connection, *incarnation, *seq)? else { continue };
            if op.collection != "visit" || !matches!(op.change, Change::Create { .. }) {
                continue;
            }
            // The same visit may have come more than once, by tablets that are copies.
            let is_known = found.iter().any(|known| known.lost.record == op.record);
            let there: i64 =
                records::table.find(Key::from(op.record)).count().get_result(connection)?;
            if there == 0 && !is_known {
                let lost = LostVisit {
                    record: op.record,
                    scope: scope.clone(),
                    by: by.clone(),
                    received_at: *received_at,
                    reason: format!("{kind}({reason})"),
                };
                found.push(Found { place: (*incarnation, *seq), unit: *unit, lost });
            }
        }
    }
    Ok(found)
}

/// Has the lost visits take effect, and what came with each as far as it can: each in a transaction
/// of its own, in the name of whoever made it, by the decision of somebody who signs in as `by`.
///
/// # Errors
/// Where nobody signs in so, no reason is given, or the database can't be reached.
pub(crate) async fn take_in_lost(
    app: &App,
    by: &str,
    reason: &str,
) -> Result<Vec<TakenIn>, Problem> {
    check_reason(reason)?;
    let login = by.to_owned();
    let user = app.read(move |connection| accounts::find_user(connection, &login)).await?;
    let nobody = || Problem::new(&Kind::NOT_FOUND).detail(format!("nobody signs in as {by}"));
    let (user, _) = user.ok_or_else(nobody)?;
    let found = app.read(find).await?;
    let mut taken = Vec::with_capacity(found.len());
    for Found { place, unit, lost } in found {
        let record = lost.record;
        match decide(app, user, place, reason).await? {
            Err(reason) => taken.push(TakenIn::Refused { record, reason }),
            Ok(()) => {
                let (mut others, mut left) = (0, 0);
                for place in beside(app, place.0, unit).await? {
                    match decide(app, user, place, reason).await? {
                        Ok(()) => others += 1,
                        Err(_) => left += 1,
                    }
                }
                taken.push(TakenIn::Visit { record, others, left });
            }
        }
    }
    Ok(taken)
}

/// One place of each set of operations that still waits and came in the same group.
async fn beside(
    app: &App,
    incarnation: Key,
    unit: Option<Key>,
) -> Result<Vec<(Key, i64)>, Problem> {
    let Some(unit) = unit else { return Ok(Vec::new()) };
    app.read(move |connection| {
        let seqs: Vec<i64> = quarantine::table
            .filter(quarantine::incarnation.eq(incarnation).and(quarantine::unit.eq(unit)))
            .filter(quarantine::settlement.is_null())
            .order(quarantine::seq)
            .select(quarantine::seq)
            .load(connection)?;
        let (mut seen, mut firsts) = (BTreeSet::new(), Vec::new());
        for seq in seqs {
            let record = held::op_at(connection, incarnation, seq)?.map(|op| op.record);
            if record.is_none_or(|record| seen.insert(record)) {
                firsts.push((incarnation, seq));
            }
        }
        Ok(firsts)
    })
    .await
}

/// Applies what waits at a place; gives why it can't be where it can't.
async fn decide(
    app: &App,
    user: UserId,
    (incarnation, seq): (Key, i64),
    reason: &str,
) -> Result<Result<(), String>, Problem> {
    let (catalogue, lineage, now) = (app.definitions(), app.lineage.clone(), app.now());
    let reason = reason.to_owned();
    let done: Result<(), Failed<Problem>> = app
        .database
        .write(move |connection| {
            let waiting = held::find(connection, incarnation, seq)?;
            // Somebody may have decided meanwhile.
            let Some(waiting) = waiting.filter(|one| !one.is_settled()) else { return Ok(()) };
            let scopes = &scopes_of(connection, &waiting)?;
            let (catalogue, lineage) = (&*catalogue, &lineage);
            let capacity = Capacity::Office;
            let person =
                Person { user, scopes, capacity, catalogue, lineage, now, on_behalf: None };
            let asked = Asked { scope: None, corrections: &[], reason: &reason };
            settle::apply(connection, &waiting, &person, &asked).map(|_| ())
        })
        .await;
    match done {
        Ok(()) => Ok(Ok(())),
        Err(Failed::Rule(problem)) => {
            Ok(Err(problem.member("reason").unwrap_or_else(|| problem.in_full())))
        }
        Err(failed) => Err(failed.into()),
    }
}

/// Where it is, and where it was to be: whoever is at the machine may decide about every village.
fn scopes_of(connection: &mut AnyConnection, waiting: &Waiting) -> QueryResult<BTreeSet<ScopeId>> {
    let ops = waiting.ops().unwrap_or_default();
    let ids: Vec<RecordId> = ops.iter().map(|(_, op)| op.record).collect();
    let there = store::load(connection, &ids)?;
    let meant = ops.into_iter().map(|(_, op)| op.scope);
    Ok(meant.chain(there.into_iter().map(|record| record.scope)).collect())
}
