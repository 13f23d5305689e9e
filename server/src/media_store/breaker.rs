//! A circuit breaker: while a bucket does not answer, nobody waits for it.
//!
//! What takes requests and never answers costs each of them the whole patience for one. After a few
//! in a row they are refused at once, but for one now and then that tries; its answer, whatever it
//! is, closes the breaker.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_s3::config::interceptors::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

/// So many requests without an answer, one after the other, are no accident of one of them.
const ENOUGH: u32 = 2;
/// How long nobody tries after somebody did.
const PAUSE: Duration = Duration::from_secs(5);

/// Nobody asks at the moment.
#[derive(Debug, thiserror::Error)]
#[error("it did not answer the last requests, and is tried again in a moment")]
struct Open;

/// A request that came to nothing says nothing of the bucket where another had an answer this long
/// before: it was its own size or its own connection.
const FRESH: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
struct Seen {
    /// Requests without an answer since the last that had one.
    silent: u32,
    /// When the next one may try.
    next: Option<Instant>,
    /// When one had an answer last.
    answered: Option<Instant>,
}

impl Seen {
    /// Whether a request may be made now.
    fn admits(&mut self, now: Instant) -> bool {
        if self.silent < ENOUGH {
            return true;
        }
        let is_due = self.next.is_none_or(|next| now >= next);
        if is_due {
            self.next = Some(now + PAUSE);
        }
        is_due
    }

    /// A request ended, with an answer of any kind or without.
    fn ended(&mut self, is_answered: bool, now: Instant) {
        if is_answered {
            *self = Self { answered: Some(now), ..Self::default() };
        } else if self.answered.is_none_or(|answered| now >= answered + FRESH) {
            self.silent = self.silent.saturating_add(1);
            self.next = Some(now + PAUSE);
        }
    }
}

/// What is known of the other end, by all requests of a client.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<Seen>);

impl Breaker {
    fn seen<T>(&self, note: impl FnOnce(&mut Seen, Instant) -> T) -> T {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), Instant::now())
    }
}

impl Intercept for Breaker {
    fn name(&self) -> &'static str {
        "Breaker"
    }

    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.seen(Seen::admits).then_some(()).ok_or_else(|| Open.into())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_silent = match context.output_or_error() {
            Some(Err(error)) => error.is_timeout_error() || error.is_connector_error(),
            Some(Ok(_)) => false,
            // A link is made without asking anybody.
            None => return Ok(()),
        };
        self.seen(|seen, now| seen.ended(!is_silent, now));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_while_tries_until_there_is_an_answer() {
        let (mut seen, begun) = (Seen::default(), Instant::now());
        let at = |seconds| begun + Duration::from_secs(seconds);
        assert!(seen.admits(at(0)));
        seen.ended(false, at(10));
        assert!(seen.admits(at(10)), "one without an answer is an accident");
        seen.ended(false, at(20));
        assert!(!seen.admits(at(20)));
        assert!(!seen.admits(at(24)));
        assert!(seen.admits(at(25)), "one tries");
        assert!(!seen.admits(at(25)), "and one only");
        seen.ended(false, at(35));
        assert!(!seen.admits(at(36)));
        assert!(seen.admits(at(40)));
        seen.ended(true, at(40));
        assert!(seen.admits(at(40)) && seen.admits(at(40)), "it is back");
        for second in [45, 46, 47] {
            seen.ended(false, at(second));
            assert!(seen.admits(at(second)), "others had an answer a moment ago");
        }
        seen.ended(false, at(50));
        seen.ended(false, at(51));
        assert!(!seen.admits(at(51)), "nobody has since");
    }

    #[test]
    fn who_tries_and_never_comes_back_keeps_nobody_from_trying() {
        let (mut seen, begun) = (Seen::default(), Instant::now());
        seen.ended(false, begun);
        seen.ended(false, begun);
        for turn in 1..4 {
            assert!(seen.admits(begun + turn * PAUSE));
            assert!(!seen.admits(begun + turn * PAUSE));
        }
    }
}
