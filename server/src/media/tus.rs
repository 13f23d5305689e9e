//! Resumable uploads: tus 1.0.0 with creation, creation-with-upload, checksum, expiration and
//! termination.

use actix_web::http::header::HeaderMap;
use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, delete, head, options, patch, post, web,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::arrivals::Turn;
use super::queries::{self, Upload};
use super::receive::{finish, receive, throw_away};
use super::rules::{Checksum, announced};
use crate::app::App;
use crate::db::Timestamp;
use crate::http::{Kind, Problem, Tablet};
use crate::limits::MAX_BLOB;
use crate::media_store::ObjectName;

const VERSION: &str = "1.0.0";
const CHUNK: &str = "application/offset+octet-stream";

/// What this server can do.
#[utoipa::path(tag = "media", responses((status = 204)))]
#[options("/sync/v1/uploads")]
pub(super) async fn capabilities(_tablet: Tablet) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header(("Tus-Resumable", VERSION))
        .insert_header(("Tus-Version", VERSION))
        .insert_header(("Tus-Max-Size", MAX_BLOB.to_string()))
        .insert_header(("Tus-Checksum-Algorithm", "sha256"))
        .insert_header((
            "Tus-Extension",
            "creation,creation-with-upload,checksum,expiration,termination",
        ))
        .finish()
}

/// Announces an upload, maybe with its first bytes.
#[utoipa::path(tag = "media", responses((status = 201)))]
#[post("/sync/v1/uploads")]
pub(super) async fn create(
    tablet: Tablet,
    request: HttpRequest,
    app: web::Data<App>,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    let headers = request.headers();
    check_version(headers)?;
    let announced = announced(text(headers, "upload-length"), text(headers, "upload-metadata"))?;
    app.space.for_media()?;
    let (device, now) = (tablet.device, app.now());
    let upload = app
        .write(move |connection| queries::start(connection, device, &announced, now))
        .await?
        .map_err(|queries::TooMany| Problem::new(&Kind::TOO_MANY_REQUESTS).retry_after(60))?;
    let location = format!("/sync/v1/uploads/{}", upload.id);
    // One that was announced before has its bytes; the first ones are not its next.
    let mut received = upload.received;
    if received == 0 && text(headers, "content-type") == Some(CHUNK) {
        let checksum = text(headers, "upload-checksum").map(Checksum::read).transpose()?;
        let turn = app.arrivals.take_over(upload.id).await;
        received = receive(app, upload.clone(), (turn, device), checksum, body).await?;
    }
    Ok(answer(HttpResponse::Created(), &upload, received)
        .insert_header(("Location", location))
        .finish())
}

/// How far an upload is. A request that was still writing puts down what it has first. Where all
/// bytes are there, the upload is completed before that is told: clients take an offset that equals
/// the length for success. One that can't be completed now is locked (423), which clients answer by
/// coming again; after any other refusal they begin anew.
#[utoipa::path(
    tag = "media",
    responses((status = 200), (status = 423, description = "It can't be completed yet"), (status = 410)),
)]
#[head("/sync/v1/uploads/{id}")]
pub(super) async fn status(
    tablet: Tablet,
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    check_version(request.headers())?;
    is_own(&app, &tablet, *id).await?;
    let turn = app.arrivals.take_over(*id).await;
    let upload = hold(&app, &tablet, *id).await?;
    if upload.received == upload.length {
        in_turn(turn, finish(app.clone(), upload.clone())).await.map_err(|problem| {
            let is_for_good = [&Kind::UPLOAD_GONE, &Kind::HASH_MISMATCH].contains(&problem.kind());
            if is_for_good {
                problem
            } else {
                Problem::new(&Kind::UPLOAD_UNFINISHED).retry_after(5)
            }
        })?;
    }
    let mut response = answer(HttpResponse::Ok(), &upload, upload.received);
    response.insert_header(("Upload-Length", upload.length.to_string()));
    Ok(response.insert_header(("Cache-Control", "no-store")).finish())
}

/// Goes on with an upload. Of two requests the newer one wins.
#[utoipa::path(tag = "media", responses((status = 204)))]
#[patch("/sync/v1/uploads/{id}")]
pub(super) async fn append(
    tablet: Tablet,
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    let headers = request.headers();
    check_version(headers)?;
    if text(headers, "content-type") != Some(CHUNK) {
        return Err(Problem::new(&Kind::UNSUPPORTED_MEDIA_TYPE).detail(CHUNK));
    }
    let offset: u64 = text(headers, "upload-offset")
        .and_then(|offset| offset.parse().ok())
        .ok_or_else(|| Problem::new(&Kind::MALFORMED).detail("Upload-Offset: a number of bytes"))?;
    let checksum = text(headers, "upload-checksum").map(Checksum::read).transpose()?;
    is_own(&app, &tablet, *id).await?;
    let turn = app.arrivals.take_over(*id).await;
    let upload = hold(&app, &tablet, *id).await?;
    if offset != upload.received {
        return Err(Problem::new(&Kind::OFFSET_MISMATCH).with("offset", upload.received));
    }
    let received = if upload.received == upload.length {
        // All bytes were there, but the server stopped before it could verify them.
        in_turn(turn, finish(app.clone(), upload.clone())).await?;
        upload.length
    } else {
        receive(app, upload.clone(), (turn, tablet.device), checksum, body).await?
    };
    Ok(answer(HttpResponse::NoContent(), &upload, received).finish())
}

