//! Ledgers: counted village by village, with what each number is out of, as workbook and as CSV.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};
use std::time::Duration;

use calamine::{Data, Reader as _, Xlsx};
use diesel::prelude::*;
use harness::{Stage, story};
use mobile_schema::form::{Files, Session};
use reqwest::Method;
use ruhu::db::schema::records;
use ruhu::db::types::Key;
use ruhu::db::{AnyConnection, DatabaseUrl, Failed, Timestamp};
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use tablets::Client;
use uuid::Uuid;

use crate::form_records::{drafts, form, world, written};
use crate::probe::{Probe, VILLAGE, kind};

const LEDGER: &str = "/api/v1/ledgers/alert_half_month";

/// Today, and tomorrow: it may become midnight before all is done.
fn now() -> String {
    let today = Timestamp::now().in_china()[..10].to_owned();
    format!("from={today}&until={}", day_after(&today, 1))
}

async fn alerts(probe: &mut Probe, sources: &[(&str, &str)]) {
    for (number, (source, status)) in sources.iter().enumerate() {
        let household = probe.household(number);
        let fields = json!({
            "1": household.id, "2": "i", "4": source, "5": "reported", "6": "=1+1 情况",
        });
        let id = RecordId(Uuid::now_v7());
        let change = json!({ "kind": "create", "fields": fields });
        let made = probe.op("alert", id, None, change);
        probe.push(&[made]).await;
        let steps =
            ["reported", "village_checked", "township_checked", "confirmed", "risk_removed"];
        let reached = steps.iter().position(|one| one == status).unwrap();
        for step in steps[..=reached].windows(2) {
            probe.tablet.sync_again(std::time::Duration::from_secs(60)).await.unwrap();
            let row = probe.tablet.view(id).unwrap();
            let change =
                json!({ "kind": "transition", "field": 5, "from": step[0], "to": step[1] });
            let moved = probe.op("alert", id, Some(&row), change);
            probe.push(&[moved]).await;
        }
    }
}

fn row<'a>(ledger: &'a Json, code: &str) -> &'a Json {
    ledger["rows"].as_array().unwrap().iter().find(|row| row["code"] == code).unwrap()
}

story!(a_ledger_counts_villages_and_names_who_is_missing, async |stage| {
    let (mut probe, now) = (Probe::new(&stage, "cadre").await, now());
    let sources = [
        ("self_report", "risk_removed"),
        ("self_report", "confirmed"),
        ("cadre_visit", "reported"),
    ];
    alerts(&mut probe, &sources).await;
    let mut supervisor = stage.person("supervisor").await;
    let listed = supervisor.call(Method::GET, "/api/v1/ledgers", None).await.unwrap();
    assert!(listed.as_array().unwrap().iter().any(|one| one["name"] == "alert_half_month"));
    let ledger = supervisor.call(Method::GET, &format!("{LEDGER}?{now}"), None).await.unwrap();
    let village = row(&ledger, "529901100201");
    assert_eq!(village["values"], json!([2, 2, 1, 1, 0, 0, 3, 0, 0]));
    assert_eq!(
        row(&ledger, "529901100000")["values"],
        village["values"],
        "the township has it all"
    );
    assert_eq!(row(&ledger, "529901100202")["values"][0], 0);
    let settled = &ledger["indicators"][0];
    assert_eq!((&settled["met"], &settled["of"]), (&json!(1), &json!(2)));
    let missing: Vec<&Json> = ledger["exceptions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["indicator"] == 0)
        .collect();
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0]["area_name"], "桃源村（虚构）");

    let past = format!("{LEDGER}?from=2020-01-01&until=2020-01-15");
    let ledger = supervisor.call(Method::GET, &past, None).await.unwrap();
    assert_eq!(row(&ledger, "529901100201")["values"], json!([0, 0, 0, 0, 0, 0, 0, 0, 0]));
    for wrong in ["from=2026-02-30&until=2026-03-01", "from=2026-03-02&until=2026-03-01"] {
        let path = format!("{LEDGER}?{wrong}");
        let refused = supervisor.call(Method::GET, &path, None).await.unwrap_err();
        assert_eq!(refused.kind(), "malformed");
    }

    let tones: Vec<&Json> =
        ledger["columns"].as_array().unwrap().iter().map(|one| &one["tone"]).collect();
    assert_eq!(tones[5..], [&Json::Null, &json!("red"), &json!("yellow"), &json!("blue")]);

    let mut auditor = stage.person("auditor").await;
    let ledger = auditor.call(Method::GET, &format!("{LEDGER}?{now}"), None).await.unwrap();
    assert_eq!(row(&ledger, "529901100201")["values"][0], Json::Null, "so few point at people");
    assert_eq!(ledger["indicators"][0]["of"], Json::Null, "and so do shares of so few");
    assert_eq!(ledger["exceptions"], json!([]));
});

