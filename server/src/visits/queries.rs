//! Visits with what belongs to them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use serde::Serialize;
use serde_json::Value as Json;
use sync_protocol::RecordId;
use utoipa::ToSchema;
use uuid::Uuid;

use super::filter::Mark;
use crate::areas;
use crate::db::AnyConnection;
use crate::db::schema::{history, ops, records, users};
use crate::db::types::{Key, Timestamp};
use crate::photos::{self, PhotoView, Similar};
use crate::records::visit::ANSWERS;
use crate::records::{RecordView, open_rules, titles, view_of, views};
use crate::review::{self, Claim, Pass};

/// Earlier visits that are shown beside one.
const EARLIER: usize = 5;
/// Records whose titles are told beside answers.
const MAX_NAMED: usize = 500;

/// A visit on a list.
#[derive(Serialize, ToSchema)]
pub(super) struct VisitLine {
    pub(super) visit: RecordView,
    /// The household's title.
    household: Option<String>,
    /// The village's name.
    village: Option<String>,
    /// The rules of the open findings about it.
    open: Vec<String>,
}

/// Visits by their ids, in the ids' order.
pub(super) fn lines(
    connection: &mut AnyConnection,
    ids: &[Uuid],
    scopes: &[String],
) -> QueryResult<Vec<VisitLine>> {
    let wanted: Vec<RecordId> = ids.iter().copied().map(RecordId).collect();
    let mut found: BTreeMap<Uuid, RecordView> =
        views(connection, &wanted, scopes)?.into_iter().map(|one| (one.id, one)).collect();
    let households: Vec<Uuid> = found.values().filter_map(|one| one.subject).collect();
    let households = titles(connection, &households, scopes)?;
    let villages = areas::names_of(connection, found.values().map(|one| one.scope.as_str()))?;
    let mut open = open_rules(connection, ids)?;
    let line = |id: &Uuid| {
        let visit = found.remove(id)?;
        Some(VisitLine {
            household: visit.subject.and_then(|id| households.get(&id).cloned()),
            village: villages.get(&visit.scope).cloned(),
            open: open.remove(id).unwrap_or_default(),
            visit,
        })
    };
    Ok(ids.iter().filter_map(line).collect())
}

/// Who made each of these visits, and when it arrived.
pub(crate) fn makers(
    connection: &mut AnyConnection,
    ids: &[Uuid],
) -> QueryResult<BTreeMap<Uuid, (String, Timestamp)>> {
    let made: Vec<(Key, String, Timestamp)> = history::table
        .inner_join(
            ops::table.on(ops::incarnation.eq(history::incarnation).and(ops::seq.eq(history::seq))),
        )
        .inner_join(users::table.on(users::id.eq(ops::pushed_by)))
        .filter(history::record.eq_any(ids.iter().copied().map(Key)))
        .order((ops::received_at.desc(), history::n.desc()))
        .select((history::record, users::display_name, ops::received_at))
        .load(connection)?;
    // The first of each is the last that is put down.
    Ok(made.into_iter().map(|(id, by, at)| (id.0, (by, at))).collect())
}

/// The ids in answers: of one choice, or of several with spaces between.
pub(crate) fn ids_in(answers: &Json, found: &mut BTreeSet<Uuid>) {
    match answers {
        Json::String(text) => {
            found.extend(text.split(' ').filter_map(|word| Uuid::try_parse(word).ok()));
        }
        Json::Array(items) => items.iter().for_each(|one| ids_in(one, found)),
        Json::Object(fields) => fields.values().for_each(|one| ids_in(one, found)),
        _ => {}
    }
}

/// How many visits there are.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Counts {
    /// By where they stand.
    by_status: BTreeMap<String, i64>,
    flagged: i64,
    invalid: i64,
    unanswered: i64,
    commented: i64,
}

/// How many visits there are in these scopes. What is open is counted from the findings, of which
/// there are few, and not from the visits.
pub(super) fn counts(connection: &mut AnyConnection, scopes: &[String]) -> QueryResult<Counts> {
    let by_status: Vec<(Option<String>, i64)> = records::table
        .filter(records::collection.eq("visit").and(records::deleted.eq(false)))
        .filter(records::scope.eq_any(scopes))
        .group_by(records::status)
        .select((records::status, diesel::dsl::count_star()))
        .load(connection)?;
    let by_status = by_status.into_iter().map(|(status, n)| (status.unwrap_or_default(), n));
    diesel::alias!(records as visits: Visits);
    let open: Vec<(Option<Key>, Option<String>)> = records::table
        .inner_join(visits.on(visits.field(records::id).nullable().eq(records::subject)))
        .filter(records::collection.eq("finding").and(records::status.eq("open")))
        .filter(records::deleted.eq(false).and(records::scope.eq_any(scopes)))
        .filter(visits.field(records::collection).eq("visit"))
        .filter(visits.field(records::deleted).eq(false))
        .select((records::subject, records::title))
        .load(connection)?;
    let mut marked: Vec<(Mark, Option<Key>)> = open
        .into_iter()
        .map(|(visit, rule)| (Mark::of(&rule.unwrap_or_default()), visit))
        .collect();
    marked.sort_unstable();
    marked.dedup();
    let [flagged, invalid, unanswered, commented] =
        Mark::ALL.map(|mark| marked.iter().filter(|(one, _)| *one == mark).count() as i64);
    Ok(Counts { by_status: by_status.collect(), flagged, invalid, unanswered, commented })
}

