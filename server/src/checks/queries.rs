//! What is due, and what is known of it, in the database.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use mobile_schema::pack::BundleKind;
use mobile_schema::rule::RuleSet;
use mobile_schema::{Catalogue, Hash};
use sync_protocol::{Record, RecordId, finding};

use super::{CHECKER, Subject};
use crate::accounts;
use crate::db::schema::{blob_references, bundles, checks_due, records};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, RowLocked, update_all, write_all};
use crate::records as store;

/// The field of the built-in register `member`.
const HOUSEHOLD_OF_MEMBER: mobile_schema::FieldId = 1;

/// The registers whose records are looked at, whatever they must not lack.
const LOOKED_AT: [&str; 4] = ["visit", "household", "member", "notice"];

#[derive(Insertable)]
#[diesel(table_name = checks_due)]
struct DueRow {
    record: Key,
    asked_at: Timestamp,
}

/// Notes that these records changed and are to be looked at. One that is due already stays where it
/// stands: who looks at it meanwhile sees that it is of another version when they are done.
pub fn ask<'a>(
    connection: &mut AnyConnection,
    catalogue: &Catalogue,
    changed: impl Iterator<Item = &'a Record>,
    now: Timestamp,
) -> QueryResult<()> {
    let due = |record| DueRow { record: Key::from(record), asked_at: now };
    let rows: Vec<DueRow> = looked_at(catalogue, changed).map(due).collect();
    write_all!(connection, rows, |rows| diesel::insert_into(checks_due::table)
        .values(rows)
        .on_conflict(checks_due::record)
        .do_nothing())
}

/// Notes that something else changed because of which these records are to be looked at.
pub fn ask_again<'a>(
    connection: &mut AnyConnection,
    catalogue: &Catalogue,
    records: impl Iterator<Item = &'a Record>,
    now: Timestamp,
) -> QueryResult<()> {
    let ids: Vec<RecordId> = looked_at(catalogue, records).collect();
    ask_for(connection, &ids, now)
}

/// Notes that people said something of these findings: whether it is so is looked at, where a check
/// of the record itself can tell.
pub fn ask_whether_so<'a>(
    connection: &mut AnyConnection,
    changed: impl Iterator<Item = &'a Record>,
    now: Timestamp,
) -> QueryResult<()> {
    let findings = changed.filter(|one| one.collection == finding::COLLECTION);
    let checked = findings.filter(|one| finding::is_checked(&one.fields));
    let ids: BTreeSet<RecordId> = checked.filter_map(finding::subject).collect();
    ask_for(connection, &ids.into_iter().collect::<Vec<_>>(), now)
}

fn looked_at<'a>(
    catalogue: &Catalogue,
    records: impl Iterator<Item = &'a Record>,
) -> impl Iterator<Item = RecordId> {
    let is_looked_at = |collection: &str| {
        let register = catalogue.current(collection).map(|(_, register)| register);
        LOOKED_AT.contains(&collection)
            || catalogue.notice_about(collection).is_some()
            || register.is_some_and(|register| finding::asks_for_something(register))
    };
    records.filter(move |record| is_looked_at(&record.collection)).map(|record| record.id)
}

/// Notes that every household, and every visit with photos, is to be looked at: the rules are
/// others.
pub(crate) fn ask_all(connection: &mut AnyConnection, now: Timestamp) -> QueryResult<()> {
    let households: Vec<Key> = records::table
        .filter(records::collection.eq("household").and(records::deleted.eq(false)))
        .select(records::id)
        .load(connection)?;
    let visits: Vec<Key> = records::table
        .inner_join(blob_references::table.on(blob_references::record.eq(records::id)))
        .filter(records::collection.eq("visit").and(records::deleted.eq(false)))
        .select(records::id)
        .distinct()
        .load(connection)?;
    let all = households.into_iter().chain(visits).map(RecordId::from);
    ask_for(connection, &all.collect::<Vec<_>>(), now)
}

