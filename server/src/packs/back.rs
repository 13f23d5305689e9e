//! Going back to an earlier version of a pack: what stood then is published once more, as the next
//! version of each definition. Nothing that was published changes or goes away.

use actix_web::{HttpResponse, post, web};
use diesel::prelude::*;
use mobile_schema::Labels;
use mobile_schema::ledger::LedgerDefinition;
use mobile_schema::notice::NoticeTemplate;
use mobile_schema::pack::{Bundle, BundleKind, notice_bundle, rules_bundle};
use mobile_schema::rule::RuleSet;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_protocol::UserId;
use utoipa::ToSchema;

use super::definitions::{self, publish_own};
use super::install::{ledgers, publish_ledger};
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::db::schema::{self, bundles, packs};
use crate::db::types::{JsonText, Timestamp};
use crate::db::{AnyConnection, Failed};
use crate::http::caller::ManageForms;
use crate::http::{Body, Kind, Permitted, Problem};
use crate::sync::check_reason;

/// Where to go back to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GoingBack {
    /// The version of the pack.
    version: u32,
    /// Whether it is only told what would change.
    #[serde(default)]
    dry_run: bool,
    /// Why, in the person's words; it is kept with their name. Needed where it is done.
    reason: Option<String>,
}

/// What goes back.
#[derive(Serialize, ToSchema)]
pub(super) struct GoneBack {
    name: String,
    version: u32,
    definitions: Vec<BackChange>,
}

/// What becomes of a definition of the pack.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct BackChange {
    /// `register`, `notice`, `rules` or `ledger`.
    kind: &'static str,
    name: String,
    /// What people read, by language.
    #[schema(value_type = BTreeMap<String, String>)]
    labels: Labels,
    /// The version that counts now.
    now: i64,
    /// The version that counted then; none where there was none.
    then: Option<i64>,
    /// The version it becomes; none where it stays as it is.
    becomes: Option<i64>,
}

/// Goes back to an earlier version of a pack: its rules, templates of notifications and ledgers are
/// published once more as they stood before the version after it was installed, with what was
/// changed here; or as the newest brought them, without. Rules that came later are emptied.
/// Registers stay, for records are kept in them, and so do templates that came later. Forms go back
/// by their own releases. Packs are the whole server's: it takes an admin of all areas.
#[utoipa::path(
    tag = "packs",
    request_body = GoingBack,
    responses((status = 200, body = GoneBack, description = "What went back, or would")),
)]
#[post("/api/v1/packs/{name}/back")]
pub(super) async fn go_back(
    permitted: Permitted<ManageForms>,
    app: web::Data<App>,
    pack: web::Path<String>,
    body: Body<GoingBack>,
) -> Result<HttpResponse, Problem> {
    let GoingBack { version, dry_run, reason } = body.read().await?;
    let reason = reason.unwrap_or_default();
    if !dry_run {
        check_reason(&reason)?;
    }
    let (by, now, areas) = (permitted.caller.user, app.now(), permitted.areas);
    let name = pack.into_inner();
    let done: Result<GoneBack, Failed<Problem>> = app
        .database
        .write(move |connection| {
            if !areas::is_everywhere(connection, &areas)? {
                return Err(Failed::Rule(Problem::new(&Kind::EVERYWHERE)));
            }
            let at = moment_of(connection, &name, version)?;
            let at = at.ok_or_else(|| Failed::Rule(Problem::new(&Kind::NOT_FOUND)))?;
            let mut definitions = Vec::new();
            for standing in standings(connection, &name, at)? {
                if !dry_run && let Some(back) = &standing.back {
                    back.publish(connection, &name, (by, &reason), now)?;
                }
                definitions.push(standing.told());
            }
            if !dry_run {
                let detail = json!({ "version": version, "reason": reason });
                audit::note(connection, by, Did::PackBack, &name, detail, now)?;
            }
            Ok(GoneBack { name: name.clone(), version, definitions })
        })
        .await;
    let done = done.map_err(Problem::from)?;
    if !dry_run {
        definitions::changed(&app).await?;
    }
    Ok(HttpResponse::Ok().json(done))
}

/// The last moment at which a version of a pack counted, as far as installing packs goes: for the
/// newest, that of its installation. None where it was never installed.
fn moment_of(
    connection: &mut AnyConnection,
    name: &str,
    version: u32,
) -> QueryResult<Option<Timestamp>> {
    let versions: Vec<(i64, Timestamp)> = packs::table
        .filter(packs::name.eq(name).and(packs::version.ge(i64::from(version))))
        .order(packs::version)
        .limit(2)
        .select((packs::version, packs::installed_at))
        .load(connection)?;
    Ok(match versions.as_slice() {
        [(own, _), ..] if *own != i64::from(version) => None,
        [_, (_, next)] => Some(Timestamp(next.0 - 1)),
        [(_, installed)] => Some(*installed),
        _ => None,
    })
}

/// How a definition stands, and stood.
struct Standing {
    kind: &'static str,
    name: String,
    labels: Labels,
    now: i64,
    then: Option<i64>,
    /// What is to be published; none where it stays as it is.
    back: Option<Back>,
}

/// A definition as it stood, with the next version's number.
enum Back {
    Bundle(Bundle),
    Ledger(LedgerDefinition),
}

