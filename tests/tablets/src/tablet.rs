//! A tablet without a screen: the state machine, its store, and the link to the server.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use ed25519_dalek::{Signer as _, SigningKey};
use mobile_schema::register::Role;
use mobile_schema::rule::{RuleSet, Rules};
use mobile_schema::{Catalogue, Hash, RegisterDefinition, Value};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sync_protocol::clock::ClockReading;
use sync_protocol::encoding::{canonical, cbor};
use sync_protocol::finding::{Finding, RuleSets, judge_household};
use sync_protocol::log::{Attempt, Traffic};
use sync_protocol::tablet::{
    BlobState, Draft, Effect, Event, Identity, QueuedOp, RetryPolicy, StoreChange, Stored, Tablet,
};
use sync_protocol::{IncarnationId, RecordId, RequestId, Row, SyncRequest, SyncResponse};
use uuid::Uuid;

use crate::client::{CHUNK, Client, ClientError};
use crate::journal::Journal;

/// What the tablet keeps outside its store, as a browser keeps keys.
#[derive(Serialize, Deserialize)]
struct Keys {
    seed: String,
    refresh: String,
}

/// What went up and down.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Requests that were answered.
    pub requests: u64,
    /// Requests that came to nothing.
    pub failures: u64,
    /// Operations that were answered for.
    pub rows_up: u64,
    /// Rows that came.
    pub rows_down: u64,
    /// Photos whose upload ended well.
    pub photos: u64,
    /// Operations that raised a conflict.
    pub conflicts: u64,
}

/// Why a tablet could not go on.
#[derive(Debug, thiserror::Error)]
pub enum TabletError {
    /// Its store failed.
    #[error("the tablet's store: {0}")]
    Store(#[from] io::Error),
    /// The server said something a tablet can't go on after.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// It took too long.
    #[error("not done in time: {0}")]
    Late(String),
}

/// A headless tablet.
pub struct HeadlessTablet {
    folder: PathBuf,
    machine: Tablet,
    journal: Journal,
    client: Client,
    catalogue: Catalogue,
    /// The versions of forms that are filled in, by the forms' names.
    forms: BTreeMap<String, Hash>,
    /// The newest rules of each name.
    rules: BTreeMap<String, (Hash, Arc<Rules>)>,
    key: SigningKey,
    started: Instant,
    boot: String,
    alarm: Option<Instant>,
    effects: VecDeque<Effect>,
    /// What went up and down since the tablet started.
    pub tally: Tally,
    /// Told of each thing that is done, for a progress bar.
    pub on_progress: Option<Box<dyn Fn() + Send>>,
}

/// Fast enough for a test, with the shape of the real one.
const RETRY: RetryPolicy = RetryPolicy { first: 50, most: 1_000 };

impl HeadlessTablet {
    /// Enrols a new tablet whose store is in `folder`.
    pub async fn enrol(
        server: &str,
        folder: &Path,
        code: &str,
        label: &str,
    ) -> Result<Self, TabletError> {
        let key = SigningKey::from_bytes(&rand::random());
        let mut client = Client::new(server);
        let mut tries = 0;
        let enrolment = loop {
            match client.enrol(code, key.clone(), label).await {
                Err(ClientError::Link(_)) if tries < 20 => tries += 1,
                enrolled => break enrolled?,
            }
        };
        fs::create_dir_all(folder)?;
        let identity = Identity {
            device: enrolment.device.into(),
            author: enrolment.user.into(),
            incarnation: IncarnationId(Uuid::new_v4()),
            inherits: None,
            begins: 1,
            epoch: None,
            safe_before: 0,
        };
        let mut journal = Journal::open(folder)?;
        journal.commit(vec![StoreChange::Identity(identity.clone())])?;
        let machine = Tablet::open(identity, Stored::default(), RETRY, rand::random());
        let mut tablet = Self::assemble(folder, machine, journal, client, key);
        tablet.keep_keys()?;
        tablet.fetch_definitions().await?;
        Ok(tablet)
    }

