//! Forms that are filled in: what follows from answers.

use std::collections::HashMap;
use std::sync::Arc;

use mobile_schema::form::{Files, Opened, Reason, Session, World, open, read_list};
use serde_json::json;

fn world() -> World {
    World {
        now: 1_764_057_600_000, // 2025-11-25T16:00:00+08:00
        offset: 480,
        language: "en".to_owned(),
        properties: HashMap::from([("deviceid".to_owned(), "tablet-7".to_owned())]),
        location: Some("26.5 106.7 1000 5".to_owned()),
        seed: [7; 32],
    }
}

fn opened(markdown: &str) -> Opened {
    open(markdown.as_bytes(), "form")
}

fn begin_with(markdown: &str, files: &Files) -> Session {
    let opened = opened(markdown);
    let described: Vec<String> =
        opened.problems.iter().map(|problem| problem.describe("en")).collect();
    let form = opened.form.unwrap_or_else(|| panic!("no form: {described:#?}"));
    Session::begin(Arc::new(form), files, world())
}

/// A session on rows of a survey with the columns of `heading`.
fn begin(heading: &str, rows: &[&str]) -> Session {
    begin_with(&survey(heading, rows, ""), &Files::new())
}

fn survey(heading: &str, rows: &[&str], more: &str) -> String {
    let rows: Vec<String> = rows.iter().map(|row| format!("| | {row} |")).collect();
    format!("| survey |\n| | {heading} |\n{}\n{more}\n", rows.join("\n"))
}

fn node(session: &Session, path: &str) -> u32 {
    let found = session.find(path);
    assert_eq!(found.len(), 1, "{path}");
    found[0]
}

fn set(session: &mut Session, path: &str, text: &str) {
    let node = node(session, path);
    session.set(node, text);
}

fn value(session: &Session, path: &str) -> String {
    session.value(node(session, path)).to_owned()
}

fn values(session: &Session, path: &str) -> Vec<String> {
    session.find(path).iter().map(|node| session.value(*node).to_owned()).collect()
}

#[test]
fn calculations_follow_in_order_whatever_the_order_of_rows() {
    let mut session = begin(
        "type | name | label | calculation",
        &[
            "calculate | total | | ${double} + 1",
            "calculate | double | | ${count} * 2",
            "integer | count | How many |",
        ],
    );
    assert_eq!(value(&session, "/data/total"), "");
    set(&mut session, "/data/count", "20");
    assert_eq!(value(&session, "/data/total"), "41");
    set(&mut session, "/data/count", "");
    assert_eq!(value(&session, "/data/total"), "");
}

#[test]
fn relevance_is_inherited_and_empties_what_reads_it() {
    let mut session = begin(
        "type | name | label | relevant | calculation",
        &[
            "text | poor | Poor | |",
            "begin group | aid | Aid | ${poor} = 'yes' |",
            "begin group | inner | Inner | |",
            "integer | sum | Sum | |",
            "end group | | | |",
            "end group | | | |",
            "calculate | shown | | | concat('[', ${sum}, ']')",
        ],
    );
    let sum = "/data/aid/inner/sum";
    assert!(!session.is_relevant(node(&session, sum)));
    set(&mut session, "/data/poor", "yes");
    assert!(session.is_relevant(node(&session, sum)));
    set(&mut session, sum, "300");
    assert_eq!(value(&session, "/data/shown"), "[300]");
    set(&mut session, "/data/poor", "no");
    assert_eq!(value(&session, "/data/shown"), "[]");
    assert!(!session.submission().write(false).contains("aid"));
    // What was written comes back with the reason to ask for it.
    set(&mut session, "/data/poor", "yes");
    assert_eq!(value(&session, "/data/shown"), "[300]");
    assert!(session.submission().write(false).contains("<sum>300</sum>"));
    // A draft keeps what isn't asked just now; a submission doesn't send it.
    set(&mut session, "/data/poor", "no");
    let again = |saved: mobile_schema::xml::Element| {
        let mut again = Session::resume(session.form().clone(), &Files::new(), world(), &saved);
        set(&mut again, "/data/poor", "yes");
        value(&again, sum)
    };
    assert_eq!(again(session.draft()), "300");
    assert_eq!(again(session.submission()), "");
}

