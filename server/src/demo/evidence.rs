//! Visits with painted photos and signed notifications, so that there is something to review: most
//! of it honest, some of it doubtful.

use std::collections::BTreeSet;

use ed25519_dalek::{Signer, SigningKey};
use mobile_schema::notice::{NoticeContent, NoticeTemplate, Outcome, RecordVersion};
use mobile_schema::pack::BundleKind;
use mobile_schema::register::Capacity;
use mobile_schema::{Catalogue, Hash, Value};
use scenery::Photo;
use sync_protocol::dossier::Dossier;
use sync_protocol::op::{Change, Fields, Op};
use sync_protocol::{Epoch, Hlc, Record, RecordId, Row, ScopeId, UserId, Version};
use uuid::Uuid;

use super::{DemoProblem, VILLAGES, push_whole};
use crate::app::App;
use crate::db::{Failed, Timestamp};
use crate::devices::{self, DeviceState};
use crate::http::Problem;
use crate::sync::{Desk, Owner, Pusher};
use crate::{accounts, checks, jobs, media, packs, records};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// More visits than this have small photos, and fewer.
const MANY: usize = 20;
/// Visits of a county that is only looked at.
pub const VISITS: usize = 10;
/// Households that receive aid; the first three were told of it.
const AIDED: usize = 12;

/// Adds so many visits, and notifications, to the first village of a county that was just loaded, and has
/// them looked at. Does nothing if there are visits.
pub async fn load_evidence(app: &App, visits: usize) -> Result<usize, DemoProblem> {
    let now = app.now();
    let known = app.read(found).await?;
    let Some(known) = known.filter(|known| known.visits == 0) else { return Ok(0) };
    let key = SigningKey::from_bytes(&rand::random());
    let catalogue = app.definitions();
    let mut writer = Writer { catalogue: &catalogue, now, known: &known, ops: Vec::new() };
    let mut photos = Vec::new();
    // Many are painted small, for the sake of whoever waits.
    let width = if visits <= MANY { 1280 } else { 480 };
    for (number, household) in known.households.iter().cycle().take(visits).enumerate() {
        let began = now.0 - (visits - number) as i64 * DAY / 2 - DAY;
        let taken = scenes(number).into_iter().map(|scene| match scene {
            Scene { of_first: true, .. } => photos.first().cloned().unwrap_or_default(),
            scene => scene.taken(household, began + 12 * MINUTE, width),
        });
        let taken: Vec<Vec<u8>> = taken.collect();
        writer.visit(household, began, &taken);
        photos.extend(taken);
    }
    let paper = Photo { width: 960, ..Photo::of(900) }.jpeg();
    let outcomes = [
        Outcome::Signed {
            strokes: vec![(0..40).map(|at| [at * 350, 4_000 - at * 20, at * 16].into()).collect()],
        },
        Outcome::Refused { reason: "本人不在家，家人不便代签".to_owned() },
        Outcome::Paper { photo: Hash::of(&paper) },
    ];
    photos.push(paper);
    let registered = {
        let (owner, public) = (known.cadre, key.verifying_key().to_bytes());
        app.write(move |connection| {
            let state = DeviceState::Blocked;
            devices::register(connection, owner, &public, "演示平板", state, now)
        })
        .await?
    };
    let epoch = app.lineage.current();
    let aided = known.households.iter().take(AIDED).enumerate();
    let awards: Vec<Row> =
        aided.filter_map(|(number, household)| writer.award(household, number, epoch)).collect();
    let told = known.households.iter().zip(&awards).zip(outcomes).enumerate();
    for (number, ((household, award), outcome)) in told {
        let signed_at = now.0 - DAY - number as i64 * 60 * MINUTE;
        writer.notice((household, award), outcome, signed_at, registered.0, &key);
    }
    for photo in photos {
        media::deposit_photo(app, known.cadre, photo).await?;
    }
    let ops = writer.ops;
    let count = ops.len();
    let (lineage, cadre) = (app.lineage.clone(), known.cadre);
    let pushed: Result<(), Failed<Problem>> = app
        .database
        .write(move |connection| {
            let scopes: BTreeSet<ScopeId> = ops.iter().map(|op| op.scope.clone()).collect();
            let owner = Owner::Tablet(registered);
            let (scopes, capacity) = (&scopes, Capacity::Cadre);
            let pusher = Pusher { owner, user: cadre, scopes, capacity, on_behalf: None };
            let desk = Desk { catalogue: &catalogue, lineage: &lineage, now };
            push_whole(connection, &desk, &pusher, registered, ops.clone())
        })
        .await;
    pushed?;
    jobs::run_due(app).await?;
    checks::run_due(app).await?;
    Ok(count)
}

