//! The exchange: idempotence, chains, conflicts, scopes, feeds.

use std::collections::BTreeSet;

use harness::story;
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use uuid::Uuid;

use crate::probe::{FAR_VILLAGE, Probe, VILLAGE, kind, text};

story!(a_push_whose_answer_was_lost_is_stored_once, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let more = json!({ "kind": "delta", "field": 13, "by": 1 });
    let op = probe.op("household", household.id, Some(&household), more);
    let request = probe.request(1, &[op]);
    let first = probe.send(&request).await.unwrap();
    let again = probe.send(&request).await.unwrap();
    assert_eq!(first["outcomes"], again["outcomes"]);
    assert_eq!(kind(&first["outcomes"][0]), "applied");
    let persons = household.fields[&13].as_integer().unwrap();
    assert_eq!(probe.read(&stage, household.id).await["fields"]["13"], persons + 1);
});

story!(the_same_operation_in_another_life_of_the_tablet_is_not_applied_again, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let more = json!({ "kind": "delta", "field": 13, "by": 1 });
    let op = probe.op("household", household.id, Some(&household), more);
    let first = probe.push(std::slice::from_ref(&op)).await;
    (probe.incarnation, probe.next) = (Uuid::now_v7(), 1);
    assert_eq!(probe.push(&[op]).await, first);
});

story!(a_clone_is_told_to_fork_and_keeps_the_shared_past, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let (shared, ours) = (probe.address(&household, "一"), probe.address(&household, "二"));
    probe.push(&[shared.clone(), ours]).await;
    let theirs = probe.address(&household, "三");
    let request = probe.request(1, &[shared.clone(), theirs.clone()]);
    let answer = probe.send(&request).await.unwrap();
    assert_eq!((&answer["result"], &answer["seq"]), (&json!("fork"), &json!(2)));
    let mut request = probe.request(1, &[shared, theirs]);
    request["inherits"] = json!({ "incarnation": probe.incarnation, "before": 2 });
    request["incarnation"] = json!(Uuid::now_v7());
    let answer = probe.send(&request).await.unwrap();
    assert_eq!(answer["result"], "ok", "{answer}");
    assert_eq!(kind(&answer["outcomes"][1]), "conflict", "the other half's edit was not seen");
});

story!(a_hole_in_the_chain_and_a_strange_epoch_are_told, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let op = probe.address(&household, "一");
    probe.push(std::slice::from_ref(&op)).await;
    let later = probe.request(5, std::slice::from_ref(&op));
    let answer = probe.send(&later).await.unwrap();
    assert_eq!((&answer["result"], &answer["next"]), (&json!("gap"), &json!(2)));
    let mut strange = probe.request(2, &[op]);
    strange["epoch"] = json!("00000000000000ff");
    let answer = probe.send(&strange).await.unwrap();
    assert_eq!(answer["result"], "reset");
    assert_eq!(answer["epoch"], json!(stage.app().lineage.current()));
});

story!(one_operation_that_cannot_be_read_does_not_hold_up_the_others, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let (first, second) = (probe.household(0), probe.household(1));
    let mut unknown_field = probe.address(&first, "一");
    unknown_field["surprise"] = json!(true);
    let outcomes = probe
        .push(&[
            unknown_field,
            json!({ "collection": 7 }),
            json!("\u{0}"),
            probe.address(&first, "a\u{0}b"),
            probe.address(&second, "二"),
        ])
        .await;
    let kinds: Vec<_> = outcomes.iter().map(kind).collect();
    assert_eq!(
        kinds,
        [
            "rejected(malformed)",
            "rejected(malformed)",
            "rejected(malformed)",
            "rejected(value)",
            "applied",
        ]
    );
    let mut supervisor = stage.person("supervisor").await;
    let held = supervisor.call(reqwest::Method::GET, "/api/v1/quarantine", None).await.unwrap();
    let kept = held.as_array().unwrap().iter().find(|held| held["reason"] == "value").unwrap();
    assert_eq!(kept["op"]["change"]["fields"]["4"], "a\u{0}b", "the bytes are kept");
});

