//! Areas out of a table: `code,name` and, where codes don't say it, `parent` and `level`; or as the
//! statistics bureau publishes its codes.
//!
//! A national code (GB/T 2260 and GB/T 10114) has 12 digits: 2 for the province, 2 for the
//! prefecture, 2 for the county, 3 for the township, 3 for the village; what it lies in is the same
//! code with zeros from there on.

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryResult;
use mobile_schema::register::heading;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Area, AreaPath, queries};
use crate::db::AnyConnection;
use crate::http::{LineProblem, beyond, rows, take_titles};
use crate::limits::MAX_AREAS;

fn wrong(line: u64, zh: impl Into<String>, en: impl Into<String>) -> LineProblem {
    LineProblem::new(line, zh, en)
}

/// A code that can't be used, and why is nobody's business.
fn not_theirs(code: &str) -> LineProblem {
    wrong(0, format!("代码“{code}”不能使用"), format!("the code `{code}` can't be used"))
}

/// What a table says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Table {
    /// The areas, each after what it lies in.
    pub(super) areas: Vec<Area>,
    pub(super) problems: Vec<LineProblem>,
}

/// What the columns may be called: the code, the name, the code of what it lies in, the level.
const COLUMNS: [&[&str]; 4] = [
    &["code", "代码", "统计用区划代码", "区划代码", "行政区划代码", "编码", "村代码"],
    &["name", "名称", "单位名称", "区划名称", "行政区划名称", "行政区划", "村名称", "村名"],
    &["parent", "上级代码", "上级", "所属代码"],
    &["level", "级别", "层级"],
];
/// What the levels are called.
const IN_CHINESE: [&[&str]; 5] = [
    &["省", "省级"],
    &["市", "地市", "市级", "地级"],
    &["县", "区县", "县级"],
    &["乡镇", "乡", "镇", "街道", "乡级", "乡镇级"],
    &["村", "社区", "村级", "村（社区）"],
];
const LEVELS: [&str; 5] = ["province", "prefecture", "county", "township", "village"];
/// Where the digits of each level end.
const ENDS: [usize; 5] = [2, 4, 6, 9, 12];

/// The level of a national code: the last whose digits aren't all zeros.
fn level_of(code: &str) -> Option<usize> {
    let is_national = code.len() == 12 && code.bytes().all(|one| one.is_ascii_digit());
    let starts = [0, 2, 4, 6, 9];
    let filled = |level: &usize| {
        code.get(starts[*level]..ENDS[*level])
            .is_some_and(|part| part.bytes().any(|one| one != b'0'))
    };
    is_national.then(|| (0..5).rev().find(filled)).flatten()
}

/// The code of what a national code lies in.
fn above(code: &str, level: usize) -> Option<String> {
    let end = *ENDS.get(level.checked_sub(1)?)?;
    Some(format!("{}{}", code.get(..end)?, "0".repeat(12 - end)))
}

/// Whether an area may lie in nothing that is known: the county of a new server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// Every area lies in one that is known, or in the table.
    Known,
    /// A county, or what is above one, begins a tree of its own where its parent is nowhere.
    New,
}

/// Reads a table. `known` are the areas there are, with what each lies in.
pub(super) fn read(bytes: &[u8], known: &BTreeMap<String, Area>, roots: Roots) -> Table {
    let mut table = Table::default();
    let mut rows = match rows(bytes, MAX_AREAS) {
        Ok(rows) => rows,
        Err(problem) => {
            table.problems.push(problem);
            return table;
        }
    };
    let is = |title: &str, names: &[&str]| names.iter().any(|name| heading(name) == heading(title));
    let titles = take_titles(&mut rows, |title| COLUMNS.iter().any(|names| is(title, names)));
    let (first, titles) = titles.unwrap_or((1, Vec::new()));
    let columns = COLUMNS.map(|names| titles.iter().position(|title| is(title, names)));
    if columns[0].is_none() || columns[1].is_none() {
        table.problems.push(wrong(
            first,
            "要有两列：代码（也可以叫“统计用区划代码”）和名称，列名写在同一行里",
            "two columns are needed, `code` and `name`, and their names in one row",
        ));
        return table;
    }
    let mut found: BTreeMap<String, (u64, Area)> = BTreeMap::new();
    for (line, row) in rows {
        if let Some(problem) = beyond(line, &titles, &row) {
            table.problems.push(problem);
            continue;
        }
        let cells = columns.map(|at| {
            at.and_then(|at| row.get(at)).map(|text| text.trim()).filter(|text| !text.is_empty())
        });
        match area(line, cells, known) {
            Err(problem) => table.problems.push(problem),
            Ok(area) => {
                if let Some((first, _)) = found.get(&area.code) {
                    table.problems.push(wrong(
                        line,
                        format!("代码 {} 在第 {first} 行已有", area.code),
                        format!("line {first} has the code {} already", area.code),
                    ));
                } else {
                    found.insert(area.code.clone(), (line, area));
                }
            }
        }
    }
    arrange(found, known, roots, &mut table);
    table
}

