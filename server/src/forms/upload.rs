//! Uploading a form: compiled at once, refused with everything that is wrong, stored as a version.

use std::collections::BTreeMap;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, post, web};
use bytes::BytesMut;
use futures_util::{StreamExt, TryStreamExt};
use mobile_schema::Hash;
use mobile_schema::form::problem::Kind as Wrong;
use mobile_schema::form::{
    self, BundleFile, Files, FormBundle, Opened, Place, Problem as FormProblem, Severity,
    media_type,
};
use mobile_schema::xml::Element;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use utoipa::{IntoParams, ToSchema};

use super::admin::{FormView, missing_files, registers_made, view};
use super::{NewVersion, add_version, queries};
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::db::Failed;
use crate::http::caller::ManageForms;
use crate::http::problem::Language;
use crate::http::{Kind, Permitted, Problem, Query, pace};
use crate::limits::{MAX_BLOB, MAX_FORM, MAX_FORM_DEPTH, MAX_FORM_FILES, MAX_FORM_LIST};
use crate::media;

/// Whose form it is.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct UploadQuery {
    /// The code of the area whose form it is; may be left out by who looks after one only.
    area: Option<String>,
}

/// What was found in a form.
#[derive(Serialize, ToSchema)]
struct Found {
    /// The form's id, as its author writes it.
    name: String,
    title: String,
    /// As its author writes it.
    version: String,
    languages: Vec<String>,
    /// What it holds, counted.
    #[schema(value_type = Object)]
    summary: Json,
    /// What is probably not as meant; each with its sheet, row, cell and words.
    #[schema(value_type = Vec<Object>)]
    problems: Vec<Json>,
    /// The files it asks for.
    files: Vec<String>,
}

/// What became of an upload.
#[derive(Serialize, ToSchema)]
struct Uploaded {
    form: FormView,
    /// The version.
    #[schema(value_type = String)]
    hash: Hash,
    found: Found,
    /// Files it asks for that it doesn't have: it can't be published until they are uploaded.
    missing_files: Vec<String>,
    /// Registers of packs that it writes to and may not, and fields they don't have
    /// (`household.colour`): nor before a pack has them.
    missing_registers: Vec<String>,
    /// Registers that begin, or get more fields, when it is published.
    registers_made: Vec<String>,
    /// Files that were sent and that it doesn't ask for; they were not kept.
    unused_files: Vec<String>,
}

/// What is sent, part by part.
#[derive(ToSchema)]
#[expect(dead_code, reason = "for the API's description only")]
struct Parts {
    /// An XLSForm (.xlsx, .xls, .md, .csv) or an XForm (.xml).
    #[schema(value_type = String, format = Binary)]
    form: String,
    /// Files that go with it, each a part of its own, after the form.
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<String>,
}

