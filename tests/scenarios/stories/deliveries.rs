//! Who was told of what: lists, tasks, paper.

use std::time::Duration;

use harness::story;
use mobile_schema::Value;
use mobile_schema::notice::{NoticeContent, RecordVersion};
use reqwest::{Method, StatusCode};
use ruhu::{checks, jobs};
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use sync_protocol::op::{Change, Fields};
use tablets::{Client, day};
use uuid::Uuid;

use crate::notices::{Desk, signed};

const LIMIT: Duration = Duration::from_secs(60);

/// An award of the desk's household, that is to be told of by a day.
async fn award(desk: &mut Desk, day: &str) -> RecordId {
    let fields = Fields::from([
        (1, desk.household.id.to_string().into()),
        (3, "国家助学金".into()),
        (5, Value::Integer(150_000)),
        (7, day.into()),
    ]);
    let id = RecordId(Uuid::now_v7());
    let scope = desk.tablet.machine().scope_of(desk.household.id).unwrap().clone();
    let change = Change::Create { fields };
    let draft = day::draft(&desk.tablet, "aid_award", id, &scope, change);
    desk.tablet.edit(vec![draft]).unwrap();
    exchange(desk).await;
    id
}

/// Pushes, has the server look, and pulls what came of it.
async fn exchange(desk: &mut Desk) {
    desk.tablet.sync_again(LIMIT).await.unwrap();
    checks::run_due(desk.stage.app()).await.unwrap();
    desk.tablet.sync_again(LIMIT).await.unwrap();
}

/// A notification of an award.
fn told_of(desk: &Desk, award: RecordId) -> NoticeContent {
    let version = |id: RecordId| {
        let version = desk.tablet.machine().version_of(id).expect("it was pushed");
        RecordVersion { record: *id.0.as_bytes(), epoch: version.epoch.0, n: version.n }
    };
    let mut records = vec![version(desk.household.id), version(award)];
    records.sort();
    NoticeContent {
        records, ..desk.content("学生资助告知书\n您家获得资助。", signed())
    }
}

/// The tasks that a tablet has about the desk's household: title, day and status.
fn tasks(desk: &Desk) -> Vec<[String; 3]> {
    let household = desk.household.id.to_string();
    let text = |fields: &Fields, field| {
        fields.get(&field).and_then(Value::as_text).unwrap_or_default().to_owned()
    };
    let about = desk.tablet.rows().filter(|row| row.collection == "task");
    let about = about.filter(|row| text(&row.fields, 1) == household);
    about.map(|row| [2, 3, 4].map(|field| text(&row.fields, field))).collect()
}

async fn get(person: &mut Client, path: &str) -> Json {
    person.call(Method::GET, path, None).await.unwrap()
}

/// What the list has of the desk's village.
async fn village(desk: &mut Desk) -> Json {
    let all = get(&mut desk.supervisor, "/api/v1/deliveries?template=student_aid").await;
    let scope = desk.tablet.machine().scope_of(desk.household.id).unwrap().to_string();
    let villages = all["villages"].as_array().unwrap().iter();
    let mut its = villages.filter(|one| scope == format!("area:{}", one["area"].as_str().unwrap()));
    its.next().expect("the village").clone()
}

fn ids(page: &Json) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|one| one["record"].as_str().unwrap().to_owned()).collect()
}

