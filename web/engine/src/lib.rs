//! The crates that tablet and server share, for browsers: what goes in and out is words, JSON and
//! bytes. Nothing here decides anything.
//!
//! It is built twice, so that the first screen needn't wait for all of it (`web/build-engine.sh`):
//! [`tablet`] keeps and syncs, [`form`] and [`dossier`] fill in forms, word notifications and run
//! rules, which all need the engine of expressions.
//!
//! JSON is read by hand, member by member: derived readers of the same messages are much larger
//! (`docs/decisions/0020-two-modules.md`).

#[cfg(feature = "form")]
pub mod dossier;
#[cfg(feature = "form")]
pub mod form;
mod json;
#[cfg(feature = "form")]
mod notice;
#[cfg(feature = "tablet")]
pub mod tablet;
