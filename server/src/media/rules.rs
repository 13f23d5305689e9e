//! What the headers of the tus protocol (1.0.0) mean.

use data_encoding::{BASE64, HEXLOWER};
use mobile_schema::Hash;
use sha2::{Digest, Sha256};

use crate::http::{Kind, Problem};
use crate::limits::MAX_BLOB;

/// What an upload was announced as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// How many bytes.
    pub length: u64,
    /// Their hash.
    pub hash: Hash,
    /// What they are.
    pub media_type: String,
}

/// Reads `Upload-Length` and `Upload-Metadata`: `sha256` (hexadecimal) and `filetype`, each in
/// base64.
pub fn announced(length: Option<&str>, metadata: Option<&str>) -> Result<Announced, Problem> {
    let malformed = |what: &str| Problem::new(&Kind::MALFORMED).detail(what.to_owned());
    let length: u64 = length
        .and_then(|length| length.parse().ok())
        .filter(|length| *length > 0)
        .ok_or_else(|| malformed("Upload-Length: a positive number of bytes"))?;
    may_be_so_long(length)?;
    let value = |wanted: &str| {
        metadata.unwrap_or_default().split(',').find_map(|pair| {
            let (name, value) = pair.trim().split_once(' ')?;
            let decoded = BASE64.decode(value.as_bytes()).ok()?;
            (name == wanted).then(|| String::from_utf8(decoded).ok()).flatten()
        })
    };
    let hash = value("sha256")
        .and_then(|hash| hash.parse().ok())
        .ok_or_else(|| malformed("Upload-Metadata: sha256, 64 hexadecimal digits in base64"))?;
    let media_type = value("filetype").unwrap_or_else(|| "application/octet-stream".to_owned());
    Announced::of(length, hash, media_type)
}

fn may_be_so_long(length: u64) -> Result<(), Problem> {
    let too_long = || Problem::new(&Kind::TOO_LARGE).with("limit", MAX_BLOB);
    if length > MAX_BLOB { Err(too_long()) } else { Ok(()) }
}

impl Announced {
    /// A file of these many bytes, if they may be so many and be called so.
    pub(crate) fn of(length: u64, hash: Hash, media_type: String) -> Result<Self, Problem> {
        may_be_so_long(length)?;
        let plain =
            media_type.len() <= 100 && media_type.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain {
            return Err(Problem::new(&Kind::MALFORMED).detail("filetype: a media type"));
        }
        Ok(Self { length, hash, media_type })
    }
}

/// A chunk's checksum, as `Upload-Checksum` announced it.
pub struct Checksum([u8; 32]);

impl Checksum {
    /// Reads `sha256 BASE64`.
    pub fn read(header: &str) -> Result<Self, Problem> {
        let digest = header
            .strip_prefix("sha256 ")
            .and_then(|digest| BASE64.decode(digest.trim().as_bytes()).ok())
            .and_then(|digest| digest.try_into().ok());
        digest.map(Self).ok_or_else(|| {
            Problem::new(&Kind::MALFORMED).detail("Upload-Checksum: sha256 and a digest in base64")
        })
    }

    /// Whether these bytes have this checksum.
    pub(super) fn fits(&self, chunk: &[u8]) -> bool {
        <[u8; 32]>::from(Sha256::digest(chunk)) == self.0
    }
}

/// A running SHA-256 over the pieces of a file.
#[derive(Default)]
pub(super) struct Hasher(Sha256);

impl Hasher {
    pub(super) fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    pub(super) fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

/// What an entity tag says of a blob: its hash.
pub(super) fn entity_tag(hash: &Hash) -> String {
    format!("\"{}\"", HEXLOWER.encode(hash.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_is_read() {
        let hash = Hash::of(b"photo");
        let metadata = format!(
            "sha256 {},filetype {}",
            BASE64.encode(hash.to_string().as_bytes()),
            BASE64.encode(b"image/jpeg"),
        );
        let read = announced(Some("5"), Some(&metadata)).unwrap();
        assert_eq!(read, Announced { length: 5, hash, media_type: "image/jpeg".into() });
        assert!(announced(Some("0"), Some(&metadata)).is_err());
        assert!(announced(Some("5"), Some("sha256 !!")).is_err());
        assert!(announced(Some("99999999999"), Some(&metadata)).is_err());
    }

    #[test]
    fn a_checksum_tells_a_damaged_chunk() {
        let header = format!("sha256 {}", BASE64.encode(Hash::of(b"chunk").as_bytes()));
        let checksum = Checksum::read(&header).ok().unwrap();
        assert!(checksum.fits(b"chunk") && !checksum.fits(b"chunc"));
        assert!(Checksum::read("md5 AAAA").is_err());
    }
}
