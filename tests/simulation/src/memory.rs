//! A server in memory: the real decisions of `sync_protocol::exchange` and `merge` over maps.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use mobile_schema::register::Capacity;
use mobile_schema::{Catalogue, Hash};
use sync_protocol::exchange::{
    Admission, Asked, Eviction, FeedSource, Head, Heads, Item, Page, Refusal, admit, answer,
    compare, repeats,
};
use sync_protocol::limits::{MAX_BUDGET, MIN_BUDGET};
use sync_protocol::merge::{Authority, Board, Numbered, Presenter, subject_of};
use sync_protocol::message::{Accepted, Gone};
use sync_protocol::mutant::{self, Mutant};
use sync_protocol::op::Change;
use sync_protocol::record::Writer;
use sync_protocol::{
    DeviceId, Epoch, IncarnationId, Lineage, Op, Outcome, Record, RecordId, Row, ScopeId,
    SyncRequest, SyncResponse, Version,
};

use crate::county;
use crate::server::{Caller, Server, State};

/// A chain of operations.
#[derive(Clone, Debug)]
struct Chain {
    device: DeviceId,
    next: u64,
    parent: Option<(IncarnationId, u64)>,
    safe: u64,
}

/// Everything the server keeps in its database.
#[derive(Clone, Debug)]
struct Database {
    lineage: Vec<Epoch>,
    records: BTreeMap<RecordId, (Record, u64)>,
    heads: BTreeMap<ScopeId, Head>,
    evictions: Vec<Eviction>,
    /// Deleted records that feeds still tell of.
    tombstones: BTreeSet<RecordId>,
    ops: BTreeMap<(IncarnationId, u64), (Hash, Op, Outcome)>,
    by_key: BTreeMap<Hash, (Writer, Outcome)>,
    chains: BTreeMap<IncarnationId, Chain>,
    blobs: BTreeSet<Hash>,
    newer: bool,
}

/// A backup of the database.
struct Backup {
    database: Database,
    good: bool,
}

/// The server.
pub struct Memory {
    database: Database,
    backups: Vec<Backup>,
    /// The first backup that may be restored: an older one lacks what tablets have let go.
    usable_from: usize,
    follower: Option<Database>,
    /// The photos in the media store, whatever the database knows of them.
    media: BTreeSet<Hash>,
    epochs: u64,
    /// What the last push did, for the oracle.
    pub last_push: Option<Push>,
}

/// What a push met and did.
pub struct Push {
    /// Who pushed.
    pub presenter: Presenter,
    /// Where they might.
    pub scopes: BTreeSet<ScopeId>,
    /// In what capacity.
    pub capacity: Capacity,
    /// The records on the board before it.
    pub before: Vec<Record>,
    /// The operations that were applied, with their numbers and outcomes.
    pub applied: Vec<(u64, Op, Outcome)>,
    /// When.
    pub received: i64,
}

impl Default for Memory {
    fn default() -> Self {
        let database = Database {
            lineage: vec![Epoch(0x8000_0000_0000_0000)],
            records: BTreeMap::new(),
            heads: BTreeMap::new(),
            evictions: Vec::new(),
            tombstones: BTreeSet::new(),
            ops: BTreeMap::new(),
            by_key: BTreeMap::new(),
            chains: BTreeMap::new(),
            blobs: BTreeSet::new(),
            newer: false,
        };
        Self {
            database,
            backups: Vec::new(),
            usable_from: 0,
            follower: None,
            media: BTreeSet::new(),
            epochs: 0,
            last_push: None,
        }
    }
}

impl Database {
    fn lineage(&self) -> Lineage {
        let (current, ancestors) = self.lineage.split_last().expect("a database has an epoch");
        Lineage::new(ancestors.iter().copied(), *current)
    }

