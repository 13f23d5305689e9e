//! Checks after the fact: what they find, and what becomes of it.

use std::sync::Arc;

use harness::{ServerProcess, Stage, story};
use reqwest::Method;
use ruhu::checks;
use serde_json::{Value as Json, json};
use sync_protocol::finding::Finding;
use sync_protocol::{RecordId, Row};
use uuid::Uuid;

use crate::form_library::{release, try_out, upload};
use crate::live::Events;
use crate::probe::{Probe, VILLAGE, county, kind};

/// The findings about a record as a supervisor reads them, in the order of their rules.
pub(crate) async fn findings(stage: &Arc<Stage>, about: RecordId) -> Vec<Json> {
    let mut supervisor = stage.person("supervisor").await;
    let path = "/api/v1/records?collection=finding&limit=500&reason=核对";
    let page = supervisor.call(Method::GET, path, None).await.expect("the findings");
    let mut found: Vec<Json> = page["items"].as_array().expect("items").clone();
    found.retain(|one| one["subject"] == json!(about));
    found.sort_by_key(|one| (one["fields"]["2"].to_string(), one["fields"]["6"].to_string()));
    found
}

fn rules(findings: &[Json]) -> Vec<(&str, &str, &str)> {
    findings
        .iter()
        .map(|one| {
            let field = |id: &str| one["fields"][id].as_str().unwrap_or_default();
            (field("2"), field("6"), field("4"))
        })
        .collect()
}

/// What a finding says, as the server keeps it.
fn verdict(finding: &Json) -> Json {
    let fields = &finding["fields"];
    json!({
        "id": finding["id"], "rule": fields["2"], "message": fields["7"], "evidence": fields["8"],
        "severity": fields["9"], "judged_by": fields["10"], "explainable": fields["11"],
    })
}

/// The same of one that a tablet found.
fn told(finding: &Finding) -> Json {
    json!({
        "id": finding.id(), "rule": finding.rule, "message": finding.message,
        "evidence": finding.evidence, "severity": finding.severity,
        "judged_by": finding.judged_by, "explainable": finding.explainable,
    })
}

/// A visit with these answers, as a tablet would push it.
fn visit(probe: &Probe, id: RecordId, answers: &Json) -> Json {
    let form = probe.tablet.form("household_visit").expect("the form is filled in here");
    let fields = json!({
        "1": probe.household(0).id, "2": form, "3": answers, "5": 1_764_057_600_000_000_i64,
        "9": "submitted",
    });
    probe.op("visit", id, None, json!({ "kind": "create", "fields": fields }))
}

/// A finding as the tablet has it after a sync.
async fn row(probe: &mut Probe, finding: &Json) -> Row {
    probe.tablet.sync_again(std::time::Duration::from_secs(60)).await.expect("it syncs");
    let id: RecordId = finding["id"].as_str().expect("an id").parse().expect("an id");
    probe.tablet.view(id).expect("the finding is in the tablet's village")
}

story!(a_visit_is_stored_as_it_came_and_what_fails_becomes_findings, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let (id, well) = (RecordId(Uuid::now_v7()), RecordId(Uuid::now_v7()));
    let wrong = json!({
        "consent": "given",
        "guarantees": { "food": "maybe", "clothing": "yes", "schooling": "yes", "health_care": "yes",
            "housing": "yes", "water": "yes" },
        "persons": 99, "income": "much", "surprise": 1, "no_photo": "OK", "no_photo_why": "unable",
    });
    let right = json!({ "consent": "declined" });
    let outcomes = probe.push(&[visit(&probe, id, &wrong), visit(&probe, well, &right)]).await;
    assert!(outcomes.iter().all(|one| kind(one) == "applied"), "nothing is refused: {outcomes:?}");
    assert_eq!(findings(&stage, id).await, [] as [Json; 0], "a push waits for no check");
    assert!(checks::run_due(stage.app()).await.unwrap() >= 2);
    let found = findings(&stage, id).await;
    assert_eq!(
        rules(&found),
        [
            ("form/choice", "/data/guarantees/food", "open"),
            ("form/constraint", "/data/persons", "open"),
            ("form/type", "/data/income", "open"),
            ("form/unknown", "/data/surprise", "open"),
        ]
    );
    let words = &found[1]["fields"]["7"];
    assert!(words["zh-CN"].as_str().unwrap().contains("请填 1 到 29 之间的数"), "{words}");
    assert!(words["en"].as_str().unwrap().contains("A number from 1 to 29"), "{words}");
    assert_eq!(found[1]["fields"]["8"], json!({ "value": "99" }));
    let form = probe.tablet.form("household_visit").unwrap();
    assert_eq!(found[1]["fields"]["10"], json!(form), "it says which version judged");
    assert_eq!(findings(&stage, well).await, [] as [Json; 0]);
    assert_eq!(
        probe.read(&stage, id).await["fields"]["3"],
        wrong,
        "and the answers are as they were"
    );
    // Looked at again, the same is found, and nothing is doubled.
    let note = json!({ "kind": "add", "field": 11, "element": "再看一遍" });
    probe.push(&[probe.op("visit", id, None, note)]).await;
    checks::run_due(stage.app()).await.unwrap();
    assert_eq!(findings(&stage, id).await, found);
    assert_eq!(checks::run_due(stage.app()).await.unwrap(), 0, "nothing is left");
});

