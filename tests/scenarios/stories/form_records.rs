//! Forms and registers: submissions that make and change records, records that open a form.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use harness::story;
use mobile_schema::form::{Files, Form, Session, World, open};
use mobile_schema::xml::Element;
use mobile_schema::{Catalogue, Value};
use reqwest::Method;
use ruhu::accounts::Role;
use serde_json::{Value as Json, json};
use sync_protocol::Row;
use sync_protocol::entity::{self, Submission, Written};
use sync_protocol::op::Change;
use sync_protocol::tablet::Draft;
use tablets::HeadlessTablet;

use crate::form_library::{release, send, try_out};
use crate::hostile::{TOWNSHIP, person};
use crate::probe::county;

const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

/// A family is found: its household and members become records.
const FOUND: &str = "| survey |
| | type | name | label | save_to |
| | text | head | Head | household#head_name |
| | text | phone | Phone | household#phone |
| | decimal | income | Income | household#yearly_income |
| | begin repeat | person | Person | |
| | text | name | Name | member#title_line |
| | date | born | Born | member#born |
| | end repeat | | | |
| entities |
| | dataset | label |
| | household | ${head} |
| | member | ${name} |
";

/// The yearly check of a household that is known.
const CHECK: &str = "| survey |
| | type | name | label | save_to | required |
| | select_one_from_file household.csv | which | Household | | yes |
| | text | phone | Phone | phone | |
| | decimal | income | Income | yearly_income | |
| | select_multiple guarantees | guarantees | Guarantees | guarantees | |
| | text | remark | Remark | notes | |
| choices |
| | list_name | name | label |
| | guarantees | food | Food |
| | guarantees | housing | Housing |
| | guarantees | water | Water |
| entities |
| | dataset | entity_id |
| | household | ${which} |
";

/// The pack's monthly visit.
const MONTHLY: &str =
    include_str!("../../../packs/anti-return-monitoring/forms/household_visit.md");

pub(crate) fn form(text: &str, id: &str) -> Arc<Form> {
    let opened = open(text.as_bytes(), id);
    Arc::new(opened.form.unwrap_or_else(|| panic!("{:#?}", opened.problems)))
}

pub(crate) fn world() -> World {
    World {
        now: 1_764_057_600_000,
        offset: 480,
        language: "zh-CN".to_owned(),
        properties: HashMap::new(),
        location: None,
        seed: rand::random(),
    }
}

/// What a session's entities change, as a tablet sees the records.
pub(crate) fn written(
    session: &Session,
    catalogue: &Catalogue,
    tablet: &HeadlessTablet,
) -> Vec<Written> {
    let entities = session.entities();
    let files = BTreeMap::new();
    let submission = Submission { catalogue, about: None, files: &files };
    let known = |record| tablet.view(record).map(|row| row.fields);
    let written = entity::write_all(&entities, submission, known);
    written.into_iter().map(|one| one.expect("it is written")).collect()
}

pub(crate) fn drafts(tablet: &HeadlessTablet, near: &Row, written: Vec<Written>) -> Vec<Draft> {
    let scope = tablet.machine().scope_of(near.id).expect("a village").clone();
    let mut drafts = Vec::new();
    for one in written {
        for change in one.changes {
            drafts.push(Draft {
                collection: one.collection.clone(),
                record: one.record,
                scope: scope.clone(),
                base: tablet.machine().version_of(one.record),
                change,
                definition: one.definition,
                blobs: one.blobs.clone(),
            });
        }
    }
    drafts
}

