//! Hashes and encodings.

use base64ct::{Base64, Encoding as _};
use sha1::Digest as _;
use sha2::Digest as _;

/// `digest` of XForms 1.1, section 7.8.1: none for a hash or an encoding that isn't known.
pub fn digest(source: &str, algorithm: &str, encoding: &str) -> Option<String> {
    let bytes = source.as_bytes();
    let hash: Vec<u8> = match algorithm.trim().to_ascii_uppercase().as_str() {
        "MD5" => md5::Md5::digest(bytes).to_vec(),
        "SHA-1" => sha1::Sha1::digest(bytes).to_vec(),
        "SHA-256" => sha2::Sha256::digest(bytes).to_vec(),
        "SHA-384" => sha2::Sha384::digest(bytes).to_vec(),
        "SHA-512" => sha2::Sha512::digest(bytes).to_vec(),
        _ => return None,
    };
    match encoding.trim().to_ascii_lowercase().as_str() {
        "hex" => Some(hash.iter().map(|byte| format!("{byte:02x}")).collect()),
        "base64" | "" => Some(Base64::encode_string(&hash)),
        _ => None,
    }
}

/// Bytes as base64 (RFC 4648, section 4).
pub fn base64_encode(text: &str) -> String {
    Base64::encode_string(text.as_bytes())
}

/// The words behind base64; nothing where it isn't any.
pub fn base64_decode(text: &str) -> String {
    Base64::decode_vec(text.trim())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_published_ones() {
        let hex = |algorithm| digest("abc", algorithm, "hex").unwrap_or_default();
        assert_eq!(hex("MD5"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(hex("SHA-1"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(&hex("sha-256")[..16], "ba7816bf8f01cfea");
        assert_eq!(digest("abc", "MD5", ""), Some("kAFQmDzST7DWlj99KOF/cg==".to_owned()));
        assert_eq!(digest("abc", "CRC32", "hex"), None);
    }
}
