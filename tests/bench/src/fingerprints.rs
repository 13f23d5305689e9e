//! How well fingerprints tell copies of a photo from other photos, by kind of fingerprint and by
//! how many bits may differ.

use std::path::Path;

use image::{DynamicImage, ImageFormat, RgbImage, imageops::FilterType};
use ruhu::photos::{Fingerprint, Looks, inspect};
use scenery::Photo;

/// A way to make a copy.
type Copy = (&'static str, fn(&DynamicImage) -> DynamicImage);

const COPIES: [Copy; 9] = [
    ("resized to half", |image| {
        image.resize(image.width() / 2, image.height() / 2, FilterType::Triangle)
    }),
    ("resized to 400 px", |image| image.resize(400, 400, FilterType::Triangle)),
    ("compressed at 30", |image| compressed(image, 30)),
    ("brighter by 40", |image| image.brighten(40)),
    ("darker by 40", |image| image.brighten(-40)),
    ("more contrast", |image| image.adjust_contrast(25.0)),
    ("cropped by 3 % a side", |image| cropped(image, 3)),
    ("cropped by 6 % a side", |image| cropped(image, 6)),
    ("turned by 90°", DynamicImage::rotate90),
];

/// A kind of fingerprint.
struct Kind {
    name: &'static str,
    of: fn(&[u8]) -> Option<Looks>,
}

const KINDS: [Kind; 3] = [
    Kind { name: "cosine transform", of: cosine },
    Kind { name: "differences", of: differences },
    Kind { name: "means", of: means },
];

/// Prints the tables. Photos come from a folder, or are painted.
pub(crate) fn measure(folder: Option<&Path>) {
    let scenes = 150;
    let mut photos: Vec<Vec<u8>> = (0..scenes).map(|scene| Photo::of(scene).jpeg()).collect();
    let others: Vec<Vec<u8>> =
        (0..scenes).map(|scene| Photo { shot: 1, ..Photo::of(scene) }.jpeg()).collect();
    if let Some(folder) = folder {
        photos.clear();
        let mut files: Vec<_> = std::fs::read_dir(folder).expect("a folder").flatten().collect();
        files.sort_by_key(std::fs::DirEntry::file_name);
        photos.extend(files.iter().filter_map(|file| std::fs::read(file.path()).ok()));
    }
    let photos: Vec<(Vec<u8>, DynamicImage)> = photos
        .into_iter()
        .filter_map(|bytes| inspect(&bytes).picture.ok().map(|_| bytes))
        .filter_map(|bytes| image::load_from_memory(&bytes).ok().map(|image| (bytes, image)))
        .collect();
    println!("{} photos", photos.len());
    let limits = [2_u32, 4, 6, 8, 10, 12];
    print!("| bits that may differ |");
    limits.iter().for_each(|limit| print!(" {limit} |"));
    println!("\n|---|{}", "---|".repeat(limits.len()));
    for kind in &KINDS {
        let originals: Vec<Looks> =
            photos.iter().filter_map(|(bytes, _)| (kind.of)(bytes)).collect();
        for (name, copy) in COPIES {
            let distances: Vec<u32> = photos
                .iter()
                .filter_map(|(bytes, image)| {
                    let copied = (kind.of)(&jpeg(&copy(image), 85))?;
                    Some(copied.distance_to(&(kind.of)(bytes)?))
                })
                .collect();
            line(kind.name, name, &distances, limits);
        }
        let mut apart = Vec::new();
        for (at, one) in originals.iter().enumerate() {
            apart.extend(originals[..at].iter().map(|other| one.distance_to(other)));
        }
        line(kind.name, "another photo (pairs)", &apart, limits);
        if folder.is_none() {
            let again = photos.iter().zip(&others).filter_map(|((bytes, _), other)| {
                Some((kind.of)(other)?.distance_to(&(kind.of)(bytes)?))
            });
            line(kind.name, "the same yard once more", &again.collect::<Vec<_>>(), limits);
        }
    }
}

fn line(kind: &str, what: &str, distances: &[u32], limits: [u32; 6]) {
    print!("| {kind}: {what} |");
    for limit in limits {
        let within = distances.iter().filter(|distance| **distance <= limit).count();
        print!(" {:.2} % |", within as f64 / distances.len().max(1) as f64 * 100.0);
    }
    println!();
}

fn jpeg(image: &DynamicImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
    image.to_rgb8().write_with_encoder(encoder).expect("it is written");
    bytes
}

fn compressed(image: &DynamicImage, quality: u8) -> DynamicImage {
    let bytes = jpeg(image, quality);
    image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).expect("it is read")
}

fn cropped(image: &DynamicImage, percent: u32) -> DynamicImage {
    let (across, down) = (image.width() * percent / 100, image.height() * percent / 100);
    image.crop_imm(across, down, image.width() - 2 * across, image.height() - 2 * down)
}

fn cosine(bytes: &[u8]) -> Option<Looks> {
    inspect(bytes).picture.ok()?.looks
}

/// Whether each of 8 × 8 places is lighter than its neighbour.
fn differences(bytes: &[u8]) -> Option<Looks> {
    turns(bytes, 9, 8, |light| {
        light
            .chunks(9)
            .flat_map(|row| row.windows(2).map(|two| two[0] > two[1]).collect::<Vec<_>>())
            .collect()
    })
}

/// Whether each of 8 × 8 places is lighter than the middle one.
fn means(bytes: &[u8]) -> Option<Looks> {
    turns(bytes, 8, 8, |light| {
        let mut sorted = light.to_vec();
        sorted.sort_unstable();
        light.iter().map(|one| *one > sorted[32]).collect()
    })
}

fn turns(bytes: &[u8], width: u32, height: u32, bits: fn(&[u8]) -> Vec<bool>) -> Option<Looks> {
    let small = inspect(bytes).picture.ok()?.thumbnails[0].1.clone();
    let mut image = image::load_from_memory(&small).ok()?;
    let mut turns = [0_u64; 4];
    for turn in &mut turns {
        let square: RgbImage = image.resize_exact(width, height, FilterType::Triangle).to_rgb8();
        let light = DynamicImage::ImageRgb8(square).to_luma8().into_raw();
        *turn = bits(&light).iter().fold(0, |all, bit| all << 1 | u64::from(*bit));
        image = image.rotate90();
    }
    // Only the one in use knows crops.
    let [a, b, c, d] = turns.map(Fingerprint);
    Some(Looks { turned: [a, b, c, d], cropped: [a, a] })
}
