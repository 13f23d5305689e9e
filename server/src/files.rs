//! Files that only their owner may read: whole, or not there at all.

use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

/// Writes a file that only its owner reads, unless there is one.
pub(crate) fn create(file: &Path, bytes: &[u8]) -> io::Result<()> {
    put(file, bytes, |new| match new.persist_noclobber(file) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error),
        _ => Ok(()),
    })
}

/// The same, in place of the one there is.
pub(crate) fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    put(file, bytes, |new| new.persist(file).map(drop).map_err(|error| error.error))
}

fn put(
    file: &Path,
    bytes: &[u8],
    persist: impl FnOnce(NamedTempFile) -> io::Result<()>,
) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // Nobody else may read it at any time.
    let mut new = NamedTempFile::new_in(folder)?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    persist(new)?;
    std::fs::File::open(folder)?.sync_all()
}
