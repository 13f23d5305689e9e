//! Short messages between the replicas over one PostgreSQL.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::pulse::Pulse;
use super::{AnyConnection, Database, DatabaseUrl};

/// How long a message may lie at either end.
const ROUND: Duration = Duration::from_millis(100);
/// How often PostgreSQL is asked whether it is there.
const BEAT: Duration = Duration::from_secs(1);
/// How long to wait for a database that is away.
const PATIENCE: Duration = Duration::from_millis(500);
/// Most messages in one round; what is beyond that is lost, and costs nothing.
const MOST: usize = 500;

/// Sends messages to the other replicas.
pub struct Notifier {
    outgoing: Sender<String>,
}

impl Notifier {
    /// Starts to listen; none over SQLite, which has one process only. It ends with the notifier.
    /// While it listens, it is known whether the database answers.
    pub fn start(database: &Database, hear: impl Fn(&str) + Send + 'static) -> Option<Self> {
        if matches!(database.url(), DatabaseUrl::Sqlite(_)) {
            return None;
        }
        let (outgoing, queue) = channel();
        let (url, pulse) = (database.url().clone(), database.pulse().clone());
        let started = std::thread::Builder::new()
            .name("replicas".to_owned())
            .spawn(move || run(&url, &pulse, &queue, &hear));
        if let Err(error) = started {
            tracing::warn!(%error, "replicas are not told of changes");
        }
        Some(Self { outgoing })
    }

    /// Tells the others, soon, if they can be reached.
    pub fn tell(&self, message: String) {
        // The thread ends only with the program.
        let _ = self.outgoing.send(message);
    }
}

fn run(url: &DatabaseUrl, pulse: &Pulse, queue: &Receiver<String>, hear: &impl Fn(&str)) {
    loop {
        match converse(url, pulse, queue, hear) {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "replicas can't be told of changes for a while"),
        }
        std::thread::sleep(PATIENCE);
    }
}

/// Sends and hears until the notifier is gone, or the connection.
fn converse(
    url: &DatabaseUrl,
    pulse: &Pulse,
    queue: &Receiver<String>,
    hear: &impl Fn(&str),
) -> Result<(), Box<dyn std::error::Error>> {
    use std::sync::mpsc::RecvTimeoutError;
    let AnyConnection::Postgres(mut connection) = url.connect()? else { return Ok(()) };
    connection.batch_execute("LISTEN ruhu")?;
    pulse.beat();
    let mut beat = Instant::now();
    loop {
        let mut messages = match queue.recv_timeout(ROUND) {
            Ok(first) => vec![first],
            Err(RecvTimeoutError::Timeout) => Vec::new(),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        messages.extend(queue.try_iter());
        messages.sort_unstable();
        messages.dedup();
        for message in messages.iter().take(MOST) {
            diesel::sql_query("SELECT pg_notify('ruhu', $1)")
                .bind::<Text, _>(message)
                .execute(&mut connection)?;
        }
        // What came meanwhile is read off the socket; PostgreSQL is not asked for it.
        for notification in connection.notifications_iter() {
            hear(&notification?.payload);
        }
        if beat.elapsed() >= BEAT {
            connection.batch_execute("SELECT 1")?;
            beat = Instant::now();
            pulse.beat();
        }
    }
}
