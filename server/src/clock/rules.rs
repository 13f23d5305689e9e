//! What speaks against a clock.

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
    /// It has not been believed for a day.
    Settling {
        /// When it will have been.
        until: Timestamp,
    },
}

/// Whether the clock has leapt ahead, and too few tablets say the same time.
pub(super) fn leap(newest: Option<Timestamp>, now: Timestamp, agree: usize) -> Option<Doubt> {
    let newest = newest.filter(|newest| newest.plus_seconds(CLOCK_LEAP) < now)?;
    let days = (now.seconds() - newest.seconds()) / (24 * 3600);
    (agree < CLOCK_WITNESSES).then_some(Doubt::Ahead { newest, days })
}

/// Since when a clock is believed that nothing speaks against now: as long as before, unless it has
/// leapt ahead meanwhile, whoever says that it is right, or was set back behind that. A server that
/// stands still for a night has not leapt.
pub(super) fn believed_since(
    before: Option<Timestamp>,
    newest: Option<Timestamp>,
    now: Timestamp,
) -> Timestamp {
    let goes_on = newest.is_some_and(|newest| now <= newest.plus_seconds(CLOCK_LEAP));
    before.filter(|since| goes_on && *since <= now).unwrap_or(now)
}

/// Whether the clock has been believed for too short a time.
pub(super) fn settling(since: Timestamp, now: Timestamp) -> Option<Doubt> {
    let until = since.plus_seconds(CLOCK_SETTLES);
    (now < until).then_some(Doubt::Settling { until })
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
                format!("服务器时钟可信未满一天，{} 之前不自动删除任何内容", until.in_china())
            }
            (Self::Settling { until }, false) => {
                format!(
                    "the clock has not been believed for a day: nothing is erased by itself before \
                     {until}"
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
        let doubt = settling(at(5), at(5).plus_seconds(3600));
        assert_eq!(doubt, Some(Doubt::Settling { until: at(6) }));
        assert_eq!(settling(at(5), at(6)), None);
    }

    #[test]
    fn a_clock_that_leapt_or_was_set_back_is_believed_anew() {
        assert_eq!(believed_since(None, None, at(5)), at(5));
        assert_eq!(believed_since(None, Some(at(5)), at(5)), at(5), "nobody kept it before");
        let night = at(9).plus_seconds(12 * 3600);
        assert_eq!(
            believed_since(Some(at(5)), Some(at(9)), night),
            at(5),
            "it was off for a night"
        );
        assert_eq!(believed_since(Some(at(5)), Some(at(9)), at(40)), at(40));
        assert_eq!(believed_since(Some(at(5)), Some(at(9)), at(7)), at(5));
        assert_eq!(believed_since(Some(at(5)), Some(at(9)), at(3)), at(3));
    }
}
