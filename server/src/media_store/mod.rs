//! Where photos and documents are kept: a folder, or an S3-compatible bucket.
//!
//! Blobs are named by their SHA-256 and never change. The pieces of unfinished uploads are
//! objects of their own, so that any replica can go on with an upload.

mod breaker;
mod folder;
mod s3;

use std::path::PathBuf;
use std::str::FromStr;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use mobile_schema::Hash;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use s3::S3Settings;

use crate::photos::Thumbnail;
use folder::Folder;
use s3::S3;

/// The folders that a store makes, where it is one of this machine.
pub(crate) const FOLDERS: [&str; 5] = ["blobs", "pieces", "prints", "thumbnails", "incoming"];

/// Where media is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaUrl {
    /// A folder, made if it is not there.
    Folder(PathBuf),
    /// A bucket, and a prefix for every key.
    S3 {
        /// The bucket, which must be there.
        bucket: String,
        /// What every key starts with; may be empty.
        prefix: String,
    },
}

/// The text names no media store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a media store is a folder, or s3://BUCKET/PREFIX")]
pub struct MediaUrlProblem;

impl FromStr for MediaUrl {
    type Err = MediaUrlProblem;

    fn from_str(text: &str) -> Result<Self, MediaUrlProblem> {
        match text.strip_prefix("s3://") {
            Some(rest) => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                if bucket.is_empty() {
                    return Err(MediaUrlProblem);
                }
                let (bucket, prefix) = (bucket.to_owned(), prefix.trim_matches('/').to_owned());
                Ok(Self::S3 { bucket, prefix })
            }
            None if text.is_empty() || text.contains("://") => Err(MediaUrlProblem),
            None => Ok(Self::Folder(text.into())),
        }
    }
}

/// Why an object could not be stored or fetched.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// There is no such object.
    #[error("there is no such object")]
    Missing,
    /// There is no room for it.
    #[error("the media store is full: {0}")]
    Full(String),
    /// The store failed or can't be reached.
    #[error("the media store failed: {0}")]
    Failed(String),
}

impl From<std::io::Error> for MediaError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::Missing,
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::Full(error.to_string())
            }
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// What an object is named by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectName {
    /// A verified blob.
    Blob(Hash),
    /// A piece of an unfinished upload.
    Piece(Uuid),
    /// A copy of a photo to be looked at.
    Thumbnail(Hash, Thumbnail),
    /// A part of what was printed.
    Print(Uuid, i64),
}

/// What a blob was found to be when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadThrough {
    /// Its bytes.
    pub length: u64,
    /// The first of them, by which it is known what it is.
    pub first: Vec<u8>,
}

impl ReadThrough {
    /// How many of its bytes are kept.
    const FIRST: usize = 64;
}

impl ObjectName {
    fn path(&self) -> String {
        match self {
            Self::Blob(hash) => {
                let hex = hash.to_string();
                format!("blobs/{}/{hex}", &hex[..2])
            }
            Self::Piece(id) => format!("pieces/{id}"),
            Self::Print(id, part) => format!("prints/{id}/{part}.pdf"),
            Self::Thumbnail(hash, which) => {
                let hex = hash.to_string();
                format!("thumbnails/{}/{}/{hex}", which.longest(), &hex[..2])
            }
        }
    }
}

/// The bytes of an object, as they come.
pub type ByteStream = BoxStream<'static, Result<Bytes, MediaError>>;

/// The media store. Clones share it.
#[derive(Clone)]
pub enum MediaStore {
    /// A folder.
    Folder(Folder),
    /// A bucket.
    S3(S3),
}

impl MediaStore {
    /// Opens the store. Whether it can be used is what [`Self::ready`] says.
    pub fn open(url: &MediaUrl, settings: &S3Settings) -> Result<Self, MediaError> {
        match url {
            MediaUrl::Folder(path) => Folder::open(path).map(Self::Folder),
            MediaUrl::S3 { bucket, prefix } => Ok(Self::S3(S3::open(bucket, prefix, settings))),
        }
    }

    /// A link by which an object is fetched without this server, where that is wanted.
    pub async fn link(
        &self,
        name: ObjectName,
        media_type: &str,
    ) -> Result<Option<String>, MediaError> {
        match self {
            Self::Folder(_) => Ok(None),
            Self::S3(s3) => s3.link(&name.path(), media_type).await,
        }
    }

