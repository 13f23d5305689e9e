//! Tablets, a server, and everything that can happen between them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use mobile_schema::Hash;
use sync_protocol::log::Traffic;
use sync_protocol::message::Feed;
use sync_protocol::op::Change;
use sync_protocol::tablet::{Event, Identity, StoreChange, Stored, Tablet};
use sync_protocol::{
    Cursor, Epoch, Lineage, Outcome, RecordId, ScopeId, SyncRequest, SyncResponse,
};

use crate::county;
use crate::deeds;
use crate::device::{BlobWork, Came, Device, Meddled, Store};
use crate::oracle::{self, Made, Past};
use crate::server::{Caller, Server};
use crate::step::{Deed, Fate, Step};

/// What a seed came to, in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// Operations that were made.
    pub ops: u64,
    /// Requests that reached the server.
    pub requests: u64,
    /// Restores of the server.
    pub restores: u64,
    /// Failovers of the server.
    pub failovers: u64,
    /// Tablets that were copied or put back.
    pub clones: u64,
    /// Forks that tablets were told of.
    pub forks: u64,
    /// Conflicts.
    pub conflicts: u64,
    /// Operations that wait for a person.
    pub parked: u64,
    /// Scopes that were repaired.
    pub repairs: u64,
    /// Scopes that started over at a horizon.
    pub resets: u64,
    /// Deaths of tablets and of the server.
    pub deaths: u64,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.ops += other.ops;
        self.requests += other.requests;
        self.restores += other.restores;
        self.failovers += other.failovers;
        self.clones += other.clones;
        self.forks += other.forks;
        self.conflicts += other.conflicts;
        self.parked += other.parked;
        self.repairs += other.repairs;
        self.resets += other.resets;
        self.deaths += other.deaths;
    }
}

/// Something that must never happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(pub String);

/// Most tablets at once.
const MOST_TABLETS: usize = 6;
/// How far a clock may be off, milliseconds.
const MOST_SKEW: i64 = 10 * 365 * 24 * 3_600_000;

/// The world.
pub struct World<S> {
    /// The server.
    pub server: S,
    /// The tablets.
    pub devices: Vec<Device>,
    /// Which villages each cadre has.
    pub assigned: Vec<BTreeSet<ScopeId>>,
    /// Every operation that was made and stored.
    pub made: BTreeMap<Hash, Made>,
    /// Operations and photos that were on a store that was put back to before them.
    pub destroyed: BTreeSet<Hash>,
    /// What has happened.
    pub past: Past,
    /// Numbers.
    pub count: Count,
    /// What happened, in words, if a trace is wanted.
    pub trace: Option<Vec<String>>,
    requests: Vec<(usize, SyncRequest)>,
    answers: Vec<(usize, SyncResponse)>,
    outcomes: BTreeMap<(Epoch, Hash), Outcome>,
    now: i64,
    serial: u64,
}

type Verdict = Result<(), Violation>;

fn violated(words: impl Into<String>) -> Violation {
    Violation(words.into())
}

impl<S: Server> World<S> {
    /// A world in which nothing has happened yet.
    pub fn new(server: S, seed: u64) -> Self {
        let device = |number: usize| {
            let entropy = seed.wrapping_mul(31).wrapping_add(number as u64);
            let identity = Identity {
                device: county::device(number),
                author: county::user(number),
                incarnation: Tablet::new_incarnation(entropy),
                inherits: None,
                begins: 1,
                epoch: None,
                safe_before: 0,
            };
            let (stored, rows, photos) = (Stored::default(), BTreeMap::new(), BTreeSet::new());
            let store = Store { identity, stored, rows, photos };
            Device::new(number, store, county::first_definitions(), entropy)
        };
        Self {
            server,
            devices: (0..county::CADRES).map(device).collect(),
            assigned: [0b011, 0b110, 0b111].map(county::villages).into(),
            made: BTreeMap::new(),
            destroyed: BTreeSet::new(),
            past: Past::default(),
            count: Count::default(),
            trace: None,
            requests: Vec::new(),
            answers: Vec::new(),
            outcomes: BTreeMap::new(),
            now: 1_700_000_000_000,
            serial: seed << 16,
        }
    }

