//! The chain: a line's hash is the SHA-256 of the hash before it and of all that the line says, each
//! part behind its length.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What stands before the first line.
pub(super) const BEGINNING: [u8; 32] = [0; 32];

/// What a line says.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    pub(super) position: i64,
    /// Microseconds since 1970 UTC.
    pub(super) at: i64,
    pub(super) user: Uuid,
    pub(super) action: &'a str,
    pub(super) subject: &'a str,
    /// JSON, as it was written.
    pub(super) detail: &'a str,
}

/// A line's hash after the one before it.
pub(super) fn hash(before: &[u8; 32], line: &Line<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    let (position, at) = (line.position.to_be_bytes(), line.at.to_be_bytes());
    let parts: [&[u8]; 7] = [
        before,
        &position,
        &at,
        line.user.as_bytes(),
        line.action.as_bytes(),
        line.subject.as_bytes(),
        line.detail.as_bytes(),
    ];
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_changed_changes_the_hash() {
        let line = Line {
            position: 1,
            at: 5,
            user: Uuid::nil(),
            action: "grant",
            subject: "a",
            detail: "{}",
        };
        let first = hash(&BEGINNING, &line);
        let others = [
            hash(&first, &line),
            hash(&BEGINNING, &Line { position: 2, ..line.clone() }),
            hash(&BEGINNING, &Line { at: 6, ..line.clone() }),
            hash(&BEGINNING, &Line { user: Uuid::from_u128(1), ..line.clone() }),
            // Parts don't run into one another.
            hash(&BEGINNING, &Line { action: "grantA", subject: "", ..line.clone() }),
            hash(&BEGINNING, &Line { action: "grant", subject: "a{", detail: "}", ..line.clone() }),
        ];
        assert!(others.iter().all(|other| *other != first));
    }
}
