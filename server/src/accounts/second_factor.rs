//! One-time codes of an authenticator app beside the password (TOTP, RFC 6238: six digits, 30
//! seconds, SHA-1, as all of those apps have it).

use actix_web::{HttpResponse, delete, get, post, web};
use data_encoding::BASE32_NOPAD;
use diesel::prelude::*;
use mobile_schema::Hash;
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_protocol::UserId;
use totp_rs::{Builder, Totp};
use utoipa::ToSchema;

use super::queries;
use crate::app::App;
use crate::audit::{self, Did};
use crate::db::schema::{recovery_codes, second_factors};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, RowLocked};
use crate::http::caller::ChangeAccount;
use crate::http::{Body, Kind, Permitted, Problem};
use crate::seal;

/// What the app shows beside the code.
const ISSUER: &str = "Ruhu";
/// Bytes of a secret (RFC 4226, section 4: 160 bits).
const SECRET: usize = 20;
/// Codes for when the phone is lost, each good once.
const RECOVERY_CODES: usize = 10;

fn generator(secret: &[u8]) -> Option<Totp> {
    // A code of the step before or after passes, too: clocks differ.
    Builder::new().with_secret(secret.to_vec()).with_skew(1).build().ok()
}

/// The step of which `code` is the code now, or just before or after.
fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let code: String = code.chars().filter(|one| !one.is_whitespace()).collect();
    let step = generator(secret)?.check(&code, u64::try_from(now.seconds()).ok()?)?;
    i64::try_from(step).ok()
}

/// What the database holds of a person's factor.
struct Stored {
    secret: Vec<u8>,
    is_confirmed: bool,
    last_step: i64,
}

fn load(connection: &mut AnyConnection, user: UserId) -> QueryResult<Option<Stored>> {
    let query = second_factors::table.find(Key::from(user)).select((
        second_factors::secret,
        second_factors::confirmed_at,
        second_factors::last_step,
    ));
    let found: Option<(Vec<u8>, Option<Timestamp>, i64)> =
        RowLocked(query).get_result(connection).optional()?;
    let Some((sealed, confirmed, last_step)) = found else { return Ok(None) };
    let secret = seal::open_secret(user, &sealed)?;
    Ok(Some(Stored { secret, is_confirmed: confirmed.is_some(), last_step }))
}

/// Whether a person signs in with a code, too.
pub(crate) fn is_on(connection: &mut AnyConnection, user: UserId) -> QueryResult<bool> {
    let on: i64 = second_factors::table
        .filter(second_factors::user_id.eq(Key::from(user)))
        .filter(second_factors::confirmed_at.is_not_null())
        .count()
        .get_result(connection)?;
    Ok(on > 0)
}

/// What a code at a sign-in comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// It is right, or none is asked for.
    Yes,
    /// One is needed.
    Needed,
    /// It is wrong, or was used before.
    No,
}

/// Judges the code of a sign-in, and uses it up: each passes once.
pub(super) fn pass(
    connection: &mut AnyConnection,
    user: UserId,
    code: Option<&str>,
    now: Timestamp,
) -> QueryResult<Passed> {
    let Some(stored) = load(connection, user)?.filter(|stored| stored.is_confirmed) else {
        return Ok(Passed::Yes);
    };
    let Some(code) = code else { return Ok(Passed::Needed) };
    match step_of(&stored.secret, code, now).filter(|step| *step > stored.last_step) {
        Some(step) => {
            diesel::update(second_factors::table.find(Key::from(user)))
                .set(second_factors::last_step.eq(step))
                .execute(connection)?;
            Ok(Passed::Yes)
        }
        None => use_up(connection, user, code, now),
    }
}

/// Takes a person's factor away, and the codes that stand in for it.
pub(super) fn remove(connection: &mut AnyConnection, user: UserId) -> QueryResult<()> {
    let codes = recovery_codes::table.filter(recovery_codes::user_id.eq(Key::from(user)));
    diesel::delete(codes).execute(connection)?;
    diesel::delete(second_factors::table.find(Key::from(user))).execute(connection)?;
    Ok(())
}

