//! What waits for reviewers: in which order, who looks at what, and what two people must pass.

use harness::story;
use reqwest::Method;
use ruhu::accounts::{self, NewUser, Role};
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use tablets::Client;
use uuid::Uuid;

use crate::probe::{Probe, kind};

const TOWNSHIP: &str = "529901100000";

/// Hands in so many visits, and gives their ids in that order.
async fn visits(probe: &mut Probe, count: usize) -> Vec<RecordId> {
    let mut ids = Vec::new();
    for number in 0..count {
        let household = probe.household(number);
        let id = RecordId(Uuid::now_v7());
        let fields = json!({
            "1": household.id, "3": { "consent": "given" }, "9": "submitted", "10": "月度走访",
        });
        let made = probe.op("visit", id, None, json!({ "kind": "create", "fields": fields }));
        probe.push(&[made]).await;
        ids.push(id);
    }
    ids
}

async fn another_supervisor(stage: &harness::Stage) -> Client {
    let (login, password, now) = ("supervisor2", "another-supervisor", stage.app().now());
    let password_hash = accounts::hash_password(password).unwrap();
    let added = stage.app().write(move |connection| {
        let new = NewUser {
            login: login.into(),
            display_name: "审核员乙（虚构）".into(),
            password_hash: password_hash.clone(),
        };
        let user = accounts::add_user(connection, &new, now)?;
        accounts::add_grant(connection, user, Role::Supervisor, TOWNSHIP, now)
    });
    added.await.unwrap();
    let mut client = Client::new(stage.address());
    client.sign_in(login, password).await.unwrap();
    client
}

async fn claim(client: &mut Client, count: usize) -> Json {
    let asked = json!({ "count": count });
    client.call(Method::POST, "/api/v1/review/claims", Some(&asked)).await.unwrap()
}

fn claimed(queue: &Json) -> Vec<String> {
    let places = queue["places"].as_array().unwrap().iter();
    places.map(|place| place["visit"].as_str().unwrap().to_owned()).collect()
}

async fn set_policy(stage: &harness::Stage, policy: Json) {
    let mut admin = stage.person("admin").await;
    let asked = json!({ "area": "529901000000", "policy": policy, "reason": "本月重点核照片" });
    admin.call(Method::PUT, "/api/v1/review/policy", Some(&asked)).await.unwrap();
}

fn decision(version: &Json, verdict: &str) -> Json {
    json!({ "version": version, "verdict": verdict, "reason": "看过" })
}

async fn decide(client: &mut Client, visit: &str, verdict: &str) -> Result<Json, String> {
    let record = client.call(Method::GET, &format!("/api/v1/records/{visit}"), None).await.unwrap();
    let body = decision(&record["version"], verdict);
    let path = format!("/api/v1/visits/{visit}/decisions");
    client.call(Method::POST, &path, Some(&body)).await.map_err(|error| error.kind().to_owned())
}

