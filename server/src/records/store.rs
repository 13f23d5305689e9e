//! Records as rows, feeds by sequence number, digests: what a push writes and a pull reads.

use std::collections::BTreeMap;

use diesel::prelude::*;
use mobile_schema::register::Role;
use mobile_schema::{Catalogue, Hash, Value};
use serde::Serialize;
use serde_json::value::RawValue;
use sync_protocol::merge::Board;
use sync_protocol::message::Gone;
use sync_protocol::{Digest, Epoch, Record, RecordId, ScopeId, Version};

use crate::db::schema::{evictions, history, records, scope_heads};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{AnyConnection, RowLocked, insert_all};

/// Ids in one `IN (…)`: below what either database takes as parameters.
const IDS_AT_ONCE: usize = 500;

#[derive(Insertable, AsChangeset, Queryable, Selectable)]
#[diesel(table_name = records, treat_none_as_null = true)]
struct RecordRow {
    id: Key,
    collection: String,
    scope: String,
    seq: i64,
    epoch: i64,
    n: i64,
    definition: Vec<u8>,
    deleted: bool,
    fields: JsonText,
    marks: JsonText,
    title: Option<String>,
    subject: Option<Key>,
    status: Option<String>,
    due_on: Option<String>,
    updated_at: Timestamp,
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
}

/// Versions are stored as two 64-bit integers; an epoch's bits are kept, whatever their sign.
fn columns(version: Version) -> (i64, i64) {
    (version.epoch.0 as i64, version.n as i64)
}

fn version(epoch: i64, n: i64) -> Version {
    Version { epoch: Epoch(epoch as u64), n: n as u64 }
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
    for chunk in sorted.chunks(IDS_AT_ONCE) {
        let query = records::table
            .filter(records::id.eq_any(chunk.to_vec()))
            .order(records::id)
            .select(RecordRow::as_select());
        let rows: Vec<RecordRow> = RowLocked(query).get_results(connection)?;
        for row in rows {
            found.push(row.into_record()?);
        }
    }
    Ok(found)
}

impl RecordRow {
    fn into_record(self) -> QueryResult<Record> {
        let unreadable = |what: &str| diesel::result::Error::DeserializationError(what.into());
        Ok(Record {
            id: self.id.into(),
            collection: self.collection,
            scope: self.scope.parse().map_err(|_| unreadable("a scope in the database"))?,
            version: version(self.epoch, self.n),
            definition: Hash(
                self.definition.try_into().map_err(|_| unreadable("a hash in the database"))?,
            ),
            deleted: self.deleted,
            fields: self.fields.read()?,
            marks: self.marks.read()?,
        })
    }

    fn of(record: &Record, seq: i64, catalogue: &Catalogue, now: Timestamp) -> Self {
        let current = catalogue.current(&record.collection).map(|(_, definition)| definition);
        let known = catalogue.get(&record.definition).or(current);
        let indexed = |role| {
            let field = known?.field_with_role(role)?;
            record.fields.get(&field.id).and_then(Value::as_text).map(str::to_owned)
        };
        let (epoch, n) = columns(record.version);
        Self {
            id: record.id.into(),
            collection: record.collection.clone(),
            scope: record.scope.to_string(),
            seq,
            epoch,
            n,
            definition: record.definition.as_bytes().to_vec(),
            deleted: record.deleted,
            fields: JsonText::of(&record.fields),
            marks: JsonText::of(&record.marks),
            title: indexed(Role::Title),
            subject: indexed(Role::Subject).and_then(|id| id.parse().ok()).map(Key),
            status: indexed(Role::Status),
            due_on: indexed(Role::Due),
            updated_at: now,
        }
    }
}

/// Who pushed what is written.
pub struct Written<'a> {
    /// The chain.
    pub incarnation: sync_protocol::IncarnationId,
    /// Every definition, for the index columns.
    pub catalogue: &'a Catalogue,
    /// When.
    pub now: Timestamp,
}

