//! What is masked, sealed, given out and erased.

use std::process::Command;
use std::time::Duration;

use diesel::prelude::*;
use harness::{DatabaseKind, Stage, ruhu_binary, story};
use mobile_schema::{Hash, Value};
use reqwest::Method;
use ruhu::db::schema::{ops, records};
use ruhu::media_store::ObjectName;
use ruhu::notices::Receipt;
use ruhu::seal::KeyFile;
use ruhu::{checks, jobs, media, privacy};
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use sync_protocol::op::{Change, Fields};
use tablets::{Client, HeadlessTablet, day};

use crate::notices::{Desk, signed};

const LIMIT: Duration = Duration::from_secs(60);
const ID_NUMBER: &str = "52990119700101123X";

/// Everything the database has about records and operations, as one text.
async fn database_text(stage: &Stage) -> String {
    let read: Result<_, ruhu::db::Failed> = stage
        .app()
        .database
        .read(|connection| {
            let fields: Vec<ruhu::db::types::JsonText> =
                records::table.select(records::fields).load(connection)?;
            let marks: Vec<ruhu::db::types::JsonText> =
                records::table.select(records::marks).load(connection)?;
            let bodies: Vec<Vec<u8>> = ops::table.select(ops::body).load(connection)?;
            Ok((fields, marks, bodies))
        })
        .await;
    let (fields, marks, bodies) = read.unwrap();
    let texts = fields.into_iter().chain(marks).map(|text| text.0);
    let bodies = bodies.iter().map(|body| String::from_utf8_lossy(body).into_owned());
    texts.chain(bodies).collect::<Vec<_>>().join("\n")
}

async fn write_number(tablet: &mut HeadlessTablet, household: RecordId) {
    let scope = tablet.machine().scope_of(household).unwrap().clone();
    let fields = Fields::from([(2, ID_NUMBER.into())]);
    let draft = day::draft(tablet, "household", household, &scope, Change::Patch { fields });
    tablet.edit(vec![draft]).unwrap();
    tablet.sync_again(LIMIT).await.unwrap();
}

async fn get(person: &mut Client, path: &str) -> Json {
    person.call(Method::GET, path, None).await.unwrap()
}

story!(sensitive_values_are_sealed_in_the_database_and_masked_in_answers, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let household = tablet.rows().find(|row| row.collection == "household").unwrap().clone();
    write_number(&mut tablet, household.id).await;
    let stored = database_text(&stage).await;
    assert!(!stored.contains(ID_NUMBER), "the number is in the database");
    assert!(stored.contains("sealed:1:"));
    // Who needs it has it: another tablet of the village, from the first.
    let other = stage.tablet("cadre2").await;
    let row = other.view(household.id).unwrap();
    assert_eq!(row.fields[&2].as_text(), Some(ID_NUMBER));

    let mut supervisor = stage.person("supervisor").await;
    let path = format!("/api/v1/records/{}", household.id);
    let shown = get(&mut supervisor, &path).await;
    assert!(shown["masked"].as_array().unwrap().contains(&json!(2)), "{shown}");
    assert!(!shown.to_string().contains(ID_NUMBER));
    let list = "/api/v1/records?collection=household&limit=500";
    let history = format!("{path}/history");
    for path in [list, &history] {
        assert!(!get(&mut supervisor, path).await.to_string().contains(ID_NUMBER), "{path}");
        let sign = if path.contains('?') { '&' } else { '?' };
        let told = get(&mut supervisor, &format!("{path}{sign}reason=核对证件")).await;
        assert!(told.to_string().contains(ID_NUMBER), "{path}");
    }
    let told = get(&mut supervisor, &format!("{path}?reason=核对证件")).await;
    assert_eq!(told["fields"]["2"], ID_NUMBER);
    let silent = supervisor.call(Method::GET, &format!("{path}?reason=%20"), None).await;
    assert_eq!(silent.unwrap_err().kind(), "malformed");
    let mut auditor = stage.person("auditor").await;
    let refused = auditor.call(Method::GET, &format!("{path}?reason=x"), None).await;
    assert_eq!(refused.unwrap_err().kind(), "forbidden");
    assert!(!get(&mut auditor, &path).await.to_string().contains(ID_NUMBER));

    // It is kept who looked, and why; nobody changes that.
    let looked = get(&mut auditor, &format!("/api/v1/accesses?subject={}", household.id)).await;
    let lines = looked["items"].as_array().unwrap();
    assert_eq!(lines.len(), 2, "the record and its history: {looked}");
    assert_eq!((&lines[0]["kind"], &lines[0]["reason"]), (&json!("record"), &json!("核对证件")));
    assert!(execute(&stage, "UPDATE accesses SET reason = ''").await.is_err());
    let refused = supervisor.call(Method::GET, "/api/v1/accesses", None).await.unwrap_err();
    assert_eq!(refused.kind(), "forbidden");

    // It is found by its value, or its end, without being read.
    let search = |value: &str| {
        let field = "head_citizen_id";
        json!({ "collection": "household", "field": field, "value": value, "reason": "来访" })
    };
    for value in [ID_NUMBER, "52990119700101123x", "123X"] {
        let found = supervisor
            .call(Method::POST, "/api/v1/records/search", Some(&search(value)))
            .await
            .unwrap();
        assert_eq!(found[0]["id"], json!(household.id), "{value}");
        assert!(!found.to_string().contains(ID_NUMBER));
    }
    let mut neighbour = stage.neighbour().await;
    let foreign =
        neighbour.call(Method::POST, "/api/v1/records/search", Some(&search(ID_NUMBER))).await;
    assert_eq!(foreign.unwrap(), json!([]));
    // What is corrected is found by its new value alone.
    let fields = Fields::from([(2, Value::Null)]);
    let scope = tablet.machine().scope_of(household.id).unwrap().clone();
    let change = Change::Patch { fields };
    let draft = day::draft(&tablet, "household", household.id, &scope, change);
    tablet.edit(vec![draft]).unwrap();
    tablet.sync_again(LIMIT).await.unwrap();
    let gone = search(ID_NUMBER);
    let gone = supervisor.call(Method::POST, "/api/v1/records/search", Some(&gone)).await;
    assert_eq!(gone.unwrap(), json!([]));
});

