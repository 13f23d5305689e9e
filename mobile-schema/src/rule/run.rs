//! Rules that are proved, run over a household.

use std::collections::BTreeMap;

use crate::expression::functions::date::Moment;
use crate::expression::tree::TOP;
use crate::expression::value::plain_number;
use crate::expression::{Code, Names, check};
use crate::facts::{Facts, text_of};
use crate::value::Value;

use super::citizen_id::CitizenId;
use super::set::{About, Check, Rule, RuleProblem, RuleSet, RuleSeverity};
use super::value::is_phone;

/// A household as rules see it: fields by name, of itself and of its members.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Household {
    /// The household's own fields.
    pub fields: BTreeMap<String, Value>,
    /// Each member's.
    pub members: Vec<BTreeMap<String, Value>>,
}

/// Something that doesn't hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id.
    pub rule: String,
    /// Whom it is about.
    pub place: Place,
    /// How sure it is.
    pub severity: RuleSeverity,
    /// The fields it is about.
    pub fields: Vec<String>,
    /// Whether an explanation ends it.
    pub explainable: bool,
}

/// Whom a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The household.
    Household,
    /// A member, counted from 0.
    Member(usize),
}

/// A set of rules that can be run.
#[derive(Debug)]
pub struct Rules {
    set: RuleSet,
    names: Names,
    /// When each rule is asked, and its expression.
    codes: Vec<(Option<Code>, Option<Code>)>,
}

impl Rules {
    /// Proves rules.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn new(set: RuleSet) -> Result<Self, Vec<RuleProblem>> {
        let problems = set.check();
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut names = Names::default();
        let mut compiled = |text: &str| check::compile(text, &mut names).ok();
        let codes = set
            .rules
            .iter()
            .map(|rule| {
                let expression = match &rule.check {
                    Check::Expression(text) => compiled(text),
                    _ => None,
                };
                (rule.when.as_deref().and_then(&mut compiled), expression)
            })
            .collect();
        Ok(Self { set, names, codes })
    }

    /// The rules as they are written.
    pub fn set(&self) -> &RuleSet {
        &self.set
    }

    /// What doesn't hold for a household on a day (`2026-11-25`), in the order of the rules.
    pub fn run(&self, household: &Household, today: &str) -> Vec<Finding> {
        let mut facts = Facts::new(&self.names, today);
        let root = facts.add(TOP, "household", &household.fields);
        let members: Vec<u32> =
            household.members.iter().map(|fields| facts.add(root, "member", fields)).collect();
        let mut findings = Vec::new();
        for (rule, (when, expression)) in self.set.rules.iter().zip(&self.codes) {
            let places: Vec<(Place, u32, &BTreeMap<String, Value>)> = match rule.about {
                About::Household => vec![(Place::Household, root, &household.fields)],
                About::Member => members
                    .iter()
                    .zip(&household.members)
                    .enumerate()
                    .map(|(at, (node, fields))| (Place::Member(at), *node, fields))
                    .collect(),
            };
            for (place, node, fields) in places {
                // What takes too long proves nothing.
                let holds = |code: &Code| facts.hold(code, node).unwrap_or(true);
                if when.as_ref().is_some_and(|when| !holds(when)) {
                    continue;
                }
                let fulfilled = match expression {
                    Some(code) => holds(code),
                    None => fulfils(&rule.check, fields, today),
                };
                if !fulfilled {
                    findings.push(finding(rule, place));
                }
            }
        }
        findings
    }
}

fn finding(rule: &Rule, place: Place) -> Finding {
    let mut fields = rule.fields.clone();
    match &rule.check {
        Check::CitizenId { field, born } => {
            fields.push(field.clone());
            fields.extend(born.clone());
        }
        Check::Phone { field } | Check::Date { field, .. } => fields.push(field.clone()),
        Check::Sum { total, parts } => {
            fields.push(total.clone());
            fields.extend(parts.iter().cloned());
        }
        Check::Expression(_) => {}
    }
    fields.dedup();
    Finding {
        rule: rule.id.clone(),
        place,
        severity: rule.severity,
        fields,
        explainable: rule.explainable,
    }
}

/// A field as words; nothing where it is empty.
fn words(fields: &BTreeMap<String, Value>, name: &str) -> String {
    fields.get(name).map(text_of).unwrap_or_default()
}

