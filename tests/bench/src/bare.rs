//! The same rows as a push of one visit, written without anything else: what a push is held
//! against.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use diesel::prelude::*;
use harness::{Backend, Stage};
use ruhu::db::schema::{chains, history, ops, records, scope_heads};
use ruhu::db::{AnyConnection, Failed, JsonText, Key, Timestamp};
use uuid::Uuid;

use crate::crowd::name;

const PUSHES: usize = 2_000;

/// Writes the rows of a push, a transaction each, from so many threads.
pub(crate) async fn measure(backend: Backend) {
    for clients in [8, 32] {
        let stage = Arc::new(Stage::open(backend).await);
        let device = device(&stage).await;
        let begun = Instant::now();
        let mut running = tokio::task::JoinSet::new();
        for client in 0..clients {
            let database = stage.app().database.clone();
            running.spawn(async move {
                let (chain, household) = (Key(Uuid::now_v7()), Key(Uuid::now_v7()));
                for number in 0..(PUSHES / clients) as i64 {
                    let written = database.write(move |connection| {
                        if number == 0 {
                            first(connection, device, chain, household, client as i64)?;
                        }
                        rows(connection, chain, household, client as i64, number)?;
                        Ok(())
                    });
                    let written: Result<(), Failed> = written.await;
                    written.expect("it is written");
                }
            });
        }
        running.join_all().await;
        let rate = PUSHES as f64 / begun.elapsed().as_secs_f64();
        println!("| {}, bare rows | {clients} | {rate:.0} |", name(backend));
    }
}

async fn device(stage: &Stage) -> Key {
    let found = stage.app().read(|connection| {
        ruhu::db::schema::devices::table.select(ruhu::db::schema::devices::id).first(connection)
    });
    found.await.expect("the demo has a tablet")
}

/// A visit's answers as the pushes have them, and an operation's words around them.
static ANSWERS: LazyLock<String> = LazyLock::new(|| {
    let answer = |number| format!(r#""question_{number}":"yes, as before""#);
    let answers: Vec<_> = (0..33).map(answer).collect();
    format!(r#"{{"1":"{}","3":{{{}}},"7":"given"}}"#, Uuid::nil(), answers.join(","))
});
static ENVELOPE: LazyLock<String> = LazyLock::new(|| format!("{:480}", "{}"));
static HOUSEHOLD: LazyLock<String> = LazyLock::new(|| format!("{:300}", "{}"));
static MARKS: LazyLock<String> = LazyLock::new(|| format!("{:400}", "{}"));

fn first(
    connection: &mut AnyConnection,
    device: Key,
    chain: Key,
    household: Key,
    client: i64,
) -> QueryResult<()> {
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
    record(connection, household, &HOUSEHOLD, 1_000_000_000 + client)
}

fn record(connection: &mut AnyConnection, id: Key, fields: &str, seq: i64) -> QueryResult<()> {
    diesel::insert_into(records::table)
        .values((
            (
                records::id.eq(id),
                records::collection.eq("visit"),
                records::scope.eq("area:529901100201"),
                records::seq.eq(seq),
                records::epoch.eq(1),
                records::n.eq(1),
                records::definition.eq(vec![0; 32]),
                records::deleted.eq(false),
            ),
            (
                records::fields.eq(JsonText(fields.into())),
                records::marks.eq(JsonText(MARKS.clone())),
                records::updated_at.eq(Timestamp(0)),
            ),
        ))
        .execute(connection)?;
    Ok(())
}

/// Three operations and their history, a visit, a household, a chain's end and a scope's counter.
fn rows(
    connection: &mut AnyConnection,
    chain: Key,
    household: Key,
    client: i64,
    number: i64,
) -> QueryResult<()> {
    let visit = Key(Uuid::now_v7());
    for part in 0..3 {
        let seq = 1 + number * 3 + part;
        let body = if part == 0 { format!("{}{}", *ENVELOPE, *ANSWERS) } else { ENVELOPE.clone() };
        diesel::insert_into(ops::table)
            .values((
                ops::incarnation.eq(chain),
                ops::seq.eq(seq),
                ops::key.eq(Uuid::new_v4().as_bytes().repeat(2)),
                ops::body.eq(body.into_bytes()),
                ops::outcome.eq(JsonText(r#"{"outcome":"applied"}"#.into())),
                ops::pushed_by.eq(chain),
                ops::received_at.eq(Timestamp(0)),
            ))
            .execute(connection)?;
        diesel::insert_into(history::table)
            .values((
                history::record.eq(if part == 0 { visit } else { household }),
                history::epoch.eq(1),
                history::n.eq(seq),
                history::incarnation.eq(chain),
                history::seq.eq(seq),
            ))
            .execute(connection)?;
    }
    record(connection, visit, &ANSWERS, 2_000_000 + client * 100_000 + number)?;
    diesel::update(records::table.find(household))
        .set((
            records::fields.eq(JsonText(HOUSEHOLD.clone())),
            records::marks.eq(JsonText(MARKS.clone())),
        ))
        .execute(connection)?;
    diesel::update(chains::table.find(chain))
        .set(chains::next_seq.eq(number * 3 + 4))
        .execute(connection)?;
    diesel::update(scope_heads::table.find("area:529901100201"))
        .set(scope_heads::seq.eq(scope_heads::seq + 1))
        .execute(connection)?;
    Ok(())
}
