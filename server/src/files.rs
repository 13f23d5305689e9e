//! Files that only their owner may read: whole, or not there at all.

use std::fs::Permissions;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::Mode;
use tempfile::NamedTempFile;

/// Whatever this process makes from now on, nobody but its owner reads or writes.
pub(crate) fn keep_to_owner() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Takes what the group and others may do with a file or folder that is there: who may not enter a
/// folder reads nothing in it.
pub(crate) fn close(path: &Path) -> io::Result<()> {
    let mode = match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        there => there?.permissions().mode(),
    };
    match mode & 0o077 {
        0 => Ok(()),
        _ => std::fs::set_permissions(path, Permissions::from_mode(mode & 0o700)),
    }
}

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
