//! The keys: a file beside the database, never in it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

use data_encoding::{BASE64, HEXLOWER};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{KEY_ID, Key, keyed_hash, open};
use crate::db::schema::sealing_keys;
use crate::db::{Database, Failed, Timestamp};
use crate::files;

/// What is wrong with the keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyProblem {
    /// The file can't be read or written.
    #[error("{}: {what}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The file is something else, or was cut off.
    #[error(
        "{}: this is no file of sealing keys, or it is damaged; put the sealing-keys.json there that \
         the servers have, or a copy of it from your safe (--sealing-keys / RUHU_SEALING_KEYS)",
        file.display()
    )]
    NoKeys {
        /// The file.
        file: PathBuf,
    },
    /// The database was sealed with keys that are not here.
    #[error(
        "{}: the database was sealed with the key {id}, which this file lacks; put the right file \
         there (--sealing-keys / RUHU_SEALING_KEYS)", file.display()
    )]
    Lacking {
        /// The file.
        file: PathBuf,
        /// The key.
        id: String,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] Failed),
}

/// The file of keys, as it is written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// What values are found by; it can't be changed.
    search: String,
    /// The keys, the newest last.
    keys: Vec<WrittenKey>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    id: String,
    key: String,
    /// Milliseconds since 1970 UTC.
    made_at: i64,
}

impl KeyFile {
    /// Keys that nobody has.
    pub fn fresh(now: Timestamp) -> Self {
        let mut file =
            Self { search: BASE64.encode(&rand::random::<[u8; 32]>()), keys: Vec::new() };
        file.rotate(now);
        file
    }

    /// Adds a key: what is written from now on is sealed with it.
    pub fn rotate(&mut self, now: Timestamp) {
        let secret: [u8; 32] = rand::random();
        let id = HEXLOWER.encode(&keyed_hash(&secret, [b"id", b"", b""])[..KEY_ID]);
        let key = BASE64.encode(&secret);
        self.keys.push(WrittenKey { id, key, made_at: now.milliseconds() });
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Where it can't be read, or is none.
    pub fn read(file: &Path) -> Result<Self, KeyProblem> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| KeyProblem::File { file: file.to_owned(), what: error.to_string() })?;
        // Where and why it can't be read says nothing to who put the wrong file there, and may
        // quote a key.
        let written = serde_json::from_str(&text).ok();
        let written = written.filter(|written: &Self| written.unpack(file, None).is_some());
        written.ok_or_else(|| KeyProblem::NoKeys { file: file.to_owned() })
    }

    /// Writes a file that only its owner reads, unless there is one: whole, or not at all.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn create(&self, file: &Path) -> Result<(), KeyProblem> {
        self.put(file, files::create)
    }

    /// The same, in place of the one there is.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn replace(&self, file: &Path) -> Result<(), KeyProblem> {
        self.put(file, files::replace)
    }

    /// The names of its keys.
    pub fn names(&self) -> Vec<String> {
        self.keys.iter().map(|key| key.id.clone()).collect()
    }

    fn put(
        &self,
        file: &Path,
        write: fn(&Path, &[u8]) -> std::io::Result<()>,
    ) -> Result<(), KeyProblem> {
        let put = || write(file, &serde_json::to_vec_pretty(self)?);
        put().map_err(|error| KeyProblem::File { file: file.to_owned(), what: error.to_string() })
    }

    /// Its keys, as this process uses them; none where it is no file of keys.
    fn unpack(&self, file: &Path, seen: Option<Seen>) -> Option<Ring> {
        let secret = |text: &str| BASE64.decode(text.as_bytes()).ok()?.try_into().ok();
        let key = |key: &WrittenKey| {
            let id = HEXLOWER.decode(key.id.as_bytes()).ok()?.try_into().ok()?;
            Some(Key { id, secret: secret(&key.key)?, made_at: key.made_at })
        };
        let keys: Vec<Key> = self.keys.iter().map(key).collect::<Option<_>>()?;
        let (search, later, file) = (secret(&self.search)?, Vec::new(), file.to_owned());
        (!keys.is_empty()).then_some(Ring { keys, later, search, file, seen })
    }
}

