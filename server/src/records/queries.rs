//! Records as supervisors read them.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use mobile_schema::{Catalogue, FieldId, Hash};
use serde::Serialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use sync_protocol::RecordId;
use sync_protocol::record::Writer;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::schema::{history, ops, records, users};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{AnyConnection, MultiBackend, containing};
use crate::privacy::mask;
use crate::{seal, sync};

/// A record with its values.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordView {
    pub(crate) id: Uuid,
    collection: String,
    /// The scope it is in.
    pub(crate) scope: String,
    /// `[epoch, n]`
    #[schema(value_type = Vec<Object>)]
    version: sync_protocol::Version,
    #[schema(value_type = String)]
    definition: Hash,
    pub(crate) title: Option<String>,
    pub(crate) subject: Option<Uuid>,
    pub(crate) status: Option<String>,
    due_on: Option<String>,
    deleted: bool,
    #[schema(value_type = String)]
    updated_at: Timestamp,
    /// When its first operation was received, by the server's clock.
    #[schema(value_type = String)]
    pub(crate) created_at: Timestamp,
    /// Values by field id.
    #[schema(value_type = Object)]
    fields: Box<RawValue>,
    /// Sensitive fields that have a value, and whose value is not told; a reason tells them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    masked: Vec<FieldId>,
}

impl RecordView {
    /// The values by field.
    pub(crate) fn values(&self) -> BTreeMap<FieldId, Json> {
        serde_json::from_str(self.fields.get()).unwrap_or_default()
    }

    /// A field's value.
    pub(crate) fn value(&self, field: FieldId) -> Option<Json> {
        self.values().remove(&field)
    }

    /// Without the values of sensitive fields.
    pub(crate) fn mask(&mut self, catalogue: &Catalogue) {
        let (fields, masked) =
            mask::fields(&self.fields, &self.collection, &self.definition, catalogue);
        (self.fields, self.masked) = (fields, masked);
    }
}

type Row = (
    (Key, String, String, i64, i64, Vec<u8>),
    (Option<String>, Option<Key>, Option<String>, Option<String>, bool),
    (Timestamp, Timestamp, JsonText),
);

macro_rules! view_columns {
    () => {
        (
            (
                records::id,
                records::collection,
                records::scope,
                records::epoch,
                records::n,
                records::definition,
            ),
            (records::title, records::subject, records::status, records::due_on, records::deleted),
            (records::updated_at, records::created_at, records::fields),
        )
    };
}

fn view(row: Row) -> QueryResult<RecordView> {
    let (
        (id, collection, scope, epoch, n, definition),
        (title, subject, status, due_on, deleted),
        (updated_at, created_at, fields),
    ) = row;
    let epoch = sync_protocol::Epoch(epoch as u64);
    Ok(RecordView {
        id: id.0,
        collection,
        scope,
        version: sync_protocol::Version { epoch, n: n as u64 },
        definition: Hash(definition.try_into().unwrap_or([0; 32])),
        title,
        subject: subject.map(|key| key.0),
        status,
        due_on,
        deleted,
        updated_at,
        created_at,
        fields: seal::open_fields(id.into(), fields)?.raw()?,
        masked: Vec::new(),
    })
}

/// Which records are asked for.
pub(super) struct Wanted {
    pub(super) collection: Option<String>,
    pub(super) subject: Option<Uuid>,
    /// Words in the record's line.
    pub(super) title: Option<String>,
    pub(super) after: Option<Uuid>,
    pub(super) limit: i64,
}

/// A page of them in these scopes.
pub(super) fn list(
    connection: &mut AnyConnection,
    wanted: &Wanted,
    scopes: &[String],
) -> QueryResult<Vec<RecordView>> {
    let mut query = records::table
        .filter(records::scope.eq_any(scopes.to_vec()))
        .filter(records::deleted.eq(false))
        .filter(records::id.gt(Key(wanted.after.unwrap_or(Uuid::nil()))))
        .order(records::id)
        .limit(wanted.limit)
        .select(view_columns!())
        .into_boxed::<MultiBackend>();
    if let Some(collection) = &wanted.collection {
        query = query.filter(records::collection.eq(collection.clone()));
    }
    if let Some(subject) = wanted.subject {
        query = query.filter(records::subject.eq(Key(subject)));
    }
    if let Some(title) = &wanted.title {
        query = query.filter(records::title.like(containing(title)).escape('\\'));
    }
    let rows: Vec<Row> = query.load(connection)?;
    rows.into_iter().map(view).collect()
}

/// The ids of a register in these scopes, the oldest first.
pub(crate) fn ids_of_register(
    connection: &mut AnyConnection,
    register: &str,
    scopes: &[String],
) -> QueryResult<Vec<Uuid>> {
    let mut found: Vec<(Timestamp, Key)> = records::table
        .filter(records::collection.eq(register).and(records::deleted.eq(false)))
        .filter(records::scope.eq_any(scopes))
        .select((records::created_at, records::id))
        .load(connection)?;
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, key)| key.0).collect())
}

