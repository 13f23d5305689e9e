//! Photos and other files that go along with answers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use diesel::prelude::*;
use futures_util::StreamExt as _;
use mobile_schema::Hash;
use uuid::Uuid;

use super::table::FilePiece;
use crate::db::AnyConnection;
use crate::db::schema::{blob_references, blobs};
use crate::db::types::Key;
use crate::http::Problem;
use crate::media_store::{ByteStream, MediaError, MediaStore, ObjectName};

/// A file that a visit has, and that is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    hash: Hash,
    ending: &'static str,
}

impl Kept {
    /// What it is called in the archive.
    pub(super) fn name(&self) -> String {
        format!("media/{}.{}", self.hash, self.ending)
    }
}

/// How names of files end, by the media types that tablets send (IANA).
fn ending(media_type: &str) -> &'static str {
    match media_type.split(';').next().unwrap_or_default().trim() {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        "audio/webm" | "video/webm" => "webm",
        "audio/mp4" => "m4a",
        "audio/mpeg" => "mp3",
        "video/mp4" => "mp4",
        "application/pdf" => "pdf",
        "text/csv" => "csv",
        _ => "bin",
    }
}

/// The files of visits that have arrived.
pub(super) fn of(
    connection: &mut AnyConnection,
    visits: &[Uuid],
) -> QueryResult<BTreeMap<Uuid, Vec<Kept>>> {
    let keys: Vec<Key> = visits.iter().copied().map(Key).collect();
    let rows: Vec<(Key, Vec<u8>, String)> = blob_references::table
        .inner_join(blobs::table.on(blobs::hash.eq(blob_references::hash)))
        .filter(blob_references::record.eq_any(keys))
        .order((blob_references::record, blob_references::hash))
        .select((blob_references::record, blobs::hash, blobs::media_type))
        .load(connection)?;
    let mut found: BTreeMap<Uuid, Vec<Kept>> = BTreeMap::new();
    for (visit, hash, media_type) in rows {
        let hash = Hash(hash.try_into().unwrap_or_default());
        found.entry(visit.0).or_default().push(Kept { hash, ending: ending(&media_type) });
    }
    Ok(found)
}

/// Files that are to come, each once, and the one that flows.
pub(super) struct Files {
    media: MediaStore,
    known: BTreeSet<Hash>,
    waiting: VecDeque<Kept>,
    flowing: Option<ByteStream>,
}

impl Files {
    pub(super) fn new(media: MediaStore) -> Self {
        Self { media, known: BTreeSet::new(), waiting: VecDeque::new(), flowing: None }
    }

    /// Files that are to come, unless they are known.
    pub(super) fn add(&mut self, files: &[Kept]) {
        let new = files.iter().filter(|file| self.known.insert(file.hash));
        self.waiting.extend(new);
    }

    /// The next piece. A file that the store has lost is left out, and the log says so.
    pub(super) async fn next(&mut self) -> Result<Option<FilePiece>, Problem> {
        loop {
            if let Some(flowing) = &mut self.flowing {
                match flowing.next().await.transpose()? {
                    Some(bytes) => return Ok(Some(FilePiece::More(bytes))),
                    None => self.flowing = None,
                }
            }
            let Some(file) = self.waiting.pop_front() else { return Ok(None) };
            match self.media.get(ObjectName::Blob(file.hash)).await {
                Ok(flowing) => {
                    self.flowing = Some(flowing);
                    return Ok(Some(FilePiece::Begin(file.name())));
                }
                Err(MediaError::Missing) => {
                    tracing::warn!(hash = %file.hash, "an export goes without a file that is lost");
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}