    /// Starts a tablet again on the store in `folder`.
    pub async fn open(server: &str, folder: &Path) -> Result<Self, TabletError> {
        let damaged = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let keys: Keys =
            serde_json::from_slice(&fs::read(folder.join("keys"))?).map_err(io::Error::from)?;
        let seed = HEXLOWER.decode(keys.seed.as_bytes()).ok().and_then(|seed| seed.try_into().ok());
        let key = SigningKey::from_bytes(&seed.ok_or_else(|| damaged("the key"))?);
        let journal = Journal::open(folder)?;
        let identity = journal.identity.clone().ok_or_else(|| damaged("no identity"))?;
        let machine = Tablet::open(identity, journal.stored.clone(), RETRY, rand::random());
        let mut client = Client::new(server);
        client.resume(key.clone(), keys.refresh);
        let mut tablet = Self::assemble(folder, machine, journal, client, key);
        tablet.fetch_definitions().await?;
        Ok(tablet)
    }

    fn assemble(
        folder: &Path,
        machine: Tablet,
        journal: Journal,
        client: Client,
        key: SigningKey,
    ) -> Self {
        Self {
            folder: folder.to_owned(),
            machine,
            journal,
            client,
            catalogue: Catalogue::default(),
            forms: BTreeMap::new(),
            rules: BTreeMap::new(),
            key,
            started: Instant::now(),
            boot: Uuid::new_v4().to_string(),
            alarm: None,
            effects: VecDeque::new(),
            tally: Tally::default(),
            on_progress: None,
        }
    }

    /// The state machine.
    pub fn machine(&self) -> &Tablet {
        &self.machine
    }

    /// Every definition the tablet has.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The version of a form that is filled in here.
    pub fn form(&self, name: &str) -> Option<Hash> {
        self.forms.get(name).copied()
    }

    /// The rows the tablet has stored.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.journal.rows.values()
    }

    /// The record as a person sees it.
    pub fn view(&self, id: RecordId) -> Option<Row> {
        self.machine.view(&self.catalogue, id, self.journal.rows.get(&id))
    }

    /// The tablet's key, which signs notifications.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The client, for requests of one's own.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Keeps a photo, which an operation may then name.
    pub fn keep_photo(&self, bytes: &[u8]) -> io::Result<Hash> {
        self.journal.keep_blob(bytes)
    }

    /// Whether it still has a photo.
    pub fn has_photo(&self, hash: &Hash) -> bool {
        self.journal.blob(hash).is_ok()
    }

    /// Puts other bytes in a photo's place, as a failing disk would.
    pub fn damage_photo(&self, hash: &Hash, bytes: &[u8]) -> io::Result<()> {
        self.journal.replace_blob(hash, bytes)
    }

    /// Goes on with an upload that was begun elsewhere.
    pub fn note_upload(&mut self, hash: Hash, location: String) -> io::Result<()> {
        self.journal.note_upload(hash, location)
    }

    /// Takes a photo for uploaded that is not, as an app of before did, and starts again.
    pub fn believe_uploaded(&mut self, hash: &Hash) -> io::Result<()> {
        let next = self.machine.outbox().last().map_or(1, |(seq, _)| seq + 1);
        let state = BlobState::Verified { next };
        self.journal.commit(vec![StoreChange::Blob { hash: *hash, state }])?;
        self.damage(|_, _| {});
        Ok(())
    }

    /// The file that a person exports as the last resort: who signed, the outbox, the photos.
    pub fn export(&self) -> io::Result<Vec<u8>> {
        let operations: Vec<_> = self
            .machine
            .outbox()
            .map(|(seq, QueuedOp { op, outcome })| {
                let outcome = outcome.as_ref().map(|one| HEXLOWER.encode(&cbor::write_outcome(one)));
                json!({ "seq": seq, "op": HEXLOWER.encode(&canonical::op_bytes(op)), "outcome": outcome })
            })
            .collect();
        let identity = self.machine.identity();
        let work = json!({ "identity": identity, "operations": operations, "drafts": [] });
        let signed = format!("ruhu-unsent-2\n{work}");
        let signature = BASE64URL_NOPAD.encode(&self.key.sign(signed.as_bytes()).to_bytes());
        let head = json!({ "format": "ruhu-unsent-2", "signature": signature });
        let mut lines = format!("{head}\n{work}\n");
        for hash in self.machine.unverified_blobs() {
            let bytes = BASE64.encode(&self.journal.blob(&hash)?);
            let line = json!({ "hash": hash, "type": "image/jpeg", "bytes": bytes });
            lines.push_str(&format!("{line}\n"));
        }
        Ok(lines.into_bytes())
    }

