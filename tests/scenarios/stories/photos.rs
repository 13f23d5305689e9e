//! Photos as evidence: looked at after they came, shown small, flagged with reasons, and explained.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use harness::{Stage, ruhu_binary, story};
use image::DynamicImage;
use mobile_schema::{Hash, Value};
use reqwest::{Method, StatusCode};
use ruhu::media_store::ObjectName;
use ruhu::photos::Thumbnail;
use ruhu::{checks, jobs};
use scenery::Photo;
use serde_json::{Value as Json, json};
use sync_protocol::op::Change;
use sync_protocol::{RecordId, Row};
use tablets::{Client, HeadlessTablet};

use crate::probe::{VILLAGE, county};

const LIMIT: Duration = Duration::from_secs(60);
const HOUR: i64 = 3_600_000_000;
/// 2026-11-24 10:00 in China, microseconds since 1970 UTC; photos say 10:20.
const VISIT: i64 = 1_795_485_600_000_000;
const TAKEN: &str = "2026:11:24 10:20:00";

/// A photo of a scene, taken during the visit where the first household of the village lives.
fn taken(scene: u64) -> Photo<'static> {
    Photo { time: Some(TAKEN), place: Some((26.2, 107.2)), width: 640, ..Photo::of(scene) }
}

pub(crate) fn households(tablet: &HeadlessTablet) -> Vec<Row> {
    let is_here = |row: &&Row| {
        let scope = tablet.machine().scope_of(row.id).map(ToString::to_string);
        row.collection == "household" && scope.as_deref() == Some(VILLAGE)
    };
    let mut found: Vec<Row> = tablet.rows().filter(is_here).cloned().collect();
    found.sort_by_key(|row| row.id);
    found
}

/// A visit of a household with these photos, `hours` after the first; it is pushed, and the photos
/// are uploaded, looked at and checked.
pub(crate) async fn visit(
    stage: &Arc<Stage>,
    tablet: &mut HeadlessTablet,
    household: &Row,
    hours: i64,
    photos: &[Vec<u8>],
) -> RecordId {
    let id = bring(tablet, household, hours, photos).await;
    look(stage).await;
    id
}

/// The same, and nobody looks at the photos yet.
async fn bring(
    tablet: &mut HeadlessTablet,
    household: &Row,
    hours: i64,
    photos: &[Vec<u8>],
) -> RecordId {
    let hashes: Vec<Hash> =
        photos.iter().map(|photo| tablet.keep_photo(photo).expect("it is kept")).collect();
    let mut draft = tablets::day::visit(tablet, household, hashes[0], 1).remove(0);
    let Change::Create { fields } = &mut draft.change else { panic!("a new visit") };
    let began = VISIT + hours * HOUR;
    fields.insert(4, Value::Integer(began));
    fields.insert(5, Value::Integer(began + HOUR / 2));
    let place = [("lat", 262_000_000), ("lon", 1_072_000_000), ("accuracy", 20)];
    let place = Value::Map(place.map(|(name, part)| (name.to_owned(), part.into())).into());
    fields.insert(6, place.clone());
    fields.insert(8, Value::List(hashes.iter().map(|hash| hash.to_string().into()).collect()));
    draft.blobs = hashes;
    let id = draft.record;
    // All of them live next to each other.
    let home = sync_protocol::tablet::Draft {
        collection: "household".into(),
        record: household.id,
        base: Some(tablet.view(household.id).expect("it is there").version),
        change: Change::Patch { fields: [(6, place)].into() },
        definition: household.definition,
        blobs: Vec::new(),
        ..draft.clone()
    };
    tablet.edit(vec![home, draft]).expect("it is stored");
    tablet.sync_again(LIMIT).await.expect("it syncs");
    id
}

/// Does what follows an upload.
async fn look(stage: &Arc<Stage>) {
    jobs::run_due(stage.app()).await.expect("photos are looked at");
    checks::run_due(stage.app()).await.expect("visits are checked");
}

