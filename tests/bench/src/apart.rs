//! A thousand tablets, each with a village of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::Backend;
use sync_protocol::{Outcome, ScopeId, SyncResponse};

use crate::crowd::{Crowd, Member, name, pack, quantile, together, unpack};

const TABLETS: usize = 1_000;

fn village(number: usize) -> ScopeId {
    format!("area:{}", Crowd::village_code(number)).parse().expect("a scope")
}

/// Pushes of one visit, spread over a thousand villages.
pub(crate) async fn pushes(backend: Backend) {
    let crowd = Crowd::gather_apart(backend, TABLETS).await;
    for clients in [8, 32] {
        let (elapsed, mut times) = together(crowd.dealt(clients), |hand| {
            let catalogue = Arc::clone(&crowd.catalogue);
            async move {
                let mut bodies = Vec::new();
                for tablet in &hand {
                    let scope = village(tablet.number);
                    let household = tablet.household(&catalogue, &scope, 1);
                    let visit = tablet.visit(&catalogue, household.record, &scope);
                    let ops = [vec![household], visit].concat();
                    bodies.push((tablet, pack(&tablet.request(1, ops))));
                }
                send_all(bodies).await
            }
        })
        .await;
        let rate = times.len() as f64 / elapsed.as_secs_f64();
        let (p50, p95) = (quantile(&mut times, 0.5), quantile(&mut times, 0.95));
        let ops = rate * 4.0;
        let name = name(backend);
        println!(
            "| {name}, 1,000 scopes | {clients} | {rate:.0} | {ops:.0} | {p50:.1} | {p95:.1} |"
        );
    }
}

async fn send_all(bodies: Vec<(&Member, Vec<u8>)>) -> Vec<Duration> {
    let mut times = Vec::with_capacity(bodies.len());
    for (tablet, body) in bodies {
        let begun = Instant::now();
        let answer = tablet.send(body).await;
        times.push(begun.elapsed());
        let SyncResponse::Ok(accepted) = unpack(&answer) else { panic!("not accepted") };
        let taken = |outcome: &Outcome| outcome.version().is_some();
        assert!(accepted.outcomes.iter().all(taken), "{:?}", accepted.outcomes);
    }
    times
}

/// A thousand tablets come back after a day, each with twenty visits.
pub(crate) async fn day(backend: Backend) {
    let crowd = Crowd::gather_apart(backend, TABLETS).await;
    let before = crowd.server.usage().0;
    let (elapsed, mut times) = together(crowd.dealt(32), |hand| {
        let catalogue = Arc::clone(&crowd.catalogue);
        async move {
            let mut bodies = Vec::new();
            for tablet in &hand {
                let scope = village(tablet.number);
                let household = tablet.household(&catalogue, &scope, 1);
                let visits =
                    (0..20).flat_map(|_| tablet.visit(&catalogue, household.record, &scope));
                let ops: Vec<_> = visits.collect();
                let ops = [vec![household], ops].concat();
                bodies.push((tablet, pack(&tablet.request(1, ops))));
            }
            send_all(bodies).await
        }
    })
    .await;
    let (cpu, peak) = crowd.server.usage();
    println!(
        "| {} | {:.1} | {:.0} | {:.0} | {:.1} | {:.0} MB |",
        name(backend),
        elapsed.as_secs_f64(),
        quantile(&mut times, 0.5),
        quantile(&mut times, 0.99),
        cpu - before,
        peak as f64 / 1e6
    );
}

/// Tablets that take turns, so that none of them asks more often than it may.
const TURNS: usize = 10;

/// An exchange without news, with few and with many scopes in the database.
pub(crate) async fn empty(backend: Backend) {
    let crowd = Crowd::gather_apart(backend, TURNS).await;
    let tablets = crowd.dealt(1).remove(0);
    let mut bodies = Vec::new();
    for tablet in &tablets {
        let first = tablet.push(1, Vec::new()).await;
        let SyncResponse::Ok(accepted) = first else { panic!("not accepted") };
        let mut request = tablet.request(1, Vec::new());
        request.epoch = Some(accepted.epoch);
        request.cursors =
            accepted.feeds.iter().map(|(scope, feed)| (scope.clone(), feed.cursor)).collect();
        for scope in &accepted.scopes {
            request.cursors.entry(scope.clone()).or_default();
        }
        bodies.push((tablet, pack(&request)));
    }
    for scopes in [10, 10_000] {
        crowd.fill_heads(scopes).await;
        let mut times = Vec::new();
        let mut bytes = 0;
        for (tablet, body) in bodies.iter().cycle().take(300) {
            let begun = Instant::now();
            let answer = tablet.send(body.clone()).await;
            times.push(begun.elapsed());
            bytes = answer.len();
        }
        let median = quantile(&mut times, 0.5);
        println!("| {} | {scopes} | {median:.2} | {bytes} |", name(backend));
    }
}