story!(a_submission_makes_records_and_a_record_opens_a_form, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let near = tablet.rows().find(|row| row.collection == "household").unwrap().clone();
    let catalogue = tablet.catalogue().clone();
    let found = FOUND.replace("title_line", "name_of_member");
    assert!(
        open(found.as_bytes(), "found").form.unwrap().unwritable(&catalogue)
            == ["member.name_of_member"]
    );
    let found = FOUND.replace("member#title_line", "");
    let mut session = Session::begin(form(&found, "found"), &Files::new(), world());
    let answers = json!({
        "head": "新户（虚构）", "phone": "13800000000", "income": "1250.50",
        "person": [{ "name": "甲（虚构）", "born": "1990-01-02" }, { "name": "乙（虚构）" }],
    });
    assert_eq!(session.fill(&answers), []);
    let made = written(&session, &catalogue, &tablet);
    assert_eq!(
        made.iter().map(|one| one.collection.as_str()).collect::<Vec<_>>(),
        ["member", "member", "household"]
    );
    let (head, first) = (made[2].record, made[0].record);
    let drafts_of_day = drafts(&tablet, &near, made.clone());
    tablet.edit(drafts_of_day).unwrap();
    tablet.sync_again(LIMIT).await.unwrap();
    let mut supervisor = stage.person("supervisor").await;
    let path = format!("/api/v1/records/{head}");
    let record = supervisor.call(Method::GET, &path, None).await.unwrap();
    assert_eq!(record["title"], "新户（虚构）");
    assert_eq!(record["fields"]["8"], 125_050);
    let path = format!("/api/v1/records/{first}");
    let person = supervisor.call(Method::GET, &path, None).await.unwrap();
    assert_eq!(
        (&person["fields"]["2"], &person["fields"]["6"]),
        (&json!("甲（虚构）"), &json!("1990-01-02"))
    );

    // Sent twice, it is made once: an edit of the same submission finds its records.
    let (again, untaken) =
        Session::reopen(form(&found, "found"), &Files::new(), world(), &session.answers());
    assert_eq!(untaken, []);
    let twice = written(&again, &catalogue, &tablet);
    assert_eq!(
        twice.iter().map(|one| one.record).collect::<Vec<_>>(),
        made.iter().map(|one| one.record).collect::<Vec<_>>()
    );
    assert!(twice.iter().all(|one| one.changes.is_empty()));

    // The record opens the form of the yearly check.
    let row = tablet.view(head).unwrap();
    let (_, register) = catalogue.current("household").unwrap();
    let ids: Vec<(String, &Row)> = tablet
        .rows()
        .filter(|row| row.collection == "household")
        .map(|row| (row.id.to_string(), row))
        .collect();
    let list = register.list(ids.iter().map(|(id, row)| (id.as_str(), &row.fields)));
    let files = Files::from([("household".to_owned(), list)]);
    let mut check = Session::begin(form(CHECK, "check"), &files, world());
    assert!(check.open_on("household", &head.to_string(), &register.texts_of(&row.fields)));
    let begun = check.answers();
    assert_eq!(begun["which"], json!(head));
    assert_eq!((&begun["phone"], &begun["income"]), (&json!("13800000000"), &json!("1250.5")));
    assert_eq!(check.validate(check.root()), []);
    let answers = json!({ "income": "2000", "guarantees": ["food", "water"], "remark": "已核实" });
    assert_eq!(check.fill(&answers), []);
    let changed = written(&check, &catalogue, &tablet);
    let mut kinds: Vec<&str> = changed[0]
        .changes
        .iter()
        .map(|change| match change {
            Change::Patch { fields } => {
                assert_eq!(fields.keys().copied().collect::<Vec<_>>(), [8], "only what differs");
                "patch"
            }
            Change::Add { field: 10, .. } => "guarantee",
            Change::Add { field: 12, .. } => "note",
            other => panic!("{other:?}"),
        })
        .collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["guarantee", "guarantee", "note", "patch"]);
    let edits = drafts(&tablet, &near, changed);
    tablet.edit(edits).unwrap();
    tablet.sync_again(LIMIT).await.unwrap();
    let record =
        supervisor.call(Method::GET, &format!("/api/v1/records/{head}"), None).await.unwrap();
    assert_eq!(record["fields"]["8"], 200_000);
    assert_eq!(record["fields"]["10"], json!(["food", "water"]));
    assert_eq!(tablet.view(head).unwrap().fields[&8], Value::Integer(200_000));

    // The pack's monthly visit begins with what is known, and writes what it learns: nobody enters
    // income, persons or guarantees twice.
    let begin = |tablet: &HeadlessTablet| {
        let mut visit = Session::begin(form(MONTHLY, "household_visit"), &Files::new(), world());
        let held = register.texts_of(&tablet.view(head).unwrap().fields);
        assert!(visit.open_on("household", &head.to_string(), &held));
        visit
    };
    let mut visit = begin(&tablet);
    let asked = ["food", "clothing", "schooling", "health_care", "housing", "water"];
    let said = ["yes", "yes", "none", "no", "no", "no"];
    let said: Json = asked.into_iter().zip(said.map(Json::from)).collect();
    assert_eq!(visit.fill(&json!({ "consent": "given" })), []);
    assert_eq!(visit.answers()["income"], "2000", "what is known is not asked again");
    let answers = json!({ "guarantees": said, "persons": "4", "income": "2500.5" });
    assert_eq!(visit.fill(&answers), []);
    let learnt = written(&visit, &catalogue, &tablet);
    assert_eq!(learnt[0].unplaced, []);
    let edits = drafts(&tablet, &near, learnt);
    tablet.edit(edits).unwrap();
    tablet.sync_again(LIMIT).await.unwrap();
    let path = format!("/api/v1/records/{head}");
    let record = supervisor.call(Method::GET, &path, None).await.unwrap();
    assert_eq!((&record["fields"]["8"], &record["fields"]["13"]), (&json!(250_050), &json!(4)));
    let mut held: Vec<&str> =
        record["fields"]["10"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    held.sort_unstable();
    assert_eq!(held, ["clothing", "food", "schooling"], "no child of school age lacks no school");
    // Who says no, or is not at home, changes nothing.
    for consent in ["declined", "absent"] {
        let mut visit = begin(&tablet);
        assert_eq!(visit.fill(&json!({ "consent": consent })), []);
        let changes: Vec<Change> =
            written(&visit, &catalogue, &tablet).into_iter().flat_map(|one| one.changes).collect();
        assert_eq!(changes, [], "{consent}");
    }
});

