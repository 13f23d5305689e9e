//! Finding fingerprints that differ in a few bits without looking at all of them.
//!
//! The 64 bits are four bands of 16. Of two fingerprints that differ in at most seven bits, at
//! least one band differs in at most one: so 17 keys of each band are looked up, and what stands
//! there is compared. Fingerprints of what is left of a cropped photo stand apart, for they are
//! looked for upright only. The cost is that of some hundred look-ups, and of the photos that share a
//! band: one in 65,536 where bits fall evenly.

use std::collections::BTreeSet;

use diesel::prelude::*;
use mobile_schema::Hash;

use super::fingerprint::{Fingerprint, Looks};
use crate::db::schema::photo_bands;
use crate::db::{AnyConnection, insert_all};

const WIDTH: i64 = 16;

/// What a fingerprint that is stored is of. Of a part, only what is upright is looked for.
#[derive(Clone, Copy)]
enum Of {
    Whole = 0,
    Part = 1,
}

/// The keys that a fingerprint is found by.
fn keys(fingerprint: Fingerprint, of: Of) -> [i64; 4] {
    [0, 1, 2, 3].map(|number: i64| {
        let bits = (fingerprint.0 >> (number * WIDTH)) & 0xffff;
        (of as i64) << (WIDTH + 2) | number << WIDTH | bits.cast_signed()
    })
}

/// The keys under which fingerprints that differ in at most seven bits have at least one of theirs.
fn near(fingerprint: Fingerprint, of: Of) -> impl Iterator<Item = i64> {
    keys(fingerprint, of)
        .into_iter()
        .flat_map(|key| std::iter::once(key).chain((0..WIDTH).map(move |bit| key ^ 1 << bit)))
}

#[derive(Insertable)]
#[diesel(table_name = photo_bands)]
struct BandRow {
    band: i64,
    fingerprint: i64,
    hash: Vec<u8>,
}

/// Puts photos where [`find`] finds them.
pub fn index(connection: &mut AnyConnection, photos: &[(Hash, Looks)]) -> QueryResult<()> {
    let keys: BTreeSet<(i64, i64, &Hash)> = photos
        .iter()
        .flat_map(|(hash, looks)| {
            let parts = looks.cropped.map(|part| (part, Of::Part));
            let all = std::iter::once((looks.turned[0], Of::Whole)).chain(parts);
            all.flat_map(move |(one, of)| {
                keys(one, of).map(|band| (band, one.0.cast_signed(), hash))
            })
        })
        .collect();
    let row = |(band, fingerprint, hash): (i64, i64, &Hash)| BandRow {
        band,
        fingerprint,
        hash: hash.as_bytes().to_vec(),
    };
    let rows: Vec<BandRow> = keys.into_iter().map(row).collect();
    insert_all!(connection, photo_bands::table, rows)
}

/// Forgets a photo.
pub(super) fn forget(connection: &mut AnyConnection, hash: &Hash) -> QueryResult<()> {
    let rows = photo_bands::table.filter(photo_bands::hash.eq(hash.as_bytes().to_vec()));
    diesel::delete(rows).execute(connection)?;
    Ok(())
}

/// The photos that differ from a photo, however it is turned or cropped, in at most `most` bits
/// (seven at most), and in how many.
pub fn find(
    connection: &mut AnyConnection,
    looks: &Looks,
    most: u32,
) -> QueryResult<Vec<(Hash, u32)>> {
    let whole = looks.turned.iter().flat_map(|turn| near(*turn, Of::Whole));
    let mut keys: Vec<i64> = whole.chain(near(looks.turned[0], Of::Part)).collect();
    keys.sort_unstable();
    keys.dedup();
    let candidates: Vec<(i64, Vec<u8>)> = photo_bands::table
        .filter(photo_bands::band.eq_any(keys))
        .select((photo_bands::fingerprint, photo_bands::hash))
        .load(connection)?;
    let near = |(fingerprint, hash): (i64, Vec<u8>)| {
        let there = Fingerprint(fingerprint.cast_unsigned());
        let bits = looks.turned.iter().map(|one| one.distance(there)).min()?;
        Some((hash.try_into().map(Hash).ok()?, bits)).filter(|_| bits <= most)
    };
    let mut found: Vec<(Hash, u32)> = candidates.into_iter().filter_map(near).collect();
    // Of each photo, the nearest.
    found.sort_unstable();
    found.dedup_by_key(|(hash, _)| *hash);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    #[test]
    fn whatever_differs_in_seven_bits_shares_a_key() {
        let mut random = StdRng::seed_from_u64(7);
        for _ in 0..10_000 {
            let one = Fingerprint(random.random());
            let mut bits = BTreeSet::new();
            while bits.len() < 7 {
                bits.insert(random.random_range(0..64_u32));
            }
            let other = Fingerprint(bits.iter().fold(one.0, |all, bit| all ^ 1 << bit));
            assert_eq!(one.distance(other), 7);
            let near: BTreeSet<i64> = near(one, Of::Whole).collect();
            assert!(
                keys(other, Of::Whole).iter().any(|key| near.contains(key)),
                "{one:?} {other:?}"
            );
        }
    }
}
