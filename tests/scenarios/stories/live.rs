//! Live events and the sync log.

use std::time::Duration;

use futures_util::StreamExt;
use harness::{DatabaseKind, story};
use reqwest::Method;
use serde_json::{Value as Json, json};
use sync_protocol::{RecordId, Row};
use uuid::Uuid;

use crate::probe::{Probe, VILLAGE, kind};

/// A stream of server-sent events.
pub(crate) struct Events {
    stream: futures_util::stream::BoxStream<'static, String>,
    text: String,
}

impl Events {
    pub(crate) async fn open(address: &str, path: &str, token: &str) -> Self {
        let answer = reqwest::Client::new()
            .get(format!("{address}{path}"))
            .bearer_auth(token)
            .header("Accept-Encoding", "gzip, zstd")
            .send()
            .await
            .expect("the stream opens");
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let stream = answer.bytes_stream().map(|piece| {
            String::from_utf8(piece.expect("the stream stands").to_vec()).expect("it is text")
        });
        let mut events = Self { stream: stream.boxed(), text: String::new() };
        events.until("retry:").await;
        events
    }

    /// Waits for the words, and forgets what came before them.
    pub(crate) async fn until(&mut self, words: &str) -> String {
        let waiting = async {
            loop {
                // An event is whole once the empty line behind it has come.
                let begins = self.text.find(words);
                let ends = begins.and_then(|at| self.text[at..].find("\n\n").map(|end| at + end));
                if let (Some(at), Some(end)) = (begins, ends) {
                    let found = self.text[at..end].to_owned();
                    self.text.drain(..end);
                    return found;
                }
                self.text.push_str(&self.stream.next().await.expect("the stream goes on"));
            }
        };
        tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("the event comes")
    }
}

/// Where something changed, by the next event.
async fn next_change(events: &mut Events) -> Json {
    let event = events.until("event: change").await;
    let data: Json = serde_json::from_str(event.split("data: ").nth(1).unwrap()).unwrap();
    data["scopes"].clone()
}

/// A change of one of the households in the second village, which the login `cadre` looks after as
/// well.
fn change_next_door(probe: &Probe, index: usize) -> Json {
    let next_door = format!("area:{}", ruhu::demo::VILLAGES[1].0);
    let is_there = |row: &&Row| {
        let scope = probe.tablet.machine().scope_of(row.id);
        row.collection == "household" && scope.is_some_and(|scope| scope.to_string() == next_door)
    };
    let household =
        probe.tablet.rows().filter(is_there).nth(index).expect("the demo has households");
    let mut op = probe.address(household, "邻村");
    op["scope"] = json!(next_door);
    op
}

story!(an_open_console_and_an_online_tablet_hear_of_a_change, async |stage| {
    let (mut one, mut two) =
        (Probe::new(&stage, "cadre").await, Probe::new(&stage, "cadre2").await);
    let mut second = Probe::new(&stage, "cadre").await;
    let supervisor = stage.person("supervisor").await;
    let other = stage.another_replica().await;
    let token = |probe: &mut Probe| probe.tablet.client().access_token().to_owned();
    // SQLite is for one process; replicas tell each other through PostgreSQL.
    let address = match stage.backend.database {
        DatabaseKind::Sqlite => stage.address().to_owned(),
        DatabaseKind::Postgres => other.address.clone(),
    };
    let mut tablet = Events::open(&address, "/sync/v1/live", &token(&mut two)).await;
    let mut beside = Events::open(&address, "/sync/v1/live", &token(&mut second)).await;
    let mut console = Events::open(&address, "/api/v1/live", supervisor.access_token()).await;
    let mut itself = Events::open(stage.address(), "/sync/v1/live", &token(&mut one)).await;
    let household = one.household(0);
    let op = one.address(&household, "一");
    assert_eq!(kind(&one.push(&[op]).await[0]), "applied");
    for events in [&mut tablet, &mut beside, &mut console] {
        assert_eq!(next_change(events).await, json!([VILLAGE]), "where, and not what");
    }
    // What had no effect is news to those who decide about it, and nothing for tablets to fetch:
    // the next that they hear of is the next that had.
    let foreign = json!({ "kind": "create", "fields": { "1": "别村的户" } });
    let mut foreign = one.op("household", RecordId(Uuid::now_v7()), None, foreign);
    let elsewhere = format!("area:{}", ruhu::demo::VILLAGES[2].0);
    foreign["scope"] = json!(elsewhere);
    let gone = one.op("household", household.id, Some(&household), json!({ "kind": "delete" }));
    let held = one.push(&[foreign, gone]).await;
    assert!(held.iter().all(|one| kind(one).starts_with("parked")), "{held:?}");
    assert_eq!(next_change(&mut console).await, json!([VILLAGE, elsewhere]));
    let op = change_next_door(&one, 0);
    let next_door = op["scope"].clone();
    assert_eq!(kind(&one.push(&[op]).await[0]), "applied");
    assert_eq!(next_change(&mut beside).await, json!([next_door]));
    // Its own changes are no news to a tablet; another's are, each once.
    let op = change_next_door(&second, 1);
    assert_eq!(kind(&second.push(&[op]).await[0]), "applied");
    assert_eq!(next_change(&mut itself).await, json!([next_door]));
    let op = two.address(&household, "二");
    two.push(&[op]).await;
    assert_eq!(next_change(&mut itself).await, json!([VILLAGE]));
    two.tablet.sync_again(Duration::from_secs(60)).await.unwrap();
});

story!(the_log_says_in_words_what_an_exchange_came_to, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let household = probe.household(0);
    let op = probe.address(&household, "一");
    let mut request = probe.request(1, &[op]);
    let fast = probe.tablet.clock().wall + 3 * 3_600_000;
    request["clock"]["wall"] = json!(fast);
    probe.send(&request).await.unwrap();
    let device = probe.tablet.machine().identity().device;
    request["device"] = json!(Uuid::nil());
    assert_eq!(probe.send(&request).await.unwrap_err().kind(), "mismatch");
    let mut supervisor = stage.person("supervisor").await;
    let path = format!("/api/v1/devices/{device}/log");
    let log = supervisor.call(Method::GET, &path, None).await.unwrap();
    let words: Vec<_> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["words"].as_str().unwrap())
        .collect();
    assert!(words[0].starts_with("本机数据属于另一台平板，请联系管理员。"), "{words:?}");
    assert!(words[1].starts_with("同步完成：上传 1 条"), "{words:?}");
    assert!(words[1].ends_with("平板时间快了 3 小时，请校准。"), "{words:?}");
    assert!(log["items"][1]["attempt"]["traffic"]["sent"].as_u64().unwrap() > 100);
    let english = reqwest::Client::new()
        .get(format!("{}{path}", stage.address()))
        .bearer_auth(supervisor.access_token())
        .header("Accept-Language", "en")
        .send()
        .await
        .unwrap();
    let english: Json = serde_json::from_slice(&english.bytes().await.unwrap()).unwrap();
    assert!(english["items"][1]["words"].as_str().unwrap().starts_with("Synced: 1 sent"));
    // The tablet has a log of its own.
    let own: Vec<_> = probe.tablet.attempts().collect();
    assert!(own.iter().any(|attempt| attempt.rows > 0));
});
