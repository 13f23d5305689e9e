//! `/api/v1/rosters`

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use mobile_schema::{FieldId, Hash, Labels, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_protocol::finding::{COLLECTION as FINDINGS, field};
use sync_protocol::{Record, RecordId, Version};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::compare::{Expects, Source, compare};
use super::queries::{self, Found, NewRoster, RosterView};
use super::read;
use super::settle::{Compared, ComparisonView, settle};
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::db::AnyConnection;
use crate::db::types::Key;
use crate::http::caller::{CompareRosters, ReadRosters};
use crate::http::page::{self, Page};
use crate::http::problem::Language;
use crate::http::{FileBody, Kind, LineProblem, Permitted, Problem, Query, file, period};
use crate::limits::{MAX_DIFFERENCES, MAX_ROSTER};
use crate::privacy::{self, What};
use crate::sync::{Edit, act, in_browser};
use crate::{records as store, seal};

/// The field of `member` with the citizen ID number.
const CITIZEN_ID: FieldId = 3;
/// Characters of a list's name.
const MAX_NAME: usize = 60;
/// Operations in one transaction: what tablets push meanwhile is not to wait for all of them.
const AT_ONCE: usize = 500;

/// What a list is.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct RosterQuery {
    /// What the department calls it. The next list of this name takes its place: what it differs in
    /// no longer is corrected.
    name: String,
    /// Who sent it.
    department: String,
    /// The code of the area whose members it is compared with.
    area: String,
    /// The day it is of, as `2026-11-20`.
    as_of: String,
    /// `listed`: all members are on it; `absent`: none is.
    #[param(inline)]
    expects: Expects,
    /// The column that is shown to those who find out.
    detail: Option<String>,
}

impl RosterQuery {
    fn check(&self) -> Result<(), Problem> {
        let malformed = |what: &'static str| Err(Problem::new(&Kind::MALFORMED).detail(what));
        for (text, what) in [
            (&self.name, "name: 1 to 60 characters, without /"),
            (&self.department, "department: 1 to 60 characters, without /"),
        ] {
            let fits = !text.trim().is_empty() && text.chars().count() <= MAX_NAME;
            if !fits || text.contains(['/', '\0', '\n']) {
                return malformed(what);
            }
        }
        if period::day(&self.as_of).is_none() {
            return malformed("as_of: a day, as 2026-11-20");
        }
        Ok(())
    }

    fn source(&self, file: Hash) -> Source<'_> {
        Source { name: &self.name, department: &self.department, as_of: &self.as_of, file }
    }
}

/// Says what a list differs in, and asks nobody. The body is a workbook (.xlsx, .xls) or CSV in
/// UTF-8 whose first row names the columns, one of them 身份证号 or `citizen_id`.
#[utoipa::path(
    tag = "rosters",
    params(RosterQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = ComparisonView), (status = 422, description = "roster-invalid, with `problems`")),
)]
#[post("/api/v1/rosters/compare")]
async fn compare_roster(
    permitted: Permitted<CompareRosters>,
    app: web::Data<App>,
    query: Query<RosterQuery>,
    body: FileBody,
) -> Result<web::Json<ComparisonView>, Problem> {
    let query = query.read()?;
    let compared = look(&permitted, &app, Arc::new(query), body).await?;
    Ok(web::Json(compared.0.view))
}

/// Compares a list, and asks those in charge of the villages about every difference: as findings,
/// which they mend or explain on their tablets. The list itself is not kept.
#[utoipa::path(
    tag = "rosters",
    params(RosterQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = RosterView), (status = 413, description = "too-large: so many differences are a mistake in the list"), (status = 422, description = "roster-invalid, with `problems`")),
)]
#[post("/api/v1/rosters")]
async fn ask(
    permitted: Permitted<CompareRosters>,
    app: web::Data<App>,
    query: Query<RosterQuery>,
    body: FileBody,
) -> Result<HttpResponse, Problem> {
    let query = Arc::new(query.read()?);
    let (Compared { view, changes }, digest) =
        look(&permitted, &app, Arc::clone(&query), body).await?;
    if view.missing + view.listed + view.names > MAX_DIFFERENCES {
        return Err(Problem::new(&Kind::TOO_LARGE).with("limit", MAX_DIFFERENCES));
    }
    let (user, now, id) = (permitted.caller.user, app.now(), Uuid::now_v7());
    let count = |number: usize| number as i64;
    let new = NewRoster {
        id: Key(id),
        name: query.name.clone(),
        department: query.department.clone(),
        area_code: query.area.clone(),
        expects: query.expects.name(),
        as_of: query.as_of.clone(),
        digest: digest.as_bytes().to_vec(),
        lines: count(view.lines),
        members: count(view.members),
        matched: count(view.matched),
        without_id: count(view.without_id),
        differences: count(view.missing + view.listed + view.names),
        made_by: user.into(),
        made_at: now,
    };
    app.write(move |connection| {
        queries::add(connection, &new)?;
        let detail = json!({ "name": new.name, "area": new.area_code, "as_of": new.as_of });
        audit::note(connection, user, Did::CompareRoster, id, detail, now)
    })
    .await?;
    for part in changes.chunks(AT_ONCE) {
        let part = part.to_vec();
        let areas = permitted.areas.clone();
        let touched = in_browser(&app, user, areas, move |connection, person| {
            let definition = person.definition(FINDINGS)?;
            let edits = part.iter().cloned().map(|(record, scope, base, change)| Edit {
                collection: FINDINGS.to_owned(),
                record,
                scope,
                base,
                definition,
                change,
            });
            let ops = person.one_by_one(edits);
            // What changed meanwhile is for the next list to find.
            act(connection, person, &ops)?;
            Ok(ops.into_iter().map(|op| op.scope).collect::<Vec<_>>())
        });
        app.live.announce(touched.await?, None);
    }
    let made =
        app.read(move |connection| queries::list(connection, &permitted.areas, Some(id))).await?;
    let made = made.into_iter().next().ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?;
    Ok(HttpResponse::Created().json(made))
}

/// Reads a list and compares it; gives the SHA-256 of the file as well.
async fn look(
    permitted: &Permitted<CompareRosters>,
    app: &App,
    query: Arc<RosterQuery>,
    body: FileBody,
) -> Result<(Compared, Hash), Problem> {
    query.check()?;
    let bytes = body.receive(MAX_ROSTER).await?;
    let digest = Hash::of(&bytes);
    let asked = Arc::clone(&query);
    let read = web::block(move || read::read(&bytes, asked.detail.as_deref())).await;
    let invalid = |problem: LineProblem| {
        let problems = serde_json::to_value([problem]).unwrap_or_default();
        Problem::new(&Kind::ROSTER_INVALID).with("problems", problems)
    };
    let read = read.map_err(|_| Problem::new(&Kind::UNAVAILABLE))?.map_err(invalid)?;
    let areas = permitted.areas.clone();
    let compared = app
        .read(move |connection| {
            let scopes = areas::scopes_within(connection, &areas, Some(&query.area))?;
            if scopes.is_empty() {
                return Ok(None);
            }
            let members = queries::members(connection, &scopes)?;
            let known = queries::known(connection, &query.name, &scopes)?;
            let key = |id: &str| seal::search_key(queries::CITIZEN_ID, id);
            let comparison = compare(&read.lines, &members, query.expects, key);
            Ok(Some(settle(&query.source(digest), read, &members, &comparison, &known)))
        })
        .await?;
    Ok((compared.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?, digest))
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
    config.service(compare_roster).service(ask).service(list).service(differences).service(reply);
}
