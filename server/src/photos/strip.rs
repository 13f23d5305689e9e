//! Photos without what their files say about people and places: the picture stays as it is, byte
//! for byte; everything around it that is not needed to show it goes.

use bytes::Bytes;

use super::facts::Facts;
use super::picture::Format;

/// A file without what it says about itself: none where it can't be had without, itself (an empty
/// `Some`) where it is no photo.
pub fn without_facts(bytes: &[u8]) -> Option<Option<Bytes>> {
    let format = Format::of(bytes);
    let stripped = match format {
        Format::Jpeg => jpeg(bytes, Facts::read(bytes, format).orientation.unwrap_or(1))?,
        Format::Png => png(bytes)?,
        Format::WebP => webp(bytes)?,
        Format::Heif => return None,
        Format::Other => return Some(None),
    };
    Some(Some(stripped.into()))
}

/// A JPEG (ITU-T T.81) without application segments, comments and what follows the picture. How it
/// is to be turned is kept, since it would be looked at wrongly. None where it isn't well-formed.
fn jpeg(bytes: &[u8], orientation: u8) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    out.extend(bytes.strip_prefix(&[0xff, 0xd8]).map(|_| [0xff, 0xd8])?);
    if orientation > 1 {
        out.extend(turning(orientation));
    }
    let mut at = 2;
    loop {
        // Fill bytes may stand before a marker.
        while bytes.get(at..at + 2)? == [0xff, 0xff] {
            at += 1;
        }
        let [0xff, marker] = *bytes.get(at..at + 2)? else { return None };
        if marker == 0xd9 {
            out.extend([0xff, 0xd9]);
            return Some(out);
        }
        let length = bytes.get(at + 2..at + 4)?;
        let end = at + 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
        let segment = bytes.get(at..end)?;
        // JFIF's density, the colours (ICC), and how Adobe's programs spell them.
        let is_needed = match marker {
            0xe0 => segment.get(4..9) == Some(b"JFIF\0"),
            0xe2 => segment.get(4..16) == Some(b"ICC_PROFILE\0"),
            0xee => segment.get(4..9) == Some(b"Adobe"),
            0xe1 | 0xe3..=0xed | 0xef | 0xfe => false,
            _ => true,
        };
        if is_needed {
            out.extend(segment);
        }
        at = end;
        if marker == 0xda {
            let scan = scan_length(&bytes[at..]);
            out.extend(&bytes[at..at + scan]);
            at += scan;
            // A picture that was cut off ends here.
            if at >= bytes.len() {
                return Some(out);
            }
        }
    }
}

/// How far a scan goes: to the next marker that is not part of it.
fn scan_length(bytes: &[u8]) -> usize {
    let is_end = |two: &[u8]| two[0] == 0xff && !matches!(two[1], 0x00 | 0xd0..=0xd7 | 0xff);
    bytes.windows(2).position(is_end).unwrap_or(bytes.len())
}

/// An EXIF segment that says nothing but how the picture is to be turned.
fn turning(orientation: u8) -> [u8; 36] {
    let mut segment = *b"\xff\xe1\x00\x22Exif\0\0MM\x00\x2a\x00\x00\x00\x08\
        \x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00";
    segment[29] = orientation;
    segment
}

/// A PNG (ISO/IEC 15948) without the chunks that a picture can be shown without, but for colours
/// and movement.
fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    out.extend(bytes.get(..8)?);
    let mut at = 8;
    loop {
        let head = bytes.get(at..at + 8)?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let chunk = bytes.get(at..at.checked_add(length)?.checked_add(12)?)?;
        let kind = &head[4..8];
        const NEEDED: [&[u8]; 9] =
            [b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"acTL", b"fcTL", b"fdAT"];
        // A capital first letter: no picture without it.
        if kind[0].is_ascii_uppercase() || NEEDED.contains(&kind) {
            out.extend(chunk);
        }
        if kind == b"IEND" {
            return Some(out);
        }
        at += chunk.len();
    }
}

