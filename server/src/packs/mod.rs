//! Program packs: installed from folders, served as immutable bundles.

mod back;
mod changes;
mod definitions;
mod embedded;
mod http;
mod install;
mod library;

pub(crate) use definitions::{DefinitionVersion, changed, publish_own};
pub use embedded::embedded_packs;
pub use http::routes;
pub use install::{InstallProblem, catalogue, install, install_builtin};
pub(crate) use install::{ledgers, newest, store};
