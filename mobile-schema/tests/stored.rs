//! Answers as records hold them: out of a form and back, and looked at a second time.

use std::collections::HashMap;
use std::sync::Arc;

use mobile_schema::Hash;
use mobile_schema::form::{BundleFile, Files, Form, FormBundle, Session, World, open, read_lists};
use serde_json::{Value, json};

fn world() -> World {
    World {
        now: 1_764_057_600_000,
        offset: 480,
        language: "en".to_owned(),
        properties: HashMap::new(),
        location: None,
        seed: [7; 32],
    }
}

fn form(markdown: &str) -> Arc<Form> {
    let opened = open(markdown.as_bytes(), "form");
    Arc::new(opened.form.unwrap_or_else(|| panic!("{:#?}", opened.problems)))
}

const HOUSEHOLD: &str = "| survey |
| | type | name | label | relevant | constraint | calculation | required | save_to |
| | start | started | | | | | | |
| | text | head | Head | | | | yes | head_name |
| | begin group | house | House | | | | | |
| | select_one walls | walls | Walls | | | | | |
| | decimal | area | Area | | . < 1000 | | | |
| | end group | | | | | | | |
| | begin repeat | member | Member | | | | | |
| | text | name | Name | | | | yes | |
| | integer | age | Age | | . < 130 | | | |
| | select_multiple needs | needs | Needs | ${age} > 60 | | | | |
| | end repeat | | | | | | | |
| | calculate | members | | | | count(${member}) | | |
| | note | thanks | Thanks | | | | | |
| choices |
| | list_name | name | label |
| | walls | brick | Brick |
| | walls | earth | Earth |
| | needs | care | Care |
| | needs | food | Food |
| entities |
| | dataset | label |
| | household | ${head} |
";

fn filled() -> Session {
    let mut session = Session::begin(form(HOUSEHOLD), &Files::new(), world());
    let untaken = session.fill(&json!({
        "head": "王", "house": { "walls": "brick", "area": "80.50" },
        "member": [{ "name": "A", "age": 70, "needs": ["care", "food"] }, { "name": "B", "age": "07" }, {}],
    }));
    assert_eq!(untaken, []);
    session.finish();
    session
}

#[test]
fn what_is_stored_comes_back_as_it_was() {
    let session = filled();
    let stored = session.answers();
    assert_eq!(stored["house"], json!({ "walls": "brick", "area": "80.5" }), "{stored:#}");
    assert_eq!(stored["member"][0], json!({ "name": "A", "age": 70, "needs": "care food" }));
    assert_eq!(stored["member"][1]["age"], 7, "07 is the number 7");
    assert_eq!(stored["member"][2], json!({}), "an instance without answers is one");
    assert_eq!(stored["members"], "3");
    assert!(stored["meta"]["entity"]["@id"].as_str().is_some_and(|id| id.len() == 36));
    let (again, untaken) = Session::reopen(form(HOUSEHOLD), &Files::new(), world(), &stored);
    assert_eq!(untaken, []);
    assert_eq!(again.submission().write(false), session.submission().write(false));
    assert_eq!(again.answers(), stored);
}

#[test]
fn what_has_no_place_in_the_form_is_told() {
    let strange = json!({
        "head": { "not": "a value" }, "house": 5, "member": {}, "nobody": 1, "@lost": "x",
        "meta": { "entity": { "@unknown": "y" } },
    });
    let (_, untaken) = Session::reopen(form(HOUSEHOLD), &Files::new(), world(), &strange);
    let told: Vec<(&str, &str)> =
        untaken.iter().map(|one| (one.path.as_str(), one.reason)).collect();
    for line in [
        ("/data/head/not", "no such question"),
        ("/data/house", "a group takes an object"),
        ("/data/member", "a repeat takes an array"),
        ("/data/nobody", "no such question"),
        ("/data/@lost", "no such question"),
        ("/data/meta/entity/@unknown", "no such question"),
    ] {
        assert!(told.contains(&line), "{line:?} not in {told:#?}");
    }
    let (_, untaken) = Session::reopen(form(HOUSEHOLD), &Files::new(), world(), &json!([1]));
    assert_eq!(untaken.len(), 1);
}

fn judged(change: impl FnOnce(&mut Value)) -> Vec<(String, &'static str)> {
    let mut stored = filled().answers();
    change(&mut stored);
    let doubts = form(HOUSEHOLD).judge(&Files::new(), world(), &stored);
    doubts.into_iter().map(|doubt| (doubt.path, doubt.reason)).collect()
}

#[test]
fn a_second_look_finds_what_a_tablet_should_have_refused() {
    let mend = |stored: &mut Value| stored["member"][2]["name"] = "C".into();
    assert_eq!(judged(mend), []);
    let found = judged(|stored| {
        stored["house"] = json!({ "walls": "straw", "area": 5000 });
        stored["member"][1]["age"] = "old".into();
        stored["member"][0]["age"] = 20.into();
        stored["surprise"] = 1.into();
    });
    let expected = [
        ("/data/house/area", "constraint"),
        ("/data/member[2]/age", "type"),
        ("/data/member[3]/name", "required"),
        ("/data/house/walls", "choice"),
        ("/data/member[1]/needs", "irrelevant"),
        ("/data/surprise", "unknown"),
    ];
    assert_eq!(found, expected.map(|(path, reason)| (path.to_owned(), reason)));
}

#[test]
fn a_list_that_is_not_there_makes_no_choice_doubtful() {
    let text = "| survey |
| | type | name | label |
| | select_one_from_file wells.csv | well | Well |
| | select_one yes_no | clean | Clean |
| choices |
| | list_name | name | label |
| | yes_no | yes | Yes |
";
    let form = form(text);
    assert_eq!(form.files(), ["wells.csv"]);
    let both = json!({ "well": "w9", "clean": "perhaps" });
    let doubts = form.judge(&Files::new(), world(), &both);
    assert_eq!((doubts.len(), doubts[0].path.as_str()), (1, "/data/clean"));
    let stored = json!({ "well": "w9", "clean": "yes" });
    let lists = read_lists([("wells", "wells.csv", &b"name,label\nw1,East\n"[..])]);
    let doubts = form.judge(&lists, world(), &stored);
    assert_eq!((doubts.len(), doubts[0].reason, &*doubts[0].value), (1, "choice", "w9"));
}

#[test]
fn a_version_is_named_by_all_there_is_to_it() {
    let opened = open(HOUSEHOLD.as_bytes(), "form");
    let (form, xform) = (opened.form.unwrap(), opened.xform.unwrap());
    let source = BundleFile::of("form.md", HOUSEHOLD.as_bytes());
    let file = |bytes: &[u8]| BundleFile::of("a.csv", bytes);
    let bundle = |files| FormBundle::new(&form, &xform, source.clone(), files);
    let hash = |files| Hash::of(&bundle(files).bytes());
    assert_eq!(hash(vec![file(b"1")]), hash(vec![file(b"1")]));
    assert_ne!(hash(vec![file(b"1")]), hash(vec![file(b"2")]));
    let other = BundleFile::of("b.csv", b"3");
    let (one, two) = (vec![other.clone(), file(b"1")], vec![file(b"1"), other]);
    assert_eq!(hash(one), hash(two), "whatever order they were sent in");
    let again: FormBundle = serde_json::from_slice(&bundle(Vec::new()).bytes()).unwrap();
    assert_eq!(again.open().unwrap().nodes.len(), form.nodes.len());
}
