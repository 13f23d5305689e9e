//! Records as rows: what a push reads and writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diesel::prelude::*;
use mobile_schema::register::Role;
use mobile_schema::{Catalogue, Hash, RegisterDefinition, Value};
use sync_protocol::exchange::{Head, Heads};
use sync_protocol::merge::Board;
use sync_protocol::record::Marks;
use sync_protocol::{Digest, Epoch, Record, RecordId, ScopeId, Version};

use crate::db::schema::{evictions, history, records, scope_heads};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{
    AnyConnection, Prepared, RowLocked, STATEMENT_ROWS, insert_all, padded, update_all,
};
use crate::seal;

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = records, treat_none_as_default_value = false)]
pub(super) struct RecordRow {
    id: Key,
    seq: i64,
    epoch: i64,
    n: i64,
    definition: Vec<u8>,
    fields: JsonText,
    marks: JsonText,
    updated_at: Timestamp,
    /// When its first operation was received; never changed.
    created_at: Timestamp,
    #[diesel(embed)]
    indexed: Indexed,
}

/// What lists and searches find a record by, besides its id and number.
#[derive(Insertable, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = records, treat_none_as_default_value = false)]
pub(super) struct Indexed {
    collection: String,
    scope: String,
    deleted: bool,
    title: Option<String>,
    subject: Option<Key>,
    status: Option<String>,
    due_on: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = history)]
struct HistoryRow {
    record: Key,
    epoch: i64,
    n: i64,
    incarnation: Key,
    seq: i64,
}

#[derive(Insertable)]
#[diesel(table_name = evictions)]
struct EvictionRow {
    scope: String,
    seq: i64,
    record: Key,
    epoch: i64,
    n: i64,
    left_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = scope_heads)]
struct HeadValues {
    scope: String,
    seq: i64,
    digest: Vec<u8>,
    horizon: i64,
}

pub(super) type HeadRow = (String, i64, Vec<u8>, i64);

macro_rules! head_columns {
    () => {
        (scope_heads::scope, scope_heads::seq, scope_heads::digest, scope_heads::horizon)
    };
}
pub(super) use head_columns;

/// Versions are stored as two 64-bit integers; an epoch's bits are kept, whatever their sign.
fn columns(version: Version) -> (i64, i64) {
    (version.epoch.0 as i64, version.n as i64)
}

pub(super) fn version(epoch: i64, n: i64) -> Version {
    Version { epoch: Epoch(epoch as u64), n: n as u64 }
}

/// The records with these ids that exist, in the order of their ids.
pub fn load(connection: &mut AnyConnection, ids: &[RecordId]) -> QueryResult<Vec<Record>> {
    let mut found = Vec::new();
    let mut keys: Vec<Key> = ids.iter().copied().map(Key::from).collect();
    keys.sort_unstable();
    for chunk in keys.chunks(STATEMENT_ROWS) {
        let rows: Vec<RecordRow> = records::table
            .filter(records::id.eq_any(chunk.to_vec()))
            .order(records::id)
            .select(RecordRow::as_select())
            .load(connection)?;
        found
            .extend(rows.into_iter().map(RecordRow::into_record).collect::<QueryResult<Vec<_>>>()?);
    }
    Ok(found)
}

/// Whether a record once was of this version.
pub fn was(connection: &mut AnyConnection, record: RecordId, at: Version) -> QueryResult<bool> {
    let (epoch, n) = columns(at);
    let lines: i64 = history::table
        .filter(history::record.eq(Key::from(record)))
        .filter(history::epoch.eq(epoch).and(history::n.eq(n)))
        .count()
        .get_result(connection)?;
    Ok(lines > 0)
}

/// Some records of a register in these scopes.
pub fn load_some(
    connection: &mut AnyConnection,
    collection: &str,
    scopes: &BTreeSet<ScopeId>,
    limit: i64,
) -> QueryResult<Vec<Record>> {
    let scopes: Vec<&str> = scopes.iter().map(ScopeId::as_str).collect();
    let rows: Vec<RecordRow> = records::table
        .filter(records::collection.eq(collection).and(records::deleted.eq(false)))
        .filter(records::scope.eq_any(scopes))
        .order((records::scope, records::id))
        .limit(limit)
        .select(RecordRow::as_select())
        .load(connection)?;
    rows.into_iter().map(RecordRow::into_record).collect()
}