    /// Whether objects can be stored and fetched now.
    pub async fn ready(&self) -> Result<(), MediaError> {
        match self {
            Self::Folder(folder) => folder.ready().await,
            Self::S3(s3) => s3.ready().await,
        }
    }

    /// Stores an object; when this returns, it is on disk. Storing a blob again changes nothing.
    pub async fn put(&self, name: ObjectName, bytes: Bytes) -> Result<(), MediaError> {
        match self {
            Self::Folder(folder) => folder.put(&name.path(), bytes).await,
            Self::S3(s3) => s3.put(&name.path(), bytes).await,
        }
    }

    /// Stores a blob made of pieces, without holding all of it in memory.
    pub async fn assemble(
        &self,
        name: ObjectName,
        pieces: &[ObjectName],
    ) -> Result<(), MediaError> {
        let paths: Vec<_> = pieces.iter().map(ObjectName::path).collect();
        match self {
            Self::Folder(folder) => folder.assemble(&name.path(), &paths).await,
            Self::S3(s3) => s3.assemble(&name.path(), &paths).await,
        }
    }

    /// The object's bytes.
    pub async fn get(&self, name: ObjectName) -> Result<ByteStream, MediaError> {
        match self {
            Self::Folder(folder) => folder.get(&name.path(), None).await,
            Self::S3(s3) => s3.get(&name.path(), None).await,
        }
    }

    /// Those of the object's bytes from the first to the last, which it must have.
    pub async fn get_range(
        &self,
        name: ObjectName,
        (first, last): (u64, u64),
    ) -> Result<ByteStream, MediaError> {
        match self {
            Self::Folder(folder) => folder.get(&name.path(), Some((first, last))).await,
            Self::S3(s3) => s3.get(&name.path(), Some((first, last))).await,
        }
    }

    /// All of the object's bytes at once, if they are at most `most`.
    pub async fn whole(&self, name: ObjectName, most: u64) -> Result<Bytes, MediaError> {
        let mut pieces = self.get(name).await?;
        let mut all = BytesMut::new();
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            if (all.len() + piece.len()) as u64 > most {
                return Err(MediaError::Failed(format!("larger than {most} bytes")));
            }
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }

    /// Whether the object is there, whole, with its name for a hash: it is read.
    pub async fn is_as_named(&self, hash: Hash) -> Result<bool, MediaError> {
        Ok(self.read_through(hash).await?.is_some())
    }

    /// Reads a blob to its end; nothing, if its bytes have another hash than its name.
    pub async fn read_through(&self, hash: Hash) -> Result<Option<ReadThrough>, MediaError> {
        let mut pieces = self.get(ObjectName::Blob(hash)).await?;
        let mut hasher = Sha256::new();
        let mut read = ReadThrough { length: 0, first: Vec::new() };
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            hasher.update(&piece);
            read.length += piece.len() as u64;
            let lacking = ReadThrough::FIRST.saturating_sub(read.first.len());
            read.first.extend_from_slice(&piece[..piece.len().min(lacking)]);
        }
        let is_right = <[u8; 32]>::from(hasher.finalize()) == *hash.as_bytes();
        Ok(is_right.then_some(read))
    }

    /// Whether the object is there.
    pub async fn has(&self, name: ObjectName) -> Result<bool, MediaError> {
        match self {
            Self::Folder(folder) => folder.has(&name.path()).await,
            Self::S3(s3) => s3.has(&name.path()).await,
        }
    }

    /// The blobs whose hash begins with a byte, in no order.
    pub async fn blobs(&self, shard: u8) -> Result<Vec<Hash>, MediaError> {
        let folder = format!("blobs/{shard:02x}/");
        let names = match self {
            Self::Folder(store) => store.list(&folder).await?,
            Self::S3(s3) => s3.list(&folder).await?,
        };
        // What is no hash was put there by somebody else.
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// The pieces of unfinished uploads, in no order.
    pub async fn pieces(&self) -> Result<Vec<Uuid>, MediaError> {
        let names = match self {
            Self::Folder(store) => store.list("pieces/").await?,
            Self::S3(s3) => s3.list("pieces/").await?,
        };
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// Removes an object; one that is not there is no error.
    pub async fn delete(&self, name: ObjectName) -> Result<(), MediaError> {
        match self {
            Self::Folder(folder) => folder.delete(&name.path()).await,
            Self::S3(s3) => s3.delete(&name.path()).await,
        }
    }
}
