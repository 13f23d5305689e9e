//! A tablet's store: a journal of transactions in a file, each on disk before it counts.
//!
//! A tablet's browser has IndexedDB for this. Here a line a transaction serves: a line that was
//! cut off by a crash is no transaction.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use mobile_schema::Hash;
use serde::{Deserialize, Serialize};
use sync_protocol::tablet::{Identity, StoreChange, Stored};
use sync_protocol::{RecordId, Row};

/// What a tablet keeps.
pub struct Journal {
    folder: PathBuf,
    file: File,
    /// Who the tablet is.
    pub identity: Option<Identity>,
    /// What the state machine keeps.
    pub stored: Stored,
    /// The rows of its scopes.
    pub rows: BTreeMap<RecordId, Row>,
    /// Where each unfinished upload goes on.
    pub uploads: BTreeMap<Hash, String>,
}

/// A line of the journal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// One transaction of the state machine.
    Changes(Vec<StoreChange>),
    /// An upload began.
    Upload { hash: Hash, location: String },
}

impl Journal {
    /// Opens the store in a folder, which is made if it is not there.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder.join("blobs"))?;
        let path = folder.join("journal");
        let mut journal = Self {
            folder: folder.to_owned(),
            file: OpenOptions::new().create(true).append(true).open(&path)?,
            identity: None,
            stored: Stored::default(),
            rows: BTreeMap::new(),
            uploads: BTreeMap::new(),
        };
        for line in BufReader::new(File::open(&path)?).lines() {
            // Only the last line can be cut off, and then it never counted.
            let Ok(line) = serde_json::from_str(&line?) else { break };
            journal.apply(line);
        }
        Ok(journal)
    }

    /// Commits a transaction.
    pub fn commit(&mut self, changes: Vec<StoreChange>) -> io::Result<()> {
        let let_go: Vec<Hash> = changes
            .iter()
            .filter_map(|change| match change {
                StoreChange::DropBlob { hash } => Some(*hash),
                _ => None,
            })
            .collect();
        self.write(Line::Changes(changes))?;
        for hash in let_go {
            fs::remove_file(self.blob_path(&hash))?;
        }
        Ok(())
    }

    /// Notes where an upload goes on.
    pub fn note_upload(&mut self, hash: Hash, location: String) -> io::Result<()> {
        self.write(Line::Upload { hash, location })
    }

    /// Keeps a photo or document; it is on disk before an operation may name it.
    pub fn keep_blob(&self, bytes: &[u8]) -> io::Result<Hash> {
        let hash = Hash::of(bytes);
        let mut file = File::create(self.blob_path(&hash))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(hash)
    }

    /// Other bytes under the name of what is kept.
    pub fn replace_blob(&self, hash: &Hash, bytes: &[u8]) -> io::Result<()> {
        fs::write(self.blob_path(hash), bytes)
    }

    /// A kept photo or document.
    pub fn blob(&self, hash: &Hash) -> io::Result<Vec<u8>> {
        fs::read(self.blob_path(hash))
    }

    fn blob_path(&self, hash: &Hash) -> PathBuf {
        self.folder.join("blobs").join(hash.to_string())
    }

    fn write(&mut self, line: Line) -> io::Result<()> {
        let mut json = serde_json::to_vec(&line)?;
        json.push(b'\n');
        self.file.write_all(&json)?;
        self.file.sync_data()?;
        self.apply(line);
        Ok(())
    }

    fn apply(&mut self, line: Line) {
        match line {
            Line::Changes(changes) => changes.into_iter().for_each(|change| self.change(change)),
            Line::Upload { hash, location } => {
                self.uploads.insert(hash, location);
            }
        }
    }

    fn change(&mut self, change: StoreChange) {
        self.stored.apply(&change);
        match change {
            StoreChange::Identity(identity) => self.identity = Some(identity),
            StoreChange::Row { row, .. } => {
                self.rows.insert(row.id, row);
            }
            StoreChange::DropRow { id } => {
                self.rows.remove(&id);
            }
            _ => {}
        }
    }
}
