//! Which uploads are arriving at this replica right now, so that a newer request can have an
//! older one, stuck on a dead connection, put down what it has.
//!
//! This is a courtesy that saves bytes. What keeps two requests from writing the same upload is
//! the `holder` column, which works across replicas.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedMutexGuard};
use uuid::Uuid;

/// How long a newer request waits for an older one to put down what it has.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Default)]
struct Arrival {
    writing: Arc<tokio::sync::Mutex<()>>,
    stop: Arc<Notify>,
}

/// The uploads that are arriving.
#[derive(Default)]
pub struct Arrivals(Mutex<HashMap<Uuid, Arrival>>);

/// A turn at writing an upload.
pub(super) struct Turn {
    /// Told when a newer request wants the turn.
    pub(super) stop: Arc<Notify>,
    writing: Option<OwnedMutexGuard<()>>,
}

impl Turn {
    /// Whether nobody else is at it: an older request may not have given its turn up in time.
    pub(super) fn is_ours(&self) -> bool {
        self.writing.is_some()
    }
}

impl Arrivals {
    /// Takes the turn from whoever has it.
    pub(super) async fn take_over(&self, upload: Uuid) -> Turn {
        let (writing, before, stop) = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|id, arrival| *id == upload || Arc::strong_count(&arrival.writing) > 1);
            let arrival = all.entry(upload).or_default();
            let stop = Arc::new(Notify::new());
            let before = std::mem::replace(&mut arrival.stop, stop.clone());
            (arrival.writing.clone(), before, stop)
        };
        before.notify_one();
        let held = tokio::time::timeout(PATIENCE, writing.lock_owned()).await.ok();
        Turn { stop, writing: held }
    }
}
