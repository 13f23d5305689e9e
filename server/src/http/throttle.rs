//! How often one may try.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use sync_protocol::{DeviceId, UserId};

use super::problem::{Kind, Problem};
use crate::limits;

/// Counts of recent tries, in memory: each replica counts for itself.
///
/// Names that nobody has cost as much as others, so tries are counted in a bounded number of
/// buckets. Which name falls into which bucket is a secret of the process: nobody can fill that of
/// somebody else by other names.
pub struct Throttle {
    accounts: Buckets,
    sign_ins: Buckets,
    everywhere: Buckets,
    /// The buckets of accounts and addresses that went together before.
    known: Mutex<BTreeSet<u64>>,
    addresses: Buckets,
    strangers: Buckets,
    refusals: Buckets,
    tablets: Buckets,
    operations: Buckets,
    media: Buckets,
    buckets: RandomState,
    clock: DefaultClock,
}

type Buckets = DefaultKeyedRateLimiter<u64>;

/// Seconds.
const DAY: u64 = 24 * 3600;
/// What a day's bytes are counted in: exact to the byte, they would not fit.
const UNIT: u32 = 1024;

/// So many bytes at once, which come back within a day.
fn of_a_day(bytes: u32) -> Quota {
    let units = NonZeroU32::new(bytes / UNIT).unwrap_or(NonZeroU32::MIN);
    let one = Duration::from_secs(DAY) / units.get();
    Quota::with_period(one).map_or(Quota::per_second(units), |quota| quota.allow_burst(units))
}

impl Default for Throttle {
    fn default() -> Self {
        let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let minute = |number| Quota::per_minute(at_least_one(number));
        let tablets = Quota::per_second(at_least_one(limits::REQUESTS_PER_DEVICE))
            .allow_burst(at_least_one(limits::DEVICE_BURST));
        Self {
            accounts: RateLimiter::keyed(minute(limits::SIGN_INS_PER_ACCOUNT)),
            sign_ins: RateLimiter::keyed(minute(limits::SIGN_INS_PER_ACCOUNT)),
            everywhere: RateLimiter::keyed(minute(limits::SIGN_INS_PER_ACCOUNT_EVERYWHERE)),
            known: Mutex::default(),
            addresses: RateLimiter::keyed(minute(limits::SIGN_INS_PER_ADDRESS)),
            strangers: RateLimiter::keyed(minute(limits::VERIFICATIONS_PER_ADDRESS)),
            refusals: RateLimiter::keyed(
                Quota::per_hour(NonZeroU32::MIN).allow_burst(at_least_one(limits::REFUSALS_NOTED)),
            ),
            tablets: RateLimiter::keyed(tablets),
            operations: RateLimiter::keyed(of_a_day(limits::OPS_OF_A_DAY)),
            media: RateLimiter::keyed(of_a_day(limits::MEDIA_OF_A_DAY)),
            buckets: RandomState::new(),
            clock: DefaultClock::default(),
        }
    }
}

impl Throttle {
    /// Whether the audit trail is to tell of one more refused sign-in to an account.
    pub fn is_worth_noting(&self, user: UserId) -> bool {
        self.check(&self.refusals, user).is_ok()
    }

    /// A try of somebody who has signed in to prove once more who they are.
    pub fn account(&self, user: &str) -> Result<(), Problem> {
        self.check(&self.accounts, user)
    }

    /// A try to sign in to an account from an address. Whoever guesses elsewhere does not keep out
    /// whose account it is, where they have signed in before.
    pub fn sign_in(&self, login: &str, from: Option<IpAddr>) -> Result<(), Problem> {
        let pair = pair(login, from);
        let is_known = self.known().contains(&self.bucket(&pair));
        self.check(&self.sign_ins, &pair)?;
        if is_known { Ok(()) } else { self.check(&self.everywhere, &pair.0) }
    }

    /// Notes that somebody signed in to an account from an address.
    pub fn has_signed_in(&self, login: &str, from: Option<IpAddr>) {
        let bucket = self.bucket(pair(login, from));
        self.known().insert(bucket);
    }

    fn known(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A try to sign in or enrol from an address.
    pub fn address(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        address.map_or(Ok(()), |address| self.check(&self.addresses, network(address)))
    }

    /// A question of somebody who has not signed in. It takes nothing from those who want to.
    pub fn stranger(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        address.map_or(Ok(()), |address| self.check(&self.strangers, network(address)))
    }

    /// A request of a tablet.
    pub fn tablet(&self, device: DeviceId) -> Result<(), Problem> {
        self.check(&self.tablets, device)
    }

    /// Operations of a tablet, bytes.
    pub fn operations(&self, device: DeviceId, bytes: usize) -> Result<(), Problem> {
        self.spend(&self.operations, device, bytes)
    }

    /// A piece of a tablet's photo or document, bytes.
    pub fn media(&self, device: DeviceId, bytes: usize) -> Result<(), Problem> {
        self.spend(&self.media, device, bytes)
    }

    /// Takes from what a tablet may send in a day. What is more than all of that is refused as it
    /// would be on the next day.
    fn spend(&self, budget: &Buckets, device: DeviceId, bytes: usize) -> Result<(), Problem> {
        let Some(units) =
            NonZeroU32::new(u32::try_from(bytes.div_ceil(UNIT as usize)).unwrap_or(u32::MAX))
        else {
            return Ok(());
        };
        let spent = |seconds| Problem::new(&Kind::DAY_SPENT).retry_after(seconds);
        match budget.check_key_n(&self.bucket(device), units) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => {
                Err(spent(not_until.wait_time_from(self.clock.now()).as_secs() + 1))
            }
            Err(_) => Err(spent(DAY)),
        }
    }

