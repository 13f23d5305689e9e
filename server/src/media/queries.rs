//! Blobs and uploads in the database.

use std::collections::BTreeSet;

use diesel::prelude::*;
use mobile_schema::Hash;
use sync_protocol::{DeviceId, RecordId, ScopeId, UserId};
use uuid::Uuid;

use super::rules::Announced;
use crate::checks;
use crate::db::schema::{
    blob_claims, blob_holders, blob_references, blobs, devices, records, upload_parts, uploads,
};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, RowLocked, STATEMENT_ROWS};
use crate::jobs::{self, JobKind};
use crate::limits;
use crate::photos;
use crate::records::naming;

fn column(hash: &Hash) -> Vec<u8> {
    hash.as_bytes().to_vec()
}

fn hash(bytes: Vec<u8>) -> Option<Hash> {
    bytes.try_into().map(Hash).ok()
}

/// Those of `hashes` that are verified and that a record in one of `scopes` names. Of any other
/// the caller learns nothing.
pub(super) fn known(
    connection: &mut AnyConnection,
    hashes: &[Hash],
    scopes: &BTreeSet<ScopeId>,
) -> QueryResult<BTreeSet<Hash>> {
    let mut found = BTreeSet::new();
    let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
    for chunk in hashes.chunks(STATEMENT_ROWS) {
        let rows: Vec<Vec<u8>> = blobs::table
            .inner_join(blob_references::table.on(blob_references::hash.eq(blobs::hash)))
            .inner_join(records::table.on(records::id.eq(blob_references::record)))
            .filter(blobs::hash.eq_any(chunk.iter().map(column).collect::<Vec<_>>()))
            .filter(records::scope.eq_any(scopes.clone()))
            .select(blobs::hash)
            .distinct()
            .load(connection)?;
        found.extend(rows.into_iter().filter_map(hash));
    }
    Ok(found)
}

/// The length and media type of a blob that a record in one of `scopes` names.
pub(super) fn visible(
    connection: &mut AnyConnection,
    wanted: &Hash,
    scopes: &BTreeSet<ScopeId>,
) -> QueryResult<Option<(u64, String)>> {
    if known(connection, &[*wanted], scopes)?.is_empty() {
        return Ok(None);
    }
    let row: Option<(i64, String)> = blobs::table
        .find(column(wanted))
        .select((blobs::length, blobs::media_type))
        .first(connection)
        .optional()?;
    Ok(row.map(|(length, media_type)| (length as u64, media_type)))
}

/// An upload as it stands.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) id: Uuid,
    pub(super) hash: Hash,
    pub(super) length: u64,
    pub(super) received: u64,
    pub(super) media_type: String,
    pub(super) holder: Uuid,
    pub(super) expires_at: Timestamp,
}

type UploadRow = (Key, Vec<u8>, i64, i64, String, Key, Timestamp);

fn upload(row: UploadRow) -> Option<Upload> {
    let (id, bytes, length, received, media_type, holder, expires_at) = row;
    let (length, received) = (length as u64, received as u64);
    let hash = hash(bytes)?;
    Some(Upload { id: id.0, hash, length, received, media_type, holder: holder.0, expires_at })
}

macro_rules! upload_columns {
    () => {
        (
            uploads::id,
            uploads::hash,
            uploads::length,
            uploads::received,
            uploads::media_type,
            uploads::holder,
            uploads::expires_at,
        )
    };
}

/// The device has too many unfinished uploads.
#[derive(Debug)]
pub(super) struct TooMany;