/// A statement, by hand.
async fn execute(stage: &Stage, statement: &str) -> Result<usize, ruhu::db::Failed> {
    let statement = statement.to_owned();
    let run = move |connection: &mut ruhu::db::AnyConnection| {
        Ok(diesel::sql_query(statement.as_str()).execute(connection)?)
    };
    stage.app().database.write(run).await
}

story!(a_server_without_the_right_keys_does_not_start, async |stage| {
    let folder = stage.tablet_folder();
    let (none, other) = (folder.join("none.json"), folder.join("other.json"));
    KeyFile::fresh(stage.app().now()).create(&other).unwrap();
    let run = |file: &std::path::Path| {
        let (_, environment) = stage.process_settings();
        Command::new(ruhu_binary())
            .args(["notice", "keys"])
            .envs(environment)
            .env("RUHU_SEALING_KEYS", file)
            .output()
            .unwrap()
    };
    for file in [&none, &other] {
        let output = run(file);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("was sealed with the key"), "{said}");
    }
    assert!(!none.exists(), "no new keys are made for a database that has some");
    let right = stage.config().sealing_keys.0.clone();
    assert!(run(&right).status.success());
});

story!(a_household_is_given_all_that_is_held_and_erased, async |stage| {
    let mut desk = Desk::new(&stage).await;
    let household = desk.household.id;
    write_number(&mut desk.tablet, household).await;
    let photo = scenery::Photo { width: 640, ..scenery::Photo::of(9) }.jpeg();
    let hash = desk.tablet.keep_photo(&photo).unwrap();
    let visit = day::visit(&desk.tablet, &desk.household, hash, 1);
    let visit_id = visit[0].record;
    desk.tablet.edit(visit).unwrap();
    let content = desk.content("您家获得资助。", signed());
    let notice = desk.sign(&content).await;
    jobs::run_due(stage.app()).await.unwrap();
    checks::run_due(stage.app()).await.unwrap();
    let receipt = desk.receipt(notice).await.unwrap()["receipt"].clone();

    let mut admin = stage.person("admin").await;
    let holding = format!("/api/v1/households/{household}/holding");
    let silent = admin.call(Method::GET, &holding, None).await.unwrap_err();
    assert_eq!(silent.kind(), "malformed");
    let held = get(&mut admin, &format!("{holding}?reason=本人申请")).await;
    let text = held.to_string();
    assert!(text.contains(ID_NUMBER) && text.contains(&visit_id.to_string()), "{text}");
    assert!(text.contains(&notice.to_string()));
    assert_eq!(held["photos"], json!([hash]));
    let refused = desk.supervisor.call(Method::GET, &format!("{holding}?reason=x"), None).await;
    assert_eq!(refused.unwrap_err().kind(), "forbidden");
    let mut neighbour = stage.neighbour().await;
    let refused = neighbour.call(Method::GET, &format!("{holding}?reason=x"), None).await;
    assert_eq!(refused.unwrap_err().kind(), "not-found");

    let erasure = format!("/api/v1/households/{household}/erasure");
    let ask = |dry_run: bool| json!({ "reason": "本人申请删除", "dry_run": dry_run });
    let refused = neighbour.call(Method::POST, &erasure, Some(&ask(false))).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
    let would = admin.call(Method::POST, &erasure, Some(&ask(true))).await.unwrap();
    assert!(would["records"].as_i64().unwrap() >= 3 && would["photos"] == 1, "{would}");
    assert!(get(&mut admin, &format!("{holding}?reason=x")).await.to_string().contains(ID_NUMBER));
    let did = admin.call(Method::POST, &erasure, Some(&ask(false))).await.unwrap();
    assert_eq!(did, would);

    // No value is left, sealed or not; nor is the photo.
    let empty = format!("/api/v1/records/{household}");
    let shown = get(&mut admin, &format!("{empty}?reason=x")).await;
    assert_eq!((&shown["fields"], &shown["deleted"]), (&json!({}), &json!(true)));
    assert_eq!(shown["title"], json!(null));
    let history = get(&mut admin, &format!("{empty}/history?reason=x")).await;
    assert!(!history.as_array().unwrap().is_empty(), "that it was there is kept");
    for line in history.as_array().unwrap() {
        assert!(!line.to_string().contains("change"), "{line}");
    }
    jobs::run_due(stage.app()).await.unwrap();
    assert!(!stage.app().media.has(ObjectName::Blob(hash)).await.unwrap());
    let path = format!("/api/v1/media/{hash}?reason=x");
    assert_eq!(admin.bytes(&path).await.unwrap_err().kind(), "not-found");
    let search = json!({
        "collection": "household", "field": "head_citizen_id", "value": ID_NUMBER, "reason": "x"
    });
    let found = admin.call(Method::POST, "/api/v1/records/search", Some(&search)).await.unwrap();
    assert_eq!(found, json!([]));
    // Tablets let it go.
    desk.tablet.sync_again(LIMIT).await.unwrap();
    assert!(desk.tablet.view(household).is_none());
    assert!(desk.tablet.view(visit_id).is_none() && desk.tablet.view(notice).is_none());

    // Who did it, and why, is kept; another county does not see it.
    let list = "/api/v1/erasures";
    let erased = get(&mut admin, list).await;
    let line = &erased["items"][0];
    assert_eq!((&line["subject"], &line["reason"]), (&json!(household), &json!("本人申请删除")));
    assert_eq!(line["records"], did["records"]);
    assert_eq!(get(&mut neighbour, list).await["items"], json!([]));
    // The log verifies as before, and so does the household's receipt.
    let (well, said) = desk.ruhu(&["check", "--photos"], "C");
    assert!(well && said.contains("1 were erased"), "{said}");
    let receipt: Receipt = serde_json::from_value(receipt).unwrap();
    assert!(receipt.verify(&desk.published().await).holds());
    // Nothing else may be blanked, even by hand.
    for statement in ["UPDATE ops SET body = ''", "DELETE FROM ops", "DELETE FROM erasures"] {
        let statement = match stage.backend.database {
            DatabaseKind::Sqlite => statement.replace("''", "x''"),
            DatabaseKind::Postgres => statement.to_owned(),
        };
        assert!(execute(&stage, &statement).await.is_err(), "{statement}");
    }
});

