//! The log, its keys and what was revoked, in the database.

use std::collections::BTreeSet;

use diesel::prelude::*;
use ed25519_dalek::SigningKey;
use mobile_schema::Hash;
use mobile_schema::notice::{NoticeContent, NoticeTemplate};
use mobile_schema::pack::BundleKind;
use sync_protocol::RecordId;
use uuid::Uuid;

use super::leaf::{self, Leaf};
use super::receipt::{Head, PublicKey, PublishedKeys, Receipt, RevokedDevice};
use super::tree::{self, Node};
use crate::db::schema::{
    bundles, device_revocations, devices, erased_records, log_entries, log_heads, log_nodes,
    notice_keys, notice_subjects, records,
};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, RowLocked};
use crate::seal::{self, SeedOf};

/// A key that countersigns.
#[derive(Clone)]
pub(super) struct SigningPair {
    pub(super) id: String,
    pub(super) seed: [u8; 32],
}

fn unreadable(what: &str) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(what.to_owned().into())
}

fn fixed<const N: usize>(bytes: Vec<u8>) -> QueryResult<[u8; N]> {
    bytes.try_into().map_err(|_| unreadable("bytes of another length"))
}

fn public(seed: &[u8; 32]) -> [u8; 32] {
    SigningKey::from_bytes(seed).verifying_key().to_bytes()
}

/// The key that counts now, kept from others until the transaction ends: entries follow one
/// another. The first is made when it is needed.
pub(super) fn signing_pair(
    connection: &mut AnyConnection,
    now: Timestamp,
) -> QueryResult<SigningPair> {
    let current = notice_keys::table
        .filter(notice_keys::retired_at.is_null())
        .order(notice_keys::created_at.desc())
        .limit(1)
        .select((notice_keys::id, notice_keys::seed));
    let found: Option<(String, Vec<u8>)> = RowLocked(current).get_result(connection).optional()?;
    match found {
        Some((id, stored)) => pair(id, &stored),
        None => {
            rotate(connection, now)?;
            signing_pair(connection, now)
        }
    }
}

/// Makes a new key and retires the one before; what that signed is verified for ever.
pub(crate) fn rotate(connection: &mut AnyConnection, now: Timestamp) -> QueryResult<String> {
    let seed: [u8; 32] = rand::random();
    let id = Hash::of(&public(&seed)).to_string()[..16].to_owned();
    diesel::update(notice_keys::table.filter(notice_keys::retired_at.is_null()))
        .set(notice_keys::retired_at.eq(Some(now)))
        .execute(connection)?;
    diesel::insert_into(notice_keys::table)
        .values((
            notice_keys::id.eq(&id),
            notice_keys::seed.eq(seal::seed(SeedOf::Notices, &id, &seed)),
            notice_keys::created_at.eq(now),
        ))
        .execute(connection)?;
    Ok(id)
}

/// The key of an entry, even one that was retired since.
pub(super) fn pair_named(connection: &mut AnyConnection, id: &str) -> QueryResult<SigningPair> {
    let stored: Vec<u8> =
        notice_keys::table.find(id).select(notice_keys::seed).first(connection)?;
    pair(id.to_owned(), &stored)
}

fn pair(id: String, stored: &[u8]) -> QueryResult<SigningPair> {
    let seed = seal::open_seed(SeedOf::Notices, &id, stored)?;
    Ok(SigningPair { id, seed })
}

/// Seals the seeds that stand in the clear: they were stored before seeds were sealed.
pub(crate) fn seal_seeds(connection: &mut AnyConnection) -> QueryResult<()> {
    let rows: Vec<(String, Vec<u8>)> =
        notice_keys::table.select((notice_keys::id, notice_keys::seed)).load(connection)?;
    for (id, stored) in rows {
        if let Some(sealed) = seal::sealed_seed(SeedOf::Notices, &id, &stored) {
            diesel::update(notice_keys::table.find(&id))
                .set(notice_keys::seed.eq(sealed))
                .execute(connection)?;
        }
    }
    Ok(())
}

