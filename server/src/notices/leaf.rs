//! What the log says about one notification, and the bytes of it that are signed. All of it is
//! deterministic CBOR (RFC 8949, section 4.2), so that anybody can make the same bytes again.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use minicbor::Decoder;
use mobile_schema::Hash;
use mobile_schema::canonical::Encoder;

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The notification's digest.
    pub digest: Hash,
    /// The tablet, a UUID.
    pub device: [u8; 16],
    /// The tablet's Ed25519 key.
    pub device_key: [u8; 32],
    /// Its signature of the digest.
    pub device_signature: [u8; 64],
    /// When the server countersigned, microseconds since 1970 UTC.
    pub at: i64,
}

const NAME: &str = "ruhu-log-1";

impl Leaf {
    /// Its bytes: an array of the name and the fields.
    pub fn bytes(&self) -> Vec<u8> {
        let mut encoder = Encoder::new();
        encoder.array(6).text(NAME).hash(&self.digest).bytes(&self.device);
        encoder.bytes(&self.device_key).bytes(&self.device_signature).integer(self.at);
        encoder.finish()
    }

    /// Reads its bytes, and nothing else.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut from = Decoder::new(bytes);
        if from.array().ok()? != Some(6) || from.str().ok()? != NAME {
            return None;
        }
        let mut next = || from.bytes().ok().map(<[u8]>::to_vec);
        let (digest, device, key, signature) = (next()?, next()?, next()?, next()?);
        let leaf = Self {
            digest: Hash(digest.try_into().ok()?),
            device: device.try_into().ok()?,
            device_key: key.try_into().ok()?,
            device_signature: signature.try_into().ok()?,
            at: from.i64().ok()?,
        };
        (leaf.bytes() == bytes).then_some(leaf)
    }

    /// Whether the tablet's signature is of the digest, by the key that stands here.
    pub fn is_signed(&self) -> bool {
        is_by(&self.device_key, self.digest.as_bytes(), &self.device_signature)
    }
}

/// What the server signs of an entry: its place and its hash in the log.
pub(super) fn countersigned(position: u64, leaf_hash: &Hash) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.array(3).text("ruhu-receipt-1").unsigned(position).hash(leaf_hash);
    encoder.finish()
}

/// What the server signs of the whole log: its size, its hash, and when.
pub(super) fn tree_head(size: u64, root: &Hash, at: i64) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.array(4).text("ruhu-head-1").unsigned(size).hash(root).integer(at);
    encoder.finish()
}

/// Signs bytes.
pub(super) fn sign(seed: &[u8; 32], bytes: &[u8]) -> [u8; 64] {
    SigningKey::from_bytes(seed).sign(bytes).to_bytes()
}

/// Whether a signature (RFC 8032) is of these bytes by this key. Keys of small order are none.
pub(super) fn is_by(key: &[u8; 32], bytes: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(key)
        .is_ok_and(|key| key.verify_strict(bytes, &Signature::from_bytes(signature)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_read_as_it_was_written_and_signed_by_its_key() {
        let seed = [3; 32];
        let digest = Hash::of(b"a notification");
        let leaf = Leaf {
            digest,
            device: [9; 16],
            device_key: SigningKey::from_bytes(&seed).verifying_key().to_bytes(),
            device_signature: sign(&seed, digest.as_bytes()),
            at: 1_764_057_600_000_000,
        };
        assert!(leaf.is_signed());
        let bytes = leaf.bytes();
        assert_eq!(Leaf::read(&bytes), Some(leaf.clone()));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let is_same = Leaf::read(&changed).is_some_and(|read| {
                read.is_signed() && read.at == leaf.at && read.device == leaf.device
            });
            assert!(!is_same, "byte {at}");
        }
        assert_eq!(Leaf::read(&bytes[..bytes.len() - 1]), None);
    }
}
