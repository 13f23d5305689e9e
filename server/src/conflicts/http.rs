//! `/api/v1/conflicts`

use actix_web::{get, post, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_protocol::op::{Fields, Resolution};
use sync_protocol::{ScopeId, Version};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::queries::{self, Conflict};
use super::settle::{self, Decision};
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::http::caller::{ReadRecords, SettleConflicts};
use crate::http::page::{self, Page};
use crate::http::{Body, Kind, Permitted, Problem, Query, Tablet};
use crate::privacy::{self, ReasonQuery, What};
use crate::sync::{check_reason, in_browser};

/// Which conflicts are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ConflictQuery {
    /// All where absent.
    #[param(inline)]
    state: Option<State>,
    /// The `next` of the page before; absent for the first.
    after: Option<Uuid>,
    /// How many at most.
    limit: Option<i64>,
    /// Why sensitive values are needed, in the person's words; it is kept with their name. Without
    /// it they are masked.
    reason: Option<String>,
}

/// Where a conflict stands.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    Open,
    Kept,
    Swapped,
    Edited,
}

impl State {
    /// As it stands in the record.
    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Kept => "kept",
            Self::Swapped => "swapped",
            Self::Edited => "edited",
        }
    }
}

/// How a person settles a conflict.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Settlement {
    /// The version of the conflict that the person saw.
    #[schema(value_type = Vec<Object>)]
    version: Version,
    choice: Choice,
    /// The new values by field id, for `edit`.
    #[schema(value_type = Option<Object>)]
    fields: Option<Fields>,
    /// Why, in the person's words.
    reason: String,
}

#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Choice {
    /// The value that stands, stands.
    Keep,
    /// The other value replaces it.
    Swap,
    /// New values replace both.
    Edit,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
struct Settled {
    conflict: Conflict,
    /// Conflicts that arose since somebody had written there meanwhile.
    raised: Vec<Uuid>,
}

/// A page of the conflicts in the caller's areas.
#[utoipa::path(tag = "conflicts", params(ConflictQuery), responses((status = 200, body = Page<Conflict>)))]
#[get("/api/v1/conflicts")]
async fn list(
    permitted: Permitted<ReadRecords>,
    app: web::Data<App>,
    query: Query<ConflictQuery>,
) -> Result<web::Json<Page<Conflict>>, Problem> {
    let ConflictQuery { state, after, limit, reason } = query.read()?;
    let limit = page::limit(limit);
    let what = What::Register("conflict".to_owned());
    let revealed = privacy::reveal(&app, &permitted.caller, what, reason).await?;
    let mut found = app
        .read(move |connection| {
            let scopes = areas::scopes_under(connection, &permitted.areas)?;
            let scopes: Vec<_> = scopes.iter().map(ToString::to_string).collect();
            queries::list(connection, &scopes, state.map(State::name), after, limit)
        })
        .await?;
    let definitions = app.definitions();
    let hidden = found.iter_mut().filter(|conflict| !revealed.covers(&conflict.scope));
    hidden.for_each(|conflict| conflict.mask(&definitions));
    Ok(web::Json(Page::of(found, limit, |conflict| conflict.id)))
}

/// One conflict, with what was before it.
#[utoipa::path(tag = "conflicts", params(ReasonQuery), responses((status = 200, body = Conflict)))]
#[get("/api/v1/conflicts/{id}")]
async fn show(
    permitted: Permitted<ReadRecords>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    query: Query<ReasonQuery>,
) -> Result<web::Json<Conflict>, Problem> {
    let (id, ReasonQuery { reason }) = (id.into_inner(), query.read()?);
    let caller = permitted.caller.clone();
    let found = app
        .read(move |connection| {
            let scopes = areas::scopes_under(connection, &permitted.areas)?;
            let found = queries::find(connection, id)?;
            Ok(found.filter(|conflict| is_in(&conflict.scope, &scopes)))
        })
        .await?;
    let mut found = found.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?;
    if !privacy::reveal(&app, &caller, What::Record(id), reason).await?.covers(&found.scope) {
        found.mask(&app.definitions());
    }
    Ok(web::Json(found))
}

/// One conflict in a village of the tablet's, with what was before it and whose the values are.
#[utoipa::path(tag = "conflicts", responses((status = 200, body = Conflict)))]
#[get("/sync/v1/conflicts/{id}")]
async fn told(
    tablet: Tablet,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<web::Json<Conflict>, Problem> {
    let id = id.into_inner();
    let found = app.read(move |connection| queries::find(connection, id)).await?;
    let found = found.filter(|conflict| is_in(&conflict.scope, &tablet.scopes));
    found.map(web::Json).ok_or_else(|| Problem::new(&Kind::NOT_FOUND))
}

fn is_in<'a>(scope: &str, scopes: impl IntoIterator<Item = &'a ScopeId>) -> bool {
    scopes.into_iter().any(|one| one.as_str() == scope)
}

/// Settles a conflict. It takes effect like an edit on a tablet, and syncs.
#[utoipa::path(tag = "conflicts", request_body = Settlement, responses((status = 200, body = Settled)))]
#[post("/api/v1/conflicts/{id}/settle")]
async fn decide(
    permitted: Permitted<SettleConflicts>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    body: Body<Settlement>,
) -> Result<web::Json<Settled>, Problem> {
    let settlement = body.read().await?;
    let name = settlement.choice;
    let choice = match (settlement.choice, settlement.fields) {
        (Choice::Keep, None) => Resolution::Keep,
        (Choice::Swap, None) => Resolution::Swap,
        (Choice::Edit, Some(fields)) => Resolution::Edit { fields },
        _ => {
            return Err(Problem::new(&Kind::MALFORMED).detail("fields: with `edit`, and only then"));
        }
    };
    check_reason(&settlement.reason)?;
    let known = app.definitions();
    let definition = known.current("conflict").map(|(hash, _)| hash);
    let definition = definition.ok_or_else(|| Problem::new(&Kind::INTERNAL))?;
    let (seen, reason) = (settlement.version, settlement.reason);
    let decision = Decision { conflict: id.into_inner(), seen, choice, reason, definition };
    let user = permitted.caller.user;
    let settled = in_browser(&app, user, permitted.areas, move |connection, person| {
        let settled = settle::settle(connection, person, &decision)?;
        let (did, subject) = (Did::SettleConflict, decision.conflict.to_string());
        audit::note(connection, user, did, subject, json!({ "choice": name }), person.now)?;
        Ok(settled)
    })
    .await;
    let (mut conflict, raised) = settled?;
    conflict.mask(&app.definitions());
    app.checks.ring();
    app.live.announce(conflict.scope.parse(), None);
    let raised = raised.into_iter().map(|id| id.0).collect();
    Ok(web::Json(Settled { conflict, raised }))
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list).service(show).service(decide).service(told);
}
