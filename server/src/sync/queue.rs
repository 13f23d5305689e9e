//! Pushes of many tablets at once.
//!
//! A push costs the database a dozen statements, whether it brings one visit or fifty. So pushes
//! that come while others are being stored wait, and are then stored together: in one transaction,
//! with the statements of one. Nobody waits for company: who comes alone is stored alone. What
//! takes long, because it brings much, has a line of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use mobile_schema::{Catalogue, Hash};
use sync_protocol::{DeviceId, IncarnationId, Lineage, ScopeId, SyncRequest, UserId};
use tokio::sync::{mpsc, oneshot};

use super::chain::Owner;
use super::push::{Desk, Push, Pushed, Pusher, push_all, sealed};
use super::wire::RawOp;
use crate::app::Seen;
use crate::db::{Database, Failed, Timestamp};
use crate::devices;
use crate::http::Problem;
use crate::limits::{LARGE_PUSH, OPS_TOGETHER, PUSHES_TOGETHER};

/// What a tablet pushes.
pub struct Arrival {
    device: DeviceId,
    user: UserId,
    scopes: BTreeSet<ScopeId>,
    request: Arc<SyncRequest<RawOp>>,
    bodies: Vec<Vec<u8>>,
    catalogue: Arc<Catalogue>,
    seen: Option<Seen>,
}

impl Arrival {
    /// What the tablet `device` of `user`, who may write to these scopes, pushes; `catalogue` has
    /// every definition that its operations name and that there is.
    pub fn new(
        (device, user): (DeviceId, UserId),
        scopes: BTreeSet<ScopeId>,
        request: Arc<SyncRequest<RawOp>>,
        catalogue: Arc<Catalogue>,
    ) -> Self {
        let bodies = sealed(&request);
        Self { device, user, scopes, request, bodies, catalogue, seen: None }
    }

    /// Notes how the tablet was seen, in the same transaction.
    pub fn seen(self, seen: Option<Seen>) -> Self {
        Self { seen, ..self }
    }

    fn push(&self) -> Push<'_> {
        let owner = Owner::Tablet(self.device);
        let pusher = Pusher { owner, user: self.user, scopes: &self.scopes, decides_about: None };
        Push { pusher, request: &self.request, bodies: &self.bodies }
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
    small: mpsc::UnboundedSender<Waiting>,
    large: mpsc::UnboundedSender<Waiting>,
}

impl Pushes {
    /// Serves pushes to a database, in the runtime that this is called from.
    pub fn open(database: &Database, lineage: &Arc<Lineage>) -> Self {
        let [small, large] = [(); 2].map(|()| {
            let (line, waiting) = mpsc::unbounded_channel();
            tokio::spawn(serve(database.clone(), lineage.clone(), waiting));
            line
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
        line.send((arrival, answer)).map_err(|_| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }
}

/// Stores what waits in a line, all of it that may go together at once.
async fn serve(
    database: Database,
    lineage: Arc<Lineage>,
    mut waiting: mpsc::UnboundedReceiver<Waiting>,
) {
    let mut held = None;
    loop {
        let first = match held.take() {
            Some(first) => Some(first),
            None => waiting.recv().await,
        };
        let Some((arrival, answer)) = first else { return };
        let mut company = Company::default();
        company.join(arrival, answer);
        while held.is_none()
            && let Ok((arrival, answer)) = waiting.try_recv()
        {
            if company.takes(&arrival) {
                company.join(arrival, answer);
            } else {
                held = Some((arrival, answer));
            }
        }
        // A task of its own: should it fail, the line goes on.
        let storing = tokio::spawn(company.store(database.clone(), lineage.clone()));
        if let Err(error) = storing.await {
            tracing::error!(%error, "pushes could not be stored");
        }
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

    async fn store(self, database: Database, lineage: Arc<Lineage>) {
        let Self { arrivals, answers, .. } = self;
        metrics::histogram!("sync_pushes_together").record(arrivals.len() as f64);
        let together = store(&database, &lineage, arrivals.clone()).await;
        let all: Vec<Answer> = match together {
            Ok(all) => all,
            Err(error) if arrivals.len() == 1 => vec![Err(error)],
            Err(error) => {
                // What is wrong with one of them is not to keep the others from being stored.
                tracing::warn!(%error, pushes = arrivals.len(), "pushes are stored one by one");
                let alone = |one| async {
                    let stored = store(&database, &lineage, vec![one]).await;
                    stored.map_or_else(Err, |mut all| all.remove(0))
                };
                join_all(arrivals.into_iter().map(alone)).await
            }
        };
        for (answer, pushed) in answers.into_iter().zip(all) {
            // Nobody listens any more when the request was cut off; what is stored stands.
            let _ = answer.send(pushed);
        }
    }
}

/// Stores pushes in one transaction.
async fn store(
    database: &Database,
    lineage: &Arc<Lineage>,
    arrivals: Vec<Arc<Arrival>>,
) -> Result<Vec<Answer>, Failed<Problem>> {
    let lineage = lineage.clone();
    let stored = database.write(move |connection| {
        let Some(first) = arrivals.first() else { return Ok(Vec::new()) };
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
