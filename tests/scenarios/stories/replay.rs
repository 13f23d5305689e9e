//! The simulation's stories on real databases, eight at once; and servers that are killed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use diesel::prelude::*;
use harness::{Backend, DatabaseKind, MediaKind, ServerProcess, Stage};
use mobile_schema::{Catalogue, Hash};
use ruhu::backup;
use ruhu::checks;
use ruhu::db::schema::{devices, ops, records, scope_heads, users};
use ruhu::db::{AnyConnection, Database, DatabaseUrl, Failed, Key, Timestamp};
use ruhu::http::Problem;
use ruhu::media_store::MediaStore;
use ruhu::sync::{self, Arrival, Desk, Owner, Pushed, Pusher, Pushes, RawOp, pull, push};
use simulation::county;
use simulation::memory::Push;
use simulation::server::{Caller, Server, State};
use simulation::step::{Step, steps};
use simulation::world::World;
use sync_protocol::message::Accepted;
use sync_protocol::record::Writer;
use sync_protocol::{
    Digest, Lineage, Op, Outcome, Record, RecordId, ScopeId, SyncRequest, SyncResponse,
};
use tablets::HeadlessTablet;

/// The real push and pull on a database that others use at the same time, or on one of its own.
pub(crate) struct Real {
    pub(crate) database: Database,
    pub(crate) lineage: sync::Lives,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) newer: bool,
    blobs: BTreeSet<Hash>,
    /// What it takes to put backups back: a database that others use has none of it.
    lives: Option<Lives>,
    /// Where pushes are stored together with others'.
    pushes: Option<Pushes>,
    /// What was pushed, if it is kept.
    pub(crate) pushed: Option<Vec<Kept>>,
}

/// A push, and what became of it.
pub(crate) struct Kept {
    pub(crate) caller: Caller,
    pub(crate) request: SyncRequest<RawOp>,
    pub(crate) now: i64,
    pub(crate) newer: bool,
    pub(crate) became: Pushed,
}

/// The backups of a database, which is another one after each restore.
struct Lives {
    stage: Arc<Stage>,
    url: DatabaseUrl,
    /// Where each backup is, and the blobs that were known then.
    backups: Vec<(PathBuf, BTreeSet<Hash>)>,
    /// A copy that follows, and the last step of its layout.
    follower: Option<(PathBuf, Vec<ruhu::db::DumpedFile>, String)>,
    /// What was ever uploaded, and is not lost.
    media: BTreeSet<Hash>,
    folders: usize,
}

impl Lives {
    fn folder(&mut self) -> PathBuf {
        self.folders += 1;
        let name = format!("lives-{}", self.folders);
        let folder = tempfile::Builder::new().prefix(&name).tempdir_in(self.stage.folder());
        folder.expect("a folder").keep()
    }

    fn media_store(&self) -> MediaStore {
        let config = self.stage.config();
        MediaStore::open(&config.media, &config.s3).expect("the media store")
    }
}

impl Real {
    pub(crate) fn new(database: Database, lineage: sync::Lives) -> Self {
        let (runtime, blobs) = (tokio::runtime::Handle::current(), BTreeSet::new());
        let (newer, lives, pushes, pushed) = (false, None, None, None);
        Self { database, lineage, runtime, newer, blobs, lives, pushes, pushed }
    }

    pub(crate) fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut AnyConnection) -> QueryResult<T> + Send + 'static,
    ) -> T {
        let read = self.database.read(move |connection| Ok(query(connection)?));
        let read: Result<T, Failed> = self.runtime.block_on(read);
        read.expect("the database answers")
    }

    fn arrival(&self, caller: &Caller, request: &SyncRequest<RawOp>) -> Arrival {
        let Caller { user, device, scopes, capacity } = caller.clone();
        let catalogue = shared_definitions(self.newer);
        Arrival::new((device, user), (scopes, capacity), Arc::new(request.clone()), catalogue)
    }

    fn push(
        &self,
        caller: &Caller,
        request: &SyncRequest<RawOp>,
        now: i64,
        dies: bool,
    ) -> Result<Pushed, Failed<Problem>> {
        let (caller, request, lineage) = (caller.clone(), request.clone(), self.lineage.clone());
        let catalogue = self.definitions();
        let pushed = self.database.write(move |connection| {
            let pusher = pusher(&caller);
            let desk = Desk { catalogue, lineage: &lineage, now: Timestamp(now * 1_000) };
            let pushed = push(connection, &desk, &pusher, &request)?;
            if dies { Err(Failed::Unavailable("it dies".into())) } else { Ok(pushed) }
        });
        self.runtime.block_on(pushed)
    }
}

