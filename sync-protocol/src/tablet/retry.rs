//! When to try again, and the randomness that keeps tablets from all trying at once.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long to wait after failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// After the first failure, milliseconds.
    pub first: u64,
    /// At most, milliseconds.
    pub most: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { first: 1_000, most: 5 * 60 * 1_000 }
    }
}

#[derive(Debug)]
pub(super) struct Retry {
    policy: RetryPolicy,
    failures: u32,
    waiting: bool,
}

impl Retry {
    pub(super) fn new(policy: RetryPolicy) -> Self {
        Self { policy, failures: 0, waiting: false }
    }

    pub(super) fn reset(&mut self) {
        self.failures = 0;
        self.waiting = false;
    }

    pub(super) fn wake(&mut self) {
        self.waiting = false;
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.waiting
    }

    /// Half to all of a pause that doubles with each failure; never less than the server asked.
    pub(super) fn back_off(&mut self, asked: Option<u64>, random: &mut Random) -> u64 {
        let pause =
            self.policy.first.saturating_mul(1 << self.failures.min(20)).min(self.policy.most);
        self.failures += 1;
        self.waiting = true;
        let jittered = pause / 2 + random.next() % (pause / 2 + 1);
        jittered.max(asked.unwrap_or(0))
    }
}

/// SplitMix64: enough for jitter and names, seeded by the host's entropy.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn uuid(&mut self) -> Uuid {
        let bytes = (u128::from(self.next()) << 64) | u128::from(self.next());
        uuid::Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid()
    }
}
