//! Work that is done after a request has been answered, by any replica: photos are looked at, many
//! notifications are printed.
//!
//! A job is a row, written in the transaction that makes it necessary. Whoever takes one holds it
//! for a while; a replica that dies loses nothing, for its job is due again when its time is over.
//! What fails is tried again, later each time; what has failed too often waits for a person.

mod http;
mod queue;
mod turn;
mod worker;

pub use http::routes;
pub(crate) use queue::{ask, error_of, is_asked, withdraw};
pub use turn::{Turn, take_turn};
pub use worker::{run_due, work};

use tokio::sync::Notify;

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobKind {
    /// Look at a photo; the key is its hash.
    Photo,
    /// Print a part of many notifications; the key is the printing's and the part's number.
    Print,
    /// Remove the bytes of a blob that was forgotten; the key is its hash.
    Remove,
    /// Try operations again that waited for a record; the key is the record.
    Arrived,
}

impl JobKind {
    const ALL: [Self; 4] = [Self::Photo, Self::Print, Self::Remove, Self::Arrived];

    fn name(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Print => "print",
            Self::Remove => "remove",
            Self::Arrived => "arrived",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Wakes this replica's workers.
#[derive(Default)]
pub(crate) struct Bell(Notify);

impl Bell {
    /// Something is to be done.
    pub(crate) fn ring(&self) {
        self.0.notify_one();
    }
}