/// Stores what a push changed: history, records, evictions, counters and digests.
pub fn write(
    connection: &mut AnyConnection,
    board: &Board,
    written: &Written<'_>,
) -> QueryResult<()> {
    let line = |happening: &sync_protocol::merge::Happening| {
        let (epoch, n) = columns(happening.version);
        HistoryRow {
            record: happening.record.into(),
            epoch,
            n,
            incarnation: written.incarnation.into(),
            seq: happening.seq as i64,
        }
    };
    let lines: Vec<_> = board.happenings().iter().map(line).collect();
    insert_all!(connection, history::table, lines)?;

    let mut heads = Heads::lock(connection, board)?;
    let (mut new, mut gone) = (Vec::new(), Vec::new());
    for (before, now) in board.changed() {
        let seq = heads.count(before, now, &mut gone);
        let row = RecordRow::of(now, seq, written.catalogue, written.now);
        match before {
            None => new.push(row),
            Some(_) => {
                diesel::update(records::table.find(row.id)).set(&row).execute(connection)?;
            }
        }
    }
    insert_all!(connection, records::table, new)?;
    insert_all!(connection, evictions::table, gone)?;
    heads.store(connection)
}

/// The counters and digests of the scopes that a push touches, locked in the scopes' order.
struct Heads(BTreeMap<ScopeId, Head>);

struct Head {
    seq: i64,
    digest: Digest,
    is_new: bool,
}

impl Heads {
    fn lock(connection: &mut AnyConnection, board: &Board) -> QueryResult<Self> {
        let mut heads = BTreeMap::new();
        for (before, now) in board.changed() {
            for scope in before.map(|record| &record.scope).into_iter().chain([&now.scope]) {
                heads.insert(
                    scope.clone(),
                    Head { seq: 0, digest: Digest::default(), is_new: true },
                );
            }
        }
        let names: Vec<String> = heads.keys().map(ScopeId::to_string).collect();
        for chunk in names.chunks(IDS_AT_ONCE) {
            let query = scope_heads::table
                .filter(scope_heads::scope.eq_any(chunk.to_vec()))
                .order(scope_heads::scope)
                .select((scope_heads::scope, scope_heads::seq, scope_heads::digest));
            let rows: Vec<(String, i64, Vec<u8>)> = RowLocked(query).get_results(connection)?;
            for (scope, seq, digest) in rows {
                let head = scope.parse().ok().and_then(|scope: ScopeId| heads.get_mut(&scope));
                if let Some(head) = head {
                    *head = Head { seq, digest: digest_of(digest)?, is_new: false };
                }
            }
        }
        Ok(Self(heads))
    }

    /// Gives the record its number in its scope, and notes that it left another.
    fn count(&mut self, before: Option<&Record>, now: &Record, gone: &mut Vec<EvictionRow>) -> i64 {
        if let Some(before) = before
            && let Some(old) = self.0.get_mut(&before.scope)
        {
            if !before.deleted {
                old.digest.remove(before.id, before.version);
            }
            if before.scope != now.scope {
                old.seq += 1;
                let (epoch, n) = columns(now.version);
                let scope = before.scope.to_string();
                gone.push(EvictionRow { scope, seq: old.seq, record: now.id.into(), epoch, n });
            }
        }
        let Some(head) = self.0.get_mut(&now.scope) else { return 0 };
        head.seq += 1;
        if !now.deleted {
            head.digest.add(now.id, now.version);
        }
        head.seq
    }

    fn store(self, connection: &mut AnyConnection) -> QueryResult<()> {
        for (scope, head) in self.0 {
            let digest = head.digest.0.to_be_bytes().to_vec();
            let values = (scope_heads::seq.eq(head.seq), scope_heads::digest.eq(digest));
            if head.is_new {
                diesel::insert_into(scope_heads::table)
                    .values((scope_heads::scope.eq(scope.as_str()), values.0, values.1))
                    .execute(connection)?;
            } else {
                diesel::update(scope_heads::table.find(scope.as_str()))
                    .set(values)
                    .execute(connection)?;
            }
        }
        Ok(())
    }
}

fn digest_of(bytes: Vec<u8>) -> QueryResult<Digest> {
    let bytes: [u8; 16] = bytes.try_into().map_err(|_| {
        diesel::result::Error::DeserializationError("a digest in the database".into())
    })?;
    Ok(Digest(u128::from_be_bytes(bytes)))
}

