//! Records that stand as no record should: with a status that their register does not have, or
//! without the household they belong to.

use std::collections::BTreeSet;

use diesel::prelude::*;
use mobile_schema::register::Role;
use mobile_schema::{Catalogue, Field, FieldType};
use sync_protocol::RecordId;

use crate::db::AnyConnection;
use crate::db::schema::records;
use crate::db::types::Key;

/// Records that are read at once.
const AT_ONCE: i64 = 2_000;

/// A record that stands as it should not.
pub(crate) struct Stray {
    pub(crate) collection: String,
    pub(crate) record: RecordId,
    pub(crate) scope: String,
    pub(crate) why: Why,
}

/// What is wrong with it.
pub(crate) enum Why {
    /// Its register has no such status.
    Status(String),
    /// The household it belongs to is not said, or not there.
    NoHousehold,
}

/// All such records, by register.
pub(crate) fn strays(
    connection: &mut AnyConnection,
    catalogue: &Catalogue,
) -> QueryResult<Vec<Stray>> {
    let mut found = unheard_of_statuses(connection, catalogue)?;
    let collections: Vec<String> = records::table
        .filter(records::deleted.eq(false))
        .select(records::collection)
        .distinct()
        .load(connection)?;
    for collection in collections {
        let register = catalogue.current(&collection).map(|(_, register)| register);
        let subject = register.and_then(|register| register.field_with_role(Role::Subject));
        if subject.is_some_and(belongs_to_household) {
            without_household(connection, &collection, &mut found)?;
        }
    }
    Ok(found)
}

fn belongs_to_household(subject: &Field) -> bool {
    matches!(&subject.kind, FieldType::Reference { collection: Some(of) } if of == "household")
        && subject.required
}

fn unheard_of_statuses(
    connection: &mut AnyConnection,
    catalogue: &Catalogue,
) -> QueryResult<Vec<Stray>> {
    let used: Vec<(String, Option<String>)> = records::table
        .filter(records::deleted.eq(false).and(records::status.is_not_null()))
        .select((records::collection, records::status))
        .distinct()
        .load(connection)?;
    let mut found = Vec::new();
    for (collection, status) in used {
        let Some(status) = status else { continue };
        let register = catalogue.current(&collection).map(|(_, register)| register);
        let field = register.and_then(|register| register.field_with_role(Role::Status));
        if field.is_none_or(|field| field.offers(&status)) {
            continue;
        }
        let rows: Vec<(Key, String)> = records::table
            .filter(records::collection.eq(&collection).and(records::status.eq(&status)))
            .filter(records::deleted.eq(false))
            .order(records::id)
            .select((records::id, records::scope))
            .load(connection)?;
        found.extend(rows.into_iter().map(|(id, scope)| Stray {
            collection: collection.clone(),
            record: id.into(),
            scope,
            why: Why::Status(status.clone()),
        }));
    }
    Ok(found)
}

fn without_household(
    connection: &mut AnyConnection,
    collection: &str,
    found: &mut Vec<Stray>,
) -> QueryResult<()> {
    let mut after: Option<Key> = None;
    loop {
        let mut page = records::table
            .filter(records::collection.eq(collection).and(records::deleted.eq(false)))
            .order(records::id)
            .limit(AT_ONCE)
            .select((records::id, records::scope, records::subject))
            .into_boxed();
        if let Some(after) = after {
            page = page.filter(records::id.gt(after));
        }
        let rows: Vec<(Key, String, Option<Key>)> = page.load(connection)?;
        let Some((last, ..)) = rows.last() else { return Ok(()) };
        after = Some(*last);
        let named: Vec<Key> = rows.iter().filter_map(|(_, _, subject)| *subject).collect();
        let there: Vec<Key> = records::table
            .filter(records::id.eq_any(named).and(records::deleted.eq(false)))
            .filter(records::collection.eq("household"))
            .select(records::id)
            .load(connection)?;
        let there: BTreeSet<_> = there.into_iter().map(|key| key.0).collect();
        let alone = rows
            .into_iter()
            .filter(|(_, _, subject)| subject.is_none_or(|subject| !there.contains(&subject.0)));
        found.extend(alone.map(|(id, scope, _)| Stray {
            collection: collection.to_owned(),
            record: id.into(),
            scope,
            why: Why::NoHousehold,
        }));
    }
}
