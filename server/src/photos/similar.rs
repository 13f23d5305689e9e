//! Finding the photos that look like one: an index in memory that follows the database.
//!
//! Each photo that was looked at gets the next ordinal, given under a lock that is held until the
//! transaction ends: whoever sees an ordinal sees all before it. So an index is up to date once it
//! has read what comes after its last one, whichever replica wrote it. A photo that was forgotten
//! stays in the index, and is found nowhere: hashes are the database's.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use diesel::prelude::*;
use mobile_schema::Hash;

use super::fingerprint::{Fingerprint, Looks};
use super::near::Near;
use crate::db::schema::{photo_looks, photo_looks_head};
use crate::db::{AnyConnection, RowLocked, STATEMENT_ROWS, insert_all};

/// Photos that are read at once.
const AT_ONCE: i64 = 20_000;
/// Most photos that are found; the nearest are.
const MOST_FOUND: usize = 1_000;

/// A replica's index of how photos look. Clones are the same index.
#[derive(Clone, Default)]
pub struct Similar(Arc<RwLock<Index>>);

#[derive(Default)]
struct Index {
    /// The ordinals of the photos, ascending.
    ordinals: Vec<i64>,
    whole: Near,
    /// Two of each photo: what is left of it when it is cropped.
    parts: Near,
}

impl Index {
    fn last(&self) -> i64 {
        self.ordinals.last().copied().unwrap_or(0)
    }

    /// Whether so many have no place that all of them should be given one.
    fn is_unsettled(&self) -> bool {
        self.whole.is_unsettled() || self.parts.is_unsettled()
    }

    /// The ordinals of the nearest photos, and in how many bits they differ.
    fn nearest(&self, looks: &Looks, most: u32) -> BTreeMap<i64, u32> {
        let mut nearest: BTreeMap<i64, u32> = BTreeMap::new();
        let mut found = |number: usize, bits: u32| {
            let known = nearest.entry(self.ordinals[number]).or_insert(bits);
            *known = bits.min(*known);
        };
        for turn in looks.turned {
            self.whole.find(turn, most, &mut found);
        }
        // Of what is left of a cropped photo, only what is upright is looked for.
        self.parts.find(looks.turned[0], most, |part, bits| found(part / 2, bits));
        if nearest.len() > MOST_FOUND {
            let mut all: Vec<(u32, i64)> =
                nearest.into_iter().map(|(ordinal, bits)| (bits, ordinal)).collect();
            all.sort_unstable();
            all.truncate(MOST_FOUND);
            nearest = all.into_iter().map(|(bits, ordinal)| (ordinal, bits)).collect();
        }
        nearest
    }
}

impl Similar {
    fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what was looked at since. The first time that is everything, about 80 bytes a photo.
    pub fn catch_up(&self, connection: &mut AnyConnection) -> QueryResult<()> {
        loop {
            let last = self.index().last();
            let rows: Vec<(i64, i64, i64, i64)> = photo_looks::table
                .filter(photo_looks::ordinal.gt(last))
                .order(photo_looks::ordinal)
                .limit(AT_ONCE)
                .select((
                    photo_looks::ordinal,
                    photo_looks::whole,
                    photo_looks::part_1,
                    photo_looks::part_2,
                ))
                .load(connection)?;
            // Where nothing came, there is nothing to lock.
            if rows.is_empty() && !self.index().is_unsettled() {
                return Ok(());
            }
            let is_all = rows.len() < AT_ONCE as usize;
            let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
            index.ordinals.reserve(rows.len());
            index.whole.reserve(rows.len());
            index.parts.reserve(2 * rows.len());
            for (ordinal, whole, part_1, part_2) in rows {
                // Another thread may have been here meanwhile.
                if ordinal > index.last() {
                    index.ordinals.push(ordinal);
                    index.whole.push(Fingerprint(whole.cast_unsigned()));
                    index.parts.push(Fingerprint(part_1.cast_unsigned()));
                    index.parts.push(Fingerprint(part_2.cast_unsigned()));
                }
            }
            if is_all {
                index.whole.settle();
                index.parts.settle();
                return Ok(());
            }
        }
    }

    /// The photos that differ from a photo, however it is turned or cropped, in at most `most` bits
    /// (seven at most), and in how many; the nearest first. Not to be asked by a transaction that
    /// added photos itself.
    pub fn find(
        &self,
        connection: &mut AnyConnection,
        looks: &Looks,
        most: u32,
    ) -> QueryResult<Vec<(Hash, u32)>> {
        self.catch_up(connection)?;
        let nearest = self.index().nearest(looks, most);
        let ordinals: Vec<i64> = nearest.keys().copied().collect();
        let mut found = Vec::new();
        for chunk in ordinals.chunks(STATEMENT_ROWS) {
            let rows: Vec<(i64, Vec<u8>)> = photo_looks::table
                .filter(photo_looks::ordinal.eq_any(chunk))
                .select((photo_looks::ordinal, photo_looks::hash))
                .load(connection)?;
            found.extend(rows.into_iter().filter_map(|(ordinal, hash)| {
                Some((hash.try_into().map(Hash).ok()?, *nearest.get(&ordinal)?))
            }));
        }
        found.sort_unstable_by_key(|(hash, bits)| (*bits, *hash));
        Ok(found)
    }
}

/// Begins the ordinals of a new database.
pub(crate) fn prepare(connection: &mut AnyConnection) -> QueryResult<()> {
    let begun: i64 = photo_looks_head::table.count().get_result(connection)?;
    if begun == 0 {
        let last: Option<i64> =
            photo_looks::table.select(diesel::dsl::max(photo_looks::ordinal)).first(connection)?;
        diesel::insert_into(photo_looks_head::table)
            .values((photo_looks_head::id.eq(1), photo_looks_head::ordinal.eq(last.unwrap_or(0))))
            .execute(connection)?;
    }
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = photo_looks)]
struct Row {
    ordinal: i64,
    hash: Vec<u8>,
    whole: i64,
    part_1: i64,
    part_2: i64,
}

/// Puts photos where [`Similar::find`] finds them once the transaction is committed. Others that
/// do so wait until then.
pub fn index(connection: &mut AnyConnection, photos: &[(Hash, Looks)]) -> QueryResult<()> {
    let head = photo_looks_head::table.find(1_i64);
    let last: i64 = RowLocked(head.select(photo_looks_head::ordinal)).get_result(connection)?;
    let row = |(ordinal, (hash, looks)): (i64, &(Hash, Looks))| Row {
        ordinal,
        hash: hash.as_bytes().to_vec(),
        whole: looks.turned[0].0.cast_signed(),
        part_1: looks.cropped[0].0.cast_signed(),
        part_2: looks.cropped[1].0.cast_signed(),
    };
    let rows: Vec<Row> = (last + 1..).zip(photos).map(row).collect();
    let last = rows.last().map_or(last, |row| row.ordinal);
    insert_all!(connection, photo_looks::table, rows)?;
    diesel::update(head).set(photo_looks_head::ordinal.eq(last)).execute(connection)?;
    Ok(())
}

/// Forgets a photo.
pub(super) fn forget(connection: &mut AnyConnection, hash: &Hash) -> QueryResult<()> {
    let rows = photo_looks::table.filter(photo_looks::hash.eq(hash.as_bytes().to_vec()));
    diesel::delete(rows).execute(connection)?;
    Ok(())
}
