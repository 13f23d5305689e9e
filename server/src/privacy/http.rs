//! Who looked at what, how long things are kept, and what a household may ask for.

use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use diesel::QueryResult;
use serde::{Deserialize, Serialize};
use sync_protocol::RecordId;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::erase::{self, Cause, Extent, Order};
use super::holding::{self, Holding};
use super::retention::{self, Expired, NewPeriod, Period, SHORTEST};
use super::{Access, What, access, note};
use crate::app::App;
use crate::areas::{self, AreaPath};
use crate::audit::{self, Did};
use crate::clock;
use crate::db::{AnyConnection, Failed};
use crate::http::caller::{ManageRetention, ReadAccesses, ServeHouseholds};
use crate::http::file::{self, Csv};
use crate::http::page::{self, Page, PageQuery};
use crate::http::{Body, Kind, Language, Permitted, Problem, Query};
use crate::records;
use crate::sync::check_reason;

/// Whether a household is there, in these areas.
fn is_theirs(
    connection: &mut AnyConnection,
    household: RecordId,
    permitted: &[AreaPath],
) -> QueryResult<bool> {
    let scopes = areas::scopes_under(connection, permitted)?;
    let record = records::load(connection, &[household])?.pop();
    let is = |record: &sync_protocol::Record| record.collection == "household";
    Ok(record.filter(is).is_some_and(|record| scopes.contains(&record.scope)))
}

/// Why.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ReasonQuery {
    /// Why, in the person's words; it is kept with their name.
    reason: String,
}

/// Everything that is held on a household: to be given to it when it asks.
#[utoipa::path(tag = "privacy", params(ReasonQuery), responses((status = 200, body = Holding)))]
#[get("/api/v1/households/{id}/holding")]
async fn held(
    permitted: Permitted<ServeHouseholds>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    query: Query<ReasonQuery>,
) -> Result<web::Json<Holding>, Problem> {
    let (household, ReasonQuery { reason }) = (RecordId(id.into_inner()), query.read()?);
    check_reason(&reason)?;
    let areas = permitted.areas.clone();
    let theirs = app.read(move |connection| is_theirs(connection, household, &areas)).await?;
    if !theirs {
        return Err(Problem::new(&Kind::NOT_FOUND));
    }
    let access = Access::new(&permitted.caller, What::Household(household.0), reason);
    note(&app, access).await?;
    let (definitions, now) = (app.definitions(), app.now());
    let read =
        app.read(move |connection| holding::holding(connection, household, &definitions, now));
    read.await.map(web::Json)
}

/// An erasure that is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Erasure {
    /// Why, in the person's words; it is kept with their name.
    reason: String,
    /// Whether it is only told what would be erased.
    #[serde(default)]
    dry_run: bool,
}

/// Erases everything that is held on a household, in records, history and photos, at its request.
/// The log of notifications goes on verifying: it holds digests, which stay. It can't be taken
/// back; backups that were made before still have it until they are replaced.
#[utoipa::path(tag = "privacy", request_body = Erasure, responses((status = 200, body = Extent)))]
#[post("/api/v1/households/{id}/erasure")]
async fn forget(
    permitted: Permitted<ManageRetention>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    body: Body<Erasure>,
) -> Result<web::Json<Extent>, Problem> {
    let household = RecordId(id.into_inner());
    let Erasure { reason, dry_run } = body.read().await?;
    check_reason(&reason)?;
    let (catalogue, epoch, now) = (app.definitions(), app.lineage.current(), app.now());
    let (user, areas) = (permitted.caller.user, permitted.areas);
    let done: Result<_, Failed<Problem>> = app
        .database
        .write(move |connection| {
            if !is_theirs(connection, household, &areas)? {
                return Err(Failed::Rule(Problem::new(&Kind::NOT_FOUND)));
            }
            let ids = holding::records_of(connection, household)?;
            if dry_run {
                return Ok(erase::extent(connection, &ids)?);
            }
            let order = Order {
                cause: Cause::Household,
                subject: household.to_string(),
                reason: &reason,
                by: user,
                epoch,
                catalogue: &catalogue,
                now,
            };
            let erased = erase::erase(connection, &ids, &order)?;
            let (did, detail) = (Did::EraseHousehold, serde_json::json!({}));
            audit::note(connection, user, did, household, detail, now)?;
            Ok(erased)
        })
        .await;
    let (extent, scopes) = done.map_err(Problem::from)?;
    if !dry_run {
        app.live.announce(scopes, None);
        app.jobs.ring();
    }
    Ok(web::Json(extent))
}

