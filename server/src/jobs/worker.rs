//! Doing jobs.

use std::time::Duration;

use actix_web::web;

use super::JobKind;
use super::queue::{self, Taken};
use crate::app::App;
use crate::http::Problem;
use crate::{media, notices, photos, sync};

/// What another replica left behind is found after this long.
const LOOK_AROUND: Duration = Duration::from_secs(15);

/// Does what is due, for as long as the server runs.
pub async fn work(app: web::Data<App>) {
    loop {
        if let Err(problem) = run_due(&app).await {
            tracing::warn!(%problem, "jobs wait");
            tokio::time::sleep(LOOK_AROUND).await;
        }
        // Either is a reason to look again.
        let _ = tokio::time::timeout(LOOK_AROUND, app.jobs.0.notified()).await;
    }
}

/// Does all that is due now, one after another, and says how many jobs were tried.
///
/// # Errors
/// Where the database can't be reached. A job that fails is no error: it is tried again later.
pub async fn run_due(app: &App) -> Result<usize, Problem> {
    let mut tried = 0;
    loop {
        let now = app.now();
        let taken = app.write(move |connection| queue::take(connection, now)).await?;
        let Some(job) = taken else { return Ok(tried) };
        run(app, job).await?;
        tried += 1;
    }
}

async fn run(app: &App, job: Taken) -> Result<(), Problem> {
    let result = match job.kind {
        JobKind::Photo => photos::look_at(app, &job.key).await,
        JobKind::Remove => media::remove_forgotten(app, &job.key).await,
        JobKind::Print => notices::print_part(app, &job.key).await,
        JobKind::Arrived => sync::try_again(app, &job.key).await,
    };
    metrics::counter!("jobs_total", "kind" => job.kind.name(),
        "result" => if result.is_ok() { "done" } else { "failed" })
    .increment(1);
    let now = app.now();
    match result {
        Ok(()) => app.write(move |connection| queue::done(connection, &job)).await,
        Err(problem) => {
            tracing::warn!(job = %job.id, kind = job.kind.name(), %problem, "a job failed");
            let error = problem.in_full();
            app.write(move |connection| queue::failed(connection, &job, &error, now)).await
        }
    }
}
