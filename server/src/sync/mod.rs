//! The sync exchange on the server's side: push, then pull, over the merge in `sync-protocol`.

mod chain;
mod compact;
mod epoch;
mod http;
mod pull;
mod push;
mod quarantine;

pub use chain::Owner;
pub use compact::{compact, forget_old, stale_scopes};
pub use epoch::{lineage, restored_at};
pub use http::routes;
pub use push::{Pushed, Pusher, push};
