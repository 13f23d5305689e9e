//! That somebody uses the database: servers and commands share it, and what must have it to itself
//! finds out whether anybody is there.
//!
//! On SQLite it is a lock on a file beside the database (`flock`), on PostgreSQL an advisory lock of
//! a session. Both end with the process that holds them, however it ends.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer};

use super::{AnyConnection, DatabaseUrl};

/// The advisory lock; any fixed number would do.
const LOCK: i32 = 0x5275_6876;
/// How long to wait for somebody who is about to go: PostgreSQL may learn a moment late that a
/// process has ended.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is asked whether the lock is free.
const ROUND: Duration = Duration::from_millis(50);
/// How often a session is asked whether it still stands.
const BEAT: Duration = Duration::from_secs(2);

/// Who else may use the database meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Anybody who shares it, too.
    Shared,
    /// Nobody.
    Alone,
}

/// Why the database can't be used now.
#[derive(Debug, thiserror::Error)]
pub enum HoldProblem {
    /// Servers or commands use it.
    #[error("a server or another command uses the database {0}")]
    InUse(String),
    /// Somebody has it to themselves.
    #[error("a command has the database {0} to itself")]
    Taken(String),
    /// The file of the lock.
    #[error("{}: {error}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        error: io::Error,
    },
    /// The database can't be reached.
    #[error("the database can't be opened: {0}")]
    Unreachable(#[from] diesel::ConnectionError),
    /// The database said no.
    #[error("the database: {0}")]
    Database(#[from] diesel::result::Error),
}

impl HoldProblem {
    /// What an operator is told.
    pub fn in_words(&self, chinese: bool) -> String {
        match (self, chinese) {
            (Self::InUse(database), true) => format!(
                "有服务器（或另一条 ruhu 命令）正在使用数据库 {database}；请先停止所有服务器，再运行一次。\
                 没有做任何改动"
            ),
            (Self::InUse(database), false) => format!(
                "a server, or another command of ruhu, is using the database {database}: stop every \
                 server first, then run this again. Nothing was changed"
            ),
            (Self::Taken(database), true) => format!(
                "数据库 {database} 正在恢复或更换（ruhu restore 或 ruhu epoch new）；请等它完成后再试"
            ),
            (Self::Taken(database), false) => format!(
                "the database {database} is being restored or given a new epoch (`ruhu restore`, \
                 `ruhu epoch new`); try again when that is done"
            ),
            (other, _) => other.to_string(),
        }
    }
}

/// The database is used until this is dropped, or the process ends.
pub struct Hold {
    _kept: Kept,
}

/// What the lock goes with.
#[expect(dead_code, reason = "it is kept for what happens when it is dropped")]
enum Kept {
    File(File),
    Session(PgConnection),
    /// A session that is made anew when it ends.
    Thread(Sender<()>),
}

impl Hold {
    /// Says that the database is used from now on.
    ///
    /// # Errors
    /// Where others use it in a way that does not go together with this, or it can't be reached.
    pub fn take(url: &DatabaseUrl, how: Use) -> Result<Self, HoldProblem> {
        let kept = match url {
            DatabaseUrl::Sqlite(path) => Kept::File(lock_file(path, how, &refused(url, how))?),
            DatabaseUrl::Postgres(_) => {
                let session = session(url)?;
                let session = lock_session(session, how, &refused(url, how))?;
                match how {
                    Use::Alone => Kept::Session(session),
                    Use::Shared => Kept::Thread(keep(url.clone(), session)),
                }
            }
        };
        Ok(Self { _kept: kept })
    }
}

fn refused(url: &DatabaseUrl, how: Use) -> impl Fn() -> HoldProblem {
    let database = format!("{url:?}");
    move || match how {
        Use::Alone => HoldProblem::InUse(database.clone()),
        Use::Shared => HoldProblem::Taken(database.clone()),
    }
}

/// Tries until it works, or nobody is about to go any more.
fn patiently<T, E>(
    mut attempt: impl FnMut() -> Result<Option<T>, E>,
    refused: impl FnOnce() -> E,
) -> Result<T, E> {
    let until = Instant::now() + PATIENCE;
    loop {
        match attempt()? {
            Some(done) => return Ok(done),
            None if Instant::now() < until => std::thread::sleep(ROUND),
            None => return Err(refused()),
        }
    }
}

/// The file that is locked: beside the database itself, by whatever name it is called.
fn file_beside(database: &Path) -> PathBuf {
    let mut name = database.canonicalize().unwrap_or_else(|_| database.to_owned()).into_os_string();
    name.push(".lock");
    name.into()
}

fn lock_file(
    database: &Path,
    how: Use,
    refused: &impl Fn() -> HoldProblem,
) -> Result<File, HoldProblem> {
    let path = file_beside(database);
    let wrong = |error| HoldProblem::File { file: path.clone(), error };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(wrong)?;
    }
    let file = File::options().create(true).append(true).open(&path).map_err(wrong)?;
    let attempt = || {
        let locked = match how {
            Use::Shared => file.try_lock_shared(),
            Use::Alone => file.try_lock(),
        };
        match locked {
            Ok(()) => Ok(Some(())),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(wrong(error)),
        }
    };
    patiently(attempt, refused)?;
    Ok(file)
}

