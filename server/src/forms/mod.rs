//! Survey forms: uploaded by admins, tried, published area by area, fetched by tablets.
//!
//! A version never changes: it is a bundle, named by its hash, with its XForm, what it was made
//! from and the files that go with it. What does change is where which version is filled in, and
//! that is told by releases, which are only ever added. `docs/architecture.md`, "Forms on the
//! server".

mod admin;
mod carry;
mod compiled;
mod fetch;
mod queries;
mod release;
mod rules;
mod trial;
mod upload;

use mobile_schema::Hash;
use mobile_schema::form::FormBundle;
use sync_protocol::UserId;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(crate) use admin::wanted_files;
pub(crate) use compiled::{Compiled, Compiler, world};
pub(crate) use fetch::may_fetch;
pub(crate) use queries::{add_version, release_all, versions_seen};

/// A version to add to a form.
pub(crate) struct NewVersion<'a> {
    /// Whose form it is: the code of an area, or none for those of packs.
    pub(crate) area: Option<&'a str>,
    /// The version.
    pub(crate) bundle: &'a FormBundle,
    /// What it was made from.
    pub(crate) source: &'a [u8],
    /// The pack it comes with.
    pub(crate) pack: Option<&'a str>,
    /// Who adds it.
    pub(crate) by: Option<UserId>,
}

/// What became of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Added {
    /// The form.
    pub(crate) form: Uuid,
    /// The version.
    pub(crate) hash: Hash,
    /// Whether it was not there before.
    pub(crate) is_new: bool,
}

/// A decision about which version is filled in where.
struct NewRelease<'a> {
    form: Uuid,
    /// None where the form is retired.
    version: Option<Hash>,
    /// The code of the area; it holds there and in all below.
    area: &'a str,
    reason: &'a str,
    by: UserId,
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(upload::check).service(upload::upload);
    config.service(admin::list).service(admin::show).service(admin::show_version);
    config.service(admin::translations);
    config.service(admin::diff).service(admin::source).service(admin::xform);
    config.service(carry::carry);
    config.service(trial::try_out).service(release::release);
    config.service(fetch::list).service(fetch::file);
}
