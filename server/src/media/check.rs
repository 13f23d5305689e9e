//! Going through the media store: what is missing, changed, or named by nothing.

use std::collections::BTreeSet;

use diesel::prelude::*;
use futures_util::StreamExt;
use mobile_schema::Hash;
use mobile_schema::form::FormBundle;
use mobile_schema::pack::BundleKind;

use super::rules::Hasher;
use crate::db::schema::{blob_claims, blob_references, blobs, bundles};
use crate::db::types::Timestamp;
use crate::db::{AnyConnection, Database, Failed};
use crate::media_store::{MediaError, MediaStore, ObjectName};

/// What a blob is that nothing names, days after it came: a tablet may name it yet.
pub(super) const GRACE: i64 = 30;

/// What was found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Blobs that are where they should be and as they should be.
    pub well: u64,
    /// Blobs that the database has and the store hasn't.
    pub missing: Vec<Hash>,
    /// Blobs whose bytes have another hash than their name.
    pub changed: Vec<Hash>,
    /// Blobs that the store has and the database hasn't: an upload that was refused or cut off.
    pub orphaned: Vec<Hash>,
    /// Blobs that have been here for a month and that no record and no form names.
    pub unnamed: Vec<Hash>,
}

impl Checked {
    /// Whether nothing is lost.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.changed.is_empty()
    }
}

/// Goes through the store, a 256th at a time; with `hashing`, reads every blob.
///
/// # Errors
/// Where the database or the store can't be reached, in words.
pub async fn check(
    database: &Database,
    media: &MediaStore,
    hashing: bool,
    now: Timestamp,
) -> Result<Checked, String> {
    let mut checked = Checked::default();
    let named: Result<BTreeSet<Hash>, Failed> =
        database.read(|connection| Ok(named_by_forms(connection)?)).await;
    let by_forms = named.map_err(|error| error.to_string())?;
    for shard in 0..=u8::MAX {
        let known: Result<Vec<Known>, Failed> =
            database.read(move |connection| Ok(known(connection, shard)?)).await;
        let known = known.map_err(|error| error.to_string())?;
        let stored = media.blobs(shard).await.map_err(|error| error.to_string())?;
        let stored: BTreeSet<Hash> = stored.into_iter().collect();
        for blob in &known {
            if !stored.contains(&blob.hash) {
                checked.missing.push(blob.hash);
                continue;
            }
            if hashing {
                match is_as_named(media, blob.hash).await {
                    Ok(true) => {}
                    Ok(false) => {
                        checked.changed.push(blob.hash);
                        continue;
                    }
                    Err(MediaError::Missing) => {
                        checked.missing.push(blob.hash);
                        continue;
                    }
                    Err(error) => return Err(error.to_string()),
                }
            }
            checked.well += 1;
            let is_old = blob.verified_at.plus_seconds(GRACE * 24 * 3600) < now;
            if is_old && !blob.is_named && !by_forms.contains(&blob.hash) {
                checked.unnamed.push(blob.hash);
            }
        }
        let known: BTreeSet<Hash> = known.into_iter().map(|blob| blob.hash).collect();
        checked.orphaned.extend(stored.difference(&known));
    }
    Ok(checked)
}

async fn is_as_named(media: &MediaStore, hash: Hash) -> Result<bool, MediaError> {
    let mut pieces = media.get(ObjectName::Blob(hash)).await?;
    let mut hasher = Hasher::default();
    while let Some(piece) = pieces.next().await {
        hasher.update(&piece?);
    }
    Ok(hasher.finish() == hash)
}

struct Known {
    hash: Hash,
    verified_at: Timestamp,
    is_named: bool,
}

/// The blobs whose hash begins with a byte, in order.
fn known(connection: &mut AnyConnection, shard: u8) -> QueryResult<Vec<Known>> {
    let (first, last) = ([shard; 1].to_vec(), [&[shard][..], &[0xff; 32]].concat());
    let rows: Vec<(Vec<u8>, Timestamp)> = blobs::table
        .filter(blobs::hash.between(first.clone(), last.clone()))
        .order(blobs::hash)
        .select((blobs::hash, blobs::verified_at))
        .load(connection)?;
    let named: Vec<Vec<u8>> = blob_references::table
        .filter(blob_references::hash.between(first.clone(), last.clone()))
        .select(blob_references::hash)
        .distinct()
        .load(connection)?;
    let claimed: Vec<Vec<u8>> = blob_claims::table
        .filter(blob_claims::hash.between(first, last))
        .select(blob_claims::hash)
        .distinct()
        .load(connection)?;
    let named: BTreeSet<Vec<u8>> = named.into_iter().chain(claimed).collect();
    let known = |(hash, verified_at): (Vec<u8>, Timestamp)| {
        let is_named = named.contains(&hash);
        Some(Known { hash: Hash(hash.try_into().ok()?), verified_at, is_named })
    };
    Ok(rows.into_iter().filter_map(known).collect())
}

/// The files that go with forms.
pub(super) fn named_by_forms(connection: &mut AnyConnection) -> QueryResult<BTreeSet<Hash>> {
    let forms: Vec<Vec<u8>> = bundles::table
        .filter(bundles::kind.eq(BundleKind::Form.name()))
        .select(bundles::bytes)
        .load(connection)?;
    let bundles = forms.iter().filter_map(|form| serde_json::from_slice::<FormBundle>(form).ok());
    Ok(bundles.flat_map(|bundle| bundle.files).map(|file| file.hash).collect())
}
