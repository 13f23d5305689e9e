//! All that is told by a photo's bytes alone: no database, no clock.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::facts::Facts;
use super::fingerprint::Looks;
use super::picture::{self, Format, Unreadable};
use super::quality::Quality;
use super::strip::without_facts;

/// Counts up when photos are to be looked at anew.
pub const INSPECTOR: i32 = 1;

/// Which derived copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Thumbnail {
    /// At most 320 pixels a side, for lists.
    #[serde(rename = "320")]
    Small,
    /// At most 1,600 pixels a side, to look at.
    #[serde(rename = "1600")]
    Large,
}

impl Thumbnail {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Small, Self::Large];

    /// Its longer side, pixels, at most.
    pub fn longest(self) -> u32 {
        match self {
            Self::Small => 320,
            Self::Large => 1_600,
        }
    }

    /// JPEG quality and whether progressive, chosen by measurement (`docs/benchmarks.md`,
    /// "Photos").
    fn encoding(self) -> (u8, bool) {
        match self {
            Self::Small => (72, false),
            Self::Large => (80, false),
        }
    }
}

/// What a photo's bytes tell.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// Its media type, whatever it was sent as; none of what is no photo.
    pub media_type: Option<&'static str>,
    /// What its file says.
    pub facts: Facts,
    /// Its picture, or why there is none.
    pub picture: Result<Picture, Unreadable>,
}

impl Inspected {
    /// Of a file that took too long; nothing else of it is told.
    pub(super) fn too_long(bytes: &[u8]) -> Self {
        let media_type = Format::of(bytes).media_type();
        Self { media_type, facts: Facts::default(), picture: Err(Unreadable::TooLong) }
    }
}

/// A photo's picture.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Pixels across and down, as it is looked at.
    pub size: (u32, u32),
    /// What it looks like; none where there is nothing to see.
    pub looks: Option<Looks>,
    /// How it came out.
    pub quality: Quality,
    /// The derived copies, JPEG without metadata. There is no large one of a file that is looked
    /// at as it is ([`as_it_is`]).
    pub thumbnails: Vec<(Thumbnail, Vec<u8>)>,
}

/// Looks at a file. Takes about 100 ms and 63 MiB for 12 megapixels, and never more than
/// [`crate::limits::MAX_PHOTO_MEMORY`] by some copies.
pub fn inspect(bytes: &[u8]) -> Inspected {
    let format = Format::of(bytes);
    let facts = match format {
        Format::Other => Facts::default(),
        _ => Facts::read(bytes, format),
    };
    let picture = picture(bytes, format, &facts);
    Inspected { media_type: format.media_type(), facts, picture }
}

/// Bytes up to which a file is looked at as it is; tablets aim at 300 KB.
const AS_IT_IS: usize = 512 * 1024;

/// The file itself without its facts, where a large copy would be no smaller picture: encoding what
/// tablets have shrunk once more makes it larger and worse. It must be upright, as copies are.
pub(crate) fn as_it_is(
    bytes: &[u8],
    media_type: Option<&str>,
    size: (u32, u32),
    facts: &Facts,
) -> Option<Bytes> {
    let fits = size.0.max(size.1) <= Thumbnail::Large.longest()
        && media_type == Format::Jpeg.media_type()
        && facts.orientation.is_none_or(|orientation| orientation == 1);
    let stripped = if fits { without_facts(bytes).flatten() } else { None };
    stripped.filter(|stripped| stripped.len() <= AS_IT_IS)
}

