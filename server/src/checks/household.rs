//! A look at a household with its members, by rules.

use std::collections::BTreeMap;

use mobile_schema::rule::{self, Place, RuleSeverity};
use mobile_schema::{Catalogue, Value};
use sync_protocol::Record;
use sync_protocol::finding::Finding;

use super::{MOST_FINDINGS, RuleSets, Subject};

/// What doesn't hold for a household on a day.
pub(super) fn judge(
    subject: &Subject,
    rule_sets: &RuleSets,
    catalogue: &Catalogue,
    today: &str,
) -> Vec<Finding> {
    if subject.record.deleted {
        return Vec::new();
    }
    let household = rule::Household {
        fields: by_name(&subject.record, catalogue),
        members: subject.members.iter().map(|member| by_name(member, catalogue)).collect(),
    };
    let mut findings = Vec::new();
    for (hash, rules) in rule_sets {
        let set = rules.set();
        for found in rules.run(&household, today) {
            let Some(rule) = set.rules.iter().find(|rule| rule.id == found.rule) else { continue };
            let (record, fields) = match found.place {
                Place::Household => (&subject.record, &household.fields),
                Place::Member(at) => (&subject.members[at], &household.members[at]),
            };
            let value = |name: &String| {
                let value = fields.get(name).cloned().unwrap_or(Value::Null);
                (name.clone(), value)
            };
            findings.push(Finding {
                subject: record.id,
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
    findings.truncate(MOST_FINDINGS);
    findings
}

/// A record's values by the names of their fields.
fn by_name(record: &Record, catalogue: &Catalogue) -> BTreeMap<String, Value> {
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