/// A recovery code as it is kept: 50 random bits are not guessed within what sign-ins are allowed.
fn kept(code: &str) -> Vec<u8> {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    let plain = letters.map(|letter| letter.to_ascii_lowercase()).collect::<String>();
    Hash::of(format!("ruhu-recovery-1\n{plain}").as_bytes()).as_bytes().to_vec()
}

/// Passes by a recovery code, once.
fn use_up(
    connection: &mut AnyConnection,
    user: UserId,
    code: &str,
    now: Timestamp,
) -> QueryResult<Passed> {
    let unused = recovery_codes::table
        .find((Key::from(user), kept(code)))
        .filter(recovery_codes::used_at.is_null());
    let used =
        diesel::update(unused).set(recovery_codes::used_at.eq(Some(now))).execute(connection)?;
    Ok(if used > 0 { Passed::Yes } else { Passed::No })
}

/// New recovery codes; they are told once.
fn issue_codes(connection: &mut AnyConnection, user: UserId) -> QueryResult<Vec<String>> {
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let mut bytes = [0_u8; 10];
        rand::rng().fill_bytes(&mut bytes);
        let text = BASE32_NOPAD.encode(&bytes).to_lowercase();
        let code = format!("{}-{}", &text[..5], &text[5..10]);
        diesel::insert_into(recovery_codes::table)
            .values((
                recovery_codes::user_id.eq(Key::from(user)),
                recovery_codes::code_hash.eq(kept(&code)),
            ))
            .execute(connection)?;
        codes.push(code);
    }
    Ok(codes)
}

/// Whether the caller signs in with a code.
#[derive(Serialize, ToSchema)]
struct Factor {
    is_on: bool,
}

/// What an authenticator app has to know.
#[derive(Serialize, ToSchema)]
struct Offer {
    /// In Base32 (RFC 4648), to be typed.
    secret: String,
    /// The same as an address for a QR code (`otpauth://totp/…`).
    uri: String,
}

/// What signs in once each where the phone is lost.
#[derive(Serialize, ToSchema)]
struct RecoveryCodes {
    /// To be kept on paper: they are told this once.
    recovery_codes: Vec<String>,
}

/// A code of the app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FactorCode {
    code: String,
}

/// Whether the caller signs in with a code of an authenticator app, too.
#[utoipa::path(tag = "accounts", responses((status = 200, body = Factor)))]
#[get("/api/v1/me/second-factor")]
async fn show(
    permitted: Permitted<ChangeAccount>,
    app: web::Data<App>,
) -> Result<web::Json<Factor>, Problem> {
    let user = permitted.caller.user;
    let is_on = app.read(move |connection| is_on(connection, user)).await?;
    Ok(web::Json(Factor { is_on }))
}

/// Makes a secret for an authenticator app. It counts once a code of it is confirmed.
#[utoipa::path(
    tag = "accounts",
    responses((status = 201, body = Offer), (status = 409, description = "not-applicable: there is one")),
)]
#[post("/api/v1/me/second-factor")]
async fn offer(
    permitted: Permitted<ChangeAccount>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let permitted = permitted.confirmed()?;
    let user = permitted.caller.user;
    let mut secret = [0_u8; SECRET];
    rand::rng().fill_bytes(&mut secret);
    let login = app
        .write(move |connection| {
            if is_on(connection, user)? {
                return Ok(None);
            }
            remove(connection, user)?;
            diesel::insert_into(second_factors::table)
                .values((
                    second_factors::user_id.eq(Key::from(user)),
                    second_factors::secret.eq(seal::secret(user, &secret)),
                    second_factors::last_step.eq(0),
                ))
                .execute(connection)?;
            queries::name_of(connection, user).map(Some)
        })
        .await?;
    let (login, _) = login.ok_or_else(|| Problem::new(&Kind::NOT_APPLICABLE))?;
    let secret = BASE32_NOPAD.encode(&secret);
    // Logins are letters, digits and `-._`: nothing to escape.
    let uri = format!("otpauth://totp/{ISSUER}:{login}?secret={secret}&issuer={ISSUER}");
    Ok(HttpResponse::Created().json(Offer { secret, uri }))
}

