//! What one tablet, one address or a stranger may take of the server's memory, disk and connections,
//! and that others notice nothing.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use harness::{
    Backend, DatabaseKind, MediaKind, ServerProcess, SmallDisk, Stage, ruhu_binary, story,
};
use reqwest::{Method, StatusCode};
use ruhu::limits;
use serde_json::json;
use sync_protocol::log::AttemptResult;
use tablets::{Client, HeadlessTablet, photo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::live::Events;
use crate::probe::{Probe, kind};

const LIMIT: Duration = Duration::from_secs(60);
const BACKEND: Backend = Backend { database: DatabaseKind::Sqlite, media: MediaKind::Folder };

/// Sends a body to an address of the server as it is.
async fn post(url: &str, token: &str, encoding: &str, body: Vec<u8>) -> StatusCode {
    let request = reqwest::Client::new().post(url).bearer_auth(token);
    let request = request.header("content-type", "application/json");
    let answer = request.header("content-encoding", encoding).body(body).send().await;
    answer.map_or(StatusCode::SERVICE_UNAVAILABLE, |answer| answer.status())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_well_packed_pushes_at_once_do_not_fill_the_memory() {
    let stage = Arc::new(Stage::open(BACKEND).await);
    let (arguments, mut environment) = stage.process_settings();
    environment.push(("RUHU_LOG".into(), "off".into()));
    let server = ServerProcess::start(&arguments, &environment);
    let (mut attacker, mut other) =
        (Probe::new(&stage, "cadre").await, Probe::new(&stage, "cadre2").await);
    other.tablet.client().move_to(server.address());
    let url = format!("{}/sync/v1/sync", server.address());
    let token = attacker.tablet.client().access_token().to_owned();
    // Each is 15 MB of short arrays once it is unpacked, and many times that once it is read.
    let op = json!({ "deep": vec![vec![0; 3]; 1_800] });
    let request = attacker.request(1, &vec![op; 1_000]).to_string();
    assert!(request.len() > 10_000_000, "{}", request.len());
    let packed = zstd::encode_all(request.as_bytes(), 19).unwrap();
    assert!(packed.len() < 20_000, "{}", packed.len());
    let before = server.resident();
    let pushes = (0..30).map(|_| post(&url, &token, "zstd", packed.clone()));
    let honest = async {
        let household = other.household(0);
        let op = other.address(&household, "照常");
        assert_eq!(kind(&other.push(&[op]).await[0]), "applied");
    };
    let (statuses, ()) = tokio::join!(futures_util::future::join_all(pushes), honest);
    assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS), "{statuses:?}");
    assert!(statuses.contains(&StatusCode::OK), "one after the other they are read: {statuses:?}");
    let (_, peak) = server.usage();
    let megabytes = |bytes: u64| bytes / 1_000_000;
    let words = format!("from {} to {} MB", megabytes(before), megabytes(peak));
    assert!(peak < before + limits::TAKEN_IN_OF_ONE as u64 * 2, "{words}");
}

