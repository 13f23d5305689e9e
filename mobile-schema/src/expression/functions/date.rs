//! Dates and times: ISO 8601 as XML Schema writes them, and days since 1970-01-01.

use std::fmt::Write;

use time::{Date, Month};

/// Milliseconds in a day.
const DAY: i64 = 86_400_000;
/// The Julian day of 1970-01-01.
const EPOCH: i32 = 2_440_588;

/// A date with or without a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Days since 1970-01-01, where the moment is read.
    pub day: i32,
    /// Milliseconds since midnight; none where only a date is given.
    pub time: Option<i64>,
    /// How many minutes the written time is ahead of UTC; none where it doesn't say.
    pub offset: Option<i32>,
}

impl Moment {
    /// Reads `2024-02-29`, `2024-02-29T08:30`, `2024-02-29T08:30:00.000+08:00`, or with `Z`.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let day = read_date(date)?;
        match time {
            None => Some(Self { day, time: None, offset: None }),
            Some(time) => {
                let (time, offset) = read_time(time)?;
                Some(Self { day, time: Some(time), offset })
            }
        }
    }

    /// A moment in the time of a place `offset` minutes ahead of UTC.
    pub fn at(unix_ms: i64, offset: i32) -> Self {
        let local = unix_ms + i64::from(offset) * 60_000;
        let day = i32::try_from(local.div_euclid(DAY)).unwrap_or(0);
        Self { day, time: Some(local.rem_euclid(DAY)), offset: Some(offset) }
    }

    /// The same moment as a clock `offset` minutes ahead of UTC shows it.
    #[must_use]
    pub fn seen_at(self, offset: i32) -> Self {
        match (self.time, self.offset) {
            (Some(time), Some(own)) if own != offset => {
                let utc = i64::from(self.day) * DAY + time - i64::from(own) * 60_000;
                Self::at(utc, offset)
            }
            _ => self,
        }
    }

    /// Days since 1970-01-01 by its own clock, with the time of day as a fraction.
    pub fn days(self) -> f64 {
        f64::from(self.day) + fraction(self.time.unwrap_or(0))
    }

    /// Days since 1970-01-01 00:00 UTC.
    pub fn utc_days(self, offset: i32) -> f64 {
        self.days() - f64::from(self.offset.unwrap_or(offset)) / 1_440.0
    }

    /// Milliseconds since 1970-01-01 00:00 UTC, by a clock `offset` minutes ahead where it doesn't
    /// say; none for a date without a time of day.
    pub fn unix_ms(self, offset: i32) -> Option<i64> {
        let ahead = i64::from(self.offset.unwrap_or(offset)) * 60_000;
        Some(i64::from(self.day) * DAY + self.time? - ahead)
    }

    /// From days since 1970-01-01, by a clock `offset` minutes ahead of UTC.
    pub fn from_days(days: f64, offset: i32) -> Option<Self> {
        // Beyond these years nothing is a date of a form.
        if !days.is_finite() || days.abs() > 3_000_000.0 {
            return None;
        }
        let whole = days.floor();
        #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
        let (day, time) = (whole as i32, ((days - whole) * 86_400_000.0).round() as i64);
        let time = time.min(DAY - 1);
        Some(Self { day, time: Some(time), offset: Some(offset) })
    }

    /// Year, month and day.
    pub fn date(self) -> Option<Date> {
        Date::from_julian_day(self.day.checked_add(EPOCH)?).ok()
    }

    /// `2024-02-29`; nothing for years no calendar has.
    pub fn write_date(self) -> String {
        self.date().map_or_else(String::new, |date| {
            format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
        })
    }

    /// `2024-02-29T08:30:00.000+08:00`.
    pub fn write(self, offset: i32) -> String {
        let time = self.time.unwrap_or(0);
        let offset = self.offset.unwrap_or(offset);
        let sign = if offset < 0 { '-' } else { '+' };
        let ahead = offset.abs();
        format!(
            "{}T{:02}:{:02}:{:02}.{:03}{sign}{:02}:{:02}",
            self.write_date(),
            time / 3_600_000,
            time / 60_000 % 60,
            time / 1_000 % 60,
            time % 1_000,
            ahead / 60,
            ahead % 60,
        )
    }

    /// By a pattern such as `%Y-%m-%d`, with names of months and days in a language.
    pub fn format(self, pattern: &str, language: &str) -> String {
        let Some(date) = self.date() else { return String::new() };
        let time = self.time.unwrap_or(0);
        let mut out = String::new();
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            if character != '%' {
                out.push(character);
                continue;
            }
            let Some(letter) = characters.next() else { break };
            let (month, day) = (u8::from(date.month()), date.day());
            // Writing into a string can't fail.
            let _ = match letter {
                'Y' => write!(out, "{:04}", date.year()),
                'y' => write!(out, "{:02}", date.year().rem_euclid(100)),
                'm' => write!(out, "{month:02}"),
                'n' => write!(out, "{month}"),
                'b' => write!(out, "{}", month_name(date.month(), language)),
                'd' => write!(out, "{day:02}"),
                'e' => write!(out, "{day}"),
                'a' => write!(out, "{}", day_name(date, language)),
                'W' => write!(out, "{:02}", date.iso_week()),
                'H' => write!(out, "{:02}", time / 3_600_000),
                'h' => write!(out, "{}", time / 3_600_000),
                'M' => write!(out, "{:02}", time / 60_000 % 60),
                'S' => write!(out, "{:02}", time / 1_000 % 60),
                '3' => write!(out, "{:03}", time % 1_000),
                '%' => write!(out, "%"),
                other => write!(out, "%{other}"),
            };
        }
        out
    }
}