/// Notes that these records are to be looked at, whatever version they are of: a look that began
/// before is not enough.
pub(crate) fn ask_for(
    connection: &mut AnyConnection,
    ids: &[RecordId],
    now: Timestamp,
) -> QueryResult<()> {
    let rows = ids.iter().map(|id| DueRow { record: Key::from(*id), asked_at: now });
    let rows: Vec<DueRow> = rows.collect();
    update_all!(connection, checks_due::table, checks_due::record, (checks_due::asked_at), rows)
}

/// Notes that every record of a register is to be looked at.
pub(crate) fn ask_for_all_of(
    connection: &mut AnyConnection,
    collection: &str,
    now: Timestamp,
) -> QueryResult<()> {
    let ids: Vec<Key> = records::table
        .filter(records::collection.eq(collection).and(records::deleted.eq(false)))
        .select(records::id)
        .load(connection)?;
    let ids: Vec<RecordId> = ids.into_iter().map(RecordId::from).collect();
    ask_for(connection, &ids, now)
}

/// Forgets what is due.
pub(crate) fn forget_due(connection: &mut AnyConnection) -> QueryResult<usize> {
    diesel::delete(checks_due::table).execute(connection)
}

/// Some of what is due, the oldest first, and when each was asked for.
pub(super) fn due(
    connection: &mut AnyConnection,
    limit: i64,
) -> QueryResult<Vec<(RecordId, Timestamp)>> {
    let rows: Vec<(Key, Timestamp)> = checks_due::table
        .order((checks_due::asked_at, checks_due::record))
        .limit(limit)
        .select((checks_due::record, checks_due::asked_at))
        .load(connection)?;
    Ok(rows.into_iter().map(|(record, asked_at)| (record.into(), asked_at)).collect())
}

/// These are done, but for those that were asked for again since they were `seen` to be due.
pub(super) fn done(
    connection: &mut AnyConnection,
    records: &[RecordId],
    seen: &BTreeMap<RecordId, Timestamp>,
) -> QueryResult<()> {
    let keys: Vec<Key> = records.iter().copied().map(Key::from).collect();
    let query = checks_due::table
        .filter(checks_due::record.eq_any(keys))
        .order(checks_due::record)
        .select((checks_due::record, checks_due::asked_at));
    let due: Vec<(Key, Timestamp)> = RowLocked(query).get_results(connection)?;
    let is_as_seen = |(record, at): &(Key, Timestamp)| seen.get(&(*record).into()) == Some(at);
    let done: Vec<Key> = due.into_iter().filter(is_as_seen).map(|(record, _)| record).collect();
    diesel::delete(checks_due::table.filter(checks_due::record.eq_any(done)))
        .execute(connection)?;
    Ok(())
}

/// It is due after all the others.
pub(super) fn postpone(
    connection: &mut AnyConnection,
    records: &BTreeSet<RecordId>,
    now: Timestamp,
) -> QueryResult<()> {
    let keys: Vec<Key> = records.iter().copied().map(Key::from).collect();
    diesel::update(checks_due::table.filter(checks_due::record.eq_any(keys)))
        .set(checks_due::asked_at.eq(now))
        .execute(connection)?;
    Ok(())
}

/// What is to be looked at for the sake of these records: visits themselves, and the households of
/// members.
pub(super) fn subjects(
    connection: &mut AnyConnection,
    due: &[Record],
) -> QueryResult<Vec<Subject>> {
    let is = |record: &&Record, collection: &str| record.collection == collection;
    let members: Vec<Key> =
        due.iter().filter(|one| is(one, "member")).map(|one| one.id.into()).collect();
    let of_members: Vec<Option<Key>> = records::table
        .filter(records::id.eq_any(members))
        .select(records::subject)
        .load(connection)?;
    let households = due.iter().filter(|one| is(one, "household")).map(|one| one.id);
    let households: BTreeSet<RecordId> =
        households.chain(of_members.into_iter().flatten().map(RecordId::from)).collect();
    let of_household = |one: &&Record| is(one, "household") || is(one, "member");
    let mut looked_at: Vec<Record> = due.iter().filter(|one| !of_household(one)).cloned().collect();
    let households: Vec<RecordId> = households.into_iter().collect();
    let found = store::load(connection, &households)?;
    let found: Vec<Record> =
        found.into_iter().filter(|one| one.collection == "household").collect();
    // A member whose household nobody knows is looked at by itself.
    let theirs = |member: &Record| found.iter().any(|one| Some(one.id) == subject_of(member));
    let alone = due.iter().filter(|one| is(one, "member") && !theirs(one));
    looked_at.extend(alone.cloned());
    looked_at.extend(found);
    looked_at.into_iter().map(|record| subject(connection, record)).collect()
}

