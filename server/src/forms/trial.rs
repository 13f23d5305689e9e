//! Filling a version in with sample data, before anybody else does.

use actix_web::{HttpRequest, post, web};
use mobile_schema::form::{Files, Invalid, Session, Severity, Untaken, inspect_files};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sync_protocol::entity::{DeadMove, dead_moves};
use utoipa::ToSchema;
use uuid::Uuid;

use super::admin::{not_found, seen};
use super::compiled::{Compiled, world};
use super::queries;
use crate::app::App;
use crate::areas::{self, AreaPath};
use crate::http::caller::ManageForms;
use crate::http::problem::Language;
use crate::http::{Body, Kind, Permitted, Problem};
use crate::limits::MAX_PAGE;
use crate::records;

/// Sample data.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Sample {
    /// Objects by group, arrays for repeats, or whole paths.
    #[schema(value_type = Object)]
    answers: Json,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
struct Trial {
    /// Whether everything was taken and nothing is wrong.
    passed: bool,
    /// What is wrong, and why.
    #[schema(value_type = Vec<Object>)]
    invalid: Vec<Json>,
    /// Answers that no question took, and why.
    #[schema(value_type = Vec<Object>)]
    untaken: Vec<Json>,
    /// Expressions that were given up, and statuses that no record could get.
    failures: Vec<String>,
    /// Lists that are not there.
    missing_files: Vec<String>,
    /// What is wrong between the form and its files; with an error among it, nothing passes.
    #[schema(value_type = Vec<Object>)]
    problems: Vec<Json>,
    /// The answers as they would be stored.
    #[schema(value_type = Object)]
    answers: Json,
    /// The submission (XML).
    submission: String,
}

/// Fills a version in with sample data and says what is wrong. Only a version whose last trial
/// passed can be published.
#[utoipa::path(tag = "forms", request_body = Sample, responses((status = 200, body = Trial)))]
#[post("/api/v1/forms/{id}/versions/{hash}/trials")]
pub(super) async fn try_out(
    permitted: Permitted<ManageForms>,
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(Uuid, String)>,
    body: Body<Sample>,
) -> Result<web::Json<Trial>, Problem> {
    let (form, version) = seen(&app, &permitted.areas, path.into_inner()).await?;
    let user = permitted.caller.user;
    let Sample { answers } = body.read().await?;
    let compiled = app.forms.get(&app, version).await?.ok_or_else(not_found)?;
    let registers = register_lists(&app, &compiled, permitted.areas).await?;
    let (now, language) = (app.now(), Language::of(&request).tag());
    let mut catalogue = (*app.definitions()).clone();
    catalogue.extend(compiled.form.registers_made(&catalogue));
    let trial = web::block(move || {
        let world = world(now, language);
        let mut lists = compiled.lists.clone();
        lists.extend(registers);
        let mut problems = inspect_files(&compiled.form, &compiled.lists);
        for problem in problems.iter_mut().filter(|problem| problem.kind.keeps_out()) {
            problem.severity = Severity::Error;
        }
        let fits = problems.iter().all(|problem| problem.severity != Severity::Error);
        let mut session = Session::begin(compiled.form.clone(), &lists, world);
        let untaken = session.fill(&answers);
        session.finish();
        let invalid = session.validate(session.root());
        let failures = session.failures().iter();
        let failures = failures.map(|(path, why)| format!("{path}: {why}"));
        let dead = dead_moves(&session.entities(), &catalogue);
        let dead: Vec<_> = dead.iter().map(|one| in_words(one, language)).collect();
        let failures: Vec<_> = failures.chain(dead).collect();
        Trial {
            passed: fits && untaken.is_empty() && invalid.is_empty() && failures.is_empty(),
            invalid: invalid.iter().map(Invalid::to_json).collect(),
            untaken: untaken.iter().map(Untaken::to_json).collect(),
            failures,
            missing_files: session.missing_files().to_vec(),
            problems: problems.iter().map(|problem| problem.to_json(language)).collect(),
            answers: session.answers(),
            submission: session.submission().write(true),
        }
    })
    .await
    .map_err(|_| Problem::new(&Kind::INTERNAL))?;
    let passed = trial.passed;
    let noted = app
        .write(move |connection| queries::add_trial(connection, form, &version, passed, user, now));
    noted.await?;
    Ok(web::Json(trial))
}

/// A status that would never come true.
fn in_words(dead: &DeadMove<'_>, language: &str) -> String {
    let register = dead.register.labels.in_language(language);
    let (field, status) = (dead.field.labels.in_language(language), &dead.status);
    match (language, dead.is_known) {
        ("en", true) => format!("{register}, {field}: no status moves to “{status}”"),
        ("en", false) => format!("{register}, {field}: there is no status “{status}”"),
        (_, true) => format!("{register}的“{field}”：没有哪个状态能变成“{status}”"),
        (_, false) => format!("{register}的“{field}”：没有“{status}”这个状态"),
    }
}

/// The lists that are called as registers, with some of the records that the person may see.
async fn register_lists(
    app: &App,
    compiled: &Compiled,
    works_in: Vec<AreaPath>,
) -> Result<Files, Problem> {
    let mut catalogue = (*app.definitions()).clone();
    catalogue.extend(compiled.form.registers_made(&catalogue));
    let wanted: Vec<_> = compiled
        .form
        .registers_read(&catalogue)
        .into_iter()
        .filter(|(id, _)| !compiled.lists.contains_key(id))
        .collect();
    if wanted.is_empty() {
        return Ok(Files::new());
    }
    app.read(move |connection| {
        let scopes = areas::scopes_under(connection, &works_in)?;
        let mut lists = Files::new();
        for (id, register) in &wanted {
            let found = records::load_some(connection, &register.name, &scopes, MAX_PAGE)?;
            let ids: Vec<String> = found.iter().map(|record| record.id.to_string()).collect();
            let rows = ids.iter().map(String::as_str).zip(found.iter().map(|one| &one.fields));
            lists.insert(id.clone(), register.list(rows));
        }
        Ok(lists)
    })
    .await
}
