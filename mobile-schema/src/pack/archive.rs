//! A pack as a ZIP archive: what an admin uploads.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use super::MAX_FILE_BYTES;

/// Most files of a pack.
const MAX_FILES: usize = 500;
/// Most bytes of all of them.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// What is wrong with an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchiveProblem {
    /// It is no ZIP archive, or a damaged one.
    Damaged(String),
    /// It holds more than a pack may.
    TooLarge,
}

/// The files of an archive by their paths in the pack. Archives that hold the pack's folder, and
/// those that hold what is in it, are alike; what systems put in by themselves is left out.
///
/// # Errors
/// Where it can't be read, or holds more than 500 files or 32 MiB.
pub fn unpack(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, ArchiveProblem> {
    let damaged = |error: &dyn std::fmt::Display| ArchiveProblem::Damaged(error.to_string());
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    if archive.len() > MAX_FILES {
        return Err(ArchiveProblem::TooLarge);
    }
    let (mut files, mut left) = (BTreeMap::new(), MAX_BYTES);
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).map_err(|error| damaged(&error))?;
        let Some(path) = file.enclosed_name() else { continue };
        let path: Vec<_> = path.iter().filter_map(|part| part.to_str()).collect();
        if !file.is_file() || path.iter().any(|part| part.starts_with('.') || *part == "__MACOSX") {
            continue;
        }
        let path = path.join("/");
        let mut content = Vec::new();
        let most = left.min(MAX_FILE_BYTES as u64);
        let read = file.by_ref().take(most + 1).read_to_end(&mut content);
        let read = read.map_err(|error| damaged(&error))? as u64;
        if read > most {
            return Err(ArchiveProblem::TooLarge);
        }
        left -= read;
        files.insert(path, content);
    }
    Ok(without_folder(files))
}

/// Takes the pack's own folder off the paths.
fn without_folder(files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    if files.contains_key("pack.toml") {
        return files;
    }
    let manifest = files.keys().find(|path| path.ends_with("/pack.toml"));
    let Some(folder) = manifest.and_then(|path| path.strip_suffix("pack.toml")).map(str::to_owned)
    else {
        return files;
    };
    let inside =
        |(path, bytes): (String, Vec<u8>)| Some((path.strip_prefix(&folder)?.to_owned(), bytes));
    files.into_iter().filter_map(inside).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (path, bytes) in files {
            archive.start_file(*path, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn a_folder_and_what_is_in_it_are_alike() {
        let inside = archive(&[("pack.toml", b"a"), ("registers/x.toml", b"b")]);
        let folder = archive(&[
            ("my-pack/pack.toml", b"a"),
            ("my-pack/registers/x.toml", b"b"),
            ("__MACOSX/my-pack/._pack.toml", b"?"),
            ("my-pack/.DS_Store", b"?"),
        ]);
        assert_eq!(unpack(&inside).unwrap(), unpack(&folder).unwrap());
        assert_eq!(unpack(&folder).unwrap().len(), 2);
    }

    #[test]
    fn what_is_damaged_or_too_large_is_refused() {
        assert!(matches!(unpack(b"PK\x03\x04 rubbish"), Err(ArchiveProblem::Damaged(_))));
        let large = vec![0; MAX_FILE_BYTES + 1];
        assert_eq!(unpack(&archive(&[("a", &large)])), Err(ArchiveProblem::TooLarge));
        // A path that leads out is left out.
        assert!(unpack(&archive(&[("../../etc/passwd", b"x")])).unwrap().is_empty());
    }
}
