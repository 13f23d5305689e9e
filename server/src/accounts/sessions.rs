//! A person's own sessions: which there are, ending one, and proving once more who one is before
//! something that gives power (OWASP ASVS 4.0.3, 3.3.4 and 3.7.1).

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_protocol::UserId;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::http::{checked, note_refusal};
use super::queries;
use super::second_factor::{self, Passed};
use crate::app::App;
use crate::audit::{self, Did};
use crate::db::AnyConnection;
use crate::db::schema::{devices, sessions};
use crate::db::types::{Key, Timestamp};
use crate::http::caller::{ChangeAccount, UseAccount};
use crate::http::{Body, Kind, Permitted, Problem};
use crate::limits::{CONFIRMATION_LASTS, MAX_PASSWORD, MAX_SIGN_IN, PERSON_SESSION_MOST};

/// When a session began, by its id (UUID version 7).
fn began(session: Uuid) -> Timestamp {
    let made = session.get_timestamp().map_or(0, |made| made.to_unix().0);
    Timestamp(0).plus_seconds(i64::try_from(made).unwrap_or(i64::MAX / 2_000_000))
}

/// When a browser's session ends, however much it is used.
pub(super) fn ends_at_last(session: Uuid) -> Timestamp {
    began(session).plus_seconds(PERSON_SESSION_MOST)
}

/// Whether somebody proved so lately who they are that it counts for what gives power.
pub(super) fn is_confirmed(session: Uuid, confirmed: Option<Timestamp>, now: Timestamp) -> bool {
    let last = confirmed.unwrap_or(began(session)).max(began(session));
    now < last.plus_seconds(CONFIRMATION_LASTS)
}

/// A session of the caller's.
#[derive(Serialize, ToSchema)]
struct OwnSession {
    id: Uuid,
    /// The tablet it is on, as it was named; a browser's has none.
    tablet: Option<String>,
    /// Whether it is the one that asks.
    is_this: bool,
    #[schema(value_type = String)]
    began_at: Timestamp,
    /// When it was last renewed, which happens every quarter of an hour while it is used.
    #[schema(value_type = String)]
    seen_at: Timestamp,
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

/// Where the caller is signed in: browsers and tablets, the latest first.
#[utoipa::path(tag = "accounts", responses((status = 200, body = Vec<OwnSession>)))]
#[get("/api/v1/me/sessions")]
async fn list(
    permitted: Permitted<UseAccount>,
    app: web::Data<App>,
) -> Result<web::Json<Vec<OwnSession>>, Problem> {
    let (user, this, now) = (permitted.caller.user, permitted.caller.session, app.now());
    let found = app.read(move |connection| open(connection, user, now)).await?;
    let own = found.into_iter().map(|(id, tablet, seen_at, expires_at)| OwnSession {
        expires_at: if tablet.is_some() { expires_at } else { expires_at.min(ends_at_last(id.0)) },
        id: id.0,
        is_this: id.0 == this,
        began_at: began(id.0),
        tablet,
        seen_at,
    });
    Ok(web::Json(own.collect()))
}

type Row = (Key, Option<String>, Timestamp, Timestamp);

fn open(connection: &mut AnyConnection, user: UserId, now: Timestamp) -> QueryResult<Vec<Row>> {
    sessions::table
        .left_join(devices::table.on(devices::id.nullable().eq(sessions::device_id)))
        .filter(sessions::user_id.eq(Key::from(user)).and(sessions::ended_at.is_null()))
        .filter(sessions::expires_at.gt(now))
        .order((sessions::rotated_at.desc(), sessions::id))
        .limit(200)
        .select((
            sessions::id,
            devices::label.nullable(),
            sessions::rotated_at,
            sessions::expires_at,
        ))
        .load(connection)
}

/// Ends a session of the caller's: a browser somewhere else, or a tablet that was lost, which has
/// to be enrolled again before it syncs.
#[utoipa::path(tag = "accounts", responses((status = 204), (status = 404)))]
#[delete("/api/v1/me/sessions/{id}")]
async fn end(
    permitted: Permitted<ChangeAccount>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let (user, session, now) = (permitted.caller.user, id.into_inner(), app.now());
    let ended = app
        .write(move |connection| {
            let is_own = open(connection, user, now)?.iter().any(|(id, ..)| id.0 == session);
            if is_own {
                queries::end_session(connection, session, now)?;
                audit::note(connection, user, Did::EndSession, session, json!({}), now)?;
            }
            Ok(is_own)
        })
        .await?;
    if ended { Ok(HttpResponse::NoContent().finish()) } else { Err(Problem::new(&Kind::NOT_FOUND)) }
}

/// What proves who somebody is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Proof {
    password: String,
    /// The code of the authenticator app, where the account has one.
    code: Option<String>,
}

/// Proves once more who the caller is. For a quarter of an hour after it, as after signing in, they
/// may do what gives power: hand out enrolment codes and roles, set passwords, change factors.
#[utoipa::path(
    tag = "accounts",
    request_body = Proof,
    responses((status = 204), (status = 401, description = "sign-in-refused, code-needed or code-wrong")),
)]
#[post("/api/v1/session/confirmation")]
async fn confirm(
    request: HttpRequest,
    permitted: Permitted<ChangeAccount>,
    app: web::Data<App>,
    body: Body<Proof>,
) -> Result<HttpResponse, Problem> {
    let at = app.origin(&request);
    let Proof { password, code } = body.read_within(MAX_SIGN_IN).await?;
    if password.chars().count() > MAX_PASSWORD {
        return Err(Problem::new(&Kind::MALFORMED).detail("login, password: too long"));
    }
    let (user, session, now) = (permitted.caller.user, permitted.caller.session, app.now());
    app.throttle.account(&user.to_string())?;
    let known = app.read(move |connection| queries::user_by_id(connection, user)).await?;
    checked(&app, known, password, at).await?;
    let passed = app
        .write(move |connection| {
            let passed = second_factor::pass(connection, user, code.as_deref(), now)?;
            if matches!(passed, Passed::Yes) {
                diesel::update(sessions::table.find(Key(session)))
                    .set(sessions::confirmed_at.eq(Some(now)))
                    .execute(connection)?;
            }
            Ok(passed)
        })
        .await?;
    match passed {
        Passed::Yes => Ok(HttpResponse::NoContent().finish()),
        Passed::Needed => Err(Problem::new(&Kind::CODE_NEEDED)),
        Passed::No => {
            let problem = Problem::new(&Kind::CODE_WRONG);
            note_refusal(&app, &problem, Some(user), at);
            Err(problem)
        }
    }
}

/// The feature's routes.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list).service(end).service(confirm);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_confirmed_at_its_start_and_when_somebody_proves_it() {
        let session = Uuid::now_v7();
        let at = |seconds| began(session).plus_seconds(seconds);
        assert!(is_confirmed(session, None, at(CONFIRMATION_LASTS - 1)));
        assert!(!is_confirmed(session, None, at(CONFIRMATION_LASTS)));
        assert!(is_confirmed(session, Some(at(5_000)), at(5_000 + CONFIRMATION_LASTS - 1)));
        assert!(!is_confirmed(session, Some(at(5_000)), at(5_000 + CONFIRMATION_LASTS)));
        assert!(!is_confirmed(Uuid::nil(), None, at(0)), "of an unknown age");
    }
}