story!(the_urgent_come_first_and_two_reviewers_never_get_the_same, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let ids = visits(&mut probe, 6).await;
    probe.doubt(&stage, ids[4], "photo/reused").await;
    probe.doubt(&stage, ids[2], "photo/dark").await;
    let weights = json!({ "photo/reused": 60, "photo/": 10 });
    set_policy(&stage, json!({ "random_percent": 0, "resubmitted": 5, "weights": weights })).await;
    let mut first = stage.person("supervisor").await;
    let mut second = another_supervisor(&stage).await;

    let queue = claim(&mut first, 3).await;
    let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
    assert_eq!(claimed(&queue), [&*names[4], &*names[2], &*names[0]]);
    assert_eq!(queue["waiting"], 6);
    assert_eq!(queue["places"][0]["reasons"], json!([{ "rule": "photo/reused", "weight": 60 }]));
    let others = claim(&mut second, 10).await;
    assert_eq!(claimed(&others), [&*names[1], &*names[3], &*names[5]]);
    assert_eq!(
        claimed(&claim(&mut first, 3).await),
        claimed(&queue),
        "again, the same are renewed"
    );

    // Whoever claimed it sees the answers, which is kept; whoever did not doesn't.
    let path = format!("/api/v1/visits/{}", names[4]);
    let seen = first.call(Method::GET, &path, None).await.unwrap();
    assert_eq!(seen["visit"]["fields"]["3"]["consent"], "given");
    assert_eq!(seen["findings"][0]["title"], "photo/reused");
    let masked = second.call(Method::GET, &path, None).await.unwrap();
    assert_eq!(masked["visit"]["masked"], json!([3]));
    assert_eq!(masked["claim"]["user_name"], seen["claim"]["user_name"]);
    let mut admin = stage.person("admin").await;
    let path = format!("/api/v1/accesses?subject={}", names[4]);
    let kinds = async |admin: &mut Client| -> Vec<String> {
        let told = admin.call(Method::GET, &path, None).await.unwrap();
        let lines = told["items"].as_array().unwrap().iter();
        lines.map(|one| one["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&mut admin).await, ["ahead"], "it was sent, and nobody looked yet");
    let look = |visit: &str| format!("/api/v1/review/claims/{visit}/look");
    first.call(Method::POST, &look(&names[4]), None).await.unwrap();
    assert_eq!(kinds(&mut admin).await, ["record", "ahead"]);
    let other = second.call(Method::POST, &look(&names[4]), None).await.unwrap_err();
    assert_eq!(other.kind(), "not-found", "who has not claimed it is not shown it");

    assert_eq!(decide(&mut second, &names[4], "approved").await.unwrap_err(), "claimed");
    let taken = format!("/api/v1/review/claims/{}", names[4]);
    let refused = second.call(Method::PUT, &taken, None).await.unwrap_err();
    assert_eq!(refused.kind(), "claimed");
    let passed = decide(&mut first, &names[4], "approved").await.unwrap();
    assert_eq!((&passed["status"], &passed["needs_second"]), (&json!("approved"), &json!(false)));
    first.call(Method::DELETE, "/api/v1/review/claims", None).await.unwrap();
    second.call(Method::PUT, &format!("/api/v1/review/claims/{}", names[2]), None).await.unwrap();
    let gone = second.call(Method::PUT, &taken, None).await.unwrap_err();
    assert_eq!(gone.kind(), "not-found", "it waits for nobody any more");
});

story!(what_is_decided_is_taken_back_with_its_comments, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let visit = visits(&mut probe, 1).await[0].to_string();
    let mut supervisor = stage.person("supervisor").await;
    let record = format!("/api/v1/records/{visit}");
    let seen = supervisor.call(Method::GET, &record, None).await.unwrap()["version"].clone();
    let mut body = decision(&seen, "returned");
    body["comments"] = json!([{ "place": "/data/photo", "words": "请重拍" }]);
    let path = format!("/api/v1/visits/{visit}/decisions");
    let returned = supervisor.call(Method::POST, &path, Some(&body)).await.unwrap();
    assert_eq!(returned["status"], "returned");
    let counted = supervisor.call(Method::GET, "/api/v1/visits/counts", None).await.unwrap();
    assert_eq!((&counted["by_status"]["returned"], &counted["commented"]), (&json!(1), &json!(1)));
    let commented = "/api/v1/visits?mark=commented";
    let found = supervisor.call(Method::GET, commented, None).await.unwrap();
    assert_eq!(found["items"][0]["visit"]["id"], visit.as_str());
    assert_eq!(found["items"][0]["open"], json!(["review/comment"]));

    let back = decision(&returned["version"], "reopened");
    let back = supervisor.call(Method::POST, &path, Some(&back)).await.unwrap();
    assert_eq!(back["status"], "in_review");
    let found = supervisor.call(Method::GET, commented, None).await.unwrap();
    assert_eq!(found["items"], json!([]), "the word is withdrawn with it");
    let approved = decision(&back["version"], "approved");
    let approved = supervisor.call(Method::POST, &path, Some(&approved)).await.unwrap();
    let amended = decision(&approved["version"], "reopened");
    let amended = supervisor.call(Method::POST, &path, Some(&amended)).await.unwrap();
    assert_eq!(amended["status"], "in_review", "what was passed can be amended");
    let history = supervisor.call(Method::GET, &format!("{record}/history"), None).await.unwrap();
    assert!(history.as_array().unwrap().len() >= 8, "every step is kept: {history}");
});

story!(what_was_decided_a_moment_ago_did_not_happen, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let visit = visits(&mut probe, 1).await[0].to_string();
    let mut supervisor = stage.person("supervisor").await;
    for verdict in ["approved", "returned", "rejected", "flagged"] {
        let path = format!("/api/v1/visits/{visit}/decisions");
        let record = format!("/api/v1/records/{visit}");
        let seen = supervisor.call(Method::GET, &record, None).await.unwrap()["version"].clone();
        let mut body = decision(&seen, verdict);
        if verdict == "returned" {
            body["comments"] = json!([{ "place": "/data/photo", "words": "请重拍" }]);
        }
        supervisor.call(Method::POST, &path, Some(&body)).await.unwrap();
        let undone = decide(&mut supervisor, &visit, "undone").await.unwrap();
        assert_eq!(undone["status"], "submitted", "{verdict}: it stands where it stood");
        let file = format!("/api/v1/visits/{visit}");
        let file = supervisor.call(Method::GET, &file, None).await.unwrap();
        let open = file["findings"].as_array().unwrap().iter();
        let open = open.filter(|one| one["status"] == "open").count();
        assert_eq!(open, 0, "{verdict}: the words that were left are withdrawn");
        let again = decide(&mut supervisor, &visit, "undone").await.unwrap_err();
        assert_eq!(again, "not-applicable", "{verdict}: nothing is undone twice");
    }
    let queue = claim(&mut supervisor, 5).await;
    assert_eq!(claimed(&queue), [&*visit], "it waits again");
    supervisor.call(Method::DELETE, "/api/v1/review/claims", None).await.unwrap();
    decide(&mut supervisor, &visit, "approved").await.unwrap();
    let mut other = another_supervisor(&stage).await;
    let nothing = decide(&mut other, &visit, "undone").await.unwrap_err();
    assert_eq!(nothing, "not-applicable", "another's decision is not theirs to undo");

    // What came back corrected is so again.
    decide(&mut supervisor, &visit, "reopened").await.unwrap();
    decide(&mut supervisor, &visit, "returned").await.unwrap();
    let again =
        json!({ "kind": "transition", "field": 9, "from": "returned", "to": "resubmitted" });
    let id = RecordId(visit.parse().unwrap());
    let again = probe.op("visit", id, None, again);
    probe.push(&[again]).await;
    decide(&mut supervisor, &visit, "approved").await.unwrap();
    let undone = decide(&mut supervisor, &visit, "undone").await.unwrap();
    assert_eq!(undone["status"], "resubmitted");
});

