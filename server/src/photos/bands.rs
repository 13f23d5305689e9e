//! Finding fingerprints that differ in a few bits without looking at all of them.
//!
//! The 64 bits are four bands of 16. Of two fingerprints that differ in at most seven bits, at
//! least one band differs in at most one: so 17 keys of each band are looked up, and what stands
//! there is compared. The cost is that of some hundred look-ups, and of the photos that share a
//! band: one in 65,536 where bits fall evenly.

use diesel::prelude::*;
use mobile_schema::Hash;

use super::fingerprint::Fingerprint;
use crate::db::schema::photo_bands;
use crate::db::{AnyConnection, insert_all};

const BANDS: i64 = 4;
const WIDTH: i64 = 16;

/// The keys that a fingerprint is found by.
pub(super) fn of(fingerprint: Fingerprint) -> [i64; 4] {
    let band = |number: i64| {
        let bits = (fingerprint.0 >> (number * WIDTH)) & 0xffff;
        number << WIDTH | bits.cast_signed()
    };
    [band(0), band(1), band(2), band(3)]
}

/// The keys under which fingerprints that differ in at most seven bits have at least one of theirs.
fn near(fingerprint: Fingerprint) -> impl Iterator<Item = i64> {
    of(fingerprint)
        .into_iter()
        .flat_map(|band| std::iter::once(band).chain((0..WIDTH).map(move |bit| band ^ 1 << bit)))
}

#[derive(Insertable)]
#[diesel(table_name = photo_bands)]
struct BandRow {
    band: i64,
    fingerprint: i64,
    hash: Vec<u8>,
}

/// Puts photos where [`find`] finds them.
pub fn index(connection: &mut AnyConnection, photos: &[(Hash, Fingerprint)]) -> QueryResult<()> {
    let rows: Vec<BandRow> = photos
        .iter()
        .flat_map(|(hash, fingerprint)| of(*fingerprint).map(|band| (hash, fingerprint, band)))
        .map(|(hash, fingerprint, band)| BandRow {
            band,
            fingerprint: fingerprint.0.cast_signed(),
            hash: hash.as_bytes().to_vec(),
        })
        .collect();
    insert_all!(connection, photo_bands::table, rows)
}

/// Forgets a photo.
pub(super) fn forget(connection: &mut AnyConnection, hash: &Hash) -> QueryResult<()> {
    let rows = photo_bands::table.filter(photo_bands::hash.eq(hash.as_bytes().to_vec()));
    diesel::delete(rows).execute(connection)?;
    Ok(())
}

/// The photos that differ from a photo, however it is turned, in at most `most` bits (seven at
/// most), and in how many.
pub fn find(
    connection: &mut AnyConnection,
    turns: &[Fingerprint; 4],
    most: u32,
) -> QueryResult<Vec<(Hash, u32)>> {
    debug_assert_eq!(BANDS, of(turns[0]).len() as i64);
    let mut keys: Vec<i64> = turns.iter().copied().flat_map(near).collect();
    keys.sort_unstable();
    keys.dedup();
    let candidates: Vec<(i64, Vec<u8>)> = photo_bands::table
        .filter(photo_bands::band.eq_any(keys))
        .select((photo_bands::fingerprint, photo_bands::hash))
        .load(connection)?;
    let near = |(fingerprint, hash): (i64, Vec<u8>)| {
        let there = Fingerprint(fingerprint.cast_unsigned());
        let bits = turns.iter().map(|turn| turn.distance(there)).min()?;
        Some((hash.try_into().map(Hash).ok()?, bits)).filter(|_| bits <= most)
    };
    let mut found: Vec<(Hash, u32)> = candidates.into_iter().filter_map(near).collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
            let keys: BTreeSet<i64> = near(one).collect();
            assert!(of(other).iter().any(|key| keys.contains(key)), "{one:?} {other:?}");
        }
    }
}
