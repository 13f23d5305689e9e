//! Photos like a tablet's: a JPEG of 200 KB or more, with a place and a time in its EXIF.

use scenery::Photo;

/// A photo that no other number makes, taken at `time` (`YYYY:MM:DD HH:MM:SS`) at a place in
/// degrees of WGS-84.
pub fn invented(number: u64, time: &str, latitude: f64, longitude: f64) -> Vec<u8> {
    let place = Some((latitude, longitude));
    Photo { time: Some(time), place, ..Photo::of(number) }.jpeg()
}
