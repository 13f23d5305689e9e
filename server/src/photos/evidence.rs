//! The photos of a visit, and what is doubtful about them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use mobile_schema::rule::PhotoRules;
use mobile_schema::{Hash, Value};
use sync_protocol::finding::Finding;
use sync_protocol::{Record, RecordId, ScopeId};

use super::doubts::{Around, Match, doubts};
use super::similar::Similar;
use super::store;
use crate::areas;
use crate::db::AnyConnection;
use crate::records::{self, visit};

/// The field of the built-in register `household` that says where it lives.
const HOME: u32 = 6;

/// Most photos that one is compared with, and most visits that name them; the oldest count.
const MOST_MATCHES: usize = 100;
const MOST_VISITS: usize = 1_000;

/// What a look through the photos of a visit came to.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// What is doubtful.
    pub(crate) findings: Vec<Finding>,
    /// Later visits with the same photos or such like them, which are to be checked anew.
    pub(crate) later: Vec<RecordId>,
}

/// Looks through the photos of a visit.
pub(crate) fn of_visit(
    connection: &mut AnyConnection,
    similar: &Similar,
    visit: &Record,
    rules: &PhotoRules,
    judged_by: Hash,
) -> QueryResult<Evidence> {
    // Of a photo that its author has not sent, nothing is told.
    let hashes = store::named(connection, visit.id, photos_of(visit))?;
    if visit.deleted || hashes.is_empty() {
        return Ok(Evidence::default());
    }
    let known = store::load(connection, &hashes)?;
    let around = around(connection, visit)?;
    let mut counties = Counties::default();
    let county = counties.of(connection, &visit.scope)?;
    let mut evidence = Evidence::default();
    let mut later = BTreeSet::new();
    for hash in hashes {
        // One that was not looked at yet will bring the visit here again.
        let Some((seen, looks)) = known.get(&hash) else { continue };
        let most = rules.similar_bits.max(rules.similar_bits_same_household);
        let mut near = match looks {
            Some(looks) => similar.find(connection, looks, most)?,
            None => Vec::new(),
        };
        near.retain(|(other, _)| *other != hash);
        near.truncate(MOST_MATCHES);
        let bits: BTreeMap<Hash, Option<u32>> = near
            .into_iter()
            .map(|(other, bits)| (other, Some(bits)))
            .chain([(hash, None)])
            .collect();
        let all: Vec<Hash> = bits.keys().copied().collect();
        let named = records::naming(connection, &all, &["visit"])?;
        let ids: BTreeSet<RecordId> = named.iter().map(|(_, visit)| *visit).collect();
        let ids = ids.into_iter().filter(|id| *id != visit.id);
        let ids: Vec<RecordId> = ids.take(MOST_VISITS).collect();
        let others: BTreeMap<RecordId, Record> = records::load(connection, &ids)?
            .into_iter()
            .map(|record| (record.id, record))
            .collect();
        let mut matches = Vec::new();
        for (other_hash, id) in named {
            let Some(other) = others.get(&id) else { continue };
            // It may have been named once and not any more.
            if !photos_of(other).contains(&other_hash)
                || counties.of(connection, &other.scope)? != county
            {
                continue;
            }
            if (when(other), other.id) > (when(visit), visit.id) {
                later.insert(id);
                continue;
            }
            const DAY: i64 = 86_400_000_000;
            matches.push(Match {
                bits: bits.get(&other_hash).copied().flatten(),
                same_household: household_of(other) == household_of(visit),
                days: (when(visit) - when(other)) / DAY,
            });
        }
        let found = doubts(seen, &matches, &around, rules);
        evidence.findings.extend(found.into_iter().map(|doubt| Finding {
            subject: visit.id,
            rule: doubt.rule.to_owned(),
            place: hash.to_string(),
            severity: "doubt",
            message: doubt.message,
            evidence: doubt.evidence,
            judged_by,
            explainable: true,
        }));
    }
    evidence.later = later.into_iter().collect();
    Ok(evidence)
}

/// The photos a visit names.
pub(crate) fn photos_of(visit: &Record) -> Vec<Hash> {
    let photos = visit.fields.get(&visit::PHOTOS).and_then(Value::as_list).unwrap_or_default();
    photos.iter().filter_map(|photo| photo.as_text()?.parse().ok()).collect()
}

pub(super) fn household_of(visit: &Record) -> Option<&str> {
    visit.fields.get(&visit::HOUSEHOLD).and_then(Value::as_text)
}

fn moment(visit: &Record, field: u32) -> Option<i64> {
    visit.fields.get(&field).and_then(Value::as_integer)
}

/// When a visit was, as far as it says.
pub(super) fn when(visit: &Record) -> i64 {
    moment(visit, visit::ENDED_AT).or(moment(visit, visit::STARTED_AT)).unwrap_or(0)
}

fn place(record: &Record, field: u32) -> Option<((i64, i64), f64)> {
    let place = record.fields.get(&field)?;
    let part = |name| place.get(name).and_then(Value::as_integer);
    let open = part("accuracy").unwrap_or(0).clamp(0, 10_000);
    Some(((part("lat")?, part("lon")?), open as f64))
}

pub(super) fn around(connection: &mut AnyConnection, visit: &Record) -> QueryResult<Around> {
    let id: Option<RecordId> = household_of(visit).and_then(|id| id.parse().ok());
    let household = records::load(connection, &id.into_iter().collect::<Vec<_>>())?.pop();
    let home = household.as_ref().and_then(|household| place(household, HOME));
    Ok(Around {
        began: moment(visit, visit::STARTED_AT),
        ended: moment(visit, visit::ENDED_AT),
        place: home.or_else(|| place(visit, visit::PLACE)),
    })
}

/// The roots of the areas that scopes lie in: photos of other counties are not compared with.
#[derive(Default)]
struct Counties(BTreeMap<ScopeId, Option<String>>);

impl Counties {
    fn of(
        &mut self,
        connection: &mut AnyConnection,
        scope: &ScopeId,
    ) -> QueryResult<Option<String>> {
        if let Some(known) = self.0.get(scope) {
            return Ok(known.clone());
        }
        let codes: Vec<String> = scope.area_code().map(str::to_owned).into_iter().collect();
        let path = areas::paths_of(connection, &codes)?.pop();
        let county = path.and_then(|path| path.codes().next());
        self.0.insert(scope.clone(), county.clone());
        Ok(county)
    }
}
