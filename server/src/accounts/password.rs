//! Passwords: argon2id (RFC 9106) with the OWASP parameters.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// The PHC string to store for a password.
pub fn hash_password(password: &str) -> Result<String, String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
}

/// Whether the password is the one that was hashed.
pub(super) fn is_right(password: &str, stored: &str) -> bool {
    PasswordHash::new(stored)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Takes as long as checking a password, for logins that do not exist.
pub(super) fn pretend_to_check(password: &str) {
    let _ = hash_password(password);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_is_right() {
        let stored = hash_password("正确的密码").expect("hashes");
        assert!(stored.starts_with("$argon2id$"));
        assert!(is_right("正确的密码", &stored));
        assert!(!is_right("错误的密码", &stored));
        assert!(!is_right("正确的密码", "not a hash"));
    }
}
