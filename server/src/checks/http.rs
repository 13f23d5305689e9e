//! What people in browsers see of findings, and say about them.

use actix_web::{HttpResponse, get, post, web};
use mobile_schema::Value;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_protocol::finding::{COLLECTION, field};
use sync_protocol::op::Change;
use sync_protocol::{RecordId, Version};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::list::{self, OpenFinding};
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::db::Failed;
use crate::http::caller::{AnswerFindings, ReadSmallCounts};
use crate::http::page::{self, Page};
use crate::http::{Body, Kind, Permitted, Problem, Query};
use crate::sync::{Edit, act_wholly, as_seen, check_reason, in_browser};

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Answer {
    /// There is an innocent explanation: it doesn't come back while the same is found.
    Explained,
    /// The explanation that was given is not enough.
    Open,
}

/// A person's answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnswerRequest {
    /// `[epoch, n]`: the version the person saw.
    #[schema(value_type = Vec<Object>)]
    version: Version,
    answer: Answer,
    /// The explanation, or what is missing in it.
    words: String,
}

/// Answers a finding: explains it, or asks again where an explanation is not enough. It takes effect
/// like an edit on a tablet, is kept in history, and syncs.
#[utoipa::path(
    tag = "findings",
    request_body = AnswerRequest,
    responses(
        (status = 204, description = "It is kept"),
        (status = 409, description = "stale-view, or not-applicable: it must be mended, not explained"),
    ),
)]
#[post("/api/v1/findings/{id}/answers")]
async fn answer(
    permitted: Permitted<AnswerFindings>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    body: Body<AnswerRequest>,
) -> Result<HttpResponse, Problem> {
    let AnswerRequest { version, answer, words } = body.read().await?;
    check_reason(&words)?;
    if words.chars().count() > 1_000 {
        return Err(Problem::new(&Kind::TOO_LARGE).with("limit", 1_000).detail("words"));
    }
    let id = RecordId(id.into_inner());
    let user = permitted.caller.user;
    let scope = in_browser(&app, user, permitted.areas, move |connection, person| {
        let wrong = |kind| Failed::Rule(Problem::new(kind));
        let found = as_seen(connection, person.scopes, (COLLECTION, id), version)?;
        let status = found.fields.get(&field::STATUS).and_then(Value::as_text);
        let explainable = found.fields.get(&field::EXPLAINABLE) != Some(&Value::Bool(false));
        let (said, from, to) = match (answer, status) {
            (Answer::Explained, Some("open")) if explainable => {
                let fields = [(field::EXPLANATION, words.as_str().into())].into();
                (Change::Patch { fields }, "open", "explained")
            }
            (Answer::Open, Some("explained")) => {
                let element = words.as_str().into();
                (Change::Add { field: field::NOTES, element }, "explained", "open")
            }
            _ => return Err(wrong(&Kind::NOT_APPLICABLE)),
        };
        let (from, to) = (from.to_owned(), to.to_owned());
        let moved = Change::Transition { field: field::STATUS, from, to };
        let ops = person.together([said, moved].map(|change| Edit::of(&found, change)))?;
        act_wholly(connection, person, &ops)?;
        let (did, detail) = (Did::AnswerFinding, json!({ "answer": answer }));
        audit::note(connection, user, did, id, detail, person.now)?;
        Ok(found.scope)
    })
    .await?;
    app.live.announce([scope], None);
    Ok(HttpResponse::NoContent().finish())
}

/// Which findings.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct OpenQuery {
    /// Only those of this rule.
    rule: Option<String>,
    /// Only those of this area and below.
    area: Option<String>,
    /// The `next` of the page before; absent for the first.
    after: Option<Uuid>,
    /// How many at most.
    limit: Option<i64>,
}

/// The open findings in the caller's areas, the newest first, with whom they are about: for those
/// who may see few as well as many.
#[utoipa::path(tag = "findings", params(OpenQuery), responses((status = 200, body = Page<OpenFinding>)))]
#[get("/api/v1/findings")]
async fn list_open(
    permitted: Permitted<ReadSmallCounts>,
    app: web::Data<App>,
    query: Query<OpenQuery>,
) -> Result<web::Json<Page<OpenFinding>>, Problem> {
    let OpenQuery { rule, area, after, limit } = query.read()?;
    let limit = page::limit(limit);
    let found = app.read(move |connection| {
        let scopes = areas::scopes_within(connection, &permitted.areas, area.as_deref())?;
        list::open(connection, &scopes, rule.as_deref(), after, limit)
    });
    Ok(web::Json(Page::of(found.await?, limit, |one| one.id)))
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(answer).service(list_open);
}
