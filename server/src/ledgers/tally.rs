//! Counting a ledger over the records there are, a village at a time.

use std::collections::BTreeMap;

use diesel::prelude::*;
use mobile_schema::ledger::{Counter, LedgerDefinition, Seen, Tally};
use mobile_schema::{FieldId, RegisterDefinition};
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::areas::{self, Area};
use crate::db::AnyConnection;
use crate::db::schema::records;
use crate::db::types::{JsonText, Key};
use crate::http::period::Period;
use crate::limits::MAX_EXCEPTIONS;

/// A record that is missing in an indicator.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Exception {
    /// The indicator, from 0.
    pub(super) indicator: usize,
    record: Uuid,
    /// The household it is about, or the record's own line.
    pub(super) title: String,
    /// The village.
    pub(super) area: String,
    pub(super) area_name: String,
}

/// What an area comes to, with all below.
#[derive(Debug, Clone)]
pub(super) struct AreaTally {
    pub(super) area: Area,
    pub(super) tally: Tally,
}

/// What a ledger comes to.
#[derive(Debug)]
pub(super) struct Counted {
    /// Areas in the order of the tree, each with what lies below it.
    pub(super) areas: Vec<AreaTally>,
    pub(super) exceptions: Vec<Exception>,
    /// Whether there are more than are named.
    pub(super) more_exceptions: bool,
}

/// Counts over the villages among `areas`, which are in the order of the tree.
pub(super) fn count(
    connection: &mut AnyConnection,
    definition: &LedgerDefinition,
    register: &RegisterDefinition,
    areas: &[Area],
    period: Period,
) -> QueryResult<Counted> {
    let counter = Counter::new(definition, register, (period.from, period.until));
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let (mut exceptions, mut more_exceptions) = (Vec::new(), false);
    for village in areas.iter().filter(|area| area.level == "village") {
        let mut tally = counter.nothing();
        type Row = (Key, JsonText, Option<String>, Option<Key>);
        let rows: Vec<Row> = records::table
            .filter(records::collection.eq(&definition.register))
            .filter(records::scope.eq(areas::scope_of(village)))
            .filter(records::deleted.eq(false))
            .order(records::id)
            .select((records::id, records::fields, records::title, records::subject))
            .load(connection)?;
        let mut missing = Vec::new();
        for (id, fields, title, subject) in rows {
            let fields: BTreeMap<FieldId, Json> = fields.read()?;
            let seen = Seen { fields: &fields, created: created(id.0) };
            for indicator in counter.count(&seen, &mut tally) {
                missing.push((indicator, id, title.clone(), subject));
            }
        }
        let room = MAX_EXCEPTIONS - exceptions.len();
        more_exceptions |= missing.len() > room;
        missing.truncate(room);
        let subjects: Vec<Key> = missing.iter().filter_map(|one| one.3).collect();
        let titles: Vec<(Key, Option<String>)> = records::table
            .filter(records::id.eq_any(subjects))
            .select((records::id, records::title))
            .load(connection)?;
        let titles: BTreeMap<Key, Option<String>> = titles.into_iter().collect();
        exceptions.extend(missing.into_iter().map(|(indicator, id, title, subject)| {
            Exception {
                indicator,
                record: id.0,
                title: subject
                    .and_then(|id| titles.get(&id).cloned().flatten())
                    .or(title)
                    .unwrap_or_default(),
                area: village.code.clone(),
                area_name: village.name.clone(),
            }
        }));
        tallies.insert(&village.code, tally);
    }
    let of_village = |village: &Area| tallies.get(village.code.as_str()).cloned();
    let mut sums = areas::rolled_up(areas, of_village, || counter.nothing(), Tally::add);
    let areas = areas.iter().map(|area| AreaTally {
        area: area.clone(),
        tally: sums.remove(&area.code).unwrap_or_else(|| counter.nothing()),
    });
    Ok(Counted { areas: areas.collect(), exceptions, more_exceptions })
}

/// When a record was made, milliseconds since 1970 UTC: its id begins with it (RFC 9562, UUIDv7).
/// Records that are named otherwise count as there from the beginning.
fn created(id: Uuid) -> u64 {
    let time = id.get_timestamp().map(|time| time.to_unix());
    time.map_or(0, |(seconds, nanos)| seconds * 1_000 + u64::from(nanos) / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_when_it_was_made() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        assert_eq!(created(id), 0x0189_0a5d_ac96);
        assert_eq!(created(Uuid::nil()), 0);
    }
}