/// When a record was last changed, by hand.
async fn age(stage: &Stage, record: RecordId, days: i64) {
    let id = record.0.simple();
    let statement = match stage.backend.database {
        DatabaseKind::Sqlite => format!(
            "UPDATE records SET updated_at = updated_at - {} WHERE id = x'{id}'",
            days * 86_400_000_000
        ),
        DatabaseKind::Postgres => format!(
            "UPDATE records SET updated_at = updated_at - interval '{days} days' WHERE id = '{id}'"
        ),
    };
    assert_eq!(execute(stage, &statement).await.unwrap(), 1);
}

story!(records_expire_by_the_period_that_is_set_and_not_before, async |stage| {
    let mut desk = Desk::new(&stage).await;
    let mut visits = Vec::new();
    for number in 0..3 {
        let photo = scenery::Photo { width: 320, ..scenery::Photo::of(20 + number) }.jpeg();
        let hash = desk.tablet.keep_photo(&photo).unwrap();
        let mut visit = day::visit(&desk.tablet, &desk.household, hash, number);
        visit.truncate(1);
        visits.push((visit[0].record, hash));
        desk.tablet.edit(visit).unwrap();
    }
    desk.tablet.sync_again(LIMIT).await.unwrap();
    jobs::run_due(stage.app()).await.unwrap();
    checks::run_due(stage.app()).await.unwrap();
    age(&stage, visits[0].0, 40).await;
    age(&stage, visits[1].0, 20).await;
    assert!(privacy::expire(stage.app()).await.unwrap().is_empty(), "no period is set");
    let mut admin = stage.person("admin").await;
    let path = "/api/v1/retention/visit";
    let period = |days: i64| json!({ "days": days, "reason": "档案管理办法" });
    let hasty = admin.call(Method::PUT, path, Some(&period(3))).await.unwrap_err();
    assert_eq!(hasty.kind(), "malformed");
    let refused = desk.supervisor.call(Method::PUT, path, Some(&period(30))).await.unwrap_err();
    assert_eq!(refused.kind(), "forbidden");
    let unknown = admin.call(Method::PUT, "/api/v1/retention/nothing", Some(&period(30))).await;
    assert_eq!(unknown.unwrap_err().kind(), "not-found");
    let whole = admin.call(Method::PUT, "/api/v1/retention/household", Some(&period(30))).await;
    assert_eq!(whole.unwrap_err().kind(), "malformed", "its visits would go with it");
    admin.call(Method::PUT, path, Some(&period(30))).await.unwrap();
    let would = get(&mut admin, "/api/v1/retention/dry-run").await;
    assert_eq!((&would[0]["collection"], &would[0]["photos"]), (&json!("visit"), &json!(1)));
    assert!(desk.tablet.view(visits[0].0).is_some());
    a_clock_that_leaps_is_not_believed(&stage, &mut admin).await;
    let did = privacy::expire(stage.app()).await.unwrap();
    assert_eq!(serde_json::to_value(&did).unwrap(), would);
    assert_eq!(privacy::expire(stage.app()).await.unwrap()[0].records, 0, "once");
    jobs::run_due(stage.app()).await.unwrap();
    desk.tablet.sync_again(LIMIT).await.unwrap();
    let left = visits.iter().map(|(visit, _)| desk.tablet.view(*visit).is_some());
    assert_eq!(left.collect::<Vec<_>>(), [false, true, true]);
    for (number, (_, hash)) in visits.iter().enumerate() {
        let there = stage.app().media.has(ObjectName::Blob(*hash)).await.unwrap();
        assert_eq!(there, number > 0);
    }
    assert!(desk.tablet.view(desk.household.id).is_some());
});

