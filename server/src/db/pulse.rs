//! Whether PostgreSQL answers, so that nobody waits for what does not come.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long PostgreSQL may be silent before nobody waits for it any more.
const SILENCE: Duration = Duration::from_secs(5);

/// What is known of the other end.
pub(super) struct Pulse {
    since: Instant,
    /// Milliseconds from `since` to the last answer to the one that asks again and again; 0 where
    /// nobody does.
    answered: AtomicU64,
    /// Whether the last try to reach it failed.
    is_lost: AtomicBool,
}

impl Default for Pulse {
    fn default() -> Self {
        let (answered, is_lost) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { since: Instant::now(), answered, is_lost }
    }
}

impl Pulse {
    /// It answered the one that asks again and again.
    pub(super) fn beat(&self) {
        self.answered.store(self.elapsed().max(1), Ordering::Relaxed);
        self.is_lost.store(false, Ordering::Relaxed);
    }

    /// It could be reached.
    pub(super) fn found(&self) {
        self.is_lost.store(false, Ordering::Relaxed);
    }

    /// It could not be reached.
    pub(super) fn lost(&self) {
        self.is_lost.store(true, Ordering::Relaxed);
    }

    /// Whether there is no use in waiting for it.
    pub(super) fn is_away(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed) || self.is_silent()
    }

    /// Whether it takes what it is sent and does not answer.
    pub(super) fn is_silent(&self) -> bool {
        let answered = self.answered.load(Ordering::Relaxed);
        answered > 0 && self.elapsed().saturating_sub(answered) > SILENCE.as_millis() as u64
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
