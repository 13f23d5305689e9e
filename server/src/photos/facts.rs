//! What a photo's file says about its taking: EXIF (CIPA DC-008), and what stands around it.

use std::io::Cursor;

use exif::{Exif, In, Rational, Tag, Value};
use serde::{Deserialize, Serialize};
use time::macros::format_description;
use time::{Date, PrimitiveDateTime, Time};

use super::picture::Format;

/// Most characters of a text that is kept.
const LONGEST: usize = 100;

/// What a photo's file says. Anybody can write anything there; it is shown, and proves nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// When it was taken by the camera's clock: microseconds since 1970 as if that were UTC.
    pub taken_at: Option<i64>,
    /// Minutes that the camera's clock is ahead of UTC, where it says so.
    pub offset: Option<i32>,
    /// When the satellites said it was taken, microseconds since 1970 UTC.
    pub satellite_time: Option<i64>,
    /// Where: 1e-7 degrees north and east of WGS-84.
    pub place: Option<(i64, i64)>,
    /// How sure the place is, metres.
    pub accuracy: Option<f64>,
    /// Who made the camera.
    pub make: Option<String>,
    /// Which camera.
    pub model: Option<String>,
    /// What wrote the file.
    pub software: Option<String>,
    /// How it is to be turned to be looked at, 1 to 8.
    pub orientation: Option<u8>,
    /// The EXIF is damaged: what could be read of it is here.
    pub damaged: bool,
    /// Several pictures, of which one is looked at.
    pub animated: bool,
    /// The file ends before its picture does.
    pub cut_off: bool,
    /// Bytes after the end of the picture: another file may be hidden there.
    pub trailing: u64,
}

impl Facts {
    /// Reads what a file says.
    pub(super) fn read(bytes: &[u8], format: Format) -> Self {
        let mut facts = Self::default();
        let mut reader = exif::Reader::new();
        reader.continue_on_error(true);
        match reader.read_from_container(&mut Cursor::new(bytes)) {
            Ok(exif) => facts.take(&exif),
            Err(exif::Error::NotFound(_)) => {}
            Err(error) => {
                facts.damaged = true;
                let partial = error.distill_partial_result(|_| {});
                if let Ok(exif) = partial {
                    facts.take(&exif);
                }
            }
        }
        facts.software = facts.software.take().or_else(|| creator_tool(bytes));
        match format {
            Format::Jpeg => (facts.cut_off, facts.trailing) = end_of_jpeg(bytes),
            Format::Png => {
                (facts.cut_off, facts.trailing) = end_of_png(bytes);
                facts.animated = bytes.windows(4).take(4_096).any(|four| four == b"acTL");
            }
            Format::WebP => {
                let length = bytes.get(4..8).and_then(|four| four.try_into().ok());
                let length = length.map_or(0, u32::from_le_bytes) as usize + 8;
                facts.cut_off = bytes.len() < length;
                facts.trailing = bytes.len().saturating_sub(length + length % 2) as u64;
                facts.animated = bytes.windows(4).take(64).any(|four| four == b"ANIM");
            }
            Format::Heif | Format::Other => {}
        }
        facts
    }

    fn take(&mut self, exif: &Exif) {
        let text = |tag| text(exif, tag);
        self.make = text(Tag::Make);
        self.model = text(Tag::Model);
        self.software = text(Tag::Software);
        let taken = text(Tag::DateTimeOriginal).or_else(|| text(Tag::DateTime));
        self.taken_at = taken.as_deref().and_then(moment);
        let offset = text(Tag::OffsetTimeOriginal).or_else(|| text(Tag::OffsetTime));
        self.offset = offset.as_deref().and_then(minutes);
        self.satellite_time = satellite_time(exif);
        self.place = place(exif);
        self.accuracy = number(exif, Tag::GPSHPositioningError).filter(|metres| *metres < 1e6);
        let orientation = exif.get_field(Tag::Orientation, In::PRIMARY);
        let orientation = orientation.and_then(|field| field.value.get_uint(0));
        self.orientation =
            orientation.and_then(|one| u8::try_from(one).ok()).filter(|one| (1..=8).contains(one));
    }

    /// When it was taken, microseconds since 1970 UTC; a camera that doesn't say is in China.
    pub fn taken_at_utc(&self) -> Option<i64> {
        const CHINA: i32 = 480;
        let taken = self.taken_at?;
        taken.checked_sub(i64::from(self.offset.unwrap_or(CHINA)) * 60_000_000)
    }
}