/// Confirms the app with a code: from now on every sign-in asks for one. What is told are the codes
/// for when the phone is lost.
#[utoipa::path(
    tag = "accounts",
    request_body = FactorCode,
    responses((status = 201, body = RecoveryCodes), (status = 422, description = "code-refused")),
)]
#[post("/api/v1/me/second-factor/confirmation")]
async fn confirm(
    permitted: Permitted<ChangeAccount>,
    app: web::Data<App>,
    body: Body<FactorCode>,
) -> Result<HttpResponse, Problem> {
    let permitted = permitted.confirmed()?;
    let (user, now, FactorCode { code }) = (permitted.caller.user, app.now(), body.read().await?);
    app.throttle.account(&user.to_string())?;
    let confirmed = app
        .write(move |connection| {
            let Some(stored) = load(connection, user)?.filter(|stored| !stored.is_confirmed) else {
                return Ok(None);
            };
            let Some(step) = step_of(&stored.secret, &code, now) else { return Ok(None) };
            diesel::update(second_factors::table.find(Key::from(user)))
                .set((
                    second_factors::confirmed_at.eq(Some(now)),
                    second_factors::last_step.eq(step),
                ))
                .execute(connection)?;
            audit::note(connection, user, Did::TurnOnFactor, user, json!({}), now)?;
            issue_codes(connection, user).map(Some)
        })
        .await?;
    let recovery_codes = confirmed.ok_or_else(|| Problem::new(&Kind::CODE_REFUSED))?;
    Ok(HttpResponse::Created().json(RecoveryCodes { recovery_codes }))
}

/// Signs in without a code from now on; the last code is asked for.
#[utoipa::path(
    tag = "accounts",
    request_body = FactorCode,
    responses((status = 204), (status = 422, description = "code-refused")),
)]
#[delete("/api/v1/me/second-factor")]
async fn turn_off(
    permitted: Permitted<ChangeAccount>,
    app: web::Data<App>,
    body: Body<FactorCode>,
) -> Result<HttpResponse, Problem> {
    let permitted = permitted.confirmed()?;
    let (user, now, FactorCode { code }) = (permitted.caller.user, app.now(), body.read().await?);
    app.throttle.account(&user.to_string())?;
    let passed = app
        .write(move |connection| {
            let passed = pass(connection, user, Some(&code), now)?;
            if passed == Passed::Yes {
                remove(connection, user)?;
                audit::note(connection, user, Did::TurnOffFactor, user, json!({}), now)?;
            }
            Ok(passed)
        })
        .await?;
    match passed {
        Passed::Yes => Ok(HttpResponse::NoContent().finish()),
        _ => Err(Problem::new(&Kind::CODE_REFUSED)),
    }
}

/// The routes of second factors.
pub(super) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(show).service(offer).service(confirm).service(turn_off);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp(0).plus_seconds(seconds)
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // The last six of the standard's eight digits.
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")]
        {
            assert_eq!(step_of(SECRET, code, at(seconds)), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_clock_may_be_off_by_a_step_and_not_by_two() {
        assert_eq!(step_of(SECRET, "287 082", at(59 + 30)), Some(1), "spaces are typed, too");
        assert_eq!(step_of(SECRET, "287082", at(59 + 61)), None);
        assert_eq!(step_of(SECRET, "287083", at(59)), None);
        assert_eq!(step_of(SECRET, "", at(59)), None);
    }
}