impl Back {
    fn version(&self) -> u32 {
        match self {
            Self::Bundle(bundle) => bundle.version,
            Self::Ledger(ledger) => ledger.version,
        }
    }

    fn publish(
        &self,
        connection: &mut AnyConnection,
        pack: &str,
        decided: (UserId, &str),
        now: Timestamp,
    ) -> Result<(), Failed<Problem>> {
        match self {
            Self::Bundle(bundle) => publish_own(connection, bundle, decided, now).map(|_| ()),
            Self::Ledger(ledger) => publish_ledger(connection, ledger, pack, now)
                .map_err(|failed| failed.map(|_| Problem::new(&Kind::STALE_VIEW))),
        }
    }
}

impl Standing {
    fn told(self) -> BackChange {
        let Self { kind, name, labels, now, then, back } = self;
        let becomes = back.map(|back| back.version().into());
        BackChange { kind, name, labels, now, then, becomes }
    }
}

/// A version of a definition.
#[derive(Queryable)]
struct Stored {
    version: i64,
    labels: JsonText,
    bytes: Vec<u8>,
    added_at: Timestamp,
}

/// The definitions that a pack ever brought, as they stand and as they stood then.
fn standings(
    connection: &mut AnyConnection,
    pack: &str,
    at: Timestamp,
) -> QueryResult<Vec<Standing>> {
    let mut found = Vec::new();
    for kind in [BundleKind::Register, BundleKind::Notice, BundleKind::Rules] {
        let names: Vec<String> = bundles::table
            .filter(bundles::pack.eq(pack).and(bundles::kind.eq(kind.name())))
            .select(bundles::name)
            .distinct()
            .order(bundles::name)
            .load(connection)?;
        for name in names {
            let versions: Vec<Stored> = bundles::table
                .filter(bundles::kind.eq(kind.name()).and(bundles::name.eq(&name)))
                .order(bundles::version)
                .select((bundles::version, bundles::labels, bundles::bytes, bundles::created_at))
                .load(connection)?;
            found.extend(standing(kind, name, &versions, at)?);
        }
    }
    for newest in ledgers(connection)? {
        found.extend(ledger(connection, newest, pack, at)?);
    }
    Ok(found)
}

fn standing(
    kind: BundleKind,
    name: String,
    versions: &[Stored],
    at: Timestamp,
) -> QueryResult<Option<Standing>> {
    let Some(newest) = versions.last() else { return Ok(None) };
    let then = versions.iter().rev().find(|one| one.added_at <= at);
    let as_of = |version: i64| as_it_was(kind, then, newest, version);
    let back = match as_of(newest.version)? {
        Some(same) if same.bytes == newest.bytes => None,
        _ => as_of(newest.version + 1)?,
    };
    Ok(Some(Standing {
        kind: kind.name(),
        name,
        labels: newest.labels.read()?,
        now: newest.version,
        then: then.map(|then| then.version),
        back: back.map(Back::Bundle),
    }))
}

/// A definition as it stood then, with a version's number; none where it stays as it is.
fn as_it_was(
    kind: BundleKind,
    then: Option<&Stored>,
    newest: &Stored,
    version: i64,
) -> QueryResult<Option<Bundle>> {
    let version = u32::try_from(version).unwrap_or(u32::MAX);
    Ok(match (kind, then) {
        (BundleKind::Rules, Some(then)) => {
            Some(rules_bundle(&RuleSet { version, ..read(&then.bytes)? }))
        }
        (BundleKind::Rules, None) => {
            let (rules, photos) = (Vec::new(), None);
            Some(rules_bundle(&RuleSet { version, rules, photos, ..read(&newest.bytes)? }))
        }
        (BundleKind::Notice, Some(then)) => {
            Some(notice_bundle(&NoticeTemplate { version, ..read(&then.bytes)? }))
        }
        _ => None,
    })
}

fn ledger(
    connection: &mut AnyConnection,
    newest: LedgerDefinition,
    pack: &str,
    at: Timestamp,
) -> QueryResult<Option<Standing>> {
    let versions: Vec<(String, JsonText, Timestamp)> = schema::ledgers::table
        .filter(schema::ledgers::name.eq(&newest.name))
        .order(schema::ledgers::version.desc())
        .select((schema::ledgers::pack, schema::ledgers::definition, schema::ledgers::installed_at))
        .load(connection)?;
    if versions.first().is_none_or(|(owner, ..)| owner != pack) {
        return Ok(None);
    }
    let then = versions.iter().find(|(_, _, installed)| *installed <= at);
    let then: Option<LedgerDefinition> =
        then.map(|(_, definition, _)| definition.read()).transpose()?;
    let back = then
        .clone()
        .filter(|then| LedgerDefinition { version: newest.version, ..then.clone() } != newest);
    Ok(Some(Standing {
        kind: "ledger",
        name: newest.name,
        labels: newest.title,
        now: newest.version.into(),
        then: then.map(|then| then.version.into()),
        back: back
            .map(|then| Back::Ledger(LedgerDefinition { version: newest.version + 1, ..then })),
    }))
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> QueryResult<T> {
    serde_json::from_slice(bytes)
        .map_err(|error| diesel::result::Error::DeserializationError(error.into()))
}
