//! `POST /api/v1/visits/{id}/decisions`

use actix_web::{post, web};
use diesel::QueryResult;
use mobile_schema::Value;
use mobile_schema::register::Capacity;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_protocol::op::Change;
use sync_protocol::{Op, Record, RecordId, UserId, Version, finding};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::rules::{self, Comment, Verdict};
use super::{passes, queries, queue, undo};
use crate::app::App;
use crate::areas::{self, AreaPath};
use crate::audit::{self, Did};
use crate::db::types::Key;
use crate::db::{AnyConnection, Failed};
use crate::http::caller::ReviewVisits;
use crate::http::{Body, Kind, Permitted, Problem};
use crate::limits::{MAX_COMMENT, MAX_COMMENTS};
use crate::records::{self, visit};
use crate::sync::{Edit, Person, act_wholly, as_seen, check_reason, in_browser};

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

/// What came of a decision.
#[derive(Serialize, ToSchema)]
struct VisitDecided {
    /// `[epoch, n]`: the visit's version now.
    #[schema(value_type = Vec<Object>)]
    version: Version,
    /// Where it stands now.
    status: String,
    /// Another person has to pass it, too.
    needs_second: bool,
}

/// Passes a visit, sends it back, refuses it, leaves it to another with a doubt, has it reviewed
/// again, or undoes what the caller decided last. It takes effect like an edit on a tablet, is kept
/// in history, and syncs; each comment becomes a finding at its question.
#[utoipa::path(
    tag = "visits",
    request_body = DecisionRequest,
    responses(
        (status = 200, body = VisitDecided),
        (status = 409, description = "stale-view; claimed: somebody else looks at it; \
            passed-already, own-work: another person must; not-applicable: there is nothing to decide"),
    ),
)]
#[post("/api/v1/visits/{id}/decisions")]
async fn decide(
    permitted: Permitted<ReviewVisits>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    body: Body<DecisionRequest>,
) -> Result<web::Json<VisitDecided>, Problem> {
    let decision = body.read().await?;
    check(&decision)?;
    let id = RecordId(id.into_inner());
    let user = permitted.caller.user;
    let (scope, decided) = in_browser(&app, user, permitted.areas, move |connection, person| {
        let person = &Person { capacity: Capacity::Reviewer, ..*person };
        let visit = as_seen(connection, person.scopes, ("visit", id), decision.version)?;
        if !queries::own_work(connection, &[Key::from(id)], user)?.is_empty() {
            return Err(Failed::Rule(Problem::new(&Kind::OWN_WORK)));
        }
        let decided = enact(connection, person, &visit, &decision)?;
        let detail = json!({ "verdict": decision.verdict, "status": decided.status });
        audit::note(connection, user, Did::DecideVisit, id, detail, person.now)?;
        Ok((visit.scope, decided))
    })
    .await?;
    app.live.announce([scope], None);
    Ok(web::Json(decided))
}