/// Wells are an entity list that no pack knows, and that is chosen from where it is written to.
fn wells(depth: &str) -> String {
    format!(
        "| survey |
| | type | name | label | save_to |
| | text | place | Where | |
| | select_one_from_file well.csv | near | Near | |
| | integer | metres | Depth | {depth} |
| settings |
| | form_title | form_id | version |
| | Wells | wells | {depth} |
| entities |
| | dataset | label |
| | well | ${{place}} |
"
    )
}

story!(an_entity_list_of_a_form_becomes_a_register_and_grows, async |stage| {
    let mut admin = stage.person("admin").await;
    let publish = async |admin: &mut tablets::Client, text: &str| {
        let files: &[(&str, &[u8])] = &[];
        let (status, told) =
            send(&stage, admin, "/api/v1/forms", ("wells.md", text.as_bytes()), files).await;
        assert_eq!((status, &told["registers_made"]), (201, &json!(["well"])), "{told}");
        assert_eq!(told["missing_files"], json!([]), "it reads what it writes");
        let (id, hash) = (told["form"]["id"].clone(), told["hash"].clone());
        let (id, hash) = (id.as_str().unwrap(), hash.as_str().unwrap());
        let trial = try_out(admin, id, hash, json!({ "place": "东头", "metres": 12 })).await;
        assert_eq!(trial["passed"], true, "{trial}");
        release(admin, id, Some(hash), &county()).await.expect("it is published");
    };
    publish(&mut admin, &wells("depth")).await;
    let mut tablet = stage.tablet("cadre").await;
    tablet.sync_again(LIMIT).await.unwrap();
    let near = tablet.rows().find(|row| row.collection == "household").unwrap().clone();
    let catalogue = tablet.catalogue().clone();
    let fill = |text: &str, place: &str| {
        let lists = Files::from([("well".to_owned(), Element::new("root"))]);
        let mut session = Session::begin(form(text, "wells"), &lists, world());
        assert_eq!(session.fill(&json!({ "place": place, "metres": 12 })), []);
        session
    };
    let session = fill(&wells("depth"), "东头");
    let files = BTreeMap::new();
    let about = Some(("household", near.id));
    let submission = Submission { catalogue: &catalogue, about, files: &files };
    let made = entity::write_all(&session.entities(), submission, |_| None);
    let made: Vec<Written> = made.into_iter().map(|one| one.expect("it is written")).collect();
    assert_eq!(made[0].unplaced, []);
    let well = made[0].record;
    let edits = drafts(&tablet, &near, made);
    tablet.edit(edits).unwrap();
    tablet.sync_again(LIMIT).await.unwrap();
    let mut supervisor = stage.person("supervisor").await;
    let path = format!("/api/v1/records/{well}");
    let record = supervisor.call(Method::GET, &path, None).await.unwrap();
    assert_eq!((&record["title"], &record["subject"]), (&json!("东头"), &json!(near.id)));
    assert_eq!(record["fields"]["3"], "12");

    // Another version saves one property more; what was made with the register before stays.
    publish(&mut admin, &wells("water-level")).await;
    let mut other = stage.tablet("cadre").await;
    other.sync_again(LIMIT).await.unwrap();
    let (_, register) = other.catalogue().current("well").expect("the register");
    let names: Vec<&str> = register.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!((register.version, &names[2..]), (2, &["depth", "water-level"][..]));
    let kept = other.view(well).expect("the well reaches another tablet");
    let list = register.list([("w", &kept.fields)]);
    assert!(list.write(false).contains("<label>东头</label><depth>12</depth><water-level"));
    // The first tablet knows only the register before; its edit of the record still goes in.
    let known = tablet.view(well).unwrap();
    let edit = Draft {
        collection: "well".into(),
        record: well,
        scope: tablet.machine().scope_of(well).unwrap().clone(),
        base: Some(known.version),
        change: Change::Patch { fields: [(3, "15".into())].into() },
        definition: tablet.catalogue().current("well").unwrap().0,
        blobs: Vec::new(),
    };
    tablet.edit(vec![edit]).unwrap();
    tablet.sync_again(LIMIT).await.unwrap();
    let record = supervisor.call(Method::GET, &path, None).await.unwrap();
    assert_eq!(record["fields"]["3"], "15");
});

