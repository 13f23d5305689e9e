//! Some seeds on every run, and every known bug switched on once; `simulation --seeds` plays more.

use simulation::step::steps;
use simulation::{Violation, play, shrink};
use sync_protocol::mutant::{self, Mutant};

/// How many stories are told on each run.
const SEEDS: u64 = 4_000;
/// Every known bug shows within so many.
const SEEDS_FOR_A_BUG: u64 = 40_000;

fn first_violation(seeds: u64) -> Option<(u64, Violation)> {
    (1..=seeds).find_map(|seed| Some(seed).zip(play(seed, &steps(seed)).1.err()))
}

#[test]
fn nothing_is_lost_doubled_or_silently_overwritten_under_any_fault() {
    if let Some((seed, violation)) = first_violation(SEEDS) {
        let shortest = shrink::shrink(seed, &steps(seed));
        panic!("seed {seed}: {}\nwhat it takes: {shortest:#?}", violation.0);
    }
}

#[test]
fn the_same_seed_is_the_same_story() {
    for seed in 1..20 {
        let (once, again) = (play(seed, &steps(seed)).0, play(seed, &steps(seed)).0);
        assert_eq!(format!("{once:?}"), format!("{again:?}"));
    }
}

#[test]
fn every_bug_that_is_switched_on_is_noticed() {
    let missed: Vec<_> = Mutant::ALL
        .iter()
        .filter(|mutant| {
            mutant::switch(Some(**mutant));
            let caught = first_violation(SEEDS_FOR_A_BUG).is_some();
            mutant::switch(None);
            !caught
        })
        .map(|mutant| mutant.name())
        .collect();
    assert_eq!(missed, Vec::<&str>::new());
    assert!(Mutant::ALL.len() >= 25);
}

#[test]
fn a_failing_story_is_made_shorter_and_still_fails() {
    mutant::switch(Some(Mutant::LoserDropped));
    let (seed, _) = first_violation(SEEDS).expect("this bug is noticed");
    let all = steps(seed);
    let shortest = shrink::shrink(seed, &all);
    let still = play(seed, &shortest).1;
    mutant::switch(None);
    assert!(still.is_err());
    assert!(shortest.len() < all.len() / 2, "{} of {}", shortest.len(), all.len());
}