/// Has a decision take effect, and ends the claim.
fn enact(
    connection: &mut AnyConnection,
    person: &Person<'_>,
    visit: &Record,
    decision: &DecisionRequest,
) -> Result<VisitDecided, Failed<Problem>> {
    let wrong = |kind| Failed::Rule(Problem::new(kind));
    let (id, verdict) = (visit.id, decision.verdict);
    let claim = queries::claim_on(connection, id.0, person.now)?;
    if claim.is_some_and(|claim| claim.user != person.user.0) {
        return Err(wrong(&Kind::CLAIMED));
    }
    let needs_second =
        verdict == Verdict::Approved && !is_last_pass(connection, person.user, visit)?;
    let status = visit.fields.get(&visit::STATUS).and_then(Value::as_text);
    let status = status.unwrap_or_default();
    let undo = match verdict {
        Verdict::Undone => {
            let last = queries::last_in_one_go(connection, id.0, person.user)?;
            undo::of(status, &decision.reason, &last)
        }
        _ => None,
    };
    let withdrawn = match verdict {
        Verdict::Undone => undo.as_ref().map(|undo| undo.words.clone()).unwrap_or_default(),
        Verdict::Reopened if queries::WAITING.contains(&status) => {
            let scope = [visit.scope.to_string()];
            let mine = queries::open_flags_of(connection, &scope, person.user)?.into_iter();
            mine.filter(|(about, _)| about.0 == id.0).map(|(_, finding)| finding).collect()
        }
        Verdict::Reopened => queries::open_comments(connection, id.0)?,
        _ => Vec::new(),
    };
    let changes = match verdict {
        Verdict::Undone => undo.as_ref().map(|undo| undo.changes.clone()),
        _ => rules::changes(status, verdict, &decision.reason, !needs_second),
    };
    let changes = match changes {
        Some(changes) => changes,
        None if !withdrawn.is_empty() => Vec::new(),
        None => return Err(wrong(&Kind::NOT_APPLICABLE)),
    };
    let definition = person.definition(finding::COLLECTION)?;
    let found = |(record, change): (RecordId, Change)| Edit {
        collection: finding::COLLECTION.to_owned(),
        record,
        scope: visit.scope.clone(),
        base: None,
        definition,
        change,
    };
    let comments = decision.comments.iter().map(|comment| found(rules::finding(id, comment)));
    let mut edits: Vec<Edit> = comments.collect();
    if verdict == Verdict::Flagged {
        edits.push(found(rules::flag(id, &decision.reason)));
    }
    let mut withdrawn = records::load(connection, &withdrawn)?;
    // What was answered meanwhile stays so.
    withdrawn.retain(|word| {
        word.fields.get(&finding::field::STATUS).and_then(Value::as_text) == Some("open")
    });
    edits.extend(withdrawn.iter().map(|comment| Edit::of(comment, rules::withdrawn())));
    // Older definitions of visits know no way back.
    let definition = match verdict {
        Verdict::Undone => person.definition(&visit.collection)?,
        _ => visit.definition,
    };
    edits.extend(changes.into_iter().map(|change| Edit { definition, ..Edit::of(visit, change) }));
    let ops = person.together(edits)?;
    act_wholly(connection, person, &ops)?;
    queries::release(connection, person.user, Some(id.0))?;
    settle_passes(connection, person, visit, (verdict, needs_second), undo, &ops)?;
    let now = records::load(connection, &[id])?.pop().ok_or_else(|| wrong(&Kind::INTERNAL))?;
    let status = now.fields.get(&visit::STATUS).and_then(Value::as_text);
    let status = status.unwrap_or_default().to_owned();
    Ok(VisitDecided { version: now.version, status, needs_second })
}

/// What becomes of the first passes of a visit once it was decided about in these operations.
fn settle_passes(
    connection: &mut AnyConnection,
    person: &Person<'_>,
    visit: &Record,
    (verdict, needs_second): (Verdict, bool),
    undo: Option<undo::Undo>,
    ops: &[Op],
) -> QueryResult<()> {
    let id = visit.id.0;
    if needs_second {
        return passes::give(connection, visit, person.user, person.now);
    }
    match (undo, verdict) {
        (Some(undo), _) if undo.is_first_pass => passes::take_back(connection, id, person.user),
        (Some(undo), _) => match undo.decision {
            Some(decision) => passes::restore(connection, id, decision),
            None => Ok(()),
        },
        (None, Verdict::Flagged | Verdict::Undone) => Ok(()),
        (None, _) => match ops.iter().find_map(|op| op.group) {
            Some(group) => passes::end(connection, id, group.id),
            None => Ok(()),
        },
    }
}

/// Whether a visit is passed once this person passes it: the policy may want two.
fn is_last_pass(
    connection: &mut AnyConnection,
    user: UserId,
    visit: &Record,
) -> Result<bool, Failed<Problem>> {
    let passes = passes::of(connection, visit.id)?;
    if passes.iter().any(|pass| pass.user == user.0) {
        return Err(Failed::Rule(Problem::new(&Kind::PASSED_ALREADY)));
    }
    if !passes.is_empty() {
        return Ok(true);
    }
    let codes = areas::codes([visit.scope.clone()]);
    let around = areas::paths_of(connection, &codes)?.pop();
    let around = around.unwrap_or(AreaPath(String::new()));
    let (policy, _) = queries::policy_in(connection, &around)?;
    let open = queries::open_about(connection, visit.id.0)?;
    Ok(!policy.needs_second(open.iter().map(String::as_str)))
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
    config.service(decide).configure(queue::routes);
}
