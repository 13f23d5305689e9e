//! People decide in a browser: conflicts, and operations that wait.

use harness::story;
use reqwest::Method;
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use tablets::{Client, ClientError};

use crate::probe::{FAR_VILLAGE, Probe, VILLAGE, kind, text};

const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

/// Two cadres give one household another address; gives the conflict.
async fn clash(one: &mut Probe, two: &mut Probe) -> RecordId {
    let household = one.household(0);
    let op = one.address(&household, "三组 1 号");
    assert_eq!(kind(&one.push(&[op]).await[0]), "applied");
    let op = two.address(&household, "五组 2 号");
    let outcome = two.push(&[op]).await.remove(0);
    assert_eq!(kind(&outcome), "conflict");
    outcome["conflicts"][0].as_str().unwrap().parse().unwrap()
}

async fn post(client: &mut Client, path: &str, body: Json) -> Result<Json, ClientError> {
    client.call(Method::POST, path, Some(&body)).await
}

story!(a_conflict_is_shown_with_what_was_before_and_settled_in_a_browser, async |stage| {
    let (mut one, mut two) =
        (Probe::new(&stage, "cadre").await, Probe::new(&stage, "cadre2").await);
    let household = one.household(0);
    let before = text(&household, 4);
    let conflict = clash(&mut one, &mut two).await;
    let mut supervisor = stage.person("supervisor").await;
    let open = supervisor.call(Method::GET, "/api/v1/conflicts?state=open", None).await.unwrap();
    assert_eq!(open["items"][0]["id"], json!(conflict));
    let path = format!("/api/v1/conflicts/{conflict}");
    let shown = supervisor.call(Method::GET, &path, None).await.unwrap();
    assert_eq!(shown["before"]["4"], before);
    assert_eq!(shown["winner"]["values"]["4"], "五组 2 号");
    assert_eq!(shown["loser"]["values"]["4"], "三组 1 号");
    assert_eq!(shown["loser"]["author_name"], "村干部甲（虚构）");
    assert_eq!(shown["record"], json!(household.id));

    // The cadre's tablet is told as well, while it may see the village.
    let told = format!("/sync/v1/conflicts/{conflict}");
    let shown_there = one.tablet.client().call(Method::GET, &told, None).await.unwrap();
    assert_eq!(
        (&shown_there["before"], &shown_there["loser"]),
        (&shown["before"], &shown["loser"])
    );
    let device = two.tablet.machine().identity().device;
    let mut admin = stage.person("admin").await;
    post(&mut admin, &format!("/api/v1/devices/{device}/block"), json!({})).await.unwrap();
    let refused = two.tablet.client().call(Method::GET, &told, None).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
    post(&mut admin, &format!("/api/v1/devices/{device}/release"), json!({})).await.unwrap();

    let settle = format!("{path}/settle");
    let body = |version: &Json, reason: &str| json!({ "version": version, "choice": "swap", "reason": reason });
    let silent = post(&mut supervisor, &settle, body(&shown["version"], " ")).await;
    assert_eq!(silent.unwrap_err().kind(), "malformed", "a reason is asked for");
    let mut stale = shown["version"].clone();
    stale[1] = json!(0);
    let refused = post(&mut supervisor, &settle, body(&stale, "问过户主")).await;
    assert_eq!(refused.unwrap_err().kind(), "stale-view");
    let settled =
        post(&mut supervisor, &settle, body(&shown["version"], "问过户主")).await.unwrap();
    assert_eq!(settled["conflict"]["state"], "swapped");
    assert_eq!(settled["conflict"]["resolution"]["reason"], "问过户主");
    let twice = post(&mut supervisor, &settle, body(&shown["version"], "再来")).await;
    assert_eq!(twice.unwrap_err().kind(), "stale-view");
    let again = post(&mut supervisor, &settle, {
        json!({ "version": settled["conflict"]["version"], "choice": "keep", "reason": "改主意" })
    });
    let again = again.await.unwrap_err();
    assert_eq!(again.kind(), "not-applicable", "it is settled otherwise");
    // The tablets learn of it like of any change.
    one.tablet.sync_again(LIMIT).await.unwrap();
    assert_eq!(text(&one.tablet.view(household.id).unwrap(), 4), "三组 1 号");
    let row = one.tablet.view(conflict).unwrap();
    assert_eq!(row.fields[&7].as_text(), Some("swapped"));
    let history = format!("/api/v1/records/{}/history", household.id);
    let history = supervisor.call(Method::GET, &history, None).await.unwrap();
    let last = history.as_array().unwrap().last().unwrap();
    assert_eq!(last["op"]["change"]["kind"], "resolve");
});

