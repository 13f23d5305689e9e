//! The scopes a tablet has, and the versions it holds of their records.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::StoreChange;
use crate::message::Feed;
use crate::record::Row;
use crate::{Digest, RecordId, ScopeId, Version};

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
    cursors: BTreeMap<ScopeId, u64>,
    holdings: BTreeMap<RecordId, Holding>,
    digests: BTreeMap<ScopeId, Digest>,
}

impl Scopes {
    pub(super) fn new(
        cursors: BTreeMap<ScopeId, u64>,
        holdings: BTreeMap<RecordId, Holding>,
    ) -> Self {
        let mut digests: BTreeMap<ScopeId, Digest> = BTreeMap::new();
        for (id, holding) in &holdings {
            digests.entry(holding.scope.clone()).or_default().add(*id, holding.version);
        }
        Self { cursors, holdings, digests }
    }

    pub(super) fn holding(&self, id: RecordId) -> Option<&Holding> {
        self.holdings.get(&id)
    }

    pub(super) fn cursors(&self) -> BTreeMap<ScopeId, u64> {
        self.cursors.clone()
    }

    pub(super) fn digests(&self) -> BTreeMap<ScopeId, Digest> {
        let digest = |scope: &ScopeId| self.digests.get(scope).copied().unwrap_or_default();
        self.cursors.keys().map(|scope| (scope.clone(), digest(scope))).collect()
    }

    /// Takes in one answer's news. Rows and cursors change together. The second value says
    /// whether there is more to fetch.
    pub(super) fn take_in(
        &mut self,
        granted: Vec<ScopeId>,
        feeds: BTreeMap<ScopeId, Feed>,
    ) -> (Vec<StoreChange>, bool) {
        let mut changes = Vec::new();
        let fresh = self.grant(granted.into_iter().collect(), &mut changes);
        let mut more = fresh.iter().any(|scope| !feeds.contains_key(scope));
        for (scope, feed) in feeds {
            if !self.cursors.contains_key(&scope) {
                continue;
            }
            for gone in &feed.gone {
                let held_here = |holding: &Holding| holding.scope == scope;
                if self.holdings.get(&gone.id).is_some_and(held_here) {
                    self.release(gone.id, &mut changes);
                }
            }
            for row in feed.rows {
                self.hold(&scope, row, &mut changes);
            }
            more |= feed.more;
            let here = self.digests.get(&scope).copied().unwrap_or_default();
            if feed.digest.is_some_and(|digest| digest != here) {
                // Something here is not as on the server: fetch this scope anew.
                changes.extend(self.empty(&scope));
                self.set_cursor(scope, 0, &mut changes);
                more = true;
            } else {
                self.set_cursor(scope, feed.cursor, &mut changes);
            }
        }
        (changes, more)
    }

    /// Cursors start over and nothing is held, since the server is another one now.
    pub(super) fn start_over(&mut self) -> Vec<StoreChange> {
        let scopes: Vec<_> = self.cursors.keys().cloned().collect();
        let mut changes = Vec::new();
        for scope in scopes {
            changes.extend(self.empty(&scope));
            self.set_cursor(scope, 0, &mut changes);
        }
        changes
    }

    /// Drops the scopes that are not granted any longer, and says which are new.
    fn grant(
        &mut self,
        granted: BTreeSet<ScopeId>,
        changes: &mut Vec<StoreChange>,
    ) -> Vec<ScopeId> {
        let revoked: Vec<_> =
            self.cursors.keys().filter(|scope| !granted.contains(*scope)).cloned().collect();
        for scope in revoked {
            changes.extend(self.empty(&scope));
            self.cursors.remove(&scope);
            self.digests.remove(&scope);
            changes.push(StoreChange::DropScope { scope });
        }
        let mut fresh = Vec::new();
        for scope in granted {
            if !self.cursors.contains_key(&scope) {
                self.set_cursor(scope.clone(), 0, changes);
                fresh.push(scope);
            }
        }
        fresh
    }

    fn set_cursor(&mut self, scope: ScopeId, cursor: u64, changes: &mut Vec<StoreChange>) {
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
