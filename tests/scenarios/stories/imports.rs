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
    assert_eq!(counts(&again), [3, 0, 3, 0, 0], "{again}");
    let moved = table.replace("一组", "九组");
    let again = send(&mut admin, "household", &moved).await.unwrap();
    assert_eq!(counts(&again), [3, 0, 3, 0, 0], "{again}");
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