#[test]
fn what_is_not_asked_is_in_no_set() {
    let mut session = begin(
        "type | name | label | relevant | calculation",
        &[
            // Read before it is known, as the order of rows has it.
            "calculate | children | | | count(${child})",
            "text | any | Children? | |",
            "begin repeat | child | Child | ${any} = 'yes' |",
            "text | name | Name | |",
            "text | school | School | ${name} != 'B' |",
            "calculate | place | | | position(..)",
            "end repeat | | | |",
            "calculate | names | | | join(',', ${name})",
            "calculate | schools | | | join(',', ${school})",
            "calculate | filled | | | count-non-empty(${name})",
            "calculate | one_hidden | | | if(${child}[position() = 2]/school = '', 'none', 'some')",
            "select_one ${name} | eldest | Eldest | |",
        ],
    );
    assert_eq!(value(&session, "/data/children"), "0");
    let children = json!([
        { "name": "A", "school": "S" },
        { "name": "B" },
        { "name": "C", "school": "T" }
    ]);
    session.fill(&json!({ "any": "yes", "child": children, "eldest": "B" }));
    let counts = ["children", "names", "schools", "filled", "one_hidden", "eldest"];
    let told = |session: &Session| counts.map(|name| value(session, &format!("/data/{name}")));
    assert_eq!(told(&session), ["3", "A,B,C", "S,T", "3", "none", "B"]);
    assert_eq!(values(&session, "/data/child/place"), ["1", "2", "3"]);
    set(&mut session, "/data/any", "no");
    assert_eq!(told(&session), ["0", "", "", "0", "none", ""]);
    // With the reason to ask come the instances, with all that was counted.
    set(&mut session, "/data/any", "yes");
    assert_eq!(told(&session), ["3", "A,B,C", "S,T", "3", "none", ""]);
    assert_eq!(values(&session, "/data/child/place"), ["1", "2", "3"]);
    set(&mut session, "/data/child[2]/name", "D");
    assert_eq!(told(&session), ["3", "A,D,C", "S,,T", "3", "none", ""]);
}

const MEMBERS: &[&str] = &[
    "text | head | Head | | |",
    "begin repeat | member | Member | | |",
    "text | name | Name of ${head} | | |",
    "integer | age | Age | | |",
    "calculate | place | | | position(..) |",
    "calculate | older | | | ${age} + 1 |",
    "text | school | School | ${age} < 18 | |",
    "end repeat | | | | |",
    "calculate | ages | | | sum(${age}) |",
    "calculate | count | | | count(${member}) |",
    "calculate | first | | | indexed-repeat(${name}, ${member}, 1) |",
    "calculate | minors | | | count(${member}[age < 18]) |",
];

#[test]
fn repeats_grow_shrink_and_keep_to_themselves() {
    let mut session = begin("type | name | label | relevant | calculation |", MEMBERS);
    let repeat = session.form().node_at("/data/member").expect("the repeat");
    let root = session.root();
    set(&mut session, "/data/member[1]/name", "A");
    set(&mut session, "/data/member[1]/age", "40");
    let second = session.add_instance(root, repeat).expect("an instance");
    session.add_instance(root, repeat).expect("an instance");
    set(&mut session, "/data/member[2]/age", "7");
    set(&mut session, "/data/member[3]/age", "9");
    assert_eq!(values(&session, "/data/member/older"), ["41", "8", "10"]);
    assert_eq!(values(&session, "/data/member/place"), ["1", "2", "3"]);
    assert_eq!(value(&session, "/data/ages"), "56");
    assert_eq!(value(&session, "/data/count"), "3");
    assert_eq!(value(&session, "/data/first"), "A");
    assert_eq!(value(&session, "/data/minors"), "2");
    let schools = session.find("/data/member/school");
    let asked: Vec<bool> = schools.iter().map(|node| session.is_relevant(*node)).collect();
    assert_eq!(asked, [false, true, true]);
    session.remove_instance(second);
    assert_eq!(values(&session, "/data/member/older"), ["41", "10"]);
    assert_eq!(values(&session, "/data/member/place"), ["1", "2"]);
    assert_eq!(value(&session, "/data/ages"), "49");
    assert_eq!(value(&session, "/data/minors"), "1");
    assert_eq!(session.path(session.find("/data/member[2]/age")[0]), "/data/member[2]/age");
    set(&mut session, "/data/head", "Wang");
    assert_eq!(session.label(session.find("/data/member[2]/name")[0]), "Name of Wang");
}

