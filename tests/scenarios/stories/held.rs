//! What had no effect: it keeps nothing else back, waits no longer than it must, and is taken over,
//! corrected or put aside by a person.

use std::process::Command;
use std::sync::Arc;

use harness::{Stage, ruhu_binary, story};
use reqwest::Method;
use ruhu::{checks, jobs};
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use tablets::{Client, ClientError};
use uuid::Uuid;

use crate::probe::{Probe, kind};

fn fresh() -> RecordId {
    RecordId(Uuid::now_v7())
}

/// A visit as a tablet makes it.
fn visit(probe: &Probe, id: RecordId, household: RecordId) -> Json {
    let fields = json!({ "1": household, "9": "submitted", "10": "月度走访" });
    probe.op("visit", id, None, json!({ "kind": "create", "fields": fields }))
}

/// Operations in one group, whatever they are about: as tablets sent them until November 2026.
fn in_one_group(mut ops: Vec<Json>) -> Vec<Json> {
    let group = json!({ "id": Uuid::now_v7(), "size": ops.len() });
    for op in &mut ops {
        op["group"] = group.clone();
    }
    ops
}

fn kinds(outcomes: &[Json]) -> Vec<String> {
    outcomes.iter().map(kind).collect()
}

async fn held(client: &mut Client) -> Vec<Json> {
    let path = "/api/v1/quarantine?settled=true&reason=核对";
    let all = client.call(Method::GET, path, None).await.unwrap();
    all.as_array().unwrap().clone()
}

async fn settle(client: &mut Client, one: &Json, body: &Json) -> Result<Json, ClientError> {
    let (incarnation, seq) = (one["incarnation"].as_str().unwrap(), &one["seq"]);
    let path = format!("/api/v1/quarantine/{incarnation}/{seq}/settle");
    client.call(Method::POST, &path, Some(body)).await
}

story!(a_visit_is_never_held_back_and_what_waits_is_put_right_by_a_person, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let (first, second) = (fresh(), fresh());
    let made = visit(&probe, first, household.id);
    probe.push(&[made]).await;

    // The form moves a status along no way there is, and says too much of an address.
    let moved =
        json!({ "kind": "transition", "field": 9, "from": "returned", "to": "resubmitted" });
    let group = in_one_group(vec![
        visit(&probe, second, household.id),
        probe.address(&household, &"长".repeat(5_000)),
        probe.op("visit", first, None, moved),
    ]);
    let outcomes = probe.push(&group).await;
    assert_eq!(kinds(&outcomes), ["applied", "parked(schema)", "conflict"]);
    let kept = probe.read(&stage, second).await;
    assert_eq!(kept["status"], "submitted", "the visit is there");
    assert_eq!(probe.read(&stage, first).await["status"], "submitted", "no status moved");
    // What can't be read at all is no reason either.
    let third = fresh();
    let mut group = in_one_group(vec![visit(&probe, third, household.id), json!({})]);
    group[1] = json!({ "rubbish": true });
    assert_eq!(kinds(&probe.push(&group).await), ["applied", "rejected(malformed)"]);

    // A person puts the address right, in their own name.
    let mut supervisor = stage.person("supervisor").await;
    let all = held(&mut supervisor).await;
    let long = all.iter().find(|one| one["reason"] == "schema").unwrap();
    assert_eq!((&long["applicable"], &long["is_there"]), (&json!(true), &json!(true)));
    assert!(long["by"].is_string() && long["village"].is_string(), "{long}");
    let as_it_is = json!({ "decision": "apply", "reason": "核实过" });
    let refused = settle(&mut supervisor, long, &as_it_is).await.unwrap_err();
    assert_eq!(refused.kind(), "not-applicable", "it fits no better now");
    let right = json!([{ "seq": long["seq"], "field": 4, "value": "三组 9 号" }]);
    let corrected = json!({ "decision": "apply", "reason": "已与户主核对", "corrections": right });
    settle(&mut supervisor, long, &corrected).await.unwrap();
    let now = probe.read(&stage, household.id).await;
    assert_eq!(now["fields"]["4"], "三组 9 号");
    let path = format!("/api/v1/records/{}/history?reason=核对", household.id);
    let history = supervisor.call(Method::GET, &path, None).await.unwrap();
    let last = history.as_array().unwrap().last().unwrap();
    assert_eq!(last["op"]["author"], last["pushed_by"], "who corrects it answers for it");
    let long = held(&mut supervisor).await.into_iter().find(|one| one["reason"] == "schema");
    let long = long.unwrap();
    assert_eq!(long["settlement"], "applied");
    assert_eq!(long["op"]["change"]["fields"]["4"], "长".repeat(5_000), "what came is kept");

    // What no database can hold is taken over without it; a tablet still decides about no visit.
    let nul = probe.address(&household, "a\u{0}b");
    let decided =
        json!({ "kind": "transition", "field": 9, "from": "submitted", "to": "approved" });
    let decided = probe.op("visit", first, None, decided);
    let outcomes = probe.push(&[nul, decided]).await;
    assert_eq!(kinds(&outcomes), ["rejected(value)", "parked(role)"]);
    let all = held(&mut supervisor).await;
    let of = |reason: &str| all.iter().find(|one| one["reason"] == reason).unwrap();
    let done = settle(&mut supervisor, of("value"), &as_it_is).await.unwrap();
    assert!(["applied", "conflict"].contains(&kind(&done["outcomes"][0]).as_str()), "{done}");
    assert_eq!(of("role")["applicable"], false);
    let refused = settle(&mut supervisor, of("role"), &as_it_is).await.unwrap_err();
    assert_eq!(refused.kind(), "not-applicable");
});

