//! Uploads that are cut off or fail at every step: no client believes that a photo is there before
//! its bytes were read back under their name, and every photo arrives in the end. Told by the
//! headless tablet, which believes what the app's tus client believes, and by that client itself.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::time::Duration;

use harness::{Fault, ServerProcess, Stage, not_here, story};
use mobile_schema::Hash;
use reqwest::Method;
use ruhu::backup;
use ruhu::media_store::{MediaStore, ObjectName};
use serde::Deserialize;
use serde_json::json;
use tablets::link::{Link, Weather};
use tablets::{Client, HeadlessTablet, photo};
use tokio::process::Command;

const LIMIT: Duration = Duration::from_secs(60);
/// A photo of several pieces, unlike any other.
fn picture(number: u64) -> Vec<u8> {
    let mut bytes = photo::invented(number, "2026:11:23 10:00:00", 26.2, 107.2);
    while bytes.len() < 600_000 {
        let copy = bytes.clone();
        bytes.extend(copy);
    }
    bytes
}

/// Visits a household with a photo.
fn visit(tablet: &mut HeadlessTablet, index: usize, bytes: &[u8]) -> Hash {
    let photo = tablet.keep_photo(bytes).expect("it is kept");
    let found = tablet.rows().filter(|row| row.collection == "household").nth(index).cloned();
    let household = found.expect("the demo has households");
    let drafts = tablets::day::visit(tablet, &household, photo, index as u64);
    tablet.edit(drafts).expect("it is stored");
    photo
}

/// Hands over what was recorded, and has its photo refused.
pub(crate) async fn hand_over_without_the_photo(tablet: &mut HeadlessTablet, server: &str) {
    let mut before = None;
    let is_refused = |tablet: &HeadlessTablet| {
        let failures = tablet.tally.failures;
        // What fails from then on is the photo.
        tablet.machine().unsent() == 0 && failures > *before.get_or_insert(failures)
    };
    tablet.sync_until(server, LIMIT, is_refused).await.expect("the photo is refused");
}

/// What the app's tus client believes of an upload.
#[derive(Debug, Deserialize)]
struct Told {
    success: bool,
    status: Option<u16>,
    path: Option<String>,
}

/// The app's tus client, as it is, under Node.
struct TusClient {
    server: String,
    token: String,
    file: PathBuf,
    hash: Hash,
}

/// Why it can't be run here, if so.
fn lacking() -> Option<&'static str> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let node = std::process::Command::new("node").arg("--version").stdout(Stdio::null()).status();
    if !node.is_ok_and(|status| status.success()) {
        return Some("there is no Node.js here");
    }
    let is_there = root.join("web/node_modules/tus-js-client").is_dir();
    (!is_there).then_some("the web app's packages are not installed")
}

impl TusClient {
    fn new(stage: &Stage, client: &Client, bytes: &[u8]) -> Self {
        let hash = Hash::of(bytes);
        let file = stage.folder().join(hash.to_string());
        std::fs::write(&file, bytes).expect("it is written");
        let (server, token) = (stage.address().to_owned(), client.access_token().to_owned());
        Self { server, token, file, hash }
    }

    /// Sends the file, or goes on with an upload.
    async fn send(&self, begun: Option<&str>) -> Told {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tus/upload.mjs");
        let mut node = Command::new("node");
        node.arg(script).args([&self.server, &self.token]).arg(&self.file);
        node.arg(self.hash.to_string()).args(begun).kill_on_drop(true);
        let said = tokio::time::timeout(LIMIT, node.output()).await.expect("it ends");
        let said = String::from_utf8(said.expect("it runs").stdout).expect("letters");
        serde_json::from_str(said.lines().next().expect("it says something")).expect("JSON")
    }
}

