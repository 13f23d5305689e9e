//! The dictionary that small messages are compressed with: what all of them have in common.
//!
//! It is raw content for the content coding `dcz` (RFC 9842): a Zstandard frame behind a magic
//! number and the dictionary's SHA-256. It never changes; a better one will be another one.

use mobile_schema::Hash;

/// The dictionary's bytes.
pub const DICTIONARY: &[u8] = include_bytes!("../../dictionary/1.bin");

/// What a `dcz` stream begins with: the header of a skippable Zstandard frame of 32 bytes.
pub const MAGIC: [u8; 8] = [0x5e, 0x2a, 0x4d, 0x18, 0x20, 0, 0, 0];

/// The dictionary's name.
pub fn hash() -> Hash {
    use std::sync::OnceLock;
    static HASH: OnceLock<Hash> = OnceLock::new();
    *HASH.get_or_init(|| Hash::of(DICTIONARY))
}

/// The frame within a `dcz` stream that was made with this dictionary.
pub fn frame(stream: &[u8]) -> Option<&[u8]> {
    stream.strip_prefix(&MAGIC)?.strip_prefix(hash().as_bytes())
}

/// A `dcz` stream around a frame.
pub fn stream(frame: &[u8]) -> Vec<u8> {
    [&MAGIC[..], hash().as_bytes(), frame].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tablets name it by its hash.
    #[test]
    fn the_dictionary_is_what_it_was() {
        insta::assert_snapshot!(hash());
        // It must not be taken for a dictionary in Zstandard's own format.
        assert_ne!(DICTIONARY[..4], [0x37, 0xa4, 0x30, 0xec]);
    }

    #[test]
    fn a_stream_made_with_another_dictionary_is_not_read() {
        let mut bytes = stream(b"frame");
        assert_eq!(frame(&bytes), Some(&b"frame"[..]));
        bytes[9] ^= 1;
        assert_eq!(frame(&bytes), None);
    }
}
