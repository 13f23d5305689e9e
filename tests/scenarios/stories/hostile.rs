//! What people may never do, tried by those who would: a cadre's tablet that says whatever the
//! protocol can say, an admin of a township, a supervisor who visits households themselves.

use std::time::Duration;

use harness::{Stage, story};
use mobile_schema::Value;
use reqwest::Method;
use ruhu::accounts::{self, NewUser, Role};
use serde_json::{Value as Json, json};
use sync_protocol::{RecordId, Row};
use tablets::Client;
use uuid::Uuid;

use crate::probe::{Probe, kind};

pub(crate) const TOWNSHIP: &str = "529901100000";

async fn visit(probe: &mut Probe) -> RecordId {
    let id = RecordId(Uuid::now_v7());
    let fields = json!({ "1": probe.household(0).id, "3": {}, "7": "given", "9": "submitted" });
    let made = probe.op("visit", id, None, json!({ "kind": "create", "fields": fields }));
    assert_eq!(kind(&probe.push(&[made]).await[0]), "applied");
    id
}

async fn decide(client: &mut Client, visit: RecordId, verdict: &str) -> Result<Json, String> {
    let record = client.call(Method::GET, &format!("/api/v1/records/{visit}"), None).await.unwrap();
    let version = &record["version"];
    let body = json!({ "version": version, "verdict": verdict, "reason": "核对过" });
    let path = format!("/api/v1/visits/{visit}/decisions");
    let answer = client.call(Method::POST, &path, Some(&body)).await;
    answer.map_err(|problem| problem.kind().to_owned())
}

