//! What differs is found and mended; what is old is forgotten; copies go separate ways.

use std::fs;
use std::path::Path;
use std::time::Duration;

use harness::story;
use reqwest::Method;
use serde_json::{Value as Json, json};
use tablets::HeadlessTablet;

use crate::probe::{Probe, VILLAGE, kind, text};

const LIMIT: Duration = Duration::from_secs(60);

story!(
    a_row_that_a_failing_disk_has_changed_is_mended_and_nothing_else_is_fetched,
    async |stage| {
        let mut tablet = stage.tablet("cadre").await;
        let rows: Vec<_> = tablet.rows().cloned().collect();
        let (lost, changed) = (rows[3].clone(), rows[9].clone());
        tablet.damage(|stored, kept| {
            stored.holdings.remove(&lost.id);
            kept.remove(&lost.id);
            stored.holdings.get_mut(&changed.id).unwrap().version.n += 5;
            kept.get_mut(&changed.id).unwrap().fields.clear();
        });
        let before = tablet.tally;
        tablet.sync_at(stage.address(), LIMIT).await.unwrap();
        assert_eq!(tablet.view(lost.id), Some(lost));
        assert_eq!(tablet.view(changed.id), Some(changed));
        assert_eq!(tablet.rows().count(), rows.len());
        assert_eq!(tablet.tally.rows_down, before.rows_down, "no feed was read again");
        let received = tablet.attempts().rev().take(4).map(|attempt| attempt.traffic.received);
        assert!(received.sum::<u64>() < 40_000, "a part, not the village");
    }
);

story!(a_cursor_behind_the_horizon_starts_its_village_over_and_no_other, async |stage| {
    let (mut probe, mut away) = (Probe::new(&stage, "cadre").await, stage.tablet("cadre").await);
    let (gone, moved) = (probe.household(0), probe.household(1));
    let second = "area:529901100202";
    probe.delete(&stage, &gone).await;
    let leave = json!({ "kind": "move", "to": second });
    let leave = probe.op("household", moved.id, Some(&moved), leave);
    probe.push(&[leave]).await;
    let now = stage.app().now().plus_seconds(1);
    let stale = stage.app().read(move |connection| ruhu::sync::stale_scopes(connection, now));
    let mut forgotten = 0;
    for scopes in stale.await.unwrap() {
        let compact =
            stage.app().write(move |connection| ruhu::sync::compact(connection, &scopes, now));
        forgotten += compact.await.unwrap();
    }
    assert_eq!(forgotten, 2);
    let mut request = probe.request(3, &[]);
    request["cursors"] = json!({ VILLAGE: [5, 0], second: [5, 0] });
    let answer = probe.send(&request).await.unwrap();
    assert_eq!(answer["feeds"][VILLAGE]["reset"], true);
    assert_eq!(answer["feeds"][second].get("reset"), None, "nothing was forgotten there");
    away.sync_again(LIMIT).await.unwrap();
    assert!(away.view(gone.id).is_none());
    let scope = away.machine().scope_of(moved.id).map(ToString::to_string);
    assert_eq!(scope.as_deref(), Some(second));
    // A late edit still finds that the record was deleted, and its history is there.
    let late = probe.address(&gone, "迟到");
    assert_eq!(kind(&probe.push(&[late]).await[0]), "parked(deleted)");
    let mut admin = stage.person("admin").await;
    let history = format!("/api/v1/records/{}/history", gone.id);
    let history = admin.call(Method::GET, &history, None).await.unwrap();
    assert_eq!(history.as_array().unwrap().len(), 2);
});

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("blobs")).unwrap();
    for name in ["journal", "keys"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
    for blob in fs::read_dir(from.join("blobs")).unwrap() {
        let blob = blob.unwrap();
        fs::copy(blob.path(), to.join("blobs").join(blob.file_name())).unwrap();
    }
}

