//! Excel workbooks: .xlsx and .xls.

use std::io::{Cursor, Read};

use calamine::{
    Data, DataRef, ExcelDateTime, Reader, Xls, XlsError, Xlsx, XlsxError, open_workbook_from_rs,
};

use super::biff;
use super::sheet::{Cell, MAX_ROWS, Row, Sheet, Workbook, clean};
use crate::form::problem::{Kind, Place, Problem};

/// The most bytes that a workbook may unpack to.
const MAX_UNPACKED: u64 = 128 * 1024 * 1024;
/// The most columns of a sheet.
const MAX_COLUMNS: usize = 1_000;
/// The most cells of a workbook.
const MAX_CELLS: usize = 2_000_000;
/// The longest text of a cell, in bytes: what Excel allows in characters, in the widest of them.
const MAX_CELL: usize = 4 * 32_767;
/// The most files in a workbook.
const MAX_FILES: usize = 2_000;

/// Reads a workbook.
pub(super) fn read(bytes: &[u8]) -> Result<Workbook, Kind> {
    if bytes.starts_with(b"PK") { read_xlsx(bytes) } else { read_xls(bytes) }
}

fn read_xlsx(bytes: &[u8]) -> Result<Workbook, Kind> {
    check_size(bytes)?;
    // Binary workbooks (.xlsb) and those of OpenOffice (.ods).
    if has_file(bytes, "xl/workbook.bin") || has_file(bytes, "content.xml") {
        return Err(Kind::NotAForm);
    }
    let damaged = |error: XlsxError| match error {
        XlsxError::Password => Kind::Encrypted,
        other => Kind::BadWorkbook(other.to_string()),
    };
    let mut file: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes)).map_err(damaged)?;
    let mut workbook = Workbook::default();
    let mut cells = 0;
    for name in file.sheet_names() {
        let merged = file.merge_cells_by_sheet_name(&name);
        if merged.is_ok_and(|merged| !merged.is_empty()) {
            let place = Place { sheet: name.clone(), ..Place::default() };
            workbook.problems.push(Problem::warning(place, Kind::MergedCells));
        }
        // A sheet that is a chart has no cells.
        let Ok(mut reader) = file.worksheet_cells_reader(&name) else { continue };
        let mut taker = Taker::new(name, &mut workbook.problems, &mut cells);
        while let Some(cell) = reader.next_cell_with_formula_metadata().map_err(damaged)? {
            let (row, column) = cell.pos;
            let is_formula = cell.formula.is_some();
            let text = match &cell.value {
                DataRef::Empty if is_formula => {
                    taker.tell(row, column, Kind::FormulaWithoutValue);
                    continue;
                }
                DataRef::Empty => continue,
                DataRef::String(text) => text.clone(),
                DataRef::SharedString(text) => (*text).to_owned(),
                DataRef::Float(number) => number_text(*number),
                DataRef::Int(number) => number.to_string(),
                DataRef::Bool(boolean) => boolean_text(*boolean),
                DataRef::DateTime(moment) => moment_text(*moment),
                DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
                DataRef::Error(error) => {
                    taker.tell(row, column, Kind::ErrorCell(error.to_string()));
                    continue;
                }
            };
            taker.formulas += usize::from(is_formula);
            taker.take(row, column, &text)?;
        }
        let sheet = taker.finish();
        workbook.sheets.push(sheet);
    }
    Ok(workbook)
}

fn read_xls(bytes: &[u8]) -> Result<Workbook, Kind> {
    // A workbook with a password is an encrypted package in the container of .xls files.
    let package: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if bytes.windows(package.len()).any(|window| window == package) {
        return Err(Kind::Encrypted);
    }
    let damaged = |error: XlsError| match error {
        XlsError::Password => Kind::Encrypted,
        other => Kind::BadWorkbook(other.to_string()),
    };
    // What is read of a sheet is a table from its first cell to its last.
    let compact = biff::compact(bytes)?;
    let mut file: Xls<_> = open_workbook_from_rs(Cursor::new(compact.file)).map_err(damaged)?;
    let mut workbook = Workbook::default();
    let mut cells = 0;
    for (at, name) in file.sheet_names().into_iter().enumerate() {
        let Ok(range) = file.worksheet_range(&name) else { continue };
        let mut taker = Taker::new(name, &mut workbook.problems, &mut cells);
        let (first_row, first_column) = range.start().unwrap_or_default();
        for (row, column, value) in range.used_cells() {
            let place = row.saturating_add(first_row as usize);
            let row = compact.rows.get(at).and_then(|rows| rows.get(place));
            let row = row.map_or(u32::MAX, |row| u32::from(*row));
            let column = u32::try_from(column).unwrap_or(u32::MAX).saturating_add(first_column);
            let text = match value {
                Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => {
                    text.clone()
                }
                Data::Float(number) => number_text(*number),
                Data::Int(number) => number.to_string(),
                Data::Bool(boolean) => boolean_text(*boolean),
                Data::DateTime(moment) => moment_text(*moment),
                Data::Error(error) => {
                    taker.tell(row, column, Kind::ErrorCell(error.to_string()));
                    continue;
                }
                _ => continue,
            };
            taker.take(row, column, &text)?;
        }
        let sheet = taker.finish();
        workbook.sheets.push(sheet);
    }
    Ok(workbook)
}