    /// Does something: operations that belong together.
    pub fn edit(&mut self, drafts: Vec<Draft>) -> Result<(), TabletError> {
        self.event(Event::Edit(drafts))
    }

    /// What its exchanges came to, oldest first.
    pub fn attempts(&self) -> impl DoubleEndedIterator<Item = &Attempt> {
        self.journal.stored.attempts.iter()
    }

    /// Changes what is stored behind the machine's back, as a failing disk would, and starts
    /// again on it.
    pub fn damage(&mut self, damage: impl FnOnce(&mut Stored, &mut BTreeMap<RecordId, Row>)) {
        damage(&mut self.journal.stored, &mut self.journal.rows);
        let identity = self.machine.identity().clone();
        self.machine = Tablet::open(identity, self.journal.stored.clone(), RETRY, rand::random());
    }

    /// Loses the network.
    pub fn go_offline(&mut self) -> Result<(), TabletError> {
        self.alarm = None;
        self.effects.clear();
        self.event(Event::NetworkDown)
    }

    /// Finds a network, at this address, and syncs until all is handed over and fetched.
    pub async fn sync_at(&mut self, server: &str, limit: Duration) -> Result<(), TabletError> {
        self.client.move_to(server);
        self.event(Event::NetworkUp)?;
        self.run_until_quiet(limit).await
    }

    /// Looks for news until there is none.
    pub async fn sync_again(&mut self, limit: Duration) -> Result<(), TabletError> {
        self.event(Event::Tick)?;
        self.run_until_quiet(limit).await
    }

    /// Finds a network, at this address, and syncs until it is so, and no further. What ends before
    /// that is late, too.
    pub async fn sync_until(
        &mut self,
        server: &str,
        limit: Duration,
        mut is_so: impl FnMut(&Self) -> bool,
    ) -> Result<(), TabletError> {
        self.client.move_to(server);
        self.event(Event::NetworkUp)?;
        let deadline = Instant::now() + limit;
        while !is_so(&*self) {
            if self.machine.is_quiet() {
                return Err(TabletError::Late("all is handed over and fetched".into()));
            }
            self.step(deadline).await?;
        }
        Ok(())
    }

    async fn run_until_quiet(&mut self, limit: Duration) -> Result<(), TabletError> {
        let deadline = Instant::now() + limit;
        while !self.machine.is_quiet() {
            self.step(deadline).await?;
        }
        Ok(())
    }

    /// Does what is next, if there is still time.
    async fn step(&mut self, deadline: Instant) -> Result<(), TabletError> {
        if Instant::now() > deadline {
            let unsent = self.machine.unsent();
            let photos = self.machine.unverified_blobs().len();
            return Err(TabletError::Late(format!("{unsent} operations, {photos} photos left")));
        }
        match self.effects.pop_front() {
            Some(effect) => self.carry_out(effect).await,
            None => {
                let at = self.alarm.take().unwrap_or_else(Instant::now);
                tokio::time::sleep_until(at.into()).await;
                self.event(Event::Tick)
            }
        }
    }

    /// Hands an event to the machine; its changes are stored before anything else is done.
    fn event(&mut self, event: Event) -> Result<(), TabletError> {
        let clock = self.clock();
        for effect in self.machine.handle(&clock, event) {
            match effect {
                Effect::Store(changes) => self.journal.commit(changes)?,
                other => self.effects.push_back(other),
            }
        }
        Ok(())
    }

