//! How a transaction can fail.

use diesel::result::{DatabaseErrorKind, Error};

/// Why a transaction came to nothing. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum Failed<E = std::convert::Infallible> {
    /// A rule said no.
    #[error("{0}")]
    Rule(E),
    /// The database said no.
    #[error("the database refused: {0}")]
    Database(#[from] Error),
    /// The database could not be reached, or all connections are busy.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
}

impl<E> Failed<E> {
    /// What a rule said, in other terms.
    pub fn map<F>(self, tell: impl FnOnce(E) -> F) -> Failed<F> {
        match self {
            Self::Rule(rule) => Failed::Rule(tell(rule)),
            Self::Database(error) => Failed::Database(error),
            Self::Unavailable(cause) => Failed::Unavailable(cause),
        }
    }

    /// Whether the same transaction may succeed when it is tried again: somebody else was
    /// faster, or the database gave up on a tie.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Database(Error::DatabaseError(kind, info)) => {
                matches!(
                    kind,
                    DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::UniqueViolation
                ) || info.message().contains("deadlock detected")
            }
            _ => false,
        }
    }
}