/// The household of a member, as the member has it.
fn subject_of(member: &Record) -> Option<RecordId> {
    member.fields.get(&HOUSEHOLD_OF_MEMBER)?.as_text()?.parse().ok()
}

fn subject(connection: &mut AnyConnection, record: Record) -> QueryResult<Subject> {
    let members = match record.collection.as_str() {
        "household" => about(connection, "member", &[record.id])?,
        _ => Vec::new(),
    };
    let whole: Vec<RecordId> =
        std::iter::once(record.id).chain(members.iter().map(|member| member.id)).collect();
    let known = about(connection, finding::COLLECTION, &whole)?;
    let by_checks = known.into_iter().filter(|known| finding::is_checked(&known.fields));
    let known = by_checks.map(|known| known.id).collect();
    let members = members.into_iter().filter(|member| !member.deleted).collect();
    Ok(Subject { record, members, known })
}

/// The records of a register that are about others, in the order of their ids; deleted ones too.
fn about(
    connection: &mut AnyConnection,
    collection: &str,
    subjects: &[RecordId],
) -> QueryResult<Vec<Record>> {
    let subjects: Vec<Key> = subjects.iter().copied().map(Key::from).collect();
    let ids: Vec<Key> = records::table
        .filter(records::subject.eq_any(subjects).and(records::collection.eq(collection)))
        // Asked for their order, SQLite would walk all records of the collection.
        .select(records::id)
        .load(connection)?;
    let ids: Vec<RecordId> = ids.into_iter().map(RecordId::from).collect();
    store::load(connection, &ids)
}

/// The newest version of each set of rules, by its hash.
pub(super) fn rule_sets(connection: &mut AnyConnection) -> QueryResult<Vec<(Hash, RuleSet)>> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> = bundles::table
        .filter(bundles::kind.eq(BundleKind::Rules.name()))
        .order((bundles::name, bundles::version))
        .select((bundles::hash, bundles::bytes))
        .load(connection)?;
    let mut newest: BTreeMap<String, (Hash, RuleSet)> = BTreeMap::new();
    let unreadable = |what: String| diesel::result::Error::DeserializationError(what.into());
    for (hash, bytes) in rows {
        let hash = hash.try_into().map(Hash).map_err(|_| unreadable("a hash".to_owned()))?;
        let set: RuleSet =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        newest.insert(set.name.clone(), (hash, set));
    }
    Ok(newest.into_values().collect())
}

/// Makes sure that findings have somebody to be by.
pub(crate) fn introduce(connection: &mut AnyConnection, now: Timestamp) -> QueryResult<()> {
    accounts::add_nobody(connection, CHECKER, "ruhu:checks", "系统校验 Checks", now)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::db::{Database, DatabaseUrl, Failed, migrate};

    #[tokio::test]
    async fn what_is_asked_for_again_during_a_look_stays_due() {
        let folder = tempfile::tempdir().expect("a directory");
        let url = DatabaseUrl::Sqlite(folder.path().join("x.sqlite"));
        migrate(&url).expect("it has a layout");
        let looked: Result<(), Failed> = Database::open(&url)
            .unwrap()
            .write(|connection| {
                let [one, other] = [1, 2].map(|number| RecordId(Uuid::from_u128(number)));
                ask_for(connection, &[one, other], Timestamp(1))?;
                let seen = BTreeMap::from_iter(due(connection, 10)?);
                // A photo of one of them was looked at meanwhile.
                ask_for(connection, &[other], Timestamp(2))?;
                done(connection, &[one, other], &seen)?;
                assert_eq!(due(connection, 10)?, [(other, Timestamp(2))]);
                let seen = BTreeMap::from_iter(due(connection, 10)?);
                done(connection, &[other], &seen)?;
                assert_eq!(due(connection, 10)?, []);
                Ok(())
            })
            .await;
        looked.unwrap();
    }
}