/// A visit with everything that a reviewer looks at.
#[derive(Serialize, ToSchema)]
pub(super) struct VisitFile {
    pub(super) visit: RecordView,
    pub(super) household: Option<RecordView>,
    village: Option<String>,
    /// Who made it.
    made_by: Option<String>,
    #[schema(value_type = Option<String>)]
    arrived_at: Option<Timestamp>,
    /// Whatever was found, open or not.
    pub(super) findings: Vec<RecordView>,
    photos: Vec<PhotoView>,
    /// Earlier visits of the household, the newest first.
    pub(super) earlier: Vec<RecordView>,
    /// The titles of records that the answers name by id.
    #[schema(value_type = BTreeMap<String, String>)]
    pub(super) names: BTreeMap<Uuid, String>,
    /// Who is looking at it.
    pub(super) claim: Option<Claim>,
    /// Who has passed it already, where two must.
    passes: Vec<Pass>,
}

/// The visits of a household that were received before this one, the newest first.
fn earlier(
    connection: &mut AnyConnection,
    household: Uuid,
    visit: Uuid,
) -> QueryResult<Vec<RecordId>> {
    // Asked for an order, SQLite would walk the visits of all households.
    let mut all: Vec<(Timestamp, Key)> = records::table
        .filter(records::subject.eq(Key(household)).and(records::collection.eq("visit")))
        .filter(records::deleted.eq(false))
        .select((records::created_at, records::id))
        .load(connection)?;
    all.sort_unstable();
    let before = all.iter().take_while(|(_, id)| id.0 != visit).count();
    let newest = all[..before].iter().rev().take(EARLIER);
    Ok(newest.map(|(_, id)| RecordId::from(*id)).collect())
}

/// A visit in these scopes.
pub(super) fn file(
    connection: &mut AnyConnection,
    similar: &Similar,
    id: Uuid,
    scopes: &[String],
    now: Timestamp,
) -> QueryResult<Option<VisitFile>> {
    let Some(record) = crate::records::load(connection, &[RecordId(id)])?.pop() else {
        return Ok(None);
    };
    let is_theirs = scopes.iter().any(|scope| scope == record.scope.as_str());
    if record.collection != "visit" || record.deleted || !is_theirs {
        return Ok(None);
    }
    let Some(visit) = view_of(connection, id)? else { return Ok(None) };
    let household = match visit.subject {
        Some(household) => view_of(connection, household)?,
        None => None,
    };
    let household = household.filter(|one| scopes.contains(&one.scope));
    let subject = |of: Uuid, collection: &'static str| {
        records::table
            .filter(records::subject.eq(Key(of)).and(records::collection.eq(collection)))
            .filter(records::deleted.eq(false))
            .select(records::id)
    };
    let found: Vec<Key> = subject(id, "finding").order(records::id).load(connection)?;
    let found: Vec<RecordId> = found.into_iter().map(RecordId::from).collect();
    let earlier = match visit.subject {
        Some(household) => earlier(connection, household, id)?,
        None => Vec::new(),
    };
    let mut photos = photos::views(connection, similar, &record)?;
    for photo in &mut photos {
        photo.alike.retain(|other| scopes.contains(&other.scope));
    }
    let others = || photos.iter().flat_map(|photo| &photo.alike);
    let households: Vec<Uuid> = others().filter_map(|one| one.of).map(|id| id.0).collect();
    let households = titles(connection, &households, scopes)?;
    let villages = areas::names_of(connection, others().map(|one| one.scope.as_str()))?;
    for other in photos.iter_mut().flat_map(|photo| &mut photo.alike) {
        other.household = other.of.and_then(|id| households.get(&id.0).cloned());
        other.village = villages.get(&other.scope).cloned();
    }
    let made = makers(connection, &[id])?.remove(&id);
    let (made_by, arrived_at) = made.unzip();
    let village = areas::names_of(connection, std::iter::once(visit.scope.as_str()))?;
    let earlier = views(connection, &earlier, scopes)?;
    let mut named = BTreeSet::new();
    for answers in earlier.iter().chain([&visit]).filter_map(|one| one.value(ANSWERS)) {
        ids_in(&answers, &mut named);
    }
    let named: Vec<Uuid> = named.into_iter().take(MAX_NAMED).collect();
    let names = titles(connection, &named, scopes)?;
    Ok(Some(VisitFile {
        village: village.into_values().next(),
        household,
        made_by,
        arrived_at,
        findings: views(connection, &found, scopes)?,
        photos,
        earlier,
        names,
        claim: review::claim_on(connection, id, now)?,
        passes: review::passes_of(connection, RecordId(id))?,
        visit,
    }))
}