    fn note(&mut self, words: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(words());
        }
    }

    /// Lets something happen.
    pub fn step(&mut self, step: Step) -> Verdict {
        self.now += 1_000;
        self.note(|| format!("{step:?}"));
        let tablets = self.devices.len();
        let at = |tablet: u8| usize::from(tablet) % tablets;
        match step {
            Step::Edit { tablet, what, pick } => self.edit(at(tablet), what, pick),
            Step::Network { tablet, up } => {
                let device = &mut self.devices[at(tablet)];
                // What was under way comes to an end that is told, or to none.
                if !up && self.now / 1_000 % 2 == 0 {
                    device.blob_work = None;
                }
                let event = if up { Event::NetworkUp } else { Event::NetworkDown };
                self.event(at(tablet), event)
            }
            Step::Tick { tablet } => self.event(at(tablet), Event::Tick),
            Step::Deliver { pick, fate } => self.deliver(usize::from(pick), fate),
            Step::Answer { pick, lost, pace } => self.answer(usize::from(pick), lost, pace),
            Step::Blob { tablet, fails, believes } => self.blob(at(tablet), fails, believes),
            Step::Crash { tablet, within } => {
                self.count.deaths += 1;
                let device = &mut self.devices[at(tablet)];
                match within {
                    Some(transaction) => device.power_fails_at = Some(transaction),
                    None => device.restart(),
                }
                Ok(())
            }
            Step::Skew { tablet, by } => {
                let device = &mut self.devices[at(tablet)];
                let jump = i64::from(by) * 1_000 * if by % 7 == 0 { 10_000 } else { 1 };
                device.skew = (device.skew + jump).clamp(-MOST_SKEW, MOST_SKEW);
                Ok(())
            }
            Step::Wait { seconds } => {
                self.now += i64::from(seconds) * 1_000;
                Ok(())
            }
            Step::Clone { tablet } => self.copy(at(tablet)),
            Step::Snapshot { tablet } => {
                let device = &mut self.devices[at(tablet)];
                let (store, past, shown) = (&device.store, &device.past, &device.shown);
                device.snapshot = Some((store.clone(), past.clone(), shown.clone()));
                Ok(())
            }
            Step::Rewind { tablet } => self.rewind(at(tablet)),
            Step::Flip { tablet, pick } => {
                let device = &mut self.devices[at(tablet)];
                device.store.flip(pick);
                device.meddled.flipped = true;
                device.restart();
                Ok(())
            }
            Step::Learn { tablet } => {
                let newest = self.server.definitions();
                self.devices[at(tablet)].catalogue = newest;
                Ok(())
            }
            Step::Reassign { user, villages } => {
                let users = self.assigned.len();
                self.assigned[usize::from(user) % users] = county::villages(villages);
                Ok(())
            }
            Step::Upgrade => {
                self.server.upgrade();
                Ok(())
            }
            Step::Compact { keep } => {
                self.server.compact(u64::from(keep));
                Ok(())
            }
            Step::Backup { good } => {
                self.server.backup(good);
                Ok(())
            }
            Step::Verify => {
                self.server.verify();
                Ok(())
            }
            Step::Restore { pick, media_lost } => {
                if self.server.restore(usize::from(pick), media_lost) {
                    self.past.restored = true;
                    self.count.restores += 1;
                }
                Ok(())
            }
            Step::Follow => {
                self.server.follow();
                Ok(())
            }
            Step::Failover => {
                if self.server.fail_over() {
                    self.past.failed_over = true;
                    self.count.failovers += 1;
                }
                Ok(())
            }
        }
    }

    /// Hands an event to a tablet, and judges what it does.
    fn event(&mut self, at: usize, event: Event) -> Verdict {
        let now = self.now;
        let device = &mut self.devices[at];
        let came = device.handle(now, event);
        self.judge_tablet(at, &came)?;
        let device = &mut self.devices[at];
        if let Some(request) = device.outgoing.take() {
            if !request.repair.is_empty() {
                self.count.repairs += 1;
                if !device.meddled.flipped && !self.past.failed_over {
                    return Err(violated("a tablet noticed a difference that nobody made"));
                }
            }
            self.requests.push((at, request));
        }
        Ok(())
    }

    fn judge_tablet(&mut self, at: usize, came: &Came) -> Verdict {
        let device = &self.devices[at];
        if came.turned_to_photos && device.machine.unsent() > 0 && !came.lost_power {
            return Err(violated("photos went before operations"));
        }
        for change in &came.stored {
            match change {
                StoreChange::Op { seq, queued } => {
                    let before = device.store.stored.ops.range(..seq).next_back();
                    if let Some((_, before)) = before
                        && before.op.at >= queued.op.at
                    {
                        return Err(violated("a clock reading ran back"));
                    }
                    if let (Some(outcome), Some(epoch)) =
                        (&queued.outcome, device.store.identity.epoch)
                    {
                        let known = self.outcomes.entry((epoch, queued.op.key()));
                        let first = known.or_insert_with(|| outcome.clone());
                        if first != outcome && !self.past.failed_over {
                            let words = format!("an operation came to {first:?}, then {outcome:?}");
                            return Err(violated(words));
                        }
                    }
                }
                StoreChange::DropBlob { hash } if !self.server.missing(&[*hash]).is_empty() => {
                    return Err(violated("a photo was let go that the server does not have"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn edit(&mut self, at: usize, what: Deed, pick: u32) -> Verdict {
        self.serial += 1;
        let Some(work) = deeds::work(&self.devices[at], what, pick, self.serial) else {
            return Ok(());
        };
        let device = &mut self.devices[at];
        device.store.photos.extend(work.photos.iter().copied());
        let views: Vec<_> = work.drafts.iter().map(|draft| device.view(draft.record)).collect();
        let shown: Vec<_> = work
            .drafts
            .iter()
            .map(|draft| device.shown.get(&draft.record).cloned().unwrap_or_default())
            .collect();
        let held: Vec<_> =
            work.drafts.iter().map(|draft| device.machine.version_of(draft.record)).collect();
        let subject = views.first().cloned().flatten().and_then(|row| {
            let id: RecordId = row.fields.get(&1)?.as_text()?.parse().ok()?;
            device.shown.get(&id).cloned()
        });
        let (past, flipped) = (device.past.clone(), device.meddled.flipped);
        // Some tablets are of yesterday, and some work is older than its tablet's program.
        let event = if pick.is_multiple_of(3) { Event::EditAtOnce } else { Event::Edit };
        let came = device.handle(self.now, event(work.drafts));
        let stored: Vec<_> = came
            .stored
            .iter()
            .filter_map(|change| match change {
                StoreChange::Op { queued, .. } => Some(queued.op.clone()),
                _ => None,
            })
            .collect();
        for ((op, shown), held) in stored.into_iter().zip(shown).zip(held) {
            let key = op.key();
            let device = &mut self.devices[at];
            if let Some(view) = device.view(op.record) {
                device.show(&view);
            }
            // Who settles a conflict writes to the record it is about.
            if let (Change::Resolve { choice, .. }, Some(row)) = (&op.change, views.first()) {
                device.show_choice(choice, row.as_ref());
            }
            Rc::make_mut(&mut self.devices[at].past).push(key);
            self.count.ops += 1;
            let (subject, past, poison) = (subject.clone(), past.clone(), work.poison);
            self.note(|| format!("    made {key:.8?}: {:?} of {}", op.change, op.record));
            self.made.insert(key, Made { op, shown, subject, held, past, poison, flipped });
        }
        self.judge_tablet(at, &came)?;
        if let Some(request) = self.devices[at].outgoing.take() {
            self.requests.push((at, request));
        }
        Ok(())
    }

    fn caller(&self, at: usize) -> Caller {
        let device = &self.devices[at];
        Caller {
            user: county::user(device.user),
            device: device.store.identity.device,
            scopes: self.assigned[device.user].clone(),
            capacity: county::capacity(device.user),
        }
    }

    fn deliver(&mut self, pick: usize, fate: Fate) -> Verdict {
        if self.requests.is_empty() {
            return Ok(());
        }
        let (at, request) = self.requests.remove(pick % self.requests.len());
        match fate {
            Fate::Lost => self.fail(at, &request),
            Fate::Dies => {
                let caller = self.caller(at);
                self.count.deaths += 1;
                self.server.die_during(&caller, &request, self.now);
                self.fail(at, &request)
            }
            Fate::Arrives => {
                let answer = self.exchange(at, &request)?;
                self.answers.push((at, answer));
                Ok(())
            }
            Fate::Twice => {
                let answer = self.exchange(at, &request)?;
                self.answers.push((at, answer));
                self.requests.push((at, request));
                Ok(())
            }
        }
    }

    fn fail(&mut self, at: usize, request: &SyncRequest) -> Verdict {
        let (request, traffic) = (request.request, Traffic::default());
        let (retry_after, problem) = (None, None);
        self.event(at, Event::RequestFailed { request, retry_after, problem, traffic })
    }

    /// The server answers, and is judged.
    fn exchange(&mut self, at: usize, request: &SyncRequest) -> Result<SyncResponse, Violation> {
        self.count.requests += 1;
        let caller = self.caller(at);
        let response = self.server.exchange(&caller, request, self.now);
        if let Some(push) = self.server.take_push() {
            let epoch = match &response {
                SyncResponse::Ok(accepted) => accepted.epoch,
                _ => Epoch(0),
            };
            let lineage = self.server.lineage().unwrap_or_else(|| Lineage::new([], epoch));
            let judged = oracle::judge(&self.server, &lineage, &push, &self.made, self.past);
            judged.map_err(Violation)?;
        }
        if let SyncResponse::Ok(accepted) = &response {
            for outcome in &accepted.outcomes {
                match outcome {
                    Outcome::Conflict { .. } => self.count.conflicts += 1,
                    Outcome::Parked { .. } => self.count.parked += 1,
                    _ => {}
                }
            }
            self.judge_feeds(&caller, accepted)?;
        }
        self.note(|| format!("    tablet {at} asked {:?}", Brief(request)));
        self.note(|| format!("    and is answered {response:?}"));
        Ok(response)
    }

    fn judge_feeds(
        &mut self,
        caller: &Caller,
        accepted: &sync_protocol::message::Accepted,
    ) -> Verdict {
        for (scope, feed) in &accepted.feeds {
            self.count.resets += u64::from(feed.reset);
            let repaired = feed.repairs.iter().filter_map(|repair| repair.rows.as_ref()).flatten();
            for row in feed.rows.iter().chain(repaired) {
                if !caller.scopes.contains(scope)
                    || self.server.scope_of(row.id).as_ref() != Some(scope)
                {
                    return Err(violated(format!("a row of another scope was sent: {row:?}")));
                }
            }
        }
        Ok(())
    }

    fn answer(&mut self, pick: usize, lost: bool, pace: u16) -> Verdict {
        if self.answers.is_empty() {
            return Ok(());
        }
        let (at, response) = self.answers.remove(pick % self.answers.len());
        let traffic = Traffic { sent: 0, received: 5_000, elapsed: u64::from(pace) + 1 };
        if lost {
            let (request, retry_after, problem) = (response.request(), None, None);
            return self.event(at, Event::RequestFailed { request, retry_after, problem, traffic });
        }
        let device = &self.devices[at];
        if matches!(response, SyncResponse::Fork { .. }) {
            self.count.forks += 1;
            if !device.meddled.copied {
                return Err(violated("a tablet that was never copied was told to fork"));
            }
        }
        // Whose cursor goes back to the start without being told to had to fetch all again.
        let told: Vec<_> = match &response {
            SyncResponse::Ok(accepted) => {
                let held = &device.store.stored.cursors;
                let moves_on = |(scope, feed): &(&ScopeId, &Feed)| {
                    let began = held.get(*scope).is_some_and(|cursor| cursor.seq > 0);
                    began && !feed.reset && feed.cursor.seq > 0
                };
                accepted.feeds.iter().filter(moves_on).map(|(scope, _)| scope.clone()).collect()
            }
            _ => Vec::new(),
        };
        self.event(at, Event::Response { response: Box::new(response), traffic })?;
        let cursors = &self.devices[at].store.stored.cursors;
        let again = told.iter().any(|scope| cursors.get(scope) == Some(&Cursor::default()));
        if again && !self.past.failed_over {
            return Err(violated("a repair had to fetch the whole scope"));
        }
        Ok(())
    }

    fn blob(&mut self, at: usize, fails: bool, believes: bool) -> Verdict {
        let Some(work) = self.devices[at].blob_work.take() else { return Ok(()) };
        let event = match work {
            _ if fails => Event::BlobFailed { retry_after: None },
            BlobWork::Ask(asked) => {
                let missing = self.server.missing(&asked);
                Event::BlobsMissing { asked, missing }
            }
            BlobWork::Upload(hash) => {
                if !self.devices[at].store.photos.contains(&hash) {
                    return self.without_photo(at, hash);
                }
                // All pieces came, and completing it failed: what carries uploads may take that for
                // success.
                if !believes {
                    self.server.upload(hash);
                }
                Event::BlobSent(hash)
            }
        };
        self.event(at, event)
    }

    /// A tablet is to upload a photo whose bytes it does not have: only one that is a copy may
    /// find that another has let it go.
    fn without_photo(&mut self, at: usize, hash: Hash) -> Verdict {
        if self.destroyed.contains(&hash) || self.devices[at].meddled.copied {
            return self.event(at, Event::BlobFailed { retry_after: None });
        }
        Err(violated("a photo was let go before it was safe"))
    }

    fn copy(&mut self, at: usize) -> Verdict {
        if self.devices.len() == MOST_TABLETS {
            return Ok(());
        }
        self.count.clones += 1;
        self.devices[at].meddled.copied = true;
        let original = &self.devices[at];
        let entropy = self.serial.wrapping_mul(0xc10e) ^ self.devices.len() as u64;
        let mut twin =
            Device::new(original.user, original.store.clone(), original.catalogue, entropy);
        twin.past = original.past.clone();
        twin.shown = original.shown.clone();
        twin.meddled = Meddled { copied: true, ..original.meddled };
        self.devices.push(twin);
        let twin = self.devices.len() - 1;
        self.event(twin, Event::NetworkUp)
    }

    fn rewind(&mut self, at: usize) -> Verdict {
        let Some((store, past, shown)) = self.devices[at].snapshot.clone() else { return Ok(()) };
        self.count.clones += 1;
        let device = &mut self.devices[at];
        let held = |store: &Store| -> BTreeSet<Hash> {
            let keys = store.stored.ops.values().map(|queued| queued.op.key());
            keys.chain(store.photos.iter().copied()).collect()
        };
        let gone: Vec<_> = held(&device.store).difference(&held(&store)).copied().collect();
        self.destroyed.extend(gone);
        let device = &mut self.devices[at];
        (device.store, device.past, device.shown) = (store, past, shown);
        device.meddled.copied = true;
        device.restart();
        self.event(at, Event::NetworkUp)
    }

    /// The next request of a tablet goes through without trouble, and its answer, and what it
    /// wants done about photos; says whether there was anything to do.
    pub fn run_smoothly(&mut self, at: usize) -> Result<bool, Violation> {
        let mut busy = false;
        // Far more than there is to say: a tablet that asks for ever is found out elsewhere.
        for _ in 0..100 {
            let Some(place) = self.requests.iter().position(|(tablet, _)| *tablet == at) else {
                break;
            };
            let (_, request) = self.requests.remove(place);
            let response = self.exchange(at, &request)?;
            self.answers.push((at, response));
            self.answer(self.answers.len() - 1, false, 3_000)?;
            busy = true;
        }
        if self.devices[at].blob_work.is_some() {
            self.blob(at, false, false)?;
            busy = true;
        }
        Ok(busy)
    }

    /// All faults end. What was under way came to nothing; some tablets are started anew, and the
    /// others have to go on from where they stand. Where a copy took over unnoticed all are started
    /// anew: what they hold is compared with it then, or some exchanges later.
    pub fn calm(&mut self) -> Verdict {
        self.requests.clear();
        self.answers.clear();
        for at in 0..self.devices.len() {
            let device = &mut self.devices[at];
            device.catalogue = self.server.definitions();
            device.power_fails_at = None;
            device.blob_work = None;
            if self.past.failed_over || (self.now / 1_000 + at as i64) % 2 == 0 {
                device.restart();
            } else {
                self.event(at, Event::NetworkDown)?;
            }
        }
        for at in 0..self.devices.len() {
            self.event(at, Event::NetworkUp)?;
        }
        Ok(())
    }

    /// A tablet looks for news.
    pub fn tick(&mut self, at: usize) -> Verdict {
        self.now += 1_000;
        self.event(at, Event::Tick)
    }
}

/// A request, without its longest parts.
struct Brief<'a>(&'a SyncRequest);

impl std::fmt::Debug for Brief<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let request = self.0;
        let keys: Vec<_> = request
            .ops
            .iter()
            .map(|op| {
                let change = match &op.change {
                    Change::Create { .. } => "create",
                    Change::Patch { .. } => "patch",
                    Change::Delete => "delete",
                    Change::Move { .. } => "move",
                    Change::Add { .. } => "add",
                    Change::Remove { .. } => "remove",
                    Change::Delta { .. } => "delta",
                    Change::Transition { .. } => "transition",
                    Change::Sign { .. } => "sign",
                    Change::Resolve { .. } => "resolve",
                };
                format!("{change} {:.8?}", op.key())
            })
            .collect();
        formatter
            .debug_struct("request")
            .field("incarnation", &request.incarnation)
            .field("inherits", &request.inherits)
            .field("epoch", &request.epoch)
            .field("first_seq", &request.first_seq)
            .field("ops", &keys)
            .field("cursors", &request.cursors)
            .finish()
    }
}
