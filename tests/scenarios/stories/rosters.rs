//! Lists of departments are compared with the members on record; cadres find out, and their words
//! are the reply.

use std::sync::Arc;
use std::time::Duration;

use harness::{Stage, story};
use serde_json::Value as Json;
use sync_protocol::op::Change;
use sync_protocol::tablet::Draft;
use sync_protocol::{RecordId, Row};
use tablets::{Client, ClientError};

use crate::probe::{Probe, county, told};

/// The demo's cadre looks after it.
const VILLAGE: &str = "529901100201";
const LIMIT: Duration = Duration::from_secs(60);

/// A member with an ID number on record.
struct Person {
    id: String,
    name: String,
    number: String,
}

async fn people(admin: &mut Client) -> Vec<Person> {
    let path =
        format!("/api/v1/records?collection=member&area={VILLAGE}&limit=500&reason=名册比对");
    let page = admin.call(reqwest::Method::GET, &path, None).await.unwrap();
    let person = |one: &Json| Person {
        id: one["id"].as_str().unwrap().to_owned(),
        name: one["title"].as_str().unwrap().to_owned(),
        number: one["fields"]["3"].as_str().unwrap_or_default().to_owned(),
    };
    let all = page["items"].as_array().unwrap().iter().map(person);
    all.filter(|one| !one.number.is_empty()).collect()
}

fn table<'a>(people: impl IntoIterator<Item = &'a Person>) -> String {
    let lines = people.into_iter().map(|one| format!("{},{},贵J12345\n", one.name, one.number));
    format!("姓名,身份证号,车牌\n{}", lines.collect::<String>())
}

/// A list of the insured, unless it says otherwise.
fn query(path: &str, more: &str) -> String {
    format!(
        "/api/v1/rosters{path}?name=参保清单&department=医保局&area={VILLAGE}\
         &as_of=2026-11-20{more}"
    )
}

async fn send(admin: &mut Client, path: &str, table: &str) -> Result<Json, ClientError> {
    let listed = query(path, "&expects=listed");
    admin.send_file(&listed, table.as_bytes().to_vec()).await
}

async fn differences(admin: &mut Client, id: &Json) -> Vec<Json> {
    let path = format!("/api/v1/rosters/{}/differences?limit=500", id.as_str().unwrap());
    let page = admin.call(reqwest::Method::GET, &path, None).await.unwrap();
    page["items"].as_array().unwrap().clone()
}

fn found(probe: &Probe, about: &str) -> Option<Row> {
    let is = |row: &&Row| {
        row.collection == "finding"
            && row.fields[&1].as_text() == Some(about)
            && row.fields[&2].as_text() == Some("roster/参保清单")
    };
    probe.tablet.rows().find(is).cloned()
}

async fn explain(probe: &mut Probe, about: &str, words: &str) {
    let finding = found(probe, about).expect("the tablet has it");
    let draft = |change| Draft {
        collection: "finding".to_owned(),
        record: finding.id,
        scope: probe.tablet.machine().scope_of(finding.id).unwrap().clone(),
        base: Some(finding.version),
        change,
        definition: finding.definition,
        blobs: Vec::new(),
    };
    let drafts = vec![
        draft(Change::Patch { fields: [(3, words.into())].into() }),
        draft(Change::Transition { field: 4, from: "open".into(), to: "explained".into() }),
    ];
    probe.tablet.edit(drafts).unwrap();
    probe.tablet.sync_again(LIMIT).await.unwrap();
}

fn count(answer: &Json, names: [&str; 5]) -> [u64; 5] {
    names.map(|name| answer[name].as_u64().unwrap_or_else(|| panic!("{name}: {answer}")))
}

