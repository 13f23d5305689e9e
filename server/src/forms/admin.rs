//! The forms there are, their versions, and what is different between two.

use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use mobile_schema::form::{self, BundleFile, Form, FormBundle, Translation, Version};
use mobile_schema::xml::Element;
use mobile_schema::{Catalogue, Hash};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::carry::{self, Touched};
use super::queries::{self, StoredRelease, StoredVersion};
use super::rules::{self, Release, VersionState};
use crate::app::App;
use crate::areas::{self, AreaPath};
use crate::db::{AnyConnection, Timestamp};
use crate::http::caller::ReadForms;
use crate::http::page::{self, Page, PageQuery};
use crate::http::problem::Language;
use crate::http::{Kind, Permitted, Problem, Query};

/// A form.
#[derive(Serialize, ToSchema)]
pub(super) struct FormView {
    id: Uuid,
    /// The form's id, as its author writes it.
    name: String,
    /// The code of the area whose form it is; none for those of packs.
    area: Option<String>,
    /// What people call its newest version.
    title: String,
    /// Its versions, newest first.
    versions: Vec<VersionView>,
    /// What was decided about where it is filled in, newest first.
    releases: Vec<ReleaseView>,
}

/// A version.
#[derive(Serialize, ToSchema)]
pub(super) struct VersionView {
    /// Its address, and what visits name.
    #[schema(value_type = String)]
    hash: Hash,
    /// Counts the form's versions.
    ordinal: i64,
    /// As its author writes it.
    version: String,
    title: String,
    state: VersionState,
    added_by: Option<String>,
    #[schema(value_type = String)]
    added_at: Timestamp,
}

/// A decision.
#[derive(Serialize, ToSchema)]
struct ReleaseView {
    /// The version; none where the form was retired.
    #[schema(value_type = Option<String>)]
    version: Option<Hash>,
    /// The code of the area.
    area: String,
    reason: String,
    decided_by: String,
    #[schema(value_type = String)]
    decided_at: Timestamp,
    /// Whether it still says what is filled in somewhere, or newer ones have taken its place.
    stands: bool,
}

/// All there is to know of a version.
#[derive(Serialize, ToSchema)]
struct VersionDetail {
    #[serde(flatten)]
    version: VersionView,
    languages: Vec<String>,
    /// What it was made from.
    #[schema(value_type = Object)]
    source: BundleFile,
    /// What goes with it.
    #[schema(value_type = Vec<Object>)]
    files: Vec<BundleFile>,
    /// Files it asks for that it doesn't have.
    missing_files: Vec<String>,
    /// Registers of packs that it writes to and may not, and fields they don't have
    /// (`household.colour`).
    missing_registers: Vec<String>,
    /// Registers that begin, or get more fields, when it is published.
    registers_made: Vec<String>,
    /// What it holds, counted.
    #[schema(value_type = Object)]
    summary: Json,
    /// Whether the last trial with sample data passed; none if there was none.
    trial_passed: Option<bool>,
}

pub(super) fn not_found() -> Problem {
    Problem::new(&Kind::NOT_FOUND)
}

pub(super) fn hash_of(text: &str) -> Result<Hash, Problem> {
    text.parse().map_err(|_| not_found())
}

/// The forms of the caller's areas, of those around them, and of packs.
#[utoipa::path(tag = "forms", params(PageQuery), responses((status = 200, body = Page<FormView>)))]
#[get("/api/v1/forms")]
pub(super) async fn list(
    permitted: Permitted<ReadForms>,
    app: web::Data<App>,
    query: Query<PageQuery>,
) -> Result<web::Json<Page<FormView>>, Problem> {
    let PageQuery { after, limit } = query.read()?;
    let limit = page::limit(limit);
    let found = app
        .read(move |connection| {
            let forms = queries::list(connection, &permitted.areas, after, limit)?;
            view(connection, forms)
        })
        .await?;
    Ok(web::Json(Page::of(found, limit, |form| form.id)))
}