/// Starts an upload.
pub(super) fn start(
    connection: &mut AnyConnection,
    device: DeviceId,
    announced: &Announced,
    now: Timestamp,
) -> QueryResult<Result<Upload, TooMany>> {
    // The answer to the same announcement may have been lost: it is told once more.
    let same: Option<UploadRow> = uploads::table
        .filter(uploads::device_id.eq(Key::from(device)))
        .filter(uploads::hash.eq(column(&announced.hash)))
        .filter(uploads::length.eq(announced.length as i64).and(uploads::expires_at.gt(now)))
        .select(upload_columns!())
        .first(connection)
        .optional()?;
    if let Some(same) = same.and_then(upload) {
        return Ok(Ok(same));
    }
    let own: Vec<i64> = uploads::table
        .filter(uploads::device_id.eq(Key::from(device)).and(uploads::expires_at.gt(now)))
        .select(uploads::length)
        .load(connection)?;
    let bytes = own.iter().sum::<i64>() + announced.length as i64;
    if own.len() as i64 >= limits::MAX_OPEN_UPLOADS || bytes > limits::OPEN_UPLOADS_OF_ONE {
        return Ok(Err(TooMany));
    }
    let new = Upload {
        id: Uuid::now_v7(),
        hash: announced.hash,
        length: announced.length,
        received: 0,
        media_type: announced.media_type.clone(),
        holder: Uuid::now_v7(),
        expires_at: now.plus_seconds(limits::UPLOAD_LIFETIME),
    };
    diesel::insert_into(uploads::table)
        .values((
            uploads::id.eq(Key(new.id)),
            uploads::device_id.eq(Key::from(device)),
            uploads::hash.eq(column(&new.hash)),
            uploads::length.eq(new.length as i64),
            uploads::received.eq(0),
            uploads::media_type.eq(&new.media_type),
            uploads::holder.eq(Key(new.holder)),
            uploads::expires_at.eq(new.expires_at),
        ))
        .execute(connection)?;
    Ok(Ok(new))
}

/// A device's own upload.
pub(super) fn find(
    connection: &mut AnyConnection,
    device: DeviceId,
    id: Uuid,
) -> QueryResult<Option<Upload>> {
    let row: Option<UploadRow> = uploads::table
        .filter(uploads::id.eq(Key(id)).and(uploads::device_id.eq(Key::from(device))))
        .select(upload_columns!())
        .first(connection)
        .optional()?;
    Ok(row.and_then(upload))
}

/// Makes this request the one that may write the upload, and says how it stands.
pub(super) fn hold(
    connection: &mut AnyConnection,
    device: DeviceId,
    id: Uuid,
    holder: Uuid,
) -> QueryResult<Option<Upload>> {
    diesel::update(
        uploads::table
            .filter(uploads::id.eq(Key(id)).and(uploads::device_id.eq(Key::from(device)))),
    )
    .set(uploads::holder.eq(Key(holder)))
    .execute(connection)?;
    find(connection, device, id)
}

/// What became of a piece.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It is noted.
    Here,
    /// The request no longer holds the upload, or the piece goes elsewhere.
    Elsewhere,
    /// The upload has as many pieces as it may have.
    TooMany,
}

/// Adds a piece, if the request still holds the upload and the piece goes where it stands.
pub(super) fn add_part(
    connection: &mut AnyConnection,
    upload: &Upload,
    start: u64,
    length: u64,
    object: Uuid,
) -> QueryResult<Added> {
    let query = uploads::table.find(Key(upload.id)).select((uploads::holder, uploads::received));
    let now: Option<(Key, i64)> = RowLocked(query).get_result(connection).optional()?;
    if now != Some((Key(upload.holder), start as i64)) {
        return Ok(Added::Elsewhere);
    }
    let pieces = upload_parts::table.filter(upload_parts::upload.eq(Key(upload.id)));
    if pieces.count().get_result::<i64>(connection)? >= limits::MAX_UPLOAD_PIECES {
        return Ok(Added::TooMany);
    }
    diesel::insert_into(upload_parts::table)
        .values((
            upload_parts::upload.eq(Key(upload.id)),
            upload_parts::start.eq(start as i64),
            upload_parts::length.eq(length as i64),
            upload_parts::object.eq(Key(object)),
        ))
        .execute(connection)?;
    diesel::update(uploads::table.find(Key(upload.id)))
        .set(uploads::received.eq((start + length) as i64))
        .execute(connection)?;
    Ok(Added::Here)
}

/// The pieces of an upload, in order.
pub(super) fn parts(connection: &mut AnyConnection, upload: Uuid) -> QueryResult<Vec<Uuid>> {
    let objects: Vec<Key> = upload_parts::table
        .filter(upload_parts::upload.eq(Key(upload)))
        .order(upload_parts::start)
        .select(upload_parts::object)
        .load(connection)?;
    Ok(objects.into_iter().map(|object| object.0).collect())
}

