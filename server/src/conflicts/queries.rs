//! Conflicts in the database.

use std::collections::BTreeMap;

use diesel::prelude::*;
use mobile_schema::{Catalogue, FieldId, Value};
use serde::Serialize;
use serde_json::Value as Json;
use sync_protocol::record::Writer;
use sync_protocol::{Epoch, Version};
use utoipa::ToSchema;
use uuid::Uuid;

use super::rules::values_after;
use crate::db::AnyConnection;
use crate::db::schema::{history, ops, records, users};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::privacy::mask;
use crate::seal;

/// A conflict as a person reads it.
#[derive(Serialize, ToSchema)]
pub(super) struct Conflict {
    pub(super) id: Uuid,
    /// The scope it is in, which is that of the record it is about.
    pub(super) scope: String,
    /// `[epoch, n]`, to be named when it is settled.
    #[schema(value_type = Vec<Object>)]
    pub(super) version: Version,
    /// `open`, `kept`, `swapped` or `edited`.
    state: String,
    /// The record it is about.
    record: Option<Uuid>,
    collection: String,
    /// The line people recognise that record by.
    title: Option<String>,
    /// The field that leads the group of fields; 0 is the record's scope and life.
    group: i64,
    /// Its name for people.
    label: String,
    /// `latest`, `authority` or `compare_and_set`.
    policy: String,
    /// The values before either of the two wrote, by field id, as far as the record's history
    /// tells; only in the detail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    before: Option<BTreeMap<FieldId, Value>>,
    /// The value that stands, until somebody settles it otherwise.
    winner: Side,
    /// The value that does not.
    loser: Side,
    /// Who settled it, when and why.
    #[schema(value_type = Option<Object>)]
    resolution: Option<Json>,
    #[schema(value_type = String)]
    updated_at: Timestamp,
    /// Sensitive fields whose values are not told; a reason tells them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    masked: Vec<FieldId>,
}

impl Conflict {
    /// Without the values of sensitive fields.
    pub(super) fn mask(&mut self, catalogue: &Catalogue) {
        let definition = mask::definition_of(&self.collection, None, catalogue);
        for side in [&mut self.winner, &mut self.loser] {
            if let Some(values) = side.values.as_object_mut() {
                self.masked.extend(mask::values(values, definition));
            }
        }
        self.masked.sort_unstable();
        self.masked.dedup();
        if let Some(before) = &mut self.before {
            before.retain(|field, _| !self.masked.contains(field));
        }
        if let Some(resolution) = self.resolution.as_mut().and_then(Json::as_object_mut)
            && !self.masked.is_empty()
        {
            resolution.retain(|_, told| !told.is_object());
        }
    }
}

/// One of the two values.
#[derive(Serialize, ToSchema)]
struct Side {
    /// By field id.
    #[schema(value_type = Object)]
    values: Json,
    /// Whose it is.
    author: Option<Uuid>,
    /// Their name.
    author_name: Option<String>,
    /// When, by the tablet's clock: milliseconds since 1970 UTC.
    at: i64,
}

type Row = (Key, String, i64, i64, JsonText, Timestamp);

macro_rules! columns {
    () => {
        (
            records::id,
            records::scope,
            records::epoch,
            records::n,
            records::fields,
            records::updated_at,
        )
    };
}

/// The conflicts of these scopes, newest record last; `state` alone if it is given.
pub(super) fn list(
    connection: &mut AnyConnection,
    scopes: &[String],
    state: Option<&str>,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Conflict>> {
    let mut query = records::table
        .filter(records::collection.eq("conflict"))
        .filter(records::scope.eq_any(scopes.to_vec()))
        .filter(records::deleted.eq(false))
        .filter(records::id.gt(Key(after.unwrap_or(Uuid::nil()))))
        .order(records::id)
        .limit(limit)
        .select(columns!())
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(records::status.eq(state.to_owned()));
    }
    let rows: Vec<Row> = query.load(connection)?;
    rows.into_iter().map(|row| conflict(connection, row)).collect()
}

