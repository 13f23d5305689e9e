//! The trail in the database.

use diesel::prelude::*;
use serde_json::Value as Json;
use sync_protocol::UserId;

use super::Did;
use super::chain::{self, BEGINNING, Line};
use super::http::AuditLine;
use crate::db::schema::{audit, audit_head, users};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, RowLocked};

/// Lines that are read at once when the chain is checked.
const AT_ONCE: i64 = 1_000;

/// Begins the trail of a new database.
pub(crate) fn prepare(connection: &mut AnyConnection) -> QueryResult<()> {
    let begun: i64 = audit_head::table.count().get_result(connection)?;
    if begun == 0 {
        diesel::insert_into(audit_head::table)
            .values((
                audit_head::id.eq(1),
                audit_head::position.eq(0),
                audit_head::hash.eq(BEGINNING.to_vec()),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// Adds a line to the trail, in the transaction of what it tells of.
pub(crate) fn note(
    connection: &mut AnyConnection,
    user: UserId,
    did: Did,
    subject: impl ToString,
    detail: Json,
    now: Timestamp,
) -> QueryResult<()> {
    let head = audit_head::table.find(1_i64).select((audit_head::position, audit_head::hash));
    let (last, before): (i64, Vec<u8>) = match RowLocked(head).get_result(connection).optional()? {
        Some(last) => last,
        None => {
            prepare(connection)?;
            (0, BEGINNING.to_vec())
        }
    };
    let before = before.try_into().unwrap_or(BEGINNING);
    let (subject, detail) = (subject.to_string(), detail.to_string());
    let line = Line {
        position: last + 1,
        at: now.0,
        user: user.0,
        action: did.name(),
        subject: &subject,
        detail: &detail,
    };
    let hash = chain::hash(&before, &line).to_vec();
    diesel::insert_into(audit::table)
        .values((
            audit::position.eq(line.position),
            audit::at.eq(now),
            audit::user_id.eq(Key::from(user)),
            audit::action.eq(line.action),
            audit::subject.eq(&subject),
            audit::detail.eq(&detail),
            audit::hash.eq(&hash),
        ))
        .execute(connection)?;
    diesel::update(audit_head::table.find(1_i64))
        .set((audit_head::position.eq(line.position), audit_head::hash.eq(hash)))
        .execute(connection)?;
    Ok(())
}

/// Which lines are asked for.
pub(super) struct Wanted<'a> {
    /// By these people.
    pub(super) people: &'a [Key],
    pub(super) action: Option<&'a str>,
    pub(super) subject: Option<&'a str>,
    /// Before this position; the newest where it isn't said.
    pub(super) before: Option<i64>,
    pub(super) limit: i64,
}

/// Lines of the trail, the newest first.
pub(super) fn lines(
    connection: &mut AnyConnection,
    wanted: &Wanted<'_>,
) -> QueryResult<Vec<AuditLine>> {
    let mut query = audit::table
        .inner_join(users::table.on(users::id.eq(audit::user_id)))
        .filter(audit::user_id.eq_any(wanted.people.to_vec()))
        .order(audit::position.desc())
        .limit(wanted.limit)
        .select((
            audit::position,
            audit::at,
            users::display_name,
            audit::action,
            audit::subject,
            audit::detail,
            audit::hash,
        ))
        .into_boxed();
    if let Some(action) = wanted.action {
        query = query.filter(audit::action.eq(action.to_owned()));
    }
    if let Some(subject) = wanted.subject {
        query = query.filter(audit::subject.eq(subject.to_owned()));
    }
    if let Some(before) = wanted.before {
        query = query.filter(audit::position.lt(before));
    }
    type Row = (i64, Timestamp, String, String, String, String, Vec<u8>);
    let rows: Vec<Row> = query.load(connection)?;
    let line = |(position, at, user_name, action, subject, detail, hash): Row| AuditLine {
        position,
        at,
        user_name,
        action,
        subject,
        subject_name: None,
        detail: serde_json::from_str(&detail).unwrap_or_default(),
        hash: data_encoding::HEXLOWER.encode(&hash),
    };
    Ok(rows.into_iter().map(line).collect())
}

/// How long the trail is, and the first line that does not follow from the one before.
pub(super) fn check(connection: &mut AnyConnection) -> QueryResult<(i64, [u8; 32], Option<i64>)> {
    let (mut before, mut last) = (BEGINNING, 0);
    loop {
        type Row = (i64, Timestamp, Key, String, String, String, Vec<u8>);
        let rows: Vec<Row> = audit::table
            .filter(audit::position.gt(last))
            .order(audit::position)
            .limit(AT_ONCE)
            .select((
                audit::position,
                audit::at,
                audit::user_id,
                audit::action,
                audit::subject,
                audit::detail,
                audit::hash,
            ))
            .load(connection)?;
        if rows.is_empty() {
            break;
        }
        for (position, at, user, action, subject, detail, hash) in rows {
            let (action, subject, detail) = (&*action, &*subject, &*detail);
            let line = Line { position, at: at.0, user: user.0, action, subject, detail };
            let expected = chain::hash(&before, &line);
            if position != last + 1 || hash != expected {
                return Ok((last, before, Some(position)));
            }
            (before, last) = (expected, position);
        }
    }
    // Lines that were cut off at the end leave the head behind.
    let (position, hash): (i64, Vec<u8>) = audit_head::table
        .find(1_i64)
        .select((audit_head::position, audit_head::hash))
        .first(connection)?;
    let broken = position != last || hash != before;
    Ok((last, before, broken.then_some(last + 1)))
}
