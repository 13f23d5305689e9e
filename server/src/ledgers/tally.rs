//! Counting a ledger over the records there are, a village at a time.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use mobile_schema::ledger::{Counter, LedgerDefinition, Seen, Tally};
use mobile_schema::{FieldId, RegisterDefinition};
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::areas::{self, Area};
use crate::db::schema::records;
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{AnyConnection, STATEMENT_ROWS};
use crate::http::period::Period;
use crate::limits::MAX_EXCEPTIONS;
use crate::records::titles;

/// Whoever is missing in an indicator: a household, or a record that belongs to none.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Exception {
    /// The indicator, from 0.
    pub(super) indicator: usize,
    /// The first of its records that are missing.
    record: Uuid,
    /// How many of its records are missing.
    pub(super) records: i64,
    /// The household, where the records belong to one.
    household: Option<Uuid>,
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

/// Counts over the villages among `areas`, which are in the order of the tree. Of households outside
/// `scopes`, nothing is told.
pub(super) fn count(
    connection: &mut AnyConnection,
    definition: &LedgerDefinition,
    register: &RegisterDefinition,
    (areas, scopes): (&[Area], &[String]),
    period: Period,
) -> QueryResult<Counted> {
    let counter = Counter::new(definition, register, (period.from, period.until));
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let (mut exceptions, mut more_exceptions) = (Vec::new(), false);
    for village in areas.iter().filter(|area| area.level == "village") {
        let mut tally = counter.nothing();
        type Row = (Key, Timestamp, JsonText, Option<String>, Option<Key>);
        let rows: Vec<Row> = records::table
            .filter(records::collection.eq(&definition.register))
            .filter(records::scope.eq(areas::scope_of(village)))
            .filter(records::deleted.eq(false))
            .order(records::id)
            .select((
                records::id,
                records::created_at,
                records::fields,
                records::title,
                records::subject,
            ))
            .load(connection)?;
        let mut missing: Vec<Missing> = Vec::new();
        // By indicator and household: where it stands among those that are missing.
        let mut places: HashMap<(usize, Key), usize> = HashMap::new();
        for (id, created, fields, title, subject) in rows {
            let fields: BTreeMap<FieldId, Json> = fields.read()?;
            let created = u64::try_from(created.milliseconds()).unwrap_or_default();
            for indicator in counter.count(&Seen { fields: &fields, created }, &mut tally) {
                let place =
                    *places.entry((indicator, subject.unwrap_or(id))).or_insert_with(|| {
                        let title = title.clone();
                        missing.push(Missing { indicator, record: id, title, subject, records: 0 });
                        missing.len() - 1
                    });
                missing[place].records += 1;
            }
        }
        let room = MAX_EXCEPTIONS - exceptions.len();
        more_exceptions |= missing.len() > room;
        missing.truncate(room);
        let subjects = missing.iter().filter_map(|one| one.subject);
        let subjects: Vec<Uuid> = subjects.map(|key| key.0).collect();
        let mut named: BTreeMap<Uuid, String> = BTreeMap::new();
        for some in subjects.chunks(STATEMENT_ROWS) {
            named.extend(titles(connection, some, scopes)?);
        }
        exceptions.extend(missing.into_iter().map(|one| {
            Exception {
                indicator: one.indicator,
                record: one.record.0,
                records: one.records,
                household: one.subject.map(|key| key.0),
                title: one
                    .subject
                    .and_then(|id| named.get(&id.0).cloned())
                    .or(one.title)
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

/// Records of a household that are missing in an indicator.
struct Missing {
    indicator: usize,
    record: Key,
    title: Option<String>,
    subject: Option<Key>,
    records: i64,
}