    fn presenter(&self, incarnation: IncarnationId) -> Presenter {
        let mut inherited = Vec::new();
        let mut reach = u64::MAX;
        let mut parent = self.chains.get(&incarnation).and_then(|chain| chain.parent);
        while let Some((ancestor, fork)) = parent {
            reach = reach.min(fork);
            inherited.push((ancestor, reach));
            parent = self.chains.get(&ancestor).and_then(|chain| chain.parent);
        }
        let mut presenter = Presenter { inherited, ..Presenter::new(incarnation) };
        let own = [(incarnation, u64::MAX)];
        for (incarnation, fork) in presenter.inherited.clone().into_iter().chain(own) {
            for ((_, seq), (key, ..)) in self.ops.range((incarnation, 0)..(incarnation, fork)) {
                let place = Writer { incarnation, seq: *seq };
                presenter.repeated.extend(self.first_place(key).filter(|first| *first != place));
            }
        }
        presenter
    }

    /// Where an operation was first presented.
    fn first_place(&self, key: &Hash) -> Option<Writer> {
        self.by_key.get(key).map(|(writer, _)| *writer)
    }

    fn stored(
        &self,
        presenter: &Presenter,
        first: u64,
        end: u64,
    ) -> BTreeMap<u64, (Hash, Outcome)> {
        let mut found = BTreeMap::new();
        let own = [(presenter.incarnation, u64::MAX)];
        for (incarnation, fork) in presenter.inherited.iter().rev().chain(&own) {
            let range = (*incarnation, first)..(*incarnation, end.min(*fork).max(first));
            for ((_, seq), (key, _, outcome)) in self.ops.range(range) {
                found.insert(*seq, (*key, outcome.clone()));
            }
        }
        found
    }

    /// Operations of this chain below this number are in a verified backup.
    fn safe_before(&self, incarnation: IncarnationId) -> u64 {
        let Some(chain) = self.chains.get(&incarnation) else { return 0 };
        let inherited = chain.parent.map_or(0, |(parent, fork)| self.safe_before(parent).min(fork));
        chain.safe.max(inherited)
    }
}

