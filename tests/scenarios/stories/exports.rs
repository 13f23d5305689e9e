//! Data taken away as tables: every answer of every version, nothing that is not theirs, and a
//! reason that is kept.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::time::Duration;

use harness::story;
use mobile_schema::Hash;
use reqwest::Method;
use ruhu::media_store::ObjectName;
use scenery::Photo;
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use tablets::Client;
use uuid::Uuid;

use crate::form_library::send;
use crate::photos::households;
use crate::probe::{Probe, VILLAGE, kind};

const LIMIT: Duration = Duration::from_secs(60);

/// A form with a repeat, a point and a question with several answers.
fn form(version: &str, last: &str) -> String {
    format!(
        "| survey |
| | type | name | label::中文 (zh) | label::English (en) |
| | begin group | home | 住房 | Home |
| | select_multiple water | water | 水源 | Water |
| | geopoint | place | 位置 | Place |
| | end group | | | |
| | begin repeat | pig | 猪 | Pig |
| | text | name | 名字 | Name |
| | end repeat | | | |
| | {last} |
| choices |
| | list_name | name | label::中文 (zh) | label::English (en) |
| | water | well | 井 | A well |
| | water | tap | 自来水 | A tap |
| settings |
| | form_title | form_id | version |
| | 养殖 | farm | {version} |
"
    )
}

/// The files of an archive by their names.
fn files(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    let mut files = BTreeMap::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).expect("a file");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("text");
        files.insert(file.name().expect("a name").into_owned(), text);
    }
    files
}

/// How many files of an archive go along with its tables.
fn along(archive: &[u8]) -> usize {
    let archive = zip::ZipArchive::new(Cursor::new(archive)).expect("an archive");
    let names = archive.file_names().map(|name| name.expect("a name"));
    names.filter(|name| name.starts_with("media/")).count()
}

/// The lines of a table by the first of their cells, as cells by their titles. No cell of these
/// stories has a comma in it.
fn lines(csv: &str) -> Vec<BTreeMap<String, String>> {
    let mut all = csv.trim_start_matches('\u{feff}').lines();
    let titles: Vec<String> = all.next().expect("titles").split(',').map(str::to_owned).collect();
    let line = |line: &str| {
        let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        assert_eq!(cells.len(), titles.len(), "{line}");
        titles.iter().cloned().zip(cells).filter(|(_, cell)| !cell.is_empty()).collect()
    };
    all.map(line).collect()
}

async fn upload(stage: &harness::Stage, admin: &Client, text: &str) -> (String, String) {
    let sent = send(stage, admin, "/api/v1/forms", ("farm.md", text.as_bytes()), &[]).await;
    let (status, told) = sent;
    assert_eq!(status, 201, "{told}");
    let text = |value: &Json| value.as_str().expect("text").to_owned();
    (text(&told["form"]["id"]), text(&told["hash"]))
}

async fn visit(probe: &mut Probe, household: usize, form: &str, answers: Json) -> RecordId {
    let (household, id) = (probe.household(household).id, RecordId(Uuid::now_v7()));
    let fields = json!({
        "1": household, "2": form, "3": answers, "5": 1_764_057_600_000_000_i64, "9": "submitted",
    });
    let made = probe.op("visit", id, None, json!({ "kind": "create", "fields": fields }));
    let outcomes = probe.push(&[made]).await;
    assert_eq!(kind(&outcomes[0]), "applied");
    id
}