story!(a_ledger_opens_in_excel, async |stage| {
    let (mut probe, now) = (Probe::new(&stage, "cadre").await, now());
    alerts(&mut probe, &[("self_report", "confirmed")]).await;
    let supervisor = stage.person("supervisor").await;
    let get = async |path: String| {
        let url = format!("{}{path}", stage.address());
        let request = reqwest::Client::new().get(url).bearer_auth(supervisor.access_token());
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        response.bytes().await.unwrap().to_vec()
    };
    let csv = get(format!("{LEDGER}/sheet.csv?{now}")).await;
    assert!(csv.starts_with(b"\xef\xbb\xbf"), "without it Excel garbles Chinese");
    let text = String::from_utf8(csv).unwrap();
    assert!(text.contains("防返贫监测预警半月报"));
    assert!(text.contains("2,529901100201,桃源村（虚构）,1,1"), "{text}");
    for line in ["填报单位,青溪镇（虚构）", "填报人,", "审核人,", "填报日期,20", "单位,条"]
    {
        assert!(text.contains(line), "{line}: {text}");
    }

    let xlsx = get(format!("{LEDGER}/sheet.xlsx?{now}")).await;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(xlsx)).unwrap();
    let mut part = |name: &str| {
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let sheet = part("xl/worksheets/sheet1.xml");
    assert!(sheet.contains("<mergeCell ref=\"D3:E3\"/>"), "the official header: {sheet}");
    assert!(!sheet.contains("<f>"), "nothing is a formula");
    // Level I is red, on paper too; its words stay.
    assert!(part("xl/styles.xml").contains("FFF8C9C4"));
    // A code is text: a number of its length would lose nothing today, and its zeros tomorrow.
    assert!(part("xl/sharedStrings.xml").contains("529901100201"));
});

const LIMIT: Duration = Duration::from_secs(60);

/// Ledgers about whatever may be made by forms, tables, people in browsers and pushes.
const COUNTS: [(&str, &str); 5] = [
    (
        "pack.toml",
        "name = \"counts\"\nversion = 1\nlabels = { zh-CN = \"清点\", en = \"Counts\" }\n\
         [description]\nzh-CN = \"清点\"\nen = \"Counts\"\n",
    ),
    (
        "registers/plot.toml",
        "name = \"plot\"\nversion = 1\nlabels = { zh-CN = \"地块\", en = \"Plot\" }\n\
         [[field]]\nid = 1\nname = \"household\"\ntype = \"reference\"\ncollection = \"household\"\n\
         role = \"subject\"\nlabels = { zh-CN = \"农户\", en = \"Household\" }\n\
         [[field]]\nid = 2\nname = \"area\"\ntype = \"decimal\"\nlabels = { zh-CN = \"面积\", en = \"Area\" }\n\
         [[field]]\nid = 3\nname = \"rent\"\ntype = \"money\"\nlabels = { zh-CN = \"租金\", en = \"Rent\" }\n\
         [[field]]\nid = 4\nname = \"leased\"\ntype = \"boolean\"\nlabels = { zh-CN = \"流转\", en = \"Leased\" }\n",
    ),
    (
        "ledgers/plots.toml",
        "name = \"plots\"\nversion = 1\nregister = \"plot\"\ntitle = { zh-CN = \"地块\", en = \"Plots\" }\n\
         [[column]]\nlabel = { zh-CN = \"本期\", en = \"New\" }\nwhen = [{ created = \"period\" }]\n\
         [[column]]\nlabel = { zh-CN = \"以前\", en = \"Before\" }\nwhen = [{ created = \"before\" }]\n\
         [[column]]\nlabel = { zh-CN = \"面积\", en = \"Area\" }\nsum = \"area\"\n\
         [[column]]\nlabel = { zh-CN = \"租金\", en = \"Rent\" }\nsum = \"rent\"\n\
         [[column]]\nlabel = { zh-CN = \"租金\", en = \"Rent\" }\nsum = \"rent\"\nunit = \"ten_thousand_yuan\"\n\
         [[indicator]]\nlabel = { zh-CN = \"已流转\", en = \"Leased\" }\nmet = [{ field = \"leased\", is = [\"true\"] }]\n",
    ),
    (
        "ledgers/homes.toml",
        "name = \"homes\"\nversion = 1\nregister = \"household\"\ntitle = { zh-CN = \"农户\", en = \"Households\" }\n\
         [[column]]\nlabel = { zh-CN = \"本期\", en = \"New\" }\nwhen = [{ created = \"period\" }]\n\
         [[column]]\nlabel = { zh-CN = \"以前\", en = \"Before\" }\nwhen = [{ created = \"before\" }]\n\
         [[column]]\nlabel = { zh-CN = \"收入\", en = \"Income\" }\nsum = \"yearly_income\"\n",
    ),
    (
        "ledgers/tasks.toml",
        "name = \"tasks\"\nversion = 1\nregister = \"task\"\ntitle = { zh-CN = \"任务\", en = \"Tasks\" }\n\
         [[column]]\nlabel = { zh-CN = \"本期\", en = \"New\" }\nwhen = [{ created = \"period\" }]\n\
         [[column]]\nlabel = { zh-CN = \"以前\", en = \"Before\" }\nwhen = [{ created = \"before\" }]\n",
    ),
];

