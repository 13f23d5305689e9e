//! What a photo looks like in 64 bits, so that copies of it are found: resized, compressed anew,
//! brightened, cropped a little or turned.
//!
//! The low frequencies of the cosine transform of the light in a square of 32 pixels, each a bit:
//! above the median or not. Which kind of fingerprint, and how far two may be apart, was measured
//! (`docs/benchmarks.md`, "Photos").

use super::picture::{Pixels, resample};

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

    /// Of a photo as it is looked at; none where nothing is to be seen, such as a white page, for
    /// its bits would be chance.
    pub(super) fn of(pixels: &Pixels) -> Option<Self> {
        let square = resample(pixels, SIDE as u32, SIDE as u32)?;
        let light = square.light();
        let (least, most) = (light.iter().min()?, light.iter().max()?);
        if most - least < 8 {
            return None;
        }
        Some(Self::of_square(&light))
    }

    fn of_square(light: &[u8]) -> Self {
        let transformed = low_frequencies(light);
        let mut sorted: Vec<f32> = transformed[1..].to_vec();
        sorted.sort_by(f32::total_cmp);
        let median = f32::midpoint(sorted[sorted.len() / 2], sorted[(sorted.len() - 1) / 2]);
        let bits = transformed.iter().map(|part| u64::from(*part > median));
        Self(bits.fold(0, |all, bit| all << 1 | bit))
    }

    /// How the same photo looks upright and turned by 90°, 180° and 270°.
    pub(super) fn turns(pixels: &Pixels) -> Option<[Self; 4]> {
        let square = resample(pixels, SIDE as u32, SIDE as u32)?;
        let mut light = square.light();
        let mut turns = [Self(0); 4];
        for turn in &mut turns {
            *turn = Self::of_square(&light);
            light = quarter_turn(&light);
        }
        Some(turns)
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
