//! `/api/v1/visits`

use actix_web::{get, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::filter::{self, VisitQuery};
use super::queries::{self, Counts, VisitFile, VisitLine};
use crate::app::App;
use crate::areas;
use crate::http::caller::ReadRecords;
use crate::http::page::{self, Page};
use crate::http::{Kind, Permitted, Problem, Query};
use crate::privacy::{self, ReasonQuery, What};

/// A page of the visits in the caller's areas, the newest first: page 1,000 costs what page 1 does.
#[utoipa::path(tag = "visits", params(VisitQuery), responses((status = 200, body = Page<VisitLine>)))]
#[get("/api/v1/visits")]
async fn list(
    permitted: Permitted<ReadRecords>,
    app: web::Data<App>,
    query: Query<VisitQuery>,
) -> Result<web::Json<Page<VisitLine>>, Problem> {
    let query = query.read()?;
    let limit = page::limit(query.limit);
    let mut lines = app
        .read(move |connection| {
            let area = query.area.as_deref();
            let scopes = areas::scopes_within(connection, &permitted.areas, area)?;
            let ids = filter::page(connection, &query, &scopes, limit)?;
            queries::lines(connection, &ids, &scopes)
        })
        .await?;
    let definitions = app.definitions();
    lines.iter_mut().for_each(|line| line.visit.mask(&definitions));
    Ok(web::Json(Page::of(lines, limit, |line| line.visit.id)))
}

/// Where to count.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct CountQuery {
    /// Only those of this area and below.
    area: Option<String>,
}

/// How many visits there are in the caller's areas, by where they stand and what is open.
#[utoipa::path(tag = "visits", params(CountQuery), responses((status = 200, body = Counts)))]
#[get("/api/v1/visits/counts")]
async fn counts(
    permitted: Permitted<ReadRecords>,
    app: web::Data<App>,
    query: Query<CountQuery>,
) -> Result<web::Json<Counts>, Problem> {
    let CountQuery { area } = query.read()?;
    let counted = app.read(move |connection| {
        let scopes = areas::scopes_within(connection, &permitted.areas, area.as_deref())?;
        queries::counts(connection, &scopes)
    });
    counted.await.map(web::Json)
}

/// A visit with its household, what was found, its photos and what is like them. Who has claimed it
/// sees its answers (the claim is kept as the reason); others say why.
#[utoipa::path(tag = "visits", params(ReasonQuery), responses((status = 200, body = VisitFile)))]
#[get("/api/v1/visits/{id}")]
async fn show(
    permitted: Permitted<ReadRecords>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    query: Query<ReasonQuery>,
) -> Result<web::Json<VisitFile>, Problem> {
    let (id, ReasonQuery { reason }) = (id.into_inner(), query.read()?);
    let (caller, now) = (permitted.caller.clone(), app.now());
    let similar = app.similar.clone();
    let found = app
        .read(move |connection| {
            let scopes = areas::scopes_within(connection, &permitted.areas, None)?;
            queries::file(connection, &similar, id, &scopes, now)
        })
        .await?;
    let mut found = found.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?;
    let is_reviewed = found.claim.as_ref().is_some_and(|claim| claim.user == caller.user.0);
    let revealed = privacy::reveal(&app, &caller, What::Record(id), reason).await?;
    let revealed = revealed.covers(&found.visit.scope);
    let definitions = app.definitions();
    if !revealed && !is_reviewed {
        found.visit.mask(&definitions);
        found.names.clear();
        found.findings.iter_mut().for_each(|one| one.mask(&definitions));
        found.earlier.iter_mut().for_each(|one| one.mask(&definitions));
    }
    // Reviewing a visit needs no citizen ID number.
    found.household.iter_mut().for_each(|one| one.mask(&definitions));
    Ok(web::Json(found))
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list).service(counts).service(show);
}