/// A person who was not there before; the first grant is what they have now.
pub(crate) async fn person(
    stage: &Stage,
    login: &'static str,
    grants: &[(Role, &'static str, i64)],
) -> Client {
    let (now, grants) = (stage.app().now(), grants.to_vec());
    let password = "somebody-in-the-county";
    let password_hash = accounts::hash_password(password).unwrap();
    let added = stage.app().write(move |connection| {
        let new = NewUser {
            login: login.into(),
            display_name: format!("{login}（虚构）"),
            password_hash: password_hash.clone(),
        };
        let user = accounts::add_user(connection, &new, now)?;
        for (role, area, days) in &grants {
            let from = now.plus_seconds(days * 24 * 3600);
            accounts::add_grant(connection, user, *role, area, from)?;
        }
        Ok(())
    });
    added.await.unwrap();
    let mut client = Client::new(stage.address());
    client.sign_in(login, password).await.unwrap();
    client
}

story!(a_tablet_decides_about_no_visit_whatever_it_says, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let mut supervisor = stage.person("supervisor").await;
    let id = visit(&mut probe).await;
    let step =
        |from: &str, to: &str| json!({ "kind": "transition", "field": 9, "from": from, "to": to });
    let set = |kind: &str| json!({ "kind": kind, "fields": { "9": "approved" } });
    // While it waits, once it is returned, and once it is decided about.
    for verdict in ["waiting", "returned", "rejected"] {
        if verdict != "waiting" {
            let resubmitted = probe.op("visit", id, None, step("returned", "resubmitted"));
            if verdict == "rejected" {
                assert_eq!(kind(&probe.push(&[resubmitted]).await[0]), "merged");
            }
            decide(&mut supervisor, id, verdict).await.unwrap();
        }
        let before = probe.read(&stage, id).await;
        let tries = [
            step("submitted", "in_review"),
            step("submitted", "approved"),
            step("submitted", "resubmitted"),
            step("in_review", "approved"),
            step("rejected", "in_review"),
            step("", "approved"),
            set("patch"),
            set("create"),
            json!({ "kind": "delete" }),
            json!({ "kind": "move", "to": format!("user:{}", probe.tablet.machine().identity().author) }),
        ];
        let ops: Vec<Json> =
            tries.iter().map(|one| probe.op("visit", id, None, one.clone())).collect();
        for (outcome, tried) in probe.push(&ops).await.iter().zip(&tries) {
            let kind = kind(outcome);
            assert!(kind.starts_with("parked("), "{tried} came to {kind}");
        }
        let after = probe.read(&stage, id).await;
        assert_eq!((&after["version"], &after["fields"]), (&before["version"], &before["fields"]));
    }
    // A visit that begins as passed is none.
    let born = RecordId(Uuid::now_v7());
    let fields = json!({ "1": probe.household(0).id, "9": "approved" });
    let op = probe.op("visit", born, None, json!({ "kind": "create", "fields": fields }));
    assert_eq!(kind(&probe.push(&[op]).await[0]), "parked(role)");
    let gone = supervisor.call(Method::GET, &format!("/api/v1/records/{born}"), None).await;
    assert_eq!(gone.unwrap_err().kind(), "not-found");
});

story!(nor_does_it_by_settling_a_conflict, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let mut supervisor = stage.person("supervisor").await;
    let id = visit(&mut probe).await;
    decide(&mut supervisor, id, "returned").await.unwrap();
    let back = json!({ "kind": "transition", "field": 9, "from": "returned", "to": "resubmitted" });
    let first = probe.op("visit", id, None, back.clone());
    assert_eq!(kind(&probe.push(&[first]).await[0]), "merged");
    decide(&mut supervisor, id, "rejected").await.unwrap();
    // What it may want, in a state where it leads nowhere: that is a conflict, for others to see.
    let again = probe.op("visit", id, None, back);
    let outcome = probe.push(&[again]).await.remove(0);
    assert_eq!(kind(&outcome), "conflict");
    let conflict: RecordId = outcome["conflicts"][0].as_str().unwrap().parse().unwrap();
    for choice in [
        json!({ "choice": "edit", "fields": { "9": "approved" } }),
        json!({ "choice": "edit", "fields": { "9": "in_review" } }),
        json!({ "choice": "edit", "fields": { "9": "submitted" } }),
        json!({ "choice": "swap" }),
    ] {
        let resolve = json!({ "kind": "resolve", "choice": choice, "reason": "我说了算" });
        let op = probe.op("conflict", conflict, None, resolve);
        assert_eq!(kind(&probe.push(&[op]).await[0]), "parked(role)", "{choice}");
    }
    assert_eq!(probe.read(&stage, id).await["fields"]["9"], "rejected");
    // Nor do people in an office, who review where visits are reviewed.
    let path = format!("/api/v1/conflicts/{conflict}");
    let shown = supervisor.call(Method::GET, &path, None).await.unwrap();
    let version = shown["version"].clone();
    for choice in
        [json!({ "choice": "swap" }), json!({ "choice": "edit", "fields": { "9": "approved" } })]
    {
        let mut settlement = choice.clone();
        settlement["version"] = version.clone();
        settlement["reason"] = json!("换一个");
        let settle = format!("{path}/settle");
        let refused = supervisor.call(Method::POST, &settle, Some(&settlement)).await;
        assert_eq!(refused.unwrap_err().kind(), "not-applicable", "{choice}");
    }
    let keep = json!({ "version": version, "choice": "keep", "reason": "已审结" });
    supervisor.call(Method::POST, &format!("{path}/settle"), Some(&keep)).await.unwrap();
    assert_eq!(probe.read(&stage, id).await["fields"]["9"], "rejected");
    // What it wanted stands in quarantine, where nobody makes a decision of it either.
    let held = supervisor.call(Method::GET, "/api/v1/quarantine", None).await.unwrap();
    let held = held.as_array().unwrap();
    assert!(held.len() >= 4, "{held:?}");
    for one in held {
        let place = format!("{}/{}", one["incarnation"].as_str().unwrap(), one["seq"]);
        let apply = json!({ "decision": "apply", "reason": "帮他通过" });
        let path = format!("/api/v1/quarantine/{place}/settle");
        let refused = supervisor.call(Method::POST, &path, Some(&apply)).await;
        assert_eq!(refused.unwrap_err().kind(), "not-applicable");
    }
});

story!(what_counts_against_a_cadre_is_not_theirs_to_end, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let id = visit(&mut probe).await;
    let finding = probe.doubt(&stage, id, "photo/reused").await;
    let before = probe.read(&stage, finding).await;
    for change in [
        json!({ "kind": "delete" }),
        json!({ "kind": "patch", "fields": { "2": "photo/fine" } }),
        json!({ "kind": "patch", "fields": { "7": { "zh-CN": "没有问题" } } }),
        json!({ "kind": "patch", "fields": { "9": null } }),
        json!({ "kind": "move", "to": "area:529901100202" }),
        json!({ "kind": "create", "fields": { "1": probe.household(1).id, "2": "photo/reused" } }),
    ] {
        let op = probe.op("finding", finding, None, change.clone());
        assert_eq!(kind(&probe.push(&[op]).await[0]), "parked(role)", "{change}");
    }
    assert_eq!(probe.read(&stage, finding).await["fields"], before["fields"]);
    // Nor does anybody plant one against somebody else.
    let planted = json!({ "1": probe.household(1).id, "2": "photo/reused", "4": "open" });
    let planted = json!({ "kind": "create", "fields": planted });
    let planted = probe.op("finding", RecordId(Uuid::now_v7()), None, planted);
    assert_eq!(kind(&probe.push(&[planted]).await[0]), "parked(role)");
    // What they say of it is theirs to say.
    let said = json!({ "kind": "patch", "fields": { "3": "两户同住" } });
    let explained = json!({ "kind": "transition", "field": 4, "from": "open", "to": "explained" });
    probe.tablet.sync_again(Duration::from_secs(60)).await.unwrap();
    let seen = probe.tablet.view(finding).unwrap();
    let ops = [said, explained].map(|change| probe.op("finding", finding, Some(&seen), change));
    let kinds: Vec<String> = probe.push(&ops).await.iter().map(kind).collect();
    assert_eq!(kinds, ["applied", "applied"]);
});

