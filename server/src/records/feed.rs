//! Feeds: what a pull reads, by sequence number, from one snapshot.

use std::collections::BTreeMap;

use diesel::prelude::*;
use mobile_schema::Hash;
use serde::Serialize;
use serde_json::value::RawValue;
use sync_protocol::exchange::{FeedSource, Head, Item, Page};
use sync_protocol::message::Gone;
use sync_protocol::{RecordId, ScopeId, Version};

use super::store::{HeadRow, head, head_columns, version};
use crate::db::schema::{evictions, records, scope_heads};
use crate::db::types::{JsonText, Key};
use crate::db::{AnyConnection, STATEMENT_ROWS};
use crate::seal;

/// A record in a feed, with its values as they are stored: it is not parsed to be sent.
#[derive(Clone, Debug, Serialize)]
pub struct FeedRow {
    id: RecordId,
    collection: String,
    version: Version,
    definition: Hash,
    fields: Box<RawValue>,
}

/// The database as it is within one transaction.
pub struct Snapshot<'a>(pub &'a mut AnyConnection);

/// What a row takes on the wire besides its values, about.
const ROW_OVERHEAD: usize = 220;
/// Rows that are read at once, at most: no more than may fit.
const ROWS_AT_ONCE: usize = 200;

type Row = (i64, Key, String, i64, i64, Vec<u8>, bool, JsonText);

macro_rules! row_columns {
    () => {
        (
            records::seq,
            records::id,
            records::collection,
            records::epoch,
            records::n,
            records::definition,
            records::deleted,
            records::fields,
        )
    };
}

fn feed_row((_, id, collection, epoch, n, definition, _, fields): Row) -> QueryResult<FeedRow> {
    Ok(FeedRow {
        id: id.into(),
        collection,
        version: version(epoch, n),
        definition: Hash(definition.try_into().unwrap_or([0; 32])),
        fields: seal::open_fields(id.into(), fields)?.raw()?,
    })
}

/// An entry of a feed with its number and about how many bytes it takes.
fn item(row: Row) -> QueryResult<(u64, usize, Item<FeedRow>)> {
    let seq = row.0 as u64;
    Ok(if row.6 {
        let gone = Gone { id: row.1.into(), version: version(row.3, row.4) };
        (seq, ROW_OVERHEAD / 2, Item::Gone(gone))
    } else {
        let bytes = ROW_OVERHEAD + row.7.0.len();
        (seq, bytes, Item::Row(feed_row(row)?))
    })
}

impl FeedSource for Snapshot<'_> {
    type Row = FeedRow;
    type Error = diesel::result::Error;

    fn heads(&mut self, scopes: &[ScopeId]) -> QueryResult<BTreeMap<ScopeId, Head>> {
        let mut found = BTreeMap::new();
        for chunk in scopes.chunks(STATEMENT_ROWS) {
            let names: Vec<&str> = chunk.iter().map(ScopeId::as_str).collect();
            let rows: Vec<HeadRow> = scope_heads::table
                .filter(scope_heads::scope.eq_any(names))
                .select(head_columns!())
                .load(self.0)?;
            for row in rows {
                found.extend(head(row)?);
            }
        }
        Ok(found)
    }

    fn page(
        &mut self,
        scope: &ScopeId,
        cursor: u64,
        head: u64,
        budget: usize,
    ) -> QueryResult<Page<FeedRow>> {
        let mut page = Page::after(cursor);
        while page.cursor < head && page.bytes < budget {
            let after = page.cursor as i64;
            let fit = (budget - page.bytes) / ROW_OVERHEAD + 1;
            let at_once = fit.min(ROWS_AT_ONCE);
            let rows: Vec<Row> = records::table
                .filter(records::scope.eq(scope.as_str()).and(records::seq.gt(after)))
                .order(records::seq)
                .limit(at_once as i64)
                .select(row_columns!())
                .load(self.0)?;
            // Departures up to where these rows reach; all that are left, if these are the last.
            let full = rows.len() == at_once;
            let reach = if full { rows.last().map_or(i64::MAX, |row| row.0) } else { i64::MAX };
            let left: Vec<(i64, Key, i64, i64)> = evictions::table
                .filter(evictions::scope.eq(scope.as_str()))
                .filter(evictions::seq.gt(after).and(evictions::seq.le(reach)))
                .order(evictions::seq)
                .select((evictions::seq, evictions::record, evictions::epoch, evictions::n))
                .load(self.0)?;
            let gone = left.into_iter().map(|(seq, record, epoch, n)| {
                let gone = Gone { id: record.into(), version: version(epoch, n) };
                Ok((seq as u64, ROW_OVERHEAD / 2, Item::Gone(gone)))
            });
            let items: QueryResult<Vec<_>> = rows.into_iter().map(item).chain(gone).collect();
            let mut items = items?;
            items.sort_by_key(|(seq, ..)| *seq);
            if page.take(items, budget) && !full {
                page.cursor = head;
            }
        }
        Ok(page)
    }

    fn versions(&mut self, scope: &ScopeId) -> QueryResult<Vec<(RecordId, Version)>> {
        let rows: Vec<(Key, i64, i64)> = records::table
            .filter(records::scope.eq(scope.as_str()).and(records::deleted.eq(false)))
            .select((records::id, records::epoch, records::n))
            .load(self.0)?;
        Ok(rows.into_iter().map(|(id, epoch, n)| (id.into(), version(epoch, n))).collect())
    }

    fn rows(&mut self, scope: &ScopeId, ids: &[RecordId]) -> QueryResult<Vec<FeedRow>> {
        let mut found = Vec::new();
        for chunk in ids.chunks(STATEMENT_ROWS) {
            let ids: Vec<Key> = chunk.iter().copied().map(Key::from).collect();
            let rows: Vec<Row> = records::table
                .filter(records::id.eq_any(ids))
                .filter(records::scope.eq(scope.as_str()).and(records::deleted.eq(false)))
                .select(row_columns!())
                .load(self.0)?;
            for row in rows {
                found.push(feed_row(row)?);
            }
        }
        Ok(found)
    }
}