/// The records with these ids that exist, kept from being changed by others; locked in the
/// order of their ids, so that two pushes never wait for each other.
pub fn load_for_update(
    connection: &mut AnyConnection,
    ids: &[RecordId],
) -> QueryResult<Vec<Record>> {
    let mut sorted: Vec<Key> = ids.iter().copied().map(Key::from).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut found = Vec::new();
    for chunk in sorted.chunks(STATEMENT_ROWS) {
        let query = records::table
            .filter(records::id.eq_any(padded(chunk.to_vec())))
            .order(records::id)
            .select(RecordRow::as_select());
        let query = Prepared::always(RowLocked(query));
        let rows: Vec<RecordRow> = query.get_results(connection)?;
        for row in rows {
            found.push(row.into_record()?);
        }
    }
    Ok(found)
}

impl RecordRow {
    pub(super) fn into_record(self) -> QueryResult<Record> {
        let unreadable = |what: &str| diesel::result::Error::DeserializationError(what.into());
        Ok(Record {
            id: self.id.into(),
            collection: self.indexed.collection,
            scope: self.indexed.scope.parse().map_err(|_| unreadable("a scope in the database"))?,
            version: version(self.epoch, self.n),
            definition: Hash(
                self.definition.try_into().map_err(|_| unreadable("a hash in the database"))?,
            ),
            deleted: self.indexed.deleted,
            fields: seal::open_fields(self.id.into(), self.fields)?.read()?,
            marks: seal::open_marks(self.id.into(), &self.marks)?,
        })
    }

    fn of(record: &Record, seq: i64, catalogue: &Catalogue, now: Timestamp) -> Self {
        let known = definition_of(record, catalogue);
        let (epoch, n) = columns(record.version);
        Self {
            id: record.id.into(),
            seq,
            epoch,
            n,
            definition: record.definition.as_bytes().to_vec(),
            fields: seal::fields(record, known),
            marks: seal::marks(record, known),
            updated_at: now,
            created_at: now,
            indexed: Indexed::of(record, catalogue),
        }
    }
}

impl Indexed {
    fn of(record: &Record, catalogue: &Catalogue) -> Self {
        let known = definition_of(record, catalogue);
        let indexed = |role| {
            let field = known?.field_with_role(role)?;
            record.fields.get(&field.id).and_then(Value::as_text).map(str::to_owned)
        };
        Self {
            collection: record.collection.clone(),
            scope: record.scope.to_string(),
            deleted: record.deleted,
            title: indexed(Role::Title),
            subject: indexed(Role::Subject).and_then(|id| id.parse().ok()).map(Key),
            status: indexed(Role::Status),
            due_on: indexed(Role::Due),
        }
    }
}

/// The definition a record was written with; the newest of its register, where that is not known
/// here.
fn definition_of<'a>(record: &Record, catalogue: &'a Catalogue) -> Option<&'a RegisterDefinition> {
    let current = || catalogue.current(&record.collection).map(|(_, definition)| definition);
    catalogue.get(&record.definition).or_else(current).map(Arc::as_ref)
}

/// Stores what pushes changed: history, records, evictions, counters and digests.
pub fn write(
    connection: &mut AnyConnection,
    board: &Board,
    catalogue: &Catalogue,
    now: Timestamp,
) -> QueryResult<()> {
    let line = |happening: &sync_protocol::merge::Happening| {
        let (epoch, n) = columns(happening.version);
        HistoryRow {
            record: happening.record.into(),
            epoch,
            n,
            incarnation: happening.writer.incarnation.into(),
            seq: happening.writer.seq as i64,
        }
    };
    let lines: Vec<_> = board.happenings().iter().map(line).collect();
    insert_all!(connection, history::table, lines)?;

    let changed: Vec<_> = board.changed().collect();
    put(connection, &changed, catalogue, now)
}

/// Empties records that are erased, and tells feeds that they are gone: their ids, their versions
/// and who made them stay, and no value.
pub fn erase(
    connection: &mut AnyConnection,
    records: &[Record],
    epoch: Epoch,
    catalogue: &Catalogue,
    now: Timestamp,
) -> QueryResult<()> {
    let emptied: Vec<Record> = records
        .iter()
        .map(|record| Record {
            version: Version { epoch, n: record.version.n + 1 },
            deleted: true,
            fields: BTreeMap::new(),
            marks: Marks::of(record.marks.created.clone()),
            ..record.clone()
        })
        .collect();
    let changed: Vec<_> = records.iter().map(Some).zip(&emptied).collect();
    put(connection, &changed, catalogue, now)
}

