//! The county's areas, households and people as operations.

use mobile_schema::{Catalogue, Value};
use sync_protocol::op::{Change, Fields, Group, Op};
use sync_protocol::{GroupId, Hlc, RecordId, ScopeId, UserId};
use uuid::Uuid;

use super::names::Invention;
use crate::areas::Area;
use crate::db::Timestamp;

/// The county's code; no such region exists.
pub const COUNTY: &str = "529901000000";
const TOWNSHIPS: [(&str, &str); 2] =
    [("529901100000", "青溪镇（虚构）"), ("529901101000", "云岭乡（虚构）")];
/// The villages: code and name.
pub const VILLAGES: [(&str, &str); 6] = [
    ("529901100201", "桃源村（虚构）"),
    ("529901100202", "柳树村（虚构）"),
    ("529901100203", "石桥村（虚构）"),
    ("529901101201", "高坡村（虚构）"),
    ("529901101202", "白水村（虚构）"),
    ("529901101203", "松林村（虚构）"),
];
const HOUSEHOLDS_PER_VILLAGE: usize = 52;

pub(super) fn areas() -> Vec<Area> {
    let area = |code: &str, parent: Option<&str>, level: &str, name: &str| Area {
        code: code.to_owned(),
        parent: parent.map(str::to_owned),
        level: level.to_owned(),
        name: name.to_owned(),
    };
    let mut areas = vec![area(COUNTY, None, "county", "示范县（虚构）")];
    areas.extend(TOWNSHIPS.map(|(code, name)| area(code, Some(COUNTY), "township", name)));
    areas.extend(VILLAGES.map(|(code, name)| {
        let parent = format!("{}000", &code[..9]);
        area(code, Some(&parent), "village", name)
    }));
    areas
}

/// Every household with its members, as one group each, and a task for each village.
pub(super) fn operations(catalogue: &Catalogue, author: UserId, now: Timestamp) -> Vec<Op> {
    let mut writer = Writer { catalogue, author, now, counter: 0, ops: Vec::new() };
    let mut invention = Invention::new(2026);
    for (code, _) in VILLAGES {
        let Ok(scope) = ScopeId::area(code) else { continue };
        for number in 0..HOUSEHOLDS_PER_VILLAGE {
            household(&mut writer, &mut invention, &scope, number);
        }
        let title = "本月走访全部监测对象（虚构）";
        let fields =
            Fields::from([(2, title.into()), (3, "2026-12-15".into()), (4, "open".into())]);
        writer.create("task", &scope, fields, None);
    }
    writer.ops
}

struct Writer<'a> {
    catalogue: &'a Catalogue,
    author: UserId,
    now: Timestamp,
    counter: u32,
    ops: Vec<Op>,
}

impl Writer<'_> {
    fn create(
        &mut self,
        collection: &str,
        scope: &ScopeId,
        fields: Fields,
        group: Option<Group>,
    ) -> RecordId {
        let record = RecordId(Uuid::now_v7());
        self.counter += 1;
        if let Some((definition, _)) = self.catalogue.current(collection) {
            self.ops.push(Op {
                collection: collection.to_owned(),
                record,
                scope: scope.clone(),
                base: None,
                change: Change::Create { fields },
                at: Hlc { wall: self.now.milliseconds(), counter: self.counter, node: 0 },
                definition,
                author: self.author,
                blobs: Vec::new(),
                group,
            });
        }
        record
    }
}