/// One form, with its versions and where they are filled in.
#[utoipa::path(tag = "forms", responses((status = 200, body = FormView)))]
#[get("/api/v1/forms/{id}")]
pub(super) async fn show(
    permitted: Permitted<ReadForms>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<web::Json<FormView>, Problem> {
    let id = id.into_inner();
    let found = app
        .read(move |connection| {
            let form = queries::find(connection, id, &permitted.areas)?;
            view(connection, form.into_iter().collect())
        })
        .await?;
    found.into_iter().next().map(web::Json).ok_or_else(not_found)
}

/// Forms as people read them.
pub(super) fn view(
    connection: &mut AnyConnection,
    forms: Vec<queries::Form>,
) -> diesel::QueryResult<Vec<FormView>> {
    let ids: Vec<Uuid> = forms.iter().map(|form| form.id).collect();
    let mut versions = queries::versions(connection, &ids)?;
    let mut releases = queries::releases(connection, &ids)?;
    let views = forms.into_iter().map(|form| {
        let releases = releases.remove(&form.id).unwrap_or_default();
        let rules: Vec<Release> = releases.iter().map(|one| one.rule.clone()).collect();
        let standing = rules::standing(&rules);
        let versions = versions.remove(&form.id).unwrap_or_default();
        let title = versions.last().map(|version| version.title.clone()).unwrap_or_default();
        let versions = versions.into_iter().rev().map(|version| version_view(version, &rules));
        let releases = releases.into_iter().enumerate().rev();
        FormView {
            id: form.id,
            name: form.name,
            area: form.area,
            title,
            versions: versions.collect(),
            releases: releases.map(|(at, one)| release_view(one, standing.contains(&at))).collect(),
        }
    });
    Ok(views.collect())
}

fn version_view(version: StoredVersion, releases: &[Release]) -> VersionView {
    let state = rules::state(&version.hash, releases);
    let StoredVersion { hash, ordinal, version, title, added_by, added_at } = version;
    VersionView { hash, ordinal, version, title, state, added_by, added_at }
}

fn release_view(release: StoredRelease, stands: bool) -> ReleaseView {
    let StoredRelease { rule, area, reason, decided_by, decided_at } = release;
    ReleaseView { version: rule.version, area, reason, decided_by, decided_at, stands }
}

/// A version of a form that the caller sees: its form's id and its hash.
pub(super) async fn seen(
    app: &App,
    areas: &[AreaPath],
    path: (Uuid, String),
) -> Result<(Uuid, Hash), Problem> {
    let (form, version) = (path.0, hash_of(&path.1)?);
    let areas = areas.to_vec();
    let is_there = app.read(move |connection| {
        let found = queries::find(connection, form, &areas)?;
        Ok(found.is_some() && queries::is_version(connection, form, &version)?)
    });
    if is_there.await? { Ok((form, version)) } else { Err(not_found()) }
}

/// One version: what it holds, what goes with it, and whether it was tried.
#[utoipa::path(tag = "forms", responses((status = 200, body = VersionDetail)))]
#[get("/api/v1/forms/{id}/versions/{hash}")]
pub(super) async fn show_version(
    permitted: Permitted<ReadForms>,
    app: web::Data<App>,
    path: web::Path<(Uuid, String)>,
) -> Result<web::Json<VersionDetail>, Problem> {
    let (id, hash) = seen(&app, &permitted.areas, path.into_inner()).await?;
    detail(&app, id, hash).await.map(web::Json)
}

async fn detail(app: &App, id: Uuid, hash: Hash) -> Result<VersionDetail, Problem> {
    let compiled = app.forms.get(app, hash).await?.ok_or_else(not_found)?;
    let (version, trial) = app
        .read(move |connection| {
            let mut releases = queries::releases(connection, &[id])?;
            let rules: Vec<Release> =
                releases.remove(&id).into_iter().flatten().map(|one| one.rule).collect();
            let versions = queries::versions(connection, &[id])?.remove(&id).unwrap_or_default();
            let version = versions.into_iter().find(|version| version.hash == hash);
            let trial = queries::newest_trial(connection, id, &hash)?;
            Ok((version.map(|version| version_view(version, &rules)), trial))
        })
        .await?;
    Ok(VersionDetail {
        version: version.ok_or_else(not_found)?,
        languages: compiled.bundle.languages.clone(),
        source: compiled.bundle.source.clone(),
        files: compiled.bundle.files.clone(),
        missing_files: missing_files(&compiled.form, &compiled.bundle, &app.definitions()),
        missing_registers: compiled.form.unwritable(&app.definitions()),
        registers_made: registers_made(&compiled.form, &app.definitions()),
        summary: compiled.form.summary().to_json(),
        trial_passed: trial.map(|(passed, _)| passed),
    })
}

/// The registers that begin or grow with a form.
pub(super) fn registers_made(form: &Form, known: &Catalogue) -> Vec<String> {
    form.registers_made(known).into_iter().map(|register| register.name).collect()
}

/// Files that a form asks for and that its bundle doesn't have. A list that is called as a
/// register comes from its records.
pub(super) fn missing_files(form: &Form, bundle: &FormBundle, known: &Catalogue) -> Vec<String> {
    let mut wanted = wanted_files(form, known);
    wanted.retain(|name| !bundle.files.iter().any(|file| file.name == *name));
    wanted
}

/// Files that a form asks for and that come from no register.
pub(crate) fn wanted_files(form: &Form, known: &Catalogue) -> Vec<String> {
    let made = registers_made(form, known);
    let is_known = |name: &str| known.current(name).is_some() || made.iter().any(|one| one == name);
    let is_register = |name: &str| name.strip_suffix(".csv").is_some_and(is_known);
    form.files().into_iter().filter(|name| !is_register(name)).collect()
}

/// What a version says in its languages.
#[derive(Serialize, ToSchema)]
struct Translations {
    /// The languages, the default one first.
    languages: Vec<String>,
    /// Every text that has an id.
    texts: Vec<TextView>,
}

/// A text.
#[derive(Serialize, ToSchema)]
struct TextView {
    /// What it is of: `/data/name:label`.
    id: String,
    /// None for the words themselves, else `guidance`, `image`, `audio`, …
    form: Option<String>,
    /// By language; none where it is missing.
    words: Vec<Option<String>>,
}

/// What a version says in its languages, side by side, and what is missing.
#[utoipa::path(tag = "forms", responses((status = 200, body = Translations)))]
#[get("/api/v1/forms/{id}/versions/{hash}/translations")]
pub(super) async fn translations(
    permitted: Permitted<ReadForms>,
    app: web::Data<App>,
    path: web::Path<(Uuid, String)>,
) -> Result<web::Json<Translations>, Problem> {
    let (_, hash) = seen(&app, &permitted.areas, path.into_inner()).await?;
    let compiled = app.forms.get(&app, hash).await?.ok_or_else(not_found)?;
    let text = |one: Translation| TextView { id: one.id, form: one.form, words: one.words };
    Ok(web::Json(Translations {
        languages: compiled.form.languages.clone(),
        texts: compiled.form.translations().into_iter().map(text).collect(),
    }))
}

/// What a version was made from, as it was uploaded.
#[utoipa::path(tag = "forms", responses((status = 200, description = "The file")))]
#[get("/api/v1/forms/{id}/versions/{hash}/source")]
pub(super) async fn source(
    permitted: Permitted<ReadForms>,
    app: web::Data<App>,
    path: web::Path<(Uuid, String)>,
) -> Result<HttpResponse, Problem> {
    let (_, hash) = seen(&app, &permitted.areas, path.into_inner()).await?;
    let found = app
        .read(move |connection| {
            let Some(bundle) = queries::bundle(connection, &hash)? else { return Ok(None) };
            let bytes = queries::source(connection, &bundle.source.hash)?;
            Ok(bytes.map(|bytes| (bundle.source, bytes)))
        })
        .await?;
    let (file, bytes) = found.ok_or_else(not_found)?;
    Ok(attachment(&file.name, &file.media_type, bytes))
}

/// A version's XForm.
#[utoipa::path(tag = "forms", responses((status = 200, description = "The XForm")))]
#[get("/api/v1/forms/{id}/versions/{hash}/xform")]
pub(super) async fn xform(
    permitted: Permitted<ReadForms>,
    app: web::Data<App>,
    path: web::Path<(Uuid, String)>,
) -> Result<HttpResponse, Problem> {
    let (_, hash) = seen(&app, &permitted.areas, path.into_inner()).await?;
    let found = app.read(move |connection| queries::bundle(connection, &hash)).await?;
    let bundle = found.ok_or_else(not_found)?;
    let name = format!("{}.xml", bundle.form);
    Ok(attachment(&name, "application/xml; charset=utf-8", bundle.xform.into_bytes()))
}

/// A file to be saved under a name, in whatever script it is (RFC 6266, RFC 8187).
fn attachment(name: &str, media_type: &str, bytes: Vec<u8>) -> HttpResponse {
    use header::{Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue};
    let filename = DispositionParam::FilenameExt(ExtendedValue {
        charset: Charset::Ext("UTF-8".to_owned()),
        language_tag: None,
        value: name.as_bytes().to_vec(),
    });
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(ContentDisposition {
            disposition: DispositionType::Attachment,
            parameters: vec![filename],
        })
        .body(bytes)
}

/// Which two versions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct DiffQuery {
    /// The version before.
    from: String,
    /// The version after.
    to: String,
}

