//! Ledgers: counted village by village, with what each number is out of, as workbook and as CSV.

use std::io::Read as _;

use harness::story;
use reqwest::Method;
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use uuid::Uuid;

use crate::probe::Probe;

const LEDGER: &str = "/api/v1/ledgers/alert_half_month";

/// The half month that today is in, and one that is long gone.
fn now() -> String {
    let today = ruhu::db::Timestamp::now().in_china();
    format!("from={}&until={}", &today[..10], &today[..10])
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
    let mut probe = Probe::new(&stage, "cadre").await;
    let sources = [
        ("self_report", "risk_removed"),
        ("self_report", "confirmed"),
        ("cadre_visit", "reported"),
    ];
    alerts(&mut probe, &sources).await;
    let mut supervisor = stage.person("supervisor").await;
    let listed = supervisor.call(Method::GET, "/api/v1/ledgers", None).await.unwrap();
    assert!(listed.as_array().unwrap().iter().any(|one| one["name"] == "alert_half_month"));
    let ledger = supervisor.call(Method::GET, &format!("{LEDGER}?{}", now()), None).await.unwrap();
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
    let ledger = auditor.call(Method::GET, &format!("{LEDGER}?{}", now()), None).await.unwrap();
    assert_eq!(row(&ledger, "529901100201")["values"][0], Json::Null, "so few point at people");
    assert_eq!(ledger["indicators"][0]["of"], Json::Null, "and so do shares of so few");
    assert_eq!(ledger["exceptions"], json!([]));
});

story!(a_ledger_opens_in_excel, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    alerts(&mut probe, &[("self_report", "confirmed")]).await;
    let supervisor = stage.person("supervisor").await;
    let get = async |path: String| {
        let url = format!("{}{path}", stage.address());
        let request = reqwest::Client::new().get(url).bearer_auth(supervisor.access_token());
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        response.bytes().await.unwrap().to_vec()
    };
    let csv = get(format!("{LEDGER}/sheet.csv?{}", now())).await;
    assert!(csv.starts_with(b"\xef\xbb\xbf"), "without it Excel garbles Chinese");
    let text = String::from_utf8(csv).unwrap();
    assert!(
        text.contains("防返贫监测预警半月报") && text.contains("529901100201,桃源村（虚构）,1,1")
    );

    let xlsx = get(format!("{LEDGER}/sheet.xlsx?{}", now())).await;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(xlsx)).unwrap();
    let mut part = |name: &str| {
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let sheet = part("xl/worksheets/sheet1.xml");
    assert!(sheet.contains("<mergeCell ref=\"C3:D3\"/>"), "the official header: {sheet}");
    assert!(!sheet.contains("<f>"), "nothing is a formula");
    // Level I is red, on paper too; its words stay.
    assert!(part("xl/styles.xml").contains("FFF8C9C4"));
    // A code is text: a number of its length would lose nothing today, and its zeros tomorrow.
    assert!(part("xl/sharedStrings.xml").contains("529901100201"));
});