/// How long the records of each register are kept; those that aren't named stay.
#[utoipa::path(tag = "privacy", responses((status = 200, body = Vec<Period>)))]
#[get("/api/v1/retention")]
async fn periods(
    _permitted: Permitted<ReadAccesses>,
    app: web::Data<App>,
) -> Result<web::Json<Vec<Period>>, Problem> {
    app.read(retention::periods).await.map(web::Json)
}

/// Sets how long the records of a register are kept after their last change. Expired records are
/// erased once a day, with what belongs to them.
#[utoipa::path(tag = "privacy", request_body = NewPeriod, responses((status = 204, description = "It is so")))]
#[put("/api/v1/retention/{collection}")]
async fn set_period(
    permitted: Permitted<ManageRetention>,
    app: web::Data<App>,
    collection: web::Path<String>,
    body: Body<NewPeriod>,
) -> Result<HttpResponse, Problem> {
    let (collection, new) = (collection.into_inner(), body.read().await?);
    check_reason(&new.reason)?;
    if app.definitions().current(&collection).is_none() {
        return Err(Problem::new(&Kind::NOT_FOUND));
    }
    if new.days.is_some_and(|days| !(SHORTEST..=36_500).contains(&days)) {
        let detail = format!("days: from {SHORTEST} to 36500");
        return Err(Problem::new(&Kind::MALFORMED).detail(detail));
    }
    // All that belongs to a record goes with it, and a household that did not change may have been
    // visited yesterday.
    if collection == "household" && new.days.is_some() {
        let detail = "household: its visits would go with it; erase one when it asks";
        return Err(Problem::new(&Kind::MALFORMED).detail(detail));
    }
    let (user, now, areas) = (permitted.caller.user, app.now(), permitted.areas);
    let set: Result<(), Failed<Problem>> = app
        .database
        .write(move |connection| {
            if !areas::is_everywhere(connection, &areas)? {
                return Err(Failed::Rule(Problem::new(&Kind::EVERYWHERE)));
            }
            retention::set(connection, &collection, &new, user, now)?;
            let detail = serde_json::json!({ "days": new.days, "reason": new.reason });
            audit::note(connection, user, Did::SetRetention, &collection, detail, now)?;
            Ok(())
        })
        .await;
    set?;
    Ok(HttpResponse::NoContent().finish())
}

/// What would expire now. Nothing is changed.
#[utoipa::path(tag = "privacy", responses((status = 200, body = Vec<Expired>)))]
#[get("/api/v1/retention/dry-run")]
async fn would_expire(
    _permitted: Permitted<ManageRetention>,
    app: web::Data<App>,
) -> Result<web::Json<Vec<Expired>>, Problem> {
    retention::dry_run(&app).await.map(web::Json)
}

/// Why nothing is erased by itself at this moment.
#[derive(Serialize, ToSchema)]
struct Pause {
    /// In the caller's language; absent when what expires is erased.
    words: Option<String>,
}

/// Whether what expires is erased at this moment: not in the first day that the clock is believed,
/// and not by one that is days ahead of all that was written.
#[utoipa::path(tag = "privacy", responses((status = 200, body = Pause)))]
#[get("/api/v1/retention/pause")]
async fn pause(
    _permitted: Permitted<ReadAccesses>,
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<web::Json<Pause>, Problem> {
    let now = app.now();
    let doubt = app.read(move |connection| clock::doubt(connection, now)).await?;
    let chinese = matches!(Language::of(&request), Language::Chinese);
    Ok(web::Json(Pause { words: doubt.map(|doubt| doubt.in_words(chinese)) }))
}

/// What was looked at.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct AccessQuery {
    /// What was looked at: a record's or notification's id, a photo's hash, a register's name.
    subject: Option<String>,
    /// The `next` of the page before; absent for the first.
    after: Option<Uuid>,
    /// How many at most.
    limit: Option<i64>,
}