pub(crate) fn pusher(caller: &Caller) -> Pusher<'_> {
    let Caller { user, device, scopes, capacity } = caller;
    let owner = Owner::Tablet(*device);
    Pusher { owner, user: *user, scopes, capacity: *capacity, on_behalf: None }
}

/// Definitions as an arrival has them; the same as [`Real::definitions`].
pub(crate) fn shared_definitions(newer: bool) -> Arc<Catalogue> {
    static BOTH: LazyLock<[Arc<Catalogue>; 2]> = LazyLock::new(|| {
        [county::first_definitions(), county::newer_definitions()].map(|one| Arc::new(one.clone()))
    });
    BOTH[usize::from(newer)].clone()
}

#[derive(QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

impl Real {
    /// Goes on with another database.
    fn move_to(&mut self, url: DatabaseUrl) {
        self.database = Database::open(&url).expect("it opens");
        self.lineage = self.runtime.block_on(lineage_of(&self.database));
        self.lives.as_mut().expect("it has lives").url = url;
    }
}

pub(crate) async fn lineage_of(database: &Database) -> sync::Lives {
    let lineage: Result<Lineage, Failed> =
        database.write(|connection| Ok(sync::lineage(connection, Timestamp::now())?)).await;
    sync::Lives::new(lineage.expect("it has a lineage"))
}

pub(crate) fn own_scopes() -> BTreeSet<ScopeId> {
    county::villages(0b111)
}

fn own_names() -> Vec<String> {
    own_scopes().iter().map(ToString::to_string).collect()
}

impl Server for Real {
    fn exchange(&mut self, caller: &Caller, request: &SyncRequest, now: i64) -> SyncResponse {
        let id = request.request;
        let raw = request.ops.iter().map(RawOp::of).collect();
        let raw = request.clone().with_ops(raw);
        let epoch = self.lineage.current();
        // What is kept is stored once more in company, whose pushes have one time.
        let stored_at = if self.pushed.is_some() { now - now % 600_000 } else { now };
        let pushed = match &self.pushes {
            Some(pushes) => self.runtime.block_on(pushes.store(self.arrival(caller, &raw))),
            None => self.push(caller, &raw, stored_at, false),
        };
        let pushed = pushed.expect("a push is taken in");
        if let Some(all) = &mut self.pushed {
            let (caller, request, newer) = (caller.clone(), raw.clone(), self.newer);
            all.push(Kept { caller, request, now: stored_at, newer, became: pushed.clone() });
        }
        let (ack, outcomes) = match pushed {
            Pushed::Stored { ack, outcomes, .. } => (ack, outcomes),
            Pushed::Fork(seq) => return SyncResponse::Fork { request: id, seq },
            Pushed::Gap(next) => return SyncResponse::Gap { request: id, next },
            Pushed::Reset => return SyncResponse::Reset { request: id, epoch },
        };
        let scopes = caller.scopes.clone();
        let feeds = self.read(move |connection| pull(connection, &scopes, &raw));
        let scopes = caller.scopes.iter().cloned().collect();
        let (owner, request) = (Owner::Tablet(caller.device), request.clone());
        let safe_before =
            self.read(move |connection| ruhu::sync::safe_before(connection, owner, &request));
        let order = None;
        let accepted =
            Accepted { request: id, epoch, ack, outcomes, feeds, scopes, safe_before, now, order };
        // As it goes over the wire.
        let json = serde_json::to_vec(&SyncResponse::Ok(accepted)).expect("it is written");
        serde_json::from_slice(&json).expect("it is read")
    }