/// What a visit's photos show: mostly the household's own yard.
fn scenes(number: usize) -> Vec<Scene> {
    let own = Scene { scene: 1_000 + number as u64, ..Scene::default() };
    match number % 40 {
        // The photo of another household, another place, another day, another program.
        3 => vec![own, Scene { of_first: true, ..own }],
        5 => vec![Scene { away: 0.03, ..own }],
        6 => vec![Scene { days: 9, ..own }],
        7 => vec![own, Scene { software: Some("Adobe Photoshop 24.0"), scene: 300, ..own }],
        _ if number >= MANY => vec![own],
        _ => vec![own, Scene { scene: 200 + number as u64, ..own }],
    }
}

#[derive(Clone, Copy, Default)]
struct Scene {
    scene: u64,
    /// The first photo of the first visit, to the byte.
    of_first: bool,
    /// Degrees away from the household.
    away: f64,
    /// Days before the visit.
    days: i64,
    software: Option<&'static str>,
}

impl Scene {
    fn taken(&self, household: &Record, at: i64, width: u16) -> Vec<u8> {
        let at = Timestamp(at - self.days * DAY).plus_seconds(8 * 3600).to_string();
        let time = at.get(..19).unwrap_or_default().replace('-', ":").replace('T', " ");
        let place = household.fields.get(&6);
        let part = |name| {
            let part = place.and_then(|place| place.get(name)).and_then(Value::as_integer);
            part.unwrap_or(0) as f64 / 1e7
        };
        let place = (part("lat") + self.away, part("lon"));
        Photo {
            time: Some(&time),
            place: Some(place),
            software: self.software,
            width,
            ..Photo::of(self.scene)
        }
        .jpeg()
    }
}

struct Known {
    visits: usize,
    households: Vec<Record>,
    members: Vec<Record>,
    cadre: UserId,
    form: Option<Hash>,
    template: Option<(Hash, NoticeTemplate)>,
}

fn found(connection: &mut crate::db::AnyConnection) -> diesel::QueryResult<Option<Known>> {
    let Ok(village) = ScopeId::area(VILLAGES[0].0) else { return Ok(None) };
    let scopes = BTreeSet::from([village]);
    let visits = records::load_some(connection, "visit", &scopes, 1)?.len();
    let households = records::load_some(connection, "household", &scopes, 40)?;
    let members = records::load_some(connection, "member", &scopes, 400)?;
    let Some((cadre, _)) = accounts::find_user(connection, "cadre")? else { return Ok(None) };
    let form = packs::newest(connection, BundleKind::Form, "household_visit")?;
    let form = form.map(|(hash, _)| hash);
    let template = packs::newest(connection, BundleKind::Notice, "student_aid")?;
    let template =
        template.and_then(|(hash, bytes)| Some((hash, serde_json::from_slice(&bytes).ok()?)));
    Ok(Some(Known { visits, households, members, cadre, form, template }))
}

struct Writer<'a> {
    catalogue: &'a Catalogue,
    now: Timestamp,
    known: &'a Known,
    ops: Vec<Op>,
}

