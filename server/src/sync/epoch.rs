//! The epochs the database descends from.

use std::sync::{Arc, PoisonError, RwLock};

use actix_web::web;
use diesel::prelude::*;
use sync_protocol::{Epoch, Lineage};

use crate::app::App;
use crate::db::schema::epochs;
use crate::db::{AnyConnection, Prepared, Timestamp};
use crate::limits::EPOCH_REREAD;

/// The lineage as this process knows it. Another may begin an epoch meanwhile (`ruhu epoch new`, or
/// a replica that was told that the database went back), so it is read again now and then, and
/// whatever writes versions asks in its own transaction.
#[derive(Clone)]
pub struct Lives(Arc<RwLock<Arc<Lineage>>>);

impl Lives {
    /// What was read.
    pub fn new(lineage: Lineage) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(lineage))))
    }

    /// The lineage now.
    pub fn now(&self) -> Arc<Lineage> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The epoch the database lives in now.
    pub fn current(&self) -> Epoch {
        self.now().current()
    }

    /// The lineage as a transaction finds it. It stays so until the transaction ends: to begin an
    /// epoch, all who have asked are waited for.
    pub(super) fn within(&self, connection: &mut AnyConnection) -> QueryResult<Arc<Lineage>> {
        let known = self.now();
        let newest = epochs::table.order(epochs::ordinal.desc()).limit(1).select(epochs::epoch);
        let newest: Vec<i64> = Prepared::always(newest).get_results(connection)?;
        if newest.first() != Some(&(known.current().0 as i64))
            && let Some(read) = self::known(connection)?
        {
            tracing::warn!(epoch = %read.current(), "another epoch has begun");
            self.set(read);
        }
        Ok(self.now())
    }

    /// It is another one.
    pub fn set(&self, lineage: Lineage) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(lineage);
    }
}

/// Reads the lineage again, now and then.
pub async fn keep_lineage_fresh(app: web::Data<App>) {
    let mut every = tokio::time::interval(EPOCH_REREAD);
    loop {
        every.tick().await;
        match app.read(known).await {
            Ok(Some(read)) if read != *app.lineage.now() => {
                tracing::warn!(epoch = %read.current(), "another epoch has begun");
                app.lineage.set(read);
            }
            Ok(_) => {}
            Err(problem) => tracing::warn!(%problem, "the lineage could not be read again"),
        }
    }
}

fn known(connection: &mut AnyConnection) -> QueryResult<Option<Lineage>> {
    let known: Vec<i64> =
        epochs::table.order(epochs::ordinal).select(epochs::epoch).load(connection)?;
    let mut epochs = known.into_iter().map(|epoch| Epoch(epoch as u64));
    let Some(current) = epochs.next_back() else { return Ok(None) };
    Ok(Some(Lineage::new(epochs, current)))
}

/// The lineage of the database; a new database gets its first epoch.
pub fn lineage(connection: &mut AnyConnection, now: Timestamp) -> QueryResult<Lineage> {
    if let Some(known) = known(connection)? {
        return Ok(known);
    }
    let first: i64 = rand::random();
    diesel::insert_into(epochs::table)
        .values((epochs::ordinal.eq(1), epochs::epoch.eq(first), epochs::started_at.eq(now)))
        .execute(connection)?;
    Ok(Lineage::new([], Epoch(first as u64)))
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
