//! Open findings of a kind, with whom they are about.

use std::collections::HashMap;

use diesel::prelude::*;
use serde::Serialize;
use serde_json::Value as Json;
use sync_protocol::RecordId;
use sync_protocol::finding::{COLLECTION, field};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::areas;
use crate::db::schema::records;
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, MultiBackend};
use crate::records::{behind, titles, views};

/// A finding that is open.
#[derive(Serialize, ToSchema)]
pub(super) struct OpenFinding {
    pub(super) id: Uuid,
    /// The rule.
    rule: String,
    /// What is wrong, in words by language.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    message: Json,
    /// What it is about: the register and the record.
    about: Option<String>,
    subject: Option<Uuid>,
    /// The line people recognise the record by.
    title: Option<String>,
    /// The household it belongs to, and its line.
    household: Option<Uuid>,
    household_title: Option<String>,
    village: Option<String>,
    /// Since when it is known.
    #[schema(value_type = String)]
    since: Timestamp,
}

/// A page of the open findings in these scopes, the newest first; of one rule where it is named.
pub(super) fn open(
    connection: &mut AnyConnection,
    scopes: &[String],
    rule: Option<&str>,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<OpenFinding>> {
    let mut query = records::table
        .filter(records::collection.eq(COLLECTION).and(records::status.eq("open")))
        .filter(records::deleted.eq(false))
        // Joined with nothing, the column has no index: the one by age is walked.
        .filter(records::scope.concat("").eq_any(scopes.to_vec()))
        .order((records::created_at.desc(), records::id.desc()))
        .limit(limit)
        .select(records::id)
        .into_boxed::<MultiBackend>();
    if let Some(rule) = rule {
        query = query.filter(records::title.eq(rule.to_owned()));
    }
    if let Some(after) = after {
        let Some(rest) = behind(connection, query, after)? else { return Ok(Vec::new()) };
        query = rest;
    }
    let found: Vec<Key> = query.load(connection)?;
    let ids: Vec<RecordId> = found.into_iter().map(RecordId::from).collect();
    let findings = views(connection, &ids, scopes)?;
    let subjects: Vec<Key> = findings.iter().filter_map(|one| one.subject).map(Key).collect();
    type About = (Key, String, Option<Key>, Option<String>, String);
    let about: Vec<About> = records::table
        .filter(records::id.eq_any(subjects))
        .select((
            records::id,
            records::collection,
            records::subject,
            records::title,
            records::scope,
        ))
        .load(connection)?;
    // A finding may name a record of an area that is not theirs.
    let theirs = about.into_iter().filter(|one| scopes.contains(&one.4));
    let about: HashMap<Key, About> = theirs.map(|one| (one.0, one)).collect();
    let household = |subject: Uuid| {
        let (id, collection, of, ..) = about.get(&Key(subject))?;
        if collection == "household" { Some(id.0) } else { of.map(|key| key.0) }
    };
    let households: Vec<Uuid> = findings.iter().filter_map(|one| household(one.subject?)).collect();
    let names = titles(connection, &households, scopes)?;
    let villages = areas::names_of(connection, findings.iter().map(|one| one.scope.as_str()))?;
    let line = |one: crate::records::RecordView| {
        let known = one.subject.and_then(|id| about.get(&Key(id)));
        let household = one.subject.and_then(household);
        OpenFinding {
            id: one.id,
            rule: one.title.clone().unwrap_or_default(),
            message: one.value(field::MESSAGE).unwrap_or_default(),
            about: known.map(|one| one.1.clone()),
            subject: one.subject,
            title: known.and_then(|one| one.3.clone()),
            household,
            household_title: household.and_then(|id| names.get(&id).cloned()),
            village: villages.get(&one.scope).cloned(),
            since: one.created_at,
        }
    };
    Ok(findings.into_iter().map(line).collect())
}
