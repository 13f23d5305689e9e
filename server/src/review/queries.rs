//! Claims, first passes and policies in the database.

use std::collections::{BTreeMap, HashSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::Serialize;
use sync_protocol::record::Writer;
use sync_protocol::{Op, RecordId, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::order::Waiting;
use super::passes;
use super::policy::Policy;
use super::rules::{is_by, is_writing};
use crate::areas::AreaPath;
use crate::db::schema::{areas, history, ops, records, review_claims, review_policies, users};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{AnyConnection, MultiBackend, RowLocked, STATEMENT_ROWS, containing, padded};
use crate::limits::MAX_WAITING;
use crate::records as store;
use crate::seal;

/// Where a visit stands that waits for a reviewer.
pub(super) const WAITING: [&str; 3] = ["submitted", "resubmitted", "in_review"];

/// Who is looking at a visit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Claim {
    pub(crate) user: Uuid,
    user_name: String,
    /// Until then.
    #[schema(value_type = String)]
    until: Timestamp,
}

/// Who is looking at a visit just now.
pub(crate) fn claim_on(
    connection: &mut AnyConnection,
    visit: Uuid,
    now: Timestamp,
) -> QueryResult<Option<Claim>> {
    let found: Option<(Key, String, Timestamp)> = review_claims::table
        .inner_join(users::table.on(users::id.eq(review_claims::user_id)))
        .filter(review_claims::visit.eq(Key(visit)).and(review_claims::until.gt(now)))
        .select((users::id, users::display_name, review_claims::until))
        .first(connection)
        .optional()?;
    Ok(found.map(|(user, user_name, until)| Claim { user: user.0, user_name, until }))
}

/// The operations that were last done to a visit in one go, with what they did to other records, if
/// this person did them.
pub(super) fn last_in_one_go(
    connection: &mut AnyConnection,
    visit: Uuid,
    user: UserId,
) -> QueryResult<Vec<Op>> {
    let made = ops::incarnation.eq(history::incarnation).and(ops::seq.eq(history::seq));
    let newest: Option<(Key, i64, Vec<u8>)> = history::table
        .inner_join(ops::table.on(made))
        .filter(history::record.eq(Key(visit)))
        .order((ops::received_at.desc(), history::n.desc()))
        .select((ops::incarnation, ops::seq, ops::body))
        .first(connection)
        .optional()?;
    let Some((chain, last, body)) = newest else { return Ok(Vec::new()) };
    let Some(group) = read(chain, last, body)?.and_then(|op| op.group) else {
        return Ok(Vec::new());
    };
    let size = i64::from(group.size);
    let around: Vec<(i64, Vec<u8>)> = ops::table
        .filter(ops::incarnation.eq(chain).and(ops::pushed_by.eq(Key::from(user))))
        .filter(ops::seq.gt(last - size).and(ops::seq.lt(last + size)))
        .order(ops::seq)
        .select((ops::seq, ops::body))
        .load(connection)?;
    let mut found = Vec::new();
    for (seq, body) in around {
        let op = read(chain, seq, body)?;
        found.extend(op.filter(|op| op.group.is_some_and(|one| one.id == group.id)));
    }
    Ok(found)
}

/// An operation as it is stored; none where it was erased.
fn read(chain: Key, seq: i64, body: Vec<u8>) -> QueryResult<Option<Op>> {
    let place = Writer { incarnation: chain.into(), seq: seq as u64 };
    Ok(serde_json::from_slice(&seal::open_body(place, body)?).ok())
}

/// The policy that holds in an area, and its name: that of the nearest area around it that has one.
pub(super) fn policy_in(
    connection: &mut AnyConnection,
    area: &AreaPath,
) -> QueryResult<(Policy, String)> {
    let codes: Vec<String> = area.codes().collect();
    let found: Vec<(Key, String, JsonText)> = review_policies::table
        .filter(review_policies::area_code.eq_any(&codes))
        .order(review_policies::id)
        .select((review_policies::id, review_policies::area_code, review_policies::policy))
        .load(connection)?;
    // Of equally near ones the last, which is the newest.
    let depth = |code: &String| codes.iter().position(|one| one == code);
    match found.into_iter().max_by_key(|(_, code, _)| depth(code)) {
        Some((id, _, policy)) => Ok((policy.read()?, id.0.to_string())),
        None => Ok((Policy::builtin(), "builtin".to_owned())),
    }
}

/// Sets the policy of an area.
pub(super) fn set_policy(
    connection: &mut AnyConnection,
    area: &str,
    policy: &Policy,
    reason: &str,
    by: UserId,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::insert_into(review_policies::table)
        .values((
            review_policies::id.eq(Key(Uuid::now_v7())),
            review_policies::area_code.eq(area),
            review_policies::policy.eq(JsonText::of(policy)),
            review_policies::reason.eq(reason),
            review_policies::decided_by.eq(Key::from(by)),
            review_policies::decided_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}

/// The visits in these scopes that wait for this person, the oldest first: not those that others
/// look at, and not those that this person has passed or left to another already.
pub(super) fn waiting(
    connection: &mut AnyConnection,
    scopes: &[String],
    user: UserId,
    now: Timestamp,
) -> QueryResult<Vec<Waiting>> {
    let mut visits: Vec<(Key, Timestamp, Option<String>)> = Vec::new();
    for status in WAITING {
        let rows: Vec<(Key, Timestamp, Option<String>)> = records::table
            .filter(records::collection.eq("visit").and(records::status.eq(status)))
            .filter(records::deleted.eq(false).and(records::scope.eq_any(scopes)))
            .order((records::created_at, records::id))
            .limit(MAX_WAITING)
            .select((records::id, records::created_at, records::status))
            .load(connection)?;
        visits.extend(rows);
    }
    let claimed: Vec<Key> = review_claims::table
        .filter(review_claims::until.gt(now).and(review_claims::user_id.ne(Key::from(user))))
        .select(review_claims::visit)
        .load(connection)?;
    let ids: Vec<Key> = visits.iter().map(|(id, ..)| *id).collect();
    let passed = passes::by(connection, user, &ids)?;
    let left = open_flags_of(connection, scopes, user)?.into_iter().map(|(visit, _)| visit);
    let mut not_theirs: HashSet<Key> = claimed.into_iter().chain(passed).chain(left).collect();
    not_theirs.extend(own_work(connection, &ids, user)?);
    let open: Vec<(Option<Key>, Option<String>)> = records::table
        .filter(records::collection.eq("finding").and(records::status.eq("open")))
        .filter(records::deleted.eq(false).and(records::scope.eq_any(scopes)))
        .select((records::subject, records::title))
        .load(connection)?;
    let mut rules: BTreeMap<Key, Vec<String>> = BTreeMap::new();
    for (subject, rule) in open {
        if let (Some(subject), Some(rule)) = (subject, rule) {
            rules.entry(subject).or_default().push(rule);
        }
    }
    let waiting = |(id, received, status): (Key, Timestamp, Option<String>)| Waiting {
        id: id.0,
        received,
        resubmitted: status.as_deref() == Some("resubmitted"),
        open: rules.remove(&id).unwrap_or_default(),
    };
    Ok(visits.into_iter().filter(|(id, ..)| !not_theirs.contains(id)).map(waiting).collect())
}

/// Those of these visits that somebody had a hand in: what they say is this person's, or was before
/// somebody else wrote over it.
pub(super) fn own_work(
    connection: &mut AnyConnection,
    visits: &[Key],
    user: UserId,
) -> QueryResult<HashSet<Key>> {
    let made = ops::incarnation.eq(history::incarnation).and(ops::seq.eq(history::seq));
    let mut own = HashSet::new();
    for chunk in visits.chunks(STATEMENT_ROWS) {
        let marks = sql::<Text>("CAST(records.marks AS TEXT)");
        let named: Vec<Key> = records::table
            .filter(records::id.eq_any(padded(chunk.to_vec())))
            .filter(marks.like(containing(&user.0.to_string())))
            .select(records::id)
            .load(connection)?;
        let named: Vec<RecordId> = named.into_iter().map(RecordId::from).collect();
        let stands = store::load(connection, &named)?.into_iter();
        own.extend(stands.filter(|one| is_by(one, user)).map(|one| Key::from(one.id)));
        let brought = history::table
            .inner_join(ops::table.on(made))
            .filter(history::record.eq_any(padded(chunk.to_vec())))
            .select((history::record, ops::incarnation, ops::seq, ops::body, ops::pushed_by))
            .into_boxed::<MultiBackend>();
        // What others applied of theirs is looked for where it is decided about one visit: that
        // opens every operation on it.
        let brought = match visits {
            [_] => brought,
            _ => brought.filter(ops::pushed_by.eq(Key::from(user))),
        };
        let brought: Vec<(Key, Key, i64, Vec<u8>, Key)> = brought.load(connection)?;
        for (visit, chain, seq, body, by) in brought {
            if own.contains(&visit) {
                continue;
            }
            let is_theirs = match read(chain, seq, body)? {
                Some(op) => op.author == user && is_writing(&op),
                // Of what was erased nobody can say that it was none.
                None => by == Key::from(user),
            };
            if is_theirs {
                own.insert(visit);
            }
        }
    }
    Ok(own)
}

/// One person's open doubts in these scopes: the visit, and the finding.
pub(super) fn open_flags_of(
    connection: &mut AnyConnection,
    scopes: &[String],
    user: UserId,
) -> QueryResult<Vec<(Key, RecordId)>> {
    let made = ops::incarnation.eq(history::incarnation).and(ops::seq.eq(history::seq));
    let rows: Vec<(Option<Key>, Key)> = records::table
        .inner_join(history::table.on(history::record.eq(records::id)))
        .inner_join(ops::table.on(made))
        .filter(records::collection.eq("finding").and(records::status.eq("open")))
        .filter(records::title.eq(super::rules::FLAG).and(records::deleted.eq(false)))
        .filter(records::scope.eq_any(scopes).and(ops::pushed_by.eq(Key::from(user))))
        .order(records::id)
        .select((records::subject, records::id))
        .load(connection)?;
    let whole = |(visit, finding): (Option<Key>, Key)| Some((visit?, finding.into()));
    Ok(rows.into_iter().filter_map(whole).collect())
}

/// The visits that this person looks at already.
pub(super) fn claimed_by(
    connection: &mut AnyConnection,
    user: UserId,
    now: Timestamp,
) -> QueryResult<Vec<Uuid>> {
    let mine: Vec<Key> = review_claims::table
        .filter(review_claims::user_id.eq(Key::from(user)).and(review_claims::until.gt(now)))
        .select(review_claims::visit)
        .load(connection)?;
    Ok(mine.into_iter().map(|key| key.0).collect())
}

/// Keeps others of the same county from claiming until the transaction ends, so that no two get the
/// same visit.
pub(super) fn one_at_a_time(connection: &mut AnyConnection, paths: &[AreaPath]) -> QueryResult<()> {
    let Some(county) = paths.first().and_then(|path| path.codes().next()) else { return Ok(()) };
    let county = areas::table.find(county).select(areas::code);
    let _: Option<String> = RowLocked(county).get_result(connection).optional()?;
    Ok(())
}

/// Claims a visit until then, if nobody else has.
pub(super) fn claim(
    connection: &mut AnyConnection,
    visit: Uuid,
    user: UserId,
    (now, until): (Timestamp, Timestamp),
) -> QueryResult<bool> {
    // A claim that has ended, or one's own, gives way.
    let free = review_claims::table
        .filter(review_claims::visit.eq(Key(visit)))
        .filter(review_claims::until.le(now).or(review_claims::user_id.eq(Key::from(user))));
    diesel::delete(free).execute(connection)?;
    if claim_on(connection, visit, now)?.is_some() {
        return Ok(false);
    }
    diesel::insert_into(review_claims::table)
        .values((
            review_claims::visit.eq(Key(visit)),
            review_claims::user_id.eq(Key::from(user)),
            review_claims::until.eq(until),
        ))
        .execute(connection)?;
    Ok(true)
}

/// Lets others look at visits that this person claimed; at one of them, or at all.
pub(super) fn release(
    connection: &mut AnyConnection,
    user: UserId,
    visit: Option<Uuid>,
) -> QueryResult<()> {
    let theirs = review_claims::table.filter(review_claims::user_id.eq(Key::from(user)));
    match visit {
        Some(visit) => diesel::delete(theirs.filter(review_claims::visit.eq(Key(visit))))
            .execute(connection)?,
        None => diesel::delete(theirs).execute(connection)?,
    };
    Ok(())
}

/// The rules of the open findings about a visit.
pub(super) fn open_about(connection: &mut AnyConnection, visit: Uuid) -> QueryResult<Vec<String>> {
    let rules: Vec<Option<String>> = records::table
        .filter(records::subject.eq(Key(visit)).and(records::collection.eq("finding")))
        .filter(records::status.eq("open").and(records::deleted.eq(false)))
        .select(records::title)
        .load(connection)?;
    Ok(rules.into_iter().flatten().collect())
}

/// The open words of reviewers about a visit.
pub(super) fn open_comments(
    connection: &mut AnyConnection,
    visit: Uuid,
) -> QueryResult<Vec<RecordId>> {
    let ids: Vec<Key> = records::table
        .filter(records::subject.eq(Key(visit)).and(records::collection.eq("finding")))
        .filter(records::status.eq("open").and(records::title.eq(super::rules::COMMENT)))
        .filter(records::deleted.eq(false))
        .order(records::id)
        .select(records::id)
        .load(connection)?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// Whether a visit in these scopes waits for a reviewer.
pub(super) fn waits(
    connection: &mut AnyConnection,
    visit: Uuid,
    scopes: &[String],
) -> QueryResult<bool> {
    let found: i64 = records::table
        .filter(records::id.eq(Key(visit)).and(records::collection.eq("visit")))
        .filter(records::deleted.eq(false).and(records::scope.eq_any(scopes)))
        .filter(records::status.eq_any(WAITING))
        .count()
        .get_result(connection)?;
    Ok(found > 0)
}
