//! The rows of pushes, written once more without anything else: what a push is held against.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use diesel::prelude::*;
use harness::{Backend, Stage};
use ruhu::db::schema::{chains, checks_due, devices, history, ops, records, scope_heads};
use ruhu::db::{AnyConnection, Failed, JsonText, Key, Timestamp};
use sync_protocol::IncarnationId;

/// A row of `ops`.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = ops)]
struct OpRow {
    incarnation: Key,
    seq: i64,
    key: Vec<u8>,
    body: Vec<u8>,
    outcome: JsonText,
    pushed_by: Key,
    received_at: Timestamp,
    first_incarnation: Option<Key>,
    first_seq: Option<i64>,
}

/// A row of `history`.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = history)]
struct HistoryRow {
    record: Key,
    epoch: i64,
    n: i64,
    incarnation: Key,
    seq: i64,
}

/// A row of `records`.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = records)]
struct RecordRow {
    id: Key,
    collection: String,
    scope: String,
    seq: i64,
    epoch: i64,
    n: i64,
    definition: Vec<u8>,
    deleted: bool,
    fields: JsonText,
    marks: JsonText,
    title: Option<String>,
    subject: Option<Key>,
    status: Option<String>,
    due_on: Option<String>,
    updated_at: Timestamp,
    created_at: Timestamp,
}

/// What one push of a visit wrote.
#[derive(Clone)]
struct Push {
    ops: Vec<OpRow>,
    history: Vec<HistoryRow>,
    visit: RecordRow,
    household: RecordRow,
    /// What is to be checked and was not before.
    due: Vec<Key>,
}

/// What the pushes of some chains wrote, each chain the operations from a number on, three a push.
pub(crate) struct Written(Vec<(Key, Vec<Push>)>);

impl Written {
    pub(crate) async fn read(stage: &Stage, of: Vec<(IncarnationId, u64)>) -> Self {
        let read = stage.app().read(move |connection| {
            let chains = of.iter().map(|(chain, first)| {
                let chain = Key::from(*chain);
                chain_of(connection, chain, *first as i64).map(|pushes| (chain, pushes))
            });
            chains.collect::<QueryResult<Vec<_>>>()
        });
        Self(read.await.expect("they are there"))
    }
}

fn chain_of(connection: &mut AnyConnection, chain: Key, first: i64) -> QueryResult<Vec<Push>> {
    let all: Vec<OpRow> = ops::table
        .filter(ops::incarnation.eq(chain).and(ops::seq.ge(first)))
        .order(ops::seq)
        .load(connection)?;
    let lines: Vec<HistoryRow> = history::table
        .filter(history::incarnation.eq(chain).and(history::seq.ge(first)))
        .order(history::seq)
        .load(connection)?;
    let mut changed: BTreeMap<Key, RecordRow> = BTreeMap::new();
    let mut due: BTreeSet<Key> = BTreeSet::new();
    let pushes = all.chunks(3).zip(lines.chunks(3)).map(|(ops, history)| {
        let mut record = |key: Key| -> QueryResult<RecordRow> {
            if let Some(known) = changed.get(&key) {
                return Ok(known.clone());
            }
            let found: RecordRow = records::table.find(key).first(connection)?;
            changed.insert(key, found.clone());
            Ok(found)
        };
        let (visit, household) = (record(history[0].record)?, record(history[1].record)?);
        let due = [visit.id, household.id].into_iter().filter(|id| due.insert(*id)).collect();
        Ok(Push { ops: ops.to_vec(), history: history.to_vec(), visit, household, due })
    });
    pushes.collect()
}

/// Writes the rows into a fresh database, a transaction for each push, the chains at once.
pub(crate) async fn measure(backend: Backend, written: Written) -> f64 {
    let stage = Arc::new(Stage::open(backend).await);
    let found = stage.app().read(|connection| {
        devices::table.select((devices::id, devices::user_id)).first::<(Key, Key)>(connection)
    });
    let (device, user) = found.await.expect("the demo has a tablet");
    let chains: Vec<_> = written.0.iter().map(|(chain, _)| *chain).collect();
    let homes: BTreeMap<Key, RecordRow> = written
        .0
        .iter()
        .flat_map(|(_, pushes)| pushes)
        .map(|push| (push.household.id, push.household.clone()))
        .collect();
    let prepared: Result<(), Failed> = stage
        .app()
        .database
        .write(move |connection| {
            chains.iter().try_for_each(|chain| begin(connection, device, *chain))?;
            // Their numbers are given anew by the pushes.
            for (place, home) in homes.values().enumerate() {
                let home = RecordRow { seq: 1_000_000_000 + place as i64, ..home.clone() };
                diesel::insert_into(records::table).values(home).execute(connection)?;
            }
            Ok(())
        })
        .await;
    prepared.expect("it is written");
    let count: usize = written.0.iter().map(|(_, pushes)| pushes.len()).sum();
    let begun = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for (chain, pushes) in written.0 {
        let database = stage.app().database.clone();
        running.spawn(async move {
            for push in pushes {
                let written: Result<(), Failed> = database
                    .write(move |connection| Ok(rows(connection, chain, user, &push)?))
                    .await;
                written.expect("it is written");
            }
        });
    }
    running.join_all().await;
    count as f64 / begun.elapsed().as_secs_f64()
}

fn begin(connection: &mut AnyConnection, device: Key, chain: Key) -> QueryResult<()> {
    diesel::insert_into(chains::table)
        .values((
            chains::incarnation.eq(chain),
            chains::device_id.eq(Some(device)),
            chains::next_seq.eq(1),
            chains::started_at.eq(Timestamp(0)),
            chains::safe_before.eq(0),
            chains::repeats.eq(false),
        ))
        .execute(connection)?;
    Ok(())
}

/// The rows of a push: three operations and their history, a visit, its household, what is to be
/// checked, a chain's end and a scope's counter.
fn rows(connection: &mut AnyConnection, chain: Key, user: Key, push: &Push) -> QueryResult<()> {
    for op in &push.ops {
        let op = OpRow { pushed_by: user, ..op.clone() };
        diesel::insert_into(ops::table).values(op).execute(connection)?;
    }
    for line in &push.history {
        diesel::insert_into(history::table).values(line.clone()).execute(connection)?;
    }
    let Push { visit, household, .. } = push;
    diesel::insert_into(records::table).values(visit.clone()).execute(connection)?;
    diesel::update(records::table.find(household.id))
        .set((
            // A number that nothing else has.
            records::seq.eq(-visit.seq),
            records::n.eq(household.n),
            records::fields.eq(household.fields.clone()),
            records::marks.eq(household.marks.clone()),
            records::updated_at.eq(household.updated_at),
        ))
        .execute(connection)?;
    for record in &push.due {
        diesel::insert_into(checks_due::table)
            .values((checks_due::record.eq(record), checks_due::asked_at.eq(visit.updated_at)))
            .execute(connection)?;
    }
    let next = push.ops.last().map_or(1, |op| op.seq + 1);
    diesel::update(chains::table.find(chain)).set(chains::next_seq.eq(next)).execute(connection)?;
    diesel::update(scope_heads::table.find(&visit.scope))
        .set(scope_heads::seq.eq(scope_heads::seq + 1))
        .execute(connection)?;
    Ok(())
}