story!(what_is_very_doubtful_two_people_pass, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let ids = visits(&mut probe, 2).await;
    probe.doubt(&stage, ids[0], "photo/reused").await;
    let weights = json!({ "photo/": 60 });
    let policy = json!({
        "random_percent": 0, "resubmitted": 5, "second_from": 50, "weights": weights,
    });
    set_policy(&stage, policy).await;
    let mut first = stage.person("supervisor").await;
    let mut second = another_supervisor(&stage).await;
    let [doubtful, plain] = [ids[0].to_string(), ids[1].to_string()];
    assert_eq!(decide(&mut first, &plain, "approved").await.unwrap()["status"], "approved");
    let passed = decide(&mut first, &doubtful, "approved").await.unwrap();
    assert_eq!((&passed["status"], &passed["needs_second"]), (&json!("in_review"), &json!(true)));
    assert_eq!(decide(&mut first, &doubtful, "approved").await.unwrap_err(), "passed-already");
    assert_eq!(claimed(&claim(&mut first, 10).await), Vec::<String>::new());
    let undone = decide(&mut first, &doubtful, "undone").await.unwrap();
    assert_eq!(undone["status"], "submitted", "the first pass is undone");
    assert_eq!(claimed(&claim(&mut first, 10).await), [&*doubtful]);
    decide(&mut first, &doubtful, "approved").await.unwrap();
    assert_eq!(claimed(&claim(&mut second, 10).await), [&*doubtful]);
    let path = format!("/api/v1/visits/{doubtful}");
    let file = second.call(Method::GET, &path, None).await.unwrap();
    assert_eq!(file["passes"].as_array().unwrap().len(), 1);
    assert_eq!(decide(&mut second, &doubtful, "approved").await.unwrap()["status"], "approved");

    // What the second did is undone; what the first did stands.
    for verdict in ["approved", "returned"] {
        let undone = decide(&mut second, &doubtful, "undone").await.unwrap();
        assert_eq!(undone["status"], "in_review");
        let file = second.call(Method::GET, &path, None).await.unwrap();
        assert_eq!(file["passes"].as_array().unwrap().len(), 1);
        decide(&mut second, &doubtful, verdict).await.unwrap();
    }
    decide(&mut second, &doubtful, "undone").await.unwrap();
    // What the visit says is not what the first one passed any more: it is theirs to look at again.
    let change = json!({ "kind": "patch", "fields": { "10": "后来改过" } });
    let edit = probe.op("visit", ids[0], None, change);
    assert_eq!(kind(&probe.push(&[edit]).await[0]), "merged");
    let file = second.call(Method::GET, &path, None).await.unwrap();
    assert_eq!(file["passes"], json!([]));
    let passed = decide(&mut second, &doubtful, "approved").await.unwrap();
    assert_eq!((&passed["status"], &passed["needs_second"]), (&json!("in_review"), &json!(true)));
    assert_eq!(claimed(&claim(&mut first, 10).await), [&*doubtful]);
    assert_eq!(decide(&mut first, &doubtful, "approved").await.unwrap()["status"], "approved");
});

