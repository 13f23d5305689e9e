//! Jobs that wait for a person.

use actix_web::{HttpResponse, get, post, web};
use diesel::prelude::*;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::areas::{self, AreaPath};
use crate::audit::{self, Did};
use crate::db::AnyConnection;
use crate::db::schema::{blob_references, jobs, records};
use crate::db::types::{Key, Timestamp};
use crate::http::caller::ManageJobs;
use crate::http::page::{self, Page, PageQuery};
use crate::http::{Kind, Permitted, Problem, Query};
use mobile_schema::Hash;

/// A job that has failed too often.
#[derive(Serialize, ToSchema)]
struct DeadJob {
    id: Uuid,
    /// `photo`
    kind: String,
    /// What it is about: a photo's hash.
    key: String,
    attempts: i64,
    /// What went wrong the last time.
    error: Option<String>,
    #[schema(value_type = String)]
    dead_at: Timestamp,
}

/// The jobs that failed too often, about photos of the caller's areas.
#[utoipa::path(tag = "jobs", params(PageQuery), responses((status = 200, body = Page<DeadJob>)))]
#[get("/api/v1/jobs/dead")]
async fn dead(
    permitted: Permitted<ManageJobs>,
    app: web::Data<App>,
    query: Query<PageQuery>,
) -> Result<web::Json<Page<DeadJob>>, Problem> {
    let PageQuery { after, limit } = query.read()?;
    let limit = page::limit(limit);
    let found =
        app.read(move |connection| list(connection, &permitted.areas, after, limit)).await?;
    Ok(web::Json(Page::of(found, limit, |job| job.id)))
}

/// Tries a job again from the beginning.
#[utoipa::path(tag = "jobs", responses((status = 204, description = "It is due")))]
#[post("/api/v1/jobs/{id}/requeue")]
async fn requeue(
    permitted: Permitted<ManageJobs>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let (id, now) = (id.into_inner(), app.now());
    let is_theirs = app
        .write(move |connection| {
            // One at a time; the page before its id ends there.
            let before = Uuid::from_u128(id.as_u128().saturating_sub(1));
            let found = list(connection, &permitted.areas, Some(before), 1)?;
            let is_theirs = found.first().is_some_and(|job| job.id == id);
            if is_theirs {
                diesel::update(jobs::table.find(Key(id)))
                    .set((
                        jobs::run_at.eq(now),
                        jobs::attempts.eq(0),
                        jobs::dead_at.eq(None::<Timestamp>),
                    ))
                    .execute(connection)?;
                let (by, subject) = (permitted.caller.user, id.to_string());
                audit::note(connection, by, Did::RequeueJob, subject, json!({}), now)?;
            }
            Ok(is_theirs)
        })
        .await?;
    if !is_theirs {
        return Err(Problem::new(&Kind::NOT_FOUND));
    }
    app.jobs.ring();
    Ok(HttpResponse::NoContent().finish())
}

/// Dead jobs about what a record in these areas names.
fn list(
    connection: &mut AnyConnection,
    areas: &[AreaPath],
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<DeadJob>> {
    type Row = (Key, String, String, i64, Option<String>, Option<Timestamp>);
    let scopes = areas::scopes_under(connection, areas)?;
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let mut found = Vec::new();
    let mut after = Key(after.unwrap_or(Uuid::nil()));
    while found.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
        let rows: Vec<Row> = jobs::table
            .filter(jobs::dead_at.is_not_null().and(jobs::id.gt(after)))
            .order(jobs::id)
            .limit(limit)
            .select((jobs::id, jobs::kind, jobs::key, jobs::attempts, jobs::error, jobs::dead_at))
            .load(connection)?;
        let Some((last, ..)) = rows.last() else { break };
        after = *last;
        for (id, kind, key, attempts, error, dead_at) in rows {
            let hash: Option<Hash> = key.parse().ok();
            let named: i64 = match hash {
                None => 0,
                Some(hash) => blob_references::table
                    .inner_join(records::table.on(records::id.eq(blob_references::record)))
                    .filter(blob_references::hash.eq(hash.as_bytes().to_vec()))
                    .filter(records::scope.eq_any(&scopes))
                    .count()
                    .get_result(connection)?,
            };
            if let Some(dead_at) = dead_at.filter(|_| named > 0) {
                found.push(DeadJob { id: id.0, kind, key, attempts, error, dead_at });
            }
        }
    }
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(dead).service(requeue);
}