fn fulfils(check: &Check, fields: &BTreeMap<String, Value>, today: &str) -> bool {
    match check {
        Check::Expression(_) => true,
        Check::CitizenId { field, born } => {
            let text = words(fields, field);
            if text.is_empty() {
                return true;
            }
            let Ok(id) = CitizenId::parse(text.trim()) else { return false };
            let born = born.as_ref().map(|born| words(fields, born)).unwrap_or_default();
            let written = format!("{:04}-{:02}-{:02}", id.year, id.month, id.day);
            born.is_empty() || born == written
        }
        Check::Phone { field } => {
            let text = words(fields, field);
            text.is_empty() || is_phone(&text)
        }
        Check::Date { field, earliest, latest } => {
            let text = words(fields, field);
            if text.is_empty() {
                return true;
            }
            let day = |text: &str| {
                let text = if text == "today" { today } else { text };
                Moment::read(text).map(|moment| moment.day)
            };
            let Some(own) = day(&text) else { return false };
            let after = earliest.as_deref().and_then(day).is_none_or(|least| own >= least);
            let before = latest.as_deref().and_then(day).is_none_or(|most| own <= most);
            after && before
        }
        Check::Sum { total, parts } => {
            let number = |name: &String| plain_number(&words(fields, name));
            let all: Vec<f64> = parts.iter().filter_map(number).collect();
            match number(total) {
                // Where nothing is written, nothing is wrong.
                None => true,
                Some(_) if all.is_empty() => true,
                Some(total) => (all.iter().sum::<f64>() - total).abs() < 1e-6,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> BTreeMap<String, Value> {
        pairs
            .iter()
            .map(|(name, text)| {
                let value = text.parse::<i64>().map_or_else(|_| Value::from(*text), Value::from);
                // Identity numbers and phones are words, whatever they look like.
                let value = if text.len() > 9 { Value::from(*text) } else { value };
                ((*name).to_owned(), value)
            })
            .collect()
    }

    fn found(rules: &Rules, household: &Household) -> Vec<(String, Place)> {
        let findings = rules.run(household, "2026-11-25");
        findings.into_iter().map(|finding| (finding.rule, finding.place)).collect()
    }

    #[test]
    fn built_in_rules_find_what_is_wrong_and_nothing_else() {
        let rules = Rules::new(RuleSet::builtin()[0].clone()).expect("well-formed rules");
        let good = Household {
            fields: fields(&[
                ("head_citizen_id", "11010519491231002X"),
                ("phone", "13800138000"),
                ("persons", "2"),
            ]),
            members: vec![
                fields(&[
                    ("relation", "head"),
                    ("citizen_id", "11010519491231002X"),
                    ("born", "1949-12-31"),
                ]),
                fields(&[("relation", "child"), ("born", "1980-01-01"), ("id_type", "none")]),
                fields(&[("relation", "head"), ("left_household", "died")]),
            ],
        };
        assert_eq!(found(&rules, &good), []);
        assert_eq!(found(&rules, &Household::default()), []);
        let mut bad = good.clone();
        bad.fields.extend(fields(&[
            ("head_citizen_id", "110105194912310021"),
            ("phone", "12345"),
            ("persons", "3"),
        ]));
        bad.members[0].extend(fields(&[("born", "1949-12-30")]));
        bad.members[1].extend(fields(&[("born", "2030-01-01"), ("relation", "head")]));
        let of = |rule: &str, place| (rule.to_owned(), place);
        assert_eq!(
            found(&rules, &bad),
            [
                of("head-citizen-id", Place::Household),
                of("member-citizen-id", Place::Member(0)),
                of("phone", Place::Household),
                of("born", Place::Member(1)),
                of("one-head", Place::Household),
                of("persons-add-up", Place::Household),
            ]
        );
        bad.fields.extend(fields(&[("head_id_type", "unknown")]));
        assert!(!found(&rules, &bad).contains(&of("head-citizen-id", Place::Household)));
        let mut odd = good;
        odd.members[1].extend(fields(&[("born", "1940-01-01")]));
        assert_eq!(found(&rules, &odd), [of("child-older-than-head", Place::Member(1))]);
    }

    #[test]
    fn sums_of_the_field_that_do_not_add_up_are_found() {
        let sum = |total: &str, parts: &[&str]| {
            let names: Vec<String> = (0..parts.len()).map(|at| format!("part{at}")).collect();
            let set = RuleSet {
                name: "sums".to_owned(),
                version: 1,
                labels: crate::Labels::default(),
                rules: vec![Rule {
                    id: "sum".to_owned(),
                    about: About::Household,
                    severity: RuleSeverity::Doubt,
                    when: None,
                    check: Check::Sum { total: "total".to_owned(), parts: names.clone() },
                    fields: Vec::new(),
                    explainable: true,
                    message: crate::Labels(
                        [("zh-CN", "合计不符"), ("en", "It doesn't add up")]
                            .map(|(tag, words)| (tag.to_owned(), words.to_owned()))
                            .into(),
                    ),
                }],
                photos: None,
            };
            let mut household =
                Household { fields: fields(&[("total", total)]), members: Vec::new() };
            for (name, part) in names.iter().zip(parts) {
                household.fields.extend(fields(&[(name, part)]));
            }
            let rules = Rules::new(set).expect("rules");
            let findings = rules.run(&household, "2026-11-25");
            findings.first().map(|finding| finding.explainable)
        };
        assert_eq!(sum("60", &["27", "28", "6"]), Some(true));
        assert_eq!(sum("399", &["391", "10"]), Some(true));
        assert_eq!(sum("61", &["27", "28", "6"]), None);
        assert_eq!(sum("", &["27", "28", "6"]), None);
    }

    #[test]
    fn wrong_rules_are_told() {
        let [mut set, _] = RuleSet::builtin();
        let named = |id: &str| set.rules.iter().position(|rule| rule.id == id).expect("a rule");
        let [one_head, persons, last] =
            [named("one-head"), named("persons-add-up"), named("persons-add-up") + 1];
        set.rules[one_head].check = Check::Expression("cuont(member) =".to_owned());
        set.rules[persons].when = Some("cuont(member) = 1".to_owned());
        set.rules[last].id = "born".to_owned();
        set.rules[0].message.0.remove("en");
        let problems = Rules::new(set).expect_err("refused");
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "head-citizen-id: message: nothing in en",
                "one-head: The expression ends where a value, a question or a function should \
                 follow.",
                "persons-add-up: There is no function “cuont”. Did you mean “count”?",
                "born: another rule has this id",
            ]
        );
    }
}