impl Memory {
    fn push(
        &mut self,
        caller: &Caller,
        request: &SyncRequest,
        now: i64,
    ) -> Result<(u64, Vec<Outcome>), Refusal> {
        let catalogue = self.definitions();
        let database = &mut self.database;
        let lineage = database.lineage();
        let inheritance = request.inherits.and_then(|inheritance| {
            let parent = database.chains.get(&inheritance.incarnation)?;
            (parent.device == caller.device).then_some((inheritance, parent.next))
        });
        let admission = match (database.chains.get(&request.incarnation), inheritance) {
            (Some(chain), _) => Admission::Known(chain.next),
            (None, Some((inheritance, next))) => Admission::inherit(inheritance, next),
            (None, None) => Admission::New(request.begins),
        };
        let next = admit(&lineage, request.epoch, admission, request.first_seq)?;
        let parent = match admission {
            Admission::Inherits(before) => {
                inheritance.map(|(inheritance, _)| (inheritance.incarnation, before))
            }
            _ => None,
        };
        let chain = Chain { device: caller.device, next, parent, safe: 0 };
        database.chains.entry(request.incarnation).or_insert(chain);
        let mut presenter = database.presenter(request.incarnation);
        let keys: Vec<Hash> = request.ops.iter().map(Op::key).collect();
        presenter.repeated.extend(keys.iter().filter_map(|key| database.first_place(key)));
        let end = request.first_seq + keys.len() as u64;
        let stored = database.stored(&presenter, request.first_seq, end.min(next));
        let mut outcomes = compare(request.first_seq, next, &keys, &stored)?;
        let earlier = repeats(&keys);
        let mut numbered = Vec::new();
        for (place, op) in request.ops.iter().enumerate() {
            let seq = request.first_seq + place as u64;
            if outcomes[place].is_some() || earlier[place].is_some() {
                continue;
            }
            if !mutant::is_on(Mutant::AppliedAgain) {
                let known = database.by_key.get(&keys[place]);
                outcomes[place] = known.map(|(_, outcome)| outcome.clone());
            }
            if outcomes[place].is_none() {
                numbered.push((place, Numbered { seq, op }));
            }
        }
        let (places, numbered): (Vec<_>, Vec<_>) = numbered.into_iter().unzip();
        let mut touched: BTreeSet<RecordId> =
            numbered.iter().map(|one: &Numbered<'_>| one.op.record).collect();
        for one in &numbered {
            let conflict = database.records.get(&one.op.record);
            if matches!(one.op.change, Change::Resolve { .. })
                && let Some(subject) = conflict.and_then(|(conflict, _)| subject_of(conflict))
            {
                touched.insert(subject);
            }
        }
        let before: Vec<Record> = touched
            .iter()
            .filter_map(|id| database.records.get(id).map(|(record, _)| record.clone()))
            .collect();
        let mut board = Board::new(before.iter().cloned());
        let refused = BTreeSet::new();
        let authority = Authority {
            catalogue,
            lineage: &lineage,
            presenter: &presenter,
            scopes: &caller.scopes,
            capacity: caller.capacity,
            received: now,
            amends: false,
            refused: &refused,
        };
        let results = authority.apply(&mut board, &numbered);
        let mut applied = Vec::new();
        for ((place, one), outcome) in places.into_iter().zip(&numbered).zip(results) {
            applied.push((one.seq, one.op.clone(), outcome.clone()));
            outcomes[place] = Some(outcome);
        }
        for place in 0..outcomes.len() {
            if let Some(earlier) = earlier[place] {
                outcomes[place] = outcomes[earlier].clone();
            }
        }
        database.write(&board);
        let outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
        for (place, (op, outcome)) in request.ops.iter().zip(&outcomes).enumerate() {
            let seq = request.first_seq + place as u64;
            if seq >= next {
                let (key, op, outcome) = (keys[place], op.clone(), outcome.clone());
                let place = Writer { incarnation: request.incarnation, seq };
                database.by_key.entry(key).or_insert_with(|| (place, outcome.clone()));
                database.ops.insert((request.incarnation, seq), (key, op, outcome));
            }
        }
        let next = next.max(end);
        if let Some(chain) = database.chains.get_mut(&request.incarnation) {
            chain.next = next;
        }
        let scopes = caller.scopes.clone();
        let capacity = caller.capacity;
        self.last_push = Some(Push { presenter, scopes, capacity, before, applied, received: now });
        Ok((next, outcomes))
    }
}

impl Database {
    fn write(&mut self, board: &Board) {
        let stored = Heads::touched(board.changed())
            .into_iter()
            .filter_map(|scope| self.heads.get(&scope).map(|head| (scope, *head)))
            .collect();
        let mut heads = Heads::new(stored);
        for (before, now) in board.changed() {
            let seq = heads.count(before, now);
            if now.deleted {
                self.tombstones.insert(now.id);
            }
            self.records.insert(now.id, (now.clone(), seq));
        }
        let (heads, evictions) = heads.finish();
        self.heads.extend(heads);
        self.evictions.extend(evictions);
    }
}

/// About what a row takes.
const ROW_BYTES: usize = 400;

impl FeedSource for Database {
    type Row = Row;
    type Error = Infallible;

    fn heads(&mut self, scopes: &[ScopeId]) -> Result<BTreeMap<ScopeId, Head>, Infallible> {
        let of = |scope: &ScopeId| self.heads.get(scope).map(|head| (scope.clone(), *head));
        Ok(scopes.iter().filter_map(of).collect())
    }

