//! Whether everything that is sealed can be opened.

use std::collections::BTreeMap;

use diesel::prelude::*;
use mobile_schema::FieldId;
use serde_json::Value as Json;
use sync_protocol::RecordId;
use sync_protocol::record::Writer;
use uuid::Uuid;

use super::values::{open_body, open_marks, opened};
use crate::db::schema::{ops, records};
use crate::db::types::{JsonText, Key};
use crate::db::{Database, Failed};

/// Rows that are read at once.
const PAGE: i64 = 1_000;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Records that were looked at.
    pub records: usize,
    /// Operations that were looked at.
    pub operations: usize,
    /// What can't be opened, each with where it is.
    pub damaged: Vec<String>,
}

/// Opens every sealed value and every operation there is, a page at a time. An erased operation is
/// none that is damaged.
///
/// # Errors
/// Where the database can't be read.
pub async fn check(database: &Database) -> Result<Checked, Failed> {
    let mut checked = Checked::default();
    let mut after = Uuid::nil();
    loop {
        let rows = database
            .read(move |connection| -> Result<Vec<RecordRow>, Failed> {
                Ok(records::table
                    .filter(records::id.gt(Key(after)))
                    .order(records::id)
                    .limit(PAGE)
                    .select((records::id, records::collection, records::fields, records::marks))
                    .load(connection)?)
            })
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.0.0;
        checked.records += rows.len();
        checked.damaged.extend(rows.iter().flat_map(damaged_in));
    }
    let mut after = (Key(Uuid::nil()), -1);
    loop {
        let rows = database
            .read(move |connection| -> Result<Vec<(Key, i64, Vec<u8>)>, Failed> {
                let (incarnation, seq) = after;
                let later = ops::incarnation.eq(incarnation).and(ops::seq.gt(seq));
                Ok(ops::table
                    .filter(ops::incarnation.gt(incarnation).or(later))
                    .order((ops::incarnation, ops::seq))
                    .limit(PAGE)
                    .select((ops::incarnation, ops::seq, ops::body))
                    .load(connection)?)
            })
            .await?;
        let Some(last) = rows.last() else { break };
        after = (last.0, last.1);
        checked.operations += rows.len();
        for (incarnation, seq, body) in rows {
            let place = Writer { incarnation: incarnation.into(), seq: seq as u64 };
            if let Err(error) = open_body(place, body) {
                checked.damaged.push(error.to_string());
            }
        }
    }
    Ok(checked)
}

type RecordRow = (Key, String, JsonText, JsonText);

fn damaged_in((id, collection, fields, marks): &RecordRow) -> Vec<String> {
    let record = RecordId::from(*id);
    let mut damaged = Vec::new();
    match fields.read::<BTreeMap<FieldId, Json>>() {
        Ok(values) => {
            let is_damaged =
                |(field, value): &(&FieldId, &Json)| match opened(record, **field, value) {
                    None => false,
                    // It could not be opened once, and the record was written since.
                    Some(Ok(plain)) => opened(record, **field, &plain).is_some(),
                    Some(Err(_)) => true,
                };
            let fields = values.iter().filter(is_damaged);
            damaged.extend(fields.map(|(field, _)| {
                format!("field {field} of record {record} ({collection}) can't be opened")
            }));
        }
        Err(error) => damaged.push(format!("record {record} ({collection}): {error}")),
    }
    if let Err(error) = open_marks(record, marks) {
        damaged.push(format!("record {record} ({collection}): {error}"));
    }
    damaged
}
