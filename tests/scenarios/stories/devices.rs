//! Tablets: enrolled once, blocked, told to wipe.

use std::time::Duration;

use harness::story;
use reqwest::Method;
use serde_json::json;
use tablets::{Client, HeadlessTablet};

use crate::probe::{Probe, kind};

const LIMIT: Duration = Duration::from_secs(60);

story!(a_code_enrols_one_tablet, async |stage| {
    let code = stage.enrolment_code("cadre").await;
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let mut tablet = Client::new(stage.address());
    let first = tablet.enrol(&code, key.clone(), "甲").await.unwrap();
    let again = Client::new(stage.address()).enrol(&code, key, "甲").await.unwrap();
    assert_eq!(first.device, again.device, "the answer was lost, and it asked again");
    let other = ed25519_dalek::SigningKey::from_bytes(&[8; 32]);
    let refused = Client::new(stage.address()).enrol(&code, other.clone(), "乙").await;
    assert_eq!(refused.unwrap_err().kind(), "enrolment-refused");
    let wrong = Client::new(stage.address()).enrol("NOSUCHCODE", other, "丙").await;
    assert_eq!(wrong.unwrap_err().kind(), "enrolment-refused");
});

story!(a_blocked_tablet_gets_nothing_and_what_it_brings_is_kept, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let device = probe.tablet.machine().identity().device;
    let mut admin = stage.person("admin").await;
    admin.call(Method::POST, &format!("/api/v1/devices/{device}/block"), None).await.unwrap();
    let op = probe.address(&household, "封锁后");
    let request = probe.request(1, &[op]);
    let answer = probe.send(&request).await.unwrap();
    assert_eq!(kind(&answer["outcomes"][0]), "parked(scope)");
    assert_eq!((answer["scopes"].clone(), answer["feeds"].clone()), (json!([]), json!({})));
    let held = admin.call(Method::GET, "/api/v1/quarantine", None).await.unwrap();
    assert_eq!(held[0]["op"]["change"]["fields"]["4"], "封锁后");
    let areas = probe.tablet.client().call(Method::GET, "/api/v1/areas", None).await;
    assert_eq!(areas.unwrap_err().kind(), "forbidden");
    let standing = async |probe: &mut Probe| {
        probe.tablet.client().call(Method::GET, "/sync/v1/standing", None).await.unwrap()
    };
    // Why it has no village is for the tablet to say.
    assert_eq!(standing(&mut probe).await, json!({ "tablet": "blocked", "is_disabled": false }));
    // The tablet itself purges what it held and keeps its outbox.
    probe.tablet.sync_again(std::time::Duration::from_secs(60)).await.unwrap();
    assert_eq!(probe.tablet.rows().count(), 0);
    admin.call(Method::POST, &format!("/api/v1/devices/{device}/release"), None).await.unwrap();
    probe.tablet.sync_again(std::time::Duration::from_secs(60)).await.unwrap();
    assert!(probe.tablet.rows().count() > 0);
    let cadre = probe.tablet.machine().identity().author;
    admin.call(Method::POST, &format!("/api/v1/people/{cadre}/disable"), None).await.unwrap();
    assert_eq!(standing(&mut probe).await, json!({ "tablet": "active", "is_disabled": true }));
});

story!(a_tablet_wipes_itself_only_after_its_outbox_is_handed_over, async |stage| {
    let code = stage.enrolment_code("cadre2").await;
    let folder = stage.tablet_folder();
    let mut tablet = HeadlessTablet::enrol(stage.address(), &folder, &code, "丢失").await.unwrap();
    tablet.sync_at(stage.address(), std::time::Duration::from_secs(60)).await.unwrap();
    tablet.go_offline().unwrap();
    let household = tablet.rows().find(|row| row.collection == "household").unwrap().clone();
    let photo = tablet.keep_photo(b"photo").unwrap();
    let drafts = tablets::day::visit(&tablet, &household, photo, 1);
    tablet.edit(drafts).unwrap();
    let device = tablet.machine().identity().device;
    let mut admin = stage.person("admin").await;
    admin.call(Method::POST, &format!("/api/v1/devices/{device}/wipe"), None).await.unwrap();
    assert!(folder.join("journal").exists());
    // It ends with an error, since its store is gone; what it brought is on the server.
    let _ = tablet.sync_at(stage.address(), std::time::Duration::from_secs(60)).await;
    assert!(!folder.join("journal").exists(), "it has wiped itself");
    let held = admin.call(Method::GET, "/api/v1/quarantine", None).await.unwrap();
    assert_eq!(held.as_array().unwrap().len(), 3, "the visit and the two changes with it");
});

