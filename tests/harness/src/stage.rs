//! A stage: a database, a media store, and any number of servers on them.

use std::future::Future;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web;
use metrics_exporter_prometheus::PrometheusBuilder;
use reqwest::Method;
use ruhu::accounts::{self, NewUser, Role};
use ruhu::app::{self, App};
use ruhu::areas::{self, Area};
use ruhu::config::Config;
use ruhu::db::{DatabaseUrl, Timestamp};
use ruhu::http::origin::TrustedProxies;
use ruhu::media_store::{MediaUrl, S3Settings};
use ruhu::seal::{KeyFile, SealingKeys};
use serde_json::json;
use tablets::{Client, HeadlessTablet, Wire};

use crate::postgres::Postgres;
use crate::s3::{ObjectStore, closed_port};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// Which media store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// A folder.
    Folder,
    /// A bucket.
    S3,
}

/// What the stage stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backend {
    /// The database.
    pub database: DatabaseKind,
    /// The media store.
    pub media: MediaKind,
}

/// A database and a media store with the demo county, and a server on them.
pub struct Stage {
    /// What it stands on.
    pub backend: Backend,
    config: Config,
    folder: tempfile::TempDir,
    first: Replica,
    tablets: AtomicU32,
}

/// How long anything on a stage may take before it counts as stuck.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// One file of keys for all stages of all tests: a process has one ring of keys.
fn sealing_keys() -> SealingKeys {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let file = target.join("test-sealing-keys.json");
    KeyFile::fresh(Timestamp::now()).create(&file).expect("the keys are written");
    SealingKeys(file)
}

