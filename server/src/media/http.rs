//! Which blobs are missing, and fetching one.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use futures_util::TryStreamExt;
use mobile_schema::Hash;
use serde::{Deserialize, Serialize};
use sync_protocol::limits::MAX_MISSING;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{queries, rules, tus};
use crate::app::App;
use crate::areas;
use crate::http::caller::ReadMedia;
use crate::http::{Body, Kind, Permitted, Problem, Tablet};
use crate::media_store::ObjectName;

/// Blobs by hash.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Hashes {
    #[schema(value_type = Vec<String>)]
    hashes: Vec<Hash>,
}

/// Which of these blobs the tablet should upload: those that are not verified, and those it may
/// not know of.
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
    let known =
        app.read(move |connection| queries::known(connection, &asked, &tablet.scopes)).await?;
    let hashes = hashes.into_iter().filter(|hash| !known.contains(hash)).collect();
    Ok(web::Json(Hashes { hashes }))
}

/// A photo or document that a record in the caller's areas names.
#[utoipa::path(tag = "media", responses((status = 200, description = "The bytes")))]
#[get("/api/v1/media/{hash}")]
async fn fetch(
    permitted: Permitted<ReadMedia>,
    request: HttpRequest,
    app: web::Data<App>,
    hash: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let not_found = || Problem::new(&Kind::NOT_FOUND);
    let hash: Hash = hash.parse().map_err(|_| not_found())?;
    let found = app
        .read(move |connection| {
            let scopes = areas::scopes_under(connection, &permitted.areas)?;
            queries::visible(connection, &hash, &scopes)
        })
        .await?;
    let (length, media_type) = found.ok_or_else(not_found)?;
    respond(&app, &request, &hash, length, &media_type).await
}

/// The bytes of a blob, or that the caller has them already.
pub(crate) async fn respond(
    app: &App,
    request: &HttpRequest,
    hash: &Hash,
    length: u64,
    media_type: &str,
) -> Result<HttpResponse, Problem> {
    let tag = rules::entity_tag(hash);
    let known = request.headers().get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    let bytes = app.media.get(ObjectName::Blob(*hash)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, tag))
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CACHE_CONTROL, "private, immutable, max-age=31536000"))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header((header::CONTENT_DISPOSITION, "attachment"))
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .no_chunking(length)
        .streaming(bytes.map_err(actix_web::error::ErrorInternalServerError)))
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(missing).service(fetch);
    config.service(tus::capabilities).service(tus::create);
    config.service(tus::status).service(tus::append).service(tus::terminate);
}
