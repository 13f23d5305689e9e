//! Templates of notifications: what there is, how a new one looks on paper, and publishing it.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use mobile_schema::notice::{NoticeTemplate, TemplateProblem};
use mobile_schema::pack::notice_bundle;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{pdf, prints, sheet, store};
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::db::Failed;
use crate::http::caller::{ManageForms, ReadDefinitions};
use crate::http::problem::Language;
use crate::http::{Body, FileBody, Kind, Permitted, Problem, Query};
use crate::limits::MAX_TEMPLATE;
use crate::packs::{self, DefinitionVersion};
use crate::sync::check_reason;

/// A version of a template as it is to be published.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Publication {
    /// The template, with the version after the newest there is.
    #[schema(value_type = Object)]
    template: NoticeTemplate,
    /// Why, in the person's words; it is kept with their name.
    reason: String,
}

/// Something that is wrong with a template.
#[derive(Serialize, ToSchema)]
struct TemplateMistake {
    /// The paragraph it is in, counted from 1; 0 is the title. None where it is in none.
    paragraph: Option<usize>,
    /// What is wrong, in the caller's language.
    words: String,
}

/// The language a template is tried in.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct LanguageQuery {
    /// A BCP 47 tag; `zh-CN` where it isn't said.
    language: Option<String>,
}

fn wrong(problems: &[TemplateProblem], language: Language) -> Problem {
    let is_chinese = language == Language::Chinese;
    let mistakes = problems.iter().map(|problem| TemplateMistake {
        paragraph: problem.paragraph(),
        words: problem.message(is_chinese),
    });
    told(mistakes.collect())
}

fn unreadable(words: String) -> Problem {
    told(vec![TemplateMistake { paragraph: None, words }])
}

fn told(mistakes: Vec<TemplateMistake>) -> Problem {
    let mistakes = serde_json::to_value(mistakes).unwrap_or_default();
    Problem::new(&Kind::TEMPLATE_INVALID).with("problems", mistakes)
}

/// Refuses a template that lacks something, or names what there isn't.
fn check(app: &App, template: &NoticeTemplate, language: Language) -> Result<(), Problem> {
    let definitions = app.definitions();
    let registers: Vec<_> =
        definitions.all_current().map(|(_, register)| (**register).clone()).collect();
    let mut problems = template.check();
    problems.extend(template.unknown_sources(&registers));
    if problems.is_empty() { Ok(()) } else { Err(wrong(&problems, language)) }
}

async fn preview(
    app: &App,
    template: &NoticeTemplate,
    query: Query<LanguageQuery>,
    words: Language,
) -> Result<HttpResponse, Problem> {
    let LanguageQuery { language } = query.read()?;
    let language = language.unwrap_or_else(|| "zh-CN".to_owned());
    let today = app.now().in_china();
    let today = today.get(..10).unwrap_or_default();
    let sheet = sheet::preview(template, &language, today);
    let sheet = sheet.map_err(|problem| wrong(&[problem], words))?;
    let printed = pdf::typeset(vec![sheet]).await?;
    Ok(prints::answer(printed, &format!("{}.pdf", template.name)))
}

/// A template that was published, with its sample data.
#[utoipa::path(tag = "notices", params(LanguageQuery), responses((status = 200, description = "The file (PDF)")))]
#[get("/api/v1/notices/templates/{hash}/sample.pdf")]
pub(super) async fn sample(
    _permitted: Permitted<ReadDefinitions>,
    app: web::Data<App>,
    request: HttpRequest,
    hash: web::Path<String>,
    query: Query<LanguageQuery>,
) -> Result<HttpResponse, Problem> {
    let not_found = || Problem::new(&Kind::NOT_FOUND);
    let hash = hash.parse().map_err(|_| not_found())?;
    let template = app.read(move |connection| store::template(connection, &hash)).await?;
    preview(&app, &template.ok_or_else(not_found)?, query, Language::of(&request)).await
}

/// A template that is being written (TOML, or JSON where the request says so), with its sample
/// data; or everything that is wrong with it.
#[utoipa::path(
    tag = "notices",
    params(LanguageQuery),
    request_body(content = String, content_type = "application/toml"),
    responses(
        (status = 200, description = "The file (PDF)"),
        (status = 422, description = "template-invalid: `problems` has each, with `paragraph` and `words`"),
    ),
)]
#[post("/api/v1/notices/templates/sample.pdf")]
pub(super) async fn try_template(
    _permitted: Permitted<ManageForms>,
    app: web::Data<App>,
    request: HttpRequest,
    query: Query<LanguageQuery>,
    body: FileBody,
) -> Result<HttpResponse, Problem> {
    let words = Language::of(&request);
    let bytes = body.receive(MAX_TEMPLATE).await?;
    let kind = request.headers().get(header::CONTENT_TYPE);
    let template = if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json")) {
        serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?
    } else {
        let text = std::str::from_utf8(&bytes).map_err(|error| unreadable(error.to_string()))?;
        NoticeTemplate::from_toml(text).map_err(|error| unreadable(error.to_string()))?
    };
    check(&app, &template, words)?;
    preview(&app, &template, query, words).await
}

/// Publishes a version of a template: from the next sync on it is what tablets show and sign, and
/// what was signed before stays as it was signed. Templates are the whole server's: who publishes
/// one is an admin of all areas.
#[utoipa::path(
    tag = "notices",
    request_body = Publication,
    responses(
        (status = 201, body = DefinitionVersion),
        (status = 409, description = "stale-view: somebody published a version meanwhile; `newest` is its number"),
        (status = 422, description = "template-invalid: `problems` has each, with `paragraph` and `words`"),
    ),
)]
#[post("/api/v1/notices/templates")]
pub(super) async fn publish_template(
    permitted: Permitted<ManageForms>,
    app: web::Data<App>,
    request: HttpRequest,
    body: Body<Publication>,
) -> Result<HttpResponse, Problem> {
    let Publication { template, reason } = body.read().await?;
    check_reason(&reason)?;
    check(&app, &template, Language::of(&request))?;
    if template.bundle().len() > MAX_TEMPLATE {
        return Err(Problem::new(&Kind::TOO_LARGE).with("limit", MAX_TEMPLATE));
    }
    let (by, now, areas) = (permitted.caller.user, app.now(), permitted.areas);
    let published: Result<_, Failed<Problem>> = app
        .database
        .write(move |connection| {
            if !areas::is_everywhere(connection, &areas)? {
                return Err(Failed::Rule(Problem::new(&Kind::EVERYWHERE)));
            }
            let bundle = notice_bundle(&template);
            let published = packs::publish_own(connection, &bundle, (by, &reason), now)?;
            let detail = serde_json::json!({ "version": template.version, "reason": reason });
            audit::note(connection, by, Did::PublishTemplate, &template.name, detail, now)?;
            Ok(published)
        })
        .await;
    let published = published.map_err(Problem::from)?;
    packs::changed(&app).await?;
    Ok(HttpResponse::Created().json(published))
}
