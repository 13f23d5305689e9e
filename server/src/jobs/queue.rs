//! Jobs in the database.

use std::time::Duration;

use diesel::prelude::*;
use uuid::Uuid;

use super::JobKind;
use crate::db::schema::jobs;
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, SkipLocked};

/// How long whoever takes a job may hold it.
pub(super) const LEASE: Duration = Duration::from_secs(300);
/// After so many attempts, a job waits for a person.
pub(super) const MOST_ATTEMPTS: i64 = 6;
/// The first wait before another attempt, seconds; each is four times the one before.
const FIRST_WAIT: i64 = 30;

/// A job that was taken.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) id: Uuid,
    pub(super) kind: JobKind,
    pub(super) key: String,
    holder: Uuid,
    attempts: i64,
}

/// Asks for work. What is asked for already is not done twice, and is due at once.
pub(crate) fn ask(
    connection: &mut AnyConnection,
    kind: JobKind,
    key: &str,
    now: Timestamp,
) -> QueryResult<()> {
    let there =
        diesel::update(jobs::table.filter(jobs::kind.eq(kind.name()).and(jobs::key.eq(key))))
            .set((
                jobs::run_at.eq(now),
                jobs::attempts.eq(0),
                jobs::holder.eq(None::<Key>),
                jobs::dead_at.eq(None::<Timestamp>),
            ))
            .execute(connection)?;
    if there == 0 {
        diesel::insert_into(jobs::table)
            .values((
                jobs::id.eq(Key(Uuid::now_v7())),
                jobs::kind.eq(kind.name()),
                jobs::key.eq(key),
                jobs::run_at.eq(now),
                jobs::attempts.eq(0),
                jobs::created_at.eq(now),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// The work can't be done any more: what it is about is gone.
pub(crate) fn withdraw(
    connection: &mut AnyConnection,
    kind: JobKind,
    key: &str,
) -> QueryResult<()> {
    let asked = jobs::table.filter(jobs::kind.eq(kind.name()).and(jobs::key.eq(key)));
    diesel::delete(asked).execute(connection).map(drop)
}

/// Whether work is asked for, or waits for a person after it failed.
pub(crate) fn is_asked(
    connection: &mut AnyConnection,
    kind: JobKind,
    key: &str,
) -> QueryResult<bool> {
    let there: i64 = jobs::table
        .filter(jobs::kind.eq(kind.name()).and(jobs::key.eq(key)))
        .count()
        .get_result(connection)?;
    Ok(there > 0)
}

/// Why a job failed last, if it did.
pub(crate) fn error_of(
    connection: &mut AnyConnection,
    kind: JobKind,
    key: &str,
) -> QueryResult<Option<String>> {
    let error: Option<Option<String>> = jobs::table
        .filter(jobs::kind.eq(kind.name()).and(jobs::key.eq(key)))
        .select(jobs::error)
        .first(connection)
        .optional()?;
    Ok(error.flatten())
}

/// Takes a job that is due, so that nobody else does. An attempt is counted before it is made: a
/// job that kills its worker is not tried for ever.
pub(super) fn take(connection: &mut AnyConnection, now: Timestamp) -> QueryResult<Option<Taken>> {
    loop {
        let due = jobs::table
            .filter(jobs::dead_at.is_null().and(jobs::run_at.le(now)))
            .order((jobs::run_at, jobs::id))
            .limit(1)
            .select((jobs::id, jobs::kind, jobs::key, jobs::attempts));
        let found: Option<(Key, String, String, i64)> =
            SkipLocked(due).get_result(connection).optional()?;
        let Some((id, kind, key, attempts)) = found else { return Ok(None) };
        let kind = JobKind::named(&kind);
        if attempts >= MOST_ATTEMPTS || kind.is_none() {
            let error = match kind {
                Some(_) => "its worker did not come back",
                None => "this program knows no such work",
            };
            diesel::update(jobs::table.find(id))
                .set((jobs::dead_at.eq(now), jobs::error.eq(error)))
                .execute(connection)?;
            continue;
        }
        let Some(kind) = kind else { continue };
        let holder = Uuid::now_v7();
        let lease = i64::try_from(LEASE.as_secs()).unwrap_or(i64::MAX);
        diesel::update(jobs::table.find(id))
            .set((
                jobs::holder.eq(Key(holder)),
                jobs::attempts.eq(attempts + 1),
                jobs::run_at.eq(now.plus_seconds(lease)),
            ))
            .execute(connection)?;
        return Ok(Some(Taken { id: id.0, kind, key, holder, attempts: attempts + 1 }));
    }
}

/// It is done, unless it was asked for again or taken by somebody else meanwhile.
pub(super) fn done(connection: &mut AnyConnection, job: &Taken) -> QueryResult<()> {
    let held = jobs::table.filter(jobs::id.eq(Key(job.id)).and(jobs::holder.eq(Key(job.holder))));
    diesel::delete(held).execute(connection)?;
    Ok(())
}

/// It failed: it is tried again later, or waits for a person.
pub(super) fn failed(
    connection: &mut AnyConnection,
    job: &Taken,
    error: &str,
    now: Timestamp,
) -> QueryResult<()> {
    let wait = FIRST_WAIT << (2 * (job.attempts - 1)).clamp(0, 20);
    let dead = (job.attempts >= MOST_ATTEMPTS).then_some(now);
    let held = jobs::table.filter(jobs::id.eq(Key(job.id)).and(jobs::holder.eq(Key(job.holder))));
    diesel::update(held)
        .set((
            jobs::run_at.eq(now.plus_seconds(wait)),
            jobs::holder.eq(None::<Key>),
            jobs::dead_at.eq(dead),
            jobs::error.eq(error),
        ))
        .execute(connection)?;
    Ok(())
}
