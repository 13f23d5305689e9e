//! How far an area has come: every number with what it is out of, and whoever is missing by name.

use std::collections::{BTreeMap, BTreeSet};

use harness::story;
use reqwest::Method;
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use tablets::Client;
use uuid::Uuid;

use crate::probe::{Probe, kind};

async fn get(client: &mut Client, path: &str) -> Json {
    client.call(Method::GET, path, None).await.unwrap()
}

/// A visit of a household, named as one likes; what the household said, where it was asked.
async fn visit(probe: &mut Probe, household: usize, id: Uuid, consent: Option<&str>) -> Uuid {
    let household = probe.household(household).id;
    let mut fields = json!({ "1": household, "9": "submitted" });
    if let Some(consent) = consent {
        fields["7"] = consent.into();
    }
    let change = json!({ "kind": "create", "fields": fields });
    let made = probe.op("visit", RecordId(id), None, change);
    assert_eq!(kind(&probe.push(&[made]).await[0]), "applied");
    household.0
}

/// What a slow recount comes to: every visit, page by page, the last that was received first.
struct Recount {
    visited: BTreeSet<String>,
    /// What came of the last attempt, by household.
    tried: BTreeMap<String, String>,
    visits: i64,
}

async fn recount(client: &mut Client) -> Recount {
    let mut found = Recount { visited: BTreeSet::new(), tried: BTreeMap::new(), visits: 0 };
    let mut after = String::new();
    loop {
        let page = get(client, &format!("/api/v1/visits?limit=2{after}")).await;
        for line in page["items"].as_array().unwrap() {
            let household = line["visit"]["subject"].as_str().unwrap().to_owned();
            match line["visit"]["fields"]["7"].as_str() {
                Some(no @ ("absent" | "declined")) => {
                    found.tried.entry(household).or_insert_with(|| no.to_owned());
                }
                _ => {
                    found.visits += 1;
                    found.visited.insert(household);
                }
            }
        }
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    found.tried.retain(|household, _| !found.visited.contains(household));
    found
}

story!(households_that_were_not_visited_are_named, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    // It may become midnight meanwhile.
    let begun = stage.app().now();
    let day = |offset: i64| begun.plus_seconds(offset * 24 * 3600).in_china()[..10].to_owned();
    let (today, tomorrow) = (day(0), day(1));
    // What an id says of its time is nobody's business: some say nothing, and one lies by years.
    let old = uuid::Timestamp::from_unix(uuid::NoContext, 1_577_836_800, 0);
    let ids = [
        Uuid::now_v7(),
        Uuid::new_v4(),
        Uuid::new_v7(old),
        Uuid::new_v4(),
        Uuid::new_v7(old),
        Uuid::new_v4(),
        Uuid::new_v4(),
    ];
    let visited = visit(&mut probe, 0, ids[0], None).await;
    visit(&mut probe, 0, ids[1], Some("given")).await;
    let flagged = visit(&mut probe, 1, ids[2], Some("given")).await;
    // Nobody at home, or they say no: that is no visit. One was there after all.
    let absent = visit(&mut probe, 2, ids[3], Some("absent")).await;
    visit(&mut probe, 3, ids[4], Some("absent")).await;
    let declined = visit(&mut probe, 3, ids[5], Some("declined")).await;
    visit(&mut probe, 1, ids[6], Some("absent")).await;
    let period = format!("from={today}&until={tomorrow}");
    let mut supervisor = stage.person("supervisor").await;
    let township = get(&mut supervisor, &format!("/api/v1/overview?{period}")).await;
    assert_eq!(township["total"]["level"], "township");
    assert_eq!(township["total"]["visited"], 2, "{township}");
    let counted = recount(&mut supervisor).await;
    let total = &township["total"];
    assert_eq!(total["visited"], json!(counted.visited.len()));
    assert_eq!(total["visits"], json!(counted.visits));
    assert_eq!(total["to_revisit"], json!(counted.tried.len()));
    let no = counted.tried.values().filter(|one| *one == "declined").count();
    assert_eq!((no, &total["declined"]), (1, &json!(no)));
    let first = get(&mut supervisor, "/api/v1/visits").await;
    let first = first["items"].as_array().unwrap().iter().map(|one| &one["visit"]["id"]);
    assert!(first.eq(ids.iter().rev().map(|id| json!(id)).collect::<Vec<_>>().iter()));
    // Who waits longest is looked at first, whatever the ids say.
    let claimed = json!({ "count": 3 });
    let queue = supervisor.call(Method::POST, "/api/v1/review/claims", Some(&claimed)).await;
    let queue = queue.unwrap();
    let order: Vec<&Json> = queue["places"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|place| place["drawn"] == false)
        .map(|place| &place["visit"])
        .collect();
    let places: Vec<usize> =
        order.iter().map(|visit| ids.iter().position(|id| json!(id) == **visit).unwrap()).collect();
    assert!(places.is_sorted() && !places.is_empty(), "{queue}");
    assert_eq!(
        (&township["total"]["visits"], &township["total"]["waiting"]),
        (&json!(3), &json!(7))
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
        for one in page["items"].as_array().unwrap() {
            let id = one["household"].as_str().unwrap();
            assert_eq!(one["tried"].as_str(), counted.tried.get(id).map(String::as_str), "{one}");
            named.push(one["household"].clone());
        }
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(named.len() as i64, sum - 2);
    assert!(!named.contains(&json!(visited)) && !named.contains(&json!(flagged)));
    assert!(named.contains(&json!(absent)) && named.contains(&json!(declined)));

    // What a reviewer did not accept is no visit: the household is to be visited again.
    let again = Uuid::new_v4();
    let refused = visit(&mut probe, 4, again, Some("given")).await;
    let reached = get(&mut supervisor, &format!("/api/v1/overview?{period}")).await;
    assert_eq!((&reached["total"]["visited"], &reached["total"]["visits"]), (&json!(3), &json!(4)));
    let record = get(&mut supervisor, &format!("/api/v1/records/{again}")).await;
    let no = json!({ "version": record["version"], "verdict": "rejected", "reason": "不是这一户" });
    let path = format!("/api/v1/visits/{again}/decisions");
    supervisor.call(Method::POST, &path, Some(&no)).await.unwrap();
    let after = get(&mut supervisor, &format!("/api/v1/overview?{period}")).await;
    for name in ["visited", "visits", "declined"] {
        assert_eq!(after["total"][name], township["total"][name], "{name}");
    }
    assert_eq!(after["total"]["to_revisit"], json!(counted.tried.len() + 1));
    let mut tried = None;
    let mut page = get(&mut supervisor, &format!("/api/v1/overview/unvisited?{period}")).await;
    loop {
        let lines = page["items"].as_array().unwrap();
        let line = lines.iter().find(|one| one["household"] == json!(refused));
        tried = line.map(|one| one["tried"].clone()).or(tried);
        let Some(next) = page["next"].as_str() else { break };
        let path = format!("/api/v1/overview/unvisited?{period}&after={next}");
        page = get(&mut supervisor, &path).await;
    }
    assert_eq!(tried, Some(json!("rejected")));

    let yesterday = day(-1);
    let path = format!("/api/v1/overview?from={yesterday}&until={yesterday}");
    assert_eq!(get(&mut supervisor, &path).await["total"]["visited"], 0);

    // Neither days nor areas cost a statement each.
    let replica = stage.another_replica().await;
    supervisor.move_to(&replica.address);
    let (month, mut costs) = (day(-30), Vec::new());
    for from in [&today, &today, &month] {
        let before = replica.app.database.statements();
        get(&mut supervisor, &format!("/api/v1/overview?from={from}&until={tomorrow}")).await;
        costs.push(replica.app.database.statements() - before);
    }
    assert_eq!(costs[1], costs[2], "{costs:?}");
    assert!(costs[1] < 25, "{costs:?}");
    supervisor.move_to(stage.address());

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