story!(a_township_makes_no_register_of_the_whole_server, async |stage| {
    let admin = [(Role::Admin, TOWNSHIP, 0)];
    let mut admin = person(&stage, "township-admin", &admin).await;
    let path = format!("/api/v1/forms?area={TOWNSHIP}");
    let text = wells("depth");
    let (status, told) = send(&stage, &admin, &path, ("wells.md", text.as_bytes()), &[]).await;
    assert_eq!(status, 201, "{told}");
    let (id, hash) = (told["form"]["id"].as_str().unwrap(), told["hash"].as_str().unwrap());
    try_out(&mut admin, id, hash, json!({ "place": "东头", "metres": 12 })).await;
    let refused = release(&mut admin, id, Some(hash), TOWNSHIP).await.unwrap_err();
    assert_eq!(refused.kind(), "everywhere");
    // Once the county has the register, the township's form grows nothing and is published.
    let mut county_admin = stage.person("admin").await;
    let (status, told) = send(
        &stage,
        &county_admin,
        "/api/v1/forms",
        ("all.md", text.replace("| | Wells | wells |", "| | All wells | all_wells |").as_bytes()),
        &[],
    )
    .await;
    assert_eq!(status, 201, "{told}");
    let (of_all, version) = (told["form"]["id"].as_str().unwrap(), told["hash"].as_str().unwrap());
    try_out(&mut county_admin, of_all, version, json!({ "place": "东头", "metres": 12 })).await;
    release(&mut county_admin, of_all, Some(version), &county()).await.unwrap();
    release(&mut admin, id, Some(hash), TOWNSHIP).await.expect("it writes to what is there");
});

story!(a_form_that_writes_to_no_register_is_not_published, async |stage| {
    let mut admin = stage.person("admin").await;
    let upload = async |admin: &tablets::Client, text: &str| -> (String, String, Json) {
        let (status, told) =
            send(&stage, admin, "/api/v1/forms", ("found.md", text.as_bytes()), &[]).await;
        assert_eq!(status, 201, "{told}");
        let text = |value: &Json| value.as_str().unwrap().to_owned();
        (text(&told["form"]["id"]), text(&told["hash"]), told["missing_registers"].clone())
    };
    let coloured = FOUND.replace("household#phone", "household#colour");
    let (id, hash, lacking) = upload(&admin, &coloured).await;
    let all = json!(["household.colour", "member.title_line"]);
    assert_eq!(lacking, all, "packs' registers don't grow with forms");
    assert_eq!(try_out(&mut admin, &id, &hash, json!({})).await["passed"], true);
    let refused = release(&mut admin, &id, Some(&hash), &county()).await.unwrap_err();
    assert_eq!(refused.kind(), "form-incomplete");
    let (id, hash, lacking) = upload(&admin, CHECK).await;
    assert_eq!(lacking, json!([]), "the list of households comes from their register");
    let nobody = try_out(&mut admin, &id, &hash, json!({ "which": "a" })).await;
    assert_eq!(nobody["untaken"][0]["reason"], "no such choice");
    // It is tried with a household of the county, and published.
    let path = "/api/v1/records?collection=household&limit=1";
    let page = admin.call(Method::GET, path, None).await.unwrap();
    let sample = json!({ "which": page["items"][0]["id"], "phone": "13800000000" });
    let trial = try_out(&mut admin, &id, &hash, sample).await;
    assert_eq!(trial["passed"], true, "{trial}");
    release(&mut admin, &id, Some(&hash), &county()).await.unwrap();
});
