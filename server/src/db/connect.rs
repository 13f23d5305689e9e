//! Opening the database, and one transaction at a time on it.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::{ManageConnection, Pool, R2D2Connection};
use diesel::{Connection as _, PgConnection, SqliteConnection};

use super::AnyConnection;
use super::transaction::Failed;
use super::writer::Writer;
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

impl DatabaseUrl {
    /// A new connection, ready for queries.
    pub(super) fn connect(&self) -> Result<AnyConnection, diesel::ConnectionError> {
        match self {
            Self::Postgres(url) => PgConnection::establish(url).map(AnyConnection::Postgres),
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

/// The database. Clones share its connections.
#[derive(Clone)]
pub struct Database {
    url: DatabaseUrl,
    pool: Pool<Manager>,
    writer: Option<Writer>,
}

impl Database {
    /// Opens the database; the first connection must succeed.
    pub fn open(url: &DatabaseUrl) -> Result<Self, Failed> {
        let pool = Pool::builder()
            .max_size(limits::DATABASE_CONNECTIONS)
            .min_idle(Some(1))
            .connection_timeout(Duration::from_secs(10))
            .test_on_check_out(false)
            .error_handler(Box::new(Quiet))
            .build_unchecked(Manager(url.clone()));
        let first = url.connect().map_err(unavailable)?;
        let writer = match first {
            AnyConnection::Sqlite(_) => Some(Writer::start(first)),
            AnyConnection::Postgres(_) => None,
        };
        Ok(Self { url: url.clone(), pool, writer })
    }

    /// Where the database is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Runs queries on one unchanging snapshot, off the async threads.
    pub async fn read<T, E, F>(&self, queries: F) -> Result<T, Failed<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T, Failed<E>> + Send + 'static,
    {
        let pool = self.pool.clone();
        off_thread(move || {
            let mut connection = pool.get().map_err(unavailable)?;
            match &mut *connection {
                AnyConnection::Postgres(postgres) => {
                    postgres.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
                }
                AnyConnection::Sqlite(sqlite) => sqlite.batch_execute("BEGIN DEFERRED")?,
            }
            queries(EndOnDrop(&mut connection).0)
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
        match &self.writer {
            Some(writer) => writer.run(queries).await,
            None => {
                let pool = self.pool.clone();
                off_thread(move || write_pooled(&pool, queries)).await
            }
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Failed> {
        self.read(|connection| Ok(connection.ping()?)).await
    }
}

fn write_pooled<T, E>(
    pool: &Pool<Manager>,
    mut queries: impl FnMut(&mut AnyConnection) -> Result<T, Failed<E>>,
) -> Result<T, Failed<E>> {
    const TRIES: usize = 5;
    let mut connection = pool.get().map_err(unavailable)?;
    let mut tries = 0;
    loop {
        tries += 1;
        let done = connection.transaction::<T, Failed<E>, _>(|connection| queries(connection));
        match done {
            Err(failed) if failed.is_transient() && tries < TRIES => {}
            done => return done,
        }
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

async fn off_thread<T: Send + 'static, E: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failed<E>> + Send + 'static,
) -> Result<T, Failed<E>> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(unavailable(error)),
    }
}

pub(super) fn unavailable<E>(cause: impl std::fmt::Display) -> Failed<E> {
    Failed::Unavailable(cause.to_string())
}

/// Makes connections for the pool. Diesel's own manager hides PostgreSQL's words.
struct Manager(DatabaseUrl);

impl ManageConnection for Manager {
    type Connection = AnyConnection;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<AnyConnection, Self::Error> {
        self.0.connect().map_err(diesel::r2d2::Error::ConnectionError)
    }

    fn is_valid(&self, connection: &mut AnyConnection) -> Result<(), Self::Error> {
        connection.ping().map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, connection: &mut AnyConnection) -> bool {
        std::thread::panicking() || connection.is_broken()
    }
}

#[derive(Debug)]
struct Quiet;

impl diesel::r2d2::HandleError<diesel::r2d2::Error> for Quiet {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        tracing::warn!(%error, "no database connection");
    }
}
