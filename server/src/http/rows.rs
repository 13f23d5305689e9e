//! Tables that people send: workbooks (.xlsx, .xls) and text whose cells stand apart by commas,
//! semicolons or tabs. One of the first rows names the columns.

use mobile_schema::xlsform;

use super::LineProblem;

/// Rows among which the columns' names are looked for: titles and remarks may stand above them.
const TOP: usize = 10;

/// The rows of a table that hold something, with their numbers: of a workbook's first sheet, or of
/// text in UTF-8, UTF-16 or, as Chinese Windows writes it, GB 18030.
///
/// # Errors
/// What keeps it from being read at all; more than `most` rows, and those that may stand above the
/// columns' names.
pub fn rows(bytes: &[u8], most: usize) -> Result<Vec<(u64, Vec<String>)>, LineProblem> {
    let unreadable = |zh: &str, en: &str| LineProblem::new(1, zh, en);
    let is_workbook = bytes.starts_with(b"PK") || bytes.starts_with(b"\xD0\xCF\x11\xE0");
    let rows: Vec<(u64, Vec<String>)> = if is_workbook {
        let workbook = xlsform::read(bytes).map_err(|_| {
            unreadable(
                "表格打不开：已损坏、加了密码或太大",
                "the workbook is damaged, locked or too large",
            )
        })?;
        let sheet = workbook.sheets.into_iter().find(|sheet| !sheet.rows.is_empty());
        let rows = sheet.map(|sheet| sheet.rows).unwrap_or_default().into_iter();
        rows.map(|row| {
            let width = row.cells.last().map_or(0, |cell| cell.column + 1);
            let mut cells = vec![String::new(); width];
            for cell in row.cells {
                cells[cell.column] = cell.text;
            }
            (u64::from(row.number), cells)
        })
        .collect()
    } else {
        let text = text_of(bytes).ok_or_else(|| {
            unreadable("文件不是 Excel，也不是 CSV 文本", "neither a workbook nor a table as text")
        })?;
        let delimiter = between(&text);
        if let Some(line) = open_quote(&text, delimiter) {
            let zh = "引号没有成对：单元格以引号开头，就要以引号结尾，后面接分隔符";
            return Err(LineProblem::new(
                line,
                zh,
                "a cell that begins with a quote ends with one",
            ));
        }
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| unreadable("读不出表格", &error.to_string()))?;
            let line = record.position().map_or(0, csv::Position::line);
            if record.iter().any(|cell| !cell.is_empty()) {
                rows.push((line, record.iter().map(str::to_owned).collect()));
            }
            if rows.len() > most + TOP {
                break;
            }
        }
        rows
    };
    if rows.len() > most + TOP {
        return Err(LineProblem::new(
            most as u64 + 2,
            format!("最多 {most} 行"),
            format!("at most {most} lines"),
        ));
    }
    Ok(rows)
}

/// Takes what stands above the columns' names away, and the names: the first of the rows at the top
/// of which most cells are names that are known.
pub fn take_titles(
    rows: &mut Vec<(u64, Vec<String>)>,
    is_known: impl Fn(&str) -> bool,
) -> Option<(u64, Vec<String>)> {
    let known = |(_, cells): &(u64, Vec<String>)| cells.iter().filter(|one| is_known(one)).count();
    let most = rows.iter().take(TOP).map(known).max()?;
    let at = rows.iter().take(TOP).position(|row| known(row) == most)?;
    let mut below = rows.split_off(at);
    let titles = below.remove(0);
    *rows = below;
    Some(titles)
}

/// What is wrong with a row that has something behind the last column that has a name: an address
/// with a comma in it would lose its end, or push what follows into the next column.
pub fn beyond(number: u64, titles: &[String], cells: &[String]) -> Option<LineProblem> {
    let named = titles.iter().rposition(|title| !title.trim().is_empty()).map_or(0, |at| at + 1);
    let cell = cells.iter().skip(named).map(|cell| cell.trim()).find(|cell| !cell.is_empty())?;
    let cell: String = cell.chars().take(30).collect();
    Some(LineProblem::new(
        number,
        format!("“{cell}”在最后一列之外，没有列名：内容里有分隔符的，要用引号括起来"),
        format!("`{cell}` stands behind the last column: put cells with commas in them in quotes"),
    ))
}

