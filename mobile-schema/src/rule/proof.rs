//! What rules have to be before they are published: what a person can read, about fields there are.

use super::set::{About, Check, Fault, Rule, RuleProblem, RuleSet};
use crate::expression::problem::nearest;
use crate::expression::syntax::{Axis, Kind, Node, Start, Step, Test, parse};
use crate::{RegisterDefinition, Words};

/// The longest name of a set or a rule, in characters.
const MAX_NAME: usize = 60;

impl RuleSet {
    /// Everything that keeps the rules from being published: what [`Self::check`] finds, names that
    /// are none, and fields that the registers of households and members don't have.
    ///
    /// What was published before is run by [`super::Rules`] all the same: a field that is not there
    /// is an empty one.
    pub fn check_to_publish(
        &self,
        household: &RegisterDefinition,
        member: &RegisterDefinition,
    ) -> Vec<RuleProblem> {
        let mut problems = self.check();
        let whole = |message| RuleProblem { rule: String::new(), fault: Fault::Said(message) };
        if !is_name(&self.name) {
            problems.push(whole(Words::new(
                format!("名称“{}”只能用小写字母、数字、_ 和 -", self.name),
                format!("the name “{}” is not of small letters, digits, _ and -", self.name),
            )));
        }
        for language in self.labels.missing_languages() {
            problems.push(whole(Words::missing("labels", language)));
        }
        for rule in &self.rules {
            if !is_name(&rule.id) {
                let message = Words::new(
                    "编号只能用小写字母、数字、_ 和 -",
                    "the id is not of small letters, digits, _ and -",
                );
                problems.push(RuleProblem { rule: rule.id.clone(), fault: Fault::Said(message) });
            }
            let mut reader =
                Reader { household, member, own: Place::of(rule.about), wrong: Vec::new() };
            reader.rule(rule);
            let told = reader.wrong.into_iter();
            problems.extend(
                told.map(|message| RuleProblem {
                    rule: rule.id.clone(),
                    fault: Fault::Said(message),
                }),
            );
        }
        problems
    }
}

fn is_name(text: &str) -> bool {
    let is_plain = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit();
    text.starts_with(is_plain)
        && text.len() <= MAX_NAME
        && text.chars().all(|one| is_plain(one) || one == '-' || one == '_')
}

/// Where in a household an expression stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Above the household.
    Top,
    Household,
    Member,
    /// A field of the household.
    HouseholdField,
    /// A field of a member.
    MemberField,
    /// Nobody can tell before it runs.
    Unknown,
}

impl Place {
    fn of(about: About) -> Self {
        match about {
            About::Household => Self::Household,
            About::Member => Self::Member,
        }
    }

    fn up(self) -> Self {
        match self {
            Self::Household => Self::Top,
            Self::Member | Self::HouseholdField => Self::Household,
            Self::MemberField => Self::Member,
            Self::Top | Self::Unknown => Self::Unknown,
        }
    }
}

/// Reads a rule's expressions for the fields they name.
struct Reader<'a> {
    household: &'a RegisterDefinition,
    member: &'a RegisterDefinition,
    own: Place,
    wrong: Vec<Words>,
}