story!(who_is_not_on_a_list_is_found_out_about_and_the_department_gets_a_reply, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let mut admin = stage.person("admin").await;
    let people = people(&mut admin).await;
    assert!(people.len() > 20);
    // Two are not on it, one under another name, one from elsewhere, one line twice, one is wrong.
    let first = &people[2];
    let list = format!(
        "{}王木,{},\n外人,11010519491231002X,\n{},{},\n错,110105194912310021,\n",
        table(&people[3..]),
        first.number,
        people[5].name,
        people[5].number
    );
    let counted = send(&mut admin, "/compare", &list).await.unwrap();
    let names = ["lines", "repeated", "unreadable", "elsewhere", "matched"];
    let size = people.len() as u64;
    assert_eq!(count(&counted, names), [size - 1, 1, 1, 1, size - 2]);
    let names = ["missing", "listed", "names", "to_ask", "explained"];
    assert_eq!(count(&counted, names), [2, 0, 1, 3, 0]);
    probe.tablet.sync_again(LIMIT).await.unwrap();
    assert!(found(&probe, &people[0].id).is_none(), "to look is not to ask");

    let asked = send(&mut admin, "", &list).await.unwrap();
    assert_eq!(asked["now"]["open"], 3);
    probe.tablet.sync_again(LIMIT).await.unwrap();
    let other_name = found(&probe, &first.id).expect("the tablet is asked");
    assert_eq!(other_name.fields[&8].get("list").and_then(|name| name.as_text()), Some("王木"));
    explain(&mut probe, &people[0].id, "在外省参保").await;

    // The same list again asks nobody anew.
    let again = send(&mut admin, "/compare", &list).await.unwrap();
    assert_eq!(count(&again, names), [2, 0, 1, 0, 1]);
    // The next has one of them: it is corrected. What was explained stays so.
    let next = send(&mut admin, "", &table(&people[1..])).await.unwrap();
    let now = ["open", "explained", "corrected"].map(|one| next["now"][one].as_u64().unwrap());
    assert_eq!(now, [0, 1, 2]);
    let mut supervisor = stage.person("supervisor").await;
    let told = differences(&mut supervisor, &next["id"]).await;
    let of = |person: &Person| told.iter().find(|one| one["member"] == person.id.as_str()).unwrap();
    assert_eq!(of(&people[0])["explanation"], "在外省参保");
    assert_eq!(of(&people[0])["kind"], "missing");
    assert_eq!(of(&people[1])["status"], "corrected");

    let path = format!("/api/v1/rosters/{}/reply.csv", next["id"].as_str().unwrap());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let reply = text(supervisor.bytes(&path).await.unwrap());
    assert!(reply.contains("在外省参保") && !reply.contains(&people[0].number), "{reply}");
    let reply = text(supervisor.bytes(&format!("{path}?reason=回复医保局")).await.unwrap());
    assert!(reply.contains(&people[0].number), "with a reason, which is kept");
    let trail = admin.call(reqwest::Method::GET, "/api/v1/audit", None).await.unwrap();
    let did: Vec<&str> =
        trail.as_array().unwrap().iter().filter_map(|one| one["action"].as_str()).collect();
    assert_eq!(did.iter().filter(|one| **one == "compare_roster").count(), 2, "{did:?}");
    assert!(did.contains(&"export"));
});

story!(who_is_on_a_list_and_should_not_be_is_found_out_about, async |stage| {
    let mut admin = stage.person("admin").await;
    let people = people(&mut admin).await;
    let path = query("", "&expects=absent&detail=车牌").replace(VILLAGE, &county());
    let asked = admin.send_file(&path, table(&people[..1]).into_bytes()).await.unwrap();
    assert_eq!(asked["counts"]["differences"], 1);
    // Who looks after a township sees what is asked there, and what all of the county came to not.
    let mut supervisor = stage.person("supervisor").await;
    let list = supervisor.call(reqwest::Method::GET, "/api/v1/rosters", None).await.unwrap();
    assert_eq!((&list[0]["counts"], &list[0]["now"]["open"]), (&Json::Null, &Json::from(1)));
    assert_eq!(differences(&mut supervisor, &asked["id"]).await.len(), 1);
    let told = differences(&mut admin, &asked["id"]).await;
    assert_eq!((told[0]["kind"].as_str(), told.len()), (Some("listed"), 1));
    assert!(told[0]["message"].as_str().unwrap().contains("医保局"));
    // A check of the household doesn't take what a list says for mended.
    let asked_at = RecordId(told[0]["id"].as_str().unwrap().parse().unwrap());
    ask_again(&stage, &people[0]).await;
    let finding = format!("/api/v1/records/{asked_at}");
    let finding = admin.call(reqwest::Method::GET, &finding, None).await.unwrap();
    assert_eq!(finding["status"], "open");
});

