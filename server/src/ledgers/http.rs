//! `/api/v1/ledgers`

use actix_web::{HttpRequest, HttpResponse, get, web};
use mobile_schema::ledger::{
    Column, Counter, Figure as Counted, LedgerDefinition, Tone, Unit, share,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::sheet;
use super::tally::{self, Exception};
use crate::accounts;
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::db::{AnyConnection, Timestamp};
use crate::http::caller::ReadLedgers;
use crate::http::file;
use crate::http::period::Period;
use crate::http::{Kind, Language, Permitted, Problem, Query};
use crate::packs;
use crate::privacy::SmallCounts;

/// A ledger that can be made.
#[derive(Serialize, ToSchema)]
struct LedgerLine {
    name: String,
    title: String,
}

/// Which ledger, and of when.
#[derive(Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct LedgerQuery {
    /// Only this area and below.
    area: Option<String>,
    /// The first day of the period (`2026-11-16`).
    from: String,
    /// Its last day.
    until: String,
}

/// A column.
#[derive(Serialize, ToSchema)]
pub(super) struct ColumnView {
    /// The header above its own; empty where there is none.
    pub(super) group: String,
    pub(super) label: String,
    /// What its sums are told in: `yuan` or `ten_thousand_yuan`; nothing for what is no money.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) unit: Option<Unit>,
    /// The colour it is shown in: `red`, `yellow`, `blue` or `green`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) tone: Option<Tone>,
}

/// An area, with what lies below it counted in.
#[derive(Serialize, ToSchema)]
pub(super) struct RowView {
    pub(super) code: String,
    pub(super) name: String,
    level: String,
    /// By column; none where so few are counted that they are pointed at.
    pub(super) values: Vec<Option<Figure>>,
}

/// What stands in a cell.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = LedgerFigure)]
pub(super) enum Figure {
    /// How many records.
    Count(i64),
    /// A sum in its column's unit, exactly, in decimal digits (`17740.00`); `…` where it is larger
    /// than anything that is counted.
    #[schema(value_type = String)]
    Sum(String),
}

/// An indicator: always what it is out of.
#[derive(Serialize, ToSchema)]
pub(super) struct IndicatorView {
    pub(super) label: String,
    /// How many are met; none, like `of`, where so few are or are not that they point at people.
    pub(super) met: Option<i64>,
    pub(super) of: Option<i64>,
    /// The share in hundredths of a per cent: 9984 is 99.84 %. Half up, but all only where all are
    /// met, and nothing only where none is.
    pub(super) share: Option<i64>,
}

/// A ledger.
#[derive(Serialize, ToSchema)]
pub(super) struct LedgerView {
    pub(super) title: String,
    pub(super) from: String,
    pub(super) until: String,
    /// When it was counted.
    #[schema(value_type = String)]
    as_of: Timestamp,
    #[serde(skip)]
    pub(super) as_of_in_china: String,
    /// The areas it is about, as whoever hands it in is called.
    pub(super) office: String,
    /// Who made it.
    pub(super) filled_in_by: String,
    pub(super) columns: Vec<ColumnView>,
    /// In the order of the tree.
    pub(super) rows: Vec<RowView>,
    pub(super) indicators: Vec<IndicatorView>,
    /// Whoever is missing in an indicator, each household once; nobody for those who may not see
    /// who.
    pub(super) exceptions: Vec<Exception>,
    /// There are more than are named.
    pub(super) more_exceptions: bool,
}

/// The ledgers of the packs there are.
#[utoipa::path(tag = "ledgers", responses((status = 200, body = Vec<LedgerLine>)))]
#[get("/api/v1/ledgers")]
async fn list_ledgers(
    _permitted: Permitted<ReadLedgers>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<web::Json<Vec<LedgerLine>>, Problem> {
    let all = app.read(packs::ledgers).await?;
    let language = Language::of(&request).tag();
    let line = |one: LedgerDefinition| LedgerLine {
        title: one.title.in_language(language).to_owned(),
        name: one.name,
    };
    Ok(web::Json(all.into_iter().map(line).collect()))
}

/// A ledger, counted over everything there is now.
#[utoipa::path(
    tag = "ledgers",
    params(LedgerQuery),
    responses((status = 200, body = LedgerView)),
)]
#[get("/api/v1/ledgers/{name}")]
async fn show_ledger(
    permitted: Permitted<ReadLedgers>,
    request: HttpRequest,
    app: web::Data<App>,
    name: web::Path<String>,
    query: Query<LedgerQuery>,
) -> Result<web::Json<LedgerView>, Problem> {
    let language = Language::of(&request).tag();
    make(permitted, &app, name.into_inner(), query.read()?, language).await.map(web::Json)
}

/// The same as a workbook.
#[utoipa::path(tag = "ledgers", params(LedgerQuery), responses((status = 200, description = "XLSX")))]
#[get("/api/v1/ledgers/{name}/sheet.xlsx")]
async fn workbook(
    permitted: Permitted<ReadLedgers>,
    request: HttpRequest,
    app: web::Data<App>,
    name: web::Path<String>,
    query: Query<LedgerQuery>,
) -> Result<HttpResponse, Problem> {
    let language = Language::of(&request).tag();
    let view = exported(permitted, &app, name.into_inner(), query.read()?, language).await?;
    let bytes = web::block(move || sheet::xlsx(&view, language)).await;
    let bytes = bytes.ok().and_then(Result::ok).ok_or_else(|| Problem::new(&Kind::INTERNAL))?;
    Ok(file::download(file::XLSX, "ledger.xlsx", bytes))
}

