//! How far an area has come: every number with what it is out of, and whoever is missing by name.

use harness::story;
use reqwest::Method;
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use tablets::Client;
use uuid::Uuid;

use crate::probe::Probe;

async fn get(client: &mut Client, path: &str) -> Json {
    client.call(Method::GET, path, None).await.unwrap()
}

async fn visit(probe: &mut Probe, household: usize) -> Uuid {
    let (household, id) = (probe.household(household).id, RecordId(Uuid::now_v7()));
    let fields = json!({ "1": household, "9": "submitted" });
    let made = probe.op("visit", id, None, json!({ "kind": "create", "fields": fields }));
    probe.push(&[made]).await;
    household.0
}

story!(households_that_were_not_visited_are_named, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let visited = visit(&mut probe, 0).await;
    visit(&mut probe, 0).await;
    let flagged = visit(&mut probe, 1).await;
    // It may become midnight meanwhile.
    let day = |offset: i64| {
        stage.app().now().plus_seconds(offset * 24 * 3600).in_china()[..10].to_owned()
    };
    let (today, tomorrow) = (day(0), day(1));
    let period = format!("from={today}&until={tomorrow}");
    let mut supervisor = stage.person("supervisor").await;
    let township = get(&mut supervisor, &format!("/api/v1/overview?{period}")).await;
    assert_eq!(township["total"]["level"], "township");
    assert_eq!(township["total"]["visited"], 2, "{township}");
    assert_eq!(
        (&township["total"]["visits"], &township["total"]["waiting"]),
        (&json!(3), &json!(3))
    );
    let days = township["days"].as_array().unwrap();
    assert_eq!((&days[0]["day"], &days[1]["day"]), (&json!(today), &json!(tomorrow)));
    assert_eq!(days.iter().filter_map(|day| day["visits"].as_i64()).sum::<i64>(), 3);
    let areas = township["areas"].as_array().unwrap();
    assert_eq!(areas.len(), 3);
    let sum: i64 = areas.iter().map(|area| area["households"].as_i64().unwrap()).sum();
    assert_eq!(json!(sum), township["total"]["households"]);
    let codes: Vec<&str> = areas.iter().filter_map(|area| area["code"].as_str()).collect();
    assert!(codes.is_sorted(), "areas are never ordered by their numbers: {codes:?}");

    // Exactly the others are named, page by page.
    let mut named = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/api/v1/overview/unvisited?{period}&limit=50{after}");
        let page = get(&mut supervisor, &path).await;
        named.extend(page["items"].as_array().unwrap().iter().map(|one| one["household"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(named.len() as i64, sum - 2);
    assert!(!named.contains(&json!(visited)) && !named.contains(&json!(flagged)));
    let yesterday = day(-1);
    let path = format!("/api/v1/overview?from={yesterday}&until={yesterday}");
    assert_eq!(get(&mut supervisor, &path).await["total"]["visited"], 0);

    let mut neighbour = stage.neighbour().await;
    let theirs = get(&mut neighbour, &format!("/api/v1/overview?{period}&area=529901000000")).await;
    assert_eq!(theirs["total"]["households"], 0);
    let mut auditor = stage.person("auditor").await;
    let hidden = get(&mut auditor, &format!("/api/v1/overview?{period}")).await;
    assert_eq!(hidden["total"]["visited"], Json::Null, "two households point at people");
    for wrong in ["from=2026-01-01&until=2026-12-31", "from=2026-01-02&until=2026-01-01"] {
        let path = format!("/api/v1/overview?{wrong}");
        supervisor.call(Method::GET, &path, None).await.unwrap_err();
    }
});