story!(the_answers_of_all_versions_are_taken_away_as_tables, async |stage| {
    // Today, and tomorrow: it may become midnight meanwhile.
    let days = [0, 24 * 3600].map(|seconds| stage.app().now().plus_seconds(seconds));
    let mut admin = stage.person("admin").await;
    let (form_id, first) = upload(&stage, &admin, &form("1", "text | old | 旧 | Old")).await;
    let mut probe = Probe::new(&stage, "cadre").await;
    let answers = json!({
        "home": { "water": "tap well", "place": "25.5 102.25 1900 5" },
        "pig": [{ "name": "花" }, { "name": "黑" }], "old": "=1+1",
    });
    let older = visit(&mut probe, 0, &first, answers).await;
    let (_, second) = upload(&stage, &admin, &form("2", "integer | fresh | 新 | New")).await;
    let newer = visit(&mut probe, 1, &second, json!({ "fresh": 7, "stray": "x" })).await;
    let near = probe.household(1).id;

    let mut supervisor = stage.person("supervisor").await;
    let path = format!("/api/v1/forms/{form_id}/answers.zip?reason=半月汇总");
    let taken = files(&supervisor.bytes(&path).await.unwrap());
    assert_eq!(taken.keys().collect::<Vec<_>>(), ["farm-pig.csv", "farm.csv"]);
    assert!(taken["farm.csv"].starts_with('\u{feff}'), "Excel garbles Chinese without the mark");
    let visits = lines(&taken["farm.csv"]);
    assert_eq!(visits.len(), 2);
    let (one, two) = (&visits[0], &visits[1]);
    assert_eq!(one["KEY"], format!("uuid:{older}"));
    assert_eq!((one["home-water"].as_str(), one["old"].as_str()), ("tap well", "'=1+1"));
    assert_eq!((&*one["home-place-Latitude"], &*one["home-place-Accuracy"]), ("25.5", "5"));
    assert_eq!((&*one["FormVersion"], &*two["FormVersion"]), ("1", "2"));
    assert_eq!((&*two["KEY"], &*two["fresh"]), (&*format!("uuid:{newer}"), "7"));
    assert_eq!((&*two["HouseholdKey"], &*two["ReviewState"]), (&*near.to_string(), "submitted"));
    assert_eq!(two["EndedAt"], "2025-11-25T16:00:00+08:00");
    assert!(two.contains_key("SubmitterName") && two.contains_key("SubmissionDate"));
    let pigs = lines(&taken["farm-pig.csv"]);
    let told = |at: usize, title: &str| pigs[at][title].clone();
    assert_eq!(pigs.len(), 2);
    assert_eq!(told(1, "KEY"), format!("uuid:{older}/pig[2]"));
    assert_eq!((told(1, "PARENT_KEY"), told(1, "name")), (one["KEY"].clone(), "黑".to_owned()));

    // In words, with a column for each choice.
    let words = format!("{path}&wording=labels&split=true");
    let taken = files(&supervisor.bytes(&words).await.unwrap());
    let visits = lines(&taken["farm.csv"]);
    assert_eq!(visits[0]["水源"], "自来水; 井");
    assert_eq!((&*visits[0]["水源: 井"], &*visits[0]["状态"]), ("1", "已提交"));
    // Some of them.
    let waiting = files(&supervisor.bytes(&format!("{path}&status=approved")).await.unwrap());
    assert_eq!(lines(&waiting["farm.csv"]).len(), 0);
    let [first, last] = days.map(|day| day.in_china()[..10].to_owned());
    let days = format!("{path}&from={first}&until={last}&area=529901100201");
    assert_eq!(lines(&files(&supervisor.bytes(&days).await.unwrap())["farm.csv"]).len(), 2);
    let days = format!("{path}&from=2024-01-01&until=2024-12-31");
    assert_eq!(lines(&files(&supervisor.bytes(&days).await.unwrap())["farm.csv"]).len(), 0);

    // As a workbook, numbers are numbers and text is text.
    let book = supervisor.bytes(&path.replace("answers.zip", "answers.xlsx")).await.unwrap();
    let sheets = files(&book);
    assert!(sheets["xl/workbook.xml"].contains("name=\"farm\""), "{}", sheets["xl/workbook.xml"]);
    assert!(sheets["xl/workbook.xml"].contains("name=\"pig\""));
    let sheet = &sheets["xl/worksheets/sheet1.xml"];
    assert!(sheet.contains("<v>25.5</v>") && sheet.contains("=1+1"), "{sheet}");
    assert!(!sheet.contains("<f>"), "an answer is no formula");

    // Who took what, and why, is kept.
    let accesses = admin.call(Method::GET, "/api/v1/accesses", None).await.unwrap();
    let seen = accesses["items"].as_array().unwrap();
    let seen = seen.iter().filter(|one| one["kind"] == "answers").collect::<Vec<_>>();
    assert!(seen.len() >= 3 && seen.iter().all(|one| one["reason"] == "半月汇总"));
    let trail = admin.call(Method::GET, "/api/v1/audit?action=export", None).await.unwrap();
    assert_eq!(trail[0]["subject"], format!("form/{form_id}"));
    assert_eq!(trail.as_array().unwrap().last().unwrap()["detail"]["visits"], 2);
});

story!(nobody_takes_away_what_is_not_theirs, async |stage| {
    let mut admin = stage.person("admin").await;
    let (form_id, hash) = upload(&stage, &admin, &form("1", "text | old | 旧 | Old")).await;
    let mut probe = Probe::new(&stage, "cadre").await;
    visit(&mut probe, 0, &hash, json!({ "old": "别人的" })).await;
    let path = format!("/api/v1/forms/{form_id}/answers.zip");
    let refused = admin.bytes(&path).await.unwrap_err();
    assert_eq!(refused.kind(), "malformed", "without a reason");
    let refused = admin.bytes(&format!("{path}?reason=")).await.unwrap_err();
    assert_eq!(refused.kind(), "malformed", "an empty one is none");
    let path = format!("{path}?reason=核对");
    let mut auditor = stage.person("auditor").await;
    assert_eq!(auditor.bytes(&path).await.unwrap_err().kind(), "forbidden");
    let refused = admin.bytes(&format!("{path}&from=2026-11-01")).await.unwrap_err();
    assert_eq!(refused.kind(), "malformed", "half a period");
    let mut neighbour = stage.neighbour().await;
    assert_eq!(neighbour.bytes(&path).await.unwrap_err().kind(), "not-found");
    // A form that came with a pack is everybody's, and its answers are not.
    let forms = neighbour.call(Method::GET, "/api/v1/forms", None).await.unwrap();
    let packed = forms["items"].as_array().unwrap().iter().find(|one| one["area"].is_null());
    let packed = packed.unwrap()["id"].as_str().unwrap().to_owned();
    let visit_form = probe.tablet.form("household_visit").unwrap().to_string();
    visit(&mut probe, 0, &visit_form, json!({ "consent": "given" })).await;
    let path = format!("/api/v1/forms/{packed}/answers.zip?reason=核对");
    let theirs = files(&neighbour.bytes(&path).await.unwrap());
    assert!(theirs.values().all(|table| lines(table).is_empty()), "{theirs:?}");
    let table = neighbour.bytes("/api/v1/records.csv?collection=household&reason=核对").await;
    assert_eq!(lines(&String::from_utf8(table.unwrap()).unwrap()).len(), 0);
});

