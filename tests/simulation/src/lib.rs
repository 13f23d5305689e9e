//! The protocol under every fault, seed by seed.
//!
//! The tablets are the real state machine of `sync-protocol` on stores that can be cut off,
//! copied, put back and damaged; the server makes the real decisions of its `exchange` and
//! `merge` over maps in memory. A seed is a list of [steps](step::Step), and the same seed is the
//! same story. After every push and at the end of the story, what happened is judged by what the
//! cadres saw and did, not by what the protocol says of itself.

pub mod county;
pub mod deeds;
pub mod device;
pub mod finish;
pub mod memory;
pub mod oracle;
pub mod server;
pub mod shrink;
pub mod step;
pub mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use memory::Memory;
use step::Step;
pub use world::{Count, Violation, World};

/// Plays a story to its end.
pub fn play(seed: u64, steps: &[Step]) -> (Count, Result<(), Violation>) {
    let mut world = World::new(Memory::default(), seed);
    let played = catch_unwind(AssertUnwindSafe(|| tell(&mut world, steps)));
    (world.count, played.unwrap_or_else(|_| Err(Violation("the program panicked".into()))))
}

/// Plays a story and keeps what happened, in words.
pub fn trace(seed: u64, steps: &[Step]) -> (Vec<String>, Result<(), Violation>) {
    let mut world = World::new(Memory::default(), seed);
    world.trace = Some(Vec::new());
    let told = tell(&mut world, steps);
    (world.trace.unwrap_or_default(), told)
}

/// Lets the steps happen, ends the troubles, and judges.
pub fn tell<S: server::Server>(world: &mut World<S>, steps: &[Step]) -> Result<(), Violation> {
    for step in steps {
        world.step(*step)?;
    }
    finish::finish(world)
}
