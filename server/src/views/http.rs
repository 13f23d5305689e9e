//! `/api/v1/me/views`

use actix_web::{HttpResponse, delete, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::queries;
use crate::app::App;
use crate::http::caller::ChangeAccount;
use crate::http::{Body, Kind, Permitted, Problem, Query};
use crate::limits::MAX_VIEWS;

/// A view.
#[derive(Serialize, ToSchema)]
pub(super) struct SavedView {
    pub(super) id: Uuid,
    pub(super) name: String,
    /// The query of the screen's address.
    pub(super) query: String,
}

/// Whose views.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ScreenQuery {
    /// The screen they are of: `visits`.
    screen: String,
}

/// A view to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewView {
    /// The screen it is of: `visits`.
    pub(super) screen: String,
    /// What the person calls it, 40 characters at most; one with this name is replaced.
    pub(super) name: String,
    /// The query of the screen's address, 2,000 characters at most.
    pub(super) query: String,
}

/// The caller's views of a screen.
#[utoipa::path(tag = "accounts", params(ScreenQuery), responses((status = 200, body = Vec<SavedView>)))]
#[get("/api/v1/me/views")]
async fn list_views(
    permitted: Permitted<ChangeAccount>,
    app: web::Data<App>,
    query: Query<ScreenQuery>,
) -> Result<web::Json<Vec<SavedView>>, Problem> {
    let (user, ScreenQuery { screen }) = (permitted.caller.user, query.read()?);
    let views = app.read(move |connection| queries::list(connection, user, &screen)).await?;
    Ok(web::Json(views))
}

/// Keeps a view.
#[utoipa::path(tag = "accounts", request_body = NewView, responses((status = 200, body = SavedView)))]
#[put("/api/v1/me/views")]
async fn keep_view(
    permitted: Permitted<ChangeAccount>,
    app: web::Data<App>,
    body: Body<NewView>,
) -> Result<web::Json<SavedView>, Problem> {
    let mut new = body.read().await?;
    new.name = new.name.trim().to_owned();
    check(&new)?;
    let (user, now) = (permitted.caller.user, app.now());
    let kept = app.write(move |connection| queries::keep(connection, user, &new, now)).await?;
    let kept = kept.ok_or_else(|| Problem::new(&Kind::TOO_LARGE).with("limit", MAX_VIEWS))?;
    Ok(web::Json(kept))
}

fn check(NewView { screen, name, query }: &NewView) -> Result<(), Problem> {
    let is_screen = !screen.is_empty() && screen.bytes().all(|one| one.is_ascii_lowercase());
    if !is_screen || screen.len() > 20 {
        return Err(Problem::new(&Kind::MALFORMED).detail("screen: small letters"));
    }
    let length = name.chars().count();
    if length == 0 || length > 40 || name.contains('\0') {
        return Err(Problem::new(&Kind::MALFORMED).detail("name: 1 to 40 characters"));
    }
    if query.chars().count() > 2_000 || query.contains('\0') {
        return Err(Problem::new(&Kind::MALFORMED).detail("query: at most 2000 characters"));
    }
    Ok(())
}

/// Forgets a view of the caller's.
#[utoipa::path(tag = "accounts", responses((status = 204, description = "It is gone")))]
#[delete("/api/v1/me/views/{id}")]
async fn forget_view(
    permitted: Permitted<ChangeAccount>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let (user, id) = (permitted.caller.user, id.into_inner());
    if app.write(move |connection| queries::forget(connection, user, id)).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Problem::new(&Kind::NOT_FOUND))
    }
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_views).service(keep_view).service(forget_view);
}