story!(photos_go_along_where_they_are_asked_for, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    tablet.sync_again(LIMIT).await.unwrap();
    let household = households(&tablet).remove(0);
    let photos: Vec<Vec<u8>> = (1..=2).map(|scene| Photo::of(scene).jpeg()).collect();
    let made = crate::photos::visit(&stage, &mut tablet, &household, 0, &photos).await;
    // The second visit has a photo that is the first's, too, and none of the first's other.
    crate::photos::visit(&stage, &mut tablet, &household, 3, &photos[..1]).await;
    let mut supervisor = stage.person("supervisor").await;
    let forms = supervisor.call(Method::GET, "/api/v1/forms", None).await.unwrap();
    let form =
        forms["items"].as_array().unwrap().iter().find(|one| one["name"] == "household_visit");
    let path = format!("/api/v1/forms/{}/answers", form.unwrap()["id"].as_str().unwrap());
    let taken = supervisor.bytes(&format!("{path}.zip?reason=核对照片&files=true")).await.unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(&taken)).unwrap();
    let mut table = String::new();
    archive.by_name("household_visit.csv").unwrap().read_to_string(&mut table).unwrap();
    let visits = lines(&table);
    let own = visits.iter().find(|one| one["KEY"] == format!("uuid:{made}")).unwrap();
    let mut named: Vec<&str> = own["Files"].split(' ').collect();
    named.sort_unstable();
    let mut expected: Vec<String> =
        photos.iter().map(|photo| format!("media/{}.jpg", Hash::of(photo))).collect();
    expected.sort_unstable();
    assert_eq!(named, expected);
    for (photo, name) in
        photos.iter().map(|photo| (photo, format!("media/{}.jpg", Hash::of(photo))))
    {
        let mut bytes = Vec::new();
        archive.by_name(&name).unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(&bytes, photo, "as it was taken");
    }
    assert_eq!(along(&taken), photos.len(), "each once, and nobody else's");
    // A file that the store has lost keeps nobody from the others.
    stage.app().media.delete(ObjectName::Blob(Hash::of(&photos[1]))).await.unwrap();
    let taken = supervisor.bytes(&format!("{path}.zip?reason=核对照片&files=true")).await.unwrap();
    assert_eq!(along(&taken), 1);
    let plain = supervisor.bytes(&format!("{path}.zip?reason=核对照片")).await.unwrap();
    assert_eq!(along(&plain), 0);
    let refused = supervisor.bytes(&format!("{path}.xlsx?reason=核对照片&files=true")).await;
    assert_eq!(refused.unwrap_err().kind(), "malformed", "a workbook holds none");
});

story!(a_register_is_taken_away, async |stage| {
    let probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let mut supervisor = stage.person("supervisor").await;
    let path = "/api/v1/records.csv?collection=household";
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let open = text(supervisor.bytes(path).await.unwrap());
    let all = lines(&open);
    let township =
        supervisor.call(Method::GET, "/api/v1/records?collection=household&limit=500", None);
    let count = township.await.unwrap()["items"].as_array().unwrap().len();
    assert_eq!(all.len(), count, "the township's, and no others");
    let own = all.iter().find(|one| one["KEY"] == household.id.to_string()).unwrap();
    assert_eq!(own["head_name"], crate::probe::text(&household, 1));
    assert!(own.contains_key("Area") && !own.contains_key("head_citizen_id"), "{own:?}");
    let told = text(supervisor.bytes(&format!("{path}&reason=复核")).await.unwrap());
    let told = lines(&told);
    let own = told.iter().find(|one| one["KEY"] == household.id.to_string()).unwrap();
    assert_eq!(own["head_citizen_id"], crate::probe::text(&household, 2), "{own:?}");
    let village = VILLAGE.trim_start_matches("area:");
    let words = format!("{path}&wording=labels&area={village}");
    let village = lines(&text(supervisor.bytes(&words).await.unwrap()));
    assert!(village.len() < count && village.iter().all(|one| one.contains_key("户主姓名")));
    let book = supervisor.bytes("/api/v1/records.xlsx?collection=member").await.unwrap();
    assert!(files(&book)["xl/workbook.xml"].contains("name=\"member\""));
    let refused = supervisor.bytes("/api/v1/records.csv?collection=nothing").await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
});
