//! Pushes that are stored together come to what they come to one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diesel::prelude::*;
use harness::{Backend, DatabaseKind, MediaKind, Stage};
use mobile_schema::register::Capacity;
use ruhu::db::schema::{chains, history, ops, quarantine, records};
use ruhu::db::{AnyConnection, Database, Failed, Key, Timestamp};
use ruhu::sync::{Arrival, Desk, Push, Pushed, RawOp, push_all, sealed};
use simulation::county;
use simulation::server::Server;
use simulation::step::steps;
use simulation::world::World;
use sync_protocol::op::Change;
use sync_protocol::{ClockReading, Hlc, IncarnationId, Op, RecordId, SyncRequest};
use uuid::Uuid;

use crate::replay::{Kept, Real, lineage_of, own_scopes, people, pusher, shared_definitions};

/// Stories whose pushes are stored once more, many of them together.
const TOGETHER: u64 = 30;

/// What a database holds of pushes, but for the numbers that a record gets each time it is stored.
type Held = (Vec<HeldRecord>, Vec<HeldOp>, Vec<HeldLine>, Vec<HeldChain>, Vec<(Key, i64, String)>);
type HeldRecord = (Key, String, String, (i64, i64), bool, (Option<Key>, Timestamp));
type HeldOp = ((Key, i64), Vec<u8>, ruhu::db::JsonText, (Option<Key>, Option<i64>));
type HeldLine = (Key, i64, i64, Key, i64);
type HeldChain = (Key, i64, Option<Key>, Option<i64>, bool);

fn held(connection: &mut AnyConnection) -> QueryResult<Held> {
    let changed = (records::subject, records::updated_at);
    let version = (records::epoch, records::n);
    let columns = (records::id, records::collection, records::scope, version, records::deleted);
    let place = (ops::incarnation, ops::seq);
    let first = (ops::first_incarnation, ops::first_seq);
    Ok((
        records::table
            .order(records::id)
            .select((columns.0, columns.1, columns.2, columns.3, columns.4, changed))
            .load(connection)?,
        ops::table.order(place).select((place, ops::key, ops::outcome, first)).load(connection)?,
        history::table.order((history::record, history::epoch, history::n)).load(connection)?,
        chains::table
            .order(chains::incarnation)
            .select((
                chains::incarnation,
                chains::next_seq,
                chains::parent,
                chains::fork_seq,
                chains::repeats,
            ))
            .load(connection)?,
        quarantine::table
            .order((quarantine::incarnation, quarantine::seq))
            .select((quarantine::incarnation, quarantine::seq, quarantine::reason))
            .load(connection)?,
    ))
}

impl Real {
    /// Stores pushes together that were stored one by one, and compares what becomes of them.
    fn push_together(&self, company: Vec<Kept>, seed: u64) {
        let (catalogue, lineage) = (self.definitions(), self.lineage.clone());
        let stored = self.database.write(move |connection| {
            let now = Timestamp(company[0].now * 1_000);
            let desk = Desk { catalogue, lineage: &lineage, now };
            let bodies: Vec<_> = company.iter().map(|one| sealed(&one.request)).collect();
            let pushes = company.iter().zip(&bodies).map(|(one, bodies)| Push {
                pusher: pusher(&one.caller),
                request: &one.request,
                bodies,
            });
            let pushes: Vec<_> = pushes.collect();
            let all = push_all(connection, &desk, &pushes)?;
            for (one, became) in company.iter().zip(all) {
                let became = became.expect("it is their own chain");
                assert_eq!(became, one.became, "seed {seed}");
            }
            Ok(())
        });
        let stored: Result<(), Failed> = self.runtime.block_on(stored);
        stored.expect("they are stored");
    }
}

