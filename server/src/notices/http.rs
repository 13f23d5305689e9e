//! Receipts, the log and its keys over HTTP.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sync_protocol::{Record, RecordId};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::receipt::{Bytes, Head};
use super::view::{self, NoticeView};
use super::{countersign, list, page, pdf, prints, store, templates, tree};
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::db::schema::device_revocations;
use crate::db::types::{Key, Timestamp};
use crate::http::caller::{ManageDevices, ReadReceipts};
use crate::http::{Body, Kind, Permitted, Problem, Query};
use crate::privacy::{self, Access, What};
use crate::sync::check_reason;
use crate::{devices, records};

fn not_found() -> Problem {
    Problem::new(&Kind::NOT_FOUND)
}

/// The keys that countersign notifications or did, and the tablets whose signatures count for
/// nothing from a time on: all that is needed to verify a receipt offline.
#[utoipa::path(tag = "notices", responses((status = 200, description = "The keys")))]
#[get("/.well-known/ruhu-notice-keys.json")]
async fn keys(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let published = app.read(store::published).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .json(published))
}

/// What was signed of the whole log last, to be kept elsewhere: it shows nothing but how long the
/// log is.
#[utoipa::path(tag = "notices", responses((status = 200, description = "The head")))]
#[get("/.well-known/ruhu-notice-log.json")]
async fn head(app: web::Data<App>) -> Result<web::Json<Head>, Problem> {
    let head = app.read(|connection| store::head(connection, None)).await?;
    head.map(web::Json).ok_or_else(not_found)
}

/// Which two sizes of the log.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Sizes {
    /// The size that was kept elsewhere.
    from: u64,
    /// The size now.
    to: u64,
}

/// What proves that the log of one size is the beginning of that of another.
#[derive(Serialize, ToSchema)]
struct Consistency {
    #[schema(value_type = Object)]
    from: Head,
    #[schema(value_type = Object)]
    to: Head,
    #[schema(value_type = Vec<String>)]
    proof: Vec<mobile_schema::Hash>,
}

/// What proves that nothing in the log was changed or taken away since it had another size.
#[utoipa::path(tag = "notices", params(Sizes), responses((status = 200, body = Consistency)))]
#[get("/.well-known/ruhu-notice-log/consistency")]
async fn consistency(
    app: web::Data<App>,
    request: HttpRequest,
    query: Query<Sizes>,
) -> Result<web::Json<Consistency>, Problem> {
    app.throttle.stranger(app.origin(&request))?;
    let Sizes { from, to } = query.read()?;
    let found = app
        .read(move |connection| {
            let heads = (store::head(connection, Some(from))?, store::head(connection, Some(to))?);
            let (Some(before), Some(after)) = heads else { return Ok(None) };
            let proof = tree::consistency(from, to, |at| store::node(connection, at))?;
            Ok(Some(Consistency { from: before, to: after, proof }))
        })
        .await?;
    found.filter(|found| found.from.size <= found.to.size).map(web::Json).ok_or_else(not_found)
}

/// A notification's receipt.
#[derive(Serialize, ToSchema)]
struct ReceiptView {
    /// The receipt, with what was shown and answered: to be given to the household, and to be
    /// verified with `ruhu notice verify`.
    #[schema(value_type = Object)]
    receipt: Json,
    /// The same in short, for a QR code.
    qr: String,
}

/// Why what a household was told and answered is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ReasonQuery {
    /// Why, in the person's words; it is kept with their name. A tablet needs none.
    reason: Option<String>,
}

/// Keeps why a person in a browser looks at a notification in their areas.
async fn look(
    permitted: &Permitted<ReadReceipts>,
    app: &App,
    id: RecordId,
    query: Query<ReasonQuery>,
) -> Result<Record, Problem> {
    let ReasonQuery { reason } = query.read()?;
    let areas = permitted.areas.clone();
    let found = app
        .read(move |connection| {
            let scopes = areas::scopes_under(connection, &areas)?;
            let notice = records::load(connection, &[id])?.pop();
            Ok(notice.filter(|notice| scopes.contains(&notice.scope)))
        })
        .await?;
    let notice = found.ok_or_else(not_found)?;
    if permitted.caller.device.is_none() {
        let reason = reason.ok_or_else(|| Problem::new(&Kind::REASON_NEEDED))?;
        check_reason(&reason)?;
        privacy::note(app, Access::new(&permitted.caller, What::Notice(id.0), reason)).await?;
    }
    Ok(notice)
}

