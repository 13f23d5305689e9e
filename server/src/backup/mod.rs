//! Backups that are read back, and the new epoch that a restore begins.
//!
//! A backup is a folder: the database as it was at one moment, a list of the photos it names, and
//! a manifest with the hash of every file. Photos themselves stay in the media store, where they
//! never change. Only once a backup has been restored on trial, and every photo of it was found, are
//! tablets told that they may let go of what it has.

mod awaited;
mod manifest;
mod place;
mod queries;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use mobile_schema::Hash;
use sync_protocol::Epoch;

use crate::db::{self, Database, DatabaseUrl, DumpProblem, DumpedFile, Failed, Timestamp};
use crate::media_store::{MediaError, MediaStore, ObjectName};
use crate::seal::{KeyFile, SealingKeys};

use awaited::Awaited;
pub use manifest::Manifest;
use place::Unfinished;
pub use queries::begin_epoch;

pub use place::clear_unfinished;

const MANIFEST: &str = "manifest.json";
const BLOBS: &str = "blobs.txt.zst";

/// Why a backup or a restore came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum BackupProblem {
    /// The database, or its files.
    #[error(transparent)]
    Dump(#[from] DumpProblem),
    /// A file.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    /// The media store.
    #[error("media: {0}")]
    Media(#[from] MediaError),
    /// The database said no.
    #[error(transparent)]
    Database(#[from] Failed),
    /// The layout.
    #[error(transparent)]
    Migration(#[from] db::MigrationProblem),
    /// Photos the database names are nowhere.
    #[error(
        "{0} photos are not in the media store, the first is {1}; the backup is kept, but tablets \
         go on keeping what it has"
    )]
    PhotosMissing(usize, Hash),
    /// It can't be restored.
    #[error(
        "the backup could not be restored on trial: {0}; it is kept as *.unusable, and tablets go on \
         keeping what it has"
    )]
    Rehearsal(DumpProblem),
    /// What was restored on trial is something else.
    #[error(
        "what was restored on trial is not what was backed up; it is kept as *.unusable, and tablets \
         go on keeping what it has"
    )]
    Otherwise,
    /// The database was restored while it was backed up.
    #[error("the database is another one than when the backup was made")]
    AnotherLife,
    /// The manifest can't be read.
    #[error("{0}: this is no manifest of a backup, or it is damaged ({1})")]
    Manifest(String, serde_json::Error),
    /// What is sealed in it can't be opened.
    #[error("{0}")]
    KeysLacking(KeysLacking),
    /// It is a backup of another kind of database.
    #[error("the backup is of {0}; restore it into a database of that kind")]
    OtherKind(&'static str),
}

/// The keys that a backup was sealed with and that are not at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysLacking {
    /// The file that lacks them.
    pub file: PathBuf,
    /// Their names.
    pub keys: Vec<String>,
}

impl std::fmt::Display for KeysLacking {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "the backup was sealed with keys that {} lacks ({}): without them nobody can read ID \
             numbers, phones, health and other sensitive values, nor anything that tablets pushed, \
             and no server starts on it. Put the sealing-keys.json there that the servers had when \
             the backup was made, or any later one (or name it: --sealing-keys)",
            self.file.display(),
            self.keys.join(", ")
        )
    }
}

/// What a restore came to.
#[derive(Debug)]
pub struct Restored {
    /// The epoch that began.
    pub epoch: Epoch,
    /// Photos that the backup names and the media store has.
    pub photos: usize,
    /// Photos that are gone: tablets that still have them are asked for them again.
    pub missing: Vec<Hash>,
    /// Keys that are not at hand, if it was restored without them.
    pub keys_lacking: Option<KeysLacking>,
}

/// How a backup is restored.
#[derive(Clone, Copy, Debug)]
pub struct How<'a> {
    /// A SQLite file that is there is put aside.
    pub replace: bool,
    /// The keys that it has to be readable with.
    pub keys: &'a SealingKeys,
    /// It is restored even if they can't open it.
    pub without_keys: bool,
}

fn file_problem(path: &Path) -> impl FnOnce(std::io::Error) -> BackupProblem {
    let path = path.display().to_string();
    |error| BackupProblem::File(path, error)
}

/// Makes a backup in a new folder inside `folder`, reads it back, restores it on trial, and tells
/// tablets what is safe. `progress` is told how many photos of how many were looked at.
pub async fn make(
    url: &DatabaseUrl,
    media: &MediaStore,
    folder: &Path,
    progress: impl Fn(usize, usize),
) -> Result<(PathBuf, Manifest), BackupProblem> {
    let database = Database::open(url)?;
    let made_at = Timestamp::now();
    let unfinished = Unfinished::begin(folder, made_at)?;
    let (manifest, awaited) = write(url, unfinished.place(), made_at)?;
    check(unfinished.place(), &manifest)?;
    if let Err(problem) = rehearse(url, unfinished.place(), &manifest) {
        unfinished.give_up()?;
        return Err(problem);
    }
    let place = unfinished.finish()?;
    let id = queries::note(&database, &place, &manifest).await?;
    let blobs = read_blobs(&place)?;
    let missing = missing(media, &blobs, progress).await?;
    if let Some(first) = missing.first() {
        return Err(BackupProblem::PhotosMissing(missing.len(), *first));
    }
    if !queries::mark_safe(&database, id, &manifest, &awaited).await? {
        return Err(BackupProblem::AnotherLife);
    }
    Ok((place, manifest))
}

