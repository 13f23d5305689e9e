//! The scopes a tablet has, and the versions it holds of their records.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::StoreChange;
use crate::exchange::Prefix;
use crate::message::{Feed, Repair};
use crate::mutant::{self, Mutant};
use crate::record::Row;
use crate::{Cursor, Digest, RecordId, ScopeId, Version};

/// A record the tablet holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Holding {
    /// The one scope it is in.
    pub scope: ScopeId,
    /// The version in the store.
    pub version: Version,
}

#[derive(Debug)]
pub(super) struct Scopes {
    cursors: BTreeMap<ScopeId, Cursor>,
    holdings: BTreeMap<RecordId, Holding>,
    digests: BTreeMap<ScopeId, Digest>,
    /// The parts of scopes that differ from the server's; of a scope that was repaired, and not
    /// found equal since, none.
    suspects: BTreeMap<ScopeId, BTreeSet<Prefix>>,
}

/// What is left to do after an answer.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// There is more to fetch at once.
    pub(super) more: bool,
    /// A scope was repaired; what is held should be compared again.
    pub(super) mended: bool,
}

impl Scopes {
    pub(super) fn new(
        cursors: BTreeMap<ScopeId, Cursor>,
        holdings: BTreeMap<RecordId, Holding>,
    ) -> Self {
        let mut digests: BTreeMap<ScopeId, Digest> = BTreeMap::new();
        for (id, holding) in &holdings {
            digests.entry(holding.scope.clone()).or_default().add(*id, holding.version);
        }
        Self { cursors, holdings, digests, suspects: BTreeMap::new() }
    }

    /// The digests of the parts of what differed.
    pub(super) fn repair(&self) -> BTreeMap<ScopeId, BTreeMap<Prefix, Digest>> {
        let parts = |(scope, prefixes): (&ScopeId, &BTreeSet<Prefix>)| {
            let held = || {
                let here = self.holdings.iter().filter(|(_, holding)| holding.scope == *scope);
                here.map(|(id, holding)| (*id, holding.version))
            };
            (scope.clone(), prefixes.iter().flat_map(|prefix| prefix.parts(held())).collect())
        };
        self.suspects.iter().filter(|(_, prefixes)| !prefixes.is_empty()).map(parts).collect()
    }

    fn is_suspect(&self, scope: &ScopeId) -> bool {
        self.suspects.get(scope).is_some_and(|prefixes| !prefixes.is_empty())
    }

    pub(super) fn holding(&self, id: RecordId) -> Option<&Holding> {
        self.holdings.get(&id)
    }

    pub(super) fn cursors(&self) -> BTreeMap<ScopeId, Cursor> {
        self.cursors.clone()
    }

    pub(super) fn digests(&self) -> BTreeMap<ScopeId, Digest> {
        let mut digests = BTreeMap::new();
        for scope in self.cursors.keys() {
            digests.insert(scope.clone(), self.digests.get(scope).copied().unwrap_or_default());
        }
        digests
    }

    /// Takes in one answer's news. Rows and cursors change together.
    pub(super) fn take_in(
        &mut self,
        granted: Vec<ScopeId>,
        feeds: BTreeMap<ScopeId, Feed>,
    ) -> (Vec<StoreChange>, Progress) {
        let mut changes = Vec::new();
        let fresh = self.grant(granted, &mut changes);
        let more = fresh.iter().any(|scope| !feeds.contains_key(scope));
        let mut progress = Progress { more, mended: false };
        for (scope, feed) in feeds {
            if !self.cursors.contains_key(&scope) {
                continue;
            }
            if feed.reset && !mutant::is_on(Mutant::HorizonIgnored) {
                changes.extend(self.empty(&scope));
            }
            for gone in &feed.gone {
                let held_here = |holding: &Holding| {
                    holding.scope == scope || mutant::is_on(Mutant::EvictionAnywhere)
                };
                if self.holdings.get(&gone.id).is_some_and(held_here) {
                    self.release(gone.id, &mut changes);
                }
            }
            for row in feed.rows {
                self.hold(&scope, row, &mut changes);
            }
            progress.more |= feed.more;
            let mut cursor = feed.cursor;
            if self.is_suspect(&scope) {
                self.mend(&scope, feed.repairs, &mut changes);
                progress.more = true;
                progress.mended |= !self.is_suspect(&scope);
            } else if let Some(digest) = feed.digest {
                let here = self.digests.get(&scope).copied().unwrap_or_default();
                let was_mended = self.suspects.remove(&scope).is_some();
                if digest != here && !mutant::is_on(Mutant::DigestIgnored) {
                    progress.more = true;
                    if was_mended {
                        // Repairing did not help: fetch all of it anew.
                        changes.extend(self.empty(&scope));
                        cursor = Cursor::default();
                    } else {
                        self.suspects.insert(scope.clone(), BTreeSet::from([Prefix::all()]));
                    }
                }
            }
            self.set_cursor(scope, cursor, &mut changes);
        }
        (changes, progress)
    }

