//! Photos like a tablet's: a JPEG of 200 KB or more, with a place and a time in its EXIF.

use std::io::Cursor;

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use jpeg_encoder::{ColorType, Encoder};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const WIDTH: u16 = 1280;
const HEIGHT: u16 = 960;

/// A photo that no other number makes, taken at `time` (`YYYY:MM:DD HH:MM:SS`) at a place in
/// degrees of WGS-84.
pub fn invented(number: u64, time: &str, latitude: f64, longitude: f64) -> Vec<u8> {
    let mut random = StdRng::seed_from_u64(number);
    let (red, green, blue): (u8, u8, u8) = random.random();
    let mut pixels = Vec::with_capacity(usize::from(WIDTH) * usize::from(HEIGHT) * 3);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            // A slow gradient with the grain of a cheap sensor.
            let grain = random.random_range(0..24_u8);
            let shade = |base: u8, along: u16, over: u16| {
                let light = u32::from(along) * 160 / u32::from(over);
                base.wrapping_add(light as u8) / 2 + grain
            };
            pixels.extend([
                shade(red, x, WIDTH),
                shade(green, y, HEIGHT),
                shade(blue, x / 2, WIDTH),
            ]);
        }
    }
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, 82);
    let segment = [b"Exif\0\0".as_slice(), &capture_facts(time, latitude, longitude)].concat();
    encoder.add_app_segment(1, segment).expect("EXIF fits into a segment");
    encoder.encode(&pixels, WIDTH, HEIGHT, ColorType::Rgb).expect("the size is a JPEG's");
    jpeg
}

fn capture_facts(time: &str, latitude: f64, longitude: f64) -> Vec<u8> {
    let field = |tag, value| Field { tag, ifd_num: In::PRIMARY, value };
    let text = |text: &str| Value::Ascii(vec![text.as_bytes().to_vec()]);
    let fields = [
        field(Tag::Make, text("Ruhu")),
        field(Tag::Model, text("headless tablet")),
        field(Tag::DateTimeOriginal, text(time)),
        field(Tag::GPSLatitudeRef, text(if latitude < 0.0 { "S" } else { "N" })),
        field(Tag::GPSLatitude, degrees(latitude)),
        field(Tag::GPSLongitudeRef, text(if longitude < 0.0 { "W" } else { "E" })),
        field(Tag::GPSLongitude, degrees(longitude)),
    ];
    let mut writer = Writer::new();
    fields.iter().for_each(|field| writer.push_field(field));
    let mut bytes = Cursor::new(Vec::new());
    writer.write(&mut bytes, false).expect("the fields are well-formed");
    bytes.into_inner()
}

/// Whole degrees, whole minutes, and seconds to a ten-thousandth.
fn degrees(angle: f64) -> Value {
    const PARTS: u32 = 10_000;
    let all = (angle.abs() * 3600.0 * f64::from(PARTS)).round() as u64;
    let (seconds, minutes) = (all % u64::from(60 * PARTS), all / u64::from(60 * PARTS));
    let part = |num: u64, denom| Rational { num: num as u32, denom };
    Value::Rational(vec![part(minutes / 60, 1), part(minutes % 60, 1), part(seconds, PARTS)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_is_large_enough_and_knows_where_it_was_taken() {
        let photo = invented(1, "2026:11:23 09:00:00", 26.2, 107.2);
        assert!(photo.len() >= 200_000, "{} bytes", photo.len());
        let read = exif::Reader::new().read_from_container(&mut Cursor::new(&photo)).unwrap();
        let latitude = read.get_field(Tag::GPSLatitude, In::PRIMARY).unwrap();
        assert!(latitude.display_value().to_string().starts_with("26 deg 12 min"));
        assert_ne!(photo, invented(2, "2026:11:23 09:00:00", 26.2, 107.2));
    }
}
