//! Reading records.

use actix_web::{get, web};
use diesel::QueryResult;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::queries::{self, HistoryLine, RecordView};
use crate::app::App;
use crate::areas;
use crate::db::AnyConnection;
use crate::http::caller::ReadRecords;
use crate::http::page::{self, Page};
use crate::http::{Kind, Permitted, Problem, Query};

/// Which records are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct RecordQuery {
    /// The register.
    collection: String,
    /// The `next` of the page before; absent for the first.
    after: Option<Uuid>,
    /// How many at most.
    limit: Option<i64>,
}

/// A page of a register, in the caller's areas.
#[utoipa::path(tag = "records", params(RecordQuery), responses((status = 200, body = Page<RecordView>)))]
#[get("/api/v1/records")]
async fn list(
    permitted: Permitted<ReadRecords>,
    app: web::Data<App>,
    query: Query<RecordQuery>,
) -> Result<web::Json<Page<RecordView>>, Problem> {
    let RecordQuery { collection, after, limit } = query.read()?;
    let limit = page::limit(limit);
    let rows = app
        .read(move |connection| {
            let scopes = scopes(connection, &permitted)?;
            queries::list(connection, &collection, &scopes, after, limit)
        })
        .await?;
    Ok(web::Json(Page::of(rows, limit, |row| row.id)))
}

/// One record.
#[utoipa::path(tag = "records", responses((status = 200, body = RecordView)))]
#[get("/api/v1/records/{id}")]
async fn show(
    permitted: Permitted<ReadRecords>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<web::Json<RecordView>, Problem> {
    let id = id.into_inner();
    let found = app.read(move |connection| visible(connection, &permitted, id)).await;
    let found = found?;
    found.map(web::Json).ok_or_else(|| Problem::new(&Kind::NOT_FOUND))
}

/// Every version of a record, and the operation that made it.
#[utoipa::path(tag = "records", responses((status = 200, body = Vec<HistoryLine>)))]
#[get("/api/v1/records/{id}/history")]
async fn history(
    permitted: Permitted<ReadRecords>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<web::Json<Vec<HistoryLine>>, Problem> {
    let id = id.into_inner();
    let lines = app
        .read(move |connection| match visible(connection, &permitted, id)? {
            Some(_) => Ok(Some(queries::history_of(connection, id)?)),
            None => Ok(None),
        })
        .await?;
    lines.map(web::Json).ok_or_else(|| Problem::new(&Kind::NOT_FOUND))
}

fn scopes(
    connection: &mut AnyConnection,
    permitted: &Permitted<ReadRecords>,
) -> QueryResult<Vec<String>> {
    let scopes = areas::scopes_under(connection, &permitted.areas)?;
    Ok(scopes.iter().map(ToString::to_string).collect())
}

fn visible(
    connection: &mut AnyConnection,
    permitted: &Permitted<ReadRecords>,
    id: Uuid,
) -> QueryResult<Option<RecordView>> {
    let scopes = scopes(connection, permitted)?;
    let found = queries::find(connection, id)?;
    Ok(found.filter(|record| scopes.contains(&record.scope)))
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list).service(show).service(history);
}