story!(two_supervisors_who_settle_at_once_do_not_both_win, async |stage| {
    let (mut one, mut two) =
        (Probe::new(&stage, "cadre").await, Probe::new(&stage, "cadre2").await);
    let conflict = clash(&mut one, &mut two).await;
    let (mut first, mut second) = (stage.person("supervisor").await, stage.person("admin").await);
    let path = format!("/api/v1/conflicts/{conflict}");
    let seen = first.call(Method::GET, &path, None).await.unwrap()["version"].clone();
    let settle = format!("{path}/settle");
    let keep = json!({ "version": seen, "choice": "keep", "reason": "甲" });
    let swap = json!({ "version": seen, "choice": "swap", "reason": "乙" });
    let (kept, swapped) =
        tokio::join!(post(&mut first, &settle, keep), post(&mut second, &settle, swap));
    let won = [&kept, &swapped].iter().filter(|one| one.is_ok()).count();
    assert_eq!(won, 1, "{kept:?} {swapped:?}");
    let lost = [kept, swapped].into_iter().find_map(Result::err).unwrap();
    assert!(["stale-view", "not-applicable"].contains(&lost.kind()), "{lost}");
});

story!(what_was_parked_is_applied_or_discarded_by_a_person, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let mut deleted = probe.household(0);
    probe.delete(&stage, &deleted).await;
    deleted.version.n += 1;
    let late = probe.address(&deleted, "迟到");
    let mut foreign = probe.op(
        "task",
        RecordId(uuid::Uuid::now_v7()),
        None,
        json!({ "kind": "create", "fields": {} }),
    );
    foreign["scope"] = json!(FAR_VILLAGE);
    let outcomes = probe.push(&[late, foreign.clone(), json!("rubbish")]).await;
    let kinds: Vec<_> = outcomes.iter().map(kind).collect();
    assert_eq!(kinds, ["parked(deleted)", "parked(scope)", "rejected(malformed)"]);

    let mut supervisor = stage.person("supervisor").await;
    let held = supervisor.call(Method::GET, "/api/v1/quarantine", None).await.unwrap();
    let reasons: Vec<_> =
        held.as_array().unwrap().iter().map(|one| one["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons.iter().filter(|reason| **reason == "scope").count(), 0, "another township");
    let place = |held: &Json, reason: &str| {
        let one = held.as_array().unwrap().iter().find(|one| one["reason"] == reason).unwrap();
        let (incarnation, seq) = (one["incarnation"].as_str().unwrap(), &one["seq"]);
        format!("/api/v1/quarantine/{incarnation}/{seq}/settle")
    };
    let apply = json!({ "decision": "apply", "reason": "核实过" });
    let refused = post(&mut supervisor, &place(&held, "deleted"), apply.clone()).await.unwrap_err();
    assert_eq!(refused.kind(), "not-applicable", "nothing brings a deleted record back");
    let malformed = place(&held, "malformed");
    let refused = post(&mut supervisor, &malformed, apply.clone()).await.unwrap_err();
    assert_eq!(refused.kind(), "not-applicable", "it was never an operation");
    let unread = json!({ "decision": "discard", "reason": "平板损坏" });
    let mut neighbour = stage.neighbour().await;
    let hidden = post(&mut neighbour, &malformed, unread.clone()).await.unwrap_err();
    assert_eq!(hidden.kind(), "not-found", "its tablet works in another county");
    post(&mut supervisor, &malformed, unread.clone()).await.unwrap();
    let hidden = post(&mut neighbour, &malformed, unread).await.unwrap_err();
    assert_eq!(hidden.kind(), "not-found", "nor do they learn that it is settled");
    let discard = json!({ "decision": "discard", "reason": "户已注销" });
    post(&mut supervisor, &place(&held, "deleted"), discard.clone()).await.unwrap();
    let twice = post(&mut supervisor, &place(&held, "deleted"), discard).await.unwrap_err();
    assert_eq!(twice.kind(), "settled-already");

    // The admin of both townships puts the task where it belongs.
    let mut admin = stage.person("admin").await;
    let held = admin.call(Method::GET, "/api/v1/quarantine", None).await.unwrap();
    let rescoped = json!({ "decision": "apply", "scope": VILLAGE, "reason": "应属本村" });
    let done = post(&mut admin, &place(&held, "scope"), rescoped).await.unwrap();
    assert_eq!(kind(&done["outcomes"][0]), "applied");
    let record = foreign["record"].as_str().unwrap().parse().unwrap();
    let task = probe.read(&stage, record).await;
    assert_eq!(task["scope"], VILLAGE);
    let settled = admin.call(Method::GET, "/api/v1/quarantine?settled=true", None).await.unwrap();
    let kept = settled.as_array().unwrap().iter().find(|one| one["settlement"] == "discarded");
    assert_eq!(kept.unwrap()["op"]["change"]["fields"]["4"], "迟到", "the bytes stay");
});

story!(what_came_at_one_moment_is_listed_page_by_page_without_a_hole, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let rubbish: Vec<_> = (0..5).map(|number| json!({ "rubbish": number })).collect();
    probe.push(&rubbish).await;
    let mut supervisor = stage.person("supervisor").await;
    let mut seen = Vec::new();
    let mut path = "/api/v1/quarantine?limit=2&reason=核对".to_owned();
    loop {
        let page = supervisor.call(Method::GET, &path, None).await.unwrap();
        let lines = page.as_array().unwrap();
        seen.extend(lines.iter().map(|one| one["op"]["rubbish"].as_u64().unwrap()));
        let Some(last) = lines.last() else { break };
        let incarnation = last["incarnation"].as_str().unwrap();
        path =
            format!("/api/v1/quarantine?limit=2&reason=核对&after={incarnation}/{}", last["seq"]);
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4]);
    let bad = supervisor.call(Method::GET, "/api/v1/quarantine?after=rubbish", None).await;
    assert_eq!(bad.unwrap_err().kind(), "malformed");
});