/// A national code that is written without the zeros behind it.
fn whole(code: &str, has_level: bool) -> String {
    let is_short = matches!(code.len(), 6 | 9) && code.bytes().all(|one| one.is_ascii_digit());
    if is_short && !has_level { format!("{code:0<12}") } else { code.to_owned() }
}

/// An area of a line.
fn area(
    line: u64,
    [code, name, parent, level]: [Option<&str>; 4],
    known: &BTreeMap<String, Area>,
) -> Result<Area, LineProblem> {
    let code = code.ok_or_else(|| wrong(line, "没有代码", "there is no code"))?;
    let code =
        if known.contains_key(code) { code.to_owned() } else { whole(code, level.is_some()) };
    let code = code.as_str();
    let fits = |one: char| one.is_ascii_alphanumeric() || one == '-';
    if code.len() > 32 || !code.chars().all(fits) {
        return Err(wrong(
            line,
            format!("代码“{code}”只能有字母、数字和 -，最多 32 个"),
            format!("the code `{code}` may have letters, digits and -, 32 at most"),
        ));
    }
    if code.contains('E') && code.contains('+')
        || code.len() == 11 && code.bytes().all(|one| one.is_ascii_digit())
    {
        return Err(wrong(
            line,
            format!("代码“{code}”少了一位：Excel 去掉了开头的 0，请把这一列设为文本"),
            format!(
                "the code `{code}` lacks a digit: Excel took the leading zero; make the column text"
            ),
        ));
    }
    let name = name.ok_or_else(|| wrong(line, "没有名称", "there is no name"))?;
    if name.chars().count() > 100 {
        return Err(wrong(line, "名称最多 100 个字", "the name has more than 100 characters"));
    }
    let national = level_of(code);
    let level = match (level, national) {
        (Some(level), _) if LEVELS.contains(&level) => level.to_owned(),
        (Some(level), _) if in_chinese(level).is_some() => {
            in_chinese(level).unwrap_or_default().to_owned()
        }
        (Some(level), _) => {
            return Err(wrong(
                line,
                format!("级别“{level}”不认识，应为 {}", LEVELS.join("、")),
                format!("the level `{level}` is none of {}", LEVELS.join(", ")),
            ));
        }
        (None, Some(level)) => LEVELS[level].to_owned(),
        (None, None) => {
            return Err(wrong(
                line,
                format!("“{code}”不是 12 位国家代码，请加一列 level（级别）"),
                format!("`{code}` is no 12-digit national code: say its level in a column `level`"),
            ));
        }
    };
    let parent = match (parent, national) {
        (Some(parent), _) => Some(parent.to_owned()),
        (None, Some(level)) => above(code, level),
        (None, None) => None,
    };
    // An area that is there stays where it is.
    let parent = known.get(code).map_or(parent, |known| known.parent.clone());
    Ok(Area { code: code.to_owned(), parent, level, name: name.to_owned() })
}

fn in_chinese(level: &str) -> Option<&'static str> {
    let at = IN_CHINESE.iter().position(|words| words.contains(&level))?;
    Some(LEVELS[at])
}

/// Whether an area may lie in nothing: a village that does is one whose code was mistyped.
fn may_begin(area: &Area) -> bool {
    !["township", "village"].contains(&area.level.as_str())
}

/// Puts each area after what it lies in, and finds those that lie in nothing that is known.
fn arrange(
    mut found: BTreeMap<String, (u64, Area)>,
    known: &BTreeMap<String, Area>,
    roots: Roots,
    table: &mut Table,
) {
    if roots == Roots::New {
        let codes: BTreeSet<String> = found.keys().cloned().collect();
        let is_nowhere = |parent: &String| !codes.contains(parent) && !known.contains_key(parent);
        let roots = found.values_mut().filter(|(_, area)| may_begin(area));
        for (_, area) in roots {
            area.parent = area.parent.take().filter(|parent| !is_nowhere(parent));
        }
    }
    let mut placed: BTreeSet<String> = BTreeSet::new();
    loop {
        let is_there = |parent: &String| placed.contains(parent) || known.contains_key(parent);
        let ready: Vec<String> = found
            .iter()
            .filter(|(code, (_, area))| {
                let begins = roots == Roots::New && area.parent.is_none() && may_begin(area);
                begins || known.contains_key(*code) || area.parent.as_ref().is_some_and(is_there)
            })
            .map(|(code, _)| code.clone())
            .collect();
        if ready.is_empty() {
            break;
        }
        for code in ready {
            if let Some((_, area)) = found.remove(&code) {
                placed.insert(code);
                table.areas.push(area);
            }
        }
    }
    for (code, (line, area)) in found {
        let parent = area.parent.unwrap_or_default();
        table.problems.push(wrong(
            line,
            format!("“{code}”的上级“{parent}”不在您的区划里，也不在表中"),
            format!("`{parent}`, which `{code}` lies in, is neither yours nor in the table"),
        ));
    }
    table.problems.sort_by_key(|problem| problem.line);
}

