//! The epochs the database descends from.

use diesel::prelude::*;
use sync_protocol::{Epoch, Lineage};

use crate::db::schema::epochs;
use crate::db::{AnyConnection, Timestamp};

/// The lineage of the database; a new database gets its first epoch.
pub fn lineage(connection: &mut AnyConnection, now: Timestamp) -> QueryResult<Lineage> {
    let mut known: Vec<i64> =
        epochs::table.order(epochs::ordinal).select(epochs::epoch).load(connection)?;
    if known.is_empty() {
        let first: i64 = rand::random();
        diesel::insert_into(epochs::table)
            .values((epochs::ordinal.eq(1), epochs::epoch.eq(first), epochs::started_at.eq(now)))
            .execute(connection)?;
        known.push(first);
    }
    let mut epochs = known.into_iter().map(|epoch| Epoch(epoch as u64));
    let current = epochs.next_back().unwrap_or(Epoch(0));
    Ok(Lineage::new(epochs, current))
}

/// When the database was last restored, if it ever was.
pub fn restored_at(connection: &mut AnyConnection) -> QueryResult<Option<Timestamp>> {
    epochs::table
        .filter(epochs::ordinal.gt(1))
        .order(epochs::ordinal.desc())
        .select(epochs::started_at)
        .first(connection)
        .optional()
}
