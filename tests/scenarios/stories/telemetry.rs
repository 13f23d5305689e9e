//! Logs and counts say what happened, and nothing about a person.

use std::time::Duration;

use harness::{ServerProcess, story};
use mobile_schema::Value;
use reqwest::Method;
use sync_protocol::Row;

story!(logs_and_metrics_name_nobody, async |stage| {
    let (arguments, mut environment) = stage.process_settings();
    environment.push(("RUHU_LOG".into(), "debug".into()));
    environment.push(("RUHU_METRICS".into(), "127.0.0.1:0".into()));
    let mut server = ServerProcess::start(&arguments, &environment);
    let counts = server.metrics();
    let mut tablet = stage.tablet("cadre").await;
    let household = tablet.rows().find(|row| row.collection == "household").unwrap().clone();
    tablet.go_offline().unwrap();
    let photo = tablet.keep_photo(&tablets::photo::invented(1, "2026:11:23 09:00:00", 26.2, 107.2));
    let drafts = tablets::day::visit(&tablet, &household, photo.unwrap(), 1);
    tablet.edit(drafts).unwrap();
    tablet.sync_at(server.address(), Duration::from_secs(60)).await.unwrap();
    let id = household.id;
    let mut supervisor = stage.person("supervisor").await;
    supervisor.move_to(server.address());
    supervisor.call(reqwest::Method::GET, &format!("/api/v1/records/{id}"), None).await.unwrap();
    let wrong = supervisor.sign_in("supervisor", "不对的密码").await;
    assert!(wrong.is_err());
    // A method is a word that anybody may invent; counted by name, each would be kept for ever.
    for number in 0..20 {
        let invented = Method::from_bytes(format!("INVENTED{number}").as_bytes()).unwrap();
        let address = format!("{}/healthz", server.address());
        reqwest::Client::new().request(invented, address).send().await.unwrap();
    }
    let outside = reqwest::get(format!("{}/metrics", server.address())).await.unwrap();
    assert_eq!(outside.status().as_u16(), 404, "not where everybody comes");
    let metrics = reqwest::get(counts).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("sync_ops_total{outcome=\"applied\"}"), "{metrics}");
    assert!(metrics.contains("method=\"other\"") && !metrics.contains("INVENTED"), "{metrics}");
    assert!(metrics.contains("route=\"/api/v1/records/{id}\""), "{metrics}");

    let request_id = reqwest::get(format!("{}/healthz", server.address())).await.unwrap();
    let request_id = request_id.headers()["x-request-id"].to_str().unwrap().to_owned();
    let log = server.stop();
    assert!(log.contains(&request_id), "each line carries its request");
    assert!(log.contains("/sync/v1/sync"));
    let secrets = secrets(&household);
    assert!(secrets.len() >= 4, "{secrets:?}");
    for secret in secrets.iter().map(String::as_str).chain(["不对的密码", ruhu::demo::PASSWORD])
    {
        assert!(!log.contains(secret), "the log has {secret}");
        assert!(!metrics.contains(secret), "the metrics have {secret}");
    }
});

/// What would tell who a household is.
fn secrets(household: &Row) -> Vec<String> {
    let texts = household.fields.values().filter_map(Value::as_text);
    let telling = texts.filter(|text| text.chars().count() > 3 || !text.is_ascii());
    telling.map(str::to_owned).chain([household.id.to_string()]).collect()
}
