//! `/api/v1/rosters`

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use mobile_schema::{FieldId, Labels, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_protocol::finding::field;
use sync_protocol::{Record, RecordId, Version};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::list::{List, RosterQuery, ask_about, keep};
use super::queries::{self, Found, RosterView};
use super::settle::{Compared, ComparisonView};
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::db::AnyConnection;
use crate::http::caller::{CompareRosters, ReadRosters};
use crate::http::page::{self, Page};
use crate::http::problem::Language;
use crate::http::progress;
use crate::http::{FileBody, Kind, Permitted, Problem, Query, file};
use crate::limits::MAX_DIFFERENCES;
use crate::privacy::{self, What};
use crate::records as store;

/// The field of `member` with the citizen ID number.
const CITIZEN_ID: FieldId = 3;

/// Says what a list differs in, and asks nobody. The body is a workbook (.xlsx, .xls) or CSV in
/// UTF-8 whose first row names the columns, one of them 身份证号 or `citizen_id`. With
/// `Accept: application/x-ndjson` it tells how many villages are compared, and stops when the
/// connection breaks off.
#[utoipa::path(
    tag = "rosters",
    params(RosterQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = ComparisonView), (status = 422, description = "roster-invalid, with `problems`")),
)]
#[post("/api/v1/rosters/compare")]
async fn compare_roster(
    permitted: Permitted<CompareRosters>,
    request: HttpRequest,
    app: web::Data<App>,
    query: Query<RosterQuery>,
    body: FileBody,
) -> Result<HttpResponse, Problem> {
    let sent = List::receive(query.read()?, body).await?;
    progress::answer(&request, StatusCode::OK, async move |progress| {
        Ok(sent.compare(&permitted, &app, progress).await?.view)
    })
    .await
}

/// Compares a list, and asks those in charge of the villages about every difference: as findings,
/// which they mend or explain on their tablets. The list itself is not kept. With
/// `Accept: application/x-ndjson` it tells how far it is, and stops when the connection breaks off:
/// what was asked by then stays, and the same list again asks the rest.
#[utoipa::path(
    tag = "rosters",
    params(RosterQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = RosterView), (status = 413, description = "too-large: so many differences are a mistake in the list"), (status = 422, description = "roster-invalid, with `problems`")),
)]
#[post("/api/v1/rosters")]
async fn ask(
    permitted: Permitted<CompareRosters>,
    request: HttpRequest,
    app: web::Data<App>,
    query: Query<RosterQuery>,
    body: FileBody,
) -> Result<HttpResponse, Problem> {
    let sent = List::receive(query.read()?, body).await?;
    progress::answer(&request, StatusCode::CREATED, async move |progress| {
        let (query, digest) = (Arc::clone(&sent.query), sent.digest);
        let Compared { view, changes } = sent.compare(&permitted, &app, progress.clone()).await?;
        if view.missing + view.listed + view.names > MAX_DIFFERENCES {
            return Err(Problem::new(&Kind::TOO_LARGE).with("limit", MAX_DIFFERENCES));
        }
        let id = keep(&permitted, &app, &query, digest, &view).await?;
        ask_about(&permitted, &app, changes, &progress).await?;
        let areas = permitted.areas;
        let made = app.read(move |connection| queries::list(connection, &areas, Some(id))).await?;
        made.into_iter().next().ok_or_else(|| Problem::new(&Kind::NOT_FOUND))
    })
    .await
}

/// The newest 200 lists that were compared in the caller's areas.
#[utoipa::path(tag = "rosters", responses((status = 200, body = Vec<RosterView>)))]
#[get("/api/v1/rosters")]
async fn list(
    permitted: Permitted<ReadRosters>,
    app: web::Data<App>,
) -> Result<web::Json<Vec<RosterView>>, Problem> {
    let areas = permitted.areas;
    app.read(move |connection| queries::list(connection, &areas, None)).await.map(web::Json)
}

