//! A person settles a conflict.

use mobile_schema::Hash;
use sync_protocol::op::{Change, Resolution};
use sync_protocol::{Outcome, RecordId, Version};
use uuid::Uuid;

use super::queries::{self, Conflict};
use crate::db::{AnyConnection, Failed};
use crate::http::{Kind, Problem};
use crate::sync::{Edit, Person, act, not_applicable};

/// What they decided about what they saw.
pub(super) struct Decision {
    pub(super) conflict: Uuid,
    pub(super) seen: Version,
    pub(super) choice: Resolution,
    pub(super) reason: String,
    /// The definition of conflicts.
    pub(super) definition: Hash,
}

/// Settles it, if it is where the person may and still is as they saw it. Gives the conflict and
/// those that arose since somebody had written there meanwhile.
pub(super) fn settle(
    connection: &mut AnyConnection,
    person: &Person<'_>,
    decision: &Decision,
) -> Result<(Conflict, Vec<RecordId>), Failed<Problem>> {
    let wrong = |kind| Failed::Rule(Problem::new(kind));
    let found = queries::find(connection, decision.conflict)?;
    let (found, scope) = found
        .and_then(|found| found.scope.parse().ok().map(|scope| (found, scope)))
        .filter(|(_, scope)| person.scopes.contains(scope))
        .ok_or_else(|| wrong(&Kind::NOT_FOUND))?;
    if found.version != decision.seen {
        return Err(wrong(&Kind::STALE_VIEW));
    }
    let (choice, reason) = (decision.choice.clone(), decision.reason.clone());
    let edit = Edit {
        collection: "conflict".to_owned(),
        record: RecordId(decision.conflict),
        scope,
        base: Some(decision.seen),
        definition: decision.definition,
        change: Change::Resolve { choice, reason },
    };
    let raised = match act(connection, person, &person.one_by_one([edit]))?.pop() {
        Some(Outcome::Applied { .. } | Outcome::Merged { .. }) => Vec::new(),
        Some(Outcome::Conflict { conflicts, .. }) => conflicts,
        Some(refused) => return Err(Failed::Rule(not_applicable(&refused))),
        None => return Err(wrong(&Kind::INTERNAL)),
    };
    let settled = queries::find(connection, decision.conflict)?;
    Ok((settled.ok_or_else(|| wrong(&Kind::NOT_FOUND))?, raised))
}
