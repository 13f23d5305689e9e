//! A cadre loses one village and gains another in the middle of the work.

use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use harness::{Stage, story};
use reqwest::Method;
use ruhu::db::Key;
use ruhu::db::schema::{grants, users};
use serde_json::{Value as Json, json};

use crate::probe::{FAR_VILLAGE, Probe, VILLAGE, kind};

const LIMIT: Duration = Duration::from_secs(60);

/// The grants of a person end, and one for another area begins.
async fn reassign(stage: &Arc<Stage>, login: &'static str, area: &'static str) {
    let now = stage.app().now();
    stage
        .app()
        .write(move |connection| {
            let user: Key =
                users::table.filter(users::login.eq(login)).select(users::id).first(connection)?;
            diesel::update(grants::table.filter(grants::user_id.eq(user)))
                .set(grants::valid_until.eq(Some(now)))
                .execute(connection)?;
            ruhu::accounts::add_grant(
                connection,
                user.into(),
                ruhu::accounts::Role::Cadre,
                area,
                now,
            )
        })
        .await
        .unwrap();
}

/// Every name, number and address of a village, as the admin reads them.
async fn canaries(stage: &Arc<Stage>, scope: &str) -> Vec<String> {
    let mut admin = stage.person("admin").await;
    let mut values = Vec::new();
    for collection in ["household", "member"] {
        let mut after = String::new();
        loop {
            let path = format!("/api/v1/records?collection={collection}&limit=500{after}");
            let page = admin.call(Method::GET, &path, None).await.unwrap();
            for item in page["items"].as_array().unwrap().iter().filter(|one| one["scope"] == scope)
            {
                values.push(item["id"].as_str().unwrap().to_owned());
                let fields = item["fields"].as_object().unwrap().values();
                let telling = fields.filter_map(Json::as_str).filter(|text| text.len() > 8);
                values.extend(telling.map(str::to_owned));
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
    }
    values
}

story!(a_cadre_who_changes_villages_keeps_the_outbox_and_nothing_else, async |stage| {
    let mut probe = Probe::new(&stage, "cadre2").await;
    let (old, new) = (canaries(&stage, VILLAGE).await, canaries(&stage, FAR_VILLAGE).await);
    let telling: Vec<_> = old.iter().filter(|value| !new.contains(value)).collect();
    assert!(telling.len() > 200 && !new.is_empty());
    let household = probe.household(0);
    let draft = tablets::day::address(&probe.tablet, &household, "离任前改的");
    probe.tablet.go_offline().unwrap();
    probe.tablet.edit(vec![draft]).unwrap();
    reassign(&stage, "cadre2", &FAR_VILLAGE["area:".len()..]).await;
    let address = stage.address().to_owned();
    probe.tablet.sync_at(&address, LIMIT).await.unwrap();
    let (_, queued) = probe.tablet.machine().outbox().next().expect("the outbox is kept");
    assert_eq!(queued.outcome.as_ref().map(sync_protocol::Outcome::name), Some("parked"));
    assert!(probe.tablet.rows().all(|row| !old.contains(&row.id.to_string())), "rows are purged");
    let held: Vec<_> = probe.tablet.rows().map(|row| row.id.to_string()).collect();
    assert!(new.iter().filter(|value| held.contains(value)).count() > 200, "the new village came");

    // The supervisor of the old village sees what came late.
    let mut supervisor = stage.person("supervisor").await;
    let waits = supervisor.call(Method::GET, "/api/v1/quarantine", None).await.unwrap();
    assert_eq!(waits[0]["op"]["change"]["fields"]["4"], "离任前改的");

    // No byte of any answer tells of the old village, whatever is asked.
    let mut answers = Vec::new();
    let mut cursors = json!({});
    loop {
        let mut request = probe.request(1, &[]);
        request["cursors"] = cursors.clone();
        request["cursors"][VILLAGE] = json!([0, 0]);
        request["digests"] = json!({ VILLAGE: "0".repeat(32) });
        request["repair"] = json!({ VILLAGE: { "": "0".repeat(32), "1": "0".repeat(32) } });
        let answer = probe.send(&request).await.unwrap();
        answers.push(answer.to_string());
        let Some(feed) = answer["feeds"].get(FAR_VILLAGE) else { break };
        cursors[FAR_VILLAGE] = feed["cursor"].clone();
        if feed.get("more").is_none() {
            break;
        }
    }
    let op = probe.address(&household, "仍想改");
    let resolve = json!({ "kind": "resolve", "choice": { "choice": "keep" }, "reason": "x" });
    let resolve = probe.op("conflict", household.id, None, resolve);
    let outcomes = probe.push(&[op, resolve]).await;
    assert_eq!(kind(&outcomes[0]), "parked(scope)");
    answers.push(json!(outcomes).to_string());
    let asked = json!({ "hashes": ["0".repeat(64)] });
    let missing = probe.tablet.client().call(Method::POST, "/sync/v1/blobs/missing", Some(&asked));
    answers.push(missing.await.unwrap().to_string());
    for path in [format!("/api/v1/records/{}", household.id), "/api/v1/conflicts".to_owned()] {
        let refused = probe.tablet.client().call(Method::GET, &path, None).await.unwrap_err();
        answers.push(format!("{refused:?}"));
    }
    for (number, answer) in answers.iter().enumerate() {
        for canary in &telling {
            let told = answer.contains(canary.as_str());
            // What the cadre's own operation names, its refusal may name.
            let own = canary.as_str() == household.id.to_string();
            assert!(!told || own, "answer {number} tells {canary}");
        }
    }
    assert!(answers.len() > 20, "the new village came page by page");
});
