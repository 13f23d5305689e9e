//! `/api/v1/forms/{id}/answers.zip` and what is like it.

use actix_web::{HttpRequest, HttpResponse, get, web};
use mobile_schema::form::table::Style;
use serde::Deserialize;
use serde_json::json;
use sync_protocol::UserId;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::answers::{self, Answers};
use super::register::{self, Records};
use super::table::{Source as _, failed, flowing};
use super::{book, csv};
use crate::app::App;
use crate::audit::{self, Did};
use crate::db::AnyConnection;
use crate::http::caller::{ReadRecords, RevealRecords};
use crate::http::file;
use crate::http::period::Period;
use crate::http::{Kind, Language, Permitted, Problem, Query};
use crate::privacy::{self, What};

const ZIP: &str = "application/zip";

/// What columns and choices are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Wording {
    /// As the form's author names them, for programs.
    #[default]
    Names,
    /// As people read them, in the caller's language.
    Labels,
}

/// Which answers, and how they stand.
#[derive(Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct AnswersQuery {
    /// Only those of this area and below.
    area: Option<String>,
    /// The first day that visits were received on (`2026-11-16`); with `until`.
    from: Option<String>,
    /// The last day.
    until: Option<String>,
    /// Where the visits stand, several with commas between; anywhere, where it isn't said.
    status: Option<String>,
    /// `names` (unless said) or `labels`.
    #[param(inline)]
    wording: Option<Wording>,
    /// Whether a question with several answers has a column for each choice.
    #[serde(default)]
    split: bool,
    /// Whether photos and other files go along, under `media/` in the archive; originals, with what
    /// their cameras wrote into them.
    #[serde(default)]
    files: bool,
    /// Why the answers are needed, in the person's words; it is kept with their name.
    reason: String,
}

/// The answers of a form as CSV in a ZIP archive: a line for each visit, and in a file of its own a
/// line for each instance of a repeat, joined by `KEY` and `PARENT_KEY`. All versions of the form
/// stand in the same columns. It flows while it is made.
#[utoipa::path(tag = "exports", params(AnswersQuery), responses((status = 200, description = "ZIP of CSV")))]
#[get("/api/v1/forms/{id}/answers.zip")]
async fn answers_archive(
    permitted: Permitted<RevealRecords>,
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Path<Uuid>,
    query: Query<AnswersQuery>,
) -> Result<HttpResponse, Problem> {
    let answers = answers_of(permitted, &request, &app, *form, query.read()?).await?;
    let archive = csv::Archive::new(&answers.name, answers.headings()).map_err(failed)?;
    Ok(flowing(answers, archive, ZIP, "answers.zip"))
}

/// The same as a workbook, with a worksheet for the visits and one for each repeat.
#[utoipa::path(tag = "exports", params(AnswersQuery), responses((status = 200, description = "XLSX")))]
#[get("/api/v1/forms/{id}/answers.xlsx")]
async fn answers_book(
    permitted: Permitted<RevealRecords>,
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Path<Uuid>,
    query: Query<AnswersQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.read()?;
    if query.files {
        return Err(Problem::new(&Kind::MALFORMED).detail("files: a workbook holds none"));
    }
    let answers = answers_of(permitted, &request, &app, *form, query).await?;
    let book = book::Book::new(&answers.name, answers.headings()).map_err(failed)?;
    Ok(flowing(answers, book, file::XLSX, "answers.xlsx"))
}