/// Pushes that follow each other and may go together.
fn companies(pushed: Vec<Kept>) -> Vec<Vec<Kept>> {
    let mut all: Vec<Vec<Kept>> = Vec::new();
    let (mut chains, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for one in pushed {
        let request = &one.request;
        let own = request.inherits.map(|one| one.incarnation).into_iter();
        let own: BTreeSet<_> = own.chain([request.incarnation]).collect();
        let new: BTreeSet<_> = request.ops.iter().map(RawOp::key).collect();
        // What is stored at once has one time and one set of definitions.
        let same = |last: &Kept| last.now == one.now && last.newer == one.newer;
        let goes = all.last().and_then(|last| last.last()).is_some_and(same)
            && chains.is_disjoint(&own)
            && keys.is_disjoint(&new);
        if !goes {
            (chains, keys) = (BTreeSet::new(), BTreeSet::new());
            all.push(Vec::new());
        }
        chains.extend(own);
        keys.extend(new);
        all.last_mut().expect("there is one").push(one);
    }
    all
}

async fn store_together(stage: Arc<Stage>) {
    let (mut pushes, mut in_company) = (0, 0);
    for seed in 1..=TOGETHER {
        let databases = [stage.empty_database(), stage.empty_database()].map(|url| {
            ruhu::db::migrate(&url).expect("it has a layout");
            Database::open(&url).expect("it opens")
        });
        for database in &databases {
            people(database).await;
        }
        let [first, second] = databases;
        let lineage = lineage_of(&first).await;
        let compared = tokio::task::spawn_blocking(move || {
            county::name_county(&format!("s{seed}-"));
            let mut real = Real::new(first, lineage.clone());
            real.pushed = Some(Vec::new());
            let mut world = World::new(real, seed);
            let ended = simulation::tell(&mut world, &steps(seed));
            ended.unwrap_or_else(|violation| panic!("seed {seed}: {}", violation.0));
            let alone = &mut world.server;
            let mut together = Real::new(second, lineage);
            let pushed = alone.pushed.take().expect("it was kept");
            let mut counted = Vec::new();
            for company in companies(pushed) {
                counted.push(company.len());
                together.newer = company[0].newer;
                together.push_together(company, seed);
            }
            assert_eq!(together.read(held), alone.read(held), "seed {seed}");
            let (one, other) = (together.state(), alone.state());
            assert_eq!(one.records, other.records, "seed {seed}");
            assert_eq!(one.digests, other.digests, "seed {seed}");
            counted
        });
        let counted = compared.await.expect("they are the same");
        pushes += counted.iter().sum::<usize>();
        in_company += counted.iter().filter(|count| **count > 1).sum::<usize>();
    }
    println!("{pushes} pushes, {in_company} of them in company");
    assert!(in_company > 50);
}

#[test]
fn pushes_that_are_stored_together_come_to_the_same_on_sqlite() {
    let backend = Backend { database: DatabaseKind::Sqlite, media: MediaKind::Folder };
    Stage::set(backend, store_together);
}

#[test]
fn pushes_that_are_stored_together_come_to_the_same_on_postgres() {
    let backend = Backend { database: DatabaseKind::Postgres, media: MediaKind::Folder };
    Stage::set(backend, store_together);
}

/// A tablet's push of one change of one household.
fn change(
    number: usize,
    chain: IncarnationId,
    seq: u64,
    about: RecordId,
    change: Change,
) -> Arrival {
    let catalogue = shared_definitions(false);
    let (definition, _) = catalogue.current("household").expect("a register");
    let op = Op {
        collection: "household".into(),
        record: about,
        scope: county::village(0),
        base: None,
        change,
        at: Hlc { wall: 1_700_000_000_000, counter: 0, node: number as u32 },
        definition,
        author: county::user(number),
        blobs: Vec::new(),
        group: None,
    };
    let clock = ClockReading { wall: 1_700_000_000_000, monotonic: 0, boot: String::new() };
    let (device, ops) = (county::device(number), vec![RawOp::of(&op)]);
    let request = SyncRequest::pushing(device, chain, seq, ops, clock);
    Arrival::new((device, op.author), (own_scopes(), Capacity::Cadre), Arc::new(request), catalogue)
}

async fn fail_alone(stage: Arc<Stage>) {
    people(&stage.app().database).await;
    let pushes = &stage.app().pushes;
    let fields = |words: &str| [(county::household::ADDRESS, words.into())].into();
    let homes: Vec<_> = (0..county::CADRES)
        .map(|number| (number, IncarnationId(Uuid::now_v7()), RecordId(Uuid::now_v7())))
        .collect();
    let made = homes.iter().map(|(number, chain, home)| {
        let create = Change::Create { fields: fields("1 组 1 号") };
        pushes.store(change(*number, *chain, 1, *home, create))
    });
    for stored in futures_util::future::join_all(made).await {
        assert!(matches!(stored, Ok(Pushed::Stored { ack: 2, .. })), "{stored:?}");
    }
    let damaged = Key::from(homes[1].2);
    let damage = stage.app().write(move |connection| {
        diesel::update(records::table.find(damaged))
            .set(records::marks.eq(ruhu::db::JsonText(r#"{"created":7}"#.into())))
            .execute(connection)
    });
    damage.await.unwrap();
    let edited = homes.iter().map(|(number, chain, home)| {
        let patch = Change::Patch { fields: fields("2 组 2 号") };
        pushes.store(change(*number, *chain, 2, *home, patch))
    });
    let stored = futures_util::future::join_all(edited).await;
    for (number, stored) in stored.iter().enumerate() {
        let is_stored = matches!(stored, Ok(Pushed::Stored { ack: 3, .. }));
        assert_eq!(is_stored, number != 1, "{number}: {stored:?}");
    }
    // Nothing of it is stored, so that it can be sent again.
    let ends = stage.app().read(|connection| {
        let ends = chains::table.select((chains::incarnation, chains::next_seq));
        ends.load::<(Key, i64)>(connection)
    });
    let ends: BTreeMap<Key, i64> = ends.await.unwrap().into_iter().collect();
    let ends = homes.iter().map(|(_, chain, _)| ends[&Key::from(*chain)]);
    assert_eq!(ends.collect::<Vec<_>>(), [3, 2, 3]);
}

#[test]
fn what_is_wrong_with_one_push_keeps_no_other_from_being_stored_on_sqlite() {
    let backend = Backend { database: DatabaseKind::Sqlite, media: MediaKind::Folder };
    Stage::set(backend, fail_alone);
}

#[test]
fn what_is_wrong_with_one_push_keeps_no_other_from_being_stored_on_postgres() {
    let backend = Backend { database: DatabaseKind::Postgres, media: MediaKind::Folder };
    Stage::set(backend, fail_alone);
}
