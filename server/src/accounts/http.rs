//! Signing in and out.

use std::net::IpAddr;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sync_protocol::UserId;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::rules::{SecretToken, Verdict, hash_token, judge, session_of};
use super::second_factor::{self, Passed};
use super::{Role, Session, Tokens, check_password, known_words, people, queries};
use crate::app::App;
use crate::audit::{self, Did};
use crate::devices;
use crate::http::caller::{ChangeAccount, UseAccount};
use crate::http::{Body, Kind, Permitted, Problem};
use crate::limits;

/// A name and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    login: String,
    password: String,
    /// The code of the authenticator app, where the person has one (`code-needed`), or one of the
    /// recovery codes.
    code: Option<String>,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    old: String,
    /// 12 to 200 characters; another than the old one, and none that is easily guessed.
    new: String,
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
    /// Whether nothing else is open to them before they set up a second factor.
    second_factor_needed: bool,
    /// Whether nothing else is open to them before they change the password that was issued to them.
    password_change_needed: bool,
}

/// A role in an area.
#[derive(Serialize, ToSchema)]
struct MyGrant {
    role: Role,
    /// The codes from the root of the tree down, each followed by a slash.
    area: String,
}

/// Signs a person in.
#[utoipa::path(
    tag = "accounts",
    request_body = SignIn,
    responses(
        (status = 201, body = Tokens),
        (status = 401, description = "sign-in-refused; or, where the password is right, code-needed: a \
            code of the authenticator app is asked for, and code-wrong: another one is"),
    ),
)]
#[post("/api/v1/session")]
async fn sign_in(
    request: HttpRequest,
    app: web::Data<App>,
    body: Body<SignIn>,
) -> Result<HttpResponse, Problem> {
    let SignIn { login, password, code } = body.read_within(limits::MAX_SIGN_IN).await?;
    let is_long = |text: &str, most: usize| text.chars().count() > most;
    if is_long(&login, limits::MAX_LOGIN) || is_long(&password, limits::MAX_PASSWORD) {
        return Err(Problem::new(&Kind::MALFORMED).detail("login, password: too long"));
    }
    let at = app.origin(&request);
    app.throttle.address(at)?;
    app.throttle.sign_in(&login, at)?;
    let asked = login.clone();
    let known = app.read(move |connection| queries::find_user(connection, &asked)).await?;
    let user = checked(&app, known, password, at).await?;
    let now = app.now();
    let from = from(at);
    let started = app
        .write(move |connection| {
            match second_factor::pass(connection, user, code.as_deref(), now)? {
                Passed::Yes => {
                    let started = queries::start_session(connection, user, None, now)?;
                    audit::note(connection, user, Did::SignIn, user, from.clone(), now)?;
                    Ok(Ok(started))
                }
                Passed::Needed => Ok(Err(&Kind::CODE_NEEDED)),
                // The password is right: what was wrong is the code, and is said so.
                Passed::No => Ok(Err(&Kind::CODE_WRONG)),
            }
        })
        .await?;
    let started = started.map_err(Problem::new);
    let started = started.inspect_err(|problem| note_refusal(&app, problem, Some(user), at))?;
    app.throttle.has_signed_in(&login, at);
    Ok(HttpResponse::Created().json(pair(&app, started)?))
}

/// Where somebody signs in, as the audit trail has it.
fn from(at: Option<IpAddr>) -> Json {
    json!({ "from": at.map(|at| at.to_canonical().to_string()) })
}