    fn die_during(&mut self, caller: &Caller, request: &SyncRequest, now: i64) {
        let raw = request.ops.iter().map(RawOp::of).collect();
        let died = self.push(caller, &request.clone().with_ops(raw), now, true);
        assert!(died.is_err());
    }

    fn definitions(&self) -> &'static Catalogue {
        if self.newer { county::newer_definitions() } else { county::first_definitions() }
    }

    fn upgrade(&mut self) {
        self.newer = true;
    }

    fn missing(&mut self, hashes: &[Hash]) -> Vec<Hash> {
        hashes.iter().filter(|hash| !self.blobs.contains(hash)).copied().collect()
    }

    fn upload(&mut self, hash: Hash) {
        self.blobs.insert(hash);
        if let Some(lives) = &mut self.lives {
            lives.media.insert(hash);
        }
    }

    fn compact(&mut self, _keep: u64) {
        let names = own_names();
        let forgotten = self.database.write(move |connection| {
            Ok(ruhu::sync::compact(connection, &names, Timestamp(i64::MAX / 2))?)
        });
        let forgotten: Result<usize, Failed> = self.runtime.block_on(forgotten);
        forgotten.expect("it forgets");
    }

    fn backup(&mut self, good: bool) {
        let Some(lives) = self.lives.as_mut().filter(|_| good) else { return };
        let (folder, media) = (lives.folder(), lives.media_store());
        let made = backup::make(&lives.url, &media, &folder, |_, _| {});
        let (place, _) = self.runtime.block_on(made).expect("it is backed up");
        // It is verified as soon as it is made: tablets let go of what it has, so an older one, or
        // a copy that lags behind it, is of no use.
        lives.backups = vec![(place, self.blobs.clone())];
        lives.follower = None;
    }

    fn verify(&mut self) {}

    fn restore(&mut self, _pick: usize, media_lost: bool) -> bool {
        let Some(lives) = &mut self.lives else { return false };
        let Some((place, known)) = lives.backups.last().cloned() else { return false };
        let (url, media) = (lives.stage.empty_database(), lives.media_store());
        let keys = &lives.stage.config().sealing_keys;
        let how = backup::How { replace: false, keys, without_keys: false };
        let restored = backup::restore(&url, &media, &place, how, |_, _| {});
        self.runtime.block_on(restored).expect("it is restored");
        if media_lost {
            lives.media.retain(|hash| known.contains(hash));
        }
        self.blobs = known.intersection(&lives.media).copied().collect();
        lives.follower = None;
        self.move_to(url);
        true
    }

    fn follow(&mut self) {
        let Some(lives) = &mut self.lives else { return };
        let folder = lives.folder();
        let query = "SELECT version AS text FROM __diesel_schema_migrations \
                     ORDER BY version DESC LIMIT 1";
        let last = |connection: &mut AnyConnection| {
            Ok(diesel::sql_query(query).get_result::<Text>(connection)?.text)
        };
        let (files, last) = ruhu::db::dump(&lives.url, &folder, last).expect("it is copied");
        lives.follower = Some((folder, files, last));
    }

    fn fail_over(&mut self) -> bool {
        let Some(lives) = &mut self.lives else { return false };
        let Some((folder, files, last)) = lives.follower.take() else { return false };
        let url = lives.stage.empty_database();
        ruhu::db::fill(&url, &folder, &files, &last, false, |_| Ok(()))
            .expect("the copy takes over");
        self.move_to(url);
        true
    }

    fn scope_of(&mut self, record: RecordId) -> Option<ScopeId> {
        let scope: Option<String> = self.read(move |connection| {
            records::table
                .find(Key::from(record))
                .select(records::scope)
                .first(connection)
                .optional()
        });
        scope.and_then(|scope| scope.parse().ok())
    }

    fn state(&mut self) -> State {
        let (scopes, names) = (own_scopes(), own_names());
        let (ids, heads, pushed) = self.read(move |connection| {
            let ids: Vec<Key> = records::table
                .filter(records::scope.eq_any(names.clone()))
                .select(records::id)
                .load(connection)?;
            let heads: Vec<(String, Vec<u8>)> = scope_heads::table
                .filter(scope_heads::scope.eq_any(names))
                .select((scope_heads::scope, scope_heads::digest))
                .load(connection)?;
            let pushed: Vec<(Key, i64, Vec<u8>, ruhu::db::JsonText)> = ops::table
                .select((ops::incarnation, ops::seq, ops::body, ops::outcome))
                .load(connection)?;
            Ok((ids, heads, pushed))
        });
        let ids: Vec<RecordId> = ids.into_iter().map(RecordId::from).collect();
        let loaded = self
            .database
            .write(move |connection| Ok(ruhu::records::load_for_update(connection, &ids)?));
        let loaded: Result<Vec<Record>, Failed> = self.runtime.block_on(loaded);
        let pushed = pushed.into_iter().filter_map(|(incarnation, seq, body, outcome)| {
            let place = Writer { incarnation: incarnation.into(), seq: seq as u64 };
            let body = ruhu::seal::open_body(place, body).expect("it is opened");
            let op: Op = serde_json::from_slice(&body).ok()?;
            let outcome: Outcome = outcome.read().expect("an outcome");
            scopes.contains(&op.scope).then_some((op, outcome))
        });
        let digest = |(scope, digest): (String, Vec<u8>)| {
            let digest = u128::from_be_bytes(digest.try_into().expect("16 bytes"));
            (scope.parse().expect("a scope"), Digest(digest))
        };
        State {
            records: loaded.expect("the records"),
            ops: pushed.collect(),
            digests: heads.into_iter().map(digest).collect(),
            blobs: self.blobs.clone(),
        }
    }

    fn writer_key(&self, _writer: Writer) -> Option<Hash> {
        None
    }

    fn lineage(&self) -> Option<Lineage> {
        Some((*self.lineage.now()).clone())
    }

    fn take_push(&mut self) -> Option<Push> {
        None
    }
}

