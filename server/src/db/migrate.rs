//! Bringing the database to the layout this binary knows.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationConnection, MigrationSource};
use diesel::{PgConnection, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{AnyConnection, DatabaseUrl};

const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");
/// The advisory lock that replicas starting together queue on; any fixed number would do.
const LOCK: i64 = 0x5275_6875;

/// Why the layout could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationProblem {
    /// A newer binary has been here.
    #[error(
        "the database is newer than this program: it has the migration {0}, which this program \
         does not know; start the newer program, or restore a backup from before the upgrade"
    )]
    Newer(String),
    /// The database could not be reached.
    #[error("the database can't be opened: {0}")]
    Unreachable(#[from] diesel::ConnectionError),
    /// A step failed; the database is as it was before that step.
    #[error("the database could not be brought up to date: {0}")]
    Failed(String),
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

fn failed(cause: impl std::fmt::Display) -> MigrationProblem {
    MigrationProblem::Failed(cause.to_string())
}

/// Applies every migration that is missing, while other replicas wait. Returns their names.
pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, MigrationProblem> {
    match url.connect()? {
        AnyConnection::Sqlite(mut connection) => {
            // A step may have to build a table anew that others refer to.
            connection.batch_execute("PRAGMA foreign_keys = OFF").map_err(failed)?;
            connection.immediate_transaction(|connection| {
                let ran = forward(connection, SQLITE)?;
                let check = "SELECT count(*) AS count FROM pragma_foreign_key_check";
                let broken: Count = diesel::sql_query(check).get_result(connection)?;
                match broken.count {
                    0 => Ok(ran),
                    count => Err(failed(format_args!("{count} rows would refer to nothing"))),
                }
            })
        }
        AnyConnection::Postgres(mut connection) => {
            let lock = format!("SELECT pg_advisory_lock({LOCK})");
            diesel::sql_query(lock).execute(&mut connection).map_err(failed)?;
            // The lock ends with the connection.
            forward(&mut connection, POSTGRES)
        }
    }
}

/// Brings an empty PostgreSQL database to the layout it had after the step `last`.
pub(super) fn migrate_to(
    connection: &mut PgConnection,
    last: &str,
) -> Result<(), MigrationProblem> {
    connection.setup().map_err(failed)?;
    let steps: Vec<Box<dyn Migration<diesel::pg::Pg>>> = POSTGRES.migrations().map_err(failed)?;
    if !steps.iter().any(|step| step.name().version().to_string() == last) {
        return Err(MigrationProblem::Newer(last.to_owned()));
    }
    for step in steps {
        let version = step.name().version().to_string();
        connection.run_migration(&step).map_err(failed)?;
        if version == last {
            break;
        }
    }
    Ok(())
}

/// Brings a PostgreSQL database that was filled in this transaction up to date, within it.
pub(super) fn migrate_filled(connection: &mut PgConnection) -> Result<(), MigrationProblem> {
    forward(connection, POSTGRES).map(drop)
}

/// Undoes every migration, newest first: the proof that each `down.sql` is right.
pub fn revert_all(url: &DatabaseUrl) -> Result<(), MigrationProblem> {
    match url.connect()? {
        AnyConnection::Sqlite(mut connection) => {
            connection.batch_execute("PRAGMA foreign_keys = OFF").map_err(failed)?;
            connection.revert_all_migrations(SQLITE).map(drop).map_err(failed)
        }
        AnyConnection::Postgres(mut connection) => {
            connection.revert_all_migrations(POSTGRES).map(drop).map_err(failed)
        }
    }
}

fn forward<C, DB>(
    connection: &mut C,
    known: EmbeddedMigrations,
) -> Result<Vec<String>, MigrationProblem>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB> + MigrationConnection + diesel::Connection<Backend = DB>,
    EmbeddedMigrations: MigrationSource<DB>,
{
    connection.setup().map_err(failed)?;
    let migrations: Vec<Box<dyn Migration<DB>>> = known.migrations().map_err(failed)?;
    let names: BTreeSet<_> =
        migrations.iter().map(|migration| migration.name().version().to_string()).collect();
    let applied = connection.applied_migrations().map_err(failed)?;
    if let Some(stranger) = applied.iter().find(|version| !names.contains(&version.to_string())) {
        return Err(MigrationProblem::Newer(stranger.to_string()));
    }
    let ran = connection.run_pending_migrations(known).map_err(failed)?;
    Ok(ran.iter().map(ToString::to_string).collect())
}

impl From<diesel::result::Error> for MigrationProblem {
    fn from(error: diesel::result::Error) -> Self {
        failed(error)
    }
}