/// What wrote the file according to its XMP (ISO 16684-1), which stands near its beginning.
fn creator_tool(bytes: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"xmp:CreatorTool";
    let head = &bytes[..bytes.len().min(256 * 1024)];
    let at = head.windows(NAME.len()).position(|some| some == NAME)? + NAME.len();
    // `xmp:CreatorTool="…"` or `<xmp:CreatorTool>…</xmp:CreatorTool>`
    let rest = head.get(at..)?;
    let (skipped, end) = if rest.first()? == &b'>' { (1, b'<') } else { (2, b'"') };
    let text = rest.get(skipped..)?.split(|byte| *byte == end).next()?;
    let text = String::from_utf8_lossy(&text[..text.len().min(4 * LONGEST)]);
    let text: String = text.chars().filter(|one| !one.is_control()).take(LONGEST).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let Value::Ascii(lines) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let text = String::from_utf8_lossy(lines.first()?);
    let text: String = text.chars().filter(|one| !one.is_control()).take(LONGEST).collect();
    let text = text.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// `2026:11:25 14:03:09`; a camera that was never set says zeros.
fn moment(text: &str) -> Option<i64> {
    let format = format_description!("[year]:[month]:[day] [hour]:[minute]:[second]");
    let moment = PrimitiveDateTime::parse(text.get(..19)?, format).ok()?;
    let micros = moment.assume_utc().unix_timestamp_nanos() / 1_000;
    i64::try_from(micros).ok()
}

/// `+08:00`
fn minutes(text: &str) -> Option<i32> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        b'Z' => return Some(0),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours.abs() <= 14 && (0..60).contains(&minutes)).then_some(sign * (hours * 60 + minutes))
}

fn rationals(exif: &Exif, tag: Tag) -> Option<Vec<f64>> {
    let Value::Rational(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let parts: Vec<f64> = parts.iter().take(3).map(Rational::to_f64).collect();
    parts.iter().all(|part| part.is_finite()).then_some(parts)
}

fn number(exif: &Exif, tag: Tag) -> Option<f64> {
    rationals(exif, tag)?.first().copied()
}

fn satellite_time(exif: &Exif) -> Option<i64> {
    let date = text(exif, Tag::GPSDateStamp)?;
    let date = Date::parse(date.get(..10)?, format_description!("[year]:[month]:[day]")).ok()?;
    let [hours, minutes, seconds] = rationals(exif, Tag::GPSTimeStamp)?.try_into().ok()?;
    let part = |part: f64, most: f64| ((0.0..most).contains(&part)).then_some(part as u8);
    let time =
        Time::from_hms(part(hours, 24.0)?, part(minutes, 60.0)?, part(seconds, 60.0)?).ok()?;
    let micros = date.with_time(time).assume_utc().unix_timestamp_nanos() / 1_000;
    i64::try_from(micros).ok()
}

fn place(exif: &Exif) -> Option<(i64, i64)> {
    let degrees = |tag, reference, negative: &str, most: f64| {
        let parts = rationals(exif, tag)?;
        let degrees: f64 =
            parts.iter().zip([1.0, 60.0, 3600.0]).map(|(part, unit)| part / unit).sum();
        if !(0.0..=most).contains(&degrees) {
            return None;
        }
        let sign = if text(exif, reference).as_deref() == Some(negative) { -1.0 } else { 1.0 };
        Some((sign * degrees * 1e7).round() as i64)
    };
    let north = degrees(Tag::GPSLatitude, Tag::GPSLatitudeRef, "S", 90.0)?;
    let east = degrees(Tag::GPSLongitude, Tag::GPSLongitudeRef, "W", 180.0)?;
    // Receivers without a fix write zeros; there is no village in the Gulf of Guinea.
    (north != 0 || east != 0).then_some((north, east))
}

/// Walks a JPEG's segments (ITU-T T.81, annex B) to its end: whether it is missing, and what comes
/// after.
fn end_of_jpeg(bytes: &[u8]) -> (bool, u64) {
    let mut at = 2;
    loop {
        // To the next marker: in a scan, past what is no marker there.
        let is_marker = |two: &[u8]| two[0] == 0xff && !matches!(two[1], 0 | 0xd0..=0xd7 | 0xff);
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(next) = rest.windows(2).position(is_marker) else { return (true, 0) };
        at += next;
        let Some(marker) = bytes.get(at + 1) else { return (true, 0) };
        if *marker == 0xd9 {
            return (false, (bytes.len() - at - 2) as u64);
        }
        let length = bytes.get(at + 2..at + 4).map(|two| u16::from_be_bytes([two[0], two[1]]));
        let Some(length) = length else { return (true, 0) };
        at += 2 + usize::from(length.max(2));
    }
}

/// Walks a PNG's chunks to its end.
fn end_of_png(bytes: &[u8]) -> (bool, u64) {
    let mut at = 8;
    loop {
        let Some(head) = bytes.get(at..at + 8) else { return (true, 0) };
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let after = at + 12 + length;
        if after > bytes.len() {
            return (true, 0);
        }
        if &head[4..8] == b"IEND" {
            return (false, (bytes.len() - after) as u64);
        }
        at = after;
    }
}
