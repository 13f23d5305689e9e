//! What people change, decide and look at is told by a trail that shows when somebody changed it.

use std::time::Duration;

use harness::story;
use reqwest::Method;
use serde_json::{Value as Json, json};
use tablets::Client;

use crate::probe::{Probe, kind};

async fn check(stage: &harness::Stage) -> Json {
    let mut auditor = stage.person("auditor").await;
    auditor.call(Method::GET, "/api/v1/audit/check", None).await.unwrap()
}

story!(what_admins_do_is_in_the_trail_of_their_own_county, async |stage| {
    let mut admin = stage.person("admin").await;
    let body = json!({
        "login": "xin", "display_name": "=新来的（虚构）",
        "grant": { "role": "cadre", "area": "529901100201" },
    });
    let issued = admin.call(Method::POST, "/api/v1/people", Some(&body)).await.unwrap();
    let id = issued["id"].as_str().unwrap();
    admin.call(Method::POST, &format!("/api/v1/people/{id}/disable"), None).await.unwrap();
    let period = json!({ "days": 730, "reason": "两年" });
    admin.call(Method::PUT, "/api/v1/retention/task", Some(&period)).await.unwrap();
    let refused = json!({ "days": 1, "reason": "太短" });
    admin.call(Method::PUT, "/api/v1/retention/task", Some(&refused)).await.unwrap_err();

    let mut auditor = stage.person("auditor").await;
    let lines = auditor.call(Method::GET, "/api/v1/audit", None).await.unwrap();
    let actions: Vec<&str> =
        lines.as_array().unwrap().iter().filter_map(|line| line["action"].as_str()).collect();
    assert_eq!(actions, ["sign_in", "set_retention", "disable_person", "add_person", "sign_in"]);
    assert_eq!(lines[1]["detail"], json!({ "days": 730, "reason": "两年" }));
    assert!(!lines.to_string().contains(issued["password"].as_str().unwrap()), "no secret is told");
    let about = auditor.call(Method::GET, &format!("/api/v1/audit?subject={id}"), None).await;
    let about = about.unwrap();
    assert_eq!(about.as_array().unwrap().len(), 2);
    assert_eq!(about[0]["subject_name"], "=新来的（虚构）", "people are called by their names");
    let path = "/api/v1/audit?action=add_person&before=3";
    let older = auditor.call(Method::GET, path, None).await.unwrap();
    assert_eq!(older.as_array().unwrap().len(), 1);
    let mut neighbour = stage.neighbour().await;
    let theirs = neighbour.call(Method::GET, "/api/v1/audit", None).await.unwrap();
    assert!(theirs.as_array().unwrap().iter().all(|line| line["action"] == "sign_in"), "{theirs}");
    assert_eq!(theirs.as_array().unwrap().len(), 1);
    let url = format!("{}/api/v1/audit.csv", stage.address());
    let request = reqwest::Client::new().get(url).bearer_auth(auditor.access_token());
    let csv = request.send().await.unwrap().text().await.unwrap();
    assert_eq!(csv.lines().count(), 6, "{csv}");
    let whole = check(&stage).await;
    assert_eq!((&whole["lines"], &whole["broken_at"]), (&json!(7), &Json::Null));
    let newest = auditor.call(Method::GET, "/api/v1/audit?limit=1", None).await.unwrap();
    assert_eq!((&newest[0]["hash"], &newest[0]["action"]), (&whole["hash"], &json!("sign_in")));
});

