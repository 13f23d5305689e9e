//! Many tablets at little cost: enrolled in the database, with bodies made beforehand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::QueryResult;
use harness::{Backend, DatabaseKind, MediaKind, ServerProcess, Stage};
use mobile_schema::{Catalogue, Hash, Value};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use ruhu::accounts::{self, NewUser, Role};
use ruhu::areas::{self, Area};
use ruhu::db::{AnyConnection, Timestamp};
use ruhu::devices::{self, DeviceState};
use sync_protocol::op::{Change, Fields, Group, Op};
use sync_protocol::{
    ClockReading, DeviceId, GroupId, Hlc, IncarnationId, RecordId, RequestId, ScopeId, SyncRequest,
    SyncResponse, UserId,
};
use uuid::Uuid;

/// A stage with a server of its own process on it, and tablets.
pub(crate) struct Crowd {
    pub(crate) stage: Arc<Stage>,
    pub(crate) server: ServerProcess,
    pub(crate) catalogue: Arc<Catalogue>,
    tablets: Vec<Member>,
}

/// A tablet of the crowd.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) token: String,
    pub(crate) device: DeviceId,
    pub(crate) user: UserId,
    pub(crate) incarnation: IncarnationId,
    /// Which of the crowd it is.
    pub(crate) number: usize,
    http: reqwest::Client,
    server: String,
}

pub(crate) fn name(backend: Backend) -> &'static str {
    match (backend.database, backend.media) {
        (DatabaseKind::Sqlite, MediaKind::Folder) => "SQLite, folder",
        (DatabaseKind::Sqlite, MediaKind::S3) => "SQLite, S3",
        (DatabaseKind::Postgres, MediaKind::Folder) => "PostgreSQL, folder",
        (DatabaseKind::Postgres, MediaKind::S3) => "PostgreSQL, S3",
    }
}

impl Crowd {
    /// Tablets that all work in the same villages: the admin's, who sees all of them.
    pub(crate) async fn gather(backend: Backend, count: usize) -> Self {
        Self::of(backend, count, |connection, _, _| {
            let user = accounts::find_user(connection, "admin")?.map(|(user, _)| user);
            Ok(user.expect("the demo has an admin"))
        })
        .await
    }

    /// A crowd of which each has a village of its own.
    pub(crate) async fn gather_apart(backend: Backend, count: usize) -> Self {
        Self::of(backend, count, |connection, number, now| {
            let code = Self::village_code(number);
            let area = Area {
                code: code.clone(),
                parent: Some("529901100000".into()),
                level: "village".into(),
                name: code.clone(),
            };
            areas::add(connection, &area)?;
            let new = NewUser {
                login: format!("bench-{number}"),
                display_name: String::new(),
                password_hash: String::new(),
            };
            let user = accounts::add_user(connection, &new, now)?;
            accounts::add_grant(connection, user, Role::Cadre, &code, now)?;
            Ok(user)
        })
        .await
    }

    /// Tablets of the people that `whose` finds or makes.
    async fn of(
        backend: Backend,
        count: usize,
        whose: impl Fn(&mut AnyConnection, usize, Timestamp) -> QueryResult<UserId> + Send + 'static,
    ) -> Self {
        let stage = Arc::new(Stage::open(backend).await);
        let (arguments, mut environment) = stage.process_settings();
        environment.push(("RUHU_LOG".into(), "warn".into()));
        let server = ServerProcess::start(&arguments, &environment);
        let app = stage.app();
        let now = app.now();
        let enrolled = app.write(move |connection| {
            (0..count)
                .map(|number| {
                    let user = whose(connection, number, now)?;
                    let key: [u8; 32] = mobile_schema::Hash::of(Uuid::new_v4().as_bytes()).0;
                    let state = DeviceState::Active;
                    let device = devices::register(connection, user, &key, "bench", state, now)?;
                    accounts::start_session(connection, user, Some(device), now)
                })
                .collect::<QueryResult<Vec<_>>>()
        });
        let sessions = enrolled.await.expect("they enrol");
        let tablets = Self::members(&stage, &server, sessions);
        let catalogue = app.definitions();
        Self { stage, server, catalogue, tablets }
    }

    fn members(
        stage: &Stage,
        server: &ServerProcess,
        sessions: Vec<(accounts::Session, accounts::SecretToken)>,
    ) -> Vec<Member> {
        let http = reqwest::Client::new();
        let app = stage.app();
        let now = app.now();
        let member = |(number, session): (usize, accounts::Session)| Member {
            token: accounts::issue(&app.keys, &session, now).expect("a token"),
            device: session.device.expect("a tablet's session"),
            user: session.user,
            incarnation: IncarnationId(Uuid::now_v7()),
            number,
            http: http.clone(),
            server: server.address().to_owned(),
        };
        sessions.into_iter().map(|(session, _)| session).enumerate().map(member).collect()
    }