#[test]
fn a_running_total_reads_the_instance_before() {
    let mut session = begin(
        "type | name | label | calculation",
        &[
            "begin repeat | month | Month |",
            "integer | paid | Paid |",
            "calculate | before | | if(position(..) = 1, 0, indexed-repeat(${total}, ${month}, position(..) - 1))",
            "calculate | total | | ${paid} + if(position(..) = 1, 0, indexed-repeat(${total}, ${month}, position(..) - 1))",
            "end repeat | | |",
        ],
    );
    let answers = json!({ "month": [{ "paid": 5 }, { "paid": 6 }, { "paid": 7 }] });
    assert_eq!(session.fill(&answers), []);
    assert_eq!(values(&session, "/data/month/total"), ["5", "11", "18"]);
    set(&mut session, "/data/month[1]/paid", "10");
    assert_eq!(values(&session, "/data/month/total"), ["10", "16", "23"]);
    assert_eq!(values(&session, "/data/month/before"), ["0", "10", "16"]);
}

#[test]
fn counted_repeats_follow_their_count() {
    let mut session = begin(
        "type | name | label | repeat_count | default | calculation",
        &[
            "integer | n | N | | |",
            "begin repeat | child | Child | ${n} | |",
            "text | who | Who | | concat('child ', position(..)) |",
            "begin repeat | toy | Toy | 2 | |",
            "text | what | What | | |",
            "end repeat | | | | |",
            "end repeat | | | | |",
            "calculate | toys | | | | count(${toy})",
        ],
    );
    assert_eq!(session.find("/data/child").len(), 0);
    set(&mut session, "/data/n", "3");
    assert_eq!(values(&session, "/data/child/who"), ["child 1", "child 2", "child 3"]);
    assert_eq!(value(&session, "/data/toys"), "6");
    set(&mut session, "/data/child[1]/who", "Mei");
    set(&mut session, "/data/n", "1");
    assert_eq!(values(&session, "/data/child/who"), ["Mei"]);
    assert_eq!(value(&session, "/data/toys"), "2");
    // A count that was lowered by a slip brings back what was written.
    set(&mut session, "/data/n", "3");
    set(&mut session, "/data/child[2]/who", "Bo");
    set(&mut session, "/data/child[2]/toy[2]/what", "ball");
    set(&mut session, "/data/n", "1");
    assert!(!session.submission().write(false).contains("Bo"));
    set(&mut session, "/data/n", "2");
    assert_eq!(values(&session, "/data/child/who"), ["Mei", "Bo"]);
    assert_eq!(values(&session, "/data/child[2]/toy/what"), ["", "ball"]);
    set(&mut session, "/data/n", "-4");
    assert_eq!(session.find("/data/child").len(), 0);
    set(&mut session, "/data/n", "999999999");
    assert_eq!(session.find("/data/child").len(), 10_000);
}

#[test]
fn a_repeat_goes_on_as_long_as_its_instances_say() {
    let mut session = begin(
        "type | name | label | repeat_count | calculation",
        &[
            "begin repeat | r | R | count(${r}[more = 'yes']) + 1 |",
            "text | more | More? | |",
            "end repeat | | | |",
            "calculate | rows | | | count(${r})",
        ],
    );
    assert_eq!(value(&session, "/data/rows"), "1");
    set(&mut session, "/data/r[1]/more", "yes");
    set(&mut session, "/data/r[2]/more", "yes");
    assert_eq!(value(&session, "/data/rows"), "3");
    set(&mut session, "/data/r[1]/more", "no");
    assert_eq!(value(&session, "/data/rows"), "2");
    // One that never ends, ends.
    let endless = begin(
        "type | name | label | repeat_count | calculation",
        &[
            "begin repeat | r | R | count(${r}) + 1 |",
            "text | more | More? | |",
            "end repeat | | | |",
        ],
    );
    assert!(endless.find("/data/r").len() <= 10_000);
}

const PLACES: &str = "| choices |
| | list_name | name | label::English (en) | label::中文 (zh-CN) | town |
| | town | t1 | East | 东镇 | |
| | town | t2 | West | 西镇 | |
| | village | v1 | Upper | 上村 | t1 |
| | village | v2 | Lower | 下村 | t1 |
| | village | v3 | Old | 老村 | t2 |";