    /// Replaces the parts that the server sent, and looks closer at those it asks about.
    fn mend(&mut self, scope: &ScopeId, repairs: Vec<Repair>, changes: &mut Vec<StoreChange>) {
        let mut closer = BTreeSet::new();
        for Repair { prefix, rows } in repairs {
            let Some(rows) = rows else {
                closer.insert(prefix);
                continue;
            };
            if mutant::is_on(Mutant::RepairIgnored) {
                continue;
            }
            let mut kept: Vec<RecordId> = rows.iter().map(|row| row.id).collect();
            kept.sort_unstable();
            let beyond = mutant::is_on(Mutant::RepairTooMuch);
            let stale = |(id, holding): &(&RecordId, &Holding)| {
                holding.scope == *scope
                    && (prefix.has(**id) || beyond)
                    && kept.binary_search(id).is_err()
            };
            let stale: Vec<_> = self.holdings.iter().filter(stale).map(|(id, _)| *id).collect();
            for id in stale {
                self.release(id, changes);
            }
            for row in rows {
                let held = self.holdings.get(&row.id);
                let same = |held: &Holding| held.scope == *scope && held.version == row.version;
                if !held.is_some_and(same) {
                    self.hold(scope, row, changes);
                }
            }
        }
        self.suspects.insert(scope.clone(), closer);
    }

    /// Cursors start over and nothing is held, since the server is another one now.
    pub(super) fn start_over(&mut self) -> Vec<StoreChange> {
        let scopes: Vec<_> = self.cursors.keys().cloned().collect();
        let mut changes = Vec::new();
        for scope in scopes {
            changes.extend(self.empty(&scope));
            self.set_cursor(scope, Cursor::default(), &mut changes);
        }
        self.suspects.clear();
        changes
    }

    /// Drops the scopes that are not granted any longer, and says which are new.
    fn grant(&mut self, granted: Vec<ScopeId>, changes: &mut Vec<StoreChange>) -> Vec<ScopeId> {
        let revoked: Vec<_> =
            self.cursors.keys().filter(|scope| !granted.contains(*scope)).cloned().collect();
        for scope in revoked {
            if !mutant::is_on(Mutant::RevokedRowsStay) {
                changes.extend(self.empty(&scope));
            }
            self.cursors.remove(&scope);
            self.digests.remove(&scope);
            self.suspects.remove(&scope);
            changes.push(StoreChange::DropScope { scope });
        }
        let mut fresh = Vec::new();
        for scope in granted {
            if !self.cursors.contains_key(&scope) {
                self.set_cursor(scope.clone(), Cursor::default(), changes);
                fresh.push(scope);
            }
        }
        fresh
    }

    fn set_cursor(&mut self, scope: ScopeId, cursor: Cursor, changes: &mut Vec<StoreChange>) {
        if self.cursors.insert(scope.clone(), cursor) != Some(cursor) {
            changes.push(StoreChange::Cursor { scope, cursor });
        }
    }

    fn hold(&mut self, scope: &ScopeId, row: Row, changes: &mut Vec<StoreChange>) {
        let holding = Holding { scope: scope.clone(), version: row.version };
        if let Some(before) = self.holdings.insert(row.id, holding) {
            self.digests.entry(before.scope).or_default().remove(row.id, before.version);
        }
        self.digests.entry(scope.clone()).or_default().add(row.id, row.version);
        changes.push(StoreChange::Row { scope: scope.clone(), row });
    }

    fn release(&mut self, id: RecordId, changes: &mut Vec<StoreChange>) {
        if let Some(before) = self.holdings.remove(&id) {
            self.digests.entry(before.scope).or_default().remove(id, before.version);
            changes.push(StoreChange::DropRow { id });
        }
    }

    fn empty(&mut self, scope: &ScopeId) -> Vec<StoreChange> {
        let held = self.holdings.iter().filter(|(_, holding)| holding.scope == *scope);
        let ids: Vec<_> = held.map(|(id, _)| *id).collect();
        let mut changes = Vec::new();
        for id in ids {
            self.release(id, &mut changes);
        }
        changes
    }
}
