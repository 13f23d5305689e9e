//! The records that pushes touch, while they are applied.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{Record, Writer};
use crate::{RecordId, Version};

/// The records that pushes touch, as they were before the first of them and as they become.
#[derive(Debug, Default)]
pub struct Board {
    records: BTreeMap<RecordId, Record>,
    originals: BTreeMap<RecordId, Option<Record>>,
    happenings: Vec<Happening>,
    undo: Vec<(RecordId, Option<Record>)>,
    happened_before: usize,
}

/// One change of one record: a line of its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// The record.
    pub record: RecordId,
    /// The version the change made.
    pub version: Version,
    /// The operation that caused it.
    pub writer: Writer,
}

impl Board {
    /// A board with the records that exist.
    pub fn new(records: impl IntoIterator<Item = Record>) -> Self {
        let records = records.into_iter().map(|record| (record.id, record)).collect();
        Self { records, ..Self::default() }
    }

    /// The record as it is now.
    pub fn get(&self, id: RecordId) -> Option<&Record> {
        self.records.get(&id)
    }

    /// Every record as it is now.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// Every record that changed: as it was before the first push, and as it is now.
    pub fn changed(&self) -> impl Iterator<Item = (Option<&Record>, &Record)> {
        self.originals
            .iter()
            .filter_map(|(id, original)| self.records.get(id).map(|now| (original.as_ref(), now)))
    }

    /// Those of them that changed after so many [`happenings`](Self::happenings).
    pub fn changed_after(
        &self,
        happenings: usize,
    ) -> impl Iterator<Item = (Option<&Record>, &Record)> {
        let later: BTreeSet<_> =
            self.happenings.iter().skip(happenings).map(|happening| happening.record).collect();
        self.changed().filter(move |(_, now)| later.contains(&now.id))
    }

    /// Every change, in the order it was made.
    pub fn happenings(&self) -> &[Happening] {
        &self.happenings
    }

    pub(super) fn begin(&mut self) {
        self.undo.clear();
        self.happened_before = self.happenings.len();
    }

    /// Every record that changed since [`begin`](Self::begin): as it was then, and as it is now.
    pub(super) fn since_beginning(&self) -> impl Iterator<Item = (Option<&Record>, &Record)> {
        let mut before: BTreeMap<RecordId, Option<&Record>> = BTreeMap::new();
        for (id, was) in &self.undo {
            before.entry(*id).or_insert(was.as_ref());
        }
        before.into_iter().filter_map(|(id, was)| self.records.get(&id).map(|now| (was, now)))
    }

    pub(super) fn roll_back(&mut self) {
        while let Some((id, before)) = self.undo.pop() {
            match before {
                Some(record) => self.records.insert(id, record),
                None => self.records.remove(&id),
            };
            if self.records.get(&id) == self.originals.get(&id).and_then(Option::as_ref) {
                self.originals.remove(&id);
            }
        }
        self.happenings.truncate(self.happened_before);
    }

    pub(super) fn put(&mut self, writer: Writer, record: Record) {
        let (id, version) = (record.id, record.version);
        let before = self.records.insert(id, record);
        self.originals.entry(id).or_insert_with(|| before.clone());
        self.undo.push((id, before));
        self.happenings.push(Happening { record: id, version, writer });
    }
}
