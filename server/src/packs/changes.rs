//! What a pack would do to the definitions there are, before it does it.

use diesel::prelude::*;
use mobile_schema::pack::{Bundle, BundleKind, Pack};
use mobile_schema::register::builtin_registers;
use mobile_schema::{Labels, RegisterDefinition};
use serde::Serialize;
use utoipa::ToSchema;

use super::definitions;
use crate::db::AnyConnection;
use crate::db::schema::{bundles, ledgers, packs};

/// A definition of a pack, and what there is of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PackChange {
    /// `register`, `form`, `notice`, `rules` or `ledger`.
    kind: &'static str,
    name: String,
    /// What people read, by language.
    #[schema(value_type = BTreeMap<String, String>)]
    labels: Labels,
    /// The version that comes; none for forms, which count their own.
    version: Option<i64>,
    /// The newest version there is.
    installed: Option<i64>,
    /// Whether that one was changed here, which the pack's takes the place of.
    changed_here: bool,
}

/// Something that stands in the way of a pack.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PackMistake {
    /// The path in the pack.
    pub(super) file: String,
    /// What is wrong, in the caller's language where it is ours.
    pub(super) words: String,
}

/// What a pack changes, and what stands in its way.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) changes: Vec<PackChange>,
    pub(super) mistakes: Vec<PackMistake>,
}

/// The newest of a definition.
struct Newest {
    version: i64,
    bytes: Vec<u8>,
    pack: Option<String>,
    /// Whether it was published here.
    is_own: bool,
}

/// Compares a pack with the definitions there are.
pub(super) fn of(
    connection: &mut AnyConnection,
    pack: &Pack,
    is_chinese: bool,
) -> QueryResult<Changes> {
    let mut found = Changes::default();
    let manifest = &pack.manifest;
    let say = |zh: String, en: String| if is_chinese { zh } else { en };
    let installed: Option<i64> = packs::table
        .filter(packs::name.eq(&manifest.name))
        .select(diesel::dsl::max(packs::version))
        .get_result(connection)?;
    if installed.is_some_and(|installed| installed > i64::from(manifest.version)) {
        let words = say(
            format!("已安装更新的第 {} 版", installed.unwrap_or_default()),
            format!("version {} is installed already", installed.unwrap_or_default()),
        );
        found.mistakes.push(PackMistake { file: "pack.toml".into(), words });
    }
    for bundle in pack.bundles() {
        let there = newest(connection, bundle.kind, &bundle.name)?;
        let file = file_of(&bundle);
        let mut tell = |words: String| {
            found.mistakes.push(PackMistake { file: file.clone(), words });
        };
        let is_register = bundle.kind == BundleKind::Register;
        if is_register && builtin_registers().iter().any(|one| one.name == bundle.name) {
            tell(say(
                "这是系统自带的登记册，不能由包来改".into(),
                "this register is the program's own; packs can't change it".into(),
            ));
        } else if let Some(there) = &there {
            // What was changed here belongs to no pack any more.
            let is_free = there.is_own;
            if !is_free && there.pack.as_deref() != Some(&manifest.name) {
                let owner = there.pack.as_deref().unwrap_or("—");
                tell(say(format!("已属于“{owner}”"), format!("it belongs to `{owner}`")));
            }
            let version = i64::from(bundle.version);
            if version < there.version || version == there.version && bundle.bytes != there.bytes {
                tell(say(
                    format!("第 {} 版已发布，内容不同；请把版本号调高", there.version),
                    format!("version {} is published otherwise; raise the version", there.version),
                ));
            } else if is_register && version > there.version {
                let read = |bytes: &[u8]| serde_json::from_slice::<RegisterDefinition>(bytes).ok();
                if let (Some(before), Some(after)) = (read(&there.bytes), read(&bundle.bytes)) {
                    for broken in before.broken_by(&after) {
                        tell(broken.say(is_chinese));
                    }
                }
            }
        }
        found.changes.push(PackChange {
            kind: bundle.kind.name(),
            name: bundle.name,
            labels: bundle.labels,
            version: Some(bundle.version.into()),
            changed_here: there.as_ref().is_some_and(|there| there.is_own),
            installed: there.map(|there| there.version),
        });
    }
    for form in &pack.forms {
        let (name, title) = (form.bundle.form.clone(), form.bundle.title.clone());
        let labels = Labels([("zh-CN".to_owned(), title)].into());
        let (version, installed, changed_here) = (None, None, false);
        found.changes.push(PackChange {
            kind: "form",
            name,
            labels,
            version,
            installed,
            changed_here,
        });
    }
    for ledger in &pack.ledgers {
        let there: Option<(i64, String)> = ledgers::table
            .filter(ledgers::name.eq(&ledger.name))
            .order(ledgers::version.desc())
            .select((ledgers::version, ledgers::pack))
            .first(connection)
            .optional()?;
        if let Some((_, owner)) = there.as_ref().filter(|(_, owner)| *owner != manifest.name) {
            let words = say(format!("已属于“{owner}”"), format!("it belongs to `{owner}`"));
            let file = format!("ledgers/{}.toml", ledger.name);
            found.mistakes.push(PackMistake { file, words });
        }
        found.changes.push(PackChange {
            kind: "ledger",
            name: ledger.name.clone(),
            labels: ledger.title.clone(),
            version: Some(ledger.version.into()),
            installed: there.map(|(version, _)| version),
            changed_here: false,
        });
    }
    Ok(found)
}

fn file_of(bundle: &Bundle) -> String {
    let folder = match bundle.kind {
        BundleKind::Register => "registers",
        BundleKind::Notice => "notices",
        BundleKind::Rules => "rules",
        BundleKind::Form | BundleKind::Source => "forms",
    };
    format!("{folder}/{}.toml", bundle.name)
}

fn newest(
    connection: &mut AnyConnection,
    kind: BundleKind,
    name: &str,
) -> QueryResult<Option<Newest>> {
    type Row = (i64, Vec<u8>, Option<String>, Vec<u8>);
    let found: Option<Row> = bundles::table
        .filter(bundles::kind.eq(kind.name()).and(bundles::name.eq(name)))
        .order(bundles::version.desc())
        .select((bundles::version, bundles::bytes, bundles::pack, bundles::hash))
        .first(connection)
        .optional()?;
    let Some((version, bytes, pack, hash)) = found else { return Ok(None) };
    // Templates from before it was noted who published them belong to nobody either.
    let is_template = kind == BundleKind::Notice && pack.is_none();
    let is_own = is_template || definitions::is_own(connection, &hash)?;
    Ok(Some(Newest { version, bytes, pack, is_own }))
}
