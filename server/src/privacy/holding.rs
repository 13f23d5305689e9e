//! Everything that is held on a household.

use std::collections::BTreeSet;

use diesel::prelude::*;
use mobile_schema::Hash;
use serde::Serialize;
use serde_json::Value as Json;
use sync_protocol::record::Writer;
use sync_protocol::{Op, Record, RecordId};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::schema::{accesses, blob_references, history, ops, quarantine, records};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, STATEMENT_ROWS};
use crate::{samples, seal, sync};

/// Records that lead from one to another so often at most: a conflict about a finding about a
/// visit of a household.
const DEEPEST: usize = 6;

/// The record and all that belong to it, or to what belongs to it.
pub(super) fn records_of(
    connection: &mut AnyConnection,
    root: RecordId,
) -> QueryResult<Vec<RecordId>> {
    let mut found = BTreeSet::from([root]);
    let mut newest: Vec<Key> = vec![root.into()];
    for _ in 0..DEEPEST {
        let mut next = Vec::new();
        for chunk in newest.chunks(STATEMENT_ROWS) {
            let ids: Vec<Key> = records::table
                .filter(records::subject.eq_any(chunk.to_vec()))
                .select(records::id)
                .load(connection)?;
            next.extend(ids.into_iter().filter(|id| found.insert(RecordId::from(*id))));
        }
        if next.is_empty() {
            break;
        }
        newest = next;
    }
    Ok(found.into_iter().collect())
}

/// An operation's place.
pub(super) type Place = (Key, i64);

/// Where what was pushed about these records stands: what took effect, and what waits or was
/// refused in their scopes.
pub(super) fn operations_of(
    connection: &mut AnyConnection,
    about: &[RecordId],
    scopes: &BTreeSet<String>,
) -> QueryResult<Vec<Place>> {
    let mut places = BTreeSet::new();
    let keys: Vec<Key> = about.iter().copied().map(Key::from).collect();
    for chunk in keys.chunks(STATEMENT_ROWS) {
        let lines: Vec<Place> = history::table
            .filter(history::record.eq_any(chunk.to_vec()))
            .select((history::incarnation, history::seq))
            .load(connection)?;
        places.extend(lines);
    }
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let aside: Vec<(Key, i64, Vec<u8>)> = quarantine::table
        .inner_join(
            ops::table
                .on(ops::incarnation.eq(quarantine::incarnation).and(ops::seq.eq(quarantine::seq))),
        )
        .filter(quarantine::scope.eq_any(scopes).or(quarantine::scope.is_null()))
        .select((ops::incarnation, ops::seq, ops::body))
        .load(connection)?;
    for (incarnation, seq, body) in aside {
        let op = op_at((incarnation, seq), body)?;
        if op.is_some_and(|op| about.contains(&op.record)) {
            places.insert((incarnation, seq));
        }
    }
    // The same operation may have been pushed again by another chain.
    let first: Vec<Place> = places.iter().copied().collect();
    for (incarnation, seq) in first {
        let again: Vec<Place> = ops::table
            .filter(ops::first_incarnation.eq(incarnation).and(ops::first_seq.eq(seq)))
            .select((ops::incarnation, ops::seq))
            .load(connection)?;
        places.extend(again);
    }
    Ok(places.into_iter().collect())
}

fn op_at((incarnation, seq): Place, body: Vec<u8>) -> QueryResult<Option<Op>> {
    let place = Writer { incarnation: incarnation.into(), seq: seq as u64 };
    Ok(serde_json::from_slice(&seal::open_body(place, body)?).ok())
}

/// The photos and documents that operations which wait or were refused name: they may be needed.
pub(crate) fn named_aside(connection: &mut AnyConnection) -> QueryResult<BTreeSet<Hash>> {
    let rows: Vec<(Key, i64, Vec<u8>)> = quarantine::table
        .inner_join(
            ops::table
                .on(ops::incarnation.eq(quarantine::incarnation).and(ops::seq.eq(quarantine::seq))),
        )
        .select((ops::incarnation, ops::seq, ops::body))
        .load(connection)?;
    let mut named = BTreeSet::new();
    for (incarnation, seq, body) in rows {
        named.extend(op_at((incarnation, seq), body)?.into_iter().flat_map(|op| op.blobs));
    }
    Ok(named)
}