story!(a_comparison_tells_how_far_it_is, async |stage| {
    let mut admin = stage.person("admin").await;
    let people = people(&mut admin).await;
    let list = table(&people[2..]);
    let county = |path: &str| query(path, "&expects=listed").replace(VILLAGE, &county());
    let looked = told(&stage, &admin, &county("/compare"), list.clone()).await;
    let (last, before) = looked.split_last().unwrap();
    let missing = last["result"]["missing"].as_u64().unwrap();
    assert!(missing >= 2, "{last}");
    let [done, villages] = ["done", "of"].map(|name| before[0][name].as_u64().unwrap());
    assert!(done == 0 && villages > 1, "{}", before[0]);
    let asked = told(&stage, &admin, &county(""), list).await;
    let (last, before) = asked.split_last().unwrap();
    assert_eq!(last["result"]["now"]["open"].as_u64(), Some(missing));
    let all = Some(missing);
    let told_of = &before[before.len() - 1];
    assert_eq!((told_of["done"].as_u64(), told_of["of"].as_u64()), (all, all));
});

async fn ask_again(stage: &Arc<Stage>, person: &Person) {
    let mut admin = stage.person("admin").await;
    let member = format!("/api/v1/records/{}", person.id);
    let member = admin.call(reqwest::Method::GET, &member, None).await.unwrap();
    let household = RecordId(member["subject"].as_str().unwrap().parse().unwrap());
    let app = stage.app();
    let asked = app.write(move |connection| {
        let found = ruhu::records::load(connection, &[household])?;
        let definitions = ruhu::packs::catalogue(connection)?;
        ruhu::checks::ask_again(connection, &definitions, found.iter(), ruhu::db::Timestamp::now())
    });
    asked.await.unwrap();
    assert!(ruhu::checks::run_due(app).await.unwrap() > 0);
}

story!(what_is_no_list_is_refused_and_nothing_is_stored, async |stage| {
    let mut admin = stage.person("admin").await;
    let people = people(&mut admin).await;
    let good = table(&people);
    for bad in ["", "姓名,电话\n王某,1\n", "PK\u{3}\u{4}"] {
        let refused = send(&mut admin, "", bad).await.unwrap_err();
        assert_eq!(refused.kind(), "roster-invalid", "{bad:?}");
    }
    let refused = admin.send_file(&query("", "&expects=listed"), vec![0xff; 64]).await.unwrap_err();
    assert_eq!(refused.kind(), "roster-invalid");
    let large = vec![b'1'; ruhu::limits::MAX_ROSTER + 1];
    let refused = admin.send_file(&query("", "&expects=listed"), large).await.unwrap_err();
    assert_eq!(refused.kind(), "too-large");
    for (path, kind) in [
        (query("", ""), "malformed"),
        (query("", "&expects=listed&detail=房产"), "roster-invalid"),
        (query("", "&expects=listed").replace("2026-11-20", "20.11."), "malformed"),
        (query("", "&expects=listed").replace("参保清单", "a/b"), "malformed"),
        (query("", "&expects=listed").replace(VILLAGE, "110000000000"), "not-found"),
    ] {
        let refused = admin.send_file(&path, good.clone().into_bytes()).await.unwrap_err();
        assert_eq!(refused.kind(), kind, "{path}");
    }
    let mut neighbour = stage.neighbour().await;
    let refused = send(&mut neighbour, "/compare", &good).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found", "another county's");
    let list = admin.call(reqwest::Method::GET, "/api/v1/rosters", None).await.unwrap();
    assert_eq!(list.as_array().unwrap().len(), 0);
    let asked = send(&mut admin, "", &good).await.unwrap();
    let list = neighbour.call(reqwest::Method::GET, "/api/v1/rosters", None).await.unwrap();
    assert_eq!(list.as_array().unwrap().len(), 0);
    let path = format!("/api/v1/rosters/{}", asked["id"].as_str().unwrap());
    assert_eq!(admin.call(reqwest::Method::GET, &path, None).await.unwrap(), asked);
    for path in [path.clone(), format!("{path}/differences")] {
        let refused = neighbour.call(reqwest::Method::GET, &path, None).await.unwrap_err();
        assert_eq!(refused.kind(), "not-found", "{path}");
    }
});
