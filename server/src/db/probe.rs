//! Whether the database can write: a full disk is noticed by whoever asks, and not first by a
//! tablet. A row that is there already may be changed on a full disk, so what is written needs room
//! of its own each time.

use diesel::RunQueryDsl;
use diesel::connection::{Connection, SimpleConnection};
use diesel::result::Error;
use diesel::sql_types::Bool;

use super::AnyConnection;
use super::transaction::Failed;

/// Any fixed number would do: one replica at a time tries.
const LOCK: i64 = 0x5275_6876;

#[derive(diesel::QueryableByName)]
struct Taken {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

/// Writes 64 KB, and nothing that lasts.
pub(super) fn write(connection: &mut AnyConnection) -> Result<(), Failed> {
    match connection {
        AnyConnection::Sqlite(sqlite) => Ok(sqlite.batch_execute(
            "INSERT OR REPLACE INTO write_probe (id, filler) VALUES (1, hex(randomblob(32768)))",
        )?),
        AnyConnection::Postgres(postgres) => {
            let lock = format!("SELECT pg_try_advisory_xact_lock({LOCK}) AS taken");
            let Taken { taken } = diesel::sql_query(lock).get_result(postgres)?;
            if !taken {
                // Another replica tries at this moment.
                return Ok(());
            }
            // The file is made anew. Who reads the whole database, to copy it, keeps us from that;
            // then the disk is not tried.
            let emptied = postgres.transaction::<_, Error, _>(|postgres| {
                postgres.batch_execute("SET LOCAL lock_timeout = 200; TRUNCATE write_probe")
            });
            match emptied.map_err(|error| Failed::<std::convert::Infallible>::from(error).sorted())
            {
                Err(Failed::Busy(_)) => return Ok(()),
                Err(failed) => return Err(failed),
                Ok(()) => {}
            }
            Ok(postgres.batch_execute(
                "INSERT INTO write_probe (id, filler) \
                 SELECT n, repeat('x', 1900) FROM generate_series(1, 32) AS n",
            )?)
        }
    }
}