/// The flags of a visit's photos, as a supervisor reads them: rule and status, in order.
async fn flags(supervisor: &mut Client, visit: RecordId) -> Vec<(String, String)> {
    let path = "/api/v1/records?collection=finding&limit=500&reason=核对";
    let page = supervisor.call(Method::GET, path, None).await.expect("the findings");
    let is_flag = |one: &&Json| {
        one["subject"] == json!(visit)
            && one["fields"]["2"].as_str().is_some_and(|rule| rule.starts_with("photo/"))
    };
    let text = |one: &Json, field: &str| one["fields"][field].as_str().unwrap_or("").to_owned();
    let mut found: Vec<_> = page["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter(is_flag)
        .map(|one| (text(one, "2"), text(one, "4")))
        .collect();
    found.sort();
    found
}

fn open(rules: &[&str]) -> Vec<(String, String)> {
    rules.iter().map(|rule| ((*rule).to_owned(), "open".to_owned())).collect()
}

async fn get(
    stage: &Stage,
    client: &Client,
    path: &str,
    headers: &[(&str, &str)],
) -> reqwest::Response {
    let mut request = reqwest::Client::new()
        .get(format!("{}{path}", stage.address()))
        .bearer_auth(client.access_token());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("an answer")
}

fn facts(bytes: &[u8]) -> usize {
    let read = exif::Reader::new().read_from_container(&mut std::io::Cursor::new(bytes));
    read.map_or(0, |exif| exif.fields().count())
}

story!(a_photo_is_shown_small_to_all_who_see_its_visit_and_whole_with_a_reason, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let household = households(&tablet)[0].clone();
    let bytes = Photo { width: 1760, ..taken(1) }.jpeg();
    let hash = Hash::of(&bytes);
    let path = format!("/api/v1/media/{hash}");
    visit(&stage, &mut tablet, &household, 0, std::slice::from_ref(&bytes)).await;
    for login in ["supervisor", "admin", "auditor"] {
        let person = stage.person(login).await;
        for side in [320_u32, 1600] {
            let path = format!("{path}/thumbnails/{side}");
            let answer = get(&stage, &person, &path, &[]).await;
            assert_eq!(answer.status(), StatusCode::OK, "{login} {side}");
            assert_eq!(answer.headers()["content-type"], "image/jpeg");
            assert!(answer.headers()["cache-control"].to_str().unwrap().contains("immutable"));
            let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
            let small = answer.bytes().await.unwrap();
            assert_eq!(facts(&small), 0);
            let picture = image::load_from_memory(&small).unwrap();
            assert_eq!((picture.width(), picture.height()), (side, side / 4 * 3));
            let again = get(&stage, &person, &path, &[("If-None-Match", &tag)]).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        }
    }
    let supervisor = stage.person("supervisor").await;
    // What a tablet has shrunk is looked at as it is, without its facts and without a second copy.
    let shrunk = Photo { width: 1600, ..taken(2) }.jpeg();
    visit(&stage, &mut tablet, &household, 1, std::slice::from_ref(&shrunk)).await;
    let hash_of_it = Hash::of(&shrunk);
    let large = format!("/api/v1/media/{hash_of_it}/thumbnails/1600");
    let large = get(&stage, &supervisor, &large, &[]).await;
    assert_eq!(large.status(), StatusCode::OK);
    let large = large.bytes().await.unwrap();
    let shown = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().into_rgb8().into_raw();
    assert_eq!((facts(&large), shown(&large)), (0, shown(&shrunk)));
    let copy = ObjectName::Thumbnail(hash_of_it, Thumbnail::Large);
    assert!(!stage.app().media.has(copy).await.unwrap());
    // Without a reason, the picture; with one, everything, and it is kept who asked.
    let plain = get(&stage, &supervisor, &path, &[]).await.bytes().await.unwrap();
    assert_eq!((facts(&plain), plain.len() < bytes.len()), (0, true));
    let pixels = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().into_rgb8().into_raw();
    assert_eq!(pixels(&plain), pixels(&bytes));
    let without = get(&stage, &supervisor, &format!("{path}?reason=%20"), &[]).await;
    assert_eq!(without.status(), StatusCode::BAD_REQUEST);
    assert_eq!(accesses(&stage).await, 0);
    let with = format!("{path}?reason=%E6%A0%B8%E5%AF%B9%E5%9C%B0%E7%82%B9");
    let whole = get(&stage, &supervisor, &with, &[]).await.bytes().await.unwrap();
    assert_eq!(whole, bytes);
    assert_eq!(accesses(&stage).await, 1);
    // The tablet has it as it was taken, in parts if it likes.
    let client = tablet.client();
    let part = get(&stage, client, &path, &[("Range", "bytes=1000-1999")]).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()["content-range"], format!("bytes 1000-1999/{}", bytes.len()));
    assert_eq!(part.bytes().await.unwrap(), bytes[1000..2000]);
    let end = get(&stage, client, &path, &[("Range", "bytes=-10")]).await.bytes().await.unwrap();
    assert_eq!(end, bytes[bytes.len() - 10..]);
    let beyond = get(&stage, client, &path, &[("Range", "bytes=99999999-")]).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let other = [("Range", "bytes=0-9"), ("If-Range", "\"another\"")];
    assert_eq!(get(&stage, client, &path, &other).await.status(), StatusCode::OK);
    // Nobody else learns even that it is there.
    let neighbour = stage.neighbour().await;
    for path in [path.clone(), with, format!("{path}/thumbnails/320")] {
        assert_eq!(get(&stage, &neighbour, &path, &[]).await.status(), StatusCode::NOT_FOUND);
    }
    let odd = get(&stage, &supervisor, &format!("{path}/thumbnails/321"), &[]).await;
    assert_eq!(odd.status(), StatusCode::NOT_FOUND);
    let auditor = stage.person("auditor").await;
    assert_eq!(get(&stage, &auditor, &path, &[]).await.status(), StatusCode::FORBIDDEN);
});