story!(visits_are_found_by_where_they_stand_a_page_at_a_time, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let ids = visits(&mut probe, 5).await;
    probe.doubt(&stage, ids[1], "form/required").await;
    probe.doubt(&stage, ids[3], "form/constraint").await;
    let mut supervisor = stage.person("supervisor").await;
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/api/v1/visits?status=submitted,returned&limit=2{after}");
        let page = supervisor.call(Method::GET, &path, None).await.unwrap();
        seen.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    let found: Vec<&str> = seen.iter().filter_map(|one| one["visit"]["id"].as_str()).collect();
    let newest_first: Vec<String> = ids.iter().rev().map(ToString::to_string).collect();
    assert_eq!(found, newest_first);
    assert!(seen[0]["household"].is_string() && seen[0]["village"].is_string());
    assert!(seen.iter().all(|one| one["visit"]["fields"].get("3").is_none()), "no answers");
    for (mark, id) in [("unanswered", ids[1]), ("invalid", ids[3])] {
        let page = supervisor.call(Method::GET, &format!("/api/v1/visits?mark={mark}"), None).await;
        assert_eq!(page.unwrap()["items"][0]["visit"]["id"], id.to_string(), "{mark}");
    }
    let elsewhere = "/api/v1/visits?area=529901101000";
    let page = supervisor.call(Method::GET, elsewhere, None).await.unwrap();
    assert_eq!(page["items"], json!([]), "another township is not theirs, whatever they ask");
    let household = probe.household(2).id;
    let path = format!("/api/v1/visits?household={household}");
    let page = supervisor.call(Method::GET, &path, None).await.unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    let wrong = supervisor.call(Method::GET, "/api/v1/visits?mark=late", None).await.unwrap_err();
    assert_eq!(wrong.kind(), "malformed");
});

story!(a_doubt_is_left_to_another_and_can_be_explained, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let visit = visits(&mut probe, 1).await[0].to_string();
    let mut supervisor = stage.person("supervisor").await;
    let flagged = decide(&mut supervisor, &visit, "flagged").await.unwrap();
    assert_eq!(flagged["status"], "in_review");
    let found = supervisor.call(Method::GET, "/api/v1/visits?mark=flagged", None).await.unwrap();
    assert_eq!(found["items"][0]["open"], json!(["review/flag"]));
    let queue = claim(&mut supervisor, 5).await;
    assert_eq!(queue["places"], json!([]), "it does not come to whoever left it");
    let undone = decide(&mut supervisor, &visit, "reopened").await.unwrap();
    assert_eq!(undone["status"], "in_review");
    let queue = claim(&mut supervisor, 5).await;
    assert_eq!(queue["places"][0]["visit"], json!(visit), "taken back");
    let nothing = decide(&mut supervisor, &visit, "reopened").await.unwrap_err();
    assert!(nothing.contains("not-applicable"), "{nothing}");
    decide(&mut supervisor, &visit, "flagged").await.unwrap();
    let mut other = another_supervisor(&stage).await;
    let queue = claim(&mut other, 5).await;
    assert_eq!(queue["places"][0]["reasons"], json!([{ "rule": "review/flag", "weight": 50 }]));
    let nothing = decide(&mut other, &visit, "reopened").await.unwrap_err();
    assert!(nothing.contains("not-applicable"), "another's doubt is not theirs: {nothing}");
    other.call(Method::DELETE, "/api/v1/review/claims", None).await.unwrap();
    let path = format!("/api/v1/visits/{visit}");
    let file = supervisor.call(Method::GET, &path, None).await.unwrap();
    let findings = file["findings"].as_array().unwrap();
    let doubt = findings.iter().find(|one| one["status"] == "open").unwrap();
    let answer =
        json!({ "version": doubt["version"], "answer": "explained", "words": "已电话核实" });
    let path = format!("/api/v1/findings/{}/answers", doubt["id"].as_str().unwrap());
    supervisor.call(Method::POST, &path, Some(&answer)).await.unwrap();
    assert_eq!(decide(&mut supervisor, &visit, "approved").await.unwrap()["status"], "approved");
});

