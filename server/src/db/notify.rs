//! Short messages between the replicas over one PostgreSQL.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{AnyConnection, DatabaseUrl};

/// How long a message may lie at either end.
const ROUND: Duration = Duration::from_millis(100);
/// How long to wait for a database that is away.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most messages in one round; what is beyond that is lost, and costs nothing.
const MOST: usize = 500;

/// Sends messages to the other replicas.
pub struct Notifier {
    outgoing: Sender<String>,
}

impl Notifier {
    /// Starts to listen; none over SQLite, which has one process only. It ends with the notifier.
    pub fn start(url: &DatabaseUrl, hear: impl Fn(&str) + Send + 'static) -> Option<Self> {
        if matches!(url, DatabaseUrl::Sqlite(_)) {
            return None;
        }
        let (outgoing, queue) = channel();
        let url = url.clone();
        let started = std::thread::Builder::new()
            .name("replicas".to_owned())
            .spawn(move || run(&url, &queue, &hear));
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

fn run(url: &DatabaseUrl, queue: &Receiver<String>, hear: &impl Fn(&str)) {
    loop {
        match converse(url, queue, hear) {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "replicas can't be told of changes for a while"),
        }
        std::thread::sleep(PATIENCE);
    }
}

/// Sends and hears until the notifier is gone, or the connection.
fn converse(
    url: &DatabaseUrl,
    queue: &Receiver<String>,
    hear: &impl Fn(&str),
) -> Result<(), Box<dyn std::error::Error>> {
    use std::sync::mpsc::RecvTimeoutError;
    let AnyConnection::Postgres(mut connection) = url.connect()? else { return Ok(()) };
    connection.batch_execute("LISTEN ruhu")?;
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
        if messages.is_empty() {
            connection.batch_execute("SELECT 1")?;
        }
        for notification in connection.notifications_iter() {
            hear(&notification?.payload);
        }
    }
}
