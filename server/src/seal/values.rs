//! Sealed values as they stand in rows.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use diesel::prelude::*;
use mobile_schema::{FieldId, FieldType, RegisterDefinition, Value};
use serde_json::Value as Json;
use sync_protocol::op::Fields;
use sync_protocol::record::{Marks, Writer};
use sync_protocol::{Record, RecordId, UserId};

use super::{Damaged, Unsealable, keys, open};
use crate::db::AnyConnection;
use crate::db::schema::{records, sealed_values};
use crate::db::types::{JsonText, Key};
use crate::db::{STATEMENT_ROWS, insert_all};

/// What a sealed value in JSON begins with. A text that a person wrote so is sealed, too, whatever
/// its field: what begins so was sealed by us.
const SEALED: &str = "sealed:1:";
/// The same, as it stands in JSON.
const IN_JSON: &str = "\"sealed:1:";
/// What sealed bytes begin with; JSON and CBOR of operations begin otherwise.
const BYTES: &[u8] = b"\0sealed1";

fn field_place(record: RecordId, field: FieldId) -> Vec<u8> {
    [b"field".as_slice(), record.0.as_bytes(), &field.to_be_bytes()].concat()
}

fn marks_place(record: RecordId) -> Vec<u8> {
    [b"marks".as_slice(), record.0.as_bytes()].concat()
}

fn text(sealed: &[u8]) -> String {
    format!("{SEALED}{}", BASE64.encode(sealed))
}

fn bytes(text: &str) -> Result<Vec<u8>, Unsealable> {
    let sealed = text.strip_prefix(SEALED).ok_or(Unsealable)?;
    BASE64.decode(sealed.as_bytes()).map_err(|_| Unsealable)
}

/// What has to be the same bytes whenever it is written is sealed with the key of its first day.
fn key_for(record: &Record, definition: Option<&RegisterDefinition>) -> super::Key {
    let unchanging = definition.is_some_and(|definition| definition.insert_only);
    keys::current(unchanging.then_some(record.marks.created.at.wall))
}

/// A record's values as they are stored.
pub(crate) fn fields(record: &Record, definition: Option<&RegisterDefinition>) -> JsonText {
    let is_sealed = |id: &FieldId, value: &Value| {
        let by_definition = || {
            let field = definition.and_then(|definition| definition.field(*id));
            field.is_none_or(|field| field.is_sealed())
        };
        let looks_so = value.as_text().is_some_and(|text| text.starts_with(SEALED));
        !value.is_null() && (looks_so || by_definition())
    };
    if !record.fields.iter().any(|(id, value)| is_sealed(id, value)) {
        return JsonText::of(&record.fields);
    }
    let key = key_for(record, definition);
    let stored = record.fields.iter().map(|(id, value)| {
        if !is_sealed(id, value) {
            return (*id, value.clone());
        }
        let plain = serde_json::to_vec(value).expect("values are JSON");
        (*id, Value::from(text(&key.seal(&field_place(record.id, *id), &plain))))
    });
    JsonText::of(&stored.collect::<Fields>())
}

/// A value as it was, if it is sealed.
pub(super) fn opened(
    record: RecordId,
    field: FieldId,
    value: &Json,
) -> Option<Result<Json, Unsealable>> {
    let sealed = value.as_str().filter(|text| text.starts_with(SEALED))?;
    let open = || {
        let plain = open(&field_place(record, field), &bytes(sealed)?)?;
        serde_json::from_slice(&plain).map_err(|_| Unsealable)
    };
    Some(open())
}

/// The values of a record as they were before they were stored. One that can't be opened stays as
/// it stands: it must not keep a village from syncing, and what is left of it is not thrown away.
pub(crate) fn open_fields(record: RecordId, stored: JsonText) -> QueryResult<JsonText> {
    if !stored.0.contains(IN_JSON) {
        return Ok(stored);
    }
    let mut values: BTreeMap<FieldId, Json> = stored.read()?;
    for (id, value) in &mut values {
        match opened(record, *id, value) {
            None => {}
            Some(Ok(plain)) => *value = plain,
            Some(Err(Unsealable)) => {
                metrics::counter!("sealed_values_damaged_total").increment(1);
                tracing::error!(%record, field = id, "a sealed value can't be opened");
            }
        }
    }
    Ok(JsonText::of(&values))
}

