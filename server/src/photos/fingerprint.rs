//! What a photo looks like in 64 bits, so that copies of it are found: resized, compressed anew,
//! brightened, cropped a little or turned. What is cropped or turned looks otherwise, so a photo has
//! several fingerprints.
//!
//! The low frequencies of the cosine transform of the light in a square of 32 pixels, each a bit:
//! above the median or not. Which kind of fingerprint, and how far two may be apart, was measured
//! (`docs/benchmarks.md`, "Photos").

use super::picture::{Pixels, resample_middle};

/// Pixels of a side of the square that is looked at.
const SIDE: usize = 32;
/// Frequencies of each direction that count.
const KEPT: usize = 8;

/// A photo in 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// The bits in which two differ, 0 to 64.
    pub fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }

    fn of_square(light: &[u8]) -> Self {
        let transformed = low_frequencies(light);
        let mut sorted: Vec<f32> = transformed[1..].to_vec();
        sorted.sort_by(f32::total_cmp);
        let median = f32::midpoint(sorted[sorted.len() / 2], sorted[(sorted.len() - 1) / 2]);
        let bits = transformed.iter().map(|part| u64::from(*part > median));
        Self(bits.fold(0, |all, bit| all << 1 | bit))
    }
}

/// How a photo looks, and how it would look in other ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looks {
    /// As it is looked at, and turned by 90°, 180° and 270°.
    pub turned: [Fingerprint; 4],
    /// Without 3 % and 6 % of each side.
    pub cropped: [Fingerprint; 2],
}

impl Looks {
    const CROPS: [f64; 2] = [0.03, 0.06];

    /// Of a photo as it is looked at; none where nothing is to be seen, such as a white page, for
    /// its bits would be chance.
    pub(super) fn of(pixels: &Pixels) -> Option<Self> {
        let square = |without| {
            let side = SIDE as u32;
            Some(resample_middle(pixels, without, side, side)?.light())
        };
        let mut light = square(0.0)?;
        let (least, most) = (light.iter().min()?, light.iter().max()?);
        if most - least < 8 {
            return None;
        }
        let mut turned = [Fingerprint(0); 4];
        for turn in &mut turned {
            *turn = Fingerprint::of_square(&light);
            light = quarter_turn(&light);
        }
        let [one, two] = Self::CROPS;
        let cropped =
            [one, two].map(|without| square(without).map(|light| Fingerprint::of_square(&light)));
        let [Some(one), Some(two)] = cropped else { return None };
        Some(Self { turned, cropped: [one, two] })
    }

    /// All of them.
    pub fn all(&self) -> [Fingerprint; 6] {
        let ([a, b, c, d], [e, f]) = (self.turned, self.cropped);
        [a, b, c, d, e, f]
    }

    /// Put together again out of [`Self::all`].
    pub fn from_all([a, b, c, d, e, f]: [Fingerprint; 6]) -> Self {
        Self { turned: [a, b, c, d], cropped: [e, f] }
    }

    /// The bits in which a photo differs from an earlier one, however it was turned, or how much
    /// was cropped of it.
    pub fn distance_to(&self, earlier: &Self) -> u32 {
        let whole = self.turned.iter().map(|turn| turn.distance(earlier.turned[0]));
        let part = earlier.cropped.iter().map(|part| self.turned[0].distance(*part));
        whole.chain(part).min().unwrap_or(u64::BITS)
    }
}

fn quarter_turn(light: &[u8]) -> Vec<u8> {
    let at = |index: usize| {
        let (row, column) = (index / SIDE, index % SIDE);
        light[(SIDE - 1 - column) * SIDE + row]
    };
    (0..SIDE * SIDE).map(at).collect()
}

/// The cosine transform (DCT-II) of the square, its lowest frequencies, row by row.
fn low_frequencies(light: &[u8]) -> [f32; KEPT * KEPT] {
    let cosines: Vec<[f32; SIDE]> = (0..KEPT)
        .map(|frequency| {
            std::array::from_fn(|at| {
                let angle = std::f32::consts::PI * (at as f32 + 0.5) * frequency as f32;
                (angle / SIDE as f32).cos()
            })
        })
        .collect();
    // First along each row, then down.
    let mut rows = vec![[0_f32; KEPT]; SIDE];
    for (row, sums) in light.chunks_exact(SIDE).zip(&mut rows) {
        for (sum, cosine) in sums.iter_mut().zip(&cosines) {
            *sum = row.iter().zip(cosine).map(|(light, part)| f32::from(*light) * part).sum();
        }
    }
    let mut found = [0_f32; KEPT * KEPT];
    for (down, cosine) in cosines.iter().enumerate() {
        for along in 0..KEPT {
            found[down * KEPT + along] =
                rows.iter().zip(cosine).map(|(sums, part)| sums[along] * part).sum();
        }
    }
    found
}
