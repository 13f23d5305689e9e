//! Pushes of many tablets at once.
//!
//! A push costs the database a dozen statements, whether it brings one visit or fifty. So pushes
//! that come while others are being stored wait, and are then stored together: in one transaction,
//! with the statements of one. Nobody waits for company: who comes alone is stored alone. What
//! takes long, because it brings much, has a line of its own; and where somebody holds what a
//! village needs, its pushes wait by themselves, and the others go on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use mobile_schema::register::Capacity;
use mobile_schema::{Catalogue, Hash};
use sync_protocol::{DeviceId, IncarnationId, ScopeId, SyncRequest, UserId};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use super::Lives;
use super::chain::Owner;
use super::push::{Desk, Push, Pushed, Pusher, push_all, sealed};
use super::wire::RawOp;
use crate::app::Seen;
use crate::db::{Database, Failed, Timestamp, wait_for_locks};
use crate::devices;
use crate::http::Problem;
use crate::limits::{
    LARGE_PUSH, LOCK_PATIENCE, LOCK_PATIENCE_TOGETHER, OPS_TOGETHER, PUSHES_ALONE, PUSHES_TOGETHER,
};

/// What a tablet pushes.
pub struct Arrival {
    device: DeviceId,
    user: UserId,
    scopes: BTreeSet<ScopeId>,
    capacity: Capacity,
    request: Arc<SyncRequest<RawOp>>,
    bodies: Vec<Vec<u8>>,
    catalogue: Arc<Catalogue>,
    seen: Option<Seen>,
}

impl Arrival {
    /// What the tablet `device` of `user`, who may write to these scopes in this capacity, pushes;
    /// `catalogue` has every definition that its operations name and that there is.
    pub fn new(
        (device, user): (DeviceId, UserId),
        (scopes, capacity): (BTreeSet<ScopeId>, Capacity),
        request: Arc<SyncRequest<RawOp>>,
        catalogue: Arc<Catalogue>,
    ) -> Self {
        let bodies = sealed(&request);
        Self { device, user, scopes, capacity, request, bodies, catalogue, seen: None }
    }

    /// Notes how the tablet was seen, in the same transaction.
    pub fn seen(self, seen: Option<Seen>) -> Self {
        Self { seen, ..self }
    }

    fn push(&self) -> Push<'_> {
        let owner = Owner::Tablet(self.device);
        let (user, scopes, capacity) = (self.user, &self.scopes, self.capacity);
        let pusher = Pusher { owner, user, scopes, capacity, on_behalf: None };
        Push { pusher, request: &self.request, bodies: &self.bodies }
    }

    /// The scopes it writes to.
    fn written(&self) -> impl Iterator<Item = &ScopeId> {
        self.request.ops.iter().filter_map(RawOp::op).map(|op| &op.scope)
    }

    /// Whether it writes to any of these.
    fn touches(&self, scopes: &BTreeMap<ScopeId, usize>) -> bool {
        !scopes.is_empty() && self.written().any(|scope| scopes.contains_key(scope))
    }

    /// The chains it is about.
    fn chains(&self) -> impl Iterator<Item = IncarnationId> {
        let inherited = self.request.inherits.map(|one| one.incarnation);
        [self.request.incarnation].into_iter().chain(inherited)
    }
}

type Answer = Result<Pushed, Failed<Problem>>;

type Waiting = (Arrival, oneshot::Sender<Answer>);

/// Where pushes wait for their turn. Dropping it ends what serves them.
#[derive(Clone)]
pub struct Pushes {
    small: Line,
    large: Line,
}

/// A line of pushes.
#[derive(Clone)]
struct Line {
    waiting: mpsc::UnboundedSender<Waiting>,
    /// Since when what is being stored is being stored.
    since: Arc<Mutex<Option<Instant>>>,
}

impl Pushes {
    /// Serves pushes to a database, in the runtime that this is called from.
    pub fn open(database: &Database, lineage: &Lives) -> Self {
        let store = Store { database: database.clone(), lineage: lineage.clone() };
        let aside = Aside::new(store);
        let [small, large] = [(); 2].map(|()| {
            let (line, waiting) = mpsc::unbounded_channel();
            let since = Arc::default();
            tokio::spawn(serve(aside.clone(), line.downgrade(), waiting, Arc::clone(&since)));
            Line { waiting: line, since }
        });
        Self { small, large }
    }