/// Who wrote what, as it is stored: the elements of a set are values, too.
pub(crate) fn marks(record: &Record, definition: Option<&RegisterDefinition>) -> JsonText {
    let stored = JsonText::of(&record.marks);
    let is_sealed = |id: &FieldId| {
        let field = definition.and_then(|definition| definition.field(*id));
        field.is_none_or(|field| field.is_sealed())
    };
    if !record.marks.elements.keys().any(is_sealed) {
        return stored;
    }
    let sealed = keys::current(None).seal(&marks_place(record.id), stored.0.as_bytes());
    JsonText::of(&text(&sealed))
}

/// Who wrote what, as it was before it was stored.
pub(crate) fn open_marks(record: RecordId, stored: &JsonText) -> QueryResult<Marks> {
    if !stored.0.starts_with(IN_JSON) {
        return stored.read();
    }
    let sealed: String = stored.read()?;
    let plain = bytes(&sealed).and_then(|sealed| open(&marks_place(record), &sealed));
    let plain = plain.map_err(|_| Damaged(format!("who wrote what of record {record}")))?;
    serde_json::from_slice(&plain)
        .map_err(|error| diesel::result::Error::DeserializationError(error.into()))
}

fn secret_place(user: UserId) -> Vec<u8> {
    [b"second factor".as_slice(), user.0.as_bytes()].concat()
}

/// The secret that a person's one-time codes are made of, as it is stored.
pub(crate) fn secret(user: UserId, plain: &[u8]) -> Vec<u8> {
    keys::current(None).seal(&secret_place(user), plain)
}

/// The same as it was.
pub(crate) fn open_secret(user: UserId, sealed: &[u8]) -> QueryResult<Vec<u8>> {
    let opened = open(&secret_place(user), sealed);
    Ok(opened.map_err(|_| Damaged(format!("the second factor of person {user}")))?)
}

/// What a seed makes keys for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeedOf {
    /// Access tokens.
    Tokens,
    /// Countersigned notifications.
    Notices,
}

fn seed_place(of: SeedOf, id: &str) -> Vec<u8> {
    let what = match of {
        SeedOf::Tokens => "seed of tokens ",
        SeedOf::Notices => "seed of notices ",
    };
    [what.as_bytes(), id.as_bytes()].concat()
}

/// The seed of a signing key, as it is stored: who has the database or its backup signs nothing.
pub(crate) fn seed(of: SeedOf, id: &str, plain: &[u8; 32]) -> Vec<u8> {
    [BYTES, &keys::current(None).seal(&seed_place(of, id), plain)].concat()
}

/// The seed as it was; in the clear, if it was stored before seeds were sealed.
///
/// # Errors
/// Where the keys that this process has don't open it.
pub fn open_seed(of: SeedOf, id: &str, stored: &[u8]) -> QueryResult<[u8; 32]> {
    let damaged = || Damaged(format!("the signing key {id}"));
    let plain = match stored.strip_prefix(BYTES) {
        Some(sealed) => open(&seed_place(of, id), sealed).map_err(|_| damaged())?,
        None => stored.to_vec(),
    };
    Ok(plain.try_into().map_err(|_| damaged())?)
}

/// What a seed that stands in the clear is to be stored as.
pub(crate) fn sealed_seed(of: SeedOf, id: &str, stored: &[u8]) -> Option<Vec<u8>> {
    let plain: [u8; 32] = stored.try_into().ok()?;
    Some(seed(of, id, &plain))
}

fn body_place(place: Writer) -> Vec<u8> {
    [b"op".as_slice(), place.incarnation.0.as_bytes(), &place.seq.to_be_bytes()].concat()
}

/// An operation that was pushed, as it is stored.
pub(crate) fn body(place: Writer, plain: &[u8]) -> Vec<u8> {
    [BYTES, &keys::current(None).seal(&body_place(place), plain)].concat()
}

/// An operation as it was pushed; nothing of one that was erased.
///
/// # Errors
/// Where it can't be opened.
pub fn open_body(place: Writer, stored: Vec<u8>) -> QueryResult<Vec<u8>> {
    match stored.strip_prefix(BYTES) {
        Some(sealed) => open(&body_place(place), sealed).map_err(|_| {
            let Writer { incarnation, seq } = place;
            Damaged(format!("operation {seq} of chain {incarnation}")).into()
        }),
        None => Ok(stored),
    }
}