story!(what_is_said_to_be_put_right_and_is_not_comes_back, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let phone = json!({ "kind": "patch", "fields": { "5": "12" } });
    probe.push(&[probe.op("household", household.id, Some(&household), phone)]).await;
    ruhu::checks::run_due(stage.app()).await.unwrap();
    probe.tablet.sync_again(Duration::from_secs(60)).await.unwrap();
    let about = Value::from(household.id.to_string());
    let is_it = |row: &&Row| {
        let of = |field: u32| row.fields.get(&field);
        row.collection == "finding" && of(1) == Some(&about) && of(4) == Some(&"open".into())
    };
    let finding = probe.tablet.rows().find(is_it).expect("a number of two digits").clone();
    let said = json!({ "kind": "transition", "field": 4, "from": "open", "to": "corrected" });
    let said = probe.op("finding", finding.id, Some(&finding), said);
    assert_eq!(kind(&probe.push(&[said]).await[0]), "applied");
    assert_eq!(probe.read(&stage, finding.id).await["status"], "corrected");
    assert!(ruhu::checks::run_due(stage.app()).await.unwrap() > 0, "it is looked at again");
    assert_eq!(probe.read(&stage, finding.id).await["status"], "open");
    assert_eq!(ruhu::checks::run_due(stage.app()).await.unwrap(), 0, "and no more than once");
});

story!(nothing_leaves_the_sight_of_those_who_look_after_it, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let own = format!("user:{}", probe.tablet.machine().identity().author);
    let (kept, other) = (probe.household(0), probe.household(1));
    let away = json!({ "kind": "move", "to": own });
    let ops = [
        probe.op("household", kept.id, Some(&kept), json!({ "kind": "delete" })),
        probe.op("household", other.id, Some(&other), away),
    ];
    for outcome in probe.push(&ops).await {
        assert_eq!(kind(&outcome), "parked(role)");
    }
    let fields = json!({ "1": "藏起来的（虚构）" });
    let mut hidden = probe.op(
        "household",
        RecordId(Uuid::now_v7()),
        None,
        json!({ "kind": "create", "fields": fields }),
    );
    hidden["scope"] = json!(own);
    assert_eq!(kind(&probe.push(&[hidden]).await[0]), "parked(role)");
    for household in [kept.id, other.id] {
        assert_eq!(probe.read(&stage, household).await["collection"], "household");
    }
    // One's own list is for one's own tasks.
    let mut task = probe.op(
        "task",
        RecordId(Uuid::now_v7()),
        None,
        json!({ "kind": "create", "fields": { "2": "买笔", "4": "open" } }),
    );
    task["scope"] = json!(own);
    assert_eq!(kind(&probe.push(&[task]).await[0]), "applied");
});