async fn install(stage: &Stage, admin: &Client) {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in COUNTS {
        archive.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    let archive = archive.finish().unwrap().into_inner();
    let url = format!("{}/api/v1/packs?reason=x", stage.address());
    let request = reqwest::Client::new().post(url).bearer_auth(admin.access_token());
    let answer = request.body(archive).send().await.unwrap();
    let (status, told) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status.as_u16(), 200, "{told}");
}

/// A record as the recount sees it: where it is, the day its first operation was received on, and
/// what it holds.
struct Seen {
    village: String,
    received: String,
    fields: Json,
}

/// Everything of a register, read one by one: slow, and of nothing that ledgers are made from.
async fn all_of(admin: &mut Client, register: &str) -> Vec<Seen> {
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/records?collection={register}&limit=500{after}");
        let page = admin.call(Method::GET, &path, None).await.unwrap();
        for record in page["items"].as_array().unwrap() {
            let path = format!("/api/v1/records/{}/history", record["id"].as_str().unwrap());
            let history = admin.call(Method::GET, &path, None).await.unwrap();
            let received = history.as_array().unwrap().iter().map(|line| {
                let at = line["received_at"].as_str().unwrap();
                let (day, time) = at.split_once('T').unwrap();
                // A day in China begins eight hours earlier.
                let hour: u32 = time[..2].parse().unwrap();
                let midday = day_after(day, i64::from(hour >= 16));
                (at.to_owned(), midday)
            });
            let (_, received) = received.min().expect("it was made by something");
            let village = record["scope"].as_str().unwrap().trim_start_matches("area:").to_owned();
            seen.push(Seen { village, received, fields: record["fields"].clone() });
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return seen,
        }
    }
}

/// A day so many days later.
fn day_after(day: &str, days: i64) -> String {
    let at = beginning_of(day) + days * 86_400_000_000;
    ruhu::db::Timestamp(at).to_string()[..10].to_owned()
}

/// Microseconds since 1970 of a day's beginning, reckoned by hand (days from civil).
fn beginning_of(text: &str) -> i64 {
    let part = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    (days - 719_468) * 86_400_000_000
}

/// A sum of fen as it is written in a unit with so many places, by hand: two digits behind the point
/// at least, and none that is not needed.
fn by_hand(fen: i128, places: usize) -> String {
    let digits = format!("{:0>width$}", fen, width = places + 1);
    let (whole, rest) = digits.split_at(digits.len() - places);
    let kept = rest.trim_end_matches('0').len().max(2);
    format!("{whole}.{}", &rest[..kept])
}

/// When each record's first operation was received, as the database has it.
async fn received(stage: &Stage) -> Vec<(Key, Timestamp)> {
    let read = |connection: &mut AnyConnection| {
        let all = records::table.order(records::id);
        Ok(all.select((records::id, records::created_at)).load(connection)?)
    };
    let found: Result<_, Failed> = stage.app().database.read(read).await;
    found.expect("it answers")
}