impl Writer<'_> {
    fn put(
        &mut self,
        collection: &str,
        record: RecordId,
        scope: &ScopeId,
        change: Change,
        blobs: Vec<Hash>,
    ) {
        let Some((definition, _)) = self.catalogue.current(collection) else { return };
        let counter = self.ops.len() as u32 + 1;
        self.ops.push(Op {
            collection: collection.to_owned(),
            record,
            scope: scope.clone(),
            base: None,
            change,
            at: Hlc { wall: self.now.milliseconds(), counter, node: 1 },
            definition,
            author: self.known.cadre,
            blobs,
            group: None,
        });
    }

    fn visit(&mut self, household: &Record, began: i64, photos: &[Vec<u8>]) {
        let hashes: Vec<Hash> = photos.iter().map(|photo| Hash::of(photo)).collect();
        // What the register holds is what was found: the form asks for it once and writes it there.
        let held = |field| household.fields.get(&field).cloned().unwrap_or_default();
        let guarantees = held(10);
        let in_place: Vec<&str> =
            guarantees.as_list().unwrap_or_default().iter().filter_map(Value::as_text).collect();
        let all = ["food", "clothing", "schooling", "health_care", "housing", "water"];
        let is_there = |name: &str| if in_place.contains(&name) { "yes" } else { "no" };
        let asked = all.map(|name| (name.to_owned(), Value::from(is_there(name)))).into();
        let income = held(8).as_integer().map_or(Value::Null, |fen| Value::Integer(fen / 100));
        let answers = [
            ("household".to_owned(), household.id.to_string().into()),
            ("consent".to_owned(), Value::from("given")),
            ("guarantees".to_owned(), Value::Map(asked)),
            ("in_place".to_owned(), in_place.join(" ").into()),
            ("persons".to_owned(), held(13)),
            ("income".to_owned(), income),
        ];
        // The form asks for what each shows.
        let mut named = hashes.iter().map(|hash| Value::from(format!("{hash}.jpg")));
        let outside = named.next().map(|file| ("photo".to_owned(), file));
        let indoor = named.next().map(|file| {
            ("more_photos".to_owned(), Value::Map([("indoor".to_owned(), file)].into()))
        });
        let answers = answers.into_iter().chain(outside).chain(indoor).collect();
        let mut fields = Fields::from([
            (1, household.id.to_string().into()),
            (3, Value::Map(answers)),
            (4, Value::Integer(began)),
            (5, Value::Integer(began + 30 * MINUTE)),
            (7, "given".into()),
            (8, Value::List(hashes.iter().map(|hash| hash.to_string().into()).collect())),
            (9, "submitted".into()),
            (10, "月度走访（虚构）".into()),
        ]);
        fields.extend(self.known.form.map(|form| (2, form.to_string().into())));
        let change = Change::Create { fields };
        // Named when it began, as a tablet does it.
        let (seconds, micros) = (began / 1_000_000, began % 1_000_000);
        let at = uuid::Timestamp::from_unix(uuid::NoContext, seconds as u64, micros as u32 * 1_000);
        let id = RecordId(Uuid::new_v7(at));
        self.put("visit", id, &household.scope, change, hashes);
    }

    fn award(&mut self, household: &Record, number: usize, epoch: Epoch) -> Option<Row> {
        let (definition, _) = self.catalogue.current("aid_award")?;
        let due = self.now.plus_seconds((number as i64 % 5 - 1) * 7 * 24 * 3600).to_string();
        let mut fields = Fields::from([
            (1, household.id.to_string().into()),
            (3, "义务教育家庭经济困难学生生活补助（虚构）".into()),
            (4, "2026年秋季学期".into()),
            (5, Value::Integer(62_500 + 12_500 * (number as i64 % 2))),
            (7, due.get(..10).unwrap_or_default().into()),
        ]);
        let student = self
            .members_of(household)
            .find(|member| member.fields.get(&5).and_then(Value::as_text) == Some("child"));
        fields.extend(student.map(|student| (2, student.id.to_string().into())));
        let id = RecordId(Uuid::now_v7());
        let version = Version { epoch, n: 1 };
        let collection = "aid_award".to_owned();
        let row = Row { id, collection, version, definition, fields: fields.clone() };
        self.put("aid_award", id, &household.scope, Change::Create { fields }, Vec::new());
        Some(row)
    }

    fn members_of(&self, household: &Record) -> impl Iterator<Item = &Record> {
        let id = household.id.to_string();
        let is_of = move |member: &&Record| {
            member.fields.get(&1).and_then(Value::as_text) == Some(id.as_str())
        };
        self.known.members.iter().filter(is_of)
    }

    fn notice(
        &mut self,
        (household, award): (&Record, &Row),
        outcome: Outcome,
        signed_at: i64,
        device: Uuid,
        key: &SigningKey,
    ) {
        let Some((template, text)) = &self.known.template else { return };
        let row = Row::from(household);
        let mut others: Vec<Row> = self.members_of(household).map(Row::from).collect();
        others.push(award.clone());
        let definitions = self.catalogue;
        let dossier = Dossier { household: &row, about: Some(award), others: &others, definitions };
        let data = text.data("zh-CN", &dossier);
        let today = Timestamp(signed_at).in_china();
        let mut records = [&row, award].map(|row| RecordVersion {
            record: *row.id.0.as_bytes(),
            epoch: row.version.epoch.0,
            n: row.version.n,
        });
        records.sort();
        let photos: Vec<Hash> = match &outcome {
            Outcome::Paper { photo } => vec![*photo],
            _ => Vec::new(),
        };
        let content = NoticeContent {
            template: *template,
            household: *household.id.0.as_bytes(),
            language: "zh-CN".to_owned(),
            text: text
                .render("zh-CN", &data, today.get(..10).unwrap_or_default())
                .unwrap_or_default(),
            photos: Vec::new(),
            outcome,
            signed_at,
            device: *device.as_bytes(),
            supersedes: None,
            signer: Default::default(),
            witness: None,
            records: records.to_vec(),
        };
        let digest = content.digest();
        let base64 = |bytes: &[u8]| Value::from(data_encoding::BASE64.encode(bytes));
        let fields = Fields::from([
            (1, household.id.to_string().into()),
            (2, template.to_string().into()),
            (3, base64(&content.canonical_bytes())),
            (4, digest.to_string().into()),
            (5, base64(&key.sign(digest.as_bytes()).to_bytes())),
            (6, content.outcome.name().into()),
            (7, Value::Integer(signed_at)),
            (8, Value::List(photos.iter().map(|photo| photo.to_string().into()).collect())),
            (10, text.title.in_language("zh-CN").into()),
        ]);
        let change = Change::Sign { fields };
        self.put("notice", RecordId::derived(&digest), &household.scope, change, photos);
    }
}