/// A date or a date and time as whole days since 1970-01-01 of a clock `offset` minutes ahead of
/// UTC: between two evenings lie as many days as between their dates.
pub fn days_of(text: &str, offset: i32) -> Option<f64> {
    if text.as_bytes().get(4).is_none_or(|byte| *byte != b'-') {
        return None;
    }
    Moment::read(text).map(|moment| f64::from(moment.seen_at(offset).day))
}

/// A time of day as a fraction of a day, by a clock `offset` minutes ahead of UTC.
pub fn fraction_of_time(text: &str, offset: i32) -> Option<f64> {
    let text = text.trim();
    let time = text.split_once('T').map_or(text, |(_, time)| time);
    let (time, own) = read_time(time)?;
    let shift = i64::from(offset - own.unwrap_or(offset)) * 60_000;
    Some(fraction((time + shift).rem_euclid(DAY)))
}

#[expect(clippy::cast_precision_loss, reason = "a day's milliseconds are exact in an f64")]
fn fraction(milliseconds: i64) -> f64 {
    milliseconds as f64 / DAY as f64
}

fn digits(text: &str, least: usize, most: usize) -> Option<i32> {
    let fits = (least..=most).contains(&text.len());
    let all = text.bytes().all(|byte| byte.is_ascii_digit());
    if fits && all { text.parse().ok() } else { None }
}

/// Days since 1970-01-01 of `YYYY-MM-DD`; months and days of one digit are let pass.
fn read_date(text: &str) -> Option<i32> {
    let mut parts = text.split('-');
    let year = digits(parts.next()?, 4, 4)?;
    let month = u8::try_from(digits(parts.next()?, 1, 2)?).ok()?;
    let day = u8::try_from(digits(parts.next()?, 1, 2)?).ok()?;
    if parts.next().is_some() {
        return None;
    }
    let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()?;
    Some(date.to_julian_day() - EPOCH)
}

