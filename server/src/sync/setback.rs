//! A database that went back without a word: a copy that lagged took over, or a file was put back.
//!
//! A tablet that pushes behind the end of its chain knows more than the database. That is noted and
//! told; and where it is proved, a new epoch begins by itself, so that every tablet looks again at
//! what it thought safe.

use diesel::prelude::*;
use sync_protocol::{Epoch, Lineage};
use uuid::Uuid;

use crate::accounts;
use crate::app::App;
use crate::backup;
use crate::db::schema::{devices, epochs, setbacks};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, lock_table, wait_for_locks};
use crate::http::{Problem, Tablet};
use crate::limits::{EPOCH_PATIENCE, EPOCH_SETTLES};

/// Where a tablet stands, and where the database thinks it does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    /// The next operation the database expects.
    pub(super) next: u64,
    /// The next the tablet has.
    pub(super) claimed: u64,
}

/// A tablet knows more than the database, in the epoch that the database is in.
pub(super) async fn noticed(app: &App, tablet: &Tablet, gap: Gap) -> Result<(), Problem> {
    metrics::counter!("database_setbacks_total").increment(1);
    tracing::error!(
        device = %tablet.device,
        expected = gap.next,
        brought = gap.claimed,
        "a tablet knows more than the database, which has gone back; tablets send again what they \
         kept. If it was replaced by a copy or an older file, run `ruhu epoch new`"
    );
    let (device, token, epoch) = (Key::from(tablet.device), tablet.token, app.lineage.current());
    let now = app.now();
    let is_proven = app
        .write(move |connection| {
            note(connection, epoch, device, gap, now)?;
            Ok(is_signed_for(connection, token)?
                || people(connection, epoch)?.len() >= ENOUGH_PEOPLE)
        })
        .await?;
    if !is_proven {
        return Ok(());
    }
    // Where that can't be done now, it is tried again when a tablet comes that knows more: each is
    // told where its chain ends all the same.
    let begun = app.write(move |connection| begin(connection, epoch, now)).await;
    let begun = begun.unwrap_or_else(|problem| {
        tracing::warn!(%problem, "a new epoch could not begin");
        None
    });
    if let Some(lineage) = begun {
        tracing::error!(
            epoch = %lineage.current(),
            "that the database went back is proved: a new epoch has begun by itself"
        );
        app.lineage.set(lineage);
    }
    Ok(())
}

/// How many tablets of the present epoch know more than the database.
pub fn count(connection: &mut AnyConnection) -> QueryResult<i64> {
    let current = epochs::table.order(epochs::ordinal.desc()).select(epochs::epoch);
    let Some(epoch) = current.first::<i64>(connection).optional()? else { return Ok(0) };
    setbacks::table.filter(setbacks::epoch.eq(epoch)).count().get_result(connection)
}

/// Tablets of so many people are no mistake of one of them.
const ENOUGH_PEOPLE: usize = 2;

fn note(
    connection: &mut AnyConnection,
    epoch: Epoch,
    device: Key,
    gap: Gap,
    now: Timestamp,
) -> QueryResult<()> {
    let epoch = epoch.0 as i64;
    let there: i64 = setbacks::table.find((epoch, device)).count().get_result(connection)?;
    if there > 0 {
        return Ok(());
    }
    diesel::insert_into(setbacks::table)
        .values((
            setbacks::epoch.eq(epoch),
            setbacks::device_id.eq(device),
            setbacks::next_seq.eq(gap.next as i64),
            setbacks::claimed_seq.eq(gap.claimed as i64),
            setbacks::noticed_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}

/// The people whose tablets know more than the database.
fn people(connection: &mut AnyConnection, epoch: Epoch) -> QueryResult<Vec<Key>> {
    setbacks::table
        .inner_join(devices::table.on(devices::id.eq(setbacks::device_id)))
        .filter(setbacks::epoch.eq(epoch.0 as i64))
        .select(devices::user_id)
        .distinct()
        .load(connection)
}

/// Whether this server signed a token for the tablet's session that the database knows nothing of:
/// it writes before it signs.
fn is_signed_for(
    connection: &mut AnyConnection,
    token: Option<(Uuid, Timestamp)>,
) -> QueryResult<bool> {
    match token {
        Some((session, signed_at)) => accounts::was_lost(connection, session, signed_at),
        None => Ok(false),
    }
}

/// Whether nobody has begun an epoch since, and the present one is old enough.
fn may_begin(connection: &mut AnyConnection, known: Epoch, now: Timestamp) -> QueryResult<bool> {
    let newest: Option<(i64, i64, Timestamp)> = epochs::table
        .order(epochs::ordinal.desc())
        .select((epochs::epoch, epochs::ordinal, epochs::started_at))
        .first(connection)
        .optional()?;
    Ok(newest.is_some_and(|(epoch, ordinal, started_at)| {
        let is_young = ordinal > 1 && started_at.plus_seconds(EPOCH_SETTLES) > now;
        epoch as u64 == known.0 && !is_young
    }))
}

/// Begins a new epoch, unless somebody has, or the present one is so young that tablets may still be
/// telling of what made it begin.
fn begin(
    connection: &mut AnyConnection,
    known: Epoch,
    now: Timestamp,
) -> QueryResult<Option<Lineage>> {
    if !may_begin(connection, known, now)? {
        return Ok(None);
    }
    // What others store as of the present epoch is stored before. Nobody stands behind this for
    // long: whoever reads the epochs for minutes is a backup, and the tablet comes again.
    wait_for_locks(connection, EPOCH_PATIENCE)?;
    lock_table(connection, "epochs")?;
    if !may_begin(connection, known, now)? {
        return Ok(None);
    }
    backup::begin_epoch(connection, now).map(Some)
}
