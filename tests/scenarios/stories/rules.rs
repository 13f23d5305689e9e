//! Rules that an admin writes: tried on the households there are, published, and taken back.

use harness::story;
use reqwest::Method;
use ruhu::checks;
use serde_json::{Value as Json, json};
use tablets::{Client, ClientError};

use crate::checks::findings;
use crate::probe::{Probe, text, told};

/// The versions of a set of rules, the newest first.
async fn versions(client: &mut Client, name: &str) -> Vec<Json> {
    let path = "/api/v1/definitions?kind=rules";
    let all = client.call(Method::GET, path, None).await.unwrap();
    let named = all.as_array().unwrap().iter().find(|one| one["name"] == name);
    named.map_or_else(Vec::new, |set| set["versions"].as_array().unwrap().clone())
}

/// A version of rules as it was published.
async fn whole(client: &mut Client, version: &Json) -> Json {
    let path = format!("/sync/v1/bundles/{}", version["hash"].as_str().unwrap());
    serde_json::from_slice(&client.bytes(&path).await.unwrap()).unwrap()
}

async fn try_out(client: &mut Client, rules: &Json) -> Result<Json, ClientError> {
    let body = json!({ "rules": rules });
    client.call(Method::POST, "/api/v1/rules/trial", Some(&body)).await
}

async fn publish(client: &mut Client, rules: &Json) -> Result<Json, ClientError> {
    let body = json!({ "rules": rules, "reason": "今年标准变了" });
    client.call(Method::POST, "/api/v1/rules", Some(&body)).await
}

fn counts(tried: &Json, rule: &str) -> [u64; 4] {
    let found = tried["rules"].as_array().unwrap().iter().find(|one| one["rule"] == rule);
    ["now", "then", "added", "gone"].map(|name| found.unwrap()[name].as_u64().unwrap())
}

story!(rules_are_tried_published_and_taken_back, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let mut admin = stage.person("admin").await;
    let household = probe.household(1);
    let rich = json!({ "kind": "patch", "fields": { "8": 900_000_000_i64 } });
    let op = probe.op("household", household.id, Some(&household), rich);
    probe.push(&[op]).await;
    checks::run_due(stage.app()).await.unwrap();
    let about_income = async || {
        let found = findings(&stage, household.id).await;
        let found =
            found.into_iter().find(|one| one["fields"]["2"] == "monitoring/income-per-person");
        found.map(|one| one["fields"]["4"].as_str().unwrap().to_owned())
    };
    assert_eq!(about_income().await.as_deref(), Some("open"));

    // Two yuan are allowed now, and a rule is new.
    let before = versions(&mut admin, "monitoring").await[0].clone();
    let mut rules = whole(&mut admin, &before).await;
    let at = |rules: &Json, id: &str| {
        rules["rule"].as_array().unwrap().iter().position(|one| one["id"] == id).unwrap()
    };
    let income = at(&rules, "income-per-person");
    rules["rule"][income]["check"]["expression"] = json!("yearly_income >= 0");
    let mut named = rules["rule"][income].clone();
    named["id"] = json!("nameless");
    named["check"]["expression"] = json!("head_name = ''");
    named.as_object_mut().unwrap().remove("when");
    rules["rule"].as_array_mut().unwrap().push(named);
    let tried = try_out(&mut admin, &rules).await.unwrap();
    let all = tried["households"].as_u64().unwrap();
    assert!(all > 300, "{tried}");
    let [now, then, added, gone] = counts(&tried, "income-per-person");
    assert_eq!((then, added, gone), (0, 0, now), "{tried}");
    assert!(now >= 1);
    assert_eq!(counts(&tried, "nameless"), [0, all, all, 0]);
    assert_eq!(tried["found_then"], all);
    let examples = tried["rules"].as_array().unwrap().last().unwrap()["examples"].clone();
    assert_eq!(examples.as_array().unwrap().len(), 20);
    assert!(examples.as_array().unwrap().iter().all(|one| one["title"].is_string()), "{examples}");
    assert_eq!(checks::run_due(stage.app()).await.unwrap(), 0, "to try is to look");
    assert_eq!(about_income().await.as_deref(), Some("open"));

    // How far it is, is told to those who ask.
    let body = json!({ "rules": rules }).to_string();
    let lines = told(&stage, &admin, "/api/v1/rules/trial", body).await;
    let (last, before_last) = lines.split_last().unwrap();
    assert_eq!(last["result"]["rules"], tried["rules"]);
    assert_eq!(before_last.last().unwrap(), &json!({ "done": all, "of": all }));

    // The next version, and none else, is published.
    let refused = publish(&mut admin, &rules).await.unwrap_err();
    assert_eq!(refused.kind(), "stale-view");
    let version = before["version"].as_u64().unwrap();
    rules["version"] = json!(version + 1);
    rules["rule"].as_array_mut().unwrap().pop();
    let published = publish(&mut admin, &rules).await.unwrap();
    assert_eq!(published["version"], version + 1);
    assert_eq!(publish(&mut admin, &rules).await.unwrap_err().kind(), "stale-view");
    assert!(checks::run_due(stage.app()).await.unwrap() > 300, "every household is due");
    assert_eq!(about_income().await.as_deref(), Some("corrected"));
    let stand = versions(&mut admin, "monitoring").await;
    assert_eq!((&stand[0]["pack"], &stand[0]["reason"]), (&Json::Null, &json!("今年标准变了")));
    assert!(stand[0]["by"].is_string() && stand[1]["by"].is_null(), "{stand:?}");
    let trail = "/api/v1/audit?action=publish_rules";
    let trail = admin.call(Method::GET, trail, None).await.unwrap();
    assert_eq!(trail[0]["detail"], json!({ "version": version + 1, "reason": "今年标准变了" }));

    // What was before is the version after.
    let mut back = whole(&mut admin, &before).await;
    back["version"] = json!(version + 2);
    publish(&mut admin, &back).await.unwrap();
    checks::run_due(stage.app()).await.unwrap();
    assert_eq!(about_income().await.as_deref(), Some("open"));
});