/// The rest of a list behind one of its records: what was received last comes first. Nothing where
/// that record is nowhere.
pub(crate) fn behind<'q, ST>(
    connection: &mut AnyConnection,
    list: records::BoxedQuery<'q, MultiBackend, ST>,
    after: Uuid,
) -> QueryResult<Option<records::BoxedQuery<'q, MultiBackend, ST>>> {
    let received: Option<Timestamp> =
        records::table.find(Key(after)).select(records::created_at).first(connection).optional()?;
    let Some(received) = received else { return Ok(None) };
    let same = records::created_at.eq(received).and(records::id.lt(Key(after)));
    // Said once more, so that the index is entered where the page starts.
    let list = list.filter(records::created_at.le(received));
    Ok(Some(list.filter(records::created_at.lt(received).or(same))))
}

/// Records by their ids, in these scopes, in the order in which they are asked for.
pub(crate) fn views(
    connection: &mut AnyConnection,
    ids: &[RecordId],
    scopes: &[String],
) -> QueryResult<Vec<RecordView>> {
    let keys: Vec<Key> = ids.iter().copied().map(Key::from).collect();
    let rows: Vec<Row> = records::table
        .filter(records::id.eq_any(keys).and(records::deleted.eq(false)))
        // Joined with nothing, the column has no index: of few villages, SQLite would read all of
        // their records for the sake of these.
        .filter(records::scope.concat("").eq_any(scopes))
        .select(view_columns!())
        .load(connection)?;
    let places: HashMap<Uuid, usize> = ids.iter().map(|id| id.0).zip(0..).collect();
    let mut found = rows.into_iter().map(view).collect::<QueryResult<Vec<_>>>()?;
    found.sort_unstable_by_key(|one| places.get(&one.id));
    Ok(found)
}

/// The rules of the open findings about each, in the order of their names.
pub(crate) fn open_rules(
    connection: &mut AnyConnection,
    subjects: &[Uuid],
) -> QueryResult<BTreeMap<Uuid, Vec<String>>> {
    // Asked for what is open, or for an order, SQLite would walk all findings.
    let rows: Vec<(Option<Key>, Option<String>, Option<String>)> = records::table
        .filter(records::subject.eq_any(subjects.iter().copied().map(Key)))
        .filter(records::collection.eq("finding").and(records::deleted.eq(false)))
        .select((records::subject, records::title, records::status))
        .load(connection)?;
    let mut open: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    for (subject, rule, status) in rows {
        if let (Some(subject), Some(rule), Some("open")) = (subject, rule, status.as_deref()) {
            open.entry(subject.0).or_default().push(rule);
        }
    }
    open.values_mut().for_each(|rules| rules.sort_unstable());
    Ok(open)
}

/// The titles of those records that are in these scopes.
pub(crate) fn titles(
    connection: &mut AnyConnection,
    ids: &[Uuid],
    scopes: &[String],
) -> QueryResult<BTreeMap<Uuid, String>> {
    let rows: Vec<(Key, String, Option<String>)> = records::table
        .filter(records::id.eq_any(ids.iter().copied().map(Key)))
        .select((records::id, records::scope, records::title))
        .load(connection)?;
    let theirs = rows.into_iter().filter(|(_, scope, _)| scopes.contains(scope));
    Ok(theirs.filter_map(|(id, _, title)| Some((id.0, title?))).collect())
}

/// One record.
pub(crate) fn view_of(connection: &mut AnyConnection, id: Uuid) -> QueryResult<Option<RecordView>> {
    let row: Option<Row> =
        records::table.find(Key(id)).select(view_columns!()).first(connection).optional()?;
    row.map(view).transpose()
}

/// One line of a record's history: the operation that made a version.
#[derive(Serialize, ToSchema)]
pub(super) struct HistoryLine {
    /// The version it made.
    n: i64,
    pushed_by: Uuid,
    /// Their name.
    pushed_by_name: String,
    #[schema(value_type = String)]
    received_at: Timestamp,
    /// The operation as it came.
    #[schema(value_type = Object)]
    op: Box<RawValue>,
}

impl HistoryLine {
    /// Without the values of sensitive fields.
    pub(super) fn mask(&mut self, catalogue: &Catalogue) {
        self.op = mask::operation(&self.op, catalogue);
    }
}

/// Every version of a record, oldest first.
pub(super) fn history_of(
    connection: &mut AnyConnection,
    record: Uuid,
) -> QueryResult<Vec<HistoryLine>> {
    type Row = (i64, Key, String, Timestamp, Vec<u8>, Key, i64);
    let rows: Vec<Row> = history::table
        .inner_join(
            ops::table.on(ops::incarnation.eq(history::incarnation).and(ops::seq.eq(history::seq))),
        )
        .inner_join(users::table.on(users::id.eq(ops::pushed_by)))
        .filter(history::record.eq(Key(record)))
        .order(ops::received_at)
        .then_order_by(history::n)
        .limit(crate::limits::MAX_PAGE)
        .select((
            history::n,
            ops::pushed_by,
            users::display_name,
            ops::received_at,
            ops::body,
            ops::incarnation,
            ops::seq,
        ))
        .load(connection)?;
    rows.into_iter()
        .map(|(n, pushed_by, pushed_by_name, received_at, body, incarnation, seq)| {
            let place = Writer { incarnation: incarnation.into(), seq: seq as u64 };
            let op = sync::stored_as_json(place, body);
            Ok(HistoryLine { n, pushed_by: pushed_by.0, pushed_by_name, received_at, op })
        })
        .collect()
}
