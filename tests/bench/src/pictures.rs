//! Looking at photos, and finding those that look like one.

use std::time::Instant;

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
        let asked: Result<(Vec<f64>, usize), ruhu::db::Failed> = stage
            .app()
            .database
            .read(move |connection| {
                let (mut times, mut found) = (Vec::new(), 0);
                for number in 0..200_u64 {
                    // A copy of every second one, six bits away.
                    let one = fingerprint(number * (size / 200)).0 ^ 0x8040_2010_0804_0000;
                    let one = if number % 2 == 0 { one } else { !one };
                    let one = looks(one);
                    let begun = Instant::now();
                    found += photos::find_similar(connection, &one, 6)?.len();
                    times.push(begun.elapsed().as_secs_f64() * 1_000.0);
                }
                Ok((times, found))
            })
            .await;
        let (mut times, found) = asked.expect("it is answered");
        times.sort_by(f64::total_cmp);
        println!(
            "| {:?} | {size} | {:.2} | {:.2} | {found} of 100 |",
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
