//! What a backup asks of the database, and tells it.

use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::Text;
use mobile_schema::Hash;
use sync_protocol::{Epoch, IncarnationId, Lineage};
use uuid::Uuid;

use super::manifest::Manifest;
use crate::db::schema::{backups, blobs, chains, epochs};
use crate::db::{AnyConnection, Database, Failed, Key, STATEMENT_ROWS, Timestamp};
use crate::sync;

/// The state of a database that its backup describes.
pub(super) struct State {
    pub(super) migrations: Vec<String>,
    pub(super) lineage: Vec<Epoch>,
    pub(super) chains: Vec<(IncarnationId, u64)>,
    pub(super) blobs: Vec<(Hash, u64)>,
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Reads the state.
pub(super) fn state(connection: &mut AnyConnection) -> QueryResult<State> {
    let query = "SELECT version FROM __diesel_schema_migrations ORDER BY version";
    let steps: Vec<Step> = diesel::sql_query(query).load(connection)?;
    let ends: Vec<(Key, i64)> = chains::table
        .order(chains::incarnation)
        .select((chains::incarnation, chains::next_seq))
        .load(connection)?;
    let named: Vec<(Vec<u8>, i64)> =
        blobs::table.order(blobs::hash).select((blobs::hash, blobs::length)).load(connection)?;
    let unreadable = || diesel::result::Error::DeserializationError("a hash".into());
    let named: QueryResult<Vec<_>> = named
        .into_iter()
        .map(|(hash, length)| Ok((Hash(hash.try_into().map_err(|_| unreadable())?), length as u64)))
        .collect();
    Ok(State {
        migrations: steps.into_iter().map(|step| step.version).collect(),
        lineage: lineage(connection)?,
        chains: ends
            .into_iter()
            .map(|(incarnation, next)| (incarnation.into(), next as u64))
            .collect(),
        blobs: named?,
    })
}

fn lineage(connection: &mut AnyConnection) -> QueryResult<Vec<Epoch>> {
    let known: Vec<i64> =
        epochs::table.order(epochs::ordinal).select(epochs::epoch).load(connection)?;
    Ok(known.into_iter().map(|epoch| Epoch(epoch as u64)).collect())
}

/// Notes that a backup was made; nobody relies on it yet.
pub(super) async fn note(
    database: &Database,
    place: &Path,
    manifest: &Manifest,
) -> Result<Uuid, Failed> {
    let id = Uuid::now_v7();
    let place = place.display().to_string();
    let epoch = manifest.lineage.last().map_or(0, |epoch| epoch.0 as i64);
    database
        .write(move |connection| {
            diesel::insert_into(backups::table)
                .values((
                    backups::id.eq(Key(id)),
                    backups::place.eq(&place),
                    backups::epoch.eq(epoch),
                    backups::made_at.eq(Timestamp::now()),
                ))
                .execute(connection)?;
            Ok(id)
        })
        .await
}

/// The backup was read back: tablets need not keep what it has. A backup of another life of the
/// database says nothing of what this one has; then nothing is marked.
pub(super) async fn mark_safe(
    database: &Database,
    backup: Uuid,
    manifest: &Manifest,
) -> Result<bool, Failed> {
    let (expected, ends) = (manifest.lineage.clone(), manifest.chains.clone());
    database
        .write(move |connection| {
            if lineage(connection)? != expected {
                return Ok(false);
            }
            for (incarnation, next) in &ends {
                let next = *next as i64;
                diesel::update(chains::table.find(Key::from(*incarnation)))
                    .filter(chains::safe_before.lt(next))
                    .set(chains::safe_before.eq(next))
                    .execute(connection)?;
            }
            diesel::update(backups::table.find(Key(backup)))
                .set(backups::verified_at.eq(Some(Timestamp::now())))
                .execute(connection)?;
            Ok(true)
        })
        .await
}

/// Begins a new life of the database: whoever knew it before starts over, and keeps what it made.
pub fn begin_epoch(connection: &mut AnyConnection, now: Timestamp) -> QueryResult<Lineage> {
    // A database that has none yet gets its first.
    sync::lineage(connection, now)?;
    let last: Option<i64> =
        epochs::table.select(diesel::dsl::max(epochs::ordinal)).first(connection)?;
    let epoch: i64 = rand::random();
    diesel::insert_into(epochs::table)
        .values((
            epochs::ordinal.eq(last.unwrap_or(0) + 1),
            epochs::epoch.eq(epoch),
            epochs::started_at.eq(now),
        ))
        .execute(connection)?;
    sync::lineage(connection, now)
}

/// The media store lacks these photos: tablets that have them are to send them again.
pub(super) fn strike(connection: &mut AnyConnection, missing: &[Hash]) -> QueryResult<()> {
    for chunk in missing.chunks(STATEMENT_ROWS) {
        let chunk: Vec<Vec<u8>> = chunk.iter().map(|hash| hash.as_bytes().to_vec()).collect();
        diesel::delete(blobs::table.filter(blobs::hash.eq_any(chunk))).execute(connection)?;
    }
    Ok(())
}
