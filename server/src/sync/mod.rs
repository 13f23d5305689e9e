//! The sync exchange on the server's side: push, then pull, over the merge in `sync-protocol`.

mod arrived;
mod chain;
mod compact;
mod console;
mod correct;
mod epoch;
mod hand_in;
mod held;
mod http;
mod log;
mod lost;
mod pull;
mod push;
mod quarantine;
mod queue;
mod setback;
mod settle;
mod wire;

pub use arrived::note_awaited;
pub(crate) use arrived::try_again;
pub use chain::{ForeignChain, Owner, safe_before};
pub use compact::{compact, forget_old, stale_scopes};
pub use console::{
    Edit, Person, act, act_wholly, as_seen, check_reason, in_browser, not_applicable,
};
pub use epoch::{Lives, keep_lineage_fresh, lineage, restored_at};
pub use http::routes;
pub use log::{Log, tidy_log};
pub(crate) use lost::{LostVisit, TakenIn, lost_visits, take_in_lost};
pub use pull::pull;
pub use push::{Behalf, Desk, Push, Pushed, Pusher, push, push_all, sealed};
pub use queue::{Arrival, Pushes};
pub use setback::count as setbacks;
pub use wire::{RawOp, stored_as_json};
