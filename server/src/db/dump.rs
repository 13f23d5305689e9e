//! The whole database as files, and back: consistent, while others write.
//!
//! SQLite is copied as a database; PostgreSQL as one `COPY` text a table, compressed, from one
//! snapshot.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use diesel::ExecuteCopyFromDsl;
use diesel::connection::SimpleConnection;
use diesel::pg::{CopyTarget, Pg};
use diesel::prelude::*;
use diesel::query_builder::AstPass;
use mobile_schema::Hash;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::migrate::{MigrationProblem, migrate, migrate_filled, migrate_to};
use super::{AnyConnection, DatabaseUrl, schema};

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpedFile {
    /// Its name within the backup.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Hash,
    /// The rows in it, where it is a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Their columns, in order. Backups of before 2026-11-30 don't say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
}

/// Why the database could not be written out or read back.
#[derive(Debug, thiserror::Error)]
pub enum DumpProblem {
    /// A file.
    #[error("{0}")]
    File(#[from] io::Error),
    /// The database.
    #[error("the database: {0}")]
    Database(#[from] diesel::result::Error),
    /// The database can't be reached.
    #[error("the database can't be opened: {0}")]
    Unreachable(#[from] diesel::ConnectionError),
    /// The layout.
    #[error(transparent)]
    Migration(#[from] MigrationProblem),
    /// There is something where the backup should go.
    #[error("{0} is not empty; restore into a new database")]
    Occupied(String),
    /// The backup is not what its manifest says.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
}

const SQLITE_FILE: &str = "database.sqlite";
/// What the name of a table's file ends with.
const TABLE_SUFFIX: &str = ".copy.zst";

/// Every table, each after those it refers to.
macro_rules! for_every_table {
    ($each:ident) => {
        $each!(
            epochs,
            areas,
            users,
            grants,
            devices,
            enrolment_codes,
            sessions,
            token_keys,
            packs,
            bundles,
            forms,
            form_versions,
            form_trials,
            form_releases,
            scope_heads,
            records,
            evictions,
            chains,
            ops,
            history,
            quarantine,
            blobs,
            blob_references,
            uploads,
            upload_parts,
            backups,
            sync_log,
            checks_due,
            jobs,
            photos,
            photo_looks,
            photo_looks_head,
            notice_keys,
            log_entries,
            log_nodes,
            log_heads,
            device_revocations,
            device_unsent,
            notice_subjects,
            prints,
            print_parts,
            accesses,
            sealing_keys,
            sealed_values,
            retention,
            erasures,
            erased_records,
            erased_ops,
            blob_holders,
            blob_claims,
            review_claims,
            review_passes,
            review_policies,
            second_factors,
            recovery_codes,
            samples,
            sample_items,
            sample_outcomes,
            rosters,
            publications,
            ledgers,
            audit,
            audit_head,
            saved_views,
            clock,
            setbacks
        )
    };
}

/// The names of the tables that are written out.
pub fn table_names() -> &'static [&'static str] {
    macro_rules! names {
        ($($table:ident),*) => { &[$(stringify!($table)),*] };
    }
    for_every_table!(names)
}

/// The table and the columns that the next `COPY` of this thread is about. Diesel knows those of
/// today's layout only, and a backup has those of its own; it writes the target without a value.
struct Listed;

thread_local! {
    static LISTED: RefCell<(String, Vec<String>)> = const { RefCell::new((String::new(), Vec::new())) };
}

impl Listed {
    fn of(table: &str, columns: &[String]) -> Self {
        LISTED.set((table.to_owned(), columns.to_vec()));
        Self
    }
}

impl CopyTarget for Listed {
    type Table = schema::epochs::table;
    type SqlType = diesel::sql_types::Text;

    fn walk_target(mut pass: AstPass<'_, '_, Pg>) -> QueryResult<()> {
        LISTED.with_borrow(|(table, columns)| {
            pass.push_identifier(table)?;
            for (place, column) in columns.iter().enumerate() {
                pass.push_sql(if place == 0 { " (" } else { ", " });
                pass.push_identifier(column)?;
            }
            pass.push_sql(")");
            Ok(())
        })
    }
}

/// The columns that a table has in the layout that is there now.
fn columns_of(connection: &mut PgConnection, table: &str) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Column {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let query = "SELECT column_name::text AS name FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND table_name = $1 \
                 ORDER BY ordinal_position";
    let query = diesel::sql_query(query).bind::<diesel::sql_types::Text, _>(table);
    let columns: Vec<Column> = query.load(connection)?;
    Ok(columns.into_iter().map(|column| column.name).collect())
}

/// The columns of a table of a backup that does not name them, in the layout it was made in: as the
/// table has them, but for one whose columns the program had in another order.
fn columns_then(connection: &mut PgConnection, table: &str) -> QueryResult<Vec<String>> {
    let mut columns = columns_of(connection, table)?;
    if let Some(place) = columns.iter().position(|name| table == "chains" && name == "user_id") {
        let user = columns.remove(place);
        columns.insert(2, user);
    }
    Ok(columns)
}

/// Writes the database into `folder` as it is at one moment, and asks that same state `question`.
pub fn dump<T>(
    url: &DatabaseUrl,
    folder: &Path,
    question: impl FnOnce(&mut AnyConnection) -> QueryResult<T>,
) -> Result<(Vec<DumpedFile>, T), DumpProblem> {
    match url.connect()? {
        AnyConnection::Sqlite(mut connection) => {
            let path = folder.join(SQLITE_FILE);
            diesel::sql_query("VACUUM INTO ?")
                .bind::<diesel::sql_types::Text, _>(path.to_string_lossy().into_owned())
                .execute(&mut connection)?;
            let answer = question(&mut open_copy(&path)?)?;
            let (bytes, sha256) = measure(&path)?;
            let (name, columns) = (SQLITE_FILE.into(), Vec::new());
            Ok((vec![DumpedFile { name, bytes, sha256, rows: None, columns }], answer))
        }
        AnyConnection::Postgres(mut connection) => {
            connection.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
            let mut files = Vec::new();
            for table in table_names() {
                let columns = columns_of(&mut connection, table)?;
                let rows =
                    diesel::copy_to(Listed::of(table, &columns)).load_raw(&mut connection)?;
                files.push(DumpedFile { columns, ..write_table(folder, table, rows)? });
                // Diesel 2.3 leaves the command open behind a raw copy; a plain one ends it.
                connection.batch_execute("SELECT 1")?;
            }
            let mut connection = AnyConnection::Postgres(connection);
            let answer = question(&mut connection)?;
            Ok((files, answer))
        }
    }
}

fn write_table(folder: &Path, table: &str, rows: impl BufRead) -> io::Result<DumpedFile> {
    let name = format!("{table}{TABLE_SUFFIX}");
    let path = folder.join(&name);
    let mut out = zstd::Encoder::new(File::create(&path)?, 3)?;
    let rows = copy_lines(rows, &mut out)?;
    out.finish()?.sync_all()?;
    let (bytes, sha256) = measure(&path)?;
    Ok(DumpedFile { name, bytes, sha256, rows: Some(rows), columns: Vec::new() })
}

/// In `COPY`'s text a line is a row; line ends within values are escaped.
fn copy_lines(mut from: impl BufRead, to: &mut impl Write) -> io::Result<u64> {
    let mut lines = 0;
    loop {
        let buffer = from.fill_buf()?;
        if buffer.is_empty() {
            return Ok(lines);
        }
        to.write_all(buffer)?;
        lines += buffer.iter().filter(|byte| **byte == b'\n').count() as u64;
        let length = buffer.len();
        from.consume(length);
    }
}

/// The length and SHA-256 of a file.
pub fn measure(path: &Path) -> io::Result<(u64, Hash)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut length = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((length, Hash(hasher.finalize().into())));
        }
        hasher.update(&buffer[..read]);
        length += read as u64;
    }
}

