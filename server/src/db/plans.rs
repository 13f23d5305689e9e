//! How SQLite finds what is asked for again and again: without statistics it guesses, and once
//! guessed that a collection has ten records.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{DatabaseUrl, migrate};

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// Questions as Diesel puts them, and the index that answers each.
const QUESTIONS: [(&str, &str); 5] = [
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
];

#[test]
fn records_are_found_by_what_names_them() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("x.sqlite");
    migrate(&DatabaseUrl::Sqlite(path.clone())).expect("it has a layout");
    let path = path.to_str().expect("a path of letters");
    let mut connection = SqliteConnection::establish(path).expect("it opens");
    for (question, index) in QUESTIONS {
        let plan = diesel::sql_query(format!("EXPLAIN QUERY PLAN SELECT {question}"));
        let steps: Vec<Step> = plan.load(&mut connection).expect("a plan");
        let told: Vec<&str> = steps.iter().map(|step| step.detail.as_str()).collect();
        assert!(told[0].contains(index), "{question}: {told:?}");
    }
}
