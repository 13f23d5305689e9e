//! Visits are sent back to the field with a word at the very question, and come back corrected.

use std::time::Duration;

use harness::story;
use mobile_schema::Value;
use reqwest::Method;
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use uuid::Uuid;

use crate::probe::{Probe, kind, text};

const LIMIT: Duration = Duration::from_secs(60);

fn decision(version: &Json, verdict: &str, comments: Json) -> Json {
    json!({ "version": version, "verdict": verdict, "reason": "照片看不清", "comments": comments })
}

story!(a_visit_goes_back_with_a_comment_and_comes_again_corrected, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let mut supervisor = stage.person("supervisor").await;
    let household = probe.household(3);
    let visit = RecordId(Uuid::now_v7());
    let fields = json!({ "1": household.id, "3": { "consent": "given" }, "9": "submitted" });
    let made = probe.op("visit", visit, None, json!({ "kind": "create", "fields": fields }));
    probe.push(&[made]).await;
    let path = format!("/api/v1/visits/{visit}/decisions");
    let seen = probe.read(&stage, visit).await["version"].clone();
    let comments = json!([{ "place": "/data/photo", "words": "请重拍水井" }]);

    let stale = decision(&json!([seen[0], 7]), "returned", comments.clone());
    let refused = supervisor.call(Method::POST, &path, Some(&stale)).await.unwrap_err();
    assert_eq!(refused.kind(), "stale-view");
    let silent = json!({ "version": seen, "verdict": "returned", "reason": " " });
    let refused = supervisor.call(Method::POST, &path, Some(&silent)).await.unwrap_err();
    assert_eq!(refused.kind(), "malformed");
    let elsewhere = format!("/api/v1/visits/{}/decisions", household.id);
    let asked = decision(&seen, "returned", json!([]));
    let refused = supervisor.call(Method::POST, &elsewhere, Some(&asked)).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found", "a household is no visit");

    let returned = decision(&seen, "returned", comments);
    supervisor.call(Method::POST, &path, Some(&returned)).await.unwrap();
    let again = supervisor.call(Method::POST, &path, Some(&returned)).await.unwrap_err();
    assert_eq!(again.kind(), "stale-view", "twice is once");

    probe.tablet.sync_again(LIMIT).await.unwrap();
    let row = probe.tablet.view(visit).unwrap();
    assert_eq!(text(&row, 9), "returned");
    let about = Value::from(visit.to_string());
    let comment = probe
        .tablet
        .rows()
        .find(|row| row.collection == "finding" && row.fields.get(&1) == Some(&about))
        .expect("the comment came to the tablet")
        .clone();
    assert_eq!(
        (text(&comment, 2), text(&comment, 6)),
        ("review/comment".into(), "/data/photo".into())
    );
    assert_eq!(comment.fields[&7].get("zh-CN"), Some(&Value::from("请重拍水井")));

    let answers = json!({ "3": { "consent": "given", "note": "已重拍" } });
    let moved = |from: &str, to: &str| json!({ "kind": "transition", "from": from, "to": to });
    let mut resubmitted = moved("returned", "resubmitted");
    resubmitted["field"] = json!(9);
    let mut corrected = moved("open", "corrected");
    corrected["field"] = json!(4);
    let ops = [
        probe.op("visit", visit, Some(&row), json!({ "kind": "patch", "fields": answers })),
        probe.op("visit", visit, Some(&row), resubmitted),
        probe.op("finding", comment.id, Some(&comment), corrected),
    ];
    let outcomes = probe.push(&ops).await;
    assert!(outcomes.iter().all(|outcome| matches!(&*kind(outcome), "applied" | "merged")));

    let seen = probe.read(&stage, visit).await;
    assert_eq!(seen["status"], "resubmitted");
    let approved = decision(&seen["version"], "approved", json!([]));
    supervisor.call(Method::POST, &path, Some(&approved)).await.unwrap();
    let seen = probe.read(&stage, visit).await;
    assert_eq!(seen["status"], "approved");
    assert_eq!(seen["fields"]["11"].as_array().map(Vec::len), Some(2), "both reasons stay");
    let late = decision(&seen["version"], "returned", json!([]));
    let refused = supervisor.call(Method::POST, &path, Some(&late)).await.unwrap_err();
    assert_eq!(refused.kind(), "not-applicable");
});