impl Stage {
    /// Sets a stage and plays on it.
    pub fn set<F: Future<Output = ()>>(backend: Backend, story: impl FnOnce(Arc<Stage>) -> F) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let stage = Arc::new(Self::open(backend).await);
            story(stage.clone()).await;
            stage.first.handle.stop(false).await;
        });
    }

    /// Opens a stage with the demo county on it.
    pub async fn open(backend: Backend) -> Self {
        let folder = tempfile::Builder::new().prefix("ruhu-stage-").tempdir().expect("a directory");
        let database = match backend.database {
            DatabaseKind::Sqlite => DatabaseUrl::Sqlite(folder.path().join("ruhu.sqlite")),
            DatabaseKind::Postgres => Postgres::server().database(),
        };
        let (media, s3) = match backend.media {
            MediaKind::Folder => {
                (MediaUrl::Folder(folder.path().join("media")), S3Settings::default())
            }
            MediaKind::S3 => ObjectStore::server().bucket(),
        };
        let listen = "127.0.0.1:0".parse().expect("an address");
        let sealing_keys = sealing_keys();
        let (tls, log, require_second_factor) = (None, None, false);
        let config = Config {
            listen,
            database,
            media,
            s3,
            sealing_keys,
            tls,
            require_second_factor,
            metrics: None,
            trusted_proxies: TrustedProxies::default(),
            log,
        };
        let first = Replica::start(&config).await;
        ruhu::demo::load(&first.app).await.expect("the demo county loads");
        Self { backend, config, folder, first, tablets: AtomicU32::new(0) }
    }

    /// Where the first server listens.
    pub fn address(&self) -> &str {
        &self.first.address
    }

    /// What the first server shares between requests.
    pub fn app(&self) -> &App {
        &self.first.app
    }

    /// What the server runs with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where another database of the same kind may be made; there is nothing yet.
    pub fn empty_database(&self) -> DatabaseUrl {
        let number = self.tablets.fetch_add(1, Ordering::Relaxed);
        match self.backend.database {
            DatabaseKind::Sqlite => {
                DatabaseUrl::Sqlite(self.folder.path().join(format!("other-{number}.sqlite")))
            }
            DatabaseKind::Postgres => Postgres::server().empty_database(),
        }
    }

    /// A folder of this stage.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Starts a server on another database and the same media store.
    pub async fn on_database(&self, database: DatabaseUrl) -> Replica {
        Replica::start(&Config { database, ..self.config.clone() }).await
    }

    /// Starts another server on the same database and media store, whose downloads come from the
    /// bucket itself where there is one.
    pub async fn direct_replica(&self) -> Replica {
        let s3 = S3Settings { direct: true, ..self.config.s3.clone() };
        Replica::start(&Config { s3, ..self.config.clone() }).await
    }

    /// Starts another server on the same database and media store, that asks for a second factor.
    pub async fn strict_replica(&self) -> Replica {
        Replica::start(&Config { require_second_factor: true, ..self.config.clone() }).await
    }

    /// Starts another server on the same database and media store.
    pub async fn another_replica(&self) -> Replica {
        Replica::start(&self.config).await
    }

    /// The arguments and variables that start a process on this stage.
    pub fn process_settings(&self) -> (Vec<String>, Vec<(String, String)>) {
        let database = match &self.config.database {
            DatabaseUrl::Sqlite(path) => format!("sqlite://{}", path.display()),
            DatabaseUrl::Postgres(url) => url.clone(),
        };
        let media = match &self.config.media {
            MediaUrl::Folder(path) => path.display().to_string(),
            MediaUrl::S3 { bucket, prefix } => format!("s3://{bucket}/{prefix}"),
        };
        let mut environment =
            vec![("RUHU_DATABASE_URL".to_owned(), database), ("RUHU_MEDIA".to_owned(), media)];
        let keys = self.config.sealing_keys.0.display().to_string();
        environment.push(("RUHU_SEALING_KEYS".to_owned(), keys));
        let s3 = &self.config.s3;
        for (name, value) in [
            ("RUHU_S3_ENDPOINT", &s3.endpoint),
            ("AWS_ACCESS_KEY_ID", &s3.access_key),
            ("AWS_SECRET_ACCESS_KEY", &s3.secret_key),
        ] {
            environment.extend(value.clone().map(|value| (name.to_owned(), value)));
        }
        (Vec::new(), environment)
    }

    /// The same, but that the media store can't be reached.
    pub fn process_settings_without_media(&self) -> (Vec<String>, Vec<(String, String)>) {
        let (arguments, mut environment) = self.process_settings();
        let keys = ObjectStore::server().settings();
        environment.retain(|(name, _)| name != "RUHU_MEDIA" && name != "RUHU_S3_ENDPOINT");
        environment.push(("RUHU_MEDIA".into(), "s3://bucket".into()));
        let closed = format!("http://127.0.0.1:{}", closed_port());
        environment.push(("RUHU_S3_ENDPOINT".into(), closed));
        environment.push(("AWS_ACCESS_KEY_ID".into(), keys.access_key.expect("a key")));
        environment.push(("AWS_SECRET_ACCESS_KEY".into(), keys.secret_key.expect("a key")));
        (arguments, environment)
    }

    /// A signed-in person of the demo county.
    pub async fn person(&self, login: &str) -> Client {
        let mut client = Client::new(self.address());
        client.sign_in(login, ruhu::demo::PASSWORD).await.expect("the demo login works");
        client
    }

    /// The signed-in admin of another county.
    pub async fn neighbour(&self) -> Client {
        let (login, password) = ("neighbour", "another-county");
        let now = self.app().now();
        let password_hash = accounts::hash_password(password).expect("a password is hashed");
        let county = Area {
            code: "539902000000".into(),
            parent: None,
            level: "county".into(),
            name: "邻县（虚构）".into(),
        };
        let added = self.app().write(move |connection| {
            areas::add(connection, &county)?;
            let new = NewUser {
                login: login.into(),
                display_name: "邻县管理员（虚构）".into(),
                password_hash: password_hash.clone(),
            };
            let user = accounts::add_user(connection, &new, now)?;
            accounts::add_grant(connection, user, Role::Admin, &county.code, now)
        });
        added.await.expect("the neighbour is there");
        let mut client = Client::new(self.address());
        client.sign_in(login, password).await.expect("the neighbour signs in");
        client
    }

    /// A one-time code for a cadre of the demo county.
    pub async fn enrolment_code(&self, login: &str) -> String {
        let mut admin = self.person("admin").await;
        let body = json!({ "login": login });
        let code = admin.call(Method::POST, "/api/v1/enrolment-codes", Some(&body)).await;
        code.expect("a code")["code"].as_str().expect("a code").to_owned()
    }

    /// A folder for a new tablet's store.
    pub fn tablet_folder(&self) -> PathBuf {
        let number = self.tablets.fetch_add(1, Ordering::Relaxed);
        self.folder.path().join(format!("tablet-{number}"))
    }

    /// A tablet of a cadre, enrolled and up to date.
    pub async fn tablet(&self, login: &str) -> HeadlessTablet {
        let code = self.enrolment_code(login).await;
        let folder = self.tablet_folder();
        let tablet = HeadlessTablet::enrol(self.address(), &folder, &code, "测试平板").await;
        let mut tablet = tablet.expect("the tablet enrols");
        // Old tablets and new ones, side by side.
        let number = self.tablets.load(Ordering::Relaxed);
        tablet.client().wire = if number.is_multiple_of(2) { Wire::Json } else { Wire::Cbor };
        tablet.sync_at(self.address(), LIMIT).await.expect("the tablet syncs");
        tablet
    }
}

/// A server in this process.
pub struct Replica {
    /// Where it listens.
    pub address: String,
    /// What it shares between requests.
    pub app: web::Data<App>,
    handle: ServerHandle,
}

impl Replica {
    async fn start(config: &Config) -> Self {
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let app = web::Data::new(App::open(config, metrics).await.expect("the server opens"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (started, handle) = tokio::sync::oneshot::channel();
        let served = app.clone();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = app::serve(served, listener, None).expect("the server starts");
                started.send(server.handle()).ok();
                server.await.expect("the server ends well");
            });
        });
        Self { address, app, handle: handle.await.expect("the server starts") }
    }
}
