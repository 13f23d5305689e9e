//! Signing in and out.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::rules::{SecretToken, Verdict, hash_token, judge, session_of};
use super::{Role, Session, Tokens, password, queries};
use crate::app::App;
use crate::devices;
use crate::http::caller::UseAccount;
use crate::http::{Body, Kind, Permitted, Problem};
use crate::limits;

/// A name and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    login: String,
    password: String,
}

/// A refresh token; a tablet signs it with its key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Refresh {
    refresh_token: String,
    /// Base64url of the Ed25519 signature of `ruhu-refresh-1` and the token.
    signature: Option<String>,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
struct Me {
    id: uuid::Uuid,
    login: String,
    display_name: String,
    grants: Vec<MyGrant>,
}

/// A role in an area.
#[derive(Serialize, ToSchema)]
struct MyGrant {
    role: Role,
    /// The codes from the root of the tree down, each followed by a slash.
    area: String,
}

/// Signs a person in.
#[utoipa::path(tag = "accounts", request_body = SignIn, responses((status = 201, body = Tokens)))]
#[post("/api/v1/session")]
async fn sign_in(
    request: HttpRequest,
    app: web::Data<App>,
    body: Body<SignIn>,
) -> Result<HttpResponse, Problem> {
    let SignIn { login, password } = body.read().await?;
    app.throttle.address(request.peer_addr().map(|peer| peer.ip()))?;
    app.throttle.account(&login)?;
    let known = app.read(move |connection| queries::find_user(connection, &login)).await;
    let known = known?;
    let checked = web::block(move || match known {
        Some((user, stored)) => password::is_right(&password, &stored).then_some(user),
        None => {
            password::pretend_to_check(&password);
            None
        }
    });
    let user = checked.await.map_err(|_| Problem::new(&Kind::UNAVAILABLE))?;
    let user = user.ok_or_else(|| Problem::new(&Kind::SIGN_IN_REFUSED))?;
    let now = app.now();
    let started =
        app.write(move |connection| queries::start_session(connection, user, None, now)).await?;
    Ok(HttpResponse::Created().json(pair(&app, started)?))
}

/// Exchanges a refresh token for a new pair.
#[utoipa::path(tag = "accounts", request_body = Refresh, responses((status = 201, body = Tokens)))]
#[post("/api/v1/session/refresh")]
async fn refresh(app: web::Data<App>, body: Body<Refresh>) -> Result<HttpResponse, Problem> {
    let Refresh { refresh_token, signature } = body.read().await?;
    let ended = || Problem::new(&Kind::SESSION_ENDED);
    let id = session_of(&refresh_token).ok_or_else(ended)?;
    let now = app.now();
    let rotated = app
        .write(move |connection| {
            let Some((session, stored)) = queries::session_for_update(connection, id)? else {
                return Ok(None);
            };
            if let Some(device) = session.device
                && !devices::has_signed(
                    connection,
                    device,
                    &signed_bytes(&refresh_token),
                    signature.as_deref(),
                )?
            {
                return Ok(None);
            }
            match judge(&stored, hash_token(&refresh_token), now, limits::PERSON_REFRESH_GRACE) {
                Verdict::Rotate(previous) => {
                    let token = queries::rotate_session(connection, &session, previous, now)?;
                    Ok(Some((session, token)))
                }
                Verdict::Refuse => Ok(None),
                Verdict::End => {
                    tracing::warn!("a refresh token was used again; its session ends");
                    queries::end_session(connection, id, now)?;
                    Ok(None)
                }
            }
        })
        .await?;
    Ok(HttpResponse::Created().json(pair(&app, rotated.ok_or_else(ended)?)?))
}

/// Signs the caller out.
#[utoipa::path(tag = "accounts", responses((status = 204)))]
#[delete("/api/v1/session")]
async fn sign_out(
    permitted: Permitted<UseAccount>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let (session, now) = (permitted.caller.session, app.now());
    let ended = app.write(move |connection| queries::end_session(connection, session, now));
    ended.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Who is signed in, and what they may do.
#[utoipa::path(tag = "accounts", responses((status = 200, body = Me)))]
#[get("/api/v1/me")]
async fn me(
    permitted: Permitted<UseAccount>,
    app: web::Data<App>,
) -> Result<web::Json<Me>, Problem> {
    let caller = permitted.caller;
    let user = caller.user;
    let named = app.read(move |connection| queries::name_of(connection, user)).await;
    let (login, display_name) = named?;
    let grants =
        caller.grants.into_iter().map(|grant| MyGrant { role: grant.role, area: grant.area.0 });
    Ok(web::Json(Me { id: user.0, login, display_name, grants: grants.collect() }))
}

/// The public keys of access tokens, as a JSON Web Key Set.
#[utoipa::path(tag = "accounts", responses((status = 200)))]
#[get("/.well-known/jwks.json")]
async fn keys(app: web::Data<App>) -> web::Json<serde_json::Value> {
    web::Json(super::public_keys(&app.keys))
}

pub(crate) fn pair(app: &App, (session, token): (Session, SecretToken)) -> Result<Tokens, Problem> {
    Ok(Tokens {
        access_token: super::issue(&app.keys, &session, app.now())?,
        refresh_token: token.text,
        expires_in: limits::ACCESS_LIFETIME,
    })
}

/// What a tablet signs to prove that a refresh token is its own.
fn signed_bytes(token: &str) -> Vec<u8> {
    [b"ruhu-refresh-1".as_slice(), token.as_bytes()].concat()
}

/// Reads base64url without padding.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(sign_in).service(refresh).service(sign_out).service(me).service(keys);
}
