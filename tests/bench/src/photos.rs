//! Photos through tus until they are looked at, whole visits, and what a look costs as visits pile
//! up. The photos are pictures: painted beforehand, no two alike.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use diesel::prelude::*;
use harness::{Backend, DatabaseKind, MediaKind, Stage};
use mobile_schema::Hash;
use ruhu::app::App;
use ruhu::db::schema::{checks_due, jobs, records};
use sync_protocol::ScopeId;
use tablets::photo;

use crate::crowd::{Crowd, Member, name, pack, quantile, together};

/// Photos of each row of the table.
const PHOTOS: usize = 192;
/// Visits with a photo.
const VISITS: usize = 400;
/// Looks that are timed, at each number of visits stored.
const LOOKS: usize = 15;

/// Photos of about 200 KB, taken now.
fn painted(numbers: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = photo::time(now.unwrap_or_default().as_millis() as i64);
    let paint = |numbers: std::ops::Range<u64>| -> Vec<Vec<u8>> {
        numbers.map(|number| photo::invented(number, &now, 26.2, 107.2)).collect()
    };
    let middle = numbers.start.midpoint(numbers.end);
    std::thread::scope(|threads| {
        let first = threads.spawn(|| paint(numbers.start..middle));
        let second = paint(middle..numbers.end);
        [first.join().expect("they are painted"), second].concat()
    })
}

async fn upload(tablet: &Member, bytes: Vec<u8>) {
    let hash = Hash::of(&bytes).to_string();
    let metadata = format!(
        "sha256 {},filetype {}",
        BASE64.encode(hash.as_bytes()),
        BASE64.encode(b"image/jpeg")
    );
    let response = tablet
        .post("/sync/v1/uploads")
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Length", bytes.len())
        .header("Upload-Metadata", metadata)
        .header("Content-Type", "application/offset+octet-stream")
        .body(bytes)
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.status().as_u16(), 201);
}

