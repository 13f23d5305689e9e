//! Rosters, and what they are compared with, in the database.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::dsl::count_star;
use diesel::prelude::*;
use serde::Serialize;
use serde_json::value::RawValue;
use sync_protocol::finding::COLLECTION as FINDINGS;
use sync_protocol::{Record, RecordId, ScopeId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::compare::{Member, rule};
use crate::areas::{self, AreaPath};
use crate::db::AnyConnection;
use crate::db::schema::{areas as area_table, records, rosters, users};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::limits::MAX_PAGE;
use crate::{records as store, seal};

diesel::alias!(records as persons: Persons, records as homes: Homes);

/// The field by which members are compared.
pub(super) const CITIZEN_ID: &str = "member.citizen_id";
/// The field of `member` that says that they are no member any more.
const LEFT_HOUSEHOLD: &str = "10";

/// The members of villages who are in their households. `goes_on` hears how many villages are read,
/// and says whether the others are still wanted; if not, there are none at all.
pub(super) fn members(
    connection: &mut AnyConnection,
    scopes: &[String],
    goes_on: impl Fn(usize) -> bool,
) -> QueryResult<Option<Vec<Member>>> {
    let mut found = Vec::new();
    for (read, name) in scopes.iter().enumerate() {
        if !goes_on(read) {
            return Ok(None);
        }
        let Ok(scope) = name.parse::<ScopeId>() else { continue };
        let mut keys: HashMap<RecordId, Vec<u8>> = HashMap::new();
        for (key, record) in seal::found_by(connection, CITIZEN_ID, name)? {
            keys.insert(record, key);
        }
        let rows: Vec<(Key, Option<String>, JsonText)> = records::table
            .filter(records::collection.eq("member").and(records::deleted.eq(false)))
            .filter(records::scope.eq(name))
            .order(records::id)
            .select((records::id, records::title, records::fields))
            .load(connection)?;
        for (id, title, fields) in rows {
            let fields: BTreeMap<String, Box<RawValue>> = fields.read()?;
            if fields.get(LEFT_HOUSEHOLD).is_some_and(|value| value.get() != "null") {
                continue;
            }
            let (id, name) = (RecordId::from(id), title.unwrap_or_default());
            found.push(Member { id, scope: scope.clone(), name, key: keys.remove(&id) });
        }
    }
    Ok(Some(found))
}

/// What is known already of the differences with a list of this name.
pub(super) fn known(
    connection: &mut AnyConnection,
    name: &str,
    scopes: &[String],
) -> QueryResult<Vec<Record>> {
    let ids: Vec<Key> = records::table
        .filter(records::collection.eq(FINDINGS).and(records::title.eq(rule(name))))
        .filter(records::scope.eq_any(scopes).and(records::deleted.eq(false)))
        .select(records::id)
        .load(connection)?;
    store::load(connection, &ids.into_iter().map(RecordId::from).collect::<Vec<_>>())
}

/// A comparison to keep.
#[derive(Insertable)]
#[diesel(table_name = rosters)]
pub(super) struct NewRoster {
    pub(super) id: Key,
    pub(super) name: String,
    pub(super) department: String,
    pub(super) area_code: String,
    pub(super) expects: &'static str,
    pub(super) as_of: String,
    pub(super) digest: Vec<u8>,
    pub(super) lines: i64,
    pub(super) members: i64,
    pub(super) matched: i64,
    pub(super) without_id: i64,
    pub(super) differences: i64,
    pub(super) made_by: Key,
    pub(super) made_at: Timestamp,
}

/// Keeps a comparison.
pub(super) fn add(connection: &mut AnyConnection, new: &NewRoster) -> QueryResult<()> {
    diesel::insert_into(rosters::table).values(new).execute(connection)?;
    Ok(())
}

/// A list that was compared.
#[derive(Serialize, ToSchema)]
pub(super) struct RosterView {
    pub(super) id: Uuid,
    pub(super) name: String,
    department: String,
    pub(super) area: String,
    area_name: String,
    /// `listed` or `absent`
    expects: String,
    /// The day the list is of.
    as_of: String,
    /// What was counted; not told to those who look after a part of the area only.
    counts: Option<RosterCounts>,
    made_by: String,
    #[schema(value_type = String)]
    made_at: Timestamp,
    /// How the findings of lists of this name stand now, in the caller's part of the area.
    now: RosterStanding,
}

/// What was counted when a list was compared.
#[derive(Serialize, ToSchema)]
pub(super) struct RosterCounts {
    /// People on it.
    lines: i64,
    /// Members of the area that it was compared with.
    members: i64,
    /// Those of them who are on it.
    matched: i64,
    /// Those who have no ID number on record, and can't be compared.
    without_id: i64,
    /// How many differences there were.
    differences: i64,
}

/// How findings stand.
#[derive(Clone, Copy, Default, Serialize, ToSchema)]
pub(super) struct RosterStanding {
    open: i64,
    explained: i64,
    corrected: i64,
}

type Row = (
    (Key, String, String, String, String, String, String),
    (i64, i64, i64, i64, i64, String, Timestamp),
);

/// The newest comparisons of areas and of those they lie in, at most 200; one of them only where it
/// is named.
pub(super) fn list(
    connection: &mut AnyConnection,
    paths: &[AreaPath],
    id: Option<Uuid>,
) -> QueryResult<Vec<RosterView>> {
    let own: BTreeSet<String> =
        areas::under(connection, paths)?.into_iter().map(|area| area.code).collect();
    let around = paths.iter().flat_map(AreaPath::codes);
    let codes: BTreeSet<String> = own.iter().cloned().chain(around).collect();
    let of = (
        (
            rosters::id,
            rosters::name,
            rosters::department,
            rosters::area_code,
            area_table::name,
            rosters::expects,
            rosters::as_of,
        ),
        (
            rosters::lines,
            rosters::members,
            rosters::matched,
            rosters::without_id,
            rosters::differences,
            users::display_name,
            rosters::made_at,
        ),
    );
    let all = rosters::table
        .inner_join(area_table::table.on(area_table::code.eq(rosters::area_code)))
        .inner_join(users::table.on(users::id.eq(rosters::made_by)))
        .filter(rosters::area_code.eq_any(codes))
        .order((rosters::made_at.desc(), rosters::id.desc()))
        .select(of);
    let rows: Vec<Row> = match id {
        Some(id) => all.filter(rosters::id.eq(Key(id))).load(connection)?,
        None => all.limit(200).load(connection)?,
    };
    let names: BTreeSet<&str> = rows.iter().map(|row| row.0.1.as_str()).collect();
    let everywhere = areas::scopes_within(connection, paths, None)?;
    let counted = count_findings(connection, &names, &everywhere)?;
    let mut within: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in &rows {
        let area = &row.0.3;
        if !within.contains_key(area) {
            let scopes = areas::scopes_within(connection, paths, Some(area))?;
            within.insert(area.clone(), scopes.into_iter().collect());
        }
    }
    let view = |((id, name, department, area, area_name, expects, as_of), counts): Row| {
        let (lines, members, matched, without_id, differences, made_by, made_at) = counts;
        let counts = RosterCounts { lines, members, matched, without_id, differences };
        RosterView {
            id: id.0,
            now: RosterStanding::of(&counted, &name, &within[&area]),
            counts: own.contains(&area).then_some(counts),
            name,
            department,
            area,
            area_name,
            expects,
            as_of,
            made_by,
            made_at,
        }
    };
    Ok(rows.into_iter().map(view).collect())
}

/// How many findings of a rule there are in a scope, by where they stand.
type Counted = Vec<(Option<String>, String, Option<String>, i64)>;

fn count_findings(
    connection: &mut AnyConnection,
    names: &BTreeSet<&str>,
    scopes: &[String],
) -> QueryResult<Counted> {
    let rules: Vec<String> = names.iter().map(|name| rule(name)).collect();
    records::table
        .filter(records::collection.eq(FINDINGS).and(records::title.eq_any(rules)))
        .filter(records::scope.eq_any(scopes).and(records::deleted.eq(false)))
        .group_by((records::title, records::scope, records::status))
        .select((records::title, records::scope, records::status, count_star()))
        .load(connection)
}

impl RosterStanding {
    fn of(counted: &Counted, name: &str, scopes: &BTreeSet<String>) -> Self {
        let rule = rule(name);
        let count = |state: &str| {
            let is =
                |(title, scope, status, _): &&(Option<String>, String, Option<String>, i64)| {
                    title.as_deref() == Some(&rule)
                        && status.as_deref() == Some(state)
                        && scopes.contains(scope)
                };
            counted.iter().filter(is).map(|(.., count)| count).sum()
        };
        Self { open: count("open"), explained: count("explained"), corrected: count("corrected") }
    }
}

/// A finding of a roster, with whom it is about.
pub(super) struct Found {
    pub(super) finding: Key,
    pub(super) member: Option<Key>,
    pub(super) member_name: Option<String>,
    pub(super) household_id: Option<Key>,
    pub(super) household: Option<String>,
    pub(super) scope: String,
}

/// Some of the findings of lists of a name, in the order of their ids. Who is outside of `scopes` is
/// not named.
pub(super) fn found(
    connection: &mut AnyConnection,
    name: &str,
    scopes: &[String],
    status: Option<&str>,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Found>> {
    type Row = (
        (Key, String, Option<Key>, Option<String>, Option<String>),
        (Option<Key>, Option<String>, Option<String>),
    );
    let query =
        records::table
            .left_join(persons.on(persons.field(records::id).nullable().eq(records::subject)))
            .left_join(homes.on(
                homes.field(records::id).nullable().eq(persons.field(records::subject).nullable()),
            ))
            .filter(records::collection.eq(FINDINGS).and(records::title.eq(rule(name))))
            .filter(records::scope.eq_any(scopes).and(records::deleted.eq(false)))
            .filter(records::id.gt(Key(after.unwrap_or(Uuid::nil()))))
            .order(records::id)
            .limit(limit)
            .select((
                (
                    records::id,
                    records::scope,
                    records::subject,
                    persons.field(records::title).nullable(),
                    persons.field(records::scope).nullable(),
                ),
                (
                    persons.field(records::subject).nullable(),
                    homes.field(records::title).nullable(),
                    homes.field(records::scope).nullable(),
                ),
            ));
    let rows: Vec<Row> = match status {
        Some(status) => query.filter(records::status.eq(status)).load(connection)?,
        None => query.load(connection)?,
    };
    let is_theirs = |scope: Option<String>| scope.is_some_and(|scope| scopes.contains(&scope));
    let found = rows.into_iter().map(|(person, (household_id, household, lives_in))| {
        let (finding, scope, member, member_name, is_in) = person;
        let member_name = member_name.filter(|_| is_theirs(is_in));
        let household = household.filter(|_| is_theirs(lives_in));
        Found { finding, member, member_name, household_id, household, scope }
    });
    Ok(found.collect())
}

/// All of them.
pub(super) fn all_found(
    connection: &mut AnyConnection,
    name: &str,
    scopes: &[String],
) -> QueryResult<Vec<Found>> {
    let mut all = Vec::new();
    loop {
        let after = all.last().map(|last: &Found| last.finding.0);
        let page = found(connection, name, scopes, None, after, MAX_PAGE)?;
        let is_last = (page.len() as i64) < MAX_PAGE;
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}
