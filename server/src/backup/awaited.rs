//! Photos that records name and that have not arrived: the operations that brought their names are
//! not let go of, whatever a tablet believes of its uploads.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use mobile_schema::Hash;
use sync_protocol::record::Writer;
use sync_protocol::{IncarnationId, Op};

use crate::db::schema::{blob_claims, blob_references, blobs, history, ops};
use crate::db::{AnyConnection, Key, STATEMENT_ROWS, Timestamp};
use crate::limits::PHOTO_AWAITED;
use crate::seal;

/// What has not arrived.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    /// How many photos.
    pub(super) photos: usize,
    /// The first operation of each chain that names one, of those received not too long ago.
    pub(super) first: BTreeMap<IncarnationId, u64>,
}

/// Where an operation stands.
type Place = (Key, i64);

/// Looks for what has not arrived.
pub(super) fn awaited(connection: &mut AnyConnection, now: Timestamp) -> QueryResult<Awaited> {
    let claimed: Vec<(Vec<u8>, Key)> = blob_claims::table
        .left_join(blobs::table.on(blobs::hash.eq(blob_claims::hash)))
        .filter(blobs::hash.nullable().is_null())
        .select((blob_claims::hash, blob_claims::record))
        .load(connection)?;
    let named: Vec<(Vec<u8>, Key)> = blob_references::table
        .left_join(blobs::table.on(blobs::hash.eq(blob_references::hash)))
        .filter(blobs::hash.nullable().is_null())
        .select((blob_references::hash, blob_references::record))
        .load(connection)?;
    let (mut photos, mut records) = (BTreeSet::new(), BTreeSet::new());
    for (hash, record) in claimed.into_iter().chain(named) {
        let unreadable = || diesel::result::Error::DeserializationError("a hash".into());
        photos.insert(Hash(hash.try_into().map_err(|_| unreadable())?));
        records.insert(record);
    }
    let since = now.plus_seconds(-PHOTO_AWAITED);
    let again = if records.is_empty() { BTreeMap::new() } else { again(connection, since)? };
    let mut first = BTreeMap::new();
    let records: Vec<Key> = records.into_iter().collect();
    for chunk in records.chunks(STATEMENT_ROWS) {
        let places: Vec<(Key, i64, Vec<u8>)> = history::table
            .inner_join(
                ops::table
                    .on(ops::incarnation.eq(history::incarnation).and(ops::seq.eq(history::seq))),
            )
            .filter(history::record.eq_any(chunk.to_vec()))
            .filter(ops::received_at.ge(since))
            .select((ops::incarnation, ops::seq, ops::body))
            .load(connection)?;
        for (incarnation, seq, body) in places {
            if !names(&photos, (incarnation, seq), body)? {
                continue;
            }
            let place = (incarnation, seq);
            for (incarnation, seq) in again.get(&place).into_iter().flatten().chain([&place]) {
                let seq = *seq as u64;
                let known = first.entry(IncarnationId::from(*incarnation)).or_insert(seq);
                *known = seq.min(*known);
            }
        }
    }
    Ok(Awaited { photos: photos.len(), first })
}

/// Where operations stand that another chain had pushed first, by where they stood there.
fn again(
    connection: &mut AnyConnection,
    since: Timestamp,
) -> QueryResult<BTreeMap<Place, Vec<Place>>> {
    let rows: Vec<(Key, i64, Option<Key>, Option<i64>)> = ops::table
        .filter(ops::first_incarnation.is_not_null().and(ops::received_at.ge(since)))
        .select((ops::incarnation, ops::seq, ops::first_incarnation, ops::first_seq))
        .load(connection)?;
    let mut found: BTreeMap<Place, Vec<Place>> = BTreeMap::new();
    for (incarnation, seq, first, first_seq) in rows {
        if let Some(place) = first.zip(first_seq) {
            found.entry(place).or_default().push((incarnation, seq));
        }
    }
    Ok(found)
}

fn names(photos: &BTreeSet<Hash>, place: Place, body: Vec<u8>) -> QueryResult<bool> {
    // What was erased says nothing any more.
    if body.is_empty() {
        return Ok(false);
    }
    let writer = Writer { incarnation: place.0.into(), seq: place.1 as u64 };
    let op: Option<Op> = serde_json::from_slice(&seal::open_body(writer, body)?).ok();
    Ok(op.is_some_and(|op| op.blobs.iter().any(|hash| photos.contains(hash))))
}
