//! How a transaction can fail.

use diesel::result::{DatabaseErrorKind, Error};

/// Somebody holds a lock: PostgreSQL in English and Chinese, SQLite.
const LOCKED: &[&str] =
    &["due to lock timeout", "由于锁超时", "database is locked", "database table is locked"];
/// Nothing can be written: the same.
const FULL: &[&str] = &[
    "No space left on device",
    "Check free disk space",
    "设备上没有空间",
    "检查空闲磁盘",
    "Disk quota exceeded",
    "could not extend file",
    "无法扩展文件",
    "during recovery",
    "无法在恢复期间",
    "database or disk is full",
    "disk I/O error",
    "attempt to write a readonly database",
];
/// Two waited for each other.
const DEADLOCK: &[&str] = &["deadlock detected", "检测到死锁"];

/// Why a transaction came to nothing. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum Failed<E = std::convert::Infallible> {
    /// A rule said no.
    #[error("{0}")]
    Rule(E),
    /// The database said no.
    #[error("the database refused: {0}")]
    Database(#[from] Error),
    /// The database could not be reached, or can't write.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// Somebody else holds for long what is needed: a lock, or all connections.
    #[error("the database is busy: {0}")]
    Busy(String),
}

impl<E> Failed<E> {
    /// What a rule said, in other terms.
    pub fn map<F>(self, tell: impl FnOnce(E) -> F) -> Failed<F> {
        match self {
            Self::Rule(rule) => Failed::Rule(tell(rule)),
            Self::Database(error) => Failed::Database(error),
            Self::Unavailable(cause) => Failed::Unavailable(cause),
            Self::Busy(cause) => Failed::Busy(cause),
        }
    }

    /// The same, but that what no change of the transaction would help is told from what is wrong
    /// with it. Diesel passes SQLSTATE on for a few failures only; so words have to do.
    pub(super) fn sorted(self) -> Self {
        let Self::Database(Error::DatabaseError(kind, info)) = &self else { return self };
        let kind = *kind;
        let words = format!("{}\n{}", info.message(), info.hint().unwrap_or_default());
        let says = |any: &[&str]| any.iter().any(|one| words.contains(one));
        match kind {
            DatabaseErrorKind::ReadOnlyTransaction => Self::Unavailable(words),
            DatabaseErrorKind::Unknown if says(LOCKED) => Self::Busy(words),
            DatabaseErrorKind::Unknown if says(FULL) => Self::Unavailable(words),
            _ => self,
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
                ) || DEADLOCK.iter().any(|words| info.message().contains(words))
            }
            _ => false,
        }
    }
}