/// Where the keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealingKeys(pub PathBuf);

#[derive(Clone)]
struct Ring {
    /// What is written is sealed with the last of them.
    keys: Vec<Key>,
    /// Keys that came into the file since the process began: others seal with them already. This
    /// one does so from its next start on, when the file is on every server.
    later: Vec<Key>,
    search: [u8; 32],
    file: PathBuf,
    /// The file as it was read.
    seen: Option<Seen>,
}

/// What tells a file that was written anew from the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    inode: u64,
    length: u64,
    modified: Option<SystemTime>,
}

impl Seen {
    fn at(file: &Path) -> Option<Self> {
        let there = std::fs::metadata(file).ok()?;
        let (inode, length) = (there.ino(), there.len());
        Some(Self { inode, length, modified: there.modified().ok() })
    }
}

impl Ring {
    fn named(&self, id: &[u8]) -> Option<Key> {
        self.keys.iter().chain(&self.later).find(|key| key.id == id).cloned()
    }

    /// Takes in the keys that the file has got since it was read. One that is being written is
    /// looked at again when the next unknown key is asked for.
    fn read_again(&mut self) {
        let seen = Seen::at(&self.file);
        if seen.is_none() || seen == self.seen {
            return;
        }
        let written = KeyFile::read(&self.file).ok();
        let Some(read) = written.and_then(|written| written.unpack(&self.file, seen)) else {
            return;
        };
        let new: Vec<Key> =
            read.keys.into_iter().filter(|key| self.named(&key.id).is_none()).collect();
        if !new.is_empty() {
            tracing::info!(
                keys = new.len(),
                "new sealing keys are read; a restart seals with them"
            );
        }
        self.later.extend(new);
        self.seen = seen;
    }
}

/// The keys of this process. Values are sealed and opened wherever rows are read and written, far
/// from any configuration; a process serves one county.
static RING: RwLock<Option<Ring>> = RwLock::new(None);

fn with_ring<T>(read: impl FnOnce(&Ring) -> T) -> T {
    let ring = RING.read().unwrap_or_else(PoisonError::into_inner);
    match &*ring {
        Some(ring) => read(ring),
        // Writing in the clear would be worse than stopping.
        None => panic!("the sealing keys are read before the database is used"),
    }
}

/// A key by its name; one that is not known is looked for in the file again.
pub(super) fn named(id: &[u8]) -> Option<Key> {
    if let Some(known) = with_ring(|ring| ring.named(id)) {
        return Some(known);
    }
    let mut ring = RING.write().unwrap_or_else(PoisonError::into_inner);
    let ring = ring.as_mut()?;
    ring.read_again();
    ring.named(id)
}

/// The key that what is written now is sealed with; that of an earlier time, for what must not
/// change when keys do.
pub(super) fn current(at: Option<i64>) -> Key {
    with_ring(|ring| {
        let then = |at: i64| ring.keys.iter().rev().find(move |key| key.made_at <= at);
        let first = || ring.keys.first();
        let key = match at {
            Some(at) => then(at).or_else(first),
            None => ring.keys.last(),
        };
        key.cloned().expect("a ring has keys")
    })
}

/// The hash that a value is found by.
pub(super) fn search_hash(field: &str, value: &str) -> Vec<u8> {
    with_ring(|ring| {
        keyed_hash(&ring.search, [b"search", field.as_bytes(), value.as_bytes()])[..16].to_vec()
    })
}

const PROOF: &[u8] = b"sealing key";

