//! Forms, their versions and releases in the database.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use mobile_schema::Hash;
use mobile_schema::form::FormBundle;
use mobile_schema::pack::form_bundles;
use sync_protocol::{ScopeId, UserId};
use uuid::Uuid;

use super::rules::{self, Release};
use super::{Added, NewRelease, NewVersion};
use crate::areas::{self, AreaPath};
use crate::db::schema::{
    areas as area_table, bundles, form_releases, form_trials, form_versions, forms, users,
};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, RowLocked};
use crate::packs;

fn column(hash: &Hash) -> Vec<u8> {
    hash.as_bytes().to_vec()
}

fn hash(bytes: Vec<u8>) -> QueryResult<Hash> {
    let unreadable = || diesel::result::Error::DeserializationError("a hash".into());
    bytes.try_into().map(Hash).map_err(|_| unreadable())
}

/// Adds a version to the form of its name, which begins with it if need be. The same version is
/// added once.
pub(crate) fn add_version(
    connection: &mut AnyConnection,
    new: &NewVersion<'_>,
    now: Timestamp,
) -> QueryResult<Added> {
    let name = &new.bundle.form;
    let form = match find_named(connection, name, new.area)? {
        Some(form) => form,
        None => {
            let id = Uuid::now_v7();
            diesel::insert_into(forms::table)
                .values((
                    forms::id.eq(Key(id)),
                    forms::name.eq(name),
                    forms::area_code.eq(new.area),
                    forms::created_at.eq(now),
                ))
                .execute(connection)?;
            id
        }
    };
    // Versions of one form are counted one after another.
    let locked = RowLocked(forms::table.find(Key(form)).select(forms::id));
    let _: Key = locked.get_result(connection)?;
    let hash = Hash::of(&new.bundle.bytes());
    let there: i64 = form_versions::table
        .filter(form_versions::form_id.eq(Key(form)).and(form_versions::bundle.eq(column(&hash))))
        .count()
        .get_result(connection)?;
    if there > 0 {
        return Ok(Added { form, hash, is_new: false });
    }
    let last: Option<i64> = form_versions::table
        .filter(form_versions::form_id.eq(Key(form)))
        .select(diesel::dsl::max(form_versions::ordinal))
        .first(connection)?;
    let ordinal = last.unwrap_or(0) + 1;
    for bundle in form_bundles(new.bundle, new.source, u32::try_from(ordinal).unwrap_or(u32::MAX)) {
        packs::store(connection, &bundle, new.pack, now)?;
    }
    diesel::insert_into(form_versions::table)
        .values((
            form_versions::form_id.eq(Key(form)),
            form_versions::bundle.eq(column(&hash)),
            form_versions::ordinal.eq(ordinal),
            form_versions::version.eq(&new.bundle.version),
            form_versions::title.eq(&new.bundle.title),
            form_versions::added_by.eq(new.by.map(Key::from)),
            form_versions::added_at.eq(now),
        ))
        .execute(connection)?;
    Ok(Added { form, hash, is_new: true })
}

/// The form of a name in an area; none: that of a pack.
pub(super) fn find_named(
    connection: &mut AnyConnection,
    name: &str,
    area: Option<&str>,
) -> QueryResult<Option<Uuid>> {
    let query = forms::table.filter(forms::name.eq(name)).select(forms::id);
    let found: Option<Key> = match area {
        Some(area) => query.filter(forms::area_code.eq(area)).first(connection).optional()?,
        None => query.filter(forms::area_code.is_null()).first(connection).optional()?,
    };
    Ok(found.map(|key| key.0))
}

