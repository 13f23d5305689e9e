//! Checks after the fact: visits by the form they were made with, households by rules.
//!
//! A push notes which records changed, in its own transaction, and goes on; nothing that a cadre
//! recorded waits for a check or is refused by one. Afterwards a replica looks at each, with the
//! same engine that ran on the tablet, and what it finds becomes records that people mend or
//! explain. A replica that dies leaves what is due to the others.

mod http;
mod list;
mod queries;
mod visit;
mod worker;

use std::collections::BTreeSet;

use sync_protocol::finding::Finding;
use sync_protocol::{Record, RecordId, UserId};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::deliveries::Task;

pub use http::routes;
pub use queries::{ask, ask_again, ask_whether_so};
pub(crate) use queries::{ask_all, ask_for, ask_for_all_of, forget_due, introduce};
pub use worker::{run_due, work};

/// Who findings are by. Nobody signs in as this.
pub const CHECKER: UserId = UserId(Uuid::from_u128(0x7275_6875_0000_8000_8000_0063_6865_636b));

/// Wakes this replica's checks.
#[derive(Default)]
pub(crate) struct Bell(Notify);

impl Bell {
    /// Something is due.
    pub(crate) fn ring(&self) {
        self.0.notify_one();
    }
}

/// What is looked at, as it was when it was read.
struct Subject {
    /// The visit or household.
    record: Record,
    /// Its members, of a household.
    members: Vec<Record>,
    /// The records of what was found before about any of them.
    known: BTreeSet<RecordId>,
}

/// What a look at a subject came to.
struct Verdict {
    subject: Subject,
    findings: Vec<Finding>,
    /// Other records that are to be looked at because of this one.
    later: Vec<RecordId>,
    /// Something to do about it.
    task: Option<Task>,
}
