//! Areas in the database.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use sync_protocol::ScopeId;

use super::{Area, AreaPath};
use crate::db::AnyConnection;
use crate::db::schema::{areas, records};
use crate::db::types::Timestamp;

/// The areas that are one of `paths` or lie in one and are not closed, in the order of the tree.
pub fn under(connection: &mut AnyConnection, paths: &[AreaPath]) -> QueryResult<Vec<Area>> {
    let all = all_under(connection, paths)?.into_iter();
    Ok(all.filter_map(|(area, closed)| closed.is_none().then_some(area)).collect())
}

/// The same with those that are closed, and since when they are.
pub(super) fn all_under(
    connection: &mut AnyConnection,
    paths: &[AreaPath],
) -> QueryResult<Vec<(Area, Option<Timestamp>)>> {
    type Row = (String, String, Option<String>, String, String, Option<Timestamp>);
    let mut found = BTreeSet::new();
    for path in paths {
        let rows: Vec<Row> = areas::table
            .filter(areas::path.like(pattern(path)))
            .select((
                areas::path,
                areas::code,
                areas::parent,
                areas::level,
                areas::name,
                areas::closed_at,
            ))
            .load(connection)?;
        found.extend(rows);
    }
    let area =
        |(_, code, parent, level, name, closed): Row| (Area { code, parent, level, name }, closed);
    Ok(found.into_iter().map(area).collect())
}

/// Whether one of these is closed.
pub(super) fn is_any_closed(
    connection: &mut AnyConnection,
    codes: Vec<String>,
) -> QueryResult<bool> {
    let closed = areas::table.filter(areas::code.eq_any(codes).and(areas::closed_at.is_not_null()));
    Ok(closed.count().get_result::<i64>(connection)? > 0)
}

/// The scopes of the villages that are one of `paths` or lie in one.
pub fn scopes_under(
    connection: &mut AnyConnection,
    paths: &[AreaPath],
) -> QueryResult<BTreeSet<ScopeId>> {
    let mut scopes = BTreeSet::new();
    for path in paths {
        let codes: Vec<String> = areas::table
            .filter(areas::level.eq("village").and(areas::path.like(pattern(path))))
            .select(areas::code)
            .load(connection)?;
        scopes.extend(codes.iter().filter_map(|code| ScopeId::area(code).ok()));
    }
    Ok(scopes)
}

/// Those of `paths` that lie in an area, or the area itself where it lies in one of them: where a
/// person may look when they ask for one area. Nothing where they may not.
pub(crate) fn narrowed(
    connection: &mut AnyConnection,
    paths: &[AreaPath],
    area: Option<&str>,
) -> QueryResult<Vec<AreaPath>> {
    let Some(code) = area else { return Ok(paths.to_vec()) };
    let Some(area) = paths_of(connection, &[code.to_owned()])?.pop() else {
        return Ok(Vec::new());
    };
    if paths.iter().any(|path| area.is_in(path)) {
        return Ok(vec![area]);
    }
    Ok(paths.iter().filter(|path| path.is_in(&area)).cloned().collect())
}

/// The scopes of the villages in `paths`, of those in one area only where it is named.
pub(crate) fn scopes_within(
    connection: &mut AnyConnection,
    paths: &[AreaPath],
    area: Option<&str>,
) -> QueryResult<Vec<String>> {
    let paths = narrowed(connection, paths, area)?;
    Ok(scopes_under(connection, &paths)?.iter().map(ToString::to_string).collect())
}

/// Whether no area lies outside of `paths`: what is done to the whole server is for those who are
/// granted for all of it.
pub(crate) fn is_everywhere(
    connection: &mut AnyConnection,
    paths: &[AreaPath],
) -> QueryResult<bool> {
    let roots: Vec<String> =
        areas::table.filter(areas::parent.is_null()).select(areas::path).load(connection)?;
    let is_theirs = |root: String| {
        let root = AreaPath(root);
        paths.iter().any(|path| root.is_in(path))
    };
    Ok(roots.into_iter().all(is_theirs))
}