story!(an_award_is_a_task_until_its_household_was_told_and_has_a_copy, async |stage| {
    let mut desk = Desk::new(&stage).await;
    let first = award(&mut desk, "2026-12-10").await;
    let second = award(&mut desk, "2026-12-20").await;
    let title = "学生资助告知书：国家助学金";
    let open = |day: &str| [title, day, "open"].map(str::to_owned);
    let mut there = tasks(&desk);
    there.sort();
    assert_eq!(there, [open("2026-12-10"), open("2026-12-20")]);
    let list = "/api/v1/deliveries/undelivered?template=student_aid";
    let untold = ids(&get(&mut desk.supervisor, list).await);
    assert_eq!(untold, [first.to_string(), second.to_string()]);

    let content = told_of(&desk, first);
    let notice = desk.sign(&content).await;
    assert_eq!(desk.findings(notice).await, [] as [String; 0]);
    exchange(&mut desk).await;
    let mut there = tasks(&desk);
    there.sort();
    assert_eq!(there, [[title, "2026-12-10", "done"].map(str::to_owned), open("2026-12-20")]);
    assert_eq!(ids(&get(&mut desk.supervisor, list).await), [second.to_string()]);
    let counts = village(&mut desk).await;
    let numbers = ["total", "to_tell", "signed", "refused", "paper", "copies"];
    assert_eq!(numbers.map(|name| counts[name].as_i64().unwrap()), [2, 1, 1, 0, 0, 0]);

    // Another day is told, and a copy is given on the tablet.
    let later = Fields::from([(7, "2026-12-31".into())]);
    let scope = desk.tablet.machine().scope_of(second).unwrap().clone();
    let change = Change::Patch { fields: later };
    let draft = day::draft(&desk.tablet, "aid_award", second, &scope, change);
    let copy = Fields::from([
        (1, notice.to_string().into()),
        (2, desk.household.id.to_string().into()),
        (3, "2026-11-25".into()),
        (4, "paper".into()),
    ]);
    let lacking = format!("{list}&lacking=copy");
    assert_eq!(ids(&get(&mut desk.supervisor, &lacking).await), [first.to_string()]);
    let change = Change::Create { fields: copy };
    let given = day::draft(&desk.tablet, "notice_copy", RecordId(Uuid::now_v7()), &scope, change);
    desk.tablet.edit(vec![draft, given]).unwrap();
    exchange(&mut desk).await;
    assert!(tasks(&desk).contains(&open("2026-12-31")));
    assert_eq!(village(&mut desk).await["copies"], 1);
    assert!(ids(&get(&mut desk.supervisor, &lacking).await).is_empty());

    // What is so few that it points at people is hidden from who needs no more than the whole.
    let mut auditor = stage.person("auditor").await;
    let seen = get(&mut auditor, "/api/v1/deliveries?template=student_aid").await;
    let its = seen["villages"].as_array().unwrap().iter().find(|one| one["refused"] == 0).unwrap();
    assert_eq!(
        (&its["total"], &seen["told"], &seen["of"]),
        (&Json::Null, &Json::Null, &Json::Null)
    );
    let named = auditor.call(Method::GET, list, None).await.unwrap_err();
    assert_eq!(named.kind(), "forbidden", "nor does anybody's name tell it");
    let seen = get(&mut desk.supervisor, "/api/v1/deliveries?template=student_aid").await;
    assert_eq!((seen["told"].as_i64(), seen["of"].as_i64()), (Some(1), Some(2)));

    // Another county sees none of it; a cadre has tablets for it.
    let mut neighbour = stage.neighbour().await;
    assert!(ids(&get(&mut neighbour, list).await).is_empty());
    let foreign = get(&mut neighbour, "/api/v1/deliveries?template=student_aid").await;
    assert_eq!(foreign["villages"], json!([]));
    let refused = desk.tablet.client().call(Method::GET, list, None).await.unwrap_err();
    assert_eq!(refused.kind(), "forbidden");
    let unknown = "/api/v1/deliveries?template=no_such";
    let refused = desk.supervisor.call(Method::GET, unknown, None).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
});

