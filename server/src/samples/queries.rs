//! Samples in the database.

use std::collections::BTreeMap;

use diesel::prelude::*;
use mobile_schema::FieldId;
use serde::Serialize;
use serde_json::Value as Json;
use sync_protocol::{Record, RecordId, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::draw::Candidate;
use crate::areas::AreaPath;
use crate::db::schema::{areas, records, sample_items, sample_outcomes, samples, users};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{AnyConnection, STATEMENT_ROWS, insert_all};
use crate::limits::MAX_POPULATION;
use crate::records::household;

/// A sample.
#[derive(Serialize, ToSchema)]
pub(super) struct SampleView {
    pub(super) id: Uuid,
    area: String,
    area_name: String,
    collection: String,
    /// The field that records are grouped by; by village where there is none.
    group_field: Option<i64>,
    per_group: i64,
    /// Whoever has it draws the same again.
    seed: String,
    /// Records that it was drawn from.
    population: i64,
    /// The SHA-256 of their ids in order, in hexadecimal digits.
    digest: String,
    reason: String,
    drawn_by: String,
    #[schema(value_type = String)]
    drawn_at: Timestamp,
    /// How many were drawn.
    drawn: i64,
    /// Of how many something was noted.
    answered: i64,
}

/// A record that was drawn.
#[derive(Serialize, ToSchema)]
pub(super) struct SampleItem {
    pub(super) place: i64,
    record: Uuid,
    stratum: String,
    /// The line people recognise it by; nothing of one that is gone, or elsewhere by now.
    title: Option<String>,
    /// The household that it is about, by its title.
    household: Option<String>,
    /// The household's id.
    household_id: Option<Uuid>,
    /// The household's telephone number.
    phone: Option<String>,
    village: Option<String>,
    outcomes: Vec<OutcomeView>,
}

/// What a call came to.
#[derive(Serialize, ToSchema)]
pub(super) struct OutcomeView {
    outcome: String,
    words: String,
    noted_by: String,
    #[schema(value_type = String)]
    noted_at: Timestamp,
}

/// A sample that was drawn.
pub(super) struct NewSample<'a> {
    pub(super) area: &'a str,
    pub(super) collection: &'a str,
    pub(super) group_field: Option<FieldId>,
    pub(super) per_group: i64,
    pub(super) seed: &'a str,
    pub(super) population: usize,
    pub(super) digest: [u8; 32],
    pub(super) reason: &'a str,
    pub(super) by: UserId,
    pub(super) now: Timestamp,
}