/// A WebP (RFC 9649) without EXIF and XMP.
fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    out.extend(bytes.get(..12)?);
    let end = 8 + u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?) as usize;
    let bytes = bytes.get(..end)?;
    let mut at = 12;
    while at + 8 <= bytes.len() {
        let length = u32::from_le_bytes(bytes.get(at + 4..at + 8)?.try_into().ok()?) as usize;
        let padded = length + length % 2;
        let chunk = bytes.get(at..(at + 8 + padded).min(bytes.len()))?;
        match &chunk[..4] {
            b"EXIF" | b"XMP " => {}
            b"VP8X" => {
                let mut chunk = chunk.to_vec();
                // The bits that announce EXIF and XMP.
                *chunk.get_mut(8)? &= !0x0c;
                out.extend(chunk);
            }
            _ => out.extend(chunk),
        }
        at += 8 + padded;
    }
    let length = u32::try_from(out.len() - 8).ok()?;
    out[4..8].copy_from_slice(&length.to_le_bytes());
    Some(out)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, ImageFormat, RgbImage};
    use scenery::Photo;

    use super::*;

    fn exif(bytes: &[u8]) -> Option<usize> {
        let read = exif::Reader::new().read_from_container(&mut Cursor::new(bytes)).ok()?;
        Some(read.fields().count())
    }

    fn pixels(bytes: &[u8]) -> Vec<u8> {
        image::load_from_memory(bytes).expect("a picture").into_rgb8().into_raw()
    }

    #[test]
    fn a_jpeg_keeps_its_picture_and_nothing_else() {
        let photo =
            Photo { time: Some("2026:11:25 09:00:00"), place: Some((26.2, 107.2)), ..Photo::of(1) };
        let mut bytes = photo.jpeg();
        assert!(exif(&bytes).unwrap() > 5);
        bytes.extend(b"PK\x03\x04 another file");
        let stripped = jpeg(&bytes, 1).unwrap();
        assert_eq!(exif(&stripped), None);
        assert_eq!(pixels(&stripped), pixels(&bytes));
        assert!(!stripped.windows(12).any(|some| some == b"another file"));
        assert_eq!(exif(&jpeg(&bytes, 6).unwrap()), Some(1), "how it is turned");
        let read = exif::Reader::new()
            .read_from_container(&mut Cursor::new(jpeg(&bytes, 6).unwrap()))
            .unwrap();
        let turned = read.get_field(exif::Tag::Orientation, exif::In::PRIMARY).unwrap();
        assert_eq!(turned.value.get_uint(0), Some(6));
    }

    #[test]
    fn png_and_webp_keep_their_pictures() {
        let picture = DynamicImage::ImageRgb8(RgbImage::from_fn(40, 30, |x, y| {
            image::Rgb([(x * 6) as u8, (y * 8) as u8, 99])
        }));
        let mut made = Vec::new();
        picture.write_to(&mut Cursor::new(&mut made), ImageFormat::Png).unwrap();
        let at = made.len() - 12;
        let mut with_text = made[..at].to_vec();
        with_text.extend(b"\x00\x00\x00\x0btEXtPlace\0Wang!\x00\x00\x00\x00");
        with_text.extend(&made[at..]);
        assert_eq!(png(&with_text).unwrap(), made);
        let mut made = Vec::new();
        picture.write_to(&mut Cursor::new(&mut made), ImageFormat::WebP).unwrap();
        let mut with_exif = made.clone();
        with_exif.extend(b"EXIF\x04\x00\x00\x00MM\x00\x2a");
        let length = u32::try_from(with_exif.len() - 8).unwrap();
        with_exif[4..8].copy_from_slice(&length.to_le_bytes());
        assert_eq!(webp(&with_exif).unwrap(), made);
    }

    #[test]
    fn what_is_cut_off_or_wrong_is_not_given_out_by_accident() {
        let whole = Photo::of(1).jpeg();
        for length in [0, 1, 2, 3, 10, 100, 600] {
            let cut = &whole[..length];
            assert!(jpeg(cut, 1).is_none_or(|out| out.len() <= cut.len()));
            assert_eq!(png(cut), None);
            assert_eq!(webp(cut), None);
        }
        let half = jpeg(&whole[..whole.len() / 2], 1).expect("the upper half");
        assert!(half.len() > whole.len() / 3);
    }
}