#[test]
fn choices_are_filtered_and_withdrawn_and_read_in_both_languages() {
    let rows = [
        "select_one town | town | Town | 镇 | |",
        "select_one village | village | Village | 村 | town = ${town} |",
        "note | told | You chose ${name} | 您选了${name} | |",
        "calculate | name | | | | jr:choice-name(${village}, '${village}')",
    ];
    let heading =
        "type | name | label::English (en) | label::中文 (zh-CN) | choice_filter | calculation";
    let mut session = begin_with(&survey(heading, &rows, PLACES), &Files::new());
    let village = node(&session, "/data/village");
    let offered = |session: &Session| -> Vec<String> {
        let choices = session.choices(village).expect("choices");
        choices.into_iter().map(|choice| choice.label).collect()
    };
    assert_eq!(offered(&session), Vec::<String>::new());
    set(&mut session, "/data/town", "t1");
    assert_eq!(offered(&session), ["Upper", "Lower"]);
    set(&mut session, "/data/village", "v2");
    assert_eq!(value(&session, "/data/name"), "Lower");
    assert_eq!(session.label(node(&session, "/data/told")), "You chose Lower");
    session.read_in("zh-CN");
    assert_eq!(offered(&session), ["上村", "下村"]);
    assert_eq!(session.label(node(&session, "/data/village")), "村");
    set(&mut session, "/data/town", "t2");
    assert_eq!(value(&session, "/data/village"), "");
    assert_eq!(value(&session, "/data/name"), "");
}

#[test]
fn questions_may_exclude_each_others_choices() {
    let rows = [
        "select_one town | first | First | name != ${second}",
        "select_one town | second | Second | name != ${first}",
        "calculate | both | | | concat(${first}, ${second})",
    ];
    let heading = "type | name | label | choice_filter | calculation";
    let mut session = begin_with(&survey(heading, &rows, PLACES), &Files::new());
    let offered = |session: &Session, path: &str| -> Vec<String> {
        let choices = session.choices(node(session, path)).expect("choices");
        choices.into_iter().map(|choice| choice.value).collect()
    };
    assert_eq!(offered(&session, "/data/second"), ["t1", "t2"]);
    set(&mut session, "/data/first", "t1");
    assert_eq!(offered(&session, "/data/second"), ["t2"]);
    set(&mut session, "/data/second", "t2");
    assert_eq!(value(&session, "/data/both"), "t1t2");
    // The other's choice is no longer offered once this one takes it.
    set(&mut session, "/data/first", "t2");
    assert_eq!(value(&session, "/data/second"), "");
    assert_eq!(value(&session, "/data/both"), "t2");
}

#[test]
fn what_is_wrong_is_said_at_the_question() {
    let rows = [
        "integer | age | Age | yes | . >= 0 and . < 130 | Not ${age} years! | Say the age",
        "text | phone | Phone | | regex(., '1[3-9][0-9]{9}') | |",
        "date | born | Born | | . <= today() | |",
        // What nobody sees can't be mended, and is not judged.
        "hidden | unseen | | yes | false() | |",
    ];
    let heading =
        "type | name | label | required | constraint | constraint_message | required_message";
    let mut session = begin(heading, &rows);
    let wrong = |session: &Session| -> Vec<(String, Reason, String)> {
        session
            .validate(session.root())
            .into_iter()
            .map(|invalid| (invalid.path, invalid.reason, invalid.message))
            .collect()
    };
    let told = |path: &str, reason, message: &str| (path.to_owned(), reason, message.to_owned());
    assert_eq!(wrong(&session), [told("/data/age", Reason::Required, "Say the age")]);
    set(&mut session, "/data/age", "200");
    set(&mut session, "/data/phone", "12345");
    set(&mut session, "/data/born", "2030-01-01");
    assert_eq!(
        wrong(&session),
        [
            told("/data/age", Reason::Constraint, "Not 200 years!"),
            told("/data/phone", Reason::Constraint, "The answer isn't allowed."),
            told("/data/born", Reason::Constraint, "The answer isn't allowed."),
        ]
    );
    set(&mut session, "/data/age", "old");
    session.read_in("zh-CN");
    assert_eq!(wrong(&session)[0], told("/data/age", Reason::Type, "请填写整数。"));
    set(&mut session, "/data/age", "70");
    set(&mut session, "/data/phone", "13800138000");
    set(&mut session, "/data/born", "1955-03-01");
    assert_eq!(wrong(&session), []);
}