story!(paper_is_the_same_bytes_and_shows_what_was_changed, async |stage| {
    let mut desk = Desk::new(&stage).await;
    let award = award(&mut desk, "2026-12-10").await;
    let photo = scenery::Photo { width: 640, ..scenery::Photo::of(4) }.jpeg();
    let mut content = told_of(&desk, award);
    content.photos = vec![desk.tablet.keep_photo(&photo).unwrap()];
    let notice = desk.sign(&content).await;
    let path = format!("/api/v1/notices/{notice}/sheet.pdf");
    jobs::run_due(stage.app()).await.unwrap();
    checks::run_due(stage.app()).await.unwrap();
    let silent = desk.supervisor.call(Method::GET, &path, None).await.unwrap_err();
    assert_eq!(silent.kind(), "reason-needed");
    let with_reason = format!("{path}?reason=给农户");
    let sheet = desk.supervisor.bytes(&with_reason).await.unwrap();
    assert!(sheet.starts_with(b"%PDF-"));
    assert_eq!(desk.tablet.client().bytes(&path).await.unwrap(), sheet, "a tablet needs no reason");
    let mut neighbour = stage.neighbour().await;
    let refused = neighbour.bytes(&with_reason).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");

    let folder = stage.tablet_folder();
    std::fs::create_dir_all(&folder).unwrap();
    let (file, keys) = (folder.join("sheet.pdf"), folder.join("keys.json"));
    std::fs::write(&file, &sheet).unwrap();
    std::fs::write(&keys, serde_json::to_vec(&desk.published().await).unwrap()).unwrap();
    let (file_name, keys) = (file.to_str().unwrap(), keys.to_str().unwrap());
    let (well, said) = desk.ruhu(&["verify", file_name, "--keys", keys], "C");
    assert!(well && said.contains("as it was printed"), "{said}");
    let mut changed = sheet.clone();
    changed[sheet.len() / 2] ^= 1;
    std::fs::write(&file, changed).unwrap();
    let (well, said) = desk.ruhu(&["verify", file_name, "--keys", keys], "zh_CN.UTF-8");
    assert!(!well && said.contains("文件有改动"), "{said}");

    // All of an area, in the background; a key that was rotated since changes no byte.
    assert!(desk.ruhu(&["rotate"], "C").0);
    assert_eq!(desk.supervisor.bytes(&with_reason).await.unwrap(), sheet);
    let order = json!({ "area": "529901000000", "template": "student_aid", "reason": "发给农户" });
    let mut admin = stage.person("admin").await;
    let orders = "/api/v1/notices/prints";
    let refused = neighbour.call(Method::POST, orders, Some(&order)).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
    let print = admin.call(Method::POST, orders, Some(&order)).await.unwrap();
    assert_eq!((&print["notices"], &print["printed"]), (&json!(1), &json!(0)));
    let progress = format!("{orders}/{}", print["id"].as_str().unwrap());
    jobs::run_due(stage.app()).await.unwrap();
    let printed = get(&mut admin, &progress).await;
    assert_eq!(printed["printed"], 1, "{printed}");
    let together = admin.bytes(&format!("{progress}/0.pdf")).await.unwrap();
    assert_eq!(together, sheet, "one printed with others is the same sheet");
    let refused = neighbour.bytes(&format!("{progress}/0.pdf")).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
    let none = json!({ "area": "529901000000", "template": "chronic_card", "reason": "无" });
    let refused = admin.call(Method::POST, orders, Some(&none)).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
});