/// Waits until every photo is looked at and everything is checked.
async fn drained(app: &App) {
    loop {
        let left = app.read(|connection| {
            let jobs: i64 = jobs::table.count().get_result(connection)?;
            let due: i64 = checks_due::table.count().get_result(connection)?;
            Ok(jobs + due)
        });
        if left.await.expect("it is asked") == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn dealt(photos: Vec<Vec<u8>>, clients: usize) -> Vec<Vec<Vec<u8>>> {
    let mut hands = vec![Vec::new(); clients];
    for (at, photo) in photos.into_iter().enumerate() {
        hands[at % clients].push(photo);
    }
    hands
}

pub(crate) async fn measure(backend: Backend) {
    let crowd = Crowd::gather(backend, 32).await;
    drained(crowd.stage.app()).await;
    for (round, clients) in [1, 8, 32].into_iter().enumerate() {
        let first = (round * PHOTOS) as u64;
        let photos = dealt(painted(first..first + PHOTOS as u64), clients);
        let photos = Arc::new(std::sync::Mutex::new(photos));
        let begun = Instant::now();
        let (elapsed, mut times) = together(crowd.dealt(clients), |hand| {
            let mine = photos.lock().expect("nobody panicked").pop().expect("a hand each");
            async move {
                let mut times = Vec::new();
                for (number, bytes) in mine.into_iter().enumerate() {
                    let begun = Instant::now();
                    upload(&hand[number % hand.len()], bytes).await;
                    times.push(begun.elapsed());
                }
                times
            }
        })
        .await;
        drained(crowd.stage.app()).await;
        let looked_at = PHOTOS as f64 / begun.elapsed().as_secs_f64();
        let rate = times.len() as f64 / elapsed.as_secs_f64();
        println!(
            "| {} | {clients} | {rate:.0} | {:.1} | {looked_at:.0} |",
            name(backend),
            quantile(&mut times, 0.95)
        );
    }
}

pub(crate) async fn measure_visits(backend: Backend) {
    let crowd = Crowd::gather(backend, 32).await;
    let catalogue = Arc::clone(&crowd.catalogue);
    let scope: ScopeId = "area:529901100201".parse().expect("a scope");
    let maker = crowd.dealt(1).remove(0).remove(0);
    let form = maker.form().await;
    let household = maker.household(&catalogue, &scope, 0);
    let record = household.record;
    maker.push(1, vec![household]).await;
    let photos = painted(0..VISITS as u64);
    let bytes: usize = photos.iter().map(Vec::len).sum();
    let photos = Arc::new(std::sync::Mutex::new(dealt(photos, 8)));
    drained(crowd.stage.app()).await;
    let doubts_before = doubts(crowd.stage.app()).await;
    let (before, _) = crowd.server.usage();
    let begun = Instant::now();
    let (elapsed, _) = together(crowd.dealt(8), |hand| {
        let (catalogue, scope) = (catalogue.clone(), scope.clone());
        let mine = photos.lock().expect("nobody panicked").pop().expect("a hand each");
        async move {
            for (number, bytes) in mine.into_iter().enumerate() {
                let tablet = &hand[number % hand.len()];
                let named = (form, Hash::of(&bytes));
                let visit = tablet.visit_with(&catalogue, record, &scope, named);
                let first_seq = 1 + (number / hand.len()) as u64;
                tablet.send(pack(&tablet.request(first_seq, vec![visit]))).await;
                upload(tablet, bytes).await;
            }
            Vec::new()
        }
    })
    .await;
    drained(crowd.stage.app()).await;
    let whole = begun.elapsed();
    let (after, peak) = crowd.server.usage();
    let stored = match backend.media {
        MediaKind::Folder => size_of(&crowd.stage.folder().join("media")) / VISITS as u64,
        MediaKind::S3 => 0,
    };
    println!(
        "| {} | {:.0} | {:.1} | {:.2} | {:.0} MB | {stored} of photos of {} | {} |",
        name(backend),
        VISITS as f64 / elapsed.as_secs_f64(),
        whole.as_secs_f64(),
        after - before,
        peak as f64 / 1e6,
        bytes / VISITS,
        doubts(crowd.stage.app()).await - doubts_before,
    );
    drop(crowd.stage);
}

async fn doubts(app: &App) -> i64 {
    let counted = app.read(|connection| {
        records::table.filter(records::collection.eq("finding")).count().get_result(connection)
    });
    counted.await.expect("they are counted")
}

fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size_of(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// A photo's look and the checks that follow it, with more and more visits stored.
pub(crate) async fn looks() {
    let backend = Backend { database: DatabaseKind::Sqlite, media: MediaKind::Folder };
    let stage = Arc::new(Stage::open(backend).await);
    let mut tablet = stage.tablet("cadre").await;
    let mut photos = painted(0..(3 * LOOKS + 1) as u64).into_iter();
    let mut visit = async || {
        let photo = tablet.keep_photo(&photos.next().expect("enough")).expect("it is kept");
        let household = tablet.rows().find(|row| row.collection == "household").cloned();
        let household = household.expect("the demo has households");
        let drafts = tablets::day::visit(&tablet, &household, photo, 1);
        tablet.edit(drafts).expect("it is stored");
        tablet.sync_again(Duration::from_secs(60)).await.expect("it is sent");
        let begun = Instant::now();
        ruhu::jobs::run_due(stage.app()).await.expect("it is looked at");
        let elapsed = begun.elapsed();
        ruhu::checks::run_due(stage.app()).await.expect("it is checked");
        elapsed
    };
    visit().await;
    for stored in [1_000_i64, 20_000, 100_000] {
        fill(&stage, stored).await;
        let mut times = Vec::new();
        for _ in 0..LOOKS {
            times.push(visit().await);
        }
        println!(
            "| SQLite, folder | {stored} | {:.1} | {:.1} |",
            quantile(&mut times, 0.5),
            quantile(&mut times, 0.95)
        );
    }
}

/// Has so many visits stored, each with a photo, like the first there is.
async fn fill(stage: &Stage, visits: i64) {
    let filled = stage.app().write(move |connection| {
        let there: i64 = records::table
            .filter(records::collection.eq("visit"))
            .count()
            .get_result(connection)?;
        for statement in [
            format!(
                "WITH RECURSIVE number(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM number \
                 WHERE i < {}) INSERT INTO records SELECT randomblob(16), collection, \
                 'area:filler', {there} + i, epoch, n, definition, deleted, fields, marks, title, \
                 NULL, status, due_on, updated_at, created_at FROM number, (SELECT * FROM records WHERE \
                 collection = 'visit' LIMIT 1)",
                visits - there
            ),
            "INSERT INTO blob_references SELECT randomblob(32), id FROM records WHERE scope = \
             'area:filler' AND id NOT IN (SELECT record FROM blob_references)"
                .to_owned(),
        ] {
            diesel::sql_query(statement).execute(connection)?;
        }
        Ok(())
    });
    filled.await.expect("they are stored");
}