/// The last number and the digest of each of these scopes that has any.
pub fn heads(
    connection: &mut AnyConnection,
    scopes: &[ScopeId],
) -> QueryResult<BTreeMap<ScopeId, (u64, Digest)>> {
    let mut found = BTreeMap::new();
    let names: Vec<String> = scopes.iter().map(ScopeId::to_string).collect();
    for chunk in names.chunks(IDS_AT_ONCE) {
        let rows: Vec<(String, i64, Vec<u8>)> = scope_heads::table
            .filter(scope_heads::scope.eq_any(chunk.to_vec()))
            .select((scope_heads::scope, scope_heads::seq, scope_heads::digest))
            .load(connection)?;
        for (scope, seq, digest) in rows {
            if let Ok(scope) = scope.parse() {
                found.insert(scope, (seq as u64, digest_of(digest)?));
            }
        }
    }
    Ok(found)
}

/// A record in a feed, with its values as they are stored: it is not parsed to be sent.
#[derive(Debug, Serialize)]
pub struct FeedRow {
    id: RecordId,
    collection: String,
    version: Version,
    definition: Hash,
    fields: Box<RawValue>,
}

/// A stretch of a scope's feed.
#[derive(Debug, Default)]
pub struct FeedPage {
    /// Records that are new or changed.
    pub rows: Vec<FeedRow>,
    /// Records that left or are gone.
    pub gone: Vec<Gone>,
    /// The last number on the page; the cursor it began with if it is empty.
    pub cursor: u64,
    /// About how many bytes it takes on the wire.
    pub bytes: usize,
}

/// What a row takes besides its values.
const ROW_OVERHEAD: usize = 220;

/// The news of a scope after `cursor`, up to about `budget` bytes but at least one row.
pub fn feed(
    connection: &mut AnyConnection,
    scope: &ScopeId,
    cursor: u64,
    head: u64,
    budget: usize,
) -> QueryResult<FeedPage> {
    const ROWS_AT_ONCE: i64 = 200;
    type Row = (i64, Key, String, i64, i64, Vec<u8>, bool, JsonText);
    let mut page = FeedPage { cursor, ..FeedPage::default() };
    while page.cursor < head && page.bytes < budget {
        let after = page.cursor as i64;
        let rows: Vec<Row> = records::table
            .filter(records::scope.eq(scope.as_str()).and(records::seq.gt(after)))
            .order(records::seq)
            .limit(ROWS_AT_ONCE)
            .select((
                records::seq,
                records::id,
                records::collection,
                records::epoch,
                records::n,
                records::definition,
                records::deleted,
                records::fields,
            ))
            .load(connection)?;
        // Evictions up to where these rows reach; all that are left, if these are the last.
        let full = rows.len() as i64 == ROWS_AT_ONCE;
        let reach = if full { rows.last().map_or(i64::MAX, |row| row.0) } else { i64::MAX };
        let left: Vec<(i64, Key, i64, i64)> = evictions::table
            .filter(evictions::scope.eq(scope.as_str()))
            .filter(evictions::seq.gt(after).and(evictions::seq.le(reach)))
            .order(evictions::seq)
            .select((evictions::seq, evictions::record, evictions::epoch, evictions::n))
            .load(connection)?;
        let mut left = left.into_iter().peekable();
        let mut rows = rows.into_iter().peekable();
        // By number, so that stopping at the budget leaves no hole behind the cursor.
        while page.bytes < budget {
            let next_left = left.peek().map_or(i64::MAX, |one| one.0);
            let next_row = rows.peek().map_or(i64::MAX, |row| row.0);
            if next_left < next_row {
                let Some((seq, record, epoch, n)) = left.next() else { break };
                page.gone.push(Gone { id: record.into(), version: version(epoch, n) });
                page.bytes += ROW_OVERHEAD / 2;
                page.cursor = seq as u64;
            } else {
                let Some((seq, id, collection, epoch, n, definition, deleted, fields)) =
                    rows.next()
                else {
                    break;
                };
                let (id, version) = (id.into(), version(epoch, n));
                if deleted {
                    page.gone.push(Gone { id, version });
                    page.bytes += ROW_OVERHEAD / 2;
                } else {
                    page.bytes += ROW_OVERHEAD + fields.0.len();
                    page.rows.push(FeedRow {
                        id,
                        collection,
                        version,
                        definition: Hash(definition.try_into().unwrap_or([0; 32])),
                        fields: RawValue::from_string(fields.0).map_err(|error| {
                            diesel::result::Error::DeserializationError(error.into())
                        })?,
                    });
                }
                page.cursor = seq as u64;
            }
        }
        if !full && page.bytes < budget {
            page.cursor = head;
        }
    }
    Ok(page)
}
