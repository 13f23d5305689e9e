//! What a camera writes about itself, the time and the place (EXIF).

use std::io::Cursor;

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};

pub(super) fn facts(time: &str, place: Option<(f64, f64)>, software: Option<&str>) -> Vec<u8> {
    let field = |tag, value| Field { tag, ifd_num: In::PRIMARY, value };
    let text = |text: &str| Value::Ascii(vec![text.as_bytes().to_vec()]);
    let mut fields = vec![
        field(Tag::Make, text("Ruhu")),
        field(Tag::Model, text("headless tablet")),
        field(Tag::DateTimeOriginal, text(time)),
    ];
    if let Some((latitude, longitude)) = place {
        fields.extend([
            field(Tag::GPSLatitudeRef, text(if latitude < 0.0 { "S" } else { "N" })),
            field(Tag::GPSLatitude, degrees(latitude)),
            field(Tag::GPSLongitudeRef, text(if longitude < 0.0 { "W" } else { "E" })),
            field(Tag::GPSLongitude, degrees(longitude)),
        ]);
    }
    fields.extend(software.map(|software| field(Tag::Software, text(software))));
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
    use crate::Photo;

    #[test]
    fn a_photo_is_large_enough_and_knows_where_it_was_taken() {
        let photo =
            Photo { time: Some("2026:11:23 09:00:00"), place: Some((26.2, 107.2)), ..Photo::of(1) };
        let bytes = photo.jpeg();
        assert!(bytes.len() >= 200_000, "{} bytes", bytes.len());
        let read = exif::Reader::new().read_from_container(&mut Cursor::new(&bytes)).unwrap();
        let latitude = read.get_field(Tag::GPSLatitude, In::PRIMARY).unwrap();
        assert!(latitude.display_value().to_string().starts_with("26 deg 12 min"));
        assert_ne!(bytes, Photo { shot: 1, ..photo }.jpeg());
        assert_ne!(bytes, Photo { scene: 2, ..photo }.jpeg());
    }
}