/// Records a verified blob; the upload is done.
pub(super) fn verified(
    connection: &mut AnyConnection,
    upload: &Upload,
    now: Timestamp,
) -> QueryResult<()> {
    let user: Option<Key> = uploads::table
        .inner_join(devices::table.on(devices::id.eq(uploads::device_id)))
        .filter(uploads::id.eq(Key(upload.id)))
        .select(devices::user_id)
        .first(connection)
        .optional()?;
    if let Some(user) = user {
        note_holder(connection, &upload.hash, user.into())?;
    }
    arrived(connection, &upload.hash, upload.length, &upload.media_type, now)?;
    forget(connection, upload.id)
}

/// Records that a blob is there, and has what waited for it looked at.
pub(super) fn arrived(
    connection: &mut AnyConnection,
    hash: &Hash,
    length: u64,
    media_type: &str,
    now: Timestamp,
) -> QueryResult<()> {
    note_photo(connection, hash, length, media_type, now)?;
    // A notification waits for its photos to come, not for what they show.
    let waiting = naming(connection, &[*hash], &["notice"])?;
    let waiting: Vec<RecordId> = waiting.into_iter().map(|(_, notice)| notice).collect();
    checks::ask_for(connection, &waiting, now)
}

/// Notes that a user has sent the bytes of a blob: the records they named it in do name it.
pub(super) fn note_holder(
    connection: &mut AnyConnection,
    hash: &Hash,
    user: UserId,
) -> QueryResult<()> {
    let (bytes, user) = (column(hash), Key::from(user));
    let known: i64 = blob_holders::table.find((&bytes, user)).count().get_result(connection)?;
    if known == 0 {
        diesel::insert_into(blob_holders::table)
            .values((blob_holders::hash.eq(&bytes), blob_holders::user_id.eq(user)))
            .execute(connection)?;
    }
    let claims =
        blob_claims::table.filter(blob_claims::hash.eq(&bytes).and(blob_claims::user_id.eq(user)));
    let records: Vec<Key> = claims.select(blob_claims::record).load(connection)?;
    for record in records {
        let there: i64 =
            blob_references::table.find((&bytes, record)).count().get_result(connection)?;
        if there == 0 {
            diesel::insert_into(blob_references::table)
                .values((blob_references::hash.eq(&bytes), blob_references::record.eq(record)))
                .execute(connection)?;
        }
    }
    diesel::delete(
        blob_claims::table.filter(blob_claims::hash.eq(&bytes).and(blob_claims::user_id.eq(user))),
    )
    .execute(connection)?;
    Ok(())
}

/// Those of these blobs that a user may name: they have sent the bytes, or may see it anyway.
pub(crate) fn may_name(
    connection: &mut AnyConnection,
    hashes: &[Hash],
    user: UserId,
    scopes: &BTreeSet<ScopeId>,
) -> QueryResult<BTreeSet<Hash>> {
    let mut may = known(connection, hashes, scopes)?;
    for chunk in hashes.chunks(STATEMENT_ROWS) {
        let held: Vec<Vec<u8>> = blob_holders::table
            .filter(blob_holders::hash.eq_any(chunk.iter().map(column).collect::<Vec<_>>()))
            .filter(blob_holders::user_id.eq(Key::from(user)))
            .select(blob_holders::hash)
            .load(connection)?;
        may.extend(held.into_iter().filter_map(hash));
    }
    Ok(may)
}

/// Those of these blobs that are here and that a user may name.
pub(super) fn here(
    connection: &mut AnyConnection,
    hashes: &[Hash],
    user: UserId,
    scopes: &BTreeSet<ScopeId>,
) -> QueryResult<BTreeSet<Hash>> {
    let may: Vec<_> = may_name(connection, hashes, user, scopes)?.iter().map(column).collect();
    let mut here = BTreeSet::new();
    for chunk in may.chunks(STATEMENT_ROWS) {
        let rows: Vec<Vec<u8>> =
            blobs::table.filter(blobs::hash.eq_any(chunk)).select(blobs::hash).load(connection)?;
        here.extend(rows.into_iter().filter_map(hash));
    }
    Ok(here)
}