story!(records_that_answers_name_are_told_by_their_titles, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let [whose, one, two, three] = std::array::from_fn(|number| probe.household(number));
    let answers = json!({
        "neighbour": one.id, "kin": [{ "homes": format!("{} {}", two.id, three.id) }],
        "stranger": Uuid::now_v7(),
    });
    let fields = json!({ "1": whose.id, "3": answers, "9": "submitted", "10": "月度走访" });
    let visit = RecordId(Uuid::now_v7());
    let made = probe.op("visit", visit, None, json!({ "kind": "create", "fields": fields }));
    probe.push(&[made]).await;
    let mut supervisor = stage.person("supervisor").await;
    let path = format!("/api/v1/visits/{visit}");
    let file = supervisor.call(Method::GET, &path, None).await.unwrap();
    assert_eq!(file["names"], json!({}), "answers that are not shown name nobody");
    claim(&mut supervisor, 1).await;
    let file = supervisor.call(Method::GET, &path, None).await.unwrap();
    let mut expected = serde_json::Map::new();
    for home in [one, two, three] {
        let path = format!("/api/v1/records/{}", home.id);
        let record = supervisor.call(Method::GET, &path, None).await.unwrap();
        expected.insert(home.id.to_string(), record["title"].clone());
    }
    assert_eq!(file["names"], Json::Object(expected));
});

story!(a_policy_that_makes_no_sense_is_refused, async |stage| {
    let mut admin = stage.person("admin").await;
    let before = admin.call(Method::GET, "/api/v1/review/policy", None).await.unwrap();
    assert_eq!(before["random_percent"], 10);
    let policy = json!({ "random_percent": 101, "resubmitted": 5, "weights": {} });
    let asked = json!({ "area": "529901000000", "policy": policy, "reason": "试" });
    let refused = admin.call(Method::PUT, "/api/v1/review/policy", Some(&asked)).await.unwrap_err();
    assert_eq!(refused.kind(), "malformed");
    let policy = json!({ "random_percent": 1, "resubmitted": 5, "weights": {} });
    let asked = json!({ "area": "110000000000", "policy": policy, "reason": "试" });
    let refused = admin.call(Method::PUT, "/api/v1/review/policy", Some(&asked)).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found", "another county's is not theirs");
    let many = json!({ "count": 101 });
    let mut supervisor = stage.person("supervisor").await;
    let refused = supervisor.call(Method::POST, "/api/v1/review/claims", Some(&many)).await;
    assert_eq!(refused.unwrap_err().kind(), "too-large");
});

story!(decisions_and_looks_are_in_the_trail_without_their_words, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let visit = visits(&mut probe, 1).await[0].to_string();
    let mut supervisor = stage.person("supervisor").await;
    decide(&mut supervisor, &visit, "returned").await.unwrap();
    let look = format!("/api/v1/records/{visit}?reason=王大山家里说不对");
    supervisor.call(Method::GET, &look, None).await.unwrap();
    let mut auditor = stage.person("auditor").await;
    let about = format!("/api/v1/audit?subject={visit}");
    let lines = auditor.call(Method::GET, &about, None).await.unwrap();
    let told = |at: usize| (lines[at]["action"].clone(), lines[at]["detail"].clone());
    let (look, looked) = told(0);
    assert_eq!((look, &looked["kind"]), (json!("look"), &json!("record")));
    let verdict = json!({ "verdict": "returned", "status": "returned" });
    assert_eq!(told(1), (json!("decide_visit"), verdict));
    assert!(!lines.to_string().contains("王大山"), "a household's erasure can't blank the trail");
    let accesses = auditor.bytes("/api/v1/accesses.csv").await.unwrap();
    let accesses = String::from_utf8(accesses.to_vec()).unwrap();
    assert!(accesses.contains(&visit) && accesses.contains("王大山家里说不对"), "{accesses}");
});