story!(a_finding_is_mended_or_explained_and_an_explanation_is_kept, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let id = RecordId(Uuid::now_v7());
    let answers = |persons: i64, income: i64| {
        let yes = ["food", "clothing", "schooling", "health_care", "housing", "water"];
        let yes: serde_json::Map<String, Json> =
            yes.iter().map(|name| ((*name).to_owned(), json!("yes"))).collect();
        json!({
            "consent": "given", "guarantees": yes, "persons": persons, "income": income,
            "no_photo": "OK", "no_photo_why": "unable",
        })
    };
    let op = visit(&probe, id, &answers(99, 20_000_000));
    probe.push(&[op]).await;
    checks::run_due(stage.app()).await.unwrap();
    let found = findings(&stage, id).await;
    assert_eq!(rules(&found).len(), 2);
    let (income, persons) = (found[0].clone(), found[1].clone());
    assert_eq!(income["fields"]["6"], "/data/income");

    // The cadre explains one on the tablet.
    let known = row(&mut probe, &income).await;
    let words = json!({ "kind": "patch", "fields": { "3": "卖了房子，合同已拍照" } });
    let step = json!({ "kind": "transition", "field": 4, "from": "open", "to": "explained" });
    let ops = [words, step].map(|change| probe.op("finding", known.id, Some(&known), change));
    let outcomes = probe.push(&ops).await;
    assert!(outcomes.iter().all(|one| kind(one) == "applied"), "{outcomes:?}");
    // And mends the other.
    probe.tablet.sync_again(std::time::Duration::from_secs(60)).await.unwrap();
    let now = probe.tablet.view(id).unwrap();
    let patch = json!({ "kind": "patch", "fields": { "3": answers(9, 20_000_000) } });
    probe.push(&[probe.op("visit", id, Some(&now), patch)]).await;
    checks::run_due(stage.app()).await.unwrap();
    let after = findings(&stage, id).await;
    assert_eq!(
        rules(&after),
        [
            ("form/constraint", "/data/income", "explained"),
            ("form/constraint", "/data/persons", "corrected"),
        ]
    );
    assert_eq!(after[0]["fields"]["3"], "卖了房子，合同已拍照");
    assert_eq!(after[1]["id"], persons["id"]);

    // Another value is not what was explained.
    probe.tablet.sync_again(std::time::Duration::from_secs(60)).await.unwrap();
    let now = probe.tablet.view(id).unwrap();
    let patch = json!({ "kind": "patch", "fields": { "3": answers(9, 90_000_000) } });
    probe.push(&[probe.op("visit", id, Some(&now), patch)]).await;
    checks::run_due(stage.app()).await.unwrap();
    let again = findings(&stage, id).await;
    assert_eq!(rules(&again)[0], ("form/constraint", "/data/income", "open"));
    assert_eq!(again[0]["fields"]["3"], "卖了房子，合同已拍照", "what was said is still there");
    let path = format!("/api/v1/records/{}/history", again[0]["id"].as_str().unwrap());
    let mut supervisor = stage.person("supervisor").await;
    let history = supervisor.call(Method::GET, &path, None).await.unwrap();
    let authors: Vec<&Json> =
        history.as_array().unwrap().iter().map(|line| &line["op"]["author"]).collect();
    let cadre = json!(probe.tablet.machine().identity().author);
    assert_eq!(authors.iter().filter(|author| ***author == cadre).count(), 2);
    assert_eq!(authors[0], &json!(checks::CHECKER), "what the server found is the server's");
});

story!(a_visit_with_a_version_nobody_knows_is_kept_and_told, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let mut ids = Vec::new();
    for form in ["household_visit".to_owned(), "0".repeat(64)] {
        let id = RecordId(Uuid::now_v7());
        let fields = json!({ "2": form, "3": { "a": 1 }, "9": "submitted" });
        let op = probe.op("visit", id, None, json!({ "kind": "create", "fields": fields }));
        assert_eq!(kind(&probe.push(&[op]).await[0]), "applied");
        ids.push(id);
    }
    checks::run_due(stage.app()).await.unwrap();
    for id in ids {
        let found = findings(&stage, id).await;
        let household = ("record/required", "household", "open");
        assert_eq!(rules(&found), [("form/unknown-version", "", "open"), household]);
    }
});