story!(photos_that_another_replica_looked_at_are_found, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let mut supervisor = stage.person("supervisor").await;
    let homes = households(&tablet);
    let photo = taken(1).jpeg();
    let smaller = |side| {
        copy(&photo, |image| image.resize(side, side, image::imageops::FilterType::Triangle))
    };
    let like = open(&["photo/no-facts", "photo/similar"]);
    // This one looks at a photo first, so that it knows what there is by then.
    visit(&stage, &mut tablet, &homes[0], 0, &[taken(2).jpeg()]).await;
    let other = stage.another_replica().await;
    let there = async |tablet: &mut HeadlessTablet, at: usize, photo: Vec<u8>| {
        let id = bring(tablet, &homes[at], at as i64, &[photo]).await;
        jobs::run_due(&other.app).await.expect("photos are looked at");
        checks::run_due(&other.app).await.expect("visits are checked");
        id
    };
    let first = there(&mut tablet, 1, photo.clone()).await;
    let here = visit(&stage, &mut tablet, &homes[2], 2, &[smaller(400)]).await;
    assert_eq!(flags(&mut supervisor, here).await, like, "what the other looked at");
    let again = there(&mut tablet, 3, smaller(300)).await;
    assert_eq!(flags(&mut supervisor, again).await, like, "what either looked at");
    assert_eq!(flags(&mut supervisor, first).await, [], "it was the first");
});

story!(photos_from_before_the_index_are_found_after_an_upgrade, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let mut supervisor = stage.person("supervisor").await;
    let homes = households(&tablet);
    let photo = taken(1).jpeg();
    visit(&stage, &mut tablet, &homes[0], 0, std::slice::from_ref(&photo)).await;
    // Back to the layout before, with what it had, and forward again.
    macro_rules! step {
        ($kind:literal, $way:literal) => {
            include_str!(concat!(
                "../../../migrations/",
                $kind,
                "/2026-11-26-000013_photo_looks/",
                $way,
                ".sql"
            ))
        };
    }
    let (down, up) = match stage.backend.database {
        harness::DatabaseKind::Sqlite => (step!("sqlite", "down"), step!("sqlite", "up")),
        harness::DatabaseKind::Postgres => (step!("postgres", "down"), step!("postgres", "up")),
    };
    batch(&stage, down).await;
    assert_eq!(rows(&stage, "photo_bands").await, 12, "four bands of three fingerprints");
    batch(&stage, up).await;
    let upgraded = stage.another_replica().await;
    let cropped = copy(&photo, |image| {
        let (across, down) = (image.width() / 22, image.height() / 22);
        image.crop_imm(across, down, image.width() - 2 * across, image.height() - 2 * down)
    });
    let cropped = bring(&mut tablet, &homes[1], 1, &[cropped]).await;
    jobs::run_due(&upgraded.app).await.expect("photos are looked at");
    checks::run_due(&upgraded.app).await.expect("visits are checked");
    let like = open(&["photo/no-facts", "photo/similar"]);
    assert_eq!(flags(&mut supervisor, cropped).await, like);
    assert_eq!(rows(&stage, "photo_looks").await, 2);
});