/// What is different between two versions.
#[derive(Serialize, ToSchema)]
struct Difference {
    /// What is different, in the order of the form; each with its words in the caller's language,
    /// and what becomes of answers.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Json>,
    /// How many of each kind.
    counts: BTreeMap<String, usize>,
    /// Stored visits that were made with the version before.
    touched: Touched,
}

/// What is different between two versions of a form, and what becomes of answers.
#[utoipa::path(tag = "forms", params(DiffQuery), responses((status = 200, body = Difference)))]
#[get("/api/v1/forms/{id}/diff")]
pub(super) async fn diff(
    permitted: Permitted<ReadForms>,
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<Uuid>,
    query: Query<DiffQuery>,
) -> Result<web::Json<Difference>, Problem> {
    let id = id.into_inner();
    let DiffQuery { from, to } = query.read()?;
    let (_, from) = seen(&app, &permitted.areas, (id, from)).await?;
    let (_, to) = seen(&app, &permitted.areas, (id, to)).await?;
    let before = app.forms.get(&app, from).await?.ok_or_else(not_found)?;
    let after = app.forms.get(&app, to).await?.ok_or_else(not_found)?;
    let locked = app.definitions().current("visit").map(|(_, visit)| visit.locked());
    let (touched, answers) = app
        .read(move |connection| {
            let scopes = areas::scopes_under(connection, &permitted.areas)?;
            carry::made_with(connection, &from, &scopes, &locked.unwrap_or_default())
        })
        .await?;
    let language = Language::of(&request).tag();
    let told = web::block(move || {
        let read = |text: &str| Element::read(text).unwrap_or_default();
        let (xform_before, xform_after) = (read(&before.bundle.xform), read(&after.bundle.xform));
        let changes = form::diff(
            Version { form: &before.form, xform: &xform_before },
            Version { form: &after.form, xform: &xform_after },
        );
        let mut counts = BTreeMap::new();
        let told = changes.iter().map(|change| {
            let mut told = change.to_json();
            let kind = told["change"].as_str().unwrap_or_default().to_owned();
            *counts.entry(kind).or_default() += 1;
            told["words"] = change.describe(language).into();
            told
        });
        let changes = told.collect();
        Difference { changes, counts, touched: touched.try_in(&before, &after, &answers) }
    });
    told.await.map(web::Json).map_err(|_| Problem::new(&Kind::INTERNAL))
}