/// Reads back what was written: every file is what it was, every row can be read.
pub fn check(folder: &Path, files: &[DumpedFile]) -> Result<(), DumpProblem> {
    let damaged =
        |file: &DumpedFile, what: &str| DumpProblem::Damaged(format!("{}: {what}", file.name));
    for file in files {
        let path = folder.join(&file.name);
        let (bytes, sha256) = measure(&path).map_err(|error| damaged(file, &error.to_string()))?;
        if (bytes, sha256) != (file.bytes, file.sha256) {
            return Err(damaged(file, "its bytes have changed"));
        }
        if let Some(rows) = file.rows {
            let reader = BufReader::new(zstd::Decoder::new(File::open(&path)?)?);
            let read = copy_lines(reader, &mut io::sink())
                .map_err(|error| damaged(file, &error.to_string()))?;
            if read != rows {
                return Err(damaged(file, "it has another number of rows"));
            }
        }
        if file.name == SQLITE_FILE {
            check_copy(&path).map_err(|what| damaged(file, &what))?;
        }
    }
    Ok(())
}

fn check_copy(path: &Path) -> Result<(), String> {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = diesel::sql_types::Text)]
        line: String,
    }
    let mut copy = open_copy(path).map_err(|error| error.to_string())?;
    let query = "SELECT integrity_check AS line FROM pragma_integrity_check";
    let lines: Vec<Line> =
        diesel::sql_query(query).load(&mut copy).map_err(|error| error.to_string())?;
    match lines.first() {
        Some(first) if first.line == "ok" => Ok(()),
        Some(first) => Err(first.line.clone()),
        None => Err("no answer".to_owned()),
    }
}

/// A copy of a database, without changing a byte of it.
fn open_copy(path: &Path) -> Result<AnyConnection, diesel::ConnectionError> {
    let uri = format!("file:{}?mode=ro&immutable=1", path.display());
    SqliteConnection::establish(&uri).map(AnyConnection::Sqlite)
}

/// Refuses a database that has something in it; `replace` allows for a SQLite file.
pub fn check_vacant(url: &DatabaseUrl, replace: bool) -> Result<(), DumpProblem> {
    let occupied = match url {
        DatabaseUrl::Sqlite(path) => path.exists() && !replace,
        DatabaseUrl::Postgres(_) => match url.connect()? {
            AnyConnection::Postgres(mut connection) => tables_of(&mut connection)? > 0,
            AnyConnection::Sqlite(_) => false,
        },
    };
    if occupied { Err(DumpProblem::Occupied(format!("{url:?}"))) } else { Ok(()) }
}

