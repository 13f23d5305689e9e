//! Operations that waited for a record are tried again when it has arrived.
//!
//! A tablet may bring what is about a record before another brings the record. Such an operation is
//! parked (`unknown`); the push that brings the record asks for it to be tried again, in its own
//! transaction, and so does the push that is parked, since the two may pass each other unseen.

use std::collections::BTreeSet;

use diesel::prelude::*;
use mobile_schema::register::Capacity;
use sync_protocol::{DeviceId, Outcome, RecordId, ScopeId, UserId};
use uuid::Uuid;

use super::console::{Person, act};
use super::held::{self, together};
use super::push::Behalf;
use crate::app::App;
use crate::checks::{self, CHECKER};
use crate::db::schema::quarantine;
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, Failed};
use crate::devices;
use crate::http::{Kind, Problem};
use crate::jobs::{self, JobKind};
use crate::records;

/// Operations that are looked at in one transaction.
const AT_ONCE: i64 = 200;

/// Records that operations may have waited for.
pub(super) struct Arrivals {
    /// Those that are new.
    pub(super) new: Vec<RecordId>,
    /// Those that some operations wait for from now on.
    pub(super) awaited: BTreeSet<RecordId>,
}

/// Asks for what waited for these to be tried again.
pub(super) fn ask(
    connection: &mut AnyConnection,
    Arrivals { new, mut awaited }: Arrivals,
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
        awaited.extend(found.into_iter().flatten().map(RecordId::from));
    }
    awaited
        .iter()
        .try_for_each(|record| jobs::ask(connection, JobKind::Arrived, &record.to_string(), now))
}

/// Notes what those wait for that were parked before it was noted, and has them tried again.
///
/// # Errors
/// Where the database can't be reached.
pub async fn note_awaited(app: &App) -> Result<(), Problem> {
    loop {
        let now = app.now();
        let noted = app.write(move |connection| note_some(connection, now)).await?;
        if noted == 0 {
            app.jobs.ring();
            return Ok(());
        }
    }
}

fn note_some(connection: &mut AnyConnection, now: Timestamp) -> QueryResult<usize> {
    let rows: Vec<(Key, i64)> = quarantine::table
        .filter(quarantine::settlement.is_null().and(quarantine::record.is_null()))
        .filter(quarantine::kind.eq("parked").and(quarantine::reason.eq("unknown")))
        .limit(AT_ONCE)
        .select((quarantine::incarnation, quarantine::seq))
        .load(connection)?;
    let mut noted = 0;
    for (incarnation, seq) in rows {
        // What is parked could be read once.
        let Some(op) = held::op_at(connection, incarnation, seq)? else { continue };
        noted += diesel::update(quarantine::table.find((incarnation, seq)))
            .set(quarantine::record.eq(Some(Key::from(op.record))))
            .execute(connection)?;
        jobs::ask(connection, JobKind::Arrived, &op.record.to_string(), now)?;
    }
    Ok(noted)
}

/// Tries again what waits for a record, if it is there now: each as if it came at this moment.
///
/// # Errors
/// Where the database can't be reached: it is tried later.
pub(crate) async fn try_again(app: &App, record: &str) -> Result<(), Problem> {
    let record: Uuid = record.parse().map_err(|_| Problem::new(&Kind::INTERNAL))?;
    let places: Vec<(Key, i64)> = app
        .read(move |connection| {
            quarantine::table
                .filter(quarantine::record.eq(Key(record)).and(quarantine::settlement.is_null()))
                .filter(quarantine::kind.eq("parked").and(quarantine::reason.eq("unknown")))
                .order((quarantine::received_at, quarantine::incarnation, quarantine::seq))
                .select((quarantine::incarnation, quarantine::seq))
                .load(connection)
        })
        .await?;
    for (incarnation, seq) in places {
        let (catalogue, lineage, now) = (app.definitions(), app.lineage.now(), app.now());
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
    let there = records::load_for_update(connection, &ids)?;
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