/// Stores records as they are now, with what feeds and searches need to know of the change.
fn put(
    connection: &mut AnyConnection,
    changes: &[(Option<&Record>, &Record)],
    catalogue: &Catalogue,
    at: Timestamp,
) -> QueryResult<()> {
    let touched = Heads::touched(changes.iter().copied());
    let stored = lock_heads(connection, &touched)?;
    let new_scopes: Vec<_> =
        touched.into_iter().filter(|scope| !stored.contains_key(scope)).collect();
    let mut heads = Heads::new(stored);
    let (mut new, mut changed, mut found_by) = (Vec::new(), Vec::new(), Vec::new());
    // Those of the changed ones that lists and searches find as they did.
    let mut same = Vec::new();
    for (before, now) in changes {
        let terms = search_terms(now, catalogue);
        if before.map_or(!terms.is_empty(), |one| search_terms(one, catalogue) != terms) {
            found_by.push((now.id, terms));
        }
        let seq = heads.count(*before, now) as i64;
        let row = RecordRow::of(now, seq, catalogue, at);
        match before {
            None => new.push(row),
            Some(before) if Indexed::of(before, catalogue) == row.indexed => same.push(row),
            Some(_) => changed.push(row),
        }
    }
    insert_all!(connection, records::table, new)?;
    // SQLite writes each index anew in which a column is set, be it to what it was.
    update_all!(
        connection,
        records::table,
        records::id,
        (
            records::seq,
            records::epoch,
            records::n,
            records::definition,
            records::fields,
            records::marks,
            records::updated_at,
        ),
        same
    )?;
    update_all!(
        connection,
        records::table,
        records::id,
        (
            records::collection,
            records::scope,
            records::seq,
            records::epoch,
            records::n,
            records::definition,
            records::deleted,
            records::fields,
            records::marks,
            records::title,
            records::subject,
            records::status,
            records::due_on,
            records::updated_at,
        ),
        changed
    )?;
    if !found_by.is_empty() {
        seal::index(connection, &found_by)?;
    }
    let (heads, gone) = heads.finish();
    let gone: Vec<_> = gone
        .into_iter()
        .map(|eviction| {
            let (epoch, n) = columns(eviction.version);
            let (scope, seq) = (eviction.scope.to_string(), eviction.seq as i64);
            let record = eviction.record.into();
            EvictionRow { scope, seq, record, epoch, n, left_at: at }
        })
        .collect();
    insert_all!(connection, evictions::table, gone)?;
    store_heads(connection, heads, &new_scopes)
}

/// What a record is found by without opening it; nothing of one that is gone.
fn search_terms(record: &Record, catalogue: &Catalogue) -> Vec<seal::Term> {
    match definition_of(record, catalogue) {
        Some(definition) if !record.deleted => seal::search_terms(record, definition),
        _ => Vec::new(),
    }
}

/// The heads of these scopes that have any, locked in the scopes' order.
fn lock_heads(
    connection: &mut AnyConnection,
    scopes: &[ScopeId],
) -> QueryResult<BTreeMap<ScopeId, Head>> {
    let mut heads = BTreeMap::new();
    for chunk in scopes.chunks(STATEMENT_ROWS) {
        let names: Vec<&str> = chunk.iter().map(ScopeId::as_str).collect();
        let query = scope_heads::table
            .filter(scope_heads::scope.eq_any(padded(names)))
            .order(scope_heads::scope)
            .select(head_columns!());
        let query = Prepared::always(RowLocked(query));
        let rows: Vec<HeadRow> = query.get_results(connection)?;
        for row in rows {
            heads.extend(head(row)?);
        }
    }
    Ok(heads)
}

fn store_heads(
    connection: &mut AnyConnection,
    heads: BTreeMap<ScopeId, Head>,
    new: &[ScopeId],
) -> QueryResult<()> {
    let (mut added, mut moved) = (Vec::new(), Vec::new());
    for (scope, head) in heads {
        let row = HeadValues {
            scope: scope.to_string(),
            seq: head.seq as i64,
            digest: head.digest.0.to_be_bytes().to_vec(),
            horizon: head.horizon as i64,
        };
        if new.contains(&scope) { added.push(row) } else { moved.push(row) }
    }
    insert_all!(connection, scope_heads::table, added)?;
    update_all!(
        connection,
        scope_heads::table,
        scope_heads::scope,
        (scope_heads::seq, scope_heads::digest),
        moved
    )
}

/// A scope's head as it is stored; none if the scope's name can't be read.
pub(super) fn head((scope, seq, digest, horizon): HeadRow) -> QueryResult<Option<(ScopeId, Head)>> {
    let digest = digest_of(digest)?;
    let (seq, horizon) = (seq as u64, horizon as u64);
    Ok(scope.parse().ok().map(|scope| (scope, Head { seq, digest, horizon })))
}

fn digest_of(bytes: Vec<u8>) -> QueryResult<Digest> {
    let bytes: [u8; 16] = bytes.try_into().map_err(|_| {
        diesel::result::Error::DeserializationError("a digest in the database".into())
    })?;
    Ok(Digest(u128::from_be_bytes(bytes)))
}