    async fn carry_out(&mut self, effect: Effect) -> Result<(), TabletError> {
        match effect {
            Effect::Store(changes) => Ok(self.journal.commit(changes)?),
            Effect::Send(request) => self.exchange(&request).await,
            Effect::AskMissing(asked) => match self.client.missing(&asked).await {
                Ok(missing) => self.event(Event::BlobsMissing { asked, missing }),
                Err(error) => self.failed(error, None),
            },
            Effect::Upload(hash) => match self.upload(hash).await {
                Ok(()) => {
                    self.tally.photos += 1;
                    self.progress();
                    self.event(Event::BlobSent(hash))
                }
                Err(TabletError::Client(error)) => self.failed(error, None),
                Err(other) => Err(other),
            },
            Effect::Alarm(milliseconds) => {
                self.alarm = Some(Instant::now() + Duration::from_millis(milliseconds));
                Ok(())
            }
            Effect::Wipe => {
                fs::remove_dir_all(&self.folder)?;
                Ok(())
            }
            Effect::UpgradeNeeded => Err(TabletError::Late("the server wants a newer app".into())),
        }
    }

    async fn exchange(&mut self, request: &SyncRequest) -> Result<(), TabletError> {
        let refresh = self.client.refresh_token().to_owned();
        let answered = self.client.sync(request).await;
        if self.client.refresh_token() != refresh {
            self.keep_keys()?;
        }
        let (response, traffic) = match answered {
            Ok(answer) => answer,
            Err(error) => return self.failed(error, Some(request.request)),
        };
        self.tally.requests += 1;
        if let SyncResponse::Ok(accepted) = &response {
            self.tally.rows_up += accepted.outcomes.len() as u64;
            self.tally.rows_down +=
                accepted.feeds.values().map(|feed| feed.rows.len() as u64).sum::<u64>();
            let raised = |outcome: &&sync_protocol::Outcome| outcome.name() == "conflict";
            self.tally.conflicts += accepted.outcomes.iter().filter(raised).count() as u64;
            accepted.outcomes.iter().for_each(|_| self.progress());
        }
        self.event(Event::Response { response: Box::new(response), traffic })
    }

