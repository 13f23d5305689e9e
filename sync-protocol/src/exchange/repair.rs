//! Finding what differs in a scope without sending all of it.
//!
//! When the digests of a scope differ, the tablet sends the digests of its sixteen parts, and the
//! server answers for each part that differs: with its rows if they are few, or by asking for
//! its sixteen parts in turn. A part is the records whose id ends in given digits: the ends of
//! UUIDs are spread evenly, their beginnings are times.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Digest, RecordId, Version};

/// How many rows are sent rather than asked about further.
pub const FEW: usize = 32;

/// The last digits of a record's id, read backwards: `3f` is every id that ends in `…f3`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Prefix(String);

/// The text is not at most 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a prefix is at most 32 lower-case hexadecimal digits")]
pub struct NotAPrefix;

impl Prefix {
    /// Every record.
    pub fn all() -> Self {
        Self::default()
    }

    /// Whether the record is in this part.
    pub fn has(&self, record: RecordId) -> bool {
        let mut digits = digits_from_the_end(record);
        self.0.bytes().all(|wanted| digits.next() == Some(wanted))
    }

    /// The sixteen parts of this part, each with the digest of the records in it.
    pub fn parts(
        &self,
        records: impl IntoIterator<Item = (RecordId, Version)>,
    ) -> BTreeMap<Self, Digest> {
        let part = |digit: char| (Self(format!("{}{digit}", self.0)), Digest::default());
        let mut parts: BTreeMap<_, _> = "0123456789abcdef".chars().map(part).collect();
        for (record, version) in records {
            if let Some(digit) = digits_from_the_end(record).nth(self.0.len())
                && self.has(record)
                && let Some(digest) = parts.get_mut(&part(char::from(digit)).0)
            {
                digest.add(record, version);
            }
        }
        parts
    }

    /// Whether it can be divided.
    pub fn is_divisible(&self) -> bool {
        self.0.len() < 31
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn digits_from_the_end(record: RecordId) -> impl Iterator<Item = u8> {
    let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
    record
        .0
        .into_bytes()
        .into_iter()
        .rev()
        .flat_map(move |byte| [digit(byte & 15), digit(byte >> 4)])
}

impl FromStr for Prefix {
    type Err = NotAPrefix;

    fn from_str(text: &str) -> Result<Self, NotAPrefix> {
        let fine =
            text.len() <= 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if fine { Ok(Self(text.to_owned())) } else { Err(NotAPrefix) }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}…", self.0)
    }
}

impl Serialize for Prefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::Epoch;

    #[test]
    fn a_part_has_the_ids_that_end_in_its_digits() {
        let id = RecordId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_12f3));
        let prefix: Prefix = "3f2".parse().expect("digits");
        assert!(Prefix::all().has(id) && prefix.has(id));
        assert!(!"31".parse::<Prefix>().expect("digits").has(id));
        assert_eq!("3F".parse::<Prefix>(), Err(NotAPrefix));
        assert_eq!("0".repeat(33).parse::<Prefix>(), Err(NotAPrefix));
    }

    #[test]
    fn the_parts_add_up_to_the_whole() {
        let version = Version { epoch: Epoch(1), n: 1 };
        let records: Vec<_> = (0..999)
            .map(|number: u128| (RecordId(Uuid::from_u128(number * 0x1_0001_0001)), version))
            .collect();
        let whole: Digest = records.iter().copied().collect();
        let parts = Prefix::all().parts(records.iter().copied());
        let sum = parts.values().fold(0_u128, |sum, digest| sum.wrapping_add(digest.0));
        assert_eq!(Digest(sum), whole);
        let within: Prefix = "5".parse().expect("a digit");
        let deeper = within.parts(records).into_values();
        let sum = deeper.fold(0_u128, |sum, digest| sum.wrapping_add(digest.0));
        assert_eq!(Digest(sum), parts[&within]);
    }
}