    /// The code of a village that one tablet of a crowd apart has for itself.
    pub(crate) fn village_code(number: usize) -> String {
        format!("5299019{number:05}")
    }

    /// Has so many scopes in the database, whosever they are.
    pub(crate) async fn fill_heads(&self, count: usize) {
        use diesel::prelude::*;
        use ruhu::db::schema::scope_heads;
        let filled = self.stage.app().write(move |connection| {
            let there: i64 = scope_heads::table.count().get_result(connection)?;
            for number in there..count as i64 {
                diesel::insert_into(scope_heads::table)
                    .values((
                        scope_heads::scope.eq(format!("area:filler-{number}")),
                        scope_heads::seq.eq(1),
                        scope_heads::digest.eq(vec![0; 16]),
                        scope_heads::horizon.eq(0),
                    ))
                    .execute(connection)?;
            }
            Ok(())
        });
        filled.await.expect("they are there");
    }

    /// The tablets, dealt out to so many clients.
    pub(crate) fn dealt(&self, clients: usize) -> Vec<Vec<Member>> {
        let mut hands = vec![Vec::new(); clients];
        for (index, tablet) in self.tablets.iter().enumerate() {
            // Each client brings a new life of the tablet, whose chain starts anew.
            let incarnation = IncarnationId(Uuid::now_v7());
            hands[index % clients].push(Member { incarnation, ..tablet.clone() });
        }
        hands
    }

    /// Creates households in a scope, a thousand operations at a time.
    pub(crate) async fn fill(&self, scope: &ScopeId, count: usize) {
        let mut tablet = self.dealt(1).remove(0).remove(0);
        let mut seq = 1;
        for start in (0..count).step_by(1_000) {
            let ops: Vec<Op> = (start..(start + 1_000).min(count))
                .map(|number| tablet.household(&self.catalogue, scope, number))
                .collect();
            let pushed = ops.len() as u64;
            tablet.push(seq, ops).await;
            seq += pushed;
        }
        tablet.token.clear();
    }
}

impl Member {
    fn op(&self, catalogue: &Catalogue, collection: &str, scope: &ScopeId, change: Change) -> Op {
        let (definition, _) = catalogue.current(collection).expect("a register");
        Op {
            collection: collection.to_owned(),
            record: RecordId(Uuid::now_v7()),
            scope: scope.clone(),
            base: None,
            change,
            at: Hlc { wall: 1_760_000_000_000, counter: 0, node: Uuid::new_v4().as_fields().0 },
            definition,
            author: self.user,
            blobs: Vec::new(),
            group: None,
        }
    }

    pub(crate) fn household(&self, catalogue: &Catalogue, scope: &ScopeId, number: usize) -> Op {
        let fields = Fields::from([
            (1, format!("虚构户主{number}").into()),
            (4, format!("{} 组 {} 号", number / 30, number % 30).into()),
            (5, format!("199{number:08}").into()),
            (7, "general".into()),
            (8, Value::Integer(2_400_000 + number as i64)),
            (10, Value::List(vec!["food".into(), "clothing".into(), "schooling".into()])),
            (13, Value::Integer(4)),
        ]);
        self.op(catalogue, "household", scope, Change::Create { fields })
    }

    /// A visit as the form of this hash has it, with a photo.
    pub(crate) fn visit_with(
        &self,
        catalogue: &Catalogue,
        household: RecordId,
        scope: &ScopeId,
        (form, photo): (Hash, Hash),
    ) -> Op {
        let map = |entries: &[(&str, Value)]| {
            let owned = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            Value::Map(owned.collect())
        };
        let guarantees = ["food", "clothing", "schooling", "health_care", "housing", "water"];
        let guarantees = guarantees.map(|name| (name, Value::from("yes")));
        let answers = [
            ("consent", Value::from("given")),
            ("guarantees", map(&guarantees)),
            ("persons", Value::Integer(4)),
            ("income", Value::Integer(30_000)),
            ("note", "家庭情况稳定，无新增风险。".into()),
        ];
        let now = Timestamp::now().0;
        let fields = Fields::from([
            (1, household.to_string().into()),
            (2, form.to_string().into()),
            (3, map(&answers)),
            (4, Value::Integer(now - 1_200_000_000)),
            (5, Value::Integer(now)),
            (7, "given".into()),
            (8, Value::List(vec![photo.to_string().into()])),
            (9, "submitted".into()),
            (10, "月度走访".into()),
        ]);
        let visit = self.op(catalogue, "visit", scope, Change::Create { fields });
        Op { blobs: vec![photo], ..visit }
    }