story!(who_has_the_database_signs_nothing, async |stage| {
    let mut desk = Desk::new(&stage).await;
    let content = desk.content("已告知", signed());
    let notice = desk.sign(&content).await;
    desk.receipt(notice).await.expect("it is countersigned");
    let seeds = async || -> Vec<(String, Vec<u8>)> {
        let read = stage.app().read(|connection| {
            use ruhu::db::schema::{notice_keys, token_keys};
            let mut all: Vec<(String, Vec<u8>)> =
                token_keys::table.select((token_keys::kid, token_keys::seed)).load(connection)?;
            let notices = notice_keys::table.select((notice_keys::id, notice_keys::seed));
            all.extend(notices.load::<(String, Vec<u8>)>(connection)?);
            Ok(all)
        });
        read.await.unwrap()
    };
    let sealed =
        |all: &[(String, Vec<u8>)]| all.iter().all(|(_, one)| one.starts_with(b"\0sealed1"));
    let all = seeds().await;
    assert!(all.len() >= 2 && sealed(&all), "{all:?}");
    // A database of before seeds were sealed: a server seals them as it starts, and signs with them.
    let clear = match stage.backend.database {
        DatabaseKind::Sqlite => "UPDATE token_keys SET seed = zeroblob(32)",
        DatabaseKind::Postgres => "UPDATE token_keys SET seed = decode(repeat('00', 32), 'hex')",
    };
    execute(&stage, clear).await.unwrap();
    let replica = stage.another_replica().await;
    assert!(sealed(&seeds().await));
    let mut admin = Client::new(&replica.address);
    admin.sign_in("admin", ruhu::demo::PASSWORD).await.unwrap();
    get(&mut admin, "/api/v1/retention").await;
});