/// Takes the step away that keeps when records were received, and makes it once more: from history.
async fn step_again(stage: &Stage) {
    macro_rules! step {
        ($database:literal, $way:literal) => {
            include_str!(concat!(
                "../../../migrations/",
                $database,
                "/2026-11-29-000038_created_at/",
                $way,
                ".sql"
            ))
        };
    }
    let texts = match stage.config().database {
        DatabaseUrl::Sqlite(_) => [step!("sqlite", "down"), step!("sqlite", "up")],
        DatabaseUrl::Postgres(_) => [step!("postgres", "down"), step!("postgres", "up")],
    };
    let done: Result<(), Failed> = stage
        .app()
        .database
        .write(move |connection| {
            for statement in texts.iter().flat_map(|text| text.split_inclusive(";\n")) {
                diesel::sql_query(statement).execute(connection)?;
            }
            Ok(())
        })
        .await;
    done.expect("it is done");
}

story!(a_ledger_says_what_a_slow_recount_says, async |stage| {
    let mut admin = stage.person("admin").await;
    install(&stage, &admin).await;
    let mut probe = Probe::new(&stage, "cadre").await;
    // By pushes: named as tablets name records, as forms do, and backdated by years.
    let old = uuid::Timestamp::from_unix(uuid::NoContext, 1_577_836_800, 0);
    let names = [Uuid::now_v7(), Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v7(old)];
    let plots = [(0.1, 1_774_000, true), (0.2, 1, false), (3.0, 99, false), (0.7, 250_050, true)];
    let home = probe.household(0).id;
    for (id, (area, rent, leased)) in names.into_iter().zip(plots) {
        let fields = json!({ "1": home, "2": area, "3": rent, "4": leased });
        let change = json!({ "kind": "create", "fields": fields });
        let made = probe.op("plot", RecordId(id), None, change);
        assert_eq!(kind(&probe.push(&[made]).await[0]), "applied");
    }
    // By a form, which names what it makes itself.
    let mut tablet = stage.tablet("cadre").await;
    let near = tablet.rows().find(|row| row.collection == "household").unwrap().clone();
    let asked = "| survey |\n| | type | name | label | save_to |\n| | text | head | Head | head_name |\n\
                 | | decimal | income | Income | yearly_income |\n\
                 | entities |\n| | dataset | label |\n| | household | ${head} |\n";
    let mut session = Session::begin(form(asked, "found"), &Files::new(), world());
    assert_eq!(session.fill(&json!({ "head": "表中户（虚构）", "income": "20.5" })), []);
    let made = written(&session, &tablet.catalogue().clone(), &tablet);
    let by_form = made[0].record;
    assert_ne!(by_form.0.get_version_num(), 7, "its id says nothing of its time");
    let edits = drafts(&tablet, &near, made);
    tablet.edit(edits).unwrap();
    tablet.sync_again(LIMIT).await.unwrap();
    // By a table.
    let table = "村,户主姓名,证件类型,户类型\n529901100202,导入户（虚构）,无,脱贫户、低保户\n";
    let path = "/api/v1/records/import?collection=household";
    let taken = admin.send_file(path, table.as_bytes().to_vec()).await.unwrap();
    assert_eq!(taken["new"], 1, "{taken}");
    // By a person in a browser.
    let task = json!({
        "batch": Uuid::now_v7(), "title": "核对（虚构）", "households": [home],
    });
    admin.call(Method::POST, "/api/v1/tasks", Some(&task)).await.unwrap();

    // All was received on the day of the first or on the next: it may become midnight meanwhile.
    let first = received(&stage).await.into_iter().map(|(_, at)| at).min().expect("there are some");
    let today = first.in_china()[..10].to_owned();
    let [yesterday, tomorrow, later] = [-1, 1, 2].map(|days| day_after(&today, days));
    let periods = [(&yesterday, &yesterday), (&today, &tomorrow), (&later, &later)];
    for (ledger, register) in [("plots", "plot"), ("homes", "household"), ("tasks", "task")] {
        let all = all_of(&mut admin, register).await;
        assert!(!all.is_empty());
        for (from, until) in periods {
            let query = format!("from={from}&until={until}");
            let path = format!("/api/v1/ledgers/{ledger}?{query}");
            let told = admin.call(Method::GET, &path, None).await.unwrap();
            for row in told["rows"].as_array().unwrap() {
                let code = row["code"].as_str().unwrap();
                let digits = match row["level"].as_str().unwrap() {
                    "county" => 6,
                    "township" => 9,
                    _ => 12,
                };
                let below = &code[..digits];
                let there = || all.iter().filter(|one| one.village.starts_with(below));
                let known = || there().filter(|one| one.received <= *until);
                let new = known().filter(|one| one.received >= *from).count();
                let before = known().filter(|one| one.received < *from).count();
                let mut expected = vec![json!(new), json!(before)];
                let sum = |field: &str| -> i128 {
                    known().filter_map(|one| one.fields[field].as_i64()).map(i128::from).sum()
                };
                if register == "plot" {
                    // In tenths, so that nothing is lost on the way.
                    let areas = known().filter_map(|one| one.fields["2"].as_f64());
                    let tenths: i64 = areas.map(|area| (area * 10.0).round() as i64).sum();
                    let area = match tenths % 10 {
                        0 => (tenths / 10).to_string(),
                        rest => format!("{}.{rest}", tenths / 10),
                    };
                    let rent = sum("3");
                    expected.extend([area, by_hand(rent, 2), by_hand(rent, 6)].map(Json::from));
                }
                if register == "household" {
                    expected.push(by_hand(sum("8"), 2).into());
                }
                assert_eq!(row["values"], json!(expected), "{ledger} {query} {code}");
            }
            let new = |row: &Json| row["values"][0].as_u64().unwrap();
            let county = row(&told, "529901000000");
            assert_eq!(new(county) > 0, *from == today, "{ledger} {query}");
        }
    }

    // The same on the screen, as CSV and in the workbook, where numbers are numbers.
    let query = format!("from={today}&until={tomorrow}");
    let told = admin.call(Method::GET, &format!("/api/v1/ledgers/plots?{query}"), None).await;
    let told = told.unwrap();
    let village = VILLAGE.trim_start_matches("area:");
    let values = json!([4, 0, "4", "20241.50", "2.02415"]);
    assert_eq!(row(&told, village)["values"], values);
    let units: Vec<&Json> =
        told["columns"].as_array().unwrap().iter().map(|one| &one["unit"]).collect();
    assert_eq!(units[2..], [&Json::Null, &json!("yuan"), &json!("ten_thousand_yuan")]);
    let leased = &told["indicators"][0];
    assert_eq!(
        (&leased["met"], &leased["of"], &leased["share"]),
        (&json!(2), &json!(4), &json!(5_000))
    );
    // A household stands there once, however many of its records are missing.
    assert_eq!(told["exceptions"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["exceptions"][0]["records"], 2);
    assert_eq!(told["exceptions"][0]["household"], json!(home));
    let csv = admin.bytes(&format!("/api/v1/ledgers/plots/sheet.csv?{query}")).await.unwrap();
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.contains("桃源村（虚构）,4,0,4,20241.50,2.02415"), "{csv}");
    assert!(csv.contains("租金（元）,租金（万元）") && csv.contains("已流转,2,4,50.00 %"), "{csv}");
    let book = admin.bytes(&format!("/api/v1/ledgers/plots/sheet.xlsx?{query}")).await.unwrap();
    let mut book = Xlsx::new(Cursor::new(book)).unwrap();
    let mut sheets: BTreeMap<String, Vec<Vec<Data>>> = BTreeMap::new();
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).unwrap();
        sheets.insert(name, range.rows().map(<[Data]>::to_vec).collect());
    }
    let lines = &sheets["区域"];
    let about = lines.iter().map(|line| line[0].to_string()).collect::<Vec<_>>().join("\n");
    for words in ["填报单位：", "填报人：", "审核人：", "填报日期：", "单位：条、元、万元", "序号"]
    {
        assert!(about.contains(words), "{words}: {about}");
    }
    let line = lines.iter().find(|line| line[1] == village).expect("the village");
    let numbers = [4.0, 0.0, 4.0, 20_241.5, 2.02415].map(Data::Float);
    assert_eq!(line[3..], numbers);
    assert!(matches!(line[0], Data::Float(_)) && matches!(line[1], Data::String(_)));
    let share = &sheets["指标"].iter().find(|line| line[1] == "已流转").unwrap()[4];
    assert_eq!(*share, Data::Float(0.5), "a share can be reckoned with");
    let missing: Vec<_> = sheets["未达到名单"].iter().filter(|line| line[1] == "已流转").collect();
    assert_eq!((missing.len(), &missing[0][4]), (1, &Data::Float(2.0)));

    // What was there before the column was is counted by its history.
    let before = received(&stage).await;
    step_again(&stage).await;
    assert_eq!(received(&stage).await, before);

    // Of so few, neither how many nor how much is told to those who need no more than the whole.
    let mut auditor = stage.person("auditor").await;
    let hidden = auditor.call(Method::GET, &format!("/api/v1/ledgers/plots?{query}"), None).await;
    assert_eq!(row(&hidden.unwrap(), village)["values"], json!([null, 0, null, null, null]));
});
