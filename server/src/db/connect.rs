//! Opening the database, and one transaction at a time on it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::r2d2::{ManageConnection, Pool, PooledConnection, R2D2Connection};
use diesel::{Connection as _, PgConnection, SqliteConnection};
use tokio::sync::Semaphore;

use super::pulse::Pulse;
use super::transaction::Failed;
use super::writer::Writer;
use super::{AnyConnection, probe};
use crate::limits;

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file, made if it is not there.
    Sqlite(PathBuf),
    /// `postgres://…`, as libpq takes it.
    Postgres(String),
}

/// The text names no database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a database is sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME")]
pub struct UrlProblem;

impl FromStr for DatabaseUrl {
    type Err = UrlProblem;

    fn from_str(text: &str) -> Result<Self, UrlProblem> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        match text.strip_prefix("sqlite://") {
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            _ => Err(UrlProblem),
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    /// Without the password.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "sqlite://{}", path.display()),
            Self::Postgres(url) => {
                let place = url.rsplit_once('@').map_or("…", |(_, place)| place);
                write!(formatter, "postgres://…@{place}")
            }
        }
    }
}

/// Whether a file is a database of SQLite, by its first bytes (sqlite.org/fileformat2.html, 1.3.1).
pub(crate) fn is_sqlite(file: &Path) -> bool {
    let mut first = [0; 16];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok() && first == *b"SQLite format 3\0"
}

impl DatabaseUrl {
    /// A new connection, ready for queries.
    pub(super) fn connect(&self) -> Result<AnyConnection, diesel::ConnectionError> {
        match self {
            Self::Postgres(url) => {
                PgConnection::establish(&watchful(url)).map(AnyConnection::Postgres)
            }
            Self::Sqlite(path) => {
                if let Some(folder) = path.parent() {
                    let made = std::fs::create_dir_all(folder);
                    made.map_err(|error| {
                        let cause = format!("{}: {error}", folder.display());
                        diesel::ConnectionError::BadConnection(cause)
                    })?;
                }
                let mut connection = SqliteConnection::establish(&path.to_string_lossy())?;
                connection
                    .batch_execute(
                        "PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL; \
                         PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                         PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY; \
                         PRAGMA wal_autocheckpoint = 4000;",
                    )
                    .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                Ok(AnyConnection::Sqlite(connection))
            }
        }
    }
}

/// The URL with what libpq needs to notice that the other end is gone, where it says nothing of it:
/// by itself it would wait for two hours. Without Kerberos unless it asks for it: its library aborts
/// a program that ends while a connection is being made.
fn watchful(url: &str) -> String {
    const SETTINGS: [(&str, &str, &str); 6] = [
        ("connect_timeout", "PGCONNECT_TIMEOUT", "3"),
        ("keepalives_idle", "", "5"),
        ("keepalives_interval", "", "2"),
        ("keepalives_count", "", "3"),
        ("tcp_user_timeout", "", "10000"),
        ("gssencmode", "PGGSSENCMODE", "disable"),
    ];
    let mut whole = url.to_owned();
    for (name, variable, value) in SETTINGS {
        let is_set = !variable.is_empty() && std::env::var_os(variable).is_some();
        if !url.contains(name) && !is_set {
            whole.push(if whole.contains('?') { '&' } else { '?' });
            whole.push_str(&format!("{name}={value}"));
        }
    }
    whole
}

/// The database. Clones share its connections.
#[derive(Clone)]
pub struct Database {
    url: DatabaseUrl,
    pool: Pool<Manager>,
    writer: Option<Writer>,
    /// Turns to write on PostgreSQL: however many wait for a lock there, others read meanwhile.
    turns: Arc<Semaphore>,
    pulse: Arc<Pulse>,
    statements: Arc<AtomicU64>,
}

impl Database {
    /// Opens the database; the first connection must succeed.
    pub fn open(url: &DatabaseUrl) -> Result<Self, Failed> {
        let (pulse, statements) = (Arc::new(Pulse::default()), Arc::new(AtomicU64::new(0)));
        let (url, pulse_of) = (url.clone(), pulse.clone());
        let manager = Manager { url: url.clone(), pulse: pulse_of, statements: statements.clone() };
        let mut first = url.connect().map_err(unavailable)?;
        count_statements(&mut first, &statements);
        let pool = Pool::builder()
            .max_size(limits::DATABASE_CONNECTIONS)
            // None is made behind anybody's back: the program may be about to end.
            .min_idle(Some(0))
            // What it waits at most between two tries to connect is half of that.
            .connection_timeout(Duration::from_secs(2))
            .test_on_check_out(false)
            .error_handler(Box::new(Quiet))
            .build_unchecked(manager);
        let writer = match first {
            AnyConnection::Sqlite(_) => Some(Writer::start(first)),
            AnyConnection::Postgres(_) => None,
        };
        let turns = Arc::new(Semaphore::new(limits::DATABASE_WRITERS));
        Ok(Self { url, pool, writer, turns, pulse, statements })
    }