/// The same as CSV.
#[utoipa::path(tag = "ledgers", params(LedgerQuery), responses((status = 200, description = "CSV")))]
#[get("/api/v1/ledgers/{name}/sheet.csv")]
async fn table(
    permitted: Permitted<ReadLedgers>,
    request: HttpRequest,
    app: web::Data<App>,
    name: web::Path<String>,
    query: Query<LedgerQuery>,
) -> Result<HttpResponse, Problem> {
    let language = Language::of(&request).tag();
    let view = exported(permitted, &app, name.into_inner(), query.read()?, language).await?;
    Ok(file::download(file::CSV, "ledger.csv", sheet::csv(&view, language)))
}

/// A ledger that leaves the server as a file, with whoever is missing by name: that it does is kept.
async fn exported(
    permitted: Permitted<ReadLedgers>,
    app: &App,
    name: String,
    query: LedgerQuery,
    language: &'static str,
) -> Result<LedgerView, Problem> {
    let (by, now) = (permitted.caller.user, app.now());
    let (subject, detail) =
        (name.clone(), json!({ "area": query.area, "from": query.from, "until": query.until }));
    let view = make(permitted, app, name, query, language).await?;
    let note = move |connection: &mut AnyConnection| {
        audit::note(connection, by, Did::Export, &subject, detail.clone(), now)
    };
    app.write(note).await?;
    Ok(view)
}

async fn make(
    permitted: Permitted<ReadLedgers>,
    app: &App,
    name: String,
    query: LedgerQuery,
    language: &'static str,
) -> Result<LedgerView, Problem> {
    let period = Period::read(&query.from, &query.until)?;
    let (small, user) = (SmallCounts::of(&permitted.caller), permitted.caller.user);
    let (definitions, now) = (app.definitions(), app.now());
    let LedgerQuery { area, from: first, until: last } = query;
    let made = app
        .read(move |connection| {
            let all = packs::ledgers(connection)?;
            let Some(ledger) = all.into_iter().find(|one| one.name == name) else {
                return Ok(None);
            };
            let Some((_, register)) = definitions.current(&ledger.register) else {
                return Ok(None);
            };
            let within = areas::narrowed(connection, &permitted.areas, area.as_deref())?;
            let areas = areas::under(connection, &within)?;
            let theirs = areas::scopes_within(connection, &permitted.areas, None)?;
            let told = (&areas[..], &theirs[..]);
            let counted = tally::count(connection, &ledger, register, told, period)?;
            let (_, by) = accounts::name_of(connection, user)?;
            Ok(Some((ledger, register.clone(), counted, by)))
        })
        .await?;
    let (ledger, register, counted, filled_in_by) =
        made.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?;
    let counter = Counter::new(&ledger, &register, (period.from, period.until));
    let value = |(column, figure): (&Column, &Counted)| {
        small.count(figure.records)?;
        Some(match &column.sum {
            None => Figure::Count(figure.records),
            Some(_) => {
                let told = counter.told(column, figure);
                Figure::Sum(told.map_or("…".to_owned(), |sum| sum.to_string()))
            }
        })
    };
    let row = |one: tally::AreaTally| RowView {
        code: one.area.code,
        name: one.area.name,
        level: one.area.level,
        values: ledger.columns.iter().zip(&one.tally.columns).map(value).collect(),
    };
    // Everything is in the areas that lie in no other of them.
    let roots = counted.areas.iter().filter(|one| {
        let parent = one.area.parent.as_deref();
        !counted.areas.iter().any(|other| Some(other.area.code.as_str()) == parent)
    });
    let (mut totals, mut offices) = (vec![(0, 0); ledger.indicators.len()], Vec::new());
    for root in roots {
        offices.push(root.area.name.clone());
        for (total, one) in totals.iter_mut().zip(&root.tally.indicators) {
            *total = (total.0 + one.0, total.1 + one.1);
        }
    }
    let in_words = |labels: &mobile_schema::Labels| labels.in_language(language).to_owned();
    let indicators = ledger.indicators.iter().zip(totals).map(|(one, (met, of))| {
        let (met, of) = small.share(met, of).unzip();
        let share = met.zip(of).and_then(|(met, of)| share(met, of));
        IndicatorView { label: in_words(&one.label), met, of, share }
    });
    let columns = ledger.columns.iter().map(|one| ColumnView {
        group: in_words(&one.group),
        label: in_words(&one.label),
        unit: counter.unit(one),
        tone: one.tone,
    });
    Ok(LedgerView {
        title: in_words(&ledger.title),
        from: first,
        until: last,
        as_of: now,
        as_of_in_china: now.in_china(),
        office: offices.join(if language == "en" { ", " } else { "、" }),
        filled_in_by,
        columns: columns.collect(),
        indicators: indicators.collect(),
        rows: counted.areas.into_iter().map(row).collect(),
        exceptions: if small.are_shown { counted.exceptions } else { Vec::new() },
        more_exceptions: counted.more_exceptions,
    })
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_ledgers).service(show_ledger).service(workbook).service(table);
}
