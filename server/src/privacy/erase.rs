//! Erasure: the values of records, what was pushed about them and their photos go; that something
//! was there, who erased it and why stay. The log of notifications goes on verifying, since it
//! holds digests only.

use std::collections::BTreeSet;

use diesel::prelude::*;
use mobile_schema::{Catalogue, Hash};
use sync_protocol::{Epoch, RecordId, ScopeId, UserId};
use uuid::Uuid;

use super::holding::{named_aside, operations_of, photos_of};
use super::http::Erased;
use crate::db::schema::{
    blob_claims, blob_references, blobs, checks_due, erased_ops, erased_records, erasures, ops,
};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, STATEMENT_ROWS};
use crate::jobs::{self, JobKind};
use crate::{photos, records, samples};

/// Why something is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A household asked for it.
    Household,
    /// Its time was over.
    Retention,
}

/// An erasure that is decided.
pub(super) struct Order<'a> {
    pub(super) cause: Cause,
    /// The household, or the register.
    pub(super) subject: String,
    pub(super) reason: &'a str,
    pub(super) by: UserId,
    pub(super) epoch: Epoch,
    pub(super) catalogue: &'a Catalogue,
    pub(super) now: Timestamp,
}

/// What an erasure comes to.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub(super) struct Extent {
    /// Records that are emptied.
    pub(super) records: usize,
    /// Operations whose words go.
    pub(super) operations: usize,
    /// Photos and documents that nothing else names, and that go, too.
    pub(super) photos: usize,
}

/// What would be erased with these records.
pub(super) fn extent(
    connection: &mut AnyConnection,
    ids: &[RecordId],
) -> QueryResult<(Extent, BTreeSet<ScopeId>)> {
    let there = records::load(connection, ids)?;
    let scopes: BTreeSet<ScopeId> = there.iter().map(|record| record.scope.clone()).collect();
    let names = scopes.iter().map(ToString::to_string).collect();
    let operations = operations_of(connection, ids, &names)?;
    let photos = their_own(connection, ids)?;
    let extent =
        Extent { records: there.len(), operations: operations.len(), photos: photos.len() };
    Ok((extent, scopes))
}

/// The photos that these records name and no other does.
fn their_own(connection: &mut AnyConnection, ids: &[RecordId]) -> QueryResult<BTreeSet<Hash>> {
    let mut theirs = photos_of(connection, ids)?;
    let all: Vec<Vec<u8>> = theirs.iter().map(|hash| hash.as_bytes().to_vec()).collect();
    let ids: BTreeSet<Key> = ids.iter().copied().map(Key::from).collect();
    for chunk in all.chunks(STATEMENT_ROWS) {
        let rows: Vec<(Vec<u8>, Key)> = blob_references::table
            .filter(blob_references::hash.eq_any(chunk.to_vec()))
            .select((blob_references::hash, blob_references::record))
            .load(connection)?;
        for (hash, record) in rows {
            if !ids.contains(&record)
                && let Ok(hash) = hash.try_into()
            {
                theirs.remove(&Hash(hash));
            }
        }
    }
    Ok(theirs)
}

/// Erases records with everything that was pushed about them, in one transaction. Their photos are
/// removed by jobs that follow.
pub(super) fn erase(
    connection: &mut AnyConnection,
    ids: &[RecordId],
    order: &Order<'_>,
) -> QueryResult<(Extent, BTreeSet<ScopeId>)> {
    let there = records::load_for_update(connection, ids)?;
    let scopes: BTreeSet<ScopeId> = there.iter().map(|record| record.scope.clone()).collect();
    let names = scopes.iter().map(ToString::to_string).collect();
    let operations = operations_of(connection, ids, &names)?;
    let own = their_own(connection, ids)?;
    let extent = Extent { records: there.len(), operations: operations.len(), photos: own.len() };
    let id = Key(Uuid::now_v7());
    diesel::insert_into(erasures::table)
        .values((
            erasures::id.eq(id),
            erasures::kind.eq(match order.cause {
                Cause::Household => "household",
                Cause::Retention => "retention",
            }),
            erasures::subject.eq(&order.subject),
            erasures::reason.eq(order.reason),
            erasures::decided_by.eq(Key::from(order.by)),
            erasures::decided_at.eq(order.now),
            erasures::records.eq(extent.records as i64),
            erasures::photos.eq(extent.photos as i64),
        ))
        .execute(connection)?;
    for record in &there {
        let key = Key::from(record.id);
        let known: i64 = erased_records::table.find(key).count().get_result(connection)?;
        if known == 0 {
            diesel::insert_into(erased_records::table)
                .values((erased_records::record.eq(key), erased_records::erasure.eq(id)))
                .execute(connection)?;
        }
        samples::forget_words(connection, key)?;
        diesel::delete(checks_due::table.find(key)).execute(connection)?;
        diesel::delete(blob_references::table.filter(blob_references::record.eq(key)))
            .execute(connection)?;
        diesel::delete(blob_claims::table.filter(blob_claims::record.eq(key)))
            .execute(connection)?;
    }
    records::erase(connection, &there, order.epoch, order.catalogue, order.now)?;
    for (incarnation, seq) in operations {
        let known: i64 =
            erased_ops::table.find((incarnation, seq)).count().get_result(connection)?;
        if known == 0 {
            diesel::insert_into(erased_ops::table)
                .values((
                    erased_ops::incarnation.eq(incarnation),
                    erased_ops::seq.eq(seq),
                    erased_ops::erasure.eq(id),
                ))
                .execute(connection)?;
        }
        diesel::update(ops::table.find((incarnation, seq)))
            .set(ops::body.eq(Vec::new()))
            .execute(connection)?;
    }
    let needed = named_aside(connection)?;
    for hash in own.difference(&needed) {
        forget(connection, hash, order.now)?;
    }
    Ok((extent, scopes))
}

/// Forgets a photo or document that nothing names; a job removes its bytes.
pub(crate) fn forget(
    connection: &mut AnyConnection,
    hash: &Hash,
    now: Timestamp,
) -> QueryResult<()> {
    photos::forget(connection, hash)?;
    diesel::delete(blobs::table.find(hash.as_bytes().to_vec())).execute(connection)?;
    jobs::ask(connection, JobKind::Remove, &hash.to_string(), now)
}

/// What these people erased, the newest last.
pub(super) fn list(
    connection: &mut AnyConnection,
    people: &[Key],
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Erased>> {
    type Row = (Key, String, String, String, Key, Timestamp, i64, i64);
    let rows: Vec<Row> = erasures::table
        .filter(erasures::decided_by.eq_any(people.to_vec()))
        .filter(erasures::id.gt(Key(after.unwrap_or(Uuid::nil()))))
        .order(erasures::id)
        .limit(limit)
        .select((
            erasures::id,
            erasures::kind,
            erasures::subject,
            erasures::reason,
            erasures::decided_by,
            erasures::decided_at,
            erasures::records,
            erasures::photos,
        ))
        .load(connection)?;
    let line = |(id, kind, subject, reason, by, decided_at, records, photos): Row| Erased {
        id: id.0,
        kind,
        subject,
        reason,
        decided_by: by.0,
        decided_at,
        records,
        photos,
    };
    Ok(rows.into_iter().map(line).collect())
}
