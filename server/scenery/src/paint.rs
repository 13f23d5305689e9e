//! Filling shapes with colours.

use rand::RngExt;
use rand::rngs::StdRng;

/// Red, green, blue.
#[derive(Clone, Copy)]
pub(super) struct Colour(pub(super) u8, pub(super) u8, pub(super) u8);

impl Colour {
    /// A colour between two.
    pub(super) fn between(random: &mut StdRng, from: (u8, u8, u8), to: (u8, u8, u8)) -> Self {
        Self(
            random.random_range(from.0..to.0),
            random.random_range(from.1..to.1),
            random.random_range(from.2..to.2),
        )
    }

    /// The same, lighter or darker by a factor.
    pub(super) fn lighter(self, by: f64) -> Self {
        let part = |part: u8| (f64::from(part) * by).clamp(0.0, 255.0) as u8;
        Self(part(self.0), part(self.1), part(self.2))
    }

    fn mix(self, other: Self, part: f64) -> Self {
        let one = |from: u8, to: u8| (f64::from(from) * (1.0 - part) + f64::from(to) * part) as u8;
        Self(one(self.0, other.0), one(self.1, other.1), one(self.2, other.2))
    }
}

/// A picture that is being painted. Places are parts of its width and height.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    pub(super) rgb: Vec<u8>,
    /// How light it is, 1 by day.
    pub(super) light: f64,
    shift: (f64, f64),
    zoom: f64,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        let rgb = vec![128; width * height * 3];
        Self { width, height, rgb, light: 1.0, shift: (0.0, 0.0), zoom: 1.0 }
    }

    /// Moves the camera before anything is painted.
    pub(super) fn look(&mut self, shift: (f64, f64), zoom: f64) {
        (self.shift, self.zoom) = (shift, zoom);
    }

    fn pixel(&self, (x, y): (f64, f64)) -> (usize, usize) {
        let on = |place: f64, shift: f64, side: usize| {
            (((place - 0.5) * self.zoom + 0.5 + shift) * side as f64).clamp(0.0, side as f64)
                as usize
        };
        (on(x, self.shift.0, self.width), on(y, self.shift.1, self.height))
    }

    fn put(&mut self, x: usize, y: usize, colour: Colour) {
        let at = (y * self.width + x) * 3;
        let lit = colour.lighter(self.light);
        self.rgb[at..at + 3].copy_from_slice(&[lit.0, lit.1, lit.2]);
    }

    /// A rectangle: left, top, right, bottom.
    pub(super) fn fill(&mut self, area: (f64, f64, f64, f64), colour: Colour) {
        self.fade(area, colour, colour);
    }

    /// A rectangle that goes from one colour at its top to another.
    pub(super) fn fade(&mut self, area: (f64, f64, f64, f64), top: Colour, bottom: Colour) {
        let (from, to) = (self.pixel((area.0, area.1)), self.pixel((area.2, area.3)));
        for y in from.1..to.1 {
            let part = (y - from.1) as f64 / (to.1 - from.1).max(1) as f64;
            for x in from.0..to.0 {
                self.put(x, y, top.mix(bottom, part));
            }
        }
    }

    /// An ellipse, lighter above than below.
    pub(super) fn blob(&mut self, middle: (f64, f64), half: (f64, f64), colour: Colour) {
        let from = self.pixel((middle.0 - half.0, middle.1 - half.1));
        let to = self.pixel((middle.0 + half.0, middle.1 + half.1));
        let (wide, high) = ((to.0 - from.0).max(1) as f64, (to.1 - from.1).max(1) as f64);
        for y in from.1..to.1 {
            for x in from.0..to.0 {
                let across = (x - from.0) as f64 / wide * 2.0 - 1.0;
                let down = (y - from.1) as f64 / high * 2.0 - 1.0;
                if across * across + down * down <= 1.0 {
                    self.put(x, y, colour.lighter(1.1 - 0.2 * (down + 1.0)));
                }
            }
        }
    }

    /// The grain of a cheap sensor.
    pub(super) fn grain(&mut self, random: &mut StdRng) {
        for part in &mut self.rgb {
            *part = part.saturating_sub(12).saturating_add(random.random_range(0..24));
        }
    }
}
