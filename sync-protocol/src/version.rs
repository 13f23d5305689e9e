//! Versions of records, and the lineage of epochs they are compared along.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::mutant::{self, Mutant};

/// One unbroken life of the server's database: 16 hexadecimal digits, random. A restore from a
/// backup starts a new epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// A record's version: `[epoch, n]`; `n` counts the record's changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// The epoch that gave the number.
    pub epoch: Epoch,
    /// From 1 at the record's creation.
    pub n: u64,
}

/// The epochs a database descends from, oldest first, its own last.
///
/// Versions are ordered along the lineage. Comparing `(epoch, n)` as plain pairs would be wrong
/// as soon as backups are restored out of order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage(Vec<Epoch>);

impl Lineage {
    /// The lineage of a database whose epochs, oldest first, are `ancestors` and then `current`.
    pub fn new(ancestors: impl IntoIterator<Item = Epoch>, current: Epoch) -> Self {
        Self(ancestors.into_iter().chain([current]).collect())
    }

    /// The epoch the database lives in now.
    pub fn current(&self) -> Epoch {
        *self.0.last().expect("a lineage has its current epoch")
    }

    /// Whether the database descends from `epoch`.
    pub fn contains(&self, epoch: Epoch) -> bool {
        self.0.contains(&epoch)
    }

    /// Whether `version`, which this database gave, is unknown to one who has seen `seen`.
    ///
    /// A `seen` outside the lineage says nothing about what was seen here, so everything is news.
    pub fn is_news(&self, version: Version, seen: Version) -> bool {
        if mutant::is_on(Mutant::PlainPairs) {
            return (version.epoch, version.n) > (seen.epoch, seen.n);
        }
        let place = |epoch| self.0.iter().position(|one| *one == epoch);
        match (place(version.epoch), place(seen.epoch)) {
            (Some(given), Some(known)) => (given, version.n) > (known, seen.n),
            _ => true,
        }
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The text is not 16 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an epoch is 16 lower-case hexadecimal digits")]
pub struct NotAnEpoch;

impl FromStr for Epoch {
    type Err = NotAnEpoch;

    fn from_str(text: &str) -> Result<Self, NotAnEpoch> {
        let digits =
            text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !digits {
            return Err(NotAnEpoch);
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| NotAnEpoch)
    }
}

impl Serialize for Epoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Epoch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.epoch, self.n).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (epoch, n) = Deserialize::deserialize(deserializer)?;
        Ok(Self { epoch, n })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(epoch: u64, n: u64) -> Version {
        Version { epoch: Epoch(epoch), n }
    }

    #[test]
    fn within_an_epoch_the_number_decides() {
        let lineage = Lineage::new([], Epoch(5));
        assert!(lineage.is_news(version(5, 3), version(5, 2)));
        assert!(!lineage.is_news(version(5, 2), version(5, 2)));
    }

    #[test]
    fn a_later_epoch_is_news_whatever_its_name_or_number() {
        let lineage = Lineage::new([Epoch(9)], Epoch(2));
        assert!(lineage.is_news(version(2, 1), version(9, 50)));
        assert!(!lineage.is_news(version(9, 50), version(2, 1)));
    }

    #[test]
    fn an_epoch_from_another_branch_has_seen_nothing_here() {
        let lineage = Lineage::new([Epoch(1)], Epoch(3));
        assert!(lineage.is_news(version(1, 1), version(2, 100)));
    }
}
