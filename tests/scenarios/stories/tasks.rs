//! Tasks that people set in browsers: on the tablets of the village, once each, moved and ended.

use std::time::Duration;

use harness::story;
use reqwest::Method;
use ruhu::db::Timestamp;
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use tablets::Client;
use uuid::Uuid;

use crate::probe::{Probe, VILLAGE};

const PATH: &str = "/api/v1/tasks";

/// Days from today, in China.
fn day(from_today: i64) -> String {
    let at = Timestamp(Timestamp::now().0 + from_today * 86_400_000_000);
    at.in_china().chars().take(10).collect()
}

async fn set(
    client: &mut Client,
    batch: Uuid,
    due: Option<&str>,
    households: &[RecordId],
) -> Result<Json, String> {
    let body =
        json!({ "batch": batch, "title": "核实住房安全", "due": due, "households": households });
    let set = client.call(Method::POST, PATH, Some(&body)).await;
    set.map_err(|refused| refused.kind().to_owned())
}

/// The tasks about households: the demo county has one of each village as well.
async fn listed(client: &mut Client, query: &str) -> Vec<Json> {
    let page = client.call(Method::GET, &format!("{PATH}?{query}"), None).await.unwrap();
    let items = page["items"].as_array().unwrap().iter();
    items.filter(|line| !line["task"]["subject"].is_null()).cloned().collect()
}

async fn change(client: &mut Client, line: &Json, to: Json) -> Result<Json, String> {
    let path = format!("{PATH}/{}", line["task"]["id"].as_str().unwrap());
    let mut body = json!({ "version": line["task"]["version"], "title": line["task"]["title"] });
    for (name, value) in to.as_object().unwrap() {
        body[name] = value.clone();
    }
    let changed = client.call(Method::PUT, &path, Some(&body)).await;
    changed.map_err(|refused| refused.kind().to_owned())
}

/// The status of a task as a tablet of the village has it.
fn on_tablet(probe: &Probe, id: &Json) -> Option<Json> {
    let id: RecordId = serde_json::from_value(id.clone()).unwrap();
    probe.tablet.view(id).map(|row| serde_json::to_value(&row.fields[&4]).unwrap())
}

async fn village(client: &mut Client) -> Json {
    let counts = client.call(Method::GET, &format!("{PATH}/counts"), None).await.unwrap();
    let areas = counts["areas"].as_array().unwrap();
    // The township's three villages are all that this supervisor has.
    assert_eq!(counts["total"]["open"], areas[0]["open"]);
    assert_eq!(counts["total"]["dropped"], areas[0]["dropped"]);
    let is_it = |one: &&Json| format!("area:{}", one["area"].as_str().unwrap()) == VILLAGE;
    areas.iter().find(is_it).unwrap().clone()
}

story!(a_task_reaches_the_tablet_once_is_moved_and_ended, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let homes: Vec<RecordId> = (0..3).map(|number| probe.household(number).id).collect();
    let mut supervisor = stage.person("supervisor").await;
    let (batch, late) = (Uuid::now_v7(), day(-1));
    let made = set(&mut supervisor, batch, Some(&late), &homes[..2]).await.unwrap();
    assert_eq!((made["tasks"].as_array().unwrap().len(), &made["already"]), (2, &json!(0)));
    let again = set(&mut supervisor, batch, Some(&late), &homes).await.unwrap();
    let counts = (again["tasks"].as_array().unwrap().len(), &again["already"]);
    assert_eq!(counts, (3, &json!(2)), "sent again, it sets nothing twice");
    let soon = day(3);
    set(&mut supervisor, Uuid::now_v7(), Some(&soon), &homes[..1]).await.unwrap();
    set(&mut supervisor, Uuid::now_v7(), None, &homes[1..2]).await.unwrap();

    let open = listed(&mut supervisor, "").await;
    let due: Vec<&Json> = open.iter().map(|line| &line["task"]["due_on"]).collect();
    assert_eq!(due, [&json!(late), &json!(late), &json!(late), &json!(soon), &Json::Null]);
    assert!(open.iter().all(|line| line["household"].is_string() && line["village"].is_string()));
    let mut paged: Vec<Json> = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("{PATH}?limit=2{after}");
        let page = supervisor.call(Method::GET, &path, None).await.unwrap();
        let items = page["items"].as_array().unwrap().iter().map(|one| &one["task"]);
        paged
            .extend(items.filter(|task| !task["subject"].is_null()).map(|task| task["id"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    let ids: Vec<Json> = open.iter().map(|line| line["task"]["id"].clone()).collect();
    assert_eq!(paged, ids, "pages leave nothing out");
    assert_eq!(listed(&mut supervisor, "overdue=true").await.len(), 3);

    probe.tablet.sync_again(Duration::from_secs(60)).await.unwrap();
    assert!(ids.iter().all(|id| on_tablet(&probe, id) == Some(json!("open"))));
    let moved = json!({ "due": soon, "status": "open", "words": "雨天推迟" });
    change(&mut supervisor, &open[0], moved.clone()).await.unwrap();
    assert_eq!(change(&mut supervisor, &open[0], moved).await.unwrap_err(), "stale-view");
    let dropped = json!({ "due": late, "status": "dropped", "words": "已搬走" });
    change(&mut supervisor, &open[1], dropped).await.unwrap();
    let done = json!({ "due": late, "status": "done" });
    change(&mut supervisor, &open[2], done).await.unwrap();
    probe.tablet.sync_again(Duration::from_secs(60)).await.unwrap();
    let seen: Vec<Option<Json>> = ids.iter().map(|id| on_tablet(&probe, id)).collect();
    let expected = ["open", "dropped", "done", "open", "open"];
    assert_eq!(seen, expected.map(|status| Some(json!(status))));
    let line = &listed(&mut supervisor, "status=dropped").await[0];
    let back = json!({ "due": late, "status": "open" });
    assert_eq!(change(&mut supervisor, line, back).await.unwrap_err(), "not-applicable");
    let counted = village(&mut supervisor).await;
    assert_eq!(
        (&counted["open"], &counted["overdue"], &counted["done"], &counted["dropped"]),
        (&json!(4), &json!(0), &json!(1), &json!(1)),
        "the village's own is open, too"
    );
});

story!(tasks_are_set_where_one_may_and_make_sense, async |stage| {
    let probe = Probe::new(&stage, "cadre").await;
    let home = probe.household(0).id;
    let mut supervisor = stage.person("supervisor").await;
    let stranger = RecordId(Uuid::now_v7());
    let both = set(&mut supervisor, Uuid::now_v7(), None, &[home, stranger]).await;
    assert_eq!(both.unwrap_err(), "not-found");
    assert_eq!(listed(&mut supervisor, "").await, Vec::<Json>::new(), "all of them or none");
    let never = set(&mut supervisor, Uuid::now_v7(), Some("2026-02-30"), &[home]).await;
    assert_eq!(never.unwrap_err(), "malformed");
    let many: Vec<RecordId> = (0..201).map(|_| RecordId(Uuid::now_v7())).collect();
    assert_eq!(set(&mut supervisor, Uuid::now_v7(), None, &many).await.unwrap_err(), "too-large");
    for title in ["  ", "a\0b"] {
        let body = json!({ "batch": Uuid::now_v7(), "title": title, "households": [home] });
        let refused = supervisor.call(Method::POST, PATH, Some(&body)).await.unwrap_err();
        assert_eq!(refused.kind(), "malformed");
    }
    let wrong = supervisor.call(Method::GET, &format!("{PATH}?after=x"), None).await.unwrap_err();
    assert_eq!(wrong.kind(), "malformed");
});
