//! Sealing: sensitive values and everything that was pushed are encrypted before they reach the
//! database, by keys that are kept elsewhere.
//!
//! AES-256-GCM-SIV (RFC 8452), each value bound to the place it stands at. The nonce is made of the
//! value (HMAC-SHA-256, RFC 2104), so that a record that is written again as it was is the same
//! bytes: who reads the database sees that a value did not change, and nothing else of it.
//!
//! The keys are a file; see `docs/operations.md` for what to do with it.

mod check;
mod keys;
mod values;

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

pub use check::{Checked, check};
pub use keys::{KeyFile, KeyProblem, SealingKeys, prepare};
pub use values::{SeedOf, open_body, open_seed};
pub(crate) use values::{
    Term, body, fields, find, found_by, index, marks, open_fields, open_marks, open_secret,
    sealed_seed, search_key, search_terms, secret, seed,
};

/// Bytes that this program can't open: another key's, or damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unsealable;

/// Something that is sealed, can't be opened, and is needed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} can't be opened: its key is not here, or it was changed in the database")]
pub struct Damaged(String);

impl From<Damaged> for diesel::result::Error {
    fn from(error: Damaged) -> Self {
        Self::DeserializationError(error.into())
    }
}

const KEY_ID: usize = 8;
const NONCE: usize = 12;

/// A key and its name.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: [u8; KEY_ID],
    secret: [u8; 32],
    /// When it was made, milliseconds since 1970 UTC.
    pub(crate) made_at: i64,
}

fn keyed_hash(key: &[u8; 32], parts: [&[u8]; 3]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("any length is a key");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl Key {
    /// Seals `plain` for a place: the key's name, the nonce, and what only the key opens.
    fn seal(&self, place: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce = &keyed_hash(&self.secret, [b"nonce", place, plain])[..NONCE];
        let cipher = Aes256GcmSiv::new_from_slice(&self.secret).expect("the key has 32 bytes");
        let payload = Payload { msg: plain, aad: place };
        let nonce: &Nonce = nonce.try_into().expect("it was cut to this length");
        let sealed = cipher.encrypt(nonce, payload).expect("nothing is 64 GiB long");
        [self.id.as_slice(), nonce.as_slice(), &sealed].concat()
    }

    fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE).ok_or(Unsealable)?;
        let cipher = Aes256GcmSiv::new_from_slice(&self.secret).map_err(|_| Unsealable)?;
        let nonce: &Nonce = nonce.try_into().map_err(|_| Unsealable)?;
        cipher.decrypt(nonce, Payload { msg: sealed, aad: place }).map_err(|_| Unsealable)
    }
}

/// Opens what any of the keys sealed for a place.
fn open(place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
    let (id, rest) = sealed.split_at_checked(KEY_ID).ok_or(Unsealable)?;
    keys::named(id).ok_or(Unsealable)?.open(place, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key { id: *b"01234567", secret: [7; 32], made_at: 0 }
    }

    #[test]
    fn a_value_is_opened_at_its_place_and_unchanged_only() {
        let sealed = key().seal(b"here", "肺结核".as_bytes());
        assert_eq!(key().open(b"here", &sealed[KEY_ID..]).unwrap(), "肺结核".as_bytes());
        assert_eq!(key().open(b"there", &sealed[KEY_ID..]), Err(Unsealable));
        for at in KEY_ID..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key().open(b"here", &changed[KEY_ID..]), Err(Unsealable), "{at}");
        }
        let other = Key { secret: [8; 32], ..key() };
        assert_eq!(other.open(b"here", &sealed[KEY_ID..]), Err(Unsealable));
    }

    #[test]
    fn the_same_value_at_the_same_place_is_the_same_bytes() {
        assert_eq!(key().seal(b"here", b"value"), key().seal(b"here", b"value"));
        let nonce = |sealed: Vec<u8>| sealed[KEY_ID..KEY_ID + NONCE].to_vec();
        assert_ne!(nonce(key().seal(b"here", b"value")), nonce(key().seal(b"there", b"value")));
        assert_ne!(nonce(key().seal(b"here", b"value")), nonce(key().seal(b"here", b"valuf")));
    }
}