/// The clock has been believed for a day longer.
async fn a_day_later(stage: &Stage) {
    let statement = match stage.backend.database {
        DatabaseKind::Sqlite => "UPDATE clock SET believed_since = believed_since - 86400000000",
        DatabaseKind::Postgres => {
            "UPDATE clock SET believed_since = believed_since - interval '24 hours'"
        }
    };
    assert_eq!(execute(stage, statement).await.unwrap(), 1);
}

/// A server whose clock is forty days ahead erases nothing and says so, until other clocks show the
/// same or a person says that it is right.
async fn a_clock_that_leaps_is_not_believed(stage: &Stage, admin: &mut Client) {
    use ruhu::clock::{Doubt, look};
    let settling = look(stage.app()).await.unwrap();
    assert!(matches!(settling, Some(Doubt::Settling { .. })), "nor any in its first day");
    let leap = match stage.backend.database {
        DatabaseKind::Sqlite => "UPDATE clock SET newest = newest - 40 * 86400000000",
        DatabaseKind::Postgres => "UPDATE clock SET newest = newest - interval '40 days'",
    };
    let alone = "UPDATE devices SET last_seen_at = NULL";
    let ruhu = |arguments: &[&str]| {
        let (_, environment) = stage.process_settings();
        let mut ruhu = Command::new(ruhu_binary());
        ruhu.arg("privacy").args(arguments).envs(environment).env("LANG", "C").env("LC_ALL", "C");
        let ran = ruhu.output().unwrap();
        (ran.status.success(), String::from_utf8_lossy(&ran.stderr).into_owned())
    };
    execute(stage, leap).await.unwrap();
    execute(stage, alone).await.unwrap();
    for _ in 0..2 {
        let doubt = look(stage.app()).await.unwrap();
        assert!(matches!(doubt, Some(Doubt::Ahead { days: 40, .. })), "{doubt:?}");
    }
    let told = get(admin, "/api/v1/retention/pause").await;
    assert!(told["words"].as_str().unwrap().contains("40 天"), "{told}");
    let (well, said) = ruhu(&["expire"]);
    assert!(!well && said.contains("40 days ahead"), "{said}");
    // Two tablets come, and their clocks show the same day.
    for cadre in ["cadre", "cadre2"] {
        stage.tablet(cadre).await;
    }
    assert!(matches!(look(stage.app()).await.unwrap(), Some(Doubt::Settling { .. })));
    execute(stage, leap).await.unwrap();
    execute(stage, alone).await.unwrap();
    let (well, said) = ruhu(&["confirm-clock"]);
    assert!(!well && said.contains("is erased for good; nothing was done (--yes"), "{said}");
    assert!(matches!(look(stage.app()).await.unwrap(), Some(Doubt::Ahead { .. })));
    let (well, said) = ruhu(&["confirm-clock", "--yes"]);
    assert!(well, "{said}");
    assert!(matches!(look(stage.app()).await.unwrap(), Some(Doubt::Settling { .. })));
    // The day goes on in a server that starts anew, and is over after it however short each ran.
    let replica = stage.another_replica().await;
    assert!(matches!(look(&replica.app).await.unwrap(), Some(Doubt::Settling { .. })));
    a_day_later(stage).await;
    let replica = stage.another_replica().await;
    assert_eq!(look(&replica.app).await.unwrap(), None);
    let told = get(admin, "/api/v1/retention/pause").await;
    assert_eq!(told["words"], json!(null), "{told}");
}

story!(in_another_life_of_the_database_its_clock_is_believed_anew, async |stage| {
    use ruhu::clock::{Doubt, look};
    assert!(matches!(look(stage.app()).await.unwrap(), Some(Doubt::Settling { .. })));
    a_day_later(&stage).await;
    assert_eq!(look(stage.app()).await.unwrap(), None);
    let now = stage.app().now();
    let begun: Result<_, ruhu::db::Failed> = stage
        .app()
        .database
        .write(move |connection| Ok(ruhu::backup::begin_epoch(connection, now)?))
        .await;
    begun.unwrap();
    assert!(matches!(look(stage.app()).await.unwrap(), Some(Doubt::Settling { .. })));
});

