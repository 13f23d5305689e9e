//! What speaks against a clock.

use std::time::Duration;

use crate::db::Timestamp;
use crate::limits::{CLOCK_LEAP, CLOCK_SETTLES, CLOCK_WITNESSES};

/// Why a clock is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It is so many days ahead of the newest time that was kept.
    Ahead {
        /// That time.
        newest: Timestamp,
        /// Whole days.
        days: i64,
    },
    /// The server has not run for a day.
    Settling {
        /// When it has.
        until: Timestamp,
    },
}

/// Whether the clock has leapt ahead, and too few tablets say the same time.
pub(super) fn leap(newest: Option<Timestamp>, now: Timestamp, agree: usize) -> Option<Doubt> {
    let newest = newest.filter(|newest| newest.plus_seconds(CLOCK_LEAP) < now)?;
    let days = (now.seconds() - newest.seconds()) / (24 * 3600);
    (agree < CLOCK_WITNESSES).then_some(Doubt::Ahead { newest, days })
}

/// Whether the server has run for too short a time.
pub(super) fn settling(running: Duration, now: Timestamp) -> Option<Doubt> {
    let left = CLOCK_SETTLES.checked_sub(running).filter(|left| !left.is_zero())?;
    Some(Doubt::Settling { until: now.plus_seconds(left.as_secs() as i64) })
}

impl Doubt {
    /// What an operator is told.
    pub fn in_words(&self, chinese: bool) -> String {
        match (self, chinese) {
            (Self::Ahead { newest, days }, true) => format!(
                "服务器时钟比上次可信的时间（{}）快了 {days} 天，因此不自动删除任何内容。\
                 请核对服务器的日期；确认无误后运行 ruhu privacy confirm-clock",
                newest.in_china()
            ),
            (Self::Ahead { newest, days }, false) => format!(
                "the clock is {days} days ahead of the newest time that was believed ({newest}), so \
                 nothing is erased by itself; check the server's date, and if it is right, run \
                 `ruhu privacy confirm-clock`"
            ),
            (Self::Settling { until }, true) => {
                format!("服务启动未满一天，{} 之前不自动删除任何内容", until.in_china())
            }
            (Self::Settling { until }, false) => {
                format!(
                    "the server has not run for a day: nothing is erased by itself before {until}"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3600;

    fn at(days: i64) -> Timestamp {
        Timestamp(0).plus_seconds(days * DAY)
    }

    #[test]
    fn a_clock_that_leaps_is_doubted_unless_tablets_say_the_same() {
        assert_eq!(leap(None, at(900), 0), None);
        assert_eq!(leap(Some(at(10)), at(11), 0), None);
        assert_eq!(leap(Some(at(10)), at(3), 0), None, "it was set back");
        let ahead = Doubt::Ahead { newest: at(10), days: 30 };
        assert_eq!(leap(Some(at(10)), at(40), 0), Some(ahead));
        assert_eq!(leap(Some(at(10)), at(40), 1), Some(ahead), "one may be as wrong");
        assert_eq!(leap(Some(at(10)), at(40), 2), None);
    }

    #[test]
    fn nothing_is_erased_in_the_first_day() {
        let doubt = settling(Duration::from_secs(3600), at(5));
        assert_eq!(doubt, Some(Doubt::Settling { until: at(5).plus_seconds(DAY - 3600) }));
        assert_eq!(settling(Duration::from_secs(DAY as u64), at(5)), None);
    }
}