/// What anybody needs to verify a receipt without asking: every key with the time it was used, and
/// the tablets that count for nothing from a time on.
pub(crate) fn published(connection: &mut AnyConnection) -> QueryResult<PublishedKeys> {
    let rows: Vec<(String, Vec<u8>, Timestamp, Option<Timestamp>)> = notice_keys::table
        .order(notice_keys::created_at)
        .select((
            notice_keys::id,
            notice_keys::seed,
            notice_keys::created_at,
            notice_keys::retired_at,
        ))
        .load(connection)?;
    let keys: QueryResult<Vec<PublicKey>> = rows
        .into_iter()
        .map(|(id, stored, from, until)| {
            let key = public(&seal::open_seed(SeedOf::Notices, &id, &stored)?);
            Ok(PublicKey { id, key: key.into(), from: from.0, until: until.map(|until| until.0) })
        })
        .collect();
    let revoked: Vec<(Vec<u8>, Timestamp)> = device_revocations::table
        .inner_join(devices::table.on(devices::id.eq(device_revocations::device_id)))
        .order((device_revocations::from_at, device_revocations::id))
        .select((devices::public_key, device_revocations::from_at))
        .load(connection)?;
    let revoked: QueryResult<Vec<RevokedDevice>> = revoked
        .into_iter()
        .map(|(key, from)| Ok(RevokedDevice { key: fixed::<32>(key)?.into(), from: from.0 }))
        .collect();
    Ok(PublishedKeys { version: 1, keys: keys?, revoked_devices: revoked? })
}

/// How many entries the log has.
pub(super) fn size(connection: &mut AnyConnection) -> QueryResult<u64> {
    let last: Option<i64> =
        log_entries::table.select(diesel::dsl::max(log_entries::position)).first(connection)?;
    Ok(last.map_or(0, |last| last as u64 + 1))
}

/// A complete subtree.
pub(super) fn node(connection: &mut AnyConnection, node: Node) -> QueryResult<Hash> {
    let hash: Vec<u8> = log_nodes::table
        .find((i64::from(node.level), node.index as i64))
        .select(log_nodes::hash)
        .first(connection)?;
    fixed(hash).map(Hash)
}

/// Appends an entry and signs the log as it is then. The caller holds the key.
pub(super) fn append(
    connection: &mut AnyConnection,
    notice: RecordId,
    leaf: &Leaf,
    content: &NoticeContent,
    pair: &SigningPair,
    now: Timestamp,
) -> QueryResult<u64> {
    let position = size(connection)?;
    let bytes = leaf.bytes();
    let hash = tree::leaf_hash(&bytes);
    let made = tree::append(position, hash, |at| node(connection, at))?;
    let signature = leaf::sign(&pair.seed, &leaf::countersigned(position, &hash));
    diesel::insert_into(log_entries::table)
        .values((
            log_entries::position.eq(position as i64),
            log_entries::notice.eq(Key::from(notice)),
            log_entries::digest.eq(leaf.digest.as_bytes().to_vec()),
            log_entries::supersedes.eq(content.supersedes.map(|hash| hash.as_bytes().to_vec())),
            log_entries::leaf.eq(bytes),
            log_entries::key.eq(&pair.id),
            log_entries::signature.eq(signature.to_vec()),
        ))
        .execute(connection)?;
    for record in content.records.iter().map(|one| Key(Uuid::from_bytes(one.record))) {
        diesel::insert_into(notice_subjects::table)
            .values((
                notice_subjects::record.eq(record),
                notice_subjects::notice.eq(Key::from(notice)),
            ))
            .execute(connection)?;
    }
    for (at, hash) in made {
        diesel::insert_into(log_nodes::table)
            .values((
                log_nodes::level.eq(i64::from(at.level)),
                log_nodes::place.eq(at.index as i64),
                log_nodes::hash.eq(hash.as_bytes().to_vec()),
            ))
            .execute(connection)?;
    }
    let size = position + 1;
    let root = tree::root(size, |at| node(connection, at))?;
    let signature = leaf::sign(&pair.seed, &leaf::tree_head(size, &root, now.0));
    diesel::insert_into(log_heads::table)
        .values((
            log_heads::size.eq(size as i64),
            log_heads::root.eq(root.as_bytes().to_vec()),
            log_heads::at.eq(now),
            log_heads::key.eq(&pair.id),
            log_heads::signature.eq(signature.to_vec()),
        ))
        .execute(connection)?;
    Ok(position)
}

/// What was signed of the log when it had `size` entries; of the newest where that is not said.
pub(super) fn head(connection: &mut AnyConnection, size: Option<u64>) -> QueryResult<Option<Head>> {
    type Row = (i64, Vec<u8>, Timestamp, String, Vec<u8>);
    let mut query = log_heads::table
        .order(log_heads::size.desc())
        .limit(1)
        .select((
            log_heads::size,
            log_heads::root,
            log_heads::at,
            log_heads::key,
            log_heads::signature,
        ))
        .into_boxed();
    if let Some(size) = size {
        query = query.filter(log_heads::size.eq(size as i64));
    }
    let row: Option<Row> = query.first(connection).optional()?;
    row.map(|(size, root, at, key, signature)| {
        Ok(Head {
            size: size as u64,
            root: Hash(fixed(root)?),
            at: at.0,
            key,
            signature: fixed::<64>(signature)?.into(),
        })
    })
    .transpose()
}

