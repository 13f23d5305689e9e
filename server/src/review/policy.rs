//! What makes a visit urgent and what needs two people: set in data, by a person, with a reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What holds until a county sets its own.
const BUILTIN: &str = include_str!("policy.toml");

/// What makes a visit urgent, and what needs two people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    /// Of each hundred visits that are looked at, how many are drawn by lot: 0 to 100.
    pub(super) random_percent: u32,
    /// What a visit that came back corrected adds.
    pub(super) resubmitted: u32,
    /// Visits this urgent are passed by two people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) second_from: Option<u32>,
    /// What an open finding adds, by its rule; the longest name that the rule begins with counts.
    pub(super) weights: BTreeMap<String, u32>,
}

/// Weights at most, and how heavy each.
const MOST_WEIGHTS: usize = 200;
const HEAVIEST: u32 = 1_000;

impl Policy {
    /// What holds until a county sets its own.
    pub(super) fn builtin() -> Self {
        toml::from_str(BUILTIN).expect("the built-in policy is well-formed")
    }

    /// What is wrong with it, for the person who sets it.
    pub(super) fn problem(&self) -> Option<String> {
        if self.random_percent > 100 {
            return Some("random_percent: 0 to 100".to_owned());
        }
        if self.weights.len() > MOST_WEIGHTS {
            return Some(format!("weights: at most {MOST_WEIGHTS}"));
        }
        let heavy = self.weights.values().copied();
        if heavy.chain([self.resubmitted]).any(|weight| weight > HEAVIEST) {
            return Some(format!("weights: at most {HEAVIEST} each"));
        }
        None
    }

    /// What an open finding of this rule adds.
    pub(super) fn weight(&self, rule: &str) -> u32 {
        let fitting = self.weights.iter().filter(|(name, _)| rule.starts_with(name.as_str()));
        fitting.max_by_key(|(name, _)| name.len()).map_or(0, |(_, weight)| *weight)
    }

    /// Whether two people must pass a visit with these open findings.
    pub(super) fn needs_second<'a>(&self, rules: impl Iterator<Item = &'a str>) -> bool {
        let urgency: u32 = rules.map(|rule| self.weight(rule)).sum();
        self.second_from.is_some_and(|from| urgency >= from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_policy_can_be_read_and_is_right() {
        assert_eq!(Policy::builtin().problem(), None);
    }

    #[test]
    fn the_longest_name_counts() {
        let policy = Policy::builtin();
        assert_eq!(policy.weight("photo/reused"), 60);
        assert_eq!(policy.weight("photo/dark"), 10);
        assert_eq!(policy.weight("household/sum"), 5);
    }

    #[test]
    fn two_people_are_needed_from_where_the_policy_says() {
        let mut policy = Policy::builtin();
        let rules = ["photo/reused", "photo/edited"];
        assert!(!policy.needs_second(rules.into_iter()), "nobody asked for it");
        policy.second_from = Some(100);
        assert!(policy.needs_second(rules.into_iter()));
        assert!(!policy.needs_second(["photo/reused"].into_iter()));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let policy = Policy { random_percent: 101, ..Policy::builtin() };
        assert!(policy.problem().is_some());
        let policy = Policy { resubmitted: 5_000, ..Policy::builtin() };
        assert!(policy.problem().is_some());
    }
}