story!(a_household_and_its_members_are_checked_by_rules_when_either_changes, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let (member, head) = (RecordId(Uuid::now_v7()), household.id);
    let phone = json!({ "kind": "patch", "fields": { "5": "12" } });
    let fields = json!({
        "1": head, "2": "王小明（虚构）", "3": "110105194912310021", "4": "resident", "5": "child",
    });
    let born = json!({ "kind": "create", "fields": fields });
    let ops = [
        probe.op("household", head, Some(&household), phone),
        probe.op("member", member, None, born),
    ];
    assert!(probe.push(&ops).await.iter().all(|one| kind(one) == "applied"));
    checks::run_due(stage.app()).await.unwrap();
    let of_household = findings(&stage, head).await;
    let phone = of_household.iter().find(|one| one["fields"]["2"] == "household/phone").unwrap();
    assert_eq!(phone["fields"]["8"], json!({ "phone": "12" }));
    assert_eq!(phone["fields"]["9"], "error");
    let of_member = findings(&stage, member).await;
    assert_eq!(rules(&of_member), [("household/member-citizen-id", "", "open")]);
    assert_eq!(of_member[0]["fields"]["8"]["citizen_id"], "110105194912310021");
    probe.tablet.sync_again(std::time::Duration::from_secs(60)).await.unwrap();
    // The tablet, without the server, comes to the same verdict in the same words.
    let today = stage.app().now().plus_seconds(8 * 3600).to_string();
    let mut there: Vec<Json> = of_household.iter().chain(&of_member).map(verdict).collect();
    let mut here: Vec<Json> = probe.tablet.findings(head, &today[..10]).iter().map(told).collect();
    there.sort_by_key(|one| one["id"].to_string());
    here.sort_by_key(|one| one["id"].to_string());
    assert_eq!(here, there);
    // What is mended is found no longer.
    let now = probe.tablet.view(member).unwrap();
    let right = json!({ "kind": "patch", "fields": { "3": "11010519491231002X" } });
    probe.push(&[probe.op("member", member, Some(&now), right)]).await;
    checks::run_due(stage.app()).await.unwrap();
    assert_eq!(rules(&findings(&stage, member).await)[0].2, "corrected");
});

story!(findings_go_where_their_household_goes, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let phone = json!({ "kind": "patch", "fields": { "5": "12" } });
    probe.push(&[probe.op("household", household.id, Some(&household), phone)]).await;
    checks::run_due(stage.app()).await.unwrap();
    let before = findings(&stage, household.id).await;
    assert!(!before.is_empty() && before.iter().all(|one| one["scope"] == VILLAGE));
    probe.tablet.sync_again(std::time::Duration::from_secs(60)).await.unwrap();
    let now = probe.tablet.view(household.id).unwrap();
    let other = format!("area:{}", ruhu::demo::VILLAGES[1].0);
    let away = json!({ "kind": "move", "to": other });
    let outcome = probe.push(&[probe.op("household", household.id, Some(&now), away)]).await;
    assert_eq!(kind(&outcome[0]), "applied");
    checks::run_due(stage.app()).await.unwrap();
    let after = findings(&stage, household.id).await;
    assert_eq!(rules(&after), rules(&before), "they say the same");
    assert!(after.iter().all(|one| one["scope"] == json!(other)), "{after:#?}");
});

story!(what_one_replica_left_due_another_does_and_nothing_is_doubled, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let ids: Vec<RecordId> = (0..5).map(|_| RecordId(Uuid::now_v7())).collect();
    let ops: Vec<Json> =
        ids.iter().map(|id| visit(&probe, *id, &json!({ "consent": "given" }))).collect();
    probe.push(&ops).await;
    let other = stage.another_replica().await;
    let (one, two) = tokio::join!(checks::run_due(stage.app()), checks::run_due(&other.app));
    assert!(one.unwrap() + two.unwrap() >= 5);
    for id in ids {
        let found = findings(&stage, id).await;
        assert_eq!(found.len(), 8, "{:?}", rules(&found));
        assert!(rules(&found).iter().all(|(rule, ..)| *rule == "form/required"));
    }
});

