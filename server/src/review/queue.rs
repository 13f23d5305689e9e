//! `/api/v1/review`: what waits, in which order, and who looks at what.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use diesel::QueryResult;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::order::{Place, order};
use super::policy::Policy;
use super::queries;
use crate::app::App;
use crate::areas::{self, AreaPath};
use crate::audit::{self, Did};
use crate::db::types::Key;
use crate::db::{AnyConnection, Timestamp};
use crate::http::caller::{ReviewVisits, SetReviewPolicy};
use crate::http::{Body, Caller, Kind, Language, Permitted, Problem, Query};
use crate::limits::{CLAIM_LIFETIME, MAX_CLAIMED};
use crate::privacy::{Access, What};
use crate::sync::check_reason;

/// How many visits to look at next.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClaimRequest {
    /// How many to have claimed afterwards, those that are claimed already among them.
    count: usize,
    /// Only of this area and below.
    area: Option<String>,
}

/// What to look at next.
#[derive(Serialize, ToSchema)]
struct Queue {
    /// The visits that are claimed, in the order to look at them.
    places: Vec<Place>,
    /// How many wait, these among them.
    waiting: usize,
    /// Seconds until the claims end; asking again renews them.
    claimed_for: i64,
}

/// Who claims, when, and in which words it is kept that they look.
struct Claimant {
    caller: Caller,
    reason: &'static str,
    now: Timestamp,
}

impl Claimant {
    fn new(request: &HttpRequest, caller: &Caller, now: Timestamp) -> Self {
        let reason = match Language::of(request) {
            Language::Chinese => "审核走访",
            Language::English => "Reviewing the visit",
        };
        Self { caller: caller.clone(), reason, now }
    }

    /// Claims a visit or renews the claim; keeps that its answers are sent. False where somebody else
    /// has it.
    fn take(&self, connection: &mut AnyConnection, visit: Uuid) -> QueryResult<bool> {
        let is_new = !self.has(connection, visit)?;
        let times = (self.now, self.now.plus_seconds(CLAIM_LIFETIME));
        if !queries::claim(connection, visit, self.caller.user, times)? {
            return Ok(false);
        }
        if is_new {
            self.note(connection, What::Ahead(visit))?;
        }
        Ok(true)
    }

    /// Whether they have claimed a visit.
    fn has(&self, connection: &mut AnyConnection, visit: Uuid) -> QueryResult<bool> {
        Ok(queries::claimed_by(connection, self.caller.user, self.now)?.contains(&visit))
    }

    /// Keeps what they are given.
    fn note(&self, connection: &mut AnyConnection, what: What) -> QueryResult<()> {
        Access::new(&self.caller, what, self.reason.to_owned()).note(connection, self.now)
    }
}

/// Claims the visits to look at next, so that no other reviewer gets them, and renews the claims
/// there are. Whoever claims a visit is sent its answers, which is kept apart from what they look at.
#[utoipa::path(tag = "review", request_body = ClaimRequest, responses((status = 200, body = Queue)))]
#[post("/api/v1/review/claims")]
async fn claim(
    request: HttpRequest,
    permitted: Permitted<ReviewVisits>,
    app: web::Data<App>,
    body: Body<ClaimRequest>,
) -> Result<web::Json<Queue>, Problem> {
    let ClaimRequest { count, area } = body.read().await?;
    if count > MAX_CLAIMED {
        return Err(Problem::new(&Kind::TOO_LARGE).with("limit", MAX_CLAIMED));
    }
    let claimant = Claimant::new(&request, &permitted.caller, app.now());
    let areas = permitted.areas;
    let claimed = app.write(move |connection| {
        let (user, now) = (claimant.caller.user, claimant.now);
        let paths = areas::narrowed(connection, &areas, area.as_deref())?;
        let scopes = areas::scopes_within(connection, &paths, None)?;
        queries::one_at_a_time(connection, &paths)?;
        let waiting = queries::waiting(connection, &scopes, user, now)?;
        let mine = queries::claimed_by(connection, user, now)?;
        let around = paths.first().cloned().unwrap_or(AreaPath(String::new()));
        let (policy, name) = queries::policy_in(connection, &around)?;
        let (kept, new): (Vec<Place>, Vec<Place>) = order(&waiting, &policy, &name)
            .into_iter()
            .partition(|place| mine.contains(&place.visit));
        // Claims elsewhere count as well: nobody keeps more from others than they can look at.
        let elsewhere = mine.len().saturating_sub(kept.len());
        let mut places = Vec::new();
        for place in kept.into_iter().chain(new) {
            if places.len() >= count || places.len() + elsewhere >= MAX_CLAIMED {
                break;
            }
            if claimant.take(connection, place.visit)? {
                places.push(place);
            }
        }
        Ok(Queue { places, waiting: waiting.len(), claimed_for: CLAIM_LIFETIME })
    });
    claimed.await.map(web::Json)
}

