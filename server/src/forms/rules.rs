//! Which version is filled in where, and who sees a form.

use mobile_schema::Hash;
use serde::Serialize;
use utoipa::ToSchema;

use crate::areas::AreaPath;

/// A decision about which version is filled in where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Release {
    /// The version; none where the form is retired.
    pub(super) version: Option<Hash>,
    /// The area, and all below.
    pub(super) area: AreaPath,
}

/// Where a version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum VersionState {
    /// Nobody fills it in yet.
    Draft,
    /// It is filled in somewhere.
    Published,
    /// It was filled in somewhere, and is no longer.
    Retired,
}

/// The version that is filled in in an area: of the releases that cover it, the newest counts.
/// `releases` come oldest first.
pub(super) fn version_for(releases: &[Release], area: &AreaPath) -> Option<Hash> {
    let newest = releases.iter().rev().find(|release| area.is_in(&release.area));
    newest.and_then(|release| release.version)
}

/// The releases that still say what is filled in somewhere, oldest first: those that no newer one
/// covers.
pub(super) fn standing(releases: &[Release]) -> Vec<usize> {
    let covered = |at: &usize| {
        let mut newer = releases[at + 1..].iter();
        newer.any(|newer| releases[*at].area.is_in(&newer.area))
    };
    (0..releases.len()).filter(|at| !covered(at)).collect()
}

/// Where a version stands, by the releases of its form.
pub(super) fn state(version: &Hash, releases: &[Release]) -> VersionState {
    let is_it = |at: &usize| releases[*at].version.as_ref() == Some(version);
    if standing(releases).iter().any(is_it) {
        VersionState::Published
    } else if (0..releases.len()).any(|at| is_it(&at)) {
        VersionState::Retired
    } else {
        VersionState::Draft
    }
}

/// Whether a form of an area is of interest to somebody who works in `areas`: it is theirs, or
/// that of an area around theirs. What came with a pack is everybody's.
pub(super) fn is_visible(form: Option<&AreaPath>, areas: &[AreaPath]) -> bool {
    form.is_none_or(|form| areas.iter().any(|area| form.is_in(area) || area.is_in(form)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTY: &str = "52/";
    const TOWN: &str = "52/01/";
    const VILLAGE: &str = "52/01/07/";

    fn path(text: &str) -> AreaPath {
        AreaPath(text.to_owned())
    }

    fn hash(name: &str) -> Hash {
        Hash::of(name.as_bytes())
    }

    fn releases(all: &[(Option<&str>, &str)]) -> Vec<Release> {
        let release = |(version, area): &(Option<&str>, &str)| Release {
            version: version.map(hash),
            area: path(area),
        };
        all.iter().map(release).collect()
    }

    #[test]
    fn the_newest_release_that_covers_an_area_counts() {
        let staged = releases(&[(Some("one"), COUNTY), (Some("two"), TOWN)]);
        assert_eq!(version_for(&staged, &path(VILLAGE)), Some(hash("two")));
        assert_eq!(version_for(&staged, &path("52/02/01/")), Some(hash("one")));
        assert_eq!(version_for(&staged, &path("53/01/")), None);
        assert_eq!(standing(&staged), [0, 1]);
        // What is decided for the whole county afterwards is decided for the town, too.
        let all = releases(&[(Some("two"), TOWN), (Some("one"), COUNTY)]);
        assert_eq!(version_for(&all, &path(VILLAGE)), Some(hash("one")));
        assert_eq!(standing(&all), [1]);
    }

    #[test]
    fn a_form_is_retired_area_by_area() {
        let retired = releases(&[(Some("one"), COUNTY), (None, TOWN)]);
        assert_eq!(version_for(&retired, &path(VILLAGE)), None);
        assert_eq!(version_for(&retired, &path("52/02/")), Some(hash("one")));
        assert_eq!(state(&hash("one"), &retired), VersionState::Published);
        let everywhere = releases(&[(Some("one"), TOWN), (None, COUNTY)]);
        assert_eq!(state(&hash("one"), &everywhere), VersionState::Retired);
        assert_eq!(state(&hash("two"), &everywhere), VersionState::Draft);
    }

    #[test]
    fn a_form_is_seen_in_its_area_and_below() {
        let county = path(COUNTY);
        assert!(is_visible(Some(&county), &[path(TOWN)]), "the county's form, in a town");
        assert!(is_visible(Some(&path(TOWN)), std::slice::from_ref(&county)));
        assert!(!is_visible(Some(&path(TOWN)), &[path("52/02/")]));
        assert!(!is_visible(Some(&county), &[path("53/")]));
        assert!(is_visible(None, &[path("53/")]), "a pack's");
    }
}
