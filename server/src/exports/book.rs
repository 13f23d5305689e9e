//! Tables as a workbook (ECMA-376), a worksheet each.
//!
//! A library makes the workbook without its lines; they are put into its worksheets as they come.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, Cursor, Read as _};

use bytes::Bytes;
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use zip::ZipArchive;

use super::parts::Parts;
use super::table::{Heading, Holds, Row, Sink};

/// The longest text of a cell.
const MAX_CELL: usize = 32_767;
/// The most lines of a worksheet, its title too; the next one goes on.
const MAX_LINES: u32 = 1_048_576;
/// The longest name of a worksheet.
const MAX_NAME: usize = 31;
/// Where a worksheet's lines end.
const END_OF_LINES: &str = "</sheetData>";
/// What stands first: it does not depend on how many worksheets there will be, and tells those who
/// look at the beginning of a file what it is.
const FIRST: &str = "_rels/.rels";

/// A workbook that flows while it is made. Numbers are numbers, all else is text as it is.
pub(super) struct Book {
    parts: Parts,
    name: String,
    headings: Vec<Heading>,
    tables: Vec<Table>,
    /// By worksheet: which table it is of.
    sheets: Vec<usize>,
    /// The most lines of a worksheet.
    most: u32,
    is_ended: bool,
}

/// What the worksheets of a table have in common, and how far they are.
struct Table {
    /// What stands in a worksheet above the lines, its title among them.
    head: String,
    /// What stands below them.
    tail: String,
    /// Its columns, as they stand.
    columns: Vec<Column>,
    /// The worksheet that grows.
    sheet: usize,
    /// How many lines it has.
    lines: u32,
}

/// A column of a worksheet.
struct Column {
    /// What it is called (`A`).
    name: String,
    /// Which cell of a line stands in it.
    of: usize,
    holds: Holds,
    /// The number of its format.
    style: Option<String>,
}

/// In which order columns stand: people read numbers of records last.
fn in_order(heading: &Heading) -> Vec<usize> {
    let mut places: Vec<usize> = (0..heading.columns.len()).collect();
    places.sort_by_key(|place| heading.columns[*place].holds == Holds::Ids);
    places
}

impl Book {
    /// A workbook of tables; what belongs to none is called `name`.
    pub(super) fn new(name: &str, headings: &[Heading]) -> io::Result<Self> {
        Self::with_most(name, headings, MAX_LINES)
    }

    fn with_most(name: &str, headings: &[Heading], most: u32) -> io::Result<Self> {
        let mut frame = frame(name, headings.iter())?;
        // Excel does not read all archives whose parts may be larger.
        let mut parts = Parts::new(false);
        parts.begin_alone(FIRST, false)?;
        parts.append_alone(member(&mut frame, FIRST)?.as_bytes())?;
        let mut tables = Vec::new();
        for (at, heading) in headings.iter().enumerate() {
            let sheet = member(&mut frame, &sheet_file(at))?;
            let (head, tail) = sheet.split_once(END_OF_LINES).ok_or_else(broken)?;
            let styles = styles_of(head);
            let columns = in_order(heading).into_iter().enumerate().map(|(at, of)| Column {
                name: column(at),
                of,
                holds: heading.columns[of].holds,
                style: styles
                    .iter()
                    .find(|(range, _)| range.contains(&at))
                    .map(|one| one.1.clone()),
            });
            tables.push(Table {
                head: without_dimension(head),
                tail: format!("{END_OF_LINES}{tail}"),
                columns: columns.collect(),
                sheet: at,
                lines: 1,
            });
            parts.begin(sheet_file(at))?;
            parts.append(at, tables[at].head.as_bytes())?;
        }
        let (name, headings) = (name.to_owned(), headings.to_vec());
        let sheets = (0..tables.len()).collect();
        Ok(Self { parts, name, headings, tables, sheets, most, is_ended: false })
    }
}

impl Sink for Book {
    fn write(&mut self, rows: &[Row]) -> io::Result<()> {
        let mut made = vec![String::new(); self.tables.len()];
        for row in rows {
            let table = &mut self.tables[row.table];
            let made = &mut made[row.table];
            if table.lines == self.most {
                made.push_str(&table.tail);
                self.parts.append(table.sheet, std::mem::take(made).as_bytes())?;
                (table.sheet, table.lines) = (self.sheets.len(), 1);
                self.parts.begin(sheet_file(table.sheet))?;
                self.sheets.push(row.table);
                made.push_str(&table.head);
            }
            table.lines += 1;
            line(made, table.lines, &table.columns, &row.cells);
        }
        let mut made = self.tables.iter().zip(made);
        made.try_for_each(|(table, made)| self.parts.append(table.sheet, made.as_bytes()))
    }