    /// Stores a push, each operation once, and says what became of each.
    ///
    /// # Errors
    ///
    /// [`Failed::Rule`] if the chain is another tablet's; else the database is to blame, and
    /// nothing of the push is stored.
    pub async fn store(&self, arrival: Arrival) -> Answer {
        let stopped = || Failed::Unavailable("pushes are no longer served".into());
        let (answer, answered) = oneshot::channel();
        let is_large = arrival.request.ops.len() > LARGE_PUSH;
        let line = if is_large { &self.large } else { &self.small };
        line.waiting.send((arrival, answer)).map_err(|_| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// For how long pushes have stood that others wait behind.
    pub fn standing(&self) -> Option<Duration> {
        let since = [&self.small, &self.large].map(|line| {
            let since = *line.since.lock().unwrap_or_else(PoisonError::into_inner);
            since.map(|since| since.elapsed())
        });
        since.into_iter().flatten().max()
    }
}

/// Stores what waits in a line, all of it that may go together at once.
async fn serve(
    aside: Aside,
    line: mpsc::WeakUnboundedSender<Waiting>,
    mut waiting: mpsc::UnboundedReceiver<Waiting>,
    since: Arc<Mutex<Option<Instant>>>,
) {
    let note = |at| *since.lock().unwrap_or_else(PoisonError::into_inner) = at;
    let mut held = None;
    loop {
        let first = match held.take() {
            Some(first) => Some(first),
            None => waiting.recv().await,
        };
        let Some((arrival, answer)) = first else { return };
        if aside.stands(&arrival) {
            aside.wait(arrival, answer, line.clone());
            continue;
        }
        let mut company = Company::default();
        company.join(arrival, answer);
        while held.is_none()
            && let Ok((arrival, answer)) = waiting.try_recv()
        {
            if aside.stands(&arrival) {
                aside.wait(arrival, answer, line.clone());
            } else if company.takes(&arrival) {
                company.join(arrival, answer);
            } else {
                held = Some((arrival, answer));
            }
        }
        note(Some(Instant::now()));
        // A task of its own: should it fail, the line goes on.
        let storing = tokio::spawn(company.store(aside.clone()));
        if let Err(error) = storing.await {
            tracing::error!(%error, "pushes could not be stored");
        }
        note(None);
    }
}

/// Where the pushes of villages wait whose records or counters somebody holds: another replica that
/// is frozen, or a person at the database. Each village waits for itself.
#[derive(Clone)]
struct Aside {
    store: Store,
    turns: Arc<Semaphore>,
    /// The scopes that wait, and how often each does.
    standing: watch::Sender<BTreeMap<ScopeId, usize>>,
}

impl Aside {
    fn new(store: Store) -> Self {
        let (standing, _) = watch::channel(BTreeMap::new());
        Self { store, turns: Arc::new(Semaphore::new(PUSHES_ALONE)), standing }
    }

    /// Whether what a push writes to stands.
    fn stands(&self, arrival: &Arrival) -> bool {
        arrival.touches(&self.standing.borrow())
    }

    /// Has a push come again to its line when what it writes to no longer stands.
    fn wait(
        &self,
        arrival: Arrival,
        answer: oneshot::Sender<Answer>,
        line: mpsc::WeakUnboundedSender<Waiting>,
    ) {
        let mut standing = self.standing.subscribe();
        tokio::spawn(async move {
            let free = standing.wait_for(|standing| !arrival.touches(standing));
            let is_free =
                tokio::time::timeout(LOCK_PATIENCE, free).await.is_ok_and(|one| one.is_ok());
            match line.upgrade().filter(|_| is_free) {
                // A line that has ended drops the answer, which tells.
                Some(line) => drop(line.send((arrival, answer))),
                None => drop(answer.send(Err(Failed::Busy("its village stands".into())))),
            }
        });
    }

    /// Stores pushes that could not be stored with others, those of a village together.
    fn take(&self, arrivals: Vec<Arc<Arrival>>, answers: Vec<oneshot::Sender<Answer>>) {
        for (scopes, group) in by_scope(arrivals.into_iter().zip(answers)) {
            let aside = self.clone();
            aside.standing.send_modify(|standing| {
                scopes.iter().for_each(|scope| *standing.entry(scope.clone()).or_default() += 1);
            });
            tokio::spawn(async move {
                let (arrivals, answers): (Vec<_>, Vec<_>) = group.into_iter().unzip();
                let turn = tokio::time::timeout(LOCK_PATIENCE, aside.turns.acquire()).await;
                let stored = match turn {
                    Ok(Ok(_turn)) => aside.store.store(arrivals.clone(), None).await,
                    _ => Err(Failed::Busy("other villages stand, too".into())),
                };
                aside.standing.send_modify(|standing| {
                    for scope in &scopes {
                        if let Some(count) = standing.get_mut(scope) {
                            *count -= 1;
                        }
                    }
                    standing.retain(|_, count| *count > 0);
                });
                match stored {
                    Err(Failed::Busy(cause)) => {
                        tracing::warn!(cause, pushes = answers.len(), "a village stands");
                        let busy = |_| Err(Failed::Busy(cause.clone()));
                        tell(answers, (0..arrivals.len()).map(busy).collect());
                    }
                    stored => aside.store.tell_each(arrivals, answers, stored).await,
                }
            });
        }
    }
}

type Group<T> = (BTreeSet<ScopeId>, Vec<T>);

/// Pushes in groups, of which no two write to the same scope.
fn by_scope<A>(pushes: impl Iterator<Item = (Arc<Arrival>, A)>) -> Vec<Group<(Arc<Arrival>, A)>> {
    let mut groups: Vec<Group<(Arc<Arrival>, A)>> = Vec::new();
    for (arrival, with) in pushes {
        let mut scopes: BTreeSet<ScopeId> = arrival.written().cloned().collect();
        let mut group = vec![(arrival, with)];
        let (others, same) =
            groups.into_iter().partition(|(theirs, _)| theirs.is_disjoint(&scopes));
        groups = others;
        for (theirs, mut before) in same {
            scopes.extend(theirs);
            before.append(&mut group);
            group = before;
        }
        groups.push((scopes, group));
    }
    groups
}

/// Tells those who pushed; nobody listens any more where a request was cut off, and what is stored
/// stands.
fn tell(answers: Vec<oneshot::Sender<Answer>>, all: Vec<Answer>) {
    for (answer, pushed) in answers.into_iter().zip(all) {
        let _ = answer.send(pushed);
    }
}

/// Pushes that go together.
#[derive(Default)]
struct Company {
    arrivals: Vec<Arc<Arrival>>,
    answers: Vec<oneshot::Sender<Answer>>,
    chains: BTreeSet<IncarnationId>,
    keys: BTreeSet<Hash>,
}

impl Company {
    fn join(&mut self, arrival: Arrival, answer: oneshot::Sender<Answer>) {
        self.chains.extend(arrival.chains());
        self.keys.extend(arrival.request.ops.iter().map(RawOp::key));
        self.arrivals.push(Arc::new(arrival));
        self.answers.push(answer);
    }

    /// Whether a push has nothing to do with those that are here, as [`push_all`] asks for.
    fn takes(&self, arrival: &Arrival) -> bool {
        let ops = &arrival.request.ops;
        self.arrivals.len() < PUSHES_TOGETHER
            && self.keys.len() + ops.len() <= OPS_TOGETHER
            && self.arrivals.iter().all(|one| Arc::ptr_eq(&one.catalogue, &arrival.catalogue))
            && !arrival.chains().any(|chain| self.chains.contains(&chain))
            && !ops.iter().any(|op| self.keys.contains(&op.key()))
    }

    async fn store(self, aside: Aside) {
        let Self { arrivals, answers, .. } = self;
        metrics::histogram!("sync_pushes_together").record(arrivals.len() as f64);
        match aside.store.store(arrivals.clone(), Some(LOCK_PATIENCE_TOGETHER)).await {
            Err(Failed::Busy(cause)) => {
                tracing::warn!(cause, pushes = arrivals.len(), "villages wait for themselves");
                aside.take(arrivals, answers);
            }
            stored => aside.store.tell_each(arrivals, answers, stored).await,
        }
    }
}

/// Where pushes are stored.
#[derive(Clone)]
struct Store {
    database: Database,
    lineage: Lives,
}

impl Store {
    /// Tells each what became of it, and stores one by one what could not be stored together.
    async fn tell_each(
        &self,
        arrivals: Vec<Arc<Arrival>>,
        answers: Vec<oneshot::Sender<Answer>>,
        stored: Result<Vec<Answer>, Failed<Problem>>,
    ) {
        let all: Vec<Answer> = match stored {
            Ok(all) => all,
            Err(error) if arrivals.len() == 1 => vec![Err(error)],
            // There is nobody to store it.
            Err(Failed::Unavailable(cause)) => {
                arrivals.iter().map(|_| Err(Failed::Unavailable(cause.clone()))).collect()
            }
            Err(error) => {
                // What is wrong with one of them is not to keep the others from being stored.
                tracing::warn!(%error, pushes = arrivals.len(), "pushes are stored one by one");
                let alone = |one| async {
                    let stored = self.store(vec![one], None).await;
                    stored.map_or_else(Err, |mut all| all.remove(0))
                };
                join_all(arrivals.into_iter().map(alone)).await
            }
        };
        tell(answers, all);
    }

    /// Stores pushes in one transaction, which waits so long for each lock.
    async fn store(
        &self,
        arrivals: Vec<Arc<Arrival>>,
        patience: Option<Duration>,
    ) -> Result<Vec<Answer>, Failed<Problem>> {
        let lineage = self.lineage.clone();
        let stored = self.database.write(move |connection| {
            let Some(first) = arrivals.first() else { return Ok(Vec::new()) };
            if let Some(patience) = patience {
                wait_for_locks(connection, patience)?;
            }
            let now = Timestamp::now();
            let desk = Desk { catalogue: &first.catalogue, lineage: &lineage, now };
            let pushes: Vec<_> = arrivals.iter().map(|one| one.push()).collect();
            let all = push_all(connection, &desk, &pushes)?;
            for (arrival, pushed) in arrivals.iter().zip(&all) {
                if let (Some(seen), Ok(_)) = (arrival.seen, pushed) {
                    devices::seen(connection, arrival.device, seen, now)?;
                }
            }
            let answers =
                all.into_iter().map(|one| one.map_err(|foreign| Failed::Rule(foreign.into())));
            Ok(answers.collect())
        });
        stored.await
    }
}