story!(the_rules_of_a_pack_are_run_and_a_new_version_looks_at_every_household, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(1);
    let rich = json!({ "kind": "patch", "fields": { "8": 900_000_000_i64 } });
    let count = json!({ "kind": "delta", "field": 13, "by": 1 });
    let ops =
        [rich, count].map(|change| probe.op("household", household.id, Some(&household), change));
    probe.push(&ops).await;
    checks::run_due(stage.app()).await.unwrap();
    let about_income = async || {
        let found = findings(&stage, household.id).await;
        found.into_iter().find(|one| one["fields"]["2"] == "monitoring/income-per-person")
    };
    let found = about_income().await.expect("the pack's rule is run");
    assert_eq!((&found["fields"]["9"], &found["fields"]["11"]), (&json!("doubt"), &json!(true)));
    assert_eq!(found["fields"]["8"]["yearly_income"], 900_000_000);

    // The county allows more from now on.
    let mut packs = ruhu::packs::embedded_packs().unwrap();
    let mut pack = packs.remove("anti-return-monitoring").unwrap();
    let rules = &mut pack.rules[0];
    let published = rules.version;
    rules.version += 1;
    rules.rules.retain(|rule| rule.id != "income-per-person");
    let same_version = {
        let mut changed = pack.clone();
        changed.rules[0].version = published;
        changed
    };
    let now = stage.app().now();
    let install = async |pack: mobile_schema::pack::Pack| {
        let database = &stage.app().database;
        database.write(move |connection| ruhu::packs::install(connection, &pack, now)).await
    };
    let refused = install(same_version).await.unwrap_err();
    assert!(refused.to_string().contains("raise the version"), "{refused}");
    pack.manifest.version += 1;
    install(pack).await.unwrap();
    assert!(checks::run_due(stage.app()).await.unwrap() > 300, "every household is due");
    assert_eq!(about_income().await.unwrap()["fields"]["4"], "corrected");
});

story!(a_server_that_dies_after_a_push_leaves_its_checks_to_the_next, async |stage| {
    let (arguments, environment) = stage.process_settings();
    let mut probe = Probe::new(&stage, "cadre").await;
    let (before, after) = (RecordId(Uuid::now_v7()), RecordId(Uuid::now_v7()));
    let wrong = json!({ "consent": "perhaps" });
    let first = ServerProcess::start(&arguments, &environment);
    probe.tablet.client().move_to(first.address());
    let op = visit(&probe, before, &wrong);
    assert_eq!(kind(&probe.push(&[op]).await[0]), "applied");
    first.kill();
    let next = ServerProcess::start(&arguments, &environment);
    probe.tablet.client().move_to(next.address());
    let token = probe.tablet.client().access_token().to_owned();
    let mut events = Events::open(next.address(), "/sync/v1/live", &token).await;
    let op = visit(&probe, after, &wrong);
    probe.push(&[op]).await;
    // A tablet does not hear of what it did itself, but of what is found in it. The one that was
    // due before may be held for a moment by the server that died.
    while findings(&stage, before).await.is_empty() || findings(&stage, after).await.is_empty() {
        events.until(VILLAGE).await;
    }
    for id in [before, after] {
        assert_eq!(rules(&findings(&stage, id).await), [("form/choice", "/data/consent", "open")]);
    }
});

story!(a_visit_whose_list_cannot_be_read_now_waits_and_holds_up_no_other, async |stage| {
    let mut admin = stage.person("admin").await;
    let (form, version) = upload(&stage, &admin, "1", "persons").await;
    let sample = json!({ "head": "王", "well": "w1" });
    assert_eq!(try_out(&mut admin, &form, &version, sample).await["passed"], true);
    release(&mut admin, &form, Some(&version), &county()).await.unwrap();
    let mut probe = Probe::new(&stage, "cadre").await;
    let (waits, goes_on) = (RecordId(Uuid::now_v7()), RecordId(Uuid::now_v7()));
    let fields = json!({ "2": version, "3": { "head": "王", "well": "w9" }, "9": "submitted" });
    let op = probe.op("visit", waits, None, json!({ "kind": "create", "fields": fields }));
    probe.push(&[op]).await;
    let (arguments, environment) = stage.process_settings_without_media();
    let server = ServerProcess::start(&arguments, &environment);
    let token = probe.tablet.client().access_token().to_owned();
    let mut events = Events::open(server.address(), "/sync/v1/live", &token).await;
    probe.tablet.client().move_to(server.address());
    let op = visit(&probe, goes_on, &json!({ "consent": "perhaps" }));
    probe.push(&[op]).await;
    while findings(&stage, goes_on).await.is_empty() {
        events.until(VILLAGE).await;
    }
    server.kill();
    assert_eq!(findings(&stage, waits).await, [] as [Json; 0], "nobody knows its list");
    checks::run_due(stage.app()).await.unwrap();
    let household = ("record/required", "household", "open");
    let found = findings(&stage, waits).await;
    assert_eq!(rules(&found), [("form/choice", "/data/well", "open"), household]);
});