/// The names of villages by scope.
pub(crate) fn names_of<'a>(
    connection: &mut AnyConnection,
    scopes: impl Iterator<Item = &'a str>,
) -> QueryResult<BTreeMap<String, String>> {
    let codes = super::codes(scopes.filter_map(|scope| scope.parse().ok()));
    let named: Vec<(String, String)> = areas::table
        .filter(areas::code.eq_any(codes))
        .select((areas::code, areas::name))
        .load(connection)?;
    let scope = |code: &str| ScopeId::area(code).map(|scope| scope.to_string()).ok();
    Ok(named.into_iter().filter_map(|(code, name)| Some((scope(&code)?, name))).collect())
}

/// The paths of the areas with these codes.
pub fn paths_of(connection: &mut AnyConnection, codes: &[String]) -> QueryResult<Vec<AreaPath>> {
    let paths: Vec<String> =
        areas::table.filter(areas::code.eq_any(codes)).select(areas::path).load(connection)?;
    Ok(paths.into_iter().map(AreaPath).collect())
}

/// The names of the areas that lie in none.
pub(crate) fn roots(connection: &mut AnyConnection) -> QueryResult<Vec<String>> {
    areas::table.filter(areas::parent.is_null()).select(areas::name).load(connection)
}

/// How many areas there are.
pub(crate) fn count(connection: &mut AnyConnection) -> QueryResult<i64> {
    areas::table.count().get_result(connection)
}

/// Adds an area below its parent, which must be there.
pub fn add(connection: &mut AnyConnection, area: &Area) -> QueryResult<()> {
    let above: String = match &area.parent {
        Some(parent) => areas::table.find(parent).select(areas::path).first(connection)?,
        None => String::new(),
    };
    diesel::insert_into(areas::table)
        .values((
            areas::code.eq(&area.code),
            areas::parent.eq(&area.parent),
            areas::level.eq(&area.level),
            areas::name.eq(&area.name),
            areas::path.eq(format!("{above}{}/", area.code)),
        ))
        .execute(connection)?;
    Ok(())
}

/// Whether there is an area with this code, whoever's.
pub(super) fn is_there(connection: &mut AnyConnection, code: &str) -> QueryResult<bool> {
    let found: i64 = areas::table.filter(areas::code.eq(code)).count().get_result(connection)?;
    Ok(found > 0)
}

/// Gives an area another name.
pub(super) fn rename(connection: &mut AnyConnection, area: &Area) -> QueryResult<()> {
    diesel::update(areas::table.find(&area.code))
        .set(areas::name.eq(&area.name))
        .execute(connection)?;
    Ok(())
}

/// How many records that are not deleted are in an area, and in those below.
pub(super) fn records_in(connection: &mut AnyConnection, path: &AreaPath) -> QueryResult<i64> {
    let mut count = 0;
    for scope in scopes_under(connection, std::slice::from_ref(path))? {
        count += records::table
            .filter(records::scope.eq(scope.as_str()).and(records::deleted.eq(false)))
            .count()
            .get_result::<i64>(connection)?;
    }
    Ok(count)
}

/// Opens an area again that was closed, by the name that it has now.
pub(super) fn reopen(connection: &mut AnyConnection, area: &Area) -> QueryResult<()> {
    diesel::update(areas::table.find(&area.code))
        .set((areas::closed_at.eq(None::<Timestamp>), areas::name.eq(&area.name)))
        .execute(connection)?;
    Ok(())
}

/// Closes an area and those below it.
pub(super) fn close(
    connection: &mut AnyConnection,
    path: &AreaPath,
    now: Timestamp,
) -> QueryResult<()> {
    let open =
        areas::table.filter(areas::path.like(pattern(path))).filter(areas::closed_at.is_null());
    diesel::update(open).set(areas::closed_at.eq(Some(now))).execute(connection)?;
    Ok(())
}

/// Codes have no `%` or `_`, so a path needs no escaping.
fn pattern(path: &AreaPath) -> String {
    format!("{}%", path.0)
}