story!(a_clock_ten_years_off_is_noted_and_wins_nothing, async |stage| {
    let (mut ahead, mut right) =
        (Probe::new(&stage, "cadre").await, Probe::new(&stage, "cadre2").await);
    let household = ahead.household(0);
    let now = ahead.tablet.clock().wall;
    let ten_years = 10 * 365 * 24 * 3600 * 1000_i64;
    let mut op = ahead.address(&household, "十年后");
    op["at"][0] = json!(now + ten_years);
    let mut request = ahead.request(1, &[op]);
    request["clock"]["wall"] = json!(now + ten_years);
    ahead.send(&request).await.unwrap();
    let mut op = right.address(&household, "现在");
    op["at"][0] = json!(now + 60_000);
    right.push(&[op]).await;
    // Both are clamped to their receipt, so the one that came later stands.
    assert_eq!(right.read(&stage, household.id).await["fields"]["4"], "现在");
    let mut admin = stage.person("admin").await;
    let devices = admin.call(Method::GET, "/api/v1/devices", None).await.unwrap();
    let device = json!(ahead.tablet.machine().identity().device);
    let row = devices["items"].as_array().unwrap().iter().find(|row| row["id"] == device).unwrap();
    let skew = row["clock_skew_ms"].as_i64().unwrap();
    assert!((ten_years - 60_000..ten_years + 60_000).contains(&skew), "{skew}");
});

story!(an_admin_sees_what_a_tablet_has_not_handed_over, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let mut admin = stage.person("admin").await;
    let device = json!(tablet.machine().identity().device);
    let unsent = async |admin: &mut Client| {
        let devices = admin.call(Method::GET, "/api/v1/devices", None).await.unwrap();
        let items = devices["items"].as_array().unwrap();
        let row = items.iter().find(|row| row["id"] == device).unwrap().clone();
        (row["unsent_ops"].clone(), row["unsent_files"].clone())
    };
    assert_eq!(unsent(&mut admin).await, (json!(0), json!(0)), "it has just been enrolled");
    let mut probe = Probe { incarnation: uuid::Uuid::now_v7(), next: 1, tablet };
    let household = probe.household(0);
    let op = probe.address(&household, "一");
    let mut request = probe.request(1, &[op]);
    request["unsent"] = json!({ "ops": 8, "files": 3 });
    probe.send(&request).await.unwrap();
    assert_eq!(unsent(&mut admin).await, (json!(7), json!(3)), "one of them was taken in");
    // Nobody has that many, and nothing breaks.
    let mut request = probe.request(2, &[]);
    request["unsent"] = json!({ "ops": u64::MAX, "files": 0 });
    probe.send(&request).await.unwrap();
    assert_eq!(unsent(&mut admin).await, (json!(i64::MAX), json!(0)));
    // The tablet itself, once everything is handed over.
    tablet = probe.tablet;
    let home = tablet.rows().find(|row| row.collection == "household").cloned().unwrap();
    let bytes = tablets::photo::invented(1, "2026:11:23 09:00:00", 26.2, 107.2);
    let photo = tablet.keep_photo(&bytes).unwrap();
    let drafts = tablets::day::visit(&tablet, &home, photo, 1);
    tablet.edit(drafts).unwrap();
    tablet.sync_again(LIMIT).await.unwrap();
    let (ops, files) = unsent(&mut admin).await;
    assert_eq!((ops, files), (json!(0), json!(1)), "the photo came after the records");
    tablet.sync_again(LIMIT).await.unwrap();
    assert_eq!(unsent(&mut admin).await, (json!(0), json!(0)));
});