/// Lets others look at what was claimed and not decided about.
#[utoipa::path(tag = "review", responses((status = 204)))]
#[delete("/api/v1/review/claims")]
async fn release(
    permitted: Permitted<ReviewVisits>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let user = permitted.caller.user;
    app.write(move |connection| queries::release(connection, user, None)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Claims one visit that waits, to look at it out of turn.
#[utoipa::path(
    tag = "review",
    responses((status = 204), (status = 409, description = "claimed: somebody else looks at it; own-work")),
)]
#[put("/api/v1/review/claims/{visit}")]
async fn claim_one(
    request: HttpRequest,
    permitted: Permitted<ReviewVisits>,
    app: web::Data<App>,
    visit: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let visit = visit.into_inner();
    let claimant = Claimant::new(&request, &permitted.caller, app.now());
    let areas = permitted.areas;
    let claimed = app
        .write(move |connection| {
            let scopes = areas::scopes_within(connection, &areas, None)?;
            queries::one_at_a_time(connection, &areas)?;
            if !queries::waits(connection, visit, &scopes)? {
                return Ok(Err(&Kind::NOT_FOUND));
            }
            if !queries::own_work(connection, &[Key(visit)], claimant.caller.user)?.is_empty() {
                return Ok(Err(&Kind::OWN_WORK));
            }
            let mine = queries::claimed_by(connection, claimant.caller.user, claimant.now)?;
            if mine.len() >= MAX_CLAIMED && !mine.contains(&visit) {
                return Ok(Err(&Kind::TOO_LARGE));
            }
            let is_theirs = claimant.take(connection, visit)?;
            Ok(if is_theirs { Ok(()) } else { Err(&Kind::CLAIMED) })
        })
        .await?;
    claimed.map_err(Problem::new)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Keeps that the caller looks at a visit they have claimed: what was only sent ahead was not looked
/// at.
#[utoipa::path(tag = "review", responses((status = 204)))]
#[post("/api/v1/review/claims/{visit}/look")]
async fn look(
    request: HttpRequest,
    permitted: Permitted<ReviewVisits>,
    app: web::Data<App>,
    visit: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let visit = visit.into_inner();
    let claimant = Claimant::new(&request, &permitted.caller, app.now());
    let looked = app
        .write(move |connection| {
            let has = claimant.has(connection, visit)?;
            if has {
                claimant.note(connection, What::Record(visit))?;
            }
            Ok(has)
        })
        .await?;
    match looked {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Problem::new(&Kind::NOT_FOUND)),
    }
}

/// Where to look.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct AreaQuery {
    /// Only of this area and below.
    area: Option<String>,
}

/// How many visits wait.
#[derive(Serialize, ToSchema)]
struct WaitingCount {
    waiting: usize,
}

/// How many visits wait for the caller.
#[utoipa::path(tag = "review", params(AreaQuery), responses((status = 200, body = WaitingCount)))]
#[get("/api/v1/review/waiting")]
async fn count_waiting(
    permitted: Permitted<ReviewVisits>,
    app: web::Data<App>,
    query: Query<AreaQuery>,
) -> Result<web::Json<WaitingCount>, Problem> {
    let (AreaQuery { area }, now) = (query.read()?, app.now());
    let (user, areas) = (permitted.caller.user, permitted.areas);
    let found = app.read(move |connection| {
        let scopes = areas::scopes_within(connection, &areas, area.as_deref())?;
        Ok(queries::waiting(connection, &scopes, user, now)?.len())
    });
    Ok(web::Json(WaitingCount { waiting: found.await? }))
}

/// What makes a visit urgent where the caller works, and what needs two people.
#[utoipa::path(tag = "review", responses((status = 200, body = Policy)))]
#[get("/api/v1/review/policy")]
async fn show_policy(
    permitted: Permitted<ReviewVisits>,
    app: web::Data<App>,
) -> Result<web::Json<Policy>, Problem> {
    let around = permitted.areas.into_iter().next().unwrap_or(AreaPath(String::new()));
    let (policy, _) = app.read(move |connection| queries::policy_in(connection, &around)).await?;
    Ok(web::Json(policy))
}

/// A policy that is set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPolicy {
    /// Where it holds: here and below.
    area: String,
    policy: Policy,
    /// Why; it stays with the policy.
    reason: String,
}

/// Sets what makes a visit urgent, and what needs two people. What was set before stays on record.
#[utoipa::path(tag = "review", request_body = NewPolicy, responses((status = 204)))]
#[put("/api/v1/review/policy")]
async fn set_policy(
    permitted: Permitted<SetReviewPolicy>,
    app: web::Data<App>,
    body: Body<NewPolicy>,
) -> Result<HttpResponse, Problem> {
    let NewPolicy { area, policy, reason } = body.read().await?;
    check_reason(&reason)?;
    if let Some(problem) = policy.problem() {
        return Err(Problem::new(&Kind::MALFORMED).detail(problem));
    }
    let (by, now) = (permitted.caller.user, app.now());
    let is_theirs = app
        .write(move |connection| {
            let found = areas::paths_of(connection, std::slice::from_ref(&area))?;
            let is_in = |path: &AreaPath| permitted.areas.iter().any(|mine| path.is_in(mine));
            if !found.first().is_some_and(is_in) {
                return Ok(false);
            }
            queries::set_policy(connection, &area, &policy, &reason, by, now)?;
            let detail = serde_json::json!({ "policy": policy, "reason": reason });
            audit::note(connection, by, Did::SetReviewPolicy, &area, detail, now)?;
            Ok(true)
        })
        .await?;
    if is_theirs {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Problem::new(&Kind::NOT_FOUND))
    }
}

/// The routes of the queue.
pub(super) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(claim).service(release).service(claim_one).service(look).service(count_waiting);
    config.service(show_policy).service(set_policy);
}