/// A list that was compared.
#[utoipa::path(tag = "rosters", responses((status = 200, body = RosterView)))]
#[get("/api/v1/rosters/{id}")]
async fn read_one(
    permitted: Permitted<ReadRosters>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<web::Json<RosterView>, Problem> {
    let id = Some(id.into_inner());
    let found = app.read(move |connection| queries::list(connection, &permitted.areas, id)).await?;
    found.into_iter().next().map(web::Json).ok_or_else(|| Problem::new(&Kind::NOT_FOUND))
}

/// Which differences.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct DifferenceQuery {
    /// Where they stand; all of them, where it isn't said.
    #[param(inline)]
    status: Option<Stands>,
    /// The `next` of the page before; absent for the first.
    after: Option<Uuid>,
    /// How many at most.
    limit: Option<i64>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Stands {
    Open,
    Explained,
    Corrected,
}

impl Stands {
    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Explained => "explained",
            Self::Corrected => "corrected",
        }
    }
}

/// A difference, and what was said of it.
#[derive(Serialize, ToSchema)]
struct DifferenceLine {
    /// The finding.
    id: Uuid,
    /// `[epoch, n]`
    #[schema(value_type = Vec<Object>)]
    version: Version,
    member: Option<Uuid>,
    name: Option<String>,
    household_id: Option<Uuid>,
    household: Option<String>,
    village: String,
    /// `missing`, `listed` or `name`
    kind: String,
    /// What is asked, in the caller's language.
    message: String,
    status: String,
    explanation: Option<String>,
}

/// What a list and the later ones of its name differ in.
#[utoipa::path(tag = "rosters", params(DifferenceQuery), responses((status = 200, body = Page<DifferenceLine>)))]
#[get("/api/v1/rosters/{id}/differences")]
async fn differences(
    permitted: Permitted<ReadRosters>,
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    query: Query<DifferenceQuery>,
) -> Result<web::Json<Page<DifferenceLine>>, Problem> {
    let DifferenceQuery { status, after, limit } = query.read()?;
    let (id, limit) = (id.into_inner(), page::limit(limit));
    let language = Language::of(&request).tag();
    let found = app
        .read(move |connection| {
            let Some(roster) = queries::list(connection, &permitted.areas, Some(id))?.pop() else {
                return Ok(None);
            };
            let scopes = areas::scopes_within(connection, &permitted.areas, Some(&roster.area))?;
            let status = status.map(Stands::name);
            let found = queries::found(connection, &roster.name, &scopes, status, after, limit)?;
            lines(connection, found, language).map(Some)
        })
        .await?;
    let found = found.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?;
    Ok(web::Json(Page::of(found, limit, |line| line.id)))
}

fn lines(
    connection: &mut AnyConnection,
    found: Vec<Found>,
    language: &str,
) -> diesel::QueryResult<Vec<DifferenceLine>> {
    let ids: Vec<RecordId> = found.iter().map(|one| one.finding.into()).collect();
    let records = store::load(connection, &ids)?;
    let records: BTreeMap<RecordId, Record> =
        records.into_iter().map(|record| (record.id, record)).collect();
    let villages = areas::names_of(connection, found.iter().map(|one| one.scope.as_str()))?;
    let line = |one: Found| {
        let record = records.get(&one.finding.into())?;
        let text = |field| record.fields.get(&field).and_then(Value::as_text).map(str::to_owned);
        let message = match record.fields.get(&field::MESSAGE) {
            Some(Value::Map(words)) => words
                .iter()
                .filter_map(|(tag, text)| Some((tag.clone(), text.as_text()?.to_owned())))
                .collect(),
            _ => BTreeMap::new(),
        };
        Some(DifferenceLine {
            id: one.finding.0,
            version: record.version,
            member: one.member.map(|key| key.0),
            name: one.member_name,
            household_id: one.household_id.map(|key| key.0),
            household: one.household,
            village: villages.get(&one.scope).cloned().unwrap_or(one.scope),
            kind: text(field::PLACE).unwrap_or_default(),
            message: Labels(message).in_language(language).to_owned(),
            status: text(field::STATUS).unwrap_or_default(),
            explanation: text(field::EXPLANATION).filter(|words| !words.is_empty()),
        })
    };
    Ok(found.into_iter().filter_map(line).collect())
}

