//! A look at a household with its members, by rules: the same on the tablet and on the server.

use std::collections::BTreeMap;
use std::sync::Arc;

use mobile_schema::rule::{self, Place, RuleSeverity, Rules};
use mobile_schema::{Catalogue, Hash, Value};

use super::{Finding, MOST_FINDINGS, lacks};
use crate::{RecordId, Row};

/// Rules by the hash of their bundle, ready to be run.
pub type RuleSets = Vec<(Hash, Arc<Rules>)>;

/// What doesn't hold for a household and its living members on a day (`YYYY-MM-DD`), in the order of
/// the rules.
pub fn judge_household(
    household: &Row,
    members: &[Row],
    rule_sets: &RuleSets,
    catalogue: &Catalogue,
    today: &str,
) -> Vec<Finding> {
    let subject = rule::Household {
        fields: by_name(household, catalogue),
        members: members.iter().map(|member| by_name(member, catalogue)).collect(),
    };
    let mut findings = Vec::new();
    for (hash, rules) in rule_sets {
        let set = rules.set();
        for found in rules.run(&subject, today) {
            let Some(rule) = set.rules.iter().find(|rule| rule.id == found.rule) else { continue };
            let (record, fields): (RecordId, _) = match found.place {
                Place::Household => (household.id, &subject.fields),
                Place::Member(at) => (members[at].id, &subject.members[at]),
            };
            let value = |name: &String| {
                let value = fields.get(name).cloned().unwrap_or(Value::Null);
                (name.clone(), value)
            };
            findings.push(Finding {
                subject: record,
                rule: format!("{}/{}", set.name, rule.id),
                place: String::new(),
                severity: match found.severity {
                    RuleSeverity::Error => "error",
                    RuleSeverity::Doubt => "doubt",
                },
                message: rule.message.clone(),
                evidence: found.fields.iter().map(value).collect(),
                judged_by: *hash,
                explainable: found.explainable,
            });
        }
    }
    for record in std::iter::once(household).chain(members) {
        findings.extend(lacks(record, catalogue));
    }
    findings.truncate(MOST_FINDINGS);
    findings
}

/// A record's values by the names of their fields.
fn by_name(record: &Row, catalogue: &Catalogue) -> BTreeMap<String, Value> {
    let current = catalogue.current(&record.collection).map(|(_, definition)| definition);
    let Some(definition) = catalogue.get(&record.definition).or(current) else {
        return BTreeMap::new();
    };
    let named = record
        .fields
        .iter()
        .filter_map(|(id, value)| Some((definition.field(*id)?.name.clone(), value.clone())));
    named.collect()
}