/// Fills an empty database with what [`dump`] wrote, in the layout it had then, brings it up to
/// date and changes it with `finish`. All of it is there at once, or nothing: nobody ever opens a
/// database that is filled and not finished.
pub fn fill<T>(
    url: &DatabaseUrl,
    folder: &Path,
    files: &[DumpedFile],
    last_migration: &str,
    replace: bool,
    finish: impl FnOnce(&mut AnyConnection) -> QueryResult<T>,
) -> Result<T, DumpProblem> {
    check_vacant(url, replace)?;
    match url {
        DatabaseUrl::Sqlite(path) => fill_sqlite(path, folder, finish),
        DatabaseUrl::Postgres(_) => url.connect()?.transaction(|connection| {
            if let AnyConnection::Postgres(connection) = connection {
                migrate_to(connection, last_migration)?;
                fill_postgres(connection, folder, files)?;
                migrate_filled(connection)?;
            }
            Ok(finish(connection)?)
        }),
    }
}

/// Restores what [`dump`] wrote on trial, asks it `question`, and leaves no trace. A copy of SQLite
/// is a database already; PostgreSQL gets a schema of its own in a transaction that is undone, for
/// which it must be allowed to make one.
pub fn rehearse<T>(
    url: &DatabaseUrl,
    folder: &Path,
    files: &[DumpedFile],
    last_migration: &str,
    question: impl FnOnce(&mut AnyConnection) -> QueryResult<T>,
) -> Result<T, DumpProblem> {
    match url.connect()? {
        AnyConnection::Sqlite(_) => Ok(question(&mut open_copy(&folder.join(SQLITE_FILE))?)?),
        AnyConnection::Postgres(mut connection) => {
            connection.begin_test_transaction()?;
            connection.batch_execute(
                "CREATE SCHEMA ruhu_rehearsal; SET LOCAL search_path TO ruhu_rehearsal",
            )?;
            migrate_to(&mut connection, last_migration)?;
            fill_postgres(&mut connection, folder, files)?;
            Ok(question(&mut AnyConnection::Postgres(connection))?)
        }
    }
}

/// Each table after those it refers to, as they were written.
fn fill_postgres(
    connection: &mut PgConnection,
    folder: &Path,
    files: &[DumpedFile],
) -> QueryResult<()> {
    for file in files {
        let Some(table) = file.name.strip_suffix(TABLE_SUFFIX) else { continue };
        let columns = match file.columns.as_slice() {
            [] => columns_then(connection, table)?,
            named => named.to_vec(),
        };
        let read = |out: &mut dyn Write| -> QueryResult<()> {
            let rows = File::open(folder.join(&file.name)).and_then(zstd::Decoder::new);
            rows.and_then(|mut rows| io::copy(&mut rows, out)).map_err(unreadable)?;
            Ok(())
        };
        diesel::copy_from(schema::epochs::table)
            .from_raw_data(Listed::of(table, &columns), read)
            .execute(connection)?;
    }
    Ok(())
}

fn unreadable(error: io::Error) -> diesel::result::Error {
    diesel::result::Error::SerializationError(error.into())
}

fn tables_of(connection: &mut PgConnection) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let query = "SELECT count(*) AS count FROM information_schema.tables \
                 WHERE table_schema = current_schema()";
    diesel::sql_query(query).get_result::<Count>(connection).map(|row| row.count)
}

fn fill_sqlite<T>(
    path: &Path,
    folder: &Path,
    finish: impl FnOnce(&mut AnyConnection) -> QueryResult<T>,
) -> Result<T, DumpProblem> {
    let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
    let arriving = beside(".arriving");
    let clear = || -> io::Result<()> {
        for suffix in [".arriving", ".arriving-wal", ".arriving-shm"] {
            if beside(suffix).exists() {
                fs::remove_file(beside(suffix))?;
            }
        }
        Ok(())
    };
    // What a restore that was cut off has left.
    clear()?;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let filled = (|| -> Result<T, DumpProblem> {
        fs::copy(folder.join(SQLITE_FILE), &arriving)?;
        let url = DatabaseUrl::Sqlite(arriving.clone());
        migrate(&url)?;
        // The connection folds its log into the file when it closes.
        let finished = url.connect()?.transaction(finish)?;
        File::open(&arriving)?.sync_all()?;
        Ok(finished)
    })();
    if filled.is_err()
        && let Err(error) = clear()
    {
        tracing::warn!(path = %arriving.display(), %error, "what was not restored stays behind");
    }
    let finished = filled?;
    // What is there is put aside, never removed.
    let stamp = super::Timestamp::now().seconds();
    for suffix in ["", "-wal", "-shm"] {
        if beside(suffix).exists() {
            fs::rename(beside(suffix), beside(&format!(".replaced-{stamp}{suffix}")))?;
        }
    }
    fs::rename(arriving, path)?;
    Ok(finished)
}
