//! How many visits a second.

use std::sync::Arc;
use std::time::Instant;

use harness::Backend;
use mobile_schema::register::Capacity;
use ruhu::db::Failed;
use ruhu::http::Problem;
use ruhu::sync::{Arrival, Pushed, RawOp};
use sync_protocol::{Op, Outcome, ScopeId, SyncResponse};

use crate::bare;
use crate::crowd::{Crowd, Member, name, pack, quantile, together, unpack};

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
                        let ops = tablet.visit(&catalogue, household, &scope);
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

/// Households of each tablet: as many as a cadre has.
const HOUSEHOLDS: usize = 50;

/// The same pushes without HTTP, tokens, reading, pulling or a client, and then the rows they wrote,
/// written once more and nothing else.
pub(crate) async fn inside(backend: Backend) {
    let crowd = Crowd::gather(backend, 64).await;
    let scope: ScopeId = "area:529901100201".parse().expect("a scope");
    for clients in [8, 32] {
        let pushes = crowd.stage.app().pushes.clone();
        let request = |tablet: &Member, ops: Vec<Op>, first_seq: u64| {
            let raw = ops.iter().map(RawOp::of).collect();
            Arc::new(tablet.request(first_seq, Vec::new()).with_ops(raw))
        };
        let (catalogue, village) = (Arc::clone(&crowd.catalogue), scope.clone());
        let arrival = move |tablet: &Member, request| {
            let (whose, scopes) = ((tablet.device, tablet.user), [village.clone()].into());
            Arrival::new(whose, (scopes, Capacity::Cadre), request, Arc::clone(&catalogue))
        };
        let hands = crowd.dealt(clients).into_iter().map(|mut hand| hand.remove(0));
        let tablets: Vec<Member> = hands.collect();
        let (mut chains, mut requests) = (Vec::new(), Vec::new());
        for tablet in &tablets {
            let homes: Vec<Op> = (0..HOUSEHOLDS)
                .map(|number| tablet.household(&crowd.catalogue, &scope, number))
                .collect();
            let ids: Vec<_> = homes.iter().map(|home| home.record).collect();
            taken(pushes.store(arrival(tablet, request(tablet, homes, 1))).await);
            let first = 1 + HOUSEHOLDS as u64;
            chains.push((tablet.incarnation, first));
            let mut own = Vec::new();
            for number in 0..PUSHES / clients {
                let home = ids[number % ids.len()];
                let ops = tablet.visit(&crowd.catalogue, home, &scope);
                own.push(request(tablet, ops, first + 3 * number as u64));
            }
            requests.push(own);
        }
        let begun = Instant::now();
        let mut running = tokio::task::JoinSet::new();
        for (tablet, own) in tablets.into_iter().zip(requests) {
            let (pushes, arrival) = (pushes.clone(), arrival.clone());
            running.spawn(async move {
                for request in own {
                    taken(pushes.store(arrival(&tablet, request)).await);
                }
            });
        }
        running.join_all().await;
        let rate = (PUSHES / clients * clients) as f64 / begun.elapsed().as_secs_f64();
        let written = bare::Written::read(&crowd.stage, chains).await;
        let bare = bare::measure(backend, written).await;
        let (name, ratio) = (name(backend), rate / bare);
        println!("| {name} | {clients} | {rate:.0} | {bare:.0} | {ratio:.2} |");
    }
}

fn taken(pushed: Result<Pushed, Failed<Problem>>) {
    let Ok(Pushed::Stored { outcomes, .. }) = pushed else { panic!("not stored: {pushed:?}") };
    assert!(outcomes.iter().all(|outcome| outcome.version().is_some()), "{outcomes:?}");
}