async fn answers_of(
    permitted: Permitted<RevealRecords>,
    request: &HttpRequest,
    app: &web::Data<App>,
    form: Uuid,
    query: AnswersQuery,
) -> Result<Answers, Problem> {
    let AnswersQuery { area, from, until, status, wording, split, files, reason } = query;
    let period = match (from, until) {
        (Some(from), Some(until)) => Some(Period::read(&from, &until)?),
        (None, None) => None,
        _ => return Err(Problem::new(&Kind::MALFORMED).detail("from and until: both, or neither")),
    };
    let in_words = wording == Some(Wording::Labels);
    let caller = permitted.caller;
    let wanted = answers::Wanted {
        form,
        area: area.clone(),
        period,
        statuses: status.iter().flat_map(|all| all.split(',')).map(str::to_owned).collect(),
        style: Style { in_words, split_choices: split },
        language: Language::of(request),
        files,
    };
    let answers = Answers::find(app, permitted.areas, wanted).await?;
    privacy::reveal(app, &caller, What::Answers(form), Some(reason)).await?;
    let detail = json!({ "area": area, "visits": answers.len(), "files": files });
    note(app, caller.user, format!("form/{form}"), detail).await?;
    Ok(answers)
}

/// Which records, and how they stand.
#[derive(Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct RegisterQuery {
    /// The register.
    collection: String,
    /// Only those of this area and below.
    area: Option<String>,
    /// `names` (unless said) or `labels`.
    #[param(inline)]
    wording: Option<Wording>,
    /// Why sensitive values are needed, in the person's words; it is kept with their name. Without
    /// it they have no columns.
    reason: Option<String>,
}

/// The records of a register as CSV. It flows while it is made.
#[utoipa::path(tag = "exports", params(RegisterQuery), responses((status = 200, description = "CSV")))]
#[get("/api/v1/records.csv")]
async fn register_table(
    permitted: Permitted<ReadRecords>,
    request: HttpRequest,
    app: web::Data<App>,
    query: Query<RegisterQuery>,
) -> Result<HttpResponse, Problem> {
    let records = records_of(permitted, &request, &app, query.read()?).await?;
    let table = csv::Plain::new(records.heading());
    Ok(flowing(records, table, file::CSV, "records.csv"))
}

/// The same as a workbook.
#[utoipa::path(tag = "exports", params(RegisterQuery), responses((status = 200, description = "XLSX")))]
#[get("/api/v1/records.xlsx")]
async fn register_book(
    permitted: Permitted<ReadRecords>,
    request: HttpRequest,
    app: web::Data<App>,
    query: Query<RegisterQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.read()?;
    let name = query.collection.clone();
    let records = records_of(permitted, &request, &app, query).await?;
    let book = book::Book::new(&name, records.headings()).map_err(failed)?;
    Ok(flowing(records, book, file::XLSX, "records.xlsx"))
}

async fn records_of(
    permitted: Permitted<ReadRecords>,
    request: &HttpRequest,
    app: &web::Data<App>,
    query: RegisterQuery,
) -> Result<Records, Problem> {
    let RegisterQuery { collection, area, wording, reason } = query;
    let caller = permitted.caller;
    let revealed =
        privacy::reveal(app, &caller, What::Register(collection.clone()), reason).await?;
    let wanted = register::Wanted {
        register: collection.clone(),
        area: area.clone(),
        revealed: revealed.is_somewhere(),
        in_words: wording == Some(Wording::Labels),
        language: Language::of(request),
    };
    let detail = json!({ "area": area, "sensitive": wanted.revealed });
    let areas = match wanted.revealed {
        // Who may look in one place and see everything in another gets all from there only.
        true => caller.areas_to::<RevealRecords>(),
        false => permitted.areas,
    };
    let records = Records::find(app, areas, wanted).await?;
    note(app, caller.user, format!("register/{collection}"), detail).await?;
    Ok(records)
}

/// Keeps that somebody takes a file away, before they do.
async fn note(
    app: &App,
    by: UserId,
    subject: String,
    detail: serde_json::Value,
) -> Result<(), Problem> {
    let now = app.now();
    let note = move |connection: &mut AnyConnection| {
        audit::note(connection, by, Did::Export, &subject, detail.clone(), now)
    };
    app.write(note).await
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(answers_archive).service(answers_book);
    config.service(register_table).service(register_book);
}