story!(what_nothing_names_is_removed_after_a_month, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let household = tablet.rows().find(|row| row.collection == "household").unwrap().clone();
    let mut photos = Vec::new();
    for number in 0..3 {
        let photo = scenery::Photo { width: 320, ..scenery::Photo::of(30 + number) }.jpeg();
        let hash = Hash::of(&photo);
        photos.push(hash);
        if number == 0 {
            // A visit names it.
            tablet.keep_photo(&photo).unwrap();
            tablet.edit(day::visit(&tablet, &household, hash, 1)).unwrap();
            tablet.sync_again(LIMIT).await.unwrap();
        } else {
            let location =
                tablet.client().start_upload(&hash, photo.len(), "image/jpeg").await.unwrap();
            tablet.client().upload_chunk(&location, 0, &photo).await.unwrap();
        }
    }
    // The second is named by an operation that waits for a person: the record is not known.
    let mut probe = crate::probe::Probe { incarnation: uuid::Uuid::now_v7(), next: 1, tablet };
    let unknown = RecordId(uuid::Uuid::now_v7());
    let change = json!({ "kind": "add", "field": 8, "element": photos[1] });
    let mut op = probe.op("visit", unknown, None, change);
    op["blobs"] = json!([photos[1]]);
    let outcomes = probe.push(&[op]).await;
    assert_eq!(crate::probe::kind(&outcomes[0]), "parked(unknown)");
    jobs::run_due(stage.app()).await.unwrap();
    assert_eq!(media::collect_garbage(stage.app()).await.unwrap(), 0, "a tablet may name it yet");
    let old = match stage.backend.database {
        DatabaseKind::Sqlite => "UPDATE blobs SET verified_at = 0",
        DatabaseKind::Postgres => "UPDATE blobs SET verified_at = to_timestamp(0)",
    };
    execute(&stage, old).await.unwrap();
    assert_eq!(media::collect_garbage(stage.app()).await.unwrap(), 1);
    jobs::run_due(stage.app()).await.unwrap();
    let mut there = Vec::new();
    for hash in &photos {
        there.push(stage.app().media.has(ObjectName::Blob(*hash)).await.unwrap());
    }
    assert_eq!(there, [true, true, false]);
});

/// Changes what is stored at the end of a sealed text.
fn damaged(text: &str) -> String {
    let end = text.rfind('"').expect("it ends in JSON");
    let at = end - 8;
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

story!(a_damaged_value_is_named_and_keeps_nobody_from_working, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let household = tablet.rows().find(|row| row.collection == "household").unwrap().clone();
    write_number(&mut tablet, household.id).await;
    let whole = ruhu::seal::check(&stage.app().database).await.unwrap();
    assert_eq!(whole.damaged, Vec::<String>::new());
    assert!(whole.records > 100 && whole.operations > 100);

    // A byte of a household's number changes on the disk, and one of the operation that wrote it.
    let off = match stage.backend.database {
        DatabaseKind::Sqlite => "DROP TRIGGER ops_refuse_update",
        DatabaseKind::Postgres => "DROP TRIGGER ops_are_append_only ON ops",
    };
    execute(&stage, off).await.unwrap();
    let id = ruhu::db::types::Key(household.id.0);
    let changed: Result<(), ruhu::db::Failed> = stage
        .app()
        .database
        .write(move |connection| {
            let fields: ruhu::db::types::JsonText =
                records::table.find(id).select(records::fields).first(connection)?;
            // The number is the first of the sealed values.
            let sealed = fields.0.find("\"sealed:1:").unwrap() + 1;
            let end = sealed + fields.0[sealed..].find('"').unwrap() + 1;
            let bad = format!("{}{}", damaged(&fields.0[..end]), &fields.0[end..]);
            let bad = ruhu::db::types::JsonText(bad);
            diesel::update(records::table.find(id))
                .set(records::fields.eq(bad))
                .execute(connection)?;
            let newest = ops::table.order(ops::received_at.desc()).select((
                ops::incarnation,
                ops::seq,
                ops::body,
            ));
            let (incarnation, seq, mut body): (ruhu::db::types::Key, i64, Vec<u8>) =
                newest.first(connection)?;
            *body.last_mut().unwrap() ^= 1;
            diesel::update(ops::table.find((incarnation, seq)))
                .set(ops::body.eq(body))
                .execute(connection)?;
            Ok(())
        })
        .await;
    changed.unwrap();
    let found = ruhu::seal::check(&stage.app().database).await.unwrap().damaged;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains(&household.id.to_string()), "{found:?}");
    assert!(found[1].starts_with("operation "), "{found:?}");

    // Everybody reads the village, and what else the household holds.
    let fresh = stage.tablet("cadre").await;
    assert!(fresh.rows().any(|row| row.id == household.id));
    let mut supervisor = stage.person("supervisor").await;
    let path = format!("/api/v1/records/{}", household.id);
    assert_eq!(get(&mut supervisor, &path).await["fields"]["4"], crate::probe::text(&household, 4));
    let history = get(&mut supervisor, &format!("{path}/history?reason=check")).await;
    let told = history.to_string();
    assert!(told.contains("\"damaged\":true"), "{told}");

    // Another field is changed; what is damaged stays as it is until somebody writes it anew.
    let scope = tablet.machine().scope_of(household.id).unwrap().clone();
    let change = Change::Patch { fields: Fields::from([(4, Value::from("三组 5 号"))]) };
    let draft = day::draft(&tablet, "household", household.id, &scope, change);
    tablet.edit(vec![draft]).unwrap();
    tablet.sync_again(LIMIT).await.unwrap();
    assert_eq!(get(&mut supervisor, &path).await["fields"]["4"], "三组 5 号");
    let found = ruhu::seal::check(&stage.app().database).await.unwrap().damaged;
    assert_eq!(found.len(), 2, "it is not forgotten: {found:?}");
    write_number(&mut tablet, household.id).await;
    let found = ruhu::seal::check(&stage.app().database).await.unwrap().damaged;
    assert_eq!(found.len(), 1, "only the operation is left: {found:?}");
});

