//! Tables taken in as records: what is wrong is told line by line, and nothing is doubled.

use std::time::Duration;

use harness::story;
use reqwest::Method;
use serde_json::{Value as Json, json};
use tablets::{Client, ClientError, HeadlessTablet};

use crate::probe::{FAR_VILLAGE, Probe, VILLAGE, text};

const LIMIT: Duration = Duration::from_secs(60);
/// Invented: the region of the numbers does not exist.
const WANG: &str = "52990119700101123X";

fn path(more: &str) -> String {
    format!("/api/v1/records/import?collection={more}")
}

async fn send(client: &mut Client, more: &str, table: &str) -> Result<Json, ClientError> {
    client.send_file(&path(more), table.as_bytes().to_vec()).await
}

fn counts(told: &Json) -> [u64; 5] {
    ["lines", "new", "known", "repeated", "wrong"].map(|name| told[name].as_u64().unwrap())
}

/// The households of a tablet by the names of their heads.
fn heads(tablet: &HeadlessTablet) -> Vec<String> {
    tablet.rows().filter(|row| row.collection == "household").map(|row| text(row, 1)).collect()
}

fn village(scope: &str) -> &str {
    scope.trim_start_matches("area:")
}

story!(a_township_is_taken_in_from_a_table, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let mut admin = stage.person("admin").await;
    let here = village(VILLAGE);
    let table = format!(
        "\u{feff}村,户主姓名,户主身份证号,证件类型,住址,备忘\n\
         {here},王山（虚构）,{WANG},居民身份证,一组,x\n\
         {here},李水（虚构）,,无,二组,\n\
         {here},李水（虚构）,,无,二组,\n"
    );
    let looked = send(&mut admin, "household&dry_run=true", &table).await.unwrap();
    assert_eq!(counts(&looked), [3, 2, 0, 1, 0], "{looked}");
    let unread = looked["columns"].as_array().unwrap().iter().find(|one| one["field"].is_null());
    assert_eq!(unread.unwrap()["title"], "备忘");
    probe.tablet.sync_again(LIMIT).await.unwrap();
    assert!(!heads(&probe.tablet).contains(&"王山（虚构）".to_owned()), "to look is to look");

    let taken = send(&mut admin, "household", &table).await.unwrap();
    assert_eq!(counts(&taken), [3, 2, 0, 1, 0]);
    probe.tablet.sync_again(LIMIT).await.unwrap();
    let all = heads(&probe.tablet);
    assert_eq!(all.iter().filter(|one| one.starts_with("王山")).count(), 1);
    assert_eq!(all.iter().filter(|one| one.starts_with("李水")).count(), 1);
    // Again, and with another address: nothing is doubled, and nothing that is there is changed.
    let again = send(&mut admin, "household", &table).await.unwrap();
    assert_eq!(counts(&again), [3, 0, 2, 1, 0], "{again}");
    let moved = table.replace("一组", "九组");
    let again = send(&mut admin, "household", &moved).await.unwrap();
    assert_eq!(counts(&again), [3, 0, 2, 1, 0], "{again}");
    probe.tablet.sync_again(LIMIT).await.unwrap();
    let wang = probe.tablet.rows().find(|row| text(row, 1).starts_with("王山")).unwrap().clone();
    assert_eq!((text(&wang, 4).as_str(), text(&wang, 3).as_str()), ("一组", "resident"));
    assert_eq!(text(&wang, 2), WANG, "the tablet has the number");

    // Members name their household by the head's number, by the head's name, or by its id.
    let members = format!(
        "户,姓名,出生日期\n{WANG},王小山（虚构）,2010/3/4\n李水（虚构）,李小水（虚构）,2011年5月6日\n\
         {},王二山（虚构）,20120708\n",
        wang.id
    );
    let members = members.replace("户,姓名", "household,姓名");
    let taken = send(&mut admin, "member", &members).await.unwrap();
    assert_eq!(counts(&taken), [3, 3, 0, 0, 0], "{taken}");
    probe.tablet.sync_again(LIMIT).await.unwrap();
    let family = probe.tablet.rows().filter(|row| row.collection == "member");
    let family: Vec<(String, String)> = family
        .filter(|row| text(row, 1) == wang.id.to_string())
        .map(|row| (text(row, 2), text(row, 6)))
        .collect();
    assert_eq!(family.len(), 2, "{family:?}");
    assert!(family.contains(&("王小山（虚构）".to_owned(), "2010-03-04".to_owned())));
    let again = send(&mut admin, "member", &members).await.unwrap();
    assert_eq!(counts(&again), [3, 0, 3, 0, 0], "{again}");

    // What is exported is taken in again as what is there.
    let table = admin.bytes("/api/v1/records.csv?collection=household&wording=labels").await;
    let table = String::from_utf8(table.unwrap()).unwrap();
    let again = send(&mut admin, "household", &table).await.unwrap();
    let [lines, new, known, ..] = counts(&again);
    assert_eq!((new, known), (0, lines), "{again}");
    let trail = admin.call(Method::GET, "/api/v1/audit?action=import_records", None).await.unwrap();
    assert_eq!(trail[0]["detail"], json!({ "register": "member", "records": 3 }));
});