/// Whether HEAD tells any client that an upload is complete.
async fn is_told_complete(server: &str, client: &Client, path: &str, length: usize) -> bool {
    let head = reqwest::Client::new().head(format!("{server}{path}"));
    let head = head.bearer_auth(client.access_token()).header("Tus-Resumable", "1.0.0");
    let answer = head.send().await.expect("an answer");
    let offset = answer.headers().get("upload-offset").map(|offset| offset.to_str().expect("text"));
    answer.status().is_success() && offset == Some(&length.to_string())
}

story!(a_photo_whose_completion_fails_is_told_by_nobody_kept_and_tried_again, async |stage| {
    let disk = stage.small_disk();
    let why_no_tus = lacking();
    if let Some(why) = why_no_tus {
        println!("skipped: the app's tus client, for {why}");
    }
    let mut tablet = stage.tablet("cadre").await;
    for (number, fault) in Fault::ALL.into_iter().enumerate() {
        let bytes = picture(number as u64);
        if !stage.go_wrong(fault, disk.as_ref(), 3 * bytes.len() as u64 / 2).await {
            println!("skipped: {fault:?}, for {}", not_here(stage.backend, fault));
            continue;
        }
        // The headless tablet.
        tablet.go_offline().unwrap();
        let hash = visit(&mut tablet, number, &bytes);
        hand_over_without_the_photo(&mut tablet, stage.address()).await;
        assert_eq!(tablet.machine().unsent(), 0, "{fault:?}: the visit is there");
        assert_eq!(tablet.machine().unverified_blobs(), [hash], "{fault:?}");
        assert_eq!(tablet.client().missing(&[hash]).await.unwrap(), [hash], "{fault:?}");
        // A client that knows nothing but tus: whatever it comes to, it does not end well.
        let bytes_of_tus = picture(100 + number as u64);
        let tus = TusClient::new(&stage, tablet.client(), &bytes_of_tus);
        let mut begun = None;
        if why_no_tus.is_none() {
            for _ in 0..2 {
                let told = tus.send(begun.as_deref()).await;
                assert!(!told.success, "{fault:?}: {told:?}");
                // It is to come again, not anew; a disk may be too full for the last piece, too.
                assert!(matches!(told.status, Some(423 | 507)), "{fault:?}: {told:?}");
                assert!(begun.is_none() || begun == told.path, "{fault:?}: {told:?}");
                begun = told.path;
            }
            let path = begun.as_deref().expect("an upload has begun");
            let length = bytes_of_tus.len();
            assert!(!is_told_complete(stage.address(), tablet.client(), path, length).await);
        }
        stage.go_right(fault, disk.as_ref()).await;
        // The server was killed between the last piece and its verification: another one goes on.
        let other = stage.another_replica().await;
        if why_no_tus.is_none() {
            let tus = TusClient { server: other.address.clone(), ..tus };
            let told = tus.send(begun.as_deref()).await;
            assert!(told.success && told.path == begun, "{fault:?}: {told:?}");
            assert_eq!(tablet.client().missing(&[tus.hash]).await.unwrap(), [], "{fault:?}");
            let media = &stage.app().media;
            assert!(media.is_as_named(tus.hash).await.unwrap(), "{fault:?}");
        }
        tablet.go_offline().unwrap();
        tablet.sync_at(&other.address, LIMIT).await.expect("all is well again");
        tablet.client().move_to(stage.address());
        assert_eq!(tablet.client().missing(&[hash]).await.unwrap(), []);
        let path = format!("/api/v1/media/{hash}");
        assert_eq!(tablet.client().bytes(&path).await.unwrap(), bytes, "{fault:?}");
    }
});