story!(two_tablets_on_copies_of_one_store_fork_and_lose_nothing, async |stage| {
    let (first, second) = (stage.tablet_folder(), stage.tablet_folder());
    let code = stage.enrolment_code("cadre").await;
    let mut one = HeadlessTablet::enrol(stage.address(), &first, &code, "原机").await.unwrap();
    one.sync_at(stage.address(), LIMIT).await.unwrap();
    one.go_offline().unwrap();
    let household = one.rows().find(|row| row.collection == "household").unwrap().clone();
    let visit = |tablet: &mut HeadlessTablet, number: u64| {
        let bytes = tablets::photo::invented(number, "2026:11:23 09:00:00", 26.2, 107.2);
        let photo = tablet.keep_photo(&bytes).unwrap();
        let drafts = tablets::day::visit(tablet, &household, photo, number);
        tablet.edit(drafts).unwrap();
    };
    visit(&mut one, 1);
    copy(&first, &second);
    let mut two = HeadlessTablet::open(stage.address(), &second).await.unwrap();
    two.go_offline().unwrap();
    visit(&mut one, 2);
    visit(&mut two, 3);
    one.sync_at(stage.address(), LIMIT).await.unwrap();
    two.sync_at(stage.address(), LIMIT).await.unwrap();
    one.sync_again(LIMIT).await.unwrap();
    let (ours, theirs) = (one.machine().identity(), two.machine().identity());
    assert_ne!(ours.incarnation, theirs.incarnation);
    assert_eq!(theirs.inherits.map(|shared| shared.incarnation), Some(ours.incarnation));
    assert_eq!(one.machine().digests(), two.machine().digests());
    let mut admin = stage.person("admin").await;
    let page = admin.call(Method::GET, "/api/v1/records?collection=visit", None).await.unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 3, "the shared one, and one of each");
});

story!(an_operation_twice_in_one_request_counts_once, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let persons = household.fields[&13].as_integer().unwrap();
    let more = json!({ "kind": "delta", "field": 13, "by": 1 });
    let op = probe.op("household", household.id, Some(&household), more);
    let outcomes = probe.push(&[op.clone(), op]).await;
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(probe.read(&stage, household.id).await["fields"]["13"], persons + 1);
});

story!(an_old_protocol_may_still_push, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let op = probe.address(&household, "旧版应用");
    let mut request = probe.request(1, &[op]);
    request["protocol"] = json!(0);
    let answer = probe.send(&request).await.unwrap();
    assert_eq!((&answer["result"], &answer["ack"]), (&json!("upgrade"), &json!(2)));
    assert_eq!(kind(&answer["outcomes"][0]), "applied");
    assert_eq!(answer.get("feeds"), None);
    assert_eq!(probe.read(&stage, household.id).await["fields"]["4"], "旧版应用");
});

story!(operations_made_with_an_older_register_are_mapped_up, async |stage| {
    use mobile_schema::{Field, RegisterDefinition};
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let (_, known) = probe.tablet.catalogue().current("household").unwrap();
    let mut newer: RegisterDefinition = (**known).clone();
    newer.version += 1;
    let field = Field { id: 15, name: "water".into(), ..newer.field(4).unwrap().clone() };
    newer.fields.push(field);
    let hash = newer.hash();
    install(&stage, newer).await;
    // Made with the newer one, pushed by somebody who has it: the row follows it.
    let mut op = probe.op(
        "household",
        household.id,
        Some(&household),
        json!({ "kind": "patch", "fields": { "15": "自来水" } }),
    );
    op["definition"] = json!(hash);
    let old = probe.address(&household, "旧登记册");
    let mut unknown = probe.address(&household, "未知字段");
    unknown["change"]["fields"]["15"] = json!("井水");
    let kinds: Vec<_> = probe.push(&[op, old, unknown]).await.iter().map(kind).collect();
    assert_eq!(kinds, ["applied", "applied", "parked(schema)"]);
    let record = probe.read(&stage, household.id).await;
    assert_eq!(
        (&record["fields"]["15"], &record["fields"]["4"]),
        (&json!("自来水"), &json!("旧登记册"))
    );
    assert_eq!(record["definition"], json!(hash), "it is not mapped down");
    probe.tablet.sync_again(LIMIT).await.unwrap();
    assert_eq!(text(&probe.tablet.view(household.id).unwrap(), 15), "自来水");
});

/// A newer version of a register, as a pack would bring it.
async fn install(stage: &harness::Stage, definition: mobile_schema::RegisterDefinition) {
    use diesel::prelude::*;
    use ruhu::db::JsonText;
    use ruhu::db::schema::bundles;
    let now = stage.app().now();
    let bytes = definition.bundle();
    let labels = JsonText::of(&definition.labels);
    let insert = stage.app().write(move |connection| {
        diesel::insert_into(bundles::table)
            .values((
                bundles::hash.eq(mobile_schema::Hash::of(&bytes).as_bytes().to_vec()),
                bundles::kind.eq("register"),
                bundles::name.eq(&definition.name),
                bundles::version.eq(i64::from(definition.version)),
                bundles::labels.eq(&labels),
                bundles::media_type.eq("application/json"),
                bundles::bytes.eq(&bytes),
                bundles::created_at.eq(now),
            ))
            .execute(connection)
    });
    let _: Json = json!(insert.await.expect("it is installed"));
}