story!(a_table_with_a_wrong_line_is_not_taken_in, async |stage| {
    let probe = Probe::new(&stage, "cadre").await;
    let mut admin = stage.person("admin").await;
    let here = village(VILLAGE);
    let there = text(&probe.household(0), 1);
    let table = format!(
        "村,户主姓名,户主身份证号,证件类型\n{here},赵甲（虚构）,,无\n火星村,钱乙（虚构）,,无\n\
         {here},孙丙（虚构）,,护照\n,周丁（虚构）,,无\n{here},{there},,无\n{here},,,无\n\
         {here},吴戊（虚构）,{WANG},\n{here},郑己（虚构）,{WANG},\n"
    );
    let looked = send(&mut admin, "household&dry_run=true", &table).await.unwrap();
    let lines = looked["problems"].as_array().unwrap().iter();
    let lines: Vec<u64> = lines.map(|one| one["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7, 9], "{looked}");
    assert!(!looked.to_string().contains(WANG), "a number is not told again");
    let refused = send(&mut admin, "household", &table).await.unwrap_err();
    assert_eq!(refused.kind(), "import-invalid");
    let all =
        admin.call(Method::GET, "/api/v1/records?collection=household&title=赵甲", None).await;
    assert_eq!(all.unwrap()["items"], json!([]), "not even the line that is right");
    // Of very many that are wrong, the first are told, and how many they are.
    let rubbish = format!("村,户主姓名\n{}", "火星村,钱乙（虚构）\n".repeat(130));
    let refused = send(&mut admin, "household", &rubbish).await.unwrap_err();
    let ClientError::Refused { body, .. } = &refused else { panic!("{refused}") };
    assert!(body.to_string().contains("一共有 130 行不对，这里只列出前 100 行"), "{body}");
    assert_eq!((body["problems"].as_array().unwrap().len(), &body["wrong"]), (101, &json!(130)));
    for (more, table, kind) in [
        ("visit", "KEY\n1\n", "not-found"),
        ("nothing", "KEY\n1\n", "not-found"),
        ("household", "", "import-invalid"),
        ("household", "证件类型\n无\n", "import-invalid"),
        ("household", "PK\u{3}\u{4}rubbish", "import-invalid"),
    ] {
        assert_eq!(send(&mut admin, more, table).await.unwrap_err().kind(), kind, "{more} {table}");
    }
    // The village of another's is none; a supervisor takes nothing in.
    let far = format!("村,户主姓名\n{},冯庚（虚构）\n", village(FAR_VILLAGE));
    let mut neighbour = stage.neighbour().await;
    assert_eq!(send(&mut neighbour, "household", &far).await.unwrap_err().kind(), "import-invalid");
    let mut supervisor = stage.person("supervisor").await;
    assert_eq!(send(&mut supervisor, "household", &far).await.unwrap_err().kind(), "forbidden");
});

story!(whom_a_line_means_is_never_guessed, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let mut admin = stage.person("admin").await;
    let here = village(VILLAGE);
    let homes = format!("村,户主姓名,户主身份证号\n{here},何一（虚构）,\n");
    assert_eq!(counts(&send(&mut admin, "household", &homes).await.unwrap())[1], 1);
    let wrong = async |admin: &mut Client, register: &str, table: String| -> Vec<u64> {
        let told = send(admin, &format!("{register}&dry_run=true"), &table).await.unwrap();
        let lines = told["problems"].as_array().unwrap().iter();
        lines.map(|one| one["line"].as_u64().unwrap()).collect()
    };
    // A household on record without a number may be the one that the table has with one.
    let numbered = homes.replace("何一（虚构）,", &format!("何一（虚构）,{WANG}"));
    assert_eq!(wrong(&mut admin, "household", numbered).await, [2]);
    // What two lines could both be is asked before anything is made, as it would be after.
    let alike = format!("村,户主姓名,住址\n{here},何二（虚构）,一组\n{here},何二（虚构）,二组\n");
    assert_eq!(wrong(&mut admin, "household", alike).await, [3]);
    let members = "household,姓名,身份证号,出生日期\n何一（虚构）,何小（虚构）,,2010-01-01\n";
    assert_eq!(counts(&send(&mut admin, "member", members).await.unwrap())[1], 1);
    let again = members.replace(",,2010-01-01", &format!(",{WANG},2010-01-01"));
    let again = send(&mut admin, "member", &again).await.unwrap();
    assert_eq!(counts(&again), [1, 0, 1, 0, 0], "nobody is called the same twice in a household");
    let twice = format!(
        "{members}何一（虚构）,何大（虚构）,,2001-01-01\n何一（虚构）,何大（虚构）,,2002-02-02\n"
    );
    assert_eq!(wrong(&mut admin, "member", twice).await, [4]);

    // What a household is given twice is two things.
    let awards = "household,资助项目,金额\n何一（虚构）,助学金,1000\n何一（虚构）,助学金,2000\n";
    let taken = send(&mut admin, "aid_award", awards).await.unwrap();
    assert_eq!(counts(&taken), [2, 2, 0, 0, 0], "{taken}");
    let next = awards.replace(",2000", ",3000");
    let taken = send(&mut admin, "aid_award", &next).await.unwrap();
    assert_eq!(counts(&taken), [2, 1, 1, 0, 0], "{taken}");
    probe.tablet.sync_again(LIMIT).await.unwrap();
    let there = probe.tablet.rows().filter(|row| row.collection == "aid_award");
    assert_eq!(there.filter(|row| text(row, 3) == "助学金").count(), 3);
});

story!(whom_somebody_else_gave_a_household_meanwhile_keeps_it, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let admin = stage.person("admin").await;
    let (home, theirs) = (probe.household(0).id, probe.household(1).id);
    let orphan = sync_protocol::RecordId(uuid::Uuid::now_v7());
    let create = json!({ "kind": "create", "fields": { "2": "石无家（虚构）" } });
    let made = probe.op("member", orphan, None, create);
    let made = probe.push(&[made]).await.remove(0);
    assert_eq!(made["outcome"], "applied");
    // The records that are there come last: those that are new are several transactions.
    let mut table = format!("household,姓名\n{home},石无家（虚构）\n");
    (0..1_600).for_each(|one| table.push_str(&format!("{home},石{one}（虚构）\n")));
    let request = reqwest::Client::new().post(format!("{}{}", stage.address(), path("member")));
    let request =
        request.bearer_auth(admin.access_token()).header("accept", "application/x-ndjson");
    let mut answer = request.body(table).send().await.unwrap();
    let mut told = String::new();
    while !told.contains(r#"{"done":500,"#) {
        let piece = answer.chunk().await.unwrap().expect("it tells how far it is");
        told.push_str(std::str::from_utf8(&piece).unwrap());
    }
    let patch = json!({ "kind": "patch", "fields": { "1": theirs } });
    let mut patch = probe.op("member", orphan, None, patch);
    patch["base"] = made["version"].clone();
    assert_eq!(probe.push(&[patch]).await[0]["outcome"], "applied");
    told.push_str(&answer.text().await.unwrap());
    let result: Json = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    let result = &result["result"];
    assert_eq!((&result["new"], &result["completed"]), (&json!(1600), &json!(0)), "{result}");
    assert_eq!(result["overtaken"][0]["line"], 2, "{result}");
    probe.tablet.sync_again(LIMIT).await.unwrap();
    let child = probe.tablet.rows().find(|row| row.id == orphan).unwrap();
    assert_eq!(text(child, 1), theirs.to_string(), "nothing is put over what somebody else said");
});

