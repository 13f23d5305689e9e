//! Enrolling tablets, and what an admin does about them.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_protocol::DeviceId;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{DeviceState, queries};
use crate::accounts::{self, Tokens};
use crate::app::App;
use crate::audit::{self, Did};
use crate::db::Failed;
use crate::http::caller::ManageDevices;
use crate::http::page::{self, Page, PageQuery};
use crate::http::{Body, Kind, Permitted, Problem, Query, Tablet};
use crate::limits;

/// What a tablet sends to enrol.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Enrol {
    /// The one-time code, as the QR carries it.
    code: String,
    /// The tablet's Ed25519 public key, 32 bytes in base64url.
    public_key: String,
    /// What people call the tablet.
    label: String,
}

/// What a tablet gets.
#[derive(Serialize, ToSchema)]
pub struct Enrolment {
    /// The tablet's name.
    device: Uuid,
    /// Whose tablet it is.
    user: Uuid,
    /// Its first tokens.
    tokens: Tokens,
}

/// For whom to make a code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CodeFor {
    /// The person's login.
    login: String,
}

/// A one-time enrolment code.
#[derive(Serialize, ToSchema)]
struct Code {
    code: String,
    /// Seconds until it expires.
    expires_in: i64,
}

/// Whether a tablet may work, and whether its person may.
#[derive(Serialize, ToSchema)]
struct Standing {
    tablet: DeviceState,
    /// Whether the person's account is switched off.
    is_disabled: bool,
}

/// Enrols a tablet.
#[utoipa::path(tag = "devices", request_body = Enrol, responses((status = 201, body = Enrolment)))]
#[post("/api/v1/devices/enrol")]
async fn enrol(
    request: HttpRequest,
    app: web::Data<App>,
    body: Body<Enrol>,
) -> Result<HttpResponse, Problem> {
    let Enrol { code, public_key, label } = body.read_within(limits::MAX_SIGN_IN).await?;
    app.throttle.address(app.origin(&request))?;
    let malformed = |what: &str| Problem::new(&Kind::MALFORMED).detail(what.to_owned());
    let key: [u8; 32] = accounts::base64(&public_key)
        .and_then(|bytes| bytes.try_into().ok())
        .filter(|bytes| ed25519_dalek::VerifyingKey::from_bytes(bytes).is_ok())
        .ok_or_else(|| malformed("public_key: an Ed25519 key, 32 bytes in base64url"))?;
    if label.chars().count() > 100 || label.contains('\0') {
        return Err(malformed("label: at most 100 characters"));
    }
    let now = app.now();
    let enrolled = app
        .write(move |connection| {
            let enrolled = queries::enrol(connection, &code, &key, &label, now)?;
            if let Some((user, device)) =
                enrolled.as_ref().and_then(|one| Some((one.session.user, one.session.device?)))
            {
                let (subject, detail) = (device.to_string(), json!({ "label": label }));
                audit::note(connection, user, Did::EnrolDevice, subject, detail, now)?;
            }
            Ok(enrolled)
        })
        .await?;
    let enrolled = enrolled.ok_or_else(|| Problem::new(&Kind::ENROLMENT_REFUSED))?;
    let (device, user) = (enrolled.session.device, enrolled.session.user);
    let tokens = accounts::pair(&app, (enrolled.session, enrolled.token))?;
    let device = device.ok_or_else(|| Problem::new(&Kind::INTERNAL))?;
    Ok(HttpResponse::Created().json(Enrolment { device: device.0, user: user.0, tokens }))
}

/// How a tablet stands: why it has no village, where it has none.
#[utoipa::path(tag = "devices", responses((status = 200, body = Standing)))]
#[get("/sync/v1/standing")]
async fn standing(tablet: Tablet, app: web::Data<App>) -> Result<web::Json<Standing>, Problem> {
    let user = tablet.user;
    let is_disabled = app.read(move |connection| accounts::is_disabled(connection, user)).await?;
    Ok(web::Json(Standing { tablet: tablet.state, is_disabled }))
}

