//! The layout of the database: forward, back, and never by an older program.

use diesel::prelude::*;
use diesel::sql_types::Text;
use harness::Postgres;
use ruhu::db::{Database, DatabaseUrl, MigrationProblem, migrate, revert_all};

/// A database in a folder that goes when the first value is dropped.
fn sqlite() -> (tempfile::TempDir, DatabaseUrl) {
    let folder = tempfile::tempdir().expect("a directory");
    let url = DatabaseUrl::Sqlite(folder.path().join("ruhu.sqlite"));
    (folder, url)
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Every table, column, index and trigger of the database, but for diesel's own.
async fn layout(url: &DatabaseUrl) -> Vec<String> {
    let query = match url {
        DatabaseUrl::Sqlite(_) => {
            "SELECT coalesce(sql, name) AS line FROM sqlite_schema \
             WHERE name NOT LIKE '%diesel%' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
        }
        DatabaseUrl::Postgres(_) => {
            "SELECT line FROM (
               SELECT format('%s.%s %s %s', table_name, column_name, data_type, is_nullable) AS line
                 FROM information_schema.columns WHERE table_schema = 'public'
               UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
               UNION ALL SELECT proname::text FROM pg_proc
                 WHERE pronamespace = 'public'::regnamespace
             ) AS all_lines WHERE line NOT LIKE '%diesel%' ORDER BY 1"
        }
    };
    let database = Database::open(url).expect("it opens");
    let lines: Result<Vec<Line>, ruhu::db::Failed> =
        database.read(move |connection| Ok(diesel::sql_query(query).load(connection)?)).await;
    lines.expect("it answers").into_iter().map(|line| line.line).collect()
}

async fn forward_back_forward(url: DatabaseUrl) {
    assert!(!migrate(&url).expect("forward").is_empty());
    let there = layout(&url).await;
    assert!(there.len() > 20, "{there:?}");
    assert_eq!(migrate(&url).expect("again"), Vec::<String>::new(), "nothing to do");
    revert_all(&url).expect("back");
    assert_eq!(layout(&url).await, Vec::<String>::new(), "down.sql leaves nothing behind");
    migrate(&url).expect("forward again");
    assert_eq!(layout(&url).await, there);
}

async fn refuses_newer(url: DatabaseUrl) {
    migrate(&url).expect("forward");
    let database = Database::open(&url).expect("it opens");
    let ahead: Result<usize, ruhu::db::Failed> = database
        .write(|connection| {
            let insert =
                "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')";
            Ok(diesel::sql_query(insert).execute(connection)?)
        })
        .await;
    ahead.expect("it is noted");
    match migrate(&url) {
        Err(MigrationProblem::Newer(version)) => assert_eq!(version, "29991231000000"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_step_on_sqlite_can_be_undone() {
    let (_folder, url) = sqlite();
    forward_back_forward(url).await;
}

#[tokio::test]
async fn every_step_on_postgres_can_be_undone() {
    forward_back_forward(Postgres::server().empty_database()).await;
}

#[tokio::test]
async fn a_newer_sqlite_database_is_refused_clearly() {
    let (_folder, url) = sqlite();
    refuses_newer(url).await;
}

#[tokio::test]
async fn a_newer_postgres_database_is_refused_clearly() {
    refuses_newer(Postgres::server().empty_database()).await;
}

#[test]
fn replicas_that_start_together_migrate_once() {
    let (_folder, sqlite) = sqlite();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite");
    let steps = std::fs::read_dir(folder).expect("the steps").count();
    for url in [sqlite, Postgres::server().empty_database()] {
        let started: Vec<_> = (0..4)
            .map(|_| {
                let url = url.clone();
                std::thread::spawn(move || migrate(&url).expect("it waits for its turn").len())
            })
            .collect();
        let ran: usize = started.into_iter().map(|one| one.join().expect("it ends")).sum();
        assert_eq!(ran, steps, "{url:?}: each step ran once");
    }
}

harness::story!(what_happened_cannot_be_changed_even_by_hand, async |stage| {
    // Triggers look at rows: there is one of everything.
    let mut admin = stage.person("admin").await;
    let period = serde_json::json!({ "days": 730, "reason": "两年" });
    let path = "/api/v1/retention/task";
    admin.call(reqwest::Method::PUT, path, Some(&period)).await.expect("it is set");
    for statement in [
        "UPDATE ops SET seq = seq + 1",
        "DELETE FROM ops",
        "UPDATE history SET n = n + 1",
        "DELETE FROM history",
        "UPDATE bundles SET name = 'x'",
        "DELETE FROM bundles",
        "DELETE FROM audit",
        "UPDATE audit SET action = 'x'",
    ] {
        let changed = stage
            .app()
            .database
            .write(move |connection| Ok(diesel::sql_query(statement).execute(connection)?));
        let changed: Result<usize, ruhu::db::Failed> = changed.await;
        let refused = changed.expect_err(statement).to_string();
        assert!(refused.contains("append-only"), "{statement}: {refused}");
    }
});
