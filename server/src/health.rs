//! Whether the server is up, and what it counts.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use actix_web::{HttpResponse, HttpServer, get, web};
use tokio::sync::Mutex;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::http::{Kind, Problem};
use crate::{limits, sync};

/// How many tablets know more than the database, or the part that does not work.
type Found = Result<i64, &'static str>;

/// What was found when somebody asked last. Finding out writes to the disk, and anybody may ask.
#[derive(Default)]
pub struct Readiness(Mutex<Option<(Instant, Found)>>);

impl Readiness {
    /// How long an answer counts.
    const COUNTS: Duration = Duration::from_secs(2);

    /// Whether everything works.
    async fn now(&self, app: &App) -> Found {
        let mut last = self.0.lock().await;
        if let Some((at, found)) = *last
            && at.elapsed() < Self::COUNTS
        {
            return found;
        }
        let found = look(app).await;
        *last = Some((Instant::now(), found));
        found
    }
}

/// Tries each part, none for long: whoever asks wants to know whether it works now.
async fn look(app: &App) -> Found {
    let (database, media) = tokio::join!(in_time(app.database.ping()), in_time(app.media.ready()),);
    let not_ready = |part: &'static str, error: String| {
        tracing::error!(part, error, "not ready");
        part
    };
    database.map_err(|error| not_ready("database", error))?;
    let setbacks = in_time(app.read(sync::setbacks)).await;
    let setbacks = setbacks.map_err(|error| not_ready("database", error))?;
    media.map_err(|error| not_ready("media", error))?;
    match app.pushes.standing() {
        Some(standing) if standing > limits::PUSHES_MAY_STAND => {
            Err(not_ready("pushes", format!("they stand for {} s", standing.as_secs())))
        }
        _ => Ok(setbacks),
    }
}

async fn in_time<T, E: std::fmt::Display>(
    part: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match tokio::time::timeout(limits::READY_WITHIN, part).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", limits::READY_WITHIN.as_secs())),
    }
}

/// The process is up.
#[utoipa::path(tag = "health", responses((status = 200)))]
#[get("/healthz")]
async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// The database and the media store take what they are given, and pushes get through.
#[utoipa::path(tag = "health", responses((status = 200), (status = 503)))]
#[get("/readyz")]
async fn ready(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let not_ready = |part| Problem::new(&Kind::UNAVAILABLE).with("part", part).retry_after(5);
    let setbacks = app.readiness.now(&app).await.map_err(not_ready)?;
    let mut told = "ready\n".to_owned();
    if setbacks > 0 {
        told.push_str(&format!(
            "{setbacks} tablets know more than this database: it went back. If it was replaced by a \
             copy or an older file, run `ruhu epoch new`\n"
        ));
    }
    Ok(HttpResponse::Ok().content_type("text/plain").body(told))
}

/// Counts and times, for Prometheus. Nothing in them is about a person.
async fn metrics(app: web::Data<App>) -> HttpResponse {
    ::metrics::counter!("database_statements_total").absolute(app.database.statements());
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(app.metrics.render())
}

/// Serves `/metrics` and nothing else: whoever reaches the address may read it.
///
/// # Errors
/// Where the listener can't be used.
pub fn serve_metrics(
    app: web::Data<App>,
    listener: TcpListener,
) -> std::io::Result<actix_web::dev::Server> {
    let server = HttpServer::new(move || {
        actix_web::App::new().app_data(app.clone()).route("/metrics", web::get().to(metrics))
    });
    let server = server.client_request_timeout(limits::HEAD_TIMEOUT).disable_signals().workers(1);
    Ok(server.listen(listener)?.run())
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(alive).service(ready);
}
