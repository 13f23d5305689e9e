//! Ledgers (台账): what a pack's registers come to, village by village, as its text says. Numbers
//! always have what they are out of, and whoever is missing is named, not rounded away.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::register::FieldType;
use crate::{FieldId, Labels, RegisterDefinition, Words};

/// A ledger about the records of one register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerDefinition {
    /// Its name, `snake_case`.
    pub name: String,
    /// Counts up with each change.
    pub version: u32,
    /// What stands above it.
    pub title: Labels,
    /// The register it is about.
    pub register: String,
    /// Its columns; neighbours with the same group share a header.
    #[serde(rename = "column")]
    pub columns: Vec<Column>,
    /// Its indicators.
    #[serde(rename = "indicator", default)]
    pub indicators: Vec<Indicator>,
}

/// A column: how many records pass all tests, or what a field of theirs sums up to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The header above its own, as official tables have it.
    #[serde(default)]
    pub group: Labels,
    /// Its header.
    pub label: Labels,
    /// Which records count.
    #[serde(default)]
    pub when: Vec<Test>,
    /// The field that is summed up instead of counting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<String>,
    /// What money is told in; yuan unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// The colour it is shown in beside its words, for alert levels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<Tone>,
}

/// What sums of money are told in. Registers keep fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 元
    Yuan,
    /// 万元
    TenThousandYuan,
}

impl Unit {
    /// A sum of fen in it, exactly; with at least two digits behind the point.
    fn of_fen(self, fen: Decimal) -> Option<Decimal> {
        let places = match self {
            Self::Yuan => 2,
            Self::TenThousandYuan => 6,
        };
        let told = fen.checked_mul(Decimal::new(1, places))?.normalize();
        let mut padded = told;
        padded.rescale(told.scale().max(2));
        Some(padded)
    }
}

/// A colour that points at something; words always say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// As of alerts of level I.
    Red,
    /// As of alerts of level II.
    Yellow,
    /// As of alerts of level III.
    Blue,
    /// What is settled.
    Green,
}

/// A share, with whoever is not in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// What it is called.
    pub label: Labels,
    /// The records it is out of.
    #[serde(default)]
    pub of: Vec<Test>,
    /// Those of them that count as met.
    pub met: Vec<Test>,
}

/// A test of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Test {
    /// A field has one of some values.
    Is {
        /// The field's name.
        field: String,
        /// The values.
        is: Vec<String>,
    },
    /// It was recorded at some time.
    Created {
        /// When.
        created: When,
    },
}

/// A time, seen from the period that a ledger is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// In the period.
    Period,
    /// Before the period began.
    Before,
}

impl LedgerDefinition {
    /// The tests of columns and indicators.
    fn tests(&self) -> impl Iterator<Item = &Test> {
        let columns = self.columns.iter().flat_map(|column| &column.when);
        columns.chain(self.indicators.iter().flat_map(|one| one.of.iter().chain(&one.met)))
    }

    /// Everything that is wrong with it, given the registers there are.
    pub fn check(&self, registers: &[RegisterDefinition]) -> Vec<Words> {
        let Some(register) = registers.iter().find(|one| one.name == self.register) else {
            return vec![Words::new(
                format!("没有登记册“{}”", self.register),
                format!("register: there is no `{}`", self.register),
            )];
        };
        let mut problems = Vec::new();
        let mut look = |name: &str| match register.fields.iter().find(|field| field.name == name) {
            None => problems.push(Words::new(
                format!("登记册“{}”没有字段“{name}”", self.register),
                format!("`{}` has no field `{name}`", self.register),
            )),
            // What is encrypted can't be counted without opening it.
            Some(field) if field.is_sealed() => {
                problems.push(Words::new(
                    format!("“{name}”是敏感字段，台账不能统计"),
                    format!("`{name}` is sensitive: a ledger may not count it"),
                ));
            }
            Some(_) => {}
        };
        for test in self.tests() {
            if let Test::Is { field, .. } = test {
                look(field);
            }
        }
        self.columns.iter().filter_map(|column| column.sum.as_deref()).for_each(&mut look);
        for column in &self.columns {
            let summed = column.sum.as_deref();
            let field = |name| register.fields.iter().find(|field| field.name == name);
            let kind = summed.and_then(field).map(|field| &field.kind);
            if let (Some(name), Some(kind)) = (summed, kind)
                && !is_summed(kind)
            {
                problems.push(Words::new(
                    format!("“{name}”不是数字或金额，不能合计"),
                    format!("`{name}` is neither a number nor money: it can't be summed up"),
                ));
            }
            if column.unit.is_some() && kind != Some(&FieldType::Money) {
                problems.push(Words::new(
                    "只有合计金额的列才有单位（unit）",
                    "only a column that sums up money has a unit",
                ));
            }
        }
        let labels = self.columns.iter().map(|column| &column.label);
        let labels =
            labels.chain(self.indicators.iter().map(|one| &one.label)).chain([&self.title]);
        for label in labels {
            problems.extend(
                label.missing_languages().into_iter().map(|tag| Words::missing("labels", tag)),
            );
        }
        if self.columns.is_empty() {
            problems.push(Words::new("没有列", "it has no columns"));
        }
        problems
    }
}