/// Whether ID numbers are wanted in the reply.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ReplyQuery {
    /// Why the ID numbers are needed, in the person's words; it is kept with their name. Without it
    /// there are none.
    reason: Option<String>,
}

/// The reply to the department: every difference and what was found out, as CSV.
#[utoipa::path(tag = "rosters", params(ReplyQuery), responses((status = 200, description = "CSV")))]
#[get("/api/v1/rosters/{id}/reply.csv")]
async fn reply(
    permitted: Permitted<ReadRosters>,
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    query: Query<ReplyQuery>,
) -> Result<HttpResponse, Problem> {
    let (id, ReplyQuery { reason }) = (id.into_inner(), query.read()?);
    let language = Language::of(&request).tag();
    let caller = permitted.caller.clone();
    let revealed = privacy::reveal(&app, &caller, What::Register("member".into()), reason).await?;
    let revealed = revealed.is_somewhere();
    let made = app
        .read(move |connection| {
            let Some(roster) = queries::list(connection, &permitted.areas, Some(id))?.pop() else {
                return Ok(None);
            };
            let scopes = areas::scopes_within(connection, &permitted.areas, Some(&roster.area))?;
            let found = queries::all_found(connection, &roster.name, &scopes)?;
            let lines = lines(connection, found, language)?;
            let members = lines.iter().filter_map(|line| line.member).map(RecordId);
            let ids = match revealed {
                true => citizen_ids(connection, &members.collect::<Vec<_>>())?,
                false => BTreeMap::new(),
            };
            Ok(Some((lines, ids)))
        })
        .await?;
    let (lines, ids) = made.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?;
    let (user, now) = (caller.user, app.now());
    let detail = json!({ "ids": revealed });
    app.write(move |connection| {
        audit::note(connection, user, Did::Export, format!("roster/{id}"), detail.clone(), now)
    })
    .await?;
    let zh = language == Language::Chinese.tag();
    let word = |chinese: &'static str, english: &'static str| if zh { chinese } else { english };
    let mut table = file::Csv::new();
    table.line([
        word("姓名", "Name"),
        word("身份证号", "Citizen ID"),
        word("户", "Household"),
        word("村", "Village"),
        word("核实事项", "What was asked"),
        word("状态", "State"),
        word("核实说明", "What was found out"),
    ]);
    for line in &lines {
        let id = line.member.and_then(|member| ids.get(&RecordId(member))).cloned();
        let state = match line.status.as_str() {
            "explained" => word("已说明", "explained"),
            "corrected" => word("已更正", "corrected"),
            _ => word("待核实", "open"),
        };
        table.line([
            line.name.as_deref().unwrap_or_default(),
            // A number for a spreadsheet loses its last digits; a text keeps them.
            &id.map(|id| format!("\t{id}")).unwrap_or_default(),
            line.household.as_deref().unwrap_or_default(),
            &line.village,
            &line.message,
            state,
            line.explanation.as_deref().unwrap_or_default(),
        ]);
    }
    Ok(file::download(file::CSV, "reply.csv", table.bytes()))
}

fn citizen_ids(
    connection: &mut AnyConnection,
    members: &[RecordId],
) -> diesel::QueryResult<BTreeMap<RecordId, String>> {
    let members = store::load(connection, members)?.into_iter();
    let id = |one: Record| {
        let id = one.fields.get(&CITIZEN_ID).and_then(Value::as_text)?.to_owned();
        Some((one.id, id))
    };
    Ok(members.filter_map(id).collect())
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(compare_roster).service(ask).service(list).service(read_one);
    config.service(differences).service(reply);
}