fn household(writer: &mut Writer<'_>, invention: &mut Invention, scope: &ScopeId, number: usize) {
    // Three, four and five in turn: 1,242 people in 312 households.
    let persons = 3 + number % 3;
    let group = Some(Group { id: GroupId(Uuid::now_v7()), size: 1 + persons as u16 });
    let surname = invention.surname();
    let head = format!("{surname}{}", invention.given());
    let (citizen_id, born) = {
        let year = 1950 + invention.below(40);
        invention.citizen_id(year)
    };
    // A household can be of several kinds at once.
    let kinds: [&[&str]; 6] = [
        &["general"],
        &["general"],
        &["poverty_lifted"],
        &["poverty_lifted", "low_income"],
        &["low_income"],
        &["poverty_lifted", "unstable"],
    ];
    let income = Value::Integer((2_400 + invention.below(9_000) as i64) * persons as i64 * 100);
    let lat = Value::Integer(262_000_000 + invention.below(400_000) as i64);
    let lon = Value::Integer(1_072_000_000 + invention.below(400_000) as i64);
    let place = [("lat", lat), ("lon", lon), ("accuracy", Value::Integer(12))];
    let fields = Fields::from([
        (1, head.clone().into()),
        (2, citizen_id.clone().into()),
        (3, "resident".into()),
        (4, format!("{} 组 {} 号", 1 + number / 10, 1 + number % 10).into()),
        (5, format!("199000{:05}", invention.below(100_000)).into()),
        (6, Value::Map(place.map(|(name, value)| (name.to_owned(), value)).into())),
        (7, invention.pick(&kinds).iter().copied().map(Value::from).collect()),
        (8, income),
        (10, guarantees(number).map(Value::from).collect()),
        (13, Value::Integer(persons as i64)),
        (14, true.into()),
    ]);
    let household = writer.create("household", scope, fields, group);
    let relations = ["head", "spouse", "child", "child", "parent"];
    for (place, relation) in relations.iter().take(persons).enumerate() {
        let (name, citizen_id, born) = match *relation {
            "head" => (head.clone(), citizen_id.clone(), born.clone()),
            "child" => {
                let year = 2005 + invention.below(15);
                let (id, born) = invention.citizen_id(year);
                (format!("{surname}{}", invention.given()), id, born)
            }
            _ => {
                let year = 1940 + 12 * (5 - place as u64) + invention.below(8);
                let (id, born) = invention.citizen_id(year);
                (format!("{}{}", invention.surname(), invention.given()), id, born)
            }
        };
        let fields = Fields::from([
            (1, household.to_string().into()),
            (2, name.into()),
            (3, citizen_id.into()),
            (4, "resident".into()),
            (5, (*relation).into()),
            (6, born.into()),
        ]);
        writer.create("member", scope, fields, group);
    }
}

/// What a household has of the two assurances and three guarantees: some houses and wells are still to
/// be mended.
fn guarantees(number: usize) -> impl Iterator<Item = &'static str> {
    let all = ["food", "clothing", "schooling", "health_care", "housing", "water"];
    let lacks = move |name: &str| match name {
        "housing" => number % 9 == 4,
        "water" => number % 13 == 7,
        _ => false,
    };
    all.into_iter().filter(move |name| !lacks(name))
}

/// The operations in stretches of about `most`, no group divided.
pub(super) fn whole_groups(ops: &[Op], most: usize) -> Vec<&[Op]> {
    let mut stretches = Vec::new();
    let mut rest = ops;
    while rest.len() > most {
        let mut cut = most;
        while cut > 1 && rest[cut].group.is_some() && rest[cut].group == rest[cut - 1].group {
            cut -= 1;
        }
        let (stretch, later) = rest.split_at(cut);
        stretches.push(stretch);
        rest = later;
    }
    stretches.push(rest);
    stretches
}

#[cfg(test)]
mod tests {
    use mobile_schema::register::builtin_registers;
    use mobile_schema::rule::citizen_id::CitizenId;

    use super::*;

    #[test]
    fn everybody_has_a_valid_invented_number() {
        let catalogue = builtin_registers().into_iter().collect();
        let ops = operations(&catalogue, UserId(Uuid::nil()), Timestamp(0));
        let members: Vec<_> = ops.iter().filter(|op| op.collection == "member").collect();
        assert_eq!(members.len(), 1_242);
        for op in members {
            let Change::Create { fields } = &op.change else { panic!("{op:?}") };
            let id = CitizenId::parse(fields[&3].as_text().unwrap()).unwrap();
            assert_eq!(id.region, 529_901, "no such region exists");
        }
    }

    #[test]
    fn no_group_is_divided() {
        let catalogue = builtin_registers().into_iter().collect();
        let ops = operations(&catalogue, UserId(Uuid::nil()), Timestamp(0));
        let stretches = whole_groups(&ops, 100);
        for pair in stretches.windows(2) {
            assert_ne!(pair[0].last().unwrap().group, pair[1][0].group);
        }
        assert_eq!(stretches.iter().map(|stretch| stretch.len()).sum::<usize>(), ops.len());
    }
}
