//! What is to be done about a comparison, beside what is known of earlier lists of the same name.

use std::collections::BTreeMap;

use mobile_schema::Value;
use serde::Serialize;
use sync_protocol::finding::{self, Finding, field};
use sync_protocol::op::Change;
use sync_protocol::{Record, RecordId, ScopeId, Version};
use utoipa::ToSchema;

use super::compare::{Comparison, Kind, Member, Source};
use super::read::Roster;
use crate::http::LineProblem;
use crate::limits::MAX_DIFFERENCES;

/// Lines that can't be read, of those that are told.
const MOST_PROBLEMS: usize = 20;

/// What a list differs in.
#[derive(Serialize, ToSchema)]
pub(super) struct ComparisonView {
    /// The list's columns.
    columns: Vec<String>,
    /// People on it.
    pub(super) lines: usize,
    /// Lines that say the same number again.
    repeated: usize,
    /// Lines without a number that can be one.
    unreadable: usize,
    /// The first of them.
    problems: Vec<LineProblem>,
    /// People on it who are no members here.
    elsewhere: usize,
    /// Members of the area who are in their households.
    pub(super) members: usize,
    /// Those of them who are on it.
    pub(super) matched: usize,
    /// Those who have no ID number on record, and can't be compared.
    pub(super) without_id: usize,
    /// Members who are not on it and should be.
    pub(super) missing: usize,
    /// Members who are on it and should not be.
    pub(super) listed: usize,
    /// Members who are on it under another name.
    pub(super) names: usize,
    /// Differences that nobody was asked about before, or that are found again.
    to_ask: usize,
    /// Differences of an earlier list of this name that are explained already.
    explained: usize,
    /// Open differences of an earlier list of this name that are gone.
    corrected: usize,
    /// The most differences that people are asked about at once.
    limit: usize,
}

/// A finding's record, where it is, the version that is known of it, and what is to change.
pub(super) type FindingChange = (RecordId, ScopeId, Option<Version>, Change);

/// A comparison, and what is to be done about it.
pub(super) struct Compared {
    pub(super) view: ComparisonView,
    pub(super) changes: Vec<FindingChange>,
}

/// What a comparison comes to, beside what is known of earlier ones.
pub(super) fn settle(
    source: &Source<'_>,
    read: Roster,
    members: &[Member],
    comparison: &Comparison<'_>,
    known: &[Record],
) -> Compared {
    let known: BTreeMap<RecordId, &Record> = known.iter().map(|one| (one.id, one)).collect();
    let found: BTreeMap<RecordId, (Finding, &ScopeId)> = comparison
        .differences
        .iter()
        .map(|one| (source.finding(one), &one.member.scope))
        .map(|(finding, scope)| (finding.id(), (finding, scope)))
        .collect();
    let (mut changes, mut to_ask, mut explained, mut corrected) = (Vec::new(), 0, 0, 0);
    for (id, (finding, scope)) in &found {
        let before = known.get(id);
        let wanted = finding.changes(before.map(|one| &one.fields));
        let opens =
            |change: &Change| matches!(change, Change::Create { .. } | Change::Transition { .. });
        to_ask += usize::from(wanted.iter().any(opens));
        explained +=
            usize::from(wanted.is_empty() && before.is_some_and(|one| is(one, "explained")));
        let (scope, base) = before.map_or((*scope, None), |one| (&one.scope, Some(one.version)));
        changes.extend(wanted.into_iter().map(|change| (*id, scope.clone(), base, change)));
    }
    for (id, record) in known.iter().filter(|(id, _)| !found.contains_key(id)) {
        let gone = finding::changes_if_gone(&record.fields);
        corrected += usize::from(!gone.is_empty());
        let place = |change| (*id, record.scope.clone(), Some(record.version), change);
        changes.extend(gone.into_iter().map(place));
    }
    let count = |kind| comparison.differences.iter().filter(|one| one.kind == kind).count();
    let unreadable = read.problems.len();
    let view = ComparisonView {
        columns: read.columns,
        lines: read.lines.len(),
        repeated: read.repeated,
        unreadable,
        problems: read.problems.into_iter().take(MOST_PROBLEMS).collect(),
        elsewhere: comparison.elsewhere,
        members: members.len(),
        matched: comparison.matched,
        without_id: comparison.without_id,
        missing: count(Kind::Missing),
        listed: count(Kind::Listed),
        names: count(Kind::Name),
        to_ask,
        explained,
        corrected,
        limit: MAX_DIFFERENCES,
    };
    Compared { view, changes }
}

fn is(record: &Record, status: &str) -> bool {
    record.fields.get(&field::STATUS).and_then(Value::as_text) == Some(status)
}
