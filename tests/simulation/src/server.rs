//! What the simulation needs of a server: one in memory, or the real one on a database.

use std::collections::{BTreeMap, BTreeSet};

use mobile_schema::register::Capacity;
use mobile_schema::{Catalogue, Hash};
use sync_protocol::record::Writer;
use sync_protocol::{
    DeviceId, Digest, Lineage, Op, Outcome, Record, RecordId, ScopeId, SyncRequest, SyncResponse,
    UserId,
};

use crate::memory::Push;

/// Who calls, and what they may see.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The cadre.
    pub user: UserId,
    /// Their tablet.
    pub device: DeviceId,
    /// Their villages now.
    pub scopes: BTreeSet<ScopeId>,
    /// In what capacity they act: one of them reviews what the others bring.
    pub capacity: Capacity,
}

/// What a server holds, to be compared with what the tablets hold.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Every record, deleted ones too.
    pub records: Vec<Record>,
    /// Every stored operation with its outcome, one for each place in a chain.
    pub ops: Vec<(Op, Outcome)>,
    /// The digest of each scope.
    pub digests: BTreeMap<ScopeId, Digest>,
    /// The blobs it has verified.
    pub blobs: BTreeSet<Hash>,
}

/// A server.
pub trait Server {
    /// Answers a request.
    fn exchange(&mut self, caller: &Caller, request: &SyncRequest, now: i64) -> SyncResponse;
    /// Dies while it answers.
    fn die_during(&mut self, caller: &Caller, request: &SyncRequest, now: i64);
    /// The definitions it knows.
    fn definitions(&self) -> &'static Catalogue;
    /// Gets a new version of a register.
    fn upgrade(&mut self);
    /// Which of these blobs it lacks.
    fn missing(&mut self, hashes: &[Hash]) -> Vec<Hash>;
    /// Verifies a blob.
    fn upload(&mut self, hash: Hash);
    /// Forgets departures but for the last numbers.
    fn compact(&mut self, keep: u64);
    /// Is backed up, well or badly.
    fn backup(&mut self, good: bool);
    /// The newest backup is read back, and counts as safe if it is good.
    fn verify(&mut self);
    /// Is replaced by one of the backups that may be used, if there is any.
    fn restore(&mut self, pick: usize, media_lost: bool) -> bool;
    /// A copy follows up to here.
    fn follow(&mut self);
    /// Is replaced by that copy.
    fn fail_over(&mut self) -> bool;
    /// The scope a record is in.
    fn scope_of(&mut self, record: RecordId) -> Option<ScopeId>;
    /// What it holds.
    fn state(&mut self) -> State;
    /// The operation at a place of a chain.
    fn writer_key(&self, writer: Writer) -> Option<Hash>;
    /// The epochs it descends from, where that can be told.
    fn lineage(&self) -> Option<Lineage>;
    /// What the last push did, where that can be told.
    fn take_push(&mut self) -> Option<Push>;
}
