//! What a backup asks of the database, and tells it.

use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::Text;
use mobile_schema::Hash;
use sync_protocol::{Epoch, IncarnationId, Lineage};
use uuid::Uuid;

use super::awaited::{Awaited, awaited};
use super::manifest::Manifest;
use crate::db::schema::{backups, blobs, chains, epochs, sealing_keys};
use crate::db::{AnyConnection, Database, Failed, Key, Timestamp};
use crate::jobs::{self, JobKind};
use crate::{clock, media, sync};

/// The state of a database that its backup describes.
pub(super) struct State {
    pub(super) migrations: Vec<String>,
    pub(super) lineage: Vec<Epoch>,
    pub(super) chains: Vec<(IncarnationId, u64)>,
    pub(super) blobs: Vec<(Hash, u64)>,
    /// The photos that records name and that are not among them.
    pub(super) awaited: Awaited,
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
        awaited: awaited(connection, Timestamp::now())?,
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
    awaited: &Awaited,
) -> Result<bool, Failed> {
    let expected = manifest.lineage.clone();
    // A tablet keeps what it named a photo by that is not here, and with it the photo.
    let end = |(incarnation, next): &(IncarnationId, u64)| {
        (*incarnation, awaited.first.get(incarnation).map_or(*next, |first| *first.min(next)))
    };
    let ends: Vec<_> = manifest.chains.iter().map(end).collect();
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
    // Pieces that a copy in another place received are not here.
    media::forget_uploads(connection)?;
    clock::begin_anew(connection)?;
    sync::lineage(connection, now)
}

/// The names of the keys that the database was sealed with.
pub(super) fn keys_used(connection: &mut AnyConnection) -> QueryResult<Vec<String>> {
    sealing_keys::table.order(sealing_keys::id).select(sealing_keys::id).load(connection)
}

/// The media store lacks these photos: tablets that have them are to send them again, and are then
/// looked at anew.
pub(super) fn strike(connection: &mut AnyConnection, missing: &[Hash]) -> QueryResult<()> {
    for hash in missing {
        jobs::withdraw(connection, JobKind::Photo, &hash.to_string())?;
        media::strike(connection, hash)?;
    }
    Ok(())
}