story!(a_reason_opens_what_is_theirs_and_no_more, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let household = tablet.rows().find(|row| row.collection == "household").unwrap().id;
    write_number(&mut tablet, household).await;
    // Looks after one township, and reads the whole county.
    let mut admin = stage.person("admin").await;
    let people = admin.call(Method::GET, "/api/v1/people?limit=500", None).await.unwrap();
    let supervisor = people["items"].as_array().unwrap().iter();
    let supervisor = supervisor.clone().find(|one| one["login"] == "supervisor").unwrap();
    let path = format!("/api/v1/people/{}/grants", supervisor["id"].as_str().unwrap());
    let grant = json!({ "role": "auditor", "area": crate::probe::county() });
    admin.call(Method::POST, &path, Some(&grant)).await.unwrap();

    let mut supervisor = stage.person("supervisor").await;
    let path = "/api/v1/records?collection=household&limit=500";
    let all = get(&mut admin, &format!("{path}&reason=核对")).await;
    let near = |one: &&Json| one["scope"].as_str().unwrap().starts_with("area:529901100");
    let is_told = |one: &&Json| one["fields"].get("2").is_some_and(|value| !value.is_null());
    let items = |page: &Json| page["items"].as_array().unwrap().clone();
    let far = items(&all).iter().filter(|one| !near(one)).find(is_told).unwrap()["id"].clone();
    let seen = items(&get(&mut supervisor, &format!("{path}&reason=核对")).await);
    assert_eq!(seen.len(), items(&all).len(), "an auditor reads all of it");
    assert!(seen.iter().filter(near).any(|one| is_told(&one)));
    assert!(!seen.iter().filter(|one| !near(one)).any(|one| is_told(&one)));
    let far = far.as_str().unwrap();
    let one = get(&mut supervisor, &format!("/api/v1/records/{far}?reason=核对")).await;
    assert!(!is_told(&&one) && one["masked"].as_array().unwrap().contains(&json!(2)), "{one}");
    let path = format!("/api/v1/records/{far}/history?reason=核对");
    let told = get(&mut supervisor, &path).await.to_string();
    let number = items(&all).iter().find(|one| one["id"] == far).unwrap()["fields"]["2"].clone();
    assert!(!told.contains(number.as_str().unwrap()), "{told}");
    let table = supervisor.bytes("/api/v1/records.csv?collection=household&reason=核对").await;
    let table = String::from_utf8(table.unwrap()).unwrap();
    assert!(table.contains(ID_NUMBER) && !table.contains(far), "{table}");
});