/// The photos and documents that these records name, and maybe others, too.
pub(super) fn photos_of(
    connection: &mut AnyConnection,
    about: &[RecordId],
) -> QueryResult<BTreeSet<Hash>> {
    let mut found = BTreeSet::new();
    let keys: Vec<Key> = about.iter().copied().map(Key::from).collect();
    for chunk in keys.chunks(STATEMENT_ROWS) {
        let hashes: Vec<Vec<u8>> = blob_references::table
            .filter(blob_references::record.eq_any(chunk.to_vec()))
            .select(blob_references::hash)
            .load(connection)?;
        found.extend(hashes.into_iter().filter_map(|hash| hash.try_into().ok().map(Hash)));
    }
    Ok(found)
}

/// Everything that is held on a household, as it is given to it.
#[derive(Serialize, ToSchema)]
pub(super) struct Holding {
    household: Uuid,
    #[schema(value_type = String)]
    as_of: Timestamp,
    /// Its records and all that belong to them, with every value by the field's name.
    #[schema(value_type = Vec<Object>)]
    records: Vec<Json>,
    /// Everything that was pushed about them.
    #[schema(value_type = Vec<Object>)]
    operations: Vec<Json>,
    /// Photos and documents by hash; `/api/v1/media/{hash}` has each.
    #[schema(value_type = Vec<String>)]
    photos: BTreeSet<Hash>,
    /// What was said when it was called back.
    #[schema(value_type = Vec<Object>)]
    calls: Vec<Json>,
    /// Who looked at what is masked otherwise, and why.
    #[schema(value_type = Vec<Object>)]
    accesses: Vec<Json>,
}

/// Everything that is held on a household.
pub(super) fn holding(
    connection: &mut AnyConnection,
    household: RecordId,
    catalogue: &mobile_schema::Catalogue,
    now: Timestamp,
) -> QueryResult<Holding> {
    let ids = records_of(connection, household)?;
    let held = crate::records::load(connection, &ids)?;
    let scopes: BTreeSet<String> = held.iter().map(|record| record.scope.to_string()).collect();
    let photos = photos_of(connection, &ids)?;
    let mut operations = Vec::new();
    for (incarnation, seq) in operations_of(connection, &ids, &scopes)? {
        let row: (Vec<u8>, Timestamp, Key) = ops::table
            .find((incarnation, seq))
            .select((ops::body, ops::received_at, ops::pushed_by))
            .first(connection)?;
        let (body, received_at, pushed_by) = row;
        let place = Writer { incarnation: incarnation.into(), seq: seq as u64 };
        let op = sync::stored_as_json(place, body);
        operations.push(serde_json::json!({
            "received_at": received_at, "pushed_by": pushed_by.0, "operation": op,
        }));
    }
    let subjects = ids.iter().map(ToString::to_string);
    let subjects: Vec<String> = subjects.chain(photos.iter().map(ToString::to_string)).collect();
    let mut looked = Vec::new();
    for chunk in subjects.chunks(STATEMENT_ROWS) {
        let rows: Vec<(Key, String, String, String, Timestamp)> = accesses::table
            .filter(accesses::subject.eq_any(chunk.to_vec()))
            .order(accesses::at)
            .select((
                accesses::user_id,
                accesses::kind,
                accesses::subject,
                accesses::reason,
                accesses::at,
            ))
            .load(connection)?;
        looked.extend(rows.into_iter().map(|(user, kind, subject, reason, at)| {
            serde_json::json!({
                "user": user.0, "kind": kind, "subject": subject, "reason": reason, "at": at,
            })
        }));
    }
    let records = held.iter().map(|record| by_name(record, catalogue)).collect();
    let keys: Vec<Key> = ids.iter().copied().map(Key::from).collect();
    let calls = samples::said_about(connection, &keys)?;
    let household = household.0;
    Ok(Holding { household, as_of: now, records, operations, photos, calls, accesses: looked })
}

/// A record with its values by the names of their fields.
fn by_name(record: &Record, catalogue: &mobile_schema::Catalogue) -> Json {
    let definition =
        super::mask::definition_of(&record.collection, Some(&record.definition), catalogue);
    let name = |id: &u32| {
        let field = definition.and_then(|definition| definition.field(*id));
        field.map_or_else(|| id.to_string(), |field| field.name.clone())
    };
    let fields: serde_json::Map<String, Json> = record
        .fields
        .iter()
        .map(|(id, value)| (name(id), serde_json::to_value(value).unwrap_or_default()))
        .collect();
    serde_json::json!({
        "id": record.id, "register": record.collection, "scope": record.scope,
        "deleted": record.deleted, "fields": fields,
    })
}
