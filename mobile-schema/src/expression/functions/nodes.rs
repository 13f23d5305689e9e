//! Sets of nodes.

use sha2::{Digest, Sha256};

/// Shuffles with a seed, the same way on every tablet: the inside-out Fisher–Yates shuffle on the
/// generator of Park and Miller, as the ODK XForms specification asks.
pub fn shuffle<T: Copy>(nodes: &[T], seed: i64) -> Vec<T> {
    const MODULUS: i64 = 2_147_483_647;
    let mut state = seed % MODULUS;
    if state <= 0 {
        state += MODULUS - 1;
    }
    let mut shuffled: Vec<T> = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        state = state * 16_807 % MODULUS;
        #[expect(clippy::cast_precision_loss, reason = "below 2^31")]
        let share = (state - 1) as f64 / (MODULUS - 1) as f64;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the length"
        )]
        let place = ((share * (at + 1) as f64).floor() as usize).min(at);
        if place == at {
            shuffled.push(*node);
        } else {
            let moved = shuffled[place];
            shuffled.push(moved);
            shuffled[place] = *node;
        }
    }
    shuffled
}

/// A seed from words.
pub fn seed_of(text: &str) -> i64 {
    let hash = Sha256::digest(text.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    i64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_order() {
        let nodes: Vec<u32> = (0..6).collect();
        let once = shuffle(&nodes, 42);
        assert_eq!(once, shuffle(&nodes, 42));
        assert_ne!(once, shuffle(&nodes, 43));
        let mut sorted = once;
        sorted.sort_unstable();
        assert_eq!(sorted, nodes);
    }
}
