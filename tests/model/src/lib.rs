//! Fork, epoch and scope as a small model, of which every reachable state is looked at.
//!
//! Two tablets that may be copies of one store, and a server that may be backed up and restored
//! and may take the village away. The server's decisions are the real ones of
//! `sync_protocol::exchange`; operations are numbers, and merging is left out: what is asked is
//! whether each operation arrives, once, whatever happens in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use mobile_schema::Hash;
use stateright::{Model, Property};
use sync_protocol::exchange::{Admission, Refusal, admit, compare};
use sync_protocol::message::Inheritance;
use sync_protocol::{Epoch, IncarnationId, Lineage, Outcome, ParkReason};
use uuid::Uuid;

/// An operation, named by who made it and when.
type OpName = u8;

/// A tablet's store.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Tablet {
    /// Which life its outbox lives.
    incarnation: u8,
    /// What it shares with another: that life, and the first number that is not shared.
    inherits: Option<(u8, u64)>,
    /// The epoch it knows.
    epoch: u8,
    /// Operations by number from 1, and whether each was answered for.
    outbox: Vec<(OpName, bool)>,
    /// Whether it has the village's rows.
    has_rows: bool,
}

/// What the server has in its database.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Database {
    lineage: Vec<u8>,
    /// Operations by life and number.
    places: BTreeMap<(u8, u64), OpName>,
    /// Where each life's chain ends, and what it goes on from.
    chains: BTreeMap<u8, (u64, Option<(u8, u64)>)>,
    /// Whether each known operation took effect, or waits since the village was not the tablet's.
    effects: BTreeMap<OpName, bool>,
}

/// Everything there is.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct State {
    tablets: Vec<Tablet>,
    server: Database,
    backup: Option<Database>,
    /// Whether the cadre has the village.
    assigned: bool,
    made: BTreeSet<OpName>,
    lives: u8,
    epochs: u8,
    restores: u8,
    reassignments: u8,
}

/// What may happen.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum Action {
    /// A cadre does something on a tablet.
    Edit(usize),
    /// A tablet's request arrives; its answer comes, or is lost.
    Sync(usize, bool),
    /// The first tablet's store is copied.
    Clone,
    /// The server is backed up.
    Backup,
    /// The server is restored.
    Restore,
    /// The village is taken away, or given back.
    Reassign,
}

/// How much may happen.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Operations on each tablet.
    pub edits: usize,
    /// Restores of the server.
    pub restores: u8,
    /// Changes of the assignment.
    pub reassignments: u8,
}

fn incarnation(life: u8) -> IncarnationId {
    IncarnationId(Uuid::from_u128(u128::from(life)))
}

fn key(op: OpName) -> Hash {
    Hash([op; 32])
}

/// Any outcome; which one it is does not matter here.
fn answered() -> Outcome {
    Outcome::Parked { reason: ParkReason::Scope }
}

impl Database {
    fn lineage(&self) -> Lineage {
        let (current, ancestors) = self.lineage.split_last().expect("a database has an epoch");
        let epoch = |number: &u8| Epoch(u64::from(*number));
        Lineage::new(ancestors.iter().map(epoch), epoch(current))
    }

    /// What stands at this place of a chain, or of those it goes on from.
    fn at(&self, life: u8, parent: Option<(u8, u64)>, seq: u64) -> Option<OpName> {
        match parent {
            Some((parent, fork)) if seq < fork => {
                let above = self.chains.get(&parent).and_then(|(_, above)| *above);
                self.at(parent, above, seq)
            }
            _ => self.places.get(&(life, seq)).copied(),
        }
    }

