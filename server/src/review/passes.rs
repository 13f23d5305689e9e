//! First passes of visits that need a second person.
//!
//! A pass is given to what the visit says: once that has changed, it counts no more. The decision
//! that ends passes is kept with them, for it may be undone.

use diesel::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};
use sync_protocol::{GroupId, Record, RecordId, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::rules;
use crate::db::AnyConnection;
use crate::db::schema::{review_passes, users};
use crate::db::types::{Key, Timestamp};
use crate::records as store;

/// Who passed a visit that needs a second person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Pass {
    pub(crate) user: Uuid,
    user_name: String,
    #[schema(value_type = String)]
    at: Timestamp,
}

/// The digest of what a visit says, as JSON by the numbers of its fields.
fn work_of(visit: &Record) -> Vec<u8> {
    let said: Vec<_> = visit.fields.iter().filter(|(field, _)| rules::is_work(field)).collect();
    let said = serde_json::to_vec(&said).expect("values are JSON");
    Sha256::digest(said).to_vec()
}

/// Those who have passed a visit as it is.
pub(crate) fn of(connection: &mut AnyConnection, visit: RecordId) -> QueryResult<Vec<Pass>> {
    type Row = (Key, String, Timestamp, Option<Vec<u8>>);
    let rows: Vec<Row> = review_passes::table
        .inner_join(users::table.on(users::id.eq(review_passes::user_id)))
        .filter(review_passes::visit.eq(Key::from(visit)))
        .filter(review_passes::ended_in.is_null())
        .order(review_passes::at)
        .select((users::id, users::display_name, review_passes::at, review_passes::work))
        .load(connection)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let work = store::load(connection, &[visit])?.first().map(work_of);
    let stands = rows.into_iter().filter(|row| row.3 == work);
    Ok(stands.map(|(user, user_name, at, _)| Pass { user: user.0, user_name, at }).collect())
}

/// Those of these visits that a person has passed as they are.
pub(super) fn by(
    connection: &mut AnyConnection,
    user: UserId,
    visits: &[Key],
) -> QueryResult<Vec<Key>> {
    let passed: Vec<Key> = review_passes::table
        .filter(review_passes::user_id.eq(Key::from(user)))
        .filter(review_passes::ended_in.is_null())
        .select(review_passes::visit)
        .load(connection)?;
    let mut stands = Vec::new();
    for visit in passed.into_iter().filter(|visit| visits.contains(visit)) {
        if of(connection, visit.into())?.iter().any(|pass| pass.user == user.0) {
            stands.push(visit);
        }
    }
    Ok(stands)
}

/// Notes that a person passes a visit that needs a second one.
pub(super) fn give(
    connection: &mut AnyConnection,
    visit: &Record,
    user: UserId,
    now: Timestamp,
) -> QueryResult<()> {
    take_back(connection, visit.id.0, user)?;
    diesel::insert_into(review_passes::table)
        .values((
            review_passes::visit.eq(Key::from(visit.id)),
            review_passes::user_id.eq(Key::from(user)),
            review_passes::at.eq(now),
            review_passes::work.eq(Some(work_of(visit))),
        ))
        .execute(connection)?;
    Ok(())
}

/// Forgets that this person passed it.
pub(super) fn take_back(
    connection: &mut AnyConnection,
    visit: Uuid,
    user: UserId,
) -> QueryResult<()> {
    let theirs = review_passes::user_id.eq(Key::from(user));
    diesel::delete(review_passes::table.filter(review_passes::visit.eq(Key(visit)).and(theirs)))
        .execute(connection)?;
    Ok(())
}

/// The visit was decided about: nobody's pass stands any more.
pub(super) fn end(
    connection: &mut AnyConnection,
    visit: Uuid,
    decision: GroupId,
) -> QueryResult<()> {
    let standing = review_passes::visit.eq(Key(visit)).and(review_passes::ended_in.is_null());
    diesel::update(review_passes::table.filter(standing))
        .set(review_passes::ended_in.eq(Some(Key(decision.0))))
        .execute(connection)?;
    Ok(())
}

/// The decision did not happen: the passes that it ended stand again.
pub(super) fn restore(
    connection: &mut AnyConnection,
    visit: Uuid,
    decision: GroupId,
) -> QueryResult<()> {
    let ended = review_passes::visit.eq(Key(visit));
    let ended = ended.and(review_passes::ended_in.eq(Some(Key(decision.0))));
    diesel::update(review_passes::table.filter(ended))
        .set(review_passes::ended_in.eq(None::<Key>))
        .execute(connection)?;
    Ok(())
}
