//! Workbooks as text, whatever they were written in.

use crate::form::problem::{Kind, Place, Problem, letters};

/// The most rows of a sheet that are read.
pub(super) const MAX_ROWS: usize = 200_000;
/// The sheets of a workbook.
#[derive(Clone, Debug, Default)]
pub struct Workbook {
    /// In the order of the workbook.
    pub sheets: Vec<Sheet>,
    /// What was noticed while reading.
    pub problems: Vec<Problem>,
}

/// A sheet.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// As its tab says.
    pub name: String,
    /// Rows that hold something; the first holds the headings.
    pub rows: Vec<Row>,
    /// Cells that hold nothing that can be read, and why: row, column and what is wrong. They
    /// count where a form uses the column.
    pub faults: Vec<(u32, usize, Kind)>,
}

/// A row.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Counted from 1.
    pub number: u32,
    /// Cells that hold something, from left to right.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Counted from 0.
    pub column: usize,
    /// What it holds.
    pub text: String,
}

impl Workbook {
    /// The sheet of a name, written in any case.
    pub fn sheet(&self, name: &str) -> Option<&Sheet> {
        self.sheets.iter().find(|sheet| clean(&sheet.name).eq_ignore_ascii_case(name))
    }
}

impl Sheet {
    /// Adds a row unless it is empty.
    pub fn push(&mut self, number: usize, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<Cell> = cells
            .into_iter()
            .enumerate()
            .map(|(column, text)| Cell { column, text: clean(&text) })
            .filter(|cell| !cell.text.is_empty())
            .collect();
        if !cells.is_empty() {
            self.rows.push(Row { number: u32::try_from(number).unwrap_or(u32::MAX), cells });
        }
    }
}

/// Text without what spreadsheets and word processors put in unseen: no-break spaces become
/// spaces, and spaces at both ends go.
pub(crate) fn clean(text: &str) -> String {
    let ends = |one: char| one.is_whitespace() || is_unseen(one);
    text.replace('\u{a0}', " ").replace("\r\n", "\n").trim_matches(ends).to_owned()
}

/// Characters without a width that come along when text is copied from chats and web pages.
/// Scripts without spaces between words use the first of them in their texts.
pub(super) fn is_unseen(character: char) -> bool {
    matches!(character, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// What stands between the cells of a CSV file: the commas of the standard, or the semicolons and
/// tabs that spreadsheets of many countries write.
pub(crate) fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let found = [b',', b';', b'\t'].into_iter().find(|one| first.contains(char::from(*one)));
    found.unwrap_or(b',')
}

/// Whether text holds tables as Markdown has them: `| survey | | |`.
pub(super) fn is_markdown(text: &str) -> bool {
    let rows = text.lines().filter(|line| line.trim_start().starts_with('|'));
    rows.take(2).count() == 2
}

/// Reads Markdown tables: the first cell of a row names the sheet, rows under it leave it empty.
pub(super) fn from_markdown(text: &str) -> Workbook {
    let mut workbook = Workbook::default();
    // Rows are counted within their sheet, as they would stand in a spreadsheet.
    let mut number = 0;
    for line in text.lines() {
        let line = line.trim();
        if !line.starts_with('|') || is_rule(line) {
            continue;
        }
        let mut cells = split(line).into_iter();
        let first = cells.next().unwrap_or_default();
        if !first.is_empty() && !first.starts_with('#') {
            workbook.sheets.push(Sheet { name: first.clone(), ..Sheet::default() });
            number = 0;
        }
        if first.starts_with('#') {
            continue;
        }
        let rest: Vec<String> = cells.collect();
        if let Some(sheet) = workbook.sheets.last_mut()
            && rest.iter().any(|cell| !cell.is_empty())
        {
            number += 1;
            sheet.push(number, rest);
        }
    }
    workbook
}

/// `|---|:--|`.
fn is_rule(line: &str) -> bool {
    line.chars().all(|character| matches!(character, '|' | '-' | ':' | ' ')) && line.contains('-')
}

/// The cells between the bars; `\|` is a bar.
fn split(line: &str) -> Vec<String> {
    let inner = line.strip_prefix('|').unwrap_or(line);
    let inner = match inner.strip_suffix('|') {
        Some(shorter) if !shorter.ends_with('\\') => shorter,
        _ => inner,
    };
    let mut cells = vec![String::new()];
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&'|') => {
                characters.next();
                if let Some(cell) = cells.last_mut() {
                    cell.push('|');
                }
            }
            '|' => cells.push(String::new()),
            other => {
                if let Some(cell) = cells.last_mut() {
                    cell.push(other);
                }
            }
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// Reads CSV (RFC 4180) of several sheets: the first cell of a row names the sheet, rows under it
/// leave it empty. Without such a cell, all of it is the survey.
///
/// # Errors
/// Where it is no CSV or passes a limit.
pub(super) fn from_csv(text: &str) -> Result<Workbook, Kind> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let mut workbook = Workbook::default();
    let mut number = 0;
    let mut sheets_are_named = None;
    for record in reader.records() {
        let record = record.map_err(|error| Kind::BadCsv(error.to_string()))?;
        let mut cells: Vec<String> = record.iter().map(|cell| cell.trim().to_owned()).collect();
        let filled = cells.iter().skip(1).any(|cell| !cell.is_empty());
        let first = cells.first().cloned().unwrap_or_default();
        // A row with nothing but a name begins a sheet.
        let names = *sheets_are_named.get_or_insert(!first.is_empty() && !filled);
        if names {
            cells.remove(0);
        }
        if names && !first.is_empty() {
            workbook.sheets.push(Sheet { name: first, ..Sheet::default() });
            number = 0;
        }
        if !names && workbook.sheets.is_empty() {
            workbook.sheets.push(Sheet { name: "survey".to_owned(), ..Sheet::default() });
        }
        if let Some(sheet) = workbook.sheets.last_mut()
            && (filled || !names)
        {
            number += 1;
            if number > MAX_ROWS {
                return Err(Kind::TooLarge("rows", MAX_ROWS as u64));
            }
            sheet.push(number, cells);
        }
    }
    Ok(workbook)
}

impl Cell {
    /// Where it stands.
    pub fn place(&self, sheet: &str, row: u32, heading: &str) -> Place {
        Place {
            sheet: sheet.to_owned(),
            row: Some(row),
            letters: Some(letters(self.column)),
            column: (!heading.is_empty()).then(|| heading.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_and_csv_are_the_same_workbook() {
        let markdown = "| survey |\n| | type | name | label |\n|---|---|---|---|\n\
                        | | text | a | A \\| B |\n| # note |\n| choices | | |\n| | list_name | name |\n";
        let csv = "survey,,,\n,type,name,label\n,text,a,A | B\nchoices,,,\n,list_name,name,\n";
        let one = from_markdown(markdown);
        let other = from_csv(csv).expect("a workbook");
        for workbook in [&one, &other] {
            let names: Vec<&str> =
                workbook.sheets.iter().map(|sheet| sheet.name.as_str()).collect();
            assert_eq!(names, ["survey", "choices"]);
            let survey = workbook.sheet("Survey").expect("a survey");
            assert_eq!(survey.rows[1].number, 2);
            assert_eq!(survey.rows[1].cells[2], Cell { column: 2, text: "A | B".into() });
        }
    }
}