#[test]
fn actions_set_values_when_something_happens() {
    let mut session = begin(
        "type | name | label | default | trigger | calculation",
        &[
            "start | began | | | |",
            "end | ended | | | |",
            "today | day | | | |",
            "deviceid | device | | | |",
            "text | a | A | | |",
            "date | due | Due | today() + 30 | |",
            "calculate | changed | | | ${a} | concat(${a}, '!')",
            "background-geopoint | place | | | ${a} |",
            "start-geopoint | first_place | | | |",
            "text | kept | Kept | | | once(concat(${a}, '?'))",
        ],
    );
    assert_eq!(value(&session, "/data/began"), "2025-11-25T16:00:00.000+08:00");
    assert_eq!(value(&session, "/data/day"), "2025-11-25");
    assert_eq!(value(&session, "/data/device"), "tablet-7");
    assert_eq!(value(&session, "/data/due"), "2025-12-25");
    assert_eq!(value(&session, "/data/first_place"), "26.5 106.7 1000 5");
    assert_eq!(value(&session, "/data/place"), "");
    set(&mut session, "/data/a", "x");
    assert_eq!(value(&session, "/data/changed"), "x!");
    assert_eq!(value(&session, "/data/place"), "26.5 106.7 1000 5");
    assert_eq!(value(&session, "/data/kept"), "?");
    session.set_time(1_764_057_600_000 + 60_000);
    session.finish();
    assert_eq!(value(&session, "/data/ended"), "2025-11-25T16:01:00.000+08:00");
    assert!(value(&session, "/data/meta/instanceID").starts_with("uuid:"));
}

#[test]
fn a_saved_submission_goes_on_where_it_was() {
    let markdown = survey("type | name | label | relevant | calculation |", MEMBERS, "");
    let mut session = begin_with(&markdown, &Files::new());
    let answers = json!({
        "head": "Wang & Söhne",
        "member": [{ "name": "A", "age": 40 }, { "name": "B", "age": 7, "school": "S" }]
    });
    assert_eq!(session.fill(&answers), []);
    let saved = session.submission();
    let read = mobile_schema::xml::Element::read(&saved.write(true)).expect("XML");
    let again = Session::resume(session.form().clone(), &Files::new(), world(), &read);
    assert_eq!(again.submission(), saved);
    assert_eq!(values(&again, "/data/member/name"), ["A", "B"]);
    assert_eq!(value(&again, "/data/ages"), "47");
}

#[test]
fn files_are_asked_by_choices_and_pulldata() {
    let rows = [
        "text | key | Key | |",
        "calculate | price | | pulldata('goods', 'price', 'code', ${key}) |",
        "select_one_from_file goods.csv | good | Good | | kind = ${key}",
        "select_one_from_file spots.geojson | spot | Spot | |",
    ];
    let markdown = survey("type | name | label | calculation | choice_filter", &rows, "");
    let goods = "code,price,kind,name,label\nx,12,,n1,One\n\"y\",13,x,n2,\"Two, big\"\n";
    let spots = r#"{"type":"FeatureCollection","features":[{"type":"Feature","id":"s1",
        "properties":{"title":"Well"},"geometry":{"type":"Point","coordinates":[106.7,26.5]}}]}"#;
    let files = Files::from([
        ("goods".to_owned(), read_list("goods.csv", goods.as_bytes()).expect("a list")),
        ("spots".to_owned(), read_list("spots.geojson", spots.as_bytes()).expect("a list")),
    ]);
    let mut session = begin_with(&markdown, &files);
    set(&mut session, "/data/key", "x");
    assert_eq!(value(&session, "/data/price"), "12");
    let labels = |session: &Session, path: &str| -> Vec<String> {
        let choices = session.choices(node(session, path)).expect("choices");
        choices.into_iter().map(|choice| format!("{}={}", choice.value, choice.label)).collect()
    };
    assert_eq!(labels(&session, "/data/good"), ["n2=Two, big"]);
    assert_eq!(labels(&session, "/data/spot"), ["s1=Well"]);
    let without = begin_with(&markdown, &Files::new());
    assert_eq!(without.missing_files(), ["goods", "spots"]);
}

