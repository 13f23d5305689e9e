//! Finding fingerprints that differ in a few bits without looking at all of them.
//!
//! The 64 bits are four bands of 16. Of two fingerprints that differ in at most seven bits, at
//! least one band differs in at most one: so 17 places of each band are looked at, and what stands
//! there is compared. Where bits fall evenly, a place has one in 65,536 of all fingerprints.

use mobile_schema::rule::PhotoRules;

use super::fingerprint::Fingerprint;

/// Bits in which two may differ at most and still be found.
const MOST_BITS: u32 = PhotoRules::MOST_BITS;

const BANDS: usize = 4;
const WIDTH: usize = 16;
const PLACES: usize = 1 << WIDTH;
/// Fingerprints that may stay without a place; they are all compared.
const MOST_LOOSE: usize = 8_192;

/// Fingerprints by the order in which they came. Each takes 24 bytes.
#[derive(Default)]
pub(super) struct Near {
    all: Vec<Fingerprint>,
    bands: [Band; BANDS],
    /// So many have their places in the bands.
    placed: usize,
}

/// The fingerprints by 16 of their bits: those of a place are `at[starts[place]..starts[place+1]]`.
#[derive(Default)]
struct Band {
    starts: Vec<u32>,
    at: Vec<u32>,
}

fn place(of: Fingerprint, band: usize) -> usize {
    (of.0 >> (band * WIDTH)) as usize % PLACES
}

impl Near {
    /// Adds one, which is found, but has no place yet.
    pub(super) fn push(&mut self, one: Fingerprint) {
        self.all.push(one);
    }

    /// Gives places to those that have none, if they are many. Costs what there is, so it is done
    /// after many were added, and not for each.
    pub(super) fn settle(&mut self) {
        if self.is_unsettled() {
            for (number, band) in self.bands.iter_mut().enumerate() {
                *band = Band::of(&self.all, number);
            }
            self.placed = self.all.len();
        }
    }

    /// Whether there are many that have no place.
    pub(super) fn is_unsettled(&self) -> bool {
        self.all.len() - self.placed > MOST_LOOSE
    }

    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.all.reserve(more);
    }

    /// Tells `found` the number and the distance of those that differ from one in at most `most`
    /// bits (seven at most), some of them several times.
    pub(super) fn find(&self, one: Fingerprint, most: u32, mut found: impl FnMut(usize, u32)) {
        let most = most.min(MOST_BITS);
        let mut compare = |at: usize| {
            let bits = one.distance(self.all[at]);
            if bits <= most {
                found(at, bits);
            }
        };
        for (number, band) in self.bands.iter().enumerate().filter(|_| self.placed > 0) {
            let exact = place(one, number);
            let others = (0..WIDTH).map(|bit| exact ^ 1 << bit);
            for place in std::iter::once(exact).chain(others) {
                let (start, end) = (band.starts[place], band.starts[place + 1]);
                band.at[start as usize..end as usize].iter().for_each(|at| compare(*at as usize));
            }
        }
        (self.placed..self.all.len()).for_each(compare);
    }
}

impl Band {
    /// Sorts by counting: first how many each place has, then each into its place.
    fn of(all: &[Fingerprint], number: usize) -> Self {
        let mut starts = vec![0_u32; PLACES + 1];
        for one in all {
            starts[place(*one, number) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut at = vec![0; all.len()];
        for (slot, one) in all.iter().enumerate() {
            let place = place(*one, number);
            at[next[place] as usize] = u32::try_from(slot).expect("memory ends before that");
            next[place] += 1;
        }
        Self { starts, at }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    #[test]
    fn the_same_are_found_as_by_looking_at_all() {
        let mut random = StdRng::seed_from_u64(7);
        let mut near = Near::default();
        let mut all: Vec<Fingerprint> = Vec::new();
        // Some with places, some loose.
        for number in 0..MOST_LOOSE + 1_000 {
            let mut one = Fingerprint(random.random());
            if number % 3 == 1 {
                // Near the one before.
                one = differing(&mut random, all[number - 1], number % 9);
            }
            all.push(one);
            near.push(one);
            if number % 1_000 == 0 {
                near.settle();
            }
        }
        assert_eq!((near.placed, all.len()), (9_001, 9_192));
        let mut seen = BTreeSet::new();
        for number in (0..all.len()).step_by(7) {
            let asked = differing(&mut random, all[number], number % 9);
            for most in [0, 2, 6, MOST_BITS] {
                let by_looking = all.iter().enumerate().filter_map(|(at, one)| {
                    Some((at, one.distance(asked))).filter(|(_, bits)| *bits <= most)
                });
                let mut found = BTreeMap::new();
                near.find(asked, most, |at, bits| {
                    found.insert(at, bits);
                });
                assert_eq!(found, by_looking.collect());
                seen.extend(found.into_values());
            }
        }
        assert_eq!(seen, (0..=MOST_BITS).collect(), "every distance was met");
    }

    fn differing(random: &mut StdRng, from: Fingerprint, bits: usize) -> Fingerprint {
        let mut chosen = BTreeSet::new();
        while chosen.len() < bits {
            chosen.insert(random.random_range(0..64_u32));
        }
        Fingerprint(chosen.iter().fold(from.0, |all, bit| all ^ 1 << bit))
    }
}