/// The records that may be drawn, grouped by a field or by village; nothing if they are too many.
pub(super) fn population(
    connection: &mut AnyConnection,
    collection: &str,
    scopes: &[String],
    group_field: Option<FieldId>,
) -> QueryResult<Option<Vec<Candidate>>> {
    let mut found = Vec::new();
    // A village at a time: the values of all records at once would be too much to hold.
    for scope in scopes {
        let there = records::table
            .filter(records::collection.eq(collection).and(records::deleted.eq(false)))
            .filter(records::scope.eq(scope));
        let candidate = |id: Key, stratum| Candidate { id: id.0, scope: scope.clone(), stratum };
        match group_field {
            None => {
                let ids: Vec<Key> = there.select(records::id).load(connection)?;
                found.extend(ids.into_iter().map(|id| candidate(id, scope.clone())));
            }
            Some(field) => {
                let rows: Vec<(Key, JsonText)> =
                    there.select((records::id, records::fields)).load(connection)?;
                for (id, fields) in rows {
                    found.push(candidate(id, value_of(&fields, field)?));
                }
            }
        }
        if found.len() > MAX_POPULATION {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

/// A field's value in words: of several choices, which they are, whatever order they were made in.
fn value_of(fields: &JsonText, field: FieldId) -> QueryResult<String> {
    let mut fields: BTreeMap<FieldId, Json> = fields.read()?;
    Ok(match fields.remove(&field) {
        Some(Json::String(text)) => text,
        Some(Json::Null) | None => String::new(),
        Some(Json::Array(several)) => {
            let mut names: Vec<&str> = several.iter().filter_map(Json::as_str).collect();
            names.sort_unstable();
            names.join(" ")
        }
        Some(other) => other.to_string(),
    })
}

#[derive(Insertable)]
#[diesel(table_name = sample_items)]
struct ItemRow {
    sample: Key,
    place: i64,
    record: Key,
    scope: String,
    stratum: String,
}

/// Keeps a sample.
pub(super) fn add(
    connection: &mut AnyConnection,
    new: &NewSample<'_>,
    drawn: Vec<Candidate>,
) -> QueryResult<Uuid> {
    let id = Uuid::now_v7();
    diesel::insert_into(samples::table)
        .values((
            samples::id.eq(Key(id)),
            samples::area_code.eq(new.area),
            samples::collection.eq(new.collection),
            samples::group_field.eq(new.group_field.map(i64::from)),
            samples::per_group.eq(new.per_group),
            samples::seed.eq(new.seed),
            samples::population.eq(new.population as i64),
            samples::digest.eq(new.digest.to_vec()),
            samples::reason.eq(new.reason),
            samples::drawn_by.eq(Key::from(new.by)),
            samples::drawn_at.eq(new.now),
        ))
        .execute(connection)?;
    let row = |(place, one): (usize, Candidate)| ItemRow {
        sample: Key(id),
        place: place as i64,
        record: Key(one.id),
        scope: one.scope,
        stratum: one.stratum,
    };
    let rows: Vec<ItemRow> = drawn.into_iter().enumerate().map(row).collect();
    insert_all!(connection, sample_items::table, rows)?;
    Ok(id)
}

/// The samples of these areas, the newest first.
pub(super) fn list(
    connection: &mut AnyConnection,
    within: &[AreaPath],
    only: Option<Uuid>,
) -> QueryResult<Vec<SampleView>> {
    type Row = (
        (Key, String, String, String, String),
        (Option<i64>, i64, String, i64, Vec<u8>, String, String, Timestamp),
    );
    let mut query = samples::table
        .inner_join(areas::table.on(areas::code.eq(samples::area_code)))
        .inner_join(users::table.on(users::id.eq(samples::drawn_by)))
        .order(samples::id.desc())
        .limit(200)
        .select((
            (samples::id, samples::area_code, areas::name, areas::path, samples::collection),
            (
                samples::group_field,
                samples::per_group,
                samples::seed,
                samples::population,
                samples::digest,
                samples::reason,
                users::display_name,
                samples::drawn_at,
            ),
        ))
        .into_boxed();
    if let Some(only) = only {
        query = query.filter(samples::id.eq(Key(only)));
    }
    let rows: Vec<Row> = query.load(connection)?;
    let mut found = Vec::new();
    for ((id, area, area_name, path, collection), rest) in rows {
        if !within.iter().any(|one| AreaPath(path.clone()).is_in(one)) {
            continue;
        }
        let drawn: i64 = sample_items::table
            .filter(sample_items::sample.eq(id))
            .count()
            .get_result(connection)?;
        let answered: Vec<i64> = sample_outcomes::table
            .filter(sample_outcomes::sample.eq(id))
            .select(sample_outcomes::place)
            .distinct()
            .load(connection)?;
        let (group_field, per_group, seed, population, digest, reason, drawn_by, drawn_at) = rest;
        found.push(SampleView {
            id: id.0,
            area,
            area_name,
            collection,
            group_field,
            per_group,
            seed,
            population,
            digest: data_encoding::HEXLOWER.encode(&digest),
            reason,
            drawn_by,
            drawn_at,
            drawn,
            answered: answered.len() as i64,
        });
    }
    Ok(found)
}

/// What was drawn, with what calls came to. What is told of the records is of those in `scopes`: one
/// may have gone elsewhere since, and may name whatever household its tablet wrote.
pub(super) fn items(
    connection: &mut AnyConnection,
    sample: Uuid,
    scopes: &[String],
) -> QueryResult<Vec<SampleItem>> {
    type Row = (i64, Key, String, String, Option<String>, Option<Key>, Option<String>);
    let rows: Vec<Row> = sample_items::table
        .left_join(
            records::table.on(records::id.eq(sample_items::record).and(records::deleted.eq(false))),
        )
        .filter(sample_items::sample.eq(Key(sample)))
        .order(sample_items::place)
        .select((
            sample_items::place,
            sample_items::record,
            sample_items::scope,
            sample_items::stratum,
            records::title.nullable(),
            records::subject.nullable(),
            records::scope.nullable(),
        ))
        .load(connection)?;
    let noted: Vec<(i64, String, String, String, Timestamp)> = sample_outcomes::table
        .inner_join(users::table.on(users::id.eq(sample_outcomes::noted_by)))
        .filter(sample_outcomes::sample.eq(Key(sample)))
        .order(sample_outcomes::id)
        .select((
            sample_outcomes::place,
            sample_outcomes::outcome,
            sample_outcomes::words,
            users::display_name,
            sample_outcomes::noted_at,
        ))
        .load(connection)?;
    let mut outcomes: BTreeMap<i64, Vec<OutcomeView>> = BTreeMap::new();
    for (place, outcome, words, noted_by, noted_at) in noted {
        outcomes.entry(place).or_default().push(OutcomeView { outcome, words, noted_by, noted_at });
    }
    // A household is what was drawn, or what that belongs to.
    let about = |record: Key, subject: Option<Key>| subject.unwrap_or(record);
    let ids: Vec<RecordId> = rows.iter().map(|row| about(row.1, row.5).into()).collect();
    let households: BTreeMap<RecordId, Record> = crate::records::load(connection, &ids)?
        .into_iter()
        .filter(|record| record.collection == "household" && !record.deleted)
        .filter(|record| scopes.iter().any(|scope| scope == record.scope.as_str()))
        .map(|record| (record.id, record))
        .collect();
    let villages = crate::areas::names_of(connection, rows.iter().map(|row| row.2.as_str()))?;
    let item = |(place, record, scope, stratum, title, subject, now_in): Row| {
        let is_theirs = now_in.is_some_and(|scope| scopes.contains(&scope));
        let household = households.get(&RecordId::from(about(record, subject)));
        let text = |field| household.and_then(|one| one.fields.get(&field)?.as_text());
        SampleItem {
            place,
            record: record.0,
            household: subject.and_then(|_| text(household::HEAD_NAME)).map(str::to_owned),
            household_id: household.map(|one| one.id.0),
            phone: text(household::PHONE).map(str::to_owned),
            title: title.filter(|_| is_theirs),
            village: villages.get(&scope).cloned(),
            stratum: villages.get(&stratum).cloned().unwrap_or(stratum),
            outcomes: outcomes.remove(&place).unwrap_or_default(),
        }
    };
    Ok(rows.into_iter().map(item).collect())
}

/// Notes what a call came to, if that was drawn.
pub(super) fn note(
    connection: &mut AnyConnection,
    (sample, place): (Uuid, i64),
    (outcome, words): (&str, &str),
    by: UserId,
    now: Timestamp,
) -> QueryResult<bool> {
    let drawn: i64 = sample_items::table
        .filter(sample_items::sample.eq(Key(sample)).and(sample_items::place.eq(place)))
        .count()
        .get_result(connection)?;
    if drawn == 0 {
        return Ok(false);
    }
    diesel::insert_into(sample_outcomes::table)
        .values((
            sample_outcomes::id.eq(Key(Uuid::now_v7())),
            sample_outcomes::sample.eq(Key(sample)),
            sample_outcomes::place.eq(place),
            sample_outcomes::outcome.eq(outcome),
            sample_outcomes::words.eq(words),
            sample_outcomes::noted_by.eq(Key::from(by)),
            sample_outcomes::noted_at.eq(now),
        ))
        .execute(connection)?;
    Ok(true)
}

/// What calls about these records came to, each with the record and when.
pub(crate) fn said_about(
    connection: &mut AnyConnection,
    about: &[Key],
) -> QueryResult<Vec<serde_json::Value>> {
    let mut said = Vec::new();
    for chunk in about.chunks(STATEMENT_ROWS) {
        let rows: Vec<(Key, String, String, Key, Timestamp)> = sample_items::table
            .inner_join(
                sample_outcomes::table.on(sample_outcomes::sample
                    .eq(sample_items::sample)
                    .and(sample_outcomes::place.eq(sample_items::place))),
            )
            .filter(sample_items::record.eq_any(chunk.to_vec()))
            .order(sample_outcomes::id)
            .select((
                sample_items::record,
                sample_outcomes::outcome,
                sample_outcomes::words,
                sample_outcomes::noted_by,
                sample_outcomes::noted_at,
            ))
            .load(connection)?;
        said.extend(rows.into_iter().map(|(record, outcome, words, by, at)| {
            serde_json::json!({
                "record": record.0, "outcome": outcome, "words": words, "noted_by": by.0,
                "noted_at": at,
            })
        }));
    }
    Ok(said)
}

/// Blanks what was said about a record that was erased.
pub(crate) fn forget_words(connection: &mut AnyConnection, record: Key) -> QueryResult<()> {
    let drawn: Vec<(Key, i64)> = sample_items::table
        .filter(sample_items::record.eq(record))
        .select((sample_items::sample, sample_items::place))
        .load(connection)?;
    for (sample, place) in drawn {
        let said = sample_outcomes::table
            .filter(sample_outcomes::sample.eq(sample).and(sample_outcomes::place.eq(place)));
        diesel::update(said).set(sample_outcomes::words.eq("")).execute(connection)?;
    }
    Ok(())
}
