//! `/api/v1/areas`

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::import::{self, Imported, Known, Roots};
use super::{Area, queries};
use crate::app::App;
use crate::audit::{self, Did};
use crate::db::Failed;
use crate::http::caller::{ManageAreas, ReadAreas};
use crate::http::{FileBody, Kind, LineProblem, Permitted, Problem, Query};
use crate::limits::MAX_IMPORT;

/// The areas the caller works in, and all below.
#[utoipa::path(tag = "areas", responses((status = 200, body = Vec<Area>)))]
#[get("/api/v1/areas")]
async fn list(
    permitted: Permitted<ReadAreas>,
    app: web::Data<App>,
) -> Result<web::Json<Vec<Area>>, Problem> {
    let areas = permitted.areas;
    let found = app.read(move |connection| super::under(connection, &areas)).await;
    found.map(web::Json)
}

/// How a table is taken.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ImportQuery {
    /// Whether it is only told what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// Adds areas below those of the caller, and renames those that are there. The body is a workbook
/// (.xlsx, .xls) or CSV with the columns `code` and `name`, and `parent` and `level` where codes are
/// no national ones. What is closed is opened again. Nothing is moved or taken away; with a mistake
/// in it, nothing is done.
#[utoipa::path(
    tag = "areas",
    params(ImportQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, body = Imported),
        (status = 422, description = "areas-invalid, with `problems`: the lines and what is wrong"),
    ),
)]
#[post("/api/v1/areas/import")]
async fn import_table(
    permitted: Permitted<ManageAreas>,
    app: web::Data<App>,
    query: Query<ImportQuery>,
    body: FileBody,
) -> Result<web::Json<Imported>, Problem> {
    let ImportQuery { dry_run } = query.read()?;
    let bytes = body.receive(MAX_IMPORT).await?;
    let (by, now, within) = (permitted.caller.user, app.now(), permitted.areas);
    let areas = within.clone();
    let there = app.read(move |connection| Known::under(connection, &areas)).await?;
    // Read before the transaction: it may take long, and others wait for what that holds.
    let table = web::block(move || import::read(&bytes, &there.areas, Roots::Known)).await;
    let table = table.map_err(|_| Problem::new(&Kind::UNAVAILABLE))?;
    if !table.problems.is_empty() {
        return Err(invalid(&table.problems));
    }
    let done = app
        .write(move |connection| {
            let there = Known::under(connection, &within)?;
            let told = match import::compare(connection, table.areas.clone(), &there)? {
                Ok(told) => told,
                Err(problem) => return Ok(Err(problem)),
            };
            if !dry_run {
                import::store(connection, &told)?;
                let codes = |areas: &[Area]| -> Vec<String> {
                    areas.iter().map(|area| area.code.clone()).collect()
                };
                let detail = json!({
                    "added": codes(&told.added), "renamed": codes(&told.renamed),
                    "reopened": codes(&told.reopened),
                });
                audit::note(connection, by, Did::ImportAreas, "", detail, now)?;
            }
            Ok(Ok(told))
        })
        .await?;
    done.map(web::Json).map_err(|problem| invalid(&[problem]))
}

fn invalid(problems: &[LineProblem]) -> Problem {
    let problems = serde_json::to_value(problems).unwrap_or_default();
    Problem::new(&Kind::AREAS_INVALID).with("problems", problems)
}

/// Closes a village or a township in which nothing is recorded any more, with all below it: it is
/// offered nowhere, and what was recorded about it stays.
#[utoipa::path(
    tag = "areas",
    responses((status = 204), (status = 409, description = "area-in-use, with `records`")),
)]
#[post("/api/v1/areas/{code}/close")]
async fn close(
    permitted: Permitted<ManageAreas>,
    app: web::Data<App>,
    code: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (code, now, by) = (code.into_inner(), app.now(), permitted.caller.user);
    let closed: Result<(), Failed<Problem>> = app
        .database
        .write(move |connection| {
            let found = super::narrowed(connection, &permitted.areas, Some(&code))?.pop();
            // Nobody closes what all of their own rights hang on.
            let path = found.filter(|path| path.code() == code && !permitted.areas.contains(path));
            let path = path.ok_or_else(|| Failed::Rule(Problem::new(&Kind::NOT_FOUND)))?;
            let records = queries::records_in(connection, &path)?;
            if records > 0 {
                let problem = Problem::new(&Kind::AREA_IN_USE).with("records", records);
                return Err(Failed::Rule(problem));
            }
            queries::close(connection, &path, now)?;
            audit::note(connection, by, Did::CloseArea, &code, json!({}), now)?;
            Ok(())
        })
        .await;
    closed.map_err(Problem::from)?;
    Ok(HttpResponse::NoContent().finish())
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list).service(import_table).service(close);
}
