//! Chains: one for each incarnation of a device, each operation at its place, once.

use std::collections::BTreeMap;

use mobile_schema::Hash;

use crate::message::Inheritance;
use crate::mutant::{self, Mutant};
use crate::{Epoch, Lineage, Outcome};

/// What the server has of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The chain is there and goes on at this number.
    Known(u64),
    /// It is new. It goes on another one of the same device, which ends before this number.
    Inherits(u64),
    /// It is new, inherits nothing that is known, and says that it begins at this number.
    New(u64),
}

/// Why nothing of a push was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The chain goes on differently from this number on: a clone has been here.
    Fork(u64),
    /// The chain ends at this number, before what was pushed.
    Gap(u64),
    /// The tablet knew another life of this database. Where the chain stands says nothing of what
    /// is in it: a clone may have filled it since. So the tablet pushes all that it retains.
    Reset,
}

impl Admission {
    /// What a new chain has of the one it inherits, of which the server knows what comes before
    /// `parent_next`.
    pub fn inherit(inheritance: Inheritance, parent_next: u64) -> Self {
        Self::Inherits(inheritance.before.min(parent_next))
    }
}

/// The number at which the chain stands, if a push from `first_seq` may be taken in.
pub fn admit(
    lineage: &Lineage,
    epoch: Option<Epoch>,
    chain: Admission,
    first_seq: u64,
) -> Result<u64, Refusal> {
    let strange = epoch.is_some_and(|epoch| epoch != lineage.current());
    if strange && !mutant::is_on(Mutant::EpochUnchecked) {
        return Err(Refusal::Reset);
    }
    let (Admission::Known(next) | Admission::Inherits(next) | Admission::New(next)) = chain;
    if first_seq > next && !mutant::is_on(Mutant::GapAccepted) {
        return Err(Refusal::Gap(next));
    }
    Ok(next)
}

/// Compares what is pushed from `first_seq` on with what is `stored` before `next`: the stored
/// outcome of each, or none for what is new.
pub fn compare(
    first_seq: u64,
    next: u64,
    keys: &[Hash],
    stored: &BTreeMap<u64, (Hash, Outcome)>,
) -> Result<Vec<Option<Outcome>>, Refusal> {
    let outcome_at = |(seq, key): (u64, &Hash)| match stored.get(&seq) {
        _ if seq >= next => Ok(None),
        Some((known, outcome)) if known == key || mutant::is_on(Mutant::ForkUnnoticed) => {
            Ok(Some(outcome.clone()))
        }
        _ => Err(Refusal::Fork(seq)),
    };
    (first_seq..).zip(keys).map(outcome_at).collect()
}

/// For each operation of a request, an earlier one of the same request that has the same key.
pub fn repeats(keys: &[Hash]) -> Vec<Option<usize>> {
    let mut first = BTreeMap::new();
    let earlier = |(place, key)| {
        let found = *first.entry(key).or_insert(place);
        (found != place).then_some(found)
    };
    keys.iter().enumerate().map(|(place, key)| (place, *key)).map(earlier).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::RejectReason;

    const NOW: Epoch = Epoch(2);

    fn lineage() -> Lineage {
        Lineage::new([Epoch(1)], NOW)
    }

    fn outcome() -> Outcome {
        Outcome::Rejected { reason: RejectReason::Value }
    }

    #[test]
    fn a_hole_is_a_gap_and_an_overlap_is_none() {
        let at = |first| admit(&lineage(), Some(NOW), Admission::Known(5), first);
        assert_eq!(at(6), Err(Refusal::Gap(5)));
        assert_eq!(at(5), Ok(5));
        assert_eq!(at(2), Ok(5));
    }

    #[test]
    fn a_new_chain_begins_where_it_says_and_another_epoch_nowhere() {
        assert_eq!(admit(&lineage(), Some(NOW), Admission::New(9), 9), Ok(9));
        assert_eq!(admit(&lineage(), Some(NOW), Admission::New(1), 9), Err(Refusal::Gap(1)));
        for chain in [Admission::Known(9), Admission::Inherits(9), Admission::New(9)] {
            assert_eq!(admit(&lineage(), Some(Epoch(1)), chain, 9), Err(Refusal::Reset));
        }
    }

    #[test]
    fn no_more_is_inherited_than_the_parent_has() {
        let inheritance =
            |before| Inheritance { incarnation: crate::IncarnationId(uuid::Uuid::nil()), before };
        assert_eq!(Admission::inherit(inheritance(8), 5), Admission::Inherits(5));
        assert_eq!(Admission::inherit(inheritance(3), 5), Admission::Inherits(3));
    }

    #[test]
    fn another_operation_at_a_place_that_is_taken_is_a_fork() {
        let (one, two) = (Hash::of(b"1"), Hash::of(b"2"));
        let stored = BTreeMap::from([(3, (one, outcome()))]);
        assert_eq!(compare(3, 4, &[one, two], &stored), Ok(vec![Some(outcome()), None]));
        assert_eq!(compare(3, 4, &[two], &stored), Err(Refusal::Fork(3)));
        assert_eq!(compare(2, 4, &[one], &stored), Err(Refusal::Fork(2)), "never seen here");
    }

    #[test]
    fn a_repetition_is_found() {
        let (one, two) = (Hash::of(b"1"), Hash::of(b"2"));
        assert_eq!(repeats(&[one, two, one, one]), [None, None, Some(0), Some(0)]);
    }
}
