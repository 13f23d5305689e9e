//! What the server's database and bucket do when they fail: it is told in words and in time, costs
//! nobody but those it concerns, and is over when it is over.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use harness::{
    Backend, DatabaseKind, MediaKind, ObjectStore, Postgres, ServerProcess, Stage, story,
};
use mobile_schema::Hash;
use reqwest::Method;
use ruhu::db::{Database, DatabaseUrl, Failed, Hold, Timestamp, Use};
use ruhu::{jobs, limits};
use serde_json::{Value as Json, json};
use tablets::{Client, HeadlessTablet, photo};
use tokio::time::MissedTickBehavior;

use crate::probe::{Probe, VILLAGE, kind};

/// Whoever waits for a database that is away, or for something to give up by itself, waits longer.
const IN_VAIN: Duration = limits::DATABASE_PATIENCE;

/// A stage on PostgreSQL.
async fn stage() -> std::sync::Arc<Stage> {
    let backend = Backend { database: DatabaseKind::Postgres, media: MediaKind::Folder };
    std::sync::Arc::new(Stage::open(backend).await)
}

/// A server on the stage, with this in place of what the stage says.
fn server_with(stage: &Stage, name: &str, value: String) -> ServerProcess {
    let (arguments, mut environment) = stage.process_settings();
    environment.retain(|(known, _)| known != name);
    // Nobody reads its log.
    environment.push(("RUHU_LOG".into(), "off".into()));
    environment.push((name.into(), value));
    ServerProcess::start(&arguments, &environment)
}

/// What `/readyz` says does not work, and how long it took to say so.
async fn not_ready(address: &str) -> (Option<String>, Duration) {
    let asked = Instant::now();
    let answer = reqwest::get(format!("{address}/readyz")).await.expect("an answer");
    let status = answer.status().as_u16();
    let body = answer.text().await.expect("all of it");
    let part = match status {
        200 => None,
        503 => Some(serde_json::from_str::<Json>(&body).expect("a problem")["part"].to_string()),
        other => panic!("{other} {body}"),
    };
    (part.map(|part| part.trim_matches('"').to_owned()), asked.elapsed())
}