story!(a_countys_own_sheets_are_understood_and_members_find_their_households, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let mut admin = stage.person("admin").await;
    let name = admin.call(Method::GET, "/api/v1/areas", None).await.unwrap();
    let name = name.as_array().unwrap().iter().find(|one| one["code"] == village(VILLAGE)).unwrap();
    let name = name["name"].as_str().unwrap();
    let homes = format!(
        "桃源县监测对象花名册,,,,,\n填报日期：2026年11月29日,,,,,\n\
         序号,行政村,户编号,户主 姓名,户主身份证号码,家庭年收入（元）\n\
         1,{name},TY-1,邓一（虚构）,{WANG},17740\n2,{name},TY-2,邓二（虚构）,,12000.50\n"
    );
    let (gbk, ..) = encoding_rs::GBK.encode(&homes);
    let looked = admin.send_file(&path("household&dry_run=true"), gbk.to_vec()).await.unwrap();
    let columns = looked["columns"].as_array().unwrap().iter();
    let read_as: Vec<Option<&str>> = columns.map(|one| one["field"].as_str()).collect();
    let wanted = ["Area", "number", "head_name", "head_citizen_id", "yearly_income"];
    assert_eq!(read_as, [vec![None], wanted.into_iter().map(Some).collect()].concat());
    let taken = admin.send_file(&path("household"), gbk.to_vec()).await.unwrap();
    assert_eq!(counts(&taken), [2, 2, 0, 0, 0], "{taken}");

    // A list of members that says no household is refused in words, and nothing is taken in.
    let alone = "姓名,公民身份号码,与户主关系\n邓小一（虚构）,,长子\n";
    let looked = send(&mut admin, "member&dry_run=true", alone).await.unwrap();
    assert_eq!(counts(&looked)[1..], [0, 0, 0, 1], "{looked}");
    assert!(looked["problems"][0]["zh"].as_str().unwrap().contains("户主身份证号码"), "{looked}");
    assert_eq!(send(&mut admin, "member", alone).await.unwrap_err().kind(), "import-invalid");

    // What an earlier build took in without a household is completed by the right sheet.
    let orphan = sync_protocol::RecordId(uuid::Uuid::now_v7());
    let create = json!({ "kind": "create", "fields": { "2": "邓小一（虚构）" } });
    let made = probe.op("member", orphan, None, create);
    assert_eq!(probe.push(&[made]).await[0]["outcome"], "applied");
    let members = format!(
        "行政村,户编号,户主姓名,姓名,与户主关系\n{name},TY-1,邓一（虚构）,邓小一（虚构）,长子\n\
         {name},TY-2,邓二（虚构）,邓小二（虚构）,次女\n"
    );
    let taken = send(&mut admin, "member", &members).await.unwrap();
    assert_eq!((counts(&taken), &taken["completed"]), ([2, 1, 1, 0, 0], &json!(1)), "{taken}");
    probe.tablet.sync_again(LIMIT).await.unwrap();
    let home = probe.tablet.rows().find(|row| text(row, 20) == "TY-1").unwrap().id.to_string();
    let child = probe.tablet.rows().find(|row| row.id == orphan).unwrap();
    assert_eq!(text(child, 1), home, "it belongs to its household now");
    let again = send(&mut admin, "member", &members).await.unwrap();
    assert_eq!((counts(&again), &again["completed"]), ([2, 0, 2, 0, 0], &json!(0)), "{again}");
    // What a line says twice must be the same.
    let torn = "户编号,户主姓名,姓名\nTY-1,邓二（虚构）,邓小三（虚构）\n";
    let looked = send(&mut admin, "member&dry_run=true", torn).await.unwrap();
    assert_eq!(counts(&looked)[1..], [0, 0, 0, 1], "{looked}");

    // Columns with names of their own are what a person says they are.
    let odd = format!("组,户头\n{name},邓四（虚构）\n");
    let said = json!({ "组": "Area", "户头": "head_name" }).to_string();
    let said: String = said.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let taken = send(&mut admin, &format!("household&columns={said}"), &odd).await.unwrap();
    assert_eq!(counts(&taken), [1, 1, 0, 0, 0], "{taken}");
});
