//! A list as it is sent: a workbook (.xlsx, .xls) or CSV in UTF-8, whose first row names its columns.

use std::collections::BTreeSet;

use mobile_schema::register::heading;
use mobile_schema::rule::citizen_id::CitizenId;

use crate::http::{LineProblem, rows, take_titles};
use crate::limits::MAX_ROSTER_LINES;

/// What the column of the citizen ID numbers may be called.
const IDS: [&str; 8] = [
    "身份证号",
    "身份证号码",
    "公民身份号码",
    "公民身份证号",
    "证件号码",
    "身份证",
    "citizen_id",
    "id_number",
];
/// What the column of the names may be called.
const NAMES: [&str; 5] = ["姓名", "名字", "人员姓名", "参保人姓名", "name"];

/// A person on the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// As it is on record: without spaces, in capitals.
    pub(super) citizen_id: String,
    pub(super) name: String,
    pub(super) detail: String,
}

/// What a list says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Roster {
    /// The columns' names.
    pub(super) columns: Vec<String>,
    pub(super) lines: Vec<Line>,
    /// Lines without a citizen ID number that can be one.
    pub(super) problems: Vec<LineProblem>,
    /// Lines whose number stands further above already.
    pub(super) repeated: usize,
}

/// Reads a list. The column `detail`, if it is named, says what is to be shown of each line.
///
/// # Errors
/// What keeps it from being read at all.
pub(super) fn read(bytes: &[u8], detail: Option<&str>) -> Result<Roster, LineProblem> {
    let mut rows = rows(bytes, MAX_ROSTER_LINES)?;
    let is = |title: &str, names: &[&str]| {
        let plain = heading(title);
        !plain.is_empty() && names.iter().any(|name| heading(name) == plain)
    };
    let titles = take_titles(&mut rows, |title| is(title, &IDS) || is(title, &NAMES));
    let (line, columns) =
        titles.ok_or_else(|| LineProblem::new(1, "表格是空的", "the table is empty"))?;
    let column = |names: &[&str]| columns.iter().position(|one| is(one, names));
    let id = column(&IDS).ok_or_else(|| {
        LineProblem::new(
            line,
            "没有找到“身份证号”这一列：列名要写在同一行里",
            "no column is called `citizen_id` or 身份证号",
        )
    })?;
    let name = column(&NAMES);
    let detail = match detail {
        None => None,
        Some(wanted) => Some(column(&[wanted]).ok_or_else(|| {
            LineProblem::new(
                line,
                format!("没有“{wanted}”这一列"),
                format!("there is no column `{wanted}`"),
            )
        })?),
    };
    let mut roster = Roster { columns: columns.clone(), ..Roster::default() };
    let mut seen = BTreeSet::new();
    for (line, cells) in rows {
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).map_or("", String::as_str);
        let written: String = cell(Some(id)).chars().filter(|one| !one.is_whitespace()).collect();
        let citizen_id = written.to_uppercase();
        // The number itself is not told again: problems are shown, and sometimes printed.
        if citizen_id.is_empty() {
            roster.problems.push(LineProblem::new(line, "没有身份证号", "there is no ID number"));
        } else if CitizenId::parse(&citizen_id).is_err() {
            roster.problems.push(LineProblem::new(
                line,
                "身份证号不对（位数、日期或校验码）",
                "the ID number is wrong: its length, its day or its check character",
            ));
        } else if !seen.insert(citizen_id.clone()) {
            roster.repeated += 1;
        } else {
            let (name, detail) = (cell(name).to_owned(), cell(detail).to_owned());
            roster.lines.push(Line { citizen_id, name, detail });
        }
    }
    Ok(roster)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11010519491231002X";

    fn line(name: &str, detail: &str) -> Line {
        Line { citizen_id: ID.to_owned(), name: name.to_owned(), detail: detail.to_owned() }
    }

    #[test]
    fn columns_are_found_by_their_names() {
        let table = "序号,姓名,身份证号,车牌\n1,王某, 1101 0519491231002x ,贵J12345\n";
        let roster = read(table.as_bytes(), Some("车牌")).unwrap();
        assert_eq!(roster.lines, [line("王某", "贵J12345")]);
        assert_eq!(roster.columns, ["序号", "姓名", "身份证号", "车牌"]);
        let english = read(format!("name,CITIZEN_ID\nWang,{ID}\n").as_bytes(), None).unwrap();
        assert_eq!(english.lines, [line("Wang", "")]);
    }

    #[test]
    fn a_workbook_is_read_like_a_table() {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        for (row, cells) in [["姓名", "车牌", "身份证号"], ["王某", "", ID]].iter().enumerate()
        {
            for (column, cell) in cells.iter().enumerate() {
                sheet.write_string(row as u32 + 1, column as u16, *cell).unwrap();
            }
        }
        let roster = read(&workbook.save_to_buffer().unwrap(), Some("车牌")).unwrap();
        assert_eq!(roster.lines, [line("王某", "")]);
    }

    #[test]
    fn lines_that_name_nobody_are_told_without_the_number() {
        let table = format!("身份证号\n{ID}\n110105194912310021\n\"\"\n{ID}\n12\n");
        let roster = read(table.as_bytes(), None).unwrap();
        assert_eq!((roster.lines.len(), roster.repeated), (1, 1));
        assert_eq!(roster.problems.iter().map(|one| one.line).collect::<Vec<_>>(), [3, 6]);
        assert!(!format!("{:?}", roster.problems).contains("110105194912310021"));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for (bytes, line) in [
            (b"".as_slice(), 1),
            (b"\xff\xfe\x00", 1),
            (b"PK\x03\x04 no workbook", 1),
            ("姓名,电话\n王某,1\n".as_bytes(), 1),
        ] {
            assert_eq!(read(bytes, None).unwrap_err().line, line);
        }
        let table = format!("身份证号\n{ID}\n");
        assert!(read(table.as_bytes(), Some("车牌")).is_err(), "there is no such column");
    }
}
