//! SQLite's one writer: a thread that commits many small transactions at once.
//!
//! SQLite lets one transaction write at a time, and with `synchronous = FULL` each commit waits
//! for the disk. So writes queue here; those that came meanwhile share one commit, and each can be
//! undone by itself. Nobody is told of success before that commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

use diesel::connection::SimpleConnection;
use tokio::sync::oneshot;

use super::AnyConnection;
use super::connect::unavailable;
use super::transaction::Failed;

/// Most transactions that share one commit.
const SHARED_COMMIT: usize = 64;

/// What a job leaves to do once it is known whether the commit went through.
type Reply = Box<dyn FnOnce(Result<(), String>) + Send>;
/// A transaction, given the connection or why it can't be had: whether what it did is to stay, and
/// its reply.
type Job = Box<dyn FnOnce(Result<&mut AnyConnection, String>) -> (bool, Reply) + Send>;

#[derive(Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    pub(super) fn start(connection: AnyConnection) -> Self {
        let (jobs, queue) = mpsc::channel();
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || run(connection, &queue))
            .expect("the system can start a thread");
        Self { jobs }
    }

    pub(super) async fn run<T, E, F>(&self, mut queries: F) -> Result<T, Failed<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnMut(&mut AnyConnection) -> Result<T, Failed<E>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let done = match connection {
                Ok(connection) => catch_unwind(AssertUnwindSafe(|| queries(connection)))
                    .unwrap_or_else(|_| Err(unavailable("a transaction panicked"))),
                Err(cause) => Err(unavailable(cause)),
            };
            let stays = done.is_ok();
            let reply: Reply = Box::new(move |committed| {
                let done = match committed {
                    Err(cause) if done.is_ok() => Err(unavailable(cause)),
                    _ => done,
                };
                // Nobody listens any more when the request was cut off; the work stands.
                let _ = answer.send(done);
            });
            (stays, reply)
        });
        self.jobs.send(job).map_err(|_| unavailable("the writer has stopped"))?;
        answered.await.unwrap_or_else(|_| Err(unavailable("the writer has stopped")))
    }
}

fn run(mut connection: AnyConnection, queue: &mpsc::Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut replies = Vec::new();
        let committed = commit_together(&mut connection, first, queue, &mut replies);
        if let Err(error) = &committed {
            tracing::error!(%error, "a commit failed");
            let _ = connection.batch_execute("ROLLBACK");
        }
        for reply in replies {
            reply(committed.as_ref().map_err(ToString::to_string).copied());
        }
    }
}

fn commit_together(
    connection: &mut AnyConnection,
    first: Job,
    queue: &mpsc::Receiver<Job>,
    replies: &mut Vec<Reply>,
) -> diesel::QueryResult<()> {
    if let Err(error) = connection.batch_execute("BEGIN IMMEDIATE") {
        // Without a transaction its queries must not run: each would count by itself.
        replies.push(first(Err(error.to_string())).1);
        return Err(error);
    }
    // The first has the transaction to itself: undoing it undoes nobody else's work, so it does
    // without a savepoint, for which SQLite keeps a copy of every page that is changed.
    let (stays, reply) = first(Ok(&mut *connection));
    replies.push(reply);
    if !stays {
        connection.batch_execute("ROLLBACK; BEGIN IMMEDIATE")?;
    }
    while replies.len() < SHARED_COMMIT
        && let Ok(job) = queue.try_recv()
    {
        connection.batch_execute("SAVEPOINT job")?;
        let (stays, reply) = job(Ok(&mut *connection));
        replies.push(reply);
        if !stays {
            connection.batch_execute("ROLLBACK TO job")?;
        }
        connection.batch_execute("RELEASE job")?;
    }
    connection.batch_execute("COMMIT")
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use diesel::sql_types::BigInt;

    use super::*;
    use crate::db::{Database, DatabaseUrl};

    #[derive(QueryableByName)]
    struct Sum {
        #[diesel(sql_type = BigInt)]
        sum: i64,
    }

    #[tokio::test]
    async fn nothing_is_written_while_there_is_no_transaction() {
        let folder = tempfile::tempdir().expect("a directory");
        let url = DatabaseUrl::Sqlite(folder.path().join("x.sqlite"));
        let mut other = url.connect().unwrap();
        other.batch_execute("CREATE TABLE t (n INTEGER NOT NULL); BEGIN IMMEDIATE").unwrap();
        let mut own = url.connect().unwrap();
        own.batch_execute("PRAGMA busy_timeout = 1").unwrap();
        let writer = Writer::start(own);
        let insert = |connection: &mut AnyConnection| -> Result<usize, Failed> {
            Ok(diesel::sql_query("INSERT INTO t VALUES (1)").execute(connection)?)
        };
        let refused = writer.run(insert);
        assert!(matches!(refused.await, Err(Failed::Unavailable(_))));
        other.batch_execute("COMMIT").unwrap();
        assert_eq!(writer.run(insert).await.unwrap(), 1, "and then it goes on");
        let sum = diesel::sql_query("SELECT sum(n) AS sum FROM t").get_result::<Sum>(&mut other);
        assert_eq!(sum.unwrap().sum, 1);
    }

    #[tokio::test]
    async fn transactions_that_share_a_commit_fail_alone() {
        let folder = tempfile::tempdir().expect("a directory");
        let database =
            Database::open(&DatabaseUrl::Sqlite(folder.path().join("x.sqlite"))).unwrap();
        let made: Result<(), Failed> = database
            .write(
                |connection| Ok(connection.batch_execute("CREATE TABLE t (n INTEGER NOT NULL)")?),
            )
            .await;
        made.unwrap();
        let mut writing = tokio::task::JoinSet::new();
        for number in 0..60_i64 {
            let database = database.clone();
            writing.spawn(async move {
                let written: Result<(), Failed<String>> = database
                    .write(move |connection| {
                        let insert = format!("INSERT INTO t VALUES ({number})");
                        diesel::sql_query(insert).execute(connection)?;
                        match number % 3 {
                            0 => Ok(()),
                            1 => Err(Failed::Rule("no".to_owned())),
                            _ => panic!("a bug"),
                        }
                    })
                    .await;
                (number, written)
            });
        }
        for (number, written) in writing.join_all().await {
            assert_eq!(written.is_ok(), number % 3 == 0, "{number}: {written:?}");
        }
        let sum: Result<Sum, Failed> = database
            .read(|connection| {
                Ok(diesel::sql_query("SELECT sum(n) AS sum FROM t").get_result(connection)?)
            })
            .await;
        assert_eq!(sum.unwrap().sum, (0..60).filter(|number| number % 3 == 0).sum::<i64>());
    }
}
