//! A tablet in the simulation: the real machine, on a store that can be copied, cut off, and
//! damaged.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use mobile_schema::{Catalogue, FieldId, Hash, Value};
use sync_protocol::op::Resolution;
use sync_protocol::tablet::{Effect, Event, Identity, RetryPolicy, StoreChange, Stored, Tablet};
use sync_protocol::{ClockReading, RecordId, Row, SyncRequest};

use crate::county;

/// What survives when a tablet loses power.
#[derive(Clone, Debug)]
pub struct Store {
    /// Who the tablet is.
    pub identity: Identity,
    /// What the machine keeps.
    pub stored: Stored,
    /// The rows of its scopes.
    pub rows: BTreeMap<RecordId, Row>,
    /// The photos whose bytes it has.
    pub photos: BTreeSet<Hash>,
}

/// Something to do about photos.
#[derive(Clone, Debug)]
pub enum BlobWork {
    /// Ask which the server lacks.
    Ask(Vec<Hash>),
    /// Upload one.
    Upload(Hash),
}

/// A tablet.
pub struct Device {
    /// Whose it is.
    pub user: usize,
    /// The real state machine.
    pub machine: Tablet,
    /// What it has stored.
    pub store: Store,
    /// Every operation made in this store's past, copies of it included.
    pub past: Rc<Vec<Hash>>,
    /// Every value its cadre has seen or written, by record and field.
    pub shown: Shown,
    /// The definitions it has.
    pub catalogue: &'static Catalogue,
    /// How far its clock is ahead, milliseconds.
    pub skew: i64,
    /// Whether its store was copied, put back or damaged: then forks and repairs are no surprise.
    pub meddled: Meddled,
    /// A backup of its store.
    pub snapshot: Option<(Store, Rc<Vec<Hash>>, Shown)>,
    /// What it wants done about photos.
    pub blob_work: Option<BlobWork>,
    /// The transaction that is the first not to be stored, in the event that comes next.
    pub power_fails_at: Option<u8>,
    /// What it wants sent.
    pub outgoing: Option<SyncRequest>,
    starts: u64,
    seed: u64,
}

/// Values by record: a field and its value.
pub type Shown = BTreeMap<RecordId, Rc<BTreeSet<(FieldId, String)>>>;

/// What was done to a tablet's store behind its back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meddled {
    /// It was copied, or is a copy, or was put back.
    pub copied: bool,
    /// Something in it changed by itself.
    pub flipped: bool,
}

/// What came of an event.
#[derive(Debug, Default)]
pub struct Came {
    /// What was stored, in order.
    pub stored: Vec<StoreChange>,
    /// Whether the tablet lost power in the middle.
    pub lost_power: bool,
    /// Whether it turned to photos.
    pub turned_to_photos: bool,
}

impl Device {
    /// A tablet on a store.
    pub fn new(user: usize, store: Store, catalogue: &'static Catalogue, seed: u64) -> Self {
        let machine = open(&store, seed);
        Self {
            user,
            machine,
            store,
            past: Rc::default(),
            shown: Shown::new(),
            catalogue,
            skew: 0,
            meddled: Meddled::default(),
            snapshot: None,
            blob_work: None,
            power_fails_at: None,
            outgoing: None,
            starts: 0,
            seed,
        }
    }

    /// Starts again on what is stored.
    pub fn restart(&mut self) {
        self.starts += 1;
        let entropy = self.seed.wrapping_add(self.starts.wrapping_mul(0x0100_0000_01b3));
        self.machine = open(&self.store, entropy);
        self.blob_work = None;
        self.outgoing = None;
        self.power_fails_at = None;
    }

    /// Its clocks at true time `now`.
    pub fn clock(&self, now: i64) -> ClockReading {
        ClockReading { wall: now + self.skew, monotonic: 0, boot: String::new() }
    }

