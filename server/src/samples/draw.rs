//! Drawing: a record's lot is the SHA-256 of the seed and its id; of each group, those with the
//! smallest lots are drawn. It needs no generator of any language, and anybody can do it again.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A record that may be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) id: Uuid,
    pub(super) scope: String,
    /// What it is grouped by.
    pub(super) stratum: String,
}

fn lot(seed: &str, id: Uuid) -> [u8; 32] {
    Sha256::new().chain_update(seed).chain_update(id.as_bytes()).finalize().into()
}

/// The names of all candidates as one hash: whether two samples are of the same.
pub(super) fn digest(candidates: &[Candidate]) -> [u8; 32] {
    let mut ids: Vec<Uuid> = candidates.iter().map(|one| one.id).collect();
    ids.sort_unstable();
    let mut hash = Sha256::new();
    ids.iter().for_each(|id| hash.update(id.as_bytes()));
    hash.finalize().into()
}

/// Draws up to `per_group` of each group, by group and then by lot.
pub(super) fn draw(candidates: Vec<Candidate>, per_group: usize, seed: &str) -> Vec<Candidate> {
    let mut groups: BTreeMap<String, Vec<([u8; 32], Candidate)>> = BTreeMap::new();
    for one in candidates {
        groups.entry(one.stratum.clone()).or_default().push((lot(seed, one.id), one));
    }
    groups
        .into_values()
        .flat_map(|mut group| {
            group.sort_unstable_by_key(|(lot, one)| (*lot, one.id));
            group.truncate(per_group);
            group.into_iter().map(|(_, one)| one)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates() -> Vec<Candidate> {
        let one = |id: u128| Candidate {
            id: Uuid::from_u128(id),
            scope: "area:1".to_owned(),
            stratum: format!("school {}", id % 3),
        };
        (0..300).map(one).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_whatever_the_order() {
        let drawn = draw(candidates(), 5, "s");
        assert_eq!(drawn.len(), 15);
        let backwards: Vec<Candidate> = candidates().into_iter().rev().collect();
        assert_eq!(draw(backwards.clone(), 5, "s"), drawn);
        assert_ne!(draw(candidates(), 5, "t"), drawn);
        assert_eq!(digest(&backwards), digest(&candidates()));
    }

    #[test]
    fn a_larger_sample_holds_the_smaller_one_and_a_small_group_is_whole() {
        let (five, ten) = (draw(candidates(), 5, "s"), draw(candidates(), 10, "s"));
        assert!(five.iter().all(|one| ten.contains(one)));
        assert_eq!(draw(candidates(), 1_000, "s").len(), 300);
    }

    #[test]
    fn every_record_has_the_same_chance() {
        let mut times = [0_u32; 30];
        for seed in 0..600 {
            let few: Vec<Candidate> = candidates().into_iter().take(30).collect();
            let few = few.into_iter().map(|one| Candidate { stratum: "one".into(), ..one });
            for one in draw(few.collect(), 5, &seed.to_string()) {
                times[one.id.as_u128() as usize] += 1;
            }
        }
        // 100 each on average; five standard deviations are 46.
        assert!(times.iter().all(|times| (54..=146).contains(times)), "{times:?}");
    }
}
