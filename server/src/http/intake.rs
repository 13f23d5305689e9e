//! What is being taken in at this moment, in bytes: of each who sends it, and in all.
//!
//! Many small requests can fill the memory as well as a large one, and what is packed small can be
//! large once it is read. So what a request takes is counted while it comes and until it is done
//! with, and who has too much under way comes again.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};

use sync_protocol::{DeviceId, UserId};
use tokio::sync::oneshot;

use super::problem::{Kind, Problem};
use super::throttle::network;
use crate::limits::{TAKEN_IN_ALWAYS, TAKEN_IN_AT_ONCE, TAKEN_IN_OF_ONE, UNPACKED_AT_ONCE};

/// Who sends something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// A tablet that has shown who it is.
    Tablet(DeviceId),
    /// A person who has signed in.
    Person(UserId),
    /// Whoever is at an address.
    At(IpAddr),
    /// Somebody whose address is not known.
    Unknown,
}

impl From<DeviceId> for Sender {
    fn from(device: DeviceId) -> Self {
        Self::Tablet(device)
    }
}

impl From<Option<IpAddr>> for Sender {
    fn from(address: Option<IpAddr>) -> Self {
        address.map_or(Self::Unknown, |address| Self::At(network(address)))
    }
}

/// What is being taken in. It remembers nobody who sends nothing.
pub struct Intake {
    books: Mutex<Books>,
    /// How many requests each may have under way.
    requests: usize,
    unpacking: Unpacking,
}

#[derive(Default)]
struct Books {
    all: usize,
    each: HashMap<Sender, Share>,
}

#[derive(Default)]
struct Share {
    bytes: usize,
    requests: usize,
}

impl Intake {
    /// Nothing is being taken in; each sender may have so many requests under way.
    pub fn new(requests: usize) -> Self {
        Self { books: Mutex::default(), requests, unpacking: Unpacking::default() }
    }

    /// Counts one more request, until what is given is dropped.
    ///
    /// # Errors
    /// [`Kind::TOO_MANY_REQUESTS`] if the sender has too many under way already.
    pub fn begin(self: &Arc<Self>, sender: impl Into<Sender>) -> Result<Taken, Problem> {
        let sender = sender.into();
        let mut books = self.books();
        let share = books.each.entry(sender).or_default();
        if share.requests >= self.requests {
            return Err(come_again());
        }
        share.requests += 1;
        Ok(Taken { intake: Arc::clone(self), sender, bytes: 0 })
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn come_again() -> Problem {
    Problem::new(&Kind::TOO_MANY_REQUESTS).retry_after(2)
}

type Work = Box<dyn FnOnce() + Send>;

/// Where bodies are unpacked: a thread keeps what it was given for a while, so there are few, and
/// always the same. It takes milliseconds.
#[derive(Default)]
struct Unpacking(OnceLock<mpsc::Sender<Work>>);

impl Unpacking {
    fn begin(&self, work: Work) {
        let line = self.0.get_or_init(|| {
            let (line, waiting) = mpsc::channel::<Work>();
            let waiting = Arc::new(Mutex::new(waiting));
            for _ in 0..UNPACKED_AT_ONCE {
                let waiting = Arc::clone(&waiting);
                std::thread::spawn(move || {
                    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    while let Ok(work) = next() {
                        // Should one fail, the next is none the worse.
                        let _ = catch_unwind(AssertUnwindSafe(work));
                    }
                });
            }
            line
        });
        // Whoever waits for what could not be sent is told that it ended.
        let _ = line.send(work);
    }
}

/// What one request has taken in. Dropped, it is given back.
pub struct Taken {
    intake: Arc<Intake>,
    sender: Sender,
    bytes: usize,
}

impl Taken {
    /// Does what unpacks a body, where that is done.
    ///
    /// # Errors
    /// [`Kind::UNAVAILABLE`] if it ended without a word.
    pub async fn unpack<T: Send + 'static>(
        self,
        work: impl FnOnce(Self) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let (done, told) = oneshot::channel();
        let intake = Arc::clone(&self.intake);
        // Nobody may listen any more: then it was for nothing.
        intake.unpacking.begin(Box::new(move || drop(done.send(work(self)))));
        told.await.map_err(|_| Problem::new(&Kind::UNAVAILABLE))
    }

    /// Takes so much more.
    ///
    /// # Errors
    /// [`Kind::TOO_MANY_REQUESTS`] if the sender has too much under way, [`Kind::BUSY`] if all
    /// together have.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        let mut books = self.intake.books();
        let all = books.all + bytes;
        let share = books.each.entry(self.sender).or_default();
        if share.bytes + bytes > TAKEN_IN_OF_ONE {
            return Err(come_again());
        }
        let is_little = share.bytes + bytes <= TAKEN_IN_ALWAYS;
        let most = if is_little { 2 * TAKEN_IN_AT_ONCE } else { TAKEN_IN_AT_ONCE };
        if all > most {
            return Err(Problem::new(&Kind::BUSY).retry_after(3));
        }
        share.bytes += bytes;
        books.all = all;
        self.bytes += bytes;
        Ok(())
    }
}

