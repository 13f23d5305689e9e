//! How far a tablet has read a scope.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `[seq, floor]`: everything up to `seq` was seen by a reader who began when nothing after
/// `floor` had been compacted away.
///
/// The server forgets deletions and departures up to a horizon. A reader who had seen less than
/// that would keep rows that are gone, unless it began to read when the horizon was already
/// there: then it never had them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The last sequence number seen; 0 is none.
    pub seq: u64,
    /// The scope's horizon when this reading began.
    pub floor: u64,
}

impl Cursor {
    /// Whether what was forgotten up to `horizon` makes this cursor useless.
    pub fn is_behind(self, horizon: u64) -> bool {
        self.seq > 0 && self.seq.max(self.floor) < horizon
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.seq, self.floor).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (seq, floor) = Deserialize::deserialize(deserializer)?;
        Ok(Self { seq, floor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_who_began_at_the_horizon_may_go_on_below_it() {
        assert!(!Cursor { seq: 3, floor: 9 }.is_behind(9));
        assert!(Cursor { seq: 3, floor: 9 }.is_behind(10));
        assert!(!Cursor { seq: 12, floor: 0 }.is_behind(10));
        assert!(!Cursor::default().is_behind(10), "who has read nothing has nothing to forget");
    }
}
