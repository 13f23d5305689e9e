//! `/api/v1/audit`

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::names::names_of;
use super::queries::{self, Wanted};
use crate::app::App;
use crate::areas;
use crate::db::Timestamp;
use crate::devices;
use crate::http::caller::ReadAccesses;
use crate::http::file::{self, Csv};
use crate::http::page;
use crate::http::{Permitted, Problem, Query};

/// Which lines are asked for.
#[derive(Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    /// What was done: `grant`, `release_form` …
    action: Option<String>,
    /// To whom or what: a person's id, a form's, an area's code.
    subject: Option<String>,
    /// The last `position` of the page before; absent for the newest.
    before: Option<i64>,
    /// How many at most.
    limit: Option<i64>,
}

/// Something that was done.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditLine {
    pub(super) position: i64,
    #[schema(value_type = String)]
    pub(super) at: Timestamp,
    pub(super) user_name: String,
    pub(super) action: String,
    pub(super) subject: String,
    /// What people call it: the person, the household it is about, the area …
    pub(super) subject_name: Option<String>,
    #[schema(value_type = Object)]
    pub(super) detail: serde_json::Value,
    /// The SHA-256 of the line and the hash before it, in hexadecimal digits.
    pub(super) hash: String,
}

/// Whether the trail is whole.
#[derive(Serialize, ToSchema)]
struct AuditCheck {
    /// Lines that follow from one another.
    lines: i64,
    /// The hash of the last of them: kept elsewhere, it shows that nothing before it was changed.
    hash: String,
    /// The first line that does not follow from the one before.
    broken_at: Option<i64>,
}

async fn lines(
    permitted: Permitted<ReadAccesses>,
    app: &App,
    query: AuditQuery,
    limit: i64,
) -> Result<Vec<AuditLine>, Problem> {
    app.read(move |connection| {
        let people = devices::people_in(connection, &permitted.areas)?;
        let wanted = Wanted {
            people: &people,
            action: query.action.as_deref(),
            subject: query.subject.as_deref(),
            before: query.before,
            limit,
        };
        queries::lines(connection, &wanted)
    })
    .await
}

/// What people of the caller's areas changed, the newest first.
#[utoipa::path(tag = "audit", params(AuditQuery), responses((status = 200, body = Vec<AuditLine>)))]
#[get("/api/v1/audit")]
async fn list_audit(
    permitted: Permitted<ReadAccesses>,
    app: web::Data<App>,
    query: Query<AuditQuery>,
) -> Result<web::Json<Vec<AuditLine>>, Problem> {
    let query = query.read()?;
    let (limit, areas) = (page::limit(query.limit), permitted.areas.clone());
    let mut found = lines(permitted, &app, query, limit).await?;
    let found = app
        .read(move |connection| {
            let scopes = areas::scopes_under(connection, &areas)?;
            let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
            let subjects = found.iter().map(|line| line.subject.clone()).collect();
            let names = names_of(connection, &subjects, &scopes)?;
            for line in &mut found {
                line.subject_name = names.get(&line.subject).cloned();
            }
            Ok(found)
        })
        .await?;
    Ok(web::Json(found))
}

/// Lines of an export at most, the newest.
const EXPORTED: i64 = 50_000;

/// The same as CSV.
#[utoipa::path(tag = "audit", params(AuditQuery), responses((status = 200, description = "CSV")))]
#[get("/api/v1/audit.csv")]
async fn export_audit(
    permitted: Permitted<ReadAccesses>,
    app: web::Data<App>,
    query: Query<AuditQuery>,
) -> Result<HttpResponse, Problem> {
    let found = lines(permitted, &app, query.read()?, EXPORTED).await?;
    let mut out = Csv::new();
    out.line(["position", "at", "by", "action", "subject", "detail", "hash"]);
    for line in found {
        let (position, at) = (line.position.to_string(), line.at.to_string());
        let detail = line.detail.to_string();
        out.line([position, at, line.user_name, line.action, line.subject, detail, line.hash]);
    }
    Ok(file::download(file::CSV, "audit.csv", out.bytes()))
}

/// Goes through the whole trail, of all counties, and says whether each line follows from the one
/// before. It shows no line.
#[utoipa::path(tag = "audit", responses((status = 200, body = AuditCheck)))]
#[get("/api/v1/audit/check")]
async fn check_audit(
    _permitted: Permitted<ReadAccesses>,
    app: web::Data<App>,
) -> Result<web::Json<AuditCheck>, Problem> {
    let (lines, hash, broken_at) = app.read(queries::check).await?;
    let hash = data_encoding::HEXLOWER.encode(&hash);
    Ok(web::Json(AuditCheck { lines, hash, broken_at }))
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_audit).service(export_audit).service(check_audit);
}
