//! Areas: county, townships, villages, as a tree that rights and scopes follow.

pub mod command;
mod http;
mod import;
mod queries;

use std::collections::BTreeMap;

use serde::Serialize;
use sync_protocol::ScopeId;
use utoipa::ToSchema;

pub use http::routes;
pub use queries::{add, paths_of, scopes_under, under};
pub(crate) use queries::{count, is_everywhere, names_of, narrowed, roots, scopes_within};

/// Every code from the root of the tree down to an area, each followed by a slash. An area lies
/// in another if its path starts with the other's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AreaPath(pub String);

impl AreaPath {
    /// Whether this area is `other` or lies in it.
    pub fn is_in(&self, other: &AreaPath) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The codes of the areas it lies in and its own, from the root down.
    pub fn codes(&self) -> impl Iterator<Item = String> + '_ {
        self.0.split_terminator('/').map(str::to_owned)
    }

    /// Its own code.
    pub fn code(&self) -> &str {
        self.0.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }
}

/// An area.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Area {
    /// Its code: 12 digits of the national code, or whatever the county uses.
    pub code: String,
    /// The area it lies in.
    pub parent: Option<String>,
    /// `province`, `prefecture`, `county`, `township` or `village`.
    pub level: String,
    /// Its name.
    pub name: String,
}

/// What every area comes to with all below it, by code: what a village comes to, everything around
/// it comes to. Costs as much as there are areas.
pub(crate) fn rolled_up<T: Clone>(
    all: &[Area],
    of_village: impl Fn(&Area) -> Option<T>,
    nothing: impl Fn() -> T,
    add: impl Fn(&mut T, &T),
) -> BTreeMap<String, T> {
    let parents: BTreeMap<&str, Option<&str>> =
        all.iter().map(|area| (area.code.as_str(), area.parent.as_deref())).collect();
    let mut sums: BTreeMap<String, T> =
        all.iter().map(|area| (area.code.clone(), nothing())).collect();
    for village in all.iter().filter(|area| area.level == "village") {
        let Some(own) = of_village(village) else { continue };
        let mut around = Some(village.code.as_str());
        while let Some(sum) = around.and_then(|code| sums.get_mut(code)) {
            add(sum, &own);
            around = around.and_then(|code| parents.get(code).copied().flatten());
        }
    }
    sums
}

/// The scope that a village's records are in.
pub(crate) fn scope_of(area: &Area) -> String {
    format!("area:{}", area.code)
}

/// The area codes among `scopes`.
pub fn codes(scopes: impl IntoIterator<Item = ScopeId>) -> Vec<String> {
    scopes.into_iter().filter_map(|scope| scope.area_code().map(str::to_owned)).collect()
}