/// Has the audit trail tell that somebody could not prove to be this person. It is written some time
/// after the answer: who waits behind it learns nothing about who has an account.
pub(super) fn note_refusal(
    app: &web::Data<App>,
    problem: &Problem,
    whose: Option<UserId>,
    at: Option<IpAddr>,
) {
    let is_refusal = [&Kind::SIGN_IN_REFUSED, &Kind::CODE_WRONG].contains(&problem.kind());
    let Some(user) = whose.filter(|user| is_refusal && app.throttle.is_worth_noting(*user)) else {
        return;
    };
    let (app, from, now) = (app.clone(), from(at), app.now());
    let later = Duration::from_millis(rand::random_range(500..5_000));
    actix_web::rt::spawn(async move {
        tokio::time::sleep(later).await;
        let noted = app.write(move |connection| {
            audit::note(connection, user, Did::RefuseSignIn, user, from.clone(), now)
        });
        if let Err(problem) = noted.await {
            tracing::warn!(%problem, "a refused sign-in is not in the audit trail");
        }
    });
}

/// The person, if the password is theirs. It takes as long for those who do not exist.
pub(super) async fn checked(
    app: &web::Data<App>,
    known: Option<(UserId, String)>,
    password: String,
    at: Option<IpAddr>,
) -> Result<UserId, Problem> {
    let (user, stored) = known.unzip();
    let is_right = app.passwords.check(password, stored).await?;
    let refused = || {
        let problem = Problem::new(&Kind::SIGN_IN_REFUSED);
        note_refusal(app, &problem, user, at);
        problem
    };
    user.filter(|_| is_right).ok_or_else(refused)
}

/// Changes the caller's password. Other browsers are signed out.
#[utoipa::path(
    tag = "accounts",
    request_body = PasswordChange,
    responses(
        (status = 204),
        (status = 401, description = "sign-in-refused: the old one is wrong"),
        (status = 422, description = "password-common: the new one is easily guessed"),
    ),
)]
#[post("/api/v1/me/password")]
async fn change_password(
    request: HttpRequest,
    permitted: Permitted<ChangeAccount>,
    app: web::Data<App>,
    body: Body<PasswordChange>,
) -> Result<HttpResponse, Problem> {
    let PasswordChange { old, new } = body.read().await?;
    if old.chars().count() > limits::MAX_PASSWORD {
        return Err(Problem::new(&Kind::MALFORMED).detail("old: at most 200 characters"));
    }
    if new == old {
        return Err(Problem::new(&Kind::MALFORMED).detail("new: another than the old one"));
    }
    let (user, session, now) = (permitted.caller.user, permitted.caller.session, app.now());
    app.throttle.account(&user.to_string())?;
    let read = app.read(move |connection| {
        let (login, name) = queries::name_of(connection, user)?;
        Ok((queries::user_by_id(connection, user)?, known_words(connection, &login, &name)?))
    });
    let (known, words) = read.await?;
    let new = web::block(move || check_password(&new, &words).map(|()| new)).await;
    let new = new.map_err(|_| Problem::new(&Kind::UNAVAILABLE))??;
    checked(&app, known, old, app.origin(&request)).await?;
    let hash = app.passwords.hash(new).await?;
    app.write(move |connection| {
        queries::set_password(connection, user, &hash, session, now)?;
        audit::note(connection, user, Did::ChangePassword, user, json!({}), now)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Exchanges a refresh token for a new pair.
#[utoipa::path(tag = "accounts", request_body = Refresh, responses((status = 201, body = Tokens)))]
#[post("/api/v1/session/refresh")]
async fn refresh(app: web::Data<App>, body: Body<Refresh>) -> Result<HttpResponse, Problem> {
    let Refresh { refresh_token, signature } = body.read_within(limits::MAX_SIGN_IN).await?;
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
    let second_factor_needed = caller.lacks_factor;
    let password_change_needed = caller.must_change_password;
    let grants =
        caller.grants.into_iter().map(|grant| MyGrant { role: grant.role, area: grant.area.0 });
    let grants = grants.collect();
    let id = user.0;
    Ok(web::Json(Me {
        id,
        login,
        display_name,
        grants,
        second_factor_needed,
        password_change_needed,
    }))
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
    config.configure(people::routes).configure(second_factor::routes);
    config.configure(super::sessions::routes);
    config.service(change_password);
    config.service(sign_in).service(refresh).service(sign_out).service(me).service(keys);
}
