//! What tablets fetch: which forms are filled in in their villages, and the files that go with
//! them. The versions themselves are bundles.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use mobile_schema::Hash;
use serde::Serialize;
use sync_protocol::ScopeId;
use utoipa::ToSchema;
use uuid::Uuid;

use super::admin::{hash_of, not_found};
use super::queries::{self, Offered};
use crate::accounts::Role;
use crate::app::App;
use crate::http::caller::ReadDefinitions;
use crate::http::{Kind, Permitted, Problem, Tablet};
use crate::media;

/// A form that is filled in.
#[derive(Serialize, ToSchema)]
struct OfferedForm {
    form: Uuid,
    /// The form's id, as its author writes it.
    name: String,
    title: String,
    /// The version, to be fetched as a bundle.
    #[schema(value_type = String)]
    hash: Hash,
    /// As its author writes it.
    version: String,
    /// Where it is filled in.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<ScopeId>,
}

/// The forms that are filled in in the tablet's villages. While nothing changes, a tablet that
/// names the answer it has (`If-None-Match`) is told so in a few bytes.
#[utoipa::path(tag = "forms", responses((status = 200, body = Vec<OfferedForm>), (status = 304)))]
#[get("/sync/v1/forms")]
pub(super) async fn list(
    tablet: Tablet,
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let found = app.read(move |connection| queries::offered(connection, &tablet.scopes)).await?;
    let told = |offered: Offered| {
        let Offered { form, name, version, scopes } = offered;
        let (title, hash, version) = (version.title, version.hash, version.version);
        OfferedForm { form, name, title, hash, version, scopes }
    };
    let offered: Vec<OfferedForm> = found.into_iter().map(told).collect();
    let body = serde_json::to_vec(&offered).map_err(|_| Problem::new(&Kind::INTERNAL))?;
    let tag = format!("\"{}\"", Hash::of(&body));
    let known = request.headers().get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .body(body))
}

/// A file that goes with a version: a list, a picture, a sound.
#[utoipa::path(tag = "forms", responses((status = 200, description = "The bytes")))]
#[get("/sync/v1/forms/{hash}/files/{name}")]
pub(super) async fn file(
    permitted: Permitted<ReadDefinitions>,
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (version, name) = path.into_inner();
    let version = hash_of(&version)?;
    let found = app
        .read(move |connection| {
            let may = may_fetch(connection, &permitted, &version)?;
            if may { queries::bundle(connection, &version) } else { Ok(None) }
        })
        .await?;
    let files = found.into_iter().flat_map(|bundle| bundle.files);
    let file = files.into_iter().find(|file| file.name == name).ok_or_else(not_found)?;
    media::respond(&app, &request, &file.hash, file.length, &file.media_type).await
}

/// Whether the caller may fetch a version of a form.
pub(crate) fn may_fetch(
    connection: &mut crate::db::AnyConnection,
    permitted: &Permitted<ReadDefinitions>,
    version: &Hash,
) -> diesel::QueryResult<bool> {
    let grants = &permitted.caller.grants;
    let cares = grants.iter().filter(|grant| grant.role != Role::Cadre);
    let cares_for: Vec<_> = cares.map(|grant| grant.area.clone()).collect();
    queries::may_fetch(connection, version, &permitted.areas, &cares_for)
}