/// The areas there are.
pub(super) struct Known {
    /// All of them by their codes, those that are closed among them: they stay where they are.
    pub(super) areas: BTreeMap<String, Area>,
    /// The codes of those that are closed.
    closed: BTreeSet<String>,
    /// Those of `paths` that are closed, or lie in what is: whoever answers for no more opens nothing
    /// there, as they could not have closed it.
    shut: BTreeSet<String>,
}

impl Known {
    /// The areas that are one of `paths` or lie in one.
    pub(super) fn under(connection: &mut AnyConnection, paths: &[AreaPath]) -> QueryResult<Self> {
        let mut known =
            Self { areas: BTreeMap::new(), closed: BTreeSet::new(), shut: BTreeSet::new() };
        for path in paths {
            if queries::is_any_closed(connection, path.codes().collect())? {
                known.shut.insert(path.code().to_owned());
            }
        }
        for (area, closed) in queries::all_under(connection, paths)? {
            known.closed.extend(closed.map(|_| area.code.clone()));
            known.areas.insert(area.code.clone(), area);
        }
        Ok(known)
    }

    /// Whether an area lies in one that is not the caller's to open, or is it.
    fn is_shut(&self, area: &Area) -> bool {
        let above = |one: &&Area| self.areas.get(one.parent.as_deref()?);
        let top = std::iter::successors(Some(area), above).last();
        top.is_some_and(|top| self.shut.contains(&top.code))
    }

    /// What an area lies in that is closed.
    fn closed_above<'a>(&'a self, area: &'a Area) -> impl Iterator<Item = &'a Area> {
        let above = move |one: &&'a Area| self.areas.get(one.parent.as_deref()?);
        let all = std::iter::successors(Some(area), above).skip(1);
        all.filter(move |one| self.closed.contains(&one.code))
    }
}

/// What a table of areas does.
#[derive(Serialize, ToSchema)]
pub(super) struct Imported {
    /// New areas.
    pub(super) added: Vec<Area>,
    /// Areas that get another name.
    pub(super) renamed: Vec<Area>,
    /// Areas that were closed and are open again: those in the table, and what they lie in.
    pub(super) reopened: Vec<Area>,
    /// Areas that are as they were.
    pub(super) unchanged: usize,
}

/// What a table does to the areas there are; or the codes that can't be used.
pub(super) fn compare(
    connection: &mut AnyConnection,
    areas: Vec<Area>,
    known: &Known,
) -> QueryResult<Result<Imported, LineProblem>> {
    let mut told =
        Imported { added: Vec::new(), renamed: Vec::new(), reopened: Vec::new(), unchanged: 0 };
    for area in areas {
        match known.areas.get(&area.code) {
            None if queries::is_there(connection, &area.code)? => {
                // Another county's: the caller must not even learn that.
                return Ok(Err(not_theirs(&area.code)));
            }
            None => told.added.push(area),
            Some(there) if known.closed.contains(&area.code) => {
                if there.name != area.name {
                    told.renamed.push(area.clone());
                }
                told.reopened.push(area);
            }
            Some(there) if there.name != area.name => told.renamed.push(area),
            Some(_) => told.unchanged += 1,
        }
    }
    if let Some(shut) = told.added.iter().chain(&told.reopened).find(|one| known.is_shut(one)) {
        let (code, name) = (&shut.code, &shut.name);
        return Ok(Err(wrong(
            0,
            format!("“{name}”（{code}）所在的区划已关闭，请上级管理员先重新启用"),
            format!(
                "`{name}` ({code}) lies in what is closed: an admin above has to open that first"
            ),
        )));
    }
    // Nothing that is open lies in what is closed.
    let open = told.added.iter().chain(&told.reopened);
    let above: BTreeMap<String, Area> = open
        .flat_map(|area| known.closed_above(area))
        .map(|area| (area.code.clone(), area.clone()))
        .collect();
    let is_told = |code: &str| told.reopened.iter().any(|one| one.code == code);
    let above: Vec<Area> = above.into_values().filter(|one| !is_told(&one.code)).collect();
    told.reopened.extend(above);
    Ok(Ok(told))
}