/// A notification in the caller's areas: what was shown and answered, the signature as an image,
/// its place in the log, what was found about it, and the copies that were given.
#[utoipa::path(tag = "notices", params(ReasonQuery), responses((status = 200, body = NoticeView)))]
#[get("/api/v1/notices/{id}")]
async fn show(
    permitted: Permitted<ReadReceipts>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    query: Query<ReasonQuery>,
) -> Result<web::Json<NoticeView>, Problem> {
    let notice = look(&permitted, &app, RecordId(id.into_inner()), query).await?;
    if notice.collection != "notice" || notice.deleted {
        return Err(not_found());
    }
    let areas = permitted.areas.clone();
    let read = move |connection: &mut _| {
        let scopes = areas::scopes_within(connection, &areas, None)?;
        view::view(connection, &notice, &scopes)
    };
    app.read(read).await.map(web::Json)
}

/// The receipt of a notification in the caller's areas, once it is in the log.
#[utoipa::path(tag = "notices", params(ReasonQuery), responses((status = 200, body = ReceiptView)))]
#[get("/api/v1/notices/{id}/receipt")]
async fn receipt(
    permitted: Permitted<ReadReceipts>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    query: Query<ReasonQuery>,
) -> Result<web::Json<ReceiptView>, Problem> {
    let id = RecordId(id.into_inner());
    let notice = look(&permitted, &app, id, query).await?;
    let receipt = app.read(move |connection| store::receipt(connection, id)).await?;
    let mut receipt = receipt.ok_or_else(not_found)?;
    let qr = receipt.qr();
    receipt.content = countersign::content_of(&notice).map(Bytes);
    let receipt = serde_json::to_value(receipt).map_err(|_| Problem::new(&Kind::INTERNAL))?;
    Ok(web::Json(ReceiptView { receipt, qr }))
}

/// A notification on paper, once it is in the log: the same bytes whenever it is printed.
#[utoipa::path(tag = "notices", params(ReasonQuery), responses((status = 200, description = "The file (PDF)")))]
#[get("/api/v1/notices/{id}/sheet.pdf")]
async fn sheet_of(
    permitted: Permitted<ReadReceipts>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    query: Query<ReasonQuery>,
) -> Result<HttpResponse, Problem> {
    let id = RecordId(id.into_inner());
    look(&permitted, &app, id, query).await?;
    let printable = app.read(move |connection| pdf::printable(connection, id)).await?;
    let printable = printable.ok_or_else(not_found)?;
    let printed = pdf::print(&app, vec![printable]).await?;
    Ok(prints::answer(printed, &format!("{id}.pdf")))
}

/// A tablet's key counts for nothing from a time on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Revocation {
    /// From when, microseconds since 1970 UTC.
    from: i64,
    /// Why: lost, stolen.
    reason: String,
}

/// Says that a tablet's signatures count for nothing from a time on, because it was lost or stolen.
/// Nothing that arrives from it is countersigned any more, whatever its date; receipts of what was
/// countersigned since then say so; and the tablet is blocked. It can't be taken back; an earlier
/// time may be added.
#[utoipa::path(tag = "notices", request_body = Revocation, responses((status = 204, description = "It is so")))]
#[post("/api/v1/devices/{id}/revocations")]
async fn revoke(
    permitted: Permitted<ManageDevices>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    body: Body<Revocation>,
) -> Result<HttpResponse, Problem> {
    let (device, Revocation { from, reason }) = (Key(id.into_inner()), body.read().await?);
    check_reason(&reason)?;
    let (user, now) = (permitted.caller.user, app.now());
    if !(0..=now.0).contains(&from) {
        return Err(Problem::new(&Kind::MALFORMED).detail("from: after 1970, not later than now"));
    }
    let done = app
        .write(move |connection| {
            let is_theirs = devices::is_in(connection, &permitted.areas, device.into(), now)?;
            if is_theirs {
                diesel::insert_into(device_revocations::table)
                    .values((
                        device_revocations::id.eq(Key(Uuid::now_v7())),
                        device_revocations::device_id.eq(device),
                        device_revocations::from_at.eq(Timestamp(from)),
                        device_revocations::reason.eq(&reason),
                        device_revocations::decided_by.eq(Key::from(user)),
                        device_revocations::decided_at.eq(now),
                    ))
                    .execute(connection)?;
                // A tablet that somebody else has reads nothing, either; its outbox is still taken.
                devices::block(connection, device.into())?;
                let detail = json!({ "from": Timestamp(from), "reason": reason });
                let subject = device.0.to_string();
                audit::note(connection, user, Did::RevokeDevice, subject, detail, now)?;
            }
            Ok(is_theirs)
        })
        .await?;
    if !done {
        return Err(not_found());
    }
    Ok(HttpResponse::NoContent().finish())
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(keys).service(head).service(consistency);
    config.service(list::list).service(receipt).service(sheet_of);
    config.service(templates::publish_template);
    config.service(templates::sample).service(templates::try_template);
    config.service(prints::order).service(prints::progress).service(prints::file);
    // After those whose names an id could be.
    config.service(revoke).service(page::verify).service(show);
}