    /// The form that visits of the demo are filled in with.
    pub(crate) async fn form(&self) -> Hash {
        let forms = self.http.get(format!("{}/sync/v1/forms", self.server));
        let forms = forms.bearer_auth(&self.token).send().await.expect("an answer");
        let forms: serde_json::Value =
            serde_json::from_slice(&forms.bytes().await.expect("a body")).expect("JSON");
        let forms = forms.as_array().expect("forms");
        let visit = forms.iter().find(|form| form["name"] == "household_visit");
        let hash = visit.and_then(|form| form["hash"].as_str()).expect("the demo has the form");
        hash.parse().expect("a hash")
    }

    /// A visit of 33 answers, and two changes it makes in its household.
    pub(crate) fn visit(
        &self,
        catalogue: &Catalogue,
        household: RecordId,
        scope: &ScopeId,
    ) -> Vec<Op> {
        let answers =
            (0..33).map(|number| (format!("question_{number}"), Value::from("yes, as before")));
        let fields = Fields::from([
            (1, household.to_string().into()),
            (2, "household_visit".into()),
            (3, Value::Map(answers.collect())),
            (7, "given".into()),
            (9, "submitted".into()),
        ]);
        let visit = self.op(catalogue, "visit", scope, Change::Create { fields });
        let note = Change::Add { field: 12, element: "来访".into() };
        let count = Change::Delta { field: 13, by: 0 };
        let group = Some(Group { id: GroupId(Uuid::now_v7()), size: 3 });
        let mut ops = vec![visit];
        for change in [note, count] {
            ops.push(Op { record: household, ..self.op(catalogue, "household", scope, change) });
        }
        ops.into_iter().map(|op| Op { group, ..op }).collect()
    }

    pub(crate) fn request(&self, first_seq: u64, ops: Vec<Op>) -> SyncRequest {
        let clock = ClockReading { wall: 1_760_000_000_000, monotonic: 0, boot: String::new() };
        let request = SyncRequest::pushing(self.device, self.incarnation, first_seq, ops, clock);
        SyncRequest { request: RequestId(Uuid::new_v4()), ..request }
    }

    /// Sends a body that is packed already; gives how many bytes came back, packed.
    pub(crate) async fn send(&self, packed: Vec<u8>) -> Vec<u8> {
        let response = self
            .http
            .post(format!("{}/sync/v1/sync", self.server))
            .bearer_auth(&self.token)
            .header(CONTENT_TYPE, "application/json")
            .header(CONTENT_ENCODING, "zstd")
            .header(ACCEPT_ENCODING, "zstd")
            .body(packed)
            .send()
            .await
            .expect("an answer");
        let status = response.status();
        let body = response.bytes().await.expect("a body").to_vec();
        assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
        body
    }

    pub(crate) async fn push(&self, first_seq: u64, ops: Vec<Op>) -> SyncResponse {
        let answer = self.send(pack(&self.request(first_seq, ops))).await;
        unpack(&answer)
    }

    pub(crate) fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.server)).bearer_auth(&self.token)
    }
}

pub(crate) fn pack(request: &SyncRequest) -> Vec<u8> {
    let json = serde_json::to_vec(request).expect("a request is JSON");
    zstd::encode_all(json.as_slice(), 3).expect("zstd encodes")
}

pub(crate) fn unpack(body: &[u8]) -> SyncResponse {
    let json = zstd::decode_all(body).unwrap_or_else(|_| body.to_vec());
    serde_json::from_slice(&json).expect("an answer of the protocol")
}

/// The value below which `share` of the times lie, in milliseconds.
pub(crate) fn quantile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let place = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
    times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

/// Runs `work` for each hand at once; gives how long all took, and how long each piece took.
pub(crate) async fn together<W, F>(hands: Vec<Vec<Member>>, work: W) -> (Duration, Vec<Duration>)
where
    W: Fn(Vec<Member>) -> F,
    F: Future<Output = Vec<Duration>> + Send + 'static,
{
    let begun = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for hand in hands {
        running.spawn(work(hand));
    }
    let times = running.join_all().await.into_iter().flatten().collect();
    (begun.elapsed(), times)
}