    /// Where the database is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// What is known of the other end, to be kept up to date.
    pub(super) fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// How many statements this replica has asked it so far.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Runs queries on one unchanging snapshot, off the async threads.
    pub async fn read<T, E, F>(&self, queries: F) -> Result<T, Failed<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T, Failed<E>> + Send + 'static,
    {
        let (pool, pulse) = (self.pool.clone(), self.pulse.clone());
        self.off_thread(move || {
            let mut line = begun::<E>(&pool, &pulse, |connection| match connection {
                // A reader holds nobody up, and may think for longer.
                AnyConnection::Postgres(postgres) => postgres.batch_execute(
                    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
                     SET LOCAL idle_in_transaction_session_timeout = '10min'",
                ),
                AnyConnection::Sqlite(sqlite) => sqlite.batch_execute("BEGIN DEFERRED"),
            })?;
            let done = queries(EndOnDrop(&mut line.connection).0);
            done.map_err(|failed| line.told(failed))
        })
        .await
    }

    /// Runs queries in one write transaction, off the async threads. They may run more than
    /// once, when the database gives up on a tie; only the last run counts.
    pub async fn write<T, E, F>(&self, queries: F) -> Result<T, Failed<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnMut(&mut AnyConnection) -> Result<T, Failed<E>> + Send + 'static,
    {
        if let Some(writer) = &self.writer {
            return writer.run(queries).await.map_err(Failed::sorted);
        }
        let turn = self.turns.clone().acquire_owned();
        let turn = tokio::time::timeout(limits::DATABASE_PATIENCE, turn).await;
        let turn = turn.map_err(|_| Failed::<E>::Busy("too many write at once".to_owned()))?;
        let (pool, pulse) = (self.pool.clone(), self.pulse.clone());
        self.off_thread(move || {
            let written = write_pooled(&pool, &pulse, queries);
            drop(turn);
            written
        })
        .await
    }

    /// Whether the database answers, and can write: a full disk is told before it costs anything.
    pub async fn ping(&self) -> Result<(), Failed> {
        self.write(probe::write).await
    }

    /// Waits for work off the async threads, but not for a database that has fallen silent.
    async fn off_thread<T: Send + 'static, E: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Failed<E>> + Send + 'static,
    ) -> Result<T, Failed<E>> {
        let mut working = tokio::task::spawn_blocking(work);
        loop {
            match tokio::time::timeout(Duration::from_millis(500), &mut working).await {
                Ok(done) => return done.unwrap_or_else(|error| Err(unavailable(error))),
                Err(_) if self.pulse.is_silent() => return Err(unavailable("it does not answer")),
                Err(_) => {}
            }
        }
    }
}

fn write_pooled<T, E>(
    pool: &Pool<Manager>,
    pulse: &Pulse,
    mut queries: impl FnMut(&mut AnyConnection) -> Result<T, Failed<E>>,
) -> Result<T, Failed<E>> {
    const TRIES: usize = 5;
    let (mut tries, mut patience) = (0, Patience::begin());
    let mut line = taken::<E>(pool, pulse)?;
    loop {
        let mut has_begun = false;
        let done = line.connection.transaction::<T, Failed<E>, _>(|connection| {
            has_begun = true;
            queries(connection)
        });
        let failed = match done {
            Ok(done) => return Ok(done),
            Err(failed) => line.told(failed),
        };
        match failed {
            // It ended while nobody used it, and nothing was sent: another one does.
            Failed::Unavailable(_) if line.is_dead && !has_begun && patience.lasts() => {
                line = taken::<E>(pool, pulse)?;
            }
            failed if failed.is_transient() && tries < TRIES => tries += 1,
            failed => return Err(failed),
        }
    }
}

/// A connection that has begun a transaction. Those that ended while nobody used them are thrown
/// away: after a restart of PostgreSQL, that is all there are.
fn begun<E>(
    pool: &Pool<Manager>,
    pulse: &Pulse,
    begin: impl Fn(&mut AnyConnection) -> diesel::QueryResult<()>,
) -> Result<PooledConnection<Manager>, Failed<E>> {
    let mut patience = Patience::begin();
    loop {
        let mut line = taken::<E>(pool, pulse)?;
        let Err(error) = begin(&mut line.connection) else { return Ok(line) };
        let failed = line.told(Failed::Database(error));
        if !line.is_dead || !patience.lasts() {
            return Err(failed);
        }
    }
}

/// How long connections that have ended are put up with, one after the other.
struct Patience {
    until: Instant,
    ended: u32,
}

impl Patience {
    fn begin() -> Self {
        Self { until: Instant::now() + limits::DATABASE_PATIENCE, ended: 0 }
    }

    /// Another one has ended; whether there is to be one more. The pool may be full of old ones;
    /// where there are more, new ones end as soon as they are made, and there is no hurry.
    fn lasts(&mut self) -> bool {
        self.ended += 1;
        if self.ended > limits::DATABASE_CONNECTIONS {
            std::thread::sleep(Duration::from_millis(100));
        }
        Instant::now() < self.until
    }
}

