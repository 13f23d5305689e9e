//! What a person does in a browser: operations on a chain of their own, through the same merge,
//! so that it has history, versions and conflicts like everything else.

use std::collections::BTreeSet;

use mobile_schema::register::Capacity;
use mobile_schema::{Catalogue, Hash};
use sync_protocol::op::{Change, Group};
use sync_protocol::{
    ClockReading, DeviceId, GroupId, Hlc, IncarnationId, Op, Outcome, Record, RecordId, ScopeId,
    SyncRequest, UserId, Version,
};
use uuid::Uuid;

use super::chain::{self, Owner};
use super::epoch::Lives;
use super::push::{Behalf, Desk, Pushed, Pusher, push};
use super::wire::RawOp;
use crate::app::App;
use crate::areas::{self, AreaPath};
use crate::db::{AnyConnection, Failed, Timestamp};
use crate::http::{Kind, Problem};
use crate::records;

/// A person who acts in a browser.
pub struct Person<'a> {
    /// The person.
    pub user: UserId,
    /// Where they may.
    pub scopes: &'a BTreeSet<ScopeId>,
    /// In what capacity they act.
    pub capacity: Capacity,
    /// Every definition.
    pub catalogue: &'a Catalogue,
    /// The epochs the database descends from.
    pub lineage: &'a Lives,
    /// When.
    pub now: Timestamp,
    /// The operation of another's that is applied.
    pub on_behalf: Option<Behalf>,
}

/// A change that a person makes to a record, or that makes one.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The record's register.
    pub collection: String,
    /// The record.
    pub record: RecordId,
    /// The village it is in.
    pub scope: ScopeId,
    /// The version that the person saw; none of what is new.
    pub base: Option<Version>,
    /// The definition that its values follow.
    pub definition: Hash,
    /// What is changed.
    pub change: Change,
}

impl Edit {
    /// A change of a record as it stands.
    pub fn of(record: &Record, change: Change) -> Self {
        Self {
            collection: record.collection.clone(),
            record: record.id,
            scope: record.scope.clone(),
            base: Some(record.version),
            definition: record.definition,
            change,
        }
    }
}

impl Person<'_> {
    /// The newest definition of a register.
    ///
    /// # Errors
    /// Where there is no such register.
    pub fn definition(&self, collection: &str) -> Result<Hash, Failed<Problem>> {
        let current = self.catalogue.current(collection);
        let (definition, _) = current.ok_or_else(|| Failed::Rule(Problem::new(&Kind::INTERNAL)))?;
        Ok(definition)
    }

    /// Edits as operations, in this order whatever the clock's grain.
    pub fn one_by_one(&self, edits: impl IntoIterator<Item = Edit>) -> Vec<Op> {
        self.ops(edits, None)
    }

    /// Edits as operations that take effect all or none, in this order.
    ///
    /// # Errors
    /// Where they are more than can belong together.
    pub fn together(
        &self,
        edits: impl IntoIterator<Item = Edit>,
    ) -> Result<Vec<Op>, Failed<Problem>> {
        let edits: Vec<Edit> = edits.into_iter().collect();
        let size = u16::try_from(edits.len());
        let size = size.map_err(|_| Failed::Rule(Problem::new(&Kind::TOO_LARGE)))?;
        Ok(self.ops(edits, Some(Group { id: GroupId(Uuid::now_v7()), size })))
    }

    fn ops(&self, edits: impl IntoIterator<Item = Edit>, group: Option<Group>) -> Vec<Op> {
        let first = Hlc { wall: self.now.milliseconds(), counter: 0, node: rand::random() };
        let op = |(counter, edit): (u32, Edit)| Op {
            collection: edit.collection,
            record: edit.record,
            scope: edit.scope,
            base: edit.base,
            change: edit.change,
            at: Hlc { counter, ..first },
            definition: edit.definition,
            author: self.user,
            blobs: Vec::new(),
            group,
        };
        (0..).zip(edits).map(op).collect()
    }
}

/// Has a person act in a browser, in the areas where they may: all of it in one transaction, or
/// nothing.
pub async fn in_browser<T, F>(
    app: &App,
    user: UserId,
    areas: Vec<AreaPath>,
    mut work: F,
) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnMut(&mut AnyConnection, &Person<'_>) -> Result<T, Failed<Problem>> + Send + 'static,
{
    let (catalogue, lineage, now) = (app.definitions(), app.lineage.clone(), app.now());
    let done: Result<T, Failed<Problem>> = app
        .database
        .write(move |connection| {
            let (scopes, catalogue, lineage) =
                (&areas::scopes_under(connection, &areas)?, &*catalogue, &lineage);
            let capacity = Capacity::Office;
            let person =
                Person { user, scopes, capacity, catalogue, lineage, now, on_behalf: None };
            work(connection, &person)
        })
        .await;
    done.map_err(Problem::from)
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
        capacity: person.capacity,
        on_behalf: person.on_behalf,
    };
    let Person { catalogue, lineage, now, .. } = *person;
    match push(connection, &Desk { catalogue, lineage, now }, &pusher, &request)? {
        Pushed::Stored { outcomes, .. } => Ok(outcomes),
        // The chain was locked when its end was read.
        _ => Err(Failed::Rule(Problem::new(&Kind::UNAVAILABLE))),
    }
}

/// Applies operations that belong together, all of them or none: what one of them is refused for
/// is the problem.
pub fn act_wholly(
    connection: &mut AnyConnection,
    person: &Person<'_>,
    ops: &[Op],
) -> Result<(), Failed<Problem>> {
    let outcomes = act(connection, person, ops)?;
    let takes_effect =
        |outcome: &&Outcome| matches!(outcome, Outcome::Applied { .. } | Outcome::Merged { .. });
    match outcomes.iter().find(|outcome| !takes_effect(outcome)) {
        Some(refused) => Err(Failed::Rule(not_applicable(refused))),
        None => Ok(()),
    }
}

/// The record that a person decides about, if it is where they may and still is as they saw it.
/// It is locked until the transaction ends.
pub fn as_seen(
    connection: &mut AnyConnection,
    scopes: &BTreeSet<ScopeId>,
    (collection, id): (&str, RecordId),
    seen: Version,
) -> Result<Record, Failed<Problem>> {
    let wrong = |kind| Failed::Rule(Problem::new(kind));
    let found = records::load_for_update(connection, &[id])?.pop();
    let record = found
        .filter(|one| one.collection == collection && !one.deleted)
        .filter(|one| scopes.contains(&one.scope))
        .ok_or_else(|| wrong(&Kind::NOT_FOUND))?;
    if record.version == seen { Ok(record) } else { Err(wrong(&Kind::STALE_VIEW)) }
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
