//! The counter and digest of each scope, and what a change does to them.

use std::collections::BTreeMap;

use crate::mutant::{self, Mutant};
use crate::{Digest, Record, RecordId, ScopeId, Version};

/// Where a scope stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The last sequence number given.
    pub seq: u64,
    /// The digest of its live records.
    pub digest: Digest,
    /// Deletions and departures up to this number are forgotten.
    pub horizon: u64,
}

/// A record that left a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eviction {
    /// The scope it left.
    pub scope: ScopeId,
    /// Its number there.
    pub seq: u64,
    /// The record.
    pub record: RecordId,
    /// The version at which it left.
    pub version: Version,
}

/// The heads of the scopes that a push touches.
#[derive(Debug, Default)]
pub struct Heads {
    heads: BTreeMap<ScopeId, Head>,
    evictions: Vec<Eviction>,
}

impl Heads {
    /// The scopes that these changes touch, each of a record before and now, in the order in which
    /// they are locked.
    pub fn touched<'a>(
        changed: impl Iterator<Item = (Option<&'a Record>, &'a Record)>,
    ) -> Vec<ScopeId> {
        let mut scopes: Vec<_> = changed
            .flat_map(|(before, now)| {
                before.map(|record| record.scope.clone()).into_iter().chain([now.scope.clone()])
            })
            .collect();
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }

    /// The heads as they are stored; a scope without one is new.
    pub fn new(heads: BTreeMap<ScopeId, Head>) -> Self {
        Self { heads, evictions: Vec::new() }
    }

    /// Gives a changed record its number in its scope, counts it in the digests, and notes where
    /// it left.
    pub fn count(&mut self, before: Option<&Record>, now: &Record) -> u64 {
        if let Some(before) = before {
            let old = self.heads.entry(before.scope.clone()).or_default();
            let stale = now.deleted && mutant::is_on(Mutant::DigestStale);
            if !before.deleted && !stale {
                old.digest.remove(before.id, before.version);
            }
            if before.scope != now.scope && !mutant::is_on(Mutant::MoveUnannounced) {
                old.seq += 1;
                let (scope, seq) = (before.scope.clone(), old.seq);
                let (record, version) = (now.id, now.version);
                self.evictions.push(Eviction { scope, seq, record, version });
            }
        }
        let head = self.heads.entry(now.scope.clone()).or_default();
        head.seq += 1;
        if !now.deleted {
            head.digest.add(now.id, now.version);
        }
        head.seq
    }

    /// The heads as they are now, and the records that left a scope.
    pub fn finish(self) -> (BTreeMap<ScopeId, Head>, Vec<Eviction>) {
        (self.heads, self.evictions)
    }
}