/// The cadres and tablets of the simulation, so that chains have owners.
pub(crate) async fn people(database: &Database) {
    let added: Result<(), Failed> = database
        .write(|connection| {
            for number in 0..county::CADRES {
                let user = Key::from(county::user(number));
                diesel::insert_into(users::table)
                    .values((
                        users::id.eq(user),
                        users::login.eq(format!("simulated-{number}")),
                        users::display_name.eq("simulated"),
                        users::password_hash.eq(""),
                        users::created_at.eq(Timestamp(0)),
                    ))
                    .execute(connection)?;
                diesel::insert_into(devices::table)
                    .values((
                        devices::id.eq(Key::from(county::device(number))),
                        devices::user_id.eq(user),
                        devices::public_key.eq(vec![number as u8; 32]),
                        devices::label.eq("simulated"),
                        devices::state.eq("active"),
                        devices::enrolled_at.eq(Timestamp(0)),
                    ))
                    .execute(connection)?;
            }
            Ok(())
        })
        .await;
    added.expect("they are added");
}

const WRITERS: u64 = 8;
const STORIES_EACH: u64 = 4;

async fn tell_at_once(stage: Arc<Stage>) {
    people(&stage.app().database).await;
    let runtime = tokio::runtime::Handle::current();
    let tellers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let app = stage.app();
            let (database, lineage) = (app.database.clone(), app.lineage.clone());
            let (pushes, runtime) = (app.pushes.clone(), runtime.clone());
            std::thread::spawn(move || {
                let _inside = runtime.enter();
                for story in 0..STORIES_EACH {
                    let seed = 1 + writer * STORIES_EACH + story;
                    county::name_county(&format!("s{seed}-"));
                    let real = Real {
                        pushes: Some(pushes.clone()),
                        ..Real::new(database.clone(), lineage.clone())
                    };
                    let mut world = World::new(real, seed);
                    let told: Vec<Step> = steps(seed);
                    let ended = simulation::tell(&mut world, &told);
                    ended.unwrap_or_else(|violation| panic!("seed {seed}: {}", violation.0));
                }
            })
        })
        .collect();
    let joined = tokio::task::spawn_blocking(move || {
        tellers.into_iter().for_each(|teller| teller.join().expect("no violation"));
    });
    joined.await.expect("no violation");
    println!("{} stories, {WRITERS} at once", WRITERS * STORIES_EACH);
}

