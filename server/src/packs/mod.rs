//! Program packs: installed from folders, served as immutable bundles.

mod changes;
mod embedded;
mod http;
mod install;
mod library;

pub use embedded::embedded_packs;
pub use http::routes;
pub use install::{InstallProblem, catalogue, install, install_builtin};
pub(crate) use install::{ledgers, newest, publish_template, store};
