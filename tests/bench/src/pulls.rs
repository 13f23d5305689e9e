//! What a pull costs: all of a large scope, and ten changes in scopes of two sizes.

use std::time::{Duration, Instant};

use harness::Backend;
use sync_protocol::op::{Change, Fields, Op};
use sync_protocol::{Cursor, Epoch, ScopeId, SyncRequest, SyncResponse};

use crate::crowd::{Crowd, Member, name, pack, quantile, unpack};

pub(crate) async fn measure(backend: Backend) {
    let crowd = Crowd::gather(backend, 8).await;
    // A village is what a scope usually is; here it has as many households as a county.
    let scope: ScopeId = "area:529901100202".parse().expect("a scope");
    crowd.fill(&scope, 1_000).await;
    ten_changes(&crowd, &scope, backend, "1,000").await;
    crowd.fill(&scope, 9_000).await;
    everything(&crowd, &scope, backend).await;
    crowd.fill(&scope, 90_000).await;
    ten_changes(&crowd, &scope, backend, "100,000").await;
}

/// Pulls the scope from its beginning.
async fn everything(crowd: &Crowd, scope: &ScopeId, backend: Backend) {
    let tablet = crowd.dealt(1).remove(0).remove(0);
    let begun = Instant::now();
    let (mut bytes, mut rows, mut cursor, mut epoch) = (0, 0, Cursor::default(), None);
    loop {
        let answer = tablet.send(pack(&pull(&tablet, scope, cursor, u32::MAX, epoch))).await;
        bytes += answer.len();
        let SyncResponse::Ok(accepted) = unpack(&answer) else { panic!("not accepted") };
        epoch = Some(accepted.epoch);
        let Some(feed) = accepted.feeds.get(scope) else { break };
        (rows, cursor) = (rows + feed.rows.len(), feed.cursor);
        if !feed.more {
            break;
        }
    }
    assert!(rows >= 10_000, "{rows} rows");
    let elapsed = begun.elapsed().as_secs_f64() * 1e3;
    let (_, peak) = crowd.server.usage();
    let (backend, peak) = (name(backend), peak as f64 / 1e6);
    println!("| {backend}: all of them | 10,000 | {elapsed:.0} | {bytes} | {peak:.0} MB |");
}

/// Changes ten households, and pulls just that, again and again.
async fn ten_changes(crowd: &Crowd, scope: &ScopeId, backend: Backend, stored: &str) {
    let tablet = crowd.dealt(1).remove(0).remove(0);
    let made: Vec<_> =
        (0..10).map(|number| tablet.household(&crowd.catalogue, scope, number)).collect();
    let SyncResponse::Ok(accepted) = tablet.push(1, made.clone()).await else {
        panic!("not accepted")
    };
    let epoch = Some(accepted.epoch);
    let before = cursor(&tablet, scope, epoch).await;
    let change = Change::Patch { fields: Fields::from([(4, "搬到新居".into())]) };
    let ops = made.iter().map(|op| Op { change: change.clone(), ..op.clone() }).collect();
    tablet.push(11, ops).await;
    let body = pack(&pull(&tablet, scope, before, 64 * 1024, epoch));
    let mut times: Vec<Duration> = Vec::new();
    let mut bytes = 0;
    for _ in 0..100 {
        let begun = Instant::now();
        let answer = tablet.send(body.clone()).await;
        times.push(begun.elapsed());
        bytes = answer.len();
        let SyncResponse::Ok(accepted) = unpack(&answer) else { panic!("not accepted") };
        assert_eq!(accepted.feeds[scope].rows.len(), 10);
    }
    let (_, peak) = crowd.server.usage();
    let (backend, median) = (name(backend), quantile(&mut times, 0.5));
    println!(
        "| {backend}: ten changes | {stored} | {median:.1} | {bytes} | {:.0} MB |",
        peak as f64 / 1e6
    );
}

/// Whoever is here has seen everything.
const END: Cursor = Cursor { seq: u64::MAX >> 1, floor: 0 };

/// A pull of one scope; the others are as up to date as can be.
fn pull(
    tablet: &Member,
    scope: &ScopeId,
    cursor: Cursor,
    budget: u32,
    epoch: Option<Epoch>,
) -> SyncRequest {
    let mut request = SyncRequest { budget, epoch, ..tablet.request(1, Vec::new()) };
    for village in ["100201", "100202", "100203", "101201", "101202", "101203"] {
        let other: ScopeId = format!("area:529901{village}").parse().expect("a scope");
        request.cursors.insert(other, END);
    }
    request.cursors.insert(scope.clone(), cursor);
    request
}

/// The end of a scope's feed, read off an answer.
async fn cursor(tablet: &Member, scope: &ScopeId, epoch: Option<Epoch>) -> Cursor {
    let answer = tablet.send(pack(&pull(tablet, scope, END, 0, epoch))).await;
    let SyncResponse::Ok(accepted) = unpack(&answer) else { panic!("not accepted") };
    accepted.feeds.get(scope).map_or(END, |feed| feed.cursor)
}
