//! What leaves as tables, and what is counted over all households.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use harness::Backend;
use mobile_schema::Value;
use mobile_schema::rule::citizen_id::check_character;
use reqwest::Method;
use ruhu::db::schema::checks_due;
use ruhu::demo::COUNTY;
use serde_json::{Value as Json, json};
use sync_protocol::op::Change;
use sync_protocol::{RecordId, ScopeId};
use tablets::Client;
use uuid::Uuid;

use crate::crowd::{Crowd, Member, name, quantile};

const VISITS: usize = 10_000;
const QUESTIONS: usize = 33;
const MEMBERS: usize = 3;
/// Visits in a request: two operations each.
const AT_ONCE: usize = 250;

/// A form of 33 questions and a repeat.
fn form() -> String {
    let mut text = "| survey |\n| | type | name | label |\n".to_owned();
    for number in 0..QUESTIONS {
        let kind = ["text", "integer", "select_one yes_no"][number % 3];
        text += &format!("| | {kind} | question_{number} | 问题 {number} |\n");
    }
    text += "| | begin repeat | member | 成员 |\n| | text | name | 姓名 |\n\
             | | integer | age | 年龄 |\n| | select_one yes_no | insured | 参保 |\n| | end repeat | | |\n\
             | choices |\n| | list_name | name | label |\n| | yes_no | yes | 是 |\n| | yes_no | no | 否 |\n\
             | settings |\n| | form_title | form_id | version |\n| | 测量 | bench | 1 |\n";
    text
}

fn answers(number: usize) -> Value {
    let answer = |question: usize| match question % 3 {
        0 => Value::from(format!("与上次走访相同（{number}）")),
        1 => Value::Integer((number * question) as i64),
        _ => Value::from(if number.is_multiple_of(2) { "yes" } else { "no" }),
    };
    let mut all: Vec<(String, Value)> =
        (0..QUESTIONS).map(|question| (format!("question_{question}"), answer(question))).collect();
    let member = |place: usize| {
        let fields = [
            ("name".to_owned(), Value::from(format!("成员{place}（虚构）"))),
            ("age".to_owned(), Value::Integer((number + place) as i64 % 90)),
            ("insured".to_owned(), Value::from("yes")),
        ];
        Value::Map(fields.into_iter().collect())
    };
    all.push(("member".to_owned(), (0..MEMBERS).map(member).collect()));
    Value::Map(all.into_iter().collect())
}

pub(crate) async fn measure(backend: Backend) {
    let crowd = Crowd::gather(backend, 1).await;
    let mut admin = crowd.stage.person("admin").await;
    admin.move_to(crowd.server.address());
    let tablet = crowd.dealt(1).remove(0).remove(0);
    let (form, version) = upload(&crowd, &admin).await;
    let households = fill(&crowd, &tablet, &version).await;
    settle(&crowd).await;
    let (_, before) = crowd.server.usage();
    let zip = format!("/api/v1/forms/{form}/answers.zip?reason=bench");
    let tell = |what: &str, (mut times, bytes): (Vec<Duration>, usize)| {
        let (median, bytes) = (quantile(&mut times, 0.5) / 1e3, bytes as f64 / 1e6);
        println!("| {}: {what} | {median:.2} | {bytes:.1} MB |", name(backend));
    };
    tell("answers of 10,000 visits, CSV in a ZIP archive", take(&mut admin, &zip).await);
    let words = format!("{zip}&wording=labels");
    tell("… in words", take(&mut admin, &words).await);
    let book = zip.replace("answers.zip", "answers.xlsx");
    tell("… as a workbook", take(&mut admin, &book).await);
    let register = "/api/v1/records.csv?collection=household";
    tell("10,300 households as CSV", take(&mut admin, register).await);
    tell("rules tried on them", trial(&mut admin).await);
    let people = people(&households);
    tell("50,000 members brought in", bring_in(&mut admin, &people).await);
    settle(&crowd).await;
    let list = roster(&people);
    let query =
        format!("name=bench&department=bench&area={COUNTY}&as_of=2026-11-20&expects=listed");
    let look = format!("/api/v1/rosters/compare?{query}");
    tell("a list of 49,500 compared with the members", send(&mut admin, &look, &list, 3).await);
    let ask = format!("/api/v1/rosters?{query}");
    tell("… and the villages asked about the other 500", send(&mut admin, &ask, &list, 1).await);
    let book = "/api/v1/records.xlsx?collection=member&reason=bench";
    tell("members with their numbers as a workbook", take(&mut admin, book).await);
    let (_, peak) = crowd.server.usage();
    let (before, peak) = (before as f64 / 1e6, peak as f64 / 1e6);
    println!("| {}: memory before, and at most | | {before:.0}, {peak:.0} MB |", name(backend));
}