    fn page(
        &mut self,
        scope: &ScopeId,
        cursor: u64,
        head: u64,
        budget: usize,
    ) -> Result<Page<Row>, Infallible> {
        let leaks = mutant::is_on(Mutant::FeedLeaks);
        let mut items: Vec<(u64, usize, Item<Row>)> = Vec::new();
        for (record, seq) in self.records.values() {
            if (record.scope != *scope && !leaks) || *seq <= cursor {
                continue;
            }
            if !record.deleted {
                items.push((*seq, ROW_BYTES, Item::Row(Row::from(record))));
            } else if self.tombstones.contains(&record.id) {
                let gone = Gone { id: record.id, version: record.version };
                items.push((*seq, ROW_BYTES / 4, Item::Gone(gone)));
            }
        }
        for eviction in &self.evictions {
            if eviction.scope == *scope && eviction.seq > cursor {
                let gone = Gone { id: eviction.record, version: eviction.version };
                items.push((eviction.seq, ROW_BYTES / 4, Item::Gone(gone)));
            }
        }
        items.sort_by_key(|(seq, ..)| *seq);
        let mut page = Page::after(cursor);
        if page.take(items, budget) {
            page.cursor = head;
        }
        Ok(page)
    }

    fn versions(&mut self, scope: &ScopeId) -> Result<Vec<(RecordId, Version)>, Infallible> {
        let live = self.records.values().map(|(record, _)| record);
        let here = live.filter(|record| record.scope == *scope && !record.deleted);
        Ok(here.map(|record| (record.id, record.version)).collect())
    }

    fn rows(&mut self, scope: &ScopeId, ids: &[RecordId]) -> Result<Vec<Row>, Infallible> {
        let found = ids.iter().filter_map(|id| self.records.get(id)).map(|(record, _)| record);
        let here = found.filter(|record| record.scope == *scope && !record.deleted);
        Ok(here.map(Row::from).collect())
    }
}

impl Server for Memory {
    fn exchange(&mut self, caller: &Caller, request: &SyncRequest, now: i64) -> SyncResponse {
        self.last_push = None;
        let id = request.request;
        let (ack, outcomes) = match self.push(caller, request, now) {
            Ok(stored) => stored,
            Err(Refusal::Fork(seq)) => return SyncResponse::Fork { request: id, seq },
            Err(Refusal::Gap(next)) => return SyncResponse::Gap { request: id, next },
            Err(Refusal::Reset) => {
                let epoch = self.database.lineage().current();
                return SyncResponse::Reset { request: id, epoch };
            }
        };
        let asked = Asked {
            cursors: Some(&request.cursors),
            digests: Some(&request.digests),
            repair: Some(&request.repair),
            budget: request.budget.clamp(MIN_BUDGET, MAX_BUDGET) as usize,
        };
        let Ok(feeds) = answer(&mut self.database, &caller.scopes, &asked);
        SyncResponse::Ok(Accepted {
            request: id,
            epoch: self.database.lineage().current(),
            ack,
            outcomes,
            feeds,
            scopes: caller.scopes.iter().cloned().collect(),
            safe_before: self.database.safe_before(request.incarnation),
            now,
            order: None,
        })
    }

    fn die_during(&mut self, caller: &Caller, request: &SyncRequest, now: i64) {
        let before = self.database.clone();
        self.exchange(caller, request, now);
        self.database = before;
        self.last_push = None;
    }

    fn definitions(&self) -> &'static Catalogue {
        if self.database.newer { county::newer_definitions() } else { county::first_definitions() }
    }

    fn upgrade(&mut self) {
        self.database.newer = true;
    }

    fn missing(&mut self, hashes: &[Hash]) -> Vec<Hash> {
        hashes.iter().filter(|hash| !self.database.blobs.contains(hash)).copied().collect()
    }

    fn upload(&mut self, hash: Hash) {
        self.media.insert(hash);
        self.database.blobs.insert(hash);
    }