/// A record as a ledger sees it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Its values by field id.
    pub fields: &'a BTreeMap<FieldId, Json>,
    /// When its first operation was received, milliseconds since 1970 UTC.
    pub created: u64,
}

/// Whether values of a type can be summed up.
fn is_summed(kind: &FieldType) -> bool {
    matches!(kind, FieldType::Integer | FieldType::Count | FieldType::Decimal | FieldType::Money)
}

/// What a column comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figure {
    /// How many records passed its tests.
    pub records: i64,
    /// The sum of a field of theirs, as it is stored (money: fen), exactly. None where it is larger
    /// than anything that is counted.
    pub sum: Option<Decimal>,
}

impl Figure {
    fn nothing() -> Self {
        Self { records: 0, sum: Some(Decimal::ZERO) }
    }

    fn add(&mut self, other: &Self) {
        self.records += other.records;
        let sums = self.sum.zip(other.sum);
        self.sum = sums.and_then(|(one, other)| one.checked_add(other));
    }
}

/// What one area comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By column.
    pub columns: Vec<Figure>,
    /// By indicator: how many are met, out of how many.
    pub indicators: Vec<(i64, i64)>,
}

/// A share in hundredths of a per cent, half up; all only where all are met, and nothing only where
/// none is. None of nothing.
pub fn share(met: i64, of: i64) -> Option<i64> {
    if of <= 0 || met < 0 {
        return None;
    }
    let (met, of) = (i128::from(met), i128::from(of));
    let half_up = (met * 20_000 + of) / (2 * of);
    let told = match met {
        0 => 0,
        _ if met >= of => half_up,
        _ => half_up.clamp(1, 9_999),
    };
    i64::try_from(told).ok()
}

/// A number as it is written; none of what is no number, or too large.
fn exactly(value: &Json) -> Option<Decimal> {
    let text = match value {
        Json::Null => return Some(Decimal::ZERO),
        Json::Number(number) => number.to_string(),
        _ => return None,
    };
    let plain = Decimal::from_str_exact(&text);
    plain.or_else(|_| Decimal::from_scientific(&text)).ok()
}

/// A ledger that counts, for a period.
pub struct Counter<'a> {
    definition: &'a LedgerDefinition,
    fields: BTreeMap<&'a str, FieldId>,
    /// The fields that hold money.
    money: BTreeSet<&'a str>,
    /// From the first millisecond to the one after the last.
    period: (u64, u64),
}

impl<'a> Counter<'a> {
    /// Counts by a definition over records of `register`, as it is now.
    pub fn new(
        definition: &'a LedgerDefinition,
        register: &'a RegisterDefinition,
        period: (u64, u64),
    ) -> Self {
        let fields = register.fields.iter().map(|field| (field.name.as_str(), field.id)).collect();
        let money = register.fields.iter().filter(|field| field.kind == FieldType::Money);
        let money = money.map(|field| field.name.as_str()).collect();
        Self { definition, fields, money, period }
    }