/// Somebody looked at what is masked otherwise.
#[derive(Serialize, ToSchema)]
pub(super) struct AccessLine {
    pub(super) id: Uuid,
    pub(super) user: Uuid,
    pub(super) user_name: String,
    /// `record`, `register`, `photo`, `notice`, `household` or `search`.
    pub(super) kind: String,
    pub(super) subject: String,
    /// What people call it: the household it is about, the form …
    pub(super) subject_name: Option<String>,
    pub(super) reason: String,
    #[schema(value_type = String)]
    pub(super) at: crate::db::Timestamp,
}

/// Who looked at what is masked otherwise, and why; of people in the caller's areas, the newest
/// first.
#[utoipa::path(tag = "privacy", params(AccessQuery), responses((status = 200, body = Page<AccessLine>)))]
#[get("/api/v1/accesses")]
async fn accesses(
    permitted: Permitted<ReadAccesses>,
    app: web::Data<App>,
    query: Query<AccessQuery>,
) -> Result<web::Json<Page<AccessLine>>, Problem> {
    let AccessQuery { subject, after, limit } = query.read()?;
    let limit = page::limit(limit);
    let lines = app
        .read(move |connection| {
            let people = crate::devices::people_in(connection, &permitted.areas)?;
            let mut lines = access::lines(connection, &people, subject.as_deref(), after, limit)?;
            let scopes = areas::scopes_under(connection, &permitted.areas)?;
            let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
            let subjects = lines.iter().map(|line| line.subject.clone()).collect();
            let names = audit::names_of(connection, &subjects, &scopes)?;
            for line in &mut lines {
                line.subject_name = names.get(&line.subject).cloned();
            }
            Ok(lines)
        })
        .await?;
    Ok(web::Json(Page::of(lines, limit, |line| line.id)))
}

/// Lines of an export at most, the newest.
const EXPORTED: i64 = 50_000;

/// The same as CSV.
#[utoipa::path(tag = "privacy", params(AccessQuery), responses((status = 200, description = "CSV")))]
#[get("/api/v1/accesses.csv")]
async fn export_accesses(
    permitted: Permitted<ReadAccesses>,
    app: web::Data<App>,
    query: Query<AccessQuery>,
) -> Result<HttpResponse, Problem> {
    let AccessQuery { subject, after, .. } = query.read()?;
    let lines = app
        .read(move |connection| {
            let people = crate::devices::people_in(connection, &permitted.areas)?;
            access::lines(connection, &people, subject.as_deref(), after, EXPORTED)
        })
        .await?;
    let mut out = Csv::new();
    out.line(["at", "by", "kind", "subject", "reason"]);
    for line in lines {
        out.line([line.at.to_string(), line.user_name, line.kind, line.subject, line.reason]);
    }
    Ok(file::download(file::CSV, "accesses.csv", out.bytes()))
}

/// Something that was erased: no word of what it was.
#[derive(Serialize, ToSchema)]
pub(super) struct Erased {
    pub(super) id: Uuid,
    /// `household` or `retention`.
    pub(super) kind: String,
    /// The household's id, or the register.
    pub(super) subject: String,
    pub(super) reason: String,
    pub(super) decided_by: Uuid,
    #[schema(value_type = String)]
    pub(super) decided_at: crate::db::Timestamp,
    pub(super) records: i64,
    pub(super) photos: i64,
}

/// What was erased, by whom and why.
#[utoipa::path(tag = "privacy", params(PageQuery), responses((status = 200, body = Page<Erased>)))]
#[get("/api/v1/erasures")]
async fn erasures(
    permitted: Permitted<ReadAccesses>,
    app: web::Data<App>,
    query: Query<PageQuery>,
) -> Result<web::Json<Page<Erased>>, Problem> {
    let PageQuery { after, limit } = query.read()?;
    let limit = page::limit(limit);
    let rows = app
        .read(move |connection| {
            let people = crate::devices::people_in(connection, &permitted.areas)?;
            erase::list(connection, &people, after, limit)
        })
        .await?;
    Ok(web::Json(Page::of(rows, limit, |row| row.id)))
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(held).service(forget);
    config.service(would_expire).service(pause).service(periods).service(set_period);
    config.service(accesses).service(export_accesses).service(erasures);
}