/// A connection, as soon as there is one; but there is no waiting for a database that is away.
fn taken<E>(pool: &Pool<Manager>, pulse: &Pulse) -> Result<PooledConnection<Manager>, Failed<E>> {
    let until = Instant::now() + limits::DATABASE_PATIENCE;
    loop {
        if let Some(line) = pool.try_get() {
            return Ok(line);
        }
        if pulse.is_away() {
            return Err(unavailable("it can't be reached"));
        }
        match pool.get_timeout(Duration::from_millis(100)) {
            Ok(line) => return Ok(line),
            Err(_) if pulse.is_away() => return Err(unavailable("it can't be reached")),
            Err(_) if Instant::now() < until => {}
            Err(error) => return Err(Failed::Busy(format!("no connection is free: {error}"))),
        }
    }
}

/// Has this transaction wait so long for what others hold, and no longer. SQLite's writes wait for
/// nobody but each other.
pub fn wait_for_locks(
    connection: &mut AnyConnection,
    patience: Duration,
) -> diesel::QueryResult<()> {
    match connection {
        AnyConnection::Postgres(postgres) => {
            postgres.batch_execute(&format!("SET LOCAL lock_timeout = {}", patience.as_millis()))
        }
        AnyConnection::Sqlite(_) => Ok(()),
    }
}

/// Waits until no transaction reads a table any more, and has the next ones wait for this one.
/// SQLite has one transaction that writes at a time.
pub fn lock_table(connection: &mut AnyConnection, table: &str) -> diesel::QueryResult<()> {
    match connection {
        AnyConnection::Postgres(postgres) => {
            postgres.batch_execute(&format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        }
        AnyConnection::Sqlite(_) => Ok(()),
    }
}

/// Ends a read transaction, however its queries end.
struct EndOnDrop<'a>(&'a mut AnyConnection);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.batch_execute("ROLLBACK") {
            tracing::warn!(%error, "a read transaction did not end");
        }
    }
}

pub(super) fn unavailable<E>(cause: impl std::fmt::Display) -> Failed<E> {
    Failed::Unavailable(cause.to_string())
}

/// Makes connections for the pool. Diesel's own manager hides PostgreSQL's words.
struct Manager {
    url: DatabaseUrl,
    pulse: Arc<Pulse>,
    statements: Arc<AtomicU64>,
}

/// A connection of the pool.
struct Line {
    connection: AnyConnection,
    /// Whether the other end is gone.
    is_dead: bool,
}

impl Line {
    /// What a failure comes to, once it is known whether the connection still stands.
    fn told<E>(&mut self, failed: Failed<E>) -> Failed<E> {
        let Failed::Database(error) = failed else { return failed };
        if matches!(self.connection, AnyConnection::Postgres(_))
            && !is_about_rows(&error)
            && self.connection.ping().is_err()
        {
            self.is_dead = true;
            return unavailable(error);
        }
        Failed::Database(error).sorted()
    }
}

/// Whether an answer came that is about what is stored, so that the connection must stand.
fn is_about_rows(error: &diesel::result::Error) -> bool {
    use diesel::result::{DatabaseErrorKind, Error};
    match error {
        Error::DatabaseError(kind, _) => !matches!(
            kind,
            DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::Unknown
        ),
        Error::BrokenTransactionManager | Error::RollbackErrorOnCommit { .. } => false,
        _ => true,
    }
}

fn count_statements(connection: &mut AnyConnection, statements: &Arc<AtomicU64>) {
    let statements = statements.clone();
    connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            statements.fetch_add(1, Ordering::Relaxed);
        }
    });
}

/// A transaction that waits for its own replica holds up the others: one that is frozen, or whose
/// machine lost its power, is ended by PostgreSQL after this. And nobody waits for a lock for long.
/// Where messages may be had in English, they are, since there is nothing else to tell failures by.
fn lines_of_a_server() -> String {
    format!(
        "SET idle_in_transaction_session_timeout = {}; SET lock_timeout = {}; \
         SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; \
         SET tcp_keepalives_count = 3; SET tcp_user_timeout = 10000; \
         SELECT set_config('lc_messages', 'C', false) FROM pg_roles \
         WHERE rolname = current_user AND rolsuper",
        limits::IDLE_IN_TRANSACTION.as_millis(),
        limits::LOCK_PATIENCE.as_millis(),
    )
}

impl ManageConnection for Manager {
    type Connection = Line;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Line, Self::Error> {
        let made = self.url.connect().and_then(|mut connection| {
            if let AnyConnection::Postgres(postgres) = &mut connection {
                let set = postgres.batch_execute(&lines_of_a_server());
                set.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
            }
            count_statements(&mut connection, &self.statements);
            Ok(Line { connection, is_dead: false })
        });
        match &made {
            Ok(_) => self.pulse.found(),
            Err(_) => self.pulse.lost(),
        }
        made.map_err(diesel::r2d2::Error::ConnectionError)
    }

    fn is_valid(&self, line: &mut Line) -> Result<(), Self::Error> {
        line.connection.ping().map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, line: &mut Line) -> bool {
        std::thread::panicking() || line.is_dead || line.connection.is_broken()
    }
}

#[derive(Debug)]
struct Quiet;

impl diesel::r2d2::HandleError<diesel::r2d2::Error> for Quiet {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        tracing::warn!(%error, "no database connection");
    }
}
