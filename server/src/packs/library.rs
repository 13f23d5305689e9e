//! The packs that are installed, and installing one that an admin brings.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use diesel::prelude::*;
use mobile_schema::pack::archive::{self, ArchiveProblem};
use mobile_schema::pack::{Pack, PackManifest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::changes::{self, PackChange, PackMistake};
use super::definitions;
use super::install::{InstallProblem, install};
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::db::schema::packs;
use crate::db::types::{JsonText, Timestamp};
use crate::db::{AnyConnection, Failed};
use crate::http::caller::{ManageForms, ReadForms};
use crate::http::{FileBody, Kind, Language, Permitted, Problem, Query};
use crate::limits::MAX_PACK;
use crate::sync::check_reason;

/// An installed pack.
#[derive(Serialize, ToSchema)]
pub(super) struct PackView {
    name: String,
    /// Its newest version.
    version: u32,
    /// What people read, by language.
    #[schema(value_type = BTreeMap<String, String>)]
    labels: mobile_schema::Labels,
    /// What it is for, by language.
    #[schema(value_type = BTreeMap<String, String>)]
    description: mobile_schema::Labels,
    #[schema(value_type = String)]
    installed_at: Timestamp,
    /// The versions that were installed before, the newest first.
    earlier: Vec<PackVersion>,
}

/// A version of a pack that was installed.
#[derive(Serialize, ToSchema)]
struct PackVersion {
    version: u32,
    #[schema(value_type = String)]
    installed_at: Timestamp,
}

/// The packs that are installed.
#[utoipa::path(tag = "packs", responses((status = 200, body = Vec<PackView>)))]
#[get("/api/v1/packs")]
pub(super) async fn list_packs(
    _permitted: Permitted<ReadForms>,
    app: web::Data<App>,
) -> Result<web::Json<Vec<PackView>>, Problem> {
    app.read(all).await.map(web::Json)
}

fn all(connection: &mut AnyConnection) -> QueryResult<Vec<PackView>> {
    let rows: Vec<(JsonText, Timestamp)> = packs::table
        .order((packs::name, packs::version))
        .select((packs::manifest, packs::installed_at))
        .load(connection)?;
    let mut packs: BTreeMap<String, PackView> = BTreeMap::new();
    for (manifest, installed_at) in rows {
        let PackManifest { name, version, labels, description } = manifest.read()?;
        let before = packs.remove(&name);
        let earlier = before.map_or_else(Vec::new, |before| {
            let PackView { version, installed_at, mut earlier, .. } = before;
            earlier.insert(0, PackVersion { version, installed_at });
            earlier
        });
        let view =
            PackView { name: name.clone(), version, labels, description, installed_at, earlier };
        packs.insert(name, view);
    }
    Ok(packs.into_values().collect())
}

/// Whether it is done, and why.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct InstallQuery {
    /// Whether it is only told what would change.
    #[serde(default)]
    dry_run: bool,
    /// Why, in the person's words; it is kept with their name. Needed where it is done.
    reason: Option<String>,
}

/// What a pack changes.
#[derive(Serialize, ToSchema)]
pub(super) struct Installed {
    name: String,
    version: u32,
    /// What people read, by language.
    #[schema(value_type = BTreeMap<String, String>)]
    labels: mobile_schema::Labels,
    changes: Vec<PackChange>,
}

fn wrong(mistakes: Vec<PackMistake>) -> Problem {
    let mistakes = serde_json::to_value(mistakes).unwrap_or_default();
    Problem::new(&Kind::PACK_INVALID).with("problems", mistakes)
}

/// Reads an archive, and finds everything that is wrong with the pack in it.
fn read(bytes: &[u8], is_chinese: bool) -> Result<Pack, Problem> {
    let files = archive::unpack(bytes).map_err(|problem| match problem {
        ArchiveProblem::Damaged(why) => {
            let words = if is_chinese {
                format!("不是 ZIP 文件，或已损坏（{why}）")
            } else {
                format!("this is no ZIP archive, or a damaged one ({why})")
            };
            wrong(vec![PackMistake { file: String::new(), words }])
        }
        ArchiveProblem::TooLarge => Problem::new(&Kind::TOO_LARGE).with("limit", MAX_PACK),
    })?;
    Pack::read(&files).map_err(|problems| {
        let mistake = |one: mobile_schema::pack::PackProblem| PackMistake {
            file: one.file,
            words: one.message.say(is_chinese),
        };
        wrong(problems.into_iter().map(mistake).collect())
    })
}

/// Installs a pack (a ZIP archive of its folder): what is new in it becomes the newest version of
/// each definition, and nothing that was published changes. Its forms are drafts until they are
/// published in an area. Packs are the whole server's: who installs one is an admin of all areas.
#[utoipa::path(
    tag = "packs",
    params(InstallQuery),
    request_body(content = Vec<u8>, content_type = "application/zip"),
    responses(
        (status = 200, body = Installed, description = "What changed, or would"),
        (status = 422, description = "pack-invalid: `problems` has each, with `file` and `words`"),
    ),
)]
#[post("/api/v1/packs")]
pub(super) async fn install_pack(
    permitted: Permitted<ManageForms>,
    app: web::Data<App>,
    request: HttpRequest,
    query: Query<InstallQuery>,
    body: FileBody,
) -> Result<HttpResponse, Problem> {
    let InstallQuery { dry_run, reason } = query.read()?;
    let reason = reason.unwrap_or_default();
    if !dry_run {
        check_reason(&reason)?;
    }
    let is_chinese = Language::of(&request) == Language::Chinese;
    let bytes = body.receive(MAX_PACK).await?;
    // A pack's forms are compiled, which takes its time.
    let pack = web::block(move || read(&bytes, is_chinese)).await;
    let pack = pack.map_err(|_| Problem::new(&Kind::INTERNAL))??;
    let (by, now, areas) = (permitted.caller.user, app.now(), permitted.areas);
    let done: Result<Installed, Failed<Problem>> = app
        .database
        .write(move |connection| {
            if !areas::is_everywhere(connection, &areas)? {
                return Err(Failed::Rule(Problem::new(&Kind::EVERYWHERE)));
            }
            let found = changes::of(connection, &pack, is_chinese)?;
            if !found.mistakes.is_empty() {
                return Err(Failed::Rule(wrong(found.mistakes)));
            }
            let PackManifest { name, version, labels, .. } = pack.manifest.clone();
            if !dry_run {
                let installed = install(connection, &pack, now);
                installed.map_err(|failed| failed.map(|one| published(one, is_chinese)))?;
                let detail = serde_json::json!({ "version": version, "reason": reason });
                audit::note(connection, by, Did::InstallPack, &name, detail, now)?;
            }
            Ok(Installed { name, version, labels, changes: found.changes })
        })
        .await;
    let done = done.map_err(Problem::from)?;
    if !dry_run {
        definitions::changed(&app).await?;
    }
    Ok(HttpResponse::Ok().json(done))
}

fn published(problem: InstallProblem, is_chinese: bool) -> Problem {
    let InstallProblem::Published { name, version } = problem;
    let words = if is_chinese {
        format!("“{name}”第 {version} 版已发布，内容不同；请把版本号调高")
    } else {
        format!("version {version} of `{name}` is published otherwise; raise the version")
    };
    wrong(vec![PackMistake { file: name, words }])
}
