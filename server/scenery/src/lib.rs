//! Invented photographs like a tablet's: a yard with a house, trees and things in front of it,
//! painted by number, with a place and a time in their EXIF.
//!
//! The same scene may be taken several times: its things stay, the camera moves a little, the
//! light is another, and so is the grain.

mod capture;
mod paint;

use jpeg_encoder::{ColorType, Encoder};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use paint::{Canvas, Colour};

/// A photo to be painted.
#[derive(Clone, Copy, Debug)]
pub struct Photo<'a> {
    /// Which scene: another number, another place.
    pub scene: u64,
    /// Which time it is taken; 0 is as good as any.
    pub shot: u64,
    /// Pixels across; three quarters of it down.
    pub width: u16,
    /// When, by the camera's clock: `YYYY:MM:DD HH:MM:SS`; without it there is no EXIF at all.
    pub time: Option<&'a str>,
    /// Where: degrees of WGS-84, north and east.
    pub place: Option<(f64, f64)>,
    /// What wrote the file.
    pub software: Option<&'a str>,
}

impl Photo<'_> {
    /// A photo of a scene, 1,280 pixels wide, without EXIF.
    pub const fn of(scene: u64) -> Self {
        Self { scene, shot: 0, width: 1280, time: None, place: None, software: None }
    }

    /// Its bytes: a JPEG of some 200 KB and more.
    pub fn jpeg(&self) -> Vec<u8> {
        let (width, height) = (self.width, self.width / 4 * 3);
        let pixels = self.pixels();
        let mut jpeg = Vec::new();
        let mut encoder = Encoder::new(&mut jpeg, 85);
        if let Some(time) = self.time {
            let facts = capture::facts(time, self.place, self.software);
            let segment = [b"Exif\0\0".as_slice(), &facts].concat();
            encoder.add_app_segment(1, segment).expect("EXIF fits into a segment");
        }
        encoder.encode(&pixels, width, height, ColorType::Rgb).expect("the size is a JPEG's");
        jpeg
    }

    /// Its pixels: red, green, blue.
    pub fn pixels(&self) -> Vec<u8> {
        let mut canvas = Canvas::new(usize::from(self.width), usize::from(self.width / 4 * 3));
        let mut scene = StdRng::seed_from_u64(self.scene);
        let mut shot = StdRng::seed_from_u64(self.scene ^ self.shot.rotate_left(32) ^ 0x5ce7e);
        if self.shot > 0 {
            let shift = |random: &mut StdRng| random.random_range(-0.05..0.05);
            canvas.look((shift(&mut shot), shift(&mut shot)), shot.random_range(0.95..1.08));
            canvas.light = shot.random_range(0.85..1.15);
        }
        yard(&mut canvas, &mut scene);
        canvas.grain(&mut shot);
        canvas.rgb
    }
}

/// A sky, hills, the ground, a house and what stands around. All places are parts of the picture.
fn yard(canvas: &mut Canvas, random: &mut StdRng) {
    let horizon = random.random_range(0.3..0.6);
    let sky = Colour::between(random, (120, 150, 180), (220, 230, 250));
    let ground = Colour::between(random, (70, 60, 40), (170, 150, 120));
    canvas.fade((-1.0, -1.0, 2.0, horizon), sky, sky.lighter(1.2));
    canvas.fade((-1.0, horizon, 2.0, 2.0), ground, ground.lighter(0.7));
    for _ in 0..random.random_range(2..6) {
        let hill = Colour::between(random, (50, 80, 50), (110, 140, 110));
        let (x, size) = (random.random_range(0.0..1.0), random.random_range(0.1..0.4));
        canvas.blob((x, horizon), (size, size * random.random_range(0.3..0.8)), hill);
        canvas.fade((x - size, horizon, x + size, 2.0), ground, ground.lighter(0.8));
    }
    for _ in 0..random.random_range(1..3) {
        house(canvas, random, horizon);
    }
    for _ in 0..random.random_range(1..7) {
        let leaves = Colour::between(random, (20, 60, 20), (110, 150, 70));
        let (x, y) = (random.random_range(0.0..1.0), random.random_range(horizon - 0.2..0.7));
        let size = random.random_range(0.04..0.16);
        canvas.fill((x - size / 10.0, y, x + size / 10.0, y + size * 2.5), Colour(70, 50, 35));
        canvas.blob((x, y), (size, size * random.random_range(0.8..1.5)), leaves);
    }
    // Sacks, stools, basins, motorcycles: things in front.
    for _ in 0..random.random_range(3..12) {
        let thing = Colour::between(random, (20, 20, 20), (240, 230, 220));
        let (x, y) = (random.random_range(0.0..1.0), random.random_range(horizon..0.98));
        let (width, height) = (random.random_range(0.02..0.2), random.random_range(0.02..0.2));
        if random.random_bool(0.5) {
            canvas.fill((x, y, x + width, y + height), thing);
        } else {
            canvas.blob((x, y), (width / 2.0, height / 2.0), thing);
        }
    }
}

fn house(canvas: &mut Canvas, random: &mut StdRng, horizon: f64) {
    let wall = Colour::between(random, (120, 90, 70), (245, 240, 230));
    let roof = Colour::between(random, (50, 40, 40), (150, 80, 60));
    let left = random.random_range(-0.1..0.6);
    let right = left + random.random_range(0.25..0.6);
    let top = horizon - random.random_range(0.05..0.25);
    let bottom = horizon + random.random_range(0.05..0.25);
    canvas.fill((left, top, right, bottom), wall);
    let eaves = random.random_range(0.02..0.12);
    for step in 0..12 {
        let part = f64::from(step) / 12.0;
        let (slope, high) = (eaves * part * 1.5, eaves / 12.0);
        let above = top - eaves * part;
        canvas.fill((left - 0.03 + slope, above - high, right + 0.03 - slope, above), roof);
    }
    let dark = Colour::between(random, (20, 20, 25), (90, 80, 70));
    let windows = random.random_range(1..5);
    for number in 0..windows {
        let x = left + (right - left) * (f64::from(number) + 0.3) / f64::from(windows);
        let (width, height) = ((right - left) * 0.4 / f64::from(windows), (bottom - top) * 0.4);
        let down = if random.random_bool(0.3) { height * 1.4 } else { height };
        let above = top + (bottom - top) * 0.2;
        canvas.fill((x, above, x + width, above + down), dark);
    }
}