story!(who_could_not_sign_in_and_what_went_out_of_sight_is_told, async |stage| {
    let mut wrong = 0;
    let mut person = Client::new(stage.address());
    let refused = loop {
        let refused = person.sign_in("cadre2", "not-the-password-of-it").await.unwrap_err();
        if refused.kind() != "sign-in-refused" || wrong == 12 {
            break refused;
        }
        wrong += 1;
    };
    assert!(["sign-in-refused", "too-many-requests"].contains(&refused.kind()), "{refused}");
    let unknown = Client::new(stage.address()).sign_in("nobody-at-all", "whatever-it-is").await;
    assert_eq!(unknown.unwrap_err().kind(), "sign-in-refused");
    let mut auditor = stage.person("auditor").await;
    let path = "/api/v1/audit?action=refuse_sign_in";
    let told = async |auditor: &mut Client| {
        let lines = auditor.call(Method::GET, path, None).await.unwrap();
        lines.as_array().unwrap().clone()
    };
    // They are written beside the answers.
    let most = wrong.min(ruhu::limits::REFUSALS_NOTED as usize);
    while told(&mut auditor).await.len() < most {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let lines = told(&mut auditor).await;
    assert_eq!(lines.len(), most, "who guesses does not fill the trail");
    assert_eq!(lines[0]["detail"], json!({ "from": "127.0.0.1" }));
    assert_eq!(lines[0]["subject_name"], lines[0]["user_name"]);

    // A household is moved to the other village that its cadre looks after, and one is deleted.
    let mut probe = Probe::new(&stage, "cadre").await;
    let (one, other) = (probe.household(0), probe.household(1));
    let to = format!("area:{}", ruhu::demo::VILLAGES[1].0);
    let away = probe.op("household", one.id, Some(&one), json!({ "kind": "move", "to": to }));
    assert_eq!(kind(&probe.push(&[away]).await[0]), "applied");
    probe.delete(&stage, &other).await;
    let lines = auditor.call(Method::GET, "/api/v1/audit", None).await.unwrap();
    let lines = lines.as_array().unwrap().iter();
    let removals: Vec<&Json> = lines.filter(|line| line["action"] == "remove_records").collect();
    let [deleted, moved] = removals[..] else { panic!("{removals:?}") };
    let tablet = probe.tablet.machine().identity().device;
    assert_eq!(moved["detail"]["tablet"], json!(tablet.0));
    assert_eq!(moved["detail"]["moved"], json!([format!("household/{}", one.id)]));
    assert_eq!(moved["detail"]["deleted"], json!([]));
    assert_eq!(deleted["detail"]["deleted"], json!([format!("household/{}", other.id)]));
    assert_eq!(deleted["subject"], format!("household/{}", other.id));

    // What is said twenty times and comes to nothing hides nothing.
    let third = probe.household(2);
    let mut ops: Vec<Json> = Vec::new();
    for _ in 0..20 {
        ops.push(probe.op("household", one.id, None, json!({ "kind": "move", "to": to })));
    }
    ops.push(probe.op("household", third.id, Some(&third), json!({ "kind": "move", "to": to })));
    probe.push(&ops).await;
    let newest = auditor.call(Method::GET, "/api/v1/audit?limit=1", None).await.unwrap();
    assert_eq!(newest[0]["detail"]["moved"], json!([format!("household/{}", third.id)]));
    assert_eq!(check(&stage).await["broken_at"], Json::Null);
});

story!(a_trail_that_somebody_changed_by_hand_is_found, async |stage| {
    let mut admin = stage.person("admin").await;
    for days in [400, 500, 600] {
        let period = json!({ "days": days, "reason": "试" });
        admin.call(Method::PUT, "/api/v1/retention/task", Some(&period)).await.unwrap();
    }
    assert_eq!(check(&stage).await["broken_at"], Json::Null);
    let off = match stage.backend.database {
        harness::DatabaseKind::Sqlite => "DROP TRIGGER audit_refuse_update",
        harness::DatabaseKind::Postgres => "DROP TRIGGER audit_is_append_only ON audit",
    };
    for statement in [off, "UPDATE audit SET detail = '{}' WHERE position = 2"] {
        let done = stage.app().write(move |connection| {
            use diesel::RunQueryDsl as _;
            diesel::sql_query(statement).execute(connection)
        });
        done.await.unwrap();
    }
    let found = check(&stage).await;
    assert_eq!((&found["lines"], &found["broken_at"]), (&json!(1), &json!(2)));
});

story!(many_who_change_at_once_make_one_trail, async |stage| {
    let admin = stage.person("admin").await;
    let mut all = Vec::new();
    for days in 400..416 {
        let mut admin = Client::with_access_token(stage.address(), admin.access_token());
        all.push(tokio::spawn(async move {
            let period = json!({ "days": days, "reason": "同时" });
            admin.call(Method::PUT, "/api/v1/retention/task", Some(&period)).await
        }));
    }
    let mut done = 0;
    for one in all {
        done += i64::from(one.await.unwrap().is_ok());
    }
    assert!(done > 0);
    let whole = check(&stage).await;
    // The admin and the auditor signed in, too.
    assert_eq!((&whole["lines"], &whole["broken_at"]), (&json!(done + 2), &Json::Null));
});