    fn end(&mut self) -> io::Result<bool> {
        if !self.is_ended {
            self.is_ended = true;
            for table in &self.tables {
                self.parts.append(table.sheet, table.tail.as_bytes())?;
            }
        }
        self.parts.flow()
    }

    fn take(&mut self) -> Bytes {
        self.parts.take()
    }

    fn finish(mut self) -> io::Result<Bytes> {
        let headings = self.sheets.iter().map(|table| &self.headings[*table]);
        let mut frame = frame(&self.name, headings)?;
        let names = (0..frame.len()).map(|at| Ok(frame.by_index(at)?.name()?.into_owned()));
        let names = names.collect::<io::Result<Vec<_>>>()?;
        let sheets: HashSet<String> = (0..self.sheets.len()).map(sheet_file).collect();
        for name in names.iter().filter(|name| *name != FIRST && !sheets.contains(*name)) {
            self.parts.begin_alone(name, false)?;
            self.parts.append_alone(member(&mut frame, name)?.as_bytes())?;
        }
        self.parts.finish()
    }
}

/// A workbook's files, without any lines.
type Frame = ZipArchive<Cursor<Vec<u8>>>;

fn frame<'a>(name: &str, headings: impl Iterator<Item = &'a Heading>) -> io::Result<Frame> {
    let bytes = empty(name, headings).map_err(io::Error::other)?;
    Ok(ZipArchive::new(Cursor::new(bytes))?)
}

fn empty<'a>(
    name: &str,
    headings: impl Iterator<Item = &'a Heading>,
) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let bold = Format::new().set_bold().set_text_wrap();
    let day = Format::new().set_num_format("yyyy-mm-dd");
    let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    let mut taken = HashSet::new();
    for heading in headings {
        // Its texts stand in the worksheet itself.
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        let name = if heading.name.is_empty() { name } else { &heading.name };
        sheet.set_name(sheet_name(name, &mut taken))?;
        sheet.set_freeze_panes(1, 0)?;
        for (at, of) in (0..).zip(in_order(heading)) {
            let title = &heading.columns[of];
            match title.holds {
                Holds::Numbers => sheet.set_column_width(at, 12)?,
                Holds::Days => sheet.set_column_width(at, 12)?.set_column_format(at, &day)?,
                Holds::Moments => sheet.set_column_width(at, 18)?.set_column_format(at, &moment)?,
                Holds::Words | Holds::Ids => sheet.set_column_width(at, 18)?,
            };
            sheet.write_string_with_format(0, at, cut(&title.text), &bold)?;
        }
    }
    workbook.save_to_buffer()
}

fn member(frame: &mut Frame, name: &str) -> io::Result<String> {
    let mut text = String::new();
    frame.by_name(name)?.read_to_string(&mut text)?;
    Ok(text)
}

fn sheet_file(at: usize) -> String {
    format!("xl/worksheets/sheet{}.xml", at + 1)
}

