//! A tablet whose requests are written by hand, to say what no well-behaved tablet would.

use std::sync::Arc;

use harness::Stage;
use mobile_schema::Value;
use mobile_schema::register::Capacity;
use reqwest::Method;
use ruhu::sync::{Desk, Owner, Pushed, Pusher, RawOp, push};
use serde_json::{Value as Json, json};
use sync_protocol::{
    ClockReading, IncarnationId, Op, Outcome, RecordId, Row, ScopeId, SyncRequest,
};
use tablets::{Client, ClientError, HeadlessTablet};
use uuid::Uuid;

/// The first village of the demo county, which the logins `cadre` and `cadre2` look after.
pub(crate) const VILLAGE: &str = "area:529901100201";
/// A village in the other township, which no demo cadre looks after.
pub(crate) const FAR_VILLAGE: &str = "area:529901101201";

/// The code of the demo county.
pub(crate) fn county() -> String {
    ruhu::demo::COUNTY.to_owned()
}

/// What long work tells, line by line.
pub(crate) async fn told(stage: &Stage, client: &Client, path: &str, body: String) -> Vec<Json> {
    let request = reqwest::Client::new().post(format!("{}{path}", stage.address()));
    let request = request.bearer_auth(client.access_token());
    let answer = request.header("accept", "application/x-ndjson").body(body).send().await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let told = answer.text().await.expect("all of it");
    told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

pub(crate) struct Probe {
    pub(crate) tablet: HeadlessTablet,
    pub(crate) incarnation: Uuid,
    pub(crate) next: u64,
}

impl Probe {
    /// A probe on a tablet of `login`, which has synced.
    pub(crate) async fn new(stage: &Arc<Stage>, login: &str) -> Self {
        let tablet = stage.tablet(login).await;
        let incarnation = Uuid::now_v7();
        Self { tablet, incarnation, next: 1 }
    }

    /// A household of the first village.
    pub(crate) fn household(&self, index: usize) -> Row {
        let village: ScopeId = VILLAGE.parse().expect("a scope");
        let in_village = |row: &&Row| {
            row.collection == "household"
                && self.tablet.machine().scope_of(row.id) == Some(&village)
        };
        self.tablet.rows().filter(in_village).nth(index).expect("the demo has households").clone()
    }

    /// An operation.
    pub(crate) fn op(
        &self,
        collection: &str,
        record: RecordId,
        base: Option<&Row>,
        change: Json,
    ) -> Json {
        let catalogue = self.tablet.catalogue();
        let (definition, _) = catalogue.current(collection).expect("a register");
        let mut op = json!({
            "collection": collection,
            "record": record,
            "scope": VILLAGE,
            "change": change,
            "at": [self.tablet.clock().wall, 0, rand::random::<u32>()],
            "definition": definition,
            "author": self.tablet.machine().identity().author,
        });
        if let Some(row) = base {
            op["base"] = json!(row.version);
        }
        op
    }

    /// A new address for a household.
    pub(crate) fn address(&self, household: &Row, address: &str) -> Json {
        let change = json!({ "kind": "patch", "fields": { "4": address } });
        self.op("household", household.id, Some(household), change)
    }

    /// A request with these operations from `first_seq` on.
    pub(crate) fn request(&self, first_seq: u64, ops: &[Json]) -> Json {
        json!({
            "protocol": 1,
            "request": Uuid::now_v7(),
            "device": self.tablet.machine().identity().device,
            "incarnation": self.incarnation,
            "epoch": self.tablet.machine().identity().epoch,
            "first_seq": first_seq,
            "ops": ops,
            "cursors": {},
            "budget": 4096,
            "clock": self.tablet.clock(),
        })
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&mut self, request: &Json) -> Result<Json, ClientError> {
        self.tablet.client().call(Method::POST, "/sync/v1/sync", Some(request)).await
    }

    /// Pushes operations at the end of the chain, and gives their outcomes.
    pub(crate) async fn push(&mut self, ops: &[Json]) -> Vec<Json> {
        let request = self.request(self.next, ops);
        let answer = self.send(&request).await.expect("the push is answered");
        assert_eq!(answer["result"], "ok", "{answer}");
        self.next += ops.len() as u64;
        let outcomes = answer["outcomes"].as_array().expect("outcomes").clone();
        assert_eq!(outcomes.len(), ops.len(), "each has its outcome");
        outcomes
    }

    /// Has a household deleted, which a cadre can only propose: whoever answers for the village
    /// decides so.
    pub(crate) async fn delete(&mut self, stage: &Arc<Stage>, household: &Row) {
        let proposal = json!({ "kind": "delete" });
        let proposal = self.op("household", household.id, Some(household), proposal);
        let seq = self.next;
        assert_eq!(kind(&self.push(&[proposal]).await[0]), "parked(role)");
        let path = format!("/api/v1/quarantine/{}/{seq}/settle", self.incarnation);
        let apply = json!({ "decision": "apply", "reason": "户已注销，核实过" });
        let mut supervisor = stage.person("supervisor").await;
        let done = supervisor.call(Method::POST, &path, Some(&apply)).await.expect("it is done");
        assert_eq!(kind(&done["outcomes"][0]), "applied");
    }

    /// Something doubtful about a record of the first village, as the server's checks find it.
    pub(crate) async fn doubt(&self, stage: &Arc<Stage>, about: RecordId, rule: &str) -> RecordId {
        let finding = RecordId(Uuid::now_v7());
        let fields = json!({ "1": about, "2": rule, "4": "open", "9": "doubt", "11": true });
        let op = self.op("finding", finding, None, json!({ "kind": "create", "fields": fields }));
        let op: Op = serde_json::from_value(op).expect("an operation");
        let (device, user) = (self.tablet.machine().identity().device, op.author);
        let (catalogue, lineage) = (stage.app().definitions(), stage.app().lineage.clone());
        let now = stage.app().now();
        let clock = ClockReading { wall: now.milliseconds(), monotonic: 0, boot: String::new() };
        let made = stage.app().write(move |connection| {
            let scopes = &std::collections::BTreeSet::from([op.scope.clone()]);
            let (owner, capacity) = (Owner::Tablet(device), Capacity::Server);
            let pusher = Pusher { owner, user, scopes, capacity, on_behalf: None };
            let (ops, chain) = (vec![RawOp::of(&op)], IncarnationId(Uuid::now_v7()));
            let request = SyncRequest::pushing(device, chain, 1, ops, clock.clone());
            let desk = Desk { catalogue: &catalogue, lineage: &lineage, now };
            let pushed = push(connection, &desk, &pusher, &request);
            let pushed = pushed.unwrap_or_else(|_| panic!("the push is stored"));
            let Pushed::Stored { outcomes, .. } = pushed else { panic!("{pushed:?}") };
            assert!(matches!(outcomes[0], Outcome::Applied { .. }), "{outcomes:?}");
            Ok(())
        });
        made.await.expect("the database is there");
        finding
    }

    /// The record as a supervisor reads it.
    pub(crate) async fn read(&self, stage: &Arc<Stage>, id: RecordId) -> Json {
        let mut supervisor = stage.person("supervisor").await;
        let path = format!("/api/v1/records/{id}?reason=核对");
        let record = supervisor.call(Method::GET, &path, None).await;
        record.expect("the supervisor may read it")
    }
}

/// A field of a row, as text.
pub(crate) fn text(row: &Row, field: u32) -> String {
    row.fields.get(&field).and_then(Value::as_text).unwrap_or_default().to_owned()
}

/// What kind of outcome it is, and why if there is a reason.
pub(crate) fn kind(outcome: &Json) -> String {
    let name = outcome["outcome"].as_str().unwrap_or_default();
    match outcome["reason"].as_str() {
        Some(reason) => format!("{name}({reason})"),
        None => name.to_owned(),
    }
}
