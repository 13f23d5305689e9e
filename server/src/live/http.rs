//! `/sync/v1/live` and `/api/v1/live`: server-sent events (WHATWG HTML, section 9.2).

use std::collections::BTreeSet;

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use serde_json::json;
use sync_protocol::{DeviceId, ScopeId};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, interval};
use utoipa_actix_web::service_config::ServiceConfig;

use super::Change;
use crate::app::App;
use crate::areas;
use crate::http::caller::ReadRecords;
use crate::http::intake::{Sender, Taken};
use crate::http::{Kind, Permitted, Problem, Tablet};
use crate::limits;

/// Tells a tablet when something changed in its scopes, but for what it pushed itself.
#[utoipa::path(
    tag = "sync",
    responses((status = 200, description = "Events `change` with the scopes", content_type = "text/event-stream")),
)]
#[get("/sync/v1/live")]
async fn tablet(tablet: Tablet, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let taken = app.live.listening.begin(tablet.device)?;
    events(&app, tablet.scopes, Some(tablet.device), taken)
}

/// Tells a browser when something changed in the caller's areas.
#[utoipa::path(
    tag = "sync",
    responses((status = 200, description = "Events `change` with the scopes", content_type = "text/event-stream")),
)]
#[get("/api/v1/live")]
async fn console(
    permitted: Permitted<ReadRecords>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let scopes =
        app.read(move |connection| areas::scopes_under(connection, &permitted.areas)).await?;
    let taken = app.live.listening.begin(Sender::Person(permitted.caller.user))?;
    events(&app, scopes.into_iter().collect(), None, taken)
}

struct Listener {
    changes: Receiver<Change>,
    closed: watch::Receiver<bool>,
    scopes: BTreeSet<ScopeId>,
    own: Option<DeviceId>,
    beat: Interval,
    ends: Instant,
    greeted: bool,
    /// As long as it listens.
    _taken: Taken,
}

/// The events until the caller's rights have to be looked at again; then the stream ends, and the
/// caller comes back with the rights and the token of then.
fn events(
    app: &App,
    scopes: BTreeSet<ScopeId>,
    own: Option<DeviceId>,
    taken: Taken,
) -> Result<HttpResponse, Problem> {
    let busy = || Problem::new(&Kind::UNAVAILABLE).retry_after(60);
    let (changes, closed) = app.live.listen().ok_or_else(busy)?;
    let listener = Listener {
        changes,
        closed,
        scopes,
        own,
        beat: interval(limits::LIVE_BEAT),
        ends: Instant::now() + limits::LIVE_LIFETIME,
        greeted: false,
        _taken: taken,
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Compressed, an event would wait for others to fill a block.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(stream(listener)))
}

fn stream(listener: Listener) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    })
}

impl Listener {
    async fn next(&mut self) -> Option<Bytes> {
        if !std::mem::replace(&mut self.greeted, true) {
            self.beat.tick().await;
            return Some(Bytes::from_static(b"retry: 5000\n\n"));
        }
        loop {
            tokio::select! {
                change = self.changes.recv() => match change {
                    Ok(change) => {
                        if self.own.is_some() && change.by == self.own {
                            continue;
                        }
                        let held = change.held.iter().filter(|_| self.own.is_none());
                        let told: BTreeSet<_> = change.scopes.iter().chain(held).collect();
                        let here: Vec<_> =
                            self.scopes.iter().filter(|scope| told.contains(scope)).cloned().collect();
                        if !here.is_empty() {
                            return Some(event(&here));
                        }
                    }
                    // Who could not keep up looks at everything.
                    Err(RecvError::Lagged(_)) => {
                        return Some(event(&self.scopes.iter().cloned().collect::<Vec<_>>()));
                    }
                    Err(RecvError::Closed) => return None,
                },
                _ = self.closed.wait_for(|closed| *closed) => return None,
                _ = self.beat.tick() => return Some(Bytes::from_static(b": here\n\n")),
                () = tokio::time::sleep_until(self.ends) => return None,
            }
        }
    }
}

fn event(scopes: &[ScopeId]) -> Bytes {
    format!("event: change\ndata: {}\n\n", json!({ "scopes": scopes })).into()
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(tablet).service(console);
}
