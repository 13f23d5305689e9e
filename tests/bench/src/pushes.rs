//! How many visits a second.

use std::sync::Arc;
use std::time::Instant;

use harness::Backend;
use ruhu::sync::{Arrival, Pushed, RawOp};
use sync_protocol::{Outcome, ScopeId, SyncResponse};

use crate::crowd::{Crowd, name, pack, quantile, together, unpack};

const PUSHES: usize = 2_000;

pub(crate) async fn measure(backend: Backend) {
    let crowd = Crowd::gather(backend, 64).await;
    let catalogue = Arc::clone(&crowd.catalogue);
    let scope: ScopeId = "area:529901100201".parse().expect("a scope");
    let maker = crowd.dealt(1).remove(0).remove(0);
    // A household for each tablet, so that tablets do not wait for each other's rows.
    let made: Vec<_> = (0..64).map(|number| maker.household(&catalogue, &scope, number)).collect();
    let households: Vec<_> = made.iter().map(|op| op.record).collect();
    maker.push(1, made).await;
    for clients in [1, 8, 32] {
        let each = PUSHES / clients;
        let (elapsed, mut times) = together(crowd.dealt(clients), |hand| {
            let (catalogue, scope, households) =
                (catalogue.clone(), scope.clone(), households.clone());
            async move {
                let bodies: Vec<_> = (0..each)
                    .map(|number| {
                        let tablet = &hand[number % hand.len()];
                        let household =
                            households[tablet.device.0.as_u128() as usize % households.len()];
                        let ops = tablet.visit(&catalogue, household, &scope, None);
                        let first_seq = 1 + 3 * (number / hand.len()) as u64;
                        (tablet, pack(&tablet.request(first_seq, ops)))
                    })
                    .collect();
                let mut times = Vec::with_capacity(each);
                for (tablet, body) in bodies {
                    let begun = Instant::now();
                    let answer = tablet.send(body).await;
                    times.push(begun.elapsed());
                    let SyncResponse::Ok(accepted) = unpack(&answer) else {
                        panic!("not accepted")
                    };
                    let taken = |outcome: &Outcome| outcome.version().is_some();
                    assert!(accepted.outcomes.iter().all(taken), "{:?}", accepted.outcomes);
                }
                times
            }
        })
        .await;
        let pushes = times.len() as f64 / elapsed.as_secs_f64();
        let (p50, p95) = (quantile(&mut times, 0.5), quantile(&mut times, 0.95));
        println!(
            "| {} | {clients} | {pushes:.0} | {:.0} | {p50:.1} | {p95:.1} |",
            name(backend),
            pushes * 3.0
        );
    }
}

/// The same pushes without HTTP, tokens, reading, pulling or a client: the part of the server that
/// the bare rows are to be held against.
pub(crate) async fn inside(backend: Backend) {
    let crowd = Crowd::gather(backend, 64).await;
    let scope: ScopeId = "area:529901100201".parse().expect("a scope");
    for clients in [8, 32] {
        let (elapsed, times) = together(crowd.dealt(clients), |hand| {
            let pushes = crowd.stage.app().pushes.clone();
            let (catalogue, scope) = (Arc::clone(&crowd.catalogue), scope.clone());
            async move {
                let tablet = hand.into_iter().next().expect("there are more tablets than clients");
                let household = tablet.household(&catalogue, &scope, tablet.number);
                let about = household.record;
                let mut first_seq = 1;
                let mut requests = Vec::new();
                for number in 0..PUSHES / clients {
                    let mut ops = tablet.visit(&catalogue, about, &scope, None);
                    if number == 0 {
                        ops.insert(0, household.clone());
                    }
                    let raw = ops.iter().map(RawOp::of).collect();
                    requests.push(tablet.request(first_seq, Vec::new()).with_ops(raw));
                    first_seq += ops.len() as u64;
                }
                let mut times = Vec::with_capacity(requests.len());
                for request in requests {
                    let begun = Instant::now();
                    let arrival = Arrival::new(
                        (tablet.device, tablet.user),
                        [scope.clone()].into(),
                        Arc::new(request),
                        Arc::clone(&catalogue),
                    );
                    let pushed = pushes.store(arrival).await;
                    times.push(begun.elapsed());
                    let Ok(Pushed::Stored { outcomes, .. }) = pushed else {
                        panic!("not stored: {pushed:?}")
                    };
                    let taken = |outcome: &Outcome| outcome.version().is_some();
                    assert!(outcomes.iter().all(taken), "{outcomes:?}");
                }
                times
            }
        })
        .await;
        let rate = times.len() as f64 / elapsed.as_secs_f64();
        println!("| {}, without HTTP | {clients} | {rate:.0} |", name(backend));
    }
}
