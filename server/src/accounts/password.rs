//! Passwords: argon2id (RFC 9106) with the OWASP parameters, a few at a time.

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::Semaphore;

use crate::http::{Kind, Problem};
use crate::limits;

/// The PHC string to store for a password.
pub fn hash_password(password: &str) -> Result<String, String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
}

/// What nobody's password comes to, as costly as those of today.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether the password is the one that was hashed, worked out in `memory`.
fn is_right(password: &str, stored: &str, memory: &mut Vec<Block>) -> bool {
    let worked_out = || {
        let stored = PasswordHash::new(stored).ok()?;
        let (salt, expected) = (stored.salt?, stored.hash?);
        let algorithm = Algorithm::try_from(stored.algorithm.as_str()).ok()?;
        let version = Version::try_from(stored.version.unwrap_or(Version::V0x13.into())).ok()?;
        let params = Params::try_from(&stored).ok()?;
        memory.resize(params.block_count(), Block::default());
        let mut output = [0; Output::MAX_LENGTH];
        let output = output.get_mut(..expected.len())?;
        let argon2 = Argon2::new(algorithm, version, params);
        argon2.hash_password_into_with_memory(password.as_bytes(), &salt, output, memory).ok()?;
        // Two outputs are compared in constant time.
        Some(Output::new(output).ok()? == expected)
    };
    worked_out().unwrap_or(false)
}

/// Where passwords wait for their turn. One takes 19 MB and a core, and strangers may send as many
/// as they like: without turns, a few hundred of them take the machine's memory.
pub struct Passwords {
    turns: Arc<Semaphore>,
    room: Arc<Semaphore>,
    /// What passwords are worked out in, a piece for each turn: used again, it is not to be given
    /// back, which allocators do when it suits them.
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
}

impl Default for Passwords {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let turns = cores.min(limits::PASSWORDS_AT_ONCE);
        Self {
            turns: Arc::new(Semaphore::new(turns)),
            room: Arc::new(Semaphore::new(turns + limits::PASSWORDS_WAITING)),
            memory: Arc::default(),
        }
    }
}

impl Passwords {
    /// The PHC string to store for a password.
    pub(super) async fn hash(&self, password: String) -> Result<String, Problem> {
        let hashed = self.in_turn(move || hash_password(&password)).await?;
        hashed.map_err(|error| {
            tracing::error!(error, "a password could not be hashed");
            Problem::new(&Kind::INTERNAL)
        })
    }

    /// Whether the password is the one that was stored. It takes as long where nothing is, so that
    /// nobody learns which logins there are.
    pub(super) async fn check(
        &self,
        password: String,
        stored: Option<String>,
    ) -> Result<bool, Problem> {
        let memory = Arc::clone(&self.memory);
        let check = move || {
            let pieces = || memory.lock().unwrap_or_else(PoisonError::into_inner);
            let mut piece = pieces().pop().unwrap_or_default();
            let is_right = is_right(&password, stored.as_deref().unwrap_or(NOBODYS), &mut piece);
            pieces().push(piece);
            is_right && stored.is_some()
        };
        self.in_turn(check).await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || Problem::new(&Kind::BUSY).retry_after(limits::PASSWORD_PATIENCE.as_secs());
        let room = self.room.clone().try_acquire_owned().map_err(|_| busy())?;
        let turn = self.turns.clone().acquire_owned();
        let turn = tokio::time::timeout(limits::PASSWORD_PATIENCE, turn).await;
        let turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
        // They go with the work: it goes on when nobody waits for it any more.
        let worked = web::block(move || {
            let done = work();
            drop((turn, room));
            done
        });
        worked.await.map_err(|_| Problem::new(&Kind::UNAVAILABLE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_is_right() {
        let stored = hash_password("正确的密码").expect("hashes");
        assert!(stored.starts_with("$argon2id$"));
        let mut memory = Vec::new();
        let mut is_right = |password, stored| is_right(password, stored, &mut memory);
        assert!(is_right("正确的密码", &stored));
        assert!(!is_right("错误的密码", &stored));
        assert!(is_right("正确的密码", &stored), "whatever was worked out there before");
        assert!(!is_right("正确的密码", "not a hash"));
        assert!(!is_right("", NOBODYS));
    }

    #[test]
    fn what_nobody_has_is_as_costly_as_what_somebody_has() {
        let cost = |stored: &str| Params::try_from(&PasswordHash::new(stored).unwrap()).unwrap();
        let params = cost(NOBODYS);
        let today = cost(&hash_password("x").unwrap());
        assert_eq!(
            (params.m_cost(), params.t_cost(), params.p_cost()),
            (today.m_cost(), today.t_cost(), today.p_cost()),
        );
    }

    #[tokio::test]
    async fn who_finds_no_room_is_told_when_to_come_again() {
        let passwords = Passwords::default();
        let all = u32::try_from(passwords.room.available_permits()).expect("a few");
        let taken = passwords.room.clone().acquire_many_owned(all).await.expect("it is open");
        let refused = passwords.check("x".into(), None).await.unwrap_err();
        assert_eq!(refused.kind(), &Kind::BUSY);
        drop(taken);
        assert!(!passwords.check("x".into(), None).await.expect("there is room again"));
    }
}
