//! What earlier builds left is opened, served and restored by this one: `tests/fixtures`.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use diesel::prelude::*;
use harness::{Postgres, ServerProcess, ruhu_binary};
use mobile_schema::Hash;
use reqwest::Method;
use ruhu::db::DatabaseUrl;
use serde_json::Value as Json;
use tablets::Client;
use tempfile::TempDir;

/// Every fixture, the oldest first.
fn fixtures() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures");
    let entries = std::fs::read_dir(folder).expect("the fixtures");
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("one").path()).collect();
    found.retain(|path| path.join("expected.json").exists());
    found.sort();
    assert!(!found.is_empty(), "{folder}");
    found
}

fn expected(fixture: &Path, name: &str) -> Json {
    let text = std::fs::read(fixture.join("expected.json")).expect("what is expected");
    let all: Json = serde_json::from_slice(&text).expect("JSON");
    all[name].clone()
}

fn unpack(fixture: &Path, name: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a directory");
    let archive = fixture.join(format!("{name}.tar.zst"));
    let mut tar = Command::new("tar");
    let tar = tar.args(["--zstd", "-xf"]).arg(&archive).arg("-C").arg(folder.path());
    assert!(tar.status().is_ok_and(|status| status.success()), "{}", archive.display());
    folder
}

fn flag(name: &str, value: &Path) -> [String; 2] {
    [name.to_owned(), value.display().to_string()]
}

/// Runs a command of this build, and gives what it says.
fn ruhu(command: &[&str], settings: &[String]) -> String {
    let run = Command::new(ruhu_binary()).args(command).args(settings).output().expect("it runs");
    let (said, wrong) =
        (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{command:?}: {said}{wrong}");
    said.into_owned()
}

async fn all(client: &mut Client, collection: &str) -> Vec<Json> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/records?collection={collection}&limit=500&reason=核对{after}");
        let page = client.call(Method::GET, &path, None).await.expect("a page");
        found.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
}

/// Everything that people recorded is there, as they recorded it.
async fn holds(settings: &[String], expected: &Json) {
    let server = ServerProcess::start(settings, &[]);
    let mut supervisor = Client::new(server.address());
    supervisor.sign_in("supervisor", ruhu::demo::PASSWORD).await.expect("the login works");
    for (collection, ids) in expected["records"].as_object().expect("registers") {
        let there = all(&mut supervisor, collection).await;
        let there: BTreeSet<&str> = there.iter().filter_map(|one| one["id"].as_str()).collect();
        let ids = ids.as_array().expect("ids");
        let lost = ids.iter().filter(|id| !there.contains(id.as_str().unwrap_or_default()));
        assert_eq!(lost.collect::<Vec<_>>(), Vec::<&Json>::new(), "{collection}");
    }
    let there = all(&mut supervisor, "visit").await;
    let mut photos = 0;
    for visit in expected["visits"].as_array().expect("visits") {
        let kept = there.iter().find(|one| one["id"] == visit["id"]).expect("the visit is there");
        let answers = kept["fields"].get("3").unwrap_or(&Json::Null);
        assert_eq!(answers, visit.get("answers").unwrap_or(&Json::Null), "{}", visit["id"]);
        assert_eq!(kept["status"], visit["status"]);
        for photo in visit["photos"].as_array().expect("photos") {
            let photo = photo.as_str().expect("a hash");
            let bytes = supervisor.bytes(&format!("/api/v1/media/{photo}?reason=test")).await;
            assert_eq!(Hash::of(&bytes.expect("the photo is there")).to_string(), photo);
            photos += 1;
        }
    }
    assert!(photos > 5, "{photos}");
    let waits = supervisor.call(Method::GET, "/api/v1/quarantine?reason=核对", None).await;
    let waits = waits.expect("it is listed");
    assert_eq!(waits.as_array().map(|all| all.len() as u64), expected["quarantine"].as_u64());
    server.stop();
    // Nothing that was sealed has become unreadable.
    ruhu(&["privacy", "check"], settings);
    ruhu(&["media", "check"], settings);
}

/// The only backup in a folder of them.
fn backup(folder: &TempDir) -> PathBuf {
    let mut all = std::fs::read_dir(folder.path().join("backups")).expect("backups");
    all.next().expect("a backup").expect("an entry").path()
}