async fn batch(stage: &Arc<Stage>, statements: &'static str) {
    let done: Result<(), ruhu::db::Failed> = stage
        .app()
        .database
        .write(move |connection| Ok(connection.batch_execute(statements)?))
        .await;
    done.expect("they run");
}

async fn rows(stage: &Arc<Stage>, table: &'static str) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let counted: Result<Count, ruhu::db::Failed> = stage
        .app()
        .database
        .read(move |connection| {
            let query = format!("SELECT count(*) AS count FROM {table}");
            Ok(diesel::sql_query(query).get_result(connection)?)
        })
        .await;
    counted.expect("they are counted").count
}

async fn accesses(stage: &Arc<Stage>) -> i64 {
    let counted: Result<i64, ruhu::db::Failed> = stage
        .app()
        .database
        .read(|connection| Ok(ruhu::db::schema::accesses::table.count().get_result(connection)?))
        .await;
    counted.expect("they are counted")
}

story!(what_is_doubtful_is_flagged_with_its_reason_and_an_explanation_stays, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let mut supervisor = stage.person("supervisor").await;
    let homes = households(&tablet);
    let photo = taken(1).jpeg();
    let first = visit(&stage, &mut tablet, &homes[0], 0, std::slice::from_ref(&photo)).await;
    assert_eq!(flags(&mut supervisor, first).await, [], "an honest photo");

    // The same file with another household, and a copy that looks the same.
    let reused = visit(&stage, &mut tablet, &homes[1], 1, std::slice::from_ref(&photo)).await;
    assert_eq!(flags(&mut supervisor, reused).await, open(&["photo/reused"]));
    let copied =
        copy(&photo, |image| image.resize(400, 300, image::imageops::FilterType::Triangle));
    let copied = visit(&stage, &mut tablet, &homes[2], 1, &[copied]).await;
    assert_eq!(flags(&mut supervisor, copied).await, open(&["photo/no-facts", "photo/similar"]));
    let turned = copy(&photo, DynamicImage::rotate90);
    let turned = visit(&stage, &mut tablet, &homes[3], 1, &[turned]).await;
    assert_eq!(flags(&mut supervisor, turned).await, open(&["photo/no-facts", "photo/similar"]));
    let cropped = copy(&photo, |image| {
        let (across, down) = (image.width() / 22, image.height() / 22);
        image.crop_imm(across, down, image.width() - 2 * across, image.height() - 2 * down)
    });
    let cropped = visit(&stage, &mut tablet, &homes[7], 1, &[cropped]).await;
    assert_eq!(flags(&mut supervisor, cropped).await, open(&["photo/no-facts", "photo/similar"]));
    assert_eq!(flags(&mut supervisor, first).await, [], "it was the first");

    // Far away, at another time, through another program, and nothing to be seen.
    let far = Photo { place: Some((26.22, 107.2)), ..taken(2) }.jpeg();
    let early = Photo { time: Some("2026:11:20 10:00:00"), ..taken(3) }.jpeg();
    let edited = Photo { software: Some("Adobe Photoshop 24.0"), ..taken(4) }.jpeg();
    let odd = [far, early, edited];
    let odd = visit(&stage, &mut tablet, &homes[4], 0, &odd).await;
    assert_eq!(
        flags(&mut supervisor, odd).await,
        open(&["photo/early", "photo/edited", "photo/far"])
    );
    let dark = copy(&taken(5).jpeg(), |image| image.brighten(-250));
    let blurred = copy(&taken(6).jpeg(), |image| image.blur(12.0));
    let poor = visit(&stage, &mut tablet, &homes[5], 0, &[dark, blurred]).await;
    let found = flags(&mut supervisor, poor).await;
    let facts = ["photo/blurred", "photo/dark", "photo/no-facts", "photo/no-facts"];
    assert_eq!(found, open(&facts));

    // The cadre explains it on the tablet. Looked at again, it stays explained.
    tablet.sync_again(LIMIT).await.unwrap();
    let is_it = |row: &&Row| {
        row.collection == "finding"
            && row.fields.get(&1) == Some(&reused.to_string().into())
            && row.fields.get(&2) == Some(&"photo/reused".into())
    };
    let finding = tablet.rows().find(is_it).expect("the flag is on the tablet").clone();
    let text = finding.fields.get(&7).unwrap().get("zh-CN").unwrap().as_text().unwrap().to_owned();
    assert!(text.contains("其他农户") && text.contains("可能"), "{text}");
    let shown = serde_json::to_string(&finding.fields).unwrap();
    assert!(!shown.contains(&first.to_string()) && !shown.contains(&homes[0].id.to_string()));
    let draft = |change| sync_protocol::tablet::Draft {
        collection: "finding".into(),
        record: finding.id,
        scope: tablet.machine().scope_of(finding.id).unwrap().clone(),
        base: Some(finding.version),
        change,
        definition: finding.definition,
        blobs: Vec::new(),
    };
    let edits = vec![
        draft(Change::Patch { fields: [(3, "两户同住一个院子".into())].into() }),
        draft(Change::Transition { field: 4, from: "open".into(), to: "explained".into() }),
    ];
    tablet.edit(edits).unwrap();
    tablet.sync_again(LIMIT).await.unwrap();
    ask_again(&stage, Hash::of(&photo)).await;
    look(&stage).await;
    let explained = vec![("photo/reused".to_owned(), "explained".to_owned())];
    assert_eq!(flags(&mut supervisor, reused).await, explained);

    // The supervisor finds it not enough, and says what is missing; another one is accepted.
    let path = format!("/api/v1/findings/{}/answers", finding.id);
    let stands = async |supervisor: &mut Client| {
        let path = format!("/api/v1/records/{}", finding.id);
        supervisor.call(Method::GET, &path, None).await.unwrap()
    };
    let seen = stands(&mut supervisor).await["version"].clone();
    let body = json!({ "version": seen, "answer": "open", "words": "请补拍本户大门" });
    let mut neighbour = stage.neighbour().await;
    let refused = neighbour.call(Method::POST, &path, Some(&body)).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
    supervisor.call(Method::POST, &path, Some(&body)).await.unwrap();
    let stale = supervisor.call(Method::POST, &path, Some(&body)).await.unwrap_err();
    assert_eq!(stale.kind(), "stale-view");
    assert_eq!(flags(&mut supervisor, reused).await, open(&["photo/reused"]));
    let now = stands(&mut supervisor).await;
    assert_eq!(now["fields"]["5"][0]["text"], "请补拍本户大门");
    assert_eq!(now["fields"]["3"], "两户同住一个院子", "what the cadre said stays");
    let again = json!({ "version": now["version"], "answer": "open", "words": "x" });
    let refused = supervisor.call(Method::POST, &path, Some(&again)).await.unwrap_err();
    assert_eq!(refused.kind(), "not-applicable", "it is open");
    let words = "两户同住一个院子";
    let body = json!({ "version": now["version"], "answer": "explained", "words": words });
    supervisor.call(Method::POST, &path, Some(&body)).await.unwrap();
    assert_eq!(flags(&mut supervisor, reused).await, explained);

    // Which came first is told by when they were, not by when they arrived.
    let earliest = visit(&stage, &mut tablet, &homes[6], -5, std::slice::from_ref(&photo)).await;
    assert_eq!(flags(&mut supervisor, earliest).await, open(&["photo/late"]));
    assert_eq!(flags(&mut supervisor, first).await, open(&["photo/reused"]));

    let (arguments, environment) = stage.process_settings();
    let report = |area: &str, language: &str| {
        let mut command = Command::new(ruhu_binary());
        command.args(&arguments).args(["evidence", "report", "--area", area]);
        let output = command.envs(environment.clone()).env("LC_ALL", language).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (well, chinese) = report(&county(), "zh_CN.UTF-8");
    assert!(well);
    for part in
        ["photo/reused [已说明]", "说明：两户同住一个院子", "photo/edited [待核实]", "已核实"]
    {
        assert!(chinese.contains(part), "{part} not in\n{chinese}");
    }
    let (_, english) = report(&VILLAGE["area:".len()..], "C");
    assert!(english.contains("8 visits, 11 photos: 11 verified"), "{english}");
    let (_, other) = report("529901101201", "C");
    assert!(other.contains("0 visits"), "{other}");
    assert!(!report("000000000000", "C").0);
});