#[test]
fn the_simulations_stories_hold_on_sqlite() {
    let backend = Backend { database: DatabaseKind::Sqlite, media: MediaKind::Folder };
    Stage::set(backend, tell_at_once);
}

#[test]
fn the_simulations_stories_hold_on_postgres() {
    let backend = Backend { database: DatabaseKind::Postgres, media: MediaKind::Folder };
    Stage::set(backend, tell_at_once);
}

/// Stories with restores and with copies that take over, each on a database of its own.
const LIVES: usize = 12;

async fn live_again_and_again(stage: Arc<Stage>) {
    let is_so = |wanted: fn(&Step) -> bool| move |seed: &u64| steps(*seed).iter().any(wanted);
    let restored = (1..).filter(is_so(|step| matches!(step, Step::Restore { .. }))).take(LIVES);
    let taken_over = (1..).filter(is_so(|step| matches!(step, Step::Failover))).take(LIVES);
    let (mut restores, mut failovers) = (0, 0);
    for seed in restored.chain(taken_over) {
        let url = stage.empty_database();
        ruhu::db::migrate(&url).expect("it has a layout");
        let database = Database::open(&url).expect("it opens");
        people(&database).await;
        let lineage = lineage_of(&database).await;
        let stage = stage.clone();
        let told = tokio::task::spawn_blocking(move || {
            county::name_county(&format!("s{seed}-"));
            let lives = Lives {
                stage,
                url,
                backups: Vec::new(),
                follower: None,
                media: BTreeSet::new(),
                folders: 0,
            };
            let real = Real { lives: Some(lives), ..Real::new(database, lineage) };
            let mut world = World::new(real, seed);
            let ended = simulation::tell(&mut world, &steps(seed));
            ended.unwrap_or_else(|violation| panic!("seed {seed}: {}", violation.0));
            (world.count.restores, world.count.failovers)
        });
        let (restored, taken_over) = told.await.expect("no violation");
        (restores, failovers) = (restores + restored, failovers + taken_over);
    }
    println!("{restores} restores, {failovers} copies took over");
    assert!(restores > 0 && failovers > 0);
}

#[test]
fn stories_with_restores_hold_on_sqlite() {
    let backend = Backend { database: DatabaseKind::Sqlite, media: MediaKind::Folder };
    Stage::set(backend, live_again_and_again);
}

#[test]
fn stories_with_restores_hold_on_postgres() {
    let backend = Backend { database: DatabaseKind::Postgres, media: MediaKind::Folder };
    Stage::set(backend, live_again_and_again);
}

const KILLS: usize = 20;
const LIMIT: Duration = Duration::from_secs(60);

