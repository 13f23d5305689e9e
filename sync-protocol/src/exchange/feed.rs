//! What a tablet has not seen yet.

use std::collections::{BTreeMap, BTreeSet};

use super::Head;
use super::repair::{FEW, Prefix};
use crate::cursor::Cursor;
use crate::message::{Feed, Gone, Repair};
use crate::mutant::{self, Mutant};
use crate::{Digest, RecordId, ScopeId, Version};

/// What a tablet says it has, and wants to know.
#[derive(Clone, Debug, Default)]
pub struct Asked<'a> {
    /// How far it has read each scope; one that is absent is new to it.
    pub cursors: Option<&'a BTreeMap<ScopeId, Cursor>>,
    /// The digests of scopes it wants checked.
    pub digests: Option<&'a BTreeMap<ScopeId, Digest>>,
    /// The digests of parts of scopes that differed.
    pub repair: Option<&'a BTreeMap<ScopeId, BTreeMap<Prefix, Digest>>>,
    /// How many bytes of rows to answer with.
    pub budget: usize,
}

/// Where feeds come from: one snapshot.
pub trait FeedSource {
    /// A row as it is sent.
    type Row;
    /// Why the source could not be read.
    type Error;

    /// The heads of those of these scopes that have any.
    fn heads(&mut self, scopes: &[ScopeId]) -> Result<BTreeMap<ScopeId, Head>, Self::Error>;

    /// The news of a scope after `cursor`, up to about `budget` bytes but at least one item.
    fn page(
        &mut self,
        scope: &ScopeId,
        cursor: u64,
        head: u64,
        budget: usize,
    ) -> Result<Page<Self::Row>, Self::Error>;

    /// The versions of a scope's live records.
    fn versions(&mut self, scope: &ScopeId) -> Result<Vec<(RecordId, Version)>, Self::Error>;

    /// These live records of a scope.
    fn rows(&mut self, scope: &ScopeId, ids: &[RecordId]) -> Result<Vec<Self::Row>, Self::Error>;
}

/// One entry of a scope's feed.
#[derive(Debug)]
pub enum Item<R> {
    /// A record that is new or changed.
    Row(R),
    /// A record that left or is gone.
    Gone(Gone),
}

/// A stretch of a scope's feed.
#[derive(Debug)]
pub struct Page<R> {
    /// Records that are new or changed.
    pub rows: Vec<R>,
    /// Records that left or are gone.
    pub gone: Vec<Gone>,
    /// The last number on the page; the cursor it began with if it is empty.
    pub cursor: u64,
    /// About how many bytes it takes on the wire.
    pub bytes: usize,
}

impl<R> Page<R> {
    /// A page that begins after `cursor`.
    pub fn after(cursor: u64) -> Self {
        Self { rows: Vec::new(), gone: Vec::new(), cursor, bytes: 0 }
    }

    /// Takes items in the order of their numbers until the budget is used up; says whether there
    /// was room for all.
    pub fn take(
        &mut self,
        items: impl IntoIterator<Item = (u64, usize, Item<R>)>,
        budget: usize,
    ) -> bool {
        for (seq, bytes, item) in items {
            if self.bytes >= budget {
                return false;
            }
            match item {
                Item::Row(row) => self.rows.push(row),
                Item::Gone(gone) => self.gone.push(gone),
            }
            self.cursor = seq;
            self.bytes += bytes;
        }
        true
    }
}

/// The news of `scopes`, up to about `asked.budget` bytes.
pub fn answer<S: FeedSource>(
    source: &mut S,
    scopes: &BTreeSet<ScopeId>,
    asked: &Asked<'_>,
) -> Result<BTreeMap<ScopeId, Feed<S::Row>>, S::Error> {
    let wanted: Vec<_> = scopes.iter().cloned().collect();
    let heads = source.heads(&wanted)?;
    let mut left = asked.budget;
    let mut feeds = BTreeMap::new();
    for scope in wanted {
        let head = heads.get(&scope).copied().unwrap_or_default();
        let parts = asked.repair.and_then(|repair| repair.get(&scope));
        let held = asked.digests.and_then(|digests| digests.get(&scope));
        let known = asked.cursors.and_then(|cursors| cursors.get(&scope)).copied();
        let differs = held.is_some_and(|held| *held != head.digest);
        if known.is_some_and(|known| known.seq == head.seq) && parts.is_none() && !differs {
            continue;
        }
        let mut feed = news(source, &scope, known.unwrap_or_default(), head, &mut left)?;
        if let Some(parts) = parts {
            feed.repairs = repairs(source, &scope, parts)?;
        }
        feeds.insert(scope, feed);
    }
    Ok(feeds)
}

fn news<S: FeedSource>(
    source: &mut S,
    scope: &ScopeId,
    known: Cursor,
    head: Head,
    left: &mut usize,
) -> Result<Feed<S::Row>, S::Error> {
    let reset = known.is_behind(head.horizon);
    // Whoever begins now begins after everything that is forgotten.
    let begins = reset || known.seq == 0;
    let floor = if begins { head.horizon } else { known.floor };
    let from = if reset { 0 } else { known.seq.min(head.seq) };
    let page = if *left > 0 && from < head.seq {
        source.page(scope, from, head.seq, *left)?
    } else {
        Page::after(from)
    };
    *left = left.saturating_sub(page.bytes);
    let reached = if mutant::is_on(Mutant::PageSkips) { head.seq } else { page.cursor };
    let more = reached < head.seq;
    Ok(Feed {
        reset,
        rows: page.rows,
        gone: page.gone,
        cursor: Cursor { seq: reached, floor },
        more,
        digest: (!more).then_some(head.digest),
        repairs: Vec::new(),
    })
}

fn repairs<S: FeedSource>(
    source: &mut S,
    scope: &ScopeId,
    parts: &BTreeMap<Prefix, Digest>,
) -> Result<Vec<Repair<S::Row>>, S::Error> {
    let versions = source.versions(scope)?;
    let mut repairs = Vec::new();
    for (prefix, held) in parts {
        let within: Vec<_> =
            versions.iter().filter(|(record, _)| prefix.has(*record)).copied().collect();
        if within.iter().copied().collect::<Digest>() == *held {
            continue;
        }
        let few = within.len() <= FEW || !prefix.is_divisible();
        let rows = if few {
            let ids: Vec<_> = within.into_iter().map(|(record, _)| record).collect();
            Some(source.rows(scope, &ids)?)
        } else {
            None
        };
        repairs.push(Repair { prefix: prefix.clone(), rows });
    }
    Ok(repairs)
}