story!(an_upload_that_is_cut_off_at_every_piece_arrives_by_any_client, async |stage| {
    if let Some(why) = lacking() {
        println!("skipped: the app's tus client, for {why}");
        return;
    }
    let mut tablet = stage.tablet("cadre").await;
    let bytes = picture(7);
    let mut tus = TusClient::new(&stage, tablet.client(), &bytes);
    let (mut begun, mut cuts, mut ends) = (None, 0, 0);
    for seed in 0.. {
        // No connection carries a whole piece; some carry the last byte and not the answer.
        let weather = Weather { drop_after: Some(100_000), pace: None, seed };
        let link = Link::open(stage.address(), weather).await.unwrap();
        tus.server = link.address();
        let told = tus.send(begun.as_deref()).await;
        let is_there = tablet.client().missing(&[tus.hash]).await.unwrap().is_empty();
        assert!(is_there || !told.success, "it believes what is not so");
        begun = told.path.or(begun);
        cuts += link.traffic().drops.load(Ordering::Relaxed);
        if told.success {
            break;
        }
        ends += 1;
        assert!(ends < 60, "it never ends");
    }
    assert!(cuts > 0, "no connection carries a whole piece");
});

story!(a_photo_that_is_damaged_on_the_tablet_holds_up_no_other, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    tablet.go_offline().unwrap();
    let photos: Vec<(Hash, Vec<u8>)> = (0..3)
        .map(|number| {
            let bytes = photo::invented(number, "2026:11:23 10:00:00", 26.2, 107.2);
            (visit(&mut tablet, number as usize, &bytes), bytes)
        })
        .collect();
    // The one that goes first.
    let (damaged, good) = photos.iter().min_by_key(|(hash, _)| *hash).expect("three").clone();
    let mut bad = good.clone();
    bad[9_999] ^= 1;
    tablet.damage_photo(&damaged, &bad).unwrap();
    let others_are_there = |tablet: &HeadlessTablet| {
        tablet.tally.failures > 0 && tablet.machine().unverified_blobs() == [damaged]
    };
    let handed_over = tablet.sync_until(stage.address(), LIMIT, others_are_there).await;
    handed_over.expect("the others are there, and this one is refused");
    assert_eq!(tablet.client().missing(&[damaged]).await.unwrap(), [damaged]);
    tablet.damage_photo(&damaged, &good).unwrap();
    tablet.sync_again(LIMIT).await.expect("it is whole again");
});

story!(an_upload_that_lost_its_pieces_or_its_database_begins_anew, async |stage| {
    let config = stage.config();
    let media = MediaStore::open(&config.media, &config.s3).unwrap();
    let mut tablet = stage.tablet("cadre").await;
    let [first, second] = [picture(1), picture(2)];
    let hashes = [visit(&mut tablet, 0, &first), visit(&mut tablet, 1, &second)];
    // Both are half way, and the tablet knows where.
    let mut places = Vec::new();
    for (hash, bytes) in hashes.iter().zip([&first, &second]) {
        let place = tablet.client().start_upload(hash, bytes.len(), "image/jpeg").await.unwrap();
        tablet.client().upload_chunk(&place, 0, &bytes[..300_000]).await.unwrap();
        tablet.note_upload(*hash, place.clone()).unwrap();
        places.push(place);
    }
    // One lost what it had received: no answer is that it be tried again for two weeks.
    for piece in media.pieces().await.unwrap() {
        media.delete(ObjectName::Piece(piece)).await.unwrap();
    }
    let client = tablet.client();
    let gone = client.upload_chunk(&places[0], 300_000, &first[300_000..]).await.unwrap_err();
    assert_eq!(gone.kind(), "upload-gone");
    // Of what was received before a restore, the restored server knows nothing.
    let folder = stage.folder().join("backups");
    let (place, manifest) =
        backup::make(&config.database, &media, &folder, |_, _| {}).await.unwrap();
    assert_eq!(manifest.awaited, 0, "no record names a photo yet");
    let url = stage.empty_database();
    backup::restore(&url, &media, &place, crate::restore::how(&stage), |_, _| {}).await.unwrap();
    let server = stage.on_database(url).await;
    tablet.client().move_to(&server.address);
    tablet.client().refresh().await.unwrap();
    let gone = tablet.client().upload_offset(&places[1]).await.unwrap_err();
    assert!(format!("{gone}").starts_with("410"), "{gone}");
    tablet.sync_at(&server.address, LIMIT).await.expect("both are sent anew");
    assert_eq!(tablet.client().missing(&hashes).await.unwrap(), []);
});

