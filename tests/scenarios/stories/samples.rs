//! Samples are drawn so that anybody can draw them again, and what calls came to stays.

use harness::story;
use reqwest::Method;
use serde_json::{Value as Json, json};

const TOWNSHIP: &str = "529901100000";

fn records(file: &Json) -> Vec<String> {
    let items = file["items"].as_array().unwrap().iter();
    items.map(|item| item["record"].as_str().unwrap().to_owned()).collect()
}

story!(a_sample_is_drawn_again_with_its_seed, async |stage| {
    let mut supervisor = stage.person("supervisor").await;
    let ask = |seed: Option<&str>, per_group: u32| {
        json!({
            "area": TOWNSHIP, "collection": "household", "per_group": per_group,
            "reason": "电话核实", "seed": seed,
        })
    };
    let mut draw =
        async |body: Json| supervisor.call(Method::POST, "/api/v1/samples", Some(&body)).await;
    let first = draw(ask(None, 5)).await.unwrap();
    assert_eq!(first["items"].as_array().unwrap().len(), 15, "three villages");
    assert_eq!(first["sample"]["population"], 156);
    let seed = first["sample"]["seed"].as_str().unwrap();
    let again = draw(ask(Some(seed), 5)).await.unwrap();
    assert_eq!(records(&again), records(&first));
    assert_eq!(again["sample"]["digest"], first["sample"]["digest"]);
    let ten = draw(ask(Some(seed), 10)).await.unwrap();
    assert!(records(&first).iter().all(|one| records(&ten).contains(one)));
    assert_ne!(records(&draw(ask(None, 5)).await.unwrap()), records(&first));
    assert_eq!(draw(ask(None, 0)).await.unwrap_err().kind(), "malformed");
    let mut sensitive = ask(None, 5);
    sensitive["group_field"] = json!(2);
    assert_eq!(draw(sensitive).await.unwrap_err().kind(), "malformed", "no grouping by citizen ID");
    let mut far = ask(None, 5);
    far["area"] = json!("529901101000");
    assert_eq!(draw(far).await.unwrap_err().kind(), "not-found", "another township's");
});

story!(what_calls_came_to_is_kept_beside_the_sample, async |stage| {
    let mut supervisor = stage.person("supervisor").await;
    let body = json!({
        "area": TOWNSHIP, "collection": "household", "group_field": 7, "per_group": 2,
        "reason": "按户类型核实",
    });
    let drawn = supervisor.call(Method::POST, "/api/v1/samples", Some(&body)).await.unwrap();
    let id = drawn["sample"]["id"].as_str().unwrap();
    let path = format!("/api/v1/samples/{id}/items/0/outcomes");
    let silent = json!({ "outcome": "differs" });
    let refused = supervisor.call(Method::POST, &path, Some(&silent)).await.unwrap_err();
    assert_eq!(refused.kind(), "malformed", "what differs is said");
    for (outcome, words) in [("not_reached", ""), ("differs", "只收到一半")] {
        let body = json!({ "outcome": outcome, "words": words });
        supervisor.call(Method::POST, &path, Some(&body)).await.unwrap();
    }
    let nobody = format!("/api/v1/samples/{id}/items/999/outcomes");
    let fine = json!({ "outcome": "confirmed" });
    let refused = supervisor.call(Method::POST, &nobody, Some(&fine)).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
    let file = supervisor.call(Method::GET, &format!("/api/v1/samples/{id}"), None).await.unwrap();
    assert_eq!(file["items"][0]["outcomes"].as_array().unwrap().len(), 2);
    assert_eq!(file["sample"]["answered"], 1);
    let mut auditor = stage.person("auditor").await;
    let listed = auditor.call(Method::GET, "/api/v1/samples", None).await.unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let mut neighbour = stage.neighbour().await;
    let path = format!("/api/v1/samples/{id}");
    let refused = neighbour.call(Method::GET, &path, None).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
});

story!(what_was_said_about_an_erased_household_is_blanked, async |stage| {
    let mut admin = stage.person("admin").await;
    let body = json!({
        "area": TOWNSHIP, "collection": "household", "per_group": 1, "reason": "电话核实",
    });
    let drawn = admin.call(Method::POST, "/api/v1/samples", Some(&body)).await.unwrap();
    let id = drawn["sample"]["id"].as_str().unwrap();
    let household = drawn["items"][0]["record"].as_str().unwrap();
    for place in [0, 1] {
        let path = format!("/api/v1/samples/{id}/items/{place}/outcomes");
        let said = json!({ "outcome": "differs", "words": "儿子在外地住院" });
        admin.call(Method::POST, &path, Some(&said)).await.unwrap();
    }
    let path = format!("/api/v1/households/{household}");
    let held = format!("{path}/holding?reason=%E6%9C%AC%E4%BA%BA%E7%94%B3%E8%AF%B7");
    let held = admin.call(Method::GET, &held, None).await.unwrap();
    assert_eq!(held["calls"][0]["words"], "儿子在外地住院", "it is told when the household asks");
    let erasure = json!({ "reason": "本人申请" });
    admin.call(Method::POST, &format!("{path}/erasure"), Some(&erasure)).await.unwrap();
    let file = admin.call(Method::GET, &format!("/api/v1/samples/{id}"), None).await.unwrap();
    assert_eq!(file["items"][0]["title"], Json::Null);
    assert_eq!(file["items"][0]["outcomes"][0]["words"], "");
    assert_eq!(file["items"][1]["outcomes"][0]["words"], "儿子在外地住院", "others' stay");
});
