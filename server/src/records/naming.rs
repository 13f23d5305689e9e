//! Which records name a photo or document.

use std::collections::BTreeSet;

use diesel::prelude::*;
use mobile_schema::Hash;
use sync_protocol::RecordId;

use crate::db::schema::{blob_references, records};
use crate::db::types::Key;
use crate::db::{AnyConnection, STATEMENT_ROWS};

/// The records of some registers that name one of these blobs, with the blob, in their order;
/// deleted ones do not count.
///
/// The references are asked first and the records by their ids alone: asked in one, with the
/// register, SQLite walks all visits there are.
pub(crate) fn naming(
    connection: &mut AnyConnection,
    hashes: &[Hash],
    collections: &[&str],
) -> QueryResult<Vec<(Hash, RecordId)>> {
    let mut named: BTreeSet<(Hash, RecordId)> = BTreeSet::new();
    for chunk in hashes.chunks(STATEMENT_ROWS) {
        let keys: Vec<Vec<u8>> = chunk.iter().map(|hash| hash.as_bytes().to_vec()).collect();
        let rows: Vec<(Vec<u8>, Key)> = blob_references::table
            .filter(blob_references::hash.eq_any(keys))
            .select((blob_references::hash, blob_references::record))
            .load(connection)?;
        named.extend(
            rows.into_iter().filter_map(|(hash, record)| {
                Some((hash.try_into().map(Hash).ok()?, record.into()))
            }),
        );
    }
    let ids: BTreeSet<Key> = named.iter().map(|(_, record)| Key::from(*record)).collect();
    let ids: Vec<Key> = ids.into_iter().collect();
    let mut wanted: BTreeSet<RecordId> = BTreeSet::new();
    for chunk in ids.chunks(STATEMENT_ROWS) {
        let rows: Vec<(Key, String, bool)> = records::table
            .filter(records::id.eq_any(chunk.to_vec()))
            .select((records::id, records::collection, records::deleted))
            .load(connection)?;
        let counts = |(_, collection, deleted): &(Key, String, bool)| {
            !deleted && collections.contains(&collection.as_str())
        };
        wanted.extend(rows.into_iter().filter(counts).map(|(id, ..)| RecordId::from(id)));
    }
    named.retain(|(_, record)| wanted.contains(record));
    Ok(named.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::plans_of;

    #[test]
    fn sqlite_finds_the_records_that_name_a_photo_without_walking_the_visits() {
        let hash = Hash::of(b"photo");
        let names = format!(
            "INSERT INTO blob_references VALUES (x'{hash}', x'0190a1b2c3d4e5f60718293a4b5c6d7e')"
        );
        let plans = plans_of(&names, |connection| {
            naming(connection, &[hash], &["visit", "notice"]).map(drop)
        });
        assert!(plans.iter().any(|(statement, _)| statement.contains("`records`")), "{plans:?}");
        for (statement, steps) in &plans {
            let by_name = |step: &String| step.ends_with("(hash=?)") || step.ends_with("(id=?)");
            assert!(steps.iter().all(by_name), "{statement}: {steps:?}");
        }
    }
}
