//! Deliveries in the database.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use sync_protocol::RecordId;
use uuid::Uuid;

use crate::db::AnyConnection;
use crate::db::schema::{log_entries, notice_subjects, records};
use crate::db::types::Key;

/// The built-in register of copies that were given.
const COPIES: &str = "notice_copy";

diesel::alias!(records as copies: Copies, records as given: Given);

/// Whether a notification that was made from this record is in the log.
pub(super) fn was_told(connection: &mut AnyConnection, record: RecordId) -> QueryResult<bool> {
    let notices: i64 = notice_subjects::table
        .filter(notice_subjects::record.eq(Key::from(record)))
        .count()
        .get_result(connection)?;
    Ok(notices > 0)
}

/// How far a village has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) total: u64,
    /// By the outcome of the newest notification about each.
    pub(super) told: BTreeMap<String, u64>,
    pub(super) copies: u64,
}

impl Counts {
    /// How many are not told yet.
    pub(super) fn to_tell(&self) -> u64 {
        self.total.saturating_sub(self.told.values().sum())
    }
}

/// How far each scope has come with the records of a register.
pub(super) fn counts(
    connection: &mut AnyConnection,
    collection: &str,
    scopes: &[String],
) -> QueryResult<BTreeMap<String, Counts>> {
    let totals: Vec<(String, i64)> = records::table
        .filter(records::collection.eq(collection).and(records::deleted.eq(false)))
        .filter(records::scope.eq_any(scopes))
        .group_by(records::scope)
        .select((records::scope, diesel::dsl::count_star()))
        .load(connection)?;
    let mut counts: BTreeMap<String, Counts> = totals
        .into_iter()
        .map(|(scope, total)| (scope, Counts { total: total as u64, ..Counts::default() }))
        .collect();
    // The newest about each record comes last, and counts.
    type Row = (Key, String, Option<String>, Key);
    let rows: Vec<Row> = notice_subjects::table
        .inner_join(records::table.on(records::id.eq(notice_subjects::record)))
        .inner_join(log_entries::table.on(log_entries::notice.eq(notice_subjects::notice)))
        .inner_join(copies.on(copies.field(records::id).eq(notice_subjects::notice)))
        .filter(records::collection.eq(collection).and(records::deleted.eq(false)))
        .filter(records::scope.eq_any(scopes))
        .order(log_entries::position)
        .select((
            records::id,
            records::scope,
            copies.field(records::status),
            notice_subjects::notice,
        ))
        .load(connection)?;
    let newest: BTreeMap<Key, Row> = rows.into_iter().map(|row| (row.0, row)).collect();
    let with_copy: Vec<Option<Key>> = records::table
        .filter(records::collection.eq(COPIES).and(records::deleted.eq(false)))
        .filter(records::scope.eq_any(scopes))
        .select(records::subject)
        .load(connection)?;
    let with_copy: BTreeSet<Key> = with_copy.into_iter().flatten().collect();
    for (_, scope, outcome, notice) in newest.into_values() {
        let village = counts.entry(scope).or_default();
        *village.told.entry(outcome.unwrap_or_default()).or_default() += 1;
        village.copies += u64::from(with_copy.contains(&notice));
    }
    Ok(counts)
}

/// What a household waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lacking {
    /// It was not told.
    Notice,
    /// It was told, and has no copy.
    Copy,
}

/// A record that is not delivered: id, scope, title, household and its name, and the day.
pub(super) type Undelivered =
    (Key, String, Option<String>, Option<Key>, Option<String>, Option<String>);

/// A page of the records of a register that are not delivered. Households outside of `scopes` are
/// not named.
pub(super) fn undelivered(
    connection: &mut AnyConnection,
    collection: &str,
    scopes: &[String],
    lacking: Lacking,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Undelivered>> {
    type Row = (
        (Key, String, Option<String>, Option<Key>, Option<String>),
        (Option<String>, Option<String>),
    );
    let told = notice_subjects::table.filter(notice_subjects::record.eq(records::id));
    let mut query = records::table
        .left_join(copies.on(copies.field(records::id).nullable().eq(records::subject)))
        .filter(records::collection.eq(collection).and(records::deleted.eq(false)))
        .filter(records::scope.eq_any(scopes))
        .filter(records::id.gt(Key(after.unwrap_or(Uuid::nil()))))
        .order(records::id)
        .limit(limit)
        .select((
            (
                records::id,
                records::scope,
                records::title,
                records::subject,
                copies.field(records::title).nullable(),
            ),
            (copies.field(records::scope).nullable(), records::due_on),
        ))
        .into_boxed();
    query = match lacking {
        Lacking::Notice => query.filter(not(exists(told))),
        Lacking::Copy => {
            let with_copy = notice_subjects::table
                .inner_join(
                    given.on(given
                        .field(records::subject)
                        .eq(notice_subjects::notice.nullable())
                        .and(given.field(records::collection).eq(COPIES))
                        .and(given.field(records::deleted).eq(false))),
                )
                .filter(notice_subjects::record.eq(records::id));
            query.filter(exists(told)).filter(not(exists(with_copy)))
        }
    };
    let rows: Vec<Row> = query.load(connection)?;
    let row = |((id, scope, title, household, name), (lives_in, due_on)): Row| {
        let is_theirs = lives_in.is_some_and(|scope| scopes.contains(&scope));
        (id, scope, title, household, name.filter(|_| is_theirs), due_on)
    };
    Ok(rows.into_iter().map(row).collect())
}