async fn upload(crowd: &Crowd, admin: &Client) -> (String, String) {
    let (media_type, body) = tablets::form_parts(("bench.md", form().as_bytes()), &[]);
    let request = reqwest::Client::new()
        .post(format!("{}/api/v1/forms", crowd.server.address()))
        .bearer_auth(admin.access_token())
        .header("content-type", media_type)
        .body(body);
    let told = request.send().await.expect("an answer").bytes().await.expect("a body");
    let told: Json = serde_json::from_slice(&told).expect("JSON");
    let text = |value: &Json| value.as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
    (text(&told["form"]["id"]), text(&told["hash"]))
}

/// Households, and a visit in each.
async fn fill(crowd: &Crowd, tablet: &Member, version: &str) -> Vec<RecordId> {
    let scope: ScopeId = "area:529901100202".parse().expect("a scope");
    let mut seq = 1;
    let mut households = Vec::new();
    for start in (0..VISITS).step_by(AT_ONCE) {
        let mut ops = Vec::new();
        for number in start..start + AT_ONCE {
            let household = tablet.household(&crowd.catalogue, &scope, number);
            let mut visit = tablet.visit(&crowd.catalogue, household.record, &scope).remove(0);
            let Change::Create { fields } = &mut visit.change else { panic!("a new visit") };
            fields.insert(2, version.into());
            fields.insert(3, answers(number));
            (visit.record, visit.group) = (RecordId(Uuid::now_v7()), None);
            households.push(household.record);
            ops.extend([household, visit]);
        }
        let pushed = ops.len() as u64;
        tablet.push(seq, ops).await;
        seq += pushed;
    }
    households
}

/// Five people in each household: the lines of a table of them.
fn people(households: &[RecordId]) -> Vec<String> {
    let line = |number: usize| {
        let (month, day) = (1 + number / 1_000 % 12, 1 + number / 12_000);
        let digits = format!("1101051960{month:02}{day:02}{:03}", number % 1_000);
        let check = check_character(digits.as_bytes().try_into().expect("17 digits"));
        format!("{},成员{number}（虚构）,{digits}{check}", households[number / 5])
    };
    (0..households.len() * 5).map(line).collect()
}

/// A list on which one of a hundred is missing.
fn roster(people: &[String]) -> String {
    let listed = people.iter().enumerate().filter(|(at, _)| at % 100 > 0);
    let lines: Vec<&str> = listed.map(|(_, line)| line.as_str()).collect();
    format!("household,姓名,身份证号\n{}\n", lines.join("\n"))
}

async fn bring_in(admin: &mut Client, people: &[String]) -> (Vec<Duration>, usize) {
    let table = format!("household,name,citizen_id\n{}\n", people.join("\n"));
    send(admin, "/api/v1/records/import?collection=member", &table, 1).await
}

/// Sends a table so many times.
async fn send(admin: &mut Client, path: &str, table: &str, times: usize) -> (Vec<Duration>, usize) {
    let mut taken = Vec::new();
    for _ in 0..times {
        let begun = Instant::now();
        admin.send_file(path, table.as_bytes().to_vec()).await.expect("it is taken");
        taken.push(begun.elapsed());
    }
    (taken, table.len())
}

/// Waits until the checks that follow a push are done: they share the cores.
async fn settle(crowd: &Crowd) {
    loop {
        let due =
            crowd.stage.app().read(|connection| checks_due::table.count().get_result(connection));
        if due.await.is_ok_and(|due: i64| due == 0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Takes something away three times.
async fn take(admin: &mut Client, path: &str) -> (Vec<Duration>, usize) {
    let (mut times, mut bytes) = (Vec::new(), 0);
    for _ in 0..3 {
        let begun = Instant::now();
        bytes = admin.bytes(path).await.expect("a file").len();
        times.push(begun.elapsed());
    }
    (times, bytes)
}

async fn trial(admin: &mut Client) -> (Vec<Duration>, usize) {
    let listed = admin.call(Method::GET, "/api/v1/definitions?kind=rules", None).await;
    let listed = listed.expect("the rules");
    let set = listed.as_array().and_then(|all| all.iter().find(|one| one["name"] == "monitoring"));
    let hash = set.and_then(|set| set["versions"][0]["hash"].as_str()).expect("a version");
    let rules = admin.bytes(&format!("/sync/v1/bundles/{hash}")).await.expect("the rules");
    let rules: Json = serde_json::from_slice(&rules).expect("JSON");
    let (mut times, mut bytes) = (Vec::new(), 0);
    for _ in 0..3 {
        let begun = Instant::now();
        let body = json!({ "rules": rules });
        let tried = admin.call(Method::POST, "/api/v1/rules/trial", Some(&body)).await;
        bytes = tried.expect("a trial").to_string().len();
        times.push(begun.elapsed());
    }
    (times, bytes)
}
