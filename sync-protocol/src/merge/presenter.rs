//! Whose push it is, and what they have themselves presented.

use std::collections::BTreeSet;

use crate::IncarnationId;
use crate::record::Writer;

/// The incarnation that pushes, and those it inherited the start of its chain from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presenter {
    /// The incarnation.
    pub incarnation: IncarnationId,
    /// Where it forked off: each ancestor, and the first number that is not shared.
    pub inherited: Vec<(IncarnationId, u64)>,
    /// Where operations that it pushed had stood before: of clones that push the same operation,
    /// the first is its writer, and it is the others' own as well.
    pub repeated: BTreeSet<Writer>,
}

impl Presenter {
    /// An incarnation that inherited nothing.
    pub fn new(incarnation: IncarnationId) -> Self {
        Self { incarnation, inherited: Vec::new(), repeated: BTreeSet::new() }
    }

    /// Whether the write came from this tablet's own chain.
    pub fn presented(&self, writer: Writer) -> bool {
        writer.incarnation == self.incarnation
            || self
                .inherited
                .iter()
                .any(|(ancestor, fork)| writer.incarnation == *ancestor && writer.seq < *fork)
            || self.repeated.contains(&writer)
    }
}