story!(a_template_is_tried_before_it_is_published, async |stage| {
    let admin = stage.person("admin").await;
    let send = async |text: String, token: &str| {
        let url = format!("{}/api/v1/notices/templates/sample.pdf?language=en", stage.address());
        let request = reqwest::Client::new().post(url).bearer_auth(token).body(text);
        let response = request.send().await.unwrap();
        (response.status(), response.bytes().await.unwrap())
    };
    let template = |body: &str| {
        format!(
            "name = \"aid\"\nversion = 1\ntitle = {{ zh-CN = \"告知书\", en = \"Told\" }}\n{body}"
        )
    };
    let good = template(
        "fields = [{ name = \"head\", from = \"household.head_name\", sample = \"王大山\" }]\n\
         [[paragraph]]\ntext = { zh-CN = \"{head}\", en = \"To {head}\" }",
    );
    let (status, sample) = send(good, admin.access_token()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(sample.starts_with(b"%PDF-"));
    let bad = template(
        "fields = [{ name = \"head\", from = \"household.hed_name\" }]\n\
         [[paragraph]]\nwhen = \"cuont(head)\"\ntext = { zh-CN = \"{nobody}\" }",
    );
    let (status, told) = send(bad, admin.access_token()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let told: Json = serde_json::from_slice(&told).unwrap();
    let problems = told["problems"].as_array().unwrap();
    for expected in ["hed_name", "cuont", "nobody", "缺 en 文字"] {
        let is_told = |one: &Json| one["words"].as_str().unwrap().contains(expected);
        assert!(problems.iter().any(is_told), "{expected}: {problems:?}");
    }
    let (status, _) = send("x".repeat(300_000), admin.access_token()).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let supervisor = stage.person("supervisor").await;
    let (status, _) = send(String::new(), supervisor.access_token()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    // What no font here can write is told, not printed as a box.
    let hieroglyph = template(
        "fields = []\n[[paragraph]]\ntext = { zh-CN = \"\u{13000}\", en = \"\u{13000}\" }",
    );
    let (status, told) = send(hieroglyph, admin.access_token()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let told: Json = serde_json::from_slice(&told).unwrap();
    assert_eq!(
        (&told["type"], &told["character"]),
        (&json!("urn:ruhu:problem:unprintable"), &json!("\u{13000}"))
    );
});

story!(a_template_is_changed_and_published_for_all_areas, async |stage| {
    let templates = "/api/v1/notices/templates";
    let definitions = "/api/v1/definitions?kind=notice";
    let mut admin = stage.person("admin").await;
    let listed = get(&mut admin, definitions).await;
    let newest = |listed: &Json| {
        let of = |one: &&Json| one["name"] == "student_aid";
        listed.as_array().unwrap().iter().find(of).unwrap()["versions"][0].clone()
    };
    let before = newest(&listed);
    let bundle = format!("/sync/v1/bundles/{}", before["hash"].as_str().unwrap());
    let mut template: Json = serde_json::from_slice(&admin.bytes(&bundle).await.unwrap()).unwrap();
    let version = template["version"].as_i64().unwrap();
    template["paragraph"][0]["text"]["zh-CN"] = "{head}同志：您好！".into();
    let publish = async |client: &mut Client, template: &Json| {
        let body = json!({ "template": template, "reason": "称呼改得客气些" });
        client.call(Method::POST, templates, Some(&body)).await
    };
    // The version that is there can't be replaced, and none is left out.
    let refused = publish(&mut admin, &template).await.unwrap_err();
    assert_eq!(refused.kind(), "stale-view");
    template["version"] = (version + 1).into();
    let mut wrong = template.clone();
    wrong["paragraph"][0]["text"]["zh-CN"] = "{nobody}：您好！".into();
    let refused = publish(&mut admin, &wrong).await.unwrap_err();
    assert_eq!(refused.kind(), "template-invalid");
    let published = publish(&mut admin, &template).await.unwrap();
    assert_eq!(published["version"], version + 1);
    let refused = publish(&mut admin, &template).await.unwrap_err();
    assert_eq!(refused.kind(), "stale-view", "two people edit the same version");
    let after = newest(&get(&mut admin, definitions).await);
    assert_eq!((&after["version"], &after["hash"]), (&json!(version + 1), &published["hash"]));
    assert_eq!((&after["pack"], &after["reason"]), (&Json::Null, &json!("称呼改得客气些")));
    let sample = format!("{templates}/{}/sample.pdf", after["hash"].as_str().unwrap());
    assert!(admin.bytes(&sample).await.unwrap().starts_with(b"%PDF-"));
    let trail = get(&mut admin, "/api/v1/audit?action=publish_template").await;
    assert_eq!(trail.as_array().unwrap().len(), 1);
    assert_eq!(trail[0]["detail"]["reason"], "称呼改得客气些");

    // With another county on the server, it is no longer one county's to change.
    let mut neighbour = stage.neighbour().await;
    template["version"] = (version + 2).into();
    for client in [&mut admin, &mut neighbour] {
        let refused = publish(client, &template).await.unwrap_err();
        assert_eq!(refused.kind(), "everywhere");
        let period = json!({ "days": 400, "reason": "试一试" });
        let refused = client.call(Method::PUT, "/api/v1/retention/task", Some(&period)).await;
        assert_eq!(refused.unwrap_err().kind(), "everywhere");
    }
});