    /// Uploads a photo, going on where an earlier try stopped.
    async fn upload(&mut self, hash: Hash) -> Result<(), TabletError> {
        let bytes = self.journal.blob(&hash)?;
        let mut known = None;
        if let Some(location) = self.journal.uploads.get(&hash).cloned() {
            match self.client.upload_offset(&location).await {
                // What the app's tus client does with it: all there is success, and any refusal but
                // that somebody is at it begins another upload.
                Ok(offset) if offset == bytes.len() as u64 => return Ok(()),
                Ok(offset) => known = Some((location, offset)),
                Err(error @ ClientError::Refused { status: 423, .. }) => return Err(error.into()),
                Err(ClientError::Refused { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let (location, mut offset) = match known {
            Some(known) => known,
            None => {
                let location = self.client.start_upload(&hash, bytes.len(), "image/jpeg").await?;
                self.journal.note_upload(hash, location.clone())?;
                (location, 0)
            }
        };
        loop {
            let from = usize::try_from(offset).unwrap_or(bytes.len()).min(bytes.len());
            let chunk = &bytes[from..(from + CHUNK).min(bytes.len())];
            offset = self.client.upload_chunk(&location, offset, chunk).await?;
            if offset >= bytes.len() as u64 {
                return Ok(());
            }
        }
    }

    /// A link that drops is nothing to stop for; neither is a server that asks for patience.
    fn failed(
        &mut self,
        error: ClientError,
        request: Option<RequestId>,
    ) -> Result<(), TabletError> {
        self.tally.failures += 1;
        let retry_after = match &error {
            ClientError::Link(_) => None,
            ClientError::Refused { status: 429 | 500.., retry_after, .. } => *retry_after,
            ClientError::Refused { status: 404 | 409 | 410 | 422 | 423, .. }
                if request.is_none() =>
            {
                None
            }
            _ => return Err(error.into()),
        };
        let retry_after = retry_after.map(|seconds| seconds * 1_000);
        let problem = match &error {
            ClientError::Refused { kind, .. } => Some(kind.clone()),
            _ => None,
        };
        self.event(match request {
            Some(request) => {
                let traffic = Traffic::default();
                Event::RequestFailed { request, retry_after, problem, traffic }
            }
            None => Event::BlobFailed { retry_after },
        })
    }

    async fn fetch_definitions(&mut self) -> Result<(), TabletError> {
        let unreadable = |error: serde_json::Error| ClientError::Unreadable(error.to_string());
        let bundles = self.retried(reqwest::Method::GET, "/api/v1/bundles").await?;
        for bundle in bundles.as_array().into_iter().flatten() {
            let kind = bundle["kind"].as_str().unwrap_or_default();
            if !matches!(kind, "register" | "rules") {
                continue;
            }
            let hash = bundle["hash"].as_str().unwrap_or_default();
            let path = format!("/sync/v1/bundles/{hash}");
            let definition = self.retried(reqwest::Method::GET, &path).await?;
            let found = if kind == "register" {
                let definition: RegisterDefinition =
                    serde_json::from_value(definition).map_err(unreadable)?;
                self.catalogue.insert(definition)
            } else {
                let set: RuleSet = serde_json::from_value(definition).map_err(unreadable)?;
                let (found, name) = (Hash::of(&set.bundle()), set.name.clone());
                let rules = Rules::new(set)
                    .map_err(|problems| ClientError::Unreadable(format!("{name}: {problems:?}")))?;
                // They are listed by version, so the newest comes last.
                self.rules.insert(name, (found, Arc::new(rules)));
                found
            };
            if found.to_string() != hash {
                let problem = ClientError::Unreadable(format!("{hash} is not its bytes' hash"));
                return Err(problem.into());
            }
        }
        self.fetch_forms().await?;
        self.keep_keys()?;
        Ok(())
    }

    /// What the rules find in a household today, as the tablet has it.
    pub fn findings(&self, household: RecordId, today: &str) -> Vec<Finding> {
        let rules: RuleSets = self.rules.values().cloned().collect();
        let subject = self
            .catalogue
            .current("member")
            .and_then(|(_, member)| member.field_with_role(Role::Subject).map(|field| field.id));
        let id = Value::from(household.to_string());
        let is_member = |row: &&Row| {
            row.collection == "member"
                && subject.is_some_and(|subject| row.fields.get(&subject) == Some(&id))
        };
        let mut members: Vec<Row> =
            self.rows().filter(is_member).filter_map(|row| self.view(row.id)).collect();
        members.sort_by_key(|member| member.id);
        let household = self.view(household);
        let judge =
            |household: Row| judge_household(&household, &members, &rules, &self.catalogue, today);
        household.map(judge).unwrap_or_default()
    }

    /// Asks which versions of forms are filled in here.
    pub async fn fetch_forms(&mut self) -> Result<(), TabletError> {
        let forms = self.retried(reqwest::Method::GET, "/sync/v1/forms").await?;
        let text = |form: &Json, name: &str| form[name].as_str().unwrap_or_default().to_owned();
        let line = |form: &Json| Some((text(form, "name"), text(form, "hash").parse().ok()?));
        self.forms = forms.as_array().into_iter().flatten().filter_map(line).collect();
        Ok(())
    }

    async fn retried(&mut self, method: reqwest::Method, path: &str) -> Result<Json, ClientError> {
        let mut tries = 0;
        loop {
            match self.client.call(method.clone(), path, None).await {
                Err(ClientError::Link(_)) if tries < 20 => tries += 1,
                answered => return answered,
            }
        }
    }

    fn keep_keys(&self) -> io::Result<()> {
        let seed = HEXLOWER.encode(&self.key.to_bytes());
        let keys = Keys { seed, refresh: self.client.refresh_token().to_owned() };
        let fresh = self.folder.join("keys.new");
        fs::write(&fresh, serde_json::to_vec(&keys)?)?;
        fs::rename(fresh, self.folder.join("keys"))
    }

    fn progress(&self) {
        if let Some(progress) = &self.on_progress {
            progress();
        }
    }

    /// What the clocks say.
    pub fn clock(&self) -> ClockReading {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        ClockReading {
            wall: wall.as_millis() as i64,
            monotonic: self.started.elapsed().as_millis() as u64,
            boot: self.boot.clone(),
        }
    }
}