    fn push(
        &mut self,
        tablet: &Tablet,
        first: u64,
        ops: &[OpName],
        in_scope: bool,
    ) -> Result<(), Refusal> {
        let mut parent = None;
        let admission = match (self.chains.get(&tablet.incarnation), tablet.inherits) {
            (Some((next, above)), _) => {
                parent = *above;
                Admission::Known(*next)
            }
            (None, Some((life, before))) => match self.chains.get(&life) {
                Some((next, _)) => {
                    let inheritance = Inheritance { incarnation: incarnation(life), before };
                    let shared = Admission::inherit(inheritance, *next);
                    if let Admission::Inherits(before) = shared {
                        parent = Some((life, before));
                    }
                    shared
                }
                None => Admission::New(1),
            },
            (None, None) => Admission::New(1),
        };
        let epoch = Some(Epoch(u64::from(tablet.epoch)));
        let next = admit(&self.lineage(), epoch, admission, first)?;
        let end = first + ops.len() as u64;
        let stored: BTreeMap<u64, (Hash, Outcome)> = (first..end.min(next))
            .filter_map(|seq| {
                let found = self.at(tablet.incarnation, parent, seq)?;
                Some((seq, (key(found), answered())))
            })
            .collect();
        let keys: Vec<Hash> = ops.iter().copied().map(key).collect();
        compare(first, next, &keys, &stored)?;
        for (seq, op) in (first..).zip(ops) {
            if seq >= next {
                self.places.insert((tablet.incarnation, seq), *op);
                // Known by its key, it keeps what became of it.
                self.effects.entry(*op).or_insert(in_scope);
            }
        }
        self.chains.insert(tablet.incarnation, (next.max(end), parent));
        Ok(())
    }
}

impl Model for Bounds {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let tablet =
            Tablet { incarnation: 1, inherits: None, epoch: 1, outbox: Vec::new(), has_rows: true };
        let server = Database {
            lineage: vec![1],
            places: BTreeMap::new(),
            chains: BTreeMap::new(),
            effects: BTreeMap::new(),
        };
        vec![State {
            tablets: vec![tablet],
            server,
            backup: None,
            assigned: true,
            made: BTreeSet::new(),
            lives: 1,
            epochs: 1,
            restores: 0,
            reassignments: 0,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (at, tablet) in state.tablets.iter().enumerate() {
            if tablet.outbox.len() < self.edits {
                actions.push(Action::Edit(at));
            }
            actions.extend([Action::Sync(at, false), Action::Sync(at, true)]);
        }
        if state.tablets.len() == 1 {
            actions.push(Action::Clone);
        }
        if state.restores < self.restores {
            actions.push(Action::Backup);
            if state.backup.is_some() {
                actions.push(Action::Restore);
            }
        }
        if state.reassignments < self.reassignments {
            actions.push(Action::Reassign);
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Edit(at) => {
                let tablet = &mut state.tablets[at];
                let name = (at as u8 + 1) * 16 + tablet.outbox.len() as u8;
                tablet.outbox.push((name, false));
                state.made.insert(name);
            }
            Action::Clone => {
                let copy = state.tablets[0].clone();
                state.tablets.push(copy);
            }
            Action::Backup => state.backup = Some(state.server.clone()),
            Action::Restore => {
                state.restores += 1;
                state.epochs += 1;
                state.server = state.backup.clone()?;
                state.server.lineage.push(state.epochs);
            }
            Action::Reassign => {
                state.reassignments += 1;
                state.assigned = !state.assigned;
            }
            Action::Sync(at, lost) => sync(&mut state, at, lost),
        }
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("what was answered for is on the server", |_, state: &State| {
                state.tablets.iter().all(|tablet| {
                    // A tablet that has not heard of a restore yet keeps it, and will be asked.
                    let heard = Some(&tablet.epoch) == state.server.lineage.last();
                    let mut answered = tablet.outbox.iter().filter(|(_, answered)| *answered);
                    !heard || answered.all(|(op, _)| state.server.effects.contains_key(op))
                })
            }),
            Property::always("nothing is on the server that nobody made", |_, state: &State| {
                state.server.places.values().all(|op| state.made.contains(op))
            }),
            Property::always("a place never changes what stands at it", |_, state: &State| {
                let lives: BTreeSet<_> =
                    state.server.places.keys().map(|(life, _)| *life).collect();
                lives.into_iter().all(|life| {
                    let seqs: Vec<u64> = state
                        .server
                        .places
                        .range((life, 0)..=(life, u64::MAX))
                        .map(|((_, seq), _)| *seq)
                        .collect();
                    seqs.windows(2).all(|pair| pair[0] + 1 == pair[1])
                })
            }),
            Property::always("however it stands, syncing brings everything home", |_, state| {
                comes_home(state)
            }),
            Property::sometimes("a copy is told to fork", |_, state: &State| state.lives > 1),
            Property::sometimes(
                "work waits since the village changed hands",
                |_, state: &State| state.server.effects.values().any(|effect| !effect),
            ),
            Property::sometimes("a restore loses work that comes back", |_, state: &State| {
                state.restores > 0
                    && state.server.effects.len() == state.made.len()
                    && state.made.len() > 1
            }),
        ]
    }
}

