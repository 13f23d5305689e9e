//! `POST /sync/v1/sync`

use std::sync::Arc;

use actix_web::{post, web};
use serde_json::value::RawValue;
use sync_protocol::limits::{
    MAX_BUDGET, MAX_OPS, MAX_SCOPES, MIN_BUDGET, OLDEST_PROTOCOL, PROTOCOL,
};
use sync_protocol::message::{Accepted, Order, SyncRequest, SyncResponse};
use sync_protocol::{ClockReading, Outcome};
use utoipa_actix_web::service_config::ServiceConfig;

use super::push::{Pushed, Pusher, push};
use super::{pull, quarantine};
use crate::app::App;
use crate::db::Timestamp;
use crate::devices::{self, DeviceState};
use crate::http::{Body, Kind, Problem, Tablet};
use crate::records::FeedRow;

type Request = SyncRequest<Box<RawValue>>;
type Response = SyncResponse<FeedRow>;

/// Pushes what a tablet did and pulls what it has not seen, in one round trip
/// (`docs/protocol.md`).
#[utoipa::path(
    tag = "sync",
    request_body(content = Object, description = "A SyncRequest; gzip and zstd are taken"),
    responses((status = 200, description = "A SyncResponse", body = Object)),
)]
#[post("/sync/v1/sync")]
async fn sync(
    tablet: Tablet,
    app: web::Data<App>,
    body: Body<Request>,
) -> Result<web::Json<Response>, Problem> {
    let request = body.read().await?;
    check(&tablet, &request)?;
    let now = app.now();
    let id = request.request;
    let request = Arc::new(request);
    let pushed = push_all(&app, &tablet, &request, now).await?;
    let (ack, outcomes) = match pushed {
        Pushed::Fork(seq) => return Ok(web::Json(SyncResponse::Fork { request: id, seq })),
        Pushed::Gap(next) => return Ok(web::Json(SyncResponse::Gap { request: id, next })),
        Pushed::Reset(next) => {
            let epoch = app.lineage.current();
            return Ok(web::Json(SyncResponse::Reset { request: id, epoch, next }));
        }
        Pushed::Stored { ack, outcomes } => (ack, outcomes),
    };
    count(&outcomes);
    if request.protocol < OLDEST_PROTOCOL {
        let oldest = OLDEST_PROTOCOL;
        return Ok(web::Json(SyncResponse::Upgrade { request: id, oldest, ack, outcomes }));
    }
    let scopes: Vec<_> = tablet.scopes.iter().cloned().collect();
    let budget = request.budget.clamp(MIN_BUDGET, MAX_BUDGET) as usize;
    let feeds = app
        .read(move |connection| pull::pull(connection, &tablet.scopes, &request.cursors, budget))
        .await?;
    Ok(web::Json(SyncResponse::Ok(Accepted {
        request: id,
        epoch: app.lineage.current(),
        ack,
        outcomes,
        feeds,
        scopes,
        safe_before: 0,
        now: now.milliseconds(),
        order: (tablet.state == DeviceState::Wiping).then_some(Order::Wipe),
    })))
}

fn check(tablet: &Tablet, request: &Request) -> Result<(), Problem> {
    if request.device != tablet.device {
        return Err(Problem::new(&Kind::MISMATCH).detail("device: not the token's"));
    }
    if request.protocol > PROTOCOL
        || request.first_seq == 0
        || request.first_seq > i64::MAX as u64 / 2
    {
        return Err(Problem::new(&Kind::MALFORMED).detail("protocol or first_seq: out of range"));
    }
    for (what, count, limit) in
        [("ops", request.ops.len(), MAX_OPS), ("cursors", request.cursors.len(), MAX_SCOPES)]
    {
        if count > limit {
            return Err(Problem::new(&Kind::TOO_LARGE).with("limit", limit).detail(what));
        }
    }
    Ok(())
}

/// Takes in the operations; an exchange without any costs no write, but for a first one and one
/// every few minutes that notes the tablet was here.
async fn push_all(
    app: &App,
    tablet: &Tablet,
    request: &Arc<Request>,
    now: Timestamp,
) -> Result<Pushed, Problem> {
    let epoch_is_known = request.epoch == Some(app.lineage.current());
    let skew = skew(&request.clock, now);
    let is_due = app.presence.is_due(tablet.device, skew, now);
    if request.ops.is_empty() && epoch_is_known && !is_due {
        let ack = request.first_seq;
        return Ok(Pushed::Stored { ack, outcomes: Vec::new() });
    }
    let catalogue = app.definitions_for(&request.ops).await?;
    let (lineage, scopes) = (app.lineage.clone(), tablet.scopes.clone());
    let (device, user) = (tablet.device, tablet.user);
    let request = request.clone();
    let pushed = app
        .database
        .write(move |connection| {
            let pusher = Pusher {
                device,
                user,
                scopes: &scopes,
                catalogue: &catalogue,
                lineage: &lineage,
                now,
            };
            let pushed = push(connection, &pusher, &request)?;
            if is_due {
                devices::seen(connection, device, skew, now)?;
            }
            Ok(pushed)
        })
        .await
        .map_err(Problem::from)?;
    if is_due {
        app.presence.note(device, skew, now);
    }
    Ok(pushed)
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
    config.service(sync).service(quarantine::list);
}
