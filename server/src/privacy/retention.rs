//! Periods after which records expire.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use sync_protocol::{RecordId, ScopeId, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::erase::{Cause, Extent, Order, erase, extent};
use super::holding::records_of;
use crate::app::App;
use crate::db::schema::{erased_records, records, retention};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, Failed};
use crate::http::Problem;

/// Records that expire in one transaction.
const AT_ONCE: i64 = 100;
/// A period is no shorter than this: what was recorded has to be reviewed first.
pub(super) const SHORTEST: i64 = 30;

/// How long the records of a register are kept.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Period {
    pub(super) collection: String,
    /// After their last change, days.
    pub(super) days: i64,
    pub(super) reason: String,
    decided_by: Uuid,
    #[schema(value_type = String)]
    decided_at: Timestamp,
}

/// A period as it is set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPeriod {
    /// After their last change, days; at least 30. Without it they are kept.
    pub(super) days: Option<i64>,
    /// Why, in the person's words.
    pub(super) reason: String,
}

/// What expires now, or would.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Expired {
    /// The register.
    pub collection: String,
    /// How long its records are kept, days.
    pub days: i64,
    /// Records that are emptied: those that expire, with what belongs to them.
    pub records: usize,
    /// Operations whose words go.
    pub operations: usize,
    /// Photos and documents that go.
    pub photos: usize,
}

/// Every period.
pub(super) fn periods(connection: &mut AnyConnection) -> QueryResult<Vec<Period>> {
    let rows: Vec<(String, i64, String, Key, Timestamp)> = retention::table
        .order(retention::collection)
        .select((
            retention::collection,
            retention::days,
            retention::reason,
            retention::decided_by,
            retention::decided_at,
        ))
        .load(connection)?;
    let period = |(collection, days, reason, by, decided_at): (_, _, _, Key, _)| Period {
        collection,
        days,
        reason,
        decided_by: by.0,
        decided_at,
    };
    Ok(rows.into_iter().map(period).collect())
}

/// Sets a period, or takes it away.
pub(super) fn set(
    connection: &mut AnyConnection,
    collection: &str,
    new: &NewPeriod,
    by: UserId,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::delete(retention::table.find(collection)).execute(connection)?;
    if let Some(days) = new.days {
        diesel::insert_into(retention::table)
            .values((
                retention::collection.eq(collection),
                retention::days.eq(days),
                retention::reason.eq(&new.reason),
                retention::decided_by.eq(Key::from(by)),
                retention::decided_at.eq(now),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// Records of a register that were last changed before a day, and are not erased yet.
fn expired(
    connection: &mut AnyConnection,
    collection: &str,
    before: Timestamp,
    after: Option<Key>,
) -> QueryResult<Vec<Key>> {
    records::table
        .left_join(erased_records::table.on(erased_records::record.eq(records::id)))
        .filter(records::collection.eq(collection))
        .filter(records::updated_at.lt(before))
        .filter(erased_records::erasure.nullable().is_null())
        .filter(records::id.gt(after.unwrap_or(Key(Uuid::nil()))))
        .order(records::id)
        .limit(AT_ONCE)
        .select(records::id)
        .load(connection)
}

fn with_their_own(connection: &mut AnyConnection, expired: &[Key]) -> QueryResult<Vec<RecordId>> {
    let mut all = std::collections::BTreeSet::new();
    for key in expired {
        all.extend(records_of(connection, RecordId::from(*key))?);
    }
    Ok(all.into_iter().collect())
}

/// What would expire now; nothing is changed.
///
/// # Errors
/// Where the database can't be reached.
pub async fn dry_run(app: &App) -> Result<Vec<Expired>, Problem> {
    let now = app.now();
    app.read(move |connection| {
        let mut all = Vec::new();
        for period in periods(connection)? {
            let before = now.plus_seconds(-period.days * 24 * 3600);
            let (mut sum, mut after) = (Extent::default(), None);
            loop {
                let keys = expired(connection, &period.collection, before, after)?;
                let ids = with_their_own(connection, &keys)?;
                let (more, _) = extent(connection, &ids)?;
                add(&mut sum, &more);
                after = keys.last().copied();
                if (keys.len() as i64) < AT_ONCE {
                    break;
                }
            }
            all.push(told(&period, &sum));
        }
        Ok(all)
    })
    .await
}

/// Erases what has expired, a hundred records at a time.
///
/// # Errors
/// Where the database can't be reached; what was erased before stays so.
pub async fn run(app: &App) -> Result<Vec<Expired>, Problem> {
    let mut all = Vec::new();
    for period in app.read(periods).await? {
        let mut sum = Extent::default();
        loop {
            let now = app.now();
            let before = now.plus_seconds(-period.days * 24 * 3600);
            let (catalogue, epoch) = (app.definitions(), app.lineage.current());
            let decided = period.clone();
            let done: Result<_, Failed<Problem>> = app
                .database
                .write(move |connection| {
                    let keys = expired(connection, &decided.collection, before, None)?;
                    let ids = with_their_own(connection, &keys)?;
                    if ids.is_empty() {
                        return Ok((Extent::default(), Default::default()));
                    }
                    let order = Order {
                        cause: Cause::Retention,
                        subject: decided.collection.clone(),
                        reason: &decided.reason,
                        by: UserId(decided.decided_by),
                        epoch,
                        catalogue: &catalogue,
                        now,
                    };
                    Ok(erase(connection, &ids, &order)?)
                })
                .await;
            let (extent, scopes): (Extent, std::collections::BTreeSet<ScopeId>) =
                done.map_err(Problem::from)?;
            if extent.records == 0 {
                break;
            }
            add(&mut sum, &extent);
            app.live.announce(scopes, None);
        }
        if sum.records > 0 {
            tracing::info!(register = period.collection, records = sum.records, "expired");
            app.jobs.ring();
        }
        all.push(told(&period, &sum));
    }
    Ok(all)
}

fn add(sum: &mut Extent, more: &Extent) {
    sum.records += more.records;
    sum.operations += more.operations;
    sum.photos += more.photos;
}

fn told(period: &Period, sum: &Extent) -> Expired {
    Expired {
        collection: period.collection.clone(),
        days: period.days,
        records: sum.records,
        operations: sum.operations,
        photos: sum.photos,
    }
}
