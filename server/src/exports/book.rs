//! Tables as a workbook, a worksheet each.

use std::collections::HashSet;

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::table::{Heading, Row, Source, blocking, failed};
use crate::http::{Kind, Problem};

/// The longest text of a cell.
const MAX_CELL: usize = 32_767;
/// The most lines of a worksheet, its title too.
const MAX_LINES: u32 = 1_048_576;
/// The longest name of a worksheet.
const MAX_NAME: usize = 31;

/// Makes a workbook of all that a source gives. Numbers are numbers, all else is text as it is.
///
/// # Errors
/// As the source; where there are more lines than a worksheet holds.
pub(super) async fn make(mut source: impl Source, name: &str) -> Result<Vec<u8>, Problem> {
    let mut book = Book::new(name, source.headings()).map_err(failed)?;
    while let Some(rows) = source.next().await? {
        let (back, written) = blocking(move || {
            let written = book.write(&rows);
            (book, written)
        })
        .await?;
        book = back;
        if let Err(XlsxError::RowColumnLimitError) = written {
            return Err(Problem::new(&Kind::TOO_LARGE).detail("1,048,575 lines: take CSV"));
        }
        written.map_err(failed)?;
    }
    blocking(move || book.workbook.save_to_buffer()).await?.map_err(failed)
}

struct Book {
    workbook: Workbook,
    /// By table: which columns are numbers.
    numbers: Vec<Vec<bool>>,
    /// By table: how many lines it has.
    lines: Vec<u32>,
}

impl Book {
    fn new(name: &str, headings: &[Heading]) -> Result<Self, XlsxError> {
        let mut workbook = Workbook::new();
        let bold = Format::new().set_bold().set_text_wrap();
        let mut taken = HashSet::new();
        for heading in headings {
            let sheet = workbook.add_worksheet_with_constant_memory()?;
            let name = if heading.name.is_empty() { name } else { &heading.name };
            sheet.set_name(sheet_name(name, &mut taken))?;
            sheet.set_freeze_panes(1, 0)?;
            for (at, title) in (0..).zip(&heading.columns) {
                sheet.set_column_width(at, if title.is_number { 12 } else { 18 })?;
                sheet.write_string_with_format(0, at, cut(&title.text), &bold)?;
            }
        }
        let numbers = |heading: &Heading| heading.columns.iter().map(|one| one.is_number).collect();
        let numbers = headings.iter().map(numbers).collect();
        Ok(Self { workbook, numbers, lines: vec![1; headings.len()] })
    }

    fn write(&mut self, rows: &[Row]) -> Result<(), XlsxError> {
        for row in rows {
            let line = self.lines[row.table];
            if line >= MAX_LINES {
                return Err(XlsxError::RowColumnLimitError);
            }
            let sheet = self.workbook.worksheet_from_index(row.table)?;
            let cells = row.cells.iter().zip(&self.numbers[row.table]);
            for (at, (cell, is_number)) in
                (0..).zip(cells).filter(|(_, (cell, _))| !cell.is_empty())
            {
                match cell.parse::<f64>() {
                    Ok(number) if *is_number && number.is_finite() => {
                        sheet.write_number(line, at, number)?;
                    }
                    _ => {
                        sheet.write_string(line, at, cut(cell))?;
                    }
                }
            }
            self.lines[row.table] += 1;
        }
        Ok(())
    }
}

/// A text as long as a cell holds; one that was cut ends with `…`.
fn cut(text: &str) -> String {
    if text.encode_utf16().count() <= MAX_CELL {
        return text.to_owned();
    }
    let mut units = 0;
    let fits = |letter: &char| {
        units += letter.len_utf16();
        units < MAX_CELL
    };
    text.chars().take_while(fits).chain(['…']).collect()
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
    use super::*;

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
        let cut = cut(&"好".repeat(40_000));
        assert!(cut.ends_with('…') && cut.encode_utf16().count() <= MAX_CELL);
        assert!(cut.encode_utf16().count() > MAX_CELL - 3);
    }
}
