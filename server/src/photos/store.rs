//! What is known of photos, in the database.

use std::collections::BTreeMap;

use diesel::prelude::*;
use mobile_schema::Hash;
use sync_protocol::RecordId;

use super::doubts::Seen;
use super::fingerprint::{Fingerprint, Looks};
use super::inspect::{INSPECTOR, Inspected};
use super::picture::Unreadable;
use super::similar;
use crate::db::schema::{blob_references, blobs, photos};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{AnyConnection, STATEMENT_ROWS};
use crate::jobs::{self, JobKind};

/// The bits of a fingerprint as the database holds them.
fn column(fingerprint: Fingerprint) -> i64 {
    fingerprint.0.cast_signed()
}

/// Keeps what a photo's bytes told, instead of what they told before.
pub(super) fn save(
    connection: &mut AnyConnection,
    hash: &Hash,
    inspected: &Inspected,
    now: Timestamp,
) -> QueryResult<()> {
    let bytes = hash.as_bytes().to_vec();
    // It may have been removed while it was looked at.
    let there: i64 = blobs::table.filter(blobs::hash.eq(&bytes)).count().get_result(connection)?;
    if there == 0 {
        return Ok(());
    }
    let picture = inspected.picture.as_ref();
    let size = |part: fn((u32, u32)) -> u32| picture.ok().map(|one| i64::from(part(one.size)));
    let looks = picture.ok().and_then(|picture| picture.looks);
    let fingerprints = looks.map(|looks| JsonText::of(&looks.all().map(column)));
    forget(connection, hash)?;
    diesel::insert_into(photos::table)
        .values((
            photos::hash.eq(&bytes),
            photos::inspector.eq(i64::from(INSPECTOR)),
            photos::media_type.eq(inspected.media_type),
            photos::unreadable.eq(picture.err().map(ToString::to_string)),
            photos::width.eq(size(|size| size.0)),
            photos::height.eq(size(|size| size.1)),
            photos::fingerprints.eq(fingerprints),
            photos::facts.eq(JsonText::of(&inspected.facts)),
            photos::quality.eq(picture.ok().map(|picture| JsonText::of(&picture.quality))),
            photos::inspected_at.eq(now),
        ))
        .execute(connection)?;
    match looks {
        Some(looks) => similar::index(connection, &[(*hash, looks)]),
        None => Ok(()),
    }
}

/// Forgets what a photo's bytes told.
pub(crate) fn forget(connection: &mut AnyConnection, hash: &Hash) -> QueryResult<()> {
    diesel::delete(photos::table.find(hash.as_bytes().to_vec())).execute(connection)?;
    similar::forget(connection, hash)
}

/// What is known of a photo, and how it looks.
pub(super) type Known = (Seen, Option<Looks>);

/// What is known of photos, by their hashes; nothing of those that were not looked at yet.
pub(super) fn load(
    connection: &mut AnyConnection,
    hashes: &[Hash],
) -> QueryResult<BTreeMap<Hash, Known>> {
    type Row = (
        Vec<u8>,
        Option<String>,
        Option<String>,
        Option<i64>,
        Option<i64>,
        Option<JsonText>,
        JsonText,
        Option<JsonText>,
    );
    let mut found = BTreeMap::new();
    for chunk in hashes.chunks(STATEMENT_ROWS) {
        let keys: Vec<Vec<u8>> = chunk.iter().map(|hash| hash.as_bytes().to_vec()).collect();
        let rows: Vec<Row> = photos::table
            .filter(photos::hash.eq_any(keys))
            .select((
                photos::hash,
                photos::media_type,
                photos::unreadable,
                photos::width,
                photos::height,
                photos::fingerprints,
                photos::facts,
                photos::quality,
            ))
            .load(connection)?;
        for (hash, media_type, unreadable, width, height, looks, facts, quality) in rows {
            let Ok(hash) = hash.try_into().map(Hash) else { continue };
            let side = |side: Option<i64>| side.and_then(|side| u32::try_from(side).ok());
            let looks: Option<[i64; 6]> = looks.as_ref().map(read).transpose()?;
            let seen = Seen {
                media_type,
                unreadable: unreadable.as_deref().and_then(Unreadable::named),
                size: side(width).zip(side(height)),
                facts: read(&facts)?,
                quality: quality.as_ref().map(read).transpose()?,
            };
            let looks = looks.map(|all| all.map(|one| Fingerprint(one.cast_unsigned())));
            found.insert(hash, (seen, looks.map(Looks::from_all)));
        }
    }
    Ok(found)
}

fn read<T: serde::de::DeserializeOwned>(json: &JsonText) -> QueryResult<T> {
    serde_json::from_str(&json.0)
        .map_err(|error| diesel::result::Error::DeserializationError(error.into()))
}

/// What is known of photos, by their hashes.
pub(crate) fn seen(
    connection: &mut AnyConnection,
    hashes: &[Hash],
) -> QueryResult<BTreeMap<Hash, Seen>> {
    let known = load(connection, hashes)?;
    Ok(known.into_iter().map(|(hash, (seen, _))| (hash, seen)).collect())
}

/// Why a photo has no copies to be looked at. If it should have, it is looked at anew.
pub(crate) fn why_not(
    connection: &mut AnyConnection,
    hash: &Hash,
    now: Timestamp,
) -> QueryResult<Option<Unreadable>> {
    let known = load(connection, &[*hash])?.remove(hash);
    let why = known.and_then(|(seen, _)| seen.unreadable);
    if why.is_none() && !jobs::is_asked(connection, JobKind::Photo, &hash.to_string())? {
        jobs::ask(connection, JobKind::Photo, &hash.to_string(), now)?;
    }
    Ok(why)
}

/// Those of these photos that a record names, its author having sent them or seeing them anyway.
pub(super) fn named(
    connection: &mut AnyConnection,
    record: RecordId,
    hashes: Vec<Hash>,
) -> QueryResult<Vec<Hash>> {
    let known: Vec<Vec<u8>> = blob_references::table
        .filter(blob_references::record.eq(Key::from(record)))
        .select(blob_references::hash)
        .load(connection)?;
    let is_known = |hash: &Hash| known.iter().any(|known| known == hash.as_bytes());
    Ok(hashes.into_iter().filter(is_known).collect())
}
