//! The application: what every request shares, and every route there is.

use std::collections::HashMap;
use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::http::KeepAlive;
use actix_web::middleware::{Compress, from_fn};
use actix_web::rt::net::TcpStream;
use actix_web::{App as ActixApp, HttpRequest, HttpServer, web};
use diesel::QueryResult;
use metrics_exporter_prometheus::PrometheusHandle;
use mobile_schema::Catalogue;
use rustls::ServerConfig;
use sync_protocol::DeviceId;
use sync_protocol::message::Unsent;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::SwaggerUi;

use crate::accounts::{self, Passwords, TokenKeys};
use crate::checks::{self, Bell};
use crate::config::Config;
use crate::db::{self, AnyConnection, Database, Failed, MigrationProblem, Timestamp};
use crate::forms::{self, Compiler};
use crate::http::connections::Connections;
use crate::http::intake::Intake;
use crate::http::methods::{self, Methods};
use crate::http::origin::TrustedProxies;
use crate::http::throttle::Throttle;
use crate::http::{Kind, Problem, assets, headers, pace, telemetry};
use crate::live::{self, Hub};
use crate::media::Arrivals;
use crate::media_store::{MediaError, MediaStore};
use crate::packs::InstallProblem;
use crate::photos::{self, Similar};
use crate::seal::{self, KeyProblem};
use crate::space::Space;
use crate::sync::RawOp;
use crate::{
    areas, audit, conflicts, deliveries, devices, exports, health, imports, jobs, ledgers, limits,
    media, notices, overview, packs, privacy, records, review, rosters, rules, samples, sync,
    tasks, views, visits,
};

/// What every request shares.
pub struct App {
    /// The database.
    pub database: Database,
    /// The media store.
    pub media: MediaStore,
    /// The keys that sign access tokens.
    pub keys: Arc<TokenKeys>,
    /// The epochs the database descends from.
    pub lineage: sync::Lives,
    /// How often one may try.
    pub throttle: Throttle,
    /// What is being taken in.
    pub intake: Arc<Intake>,
    /// The same, of those who have not signed in: they keep nobody else out.
    pub strangers: Arc<Intake>,
    /// Whether there is room for it.
    pub space: Space,
    /// Where passwords wait for their turn.
    pub passwords: Passwords,
    /// The proxies whose word counts about where a request comes from.
    pub trusted_proxies: TrustedProxies,
    /// The uploads that are arriving.
    pub arrivals: Arrivals,
    /// Where pushes wait for their turn.
    pub pushes: sync::Pushes,
    /// When each tablet was last noted to be here.
    pub presence: Presence,
    /// Where changes are announced.
    pub live: Hub,
    /// What exchanges came to, until it is written.
    pub sync_log: sync::Log,
    /// Wakes the checks.
    pub(crate) checks: Bell,
    /// Wakes the workers.
    pub(crate) jobs: jobs::Bell,
    /// How photos look.
    pub(crate) similar: Similar,
    /// Forms that were compiled lately.
    pub(crate) forms: Compiler,
    /// Whether the parts work, as it was found lately.
    pub readiness: health::Readiness,
    /// What is counted, for Prometheus.
    pub metrics: PrometheusHandle,
    definitions: RwLock<Arc<Catalogue>>,
    /// Whether who is more than a cadre signs in with a code, too.
    pub(crate) require_second_factor: bool,
}

