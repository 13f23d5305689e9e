//! Clocks: for breaking ties and for display, never for deciding what is seen.

use serde::{Deserialize, Serialize};

use crate::mutant::{self, Mutant};

/// A hybrid logical clock reading: `[wall milliseconds since 1970 UTC, counter, node]`.
///
/// The node is random for each start of a tablet, so that a tablet and its clone never make the
/// same reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hlc {
    /// Milliseconds since 1970 UTC by the device's wall clock.
    pub wall: i64,
    /// Counts up within a millisecond, or while the wall clock stands still or runs back.
    pub counter: u32,
    /// Who read the clock.
    pub node: u32,
}

impl Hlc {
    /// The next reading of a clock that last read `self`, at wall time `now`.
    #[must_use]
    pub fn next(self, now: i64, node: u32) -> Self {
        if now > self.wall || mutant::is_on(Mutant::ClockRunsBack) {
            Self { wall: now, counter: 0, node }
        } else {
            Self { wall: self.wall, counter: self.counter.saturating_add(1), node }
        }
    }

    /// The reading as it may compete: not later than its receipt.
    #[must_use]
    pub fn clamped(self, received: i64) -> Self {
        Self { wall: self.wall.min(received), ..self }
    }
}

impl Serialize for Hlc {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.wall, self.counter, self.node).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Hlc {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (wall, counter, node) = Deserialize::deserialize(deserializer)?;
        Ok(Self { wall, counter, node })
    }
}

/// What a tablet's clocks said when it sent a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockReading {
    /// Milliseconds since 1970 UTC.
    pub wall: i64,
    /// Milliseconds since the device started, which no one can set.
    pub monotonic: u64,
    /// Which start of the device that was.
    pub boot: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_still_moves_forward() {
        let first = Hlc { wall: 1_000, counter: 0, node: 1 };
        let second = first.next(400, 1);
        assert!(second > first);
        assert_eq!(second.next(1_001, 1), Hlc { wall: 1_001, counter: 0, node: 1 });
    }

    #[test]
    fn a_clock_ten_years_ahead_wins_nothing_later_than_now() {
        let ahead = Hlc { wall: i64::MAX, counter: 0, node: 1 };
        assert!(ahead.clamped(1_000) < Hlc { wall: 1_001, counter: 0, node: 2 });
    }
}