#[test]
fn answers_before_are_choices() {
    let rows = [
        "begin repeat | person | Person | |",
        "text | name | Name | |",
        "end repeat | | | |",
        "select_one ${name} | head | Head | |",
    ];
    let mut session = begin("type | name | label | calculation | choice_filter", &rows);
    session.fill(&json!({ "person": [{ "name": "A" }, { "name": "" }, { "name": "B" }] }));
    let head = node(&session, "/data/head");
    let names: Vec<String> =
        session.choices(head).expect("choices").into_iter().map(|choice| choice.value).collect();
    assert_eq!(names, ["A", "B"]);
    session.set(head, "B");
    set(&mut session, "/data/person[3]/name", "C");
    assert_eq!(session.value(head), "");
}

#[test]
fn circles_and_unknown_paths_are_told_in_the_workbook() {
    let problems = |markdown: &str| -> Vec<String> {
        let opened = opened(markdown);
        assert!(opened.form.is_none());
        opened
            .problems
            .iter()
            .map(|problem| problem.describe("en").lines().next().unwrap_or_default().to_owned())
            .collect()
    };
    let circle = survey(
        "type | name | label | calculation",
        &["calculate | a | | ${b} + 1", "calculate | b | | ${c}", "calculate | c | | ${a}"],
        "",
    );
    assert_eq!(
        problems(&circle),
        [
            "error [survey, D2, calculation]: These depend on each other in a circle: a (survey, D2, \
          calculation) → b (survey, D3, calculation) → c (survey, D4, calculation) → a (survey, \
          D2, calculation)."
        ]
    );
    // Hidden instances are not counted, so that the group would never be asked again.
    let own_count = survey(
        "type | name | label | relevant",
        &[
            "begin group | home | Home | count(${child}) > 0",
            "begin repeat | child | Child |",
            "text | name | Name |",
            "end repeat | | |",
            "end group | | |",
        ],
        "",
    );
    assert_eq!(
        problems(&own_count),
        [
            "error [survey, D2, relevant]: These depend on each other in a circle: home (survey, D2, \
          relevant) → home (survey, D2, relevant)."
        ]
    );
    let lost = survey(
        "type | name | label | calculation",
        &[
            "text | village | Village |",
            "calculate | a | | concat(/data/vilage, instance('list')/root/item/x)",
        ],
        "",
    );
    assert_eq!(
        problems(&lost),
        [
            "error [survey, D3, calculation]: The path “/data/vilage” leads nowhere in the form. Did \
             you mean “village”?",
            "error [survey, D3, calculation]: There is no list or file “list”.",
        ]
    );
}

#[test]
fn xforms_are_read_and_bad_ones_refused() {
    let told = |xform: &str| -> Vec<String> {
        let problems = open(xform.as_bytes(), "form").problems;
        problems.iter().map(|problem| problem.describe("en")).collect()
    };
    let entity = "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><h:html>&a;</h:html>";
    assert!(told(entity)[0].contains("DOCTYPE"), "{:?}", told(entity));
    let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    assert!(told(&deep)[0].contains("deep"), "{:?}", told(&deep));
    assert!(told("<a/>")[0].contains("h:html"));
    assert!(told("<a")[0].starts_with("error: The XML can't be read"));
    let bad = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
        <h:head><h:title>T</h:title><model><instance><data id="d"><a/></data></instance>
        <bind nodeset="/data/b"/><bind nodeset="/data/a" relevant="${x} = 1" type="strin"/>
        </model></h:head><h:body><input ref="/data/a"><label>A</label></input><blink/></h:body>
        </h:html>"#;
    let found = told(bad);
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found[0].contains("${name}"), "{found:#?}");
    assert!(found[1].contains("“/data/b” doesn't exist"), "{found:#?}");
    assert!(found[2].contains("“blink” isn't known"), "{found:#?}");
    assert!(found[3].contains("Did you mean “string”?"), "{found:#?}");
    let good = bad
        .replace("<bind nodeset=\"/data/b\"/>", "")
        .replace("${x} = 1", "../a = ''")
        .replace("strin\"", "string\"")
        .replace("relevant=", "readonly=");
    assert!(open(good.as_bytes(), "form").form.is_some(), "{:?}", told(&good));
}

