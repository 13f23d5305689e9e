//! When a photo is shown to a person as doubtful.

use serde::{Deserialize, Serialize};

/// The thresholds of photo checks. They differ by county and change over the years, so they are
/// data; `rules/photo.toml` has those that hold where no pack says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhotoRules {
    /// Bits of 64 in which fingerprints of two households' photos may differ; at most 7.
    pub similar_bits: u32,
    /// The same for photos of one household.
    pub similar_bits_same_household: u32,
    /// Metres from the household, beyond what both places leave open.
    pub far_metres: u32,
    /// Minutes before the visit began.
    pub early_minutes: u32,
    /// Minutes after it ended.
    pub late_minutes: u32,
    /// Minutes between the camera's clock and the satellites'.
    pub clock_minutes: u32,
    /// The variance of the Laplacian at 320 pixels below which nothing has edges.
    pub sharpness_below: f32,
    /// The share of pixels that are nearly black.
    pub dark_share: f32,
    /// The share of pixels that are nearly white.
    pub bright_share: f32,
    /// Bytes after the picture's end.
    pub trailing_bytes: u64,
    /// Parts of the names of programs that change pictures, in small letters.
    pub editors: Vec<String>,
}

impl PhotoRules {
    /// Most bits that the index of fingerprints can find two photos apart.
    pub const MOST_BITS: u32 = 7;
}