    fn compact(&mut self, keep: u64) {
        let database = &mut self.database;
        for (scope, head) in &mut database.heads {
            let horizon = head.seq.saturating_sub(keep);
            let mut forgotten = 0;
            database.evictions.retain(|eviction| {
                let old = eviction.scope == *scope && eviction.seq <= horizon;
                forgotten = if old { eviction.seq.max(forgotten) } else { forgotten };
                !old
            });
            for (record, seq) in database.records.values() {
                if record.scope == *scope
                    && *seq <= horizon
                    && database.tombstones.remove(&record.id)
                {
                    forgotten = forgotten.max(*seq);
                }
            }
            if !mutant::is_on(Mutant::HorizonStays) {
                head.horizon = head.horizon.max(forgotten);
            }
        }
    }

    fn backup(&mut self, good: bool) {
        self.backups.push(Backup { database: self.database.clone(), good });
        if mutant::is_on(Mutant::SafeTooSoon) {
            self.mark_safe(self.backups.len() - 1);
        }
    }

    fn verify(&mut self) {
        let newest = self.backups.len().checked_sub(1);
        // A backup of another life of the database says nothing of what this one has.
        let of_this_life = |at: &usize| {
            let backup = &self.backups[*at];
            backup.good && backup.database.lineage == self.database.lineage
        };
        if let Some(newest) = newest.filter(of_this_life) {
            self.mark_safe(newest);
            self.usable_from = newest;
            // A copy that lags behind a verified backup is of no use.
            self.follower = None;
        }
    }

    fn restore(&mut self, pick: usize, media_lost: bool) -> bool {
        let usable: Vec<_> =
            (self.usable_from..self.backups.len()).filter(|at| self.backups[*at].good).collect();
        let Some(at) = usable.get(pick % usable.len().max(1)).copied() else { return false };
        let database = self.backups[at].database.clone();
        if media_lost {
            self.media.retain(|hash| database.blobs.contains(hash));
        }
        self.database = database;
        // What the media store has and the backup does not know, tablets are asked for again.
        let media = &self.media;
        self.database.blobs.retain(|hash| media.contains(hash));
        self.follower = None;
        self.epochs += 1;
        // Epochs are random; some are smaller than those before.
        let epoch = self.epochs.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.database.lineage.push(Epoch(epoch));
        true
    }

    fn follow(&mut self) {
        self.follower = Some(self.database.clone());
    }

    fn fail_over(&mut self) -> bool {
        let Some(follower) = self.follower.take() else { return false };
        self.database = follower;
        true
    }

    fn state(&mut self) -> State {
        let database = &self.database;
        State {
            records: database.records.values().map(|(record, _)| record.clone()).collect(),
            ops: database
                .ops
                .values()
                .map(|(_, op, outcome)| (op.clone(), outcome.clone()))
                .collect(),
            digests: database
                .heads
                .iter()
                .map(|(scope, head)| (scope.clone(), head.digest))
                .collect(),
            blobs: database.blobs.clone(),
        }
    }

    fn writer_key(&self, writer: Writer) -> Option<Hash> {
        self.database.ops.get(&(writer.incarnation, writer.seq)).map(|(key, ..)| *key)
    }

    fn scope_of(&mut self, record: RecordId) -> Option<ScopeId> {
        self.database.records.get(&record).map(|(record, _)| record.scope.clone())
    }

    fn lineage(&self) -> Option<Lineage> {
        Some(self.database.lineage())
    }

    fn take_push(&mut self) -> Option<Push> {
        self.last_push.take()
    }
}

impl Memory {
    /// Everything in this backup need not be retained on tablets any longer.
    fn mark_safe(&mut self, backup: usize) {
        let ends: Vec<_> = self.backups[backup]
            .database
            .chains
            .iter()
            .map(|(incarnation, chain)| (*incarnation, chain.next))
            .collect();
        for (incarnation, next) in ends {
            if let Some(chain) = self.database.chains.get_mut(&incarnation) {
                chain.safe = chain.safe.max(next);
            }
        }
    }
}
