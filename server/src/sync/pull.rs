//! What a tablet has not seen yet, from one snapshot.

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryResult;
use sync_protocol::ScopeId;
use sync_protocol::message::Feed;

use crate::db::AnyConnection;
use crate::records::{self, FeedRow};

/// The news of `scopes` after `cursors`, up to about `budget` bytes. A scope without a cursor is
/// new to the tablet.
pub(super) fn pull(
    connection: &mut AnyConnection,
    scopes: &BTreeSet<ScopeId>,
    cursors: &BTreeMap<ScopeId, u64>,
    budget: usize,
) -> QueryResult<BTreeMap<ScopeId, Feed<FeedRow>>> {
    let asked: Vec<_> = scopes.iter().cloned().collect();
    let heads = records::heads(connection, &asked)?;
    let mut left = budget;
    let mut feeds = BTreeMap::new();
    for scope in asked {
        let known = cursors.get(&scope).copied();
        let (head, digest) = heads.get(&scope).copied().unwrap_or_default();
        let cursor = known.unwrap_or(0).min(head);
        if known == Some(head) {
            continue;
        }
        if left == 0 && cursor < head {
            let (rows, gone) = (Vec::new(), Vec::new());
            feeds.insert(scope, Feed { rows, gone, cursor, more: true, digest: None });
            continue;
        }
        let page = records::feed(connection, &scope, cursor, head, left)?;
        left = left.saturating_sub(page.bytes);
        let more = page.cursor < head;
        feeds.insert(
            scope,
            Feed {
                rows: page.rows,
                gone: page.gone,
                cursor: page.cursor,
                more,
                digest: (!more).then_some(digest),
            },
        );
    }
    Ok(feeds)
}
