//! A list against the members on record.

use std::collections::{BTreeMap, BTreeSet};

use mobile_schema::{Hash, Labels, Value};
use serde::{Deserialize, Serialize};
use sync_protocol::finding::{Finding, ROSTER};
use sync_protocol::{RecordId, ScopeId};
use utoipa::ToSchema;

use super::read::Line;

/// What is expected of the members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Expects {
    /// All of them are on the list: of the insured.
    Listed,
    /// None of them is: of those who died, or own a car.
    Absent,
}

impl Expects {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Absent => "absent",
        }
    }
}

/// A member on record.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) id: RecordId,
    pub(super) scope: ScopeId,
    pub(super) name: String,
    /// What the citizen ID number is found by; none where there is none.
    pub(super) key: Option<Vec<u8>>,
}

/// How a member and the list differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Not on it.
    Missing,
    /// On it.
    Listed,
    /// Under another name.
    Name,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Listed => "listed",
            Self::Name => "name",
        }
    }
}

/// A member who differs.
#[derive(Clone, Debug)]
pub(super) struct Difference<'a> {
    pub(super) member: &'a Member,
    pub(super) kind: Kind,
    /// What the list says of them.
    pub(super) says: String,
}

/// What a comparison came to.
#[derive(Debug, Default)]
pub(super) struct Comparison<'a> {
    /// Members who are on the list.
    pub(super) matched: usize,
    /// Members without a number on record, who can't be compared.
    pub(super) without_id: usize,
    /// People on the list who are no members here.
    pub(super) elsewhere: usize,
    pub(super) differences: Vec<Difference<'a>>,
}

/// Compares. `key` says what a number is found by.
pub(super) fn compare<'a>(
    lines: &[Line],
    members: &'a [Member],
    expects: Expects,
    key: impl Fn(&str) -> Vec<u8>,
) -> Comparison<'a> {
    let listed: BTreeMap<Vec<u8>, &Line> =
        lines.iter().map(|line| (key(&line.citizen_id), line)).collect();
    let mut comparison = Comparison::default();
    let mut here = BTreeSet::new();
    for member in members {
        let Some(key) = &member.key else {
            comparison.without_id += 1;
            continue;
        };
        let line = listed.get(key);
        comparison.matched += usize::from(line.is_some());
        here.extend(line.map(|_| key));
        let mut differs = |kind, says: &str| {
            comparison.differences.push(Difference { member, kind, says: says.to_owned() });
        };
        match (line, expects) {
            (None, Expects::Listed) => differs(Kind::Missing, ""),
            (Some(line), Expects::Absent) => differs(Kind::Listed, &line.detail),
            _ => {}
        }
        if let Some(line) = line
            && !line.name.is_empty()
            && !is_same_name(&line.name, &member.name)
        {
            differs(Kind::Name, &line.name);
        }
    }
    comparison.elsewhere = listed.len() - here.len();
    comparison
}

/// Spaces, and the dot in the names of some peoples, are written in many ways.
fn is_same_name(one: &str, other: &str) -> bool {
    let plain = |name: &str| {
        let counts = |one: &char| one.is_alphanumeric();
        name.chars().filter(counts).collect::<String>().to_lowercase()
    };
    plain(one) == plain(other)
}

/// Where a list comes from, in words.
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) department: &'a str,
    pub(super) as_of: &'a str,
    /// The SHA-256 of the file.
    pub(super) file: Hash,
}

impl Source<'_> {
    /// The rule of its findings. The next list of the same name is asked about in their place.
    pub(super) fn rule(&self) -> String {
        rule(self.name)
    }

    /// What people are asked about a difference.
    pub(super) fn finding(&self, difference: &Difference<'_>) -> Finding {
        let Self { name, department, as_of, file } = self;
        let (zh, en) = match difference.kind {
            Kind::Missing => (
                format!("{department}《{name}》（{as_of}）上没有此人，请核实并说明原因"),
                format!("Not on “{name}” of {department} ({as_of}): find out whether and why"),
            ),
            Kind::Listed => (
                format!("{department}《{name}》（{as_of}）上有此人，请核实"),
                format!("On “{name}” of {department} ({as_of}): find out whether that is so"),
            ),
            Kind::Name => (
                format!("{department}《{name}》（{as_of}）上的姓名与登记的不同，请核对证件"),
                format!("Another name on “{name}” of {department} ({as_of}): compare with the ID"),
            ),
        };
        let says = Some(difference.says.as_str()).filter(|says| !says.is_empty());
        Finding {
            subject: difference.member.id,
            rule: self.rule(),
            place: difference.kind.name().to_owned(),
            severity: "doubt",
            message: Labels([("zh-CN".to_owned(), zh), ("en".to_owned(), en)].into()),
            evidence: says.map(|says| ("list".to_owned(), Value::from(says))).into_iter().collect(),
            judged_by: *file,
            explainable: true,
        }
    }
}

/// The rule of a list's findings.
pub(super) fn rule(name: &str) -> String {
    format!("{ROSTER}{name}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn member(number: u128, name: &str, id: Option<&str>) -> Member {
        Member {
            id: RecordId(Uuid::from_u128(number)),
            scope: "area:1".parse().unwrap(),
            name: name.to_owned(),
            key: id.map(|id| id.as_bytes().to_vec()),
        }
    }

    fn line(id: &str, name: &str) -> Line {
        Line { citizen_id: id.to_owned(), name: name.to_owned(), detail: "贵J12345".to_owned() }
    }

    fn found(expects: Expects) -> (Vec<(u128, Kind, String)>, [usize; 3]) {
        let members = [
            member(1, "王某", Some("A")),
            member(2, "买买提·吐尔逊", Some("B")),
            member(3, "李某", Some("C")),
            member(4, "赵某", None),
            member(5, "周某", Some("E")),
        ];
        let lines =
            [line("A", "王 某"), line("B", "买买提.吐尔逊"), line("C", "李木"), line("Z", "?")];
        let key = |id: &str| id.as_bytes().to_vec();
        let comparison = compare(&lines, &members, expects, key);
        let differences = comparison.differences.iter();
        let told = differences.map(|one| (one.member.id.0.as_u128(), one.kind, one.says.clone()));
        let Comparison { matched, without_id, elsewhere, .. } = comparison;
        (told.collect(), [matched, without_id, elsewhere])
    }

    #[test]
    fn who_should_be_listed_and_is_not_differs() {
        let missing = (5, Kind::Missing, String::new());
        let (told, counts) = found(Expects::Listed);
        assert_eq!(told, [(3, Kind::Name, "李木".to_owned()), missing]);
        assert_eq!(counts, [3, 1, 1]);
    }

    #[test]
    fn who_should_be_absent_and_is_listed_differs() {
        let listed = |number| (number, Kind::Listed, "贵J12345".to_owned());
        let (told, _) = found(Expects::Absent);
        assert_eq!(told, [listed(1), listed(2), listed(3), (3, Kind::Name, "李木".to_owned())]);
    }
}
