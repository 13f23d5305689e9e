//! Records are found by where they are, what they belong to, and the words people know them by.

use harness::story;
use reqwest::Method;
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use tablets::Client;
use uuid::Uuid;

use crate::probe::Probe;

async fn items(client: &mut Client, query: &str) -> Vec<Json> {
    let path = format!("/api/v1/records?limit=500&{query}");
    let page = client.call(Method::GET, &path, None).await.unwrap();
    page["items"].as_array().unwrap().clone()
}

story!(records_are_found_by_area_owner_and_words, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0).clone();
    let visit = RecordId(Uuid::now_v7());
    let fields = json!({ "1": household.id, "9": "submitted", "10": "100%_走访\\" });
    let made = probe.op("visit", visit, None, json!({ "kind": "create", "fields": fields }));
    probe.push(&[made]).await;
    let mut supervisor = stage.person("supervisor").await;
    let of_it = items(&mut supervisor, &format!("subject={}", household.id)).await;
    assert!(of_it.iter().any(|one| one["id"] == json!(visit)));
    assert!(of_it.iter().all(|one| one["subject"] == json!(household.id)));
    let village = "529901100201";
    let here = items(&mut supervisor, &format!("collection=household&area={village}")).await;
    assert!(!here.is_empty());
    assert!(here.iter().all(|one| one["scope"] == format!("area:{village}")), "one village only");
    // None of the signs is a pattern.
    for (words, count) in [("100%25_走访%5C", 1), ("1_0%25", 0), ("1%250", 0), ("走访", 1)] {
        let found = items(&mut supervisor, &format!("collection=visit&title={words}")).await;
        assert_eq!(found.len(), count, "{words}");
    }
    let nothing = "/api/v1/records?collection=visit&title=a%00b";
    let refused = supervisor.call(Method::GET, nothing, None).await.unwrap_err();
    assert_eq!(refused.kind(), "malformed");
    let everything = supervisor.call(Method::GET, "/api/v1/records", None).await.unwrap_err();
    assert_eq!(everything.kind(), "malformed");
    let mut neighbour = stage.neighbour().await;
    assert!(items(&mut neighbour, &format!("subject={}", household.id)).await.is_empty());
});