/// The settings of a county whose database is another one than in its folder.
fn with_database(folder: &TempDir, url: &str) -> Vec<String> {
    let mut settings = Vec::from(flag("--data", folder.path()));
    settings.extend(["--database-url".to_owned(), url.to_owned()]);
    settings
}

/// The lengths of the seeds that signing keys are made of; 32 is one in the clear.
fn seeds(file: &Path) -> Vec<i64> {
    #[derive(QueryableByName)]
    struct Seed {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        length: i64,
    }
    let query = "SELECT length(seed) AS length FROM token_keys \
                 UNION ALL SELECT length(seed) FROM notice_keys";
    let mut database = SqliteConnection::establish(&file.to_string_lossy()).expect("it opens");
    let seeds: Vec<Seed> = diesel::sql_query(query).load(&mut database).expect("seeds");
    seeds.into_iter().map(|seed| seed.length).collect()
}

#[tokio::test]
async fn a_sqlite_database_with_its_media_opens() {
    for fixture in fixtures() {
        let folder = unpack(&fixture, "sqlite");
        let (file, media) = (folder.path().join("ruhu.sqlite"), folder.path().join("media"));
        assert!(seeds(&file).len() >= 2, "tokens are signed, and a notification");
        holds(&flag("--data", folder.path()), &expected(&fixture, "sqlite")).await;
        // What stood in the clear is sealed, and what all could read is closed to others.
        assert!(seeds(&file).iter().all(|length| *length > 32), "{:?}", seeds(&file));
        let folders = ["blobs", "pieces", "thumbnails", "incoming"].map(|name| media.join(name));
        for path in folders.into_iter().chain([file]).filter(|path| path.exists()) {
            let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
        }
    }
}

/// A wrong setting names a file or a folder that is somebody else's.
#[test]
fn what_is_no_database_and_no_media_store_stays_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, shared) = (folder.path().join("passwd"), folder.path().join("shared"));
    std::fs::write(&file, "root:x:0:0:root:/root:/bin/bash\n").expect("a file");
    std::fs::create_dir(&shared).expect("a folder");
    for (path, mode) in [(&file, 0o644), (&shared, 0o755)] {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
    }
    let url = format!("sqlite://{}", file.display());
    let media = shared.to_string_lossy().into_owned();
    for _ in 0..2 {
        let arguments = ["doctor", "records", "--database-url", &url, "--media", &media];
        let told = Command::new(ruhu_binary()).args(arguments).output().expect("it runs");
        assert!(!told.status.success(), "it is no database");
    }
    for (path, expected) in [(&file, 0o644), (&shared, 0o755)] {
        let mode = std::fs::metadata(path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, expected, "{}", path.display());
    }
}

#[tokio::test]
async fn a_dump_of_postgres_with_its_media_opens() {
    for fixture in fixtures() {
        let folder = unpack(&fixture, "postgres");
        let DatabaseUrl::Postgres(url) = Postgres::server().empty_database() else {
            unreachable!("it is one")
        };
        let mut psql = Command::new("psql");
        psql.args(["--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file"]);
        let loaded = psql.arg(folder.path().join("dump.sql")).arg(&url).status();
        assert!(loaded.is_ok_and(|status| status.success()), "the dump is loaded");
        holds(&with_database(&folder, &url), &expected(&fixture, "postgres")).await;
    }
}

#[tokio::test]
async fn a_backup_of_sqlite_is_restored() {
    for fixture in fixtures() {
        let folder = unpack(&fixture, "sqlite");
        let url = format!("sqlite://{}", folder.path().join("restored.sqlite").display());
        let settings = with_database(&folder, &url);
        let place = backup(&folder).display().to_string();
        ruhu(&["restore", &place], &settings);
        holds(&settings, &expected(&fixture, "sqlite")).await;
    }
}

#[tokio::test]
async fn a_backup_of_postgres_is_restored() {
    for fixture in fixtures() {
        let folder = unpack(&fixture, "postgres");
        let DatabaseUrl::Postgres(url) = Postgres::server().empty_database() else {
            unreachable!("it is one")
        };
        let settings = with_database(&folder, &url);
        let place = backup(&folder).display().to_string();
        ruhu(&["restore", &place], &settings);
        holds(&settings, &expected(&fixture, "postgres")).await;
    }
}