/// One conflict, with what was before it.
pub(super) fn find(connection: &mut AnyConnection, id: Uuid) -> QueryResult<Option<Conflict>> {
    let row: Option<Row> = records::table
        .find(Key(id))
        .filter(records::collection.eq("conflict").and(records::deleted.eq(false)))
        .select(columns!())
        .first(connection)
        .optional()?;
    let Some(mut row) = row else { return Ok(None) };
    row.4 = seal::open_fields(row.0.into(), row.4)?;
    let fields: BTreeMap<String, Json> = row.4.read()?;
    let mut conflict = conflict(connection, row)?;
    conflict.before = before(connection, &conflict, &fields)?;
    Ok(Some(conflict))
}

fn conflict(connection: &mut AnyConnection, row: Row) -> QueryResult<Conflict> {
    let (id, scope, epoch, n, fields, updated_at) = row;
    let fields: BTreeMap<String, Json> = seal::open_fields(id.into(), fields)?.read()?;
    let text =
        |field: &str| fields.get(field).and_then(Json::as_str).unwrap_or_default().to_owned();
    let record: Option<Uuid> = text("1").parse().ok();
    let title: Option<Option<String>> = match record {
        Some(record) => {
            records::table.find(Key(record)).select(records::title).first(connection).optional()?
        }
        None => None,
    };
    Ok(Conflict {
        id: id.0,
        scope,
        version: Version { epoch: Epoch(epoch as u64), n: n as u64 },
        state: text("7"),
        record,
        collection: text("2"),
        title: title.flatten(),
        group: fields.get("3").and_then(Json::as_i64).unwrap_or(0),
        label: text("9"),
        policy: text("4"),
        before: None,
        winner: side(connection, fields.get("5"))?,
        loser: side(connection, fields.get("6"))?,
        resolution: fields.get("8").cloned(),
        updated_at,
        masked: Vec::new(),
    })
}

fn side(connection: &mut AnyConnection, side: Option<&Json>) -> QueryResult<Side> {
    let side = side.unwrap_or(&Json::Null);
    let author: Option<Uuid> = side["author"].as_str().and_then(|id| id.parse().ok());
    let author_name = match author {
        Some(author) => users::table
            .find(Key(author))
            .select(users::display_name)
            .first(connection)
            .optional()?,
        None => None,
    };
    let at = side["at"].as_i64().unwrap_or(0);
    Ok(Side { values: side["values"].clone(), author, author_name, at })
}

/// The values of the fields in conflict as they were before both writes: read off the record's
/// history, from the newest operation that is older than either.
fn before(
    connection: &mut AnyConnection,
    conflict: &Conflict,
    fields: &BTreeMap<String, Json>,
) -> QueryResult<Option<BTreeMap<FieldId, Value>>> {
    let version = |side: &str| fields.get(side).and_then(|side| side["n"].as_i64());
    let (Some(record), Some(older)) = (conflict.record, version("5").min(version("6"))) else {
        return Ok(None);
    };
    let bodies: Vec<(Key, i64, Vec<u8>)> = history::table
        .inner_join(
            ops::table.on(ops::incarnation.eq(history::incarnation).and(ops::seq.eq(history::seq))),
        )
        .filter(history::record.eq(Key(record)).and(history::n.lt(older)))
        .order(history::n.desc())
        .limit(crate::limits::MAX_PAGE)
        .select((ops::incarnation, ops::seq, ops::body))
        .load(connection)?;
    let mut ops = Vec::with_capacity(bodies.len());
    for (incarnation, seq, body) in bodies {
        let place = Writer { incarnation: incarnation.into(), seq: seq as u64 };
        // What was erased, or was none, tells nothing of what was before it.
        let Ok(op) = serde_json::from_slice(&seal::open_body(place, body)?) else { break };
        ops.push(op);
    }
    let at_stake = [&conflict.winner, &conflict.loser].into_iter().flat_map(|side| {
        let values = side.values.as_object().into_iter();
        values.flat_map(|values| values.keys().filter_map(|field| field.parse().ok()))
    });
    Ok(Some(values_after(ops, at_stake.collect())))
}