    /// Hands an event to the machine and carries out what it wants.
    pub fn handle(&mut self, now: i64, event: Event) -> Came {
        let clock = self.clock(now);
        let effects = self.machine.handle(&clock, event);
        let mut came = Came::default();
        let mut transactions = 0;
        for effect in effects {
            match effect {
                Effect::Store(changes) => {
                    if self.power_fails_at == Some(transactions) {
                        came.lost_power = true;
                        break;
                    }
                    transactions += 1;
                    for change in &changes {
                        self.store.keep(change);
                        if let StoreChange::Row { row, .. } = change {
                            self.show(row);
                        }
                    }
                    came.stored.extend(changes);
                }
                Effect::Send(request) => self.outgoing = Some(*request),
                Effect::AskMissing(hashes) => {
                    came.turned_to_photos = true;
                    self.blob_work = Some(BlobWork::Ask(hashes));
                }
                Effect::Upload(hash) => {
                    came.turned_to_photos = true;
                    self.blob_work = Some(BlobWork::Upload(hash));
                }
                Effect::Alarm(_) | Effect::Wipe | Effect::UpgradeNeeded => {}
            }
        }
        if self.power_fails_at.take().is_some() && came.lost_power {
            self.restart();
        }
        came
    }

    /// The cadre sees a row.
    pub fn show(&mut self, row: &Row) {
        let overwritten: &[FieldId] = match row.collection.as_str() {
            "household" => &county::household::OVERWRITTEN,
            "visit" => &[county::visit::PURPOSE, county::visit::STATUS],
            _ => return,
        };
        let shown = self.shown.entry(row.id).or_default();
        for &id in overwritten {
            let value = row.fields.get(&id).unwrap_or(&Value::Null);
            let entry = (id, format!("{value:?}"));
            if !shown.contains(&entry) {
                Rc::make_mut(shown).insert(entry);
            }
        }
    }

    /// The cadre chooses the values by which a conflict is settled.
    pub fn show_choice(&mut self, choice: &Resolution, conflict: Option<&Row>) {
        let Some(conflict) = conflict else { return };
        let about = conflict.fields.get(&1).and_then(Value::as_text);
        let Some(about) = about.and_then(|id| id.parse::<RecordId>().ok()) else { return };
        let loser = conflict.fields.get(&6).and_then(|side| side.get("values"));
        let chosen: Vec<(FieldId, String)> = match (choice, loser) {
            (Resolution::Edit { fields }, _) => {
                fields.iter().map(|(id, value)| (*id, format!("{value:?}"))).collect()
            }
            (Resolution::Swap, Some(Value::Map(values))) => {
                let entry =
                    |(id, value): (&String, &Value)| Some((id.parse().ok()?, format!("{value:?}")));
                values.iter().filter_map(entry).collect()
            }
            _ => Vec::new(),
        };
        Rc::make_mut(self.shown.entry(about).or_default()).extend(chosen);
    }

    /// The record as the cadre sees it.
    pub fn view(&self, id: RecordId) -> Option<Row> {
        self.machine.view(self.catalogue, id, self.store.rows.get(&id))
    }
}

impl Store {
    fn keep(&mut self, change: &StoreChange) {
        self.stored.apply(change);
        match change {
            StoreChange::Identity(identity) => self.identity = identity.clone(),
            StoreChange::Row { row, .. } => {
                self.rows.insert(row.id, row.clone());
            }
            StoreChange::DropRow { id } => {
                self.rows.remove(id);
            }
            StoreChange::DropBlob { hash } => {
                self.photos.remove(hash);
            }
            _ => {}
        }
    }

    /// Something on the disk changes by itself: a row is lost, or is another version, or there is
    /// one that never was.
    pub fn flip(&mut self, pick: u32) {
        let ids: Vec<_> = self.stored.holdings.keys().copied().collect();
        let Some(id) = ids.get(pick as usize / 8 % ids.len().max(1)).copied() else { return };
        match pick % 3 {
            0 => {
                self.stored.holdings.remove(&id);
                self.rows.remove(&id);
            }
            1 => {
                if let (Some(held), Some(row)) =
                    (self.stored.holdings.get_mut(&id), self.rows.get_mut(&id))
                {
                    held.version.n += 7;
                    row.version.n += 7;
                    row.fields.clear();
                }
            }
            _ => {
                let ghost = RecordId(uuid::Uuid::from_u128(u128::from(pick) << 3));
                let (held, row) = (self.stored.holdings[&id].clone(), self.rows[&id].clone());
                self.stored.holdings.insert(ghost, held);
                self.rows.insert(ghost, Row { id: ghost, ..row });
            }
        }
    }
}

fn open(store: &Store, entropy: u64) -> Tablet {
    Tablet::open(store.identity.clone(), store.stored.clone(), RetryPolicy::default(), entropy)
}
