//! Looking at photos, and finding those that look like one.

use std::path::Path;
use std::time::Instant;

use image::imageops::FilterType;
use image::{DynamicImage, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use harness::{Backend, Stage};
use mobile_schema::Hash;
use ruhu::photos::{self, Fingerprint, Looks};
use scenery::Photo;

/// How long one core takes for a photo of 12 megapixels, and what all cores do together.
pub(crate) fn look() {
    let photo = Photo { width: 4000, ..Photo::of(1) }.jpeg();
    std::fs::write(std::env::temp_dir().join("ruhu-12-megapixels.jpg"), &photo).expect("written");
    let mut times: Vec<f64> = (0..15)
        .map(|_| {
            let begun = Instant::now();
            photos::inspect(&photo).picture.expect("a picture");
            begun.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("| 12 megapixels, {} KB | ms, one core | photos/s, all cores |", photo.len() / 1_000);
    println!("|---|---|---|");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| (0..10).for_each(|_| drop(photos::inspect(&photo))));
        }
    });
    let rate = (cores * 10) as f64 / begun.elapsed().as_secs_f64();
    println!("| decoded, two copies, fingerprint, quality, EXIF | {:.0} | {rate:.1} |", times[7]);
}

/// What a copy of a photo costs and loses, by its size and how it is compressed. Photos come from a
/// folder, or are painted.
pub(crate) fn copies(folder: Option<&Path>) {
    let photo = Photo { width: 4000, ..Photo::of(1) }.jpeg();
    photos::inspect(&photo).picture.expect("a picture");
    println!("peak memory after one photo of 12 megapixels: {} MB", peak_memory() / 1_000);
    let mut files: Vec<Vec<u8>> = (0..10).map(|scene| Photo::of(scene).jpeg()).collect();
    if let Some(folder) = folder {
        let entries = std::fs::read_dir(folder).expect("a folder").flatten();
        files = entries.filter_map(|file| std::fs::read(file.path()).ok()).collect();
    }
    let images: Vec<DynamicImage> = files
        .iter()
        .filter(|bytes| photos::inspect(bytes).picture.is_ok())
        .filter_map(|bytes| image::load_from_memory(bytes).ok())
        .collect();
    println!("| {} photos, longest side | quality | | KB | ms | PSNR dB |", images.len());
    println!("|---|---|---|---|---|---|");
    for side in [320, 1_600] {
        let scaled: Vec<_> = images
            .iter()
            .map(|image| match image.width().max(image.height()) > side {
                true => image.resize(side, side, FilterType::CatmullRom).to_rgb8(),
                false => image.to_rgb8(),
            })
            .collect();
        for quality in [60, 70, 75, 80, 85] {
            for progressive in [false, true] {
                let (mut bytes, mut loss) = (0, 0.0);
                let begun = Instant::now();
                let copies: Vec<Vec<u8>> =
                    scaled.iter().map(|image| jpeg(image, quality, progressive)).collect();
                let each = begun.elapsed().as_secs_f64() * 1e3 / copies.len() as f64;
                for (image, copy) in scaled.iter().zip(&copies) {
                    bytes += copy.len();
                    loss += psnr(image, &image::load_from_memory(copy).expect("a JPEG").to_rgb8());
                }
                let count = copies.len() as f64;
                let kind = if progressive { "progressive" } else { "baseline" };
                let kilobytes = bytes as f64 / count / 1e3;
                let loss = loss / count;
                println!(
                    "| {side} | {quality} | {kind} | {kilobytes:.1} | {each:.1} | {loss:.1} |"
                );
            }
        }
    }
}

fn jpeg(image: &RgbImage, quality: u8, progressive: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_progressive(progressive);
    let (width, height) = (image.width() as u16, image.height() as u16);
    encoder.encode(image.as_raw(), width, height, ColorType::Rgb).expect("a JPEG");
    bytes
}

fn psnr(one: &RgbImage, other: &RgbImage) -> f64 {
    let square = |(a, b): (&u8, &u8)| (f64::from(*a) - f64::from(*b)).powi(2);
    let sum: f64 = one.as_raw().iter().zip(other.as_raw()).map(square).sum();
    let mean = sum / one.as_raw().len() as f64;
    10.0 * (255.0_f64.powi(2) / mean.max(1e-9)).log10()
}

/// The most memory this process has had, KB (Linux).
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// A photo against 10,000, 100,000 and a million others.
pub(crate) async fn similar(backend: Backend) {
    let stage = Stage::open(backend).await;
    let mut stored = 0_u64;
    for size in [10_000_u64, 100_000, 1_000_000] {
        while stored < size {
            let photos: Vec<(Hash, Looks)> = (stored..stored + 10_000)
                .map(|number| (Hash::of(&number.to_be_bytes()), looks(fingerprint(number).0)))
                .collect();
            stored += 10_000;
            let put: Result<(), ruhu::db::Failed> = stage
                .app()
                .database
                .write(move |connection| Ok(photos::index(connection, &photos)?))
                .await;
            put.expect("they are indexed");
        }
        let similar = photos::Similar::default();
        let asked: Result<(Vec<f64>, usize, f64), ruhu::db::Failed> = stage
            .app()
            .database
            .read(move |connection| {
                let begun = Instant::now();
                similar.catch_up(connection)?;
                let first = begun.elapsed().as_secs_f64();
                let (mut times, mut found) = (Vec::new(), 0);
                for number in 0..200_u64 {
                    // A copy of every second one, six bits away.
                    let one = fingerprint(number * (size / 200)).0 ^ 0x8040_2010_0804_0000;
                    let one = if number % 2 == 0 { one } else { !one };
                    let one = looks(one);
                    let begun = Instant::now();
                    found += similar.find(connection, &one, 6)?.len();
                    times.push(begun.elapsed().as_secs_f64() * 1_000.0);
                }
                Ok((times, found, first))
            })
            .await;
        let (mut times, found, first) = asked.expect("it is answered");
        times.sort_by(f64::total_cmp);
        println!(
            "| {:?} | {size} | {:.2} | {:.2} | {found} of 100 | {first:.2} |",
            backend.database,
            times[times.len() / 2],
            times[times.len() * 95 / 100],
        );
    }
}

/// A photo that looks otherwise when it is turned or cropped.
fn looks(one: u64) -> Looks {
    Looks::from_all([0, 7, 19, 40, 3, 5].map(|turn| Fingerprint(one.rotate_left(turn))))
}

/// As even as a hash: no two alike.
fn fingerprint(number: u64) -> Fingerprint {
    let hash = Hash::of(&number.to_le_bytes());
    let bytes = hash.as_bytes()[..8].try_into().expect("eight bytes");
    Fingerprint(u64::from_be_bytes(bytes))
}