/// Asks for a photo to be looked at again, as a new version of the program would.
async fn ask_again(stage: &Arc<Stage>, hash: Hash) {
    sql(
        stage,
        format!(
            "INSERT INTO jobs (id, kind, key, run_at, attempts, created_at) \
         SELECT id, 'photo', '{hash}', updated_at, 0, updated_at FROM records LIMIT 1"
        ),
    )
    .await;
}

async fn sql(stage: &Arc<Stage>, statement: String) {
    let done: Result<usize, ruhu::db::Failed> = stage
        .app()
        .database
        .write(move |connection| Ok(diesel::sql_query(statement.as_str()).execute(connection)?))
        .await;
    done.expect("it is done");
}

fn copy(photo: &[u8], change: impl Fn(&DynamicImage) -> DynamicImage) -> Vec<u8> {
    let changed = change(&image::load_from_memory(photo).expect("a picture")).into_rgb8();
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 80);
    changed.write_with_encoder(encoder).expect("it is written");
    bytes
}

/// A PNG that says it has so many pixels a side, and has none.
fn bomb(side: u32) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = b"IHDR".to_vec();
    head.extend(side.to_be_bytes());
    head.extend(side.to_be_bytes());
    head.extend([8, 2, 0, 0, 0]);
    for chunk in [&head[..], b"IDATx\x9c\x03\x00\x00\x00\x00\x01", b"IEND"] {
        png.extend((chunk.len() as u32 - 4).to_be_bytes());
        png.extend(chunk);
        png.extend(flate2::Crc::new().sum().to_be_bytes());
        let at = png.len() - 4;
        let mut crc = flate2::Crc::new();
        crc.update(chunk);
        png[at..].copy_from_slice(&crc.sum().to_be_bytes());
    }
    png
}

