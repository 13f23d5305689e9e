//! What lines of the trail are about, as people call it: an id tells nobody anything.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use uuid::Uuid;

use crate::db::AnyConnection;
use crate::db::schema::{areas, devices, form_versions, records, rosters, users};
use crate::db::types::Key;

/// How far it is from a record to the household it is about: a doubt is about a visit, and that about
/// the household.
const HOPS: usize = 3;

/// The id that a subject holds.
fn id_in(subject: &str) -> Option<Uuid> {
    subject.split('/').find_map(|part| Uuid::try_parse(part).ok())
}

/// What people call the subjects of lines; of records only in these scopes.
pub(crate) fn names_of(
    connection: &mut AnyConnection,
    subjects: &BTreeSet<String>,
    scopes: &[String],
) -> QueryResult<BTreeMap<String, String>> {
    let ids: BTreeSet<Uuid> = subjects.iter().filter_map(|subject| id_in(subject)).collect();
    let keys: Vec<Key> = ids.iter().copied().map(Key).collect();
    let mut named = of_records(connection, &ids, scopes)?;
    let people: Vec<(Key, String)> = users::table
        .filter(users::id.eq_any(keys.clone()))
        .select((users::id, users::display_name))
        .load(connection)?;
    let tablets: Vec<(Key, String)> = devices::table
        .inner_join(users::table.on(users::id.eq(devices::user_id)))
        .filter(devices::id.eq_any(keys.clone()))
        .select((devices::id, users::display_name))
        .load(connection)?;
    let lists: Vec<(Key, String)> = rosters::table
        .filter(rosters::id.eq_any(keys.clone()))
        .select((rosters::id, rosters::name))
        .load(connection)?;
    // The newest version's title comes last, and stays.
    let forms: Vec<(Key, String)> = form_versions::table
        .filter(form_versions::form_id.eq_any(keys))
        .order(form_versions::ordinal)
        .select((form_versions::form_id, form_versions::title))
        .load(connection)?;
    let others = [people, tablets, lists, forms].into_iter().flatten();
    named.extend(others.map(|(id, name)| (id.0, name)));
    let places: Vec<(String, String)> = areas::table
        .filter(areas::code.eq_any(subjects.clone()))
        .select((areas::code, areas::name))
        .load(connection)?;
    let mut found: BTreeMap<String, String> = places.into_iter().collect();
    for subject in subjects {
        if let Some(name) = id_in(subject).and_then(|id| named.get(&id)) {
            found.insert(subject.clone(), name.clone());
        }
    }
    Ok(found)
}

/// The households that records are about.
fn of_records(
    connection: &mut AnyConnection,
    ids: &BTreeSet<Uuid>,
    scopes: &[String],
) -> QueryResult<BTreeMap<Uuid, String>> {
    type Row = (Key, String, Option<String>, Option<Key>);
    let mut names = BTreeMap::new();
    let mut at: Vec<(Uuid, Uuid)> = ids.iter().map(|id| (*id, *id)).collect();
    for _ in 0..HOPS {
        let rows: Vec<Row> = records::table
            .filter(records::id.eq_any(at.iter().map(|(_, record)| Key(*record))))
            .select((records::id, records::scope, records::title, records::subject))
            .load(connection)?;
        let rows: BTreeMap<Uuid, Row> = rows.into_iter().map(|row| (row.0.0, row)).collect();
        let mut next = Vec::new();
        for (asked, record) in at {
            match rows.get(&record) {
                Some((_, scope, _, Some(subject))) if scopes.contains(scope) => {
                    next.push((asked, subject.0));
                }
                Some((_, scope, Some(title), None)) if scopes.contains(scope) => {
                    names.insert(asked, title.clone());
                }
                _ => {}
            }
        }
        at = next;
    }
    Ok(names)
}