/// Does it.
pub(super) fn store(connection: &mut AnyConnection, told: &Imported) -> QueryResult<()> {
    told.added.iter().try_for_each(|area| queries::add(connection, area))?;
    told.reopened.iter().try_for_each(|area| queries::reopen(connection, area))?;
    told.renamed.iter().try_for_each(|area| queries::rename(connection, area))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn county() -> BTreeMap<String, Area> {
        let area = |code: &str, parent: Option<&str>, level: &str| Area {
            code: code.into(),
            parent: parent.map(str::to_owned),
            level: level.into(),
            name: code.into(),
        };
        [
            area("529901000000", None, "county"),
            area("529901100000", Some("529901000000"), "township"),
        ]
        .into_iter()
        .map(|area| (area.code.clone(), area))
        .collect()
    }

    #[test]
    fn national_codes_say_what_they_lie_in() {
        assert_eq!(level_of("520000000000"), Some(0));
        assert_eq!(level_of("529901000000"), Some(2));
        assert_eq!(level_of("529901100203"), Some(4));
        assert_eq!(level_of("52990110020"), None);
        assert_eq!(above("529901100203", 4).as_deref(), Some("529901100000"));
        assert_eq!(above("529901100000", 3).as_deref(), Some("529901000000"));
    }

    #[test]
    fn a_table_is_put_in_the_order_of_the_tree() {
        let text = "\u{feff}代码,名称\n529901101201,下村\n529901101000,新镇\n529901100299,新村\n";
        let table = read(text.as_bytes(), &county(), Roots::Known);
        assert_eq!(table.problems, []);
        let codes: Vec<&str> = table.areas.iter().map(|area| area.code.as_str()).collect();
        assert_eq!(codes, ["529901100299", "529901101000", "529901101201"]);
        assert_eq!(table.areas[2].level, "village");
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        let text = "code,name,level\n52990110020,少一位,\n529901100201,,\n529901100202,甲,\n\
            529901100202,乙,\nX1,丙,\nX2,丁,hamlet\n539901100201,别处,\n a b,戊,village\n";
        let table = read(text.as_bytes(), &county(), Roots::Known);
        let lines: Vec<u64> = table.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [2, 3, 5, 6, 7, 8, 9], "{:#?}", table.problems);
        assert!(table.problems[0].words(true).contains("Excel"));
        assert_eq!(table.areas.len(), 1);
    }

    #[test]
    fn a_new_server_gets_a_county_and_all_below() {
        let text = "code,name\n529902100201,村\n529902100000,镇\n529902000000,县\n";
        let table = read(text.as_bytes(), &BTreeMap::new(), Roots::New);
        assert_eq!(table.problems, []);
        let placed = table.areas.iter().map(|area| (area.code.as_str(), area.parent.as_deref()));
        assert_eq!(
            placed.collect::<Vec<_>>(),
            [
                ("529902000000", None),
                ("529902100000", Some("529902000000")),
                ("529902100201", Some("529902100000")),
            ]
        );
    }

    #[test]
    fn a_village_with_a_mistyped_code_begins_no_county() {
        let text = "code,name\n529902000000,县\n529902100000,镇\n530122999201,无镇村\n";
        let table = read(text.as_bytes(), &BTreeMap::new(), Roots::New);
        assert_eq!(table.areas.len(), 2);
        let lines: Vec<u64> = table.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [4], "{:#?}", table.problems);
    }

    #[test]
    fn the_bureaus_own_table_is_understood() {
        let text = "2026年统计用区划代码,,\n统计用区划代码,城乡分类代码,名称\n\
            529901101,,新镇\n529901101201,220,下村村委会\n";
        let (gbk, ..) = encoding_rs::GBK.encode(text);
        let table = read(&gbk, &county(), Roots::Known);
        assert_eq!(table.problems, []);
        let found = table.areas.iter().map(|area| (area.code.as_str(), area.level.as_str()));
        let wanted = [("529901101000", "township"), ("529901101201", "village")];
        assert_eq!(found.collect::<Vec<_>>(), wanted);
        let own = read(
            "代码,名称,上级代码,级别\nK7,老村,529901100000,村\n".as_bytes(),
            &county(),
            Roots::Known,
        );
        assert_eq!((own.problems.len(), own.areas[0].level.as_str()), (0, "village"));
    }

    #[test]
    fn what_is_no_table_is_refused() {
        assert_eq!(read(b"", &county(), Roots::Known).problems.len(), 1);
        assert_eq!(read("名字\n甲\n".as_bytes(), &county(), Roots::Known).problems[0].line, 1);
    }
}