/// Reads the keys of a database and proves that they are its own. A database that was never sealed
/// gets a new file, if there is none.
///
/// # Errors
/// Where the file is not there, not right, or not this database's.
pub async fn prepare(keys: &SealingKeys, database: &Database) -> Result<(), KeyProblem> {
    let SealingKeys(file) = keys;
    let proofs: Result<Vec<(String, Vec<u8>)>, Failed> = database
        .read(|connection| {
            let rows = sealing_keys::table.select((sealing_keys::id, sealing_keys::proof));
            Ok(rows.load(connection)?)
        })
        .await;
    let proofs = proofs?;
    let now = Timestamp::now();
    if proofs.is_empty() && !file.exists() {
        KeyFile::fresh(now).create(file)?;
        tracing::info!(file = %file.display(), "new sealing keys; keep a copy of this file");
    }
    let lacking = |id: &str| KeyProblem::Lacking { file: file.clone(), id: id.to_owned() };
    let seen = Seen::at(file);
    let written = match KeyFile::read(file) {
        Err(_) if !proofs.is_empty() && !file.exists() => return Err(lacking(&proofs[0].0)),
        written => written?,
    };
    let ring =
        written.unpack(file, seen).ok_or_else(|| KeyProblem::NoKeys { file: file.clone() })?;
    add(ring.clone());
    for (id, proof) in &proofs {
        // Another file's key of the same name opens nothing.
        let has = ring.keys.iter().any(|key| HEXLOWER.encode(&key.id) == *id);
        if !has || open(PROOF, proof).is_err() {
            return Err(lacking(id));
        }
    }
    let new: Vec<(String, Vec<u8>)> = ring
        .keys
        .iter()
        .map(|key| (HEXLOWER.encode(&key.id), key.seal(PROOF, b"")))
        .filter(|(id, _)| !proofs.iter().any(|(known, _)| known == id))
        .collect();
    let noted: Result<(), Failed> = database
        .write(move |connection| {
            for (id, proof) in &new {
                let there: i64 = sealing_keys::table.find(id).count().get_result(connection)?;
                if there == 0 {
                    diesel::insert_into(sealing_keys::table)
                        .values((
                            sealing_keys::id.eq(id),
                            sealing_keys::proof.eq(proof),
                            sealing_keys::first_used_at.eq(now),
                        ))
                        .execute(connection)?;
                }
            }
            Ok(())
        })
        .await;
    Ok(noted?)
}

/// Keys of an earlier database of this process stay readable; the newest file's seal.
fn add(mut ring: Ring) {
    let mut place = RING.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = place.take() {
        let others = known.keys.into_iter().chain(known.later);
        let others = others.filter(|key| !ring.keys.iter().any(|one| one.id == key.id));
        let others: Vec<Key> = others.collect();
        ring.keys.splice(0..0, others);
    }
    *place = Some(ring);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_others_seal_with_are_read_while_the_process_runs() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.json");
        let mut written = KeyFile::fresh(Timestamp(0));
        written.create(&file).unwrap();
        let mut ring = written.unpack(&file, Seen::at(&file)).unwrap();
        let first = ring.keys[0].id;
        written.rotate(Timestamp(1));
        let new = written.unpack(&file, None).unwrap().keys[1].clone();
        ring.read_again();
        assert!(ring.named(&new.id).is_none(), "the file is not here yet");
        // It is being copied.
        std::fs::write(&file, "{\"search\":").unwrap();
        ring.read_again();
        assert!(ring.named(&new.id).is_none());
        written.replace(&file).unwrap();
        ring.read_again();
        let sealed = new.seal(b"here", b"value");
        let found = ring.named(&new.id).expect("it is read again");
        assert_eq!(found.open(b"here", &sealed[KEY_ID..]).unwrap(), b"value");
        assert_eq!(ring.keys.len(), 1, "others may not have the file yet: it seals as before");
        assert_eq!(ring.keys[0].id, first);
        ring.read_again();
        assert_eq!(ring.later.len(), 1, "nothing is taken twice");
    }

    #[test]
    fn a_file_that_has_no_keys_is_told_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.json");
        for text in ["", "{", "[]", "{\"search\":\"AAAA\",\"keys\":[]}", "{\"keys\":7}"] {
            std::fs::write(&file, text).unwrap();
            let read = KeyFile::read(&file);
            let told = read.map(drop).expect_err(text).to_string();
            assert!(told.starts_with(&file.display().to_string()), "{told}");
            assert!(told.contains("no file of sealing keys") && !told.contains("line 1"), "{told}");
        }
    }
}