/// Gives an upload up.
#[utoipa::path(tag = "media", responses((status = 204)))]
#[delete("/sync/v1/uploads/{id}")]
pub(super) async fn terminate(
    tablet: Tablet,
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    check_version(request.headers())?;
    is_own(&app, &tablet, *id).await?;
    let _turn = app.arrivals.take_over(*id).await;
    let upload = hold(&app, &tablet, *id).await?;
    let parts = app.read(move |connection| queries::parts(connection, upload.id)).await;
    let parts = parts?;
    throw_away(&app, upload.id, parts.into_iter().map(ObjectName::Piece).collect()).await?;
    Ok(HttpResponse::NoContent().insert_header(("Tus-Resumable", VERSION)).finish())
}

/// Does what only one may be at, and keeps the turn until it is done: whoever asked may be gone by
/// then, and may have come again. While another is at it, it can't be completed.
async fn in_turn(
    turn: Turn,
    work: impl Future<Output = Result<(), Problem>> + 'static,
) -> Result<(), Problem> {
    if !turn.is_ours() {
        return Err(Problem::new(&Kind::UPLOAD_UNFINISHED).retry_after(5));
    }
    let task = actix_web::rt::spawn(async move {
        let done = work.await;
        drop(turn);
        done
    });
    task.await.unwrap_or_else(|_| Err(Problem::new(&Kind::INTERNAL)))
}

/// Refuses another tablet's upload, before it is taken from whoever writes to it.
async fn is_own(app: &App, tablet: &Tablet, id: Uuid) -> Result<(), Problem> {
    let device = tablet.device;
    let found = app.read(move |connection| queries::find(connection, device, id)).await?;
    found.map(drop).ok_or_else(|| Problem::new(&Kind::UPLOAD_GONE))
}

async fn hold(app: &App, tablet: &Tablet, id: Uuid) -> Result<Upload, Problem> {
    let (device, now) = (tablet.device, app.now());
    let held =
        app.write(move |connection| queries::hold(connection, device, id, Uuid::now_v7())).await?;
    held.filter(|upload| now < upload.expires_at).ok_or_else(|| Problem::new(&Kind::UPLOAD_GONE))
}

fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    match text(headers, "tus-resumable") {
        Some(VERSION) => Ok(()),
        _ => Err(Problem::new(&Kind::TUS_VERSION).detail(format!("Tus-Resumable: {VERSION}"))),
    }
}

fn answer(
    mut response: HttpResponseBuilder,
    upload: &Upload,
    received: u64,
) -> HttpResponseBuilder {
    response.insert_header(("Tus-Resumable", VERSION));
    response.insert_header(("Upload-Offset", received.to_string()));
    response.insert_header(("Upload-Expires", http_date(upload.expires_at)));
    response
}

/// A date as HTTP has it (RFC 9110, section 5.6.7).
fn http_date(moment: Timestamp) -> String {
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let moment = OffsetDateTime::from_unix_timestamp(moment.seconds()).ok();
    moment.and_then(|moment| moment.format(format).ok()).unwrap_or_default()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::sync::oneshot;

    use super::*;
    use crate::media::arrivals::Arrivals;

    #[actix_web::test]
    async fn who_comes_again_waits_for_what_the_request_before_had_begun() {
        let (arrivals, upload) = (Arrivals::default(), Uuid::now_v7());
        let (begun, has_begun) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel::<()>();
        let turn = arrivals.take_over(upload).await;
        let work = async move {
            begun.send(()).expect("somebody listens");
            ended.await.expect("it is told");
            Ok(())
        };
        let asked = actix_web::rt::spawn(in_turn(turn, work));
        has_begun.await.expect("it begins");
        // The connection is gone, and its handler with it.
        asked.abort();
        assert!(asked.await.is_err_and(|error| error.is_cancelled()));
        let mut next = std::pin::pin!(arrivals.take_over(upload));
        assert!(next.as_mut().now_or_never().is_none(), "the work goes on, and has the turn");
        end.send(()).expect("the work goes on");
        assert!(next.await.is_ours());
    }

    #[test]
    fn dates_are_as_http_wants_them() {
        let moment = Timestamp(784_111_777_000_000);
        assert_eq!(http_date(moment), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
