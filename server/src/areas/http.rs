//! `/api/v1/areas`

use std::collections::BTreeMap;

use actix_web::{get, post, web};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::Area;
use super::import::{self, Imported, Roots};
use crate::app::App;
use crate::audit::{self, Did};
use crate::http::caller::{ManageAreas, ReadAreas};
use crate::http::{Body, Kind, Permitted, Problem};

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

/// A table of areas.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Import {
    /// CSV with the columns `code` and `name`, and `parent` and `level` where codes are no national
    /// ones.
    csv: String,
    /// Whether it is only told what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// Adds areas below those of the caller, and renames those that are there. Nothing is moved or taken
/// away; with a mistake in it, nothing is done.
#[utoipa::path(
    tag = "areas",
    request_body = Import,
    responses(
        (status = 200, body = Imported),
        (status = 422, description = "areas-invalid, with `problems`: the lines and what is wrong"),
    ),
)]
#[post("/api/v1/areas/import")]
async fn import_table(
    permitted: Permitted<ManageAreas>,
    app: web::Data<App>,
    body: Body<Import>,
) -> Result<web::Json<Imported>, Problem> {
    let Import { csv, dry_run } = body.read().await?;
    let (by, now) = (permitted.caller.user, app.now());
    let done = app
        .write(move |connection| {
            let known = super::under(connection, &permitted.areas)?;
            let known: BTreeMap<String, Area> =
                known.into_iter().map(|area| (area.code.clone(), area)).collect();
            let table = import::read(&csv, &known, Roots::Known);
            if !table.problems.is_empty() {
                return Ok(Err(table.problems));
            }
            let told = match import::compare(connection, table.areas, &known)? {
                Ok(told) => told,
                Err(problem) => return Ok(Err(vec![problem])),
            };
            if !dry_run {
                import::store(connection, &told)?;
                let codes = |areas: &[Area]| -> Vec<String> {
                    areas.iter().map(|area| area.code.clone()).collect()
                };
                let detail =
                    json!({ "added": codes(&told.added), "renamed": codes(&told.renamed) });
                audit::note(connection, by, Did::ImportAreas, "", detail, now)?;
            }
            Ok(Ok(told))
        })
        .await?;
    done.map(web::Json).map_err(|problems| {
        let problems = serde_json::to_value(problems).unwrap_or_default();
        Problem::new(&Kind::AREAS_INVALID).with("problems", problems)
    })
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list).service(import_table);
}
