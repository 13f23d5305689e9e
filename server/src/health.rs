//! Whether the server is up, and what it counts.

use actix_web::{HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::http::{Kind, Problem};

/// The process is up.
#[utoipa::path(tag = "health", responses((status = 200)))]
#[get("/healthz")]
async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// The database and the media store answer.
#[utoipa::path(tag = "health", responses((status = 200), (status = 503)))]
#[get("/readyz")]
async fn ready(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let not_ready = |part: &'static str, error: String| {
        tracing::error!(part, error, "not ready");
        Problem::new(&Kind::UNAVAILABLE).with("part", part).retry_after(5)
    };
    app.database.ping().await.map_err(|error| not_ready("database", error.to_string()))?;
    app.media.ready().await.map_err(|error| not_ready("media", error.to_string()))?;
    Ok(HttpResponse::Ok().content_type("text/plain").body("ready\n"))
}

/// Counts and times, for Prometheus. Nothing in them is about a person.
#[utoipa::path(tag = "health", responses((status = 200)))]
#[get("/metrics")]
async fn metrics(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(app.metrics.render())
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(alive).service(ready).service(metrics);
}