/// What a record is found by: `register.field`, and the keyed hash of the value.
pub(crate) type Term = (String, Vec<u8>);

/// The sealed values of a record that may be searched for.
pub(crate) fn search_terms(record: &Record, definition: &RegisterDefinition) -> Vec<Term> {
    let mut terms = Vec::new();
    for (id, value) in &record.fields {
        let field = definition.field(*id).filter(|field| field.is_sealed());
        let Some((field, value)) = field.zip(value.as_text()) else { continue };
        if matches!(field.kind, FieldType::CitizenId | FieldType::Phone | FieldType::Text { .. }) {
            let name = format!("{}.{}", definition.name, field.name);
            let value = plain(value);
            if !value.is_empty() && value.chars().count() <= 100 {
                terms.push((name.clone(), keys::search_hash(&name, &value)));
            }
            if field.kind == FieldType::CitizenId && value.len() > 4 && value.is_ascii() {
                let last = format!("{name}:4");
                terms.push((last.clone(), keys::search_hash(&last, &value[value.len() - 4..])));
            }
        }
    }
    terms
}

/// A value as it is searched for: without spaces, in capitals.
fn plain(value: &str) -> String {
    value.chars().filter(|one| !one.is_whitespace()).collect::<String>().to_uppercase()
}

/// Keeps by which values these records are found.
pub(crate) fn index(
    connection: &mut AnyConnection,
    records: &[(RecordId, Vec<Term>)],
) -> QueryResult<()> {
    #[derive(Insertable)]
    #[diesel(table_name = sealed_values)]
    struct Row {
        field: String,
        hash: Vec<u8>,
        record: Key,
    }
    let keys: Vec<Key> = records.iter().map(|(record, _)| Key::from(*record)).collect();
    for chunk in keys.chunks(STATEMENT_ROWS) {
        diesel::delete(sealed_values::table.filter(sealed_values::record.eq_any(chunk.to_vec())))
            .execute(connection)?;
    }
    let rows = records.iter().flat_map(|(record, terms)| {
        let row = |(field, hash): &Term| Row {
            field: field.clone(),
            hash: hash.clone(),
            record: Key::from(*record),
        };
        terms.iter().map(row)
    });
    let rows: Vec<Row> = rows.collect();
    insert_all!(connection, sealed_values::table, rows)?;
    Ok(())
}

/// What a value in a field `register.field` is found by.
pub(crate) fn search_key(field: &str, value: &str) -> Vec<u8> {
    keys::search_hash(field, &plain(value))
}

/// The live records of a scope that have a value in a field `register.field`, by what it is found
/// by.
pub(crate) fn found_by(
    connection: &mut AnyConnection,
    field: &str,
    scope: &str,
) -> QueryResult<Vec<(Vec<u8>, RecordId)>> {
    let found: Vec<(Vec<u8>, Key)> = sealed_values::table
        .inner_join(records::table.on(records::id.eq(sealed_values::record)))
        .filter(sealed_values::field.eq(field).and(records::scope.eq(scope)))
        .filter(records::deleted.eq(false))
        .select((sealed_values::hash, sealed_values::record))
        .load(connection)?;
    Ok(found.into_iter().map(|(key, record)| (key, record.into())).collect())
}

/// The records that have a value in a field `register.field`; of a citizen ID number, the last four
/// characters are enough.
pub(crate) fn find(
    connection: &mut AnyConnection,
    field: &str,
    value: &str,
    limit: i64,
) -> QueryResult<Vec<RecordId>> {
    let value = plain(value);
    let name = if value.len() == 4 { format!("{field}:4") } else { field.to_owned() };
    let ids: Vec<Key> = sealed_values::table
        .filter(sealed_values::field.eq(&name))
        .filter(sealed_values::hash.eq(keys::search_hash(&name, &value)))
        .order(sealed_values::record)
        .limit(limit)
        .select(sealed_values::record)
        .load(connection)?;
    Ok(ids.into_iter().map(RecordId::from).collect())
}