story!(files_that_are_no_good_photos_are_kept_and_said_to_be_so, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let mut supervisor = stage.person("supervisor").await;
    let homes = households(&tablet);
    let good = taken(1).jpeg();
    let mut rubbish = good[..2].to_vec();
    let noise: Vec<u8> = (0..60_000_u32).map(|at| (at * 7 % 251) as u8).collect();
    rubbish.extend([0xff, 0xe1]);
    rubbish.extend((noise.len() as u16 + 8).to_be_bytes());
    rubbish.extend(b"Exif\0\0");
    rubbish.extend(&noise);
    rubbish.extend(&Photo { width: 640, ..Photo::of(7) }.jpeg()[2..]);
    let heic = [b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".as_slice(), &[0; 400]].concat();
    let polyglot = [good.as_slice(), b"PK\x03\x04", &[7; 9_000]].concat();
    let cases: [(&str, Vec<u8>, &[&str]); 7] = [
        ("HEIC", heic, &["photo/unreadable"]),
        ("a bomb", bomb(30_000), &["photo/unreadable"]),
        (
            "no JPEG at all",
            b"\xff\xd8\xff\xe0 rubbish".to_vec(),
            &["photo/cut-off", "photo/unreadable"],
        ),
        ("half a photo", taken(2).jpeg()[..20_000].to_vec(), &["photo/cut-off"]),
        ("60 KB of rubbish as EXIF", rubbish, &["photo/no-facts"]),
        ("two files in one", polyglot, &["photo/similar", "photo/trailing"]),
        ("a document", b"%PDF-1.7 a scan".to_vec(), &[]),
    ];
    visit(&stage, &mut tablet, &homes[9], -1, &[Photo { shot: 1, ..taken(1) }.jpeg()]).await;
    visit(&stage, &mut tablet, &homes[8], -1, std::slice::from_ref(&good)).await;
    for (at, (what, bytes, flagged)) in cases.into_iter().enumerate() {
        let hash = Hash::of(&bytes);
        let id = visit(&stage, &mut tablet, &homes[at], 0, std::slice::from_ref(&bytes)).await;
        assert_eq!(flags(&mut supervisor, id).await, open(flagged), "{what}");
        // The visit is there, and so is the file as it came.
        let path = format!("/api/v1/media/{hash}");
        assert_eq!(tablet.client().bytes(&path).await.unwrap(), bytes, "{what}");
    }
    let hash = Hash::of(&bomb(30_000));
    let path = format!("/api/v1/media/{hash}/thumbnails/320");
    let answer = get(&stage, &supervisor, &path, &[]).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(answer.text().await.unwrap().contains("too-large"));
    // HEIC can't be given out without what it says.
    let heic = [b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".as_slice(), &[0; 400]].concat();
    let answer = get(&stage, &supervisor, &format!("/api/v1/media/{}", Hash::of(&heic)), &[]).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(answer.text().await.unwrap().contains("reason-needed"));
});

story!(
    work_that_failed_too_often_waits_for_an_admin_and_a_dead_worker_loses_nothing,
    async |stage| {
        let mut tablet = stage.tablet("cadre").await;
        let home = households(&tablet)[0].clone();
        let bytes = taken(1).jpeg();
        let hash = Hash::of(&bytes);
        let photo = tablet.keep_photo(&bytes).unwrap();
        let drafts = tablets::day::visit(&tablet, &home, photo, 1);
        tablet.edit(drafts).unwrap();
        tablet.sync_again(LIMIT).await.unwrap();
        let supervisor = stage.person("supervisor").await;
        let small = format!("/api/v1/media/{hash}/thumbnails/320");
        let waits = get(&stage, &supervisor, &small, &[]).await;
        assert_eq!(waits.status(), StatusCode::SERVICE_UNAVAILABLE, "it was not looked at yet");
        assert!(waits.headers().contains_key("retry-after"));

        // The bucket has lost the photo: every attempt fails, and the last one waits for a person.
        stage.app().media.delete(ObjectName::Blob(hash)).await.unwrap();
        let due = "UPDATE jobs SET run_at = created_at";
        for attempt in 1..=6 {
            assert_eq!(jobs::run_due(stage.app()).await.unwrap(), 1, "{attempt}");
            assert_eq!(
                jobs::run_due(stage.app()).await.unwrap(),
                0,
                "it is not tried again at once"
            );
            sql(&stage, due.to_owned()).await;
        }
        assert_eq!(jobs::run_due(stage.app()).await.unwrap(), 0, "it waits for a person");
        let mut admin = stage.person("admin").await;
        let dead = admin.call(Method::GET, "/api/v1/jobs/dead", None).await.unwrap();
        let job = &dead["items"][0];
        assert_eq!(
            (&job["kind"], &job["key"], &job["attempts"]),
            (&json!("photo"), &json!(hash), &json!(6))
        );
        assert!(job["error"].as_str().unwrap().contains("no such blob"), "{job}");
        let mut neighbour = stage.neighbour().await;
        let nothing = neighbour.call(Method::GET, "/api/v1/jobs/dead", None).await.unwrap();
        assert_eq!(nothing["items"], json!([]));
        let path = format!("/api/v1/jobs/{}/requeue", job["id"].as_str().unwrap());
        let refused = neighbour.call(Method::POST, &path, None).await.unwrap_err();
        assert_eq!(refused.kind(), "not-found");
        stage.app().media.put(ObjectName::Blob(hash), bytes.into()).await.unwrap();
        admin.call(Method::POST, &path, None).await.unwrap();

        // A worker takes it and dies: nobody has it until its time is over, and then the next.
        let holder = "UPDATE jobs SET holder = id, attempts = 1, run_at = ";
        let later = match stage.backend.database {
            harness::DatabaseKind::Sqlite => "created_at + 300000000000",
            harness::DatabaseKind::Postgres => "now() + interval '1 day'",
        };
        sql(&stage, format!("{holder}{later}")).await;
        assert_eq!(jobs::run_due(stage.app()).await.unwrap(), 0);
        sql(&stage, due.to_owned()).await;
        let other = stage.another_replica().await;
        let (one, two) = tokio::join!(jobs::run_due(stage.app()), jobs::run_due(&other.app));
        assert_eq!(one.unwrap() + two.unwrap(), 1, "one of them does it");
        assert_eq!(get(&stage, &supervisor, &small, &[]).await.status(), StatusCode::OK);
        let dead = admin.call(Method::GET, "/api/v1/jobs/dead", None).await.unwrap();
        assert_eq!(dead["items"], json!([]));
    }
);
