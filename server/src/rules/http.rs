//! `/api/v1/rules`

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post, web};
use mobile_schema::pack::rules_bundle;
use mobile_schema::rule::{RuleSet, Rules};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::trial::{self, RulesTried};
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::db::Failed;
use crate::http::caller::ManageForms;
use crate::http::{Body, Kind, Language, Permitted, Problem, progress};
use crate::limits::{MAX_RULES, MAX_RULES_OF_SET};
use crate::packs::{self, DefinitionVersion};
use crate::sync::check_reason;

/// Rules as they are written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RulesTrial {
    #[schema(value_type = Object)]
    rules: RuleSet,
}

/// Rules as they are to be published.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RulesPublication {
    /// With the version after the newest there is.
    #[schema(value_type = Object)]
    rules: RuleSet,
    /// Why, in the person's words; it is kept with their name.
    reason: String,
}

/// Something that is wrong with rules.
#[derive(Serialize, ToSchema)]
struct RuleMistake {
    /// The rule's id; none where it is about the whole set.
    rule: Option<String>,
    /// What is wrong, in the caller's language.
    words: String,
}

/// Proves rules, or tells everything that is wrong with them.
fn prove(app: &App, set: RuleSet, language: Language) -> Result<Arc<Rules>, Problem> {
    if set.bundle().len() > MAX_RULES {
        return Err(Problem::new(&Kind::TOO_LARGE).with("limit", MAX_RULES));
    }
    if set.rules.len() > MAX_RULES_OF_SET {
        return Err(Problem::new(&Kind::TOO_LARGE).with("limit", MAX_RULES_OF_SET));
    }
    let definitions = app.definitions();
    let register = |name| {
        let current = definitions.current(name).map(|(_, register)| register);
        current.ok_or_else(|| Problem::new(&Kind::INTERNAL))
    };
    let wrong = set.check_to_publish(register("household")?, register("member")?);
    if wrong.is_empty() {
        return Rules::new(set).map(Arc::new).map_err(|_| Problem::new(&Kind::INTERNAL));
    }
    let is_chinese = language == Language::Chinese;
    let mistakes = wrong.into_iter().map(|one| RuleMistake {
        words: one.message().say(is_chinese),
        rule: Some(one.rule).filter(|rule| !rule.is_empty()),
    });
    let mistakes = serde_json::to_value(mistakes.collect::<Vec<_>>()).unwrap_or_default();
    Err(Problem::new(&Kind::RULES_INVALID).with("problems", mistakes))
}

/// What rules would find in the households of the caller's areas, beside what the published ones of
/// this name find. Nothing is kept. With `Accept: application/x-ndjson` it tells how far it is, and
/// stops when the connection breaks off.
#[utoipa::path(
    tag = "packs",
    request_body = RulesTrial,
    responses(
        (status = 200, body = RulesTried),
        (status = 422, description = "rules-invalid: `problems` has each, with `rule` and `words`"),
    ),
)]
#[post("/api/v1/rules/trial")]
async fn try_rules(
    permitted: Permitted<ManageForms>,
    app: web::Data<App>,
    request: HttpRequest,
    body: Body<RulesTrial>,
) -> Result<HttpResponse, Problem> {
    let RulesTrial { rules } = body.read().await?;
    let rules = prove(&app, rules, Language::of(&request))?;
    progress::answer(&request, StatusCode::OK, async move |progress| {
        trial::run(&app, permitted.areas, rules, &progress).await
    })
    .await
}

/// Publishes a version of a set of rules: every household is looked at by it, and tablets have it
/// with their next sync. Rules are the whole server's: who publishes them is an admin of all areas.
#[utoipa::path(
    tag = "packs",
    request_body = RulesPublication,
    responses(
        (status = 201, body = DefinitionVersion),
        (status = 409, description = "stale-view: somebody published a version meanwhile; `newest` is its number"),
        (status = 422, description = "rules-invalid: `problems` has each, with `rule` and `words`"),
    ),
)]
#[post("/api/v1/rules")]
async fn publish_rules(
    permitted: Permitted<ManageForms>,
    app: web::Data<App>,
    request: HttpRequest,
    body: Body<RulesPublication>,
) -> Result<HttpResponse, Problem> {
    let RulesPublication { rules, reason } = body.read().await?;
    check_reason(&reason)?;
    let rules = prove(&app, rules, Language::of(&request))?;
    let (by, now, areas) = (permitted.caller.user, app.now(), permitted.areas);
    let published: Result<DefinitionVersion, Failed<Problem>> = app
        .database
        .write(move |connection| {
            if !areas::is_everywhere(connection, &areas)? {
                return Err(Failed::Rule(Problem::new(&Kind::EVERYWHERE)));
            }
            let (set, bundle) = (rules.set(), rules_bundle(rules.set()));
            let published = packs::publish_own(connection, &bundle, (by, &reason), now)?;
            let detail = json!({ "version": set.version, "reason": reason });
            audit::note(connection, by, Did::PublishRules, &set.name, detail, now)?;
            Ok(published)
        })
        .await;
    let published = published.map_err(Problem::from)?;
    packs::changed(&app).await?;
    Ok(HttpResponse::Created().json(published))
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(try_rules).service(publish_rules);
}
