//! How a story ends: all troubles over, everything handed over, and both sides the same.

use std::collections::{BTreeMap, BTreeSet};

use mobile_schema::{Hash, Value};
use sync_protocol::op::Change;
use sync_protocol::{Op, Outcome, Record, RecordId, ScopeId, Version};

use crate::county::household;
use crate::server::{Server, State};
use crate::world::{Violation, World};

/// Rounds in which every tablet may do something; far more than any story needs.
const MOST_ROUNDS: usize = 120;

/// Ends the story and judges it.
pub fn finish<S: Server>(world: &mut World<S>) -> Result<(), Violation> {
    world.calm()?;
    let mut rounds = 0;
    loop {
        let mut busy = false;
        for at in 0..world.devices.len() {
            busy |= world.run_smoothly(at)?;
        }
        rounds += 1;
        if rounds == MOST_ROUNDS {
            return Err(Violation("the tablets never come to rest".into()));
        }
        if busy {
            continue;
        }
        // Everybody looks once more; who finds news is not done.
        let before = holdings(world);
        for at in 0..world.devices.len() {
            world.tick(at)?;
            world.run_smoothly(at)?;
        }
        let quiet = world.devices.iter().all(|device| {
            device.machine.is_quiet() || (device.meddled.copied && device.machine.unsent() == 0)
        });
        if quiet && before == holdings(world) {
            break;
        }
    }
    let state = world.server.state();
    judge_tablets(world, &state)?;
    judge_operations(world, &state)?;
    judge_counts(&state)?;
    judge_photos(world, &state)
}

fn holdings<S>(world: &World<S>) -> Vec<BTreeMap<RecordId, Version>> {
    let of = |device: &crate::device::Device| {
        let holdings = device.store.stored.holdings.iter();
        holdings.map(|(id, held)| (*id, held.version)).collect()
    };
    world.devices.iter().map(of).collect()
}

fn wrong(words: String) -> Result<(), Violation> {
    Err(Violation(words))
}

/// Each tablet holds exactly what the server has of its scopes.
fn judge_tablets<S: Server>(world: &World<S>, state: &State) -> Result<(), Violation> {
    for (at, device) in world.devices.iter().enumerate() {
        let scopes = &world.assigned[device.user];
        let live: BTreeMap<RecordId, &Record> = state
            .records
            .iter()
            .filter(|record| !record.deleted && scopes.contains(&record.scope))
            .map(|record| (record.id, record))
            .collect();
        let store = &device.store;
        if store.rows.keys().ne(store.stored.holdings.keys()) {
            return wrong(format!("tablet {at}: rows and holdings differ"));
        }
        for (id, held) in &store.stored.holdings {
            let Some(record) = live.get(id) else {
                return wrong(format!("tablet {at} holds {id}, which is not there or not its own"));
            };
            if held.scope != record.scope || held.version != record.version {
                return wrong(format!("tablet {at} holds {id} at {held:?}, not {record:?}"));
            }
            // A copy that took over unnoticed gives numbers again that were given before: what is
            // under them can't be told apart. That is why a new epoch must be begun.
            if store.rows[id].fields != record.fields && !world.past.failed_over {
                return wrong(format!("tablet {at}: {id} has other values than on the server"));
            }
        }
        if let Some(id) = live.keys().find(|id| !store.rows.contains_key(id)) {
            return wrong(format!("tablet {at} lacks {id}"));
        }
        let held: BTreeSet<&ScopeId> = store.stored.cursors.keys().collect();
        if held != scopes.iter().collect() {
            return wrong(format!("tablet {at} has the scopes {held:?}, not {scopes:?}"));
        }
        for (scope, digest) in device.machine.digests() {
            if state.digests.get(&scope).copied().unwrap_or_default() != digest {
                return wrong(format!("tablet {at}: another digest of {scope}"));
            }
        }
        if let Some((seq, _)) = device.machine.outbox().find(|(_, one)| one.outcome.is_none()) {
            return wrong(format!("tablet {at}: operation {seq} never came to anything"));
        }
    }
    Ok(())
}

/// Every operation that was ever made is on the server, unless a tablet was put back to before it.
fn judge_operations<S: Server>(world: &World<S>, state: &State) -> Result<(), Violation> {
    let there: BTreeSet<Hash> = state.ops.iter().map(|(op, _)| op.key()).collect();
    for (key, made) in &world.made {
        if !there.contains(key) && !world.destroyed.contains(key) {
            return wrong(format!("an operation is lost: {:?}", made.op));
        }
    }
    let outcomes = effective(&state.ops);
    let exist: BTreeSet<RecordId> = state.records.iter().map(|record| record.id).collect();
    for (op, outcome) in outcomes.values() {
        if outcome.version().is_some() && !exist.contains(&op.record) {
            return wrong(format!("a record is lost: {}", op.record));
        }
    }
    Ok(())
}

/// Each operation once, whatever chains it stands in.
fn effective(ops: &[(Op, Outcome)]) -> BTreeMap<Hash, &(Op, Outcome)> {
    let mut once = BTreeMap::new();
    for entry in ops {
        once.entry(entry.0.key()).or_insert(entry);
    }
    once
}

/// Each difference counts exactly once, and each note is there exactly once.
fn judge_counts(state: &State) -> Result<(), Violation> {
    let mut sums: BTreeMap<RecordId, i64> = BTreeMap::new();
    let mut notes: BTreeMap<RecordId, usize> = BTreeMap::new();
    for (op, outcome) in effective(&state.ops).into_values() {
        if outcome.version().is_none() || op.collection != "household" {
            continue;
        }
        match &op.change {
            Change::Create { fields } => {
                let first = fields.get(&household::PERSONS).and_then(Value::as_integer);
                *sums.entry(op.record).or_default() += first.unwrap_or(0);
            }
            Change::Delta { by, .. } => *sums.entry(op.record).or_default() += by,
            Change::Add { field, .. } if *field == household::NOTES => {
                *notes.entry(op.record).or_default() += 1;
            }
            _ => {}
        }
    }
    // Of a deleted record whose time is over, a database keeps that it was deleted, and no value.
    let is_bare = |record: &&Record| record.deleted && record.fields.is_empty();
    let households = state.records.iter().filter(|record| record.collection == "household");
    for record in households.filter(|record| !is_bare(record)) {
        let count = record.fields.get(&household::PERSONS).and_then(Value::as_integer);
        let sum = sums.get(&record.id).copied().unwrap_or(0);
        if count.unwrap_or(0) != sum {
            return wrong(format!("{} counts {count:?}, and the sum is {sum}", record.id));
        }
        let kept =
            record.fields.get(&household::NOTES).and_then(Value::as_list).map_or(0, <[_]>::len);
        let written = notes.get(&record.id).copied().unwrap_or(0);
        if kept != written {
            return wrong(format!("{} has {kept} notes of {written}", record.id));
        }
    }
    Ok(())
}

/// Every photo that an operation names is on the server.
fn judge_photos<S: Server>(world: &World<S>, state: &State) -> Result<(), Violation> {
    for (op, _) in &state.ops {
        for hash in &op.blobs {
            let lost = !state.blobs.contains(hash);
            if lost && !world.destroyed.contains(hash) {
                return wrong(format!("a photo is lost: {hash}"));
            }
        }
    }
    Ok(())
}