/// Writes the database, the list of its photos and the manifest.
fn write(
    url: &DatabaseUrl,
    place: &Path,
    made_at: Timestamp,
) -> Result<(Manifest, Awaited), BackupProblem> {
    let (mut files, state) = db::dump(url, place, queries::state)?;
    let path = place.join(BLOBS);
    let written = (|| -> std::io::Result<DumpedFile> {
        let mut out = zstd::Encoder::new(File::create(&path)?, 3)?;
        for (hash, length) in &state.blobs {
            writeln!(out, "{hash} {length}")?;
        }
        out.finish()?.sync_all()?;
        let (bytes, sha256) = db::measure(&path)?;
        let (rows, columns) = (Some(state.blobs.len() as u64), Vec::new());
        Ok(DumpedFile { name: BLOBS.into(), bytes, sha256, rows, columns })
    })();
    files.push(written.map_err(file_problem(&path))?);
    let manifest = Manifest {
        format: manifest::FORMAT,
        made_at: made_at.to_string(),
        database: manifest::kind(url).to_owned(),
        migrations: state.migrations,
        lineage: state.lineage,
        chains: state.chains,
        blobs: state.blobs.len(),
        awaited: state.awaited.photos,
        blob_bytes: state.blobs.iter().map(|(_, length)| length).sum(),
        files,
    };
    let path = place.join(MANIFEST);
    let json = serde_json::to_vec_pretty(&manifest).expect("a manifest has text keys only");
    let stored = File::create(&path).and_then(|mut file| {
        file.write_all(&json)?;
        file.sync_all()
    });
    stored.map_err(file_problem(&path))?;
    Ok((manifest, state.awaited))
}

/// Whether every file is as it was written.
fn check(place: &Path, manifest: &Manifest) -> Result<(), BackupProblem> {
    Ok(db::check_dump(place, &manifest.files)?)
}

/// Whether it can be restored, and is then what it was. Takes as long as a restore.
fn rehearse(url: &DatabaseUrl, place: &Path, manifest: &Manifest) -> Result<(), BackupProblem> {
    let state =
        db::rehearse(url, place, &manifest.files, manifest.last_migration(), queries::state);
    let state = state.map_err(BackupProblem::Rehearsal)?;
    let is_the_same = state.migrations == manifest.migrations
        && state.lineage == manifest.lineage
        && state.chains == manifest.chains
        && state.blobs.len() == manifest.blobs;
    if is_the_same { Ok(()) } else { Err(BackupProblem::Otherwise) }
}

fn read_blobs(place: &Path) -> Result<Vec<Hash>, BackupProblem> {
    let path = place.join(BLOBS);
    let read = (|| -> std::io::Result<Vec<Hash>> {
        let lines = BufReader::new(zstd::Decoder::new(File::open(&path)?)?).lines();
        lines
            .map(|line| {
                let line = line?;
                let hash = line.split(' ').next().unwrap_or_default();
                hash.parse().map_err(std::io::Error::other)
            })
            .collect()
    })();
    read.map_err(file_problem(&path))
}

async fn missing(
    media: &MediaStore,
    blobs: &[Hash],
    progress: impl Fn(usize, usize),
) -> Result<Vec<Hash>, MediaError> {
    let mut missing = Vec::new();
    for (done, hash) in blobs.iter().enumerate() {
        if !media.has(ObjectName::Blob(*hash)).await? {
            missing.push(*hash);
        }
        progress(done + 1, blobs.len());
    }
    Ok(missing)
}

/// Fills an empty database from a backup and begins a new epoch, both in one step: a restore that
/// is cut off can be tried again, and no server takes what it left for the database tablets knew.
pub async fn restore(
    url: &DatabaseUrl,
    media: &MediaStore,
    place: &Path,
    how: How<'_>,
    progress: impl Fn(usize, usize),
) -> Result<Restored, BackupProblem> {
    let path = place.join(MANIFEST);
    let json = fs::read(&path).map_err(file_problem(&path))?;
    let manifest: Manifest = serde_json::from_slice(&json)
        .map_err(|error| BackupProblem::Manifest(path.display().to_string(), error))?;
    if manifest.database != manifest::kind(url) {
        let kinds = ["sqlite", "postgres"];
        let kind = kinds.into_iter().find(|kind| manifest.database == *kind);
        return Err(BackupProblem::OtherKind(kind.unwrap_or("an unknown kind")));
    }
    db::check_vacant(url, how.replace)?;
    check(place, &manifest)?;
    let blobs = read_blobs(place)?;
    let missing = missing(media, &blobs, progress).await?;
    let (files, last) = (&manifest.files, manifest.last_migration());
    let mut keys_lacking = None;
    let filled = db::fill(url, place, files, last, how.replace, |connection| {
        keys_lacking = lacking(how.keys, &queries::keys_used(connection)?);
        if keys_lacking.is_some() && !how.without_keys {
            return Err(diesel::result::Error::RollbackTransaction);
        }
        queries::strike(connection, &missing)?;
        Ok(begin_epoch(connection, Timestamp::now())?.current())
    });
    match (filled, keys_lacking) {
        (Err(_), Some(lacking)) if !how.without_keys => Err(BackupProblem::KeysLacking(lacking)),
        (filled, keys_lacking) => {
            let (epoch, photos) = (filled?, blobs.len() - missing.len());
            Ok(Restored { epoch, photos, missing, keys_lacking })
        }
    }
}

/// Those of the keys a database was sealed with that are not in the file.
fn lacking(keys: &SealingKeys, used: &[String]) -> Option<KeysLacking> {
    let SealingKeys(file) = keys;
    // A file that can't be read has no key; what is wrong with it is told when a server starts.
    let known = KeyFile::read(file).map(|file| file.names()).unwrap_or_default();
    let keys: Vec<String> = used.iter().filter(|id| !known.contains(id)).cloned().collect();
    (!keys.is_empty()).then(|| KeysLacking { file: file.clone(), keys })
}
