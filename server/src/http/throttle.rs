//! How often one may try.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use sync_protocol::DeviceId;

use super::problem::{Kind, Problem};
use crate::limits;

/// Counts of recent tries, in memory: each replica counts for itself.
pub struct Throttle {
    accounts: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    strangers: DefaultKeyedRateLimiter<IpAddr>,
    tablets: DefaultKeyedRateLimiter<DeviceId>,
    clock: DefaultClock,
}

impl Default for Throttle {
    fn default() -> Self {
        let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let minute = |number| Quota::per_minute(at_least_one(number));
        let tablets = Quota::per_second(at_least_one(limits::REQUESTS_PER_DEVICE))
            .allow_burst(at_least_one(limits::DEVICE_BURST));
        Self {
            accounts: RateLimiter::keyed(minute(limits::SIGN_INS_PER_ACCOUNT)),
            addresses: RateLimiter::keyed(minute(limits::SIGN_INS_PER_ADDRESS)),
            strangers: RateLimiter::keyed(minute(limits::VERIFICATIONS_PER_ADDRESS)),
            tablets: RateLimiter::keyed(tablets),
            clock: DefaultClock::default(),
        }
    }
}

impl Throttle {
    /// A try to sign in to an account.
    pub fn account(&self, login: &str) -> Result<(), Problem> {
        self.check(&self.accounts, &login.to_lowercase())
    }

    /// A try to sign in or enrol from an address.
    pub fn address(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        address.map_or(Ok(()), |address| self.check(&self.addresses, &address))
    }

    /// A question of somebody who has not signed in. It takes nothing from those who want to.
    pub fn stranger(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        address.map_or(Ok(()), |address| self.check(&self.strangers, &address))
    }

    /// A request of a tablet.
    pub fn tablet(&self, device: DeviceId) -> Result<(), Problem> {
        self.check(&self.tablets, &device)
    }

    /// Forgets those who have not tried for a while.
    pub fn forget_idle(&self) {
        self.accounts.retain_recent();
        self.addresses.retain_recent();
        self.strangers.retain_recent();
        self.tablets.retain_recent();
    }

    fn check<K: std::hash::Hash + Eq + Clone>(
        &self,
        limiter: &DefaultKeyedRateLimiter<K>,
        key: &K,
    ) -> Result<(), Problem> {
        limiter.check_key(key).map_err(|not_until| {
            let seconds = not_until.wait_time_from(self.clock.now()).as_secs() + 1;
            Problem::new(&Kind::TOO_MANY_REQUESTS).retry_after(seconds)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_passwords_is_slowed_down_per_account() {
        let throttle = Throttle::default();
        for _ in 0..limits::SIGN_INS_PER_ACCOUNT {
            assert!(throttle.account("wang").is_ok());
        }
        assert!(throttle.account("WANG").is_err());
        assert!(throttle.account("li").is_ok());
    }

    #[test]
    fn who_verifies_much_keeps_nobody_from_signing_in() {
        let (throttle, here) = (Throttle::default(), Some(IpAddr::from([127, 0, 0, 1])));
        for _ in 0..limits::VERIFICATIONS_PER_ADDRESS {
            assert!(throttle.stranger(here).is_ok());
        }
        assert!(throttle.stranger(here).is_err());
        assert!(throttle.address(here).is_ok());
    }
}