story!(what_waits_for_a_record_takes_effect_when_it_arrives, async |stage| {
    let (mut one, mut two) =
        (Probe::new(&stage, "cadre").await, Probe::new(&stage, "cadre2").await);
    let (late, gone) = (fresh(), fresh());
    let note = |probe: &Probe, id| {
        let change = json!({ "kind": "add", "field": 12, "element": "先到的备注" });
        probe.op("household", id, None, change)
    };
    let water = json!({ "kind": "add", "field": 10, "element": "water" });
    let group = in_one_group(vec![note(&two, late), two.op("household", late, None, water)]);
    assert_eq!(kinds(&two.push(&group).await), ["parked(unknown)"; 2]);
    let alone = note(&two, gone);
    assert_eq!(kinds(&two.push(&[alone]).await), ["parked(unknown)"]);
    jobs::run_due(stage.app()).await.unwrap();
    let mut supervisor = stage.person("supervisor").await;
    let waiting = held(&mut supervisor).await;
    assert_eq!(waiting.len(), 3, "{waiting:?}");
    assert!(waiting.iter().all(|one| one["settlement"].is_null()), "nothing has arrived");

    let made = |probe: &Probe, id| {
        let fields = json!({ "1": "王（虚构）", "12": [] });
        probe.op("household", id, None, json!({ "kind": "create", "fields": fields }))
    };
    let ops = [made(&one, late), made(&one, gone)];
    assert_eq!(kinds(&one.push(&ops).await), ["applied"; 2]);
    one.tablet.sync_again(std::time::Duration::from_secs(60)).await.unwrap();
    let made = one.tablet.view(gone).unwrap();
    one.delete(&stage, &made).await;
    jobs::run_due(stage.app()).await.unwrap();
    let now = one.read(&stage, late).await;
    assert_eq!(now["fields"]["10"], json!(["water"]));
    let notes = now["fields"]["12"].as_array().unwrap();
    let author = json!(two.tablet.machine().identity().author);
    assert_eq!((notes.len(), &notes[0]["author"]), (1, &author), "it is the cadre's word");
    let all = held(&mut supervisor).await;
    let about = |id: RecordId| all.iter().filter(move |one| one["record"] == json!(id));
    assert_eq!(about(late).count(), 2);
    assert!(about(late).all(|one| one["settlement"] == "applied" && one["words"].is_null()));
    let other = about(gone).find(|one| one["reason"] == "deleted").unwrap();
    assert_eq!(other["settlement"], Json::Null);
    // Pushed again, it comes to what it came to; and nothing is applied twice.
    assert_eq!(kinds(&two.push(&group).await), ["parked(unknown)"; 2]);
    jobs::run_due(stage.app()).await.unwrap();
    let again = one.read(&stage, late).await;
    assert_eq!(again["fields"], now["fields"]);
});

