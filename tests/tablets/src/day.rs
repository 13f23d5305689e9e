//! A day in the village: three tablets, two villages, no network, then a bad one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use ed25519_dalek::{Signer, SigningKey};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use mobile_schema::notice::{
    NoticeContent, NoticeTemplate, Outcome as NoticeOutcome, RecordVersion,
};
use mobile_schema::{Hash, Value};
use reqwest::Method;
use serde_json::json;
use sync_protocol::op::{Change, Fields};
use sync_protocol::tablet::Draft;
use sync_protocol::{
    Cursor, Digest, Outcome, RecordId, RequestId, Row, ScopeId, SyncRequest, SyncResponse,
};
use uuid::Uuid;

use crate::client::{Client, ClientError};
use crate::link::{Link, Weather};
use crate::photo;
use crate::tablet::{HeadlessTablet, TabletError};

/// How the day goes.
#[derive(Clone, Debug, clap::Args)]
pub struct Plan {
    /// Address of the server
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub server: String,
    /// Login of an admin who may enrol tablets
    #[arg(long, default_value = "admin")]
    pub login: String,
    /// The admin's password
    #[arg(long, default_value = "ruhu-demo-2026")]
    pub password: String,
    /// Households each tablet visits
    #[arg(long, default_value_t = 8)]
    pub visits: usize,
    /// Folder with JPEG photos to use; photos are invented without it
    #[arg(long)]
    pub photos: Option<PathBuf>,
    /// Connections drop after about so many KB; 0 for a good link
    #[arg(long, default_value_t = 300)]
    pub drop_after: u64,
    /// Folder for the tablets' stores; a temporary one without it
    #[arg(long)]
    pub stores: Option<PathBuf>,
    /// For the same drops again
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Why the day did not end well.
#[derive(Debug, thiserror::Error)]
pub enum DayError {
    /// A tablet could not go on.
    #[error("{tablet}: {error}")]
    Tablet {
        /// Which.
        tablet: &'static str,
        /// Why.
        error: TabletError,
    },
    /// The server said no.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// The server lacks what the day needs.
    #[error("the server lacks {0}; was `ruhu demo load` run on its data?")]
    Lacking(&'static str),
    /// What the tablets hold is not what the server has.
    #[error("the final check failed: {0}")]
    Check(String),
}

/// What a person wants to know of the day.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Operations that went up.
    pub rows_up: u64,
    /// Rows that came down.
    pub rows_down: u64,
    /// Bytes that went up the wire, headers and all.
    pub bytes_up: u64,
    /// Bytes that came down the wire, headers and all.
    pub bytes_down: u64,
    /// Photos that the server has verified.
    pub photos: u64,
    /// Their bytes.
    pub photo_bytes: u64,
    /// Operations that raised a conflict.
    pub conflicts: u64,
    /// Connections that dropped.
    pub drops: u64,
    /// From the first network to the last answer.
    pub seconds: f64,
    /// Digests that are equal, each of one tablet and one scope.
    pub digests: usize,
}

/// The logins of the cadres and what their tablets are called.
const CADRES: [(&str, &str); 3] =
    [("cadre", "tablet A"), ("cadre2", "tablet B"), ("cadre3", "tablet C")];
const LIMIT: Duration = Duration::from_secs(300);

/// Plays the day and checks that nothing was lost.
pub async fn play(plan: &Plan, bar: ProgressBar) -> Result<Report, DayError> {
    let temporary = std::env::temp_dir().join(format!("ruhu-tablets-{}", Uuid::new_v4()));
    let stores = plan.stores.clone().unwrap_or_else(|| temporary.clone());
    let played = play_in(plan, &bar, &stores).await;
    bar.finish_and_clear();
    if plan.stores.is_none() {
        // Only what this run has made itself.
        let _ = std::fs::remove_dir_all(&temporary);
    }
    played
}

async fn play_in(plan: &Plan, bar: &ProgressBar, stores: &Path) -> Result<Report, DayError> {
    bar.set_style(
        ProgressStyle::with_template("{msg:<34} {bar:30} {pos}/{len} {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let drop_after = (plan.drop_after > 0).then_some(plan.drop_after * 1024);
    let weather = Weather { drop_after, pace: None, seed: plan.seed };
    let link = Link::open(&plan.server, weather).await?;

    bar.set_message("enrolling three tablets");
    let mut tablets = enrol(plan, stores).await?;
    for (tablet, (_, name)) in tablets.iter_mut().zip(CADRES) {
        tablet
            .sync_at(&plan.server, LIMIT)
            .await
            .map_err(|error| DayError::Tablet { tablet: name, error })?;
        tablet.go_offline().map_err(|error| DayError::Tablet { tablet: name, error })?;
        tablet.tally = Default::default();
    }

    bar.set_message("offline: visits, photos, signatures");
    let photos = Photos::open(plan.photos.as_deref())?;
    let mut work =
        Work { visited: BTreeSet::new(), photos: BTreeMap::new(), number: plan.seed * 1_000 };
    let template = notice_template(&mut tablets[0]).await?;
    for (index, tablet) in tablets.iter_mut().enumerate() {
        day_offline(plan, tablet, index, &photos, &mut work, &template)
            .map_err(|error| DayError::Tablet { tablet: CADRES[index].1, error })?;
    }
    let disagreement = disagree(&mut tablets)?;

    let total: usize = tablets.iter().map(|tablet| tablet.machine().unsent()).sum();
    bar.set_length((total + work.photos.len()) as u64);
    bar.set_message("online: syncing over a bad link");
    for tablet in &mut tablets {
        let bar = bar.clone();
        tablet.on_progress = Some(Box::new(move || bar.inc(1)));
    }
    let begun = Instant::now();
    let address = link.address();
    let (first, rest) = tablets.split_at_mut(1);
    let (second, third) = rest.split_at_mut(1);
    let synced = tokio::join!(
        first[0].sync_at(&address, LIMIT),
        second[0].sync_at(&address, LIMIT),
        third[0].sync_at(&address, LIMIT),
    );
    named(CADRES[0].1, synced.0)?;
    named(CADRES[1].1, synced.1)?;
    named(CADRES[2].1, synced.2)?;
    // Once more, so that each has what the others brought last.
    for (tablet, (_, name)) in tablets.iter_mut().zip(CADRES) {
        named(name, tablet.sync_again(LIMIT).await)?;
    }
    let seconds = begun.elapsed().as_secs_f64();

    bar.set_message("checking");
    let mut report = Report {
        seconds,
        drops: link.traffic().drops.load(Ordering::Relaxed),
        ..Report::default()
    };
    report.bytes_up = link.traffic().up.load(Ordering::Relaxed);
    report.bytes_down = link.traffic().down.load(Ordering::Relaxed);
    report.photo_bytes = work.photos.values().sum();
    for (tablet, (_, name)) in tablets.iter_mut().zip(CADRES) {
        report.rows_up += tablet.tally.rows_up;
        report.rows_down += tablet.tally.rows_down;
        report.photos += tablet.tally.photos;
        report.conflicts += tablet.tally.conflicts;
        tablet.client().move_to(&plan.server);
        report.digests += check(tablet, name).await?;
    }
    check_photos(&mut tablets[0], &work).await?;
    disagreement.check(&tablets)?;
    Ok(report)
}

fn named(tablet: &'static str, done: Result<(), TabletError>) -> Result<(), DayError> {
    done.map_err(|error| DayError::Tablet { tablet, error })
}

async fn enrol(plan: &Plan, stores: &Path) -> Result<Vec<HeadlessTablet>, DayError> {
    let mut admin = Client::new(&plan.server);
    admin.sign_in(&plan.login, &plan.password).await?;
    let mut tablets = Vec::new();
    for (login, name) in CADRES {
        let who = json!({ "login": login });
        let code = admin.call(Method::POST, "/api/v1/enrolment-codes", Some(&who));
        let code = code.await.map_err(|error| match error.kind() {
            "not-found" => DayError::Lacking("the demo's cadres"),
            _ => error.into(),
        })?;
        let code = code["code"].as_str().unwrap_or_default();
        let store = stores.join(name.replace(' ', "-"));
        let enrolled = HeadlessTablet::enrol(&plan.server, &store, code, name).await;
        tablets.push(enrolled.map_err(|error| DayError::Tablet { tablet: name, error })?);
    }
    Ok(tablets)
}

/// The template of the student-aid notification, by its hash.
async fn notice_template(tablet: &mut HeadlessTablet) -> Result<(Hash, NoticeTemplate), DayError> {
    const LACKING: DayError = DayError::Lacking("a notification template");
    let bundles = tablet.client().call(Method::GET, "/api/v1/bundles", None).await?;
    let notice = bundles.as_array().into_iter().flatten().find(|bundle| bundle["kind"] == "notice");
    let hash = notice.and_then(|bundle| bundle["hash"].as_str()).ok_or(LACKING)?.to_owned();
    let bytes = tablet.client().bytes(&format!("/sync/v1/bundles/{hash}")).await?;
    let template = serde_json::from_slice(&bytes).map_err(|_| LACKING)?;
    Ok((Hash::of(&bytes), template))
}

/// Real photos from a folder, or invented ones.
struct Photos(Vec<Vec<u8>>);

impl Photos {
    fn open(folder: Option<&Path>) -> Result<Self, std::io::Error> {
        let mut photos = Vec::new();
        for entry in folder.map(std::fs::read_dir).transpose()?.into_iter().flatten() {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("jpg")) {
                photos.push(std::fs::read(path)?);
            }
        }
        Ok(Self(photos))
    }

    /// A photo that is taken now, where the household lives.
    fn take(&self, number: u64, household: &Row, now: i64) -> Vec<u8> {
        match self.0.get(number as usize % self.0.len().max(1)) {
            // The same photo again would be one blob, so each gets a mark behind its end.
            Some(photo) => [photo.as_slice(), &number.to_be_bytes()].concat(),
            None => {
                let place = household.fields.get(&6);
                let degrees = |part| {
                    let part = place.and_then(|place| place.get(part)).and_then(Value::as_integer);
                    part.unwrap_or(0) as f64 / 1e7
                };
                photo::invented(number, &photo::time(now), degrees("lat"), degrees("lon"))
            }
        }
    }
}

/// What was done offline, to compare with what arrives.
struct Work {
    visited: BTreeSet<RecordId>,
    photos: BTreeMap<Hash, u64>,
    number: u64,
}

fn day_offline(
    plan: &Plan,
    tablet: &mut HeadlessTablet,
    index: usize,
    photos: &Photos,
    work: &mut Work,
    (template_hash, template): &(Hash, NoticeTemplate),
) -> Result<(), TabletError> {
    let households = own_households(tablet);
    // Each goes another way round, so that they meet at few doors.
    let route = households.iter().skip(index * plan.visits).chain(&households);
    let todo: Vec<_> =
        route.filter(|row| !work.visited.contains(&row.id)).take(plan.visits).cloned().collect();
    for household in &todo {
        work.visited.insert(household.id);
        work.number += 1;
        let bytes = photos.take(work.number, household, tablet.clock().wall);
        let photo = tablet.keep_photo(&bytes)?;
        work.photos.insert(photo, bytes.len() as u64);
        let drafts = visit(tablet, household, photo, work.number);
        tablet.edit(drafts)?;
    }
    if let (0, Some(household)) = (index, todo.first()) {
        let draft = notification(tablet, household, *template_hash, template);
        tablet.edit(vec![draft])?;
    }
    Ok(())
}

fn own_households(tablet: &HeadlessTablet) -> Vec<Row> {
    tablet.rows().filter(|row| row.collection == "household").cloned().collect()
}

fn scope_of(tablet: &HeadlessTablet, id: RecordId) -> ScopeId {
    let held = tablet.machine().scope_of(id).cloned();
    held.unwrap_or_else(|| ScopeId::user(tablet.machine().identity().author))
}

/// A change of a record, made by a tablet on what it has seen.
pub fn draft(
    tablet: &HeadlessTablet,
    collection: &str,
    record: RecordId,
    scope: &ScopeId,
    change: Change,
) -> Draft {
    let definition = tablet.catalogue().current(collection).map(|(hash, _)| hash);
    Draft {
        collection: collection.to_owned(),
        record,
        scope: scope.clone(),
        base: tablet.machine().version_of(record),
        change,
        definition: definition.unwrap_or(Hash([0; 32])),
        blobs: Vec::new(),
    }
}

/// A household's new address.
pub fn address(tablet: &HeadlessTablet, household: &Row, address: &str) -> Draft {
    let scope = scope_of(tablet, household.id);
    let fields = Fields::from([(4, address.into())]);
    draft(tablet, "household", household.id, &scope, Change::Patch { fields })
}

/// A visit with its answers and its photo, and what changed in the household: one group.
pub fn visit(tablet: &HeadlessTablet, household: &Row, photo: Hash, number: u64) -> Vec<Draft> {
    let scope = scope_of(tablet, household.id);
    let now = tablet.clock().wall * 1_000;
    let guarantees = ["food", "clothing", "schooling", "health_care", "housing"];
    let guarantees = guarantees.map(|name| (name, Value::from("yes")));
    let water = if number.is_multiple_of(7) { "no" } else { "yes" };
    let map = |entries: &[(&str, Value)]| {
        Value::Map(
            entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        )
    };
    let answers = [
        ("consent", Value::from("given")),
        ("guarantees", map(&[&guarantees[..], &[("water", water.into())]].concat())),
        ("persons", Value::Integer(4)),
        ("income", Value::Integer(30_000 + number as i64)),
        ("note", format!("第 {number} 次走访，家庭情况稳定，无新增风险。").into()),
    ];
    let mut fields = Fields::from([
        (1, household.id.to_string().into()),
        (3, map(&answers)),
        (4, Value::Integer(now - 1_200_000_000)),
        (5, Value::Integer(now)),
        (7, "given".into()),
        (8, Value::List(vec![photo.to_string().into()])),
        (9, "submitted".into()),
        (10, "月度走访".into()),
    ]);
    fields.extend(tablet.form("household_visit").map(|hash| (2, hash.to_string().into())));
    let visit = Draft {
        blobs: vec![photo],
        ..draft(tablet, "visit", RecordId(Uuid::now_v7()), &scope, Change::Create { fields })
    };
    let income = Fields::from([(8, Value::Integer(3_000_000 + number as i64 * 100))]);
    let found = draft(tablet, "household", household.id, &scope, Change::Patch { fields: income });
    let water = Change::Add { field: 10, element: "water".into() };
    vec![visit, found, draft(tablet, "household", household.id, &scope, water)]
}

/// A signed notification.
pub fn notification(
    tablet: &HeadlessTablet,
    household: &Row,
    template_hash: Hash,
    template: &NoticeTemplate,
) -> Draft {
    let head = household.fields.get(&1).and_then(Value::as_text).unwrap_or("户主").to_owned();
    let mut data = template.sample();
    data.fields.insert("head".to_owned(), head.into());
    let text = template.render("zh-CN", &data, "2026-11-25").unwrap_or_default();
    let at = household.version;
    let made_from =
        RecordVersion { record: *household.id.0.as_bytes(), epoch: at.epoch.0, n: at.n };
    let content = NoticeContent {
        template: template_hash,
        household: *household.id.0.as_bytes(),
        language: "zh-CN".into(),
        text,
        photos: Vec::new(),
        outcome: NoticeOutcome::Signed {
            strokes: vec![
                (0..40).map(|step| [step * 350, 4_000 - step * 20, step * 16].into()).collect(),
            ],
        },
        signed_at: tablet.clock().wall * 1_000,
        device: *tablet.machine().identity().device.0.as_bytes(),
        supersedes: None,
        signer: Default::default(),
        witness: None,
        records: vec![made_from],
    };
    sign(tablet, household, template.title.in_language("zh-CN"), &content, tablet.key())
}

/// A notification with this content, signed with a key: the tablet's own, if all is well.
pub fn sign(
    tablet: &HeadlessTablet,
    household: &Row,
    title: &str,
    content: &NoticeContent,
    key: &SigningKey,
) -> Draft {
    let bytes = content.canonical_bytes();
    let digest = content.digest();
    let signature = key.sign(digest.as_bytes()).to_bytes();
    let mut blobs = content.photos.clone();
    if let NoticeOutcome::Paper { photo } = &content.outcome {
        blobs.push(*photo);
    }
    let photos = blobs.iter().map(|photo| photo.to_string().into()).collect();
    let fields = Fields::from([
        (1, household.id.to_string().into()),
        (2, content.template.to_string().into()),
        (3, BASE64.encode(&bytes).into()),
        (4, digest.to_string().into()),
        (5, BASE64.encode(&signature).into()),
        (6, content.outcome.name().into()),
        (7, Value::Integer(content.signed_at)),
        (8, Value::List(photos)),
        (10, title.into()),
    ]);
    let scope = scope_of(tablet, household.id);
    let change = Change::Sign { fields };
    Draft { blobs, ..draft(tablet, "notice", RecordId::derived(&digest), &scope, change) }
}

/// What two tablets said of one household's address, neither of which knew of the other.
struct Disagreement {
    household: RecordId,
    addresses: [&'static str; 2],
}

/// More addresses than a household can have before and get on one day.
const ADDRESSES: [&str; 3] = ["三组 9 号", "五组 2 号", "七组 4 号"];

/// Two tablets change the same address while offline. Neither says what stands there already, from
/// an earlier day maybe: that would change nothing, so nobody could be in conflict with it.
fn disagree(tablets: &mut [HeadlessTablet]) -> Result<Disagreement, DayError> {
    let both: BTreeSet<RecordId> = own_households(&tablets[0]).iter().map(|row| row.id).collect();
    let second = own_households(&tablets[1]);
    let shared = second.iter().rev().find(|row| both.contains(&row.id));
    let shared = shared.ok_or(DayError::Lacking("a village that two cadres share"))?;
    let (household, known) = (shared.id, shared.fields.get(&4).and_then(Value::as_text));
    let mut others = ADDRESSES.into_iter().filter(|address| Some(*address) != known);
    let addresses = [others.next(), others.next()].map(Option::unwrap_or_default);
    for (tablet, address) in tablets.iter_mut().zip(addresses) {
        let scope = scope_of(tablet, household);
        let change = Change::Patch { fields: Fields::from([(4, address.into())]) };
        let edit = draft(tablet, "household", household, &scope, change);
        tablet
            .edit(vec![edit])
            .map_err(|error| DayError::Tablet { tablet: "tablets A, B", error })?;
    }
    Ok(Disagreement { household, addresses })
}

impl Disagreement {
    /// Both tablets have the conflict, with both values.
    fn check(&self, tablets: &[HeadlessTablet]) -> Result<(), DayError> {
        let about = self.household.to_string();
        let said = BTreeSet::from(self.addresses);
        let is_it = |row: &Row| {
            let side = |id| row.fields.get(&id)?.get("values")?.get("4")?.as_text();
            let sides: BTreeSet<&str> = [side(5), side(6)].into_iter().flatten().collect();
            row.fields.get(&1).and_then(Value::as_text) == Some(&*about) && sides == said
        };
        for (tablet, (_, name)) in tablets.iter().zip(CADRES).take(2) {
            if !tablet.rows().any(|row| row.collection == "conflict" && is_it(row)) {
                let words = format!(
                    "two tablets changed one address, and {name} has no conflict of {said:?}"
                );
                return Err(DayError::Check(words));
            }
        }
        Ok(())
    }
}

/// Compares what a tablet holds with what the server gives to one who knows nothing.
async fn check(tablet: &mut HeadlessTablet, name: &str) -> Result<usize, DayError> {
    for (seq, queued) in tablet.machine().outbox() {
        match &queued.outcome {
            Some(Outcome::Applied { .. } | Outcome::Merged { .. } | Outcome::Conflict { .. }) => {}
            other => return Err(DayError::Check(format!("{name}: operation {seq}: {other:?}"))),
        }
    }
    let begun = Instant::now();
    loop {
        let theirs = server_digests(tablet).await?;
        let ours = tablet.machine().digests();
        // A scope nothing was ever written to has no digest to send.
        let expected = |scope| theirs.get(scope).copied().unwrap_or_default();
        let apart = ours.iter().find(|(scope, digest)| expected(*scope) != **digest);
        let Some((scope, digest)) = apart else { return Ok(ours.len()) };
        if begun.elapsed() > SETTLED_WITHIN {
            let theirs = expected(scope);
            let what = format!("{name}: {scope} is {digest}, the server's {theirs}");
            return Err(DayError::Check(what));
        }
        // What the server finds in visits and photos comes like anybody else's change. A tablet may
        // ask so often and no more.
        tokio::time::sleep(Duration::from_millis(200)).await;
        tablet
            .sync_again(SETTLED_WITHIN)
            .await
            .map_err(|error| DayError::Check(error.to_string()))?;
    }
}

/// How long the server may take to look at a day's visits and photos.
const SETTLED_WITHIN: Duration = Duration::from_secs(120);

async fn server_digests(
    tablet: &mut HeadlessTablet,
) -> Result<BTreeMap<ScopeId, Digest>, DayError> {
    let identity = tablet.machine().identity().clone();
    let next = tablet.machine().outbox().last().map_or(1, |(seq, _)| seq + 1);
    let mut cursors: BTreeMap<ScopeId, Cursor> = BTreeMap::new();
    let mut digests = BTreeMap::new();
    loop {
        let pushing = SyncRequest::pushing(
            identity.device,
            identity.incarnation,
            next,
            Vec::new(),
            tablet.clock(),
        );
        let request = SyncRequest {
            request: RequestId(Uuid::new_v4()),
            inherits: identity.inherits,
            epoch: identity.epoch,
            begins: identity.begins,
            cursors: cursors.clone(),
            budget: u32::MAX,
            ..pushing
        };
        let (SyncResponse::Ok(accepted), _) = tablet.client().sync(&request).await? else {
            return Err(DayError::Check("the server does not know the tablet's chain".into()));
        };
        let mut more = false;
        for (scope, feed) in accepted.feeds {
            more |= feed.more;
            cursors.insert(scope.clone(), feed.cursor);
            digests.extend(feed.digest.map(|digest| (scope, digest)));
        }
        if !more {
            return Ok(digests);
        }
    }
}

/// Fetches every photo that the tablet may see, and compares it with what was taken.
async fn check_photos(tablet: &mut HeadlessTablet, work: &Work) -> Result<(), DayError> {
    let mut seen = 0;
    let named: BTreeSet<Hash> = tablet
        .rows()
        .filter(|row| row.collection == "visit")
        .filter_map(|row| row.fields.get(&8)?.as_list().map(<[_]>::to_vec))
        .flatten()
        .filter_map(|hash| hash.as_text()?.parse().ok())
        .collect();
    for hash in work.photos.keys().filter(|hash| named.contains(hash)) {
        let bytes = tablet.client().bytes(&format!("/api/v1/media/{hash}")).await?;
        if Hash::of(&bytes) != *hash {
            return Err(DayError::Check(format!("photo {hash} came back with other bytes")));
        }
        seen += 1;
    }
    if seen == 0 { Err(DayError::Check("no photo came back".into())) } else { Ok(()) }
}

impl std::fmt::Display for Report {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut line = |name: &str, value: String| writeln!(formatter, "  {name:<22}{value}");
        line("rows up / down", format!("{} / {}", self.rows_up, self.rows_down))?;
        line(
            "bytes up / down",
            format!("{} / {}", HumanBytes(self.bytes_up), HumanBytes(self.bytes_down)),
        )?;
        line("photos verified", format!("{} ({})", self.photos, HumanBytes(self.photo_bytes)))?;
        line("conflicts raised", self.conflicts.to_string())?;
        line("connections dropped", self.drops.to_string())?;
        line("time", format!("{:.1} s", self.seconds))?;
        line("final check", format!("{} digests equal the server's", self.digests))
    }
}