/// Says what a form holds and everything that is wrong with it, and stores nothing.
#[utoipa::path(
    tag = "forms",
    request_body(content = Parts, content_type = "multipart/form-data"),
    responses((status = 200, body = Found), (status = 422, description = "form-invalid")),
)]
#[post("/api/v1/forms/check")]
pub(super) async fn check(
    _permitted: Permitted<ManageForms>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<web::Json<Found>, Problem> {
    let language = Language::of(&request).tag();
    let mut parts = parts(&request, payload)?;
    let (_, opened, _) = compile(&mut parts, language).await?;
    let (mut lists, mut count) = (Lists::new(), 0);
    while let Some((part, file)) = next_file(&mut parts, count).await? {
        count += 1;
        let most = if is_list(&file) { MAX_FORM_LIST } else { MAX_BLOB };
        let bytes = whole(part, most, is_list(&file)).await?;
        if is_list(&file) {
            lists.insert(file.clone(), list(&file, bytes, language).await?);
        }
    }
    let opened = look_at_files(opened, lists, language).await?;
    found(&opened, language).map(web::Json)
}

/// Adds a version to the form of its name, which begins with it if need be. It is a draft until it
/// is published. Files that an earlier version had and that are not sent again go with it.
#[utoipa::path(
    tag = "forms",
    params(UploadQuery),
    request_body(content = Parts, content_type = "multipart/form-data"),
    responses(
        (status = 201, body = Uploaded),
        (status = 200, description = "This very version was there", body = Uploaded),
        (status = 422, description = "form-invalid: with all `problems`, and nothing is stored"),
    ),
)]
#[post("/api/v1/forms")]
pub(super) async fn upload(
    permitted: Permitted<ManageForms>,
    app: web::Data<App>,
    request: HttpRequest,
    query: Query<UploadQuery>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let area = owner(&app, &permitted, query.read()?.area).await?;
    let language = Language::of(&request).tag();
    let mut parts = parts(&request, payload)?;
    let (name, opened, source) = compile(&mut parts, language).await?;
    let (sent, lists) = take_files(&app, &mut parts, language).await?;
    let opened = look_at_files(opened, lists, language).await?;
    let found = found(&opened, language)?;
    let (Some(form), Some(xform)) = (opened.form, opened.xform) else {
        return Err(Problem::new(&Kind::INTERNAL));
    };
    let registers = app.definitions();
    let (wanted, missing_registers) = (form.files(), form.unwritable(&registers));
    let registers_made = registers_made(&form, &registers);
    let (kept, unused): (BTreeMap<_, _>, BTreeMap<_, _>) =
        sent.into_iter().partition(|(name, _)| wanted.contains(name));
    let (user, now) = (permitted.caller.user, app.now());
    let source_file = BundleFile::of(&name, &source);
    let stored: Result<_, Failed<Problem>> = app
        .database
        .write(move |connection| {
            let mut files = kept.clone();
            // What the version before had goes on being there.
            if let Some(id) = queries::find_named(connection, &form.id, Some(&area))? {
                let versions = queries::versions(connection, &[id])?.remove(&id);
                let last = versions.and_then(|mut versions| versions.pop());
                let last = match last {
                    Some(last) => queries::bundle(connection, &last.hash)?,
                    None => None,
                };
                for file in last.into_iter().flat_map(|bundle| bundle.files) {
                    if wanted.contains(&file.name) {
                        files.entry(file.name.clone()).or_insert(file);
                    }
                }
            }
            for file in files.values() {
                media::note_blob(connection, &file.hash, file.length, &file.media_type, now)?;
            }
            let files = files.into_values().collect();
            let bundle = FormBundle::new(&form, &xform, source_file.clone(), files);
            let missing = missing_files(&form, &bundle, &registers);
            let new = NewVersion {
                area: Some(&area),
                bundle: &bundle,
                source: &source,
                pack: None,
                by: Some(user),
            };
            let added = add_version(connection, &new, now)?;
            if added.is_new {
                let (did, subject) = (Did::UploadForm, added.form.to_string());
                let detail = json!({ "name": bundle.form, "version": added.hash });
                audit::note(connection, user, did, subject, detail, now)?;
            }
            let form = queries::find(connection, added.form, &permitted.areas)?;
            let view = view(connection, form.into_iter().collect())?.pop();
            Ok((added, view, missing))
        })
        .await;
    let (added, view, missing_files) = stored.map_err(Problem::from)?;
    let form = view.ok_or_else(|| Problem::new(&Kind::INTERNAL))?;
    let unused_files = unused.into_keys().collect();
    let hash = added.hash;
    let uploaded = Uploaded {
        form,
        hash,
        found,
        missing_files,
        missing_registers,
        registers_made,
        unused_files,
    };
    let mut answer = if added.is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.json(uploaded))
}

/// The area whose form it will be.
async fn owner(
    app: &App,
    permitted: &Permitted<ManageForms>,
    asked: Option<String>,
) -> Result<String, Problem> {
    let theirs = permitted.areas.clone();
    let Some(code) = asked else {
        return match theirs.as_slice() {
            [one] => Ok(one.code().to_owned()),
            _ => Err(Problem::new(&Kind::MALFORMED).detail("area: say whose form it is")),
        };
    };
    let wanted = code.clone();
    let found = app.read(move |connection| areas::paths_of(connection, &[wanted])).await?;
    let is_theirs = found.iter().any(|path| theirs.iter().any(|area| path.is_in(area)));
    if is_theirs { Ok(code) } else { Err(Problem::new(&Kind::NOT_FOUND)) }
}