    /// A tally with nothing in it.
    pub fn nothing(&self) -> Tally {
        Tally {
            columns: vec![Figure::nothing(); self.definition.columns.len()],
            indicators: vec![(0, 0); self.definition.indicators.len()],
        }
    }

    /// Whether a record is of the ledger at all: what came after its period is not.
    pub fn knows(&self, record: &Seen<'_>) -> bool {
        record.created < self.period.1
    }

    /// What a sum of a column is told in; none of a plain number.
    pub fn unit(&self, column: &Column) -> Option<Unit> {
        let is_money = self.money.contains(column.sum.as_deref()?);
        is_money.then(|| column.unit.unwrap_or(Unit::Yuan))
    }

    /// A column's sum as it is told: money in its unit, other numbers as they are. None where there
    /// is none, and where it is too large.
    pub fn told(&self, column: &Column, figure: &Figure) -> Option<Decimal> {
        column.sum.as_ref()?;
        match self.unit(column) {
            Some(unit) => unit.of_fen(figure.sum?),
            None => figure.sum.map(|sum| sum.normalize()),
        }
    }

    fn value<'r>(&self, record: &Seen<'r>, field: &str) -> Option<&'r Json> {
        record.fields.get(self.fields.get(field)?)
    }

    fn passes(&self, record: &Seen<'_>, tests: &[Test]) -> bool {
        tests.iter().all(|test| match test {
            Test::Is { field, is } => match self.value(record, field) {
                Some(Json::String(value)) => is.contains(value),
                Some(Json::Array(values)) => values.iter().any(|value| {
                    value.as_str().is_some_and(|value| is.iter().any(|one| one == value))
                }),
                Some(Json::Bool(value)) => is.contains(&value.to_string()),
                _ => false,
            },
            Test::Created { created: When::Period } => record.created >= self.period.0,
            Test::Created { created: When::Before } => record.created < self.period.0,
        })
    }

    /// Counts a record; gives the indicators that it is missing in.
    pub fn count(&self, record: &Seen<'_>, tally: &mut Tally) -> Vec<usize> {
        if !self.knows(record) {
            return Vec::new();
        }
        for (column, total) in self.definition.columns.iter().zip(&mut tally.columns) {
            if self.passes(record, &column.when) {
                let value = column.sum.as_ref().and_then(|field| self.value(record, field));
                total.add(&Figure { records: 1, sum: value.map_or(Some(Decimal::ZERO), exactly) });
            }
        }
        let mut missing = Vec::new();
        let indicators = self.definition.indicators.iter().zip(&mut tally.indicators);
        for (at, (indicator, (met, of))) in indicators.enumerate() {
            if !self.passes(record, &indicator.of) {
                continue;
            }
            *of += 1;
            if self.passes(record, &indicator.met) {
                *met += 1;
            } else {
                missing.push(at);
            }
        }
        missing
    }
}

