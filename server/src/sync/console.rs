//! What a person does in a browser: operations on a chain of their own, through the same merge,
//! so that it has history, versions and conflicts like everything else.

use std::collections::BTreeSet;

use mobile_schema::Catalogue;
use sync_protocol::record::Writer;
use sync_protocol::{
    ClockReading, DeviceId, Hlc, IncarnationId, Lineage, Op, Outcome, ScopeId, SyncRequest, UserId,
};
use uuid::Uuid;

use super::chain::{self, Owner};
use super::push::{Pushed, Pusher, push};
use super::wire::RawOp;
use crate::db::{AnyConnection, Failed, Timestamp};
use crate::http::{Kind, Problem};

/// A person who acts in a browser.
pub struct Person<'a> {
    /// The person.
    pub user: UserId,
    /// Where they may.
    pub scopes: &'a BTreeSet<ScopeId>,
    /// Every definition.
    pub catalogue: &'a Catalogue,
    /// The epochs the database descends from.
    pub lineage: &'a Lineage,
    /// When.
    pub now: Timestamp,
    /// Where the operation of another's stands that they have decided to apply.
    pub decides_about: Option<Writer>,
}

impl Person<'_> {
    /// A clock reading for what they do now.
    pub fn reading(&self) -> Hlc {
        Hlc { wall: self.now.milliseconds(), counter: 0, node: rand::random() }
    }
}

/// Applies operations that belong together, and says what became of each.
pub fn act(
    connection: &mut AnyConnection,
    person: &Person<'_>,
    ops: &[Op],
) -> Result<Vec<Outcome>, Failed<Problem>> {
    let chain = chain::of_person(connection, person.user)?;
    let (incarnation, next) = chain.unwrap_or((IncarnationId(Uuid::now_v7()), 1));
    let bodies = ops.iter().map(RawOp::of).collect();
    let wall = person.now.milliseconds();
    let clock = ClockReading { wall, monotonic: 0, boot: String::new() };
    let request = SyncRequest::pushing(DeviceId(Uuid::nil()), incarnation, next, bodies, clock);
    let pusher = Pusher {
        owner: Owner::Person(person.user),
        user: person.user,
        scopes: person.scopes,
        catalogue: person.catalogue,
        lineage: person.lineage,
        now: person.now,
        decides_about: person.decides_about,
    };
    match push(connection, &pusher, &request)? {
        Pushed::Stored { outcomes, .. } => Ok(outcomes),
        // The chain was locked when its end was read.
        _ => Err(Failed::Rule(Problem::new(&Kind::UNAVAILABLE))),
    }
}

/// Nobody decides without saying why.
pub fn check_reason(reason: &str) -> Result<(), Problem> {
    if reason.trim().is_empty() || reason.contains('\0') {
        return Err(Problem::new(&Kind::MALFORMED).detail("reason: say why"));
    }
    Ok(())
}

/// What was decided has no effect: the transaction ends, and everything is as it was.
pub fn not_applicable(outcome: &Outcome) -> Problem {
    let reason = match outcome {
        Outcome::Parked { reason } => reason.name(),
        Outcome::Rejected { reason } => reason.name(),
        _ => "",
    };
    Problem::new(&Kind::NOT_APPLICABLE).with("reason", reason)
}