    /// Forgets those who have not tried for a while.
    pub fn forget_idle(&self) {
        let tries =
            [&self.accounts, &self.sign_ins, &self.everywhere, &self.addresses, &self.strangers];
        for buckets in tries.into_iter().chain([&self.tablets, &self.operations, &self.media]) {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
    }

    fn bucket(&self, key: impl Hash) -> u64 {
        self.buckets.hash_one(key) % limits::THROTTLE_BUCKETS
    }

    fn check(&self, buckets: &Buckets, key: impl Hash) -> Result<(), Problem> {
        buckets.check_key(&self.bucket(key)).map_err(|not_until| {
            let seconds = not_until.wait_time_from(self.clock.now()).as_secs() + 1;
            Problem::new(&Kind::TOO_MANY_REQUESTS).retry_after(seconds)
        })
    }
}

/// An account as it is typed in, and where that is.
fn pair(login: &str, from: Option<IpAddr>) -> (String, Option<IpAddr>) {
    (login.to_lowercase(), from.map(network))
}

/// What one household or office has: an address of version 4, a network of 64 bits of version 6,
/// in which anybody has as many addresses as they like.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether whoever goes on is soon refused. One try may have come back meanwhile, where the
    /// machine pauses; who has tries of their own has many.
    fn is_soon_refused(mut one: impl FnMut() -> Result<(), Problem>) -> bool {
        (0..5).any(|_| one().is_err())
    }

    #[test]
    fn guessing_passwords_is_slowed_down_per_account() {
        let throttle = Throttle::default();
        let here = Some(IpAddr::from([192, 0, 2, 1]));
        for _ in 0..limits::SIGN_INS_PER_ACCOUNT {
            assert!(throttle.sign_in("wang", here).is_ok());
        }
        assert!(is_soon_refused(|| throttle.sign_in("WANG", here)));
        assert!(throttle.sign_in("li", here).is_ok());
        let there = Some(IpAddr::from([192, 0, 2, 2]));
        assert!(throttle.sign_in("wang", there).is_ok(), "it is whose account it is, maybe");
    }

    #[test]
    fn guessing_from_everywhere_keeps_nobody_out_where_they_signed_in_before() {
        let (throttle, home) = (Throttle::default(), Some(IpAddr::from([192, 0, 2, 1])));
        throttle.has_signed_in("wang", home);
        let guess = |number| throttle.sign_in("wang", Some(IpAddr::from([198, 51, 100, number])));
        let refused = (0..=u8::MAX).filter(|number| guess(*number).is_err()).count();
        assert!(refused > 200, "{refused}");
        assert!(throttle.sign_in("Wang", home).is_ok());
        assert!(throttle.sign_in("li", home).is_ok());
    }

    #[test]
    fn names_that_nobody_has_do_not_fill_the_memory() {
        let throttle = Throttle::default();
        for number in 0..limits::THROTTLE_BUCKETS * 2 {
            // Some meet in a bucket; it counts all the same.
            let _ = throttle.sign_in(&format!("nobody-{number}"), None);
        }
        assert!(throttle.sign_ins.len() as u64 <= limits::THROTTLE_BUCKETS);
        assert!(throttle.sign_ins.len() as u64 > limits::THROTTLE_BUCKETS / 2);
    }

    #[test]
    fn a_tablet_sends_so_much_in_a_day_and_others_as_much() {
        let throttle = Throttle::default();
        let [one, other] = [1, 2].map(|number| DeviceId(uuid::Uuid::from_u128(number)));
        let half = limits::OPS_OF_A_DAY as usize / 2;
        assert!(throttle.operations(one, half).is_ok());
        assert!(throttle.operations(one, half).is_ok());
        let refused = throttle.operations(one, half).unwrap_err();
        assert_eq!(refused.kind(), &Kind::DAY_SPENT);
        assert!(throttle.operations(one, usize::MAX / 2).is_err());
        assert!(throttle.operations(one, 0).is_ok());
        assert!(throttle.media(one, half).is_ok(), "photos are counted for themselves");
        assert!(throttle.operations(other, half).is_ok());
    }

    #[test]
    fn one_network_of_version_6_is_one_address() {
        let (throttle, at) = (Throttle::default(), |text: &str| text.parse::<IpAddr>().ok());
        for number in 0..limits::SIGN_INS_PER_ADDRESS {
            assert!(throttle.address(at(&format!("2001:db8:1:2::{number:x}"))).is_ok());
        }
        assert!(is_soon_refused(|| throttle.address(at("2001:db8:1:2:ffff::1"))));
        assert!(throttle.address(at("2001:db8:1:3::1")).is_ok());
    }

    #[test]
    fn who_verifies_much_keeps_nobody_from_signing_in() {
        let (throttle, here) = (Throttle::default(), Some(IpAddr::from([127, 0, 0, 1])));
        for _ in 0..limits::VERIFICATIONS_PER_ADDRESS {
            assert!(throttle.stranger(here).is_ok());
        }
        assert!(is_soon_refused(|| throttle.stranger(here)));
        assert!(throttle.address(here).is_ok());
    }
}