impl Reader<'_> {
    fn rule(&mut self, rule: &Rule) {
        let own = self.own;
        let mut expressions = vec![rule.when.as_deref()];
        let mut fields: Vec<&String> = rule.fields.iter().collect();
        match &rule.check {
            Check::Expression(text) => expressions.push(Some(text)),
            Check::CitizenId { field, born } => {
                fields.extend([Some(field), born.as_ref()].into_iter().flatten())
            }
            Check::Phone { field } | Check::Date { field, .. } => fields.push(field),
            Check::Sum { total, parts } => {
                fields.push(total);
                fields.extend(parts);
            }
        }
        for field in fields {
            // The members are no field.
            if self.child(own, field) == Place::Member {
                self.unknown(own, field);
            }
        }
        // What can't be read is told of already.
        let read = expressions.into_iter().flatten().filter_map(|text| parse(text).ok());
        for node in read.collect::<Vec<_>>() {
            self.node(&node, own);
        }
    }

    fn node(&mut self, node: &Node, at: Place) {
        match &node.kind {
            Kind::Number(_) | Kind::Text(_) => {}
            Kind::Reference { name, .. } => {
                self.child(at, name);
            }
            Kind::Negate(inner) => self.node(inner, at),
            Kind::Binary(_, left, right) => {
                self.node(left, at);
                self.node(right, at);
            }
            Kind::Call { arguments, .. } => {
                for argument in arguments {
                    self.node(argument, at);
                }
            }
            Kind::Path { start, steps } => self.path(start, steps, at),
        }
    }

    fn path(&mut self, start: &Start, steps: &[Step], at: Place) {
        let mut here = match start {
            Start::Root => Place::Top,
            Start::Here => at,
            Start::From(from, predicates) => {
                let is_current = matches!(&from.kind, Kind::Call { name, .. } if name == "current");
                self.node(from, at);
                let here = if is_current { self.own } else { Place::Unknown };
                for predicate in predicates {
                    self.node(predicate, here);
                }
                here
            }
        };
        for step in steps {
            here = match (step.axis, &step.test) {
                (Axis::Own, _) => here,
                (Axis::Parent, _) => here.up(),
                (Axis::Child, Test::Name(name)) => self.child(here, name),
                _ => Place::Unknown,
            };
            for predicate in &step.predicates {
                self.node(predicate, here);
            }
        }
    }

    /// What is of this name below a place; what isn't there is told.
    fn child(&mut self, at: Place, name: &str) -> Place {
        match at {
            Place::Top if name == "household" => Place::Household,
            Place::Household if name == "member" => Place::Member,
            Place::Household if self.household.field_named(name).is_some() => Place::HouseholdField,
            Place::Member if self.member.field_named(name).is_some() => Place::MemberField,
            Place::Top | Place::Household | Place::Member => {
                self.unknown(at, name);
                Place::Unknown
            }
            Place::HouseholdField | Place::MemberField | Place::Unknown => Place::Unknown,
        }
    }

    fn unknown(&mut self, at: Place, name: &str) {
        let register = if at == Place::Member { self.member } else { self.household };
        let known = register.fields.iter().map(|field| field.name.as_str());
        let known = known.chain((at == Place::Household).then_some("member"));
        let meant = nearest(name, known);
        let (zh, en) = (register.labels.in_language("zh-CN"), register.labels.in_language("en"));
        let told = Words::new(
            format!(
                "“{zh}”没有字段“{name}”。{}",
                meant.map_or_else(String::new, |meant| format!("是不是想写“{meant}”？"))
            ),
            format!(
                "“{en}” has no field “{name}”.{}",
                meant.map_or_else(String::new, |meant| format!(" Did you mean “{meant}”?"))
            ),
        );
        if !self.wrong.contains(&told) {
            self.wrong.push(told);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::builtin_registers;
    use crate::rule::RuleSet;

    fn told(set: &RuleSet) -> Vec<String> {
        let registers = builtin_registers();
        let named = |name: &str| registers.iter().find(|one| one.name == name).expect("built in");
        let problems = set.check_to_publish(named("household"), named("member"));
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_built_in_rules_name_fields_there_are() {
        for set in RuleSet::builtin() {
            assert_eq!(told(&set), [""; 0]);
        }
    }

    #[test]
    fn fields_are_looked_for_where_they_stand() {
        let [mut set, _] = RuleSet::builtin();
        set.rules.truncate(2);
        set.name = "My rules".to_owned();
        set.rules[0].when = Some("count(member[relatoin = 'head' and persons > 1]) > 0".to_owned());
        set.rules[0].check =
            Check::Expression("yearly_incom > 0 and /household/persons > 0".to_owned());
        set.rules[1].when =
            Some("../persons > 0 and ../relation = 'head' and ${born} != ''".to_owned());
        set.rules[1].check =
            Check::Expression("../member[born = current()/brn]/born != ''".to_owned());
        set.rules[1].fields = vec!["member".to_owned()];
        set.rules[1].id = "Zwei".to_owned();
        assert_eq!(
            told(&set),
            [
                ": the name “My rules” is not of small letters, digits, _ and -",
                "head-citizen-id: “Household member” has no field “relatoin”. Did you mean “relation”?",
                "head-citizen-id: “Household member” has no field “persons”.",
                "head-citizen-id: “Household” has no field “yearly_incom”. Did you mean “yearly_income”?",
                "Zwei: the id is not of small letters, digits, _ and -",
                "Zwei: “Household member” has no field “member”.",
                "Zwei: “Household” has no field “relation”.",
                "Zwei: “Household member” has no field “brn”. Did you mean “born”?",
            ]
        );
    }
}
