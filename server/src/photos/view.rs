//! The photos of a visit as a reviewer sees them: what each file says, how far from the household,
//! and which others are like it.

use std::collections::BTreeMap;

use diesel::QueryResult;
use mobile_schema::Hash;
use mobile_schema::rule::PhotoRules;
use serde::Serialize;
use sync_protocol::{Record, RecordId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::evidence::{around, household_of, photos_of, when};
use super::facts::Facts;
use super::place::Place;
use super::similar::Similar;
use super::store;
use crate::db::AnyConnection;
use crate::records;

/// Photos like one that are shown beside it.
const MOST_ALIKE: usize = 12;

/// A photo of a visit.
#[derive(Serialize, ToSchema)]
pub(crate) struct PhotoView {
    #[schema(value_type = String)]
    pub(crate) hash: Hash,
    /// Whether its bytes have arrived and were looked at.
    looked_at: bool,
    /// Why there is no copy to look at, where there is none.
    unreadable: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    /// When it was taken by the camera's clock, microseconds since 1970 as if that were UTC.
    taken_at: Option<i64>,
    /// The camera, as the file has it.
    camera: Option<String>,
    /// What wrote the file.
    software: Option<String>,
    /// Metres from the household, or from where the visit was; no place is told.
    metres: Option<i64>,
    /// How sure the place is, metres.
    accuracy: Option<i64>,
    /// Other photos that are the same or look nearly so.
    pub(crate) alike: Vec<Alike>,
}

/// A photo of another visit that is the same, or looks nearly so.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alike {
    #[schema(value_type = String)]
    hash: Hash,
    pub(crate) visit: Uuid,
    /// The scope that visit is in.
    #[serde(skip)]
    pub(crate) scope: String,
    /// That visit's household, to be named by whoever may see it.
    #[serde(skip)]
    pub(crate) of: Option<RecordId>,
    /// The household's title.
    pub(crate) household: Option<String>,
    /// The village's name.
    pub(crate) village: Option<String>,
    /// Bits of 64 in which they differ; none where it is the same file.
    bits: Option<u32>,
    same_household: bool,
    /// Days before this visit; after it where negative.
    days: i64,
}

/// The photos of a visit, in its order.
pub(crate) fn views(
    connection: &mut AnyConnection,
    similar: &Similar,
    visit: &Record,
) -> QueryResult<Vec<PhotoView>> {
    let hashes = photos_of(visit);
    let mut known = store::load(connection, &hashes)?;
    let around = around(connection, visit)?;
    let mut views = Vec::new();
    for hash in hashes {
        let found = known.remove(&hash);
        let looks = found.as_ref().and_then(|(_, looks)| *looks);
        let mut near: BTreeMap<Hash, Option<u32>> = BTreeMap::new();
        if let Some(looks) = looks {
            let all = similar.find(connection, &looks, PhotoRules::MOST_BITS)?;
            near.extend(all.into_iter().map(|(other, bits)| (other, Some(bits))));
        }
        near.insert(hash, None);
        let alike = alike(connection, visit, &near)?;
        let seen = found.map(|(seen, _)| seen);
        let facts = seen.as_ref().map_or_else(Facts::default, |seen| seen.facts.clone());
        let camera: Vec<&str> =
            [&facts.make, &facts.model].into_iter().flatten().map(String::as_str).collect();
        let metres = facts.place.zip(around.place).map(|(taken, (home, _))| {
            Place::of(taken).least_metres_to(Place::of(home)).round() as i64
        });
        views.push(PhotoView {
            hash,
            looked_at: seen.is_some(),
            unreadable: seen.as_ref().and_then(|seen| seen.unreadable).map(|why| why.to_string()),
            width: seen.as_ref().and_then(|seen| seen.size).map(|size| size.0),
            height: seen.as_ref().and_then(|seen| seen.size).map(|size| size.1),
            taken_at: facts.taken_at,
            camera: (!camera.is_empty()).then(|| camera.join(" ")),
            software: facts.software.clone(),
            metres,
            accuracy: facts.accuracy.map(|metres| metres.round() as i64),
            alike,
        });
    }
    Ok(views)
}

/// The other visits with one of these photos, the nearest in looks and then in time first.
fn alike(
    connection: &mut AnyConnection,
    visit: &Record,
    near: &BTreeMap<Hash, Option<u32>>,
) -> QueryResult<Vec<Alike>> {
    let all: Vec<Hash> = near.keys().copied().collect();
    let named = records::naming(connection, &all, &["visit"])?;
    let ids: Vec<RecordId> = named.iter().map(|(_, id)| *id).filter(|id| *id != visit.id).collect();
    let others: BTreeMap<RecordId, Record> =
        records::load(connection, &ids)?.into_iter().map(|record| (record.id, record)).collect();
    const DAY: i64 = 86_400_000_000;
    let one = |(hash, id): (Hash, RecordId)| {
        let other = others.get(&id).filter(|other| photos_of(other).contains(&hash))?;
        Some(Alike {
            hash,
            visit: id.0,
            scope: other.scope.to_string(),
            of: household_of(other).and_then(|id| id.parse().ok()),
            household: None,
            village: None,
            bits: near.get(&hash).copied().flatten(),
            same_household: household_of(other) == household_of(visit),
            days: (when(visit) - when(other)) / DAY,
        })
    };
    let mut found: Vec<Alike> = named.into_iter().filter_map(one).collect();
    found.sort_by_key(|one| (one.bits, one.same_household, one.days.abs()));
    found.truncate(MOST_ALIKE);
    Ok(found)
}
