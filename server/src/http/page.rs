//! Pages of a list, by key: page 1,000 costs what page 1 costs, and nothing is skipped.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::limits::MAX_PAGE;

/// Which page is asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// The `next` of the page before; absent for the first.
    pub after: Option<uuid::Uuid>,
    /// How many at most.
    pub limit: Option<i64>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<uuid::Uuid>,
}

/// How many rows to fetch for a page of `asked`.
pub fn limit(asked: Option<i64>) -> i64 {
    asked.unwrap_or(100).clamp(1, MAX_PAGE)
}

impl<T> Page<T> {
    /// A page of `items`, which were fetched with `limit`; `key` names each.
    pub fn of(items: Vec<T>, limit: i64, key: impl Fn(&T) -> uuid::Uuid) -> Self {
        let full = usize::try_from(limit).is_ok_and(|limit| items.len() >= limit);
        let next = if full { items.last().map(key) } else { None };
        Self { items, next }
    }
}