/// Unpacks a workbook into nothing, to know that it isn't far larger than it looks.
fn check_size(bytes: &[u8]) -> Result<(), Kind> {
    let damaged = |error: &dyn std::fmt::Display| Kind::BadWorkbook(error.to_string());
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    if archive.len() > MAX_FILES {
        return Err(Kind::TooLarge("files", MAX_FILES as u64));
    }
    let mut left = MAX_UNPACKED;
    for at in 0..archive.len() {
        let mut file = match archive.by_index(at) {
            Ok(file) => file,
            Err(zip::result::ZipError::UnsupportedArchive(reason))
                if reason == zip::result::ZipError::PASSWORD_REQUIRED =>
            {
                return Err(Kind::Encrypted);
            }
            Err(error) => return Err(damaged(&error)),
        };
        let mut part = file.by_ref().take(left + 1);
        let read = std::io::copy(&mut part, &mut std::io::sink());
        left = left
            .checked_sub(read.map_err(|error| damaged(&error))?)
            .ok_or(Kind::TooLarge("bytes unpacked", MAX_UNPACKED))?;
    }
    Ok(())
}

fn has_file(bytes: &[u8], name: &str) -> bool {
    let archive = zip::ZipArchive::new(Cursor::new(bytes));
    archive.is_ok_and(|archive| archive.index_for_name(name).is_some())
}

/// Takes cells as they come, under limits.
struct Taker<'a> {
    sheet: Sheet,
    problems: &'a mut Vec<Problem>,
    cells: &'a mut usize,
    formulas: usize,
    /// The first cell that stands too far to the right.
    far: Option<Place>,
}

impl<'a> Taker<'a> {
    fn new(name: String, problems: &'a mut Vec<Problem>, cells: &'a mut usize) -> Self {
        let sheet = Sheet { name, ..Sheet::default() };
        Self { sheet, problems, cells, formulas: 0, far: None }
    }

    fn place(&self, row: u32, column: u32) -> Place {
        let cell = Cell { column: column as usize, text: String::new() };
        cell.place(&self.sheet.name, row.saturating_add(1), "")
    }

    /// Notes a cell that can't be read: it is told where a form uses it.
    fn tell(&mut self, row: u32, column: u32, kind: Kind) {
        if self.sheet.faults.len() < MAX_ROWS {
            self.sheet.faults.push((row.saturating_add(1), column as usize, kind));
        }
    }

    /// The sheet, once all cells are taken.
    fn finish(self) -> Sheet {
        let place = Place { sheet: self.sheet.name.clone(), ..Place::default() };
        if self.formulas > 0 {
            self.problems.push(Problem::warning(place, Kind::Formulas(self.formulas)));
        }
        if let Some(far) = self.far {
            self.problems.push(Problem::warning(far, Kind::FarCells(MAX_COLUMNS)));
        }
        self.sheet
    }

    fn take(&mut self, row: u32, column: u32, text: &str) -> Result<(), Kind> {
        let text = clean(text);
        if text.is_empty() {
            return Ok(());
        }
        if column as usize >= MAX_COLUMNS {
            if self.far.is_none() {
                self.far = Some(self.place(row, column));
            }
            return Ok(());
        }
        let column = column as usize;
        *self.cells += 1;
        if *self.cells > MAX_CELLS {
            return Err(Kind::TooLarge("cells", MAX_CELLS as u64));
        }
        if text.len() > MAX_CELL {
            return Err(Kind::TooLarge("bytes in a cell", MAX_CELL as u64));
        }
        let number = row.saturating_add(1);
        // Cells come row by row.
        if self.sheet.rows.last().is_none_or(|last| last.number != number) {
            if self.sheet.rows.len() >= MAX_ROWS {
                return Err(Kind::TooLarge("rows", MAX_ROWS as u64));
            }
            self.sheet.rows.push(Row { number, cells: Vec::new() });
        }
        if let Some(row) = self.sheet.rows.last_mut() {
            row.cells.push(Cell { column, text });
        }
        Ok(())
    }
}

/// A number as people write it in a cell: without a point where it is whole.
fn number_text(number: f64) -> String {
    crate::expression::value::text_of(number)
}

fn boolean_text(boolean: bool) -> String {
    if boolean { "TRUE" } else { "FALSE" }.to_owned()
}

/// A date, a time of day or both, as ISO 8601 has them, to the nearest second.
fn moment_text(moment: ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let seconds = u32::from(hour) * 3_600 + u32::from(minute) * 60 + u32::from(second);
    let seconds = seconds + u32::from(milli >= 500);
    let (year, month, day) = match next_day(year, month, day) {
        Some(next) if seconds == 86_400 => next,
        _ => (year, month, day),
    };
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let date = format!("{year:04}-{month:02}-{day:02}");
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    if moment.as_f64() < 1.0 {
        time
    } else if (hour, minute, second) == (0, 0, 0) {
        date
    } else {
        format!("{date}T{time}")
    }
}

fn next_day(year: u16, month: u8, day: u8) -> Option<(u16, u8, u8)> {
    let month = time::Month::try_from(month).ok()?;
    let next = time::Date::from_calendar_date(i32::from(year), month, day).ok()?.next_day()?;
    Some((u16::try_from(next.year()).ok()?, u8::from(next.month()), next.day()))
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn seconds_are_rounded() {
        let text =
            |value| moment_text(ExcelDateTime::new(value, ExcelDateTimeType::DateTime, false));
        // 2024-02-29 is day 45351.
        assert_eq!(text(45_351.0), "2024-02-29");
        assert_eq!(text(45_351.0 + (8.5 * 3_600.0 + 29.9996) / 86_400.0), "2024-02-29T08:30:30");
        assert_eq!(text(45_351.999_999_99), "2024-03-01");
        assert_eq!(text(10.0 / 24.0 - 1e-10), "10:00:00");
    }
}
