//! Definitions as immutable bundles.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use diesel::prelude::*;
use mobile_schema::Hash;
use mobile_schema::pack::BundleKind;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use sync_protocol::encoding::dictionary;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{back, definitions, library};
use crate::app::App;
use crate::db::AnyConnection;
use crate::db::schema::bundles;
use crate::db::types::JsonText;
use crate::forms;
use crate::http::caller::ReadDefinitions;
use crate::http::{Kind, Permitted, Problem};

/// A definition that can be fetched.
#[derive(Serialize, ToSchema)]
struct BundleView {
    /// Its address.
    #[schema(value_type = String)]
    hash: Hash,
    /// `register`, `form`, `notice`, `rules`, or `dictionary`: what messages are compressed with
    kind: String,
    name: String,
    version: i64,
    /// Words by language.
    #[schema(value_type = Object)]
    labels: Box<RawValue>,
    media_type: String,
    /// The pack it came with; none for what every county has.
    pack: Option<String>,
}

/// Every definition there is.
#[utoipa::path(tag = "packs", responses((status = 200, body = Vec<BundleView>)))]
#[get("/api/v1/bundles")]
async fn list(
    _permitted: Permitted<ReadDefinitions>,
    app: web::Data<App>,
) -> Result<web::Json<Vec<BundleView>>, Problem> {
    let found = app.read(all).await;
    found.map(web::Json)
}

fn all(connection: &mut AnyConnection) -> QueryResult<Vec<BundleView>> {
    type Row = (Vec<u8>, String, String, i64, JsonText, String, Option<String>);
    let rows: Vec<Row> = bundles::table
        // Forms that people uploaded are listed to those who may see them, with the forms.
        .filter(bundles::kind.ne(BundleKind::Form.name()).or(bundles::pack.is_not_null()))
        .filter(bundles::kind.ne(BundleKind::Source.name()))
        .order((bundles::kind, bundles::name, bundles::version))
        .select((
            bundles::hash,
            bundles::kind,
            bundles::name,
            bundles::version,
            bundles::labels,
            bundles::media_type,
            bundles::pack,
        ))
        .load(connection)?;
    let stored: QueryResult<Vec<BundleView>> = rows
        .into_iter()
        .map(|(hash, kind, name, version, labels, media_type, pack)| {
            let labels = labels.raw()?;
            let hash = Hash(hash.try_into().unwrap_or([0; 32]));
            Ok(BundleView { hash, kind, name, version, labels, media_type, pack })
        })
        .collect();
    let mut all = stored?;
    all.push(BundleView {
        hash: dictionary::hash(),
        kind: "dictionary".to_owned(),
        name: "messages".to_owned(),
        version: 1,
        labels: JsonText::of(&json!({ "zh-CN": "压缩字典", "en": "Compression dictionary" }))
            .raw()?,
        media_type: "application/octet-stream".to_owned(),
        pack: None,
    });
    Ok(all)
}

/// A definition, named by its hash.
#[utoipa::path(tag = "packs", responses((status = 200, description = "The bytes")))]
#[get("/sync/v1/bundles/{hash}")]
async fn fetch(
    permitted: Permitted<ReadDefinitions>,
    app: web::Data<App>,
    hash: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let not_found = || Problem::new(&Kind::NOT_FOUND);
    let hash: Hash = hash.parse().map_err(|_| not_found())?;
    if hash == dictionary::hash() {
        return Ok(immutable(&hash, "application/octet-stream", dictionary::DICTIONARY.to_vec()));
    }
    type Row = (String, String, Vec<u8>, Option<String>);
    let found: Option<Row> = app
        .read(move |connection| {
            let found: Option<Row> = bundles::table
                .find(hash.as_bytes().to_vec())
                .select((bundles::kind, bundles::media_type, bundles::bytes, bundles::pack))
                .first(connection)
                .optional()?;
            let may = match &found {
                Some((kind, ..)) if kind == BundleKind::Source.name() => false,
                Some((kind, .., None)) if kind == BundleKind::Form.name() => {
                    forms::may_fetch(connection, &permitted, &hash)?
                }
                _ => true,
            };
            Ok(found.filter(|_| may))
        })
        .await?;
    let (_, media_type, bytes, _) = found.ok_or_else(not_found)?;
    Ok(immutable(&hash, &media_type, bytes))
}

fn immutable(hash: &Hash, media_type: &str, bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::ETAG, format!("\"{hash}\"")))
        .insert_header((header::CACHE_CONTROL, "private, immutable, max-age=31536000"))
        .body(bytes)
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list).service(fetch).service(definitions::list_definitions);
    config.service(library::list_packs).service(library::install_pack).service(back::go_back);
}
