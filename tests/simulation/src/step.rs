//! What may happen, as data: a seed is a list of steps, and a shorter list is a simpler story.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// One thing that happens. Numbers pick among what there is at that moment, so that any part of
/// a list of steps can be played by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A cadre does something on a tablet.
    Edit {
        /// Which tablet.
        tablet: u8,
        /// What.
        what: Deed,
        /// Which record, which value.
        pick: u32,
    },
    /// A tablet finds or loses the network.
    Network {
        /// Which tablet.
        tablet: u8,
        /// Whether there is one.
        up: bool,
    },
    /// A tablet looks for news.
    Tick {
        /// Which tablet.
        tablet: u8,
    },
    /// A request reaches the server.
    Deliver {
        /// Which request.
        pick: u8,
        /// What becomes of it.
        fate: Fate,
    },
    /// An answer reaches its tablet, or is lost.
    Answer {
        /// Which answer.
        pick: u8,
        /// Whether it is lost.
        lost: bool,
        /// How fast the link seemed, which decides how much the tablet asks for next.
        pace: u16,
    },
    /// What a tablet does about a photo goes well, or not.
    Blob {
        /// Which tablet.
        tablet: u8,
        /// Whether it fails.
        fails: bool,
        /// Whether an upload counts as done though the server could not complete it.
        believes: bool,
    },
    /// A tablet loses power, maybe in the middle of a transaction of the event before.
    Crash {
        /// Which tablet.
        tablet: u8,
        /// The transaction that is the first not to be stored; none if all are.
        within: Option<u8>,
    },
    /// A tablet's clock jumps.
    Skew {
        /// Which tablet.
        tablet: u8,
        /// By so many seconds.
        by: i16,
    },
    /// A tablet's store is copied to another tablet.
    Clone {
        /// Which tablet.
        tablet: u8,
    },
    /// A tablet's store is backed up.
    Snapshot {
        /// Which tablet.
        tablet: u8,
    },
    /// A tablet's store is replaced by its last backup.
    Rewind {
        /// Which tablet.
        tablet: u8,
    },
    /// Something on the tablet's disk changes by itself.
    Flip {
        /// Which tablet.
        tablet: u8,
        /// What.
        pick: u32,
    },
    /// A tablet learns the newest definitions.
    Learn {
        /// Which tablet.
        tablet: u8,
    },
    /// A cadre is responsible for other villages from now on.
    Reassign {
        /// Which cadre.
        user: u8,
        /// For which villages, a bit each.
        villages: u8,
    },
    /// The server gets a new version of a register.
    Upgrade,
    /// The server forgets old departures.
    Compact {
        /// How many of the last numbers it remembers.
        keep: u8,
    },
    /// The server is backed up.
    Backup {
        /// Whether the backup can be read.
        good: bool,
    },
    /// The newest backup is read back, and counts as safe if it can be.
    Verify,
    /// The server is replaced by a backup, and begins a new epoch.
    Restore {
        /// Which of those that may be used.
        pick: u8,
        /// Whether photos that came since are gone, too.
        media_lost: bool,
    },
    /// A copy of the server follows it up to here.
    Follow,
    /// The server is replaced by that copy, and nobody notices: the epoch stays.
    Failover,
    /// Time passes.
    Wait {
        /// Seconds.
        seconds: u16,
    },
}

/// What a cadre does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the name of an edit")]
pub enum Deed {
    NewHousehold,
    Address,
    Income,
    IncomeSource,
    HouseholdKind,
    SeveralFields,
    NewerField,
    AddGuarantee,
    RemoveGuarantee,
    AddPhoto,
    Persons,
    Note,
    Visit,
    MoveStatus,
    Sign,
    SignAgain,
    Delete,
    Move,
    Poison,
    UnknownField,
    Settle,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is answered.
    Arrives,
    /// It is lost.
    Lost,
    /// It is answered, and arrives once more later.
    Twice,
    /// The server dies in its transaction.
    Dies,
}

const DEEDS: [(Deed, u32); 21] = [
    (Deed::NewHousehold, 8),
    (Deed::Address, 14),
    (Deed::Income, 8),
    (Deed::IncomeSource, 6),
    (Deed::HouseholdKind, 8),
    (Deed::SeveralFields, 6),
    (Deed::NewerField, 3),
    (Deed::AddGuarantee, 7),
    (Deed::RemoveGuarantee, 7),
    (Deed::AddPhoto, 4),
    (Deed::Persons, 8),
    (Deed::Note, 5),
    (Deed::Visit, 8),
    (Deed::MoveStatus, 10),
    (Deed::Sign, 4),
    (Deed::SignAgain, 3),
    (Deed::Delete, 4),
    (Deed::Move, 5),
    (Deed::Poison, 2),
    (Deed::UnknownField, 2),
    (Deed::Settle, 8),
];

