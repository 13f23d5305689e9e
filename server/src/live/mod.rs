//! News of changes, as server-sent events: which scopes changed, never what.
//!
//! A missed event costs nothing: whoever hears one syncs, and whoever hears none syncs at the
//! next occasion. So events are told after the commit, may be lost, and may come twice. Replicas
//! over one PostgreSQL tell each other by its notifications.

mod http;

use std::collections::BTreeSet;
use std::sync::Arc;

use sync_protocol::{DeviceId, ScopeId};
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

use crate::db::{Database, Notifier};
use crate::http::intake::Intake;
use crate::limits;

pub use http::routes;

/// Something changed.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where records changed.
    pub scopes: BTreeSet<ScopeId>,
    /// Where something came that had no effect, and waits for a person to decide. Tablets have
    /// nothing to fetch for it.
    pub held: BTreeSet<ScopeId>,
    /// The tablet that pushed it, which knows.
    pub by: Option<DeviceId>,
}

/// Where changes are announced and heard.
pub struct Hub {
    heard: broadcast::Sender<Change>,
    others: Option<Notifier>,
    replica: Uuid,
    closed: watch::Sender<bool>,
    listening: Arc<Intake>,
}

/// How many changes a listener may lag behind before it is told to look at everything.
const BACKLOG: usize = 256;

impl Hub {
    /// A hub that tells the replicas over the same database, too.
    pub fn open(database: &Database) -> Self {
        let (heard, _) = broadcast::channel(BACKLOG);
        let replica = Uuid::new_v4();
        let told = heard.clone();
        let others = Notifier::start(database, move |message| {
            if let Some(change) = read(message, replica) {
                // Nobody listens here, maybe.
                let _ = told.send(change);
            }
        });
        let (closed, _) = watch::channel(false);
        let listening = Arc::new(Intake::new(limits::LISTENERS_OF_ONE));
        Self { heard, others, replica, closed, listening }
    }

    /// Ends every stream: the server is about to stop, and would wait for them.
    pub fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Tells of changes in these scopes.
    pub fn announce(&self, scopes: impl IntoIterator<Item = ScopeId>, by: Option<DeviceId>) {
        self.tell(Change { scopes: scopes.into_iter().collect(), held: BTreeSet::new(), by });
    }

    /// Tells of a change; of none, nobody.
    pub fn tell(&self, change: Change) {
        if change.scopes.is_empty() && change.held.is_empty() {
            return;
        }
        if let Some(others) = &self.others {
            for message in write(&change, self.replica) {
                others.tell(message);
            }
        }
        let _ = self.heard.send(change);
    }

    /// The changes from now on, and word of the end; none if too many listen already.
    fn listen(&self) -> Option<(broadcast::Receiver<Change>, watch::Receiver<bool>)> {
        let room = self.heard.receiver_count() < limits::MOST_LISTENERS;
        room.then(|| (self.heard.subscribe(), self.closed.subscribe()))
    }
}

/// PostgreSQL takes 8,000 bytes in a notification.
const MESSAGE_BYTES: usize = 7_500;

/// Before a scope in which something is held; earlier builds read no scope there.
const HELD: &str = "held:";

/// `replica device scope scope …`, in as many messages as it takes.
fn write(change: &Change, replica: Uuid) -> Vec<String> {
    let by = change.by.map_or("-".to_owned(), |device| device.to_string());
    let begin = || format!("{replica} {by}");
    let mut messages = vec![begin()];
    let changed = change.scopes.iter().map(ToString::to_string);
    for word in changed.chain(change.held.iter().map(|scope| format!("{HELD}{scope}"))) {
        if messages.last().is_some_and(|last| last.len() + word.len() > MESSAGE_BYTES) {
            messages.push(begin());
        }
        if let Some(last) = messages.last_mut() {
            last.push(' ');
            last.push_str(&word);
        }
    }
    messages
}

/// What another replica told.
fn read(message: &str, own: Uuid) -> Option<Change> {
    let mut words = message.split(' ');
    let replica: Uuid = words.next()?.parse().ok()?;
    let by = words.next()?.parse().ok();
    let (held, scopes): (Vec<_>, Vec<_>) = words.partition(|word| word.starts_with(HELD));
    let scopes = scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
    let held = held.iter().filter_map(|word| word.strip_prefix(HELD)?.parse().ok()).collect();
    (replica != own).then_some(Change { scopes, held, by })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_replica_tells_another_hears() {
        let scopes: BTreeSet<ScopeId> =
            (0..900).map(|number| ScopeId::area(&format!("52990{number:07}")).unwrap()).collect();
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let by = Some(DeviceId(Uuid::from_u128(3)));
        let held = BTreeSet::from([ScopeId::area("529901100200").unwrap()]);
        let change = Change { scopes: scopes.clone(), held: held.clone(), by };
        let messages = write(&change, one);
        assert!(messages.iter().all(|message| message.len() < 8_000));
        let heard: Vec<_> = messages.iter().filter_map(|message| read(message, two)).collect();
        assert!(heard.iter().all(|change| change.by == by));
        let waiting: BTreeSet<_> = heard.iter().flat_map(|change| change.held.clone()).collect();
        assert_eq!(waiting, held);
        let all: BTreeSet<_> = heard.into_iter().flat_map(|change| change.scopes).collect();
        assert_eq!(all, scopes);
        assert!(read(&messages[0], one).is_none(), "its own words");
        assert!(read("rubbish", one).is_none());
    }
}
