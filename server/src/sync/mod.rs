//! The sync exchange on the server's side: push, then pull, over the merge in `sync-protocol`.

mod chain;
mod compact;
mod console;
mod epoch;
mod hand_in;
mod http;
mod log;
mod pull;
mod push;
mod quarantine;
mod queue;
mod settle;
mod wire;

pub use chain::{ForeignChain, Owner, safe_before};
pub use compact::{compact, forget_old, stale_scopes};
pub use console::{
    Edit, Person, act, act_wholly, as_seen, check_reason, in_browser, not_applicable,
};
pub use epoch::{lineage, restored_at};
pub use http::routes;
pub use log::{Log, tidy_log};
pub use pull::pull;
pub use push::{Desk, Push, Pushed, Pusher, push, push_all, sealed};
pub use queue::{Arrival, Pushes};
pub use wire::{RawOp, stored_as_json};