story!(a_backup_tells_what_has_not_arrived_and_lets_nobody_go_of_it, async |stage| {
    let (arguments, environment) = stage.process_settings_without_media();
    let mut tablet = stage.tablet("cadre").await;
    let bytes = photo::invented(3, "2026:11:23 10:00:00", 26.2, 107.2);
    let arrived = visit(&mut tablet, 0, &bytes);
    tablet.sync_again(LIMIT).await.unwrap();
    let before = tablet.machine().outbox().count() as u64;
    // A visit is handed over, and its photo is not.
    let server = ServerProcess::start(&arguments, &environment);
    tablet.go_offline().unwrap();
    let bytes = photo::invented(4, "2026:11:23 10:00:00", 26.2, 107.2);
    let awaited = visit(&mut tablet, 1, &bytes);
    hand_over_without_the_photo(&mut tablet, server.address()).await;
    server.kill();
    tablet.go_offline().unwrap();
    let config = stage.config();
    let media = MediaStore::open(&config.media, &config.s3).unwrap();
    let folder = stage.folder().join("backups");
    let made = async || backup::make(&config.database, &media, &folder, |_, _| {}).await.unwrap();
    assert_eq!(made().await.1.awaited, 1);
    // An app of before took it for there. It has to keep what names the photo, and so the photo;
    // the app of today asks.
    tablet.believe_uploaded(&awaited).unwrap();
    assert_eq!(tablet.machine().unverified_blobs(), []);
    tablet.sync_at(stage.address(), LIMIT).await.unwrap();
    assert_eq!(tablet.machine().identity().safe_before, before + 1);
    assert_eq!(tablet.client().missing(&[awaited]).await.unwrap(), []);
    // A later backup has all of it. The server loses a photo that the tablet may let go of now.
    assert_eq!(made().await.1.awaited, 0);
    media.delete(ObjectName::Blob(arrived)).await.unwrap();
    stage.app().write(move |connection| ruhu::media::strike(connection, &arrived)).await.unwrap();
    let household = tablet.rows().find(|row| row.collection == "household").cloned().unwrap();
    let draft = tablets::day::address(&tablet, &household, "一组 9 号");
    tablet.edit(vec![draft]).unwrap();
    tablet.sync_again(LIMIT).await.unwrap();
    // Asked once more before it goes, it is sent again.
    assert!(tablet.has_photo(&arrived));
    assert_eq!(tablet.client().missing(&[arrived]).await.unwrap(), []);
    let back = tablet.client().bytes(&format!("/api/v1/media/{arrived}")).await.unwrap();
    assert_eq!(Hash::of(&back), arrived);
    made().await;
    tablet.sync_again(LIMIT).await.unwrap();
    assert!(!tablet.has_photo(&awaited), "the server has it, in a backup, and says so");
});

story!(what_was_erased_is_not_asked_for_again, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let bytes = photo::invented(5, "2026:11:23 10:00:00", 26.2, 107.2);
    let hash = visit(&mut tablet, 0, &bytes);
    tablet.sync_again(LIMIT).await.unwrap();
    let visited = tablet.rows().find(|row| row.collection == "visit").expect("the visit");
    let household = visited.fields[&1].as_text().expect("of a household").to_owned();
    let mut admin = stage.person("admin").await;
    let path = format!("/api/v1/households/{household}/erasure");
    let order = json!({ "reason": "本人要求" });
    let erased = admin.call(Method::POST, &path, Some(&order)).await.unwrap();
    assert_eq!(erased["photos"], 1);
    assert_eq!(tablet.client().missing(&[hash]).await.unwrap(), [], "its sender is to let it go");
    let mut other = stage.tablet("cadre2").await;
    assert_eq!(other.client().missing(&[hash]).await.unwrap(), [hash], "nobody else learns of it");
});