story!(rules_that_are_wrong_are_told_and_nothing_is_published, async |stage| {
    let mut admin = stage.person("admin").await;
    let newest = versions(&mut admin, "monitoring").await[0].clone();
    let mut rules = whole(&mut admin, &newest).await;
    rules["version"] = json!(2);
    rules["rule"][0]["check"] = json!({ "expression": "yearly_incom > 0 and cuont(member) > 1" });
    rules["rule"][1]["id"] = json!("Not a name");
    for call in ["/api/v1/rules/trial", "/api/v1/rules"] {
        for (language, words) in [
            ("zh-CN", "没有字段“yearly_incom”。是不是想写“yearly_income”？"),
            ("en", "has no field “yearly_incom”. Did you mean “yearly_income”?"),
        ] {
            let mut body = json!({ "rules": rules });
            if call.ends_with("rules") {
                body["reason"] = json!("今年标准变了");
            }
            let request = reqwest::Client::new().post(format!("{}{call}", stage.address()));
            let request = request.bearer_auth(admin.access_token()).body(body.to_string());
            let request = request.header("accept", "application/x-ndjson");
            let answer = request.header("accept-language", language).send().await.unwrap();
            assert_eq!(answer.status(), 422);
            let told: Json = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
            assert_eq!(told["type"], "urn:ruhu:problem:rules-invalid");
            let problems = told["problems"].as_array().unwrap();
            assert_eq!(problems.len(), 3, "{told}");
            let first = &rules["rule"][0]["id"];
            assert!(
                problems
                    .iter()
                    .any(|one| one["rule"] == *first
                        && one["words"].as_str().unwrap().contains(words)),
                "{told}"
            );
        }
    }
    let mut many = whole(&mut admin, &newest).await;
    let rule = many["rule"][0].clone();
    many["rule"] = (0..201)
        .map(|at| {
            let mut rule = rule.clone();
            rule["id"] = json!(format!("r{at}"));
            rule
        })
        .collect();
    assert_eq!(try_out(&mut admin, &many).await.unwrap_err().kind(), "too-large");
    assert_eq!(try_out(&mut admin, &json!("rubbish")).await.unwrap_err().kind(), "malformed");
    assert_eq!(versions(&mut admin, "monitoring").await.len(), 1);
});

story!(rules_are_tried_at_home_and_published_for_all, async |stage| {
    let probe = Probe::new(&stage, "cadre").await;
    let mut admin = stage.person("admin").await;
    let mut neighbour = stage.neighbour().await;
    let newest = versions(&mut admin, "household").await[0].clone();
    let mut rules = whole(&mut admin, &newest).await;
    let mut named = rules["rule"][0].clone();
    named["id"] = json!("nameless");
    named["check"] = json!({ "expression": "head_name = ''" });
    rules["rule"].as_array_mut().unwrap().push(named);
    let here = try_out(&mut admin, &rules).await.unwrap();
    let there = try_out(&mut neighbour, &rules).await.unwrap();
    assert!(here["found_then"].as_u64().unwrap() > 0);
    assert_eq!((&there["households"], &there["found_then"]), (&json!(0), &json!(0)));
    let name = text(&probe.household(0), 1);
    assert!(!there.to_string().contains(&name), "nobody sees another county's households");
    rules["version"] = json!(2);
    for client in [&mut admin, &mut neighbour] {
        assert_eq!(publish(client, &rules).await.unwrap_err().kind(), "everywhere");
    }
});

story!(what_a_county_made_of_the_programs_own_rules_outlives_a_start, async |stage| {
    let mut admin = stage.person("admin").await;
    let newest = versions(&mut admin, "photo").await[0].clone();
    let mut rules = whole(&mut admin, &newest).await;
    assert_eq!(rules["version"], 1);
    rules["version"] = json!(2);
    rules["photos"]["far_metres"] = json!(900);
    publish(&mut admin, &rules).await.unwrap();
    let next = stage.another_replica().await;
    let mut admin = stage.person("admin").await;
    admin.move_to(&next.address);
    let stand = versions(&mut admin, "photo").await;
    assert_eq!((stand.len(), &stand[0]["version"]), (2, &json!(2)));
    assert_eq!(whole(&mut admin, &stand[0]).await["photos"]["far_metres"], 900);
});