/// Milliseconds since midnight, and the offset in minutes where it is written.
fn read_time(text: &str) -> Option<(i64, Option<i32>)> {
    let (time, offset) = match text.find(['Z', '+', '-']) {
        Some(place) => (&text[..place], Some(read_offset(&text[place..])?)),
        None => (text, None),
    };
    let mut parts = time.split(':');
    let hour = digits(parts.next()?, 1, 2)?;
    let minute = digits(parts.next()?, 2, 2)?;
    let (second, milli) = match parts.next() {
        None => (0, 0),
        Some(seconds) => match seconds.split_once('.') {
            None => (digits(seconds, 2, 2)?, 0),
            Some((whole, part)) => {
                digits(part, 1, 9)?;
                let three: String = part.chars().chain("00".chars()).take(3).collect();
                (digits(whole, 2, 2)?, digits(&three, 3, 3)?)
            }
        },
    };
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let milliseconds =
        ((i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second)) * 1_000;
    Some((milliseconds + i64::from(milli), offset))
}

fn read_offset(text: &str) -> Option<i32> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = (if text.starts_with('-') { -1 } else { 1 }, text.get(1..)?);
    let (hours, minutes) = match rest.split_once(':') {
        Some((hours, minutes)) => (digits(hours, 2, 2)?, digits(minutes, 2, 2)?),
        None if rest.len() == 4 => (digits(rest.get(..2)?, 2, 2)?, digits(rest.get(2..)?, 2, 2)?),
        None => (digits(rest, 2, 2)?, 0),
    };
    (hours <= 14 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
}

fn month_name(month: Month, language: &str) -> String {
    if language.starts_with("zh") {
        return format!("{}月", u8::from(month));
    }
    month.to_string()[..3].to_owned()
}

fn day_name(date: Date, language: &str) -> String {
    let day = date.weekday();
    if language.starts_with("zh") {
        let names = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
        return names[usize::from(day.number_days_from_monday()).min(6)].to_owned();
    }
    day.to_string()[..3].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_and_write() {
        let written = "2024-02-29T23:30:15.250+08:00";
        let moment = Moment::read(written).expect("a moment");
        assert_eq!(moment.write(0), written);
        assert_eq!(moment.seen_at(0).write(0), "2024-02-29T15:30:15.250+00:00");
        assert_eq!(moment.seen_at(-600).write_date(), "2024-02-29");
        assert_eq!(moment.seen_at(600).write_date(), "2024-03-01");
        assert_eq!(Moment::read("2023-02-29"), None);
        assert_eq!(Moment::read("2024-2-9").map(Moment::write_date), Some("2024-02-09".into()));
        assert_eq!(Moment::read("2024-01-01T25:00"), None);
        assert_eq!(Moment::read("2024-01-01T10:00+99:00"), None);
    }

    #[test]
    fn days_go_both_ways() {
        for text in ["1970-01-01", "1969-12-31", "2000-02-29", "2026-11-25"] {
            let moment = Moment::read(text).expect("a date");
            let back = Moment::from_days(moment.days(), 480).expect("a date");
            assert_eq!(back.write_date(), text);
        }
        assert_eq!(Moment::from_days(f64::INFINITY, 0), None);
    }

    #[test]
    fn patterns_are_filled_in_the_readers_language() {
        let moment = Moment::read("2026-03-05T08:07:06.005+08:00").expect("a moment");
        assert_eq!(moment.format("%e %b %Y, %a %H:%M:%S.%3", "en"), "5 Mar 2026, Thu 08:07:06.005");
        assert_eq!(
            moment.format("%Y年%n月%e日 %a %b %y %h %%", "zh-CN"),
            "2026年3月5日 周四 3月 26 8 %"
        );
    }

    #[test]
    fn times_are_fractions_of_the_local_day() {
        assert_eq!(fraction_of_time("06:00:00.000+00:00", 480), Some(14.0 / 24.0));
        assert_eq!(fraction_of_time("12:00", 480), Some(0.5));
        assert_eq!(fraction_of_time("noon", 480), None);
    }
}
