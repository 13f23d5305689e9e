//! Going through the media store: what is missing, changed, come back, or named by nothing.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use mobile_schema::Hash;
use mobile_schema::form::{BundleFile, FormBundle};
use mobile_schema::pack::BundleKind;

use super::queries;
use crate::db::schema::{blob_claims, blob_references, blobs, bundles};
use crate::db::types::Timestamp;
use crate::db::{AnyConnection, Database, Failed};
use crate::media_store::{MediaError, MediaStore};
use crate::photos;

/// What a blob is that nothing names, days after it came: a tablet may name it yet.
pub(super) const GRACE: i64 = 30;

/// What was found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Blobs that are where they should be and as they should be.
    pub well: u64,
    /// Blobs that the database has, or that go with a form, and the store hasn't.
    pub missing: Vec<Hash>,
    /// Blobs that records name and that have never come, or that a restore did not find: tablets
    /// have them, or they are lost.
    pub awaited: Vec<Hash>,
    /// Blobs that records or forms name, that the database had given up, and that are there: they
    /// are known again from now on.
    pub returned: Vec<Hash>,
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

/// Goes through the store, a 256th at a time; with `hashing`, reads every blob. What was put back
/// into the store is read in any case, and the database is told that it is there.
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
    let named: Result<BTreeMap<Hash, BundleFile>, Failed> =
        database.read(|connection| Ok(files_of_forms(connection)?)).await;
    let by_forms = named.map_err(|error| error.to_string())?;
    for shard in 0..=u8::MAX {
        let part: Result<Part, Failed> =
            database.read(move |connection| Ok(part(connection, shard)?)).await;
        let Part { known, referenced, claimed } = part.map_err(|error| error.to_string())?;
        let stored = media.blobs(shard).await.map_err(|error| error.to_string())?;
        let stored: BTreeSet<Hash> = stored.into_iter().collect();
        for blob in &known {
            if !stored.contains(&blob.hash) {
                checked.missing.push(blob.hash);
                continue;
            }
            if hashing {
                match media.is_as_named(blob.hash).await {
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
            let is_named = referenced.contains(&blob.hash)
                || claimed.contains(&blob.hash)
                || by_forms.contains_key(&blob.hash);
            if is_old && !is_named {
                checked.unnamed.push(blob.hash);
            }
        }
        let known: BTreeSet<Hash> = known.into_iter().map(|blob| blob.hash).collect();
        let of_forms = by_forms.keys().filter(|hash| hash.as_bytes()[0] == shard);
        let of_forms: BTreeSet<Hash> = of_forms.copied().collect();
        for hash in referenced.union(&claimed).chain(&of_forms).collect::<BTreeSet<_>>() {
            if known.contains(hash) || stored.contains(hash) {
                continue;
            }
            let list = match of_forms.contains(hash) {
                // No tablet brings it.
                true => &mut checked.missing,
                false => &mut checked.awaited,
            };
            list.push(*hash);
        }
        for hash in stored.difference(&known) {
            // Who only claims to have a file gets nobody else's.
            if !referenced.contains(hash) && !of_forms.contains(hash) {
                checked.orphaned.push(*hash);
                continue;
            }
            let list = match take_back(database, media, *hash, by_forms.get(hash), now).await? {
                true => &mut checked.returned,
                false => &mut checked.changed,
            };
            list.push(*hash);
        }
    }
    Ok(checked)
}

/// Tells the database that a blob is there which it had given up, if its bytes are those it is named
/// by.
async fn take_back(
    database: &Database,
    media: &MediaStore,
    hash: Hash,
    of_form: Option<&BundleFile>,
    now: Timestamp,
) -> Result<bool, String> {
    let read = media.read_through(hash).await.map_err(|error| error.to_string())?;
    let Some(read) = read else { return Ok(false) };
    let of_form = of_form.map(|file| file.media_type.clone());
    let noted: Result<(), Failed> = database
        .write(move |connection| {
            match &of_form {
                Some(media_type) => {
                    queries::note_blob(connection, &hash, read.length, media_type, now)?;
                }
                None => {
                    let media_type = photos::media_type(&read.first);
                    queries::arrived(connection, &hash, read.length, media_type, now)?;
                }
            }
            Ok(())
        })
        .await;
    noted.map_err(|error| error.to_string())?;
    Ok(true)
}

struct Known {
    hash: Hash,
    verified_at: Timestamp,
}

/// What the database knows of the blobs whose hash begins with a byte.
struct Part {
    /// Those that are there, in order.
    known: Vec<Known>,
    /// Those that records name.
    referenced: BTreeSet<Hash>,
    /// Those that records name by the word of somebody who has not sent them yet.
    claimed: BTreeSet<Hash>,
}

fn part(connection: &mut AnyConnection, shard: u8) -> QueryResult<Part> {
    let (first, last) = ([shard; 1].to_vec(), [&[shard][..], &[0xff; 32]].concat());
    let rows: Vec<(Vec<u8>, Timestamp)> = blobs::table
        .filter(blobs::hash.between(first.clone(), last.clone()))
        .order(blobs::hash)
        .select((blobs::hash, blobs::verified_at))
        .load(connection)?;
    let referenced: Vec<Vec<u8>> = blob_references::table
        .filter(blob_references::hash.between(first.clone(), last.clone()))
        .select(blob_references::hash)
        .distinct()
        .load(connection)?;
    let claimed: Vec<Vec<u8>> = blob_claims::table
        .filter(blob_claims::hash.between(first, last))
        .select(blob_claims::hash)
        .distinct()
        .load(connection)?;
    let hashes = |rows: Vec<Vec<u8>>| {
        rows.into_iter().filter_map(|hash| Some(Hash(hash.try_into().ok()?))).collect()
    };
    let known = |(hash, verified_at): (Vec<u8>, Timestamp)| {
        Some(Known { hash: Hash(hash.try_into().ok()?), verified_at })
    };
    Ok(Part {
        known: rows.into_iter().filter_map(known).collect(),
        referenced: hashes(referenced),
        claimed: hashes(claimed),
    })
}

/// The names of the files that go with forms.
pub(super) fn named_by_forms(connection: &mut AnyConnection) -> QueryResult<BTreeSet<Hash>> {
    Ok(files_of_forms(connection)?.into_keys().collect())
}

/// The files that go with forms, by their names in the store.
fn files_of_forms(connection: &mut AnyConnection) -> QueryResult<BTreeMap<Hash, BundleFile>> {
    let forms: Vec<Vec<u8>> = bundles::table
        .filter(bundles::kind.eq(BundleKind::Form.name()))
        .select(bundles::bytes)
        .load(connection)?;
    let bundles = forms.iter().filter_map(|form| serde_json::from_slice::<FormBundle>(form).ok());
    Ok(bundles.flat_map(|bundle| bundle.files).map(|file| (file.hash, file)).collect())
}
