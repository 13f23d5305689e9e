//! Which visits are asked for.

use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::db::schema::records;
use crate::db::types::Key;
use crate::db::{AnyConnection, MultiBackend};
use crate::records::behind;

/// What is open about a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mark {
    /// Something is doubtful about it.
    Flagged,
    /// An answer is not as its form asks.
    Invalid,
    /// A question that must be answered is not.
    Unanswered,
    /// A reviewer's word waits for the cadre.
    Commented,
}

impl Mark {
    pub(super) const ALL: [Self; 4] =
        [Self::Flagged, Self::Invalid, Self::Unanswered, Self::Commented];

    /// What a finding of this rule marks its visit as.
    pub(super) fn of(rule: &str) -> Self {
        match rule {
            "review/comment" => Self::Commented,
            "form/required" => Self::Unanswered,
            form if form.starts_with("form/") => Self::Invalid,
            _ => Self::Flagged,
        }
    }
}

/// Which visits are asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct VisitQuery {
    /// Where they stand, several with commas between.
    status: Option<String>,
    /// What is open about them.
    #[param(inline)]
    mark: Option<Mark>,
    /// Only those of this area and below.
    pub(super) area: Option<String>,
    /// Only those of this household.
    household: Option<Uuid>,
    /// The `next` of the page before; absent for the first. What was received last comes first.
    after: Option<Uuid>,
    /// How many at most.
    pub(super) limit: Option<i64>,
}

diesel::alias!(records as findings: Findings);

/// An open finding about a visit with a rule that marks it so.
macro_rules! has {
    ($rules:expr) => {
        exists(
            findings
                .filter(findings.field(records::subject).eq(records::id.nullable()))
                .filter(findings.field(records::collection).eq("finding"))
                .filter(findings.field(records::status).eq("open"))
                .filter(findings.field(records::deleted).eq(false))
                .filter($rules),
        )
    };
}

/// Few enough villages that each is read by itself.
const FEW_SCOPES: usize = 4;

/// The ids of a page of visits in these scopes, the newest first.
pub(super) fn page(
    connection: &mut AnyConnection,
    query: &VisitQuery,
    scopes: &[String],
    limit: i64,
) -> QueryResult<Vec<Uuid>> {
    let rule = || findings.field(records::title);
    let mut visits = records::table
        // A word and no parameter: the indexes of visits are found by it.
        .filter(sql::<Bool>("records.collection = 'visit'").and(records::deleted.eq(false)))
        .order((records::created_at.desc(), records::id.desc()))
        .limit(limit)
        .select(records::id)
        .into_boxed::<MultiBackend>();
    // Of many villages, `visits_by_age` is walked: `visits_by_village` would have to be read as a
    // whole and sorted. Joined with nothing, the column has no index.
    visits = if scopes.len() <= FEW_SCOPES {
        visits.filter(records::scope.eq_any(scopes.to_vec()))
    } else {
        visits.filter(records::scope.concat("").eq_any(scopes.to_vec()))
    };
    if let Some(after) = query.after {
        let Some(rest) = behind(connection, visits, after)? else { return Ok(Vec::new()) };
        visits = rest;
    }
    if let Some(household) = query.household {
        visits = visits.filter(records::subject.eq(Key(household)));
    }
    if let Some(status) = &query.status {
        let all: Vec<String> = status.split(',').map(str::to_owned).collect();
        visits = visits.filter(records::status.eq_any(all));
    }
    if let Some(mark) = query.mark {
        visits = match mark {
            Mark::Commented => visits.filter(has!(rule().eq("review/comment"))),
            Mark::Unanswered => visits.filter(has!(rule().eq("form/required"))),
            Mark::Invalid => {
                visits.filter(has!(rule().like("form/%").and(rule().ne("form/required"))))
            }
            Mark::Flagged => {
                visits.filter(has!(rule().not_like("form/%").and(rule().ne("review/comment"))))
            }
        };
    }
    let rows: Vec<Key> = visits.load(connection)?;
    Ok(rows.into_iter().map(|key| key.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_marks_a_visit() {
        assert_eq!(Mark::of("photo/reused"), Mark::Flagged);
        assert_eq!(Mark::of("form/constraint"), Mark::Invalid);
        assert_eq!(Mark::of("form/required"), Mark::Unanswered);
        assert_eq!(Mark::of("review/comment"), Mark::Commented);
    }
}