/// Notes a decision about which version is filled in where.
pub(super) fn add_release(
    connection: &mut AnyConnection,
    new: &NewRelease<'_>,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::insert_into(form_releases::table)
        .values((
            form_releases::id.eq(Key(Uuid::now_v7())),
            form_releases::form_id.eq(Key(new.form)),
            form_releases::bundle.eq(new.version.as_ref().map(column)),
            form_releases::area_code.eq(new.area),
            form_releases::reason.eq(new.reason),
            form_releases::decided_by.eq(Key::from(new.by)),
            form_releases::decided_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}

/// Publishes the newest version of every form that came with a pack in an area.
pub(crate) fn release_all(
    connection: &mut AnyConnection,
    area: &str,
    by: UserId,
    reason: &str,
    now: Timestamp,
) -> QueryResult<()> {
    let ids: Vec<Key> =
        forms::table.filter(forms::area_code.is_null()).select(forms::id).load(connection)?;
    let ids: Vec<Uuid> = ids.into_iter().map(|id| id.0).collect();
    for (form, versions) in versions(connection, &ids)? {
        let version = versions.last().map(|version| version.hash);
        add_release(connection, &NewRelease { form, version, area, reason, by }, now)?;
    }
    Ok(())
}

/// Notes that a version was filled in to try it.
pub(super) fn add_trial(
    connection: &mut AnyConnection,
    form: Uuid,
    version: &Hash,
    passed: bool,
    by: UserId,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::insert_into(form_trials::table)
        .values((
            form_trials::id.eq(Key(Uuid::now_v7())),
            form_trials::form_id.eq(Key(form)),
            form_trials::bundle.eq(column(version)),
            form_trials::passed.eq(passed),
            form_trials::tried_by.eq(Key::from(by)),
            form_trials::tried_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}

/// Whether the newest trial of a version passed; none if it was never tried.
pub(super) fn newest_trial(
    connection: &mut AnyConnection,
    form: Uuid,
    version: &Hash,
) -> QueryResult<Option<(bool, Timestamp)>> {
    form_trials::table
        .filter(form_trials::form_id.eq(Key(form)).and(form_trials::bundle.eq(column(version))))
        .order((form_trials::tried_at.desc(), form_trials::id.desc()))
        .select((form_trials::passed, form_trials::tried_at))
        .first(connection)
        .optional()
}

/// A form as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) area: Option<String>,
    pub(super) path: Option<AreaPath>,
}

type FormRow = (Key, String, Option<String>, Option<String>);

macro_rules! form_columns {
    () => {
        (forms::id, forms::name, forms::area_code, area_table::path.nullable())
    };
}

fn form((id, name, area, path): FormRow) -> Form {
    Form { id: id.0, name, area, path: path.map(AreaPath) }
}

/// A form, if somebody who works in `areas` sees it.
pub(super) fn find(
    connection: &mut AnyConnection,
    id: Uuid,
    areas: &[AreaPath],
) -> QueryResult<Option<Form>> {
    let found: Option<FormRow> = forms::table
        .left_join(area_table::table)
        .filter(forms::id.eq(Key(id)))
        .select(form_columns!())
        .first(connection)
        .optional()?;
    Ok(found.map(form).filter(|form| rules::is_visible(form.path.as_ref(), areas)))
}

/// The name and the versions, oldest first, of a form that somebody who works in `areas` sees.
pub(crate) fn versions_seen(
    connection: &mut AnyConnection,
    id: Uuid,
    areas: &[AreaPath],
) -> QueryResult<Option<(String, Vec<StoredVersion>)>> {
    let Some(form) = find(connection, id, areas)? else { return Ok(None) };
    let versions = versions(connection, &[id])?.remove(&id).unwrap_or_default();
    Ok(Some((form.name, versions)))
}

/// A page of the forms that somebody who works in `areas` sees.
pub(super) fn list(
    connection: &mut AnyConnection,
    seen_from: &[AreaPath],
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Form>> {
    let around: BTreeSet<String> = seen_from.iter().flat_map(AreaPath::codes).collect();
    let below: Vec<String> =
        areas::under(connection, seen_from)?.into_iter().map(|area| area.code).collect();
    let codes: Vec<String> = around.into_iter().chain(below).collect();
    let rows: Vec<FormRow> = forms::table
        .left_join(area_table::table)
        .filter(forms::area_code.is_null().or(forms::area_code.eq_any(codes)))
        .filter(forms::id.gt(Key(after.unwrap_or(Uuid::nil()))))
        .order(forms::id)
        .limit(limit)
        .select(form_columns!())
        .load(connection)?;
    Ok(rows.into_iter().map(form).collect())
}

/// A version as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredVersion {
    pub(crate) hash: Hash,
    pub(super) ordinal: i64,
    pub(crate) version: String,
    pub(super) title: String,
    pub(super) added_by: Option<String>,
    pub(super) added_at: Timestamp,
}

/// The versions of forms, oldest first.
pub(super) fn versions(
    connection: &mut AnyConnection,
    forms: &[Uuid],
) -> QueryResult<BTreeMap<Uuid, Vec<StoredVersion>>> {
    type Row = (Key, Vec<u8>, i64, String, String, Option<String>, Timestamp);
    let rows: Vec<Row> = form_versions::table
        .left_join(users::table.on(form_versions::added_by.eq(users::id.nullable())))
        .filter(form_versions::form_id.eq_any(keys(forms)))
        .order((form_versions::form_id, form_versions::ordinal))
        .select((
            form_versions::form_id,
            form_versions::bundle,
            form_versions::ordinal,
            form_versions::version,
            form_versions::title,
            users::display_name.nullable(),
            form_versions::added_at,
        ))
        .load(connection)?;
    let mut found: BTreeMap<Uuid, Vec<StoredVersion>> = BTreeMap::new();
    for (form, bundle, ordinal, version, title, added_by, added_at) in rows {
        let hash = hash(bundle)?;
        let stored = StoredVersion { hash, ordinal, version, title, added_by, added_at };
        found.entry(form.0).or_default().push(stored);
    }
    Ok(found)
}

fn keys(ids: &[Uuid]) -> Vec<Key> {
    ids.iter().copied().map(Key).collect()
}

/// A decision as it is stored.
#[derive(Clone, Debug)]
pub(super) struct StoredRelease {
    pub(super) rule: Release,
    pub(super) area: String,
    pub(super) reason: String,
    pub(super) decided_by: String,
    pub(super) decided_at: Timestamp,
}

/// The releases of forms, oldest first.
pub(super) fn releases(
    connection: &mut AnyConnection,
    forms: &[Uuid],
) -> QueryResult<BTreeMap<Uuid, Vec<StoredRelease>>> {
    type Row = (Key, Option<Vec<u8>>, String, String, String, String, Timestamp);
    let rows: Vec<Row> = form_releases::table
        .inner_join(area_table::table)
        .inner_join(users::table)
        .filter(form_releases::form_id.eq_any(keys(forms)))
        .order((form_releases::decided_at, form_releases::id))
        .select((
            form_releases::form_id,
            form_releases::bundle,
            area_table::path,
            form_releases::area_code,
            form_releases::reason,
            users::display_name,
            form_releases::decided_at,
        ))
        .load(connection)?;
    let mut found: BTreeMap<Uuid, Vec<StoredRelease>> = BTreeMap::new();
    for (form, bundle, path, area, reason, decided_by, decided_at) in rows {
        let version = bundle.map(hash).transpose()?;
        let rule = Release { version, area: AreaPath(path) };
        let stored = StoredRelease { rule, area, reason, decided_by, decided_at };
        found.entry(form.0).or_default().push(stored);
    }
    Ok(found)
}

/// The bytes of a version.
pub(super) fn bundle(
    connection: &mut AnyConnection,
    version: &Hash,
) -> QueryResult<Option<FormBundle>> {
    let bytes: Option<Vec<u8>> = bundles::table
        .inner_join(form_versions::table.on(form_versions::bundle.eq(bundles::hash)))
        .filter(bundles::hash.eq(column(version)))
        .select(bundles::bytes)
        .first(connection)
        .optional()?;
    let read = |bytes: Vec<u8>| {
        serde_json::from_slice(&bytes)
            .map_err(|error| diesel::result::Error::DeserializationError(error.into()))
    };
    bytes.map(read).transpose()
}

/// What a version was made from.
pub(super) fn source(
    connection: &mut AnyConnection,
    source: &Hash,
) -> QueryResult<Option<Vec<u8>>> {
    bundles::table.find(column(source)).select(bundles::bytes).first(connection).optional()
}

/// Whether it is a version of this form.
pub(super) fn is_version(
    connection: &mut AnyConnection,
    form: Uuid,
    version: &Hash,
) -> QueryResult<bool> {
    let found: i64 = form_versions::table
        .filter(form_versions::form_id.eq(Key(form)).and(form_versions::bundle.eq(column(version))))
        .count()
        .get_result(connection)?;
    Ok(found > 0)
}

/// Whether somebody may fetch a version: it came with a pack, it is or was filled in where they
/// work, or they look after forms there (`cares_for`).
pub(crate) fn may_fetch(
    connection: &mut AnyConnection,
    version: &Hash,
    works_in: &[AreaPath],
    cares_for: &[AreaPath],
) -> QueryResult<bool> {
    let rows: Vec<FormRow> = forms::table
        .left_join(area_table::table)
        .inner_join(form_versions::table)
        .filter(form_versions::bundle.eq(column(version)))
        .select(form_columns!())
        .load(connection)?;
    let found: Vec<Form> = rows.into_iter().map(form).collect();
    if found.iter().any(|form| form.path.is_none()) {
        return Ok(true);
    }
    if found.iter().any(|form| rules::is_visible(form.path.as_ref(), cares_for)) {
        return Ok(true);
    }
    let ids: Vec<Uuid> = found.iter().map(|form| form.id).collect();
    let released = releases(connection, &ids)?;
    let mut ever = released.values().flatten().filter(|one| one.rule.version == Some(*version));
    Ok(ever.any(|one| rules::is_visible(Some(&one.rule.area), works_in)))
}

/// A version that is filled in somewhere.
#[derive(Clone, Debug)]
pub(super) struct Offered {
    pub(super) form: Uuid,
    pub(super) name: String,
    pub(super) version: StoredVersion,
    pub(super) scopes: Vec<ScopeId>,
}

/// What is filled in in these scopes.
pub(super) fn offered(
    connection: &mut AnyConnection,
    scopes: &BTreeSet<ScopeId>,
) -> QueryResult<Vec<Offered>> {
    let mut places: Vec<(ScopeId, AreaPath)> = Vec::new();
    for scope in scopes {
        let Some(code) = scope.area_code() else { continue };
        for path in areas::paths_of(connection, &[code.to_owned()])? {
            places.push((scope.clone(), path));
        }
    }
    let codes: BTreeSet<String> = places.iter().flat_map(|(_, path)| path.codes()).collect();
    let codes: Vec<String> = codes.into_iter().collect();
    let named: Vec<(Key, String)> = forms::table
        .inner_join(form_releases::table)
        .filter(form_releases::area_code.eq_any(codes))
        .select((forms::id, forms::name))
        .distinct()
        .order(forms::id)
        .load(connection)?;
    let ids: Vec<Uuid> = named.iter().map(|(id, _)| id.0).collect();
    let (released, stored) = (releases(connection, &ids)?, versions(connection, &ids)?);
    let mut offered = Vec::new();
    for (id, name) in named {
        let rules: Vec<Release> =
            released.get(&id.0).into_iter().flatten().map(|one| one.rule.clone()).collect();
        let mut by_version: BTreeMap<Hash, Vec<ScopeId>> = BTreeMap::new();
        for (scope, path) in &places {
            if let Some(version) = rules::version_for(&rules, path) {
                by_version.entry(version).or_default().push(scope.clone());
            }
        }
        for version in stored.get(&id.0).into_iter().flatten() {
            if let Some(scopes) = by_version.remove(&version.hash) {
                let (version, name) = (version.clone(), name.clone());
                offered.push(Offered { form: id.0, name, version, scopes });
            }
        }
    }
    Ok(offered)
}