fn parts(request: &HttpRequest, payload: web::Payload) -> Result<Multipart, Problem> {
    let media_type = request.headers().get(header::CONTENT_TYPE);
    if !media_type.is_some_and(|value| value.as_bytes().starts_with(b"multipart/form-data")) {
        let problem = Problem::new(&Kind::UNSUPPORTED_MEDIA_TYPE);
        return Err(problem.detail("send multipart/form-data"));
    }
    Ok(Multipart::new(request.headers(), payload))
}

fn malformed(what: impl Into<String>) -> Problem {
    Problem::new(&Kind::MALFORMED).detail(what)
}

fn broken(error: &MultipartError) -> Problem {
    match error {
        MultipartError::Payload(error) => pace::broken(error),
        error => malformed(error.to_string()),
    }
}

/// The next part, with its name and that of its file.
async fn next(parts: &mut Multipart) -> Result<Option<(Field, String, String)>, Problem> {
    let Some(part) = parts.next().await else { return Ok(None) };
    let part = part.map_err(|error| broken(&error))?;
    let name = part.name().unwrap_or_default().to_owned();
    let disposition = part.content_disposition();
    let file = disposition.and_then(|one| one.get_filename()).unwrap_or_default();
    // Some browsers send the whole path.
    let file = file.rsplit(['/', '\\']).next().unwrap_or_default().trim().to_owned();
    Ok(Some((part, name, file)))
}

/// Reads the form, which comes first, and compiles it.
async fn compile(
    parts: &mut Multipart,
    language: &'static str,
) -> Result<(String, Opened, Vec<u8>), Problem> {
    let first = next(parts).await?;
    let (part, _, file) = first
        .filter(|(_, name, _)| name == "form")
        .ok_or_else(|| malformed("form: the first part is the form"))?;
    if file.is_empty() {
        return Err(malformed("form: a file with a name"));
    }
    let bytes = whole(part, MAX_FORM as u64, true).await?;
    let stem = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem).to_owned();
    let compiled = web::block(move || {
        let mut opened = form::open(&bytes, &stem);
        let depth = opened.form.as_ref().map_or(0, mobile_schema::form::Form::depth);
        if depth > MAX_FORM_DEPTH {
            let kind = Wrong::NestedTooDeep(MAX_FORM_DEPTH);
            opened.problems.insert(0, FormProblem::error(Place::default(), kind));
        }
        opened.keep_out();
        (opened, bytes)
    });
    let (opened, bytes) = compiled.await.map_err(|_| Problem::new(&Kind::INTERNAL))?;
    refuse_errors(&opened, language)?;
    Ok((file, opened, bytes))
}

/// The bytes of a part, if they are no more than they may be; none where they are not kept.
async fn whole(mut part: Field, most: u64, keeps: bool) -> Result<Vec<u8>, Problem> {
    let (mut bytes, mut length) = (BytesMut::new(), 0_u64);
    while let Some(piece) = part.next().await {
        let piece = piece.map_err(|error| broken(&error))?;
        length += piece.len() as u64;
        if length > most {
            return Err(Problem::new(&Kind::TOO_LARGE).with("limit", most).detail("form"));
        }
        if keeps {
            bytes.extend_from_slice(&piece);
        }
    }
    Ok(bytes.to_vec())
}

fn refuse_errors(opened: &Opened, language: &str) -> Result<(), Problem> {
    let errors = opened.problems.iter().filter(|one| one.severity == Severity::Error).count();
    if errors > 0 || opened.form.is_none() {
        return Err(invalid(&opened.problems, language).with("errors", errors));
    }
    Ok(())
}

/// Lists by the names of their files.
type Lists = BTreeMap<String, Element>;

