//! Installing packs: their definitions become bundles that never change.

use std::collections::BTreeMap;

use diesel::prelude::*;
use mobile_schema::ledger::LedgerDefinition;
use mobile_schema::notice::NoticeTemplate;
use mobile_schema::pack::{Bundle, BundleKind, Pack, register_bundle, rules_bundle};
use mobile_schema::register::{builtin_registers, with_rights};
use mobile_schema::rule::RuleSet;
use mobile_schema::{Catalogue, Hash, RegisterDefinition};
use serde::de::DeserializeOwned;

use super::definitions;
use crate::db::schema::{self, bundles, packs};
use crate::db::types::{JsonText, Timestamp};
use crate::db::{AnyConnection, Failed};
use crate::forms::{self, NewVersion};
use crate::{checks, notices};

/// Why a pack was not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallProblem {
    /// This version is installed, with other definitions.
    #[error("version {version} of `{name}` is published with other content; raise the version")]
    Published {
        /// The register, form, template or pack.
        name: String,
        /// Its version.
        version: u32,
    },
}

/// Installs a pack, or does nothing if it is installed.
pub fn install(
    connection: &mut AnyConnection,
    pack: &Pack,
    now: Timestamp,
) -> Result<(), Failed<InstallProblem>> {
    let manifest = &pack.manifest;
    for bundle in pack.bundles() {
        publish(connection, &bundle, Some(&manifest.name), now)?;
    }
    for ledger in &pack.ledgers {
        publish_ledger(connection, ledger, &manifest.name, now)?;
    }
    let version = i64::from(manifest.version);
    let installed: i64 = packs::table
        .filter(packs::name.eq(&manifest.name).and(packs::version.eq(version)))
        .count()
        .get_result(connection)?;
    for form in &pack.forms {
        let new = NewVersion {
            area: None,
            bundle: &form.bundle,
            source: form.source.as_bytes(),
            pack: Some(&manifest.name),
            by: None,
        };
        let added = forms::add_version(connection, &new, now)?;
        if added.is_new && installed > 0 {
            let (name, version) = (form.bundle.form.clone(), manifest.version);
            return Err(Failed::Rule(InstallProblem::Published { name, version }));
        }
    }
    if installed == 0 {
        diesel::insert_into(packs::table)
            .values((
                packs::name.eq(&manifest.name),
                packs::version.eq(version),
                packs::manifest.eq(JsonText::of(manifest)),
                packs::installed_at.eq(now),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// Publishes the registers and rules every county has.
pub fn install_builtin(
    connection: &mut AnyConnection,
    now: Timestamp,
) -> Result<(), Failed<InstallProblem>> {
    for register in builtin_registers() {
        publish(connection, &register_bundle(&register), None, now)?;
    }
    for set in RuleSet::builtin() {
        // What a county made of them stays; its own version may have taken this one's number.
        if !is_changed_here(connection, BundleKind::Rules, &set.name)? {
            publish(connection, &rules_bundle(&set), None, now)?;
        }
    }
    Ok(())
}

/// Whether the newest version of a definition was written here.
fn is_changed_here(
    connection: &mut AnyConnection,
    kind: BundleKind,
    name: &str,
) -> QueryResult<bool> {
    match newest(connection, kind, name)? {
        Some((hash, _)) => definitions::is_own(connection, hash.as_bytes()),
        None => Ok(false),
    }
}

/// Publishes a version of a definition, or does nothing if it is published.
pub(super) fn publish(
    connection: &mut AnyConnection,
    bundle: &Bundle,
    pack: Option<&str>,
    now: Timestamp,
) -> Result<(), Failed<InstallProblem>> {
    let published: Option<Vec<u8>> = bundles::table
        .filter(bundles::kind.eq(bundle.kind.name()).and(bundles::name.eq(&bundle.name)))
        .filter(bundles::version.eq(i64::from(bundle.version)))
        .select(bundles::hash)
        .first(connection)
        .optional()?;
    if published.is_some_and(|there| there != bundle.hash().as_bytes()) {
        let (name, version) = (bundle.name.clone(), bundle.version);
        return Err(Failed::Rule(InstallProblem::Published { name, version }));
    }
    let is_new = store(connection, bundle, pack, now)?;
    match bundle.kind {
        // What was in order may not be so by other rules, and the other way round.
        BundleKind::Rules if is_new => checks::ask_all(connection, now)?,
        // Notifications may have waited for it, and its records are to be told of.
        BundleKind::Notice if is_new => {
            let waiting = notices::waiting(connection, None)?;
            checks::ask_for(connection, &waiting, now)?;
            let template: Option<NoticeTemplate> = serde_json::from_slice(&bundle.bytes).ok();
            if let Some(about) = template.and_then(|template| template.about) {
                checks::ask_for_all_of(connection, &about, now)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Publishes a version of a ledger, or does nothing if it is published.
pub(super) fn publish_ledger(
    connection: &mut AnyConnection,
    ledger: &LedgerDefinition,
    pack: &str,
    now: Timestamp,
) -> Result<(), Failed<InstallProblem>> {
    let version = i64::from(ledger.version);
    let published: Option<JsonText> = schema::ledgers::table
        .find((&ledger.name, version))
        .select(schema::ledgers::definition)
        .first(connection)
        .optional()?;
    match published {
        Some(there) if there.read::<LedgerDefinition>()? == *ledger => Ok(()),
        Some(_) => {
            let (name, version) = (ledger.name.clone(), ledger.version);
            Err(Failed::Rule(InstallProblem::Published { name, version }))
        }
        None => {
            diesel::insert_into(schema::ledgers::table)
                .values((
                    schema::ledgers::name.eq(&ledger.name),
                    schema::ledgers::version.eq(version),
                    schema::ledgers::definition.eq(JsonText::of(ledger)),
                    schema::ledgers::pack.eq(pack),
                    schema::ledgers::installed_at.eq(now),
                ))
                .execute(connection)?;
            Ok(())
        }
    }
}

/// The newest version of every ledger, by name.
pub(crate) fn ledgers(connection: &mut AnyConnection) -> QueryResult<Vec<LedgerDefinition>> {
    let all: Vec<(String, JsonText)> = schema::ledgers::table
        .order((schema::ledgers::name, schema::ledgers::version))
        .select((schema::ledgers::name, schema::ledgers::definition))
        .load(connection)?;
    let newest: BTreeMap<String, JsonText> = all.into_iter().collect();
    newest.into_values().map(|definition| definition.read()).collect()
}

/// Stores a bundle, or does nothing if it is there. Says whether it is new.
pub(crate) fn store(
    connection: &mut AnyConnection,
    bundle: &Bundle,
    pack: Option<&str>,
    now: Timestamp,
) -> QueryResult<bool> {
    let hash = bundle.hash().as_bytes().to_vec();
    let there: i64 =
        bundles::table.filter(bundles::hash.eq(&hash)).count().get_result(connection)?;
    if there == 0 {
        diesel::insert_into(bundles::table)
            .values((
                bundles::hash.eq(hash),
                bundles::kind.eq(bundle.kind.name()),
                bundles::name.eq(&bundle.name),
                bundles::version.eq(i64::from(bundle.version)),
                bundles::labels.eq(JsonText::of(&bundle.labels)),
                bundles::media_type.eq(&bundle.media_type),
                bundles::bytes.eq(&bundle.bytes),
                bundles::pack.eq(pack),
                bundles::created_at.eq(now),
            ))
            .execute(connection)?;
    }
    Ok(there == 0)
}

/// The number of a definition's newest version; 0 where there is none.
pub(super) fn newest_version(
    connection: &mut AnyConnection,
    kind: BundleKind,
    name: &str,
) -> QueryResult<i64> {
    let newest: Option<i64> = bundles::table
        .filter(bundles::kind.eq(kind.name()).and(bundles::name.eq(name)))
        .select(diesel::dsl::max(bundles::version))
        .get_result(connection)?;
    Ok(newest.unwrap_or_default())
}

/// The newest version of a definition, by its hash.
pub(crate) fn newest(
    connection: &mut AnyConnection,
    kind: BundleKind,
    name: &str,
) -> QueryResult<Option<(Hash, Vec<u8>)>> {
    let found: Option<(Vec<u8>, Vec<u8>)> = bundles::table
        .filter(bundles::kind.eq(kind.name()).and(bundles::name.eq(name)))
        .order(bundles::version.desc())
        .select((bundles::hash, bundles::bytes))
        .first(connection)
        .optional()?;
    Ok(found.and_then(|(hash, bytes)| Some((Hash(hash.try_into().ok()?), bytes))))
}

/// Every register definition in the database, and the notifications that tell of their records.
pub fn catalogue(connection: &mut AnyConnection) -> QueryResult<Catalogue> {
    let mut catalogue: Catalogue = all::<RegisterDefinition>(connection, BundleKind::Register)?
        .into_iter()
        .map(with_rights)
        .collect();
    for template in all::<NoticeTemplate>(connection, BundleKind::Notice)? {
        catalogue.insert_notice(template);
    }
    Ok(catalogue)
}

fn all<T: DeserializeOwned>(
    connection: &mut AnyConnection,
    kind: BundleKind,
) -> QueryResult<Vec<T>> {
    let rows: Vec<Vec<u8>> = bundles::table
        .filter(bundles::kind.eq(kind.name()))
        .order((bundles::name, bundles::version))
        .select(bundles::bytes)
        .load(connection)?;
    let read = |bytes: &Vec<u8>| {
        serde_json::from_slice(bytes)
            .map_err(|error| diesel::result::Error::DeserializationError(error.into()))
    };
    rows.iter().map(read).collect()
}