/// The formats of a worksheet's columns, by the columns from 0, as its beginning says them.
fn styles_of(head: &str) -> Vec<(std::ops::Range<usize>, String)> {
    let part = |column: &str, name: &str| {
        let (_, rest) = column.split_once(&format!(" {name}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let columns = head.split("<col ").skip(1).filter_map(|rest| rest.split_once("/>"));
    let styled = columns.filter_map(|(column, _)| {
        let column = format!(" {column}");
        let place = |name| part(&column, name)?.parse::<usize>().ok();
        // They count from 1, and the last is among them.
        Some((place("min")? - 1..place("max")?, part(&column, "style")?))
    });
    styled.collect()
}

/// Days from the beginning of spreadsheets' time, in which 1900 has a 29th of February.
fn days_of(date: time::Date) -> i64 {
    i64::from(date.to_julian_day() - time::macros::date!(1899 - 12 - 30).to_julian_day())
}

/// A day (`2026-11-25`), or a moment (RFC 3339) in China's time, as spreadsheets count: in days.
fn in_days(cell: &str, holds: Holds) -> Option<f64> {
    use time::format_description::well_known::{Iso8601, Rfc3339};
    match holds {
        Holds::Days => {
            let day = time::Date::parse(cell, &Iso8601::DATE).ok()?;
            Some(days_of(day) as f64)
        }
        Holds::Moments => {
            let at = time::OffsetDateTime::parse(cell, &Rfc3339).ok()?;
            let at = at.to_offset(time::macros::offset!(+8));
            let midnight = at.replace_time(time::Time::MIDNIGHT);
            // To the second, as a sheet shows them.
            Some(days_of(at.date()) as f64 + (at - midnight).whole_seconds() as f64 / 86_400.0)
        }
        Holds::Words | Holds::Numbers | Holds::Ids => None,
    }
    // Spreadsheets know no time before their own.
    .filter(|days| *days >= 1.0)
}

/// A worksheet need not say how large it is, and does not know at its beginning.
fn without_dimension(head: &str) -> String {
    let said = head.split_once("<dimension ").and_then(|(before, rest)| {
        let (_, after) = rest.split_once("/>")?;
        Some(format!("{before}{after}"))
    });
    said.unwrap_or_else(|| head.to_owned())
}

fn broken() -> io::Error {
    io::Error::other("a worksheet without lines")
}

/// What a column is called: `A`, `Z`, `AA`.
fn column(at: usize) -> String {
    let last = char::from(b'A' + (at % 26) as u8);
    match at / 26 {
        0 => last.to_string(),
        before => format!("{}{last}", column(before - 1)),
    }
}

/// Writes a line of a worksheet.
fn line(made: &mut String, number: u32, columns: &[Column], cells: &[String]) {
    let _ = write!(made, "<row r=\"{number}\">");
    for Column { name, of, holds, style } in columns {
        let Some(cell) = cells.get(*of).filter(|cell| !cell.is_empty()) else { continue };
        let value = match holds {
            Holds::Numbers => cell.parse::<f64>().ok().filter(|value| value.is_finite()),
            _ => in_days(cell, *holds),
        };
        let _ = match value {
            Some(value) => {
                let style =
                    style.as_ref().map(|style| format!(" s=\"{style}\"")).unwrap_or_default();
                write!(made, "<c r=\"{name}{number}\"{style}><v>{value}</v></c>")
            }
            None => {
                let _ = write!(
                    made,
                    "<c r=\"{name}{number}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">"
                );
                escape(made, cut(cell).as_ref());
                write!(made, "</t></is></c>")
            }
        };
    }
    made.push_str("</row>");
}

/// Writes a text as XML. What XML has no letter for is written as workbooks do (ECMA-376, 22.9.2.19,
/// ST_Xstring).
fn escape(made: &mut String, text: &str) {
    for (at, letter) in text.char_indices() {
        match letter {
            '&' => made.push_str("&amp;"),
            '<' => made.push_str("&lt;"),
            '>' => made.push_str("&gt;"),
            '\u{0}'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(made, "_x{:04X}_", u32::from(letter));
            }
            '_' if is_escaped(&text[at..]) => made.push_str("_x005F_"),
            _ => made.push(letter),
        }
    }
}

/// Whether a text begins as a letter does that is written by its number, `_x000D_`.
fn is_escaped(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 7
        && bytes.starts_with(b"_x")
        && bytes[6] == b'_'
        && bytes[2..6].iter().all(u8::is_ascii_hexdigit)
}

/// A text as long as a cell holds; one that was cut ends with `…`.
fn cut(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= MAX_CELL || text.encode_utf16().count() <= MAX_CELL {
        return text.into();
    }
    let mut units = 0;
    let fits = |letter: &char| {
        units += letter.len_utf16();
        units < MAX_CELL
    };
    text.chars().take_while(fits).chain(['…']).collect::<String>().into()
}

/// A worksheet's name: none is taken twice, however its capitals stand.
fn sheet_name(name: &str, taken: &mut HashSet<String>) -> String {
    let safe = |letter: char| {
        if matches!(letter, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'') { '_' } else { letter }
    };
    let name: String = name.chars().map(safe).collect();
    let name = if name.is_empty() { "_".to_owned() } else { name };
    for count in 1.. {
        let ending = if count == 1 { String::new() } else { format!("~{count}") };
        let room = MAX_NAME - ending.len();
        let one = name.chars().take(room).chain(ending.chars()).collect::<String>();
        if taken.insert(one.to_lowercase()) {
            return one;
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use calamine::{Data, Reader as _, Xlsx};

    use super::super::table::Title;
    use super::*;

    fn heading(name: &str) -> Heading {
        let number = Title::new("n", Holds::Numbers);
        Heading { name: name.into(), columns: vec![Title::text("KEY"), number] }
    }

    fn row(table: usize, cells: [&str; 2]) -> Row {
        Row { table, cells: cells.map(str::to_owned).to_vec() }
    }

    fn read(mut book: Book, rows: &[Row]) -> Vec<(String, Vec<Vec<Data>>)> {
        let mut whole = Vec::new();
        for row in rows {
            book.write(std::slice::from_ref(row)).unwrap();
            whole.extend(book.take());
        }
        while book.end().unwrap() {
            whole.extend(book.take());
        }
        whole.extend(book.finish().unwrap());
        let mut book = Xlsx::new(Cursor::new(whole)).unwrap();
        let names = book.sheet_names();
        let lines = |name: String| {
            let range = book.worksheet_range(&name).unwrap();
            (name, range.rows().map(<[Data]>::to_vec).collect())
        };
        names.into_iter().map(lines).collect()
    }

    #[test]
    fn lines_are_read_back_as_they_were() {
        let odd = "a<b>&\"c\" 中\r\n\u{1}_x0041_ 好😀 ";
        let book = Book::new("走访", &[heading(""), heading("pig")]).unwrap();
        let rows = [row(0, [odd, "-1.5"]), row(1, ["007", "12x"]), row(0, ["=1+1", ""])];
        let text = |text: &str| Data::String(text.into());
        let title = || vec![text("KEY"), text("n")];
        let odd = vec![text(odd), Data::Float(-1.5)];
        let first = vec![title(), odd, vec![text("=1+1"), Data::Empty]];
        let second = vec![title(), vec![text("007"), text("12x")]];
        assert_eq!(read(book, &rows), [("走访".into(), first), ("pig".into(), second)]);
    }

    #[test]
    fn times_can_be_reckoned_with_and_ids_stand_last() {
        let columns = [
            Title::new("KEY", Holds::Ids),
            Title::new("at", Holds::Moments),
            Title::new("on", Holds::Days),
            Title::text("who"),
        ];
        let heading = Heading { name: String::new(), columns: columns.to_vec() };
        let book = Book::new("走访", std::slice::from_ref(&heading)).unwrap();
        let cells = |cells: [&str; 4]| Row { table: 0, cells: cells.map(str::to_owned).to_vec() };
        let rows = [
            // 16:30 UTC is half past midnight in China.
            cells(["uuid:1", "2026-11-28T16:30:00Z", "2026-11-29", "甲"]),
            cells(["uuid:2", "2026-11-29T00:30:00.000+08:00", "去年", "乙"]),
        ];
        let told = read(book, &rows).remove(0).1;
        let texts = |line: &[Data]| line.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(texts(&told[0]), ["at", "on", "who", "KEY"]);
        let moment = |cell: &Data| match cell {
            Data::DateTime(at) => at.as_f64(),
            other => panic!("no time: {other:?}"),
        };
        let day = 46_355.0;
        for line in &told[1..] {
            assert!((moment(&line[0]) - (day + 0.5 / 24.0)).abs() < 1e-9, "{line:?}");
        }
        assert!((moment(&told[1][1]) - day).abs() < 1e-9);
        // What is no day stays as it was said.
        assert_eq!(told[2][1], Data::String("去年".into()));
        assert_eq!(told[1][3], Data::String("uuid:1".into()));
    }

    #[test]
    fn a_full_worksheet_is_followed_by_another() {
        let book = Book::with_most("走访", &[heading(""), heading("pig")], 3).unwrap();
        let rows: Vec<Row> = (0..5).map(|at| row(0, [&at.to_string(), "1"])).collect();
        let sheets = read(book, &rows).into_iter();
        let keys = |lines: Vec<Vec<Data>>| lines.iter().map(|cells| cells[0].to_string()).collect();
        let told: Vec<(String, Vec<String>)> =
            sheets.map(|(name, all)| (name, keys(all))).collect();
        let lines = |name: &str, keys: &[&str]| {
            (name.to_owned(), keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(
            told,
            [
                lines("走访", &["KEY", "0", "1"]),
                lines("pig", &["KEY"]),
                lines("走访~2", &["KEY", "2", "3"]),
                lines("走访~3", &["KEY", "4"]),
            ]
        );
    }

    #[test]
    fn columns_are_called_as_in_a_spreadsheet() {
        assert_eq!([0, 25, 26, 701, 702].map(column), ["A", "Z", "AA", "ZZ", "AAA"]);
    }

    #[test]
    fn names_of_worksheets_differ() {
        let mut taken = HashSet::new();
        let long = "a".repeat(40);
        assert_eq!(sheet_name(&long, &mut taken).len(), 31);
        assert_eq!(sheet_name(&long, &mut taken), format!("{}~2", "a".repeat(29)));
        assert_eq!(sheet_name("家/畜", &mut taken), "家_畜");
    }

    #[test]
    fn a_long_text_is_cut_where_a_cell_ends() {
        assert_eq!(cut("好"), "好");
        let long = "好".repeat(40_000);
        let cut = cut(&long);
        assert!(cut.ends_with('…') && cut.encode_utf16().count() <= MAX_CELL);
        assert!(cut.encode_utf16().count() > MAX_CELL - 3);
    }
}
