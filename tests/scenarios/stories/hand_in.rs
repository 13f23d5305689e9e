//! A tablet that will not reach the server any more exports its work, and an admin hands it in.

use std::time::Duration;

use harness::story;
use mobile_schema::Hash;
use reqwest::Method;
use serde_json::{Value, json};
use tablets::{Client, HeadlessTablet};

const LIMIT: Duration = Duration::from_secs(60);
const PATH: &str = "/api/v1/devices/hand-in";

/// Visits a household offline, with a photo; gives the photo.
fn visit(tablet: &mut HeadlessTablet) -> Hash {
    tablet.go_offline().unwrap();
    let household = tablet.rows().find(|row| row.collection == "household").unwrap().clone();
    let photo = tablets::photo::invented(1, "2026:11:23 09:00:00", 26.2, 107.2);
    let photo = tablet.keep_photo(&photo).unwrap();
    let drafts = tablets::day::visit(tablet, &household, photo, 1);
    tablet.edit(drafts).unwrap();
    photo
}

async fn visits(client: &mut Client) -> usize {
    let path = "/api/v1/records?collection=visit&limit=500";
    client.call(Method::GET, path, None).await.unwrap()["items"].as_array().unwrap().len()
}

/// When the tablet was last here.
async fn seen(admin: &mut Client, device: &str) -> Value {
    let page = admin.call(Method::GET, "/api/v1/devices?limit=500", None).await.unwrap();
    let mut devices = page["items"].as_array().unwrap().iter();
    devices.find(|one| one["id"] == device).unwrap()["last_seen_at"].clone()
}

fn came_to(told: &Value) -> (Option<u64>, Option<u64>, Option<u64>) {
    let of = |name: &str| told[name].as_u64();
    (told["outcomes"]["applied"].as_u64(), of("files"), of("files_lacking"))
}

story!(exported_work_arrives_once_whoever_brings_it_and_however_often, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let photo = visit(&mut tablet);
    let mut admin = stage.person("admin").await;
    let before = visits(&mut admin).await;
    let device = tablet.machine().identity().device.to_string();
    let seen_before = seen(&mut admin, &device).await;
    assert!(seen_before.is_string());
    let file = tablet.export().unwrap();
    let told = admin.send_file(PATH, file.clone()).await.unwrap();
    assert_eq!(came_to(&told), (Some(3), Some(1), Some(0)));
    assert_eq!(visits(&mut admin).await, before + 1);
    let bytes = admin.bytes(&format!("/api/v1/media/{photo}?reason=test")).await.unwrap();
    assert_eq!(Hash::of(&bytes), photo);
    assert_eq!(seen(&mut admin, &device).await, seen_before, "the tablet was not here");

    let told = admin.send_file(PATH, file).await.unwrap();
    assert_eq!(came_to(&told), (Some(3), Some(0), Some(0)), "nothing is taken twice");
    // The tablet was found again, and it worked on.
    let address = tablet.rows().find(|row| row.collection == "household").unwrap().clone();
    tablet.edit(vec![tablets::day::address(&tablet, &address, "三组 8 号")]).unwrap();
    tablet.sync_at(stage.address(), LIMIT).await.unwrap();
    assert_eq!(tablet.tally.conflicts, 0);
    assert_eq!(visits(&mut admin).await, before + 1);
    let told = admin.send_file(PATH, tablet.export().unwrap()).await.unwrap();
    assert_eq!(came_to(&told), (Some(4), Some(0), Some(0)));
    let trail = admin.call(Method::GET, "/api/v1/audit?action=hand_in", None).await.unwrap();
    assert_eq!(trail.as_array().unwrap().len(), 3);
    assert_eq!(trail[0]["subject"], json!(device));
});

story!(what_a_blocked_tablet_exported_waits_for_a_person, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    visit(&mut tablet);
    let device = tablet.machine().identity().device;
    let mut admin = stage.person("admin").await;
    admin.call(Method::POST, &format!("/api/v1/devices/{device}/block"), None).await.unwrap();
    let told = admin.send_file(PATH, tablet.export().unwrap()).await.unwrap();
    assert_eq!(told["outcomes"], json!({ "parked": 3 }));
    assert_eq!(told["files_lacking"], 0);
    let held = admin.call(Method::GET, "/api/v1/quarantine", None).await.unwrap();
    assert_eq!(held.as_array().unwrap().len(), 3);
});

story!(a_file_that_was_changed_or_is_none_is_refused_whole, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    visit(&mut tablet);
    let mut admin = stage.person("admin").await;
    let before = visits(&mut admin).await;
    let good = String::from_utf8(tablet.export().unwrap()).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let device = tablet.machine().identity().device.to_string();
    let other = stage.tablet("cadre2").await.machine().identity().device.to_string();
    let digit = good.find("\"op\":\"").unwrap() + 60;
    let changed_op = {
        let mut bytes = good.clone().into_bytes();
        bytes[digit] = if bytes[digit] == b'0' { b'1' } else { b'0' };
        String::from_utf8(bytes).unwrap()
    };
    let bad = [
        ("nothing", String::new()),
        ("no lines", "ruhu".to_owned()),
        ("an older format", good.replacen("unsent-2", "unsent-1", 1)),
        ("another's name", good.replace(&device, &other)),
        ("an operation", changed_op),
        ("cut off in the work", good[..lines[0].len() + 400].to_owned()),
        ("no signature", good.replacen("signature\":\"", "signature\":\"AA", 1)),
        ("a nobody", good.replace(&device, "0197a000-0000-7000-8000-000000000000")),
    ];
    for (what, file) in bad {
        let refused = admin.send_file(PATH, file.into_bytes()).await.expect_err(what);
        assert!(matches!(refused.kind(), "hand-in-refused" | "malformed"), "{what}: {refused}");
    }
    let long = format!("{}\n", "x".repeat(2_000)).into_bytes();
    assert_eq!(admin.send_file(PATH, long).await.unwrap_err().kind(), "too-large");
    let mut neighbour = stage.neighbour().await;
    let refused = neighbour.send_file(PATH, good.clone().into_bytes()).await.unwrap_err();
    assert_eq!(refused.kind(), "hand-in-refused");
    assert_eq!(visits(&mut admin).await, before, "nothing was taken in");

    // A photo that was damaged costs no operation, and the rest can come again.
    let damaged = good.replacen("\"bytes\":\"", "\"bytes\":\"AAAA", 1);
    let refused = admin.send_file(PATH, damaged.into_bytes()).await.unwrap_err();
    assert_eq!(refused.kind(), "hash-mismatch");
    let cut = good[..good.len() - 200].to_owned();
    let refused = admin.send_file(PATH, cut.into_bytes()).await.unwrap_err();
    assert_eq!(refused.kind(), "hand-in-refused");
    assert_eq!(visits(&mut admin).await, before + 1);
    let told = admin.send_file(PATH, good.into_bytes()).await.unwrap();
    assert_eq!(came_to(&told), (Some(3), Some(1), Some(0)));
});