/// One exchange of a tablet, as its state machine does it.
fn sync(state: &mut State, at: usize, lost: bool) {
    let tablet = state.tablets[at].clone();
    let open = tablet.outbox.iter().position(|(_, answered)| !answered);
    let from = open.unwrap_or(tablet.outbox.len());
    let first = from as u64 + 1;
    let ops: Vec<OpName> = tablet.outbox[from..].iter().map(|(op, _)| *op).collect();
    let pushed = state.server.push(&tablet, first, &ops, state.assigned);
    if lost {
        return;
    }
    let tablet = &mut state.tablets[at];
    let forget = |tablet: &mut Tablet, from: usize| {
        tablet.outbox[from..].iter_mut().for_each(|(_, answered)| *answered = false);
    };
    match pushed {
        Ok(()) => {
            tablet.outbox[from..].iter_mut().for_each(|(_, answered)| *answered = true);
            tablet.has_rows = state.assigned;
        }
        Err(Refusal::Fork(seq)) => {
            state.lives += 1;
            tablet.inherits = Some((tablet.incarnation, seq));
            tablet.incarnation = state.lives;
            forget(tablet, seq as usize - 1);
        }
        Err(Refusal::Gap(_)) => forget(tablet, 0),
        Err(Refusal::Reset) => {
            tablet.epoch = *state.server.lineage.last().expect("an epoch");
            tablet.has_rows = false;
            forget(tablet, 0);
        }
    }
}

/// When nothing more goes wrong, a few exchanges bring every operation to the server, each tablet
/// knows it, and rows are where the village is.
fn comes_home(state: &State) -> bool {
    let mut state = state.clone();
    for _ in 0..6 {
        for at in 0..state.tablets.len() {
            sync(&mut state, at, false);
        }
    }
    let held: BTreeSet<OpName> =
        state.tablets.iter().flat_map(|tablet| tablet.outbox.iter().map(|(op, _)| *op)).collect();
    held.iter().all(|op| state.server.effects.contains_key(op))
        && state.tablets.iter().all(|tablet| {
            tablet.outbox.iter().all(|(_, answered)| *answered) && tablet.has_rows == state.assigned
        })
        && state.made == held
}

#[cfg(test)]
mod tests {
    use stateright::Checker;

    use super::*;

    #[test]
    fn every_state_of_fork_epoch_and_scope_is_sound() {
        let bounds = Bounds { edits: 3, restores: 1, reassignments: 1 };
        let checker = bounds.checker().threads(2).spawn_bfs().join();
        println!(
            "{} states, {} of them different",
            checker.state_count(),
            checker.unique_state_count()
        );
        checker.assert_properties();
        assert!(checker.unique_state_count() > 10_000);
    }

    /// The last property can fail: an operation that no store holds is lost.
    #[test]
    fn the_model_notices_a_lost_operation() {
        let mut state = Bounds { edits: 1, restores: 0, reassignments: 0 }.init_states().remove(0);
        state.made.insert(99);
        assert!(!comes_home(&state));
    }
}
