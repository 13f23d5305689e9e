//! `POST /sync/v1/sync`

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, post, web};
use mobile_schema::register::Capacity;
use sync_protocol::exchange::admit;
use sync_protocol::limits::{MAX_OPS, MAX_PARTS, MAX_SCOPES, OLDEST_PROTOCOL, PROTOCOL};
use sync_protocol::log::{Attempt, AttemptResult, Traffic};
use sync_protocol::message::{Accepted, Order, SyncResponse, Unsent};
use sync_protocol::{ClockReading, Outcome, ScopeId, SyncRequest};
use utoipa_actix_web::service_config::ServiceConfig;

use super::chain::{Owner, Wanted};
use super::push::Pushed;
use super::queue::Arrival;
use super::setback::Gap;
use super::wire::{self, RawOp, Request, Response};
use super::{chain, hand_in, log, pull, quarantine, setback, settle};
use crate::app::{App, Seen};
use crate::db::Timestamp;
use crate::devices::DeviceState;
use crate::http::{EitherBody, Kind, Problem, Tablet};
use crate::live::Change;

/// Pushes what a tablet did and pulls what it has not seen, in one round trip
/// (`docs/protocol.md`).
#[utoipa::path(
    tag = "sync",
    request_body(content = Object, description = "A SyncRequest as JSON or CBOR; gzip, zstd and dcz are taken"),
    responses((status = 200, description = "A SyncResponse", body = Object)),
)]
#[post("/sync/v1/sync")]
async fn sync(
    tablet: Tablet,
    app: web::Data<App>,
    http: HttpRequest,
    body: EitherBody,
) -> Result<HttpResponse, Problem> {
    let begun = Instant::now();
    let received = body.receive(tablet.device).await?;
    let (request, wire) = (wire::read(&received)?, received.wire);
    let (now, device) = (app.now(), tablet.device);
    let (ops, skew) = (request.ops.len() as u64, skew(&request.clock, now));
    // A task of its own: when the connection is gone, its handler is no longer run, and what was
    // taken in would no longer be counted.
    let (app_of_task, taken) = (app.clone(), received.taken);
    let answered = actix_web::rt::spawn(async move {
        let answered = exchange(&app_of_task, tablet, request, now).await;
        drop(taken);
        answered
    });
    let answered = answered.await.unwrap_or_else(|_| Err(Problem::new(&Kind::INTERNAL)));
    let (result, rows) = match &answered {
        Ok(response) => (AttemptResult::of(response), response.rows()),
        Err(problem) => (AttemptResult::Refused { problem: problem.kind().name.to_owned() }, 0),
    };
    let written = answered.and_then(|response| wire::write(&http, response));
    let elapsed = begun.elapsed().as_millis() as u64;
    let received = written.as_ref().map_or(0, |(_, length)| *length);
    let traffic = Traffic { sent: wire, received, elapsed };
    let at = now.milliseconds();
    let attempt = Attempt { at, traffic, ops, rows, skew: Some(skew), result };
    log::note(&app, device, &attempt, now);
    written.map(|(response, _)| response)
}

async fn exchange(
    app: &web::Data<App>,
    tablet: Tablet,
    request: Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    check(&tablet, &request)?;
    let id = request.request;
    let request = Arc::new(wire::read_ops(request)?);
    if !request.ops.is_empty() {
        app.space.for_records()?;
    }
    app.throttle.operations(tablet.device, wire::bytes_of(&request))?;
    let seen = seen(&request, now);
    let pushed = take_in(app, &tablet, &request, Some(seen), now).await?;
    if let Pushed::Gap(next) = pushed
        && request.epoch == Some(app.lineage.current())
    {
        let gap = Gap { next, claimed: request.first_seq };
        setback::noticed(app, &tablet, gap).await?;
    }
    let (ack, outcomes) = match pushed.stored(id, app.lineage.current()) {
        Ok(stored) => stored,
        Err(answer) => return Ok(*answer),
    };
    if request.protocol < OLDEST_PROTOCOL {
        let oldest = OLDEST_PROTOCOL;
        return Ok(SyncResponse::Upgrade { request: id, oldest, ack, outcomes });
    }
    let scopes: Vec<_> = tablet.scopes.iter().cloned().collect();
    let wiping = tablet.state == DeviceState::Wiping;
    let (feeds, safe_before) = app
        .read(move |connection| {
            let feeds = pull::pull(connection, &tablet.scopes, &request)?;
            let owner = Owner::Tablet(tablet.device);
            Ok((feeds, chain::safe_before(connection, owner, &request)?))
        })
        .await?;
    Ok(SyncResponse::Ok(Accepted {
        request: id,
        epoch: app.lineage.current(),
        ack,
        outcomes,
        feeds,
        scopes,
        safe_before,
        now: now.milliseconds(),
        order: wiping.then_some(Order::Wipe),
    }))
}

