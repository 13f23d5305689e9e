//! Reading records.

use actix_web::{get, post, web};
use diesel::QueryResult;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::queries::{self, HistoryLine, RecordView, Wanted};
use crate::app::App;
use crate::areas;
use crate::db::AnyConnection;
use crate::http::caller::{ReadRecords, RevealRecords};
use crate::http::page::{self, Page};
use crate::http::{Body, Kind, Permitted, Problem, Query};
use crate::limits::MAX_PAGE;
use crate::privacy::{self, ReasonQuery, What};
use crate::seal;

/// Which records are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct RecordQuery {
    /// The register; all of them where it isn't said, which is asked about one record only.
    collection: Option<String>,
    /// Only what belongs to this record.
    subject: Option<Uuid>,
    /// Only those whose line has these words in it.
    title: Option<String>,
    /// Only those of this area and below.
    area: Option<String>,
    /// The `next` of the page before; absent for the first.
    after: Option<Uuid>,
    /// How many at most.
    limit: Option<i64>,
    /// Why sensitive values are needed, in the person's words; it is kept with their name. Without
    /// it they are masked.
    reason: Option<String>,
}

/// A page of a register, in the caller's areas.
#[utoipa::path(tag = "records", params(RecordQuery), responses((status = 200, body = Page<RecordView>)))]
#[get("/api/v1/records")]
async fn list(
    permitted: Permitted<ReadRecords>,
    app: web::Data<App>,
    query: Query<RecordQuery>,
) -> Result<web::Json<Page<RecordView>>, Problem> {
    let RecordQuery { collection, subject, title, area, after, limit, reason } = query.read()?;
    let limit = page::limit(limit);
    let what = match (&collection, subject) {
        (Some(collection), _) => What::Register(collection.clone()),
        (None, Some(subject)) => What::Record(subject),
        (None, None) => {
            return Err(Problem::new(&Kind::MALFORMED).detail("collection: say which register"));
        }
    };
    let wanted = Wanted { collection, subject, title, after, limit };
    let revealed = privacy::reveal(&app, &permitted.caller, what, reason).await?;
    let mut rows = app
        .read(move |connection| {
            let scopes = areas::scopes_within(connection, &permitted.areas, area.as_deref())?;
            queries::list(connection, &wanted, &scopes)
        })
        .await?;
    let definitions = app.definitions();
    let hidden = rows.iter_mut().filter(|row| !revealed.covers(&row.scope));
    hidden.for_each(|row| row.mask(&definitions));
    Ok(web::Json(Page::of(rows, limit, |row| row.id)))
}

/// One record.
#[utoipa::path(tag = "records", params(ReasonQuery), responses((status = 200, body = RecordView)))]
#[get("/api/v1/records/{id}")]
async fn show(
    permitted: Permitted<ReadRecords>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    query: Query<ReasonQuery>,
) -> Result<web::Json<RecordView>, Problem> {
    let (id, ReasonQuery { reason }) = (id.into_inner(), query.read()?);
    let caller = permitted.caller.clone();
    let found = app.read(move |connection| visible(connection, &permitted, id)).await?;
    let mut found = found.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?;
    if !privacy::reveal(&app, &caller, What::Record(id), reason).await?.covers(&found.scope) {
        found.mask(&app.definitions());
    }
    Ok(web::Json(found))
}

/// Every version of a record, and the operation that made it.
#[utoipa::path(tag = "records", params(ReasonQuery), responses((status = 200, body = Vec<HistoryLine>)))]
#[get("/api/v1/records/{id}/history")]
async fn history(
    permitted: Permitted<ReadRecords>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    query: Query<ReasonQuery>,
) -> Result<web::Json<Vec<HistoryLine>>, Problem> {
    let (id, ReasonQuery { reason }) = (id.into_inner(), query.read()?);
    let caller = permitted.caller.clone();
    let lines = app
        .read(move |connection| match visible(connection, &permitted, id)? {
            Some(record) => Ok(Some((record.scope, queries::history_of(connection, id)?))),
            None => Ok(None),
        })
        .await?;
    let (scope, mut lines) = lines.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?;
    if !privacy::reveal(&app, &caller, What::Record(id), reason).await?.covers(&scope) {
        let definitions = app.definitions();
        lines.iter_mut().for_each(|line| line.mask(&definitions));
    }
    Ok(web::Json(lines))
}

/// A sensitive value that a record is looked for by.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Search {
    /// The register.
    collection: String,
    /// The field's name.
    field: String,
    /// The whole value; of a citizen ID number the last four characters are enough.
    value: String,
    /// Why, in the person's words; it is kept with their name.
    reason: String,
}

/// The records in the caller's areas with a value in a sensitive field, which is encrypted and
/// found by a keyed hash. They are answered masked.
#[utoipa::path(tag = "records", request_body = Search, responses((status = 200, body = Vec<RecordView>)))]
#[post("/api/v1/records/search")]
async fn search(
    permitted: Permitted<RevealRecords>,
    app: web::Data<App>,
    body: Body<Search>,
) -> Result<web::Json<Vec<RecordView>>, Problem> {
    let Search { collection, field, value, reason } = body.read().await?;
    let field = format!("{collection}.{field}");
    let what = What::Search(field.clone());
    privacy::reveal(&app, &permitted.caller, what, Some(reason)).await?;
    let found = app
        .read(move |connection| {
            let scopes = areas::scopes_under(connection, &permitted.areas)?;
            let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
            let ids = seal::find(connection, &field, &value, MAX_PAGE)?;
            queries::views(connection, &ids, &scopes)
        })
        .await;
    let (mut found, definitions) = (found?, app.definitions());
    found.iter_mut().for_each(|row| row.mask(&definitions));
    Ok(web::Json(found))
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
    let found = queries::view_of(connection, id)?;
    Ok(found.filter(|record| scopes.contains(&record.scope)))
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(search).service(list).service(show).service(history);
}