fn picture(bytes: &[u8], format: Format, facts: &Facts) -> Result<Picture, Unreadable> {
    let [small, large] = Thumbnail::ALL;
    let orientation = facts.orientation.unwrap_or(1);
    let decoded = picture::decode(bytes, format, orientation, large.longest())?;
    let damaged = || Unreadable::Damaged;
    let shrunk = picture::shrink(&decoded.pixels, small.longest()).ok_or_else(damaged)?;
    let thumbnail = |which: Thumbnail, pixels: &picture::Pixels| {
        let (quality, progressive) = which.encoding();
        Some((which, pixels.jpeg(quality, progressive)?))
    };
    let mut thumbnails = vec![thumbnail(small, &shrunk).ok_or_else(damaged)?];
    if as_it_is(bytes, format.media_type(), decoded.size, facts).is_none() {
        thumbnails.push(thumbnail(large, &decoded.pixels).ok_or_else(damaged)?);
    }
    Ok(Picture {
        size: decoded.size,
        looks: Looks::of(&shrunk),
        quality: Quality::of(&shrunk),
        thumbnails,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, Rgb};
    use jpeg_encoder::{ColorType, Encoder};
    use scenery::Photo;

    use super::*;

    fn light(jpeg: &[u8]) -> Vec<u8> {
        image::load_from_memory(jpeg).expect("a picture").into_luma8().into_raw()
    }

    /// The mean difference of two pictures' light.
    fn apart(one: &[u8], other: &[u8]) -> f64 {
        let (one, other) = (light(one), light(other));
        assert_eq!(one.len(), other.len());
        let sum: u64 = one.iter().zip(&other).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / one.len() as f64
    }

    #[test]
    fn other_colours_are_looked_at_as_well() {
        let (width, height) = (640, 480);
        let rgb = Photo { width, ..Photo::of(3) }.pixels();
        let plain = inspect(&Photo { width, ..Photo::of(3) }.jpeg()).picture.unwrap();
        let mut cmyk = Vec::new();
        // Adobe's way: inverted, without black.
        let inks: Vec<u8> =
            rgb.chunks(3).flat_map(|p| [255 - p[0], 255 - p[1], 255 - p[2], 0]).collect();
        let encoder = Encoder::new(&mut cmyk, 90);
        encoder.encode(&inks, width, height, ColorType::Cmyk).unwrap();
        let deep: Vec<u16> = rgb.iter().map(|part| u16::from(*part) * 257).collect();
        let deep = ImageBuffer::<Rgb<u16>, _>::from_raw(u32::from(width), u32::from(height), deep);
        let grey: Vec<u8> = rgb
            .chunks(3)
            .map(|p| {
                ((299 * u32::from(p[0]) + 587 * u32::from(p[1]) + 114 * u32::from(p[2])) / 1000)
                    as u8
            })
            .collect();
        let grey = ImageBuffer::<Luma<u8>, _>::from_raw(u32::from(width), u32::from(height), grey);
        let written = |image: DynamicImage, format| {
            let mut bytes = std::io::Cursor::new(Vec::new());
            image.write_to(&mut bytes, format).expect("it is written");
            bytes.into_inner()
        };
        let grey = DynamicImage::ImageLuma8(grey.unwrap());
        let cases = [
            ("CMYK", cmyk),
            ("16 bits", written(DynamicImage::ImageRgb16(deep.unwrap()), ImageFormat::Png)),
            ("grey JPEG", written(grey.clone(), ImageFormat::Jpeg)),
            ("grey PNG", written(grey, ImageFormat::Png)),
        ];
        for (what, bytes) in cases {
            let picture = inspect(&bytes).picture.unwrap_or_else(|why| panic!("{what}: {why}"));
            assert_eq!(picture.size, (640, 480), "{what}");
            let [one, other] = [&plain, &picture].map(|picture| picture.looks.unwrap().turned[0]);
            assert!(one.distance(other) <= 4, "{what}: {}", one.distance(other));
            let apart = apart(&plain.thumbnails[0].1, &picture.thumbnails[0].1);
            assert!(apart < 8.0, "{what}: {apart}");
        }
    }

    #[test]
    fn what_a_tablet_has_shrunk_is_looked_at_as_it_is() {
        let place = Some((26.2, 107.2));
        let time = Some("2026:11:23 09:00:00");
        let photo = Photo { width: 1_600, place, time, ..Photo::of(5) }.jpeg();
        let of = |bytes: &[u8]| {
            let seen = inspect(bytes);
            let picture = seen.picture.expect("a picture");
            let large = picture.thumbnails.iter().find(|(which, _)| *which == Thumbnail::Large);
            let itself = as_it_is(bytes, seen.media_type, picture.size, &seen.facts);
            (large.map(|(_, jpeg)| jpeg.len()), itself)
        };
        let (copy, itself) = of(&photo);
        assert_eq!(copy, None, "no second copy");
        let itself = itself.expect("the file without its facts");
        assert!(itself.len() < photo.len(), "{} of {}", itself.len(), photo.len());
        assert!(light(&itself) == light(&photo), "it looks as it did");
        assert_eq!(inspect(&itself).facts.place, None);
        // What is larger than a copy, or lies on its side, has one.
        let larger = Photo { width: 2_000, ..Photo::of(5) }.jpeg();
        let (copy, itself) = of(&larger);
        assert!(copy.is_some() && itself.is_none());
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/photos");
        if let Ok(turned) = std::fs::read(folder.join("orientation-landscape-6.jpg")) {
            let (copy, itself) = of(&turned);
            assert!(copy.is_some() && itself.is_none());
        }
    }

    #[test]
    fn nothing_to_see_has_no_fingerprint() {
        let white = DynamicImage::new_luma8(400, 300);
        let mut bytes = std::io::Cursor::new(Vec::new());
        white.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        let picture = inspect(&bytes.into_inner()).picture.unwrap();
        assert_eq!(picture.looks, None);
        assert_eq!((picture.quality.dark, picture.quality.sharpness), (1.0, 0.0));
    }

    /// Real photographs, where they are: in all orientations, damaged, from a phone.
    #[test]
    fn real_photographs_are_looked_at() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/photos");
        let read = |name: &str| std::fs::read(folder.join(name));
        if !folder.is_dir() {
            println!("skipped: there are no photographs in {}", folder.display());
            return;
        }
        let upright = inspect(&read("orientation-landscape-1.jpg").unwrap()).picture.unwrap();
        for number in 2..=8 {
            let turned = inspect(&read(&format!("orientation-landscape-{number}.jpg")).unwrap());
            assert_eq!(turned.facts.orientation, Some(number));
            let turned = turned.picture.unwrap();
            assert_eq!(turned.size, upright.size, "{number}");
            let distance =
                turned.looks.unwrap().turned[0].distance(upright.looks.unwrap().turned[0]);
            assert!(distance <= 4, "{number}: {distance}");
        }
        let walk = ["10", "12", "21", "25"].map(|number| {
            let seen = inspect(&read(&format!("gps-DSCN00{number}.jpg")).unwrap());
            assert!(seen.facts.place.is_some() && seen.facts.taken_at.is_some());
            seen.picture.unwrap().looks.unwrap().turned[0]
        });
        for (at, one) in walk.iter().enumerate() {
            for other in &walk[..at] {
                assert!(one.distance(*other) > 10, "other photos of one walk");
            }
        }
        let edited = inspect(&read("edited-photoshop.jpg").unwrap());
        assert!(edited.facts.software.unwrap().contains("GIMP"));
        let heif = inspect(&read("sample.heif").unwrap());
        assert_eq!(heif.picture.err(), Some(Unreadable::Heif));
        for name in ["corrupted.jpg", "invalid-image00971.jpg", "invalid-image01551.jpg"] {
            // Whatever they are, they are no reason to fall over.
            inspect(&read(name).unwrap());
        }
        let phone = inspect(&read("phone-nokia-8.3.jpg").unwrap()).picture.unwrap();
        assert!(phone.thumbnails.iter().all(|(which, jpeg)| {
            let picture = image::load_from_memory(jpeg).unwrap();
            picture.width().max(picture.height()) == which.longest()
        }));
    }
}