/// Which troubles a seed has. Not every seed has all of them: some faults hide others.
#[derive(Clone, Copy, Debug)]
pub struct Troubles {
    /// Stores are copied and put back.
    pub clones: bool,
    /// The server is restored from backups.
    pub restores: bool,
    /// The server is replaced by a copy that lags behind.
    pub failovers: bool,
    /// Villages change hands.
    pub reassignments: bool,
    /// Disks lie.
    pub flips: bool,
    /// Definitions change.
    pub upgrades: bool,
    /// Departures are forgotten.
    pub compactions: bool,
}

impl Troubles {
    /// The troubles of a seed.
    pub fn of(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed ^ 0x7a6f);
        let mut one_in = |n: u32| random.random_range(0..n) == 0;
        let clones = one_in(2);
        Self {
            clones,
            restores: one_in(3),
            // A copy of the server that took over unnoticed, and copies of a tablet that fill the
            // places it lost, can't be told from what was there: no protocol that goes by places
            // could. So whoever lets a copy take over begins a new epoch (`docs/operations.md`),
            // and without clones even forgetting that loses nothing.
            failovers: one_in(8) && !clones,
            reassignments: one_in(2),
            flips: one_in(5),
            upgrades: one_in(3),
            compactions: one_in(3),
        }
    }
}

/// The steps of a seed.
pub fn steps(seed: u64) -> Vec<Step> {
    let mut random = StdRng::seed_from_u64(seed);
    let troubles = Troubles::of(seed);
    let count = random.random_range(40..220);
    let mut steps: Vec<_> = (0..3).map(|tablet| Step::Network { tablet, up: true }).collect();
    while steps.len() < count {
        steps.extend(one(&mut random, troubles));
    }
    steps
}

fn one(random: &mut StdRng, troubles: Troubles) -> Option<Step> {
    let tablet = random.random_range(0..6);
    let pick: u32 = random.random();
    let small = (pick % 251) as u8;
    let seldom = random.random_range(0..100);
    Some(match random.random_range(0..100) {
        0..28 => Step::Edit { tablet, what: deed(random), pick },
        28..31 => Step::Network { tablet, up: seldom < 75 },
        31..39 => Step::Tick { tablet },
        39..58 => {
            let fate = match seldom {
                0..75 => Fate::Arrives,
                75..84 => Fate::Lost,
                84..93 => Fate::Twice,
                _ => Fate::Dies,
            };
            Step::Deliver { pick: small, fate }
        }
        58..77 => Step::Answer { pick: small, lost: seldom < 15, pace: (pick >> 8) as u16 },
        77..87 => Step::Blob { tablet, fails: seldom < 30, believes: (30..45).contains(&seldom) },
        87..90 => Step::Crash { tablet, within: (seldom < 60).then_some(small % 3) },
        90 => Step::Skew { tablet, by: (pick >> 4) as i16 },
        91 => Step::Wait { seconds: (pick >> 20) as u16 },
        92 if troubles.clones => match seldom {
            0..50 => Step::Clone { tablet },
            50..75 => Step::Snapshot { tablet },
            _ => Step::Rewind { tablet },
        },
        93 | 94 if troubles.restores => match seldom {
            0..40 => Step::Backup { good: seldom < 32 },
            40..65 => Step::Verify,
            _ => Step::Restore { pick: small, media_lost: seldom % 2 == 0 },
        },
        95 if troubles.failovers => {
            if seldom < 60 {
                Step::Follow
            } else {
                Step::Failover
            }
        }
        96 if troubles.reassignments => {
            Step::Reassign { user: small, villages: random.random_range(0..8) }
        }
        97 if troubles.flips => Step::Flip { tablet, pick },
        98 if troubles.upgrades => {
            if seldom < 40 {
                Step::Upgrade
            } else {
                Step::Learn { tablet }
            }
        }
        99 if troubles.compactions => Step::Compact { keep: small % 4 },
        _ => return None,
    })
}

fn deed(random: &mut StdRng) -> Deed {
    let total: u32 = DEEDS.iter().map(|(_, weight)| weight).sum();
    let mut left = random.random_range(0..total);
    for (deed, weight) in DEEDS {
        if left < weight {
            return deed;
        }
        left -= weight;
    }
    Deed::Address
}