/// Three tablets sync at once while their server is killed again and again at random moments.
async fn kill_again_and_again(stage: Arc<Stage>) {
    let (arguments, environment) = stage.process_settings();
    let mut crew = Vec::new();
    for login in ["cadre", "cadre2", "cadre"] {
        crew.push(stage.tablet(login).await);
    }
    let cut_off = AtomicUsize::new(0);
    for round in 0..KILLS {
        for (number, tablet) in crew.iter_mut().enumerate() {
            tablet.go_offline().unwrap();
            work(tablet, (round * 10 + number) as u64);
        }
        let server = ServerProcess::start(&arguments, &environment);
        let address = server.address().to_owned();
        let stopped = AtomicBool::new(false);
        let syncing = crew.iter_mut().map(|tablet| async {
            let synced = tablet.sync_at(&address, LIMIT).await;
            synced.is_ok() && !stopped.load(Ordering::Relaxed)
        });
        let patience = Duration::from_millis(rand::random_range(5..120));
        let all = futures_util::future::join_all(syncing);
        if tokio::time::timeout(patience, all).await.is_err() {
            cut_off.fetch_add(1, Ordering::Relaxed);
        }
        server.kill();
    }
    let cut_off = cut_off.into_inner();
    println!("{KILLS} kills, {cut_off} in the middle of a sync");
    assert!(cut_off > 0);
    let acknowledged: BTreeMap<Hash, Outcome> = crew
        .iter()
        .flat_map(|tablet| tablet.machine().outbox())
        .filter_map(|(_, queued)| Some((queued.op.key(), queued.outcome.clone()?)))
        .collect();
    let server = ServerProcess::start(&arguments, &environment);
    for tablet in &mut crew {
        tablet.go_offline().unwrap();
        tablet.sync_at(server.address(), LIMIT).await.expect("everything is handed over");
    }
    // What checks find meanwhile is a change, too: they are done before tablets are compared.
    server.kill();
    checks::run_due(stage.app()).await.unwrap();
    for tablet in &mut crew {
        tablet.go_offline().unwrap();
        tablet.sync_at(stage.address(), LIMIT).await.expect("and fetched");
    }
    let made: BTreeSet<Hash> = crew
        .iter()
        .flat_map(|tablet| tablet.machine().outbox())
        .map(|(_, queued)| queued.op.key())
        .collect();
    let stored: Vec<(Vec<u8>, ruhu::db::JsonText)> = stage
        .app()
        .read(|connection| ops::table.select((ops::key, ops::outcome)).load(connection))
        .await
        .unwrap();
    let mut times: BTreeMap<Hash, usize> = BTreeMap::new();
    for (key, outcome) in stored {
        let key = Hash(key.try_into().unwrap());
        *times.entry(key).or_default() += 1;
        if let Some(told) = acknowledged.get(&key) {
            assert_eq!(&outcome.read::<Outcome>().unwrap(), told, "it is as it was acknowledged");
        }
    }
    assert!(made.len() >= KILLS * 9 && acknowledged.keys().all(|key| made.contains(key)));
    assert!(made.iter().all(|key| times.get(key) == Some(&1)), "each is there exactly once");
    let one = crew[0].machine().digests();
    let mut compared = 0;
    for tablet in &crew[1..] {
        for (scope, digest) in tablet.machine().digests() {
            // A person's own list is on that person's tablets only.
            if let Some(ours) = one.get(&scope) {
                assert_eq!(*ours, digest, "{scope}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 2);
    let mut admin = stage.person("admin").await;
    for tablet in &crew {
        assert!(tablet.machine().unverified_blobs().is_empty());
        for row in tablet.rows().filter(|row| row.collection == "visit") {
            let photo = row.fields[&8].as_list().unwrap()[0].as_text().unwrap();
            let bytes = admin.bytes(&format!("/api/v1/media/{photo}?reason=test")).await.unwrap();
            assert_eq!(Hash::of(&bytes).to_string(), photo);
        }
    }
}

fn work(tablet: &mut HeadlessTablet, number: u64) {
    let household = tablet
        .rows()
        .filter(|row| row.collection == "household")
        .nth(number as usize % 40)
        .cloned()
        .expect("the demo has households");
    let bytes = tablets::photo::invented(number, "2026:11:23 09:00:00", 26.2, 107.2);
    let photo = tablet.keep_photo(&bytes).expect("it is kept");
    let drafts = tablets::day::visit(tablet, &household, photo, number);
    tablet.edit(drafts).expect("it is stored");
}

#[test]
fn a_server_on_sqlite_may_be_killed_at_any_moment() {
    let backend = Backend { database: DatabaseKind::Sqlite, media: MediaKind::Folder };
    Stage::set(backend, kill_again_and_again);
}

#[test]
fn a_server_on_postgres_may_be_killed_at_any_moment() {
    let backend = Backend { database: DatabaseKind::Postgres, media: MediaKind::S3 };
    Stage::set(backend, kill_again_and_again);
}
