//! Media in a folder of this machine.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use uuid::Uuid;

use super::{ByteStream, MediaError};

/// A folder. A write goes to a temporary name, to the disk, and then to its own name, so that
/// nothing is ever half there.
#[derive(Clone)]
pub struct Folder {
    root: Arc<PathBuf>,
}

const READ_AT_ONCE: usize = 64 * 1024;

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, MediaError> {
        let in_words =
            |error: io::Error| MediaError::Failed(format!("{}: {error}", path.display()));
        fs::create_dir_all(path.join("incoming")).map_err(in_words)?;
        Ok(Self { root: Arc::new(path.to_owned()) })
    }

    pub(super) async fn ready(&self) -> Result<(), MediaError> {
        let name = format!("ready-{}", Uuid::now_v7());
        // As much as a full disk has no room for.
        self.put(&name, Bytes::from_static(&[b'r'; 64 * 1024])).await?;
        self.delete(&name).await
    }

    pub(super) async fn put(&self, path: &str, bytes: Bytes) -> Result<(), MediaError> {
        self.place(path, move |file| file.write_all(&bytes)).await
    }

    pub(super) async fn assemble(&self, path: &str, pieces: &[String]) -> Result<(), MediaError> {
        let pieces: Vec<_> = pieces.iter().map(|piece| self.root.join(piece)).collect();
        self.place(path, move |file| {
            pieces
                .iter()
                .try_for_each(|piece| io::copy(&mut fs::File::open(piece)?, file).map(drop))
        })
        .await
    }

    async fn place(
        &self,
        path: &str,
        write: impl FnOnce(&mut fs::File) -> io::Result<()> + Send + 'static,
    ) -> Result<(), MediaError> {
        let target = self.root.join(path);
        let temporary = self.root.join("incoming").join(Uuid::now_v7().to_string());
        blocking(move || {
            let placed = (|| {
                let mut file = fs::File::create_new(&temporary)?;
                write(&mut file)?;
                file.sync_all()?;
                let folder = target.parent().ok_or(io::ErrorKind::InvalidInput)?;
                make_durably(folder)?;
                fs::rename(&temporary, &target)?;
                fs::File::open(folder)?.sync_all()
            })();
            if placed.is_err() {
                // What is left of it is in nobody's way; the first error is the one to tell.
                let _ = fs::remove_file(&temporary);
            }
            placed
        })
        .await
    }

    pub(super) async fn get(
        &self,
        path: &str,
        range: Option<(u64, u64)>,
    ) -> Result<ByteStream, MediaError> {
        let path = self.root.join(path);
        let opened = blocking(move || {
            let mut file = fs::File::open(path)?;
            let Some((first, last)) = range else { return Ok(file.take(u64::MAX)) };
            file.seek(SeekFrom::Start(first))?;
            Ok(file.take(last + 1 - first))
        });
        let pieces = futures_util::stream::try_unfold(opened.await?, |mut file| async move {
            blocking(move || {
                let mut piece = vec![0; READ_AT_ONCE];
                let length = file.read(&mut piece)?;
                piece.truncate(length);
                Ok((length > 0).then(|| (Bytes::from(piece), file)))
            })
            .await
        });
        Ok(pieces.boxed())
    }

    pub(super) async fn has(&self, path: &str) -> Result<bool, MediaError> {
        let path = self.root.join(path);
        blocking(move || path.try_exists()).await
    }

    /// The names of what is in a folder; nothing where there is none.
    pub(super) async fn list(&self, folder: &str) -> Result<Vec<String>, MediaError> {
        let folder = self.root.join(folder);
        blocking(move || {
            let entries = match fs::read_dir(folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
            entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
        })
        .await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<(), MediaError> {
        let path = self.root.join(path);
        blocking(move || match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        })
        .await
    }
}

/// Makes a folder so that it survives a loss of power.
fn make_durably(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let parent = folder.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::File::open(parent)?.sync_all()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, MediaError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| MediaError::Failed(error.to_string()))?.map_err(MediaError::from)
}
