//! Days in China, as people ask for them.

use super::problem::{Kind, Problem};
use crate::db::Timestamp;

/// A day, milliseconds.
const DAY: u64 = 24 * 3600 * 1_000;

/// From the beginning of a day to the end of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// When it begins, milliseconds since 1970 UTC.
    pub from: u64,
    /// When it is over.
    pub until: u64,
}

impl Period {
    /// From a first day to a last (`2026-11-16`).
    pub fn read(from: &str, until: &str) -> Result<Self, Problem> {
        let malformed = |what: &str| Problem::new(&Kind::MALFORMED).detail(what.to_owned());
        let from = day(from).ok_or_else(|| malformed("from: a day such as 2026-11-16"))?;
        let until = day(until).ok_or_else(|| malformed("until: a day such as 2026-11-30"))?;
        if until < from {
            return Err(malformed("until: not before the first day"));
        }
        Ok(Self { from, until: until + DAY })
    }

    /// When each of its days begins.
    pub fn days(self) -> impl Iterator<Item = Period> {
        let starts = (self.from..self.until).step_by(DAY as usize);
        starts.map(|from| Self { from, until: from + DAY })
    }

    /// Its first moment, and the first that comes after it.
    pub fn moments(self) -> (Timestamp, Timestamp) {
        let moment = |at: u64| Timestamp(i64::try_from(at * 1_000).unwrap_or(i64::MAX));
        (moment(self.from), moment(self.until))
    }

    /// Which of its days a moment is of, from 0; none before and after it.
    pub fn day_of(self, at: Timestamp) -> Option<usize> {
        let at = u64::try_from(at.milliseconds()).ok().filter(|at| *at < self.until)?;
        usize::try_from(at.checked_sub(self.from)? / DAY).ok()
    }
}

/// The moment that a day in China begins, milliseconds since 1970 UTC.
pub fn day(text: &str) -> Option<u64> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    let date = time::Date::parse(text, format).ok()?;
    let midnight = date.midnight().assume_offset(time::macros::offset!(+8));
    u64::try_from(midnight.unix_timestamp() * 1_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_in_china() {
        let two = Period::read("2026-11-25", "2026-11-26").unwrap();
        assert_eq!(two.from, 1_795_536_000_000);
        let days: Vec<Period> = two.days().collect();
        assert_eq!(days.len(), 2);
        assert_eq!((days[1].from, days[1].until), (two.from + DAY, two.until));
        assert!(Period::read("2026-11-26", "2026-11-25").is_err());
        assert!(Period::read("2026-11-31", "2026-11-31").is_err());
    }

    #[test]
    fn a_moment_is_of_one_day() {
        let two = Period::read("2026-11-25", "2026-11-26").unwrap();
        let (first, after) = two.moments();
        let day = |at: i64| two.day_of(Timestamp(at));
        assert_eq!((day(first.0 - 1), day(first.0)), (None, Some(0)));
        assert_eq!(day(first.0 + 24 * 3_600_000_000 - 1), Some(0));
        assert_eq!((day(after.0 - 1), day(after.0)), (Some(1), None));
    }
}