story!(two_tablets_change_one_address_and_both_values_are_kept, async |stage| {
    let (mut one, mut two) =
        (Probe::new(&stage, "cadre").await, Probe::new(&stage, "cadre2").await);
    let household = one.household(0);
    let op = one.address(&household, "三组 1 号");
    assert_eq!(kind(&one.push(&[op]).await[0]), "applied");
    let op = two.address(&household, "五组 2 号");
    let outcome = two.push(&[op]).await.remove(0);
    assert_eq!(kind(&outcome), "conflict");
    let conflict: RecordId = outcome["conflicts"][0].as_str().unwrap().parse().unwrap();
    // The cadre who lost sees it on the tablet.
    one.tablet.sync_again(std::time::Duration::from_secs(60)).await.unwrap();
    let row = one.tablet.view(conflict).expect("the conflict is in the village's scope");
    let loser = row.fields[&6].get("values").unwrap().get("4").unwrap();
    assert_eq!(loser.as_text(), Some("三组 1 号"));
    let shown = one.tablet.view(household.id).unwrap();
    assert_eq!(text(&shown, 4), "五组 2 号");
    // A person settles it, on a tablet.
    let resolve =
        json!({ "kind": "resolve", "choice": { "choice": "swap" }, "reason": "问过户主" });
    let op = two.op("conflict", conflict, None, resolve);
    assert_eq!(kind(&two.push(&[op]).await[0]), "applied");
    assert_eq!(one.read(&stage, household.id).await["fields"]["4"], "三组 1 号");
    assert_eq!(one.read(&stage, conflict).await["status"], "swapped");
});

story!(a_push_outside_the_scopes_waits_for_a_person_and_tells_nothing, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let far = far_household(&stage).await;
    let mut foreign =
        probe.op("household", far.0, None, json!({ "kind": "patch", "fields": { "4": "改" } }));
    foreign["base"] = far.1["version"].clone();
    let mut elsewhere =
        probe.op("task", RecordId(Uuid::now_v7()), None, json!({ "kind": "create", "fields": {} }));
    elsewhere["scope"] = json!(FAR_VILLAGE);
    let stolen = json!({ "kind": "move", "to": VILLAGE });
    let stolen = probe.op("household", far.0, None, stolen);
    let request = probe.request(1, &[foreign, elsewhere, stolen]);
    let answer = probe.send(&request).await.unwrap();
    let kinds: Vec<_> = answer["outcomes"].as_array().unwrap().iter().map(kind).collect();
    assert_eq!(kinds, ["parked(scope)"; 3]);
    assert!(!answer.to_string().contains(far.1["title"].as_str().unwrap()), "a name got out");
    let after = far_household(&stage).await;
    assert_eq!(after.1, far.1, "nothing was changed");
});

/// A household that no demo cadre may see, as the admin reads it.
async fn far_household(stage: &harness::Stage) -> (RecordId, Json) {
    let mut admin = stage.person("admin").await;
    let path = "/api/v1/records?collection=household&limit=500";
    let page = admin.call(reqwest::Method::GET, path, None).await.unwrap();
    let far = page["items"].as_array().unwrap().iter().find(|item| item["scope"] == FAR_VILLAGE);
    let far = far.expect("the demo has one").clone();
    (far["id"].as_str().unwrap().parse().unwrap(), far)
}

story!(a_village_comes_page_by_page_without_a_hole, async |stage| {
    let mut probe = Probe::new(&stage, "cadre2").await;
    let mut cursors = json!({});
    let mut seen = BTreeSet::new();
    let mut pages = 0;
    loop {
        let mut request = probe.request(1, &[]);
        request["cursors"] = cursors.clone();
        let answer = probe.send(&request).await.unwrap();
        assert!(answer.to_string().len() < 16_000, "a page of about 4 KiB");
        let Some(feed) = answer["feeds"].get(VILLAGE) else { break };
        pages += 1;
        for row in feed["rows"].as_array().unwrap() {
            assert!(seen.insert(row["id"].to_string()), "a row came twice");
        }
        cursors[VILLAGE] = feed["cursor"].clone();
        if feed.get("more").is_none() {
            break;
        }
    }
    // 52 households, 207 members, one task.
    assert_eq!(seen.len(), 260);
    assert!(pages > 20, "{pages} pages");
});

story!(a_record_that_moves_leaves_one_village_and_arrives_in_the_other, async |stage| {
    let (mut one, mut two) =
        (Probe::new(&stage, "cadre").await, Probe::new(&stage, "cadre2").await);
    let household = one.household(0);
    let second = "area:529901100202";
    let op = one.op(
        "household",
        household.id,
        Some(&household),
        json!({ "kind": "move", "to": second }),
    );
    assert_eq!(kind(&one.push(&[op]).await[0]), "applied");
    let limit = std::time::Duration::from_secs(60);
    one.tablet.sync_again(limit).await.unwrap();
    two.tablet.sync_again(limit).await.unwrap();
    let scope = one.tablet.machine().scope_of(household.id).map(ToString::to_string);
    assert_eq!(scope.as_deref(), Some(second));
    assert!(two.tablet.view(household.id).is_none(), "this cadre does not have that village");
});

