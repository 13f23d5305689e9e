//! `POST /api/v1/visits/{id}/decisions`

use actix_web::{HttpResponse, post, web};
use mobile_schema::Value;
use serde::Deserialize;
use sync_protocol::op::Group;
use sync_protocol::{GroupId, Hlc, Op, RecordId, ScopeId, Version, finding};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::rules::{self, Comment, Verdict};
use crate::app::App;
use crate::areas;
use crate::db::Failed;
use crate::http::caller::ReviewVisits;
use crate::http::{Body, Kind, Permitted, Problem};
use crate::limits::{MAX_COMMENT, MAX_COMMENTS};
use crate::sync::{Person, act_wholly, as_seen, check_reason};

/// A decision about a visit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecisionRequest {
    /// `[epoch, n]`: the version the person saw.
    #[schema(value_type = Vec<Object>)]
    version: Version,
    verdict: Verdict,
    /// Why; it stays with the visit.
    reason: String,
    /// What is to be looked at, question by question.
    #[serde(default)]
    comments: Vec<Comment>,
}

/// Passes a visit, sends it back, or refuses it. It takes effect like an edit on a tablet, is kept
/// in history, and syncs; each comment becomes a finding at its question.
#[utoipa::path(
    tag = "visits",
    request_body = DecisionRequest,
    responses(
        (status = 204, description = "It is kept"),
        (status = 409, description = "stale-view, or not-applicable: there is nothing to decide"),
    ),
)]
#[post("/api/v1/visits/{id}/decisions")]
async fn decide(
    permitted: Permitted<ReviewVisits>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    body: Body<DecisionRequest>,
) -> Result<HttpResponse, Problem> {
    let decision = body.read().await?;
    check(&decision)?;
    let id = RecordId(id.into_inner());
    let known = app.definitions();
    let (lineage, user, now) = (app.lineage.clone(), permitted.caller.user, app.now());
    let decided: Result<ScopeId, Failed<Problem>> = app
        .database
        .write(move |connection| {
            let wrong = |kind| Failed::Rule(Problem::new(kind));
            let scopes = areas::scopes_under(connection, &permitted.areas)?;
            let visit = as_seen(connection, &scopes, ("visit", id), decision.version)?;
            let status = visit.fields.get(&rules::visit::STATUS).and_then(Value::as_text);
            let changes =
                rules::changes(status.unwrap_or_default(), decision.verdict, &decision.reason);
            let changes = changes.ok_or_else(|| wrong(&Kind::NOT_APPLICABLE))?;
            let (findings, _) =
                known.current(finding::COLLECTION).ok_or_else(|| wrong(&Kind::INTERNAL))?;
            let person = Person {
                user,
                scopes: &scopes,
                catalogue: &known,
                lineage: &lineage,
                now,
                decides_about: None,
            };
            let size = changes.len() + decision.comments.len();
            let size = u16::try_from(size).map_err(|_| wrong(&Kind::TOO_LARGE))?;
            let group = Some(Group { id: GroupId(Uuid::now_v7()), size });
            let first = person.reading();
            let op = |at: usize, collection: &str, record, base, change, definition| Op {
                collection: collection.to_owned(),
                record,
                scope: visit.scope.clone(),
                base,
                change,
                // In this order, whatever the clock's grain.
                at: Hlc { counter: at as u32, ..first },
                definition,
                author: user,
                blobs: Vec::new(),
                group,
            };
            let mut ops = Vec::new();
            for comment in &decision.comments {
                let (record, change) = rules::finding(id, comment);
                ops.push(op(ops.len(), finding::COLLECTION, record, None, change, findings));
            }
            for change in changes {
                let base = Some(visit.version);
                ops.push(op(ops.len(), "visit", id, base, change, visit.definition));
            }
            act_wholly(connection, &person, &ops)?;
            Ok(visit.scope)
        })
        .await;
    let scope = decided.map_err(Problem::from)?;
    app.live.announce([scope], None);
    Ok(HttpResponse::NoContent().finish())
}

fn check(decision: &DecisionRequest) -> Result<(), Problem> {
    check_reason(&decision.reason)?;
    let too_large = |what: &str, limit: usize| {
        Problem::new(&Kind::TOO_LARGE).with("limit", limit).detail(what.to_owned())
    };
    if decision.comments.len() > MAX_COMMENTS {
        return Err(too_large("comments", MAX_COMMENTS));
    }
    let words = decision.comments.iter().map(|comment| comment.words.as_str());
    if words.clone().chain([&*decision.reason]).any(|words| words.chars().count() > MAX_COMMENT) {
        return Err(too_large("words", MAX_COMMENT));
    }
    for comment in &decision.comments {
        check_reason(&comment.words)?;
        if comment.place.chars().count() > 500 || comment.place.contains('\0') {
            return Err(Problem::new(&Kind::MALFORMED).detail("place: at most 500 characters"));
        }
    }
    Ok(())
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(decide);
}