fn check(tablet: &Tablet, request: &Request) -> Result<(), Problem> {
    if request.device != tablet.device {
        return Err(Problem::new(&Kind::MISMATCH).detail("device: not the token's"));
    }
    if request.protocol > PROTOCOL
        || request.first_seq == 0
        || request.first_seq > i64::MAX as u64 / 2
        || request.begins == 0
        || request.begins > i64::MAX as u64 / 2
    {
        let detail = "protocol, first_seq or begins: out of range";
        return Err(Problem::new(&Kind::MALFORMED).detail(detail));
    }
    let parts = request.repair.values().map(std::collections::BTreeMap::len).sum();
    for (what, count, limit) in [
        ("ops", request.ops.len(), MAX_OPS),
        ("cursors", request.cursors.len(), MAX_SCOPES),
        ("digests", request.digests.len(), MAX_SCOPES),
        ("repair", parts, MAX_PARTS),
    ] {
        if count > limit {
            return Err(Problem::new(&Kind::TOO_LARGE).with("limit", limit).detail(what));
        }
    }
    Ok(())
}

/// Takes in the operations, and tells whoever waits for them. `seen` is how a tablet that is here
/// was seen.
pub(super) async fn take_in(
    app: &App,
    tablet: &Tablet,
    request: &Arc<SyncRequest<RawOp>>,
    seen: Option<Seen>,
    now: Timestamp,
) -> Result<Pushed, Problem> {
    let pushed = store(app, tablet, request, seen, now).await?;
    if let Pushed::Stored { outcomes, touched, .. } = &pushed {
        if !touched.is_empty() {
            app.checks.ring();
            app.jobs.ring();
        }
        let scopes = touched.iter().cloned().collect();
        let held = held(&request.ops, outcomes, &tablet.scopes);
        app.live.tell(Change { scopes, held, by: Some(tablet.device) });
        count(outcomes);
    }
    Ok(pushed)
}

/// Where somebody has to decide about what had no effect: the operations' own scopes, or the
/// tablet's for what names none.
fn held(ops: &[RawOp], outcomes: &[Outcome], own: &BTreeSet<ScopeId>) -> BTreeSet<ScopeId> {
    let waits =
        |outcome: &Outcome| matches!(outcome, Outcome::Parked { .. } | Outcome::Rejected { .. });
    let waiting = ops.iter().zip(outcomes).filter(|(_, outcome)| waits(outcome));
    let places = waiting.map(|(raw, _)| match raw.op() {
        Some(op) => BTreeSet::from([op.scope.clone()]),
        None => own.clone(),
    });
    places.flatten().collect()
}

/// An exchange without operations costs no write, but for a first one and one every few minutes
/// that notes the tablet was here.
async fn store(
    app: &App,
    tablet: &Tablet,
    request: &Arc<SyncRequest<RawOp>>,
    seen: Option<Seen>,
    now: Timestamp,
) -> Result<Pushed, Problem> {
    let seen = seen.filter(|seen| app.presence.is_due(tablet.device, *seen, now));
    if request.ops.is_empty() && seen.is_none() {
        return stand(app, tablet, request).await;
    }
    let catalogue = app.definitions_for(&request.ops).await?;
    let whose = (tablet.device, tablet.user);
    // Whatever else its owner may do in a browser.
    let may = (tablet.scopes.clone(), Capacity::Cadre);
    let arrival = Arrival::new(whose, may, request.clone(), catalogue);
    let pushed = app.pushes.store(arrival.seen(seen)).await.map_err(Problem::from)?;
    if let Some(seen) = seen {
        app.presence.note(tablet.device, seen, now);
    }
    Ok(pushed)
}

/// Where the chain of a request without operations stands.
async fn stand(
    app: &App,
    tablet: &Tablet,
    request: &Arc<SyncRequest<RawOp>>,
) -> Result<Pushed, Problem> {
    let wanted = Wanted::of(Owner::Tablet(tablet.device), request);
    let chain = app.read(move |connection| chain::find(connection, &wanted)).await?;
    let chain = chain.map_err(Problem::from)?;
    Ok(match admit(&app.lineage.now(), request.epoch, chain.admission, request.first_seq) {
        Ok(next) => Pushed::Stored { ack: next, outcomes: Vec::new(), touched: Vec::new() },
        Err(refusal) => refusal.into(),
    })
}

/// How the tablet is seen once the request's operations are taken in.
fn seen(request: &SyncRequest<RawOp>, now: Timestamp) -> Seen {
    let brought = request.ops.len() as u64;
    let left = |unsent: Unsent| Unsent { ops: unsent.ops.saturating_sub(brought), ..unsent };
    Seen { skew_ms: skew(&request.clock, now), unsent: request.unsent.map(left) }
}

/// How far the tablet's clock is ahead, milliseconds.
fn skew(clock: &ClockReading, now: Timestamp) -> i64 {
    clock.wall.saturating_sub(now.milliseconds())
}

fn count(outcomes: &[Outcome]) {
    for outcome in outcomes {
        metrics::counter!("sync_ops_total", "outcome" => outcome.name()).increment(1);
    }
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(sync).service(quarantine::list).service(settle::settle);
    config.service(hand_in::hand_in);
    log::routes(config);
}