impl Taken {
    /// Gives so much back before the rest.
    pub fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        let mut books = self.intake.books();
        books.all -= bytes;
        if let Some(share) = books.each.get_mut(&self.sender) {
            share.bytes -= bytes;
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut books = self.intake.books();
        books.all -= self.bytes;
        if let Entry::Occupied(mut share) = books.each.entry(self.sender) {
            share.get_mut().bytes -= self.bytes;
            share.get_mut().requests -= 1;
            if share.get().requests == 0 {
                share.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn tablet(number: u128) -> Sender {
        Sender::Tablet(DeviceId(Uuid::from_u128(number)))
    }

    fn kind(refused: Result<(), Problem>) -> &'static Kind {
        refused.unwrap_err().kind()
    }

    #[test]
    fn who_has_much_under_way_waits_and_others_do_not() {
        let intake = Arc::new(Intake::new(64));
        let mut first = intake.begin(tablet(1)).unwrap();
        first.grow(TAKEN_IN_OF_ONE).unwrap();
        let mut second = intake.begin(tablet(1)).unwrap();
        assert_eq!(kind(second.grow(1)), &Kind::TOO_MANY_REQUESTS);
        intake.begin(tablet(2)).unwrap().grow(1_000).unwrap();
        first.shrink(1_000);
        second.grow(1_000).unwrap();
        drop(first);
        second.grow(TAKEN_IN_OF_ONE - 1_000).unwrap();
    }

    #[test]
    fn all_together_have_a_limit() {
        let intake = Arc::new(Intake::new(64));
        let mut held = Vec::new();
        for number in 0..(TAKEN_IN_AT_ONCE / TAKEN_IN_OF_ONE) as u128 {
            let mut taken = intake.begin(tablet(number)).unwrap();
            taken.grow(TAKEN_IN_OF_ONE).unwrap();
            held.push(taken);
        }
        let mut late = intake.begin(tablet(9_999)).unwrap();
        assert_eq!(kind(late.grow(TAKEN_IN_OF_ONE)), &Kind::BUSY);
        held.pop();
        late.grow(TAKEN_IN_OF_ONE).unwrap();
    }

    #[test]
    fn a_sender_has_so_many_requests_and_is_forgotten_after_the_last() {
        let intake = Arc::new(Intake::new(64));
        let at = Sender::from(Some(IpAddr::from([192, 0, 2, 1])));
        let all: Vec<_> = (0..64).map(|_| intake.begin(at).unwrap()).collect();
        assert_eq!(kind(intake.begin(at).map(drop)), &Kind::TOO_MANY_REQUESTS);
        drop(all);
        assert!(intake.books().each.is_empty());
        assert_eq!(intake.books().all, 0);
    }
}