/// The line of the first cell that begins with a quote and does not end with one, as RFC 4180 has
/// it: whatever follows would be taken for a part of it.
fn open_quote(text: &str, delimiter: u8) -> Option<u64> {
    let (mut line, mut begins) = (1, true);
    let mut quoted: Option<u64> = None;
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'\n' {
            line += 1;
        }
        match quoted {
            Some(began) if byte == b'"' => {
                if bytes.peek() == Some(&b'"') {
                    bytes.next();
                } else {
                    quoted = None;
                    let is_end =
                        |next: &u8| *next == delimiter || matches!(next, b'\r' | b'\n' | b' ');
                    if bytes.peek().is_some_and(|next| !is_end(next)) {
                        return Some(began);
                    }
                }
            }
            Some(_) => {}
            None if begins && byte == b'"' => {
                quoted = Some(line);
                begins = false;
            }
            None => begins = byte == delimiter || byte == b'\n' || byte == b'\r',
        }
    }
    quoted
}

/// The text of a file, whatever wrote it; none where it is no text.
fn text_of(bytes: &[u8]) -> Option<String> {
    use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};
    let encoding = match bytes {
        [0xff, 0xfe, ..] => UTF_16LE,
        [0xfe, 0xff, ..] => UTF_16BE,
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => return Some(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
            Err(_) => GB18030,
        },
    };
    let (text, is_damaged) = encoding.decode_with_bom_removal(bytes);
    (!is_damaged && !text.contains('\0')).then(|| text.into_owned())
}

/// What stands between the cells of the first line that has any of them.
fn between(text: &str) -> u8 {
    let count = |line: &str, letter: char| line.matches(letter).count();
    let parted = text.lines().take(TOP).find_map(|line| {
        let [tabs, semicolons, commas] = ['\t', ';', ','].map(|letter| count(line, letter));
        let most = tabs.max(semicolons).max(commas);
        (most > 0).then_some(match most {
            _ if most == commas => b',',
            _ if most == tabs => b'\t',
            _ => b';',
        })
    });
    parted.unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
        rows(bytes, 10).unwrap().into_iter().map(|(_, cells)| cells).collect()
    }

    #[test]
    fn text_is_read_as_it_was_written() {
        let table = "村,户主\n桃源村,王某\n";
        let wanted = [["村", "户主"], ["桃源村", "王某"]];
        let (gbk, ..) = encoding_rs::GBK.encode(table);
        assert_eq!(cells(&gbk), wanted);
        let utf_16: Vec<u8> =
            "\u{feff}村\t户主\n桃源村\t王某\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(cells(&utf_16), wanted, "what Excel calls Unicode text");
        assert_eq!(cells("村;户主\n桃源村;王某\n".as_bytes()), wanted);
        assert!(rows(b"\xff\xfe\x00", 10).is_err());
        assert!(rows(&[0, 1, 2, 0xfe, 0xff], 10).is_err());
    }

    #[test]
    fn a_quote_that_is_never_closed_swallows_nothing() {
        let told = |text: &str| rows(text.as_bytes(), 10).map_err(|problem| problem.line);
        assert_eq!(told("村,户主\n白水村,\"乙\n白水村,丙\n"), Err(2));
        assert_eq!(told("村,户主\n白水村,\"乙\n白水村,\"丙\"\n"), Err(2), "it ends at the next");
        assert_eq!(told("村,户主\n白水村,\"甲\"乙\n"), Err(2));
        for fine in [
            "村,户主\n白水村,\"一组\n2号,\"\"老屋\"\"\"\n",
            "村,户主\r\n\"白水村\",\"乙\"\r\n",
            "村,户主\n白水村,5\" 水管\n",
            "村,户主\n白水村,\"\"\n",
        ] {
            assert_eq!(told(fine).map(|rows| rows.len()), Ok(2), "{fine}");
        }
    }

    #[test]
    fn what_stands_behind_the_last_column_is_told() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let titles = row(&["村", "", "住址", "", ""]);
        assert_eq!(beyond(2, &titles, &row(&["白水村", "x", "1组", "", ""])), None);
        assert_eq!(beyond(2, &titles, &row(&["白水村"])), None);
        let told = beyond(2, &titles, &row(&["白水村", "", "1组", "2号门牌"])).unwrap();
        assert!(told.words(true).contains("2号门牌"), "{told:?}");
    }

    #[test]
    fn titles_stand_where_most_names_are_known() {
        let table = "桃源县农户花名册,,\n填报单位：某镇,日期：2026,\n村,户主,备注\n桃源村,王某,\n";
        let mut rows = rows(table.as_bytes(), 10).unwrap();
        let (line, titles) =
            take_titles(&mut rows, |title| matches!(title, "村" | "户主")).unwrap();
        assert_eq!((line, titles.len(), rows.len()), (3, 3, 1));
        let mut none = vec![(1, vec!["x".to_owned()]), (2, vec!["y".to_owned()])];
        assert_eq!(take_titles(&mut none, |_| false).unwrap().0, 1);
        assert_eq!(take_titles(&mut Vec::new(), |_| true), None);
    }
}
