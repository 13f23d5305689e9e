//! What a tablet has not seen yet, from one snapshot.

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryResult;
use sync_protocol::exchange::{Asked, answer};
use sync_protocol::limits::{MAX_BUDGET, MIN_BUDGET};
use sync_protocol::message::Feed;
use sync_protocol::{ScopeId, SyncRequest};

use super::wire::RawOp;
use crate::db::AnyConnection;
use crate::records::{FeedRow, Snapshot};

/// The news of `scopes`, and how what was asked about is here.
pub fn pull(
    connection: &mut AnyConnection,
    scopes: &BTreeSet<ScopeId>,
    request: &SyncRequest<RawOp>,
) -> QueryResult<BTreeMap<ScopeId, Feed<FeedRow>>> {
    let asked = Asked {
        cursors: Some(&request.cursors),
        digests: Some(&request.digests),
        repair: Some(&request.repair),
        budget: request.budget.clamp(MIN_BUDGET, MAX_BUDGET) as usize,
    };
    answer(&mut Snapshot(connection), scopes, &asked)
}