#[test]
fn untaken_answers_are_told() {
    let mut session = begin("type | name | label | relevant | calculation |", MEMBERS);
    let answers = json!({
        "head": { "first": 1 }, "nobody": 1, "member": { "name": "A" },
        "/data/member[9]/name": "x", "/data/head": "Li"
    });
    let paths: Vec<String> =
        session.fill(&answers).into_iter().map(|untaken| untaken.path).collect();
    assert_eq!(paths, ["/data/head", "/data/member", "/data/nobody", "/data/member[9]/name"]);
    assert_eq!(value(&session, "/data/head"), "Li");
}

#[test]
fn real_forms_are_opened() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/xlsforms");
    if !folder.is_dir() {
        println!("skipped: there is no {}", folder.display());
        return;
    }
    let open_file = |name: &str| {
        open(&std::fs::read(folder.join(name)).expect("readable"), name.trim_end_matches(".xlsx"))
    };
    let all = open_file("all-question-types.xlsx");
    let xform = all.xform.expect("an XForm").write(false);
    assert_eq!(xform.matches("<bind ").count(), 85);
    assert_eq!(all.form.expect("a form").languages.len(), 1);
    let social = open_file("socio-economic-survey.xlsx");
    let xform = social.xform.expect("an XForm").write(false);
    for (what, count) in
        [("<bind ", 18), ("relevant=", 4), ("constraint=", 3), ("calculate=", 1), ("<repeat ", 1)]
    {
        assert_eq!(xform.matches(what).count(), count, "{what}");
    }
    assert_eq!(social.form.expect("a form").languages, ["English (en)", "French (fr)"]);
    let refused = open_file("simple-building-wildfires.xlsx");
    assert!(refused.form.is_none());
    let found = refused.problems.iter().find(|problem| {
        problem.place.row == Some(23) && problem.place.column.as_deref() == Some("trigger")
    });
    assert!(found.expect("the problem").describe("en").contains("“existing”"));
}

#[test]
fn the_outline_shows_what_is_asked_and_how() {
    let choices = "| choices |\n| | list_name | name | label |\n| | yes_no | yes | Yes |\n| | yes_no | no | No |";
    let questions = survey(
        "type | name | label | hint | required | relevant | constraint | appearance",
        &[
            "select_one yes_no | agrees | Agrees? | | yes | | | likert",
            "begin_group | home | Home | | | ${agrees} = 'yes' | |",
            "integer | persons | Persons | All of them | yes | | . < 30 |",
            "end_group | | | | | | |",
            "begin_repeat | child | Children | | | ${agrees} = 'yes' | |",
            "text | name | Name | | | | |",
            "end_repeat | | | | | | |",
        ],
        choices,
    );
    let mut session = begin_with(&questions, &Files::new());
    let paths = |outline: &serde_json::Value| -> Vec<String> {
        let all = outline.as_array().unwrap().iter();
        all.map(|item| {
            format!("{} {}", item["type"].as_str().unwrap(), item["path"].as_str().unwrap())
        })
        .collect()
    };
    let shown = session.outline();
    assert_eq!(paths(&shown)[0], "select_one /data/agrees");
    assert_eq!(shown[0]["appearance"], "likert");
    assert_eq!(shown[0]["choices"][0]["value"], "yes");
    assert_eq!(shown[0]["invalid"]["reason"], "required");
    assert_eq!(paths(&shown), ["select_one /data/agrees"], "what isn't relevant isn't shown");

    session.fill(&serde_json::json!({ "agrees": "yes" }));
    let shown = session.outline();
    assert_eq!(
        paths(&shown),
        ["select_one /data/agrees", "group /data/home", "repeat /data/child"]
    );
    let persons = &shown[1]["children"][0];
    assert_eq!((&persons["label"], &persons["hint"]), (&"Persons".into(), &"All of them".into()));
    let repeat = &shown[2];
    assert_eq!((&repeat["label"], &repeat["parent"]), (&"Children".into(), &"/data".into()));
    assert_eq!((&repeat["name"], &repeat["counted"]), (&"child".into(), &false.into()));
    let root = session.root();
    let child = session.form().node_at("/data/child").unwrap();
    session.add_instance(root, child);
    let shown = session.outline();
    let instances = shown[2]["instances"].as_array().unwrap();
    assert_eq!(instances.last().unwrap()["children"][0]["label"], "Name");
    assert_eq!(instances.len(), session.find("/data/child").len());
}