async fn doctor(stage: &Arc<Stage>, more: &'static [&'static str]) -> String {
    let (_, environment) = stage.process_settings();
    let ran = tokio::task::spawn_blocking(move || {
        Command::new(ruhu_binary())
            .args(["doctor", "records"])
            .args(more)
            .envs(environment)
            .env("LC_ALL", "zh_CN.UTF-8")
            .output()
            .unwrap()
    });
    let output = ran.await.unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    told
}

story!(what_was_kept_wrongly_is_listed_and_lost_visits_are_taken_in, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    // Half of a group was never taken in: so visits were lost, and are kept whole.
    let (lost, task, member) = (fresh(), fresh(), fresh());
    let mut half = in_one_group(vec![
        visit(&probe, lost, household.id),
        probe.op("household", household.id, None, json!({ "kind": "delta", "field": 13, "by": 1 })),
    ]);
    for op in &mut half {
        op["group"]["size"] = json!(3);
    }
    assert_eq!(kinds(&probe.push(&half).await), ["rejected(group)"; 2]);
    let create = |fields: Json| json!({ "kind": "create", "fields": fields });
    let status = probe.tablet.catalogue().current("task").unwrap().1;
    let status = status.field_named("status").unwrap().id.to_string();
    let ops = [
        probe.op("task", task, None, create(json!({ status.as_str(): "archived" }))),
        probe.op("member", member, None, create(json!({ "2": "王小（虚构）" }))),
    ];
    assert_eq!(kinds(&probe.push(&ops).await), ["applied"; 2]);

    let told = doctor(&stage, &[]).await;
    assert!(told.contains("没有生效的走访：1 次") && told.contains(&lost.to_string()), "{told}");
    assert!(told.contains("rejected(group)") && told.contains("--take-in"), "{told}");
    let lines = |what: &str| told.lines().filter(|line| line.contains(what)).collect::<String>();
    assert!(lines(&task.to_string()).contains("archived"), "{told}");
    assert!(lines(&member.to_string()).contains("member"), "{told}");

    let persons = probe.read(&stage, household.id).await["fields"]["13"].as_i64().unwrap();
    let told =
        doctor(&stage, &["--take-in", "--by", "supervisor", "--reason", "已向村里核实"]).await;
    assert!(told.contains(&lost.to_string()) && told.contains("已采用"), "{told}");
    let there = probe.read(&stage, lost).await;
    assert_eq!(there["status"], "submitted");
    let after = probe.read(&stage, household.id).await["fields"]["13"].as_i64().unwrap();
    assert_eq!(after, persons + 1, "what came with it took effect, too");
    assert!(doctor(&stage, &[]).await.contains("没有生效的走访：0 次"));
    let again =
        doctor(&stage, &["--take-in", "--by", "supervisor", "--reason", "已向村里核实"]).await;
    assert_eq!(again, "", "nothing is taken in twice");

    // A record that lacks what its register asks for is found, however it came.
    checks::run_due(stage.app()).await.unwrap();
    let mut supervisor = stage.person("supervisor").await;
    let found = required(&mut supervisor, member).await;
    assert_eq!(found.as_deref(), Some("open"));
    let row = json!({ "kind": "patch", "fields": { "1": household.id } });
    let mended = probe.op("member", member, None, row);
    probe.push(&[mended]).await;
    checks::run_due(stage.app()).await.unwrap();
    assert_eq!(required(&mut supervisor, member).await.as_deref(), Some("corrected"));
});

/// Where the finding stands that a record lacks something.
async fn required(supervisor: &mut Client, record: RecordId) -> Option<String> {
    let path = format!("/api/v1/records?collection=finding&subject={record}&reason=核对");
    let page = supervisor.call(Method::GET, &path, None).await.unwrap();
    let all = page["items"].as_array().unwrap().clone();
    let is_it = |one: &&Json| {
        one["fields"]["2"] == "record/required" && one["fields"]["1"] == json!(record)
    };
    let found = all.iter().find(is_it)?;
    Some(found["fields"]["4"].as_str()?.to_owned())
}