story!(an_amendment_of_an_approved_visit_waits_for_a_person, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let id = RecordId(uuid::Uuid::now_v7());
    let create = json!({ "kind": "create", "fields": { "9": "submitted", "10": "月度走访" } });
    let made = probe.op("visit", id, None, create);
    probe.push(&[made]).await;
    let mut supervisor = stage.person("supervisor").await;
    let seen = probe.read(&stage, id).await["version"].clone();
    let approved = json!({ "version": seen, "verdict": "approved", "reason": "看过" });
    post(&mut supervisor, &format!("/api/v1/visits/{id}/decisions"), approved).await.unwrap();
    let amendment = json!({ "kind": "patch", "fields": { "10": "补充说明" } });
    let amendment = probe.op("visit", id, None, amendment);
    let kinds: Vec<_> = probe.push(&[amendment]).await.iter().map(kind).collect();
    assert_eq!(kinds, ["parked(locked)"]);
    let held = supervisor.call(Method::GET, "/api/v1/quarantine", None).await.unwrap();
    let path = format!(
        "/api/v1/quarantine/{}/{}/settle",
        held[0]["incarnation"].as_str().unwrap(),
        held[0]["seq"]
    );
    let apply = json!({ "decision": "apply", "reason": "情况属实" });
    post(&mut supervisor, &path, apply).await.unwrap();
    assert_eq!(probe.read(&stage, id).await["fields"]["10"], "补充说明");
    let history =
        supervisor.call(Method::GET, &format!("/api/v1/records/{id}/history"), None).await.unwrap();
    let last = history.as_array().unwrap().last().unwrap();
    let cadre = json!(probe.tablet.machine().identity().author);
    assert_eq!(last["op"]["author"], cadre, "it is the cadre's work");
    assert_ne!(last["pushed_by"], cadre, "and somebody else let it through");
});