story!(a_deleted_record_is_gone_everywhere_and_stays_gone, async |stage| {
    let (mut one, mut two) =
        (Probe::new(&stage, "cadre").await, Probe::new(&stage, "cadre2").await);
    let household = one.household(0);
    one.delete(&stage, &household).await;
    let late = two.address(&household, "迟到");
    assert_eq!(kind(&two.push(&[late]).await[0]), "parked(deleted)");
    two.tablet.sync_again(std::time::Duration::from_secs(60)).await.unwrap();
    assert!(two.tablet.view(household.id).is_none());
});

story!(many_writers_in_one_village_leave_no_hole_for_a_reader, async |stage| {
    let mut reader = Probe::new(&stage, "cadre2").await;
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..8_usize {
        let mut probe = Probe::new(&stage, "cadre").await;
        writers.spawn(async move {
            for round in 0..10_usize {
                let household = probe.household((number + round) % 16);
                let more = json!({ "kind": "delta", "field": 13, "by": 1 });
                let op = probe.op("household", household.id, Some(&household), more);
                let kind = kind(&probe.push(&[op]).await[0]);
                assert!(kind == "applied" || kind == "merged", "{kind}");
            }
        });
    }
    let limit = std::time::Duration::from_secs(60);
    while !writers.is_empty() {
        reader.tablet.sync_again(limit).await.unwrap();
        while let Some(done) = writers.try_join_next() {
            done.unwrap();
        }
    }
    reader.tablet.sync_again(limit).await.unwrap();
    let mut admin = stage.person("admin").await;
    let path = "/api/v1/records?collection=household&limit=500";
    let page = admin.call(reqwest::Method::GET, path, None).await.unwrap();
    let mut counted = 0;
    for item in page["items"].as_array().unwrap().iter().filter(|item| item["scope"] == VILLAGE) {
        let row = reader.tablet.view(item["id"].as_str().unwrap().parse().unwrap()).unwrap();
        assert_eq!(json!(row.fields[&13]), item["fields"]["13"], "the reader missed a change");
        counted += item["fields"]["13"].as_i64().unwrap();
    }
    // 207 people, and 80 times one more.
    assert_eq!(counted, 207 + 80);
});

story!(every_version_is_in_the_history_with_the_operation_that_made_it, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let ops = [probe.address(&household, "一"), probe.address(&household, "二")];
    probe.push(&ops).await;
    let mut supervisor = stage.person("supervisor").await;
    let path = format!("/api/v1/records/{}/history", household.id);
    let history = supervisor.call(reqwest::Method::GET, &path, None).await.unwrap();
    let lines = history.as_array().unwrap();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["op"]["change"]["kind"], "create");
    assert_eq!(lines[1]["op"]["change"]["fields"]["4"], "一");
    assert_eq!(lines[2]["n"], 3);
});

story!(an_exchange_may_be_compressed_both_ways, async |stage| {
    use std::io::{Read, Write};
    let mut probe = Probe::new(&stage, "cadre").await;
    let token = probe.tablet.client().access_token().to_owned();
    let body = probe.request(1, &[]).to_string().into_bytes();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&body).unwrap();
    let zstd = zstd::encode_all(body.as_slice(), 3).unwrap();
    let mut answers = Vec::new();
    for (encoding, body) in [("identity", body), ("gzip", gzip.finish().unwrap()), ("zstd", zstd)] {
        let response = reqwest::Client::new()
            .post(format!("{}/sync/v1/sync", stage.address()))
            .bearer_auth(&token)
            .header("Content-Type", "application/json")
            .header("Content-Encoding", encoding)
            .header("Accept-Encoding", encoding)
            .body(body)
            .send()
            .await
            .unwrap();
        let packed_as = response.headers().get("Content-Encoding").cloned();
        let packed = response.bytes().await.unwrap();
        let mut json = Vec::new();
        match encoding {
            "gzip" => drop(flate2::read::GzDecoder::new(&*packed).read_to_end(&mut json).unwrap()),
            "zstd" => json = zstd::decode_all(&*packed).unwrap(),
            _ => json.extend_from_slice(&packed),
        }
        assert_eq!(packed_as.is_some(), encoding != "identity");
        assert!(encoding == "identity" || packed.len() * 2 < json.len(), "it is much smaller");
        let answer: Json = serde_json::from_slice(&json).unwrap();
        answers.push(answer["feeds"].clone());
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
});
