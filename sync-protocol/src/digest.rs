//! A scope's digest: 128 bits that agree exactly when two sides hold the same versions.

use std::fmt;
use std::str::FromStr;

use mobile_schema::Hash;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{RecordId, Version};

/// The sum, modulo 2^128, of a hash of each live record's id and version. Adding and taking
/// away a record costs the same whatever else the scope holds.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Digest(pub u128);

impl Digest {
    /// What one record contributes: the first 16 bytes, big-endian, of the SHA-256 of the id's
    /// 16 bytes, the epoch's 8 and the number's 8, all big-endian.
    fn of(record: RecordId, version: Version) -> u128 {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(record.0.as_bytes());
        bytes[16..24].copy_from_slice(&version.epoch.0.to_be_bytes());
        bytes[24..].copy_from_slice(&version.n.to_be_bytes());
        let hash = Hash::of(&bytes);
        let mut first = [0; 16];
        first.copy_from_slice(&hash.as_bytes()[..16]);
        u128::from_be_bytes(first)
    }

    /// Counts a record in.
    pub fn add(&mut self, record: RecordId, version: Version) {
        self.0 = self.0.wrapping_add(Self::of(record, version));
    }

    /// Takes a record out that was counted in.
    pub fn remove(&mut self, record: RecordId, version: Version) {
        self.0 = self.0.wrapping_sub(Self::of(record, version));
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The text is not 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 32 hexadecimal digits")]
pub struct NotADigest;

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotADigest);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| NotADigest)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl FromIterator<(RecordId, Version)> for Digest {
    fn from_iter<I: IntoIterator<Item = (RecordId, Version)>>(records: I) -> Self {
        let mut digest = Self::default();
        for (record, version) in records {
            digest.add(record, version);
        }
        digest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::Epoch;

    fn entry(id: u128, n: u64) -> (RecordId, Version) {
        (RecordId(Uuid::from_u128(id)), Version { epoch: Epoch(1), n })
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_removal_undoes_addition(
            ids in proptest::collection::btree_map(any::<u128>(), any::<u64>(), 1..20),
        ) {
            let all: Vec<_> = ids.iter().map(|(id, n)| entry(*id, *n)).collect();
            let forward: Digest = all.iter().copied().collect();
            let mut backward: Digest = all.iter().rev().copied().collect();
            prop_assert_eq!(forward, backward);
            for (record, version) in all {
                backward.remove(record, version);
            }
            prop_assert_eq!(backward, Digest::default());
        }
    }

    #[test]
    fn a_version_more_is_another_digest() {
        assert_ne!(Digest::from_iter([entry(1, 1)]), Digest::from_iter([entry(1, 2)]));
    }
}
