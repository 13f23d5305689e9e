//! Visits by the version of the form they were made with.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::Text;
use mobile_schema::Hash;
use sync_protocol::{Record, ScopeId};
use uuid::Uuid;

use super::store::RecordRow;
use crate::db::schema::records;
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, MultiBackend};
use crate::http::period::Period;

/// Fields of the built-in register `visit`.
pub(crate) mod visit {
    use mobile_schema::FieldId;

    pub(crate) const HOUSEHOLD: FieldId = 1;
    pub(crate) const FORM: FieldId = 2;
    pub(crate) const ANSWERS: FieldId = 3;
    pub(crate) const STARTED_AT: FieldId = 4;
    pub(crate) const ENDED_AT: FieldId = 5;
    pub(crate) const PLACE: FieldId = 6;
    pub(crate) const CONSENT: FieldId = 7;
    pub(crate) const PHOTOS: FieldId = 8;
    pub(crate) const STATUS: FieldId = 9;
    pub(crate) const NOTES: FieldId = 11;
}

/// Fields of the built-in register `household`.
pub(crate) mod household {
    use mobile_schema::FieldId;

    pub(crate) const HEAD_NAME: FieldId = 1;
    pub(crate) const PHONE: FieldId = 5;
}

/// Visits that were made with a version, in these scopes.
pub(crate) struct MadeWith<'a> {
    /// The version.
    pub(crate) version: &'a Hash,
    /// The scopes.
    pub(crate) scopes: &'a BTreeSet<ScopeId>,
    /// The statuses of visits that are done.
    pub(crate) locked: &'a [String],
}

/// Visits made with a version. The expression is the one of the index `records_by_form`.
macro_rules! made_with {
    ($made:expr) => {
        records::table
            .filter(records::collection.eq("visit").and(records::deleted.eq(false)))
            .filter(records::scope.eq_any($made.scopes.iter().map(ScopeId::as_str)))
            .filter(
                diesel::dsl::sql::<diesel::sql_types::Bool>("(fields ->> '2') = ")
                    .bind::<Text, _>($made.version.to_string()),
            )
    };
}

impl MadeWith<'_> {
    /// How many there are, and how many of them may still be changed.
    pub(crate) fn count(&self, connection: &mut AnyConnection) -> QueryResult<(i64, i64)> {
        let by_status: Vec<(Option<String>, i64)> = made_with!(self)
            .group_by(records::status)
            .select((records::status, diesel::dsl::count_star()))
            .load(connection)?;
        let open = by_status.iter().filter(|(status, _)| self.is_open(status.as_deref()));
        let open = open.map(|(_, count)| count).sum();
        Ok((by_status.iter().map(|(_, count)| count).sum(), open))
    }

    /// Those that may still be changed, the newest first.
    pub(crate) fn newest_open(
        &self,
        connection: &mut AnyConnection,
        limit: i64,
    ) -> QueryResult<Vec<Record>> {
        let rows: Vec<RecordRow> = made_with!(self)
            .filter(records::status.is_null().or(records::status.ne_all(self.locked.to_vec())))
            .order((records::updated_at.desc(), records::id))
            .limit(limit)
            .select(RecordRow::as_select())
            .load(connection)?;
        rows.into_iter().map(RecordRow::into_record).collect()
    }

    /// All that stand so (`statuses`; anyhow where there are none) and were received in a period:
    /// when each was, and its id.
    pub(crate) fn received(
        &self,
        connection: &mut AnyConnection,
        statuses: &[String],
        period: Option<Period>,
    ) -> QueryResult<Vec<(Timestamp, Uuid)>> {
        let mut wanted = made_with!(self)
            .select((records::created_at, records::id))
            .into_boxed::<MultiBackend>();
        if !statuses.is_empty() {
            wanted = wanted.filter(records::status.eq_any(statuses.to_vec()));
        }
        if let Some(period) = period {
            let (first, after) = period.moments();
            let within = records::created_at.ge(first).and(records::created_at.lt(after));
            wanted = wanted.filter(within);
        }
        let found: Vec<(Timestamp, Key)> = wanted.load(connection)?;
        Ok(found.into_iter().map(|(at, key)| (at, key.0)).collect())
    }

    fn is_open(&self, status: Option<&str>) -> bool {
        status.is_none_or(|status| !self.locked.iter().any(|locked| locked == status))
    }
}
