//! Definitions and their versions, as people see and publish them.

use actix_web::{get, web};
use diesel::prelude::*;
use mobile_schema::Hash;
use mobile_schema::pack::{Bundle, BundleKind};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sync_protocol::UserId;
use utoipa::{IntoParams, ToSchema};

use super::install::{newest_version, publish};
use crate::app::App;
use crate::db::schema::{bundles, publications, users};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{AnyConnection, Failed};
use crate::http::caller::ReadForms;
use crate::http::{Kind, Permitted, Problem, Query};

/// A definition, with its versions.
#[derive(Serialize, ToSchema)]
struct DefinitionView {
    name: String,
    /// Its versions, the newest first: the first is the one that counts.
    versions: Vec<DefinitionVersion>,
}

/// A version of a definition.
#[derive(Serialize, ToSchema)]
pub(crate) struct DefinitionVersion {
    version: i64,
    /// Its address: the whole of it is at `/sync/v1/bundles/{hash}`.
    #[schema(value_type = String)]
    hash: Hash,
    /// What people read, by language.
    #[schema(value_type = BTreeMap<String, String>)]
    labels: Box<RawValue>,
    /// The pack it came with; none where it was published here, or is the program's own.
    pack: Option<String>,
    #[schema(value_type = String)]
    added_at: Timestamp,
    /// Who published it here.
    by: Option<String>,
    /// Why, in their words.
    reason: Option<String>,
}

/// Which definitions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct DefinitionsQuery {
    /// `register`, `notice` or `rules`.
    kind: String,
}

/// The definitions of a kind, with their versions and who published them.
#[utoipa::path(
    tag = "packs",
    params(DefinitionsQuery),
    responses((status = 200, body = Vec<DefinitionView>)),
)]
#[get("/api/v1/definitions")]
pub(super) async fn list_definitions(
    _permitted: Permitted<ReadForms>,
    app: web::Data<App>,
    query: Query<DefinitionsQuery>,
) -> Result<web::Json<Vec<DefinitionView>>, Problem> {
    let DefinitionsQuery { kind } = query.read()?;
    let kinds = [BundleKind::Register, BundleKind::Notice, BundleKind::Rules];
    let kind = kinds.into_iter().find(|one| one.name() == kind);
    let kind = kind.ok_or_else(|| Problem::new(&Kind::MALFORMED).detail("kind"))?;
    app.read(move |connection| all(connection, kind)).await.map(web::Json)
}

fn all(connection: &mut AnyConnection, kind: BundleKind) -> QueryResult<Vec<DefinitionView>> {
    type Row =
        (String, i64, Vec<u8>, JsonText, Option<String>, Timestamp, Option<String>, Option<String>);
    let rows: Vec<Row> = bundles::table
        .left_join(publications::table.inner_join(users::table))
        .filter(bundles::kind.eq(kind.name()))
        .order((bundles::name, bundles::version.desc()))
        .select((
            bundles::name,
            bundles::version,
            bundles::hash,
            bundles::labels,
            bundles::pack,
            bundles::created_at,
            users::display_name.nullable(),
            publications::reason.nullable(),
        ))
        .load(connection)?;
    let mut found: Vec<DefinitionView> = Vec::new();
    for (name, version, hash, labels, pack, added_at, by, reason) in rows {
        let (hash, labels) = (Hash(hash.try_into().unwrap_or_default()), labels.raw()?);
        let version = DefinitionVersion { version, hash, labels, pack, added_at, by, reason };
        match found.last_mut() {
            Some(last) if last.name == name => last.versions.push(version),
            _ => found.push(DefinitionView { name, versions: vec![version] }),
        }
    }
    Ok(found)
}

/// Publishes a further version of a definition as it was written here: it has to follow the newest
/// there is.
pub(crate) fn publish_own(
    connection: &mut AnyConnection,
    bundle: &Bundle,
    (by, reason): (UserId, &str),
    now: Timestamp,
) -> Result<DefinitionVersion, Failed<Problem>> {
    let newest = newest_version(connection, bundle.kind, &bundle.name)?;
    let version = i64::from(bundle.version);
    if version != newest + 1 {
        return Err(Failed::Rule(Problem::new(&Kind::STALE_VIEW).with("newest", newest)));
    }
    let published = publish(connection, bundle, None, now);
    published.map_err(|failed| failed.map(|_| Problem::new(&Kind::STALE_VIEW)))?;
    let hash = bundle.hash();
    diesel::insert_into(publications::table)
        .values((
            publications::bundle.eq(hash.as_bytes().to_vec()),
            publications::reason.eq(reason),
            publications::decided_by.eq(Key::from(by)),
            publications::decided_at.eq(now),
        ))
        .execute(connection)?;
    let by = users::table.find(Key::from(by)).select(users::display_name).first(connection)?;
    Ok(DefinitionVersion {
        version,
        hash,
        labels: JsonText::of(&bundle.labels).raw()?,
        pack: None,
        added_at: now,
        by: Some(by),
        reason: Some(reason.to_owned()),
    })
}

/// Follows definitions that have changed: they are read anew, and whatever is asked for because of
/// them is done.
pub(crate) async fn changed(app: &App) -> Result<(), Problem> {
    app.reload_definitions().await?;
    app.checks.ring();
    app.jobs.ring();
    Ok(())
}

/// Whether a version was published here, and not with a pack or the program.
pub(super) fn is_own(connection: &mut AnyConnection, bundle: &[u8]) -> QueryResult<bool> {
    let found: i64 = publications::table
        .filter(publications::bundle.eq(bundle))
        .count()
        .get_result(connection)?;
    Ok(found > 0)
}