story!(a_tablet_has_only_so_many_uploads_under_way_and_comes_with_pieces, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let (address, token) = (stage.address().to_owned(), probe.tablet.client().access_token());
    let token = token.to_owned();
    let announce = async |number: u64| {
        let hash = mobile_schema::Hash::of(&number.to_le_bytes()).to_string();
        let told = format!("sha256 {}", data_encoding::BASE64.encode(hash.as_bytes()));
        let request = reqwest::Client::new().post(format!("{address}/sync/v1/uploads"));
        let request = request.bearer_auth(&token).header("tus-resumable", "1.0.0");
        let request = request.header("upload-length", limits::MAX_BLOB);
        request.header("upload-metadata", told).send().await.unwrap()
    };
    let fit = limits::OPEN_UPLOADS_OF_ONE as u64 / limits::MAX_BLOB;
    for number in 0..fit {
        assert_eq!(announce(number).await.status(), StatusCode::CREATED);
    }
    assert_eq!(announce(fit).await.status(), StatusCode::TOO_MANY_REQUESTS);
    // Whose answer was lost announces it again, and is told of the one there is.
    let place = |answer: reqwest::Response| answer.headers()["location"].clone();
    let (once, again) = (announce(0).await, announce(0).await);
    assert_eq!((once.status(), again.status()), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(place(once), place(again));
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_comes_byte_by_byte_begins_anew() {
    let stage = Arc::new(Stage::open(BACKEND).await);
    let mut probe = Probe::new(&stage, "cadre").await;
    let token = probe.tablet.client().access_token().to_owned();
    let client = reqwest::Client::new();
    let hash = mobile_schema::Hash::of(b"never").to_string();
    let told = format!("sha256 {}", data_encoding::BASE64.encode(hash.as_bytes()));
    let begun = client.post(format!("{}/sync/v1/uploads", stage.address())).bearer_auth(&token);
    let begun = begun.header("tus-resumable", "1.0.0").header("upload-length", 1_000_000);
    let begun = begun.header("upload-metadata", told).send().await.unwrap();
    let place = format!("{}{}", stage.address(), begun.headers()["location"].to_str().unwrap());
    let until_the_next = Duration::from_secs(1) / limits::REQUESTS_PER_DEVICE;
    let mut offset = 0;
    let refused = loop {
        let piece = client.patch(&place).bearer_auth(&token).header("tus-resumable", "1.0.0");
        let piece = piece.header("content-type", "application/offset+octet-stream");
        let answer = piece.header("upload-offset", offset).body("x").send().await.unwrap();
        match answer.status() {
            StatusCode::NO_CONTENT => offset += 1,
            StatusCode::TOO_MANY_REQUESTS => tokio::time::sleep(until_the_next).await,
            status => break status,
        }
    };
    assert_eq!((refused, offset), (StatusCode::GONE, limits::MAX_UPLOAD_PIECES));
}

story!(who_listens_much_is_refused_and_others_listen, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let token = probe.tablet.client().access_token().to_owned();
    let mut open = Vec::new();
    for _ in 0..limits::LISTENERS_OF_ONE {
        open.push(Events::open(stage.address(), "/sync/v1/live", &token).await);
    }
    let more = reqwest::Client::new().get(format!("{}/sync/v1/live", stage.address()));
    let more = more.bearer_auth(&token).send().await.unwrap();
    assert_eq!(more.status(), StatusCode::TOO_MANY_REQUESTS);
    let supervisor = stage.person("supervisor").await;
    Events::open(stage.address(), "/api/v1/live", supervisor.access_token()).await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_stops_coming_is_given_up() {
    let stage = Arc::new(Stage::open(BACKEND).await);
    let mut probe = Probe::new(&stage, "cadre").await;
    let token = probe.tablet.client().access_token().to_owned();
    let host = stage.address().trim_start_matches("http://").to_owned();
    let head = format!(
        "POST /sync/v1/sync HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"
    );
    let mut silent = TcpStream::connect(&host).await.unwrap();
    silent.write_all(head.as_bytes()).await.unwrap();
    let mut told = vec![0; 1_000];
    let read = tokio::time::timeout(limits::BODY_PAUSE * 2, silent.read(&mut told)).await;
    let told =
        String::from_utf8_lossy(&told[..read.expect("it is answered").unwrap()]).into_owned();
    assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
}

/// How many descriptors this process may have.
fn descriptors() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").expect("a process has limits");
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    soft.unwrap_or(0)
}

story!(sign_ins_that_never_end_shut_nobody_out, async |stage| {
    let host = stage.address().trim_start_matches("http://").to_owned();
    let head = format!(
        "POST /api/v1/session HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Content-Length: 1000\r\n\r\n{{"
    );
    let mut silent = Vec::new();
    for _ in 0..limits::REQUESTS_AT_ONCE + 10 {
        let mut one = TcpStream::connect(&host).await.unwrap();
        one.write_all(head.as_bytes()).await.unwrap();
        silent.push(one);
    }
    stage.person("supervisor").await;
    let mut told = [0; 12];
    let read = tokio::time::timeout(limits::STRANGERS_BODY * 3, silent[0].read_exact(&mut told));
    read.await.expect("it is given up").unwrap();
    assert_eq!(&told, b"HTTP/1.1 408");
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_has_so_many_connections() {
    let stage = Arc::new(Stage::open(BACKEND).await);
    // Both ends of each are this process's.
    if descriptors() < 3 * limits::CONNECTIONS_OF_ONE {
        println!("skipped: this process may have too few descriptors");
        return;
    }
    let host = stage.address().trim_start_matches("http://").to_owned();
    // Another address than the one that everything else here comes from.
    let connect = async || {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.9:0".parse().unwrap()).unwrap();
        socket.connect(host.parse().unwrap()).await.unwrap()
    };
    // What is let in is answered, and stands from then on.
    let is_let_in = async || {
        let mut one = connect().await;
        one.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.ok();
        let told = one.read(&mut [0]).await;
        matches!(told, Ok(1)).then_some(one)
    };
    // Many at a time: the first must not be closed for their silence before the last has come.
    let mut open = Vec::new();
    while open.len() < limits::CONNECTIONS_OF_ONE {
        let next = (limits::CONNECTIONS_OF_ONE - open.len()).min(64);
        let come = futures_util::future::join_all((0..next).map(|_| is_let_in())).await;
        open.extend(come.into_iter().map(|one| one.expect("there is room for it")));
    }
    assert!(is_let_in().await.is_none(), "there is no room for one more");
    let others = reqwest::get(format!("{}/healthz", stage.address())).await.unwrap();
    assert_eq!(others.status(), StatusCode::OK);
}

/// The sources that a policy names for something (Content Security Policy Level 3), if it says
/// anything of it.
fn directive<'a>(policy: &'a str, name: &str) -> Option<Vec<&'a str>> {
    policy.split(';').find_map(|one| {
        let mut words = one.split_whitespace();
        (words.next() == Some(name)).then(|| words.collect())
    })
}

story!(every_answer_says_what_browsers_keep_from_doing, async |stage| {
    let ask = async |path: &str, scheme: &str| {
        let client = reqwest::Client::new().get(format!("{}{path}", stage.address()));
        client.header("x-forwarded-proto", scheme).send().await.unwrap().headers().clone()
    };
    for path in ["/api/v1/me", "/sync/v1/live", "/docs/", "/openapi.json", "/healthz", "/nowhere"] {
        let headers = ask(path, "http").await;
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        let scripts = directive(policy, "script-src").or_else(|| directive(policy, "default-src"));
        let scripts = scripts.unwrap_or_else(|| panic!("{path}: any script runs: {policy}"));
        assert!(!scripts.contains(&"'unsafe-inline'"), "{path}: {policy}");
        assert!(!scripts.contains(&"'unsafe-eval'"), "{path}: {policy}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert!(!headers.contains_key("strict-transport-security"), "{path}");
    }
    let admin = stage.person("admin").await;
    let me = reqwest::Client::new().get(format!("{}/api/v1/me", stage.address()));
    let me = me.bearer_auth(admin.access_token()).send().await.unwrap();
    assert_eq!(
        (me.status(), &me.headers()["cache-control"]),
        (StatusCode::OK, &"no-store".parse().unwrap())
    );
    assert!(ask("/healthz", "https").await.contains_key("strict-transport-security"));
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_nearly_full_takes_nothing_in_until_there_is_room() {
    let mounted = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::over(mounted.path()) else {
        println!("skipped: this process may mount no small disk");
        return;
    };
    let data = mounted.path().join("data");
    let arguments = ["--data".to_owned(), data.display().to_string()];
    let mut load = Command::new(ruhu_binary());
    let loaded = load.args(["demo", "load"]).args(&arguments).stdout(Stdio::null()).status();
    assert!(loaded.expect("it runs").success());
    let server = ServerProcess::start(&arguments, &[("RUHU_LOG".into(), "off".into())]);
    let mut admin = Client::new(server.address());
    admin.sign_in("admin", ruhu::demo::PASSWORD).await.unwrap();
    let asked = json!({ "login": "cadre" });
    let code = admin.call(Method::POST, "/api/v1/enrolment-codes", Some(&asked)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let code = code["code"].as_str().unwrap();
    let tablet = HeadlessTablet::enrol(server.address(), folder.path(), code, "平板").await;
    let mut tablet = tablet.unwrap();
    tablet.sync_at(server.address(), LIMIT).await.unwrap();
    let household = tablet.rows().find(|row| row.collection == "household").unwrap().clone();
    let picture = photo::invented(1, "2026:11:23 09:00:00", 26.2, 107.2);
    let photo = tablet.keep_photo(&picture).unwrap();
    let drafts = tablets::day::visit(&tablet, &household, photo, 1);

    let filler = disk.fill(600 * 1024);
    tablet.edit(drafts).unwrap();
    let full = AttemptResult::Refused { problem: "storage-full".into() };
    let is_told = |tablet: &HeadlessTablet| tablet.attempts().any(|attempt| attempt.result == full);
    tablet.sync_until(server.address(), LIMIT, is_told).await.expect("it is refused in words");
    assert!(tablet.machine().unsent() > 0);
    // What is there is read all the same.
    admin.call(Method::GET, "/api/v1/records?collection=household&limit=1", None).await.unwrap();
    std::fs::remove_file(filler).unwrap();
    // What was found of the disk counts for two seconds: who comes in them is told to wait a minute.
    tokio::time::sleep(Duration::from_secs(3)).await;
    tablet.sync_at(server.address(), LIMIT).await.expect("there is room again");
    assert_eq!((tablet.machine().unsent(), tablet.machine().unverified_blobs().len()), (0, 0));
}
