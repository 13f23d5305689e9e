//! Where a backup is written: a folder whose name says that it is not one yet, until it is.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::{BackupProblem, file_problem};
use crate::db::Timestamp;
use crate::files;

const PART: &str = ".part";
const UNUSABLE: &str = ".unusable";
/// Held by whoever writes the folder it lies in.
const LOCK: &str = "being-written";

/// A backup that is being written and read back.
pub(super) struct Unfinished {
    folder: PathBuf,
    name: String,
    place: PathBuf,
    // Whoever finds it unlocked knows that its writer is gone.
    lock: File,
}

impl Unfinished {
    /// Makes the folder, which only its owner may enter.
    pub(super) fn begin(folder: &Path, made_at: Timestamp) -> Result<Self, BackupProblem> {
        let name = format!("ruhu-{}", made_at.to_string().replace(':', "").replace('.', "-"));
        let place = folder.join(format!("{name}{PART}"));
        fs::create_dir_all(folder).map_err(file_problem(folder))?;
        // Whoever clears up takes an unlocked one for one that was cut off: it is called so once it
        // is locked.
        let begun = folder.join(format!(".{name}{PART}"));
        let made = DirBuilder::new().mode(0o700).create(&begun);
        made.map_err(file_problem(&begun))?;
        let path = begun.join(LOCK);
        let lock = File::create(&path).and_then(|file| file.lock().map(|()| file));
        let lock = lock.map_err(file_problem(&path))?;
        fs::rename(&begun, &place).map_err(file_problem(&place))?;
        Ok(Self { folder: folder.to_owned(), name, place, lock })
    }

    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// It is whole: it gets its name.
    pub(super) fn finish(self) -> Result<PathBuf, BackupProblem> {
        let name = self.name.clone();
        self.rename(&name)
    }

    /// It was written, and is of no use; somebody may want to know why.
    pub(super) fn give_up(self) -> Result<PathBuf, BackupProblem> {
        let name = format!("{}{UNUSABLE}", self.name);
        self.rename(&name)
    }

    fn rename(self, name: &str) -> Result<PathBuf, BackupProblem> {
        let named = self.folder.join(name);
        // The name first: whoever clears up takes what ends with `.part` and is not locked for one
        // that was cut off.
        let renamed = fs::rename(&self.place, &named)
            .and_then(|()| fs::remove_file(named.join(LOCK)))
            .and_then(|()| File::open(&self.folder)?.sync_all());
        renamed.map_err(file_problem(&named))?;
        drop(self.lock);
        Ok(named)
    }
}

/// Removes what backups that were cut off have left in `folder`, and closes to others those that
/// were made when backups were not yet; gives what was removed.
///
/// # Errors
/// Where the folder can't be read or changed.
pub fn clear_unfinished(folder: &Path) -> Result<Vec<PathBuf>, BackupProblem> {
    let mut removed = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(removed),
        entries => entries.map_err(file_problem(folder))?,
    };
    for entry in entries {
        let path = entry.map_err(file_problem(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !name.starts_with("ruhu-") || !path.is_dir() {
            continue;
        }
        if !name.ends_with(PART) {
            files::close(&path).map_err(file_problem(&path))?;
        } else if is_left(&path) {
            fs::remove_dir_all(&path).map_err(file_problem(&path))?;
            removed.push(path);
        }
    }
    Ok(removed)
}

/// Whether nobody writes there any more.
fn is_left(place: &Path) -> bool {
    match File::open(place.join(LOCK)).map(|file| file.try_lock()) {
        Ok(Err(TryLockError::WouldBlock)) => false,
        Ok(_) | Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn what_has_just_begun_is_not_taken_for_what_was_cut_off() {
        let folder = tempfile::tempdir().expect("a directory");
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    clear_unfinished(folder.path()).expect("it is cleared up");
                }
            });
            let begun = (0..500).map(|moment| {
                let begun = Unfinished::begin(folder.path(), Timestamp(moment)).ok()?;
                begun.place().join(LOCK).is_file().then_some(())
            });
            let all = begun.collect::<Option<Vec<()>>>();
            is_over.store(true, Ordering::Relaxed);
            assert!(all.is_some(), "one was taken away");
        });
    }
}
