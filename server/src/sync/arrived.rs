//! Operations that waited for a record are tried again when it has arrived.
//!
//! A tablet may bring what is about a record before another brings the record. Such an operation is
//! parked (`unknown`); the push that brings the record asks for it to be tried again, in its own
//! transaction. The two may pass each other unseen, so what a push parks is looked at once more,
//! a while later and all of its chain together: however much waits, it is one job.

use std::collections::BTreeSet;

use diesel::dsl::exists;
use diesel::prelude::*;
use mobile_schema::register::Capacity;
use sync_protocol::{DeviceId, IncarnationId, Outcome, RecordId, ScopeId, UserId};
use uuid::Uuid;

use super::console::{Person, act};
use super::held::{self, together};
use super::push::Behalf;
use crate::app::App;
use crate::checks::{self, CHECKER};
use crate::db::schema::{quarantine, records};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, Failed};
use crate::devices;
use crate::http::{Kind, Problem};
use crate::jobs::{self, JobKind};
use crate::records as store;

/// Operations that are looked at in one transaction.
const AT_ONCE: i64 = 200;
/// Seconds after which a push that was under way has been stored, or never is.
const PASSING: i64 = 15;

/// Records that operations may have waited for.
pub(super) struct Arrivals {
    /// Those that are new.
    pub(super) new: Vec<RecordId>,
    /// The chains of which operations wait for records from now on.
    pub(super) waiting: BTreeSet<IncarnationId>,
}

/// Asks for what waited for these to be tried again.
pub(super) fn ask(
    connection: &mut AnyConnection,
    Arrivals { new, waiting }: Arrivals,
    now: Timestamp,
) -> QueryResult<()> {
    if !new.is_empty() {
        let new: Vec<Key> = new.into_iter().map(Key::from).collect();
        let found: Vec<Option<Key>> = quarantine::table
            .filter(quarantine::settlement.is_null())
            .filter(quarantine::record.eq_any(new))
            .filter(quarantine::kind.eq("parked").and(quarantine::reason.eq("unknown")))
            .select(quarantine::record)
            .distinct()
            .load(connection)?;
        for record in found.into_iter().flatten() {
            jobs::ask(connection, JobKind::Arrived, &record.0.to_string(), now)?;
        }
    }
    // By then whoever brings a record at this moment has stored it.
    let later = now.plus_seconds(PASSING);
    waiting
        .iter()
        .try_for_each(|chain| jobs::ask(connection, JobKind::Arrived, &chain.0.to_string(), later))
}

/// Notes what those wait for that were parked before it was noted, and has them tried again.
///
/// # Errors
/// Where the database can't be reached.
pub async fn note_awaited(app: &App) -> Result<(), Problem> {
    let mut after = Some((Key(Uuid::nil()), 0));
    while let Some(place) = after {
        let now = app.now();
        after = app.write(move |connection| note_some(connection, place, now)).await?;
    }
    app.jobs.ring();
    Ok(())
}

/// Notes some that stand behind a place; gives the last of them, if there were any.
fn note_some(
    connection: &mut AnyConnection,
    (chain, last): (Key, i64),
    now: Timestamp,
) -> QueryResult<Option<(Key, i64)>> {
    let is_behind = quarantine::incarnation
        .gt(chain)
        .or(quarantine::incarnation.eq(chain).and(quarantine::seq.gt(last)));
    let rows: Vec<(Key, i64)> = quarantine::table
        .filter(quarantine::settlement.is_null().and(quarantine::record.is_null()))
        .filter(quarantine::kind.eq("parked").and(quarantine::reason.eq("unknown")))
        .filter(is_behind)
        .order((quarantine::incarnation, quarantine::seq))
        .limit(AT_ONCE)
        .select((quarantine::incarnation, quarantine::seq))
        .load(connection)?;
    for (incarnation, seq) in &rows {
        // What is parked could be read once; what was erased since waits for nothing.
        let Some(op) = held::op_at(connection, *incarnation, *seq)? else { continue };
        diesel::update(quarantine::table.find((*incarnation, *seq)))
            .set(quarantine::record.eq(Some(Key::from(op.record))))
            .execute(connection)?;
        jobs::ask(connection, JobKind::Arrived, &op.record.to_string(), now)?;
    }
    Ok(rows.last().copied())
}

