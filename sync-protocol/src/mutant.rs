//! Bugs on purpose: each switches one rule of the protocol off, so that the simulation can prove
//! that it would notice.
//!
//! Without the feature `mutants` none of them exists in the program.

#[cfg(feature = "mutants")]
use std::cell::Cell;

macro_rules! mutants {
    ($($(#[doc = $about:literal])* $name:ident = $text:literal,)*) => {
        /// A bug that can be switched on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutant {
            $($(#[doc = $about])* $name,)*
        }

        impl Mutant {
            /// Every one there is.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it does wrong.
            pub fn about(self) -> &'static str {
                match self { $(Self::$name => concat!($($about),*).trim_ascii(),)* }
            }
        }
    };
}

mutants! {
    /// an answer to an earlier request is taken for the current one
    StaleAnswer = "stale-answer",
    /// a cursor is stored before its rows, in a transaction of its own
    CursorFirst = "cursor-before-rows",
    /// a clone that is told to fork goes on under its old name
    ForkIgnored = "fork-ignored",
    /// a restored server is believed to have everything it once had
    ResetRepushesNothing = "reset-repushes-nothing",
    /// cursors are kept across a restore of the server
    ResetKeepsCursors = "reset-keeps-cursors",
    /// a gap in the chain is not filled
    GapIgnored = "gap-ignored",
    /// rows stay on the tablet when their scope is taken away
    RevokedRowsStay = "revoked-rows-stay",
    /// the outbox is emptied with a scope that is taken away
    RevokedOutboxGoes = "revoked-outbox-goes",
    /// a record that left a scope is removed wherever it is now
    EvictionAnywhere = "eviction-anywhere",
    /// operations are let go once acknowledged, before a backup has them
    LetGoEarly = "let-go-early",
    /// a group is divided between two requests
    GroupDivided = "group-divided",
    /// a digest that differs is not looked at
    DigestIgnored = "digest-ignored",
    /// what a repair brings is not taken in
    RepairIgnored = "repair-ignored",
    /// a repair removes rows beyond its prefix
    RepairTooMuch = "repair-too-much",
    /// a scope that must start over keeps its old rows
    HorizonIgnored = "horizon-ignored",
    /// a photo is removed from the tablet when its upload begins
    BlobGoesEarly = "blob-goes-early",
    /// a photo counts as confirmed once its upload ended, without a question
    UploadBelieved = "upload-believed",
    /// a question about photos that the network swallowed is never asked again
    QuestionForgotten = "question-forgotten",
    /// photos are uploaded before operations
    PhotosFirst = "photos-first",
    /// a clock that is set back makes readings that run back
    ClockRunsBack = "clock-runs-back",
    /// the next number of the chain is forgotten with the outbox
    SeqForgotten = "seq-forgotten",
    /// an operation that was pushed before is applied again
    AppliedAgain = "applied-again",
    /// a chain that goes on differently is taken for the same
    ForkUnnoticed = "fork-unnoticed",
    /// a hole in the chain is accepted
    GapAccepted = "gap-accepted",
    /// the epoch of a request is not looked at
    EpochUnchecked = "epoch-unchecked",
    /// a page that ends at its budget moves the cursor to the end
    PageSkips = "page-skips",
    /// a feed has the records of every scope
    FeedLeaks = "feed-leaks",
    /// a record that moves leaves no word in its old scope
    MoveUnannounced = "move-unannounced",
    /// deletions are not counted out of the digest
    DigestStale = "digest-stale",
    /// the horizon does not move when departures are forgotten
    HorizonStays = "horizon-stays",
    /// a backup counts as safe before it was verified
    SafeTooSoon = "safe-too-soon",
    /// operations after one that is refused wait for it
    PoisonBlocks = "poison-blocks",
    /// the version an edit is based on is not looked at
    BaseIgnored = "base-ignored",
    /// a tablet is in conflict with itself
    OwnWritesClash = "own-writes-clash",
    /// equal values are a conflict
    EqualValuesClash = "equal-values-clash",
    /// the value that loses is thrown away
    LoserDropped = "loser-dropped",
    /// the earlier of two edits stands
    EarlierWins = "earlier-wins",
    /// a clock that is ahead is believed
    ClockUnclamped = "clock-unclamped",
    /// the server's value gives way where it must not
    AuthorityOverwritten = "authority-overwritten",
    /// a removal wins over an addition it did not see
    RemovalWins = "removal-wins",
    /// a count is set instead of added to
    CountSet = "count-set",
    /// notes are replaced instead of added to
    NotesReplaced = "notes-replaced",
    /// what a record becomes is not held against the rights of whoever brings it there
    RightsUnjudged = "rights-unjudged",
    /// what nobody may do is kept as a proposal
    WishesUnjudged = "wishes-unjudged",
    /// a conflict is settled by a move that does not exist
    SettledAnyhow = "settled-anyhow",
    /// a status moves whatever it was
    StatusUnchecked = "status-unchecked",
    /// an approved record is edited
    LockIgnored = "lock-ignored",
    /// an edit brings a deleted record back
    Resurrection = "resurrection",
    /// a deletion wins over edits it did not see
    DeletionWins = "deletion-wins",
    /// a signed record is changed
    SignedChanges = "signed-changes",
    /// a group that fails is applied in part
    GroupHalfApplied = "group-half-applied",
    /// what one record can't take keeps back what was done to others in its group
    RefusalSpreads = "refusal-spreads",
    /// operations are applied outside the pusher's scopes
    ScopeUnchecked = "scope-unchecked",
    /// versions are compared as plain pairs, not along the lineage
    PlainPairs = "plain-pairs",
    /// a value of an unknown field is dropped and the rest applied
    UnknownFieldDropped = "unknown-field-dropped",
    /// who wrote a group is forgotten when a new definition names it otherwise
    RegroupedForgotten = "regrouped-forgotten",
    /// a conflict that was settled is settled again
    SettledTwice = "settled-twice",
    /// settling a conflict overwrites what was written since
    SettlementOverwrites = "settlement-overwrites",
}

#[cfg(feature = "mutants")]
thread_local! {
    static ON: Cell<Option<Mutant>> = const { Cell::new(None) };
}

/// Whether this bug is switched on, on this thread.
#[cfg(feature = "mutants")]
pub fn is_on(mutant: Mutant) -> bool {
    ON.get() == Some(mutant)
}

/// Whether this bug is switched on: never.
#[cfg(not(feature = "mutants"))]
#[inline(always)]
pub const fn is_on(_: Mutant) -> bool {
    false
}

/// Switches a bug on, on this thread, or all off.
#[cfg(feature = "mutants")]
pub fn switch(mutant: Option<Mutant>) {
    ON.set(mutant);
}