/// Makes a one-time code to enrol a tablet with.
#[utoipa::path(tag = "devices", request_body = CodeFor, responses((status = 201, body = Code)))]
#[post("/api/v1/enrolment-codes")]
async fn make_code(
    permitted: Permitted<ManageDevices>,
    app: web::Data<App>,
    body: Body<CodeFor>,
) -> Result<HttpResponse, Problem> {
    let permitted = permitted.confirmed()?;
    let (by, areas, login, now) =
        (permitted.caller.user, permitted.areas, body.read().await?.login, app.now());
    let code = app
        .write(move |connection| match queries::person_in(connection, &areas, &login, now)? {
            Some(user) => {
                let code = queries::make_code(connection, user, Some(by), now)?;
                let (did, subject) = (Did::MakeEnrolmentCode, user.to_string());
                audit::note(connection, by, did, subject, json!({}), now)?;
                Ok(Some(code))
            }
            None => Ok(None),
        })
        .await?;
    let code = code.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?;
    let expires_in = limits::ENROLMENT_LIFETIME;
    Ok(HttpResponse::Created().json(Code { code, expires_in }))
}

/// The tablets of the people in the caller's areas.
#[utoipa::path(tag = "devices", params(PageQuery), responses((status = 200, body = Page<queries::DeviceRow>)))]
#[get("/api/v1/devices")]
async fn list(
    permitted: Permitted<ManageDevices>,
    app: web::Data<App>,
    query: Query<PageQuery>,
) -> Result<web::Json<Page<queries::DeviceRow>>, Problem> {
    let query = query.read()?;
    let (areas, after, limit) = (permitted.areas, query.after, page::limit(query.limit));
    let rows = app.read(move |connection| queries::list(connection, &areas, after, limit)).await?;
    Ok(web::Json(Page::of(rows, limit, queries::DeviceRow::id)))
}

/// Stops a tablet from getting anything. What it still brings is kept in quarantine.
#[utoipa::path(tag = "devices", responses((status = 204)))]
#[post("/api/v1/devices/{id}/block")]
async fn block(
    permitted: Permitted<ManageDevices>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    set_state(permitted, &app, id.into_inner(), DeviceState::Blocked).await
}

/// Has a tablet erase itself once it has handed over its outbox.
#[utoipa::path(tag = "devices", responses((status = 204)))]
#[post("/api/v1/devices/{id}/wipe")]
async fn wipe(
    permitted: Permitted<ManageDevices>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    set_state(permitted, &app, id.into_inner(), DeviceState::Wiping).await
}

/// Lets a blocked tablet work again.
#[utoipa::path(tag = "devices", responses((status = 204)))]
#[post("/api/v1/devices/{id}/release")]
async fn release(
    permitted: Permitted<ManageDevices>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    set_state(permitted, &app, id.into_inner(), DeviceState::Active).await
}

async fn set_state(
    permitted: Permitted<ManageDevices>,
    app: &App,
    device: Uuid,
    state: DeviceState,
) -> Result<HttpResponse, Problem> {
    let (areas, by, now) = (permitted.areas, permitted.caller.user, app.now());
    let did = match state {
        DeviceState::Active => Did::ReleaseDevice,
        DeviceState::Blocked => Did::BlockDevice,
        DeviceState::Wiping => Did::WipeDevice,
    };
    let done: Result<(), Failed<Problem>> = app
        .database
        .write(move |connection| {
            let refuse = |kind| Err(Failed::Rule(Problem::new(kind)));
            let device = DeviceId(device);
            if !queries::is_in(connection, &areas, device, now)? {
                return refuse(&Kind::NOT_FOUND);
            }
            if state == DeviceState::Active && queries::is_revoked(connection, device)? {
                return refuse(&Kind::DEVICE_REVOKED);
            }
            queries::set_state(connection, device, state)?;
            audit::note(connection, by, did, device.0, json!({}), now)?;
            Ok(())
        })
        .await;
    done.map_err(Problem::from)?;
    Ok(HttpResponse::NoContent().finish())
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(enrol).service(standing).service(make_code).service(list);
    config.service(block).service(wipe).service(release);
}