story!(a_tablet_is_no_way_into_the_console, async |stage| {
    let mut tablet = stage.tablet("admin").await;
    let token = tablet.client().access_token().to_owned();
    for (method, path) in [
        (Method::GET, "/api/v1/people"),
        (Method::GET, "/api/v1/devices"),
        (Method::GET, "/api/v1/audit"),
        (Method::GET, "/api/v1/quarantine"),
        (Method::POST, "/api/v1/enrolment-codes"),
        (Method::POST, "/api/v1/review/claims"),
        (Method::POST, "/api/v1/me/second-factor"),
        (Method::POST, "/api/v1/me/password"),
    ] {
        let request = reqwest::Client::new().request(method, format!("{}{path}", stage.address()));
        let request = request.bearer_auth(&token).header("content-type", "application/json");
        let answer = request.body(r#"{"login":"cadre","count":1}"#).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 403, "{path}");
    }
    // It visits, where its owner's rights reach.
    tablet.sync_again(Duration::from_secs(60)).await.unwrap();
    assert!(tablet.rows().any(|row| row.collection == "household"));
});

story!(a_township_acts_on_nobody_who_is_more_elsewhere, async |stage| {
    let mut township = person(&stage, "town", &[(Role::Admin, TOWNSHIP, -1)]).await;
    // What somebody will have counts as what they have; what has ended counts no longer.
    let later = [(Role::Cadre, TOWNSHIP, -1), (Role::Admin, ruhu::demo::COUNTY, 1)];
    person(&stage, "rising", &later).await;
    let mut tablet = {
        let mut admin = stage.person("admin").await;
        let body = json!({ "login": "rising" });
        let code = admin.call(Method::POST, "/api/v1/enrolment-codes", Some(&body)).await.unwrap();
        let code = code["code"].as_str().unwrap().to_owned();
        let folder = stage.tablet_folder();
        tablets::HeadlessTablet::enrol(stage.address(), &folder, &code, "测试平板").await.unwrap()
    };
    let device = tablet.machine().identity().device;
    let rising = tablet.machine().identity().author;
    for (path, body) in [
        ("/api/v1/enrolment-codes".to_owned(), json!({ "login": "rising" })),
        (format!("/api/v1/people/{rising}/password"), json!({})),
        (format!("/api/v1/devices/{device}/block"), json!({})),
        (format!("/api/v1/devices/{device}/wipe"), json!({})),
        (
            format!("/api/v1/devices/{device}/revocations"),
            json!({ "from": stage.app().now().0 - 1, "reason": "说丢了" }),
        ),
    ] {
        let refused = township.call(Method::POST, &path, Some(&body)).await.unwrap_err();
        assert_eq!(refused.kind(), "not-found", "{path}");
    }
    tablet.sync_at(stage.address(), Duration::from_secs(60)).await.expect("nobody has blocked it");
    // Their own cadres are theirs, as long as they are no more than that.
    let body = json!({ "login": "cadre" });
    let code = township.call(Method::POST, "/api/v1/enrolment-codes", Some(&body)).await.unwrap();
    let code = code["code"].as_str().unwrap().to_owned();
    let promoted = stage.app().write(move |connection| {
        let now = ruhu::db::Timestamp::now();
        let (user, _) = accounts::find_user(connection, "cadre")?.expect("a person of the demo");
        accounts::add_grant(connection, user, Role::Admin, ruhu::demo::COUNTY, now)
    });
    promoted.await.unwrap();
    let folder = stage.tablet_folder();
    let enrolled = tablets::HeadlessTablet::enrol(stage.address(), &folder, &code, "旧码").await;
    assert!(enrolled.is_err(), "a code of before does not make a county's tablet");
});

story!(nobody_decides_about_their_own_work, async |stage| {
    let mut probe = Probe::new(&stage, "supervisor").await;
    let mut supervisor = stage.person("supervisor").await;
    let own = visit(&mut probe).await;
    for verdict in ["approved", "returned", "rejected", "flagged"] {
        assert_eq!(decide(&mut supervisor, own, verdict).await.unwrap_err(), "own-work");
    }
    let one = supervisor.call(Method::PUT, &format!("/api/v1/review/claims/{own}"), None).await;
    assert_eq!(one.unwrap_err().kind(), "own-work");
    let claims = json!({ "count": 5 });
    let queue =
        supervisor.call(Method::POST, "/api/v1/review/claims", Some(&claims)).await.unwrap();
    assert_eq!((&queue["places"], &queue["waiting"]), (&json!([]), &json!(0)));
    // What they put right in another's visit makes it theirs, too.
    let mut cadre = Probe::new(&stage, "cadre").await;
    let theirs = visit(&mut cadre).await;
    probe.tablet.sync_again(Duration::from_secs(60)).await.unwrap();
    let seen = probe.tablet.view(theirs).unwrap();
    assert_eq!(seen.fields.get(&9), Some(&Value::from("submitted")));
    let change = json!({ "kind": "patch", "fields": { "10": "改了题目" } });
    let edit = probe.op("visit", theirs, Some(&seen), change);
    assert_eq!(kind(&probe.push(&[edit]).await[0]), "applied");
    assert_eq!(decide(&mut supervisor, theirs, "approved").await.unwrap_err(), "own-work");
    // It stays so when nothing of it is left.
    cadre.tablet.sync_again(Duration::from_secs(60)).await.unwrap();
    let seen = cadre.tablet.view(theirs).unwrap();
    let change = json!({ "kind": "patch", "fields": { "10": "又改回来" } });
    let edit = cadre.op("visit", theirs, Some(&seen), change);
    assert_eq!(kind(&cadre.push(&[edit]).await[0]), "applied");
    assert_eq!(decide(&mut supervisor, theirs, "approved").await.unwrap_err(), "own-work");
    // The next level up decides.
    let above = [(Role::Supervisor, ruhu::demo::COUNTY, -1)];
    let mut county = person(&stage, "above", &above).await;
    for visit in [own, theirs] {
        decide(&mut county, visit, "approved").await.unwrap();
    }
});
