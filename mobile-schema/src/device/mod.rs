//! The layout of the store on a tablet, and how an older one becomes the newest.
//!
//! A browser's IndexedDB has object stores of documents; this says which there are, and nothing
//! about how they are kept. What a document holds is sealed under the profile's key, but for what
//! [`Shelf::sealed`] says is not.

use serde::Serialize;

/// The newest layout.
pub const LAYOUT: u32 = 4;
/// The newest layout that has lines of the index in another form.
const LINES: u32 = 4;

/// An object store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Shelf {
    /// Its name.
    pub name: &'static str,
    /// Whether its documents are sealed.
    pub sealed: bool,
    /// The layout that has it first.
    pub since: u32,
}

const fn shelf(name: &'static str, sealed: bool, since: u32) -> Shelf {
    Shelf { name, sealed, since }
}

/// What the newest layout has. Shelves are only added: what a tablet has not sent must survive
/// every upgrade.
pub const SHELVES: &[Shelf] = &[
    // Who the tablet is, its session, cursors, the sync log.
    shelf("profile", true, 1),
    // Registers, forms, rules and templates by hash; they are the same for everybody.
    shelf("definitions", false, 1),
    // The records of a household, in one document.
    shelf("documents", true, 1),
    // A line for each household, many in one document, so that a long list opens at once.
    shelf("index", true, 1),
    // What was done and is not in a verified backup of the server's yet, by number.
    shelf("outbox", true, 1),
    // Photos and other files by hash: how far each is.
    shelf("blobs", false, 1),
    // Their bytes.
    shelf("bytes", true, 1),
    // Forms that are being filled in.
    shelf("drafts", true, 1),
    // Files that go with forms, by hash.
    shelf("files", false, 2),
];

/// What has to be done to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Make an empty shelf.
    Add {
        /// Its name.
        name: &'static str,
    },
    /// Lines of the index are written anew from the documents: their form has changed.
    Reindex,
}

/// What makes a store of layout `from` one of the newest; 0 is none at all.
pub fn upgrade(from: u32) -> Vec<Step> {
    let added = SHELVES.iter().filter(|shelf| shelf.since > from);
    let mut steps: Vec<Step> = added.map(|shelf| Step::Add { name: shelf.name }).collect();
    if (1..LINES).contains(&from) {
        steps.push(Step::Reindex);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_older_store_gets_what_it_lacks_and_nothing_twice() {
        for from in 0..=LAYOUT {
            let had = SHELVES.iter().filter(|shelf| shelf.since <= from).map(|shelf| shelf.name);
            let added = upgrade(from).into_iter().filter_map(|step| match step {
                Step::Add { name } => Some(name),
                Step::Reindex => None,
            });
            let mut all: Vec<_> = had.chain(added).collect();
            all.sort_unstable();
            let mut wanted: Vec<_> = SHELVES.iter().map(|shelf| shelf.name).collect();
            wanted.sort_unstable();
            assert_eq!(all, wanted, "from {from}");
        }
        assert_eq!(upgrade(LAYOUT), []);
        assert!(upgrade(1).contains(&Step::Reindex));
        assert_eq!(upgrade(3), [Step::Reindex]);
    }
}
