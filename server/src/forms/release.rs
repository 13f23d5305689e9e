//! Publishing a version in an area, and retiring a form there.

use actix_web::{post, web};
use mobile_schema::Hash;
use mobile_schema::pack::register_bundle;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::admin::{FormView, missing_files, not_found, view};
use super::{NewRelease, queries, rules};
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::db::Failed;
use crate::http::caller::ManageForms;
use crate::http::{Body, Kind, Permitted, Problem};
use crate::packs;
use crate::sync::check_reason;

/// A decision about which version is filled in where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReleaseRequest {
    /// The version; `null` retires the form.
    #[schema(value_type = Option<String>)]
    version: Option<Hash>,
    /// The code of the area it is for, and all below: a village first, the county later.
    area: String,
    /// Why, in the person's words.
    reason: String,
}

/// Publishes a version in an area, or retires the form there. It holds from now on for the area
/// and all below, until a newer decision covers them. Visits that are under way, and those that
/// were made, keep the version they were made with.
#[utoipa::path(tag = "forms", request_body = ReleaseRequest, responses((status = 200, body = FormView)))]
#[post("/api/v1/forms/{id}/releases")]
pub(super) async fn release(
    permitted: Permitted<ManageForms>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    body: Body<ReleaseRequest>,
) -> Result<web::Json<FormView>, Problem> {
    let (id, decision) = (id.into_inner(), body.read().await?);
    check_reason(&decision.reason)?;
    let (user, now, areas_of) = (permitted.caller.user, app.now(), permitted.areas);
    let compiled = match decision.version {
        None => None,
        Some(version) => Some(app.forms.get(&app, version).await?.ok_or_else(not_found)?),
    };
    let has_registers = compiled.as_ref().is_some_and(|one| !one.form.writes().is_empty());
    let decided: Result<FormView, Failed<Problem>> = app
        .database
        .write(move |connection| {
            let refuse = |problem: Problem| Failed::Rule(problem);
            let form = queries::find(connection, id, &areas_of)?;
            let form = form.ok_or_else(|| refuse(not_found()))?;
            // Who looks after a part of a county doesn't publish what is the county's.
            let is_theirs =
                form.path.as_ref().is_none_or(|path| areas_of.iter().any(|area| path.is_in(area)));
            let there = areas::paths_of(connection, std::slice::from_ref(&decision.area))?;
            let is_their_area =
                there.iter().any(|path| areas_of.iter().any(|area| path.is_in(area)));
            let fits = form.path.as_ref().is_none_or(|own| {
                there.iter().any(|path| rules::is_visible(Some(own), std::slice::from_ref(path)))
            });
            if !is_theirs || !is_their_area || !fits {
                return Err(refuse(not_found()));
            }
            if let (Some(version), Some(compiled)) = (&decision.version, &compiled) {
                if !queries::is_version(connection, id, version)? {
                    return Err(refuse(not_found()));
                }
                let known = packs::catalogue(connection)?;
                let missing = missing_files(&compiled.form, &compiled.bundle, &known);
                let unwritable = compiled.form.unwritable(&known);
                if !(missing.is_empty() && unwritable.is_empty()) {
                    let problem = Problem::new(&Kind::FORM_INCOMPLETE);
                    let problem = problem.with("missing_files", missing);
                    return Err(refuse(problem.with("missing_registers", unwritable)));
                }
                let trial = queries::newest_trial(connection, id, version)?;
                if !trial.is_some_and(|(passed, _)| passed) {
                    return Err(refuse(Problem::new(&Kind::FORM_UNTRIED)));
                }
                let registers = compiled.form.registers_made(&known);
                // A register is the whole server's, wherever the form is filled in.
                if !registers.is_empty() && !areas::is_everywhere(connection, &areas_of)? {
                    return Err(refuse(Problem::new(&Kind::EVERYWHERE)));
                }
                for register in registers {
                    packs::store(connection, &register_bundle(&register), None, now)?;
                }
            }
            let new = NewRelease {
                form: id,
                version: decision.version,
                area: &decision.area,
                reason: &decision.reason,
                by: user,
            };
            queries::add_release(connection, &new, now)?;
            let detail = serde_json::json!({
                "version": decision.version, "area": decision.area, "reason": decision.reason,
            });
            audit::note(connection, user, Did::ReleaseForm, id, detail, now)?;
            Ok(view(connection, vec![form])?.remove(0))
        })
        .await;
    let view = decided.map_err(Problem::from)?;
    if has_registers {
        app.reload_definitions().await?;
    }
    Ok(web::Json(view))
}
