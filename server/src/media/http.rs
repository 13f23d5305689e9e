//! Which blobs are missing, and fetching one.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use bytes::Bytes;
use mobile_schema::Hash;
use serde::{Deserialize, Serialize};
use sync_protocol::limits::MAX_MISSING;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::serve::{respond, respond_with};
use super::{queries, tus};
use crate::app::App;
use crate::areas::{self, AreaPath};
use crate::http::caller::{ReadMedia, ReadThumbnails};
use crate::http::{Body, Kind, Permitted, Problem, Query, Tablet};
use crate::limits::MAX_BLOB;
use crate::media_store::{MediaError, ObjectName};
use crate::photos::{self, Thumbnail};
use crate::privacy::{self, Access, What};
use crate::sync::check_reason;

/// Blobs by hash.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Hashes {
    #[schema(value_type = Vec<String>)]
    hashes: Vec<Hash>,
}

/// Which of these blobs the tablet should upload: those that are not verified, and those it may
/// not know of. What is not named was read back from the media store under its hash.
#[utoipa::path(tag = "media", request_body = Hashes, responses((status = 200, body = Hashes)))]
#[post("/sync/v1/blobs/missing")]
async fn missing(
    tablet: Tablet,
    app: web::Data<App>,
    body: Body<Hashes>,
) -> Result<web::Json<Hashes>, Problem> {
    let Hashes { hashes } = body.read().await?;
    if hashes.len() > MAX_MISSING {
        return Err(Problem::new(&Kind::TOO_LARGE).with("limit", MAX_MISSING));
    }
    let asked = hashes.clone();
    let known = app
        .read(move |connection| {
            let mut known = queries::here(connection, &asked, tablet.user, &tablet.scopes)?;
            known.extend(queries::unwanted(connection, &asked, tablet.user)?);
            Ok(known)
        })
        .await?;
    let hashes = hashes.into_iter().filter(|hash| !known.contains(hash)).collect();
    Ok(web::Json(Hashes { hashes }))
}

/// Why everything a photo's file says is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct FetchQuery {
    /// Why, in the person's words; it is kept with their name. Without it a photo comes without what
    /// its file says about people, places and times.
    reason: Option<String>,
}

/// A photo or document that a record in the caller's areas names. A tablet gets a photo as it was
/// taken; a person in a browser does so with a reason, and otherwise its picture alone.
#[utoipa::path(
    tag = "media",
    params(FetchQuery),
    responses(
        (status = 200, description = "The bytes"),
        (status = 206, description = "Those that were asked for (`Range`)"),
        (status = 403, description = "reason-needed: the file can't be given out without what it says"),
    ),
)]
#[get("/api/v1/media/{hash}")]
async fn fetch(
    permitted: Permitted<ReadMedia>,
    request: HttpRequest,
    app: web::Data<App>,
    hash: web::Path<String>,
    query: Query<FetchQuery>,
) -> Result<HttpResponse, Problem> {
    let FetchQuery { reason } = query.read()?;
    reason.as_deref().map_or(Ok(()), check_reason)?;
    let hash = hash_of(&hash)?;
    let is_tablet = permitted.caller.device.is_some();
    let (length, media_type) = see(&app, &permitted.areas, hash).await?;
    if let Some(reason) = reason.clone().filter(|_| !is_tablet) {
        let access = Access::new(&permitted.caller, What::Photo(hash), reason);
        privacy::note(&app, access).await?;
    }
    if is_tablet || reason.is_some() {
        return respond(&app, &request, &hash, length, &media_type).await;
    }
    let bytes = app.media.whole(ObjectName::Blob(hash), MAX_BLOB).await?;
    let plain =
        web::block(move || photos::without_facts(&bytes).map(|plain| plain.unwrap_or(bytes)));
    let plain = plain.await.map_err(|_| Problem::new(&Kind::INTERNAL))?;
    let plain = plain.ok_or_else(|| Problem::new(&Kind::REASON_NEEDED))?;
    respond_with(&request, &plain, &format!("\"{hash}-plain\""), &media_type)
}

/// The length and media type of what a record in these areas names.
async fn see(app: &App, areas: &[AreaPath], hash: Hash) -> Result<(u64, String), Problem> {
    let areas = areas.to_vec();
    let found = app.read(move |connection| {
        let scopes = areas::scopes_under(connection, &areas)?;
        queries::visible(connection, &hash, &scopes)
    });
    found.await?.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))
}

fn hash_of(text: &str) -> Result<Hash, Problem> {
    text.parse().map_err(|_| Problem::new(&Kind::NOT_FOUND))
}

/// A copy of a photo to be looked at, JPEG, at most `320` or `1600` pixels a side, without what its
/// file says.
#[utoipa::path(
    tag = "media",
    responses(
        (status = 200, description = "The bytes"),
        (status = 503, description = "unavailable: the photo has not been looked at yet"),
    ),
)]
#[get("/api/v1/media/{hash}/thumbnails/{size}")]
async fn thumbnail(
    permitted: Permitted<ReadThumbnails>,
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (hash, size) = path.into_inner();
    let not_found = || Problem::new(&Kind::NOT_FOUND);
    let hash = hash_of(&hash)?;
    let which = Thumbnail::ALL.into_iter().find(|one| one.longest().to_string() == size);
    let which = which.ok_or_else(not_found)?;
    see(&app, &permitted.areas, hash).await?;
    let copy = match app.media.whole(ObjectName::Thumbnail(hash, which), MAX_BLOB).await {
        Err(MediaError::Missing) if which == Thumbnail::Large => as_it_is(&app, hash).await?,
        copy => copy.map(Some),
    };
    match copy.and_then(|copy| copy.ok_or(MediaError::Missing)) {
        Ok(bytes) => respond_with(&request, &bytes, &format!("\"{hash}-{size}\""), "image/jpeg"),
        Err(MediaError::Missing) => {
            let now = app.now();
            let why = app.write(move |connection| photos::why_not(connection, &hash, now)).await?;
            app.jobs.ring();
            Err(match why {
                Some(why) => not_found().detail(why.to_string()),
                None => Problem::new(&Kind::UNAVAILABLE).retry_after(2),
            })
        }
        Err(error) => Err(error.into()),
    }
}

/// A photo that was looked at and needs no large copy, without what its file says.
async fn as_it_is(app: &App, hash: Hash) -> Result<Result<Option<Bytes>, MediaError>, Problem> {
    let seen = app.read(move |connection| photos::seen(connection, &[hash])).await?;
    let Some(seen) = seen.into_values().next() else { return Ok(Ok(None)) };
    let (Some(size), None) = (seen.size, seen.unreadable) else { return Ok(Ok(None)) };
    let bytes = match app.media.whole(ObjectName::Blob(hash), MAX_BLOB).await {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(error)),
    };
    let stripped =
        web::block(move || photos::as_it_is(&bytes, seen.media_type.as_deref(), size, &seen.facts));
    Ok(Ok(stripped.await.map_err(|_| Problem::new(&Kind::INTERNAL))?))
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(missing).service(fetch).service(thumbnail);
    config.service(tus::capabilities).service(tus::create);
    config.service(tus::status).service(tus::append).service(tus::terminate);
}