fn is_list(file: &str) -> bool {
    media_type(file).starts_with("text/csv") || file.ends_with(".geojson")
}

/// A list: one that can't be read would leave a question without choices.
async fn list(
    file: &str,
    bytes: impl AsRef<[u8]> + Send + 'static,
    language: &str,
) -> Result<Element, Problem> {
    let name = file.to_owned();
    let read = web::block(move || form::read_list(&name, bytes.as_ref())).await;
    read.map_err(|_| Problem::new(&Kind::INTERNAL))?.map_err(|kind| {
        let place = Place { sheet: file.to_owned(), ..Place::default() };
        invalid(&[FormProblem::error(place, kind)], language).with("errors", 1)
    })
}

/// Looks at a form and the lists that came with it together.
async fn look_at_files(
    mut opened: Opened,
    mut lists: Lists,
    language: &str,
) -> Result<Opened, Problem> {
    let looked = web::block(move || {
        if let Some(form) = &opened.form {
            let name = |source: &str| source.rsplit('/').next().unwrap_or_default().to_owned();
            let named = form.instances.iter().filter_map(|instance| {
                let list = lists.remove(&name(instance.source.as_deref()?))?;
                Some((instance.id.clone(), list))
            });
            let files: Files = named.collect();
            opened.inspect_files(&files);
        }
        opened.keep_out();
        opened
    });
    let opened = looked.await.map_err(|_| Problem::new(&Kind::INTERNAL))?;
    refuse_errors(&opened, language)?;
    Ok(opened)
}

fn invalid(problems: &[FormProblem], language: &str) -> Problem {
    let told: Vec<Json> = problems.iter().map(|one| one.to_json(language)).collect();
    Problem::new(&Kind::FORM_INVALID).with("problems", told)
}

fn found(opened: &Opened, language: &str) -> Result<Found, Problem> {
    let form = opened.form.as_ref().ok_or_else(|| Problem::new(&Kind::INTERNAL))?;
    Ok(Found {
        name: form.id.clone(),
        title: form.title.clone(),
        version: form.version.clone(),
        languages: form.languages.clone(),
        summary: form.summary().to_json(),
        problems: opened.problems.iter().map(|one| one.to_json(language)).collect(),
        files: form.files(),
    })
}

/// Takes in the files, each straight into the media store. A list is looked at: one that can't be
/// read would leave a question without choices.
async fn take_files(
    app: &App,
    parts: &mut Multipart,
    language: &str,
) -> Result<(BTreeMap<String, BundleFile>, Lists), Problem> {
    let (mut files, mut lists) = (BTreeMap::new(), Lists::new());
    while let Some((part, file)) = next_file(parts, files.len()).await? {
        let pieces = part.map_err(|error| broken(&error)).boxed_local();
        let deposited = media::deposit(app, pieces, MAX_BLOB, is_list(&file)).await?;
        if let Some(bytes) = deposited.bytes.clone() {
            lists.insert(file.clone(), list(&file, bytes, language).await?);
        }
        let (hash, length) = (deposited.hash, deposited.length);
        let media_type = media_type(&file).to_owned();
        let taken = BundleFile { name: file.clone(), hash, length, media_type };
        if files.insert(file.clone(), taken).is_some() {
            return Err(malformed(format!("file: {file} twice")));
        }
    }
    Ok((files, lists))
}

/// The next file that goes with the form, after as many.
async fn next_file(
    parts: &mut Multipart,
    before: usize,
) -> Result<Option<(Field, String)>, Problem> {
    let Some((part, name, file)) = next(parts).await? else { return Ok(None) };
    if name != "file" {
        return Err(malformed(format!("{name}: parts are `form` and `file`")));
    }
    if file.is_empty() || file.len() > 200 || file.contains('\0') {
        return Err(malformed("file: a name of at most 200 bytes"));
    }
    if before >= MAX_FORM_FILES {
        let problem = Problem::new(&Kind::TOO_LARGE).with("limit", MAX_FORM_FILES);
        return Err(problem.detail("file"));
    }
    Ok(Some((part, file)))
}