/// Why the server can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartProblem {
    /// The database's layout.
    #[error(transparent)]
    Migration(#[from] MigrationProblem),
    /// The database.
    #[error(transparent)]
    Database(#[from] Failed),
    /// The registers every county has.
    #[error(transparent)]
    Install(#[from] Failed<InstallProblem>),
    /// The keys of what is encrypted in it.
    #[error(transparent)]
    Keys(#[from] KeyProblem),
    /// The media store.
    #[error("media: {0}")]
    Media(#[from] MediaError),
    /// The address to listen at.
    #[error("listen: {0}")]
    Listen(#[from] std::io::Error),
}

impl App {
    /// Brings the database up to date and opens everything.
    pub async fn open(config: &Config, metrics: PrometheusHandle) -> Result<Self, StartProblem> {
        let url = config.database.clone();
        let migrated = tokio::task::spawn_blocking(move || db::migrate(&url)).await;
        let ran = migrated.map_err(|error| MigrationProblem::Failed(error.to_string()))??;
        if !ran.is_empty() {
            tracing::info!(migrations = ?ran, "the database is up to date");
        }
        let database = Database::open(&config.database)?;
        seal::prepare(&config.sealing_keys, &database).await?;
        let now = Timestamp::now();
        let installed: Result<(), Failed<InstallProblem>> =
            database.write(move |connection| packs::install_builtin(connection, now)).await;
        installed?;
        let opened: Result<_, Failed> = database
            .write(move |connection| {
                audit::prepare(connection)?;
                photos::prepare(connection)?;
                accounts::seal_seeds(connection)?;
                notices::seal_seeds(connection)?;
                let keys = TokenKeys::load(connection, now)?;
                Ok((keys, sync::lineage(connection, now)?, packs::catalogue(connection)?))
            })
            .await;
        let (keys, lineage, catalogue) = opened?;
        let lineage = sync::Lives::new(lineage);
        Ok(Self {
            pushes: sync::Pushes::open(&database, &lineage),
            live: Hub::open(&database),
            database,
            media: MediaStore::open(&config.media, &config.s3)?,
            keys: Arc::new(keys),
            lineage,
            throttle: Throttle::default(),
            intake: Arc::new(Intake::new(limits::REQUESTS_AT_ONCE)),
            strangers: Arc::new(Intake::new(limits::STRANGERS_AT_ONCE)),
            space: Space::of(config),
            passwords: Passwords::default(),
            trusted_proxies: config.trusted_proxies.clone(),
            arrivals: Arrivals::default(),
            presence: Presence::default(),
            sync_log: sync::Log::default(),
            checks: Bell::default(),
            jobs: jobs::Bell::default(),
            similar: Similar::default(),
            forms: Compiler::default(),
            readiness: health::Readiness::default(),
            metrics,
            definitions: RwLock::new(Arc::new(catalogue)),
            require_second_factor: config.require_second_factor,
        })
    }

    /// Runs queries on one snapshot; what goes wrong becomes a problem.
    pub async fn read<T, F>(&self, queries: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> QueryResult<T> + Send + 'static,
    {
        let read: Result<T, Failed> =
            self.database.read(move |connection| Ok(queries(connection)?)).await;
        Ok(read?)
    }

    /// Runs queries in one write transaction; what goes wrong becomes a problem.
    pub async fn write<T, F>(&self, mut queries: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&mut AnyConnection) -> QueryResult<T> + Send + 'static,
    {
        let written: Result<T, Failed> =
            self.database.write(move |connection| Ok(queries(connection)?)).await;
        Ok(written?)
    }

    /// The address a request comes from.
    pub fn origin(&self, request: &HttpRequest) -> Option<IpAddr> {
        self.trusted_proxies.origin(request)
    }

    /// The server's clock.
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Every definition, read anew if one of these operations names one that is not known yet:
    /// another replica may have installed it.
    pub async fn definitions_for(&self, ops: &[RawOp]) -> Result<Arc<Catalogue>, Problem> {
        let known = self.definitions();
        if ops.iter().filter_map(RawOp::op).all(|op| known.get(&op.definition).is_some()) {
            return Ok(known);
        }
        self.reload_definitions().await
    }

    /// Reads the definitions anew.
    pub async fn reload_definitions(&self) -> Result<Arc<Catalogue>, Problem> {
        let read = Arc::new(self.read(packs::catalogue).await?);
        *self.definitions.write().unwrap_or_else(PoisonError::into_inner) = read.clone();
        Ok(read)
    }

    /// Every definition this replica knows.
    pub fn definitions(&self) -> Arc<Catalogue> {
        self.definitions.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// When each tablet was last noted to be here, so that not every exchange has to write it.
#[derive(Default)]
pub struct Presence(Mutex<HashMap<DeviceId, (Timestamp, Seen)>>);

/// How a tablet was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How far its clock is ahead, milliseconds.
    pub skew_ms: i64,
    /// What it has not handed over, once what it brings now is taken in.
    pub unsent: Option<Unsent>,
}

impl Presence {
    /// Seconds until it is noted again.
    const NOTED_EVERY: i64 = 300;
    /// How far the tablet's clock may move meanwhile, milliseconds.
    const SAME_CLOCK: u64 = 30_000;

    /// Whether it is time to note that this tablet is here.
    pub fn is_due(&self, device: DeviceId, seen: Seen, now: Timestamp) -> bool {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&device).copied();
        noted.is_none_or(|(at, before)| {
            at.plus_seconds(Self::NOTED_EVERY) <= now
                || before.skew_ms.abs_diff(seen.skew_ms) > Self::SAME_CLOCK
                || before.unsent != seen.unsent
        })
    }

    /// It was noted.
    pub fn note(&self, device: DeviceId, seen: Seen, now: Timestamp) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.insert(device, (now, seen));
    }
}

/// Every route there is. A test walks them all with every role.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.configure(health::routes).configure(accounts::routes).configure(devices::routes);
    config.configure(areas::routes).configure(packs::routes).configure(records::routes);
    config.configure(forms::routes);
    config.configure(sync::routes).configure(media::routes);
    config.configure(conflicts::routes).configure(live::routes).configure(jobs::routes);
    config.configure(notices::routes).configure(checks::routes);
    config.configure(deliveries::routes).configure(privacy::routes).configure(review::routes);
    config.configure(audit::routes).configure(views::routes).configure(overview::routes);
    config.configure(tasks::routes).configure(rosters::routes).configure(exports::routes);
    config.configure(imports::routes).configure(rules::routes);
    config.configure(visits::routes).configure(samples::routes).configure(ledgers::routes);
}

/// The API's description (OpenAPI 3.1).
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, mut api) = ActixApp::new().into_utoipa_app().configure(routes).split_for_parts();
    api.info = utoipa::openapi::InfoBuilder::new()
        .title("Ruhu 入户")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Records, media and people of a county. Problems are RFC 9457."))
        .build();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(format!("{method} {path}"));
        }
    }
    api.components.get_or_insert_default().add_security_scheme("bearer", bearer);
    api
}