impl Tally {
    /// Adds another area's.
    pub fn add(&mut self, other: &Self) {
        for (total, one) in self.columns.iter_mut().zip(&other.columns) {
            total.add(one);
        }
        for (total, one) in self.indicators.iter_mut().zip(&other.indicators) {
            *total = (total.0 + one.0, total.1 + one.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn register() -> RegisterDefinition {
        RegisterDefinition::from_toml(
            r#"
            name = "alert"
            version = 1
            labels = { zh-CN = "预警", en = "Alert" }
            field = [
              { id = 1, name = "source", type = "text", labels = { zh-CN = "渠道", en = "Source" } },
              { id = 2, name = "done", type = "boolean", labels = { zh-CN = "完成", en = "Done" } },
              { id = 3, name = "fen", type = "money", labels = { zh-CN = "金额", en = "Sum" } },
              { id = 5, name = "mu", type = "decimal", labels = { zh-CN = "亩", en = "Mu" } },
              { id = 4, name = "illness", type = "text", sensitivity = "sensitive", labels = { zh-CN = "病", en = "Illness" } },
            ]
            "#,
        )
        .unwrap()
    }

    fn ledger() -> LedgerDefinition {
        toml::from_str(
            r#"
            name = "half_month"
            version = 1
            register = "alert"
            title = { zh-CN = "半月报", en = "Half-month" }
            [[column]]
            label = { zh-CN = "新增申报", en = "New reports" }
            when = [{ field = "source", is = ["self"] }, { created = "period" }]
            [[column]]
            label = { zh-CN = "金额", en = "Sum" }
            sum = "fen"
            tone = "red"
            [[column]]
            label = { zh-CN = "金额", en = "Sum" }
            sum = "fen"
            unit = "ten_thousand_yuan"
            [[column]]
            label = { zh-CN = "面积", en = "Area" }
            sum = "mu"
            [[indicator]]
            label = { zh-CN = "清零", en = "Settled" }
            met = [{ field = "done", is = ["true"] }]
            "#,
        )
        .unwrap()
    }

    #[test]
    fn records_are_counted_in_their_period() {
        let (register, ledger) = (register(), ledger());
        assert_eq!(ledger.check(std::slice::from_ref(&register)), []);
        assert_eq!(ledger.columns[1].tone, Some(Tone::Red));
        let counter = Counter::new(&ledger, &register, (100, 200));
        let mut tally = counter.nothing();
        let mut missing = 0;
        for (source, done, fen, mu, created) in [
            ("self", true, json!(1_774_000), json!(0.1), 150),
            ("self", false, json!(1), json!(0.2), 50),
            ("cadre", true, json!(null), json!(3), 199),
            ("self", true, json!(9_999), json!(7), 200),
        ] {
            let fields = [(1, json!(source)), (2, json!(done)), (3, fen), (5, mu)].into();
            missing += counter.count(&Seen { fields: &fields, created }, &mut tally).len();
        }
        assert_eq!(tally.indicators, [(2, 3)]);
        assert_eq!(missing, 1);
        assert_eq!(tally.columns.iter().map(|one| one.records).collect::<Vec<_>>(), [1, 3, 3, 3]);
        let columns = ledger.columns.iter().zip(&tally.columns);
        let told: Vec<Option<String>> = columns
            .map(|(column, figure)| counter.told(column, figure).map(|sum| sum.to_string()))
            .collect();
        let expected = [None, Some("17740.01"), Some("1.774001"), Some("3.3")];
        assert_eq!(told, expected.map(|text| text.map(str::to_owned)));
        assert_eq!(counter.unit(&ledger.columns[1]), Some(Unit::Yuan));
        assert_eq!(counter.unit(&ledger.columns[3]), None);

        // What is larger than anything is told as such, and not as a smaller number.
        let fields = [(5, json!(1e300))].into();
        counter.count(&Seen { fields: &fields, created: 150 }, &mut tally);
        assert_eq!(counter.told(&ledger.columns[3], &tally.columns[3]), None);
        assert_eq!(tally.columns[3].records, 4);
    }

    #[test]
    fn a_share_is_rounded_half_up_but_not_to_all_or_nothing() {
        assert_eq!(share(3_090, 3_095), Some(9_984));
        assert_eq!(share(14_219, 14_220), Some(9_999));
        assert_eq!(share(99_999, 100_000), Some(9_999), "never all");
        assert_eq!(share(1, 100_000), Some(1), "never nothing");
        assert_eq!(share(1, 800), Some(13), "half up");
        assert_eq!((share(3, 3), share(0, 3)), (Some(10_000), Some(0)));
        assert_eq!((share(0, 0), share(i64::MAX - 1, i64::MAX)), (None, Some(9_999)));
    }

    #[test]
    fn what_can_not_be_counted_is_told() {
        let mut ledger = ledger();
        ledger.columns[1].sum = Some("illness".to_owned());
        ledger.indicators[0].met = vec![Test::Is { field: "gone".into(), is: vec![] }];
        let problems = ledger.check(&[register()]);
        // Sensitive, and no number; a field that is not there.
        assert_eq!(problems.len(), 3, "{problems:?}");
        ledger.columns[1].sum = None;
        ledger.columns[1].unit = Some(Unit::Yuan);
        let problems = ledger.check(&[register()]);
        assert_eq!(problems.len(), 2, "{problems:?}");
        ledger.register = "nothing".to_owned();
        assert_eq!(ledger.check(&[register()]).len(), 1);
    }
}