/// Asks until it is as wanted.
async fn until(patience: Duration, mut wanted: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !wanted().await {
        assert!(begun.elapsed() < patience, "it is not so within {patience:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn me(client: &mut Client) -> (Option<String>, Duration) {
    let asked = Instant::now();
    let answer = client.call(Method::GET, "/api/v1/me", None).await;
    (answer.err().map(|error| error.kind().to_owned()), asked.elapsed())
}

fn psql(url: &DatabaseUrl) -> PgConnection {
    let DatabaseUrl::Postgres(url) = url else { unreachable!("it is one") };
    PgConnection::establish(url).expect("PostgreSQL answers")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_cut_off_is_seen_again_by_what_needs_the_database_alone() {
    let stage = stage().await;
    let database = stage.config().database.clone();
    let (mut gate, DatabaseUrl::Postgres(url)) = Postgres::server().behind_a_gate(&database) else {
        unreachable!("it is PostgreSQL")
    };
    let server = server_with(&stage, "RUHU_DATABASE_URL", url);
    let is_free = || Hold::take(&database, Use::Alone).is_ok();
    assert!(!is_free(), "a server uses it");
    gate.refuse().await;
    let patience = Duration::from_secs(60);
    until(patience, async || is_free()).await;
    gate.open().await;
    until(patience, async || !is_free()).await;
    server.kill();
    assert!(is_free(), "nothing of it stays in the way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_away_is_told_at_once_and_costs_nothing_when_it_is_back() {
    let stage = stage().await;
    let (mut gate, DatabaseUrl::Postgres(url)) =
        Postgres::server().behind_a_gate(&stage.config().database)
    else {
        unreachable!("it is PostgreSQL")
    };
    let server = server_with(&stage, "RUHU_DATABASE_URL", url);
    let address = server.address().to_owned();
    let mut person = stage.person("admin").await;
    person.move_to(&address);
    let token = person.access_token().to_owned();
    let crowd = async || {
        let mut asked = tokio::task::JoinSet::new();
        for _ in 0..24 {
            let request = reqwest::Client::new().get(format!("{address}/api/v1/people"));
            let request = request.bearer_auth(&token);
            asked.spawn(async move { request.send().await.unwrap().status().as_u16() });
        }
        asked.join_all().await
    };
    assert!(crowd().await.iter().all(|status| *status == 200));

    // It was started anew: whatever stands is dead, and nobody notices.
    gate.cut().await;
    assert_eq!(crowd().await, [200; 24]);

    gate.refuse().await;
    for _ in 0..3 {
        let (problem, took) = me(&mut person).await;
        assert_eq!(problem.as_deref(), Some("database-unavailable"));
        assert!(took < IN_VAIN, "{took:?}");
    }
    let (part, took) = not_ready(&address).await;
    assert_eq!(part.as_deref(), Some("database"));
    assert!(took < IN_VAIN, "{took:?}");
    gate.open().await;
    until(Duration::from_secs(10), async || me(&mut person).await.0.is_none()).await;
    until(Duration::from_secs(10), async || not_ready(&address).await.0.is_none()).await;

    // A machine without power says nothing at all.
    gate.swallow().await;
    let (problem, first) = me(&mut person).await;
    assert_eq!(problem.as_deref(), Some("database-unavailable"));
    assert!(first < IN_VAIN * 3, "{first:?}");
    let (problem, took) = me(&mut person).await;
    assert_eq!(problem.as_deref(), Some("database-unavailable"));
    // Who finds out by waiting waits as long as the first did.
    assert!(took < first, "by then it is known: {took:?}, and {first:?} before");
    let (part, took) = not_ready(&address).await;
    assert_eq!(part.as_deref(), Some("database"));
    assert!(took < IN_VAIN, "{took:?}");
    gate.open().await;
    until(Duration::from_secs(20), async || me(&mut person).await.0.is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_postgres_is_told_in_words() {
    let stage = stage().await;
    let mut owner = psql(&stage.config().database);
    // What PostgreSQL answers when it can't make a file longer, to the letter.
    owner
        .batch_execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               RAISE EXCEPTION 'could not extend file \"base/16384/16400\": No space left on device'
                 USING ERRCODE = '53100', HINT = 'Check free disk space.';
             END $$;
             CREATE TRIGGER full_disk BEFORE INSERT ON write_probe EXECUTE FUNCTION full_disk();
             CREATE TRIGGER full_disk BEFORE INSERT ON sessions EXECUTE FUNCTION full_disk();",
        )
        .unwrap();
    let mut person = Client::new(stage.address());
    let refused = person.sign_in("admin", ruhu::demo::PASSWORD).await.unwrap_err();
    assert_eq!(refused.kind(), "database-unavailable");
    assert_eq!(not_ready(stage.address()).await.0.as_deref(), Some("database"));
    let there = "DROP TRIGGER full_disk ON write_probe; DROP TRIGGER full_disk ON sessions";
    owner.batch_execute(there).unwrap();
    person.sign_in("admin", ruhu::demo::PASSWORD).await.expect("there is room again");
    until(Duration::from_secs(10), async || not_ready(stage.address()).await.0.is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_sqlite_is_told_in_words() {
    let backend = Backend { database: DatabaseKind::Sqlite, media: MediaKind::S3 };
    let stage = Stage::open(backend).await;
    let server = server_with(&stage, "RUHU_LOG", "off".into());
    let mut person = Client::new(server.address());
    person.sign_in("admin", ruhu::demo::PASSWORD).await.unwrap();
    server.limit_files(Some(4_096));
    let refused = person.sign_in("admin", ruhu::demo::PASSWORD).await.unwrap_err();
    assert_eq!(refused.kind(), "database-unavailable");
    assert_eq!(not_ready(server.address()).await.0.as_deref(), Some("database"));
    assert_eq!(me(&mut person).await.0, None, "what is there can be read");
    server.limit_files(None);
    until(Duration::from_secs(10), async || not_ready(server.address()).await.0.is_none()).await;
    person.sign_in("admin", ruhu::demo::PASSWORD).await.expect("there is room again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_swallows_everything_is_told_in_time() {
    let backend = Backend { database: DatabaseKind::Sqlite, media: MediaKind::S3 };
    let stage = Stage::open(backend).await;
    let mut gate = ObjectStore::server().behind_a_gate();
    gate.swallow().await;
    harness::ruhu_binary();
    let begun = Instant::now();
    let server = server_with(&stage, "RUHU_S3_ENDPOINT", format!("http://{}", gate.address()));
    // A bucket that never answers is waited for without end, or not.
    assert!(begun.elapsed() < Duration::from_secs(60), "it starts all the same");
    let (part, took) = not_ready(server.address()).await;
    assert_eq!(part.as_deref(), Some("media"));
    assert!(took < IN_VAIN, "{took:?}");
    let mut person = Client::new(server.address());
    person.sign_in("admin", ruhu::demo::PASSWORD).await.expect("everything else works");

    // Somebody waits; once it is known, nobody does.
    let mut tablet = stage.tablet("cadre").await;
    tablet.client().move_to(server.address());
    let begun = Instant::now();
    assert_eq!(upload(&mut tablet, 0).await.as_deref(), Some("unavailable"));
    let waited = begun.elapsed();
    let begun = Instant::now();
    for number in 1..9 {
        assert_eq!(upload(&mut tablet, number).await.as_deref(), Some("unavailable"));
    }
    // One of them may have been the one that tries again.
    assert!(begun.elapsed() < 2 * waited, "{waited:?}, then {:?}", begun.elapsed());
    gate.open().await;
    until(Duration::from_secs(60), async || upload(&mut tablet, 9).await.is_none()).await;
    until(Duration::from_secs(60), async || not_ready(server.address()).await.0.is_none()).await;
}

/// Sends a photo of its own, whole; gives what was refused.
async fn upload(tablet: &mut HeadlessTablet, number: u64) -> Option<String> {
    let bytes = photo::invented(number, "2026:11:29 10:00:00", 26.2, 107.2);
    let client = tablet.client();
    let begun = client.start_upload(&Hash::of(&bytes), bytes.len(), "image/jpeg").await;
    let location = match begun {
        Ok(location) => location,
        Err(refused) => return Some(refused.kind().to_owned()),
    };
    let sent = client.upload_chunk(&location, 0, &bytes).await;
    sent.err().map(|refused| refused.kind().to_owned())
}

/// A push of another address to a household of the probe's first village.
async fn push(probe: &mut Probe, words: &str) -> Result<(), String> {
    let row = probe.tablet.rows().find(|row| row.collection == "household").unwrap().clone();
    let scope = probe.tablet.machine().scope_of(row.id).unwrap().to_string();
    let mut op = probe.address(&row, words);
    op["scope"] = json!(scope);
    let request = probe.request(probe.next, &[op]);
    let answer = probe.send(&request).await.map_err(|error| error.kind().to_owned())?;
    assert_eq!(answer["result"], "ok", "{answer}");
    probe.next += 1;
    let kind = kind(&answer["outcomes"][0]);
    assert!(["applied", "merged", "conflict"].contains(&&*kind), "{kind}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_village_that_somebody_holds_stops_no_other() {
    let stage = stage().await;
    let mut here = Probe::new(&stage, "cadre").await;
    let mut there = Probe::new(&stage, "cadre3").await;
    let mut holder = psql(&stage.config().database);
    let hold = format!("BEGIN; SELECT * FROM scope_heads WHERE scope = '{VILLAGE}' FOR UPDATE");
    holder.batch_execute(&hold).unwrap();
    let begun = Instant::now();
    let waiting = tokio::spawn(async move {
        let refused = push(&mut here, "等").await.unwrap_err();
        (here, refused, begun.elapsed())
    });
    // Whoever holds it holds it all the while; how fast the machine is says nothing. A tablet may
    // ask so often and no more: a fast machine would come to that without a pause.
    let mut every = tokio::time::interval(Duration::from_millis(100));
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut stored, mut slowest) = (0, Duration::ZERO);
    while !waiting.is_finished() || stored < 4 {
        every.tick().await;
        let asked = Instant::now();
        push(&mut there, &format!("别村 {stored}")).await.expect("it is another village");
        slowest = slowest.max(asked.elapsed());
        stored += 1;
    }
    let (mut here, refused, took) = waiting.await.unwrap();
    assert_eq!(refused, "busy");
    assert!((4..30).contains(&took.as_secs()), "{took:?}");
    assert!(slowest < took, "the other village waits {slowest:?}, and this one {took:?}");
    assert_eq!(not_ready(stage.address()).await.0, None, "the replica is none the worse for it");
    holder.batch_execute("ROLLBACK").unwrap();
    push(&mut here, "可以了").await.expect("nobody holds it any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_frozen_in_a_transaction_stops_the_others_for_seconds_only() {
    let stage = stage().await;
    let frozen = server_with(&stage, "RUHU_LOG", "off".into());
    let mut one = Probe::new(&stage, "cadre").await;
    let mut other = Probe::new(&stage, "cadre2").await;
    // Its transaction waits for what somebody else holds; then it is frozen, and gets it.
    let mut holder = psql(&stage.config().database);
    let hold = format!("BEGIN; SELECT * FROM scope_heads WHERE scope = '{VILLAGE}' FOR UPDATE");
    holder.batch_execute(&hold).unwrap();
    one.tablet.client().move_to(frozen.address());
    let waiting = tokio::spawn(async move {
        let pushed = push(&mut one, "冻住").await;
        (one, pushed)
    });
    let mut watcher = psql(&stage.config().database);
    let mut count = |query: &str| {
        use diesel::RunQueryDsl;
        #[derive(diesel::QueryableByName)]
        struct Count {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            count: i64,
        }
        diesel::sql_query(query).get_result::<Count>(&mut watcher).unwrap().count
    };
    let here = "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database()";
    let waits = format!("{here} AND wait_event_type = 'Lock'");
    // While it waits, and not between two times that it does.
    until(Duration::from_secs(30), async || {
        if count(&waits) > 0 {
            frozen.freeze();
            if count(&waits) > 0 {
                return true;
            }
            frozen.thaw();
        }
        false
    })
    .await;
    holder.batch_execute("ROLLBACK").unwrap();
    let stands = format!("{here} AND state = 'idle in transaction'");
    until(Duration::from_secs(10), async || count(&stands) > 0).await;

    // It is frozen until it is let go on: that they do is PostgreSQL's doing.
    until(limits::IDLE_IN_TRANSACTION * 4, async || match push(&mut other, "继续").await {
        Ok(()) => true,
        Err(problem) => {
            assert_eq!(problem, "busy");
            false
        }
    })
    .await;
    frozen.thaw();
    let (mut one, pushed) = waiting.await.unwrap();
    if let Err(problem) = pushed {
        assert!(["busy", "database-unavailable"].contains(&problem.as_str()), "{problem}");
        push(&mut one, "再试").await.expect("it goes on where it stood");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_now_and_then_one_replica_does_for_all() {
    let stage = stage().await;
    let (arguments, mut environment) = stage.process_settings();
    environment.push(("RUHU_LOG".into(), "ruhu::cli=debug".into()));
    // Both at once, and each runs until it has asked whether it is its turn.
    let starting = [(); 2].map(|()| {
        let (arguments, environment) = (arguments.clone(), environment.clone());
        tokio::task::spawn_blocking(move || ServerProcess::start(&arguments, &environment))
    });
    let mut servers = Vec::new();
    for started in starting {
        servers.push(started.await.unwrap());
    }
    let took = |server: &ServerProcess| {
        let (log, work) = (server.log(), "\"work\":\"tidy\"");
        let times = |is_ours: &str| {
            let wanted = format!("\"is_ours\":{is_ours}");
            log.lines().filter(|line| line.contains(work) && line.contains(&wanted)).count()
        };
        (times("true"), times("false"))
    };
    until(Duration::from_secs(60), async || servers.iter().all(|one| took(one) != (0, 0))).await;
    for server in &servers {
        Client::new(server.address()).sign_in("admin", ruhu::demo::PASSWORD).await.unwrap();
    }
    let mut turns: Vec<_> = servers.iter().map(took).collect();
    turns.sort_unstable();
    assert_eq!(turns, [(0, 1), (1, 0)]);
    for server in servers {
        tokio::task::spawn_blocking(move || server.stop()).await.unwrap();
    }
}

story!(a_turn_is_taken_once_though_the_clocks_of_two_replicas_differ, async |stage| {
    let take = async || jobs::take_turn(stage.app(), "test", 600).await.expect("it answers");
    assert!(take().await.is_some(), "nobody had it");
    assert!(take().await.is_none(), "somebody is at it");
    // Whoever took it has a clock that is ahead.
    let later = async |seconds: i64| {
        let moved = stage.app().write(move |connection| {
            use diesel::prelude::*;
            use ruhu::db::schema::turns::dsl;
            let until: Timestamp = dsl::turns.find("test").select(dsl::until).first(connection)?;
            let until = dsl::until.eq(until.plus_seconds(seconds));
            diesel::update(dsl::turns.find("test")).set(until).execute(connection)
        });
        assert_eq!(moved.await.expect("it is written"), 1);
    };
    later(limits::CLOCKS_DIFFER - 10).await;
    assert!(take().await.is_none(), "it is as far ahead as clocks may be");
    later(24 * 3600).await;
    assert!(take().await.is_some(), "a clock that was wrong holds nothing up");
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_takes_connections_and_drops_them_is_told_in_time() {
    let stage = stage().await;
    let (mut gate, url) = Postgres::server().behind_a_gate(&stage.config().database);
    let database = Database::open(&url).expect("it opens");
    let read = async || {
        let begun = Instant::now();
        let read: Result<(), Failed> = database.read(|_| Ok(())).await;
        (read, begun.elapsed())
    };
    let written = async || {
        let begun = Instant::now();
        let written: Result<(), Failed> = database.write(|_| Ok(())).await;
        (written, begun.elapsed())
    };
    assert!(read().await.0.is_ok());
    // A pooler before a database that is gone: it says hello, and no more.
    gate.cut_at("BEGIN").await;
    let most = limits::DATABASE_PATIENCE + Duration::from_secs(10);
    let both = async { (read().await, written().await) };
    let both = tokio::time::timeout(2 * most, both).await.expect("nobody tries for ever");
    for (done, took) in [both.0, both.1] {
        assert!(matches!(done, Err(Failed::Unavailable(_))), "{done:?}");
        assert!(took < most, "{took:?}");
    }
    gate.open().await;
    assert!(read().await.0.is_ok());
    assert!(written().await.0.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pushes_that_stand_are_told_until_they_go_on() {
    let stage = stage().await;
    let mut here = Probe::new(&stage, "cadre").await;
    let mut holder = psql(&stage.config().database);
    // Nobody holds a lock that patience is set for: the database itself goes on and on.
    holder
        .batch_execute(
            "CREATE FUNCTION stand() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               WHILE NOT pg_try_advisory_xact_lock(4711) LOOP PERFORM pg_sleep(0.1); END LOOP;
               RETURN NULL;
             END $$;
             CREATE TRIGGER stand BEFORE INSERT ON ops EXECUTE FUNCTION stand();
             SELECT pg_advisory_lock(4711)",
        )
        .unwrap();
    assert_eq!(not_ready(stage.address()).await.0, None);
    let waiting = tokio::spawn(async move { push(&mut here, "等").await });
    let stands = async || not_ready(stage.address()).await.0.as_deref() == Some("pushes");
    let begun = Instant::now();
    until(Duration::from_secs(60), stands).await;
    let took = begun.elapsed();
    let least = limits::PUSHES_MAY_STAND - Duration::from_secs(1);
    assert!(took > least, "a push may take a while: {took:?}");
    assert!(!waiting.is_finished(), "it is the push that stands");
    holder.batch_execute("SELECT pg_advisory_unlock(4711)").unwrap();
    waiting.await.unwrap().expect("it is stored all the same");
    until(Duration::from_secs(10), async || not_ready(stage.address()).await.0.is_none()).await;
}