/// Tries again what waits for a record, or what a chain has waiting for records that are there now:
/// each as if it came at this moment.
///
/// # Errors
/// Where the database can't be reached: it is tried later.
pub(crate) async fn try_again(app: &App, record_or_chain: &str) -> Result<(), Problem> {
    let id: Uuid = record_or_chain.parse().map_err(|_| Problem::new(&Kind::INTERNAL))?;
    let places: Vec<(Key, i64)> = app
        .read(move |connection| {
            let there = records::table.filter(records::id.nullable().eq(quarantine::record));
            quarantine::table
                .filter(quarantine::settlement.is_null())
                .filter(quarantine::record.eq(Key(id)).or(quarantine::incarnation.eq(Key(id))))
                .filter(exists(there))
                .filter(quarantine::kind.eq("parked").and(quarantine::reason.eq("unknown")))
                .order((quarantine::received_at, quarantine::incarnation, quarantine::seq))
                .select((quarantine::incarnation, quarantine::seq))
                .load(connection)
        })
        .await?;
    for (incarnation, seq) in places {
        let (catalogue, lineage, now) = (app.definitions(), app.lineage.clone(), app.now());
        let tried: Result<Vec<ScopeId>, Failed<Refused>> = app
            .database
            .write(move |connection| {
                let person = Person {
                    user: CHECKER,
                    scopes: &BTreeSet::new(),
                    // As on the tablet that it waited for.
                    capacity: Capacity::Cadre,
                    catalogue: &catalogue,
                    lineage: &lineage,
                    now,
                    on_behalf: None,
                };
                attempt(connection, &person, incarnation, seq)
            })
            .await;
        match tried {
            Ok(touched) => {
                if !touched.is_empty() {
                    app.checks.ring();
                }
                app.live.announce(touched, None);
            }
            Err(Failed::Rule(Refused::Comes(outcome))) => {
                app.write(move |connection| note(connection, incarnation, seq, &outcome)).await?;
            }
            Err(failed) => {
                return Err(Problem::from(failed.map(|refused| match refused {
                    Refused::Problem(problem) => *problem,
                    Refused::Comes(_) => Problem::new(&Kind::INTERNAL),
                })));
            }
        }
    }
    Ok(())
}

/// Why the transaction ends without effect.
enum Refused {
    /// It comes to nothing again.
    Comes(Outcome),
    Problem(Box<Problem>),
}

/// Applies what waits at a place, as its author may now; gives where something changed.
fn attempt(
    connection: &mut AnyConnection,
    person: &Person<'_>,
    incarnation: Key,
    seq: i64,
) -> Result<Vec<ScopeId>, Failed<Refused>> {
    let Some(waiting) = held::find(connection, incarnation, seq)? else { return Ok(Vec::new()) };
    let (Some(ops), Some(device)) = (waiting.ops(), waiting.device) else { return Ok(Vec::new()) };
    if waiting.is_settled() || !waiting.waits_for_record() {
        return Ok(Vec::new());
    }
    let ids: Vec<RecordId> = ops.iter().map(|(_, op)| op.record).collect();
    let there = store::load_for_update(connection, &ids)?;
    if there.is_empty() {
        return Ok(Vec::new());
    }
    let (device, user) = (DeviceId(device.0), UserId(waiting.pushed_by.0));
    let found = devices::tablet(connection, device, user, person.now)?;
    let scopes = found.map(|(_, scopes)| scopes).unwrap_or_default();
    checks::introduce(connection, person.now)?;
    let on_behalf = Some(Behalf { place: waiting.place(), amends: false });
    let person = Person { scopes: &scopes, on_behalf, ..*person };
    let ops = together(ops.into_iter().map(|(_, op)| op));
    let outcomes = act(connection, &person, &ops)
        .map_err(|failed| failed.map(|problem| Refused::Problem(Box::new(problem))))?;
    if let Some(refused) = outcomes.iter().find(|outcome| outcome.version().is_none()) {
        return Err(Failed::Rule(Refused::Comes(refused.clone())));
    }
    waiting.settle(connection, "applied", (CHECKER.into(), None), person.now)?;
    Ok(there.into_iter().map(|record| record.scope).collect())
}

/// The record is there now, and something else keeps it back.
fn note(
    connection: &mut AnyConnection,
    incarnation: Key,
    seq: i64,
    outcome: &Outcome,
) -> QueryResult<()> {
    let reason = match outcome {
        Outcome::Parked { reason } => reason.name(),
        Outcome::Rejected { reason } => reason.name(),
        _ => return Ok(()),
    };
    match held::find(connection, incarnation, seq)? {
        Some(waiting) => waiting.waits_for(connection, (outcome.name(), reason)),
        None => Ok(()),
    }
}