/// Those of these blobs that a user has sent and that are gone because nothing names them any
/// longer, as after an erasure: they are not wanted again.
pub(super) fn unwanted(
    connection: &mut AnyConnection,
    hashes: &[Hash],
    user: UserId,
) -> QueryResult<BTreeSet<Hash>> {
    let mut gone = BTreeSet::new();
    for chunk in hashes.chunks(STATEMENT_ROWS) {
        let sent: Vec<Vec<u8>> = blob_holders::table
            .filter(blob_holders::hash.eq_any(chunk.iter().map(column).collect::<Vec<_>>()))
            .filter(blob_holders::user_id.eq(Key::from(user)))
            .select(blob_holders::hash)
            .load(connection)?;
        let here: Vec<Vec<u8>> = blobs::table
            .filter(blobs::hash.eq_any(sent.clone()))
            .select(blobs::hash)
            .load(connection)?;
        let named: Vec<Vec<u8>> = blob_references::table
            .filter(blob_references::hash.eq_any(sent.clone()))
            .select(blob_references::hash)
            .load(connection)?;
        let claimed: Vec<Vec<u8>> = blob_claims::table
            .filter(blob_claims::hash.eq_any(sent.clone()))
            .select(blob_claims::hash)
            .load(connection)?;
        let wanted: BTreeSet<Vec<u8>> = here.into_iter().chain(named).chain(claimed).collect();
        gone.extend(sent.into_iter().filter(|sent| !wanted.contains(sent)).filter_map(hash));
    }
    Ok(gone)
}

/// Takes back that the media store has a blob: who has its bytes is to send them again.
pub fn strike(connection: &mut AnyConnection, hash: &Hash) -> QueryResult<()> {
    photos::forget(connection, hash)?;
    forget_holders(connection, hash)?;
    diesel::delete(blobs::table.find(column(hash))).execute(connection)?;
    Ok(())
}

/// Forgets who has sent the bytes of a blob: whoever names it sends them again.
pub(super) fn forget_holders(connection: &mut AnyConnection, hash: &Hash) -> QueryResult<()> {
    diesel::delete(blob_holders::table.filter(blob_holders::hash.eq(column(hash))))
        .execute(connection)?;
    Ok(())
}

/// Notes that the media store has what may be a photo: it will be looked at.
pub(super) fn note_photo(
    connection: &mut AnyConnection,
    hash: &Hash,
    length: u64,
    media_type: &str,
    now: Timestamp,
) -> QueryResult<()> {
    note_blob(connection, hash, length, media_type, now)?;
    jobs::ask(connection, JobKind::Photo, &hash.to_string(), now)
}

/// Notes that the media store has a blob.
pub(crate) fn note_blob(
    connection: &mut AnyConnection,
    hash: &Hash,
    length: u64,
    media_type: &str,
    now: Timestamp,
) -> QueryResult<()> {
    let there: i64 =
        blobs::table.filter(blobs::hash.eq(column(hash))).count().get_result(connection)?;
    if there == 0 {
        diesel::insert_into(blobs::table)
            .values((
                blobs::hash.eq(column(hash)),
                blobs::length.eq(length as i64),
                blobs::media_type.eq(media_type),
                blobs::verified_at.eq(now),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// The pieces of all uploads.
pub(super) fn all_parts(connection: &mut AnyConnection) -> QueryResult<BTreeSet<Uuid>> {
    let objects: Vec<Key> = upload_parts::table.select(upload_parts::object).load(connection)?;
    Ok(objects.into_iter().map(|object| object.0).collect())
}

/// Removes every upload: what another life of the database had received is with nobody any more,
/// and a tablet that is told so begins anew.
pub(crate) fn forget_all(connection: &mut AnyConnection) -> QueryResult<()> {
    diesel::delete(upload_parts::table).execute(connection)?;
    diesel::delete(uploads::table).execute(connection)?;
    Ok(())
}

/// Removes an upload and the list of its pieces.
pub(super) fn forget(connection: &mut AnyConnection, upload: Uuid) -> QueryResult<()> {
    diesel::delete(upload_parts::table.filter(upload_parts::upload.eq(Key(upload))))
        .execute(connection)?;
    diesel::delete(uploads::table.find(Key(upload))).execute(connection)?;
    Ok(())
}

/// Some uploads whose time is over.
pub(super) fn expired(connection: &mut AnyConnection, now: Timestamp) -> QueryResult<Vec<Uuid>> {
    let ids: Vec<Key> = uploads::table
        .filter(uploads::expires_at.le(now))
        .order(uploads::expires_at)
        .limit(100)
        .select(uploads::id)
        .load(connection)?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}
