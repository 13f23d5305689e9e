//! Typical messages, invented: for the compression dictionary, and for measuring bytes.

use mobile_schema::register::builtin_registers;
use mobile_schema::{Catalogue, Hash, Value};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sync_protocol::encoding::cbor::{write_request, write_response};
use sync_protocol::message::{Accepted, Feed};
use sync_protocol::op::{Change, Fields, Group};
use sync_protocol::{
    ClockReading, Cursor, Digest, Epoch, Hlc, Op, Outcome, RecordId, Row, ScopeId, SyncRequest,
    SyncResponse, Version,
};
use uuid::Uuid;

/// A source of invented messages; the same seed gives the same ones.
pub struct Sample {
    random: StdRng,
    catalogue: Catalogue,
    scope: ScopeId,
    wall: i64,
    epoch: Epoch,
    author: Uuid,
}

const QUESTIONS: [&str; 33] = [
    "consent",
    "respondent",
    "persons",
    "persons_home",
    "minors",
    "elderly",
    "disabled",
    "ill",
    "food",
    "clothing",
    "schooling",
    "health_care",
    "housing",
    "water",
    "electricity",
    "road",
    "income",
    "income_wages",
    "income_farming",
    "income_transfers",
    "income_other",
    "debt",
    "insured",
    "chronic",
    "allowance",
    "employment",
    "training",
    "measure",
    "risk",
    "risk_cause",
    "wishes",
    "note",
    "next_visit",
];

impl Sample {
    /// Messages of one tablet.
    pub fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        Self {
            catalogue: builtin_registers().into_iter().collect(),
            scope: ScopeId::area(&format!(
                "52{:04}10{:04}",
                random.random_range(1000..9999),
                random.random_range(1000..9999)
            ))
            .expect("a scope"),
            wall: 1_790_000_000_000 + random.random_range(0..1_000_000_000),
            epoch: Epoch(random.random()),
            author: uuid_of(&mut random),
            random,
        }
    }

    fn id(&mut self) -> RecordId {
        self.wall += self.random.random_range(1_000..400_000);
        let mut bytes = [0; 10];
        self.random.fill(&mut bytes);
        RecordId(uuid::Builder::from_unix_timestamp_millis(self.wall as u64, &bytes).into_uuid())
    }

    fn op(&mut self, collection: &str, record: RecordId, change: Change, group: Group) -> Op {
        let (definition, _) = self.catalogue.current(collection).expect("a register");
        self.wall += 1;
        Op {
            collection: collection.to_owned(),
            record,
            scope: self.scope.clone(),
            base: Some(Version { epoch: self.epoch, n: self.random.random_range(1..9) }),
            change,
            at: Hlc { wall: self.wall, counter: 0, node: self.random.random() },
            definition,
            author: self.author.into(),
            blobs: Vec::new(),
            group: Some(group),
        }
    }

    /// A visit of 33 answers with a photo, and what it changes in its household.
    pub fn visit(&mut self) -> Vec<Op> {
        let group = Group { id: uuid_of(&mut self.random).into(), size: 3 };
        let household = self.id();
        let answer = |random: &mut StdRng, question: &str| match random.random_range(0..4) {
            0 => Value::Integer(random.random_range(0..60_000)),
            1 if question.len() > 6 => Value::from("稳定，与上次走访相同"),
            2 => Value::from("no"),
            _ => Value::from("yes"),
        };
        let answers = QUESTIONS
            .iter()
            .map(|question| ((*question).to_owned(), answer(&mut self.random, question)));
        let answers = Value::Map(answers.collect());
        let photo = Hash::of(&self.random.random::<u64>().to_be_bytes());
        let fields = Fields::from([
            (1, household.to_string().into()),
            (2, "household_visit".into()),
            (3, answers),
            (4, Value::Integer(self.wall * 1_000 - 1_200_000_000)),
            (5, Value::Integer(self.wall * 1_000)),
            (7, "given".into()),
            (8, Value::List(vec![photo.to_string().into()])),
            (9, "submitted".into()),
            (10, "月度走访".into()),
        ]);
        let id = self.id();
        let mut visit = self.op("visit", id, Change::Create { fields }, group);
        (visit.base, visit.blobs) = (None, vec![photo]);
        let income = self.random.random_range(1_000_000..9_000_000);
        let fields = Fields::from([(8, Value::Integer(income))]);
        let income = self.op("household", household, Change::Patch { fields }, group);
        let water = Change::Add { field: 10, element: "water".into() };
        vec![visit, income, self.op("household", household, water, group)]
    }

    /// A request with so many visits.
    pub fn request(&mut self, visits: usize) -> SyncRequest {
        let ops = (0..visits).flat_map(|_| self.visit()).collect();
        let clock = ClockReading {
            wall: self.wall,
            monotonic: self.random.random_range(0..90_000_000),
            boot: uuid_of(&mut self.random).to_string(),
        };
        let device = uuid_of(&mut self.random).into();
        let incarnation = uuid_of(&mut self.random).into();
        let first_seq = self.random.random_range(1..900);
        let request = SyncRequest::pushing(device, incarnation, first_seq, ops, clock);
        let cursor = Cursor { seq: self.random.random_range(1..9_000), floor: 0 };
        SyncRequest {
            request: uuid_of(&mut self.random).into(),
            epoch: Some(self.epoch),
            cursors: [(self.scope.clone(), cursor)].into(),
            budget: 65_536,
            ..request
        }
    }

    /// The answer to it, with the rows it made.
    pub fn response(&mut self, request: &SyncRequest) -> SyncResponse {
        let version = Version { epoch: self.epoch, n: 2 };
        let row = |op: &Op| match &op.change {
            Change::Create { fields } => Some(Row {
                id: op.record,
                collection: op.collection.clone(),
                version,
                definition: op.definition,
                fields: fields.clone(),
            }),
            _ => None,
        };
        let feed = Feed {
            reset: false,
            rows: request.ops.iter().filter_map(row).collect(),
            gone: Vec::new(),
            cursor: Cursor { seq: self.random.random_range(1..9_000), floor: 0 },
            more: false,
            digest: Some(Digest(self.random.random())),
            repairs: Vec::new(),
        };
        SyncResponse::Ok(Accepted {
            request: request.request,
            epoch: self.epoch,
            ack: request.first_seq + request.ops.len() as u64,
            outcomes: vec![Outcome::Applied { version }; request.ops.len()],
            feeds: [(self.scope.clone(), feed)].into(),
            scopes: vec![self.scope.clone()],
            safe_before: self.random.random_range(0..900),
            now: self.wall,
            order: None,
        })
    }
}

fn uuid_of(random: &mut StdRng) -> Uuid {
    uuid::Builder::from_random_bytes(random.random()).into_uuid()
}

/// A dictionary of what messages have in common: several of them, one behind the other, those
/// that come most often last, where Zstandard refers to most cheaply.
pub fn dictionary() -> Vec<u8> {
    let mut bytes = Vec::new();
    for seed in 0..4 {
        let mut sample = Sample::new(0xd1c7 + seed);
        let request = sample.request(1);
        let response = sample.response(&request);
        bytes.extend(serde_json::to_vec(&response).expect("it is written"));
        bytes.extend(serde_json::to_vec(&request).expect("it is written"));
        bytes.extend(write_response(&response));
        bytes.extend(write_request(&request));
    }
    bytes
}
