//! `/api/v1/me/views`

use actix_web::{HttpResponse, delete, get, put, web};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::db::Failed;
use crate::db::schema::saved_views;
use crate::db::types::Key;
use crate::http::caller::UseAccount;
use crate::http::{Body, Kind, Permitted, Problem, Query};
use crate::limits::MAX_VIEWS;

/// A view.
#[derive(Serialize, ToSchema)]
struct SavedView {
    id: Uuid,
    name: String,
    /// The query of the screen's address.
    query: String,
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
struct NewView {
    /// The screen it is of: `visits`.
    screen: String,
    /// What the person calls it, 40 characters at most; one with this name is replaced.
    name: String,
    /// The query of the screen's address, 2,000 characters at most.
    query: String,
}

/// The caller's views of a screen.
#[utoipa::path(tag = "accounts", params(ScreenQuery), responses((status = 200, body = Vec<SavedView>)))]
#[get("/api/v1/me/views")]
async fn list_views(
    permitted: Permitted<UseAccount>,
    app: web::Data<App>,
    query: Query<ScreenQuery>,
) -> Result<web::Json<Vec<SavedView>>, Problem> {
    let (user, ScreenQuery { screen }) = (Key::from(permitted.caller.user), query.read()?);
    let rows: Vec<(Key, String, String)> = app
        .read(move |connection| {
            saved_views::table
                .filter(saved_views::user_id.eq(user).and(saved_views::screen.eq(&screen)))
                .order(saved_views::name)
                .select((saved_views::id, saved_views::name, saved_views::query))
                .load(connection)
        })
        .await?;
    let view = |(id, name, query): (Key, _, _)| SavedView { id: id.0, name, query };
    Ok(web::Json(rows.into_iter().map(view).collect()))
}

/// Keeps a view.
#[utoipa::path(tag = "accounts", request_body = NewView, responses((status = 200, body = SavedView)))]
#[put("/api/v1/me/views")]
async fn keep_view(
    permitted: Permitted<UseAccount>,
    app: web::Data<App>,
    body: Body<NewView>,
) -> Result<web::Json<SavedView>, Problem> {
    let NewView { screen, name, query } = body.read().await?;
    let name = name.trim().to_owned();
    check(&screen, &name, &query)?;
    let (user, now) = (Key::from(permitted.caller.user), app.now());
    let kept: Result<SavedView, Failed<Problem>> = app
        .database
        .write(move |connection| {
            let mine = saved_views::table.filter(saved_views::user_id.eq(user));
            let count: i64 = mine.count().get_result(connection)?;
            if count >= MAX_VIEWS {
                return Err(Failed::Rule(Problem::new(&Kind::TOO_LARGE).with("limit", MAX_VIEWS)));
            }
            let same = saved_views::screen.eq(&screen).and(saved_views::name.eq(&name));
            let same = saved_views::table.filter(saved_views::user_id.eq(user).and(same));
            diesel::delete(same).execute(connection)?;
            let id = Uuid::now_v7();
            diesel::insert_into(saved_views::table)
                .values((
                    saved_views::id.eq(Key(id)),
                    saved_views::user_id.eq(user),
                    saved_views::screen.eq(&screen),
                    saved_views::name.eq(&name),
                    saved_views::query.eq(&query),
                    saved_views::saved_at.eq(now),
                ))
                .execute(connection)?;
            Ok(SavedView { id, name: name.clone(), query: query.clone() })
        })
        .await;
    kept.map(web::Json).map_err(Problem::from)
}

fn check(screen: &str, name: &str, query: &str) -> Result<(), Problem> {
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
    permitted: Permitted<UseAccount>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let (user, id) = (Key::from(permitted.caller.user), Key(id.into_inner()));
    let gone = app
        .write(move |connection| {
            let mine = saved_views::id.eq(id).and(saved_views::user_id.eq(user));
            diesel::delete(saved_views::table.filter(mine)).execute(connection)
        })
        .await?;
    if gone == 0 {
        Err(Problem::new(&Kind::NOT_FOUND))
    } else {
        Ok(HttpResponse::NoContent().finish())
    }
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_views).service(keep_view).service(forget_view);
}
