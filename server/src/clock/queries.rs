//! The newest time in the database, and what tablets say of the clock.

use diesel::prelude::*;

use crate::db::AnyConnection;
use crate::db::schema::{audit, clock, devices, epochs, ops};
use crate::db::types::Timestamp;
use crate::limits::{CLOCK_AGREES, CLOCK_LEAP};

/// The newest time that was kept; of a database that keeps none yet, the newest anything was written
/// at.
pub(super) fn newest(connection: &mut AnyConnection) -> QueryResult<Option<Timestamp>> {
    let kept: Option<Timestamp> =
        clock::table.find(1).select(clock::newest).first(connection).optional()?;
    if kept.is_some() {
        return Ok(kept);
    }
    let written: [Option<Timestamp>; 3] = [
        ops::table
            .order(ops::received_at.desc())
            .select(ops::received_at)
            .first(connection)
            .optional()?,
        audit::table
            .order(audit::position.desc())
            .select(audit::at)
            .first(connection)
            .optional()?,
        epochs::table
            .order(epochs::ordinal.desc())
            .select(epochs::started_at)
            .first(connection)
            .optional()?,
    ];
    Ok(written.into_iter().flatten().max())
}

/// Since when the clock was believed when that was last kept.
pub(super) fn believed_since(connection: &mut AnyConnection) -> QueryResult<Option<Timestamp>> {
    let kept = clock::table.find(1).select(clock::believed_since);
    Ok(kept.first::<Option<Timestamp>>(connection).optional()?.flatten())
}

/// Keeps the newest time, and since when the clock is believed.
pub(super) fn keep(
    connection: &mut AnyConnection,
    newest: Timestamp,
    since: Timestamp,
) -> QueryResult<()> {
    let set = || (clock::newest.eq(newest), clock::believed_since.eq(Some(since)));
    if diesel::update(clock::table.find(1)).set(set()).execute(connection)? == 0 {
        diesel::insert_into(clock::table).values((clock::id.eq(1), set())).execute(connection)?;
    }
    Ok(())
}

/// Keeps no longer since when the clock is believed.
pub(super) fn forget_since(connection: &mut AnyConnection) -> QueryResult<()> {
    diesel::update(clock::table.find(1))
        .set(clock::believed_since.eq(None::<Timestamp>))
        .execute(connection)?;
    Ok(())
}

/// How many tablets were here lately by this clock, and showed the same time.
pub(super) fn tablets_that_agree(
    connection: &mut AnyConnection,
    now: Timestamp,
) -> QueryResult<usize> {
    let count: i64 = devices::table
        .filter(devices::last_seen_at.gt(now.plus_seconds(-CLOCK_LEAP)))
        .filter(devices::last_seen_at.le(now))
        .filter(devices::clock_skew_ms.between(-CLOCK_AGREES, CLOCK_AGREES))
        .count()
        .get_result(connection)?;
    Ok(count as usize)
}
