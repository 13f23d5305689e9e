//! Photos like a tablet's: a JPEG of 200 KB or more, with a place and a time in its EXIF.

use scenery::Photo;
use time::{OffsetDateTime, UtcOffset};

/// A photo that no other number makes, taken at `time` (`YYYY:MM:DD HH:MM:SS`) at a place in
/// degrees of WGS-84.
pub fn invented(number: u64, time: &str, latitude: f64, longitude: f64) -> Vec<u8> {
    let place = Some((latitude, longitude));
    Photo { time: Some(time), place, ..Photo::of(number) }.jpeg()
}

/// A moment (milliseconds since 1970 UTC) as a camera in China writes it.
pub fn time(milliseconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000);
    let china = UtcOffset::from_hms(8, 0, 0).unwrap_or(UtcOffset::UTC);
    let moment = moment.unwrap_or(OffsetDateTime::UNIX_EPOCH).to_offset(china);
    let ((year, month, day), (hour, minute, second)) = (moment.to_calendar_date(), moment.to_hms());
    format!("{year:04}:{:02}:{day:02} {hour:02}:{minute:02}:{second:02}", u8::from(month))
}