/// An entry as the database has it: its place, its notification, its leaf, key and signature.
pub(super) type Entry = (u64, RecordId, Vec<u8>, String, [u8; 64]);

/// Entries from a position on.
pub(super) fn entries(
    connection: &mut AnyConnection,
    from: u64,
    limit: i64,
) -> QueryResult<Vec<Entry>> {
    type Row = (i64, Key, Vec<u8>, String, Vec<u8>);
    let rows: Vec<Row> = log_entries::table
        .filter(log_entries::position.ge(from as i64))
        .order(log_entries::position)
        .limit(limit)
        .select((
            log_entries::position,
            log_entries::notice,
            log_entries::leaf,
            log_entries::key,
            log_entries::signature,
        ))
        .load(connection)?;
    rows.into_iter()
        .map(|(position, notice, leaf, key, signature)| {
            Ok((position as u64, notice.into(), leaf, key, fixed(signature)?))
        })
        .collect()
}

/// Where a notification stands in the log.
pub(crate) fn position(
    connection: &mut AnyConnection,
    notice: RecordId,
) -> QueryResult<Option<u64>> {
    let position: Option<i64> = log_entries::table
        .filter(log_entries::notice.eq(Key::from(notice)))
        .select(log_entries::position)
        .first(connection)
        .optional()?;
    Ok(position.map(|position| position as u64))
}

/// Whether a notification of this digest was replaced by a later one.
pub(super) fn is_superseded(connection: &mut AnyConnection, digest: &Hash) -> QueryResult<bool> {
    let there: i64 = log_entries::table
        .filter(log_entries::supersedes.eq(digest.as_bytes().to_vec()))
        .count()
        .get_result(connection)?;
    Ok(there > 0)
}

/// The receipt of a notification, with what proves that it is in the log as it is now; its content
/// is the caller's to add.
pub(super) fn receipt(
    connection: &mut AnyConnection,
    notice: RecordId,
) -> QueryResult<Option<Receipt>> {
    let Some(position) = position(connection, notice)? else { return Ok(None) };
    let Some((_, _, leaf, key, signature)) = entries(connection, position, 1)?.pop() else {
        return Ok(None);
    };
    let head = head(connection, None)?.ok_or_else(|| unreadable("a log without a head"))?;
    let proof = tree::inclusion(position, head.size, |at| node(connection, at))?;
    Ok(Some(Receipt {
        version: 1,
        position,
        leaf: leaf.into(),
        key,
        signature: signature.into(),
        head: Some(head),
        proof,
        content: None,
    }))
}

/// A template by its hash.
pub(super) fn template(
    connection: &mut AnyConnection,
    hash: &Hash,
) -> QueryResult<Option<NoticeTemplate>> {
    let bytes: Option<Vec<u8>> = bundles::table
        .filter(bundles::hash.eq(hash.as_bytes().to_vec()))
        .filter(bundles::kind.eq(BundleKind::Notice.name()))
        .select(bundles::bytes)
        .first(connection)
        .optional()?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Notifications that are in no log: those of a household, or of all.
pub(crate) fn waiting(
    connection: &mut AnyConnection,
    household: Option<Key>,
) -> QueryResult<Vec<RecordId>> {
    let mut query = records::table
        .left_join(log_entries::table.on(log_entries::notice.eq(records::id)))
        .filter(records::collection.eq("notice").and(records::deleted.eq(false)))
        .filter(log_entries::position.nullable().is_null())
        .select(records::id)
        .into_boxed();
    if let Some(household) = household {
        query = query.filter(records::subject.eq(household));
    }
    let ids: Vec<Key> = query.load(connection)?;
    Ok(ids.into_iter().map(RecordId::from).collect())
}

/// The hashes of all versions of a template, as records name them.
pub(super) fn versions(
    connection: &mut AnyConnection,
    name: &str,
) -> QueryResult<BTreeSet<String>> {
    let rows: Vec<Vec<u8>> = bundles::table
        .filter(bundles::kind.eq(BundleKind::Notice.name()).and(bundles::name.eq(name)))
        .select(bundles::hash)
        .load(connection)?;
    let hashes = rows.into_iter().map(fixed::<32>);
    hashes.map(|hash| Ok(Hash(hash?).to_string())).collect()
}

/// Those of these notifications that were erased.
pub(super) fn erased(
    connection: &mut AnyConnection,
    notices: &[RecordId],
) -> QueryResult<BTreeSet<RecordId>> {
    let keys: Vec<Key> = notices.iter().copied().map(Key::from).collect();
    let ids: Vec<Key> = erased_records::table
        .filter(erased_records::record.eq_any(keys))
        .select(erased_records::record)
        .load(connection)?;
    Ok(ids.into_iter().map(RecordId::from).collect())
}