/// The operations of a path by their methods. Handlers share names, and ids must be unique.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("put", &mut item.put),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
        ("head", &mut item.head),
        ("options", &mut item.options),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Lets the process have as many descriptors as it may: a connection takes one, and many systems
/// begin with 1,024.
fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the number of descriptors could not be raised");
    }
}

/// Serves, by TLS where it is given, until told to stop; requests that have begun are finished.
pub fn serve(
    app: web::Data<App>,
    listener: TcpListener,
    tls: Option<ServerConfig>,
) -> std::io::Result<actix_web::dev::Server> {
    let description = openapi();
    let connections = Connections::new(app.trusted_proxies.clone());
    let workers = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    raise_descriptors();
    let allowed = web::Data::new(Methods::of(&description));
    let server = HttpServer::new(move || {
        let (actix, _) = ActixApp::new().into_utoipa_app().configure(routes).split_for_parts();
        actix
            .app_data(app.clone())
            .app_data(allowed.clone())
            .app_data(
                web::PathConfig::default()
                    .error_handler(|_, _| Problem::new(&Kind::NOT_FOUND).into()),
            )
            .service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", description.clone()))
            .default_service(web::to(assets::serve))
            .wrap(from_fn(pace::watch))
            .wrap(Compress::default())
            .wrap(from_fn(methods::head))
            .wrap(from_fn(telemetry::observe))
            .wrap(from_fn(headers::complete))
    })
    .on_connect(move |connection, kept| {
        let plain = connection.downcast_ref::<TcpStream>();
        let sealed = connection.downcast_ref::<TlsStream<TcpStream>>();
        let Some(stream) = plain.or(sealed.map(|sealed| sealed.get_ref().0)) else { return };
        let Ok(from) = stream.peer_addr() else { return };
        match connections.open(from.ip()) {
            Some(open) => drop(kept.insert(open)),
            None => {
                let _ = rustix::net::shutdown(stream, rustix::net::Shutdown::Both);
            }
        }
        // Without this, the second half of an answer waits 40 ms for the first one's receipt.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection is gone already");
        }
    })
    .max_connections(limits::CONNECTIONS / workers)
    .max_connection_rate(limits::HANDSHAKES / workers)
    .tls_handshake_timeout(limits::HANDSHAKE_TIMEOUT)
    .client_request_timeout(limits::HEAD_TIMEOUT)
    .keep_alive(KeepAlive::Timeout(limits::KEEP_ALIVE))
    .shutdown_timeout(limits::GRACE_ON_STOP.as_secs())
    .workers(workers);
    let server = match tls {
        None => server.listen(listener)?,
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
    };
    Ok(server.run())
}
