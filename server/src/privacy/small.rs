//! Counts that are so small that they point at people.

use crate::http::Caller;
use crate::http::caller::{ReadLedgers, ReadSmallCounts};

/// Counts below this are hidden from those who need no more than the whole.
const SMALL: i64 = 5;

/// Whether a caller sees counts that are so small that they point at people.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SmallCounts {
    pub(crate) are_shown: bool,
}

impl SmallCounts {
    /// They are shown to who may see them wherever they may look at all.
    pub(crate) fn of(caller: &Caller) -> Self {
        let open = caller.areas_to::<ReadSmallCounts>();
        let all = caller.areas_to::<ReadLedgers>();
        Self { are_shown: all.iter().all(|area| open.iter().any(|open| area.is_in(open))) }
    }

    /// A count, unless it is hidden.
    pub(crate) fn count(self, count: i64) -> Option<i64> {
        (self.are_shown || count == 0 || count >= SMALL).then_some(count)
    }

    /// How many of a whole: hidden where so few are, or are not, that they point at people.
    pub(crate) fn share(self, met: i64, of: i64) -> Option<(i64, i64)> {
        self.count(met).and(self.count(of - met)).and(self.count(of)).map(|of| (met, of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_points_at_people_is_hidden() {
        let hidden = SmallCounts { are_shown: false };
        assert_eq!(hidden.count(4), None);
        assert_eq!((hidden.count(0), hidden.count(5)), (Some(0), Some(5)));
        assert_eq!(hidden.share(97, 100), None, "three are missing");
        assert_eq!(hidden.share(100, 100), Some((100, 100)));
        assert_eq!(SmallCounts { are_shown: true }.share(1, 2), Some((1, 2)));
    }
}
