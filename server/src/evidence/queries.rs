//! Evidence out of the database.

use std::collections::BTreeMap;

use diesel::prelude::*;
use mobile_schema::{Hash, Labels, Value};
use sync_protocol::finding::{COLLECTION, field};
use sync_protocol::{Record, RecordId};
use uuid::Uuid;

use super::{Flag, NoticeEvidence, PhotoEvidence, PhotoState, VisitEvidence};
use crate::db::AnyConnection;
use crate::db::schema::{blobs, records};
use crate::db::types::{Key, Timestamp};
use crate::records::visit;
use crate::{notices, photos, records as store};

/// Visits on a page.
pub(super) const PAGE: i64 = 200;

/// Fields of the built-in register `notice` that are shown.
const HOUSEHOLD: u32 = 1;
const OUTCOME: u32 = 6;
const TITLE: u32 = 10;

/// A page of the records of a register and scope, in the order of their ids, and what is doubtful
/// about them.
fn page(
    connection: &mut AnyConnection,
    collection: &str,
    scope: &str,
    after: Option<RecordId>,
) -> QueryResult<(Vec<Record>, Flags)> {
    let after = after.map_or(Key(Uuid::nil()), Key::from);
    let ids: Vec<Key> = records::table
        .filter(records::collection.eq(collection).and(records::scope.eq(scope)))
        .filter(records::deleted.eq(false).and(records::id.gt(after)))
        .order(records::id)
        .limit(PAGE)
        .select(records::id)
        .load(connection)?;
    let ids: Vec<RecordId> = ids.into_iter().map(RecordId::from).collect();
    Ok((store::load(connection, &ids)?, flags(connection, &ids)?))
}

/// A page of the notifications of a scope.
pub(super) fn notices(
    connection: &mut AnyConnection,
    scope: &str,
    after: Option<RecordId>,
) -> QueryResult<Vec<NoticeEvidence>> {
    let (found, mut flags) = page(connection, "notice", scope, after)?;
    let mut evidence = Vec::new();
    for notice in found {
        let text = |field| notice.fields.get(&field).and_then(Value::as_text);
        evidence.push(NoticeEvidence {
            notice: notice.id,
            household: text(HOUSEHOLD).and_then(|id| id.parse().ok()),
            title: text(TITLE).map(str::to_owned),
            outcome: text(OUTCOME).map(str::to_owned),
            position: notices::position(connection, notice.id)?,
            flags: flags.remove(&(notice.id, String::new())).unwrap_or_default(),
        });
    }
    Ok(evidence)
}

/// A page of the visits of a scope.
pub(super) fn visits(
    connection: &mut AnyConnection,
    scope: &str,
    after: Option<RecordId>,
) -> QueryResult<Vec<VisitEvidence>> {
    let (visits, mut flags) = page(connection, "visit", scope, after)?;
    let hashes: Vec<Hash> = visits.iter().flat_map(photos::photos_of).collect();
    let seen = photos::seen(connection, &hashes)?;
    let keys: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect();
    let mut arrived: Vec<Vec<u8>> = Vec::new();
    for chunk in keys.chunks(crate::db::STATEMENT_ROWS) {
        let there = blobs::table.filter(blobs::hash.eq_any(chunk.to_vec())).select(blobs::hash);
        arrived.extend(there.load::<Vec<u8>>(connection)?);
    }
    let photo = |visit: RecordId, hash: Hash, flags: &mut Flags| {
        let known = seen.get(&hash);
        let state = match known {
            Some(known) if known.unreadable.is_some() => PhotoState::Unreadable,
            Some(_) => PhotoState::Verified,
            None if arrived.iter().any(|there| there == hash.as_bytes()) => PhotoState::Waiting,
            None => PhotoState::Missing,
        };
        let taken_at = known.and_then(|known| known.facts.taken_at_utc());
        PhotoEvidence {
            hash,
            state,
            size: known.and_then(|known| known.size),
            taken_at: taken_at.map(Timestamp),
            flags: flags.remove(&(visit, hash.to_string())).unwrap_or_default(),
        }
    };
    let evidence = visits.iter().map(|one| {
        let text = |field| one.fields.get(&field).and_then(Value::as_text);
        let ended_at = one.fields.get(&visit::ENDED_AT).and_then(Value::as_integer);
        VisitEvidence {
            visit: one.id,
            scope: one.scope.to_string(),
            household: text(visit::HOUSEHOLD).and_then(|id| id.parse().ok()),
            status: text(visit::STATUS).map(str::to_owned),
            ended_at: ended_at.map(Timestamp),
            photos: photos::photos_of(one)
                .into_iter()
                .map(|hash| photo(one.id, hash, &mut flags))
                .collect(),
        }
    });
    Ok(evidence.collect())
}

/// What is doubtful, by record and place in it: a visit's photo.
type Flags = BTreeMap<(RecordId, String), Vec<Flag>>;

fn flags(connection: &mut AnyConnection, subjects: &[RecordId]) -> QueryResult<Flags> {
    let subjects: Vec<Key> = subjects.iter().copied().map(Key::from).collect();
    let ids: Vec<Key> = records::table
        .filter(records::subject.eq_any(subjects).and(records::collection.eq(COLLECTION)))
        .filter(records::deleted.eq(false))
        .select(records::id)
        .load(connection)?;
    let ids: Vec<RecordId> = ids.into_iter().map(RecordId::from).collect();
    let mut flags = Flags::new();
    for finding in store::load(connection, &ids)? {
        let text = |field| finding.fields.get(&field).and_then(Value::as_text).unwrap_or_default();
        let subject = text(field::SUBJECT).parse().ok();
        let is_evidence =
            ["photo/", "notice/"].iter().any(|one| text(field::RULE).starts_with(one));
        let (Some(subject), true) = (subject, is_evidence) else { continue };
        let place = text(field::PLACE).to_owned();
        flags.entry((subject, place)).or_default().push(Flag {
            finding: finding.id,
            rule: text(field::RULE).to_owned(),
            status: text(field::STATUS).to_owned(),
            message: message(&finding),
            explanation: Some(text(field::EXPLANATION).to_owned()).filter(|text| !text.is_empty()),
        });
    }
    Ok(flags)
}

fn message(finding: &Record) -> Labels {
    let words = finding.fields.get(&field::MESSAGE);
    let in_language = |tag: &str| {
        let text = words.and_then(|words| words.get(tag)).and_then(Value::as_text);
        (tag.to_owned(), text.unwrap_or_default().to_owned())
    };
    Labels(["zh-CN", "en"].map(in_language).into())
}