/// A session whose other end notices within seconds that this machine is gone.
fn session(url: &DatabaseUrl) -> Result<PgConnection, HoldProblem> {
    match url.connect()? {
        AnyConnection::Postgres(mut session) => {
            session.batch_execute(
                "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; \
                 SET tcp_keepalives_count = 3; SET tcp_user_timeout = 10000",
            )?;
            Ok(session)
        }
        AnyConnection::Sqlite(_) => {
            let cause = "it is no PostgreSQL".to_owned();
            Err(diesel::ConnectionError::BadConnection(cause).into())
        }
    }
}

fn lock_session(
    mut session: PgConnection,
    how: Use,
    refused: &impl Fn() -> HoldProblem,
) -> Result<PgConnection, HoldProblem> {
    patiently(|| Ok(try_lock(&mut session, how)?.then_some(())), refused)?;
    Ok(session)
}

/// Whether the lock is this session's now. Each schema of a database may be a county of its own.
fn try_lock(session: &mut PgConnection, how: Use) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Locked {
        #[diesel(sql_type = Bool)]
        locked: bool,
    }
    let function = match how {
        Use::Shared => "pg_try_advisory_lock_shared",
        Use::Alone => "pg_try_advisory_lock",
    };
    let query =
        format!("SELECT {function}($1, hashtext(coalesce(current_schema()::text, ''))) AS locked");
    let query = diesel::sql_query(query).bind::<Integer, _>(LOCK);
    query.get_result::<Locked>(session).map(|row| row.locked)
}

/// Keeps the lock while the other end is cut off or starts anew.
fn keep(url: DatabaseUrl, session: PgConnection) -> Sender<()> {
    let (held, ended) = channel();
    let started = std::thread::Builder::new()
        .name("database-in-use".to_owned())
        .spawn(move || beat(&url, session, &ended));
    if let Err(error) = started {
        tracing::warn!(%error, "others can't see that this process uses the database");
    }
    held
}

fn beat(url: &DatabaseUrl, first: PgConnection, ended: &Receiver<()>) {
    let mut session = Some(first);
    let mut is_told = false;
    while ended.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
        if session.as_mut().is_some_and(|session| session.batch_execute("SELECT 1").is_ok()) {
            continue;
        }
        match again(url) {
            Ok(new) => (session, is_told) = (Some(new), false),
            Err(problem) => {
                session = None;
                if !is_told {
                    tracing::warn!(%problem, "others can't see for a while that this process uses the database");
                    is_told = true;
                }
            }
        }
    }
}

fn again(url: &DatabaseUrl) -> Result<PgConnection, HoldProblem> {
    let mut session = session(url)?;
    match try_lock(&mut session, Use::Shared)? {
        true => Ok(session),
        false => Err(refused(url, Use::Shared)()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_shared_or_had_alone() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("new/ruhu.sqlite"));
        let servers = [(); 2].map(|()| Hold::take(&url, Use::Shared).expect("they share it"));
        let refused = Hold::take(&url, Use::Alone).map(drop).unwrap_err();
        assert!(refused.in_words(false).contains("stop every server"), "{refused}");
        assert!(refused.in_words(true).contains("请先停止所有服务器"), "{refused}");
        drop(servers);
        let alone = Hold::take(&url, Use::Alone).expect("nobody is left");
        let refused = Hold::take(&url, Use::Shared).map(drop).unwrap_err();
        assert!(refused.in_words(false).contains("try again when that is done"), "{refused}");
        drop(alone);
        Hold::take(&url, Use::Shared).expect("it is free again");
    }

    #[test]
    fn a_file_that_is_linked_is_the_same_database() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["ruhu.sqlite", "linked.sqlite"].map(|name| folder.path().join(name));
        std::fs::write(&file, b"").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let _server = Hold::take(&DatabaseUrl::Sqlite(file), Use::Shared).unwrap();
        let refused = Hold::take(&DatabaseUrl::Sqlite(link), Use::Alone).map(drop);
        assert!(matches!(refused, Err(HoldProblem::InUse(_))));
    }

    #[test]
    fn a_folder_that_can_not_be_written_to_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"").unwrap();
        let url = DatabaseUrl::Sqlite(file.join("ruhu.sqlite"));
        let refused = Hold::take(&url, Use::Shared).map(drop).unwrap_err().in_words(false);
        assert!(refused.starts_with(&file.display().to_string()), "{refused}");
    }
}
