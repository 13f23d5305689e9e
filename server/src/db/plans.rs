//! How SQLite finds what is asked for again and again: without statistics it guesses, and once
//! guessed that a collection has ten records.

use std::sync::{Arc, Mutex};

use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{AnyConnection, DatabaseUrl, migrate};

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// Questions as Diesel puts them, and the index that answers each.
const QUESTIONS: [(&str, &str); 9] = [
    ("id FROM records WHERE subject IN (?, ?) AND collection = ?", "records_by_subject"),
    ("id FROM records WHERE subject = ? AND collection = ? ORDER BY id", "records_by_subject"),
    (
        "id FROM records WHERE subject IN (?, ?) AND collection = ? AND deleted = ?",
        "records_by_subject",
    ),
    (
        "id FROM records WHERE id IN (?, ?, ?, ?) AND deleted = ? AND scope || ? IN (?) ORDER BY id",
        "sqlite_autoindex_records_1",
    ),
    ("hash FROM blob_references WHERE record IN (?, ?)", "blob_references_by_record"),
    // Visits by when they were received: a page of many villages, of few, those of a period, and
    // those that wait.
    (
        "id FROM records WHERE collection = 'visit' AND deleted = ? AND scope || ? IN (?, ?) \
         AND created_at <= ? AND (created_at < ? OR (created_at = ? AND id < ?)) \
         ORDER BY created_at DESC, id DESC LIMIT ?",
        "visits_by_age",
    ),
    (
        "id FROM records WHERE collection = 'visit' AND deleted = ? AND scope = ? \
         AND created_at <= ? ORDER BY created_at DESC, id DESC LIMIT ?",
        "visits_by_village",
    ),
    (
        "scope, created_at FROM records WHERE records.collection = 'visit' AND deleted = ? \
         AND scope IN (?, ?) AND created_at >= ? AND created_at < ?",
        "visits_by_village",
    ),
    (
        "id FROM records WHERE collection = ? AND status = ? AND deleted = ? AND scope IN (?, ?) \
         ORDER BY created_at, id LIMIT ?",
        "records_by_status",
    ),
];

#[test]
fn records_are_found_by_what_names_them() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut connection = empty(&folder);
    for (question, index) in QUESTIONS {
        let told = plan(&mut connection, &format!("SELECT {question}"));
        assert!(told[0].contains(index), "{question}: {told:?}");
    }
}

fn empty(folder: &tempfile::TempDir) -> SqliteConnection {
    let path = folder.path().join("x.sqlite");
    migrate(&DatabaseUrl::Sqlite(path.clone())).expect("it has a layout");
    let path = path.to_str().expect("a path of letters");
    SqliteConnection::establish(path).expect("it opens")
}

fn plan(connection: &mut SqliteConnection, statement: &str) -> Vec<String> {
    let plan = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}"));
    let steps: Vec<Step> = plan.load(connection).expect("a plan");
    steps.into_iter().map(|step| step.detail).collect()
}

/// The statements that `work` puts to an SQLite database without statistics, as they are put, each
/// with how SQLite goes about it. `prepare` fills the database first.
pub(crate) fn plans_of(
    prepare: &str,
    work: impl FnOnce(&mut AnyConnection) -> QueryResult<()>,
) -> Vec<(String, Vec<String>)> {
    let folder = tempfile::tempdir().expect("a directory");
    let mut connection = empty(&folder);
    connection.batch_execute(prepare).expect("it is filled");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let told = asked.clone();
    connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let statement = text.split(" -- binds").next().unwrap_or_default().to_owned();
            told.lock().expect("nobody panicked").push(statement);
        }
    });
    let mut connection = AnyConnection::Sqlite(connection);
    work(&mut connection).expect("it is done");
    drop(connection);
    let mut connection = empty(&folder);
    let asked = std::mem::take(&mut *asked.lock().expect("nobody panicked"));
    asked
        .into_iter()
        .map(|statement| {
            let steps = plan(&mut connection, &statement);
            (statement, steps)
        })
        .collect()
}
