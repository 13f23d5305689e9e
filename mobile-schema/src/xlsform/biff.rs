//! The records of .xls files (MS-XLS), looked at before they are read as a table: a cell far away
//! from all others makes no table of what lies between.

use std::collections::BTreeSet;
use std::ops::Range;

use super::compound;
use crate::form::problem::Kind;

/// The cells of a table that is made of a sheet, at most.
const MAX_TABLE: usize = 2_000_000;
/// The sheets of a workbook, at most.
const MAX_SHEETS: usize = 1_000;

const BEGIN: u16 = 0x0809;
const END: u16 = 0x000A;
const SHEET: u16 = 0x0085;
const DIMENSIONS: u16 = 0x0200;
/// Nothing is read of it.
const BLANK: u16 = 0x0201;
const SEVERAL_NUMBERS: u16 = 0x00BD;
/// Records that begin with the row and the column of a cell.
const CELLS: [u16; 8] = [0x0006, SEVERAL_NUMBERS, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x027E];

/// A file whose sheets hold no empty rows, and the rows that theirs were, by sheet, from 0.
pub(super) struct Compact {
    pub(super) file: Vec<u8>,
    pub(super) rows: Vec<Vec<u16>>,
}

/// Takes out what lies between the rows that hold something.
pub(super) fn compact(bytes: &[u8]) -> Result<Compact, Kind> {
    let damaged = || Kind::BadWorkbook("no workbook in it".to_owned());
    let mut stream = compound::stream(bytes, &["Workbook", "Book"]).ok_or_else(damaged)?;
    let (sheets, globals) = sheets(&stream);
    if sheets.len() > MAX_SHEETS {
        return Err(Kind::TooLarge("sheets", MAX_SHEETS as u64));
    }
    let mut taken: Vec<Range<usize>> = vec![globals];
    let mut rows = Vec::with_capacity(sheets.len());
    let mut left = MAX_TABLE;
    for start in sheets {
        let sheet = Sheet::of(&stream, start);
        // No two sheets share records.
        let overlaps = |other: &Range<usize>| {
            other.start < sheet.records.end && sheet.records.start < other.end
        };
        if taken.iter().any(overlaps) {
            return Err(damaged());
        }
        taken.push(sheet.records.clone());
        let used: Vec<u16> = sheet.rows.iter().copied().collect();
        let table = used.len().saturating_mul(sheet.width());
        left = left.checked_sub(table).ok_or(Kind::TooLarge("cells", MAX_TABLE as u64))?;
        sheet.close_up(&mut stream, &used);
        rows.push(used);
    }
    let file = compound::container("Workbook", &stream);
    let file = file.ok_or(Kind::TooLarge("bytes", u64::from(u32::MAX)))?;
    Ok(Compact { file, rows })
}

/// A record: its kind, and where its bytes are.
struct Record {
    kind: u16,
    data: Range<usize>,
}

/// The records from a place on.
fn records(stream: &[u8], start: usize) -> impl Iterator<Item = Record> {
    let mut at = start;
    std::iter::from_fn(move || {
        let head = stream.get(at..at.checked_add(4)?)?;
        let kind = u16::from_le_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let data = at + 4..at + 4 + length;
        stream.get(data.clone())?;
        at = data.end;
        Some(Record { kind, data })
    })
}

/// Where the sheets begin, and the records that tell.
fn sheets(stream: &[u8]) -> (Vec<usize>, Range<usize>) {
    let mut sheets = Vec::new();
    let mut end = 0;
    for record in records(stream, 0) {
        end = record.data.end;
        match record.kind {
            SHEET => {
                let place = stream[record.data].first_chunk::<4>().copied();
                sheets.extend(place.map(|bytes| u32::from_le_bytes(bytes) as usize));
            }
            END => break,
            _ => {}
        }
    }
    (sheets, 0..end)
}

/// What a sheet's records say of its cells.
struct Sheet {
    records: Range<usize>,
    rows: BTreeSet<u16>,
    columns: Option<(u16, u16)>,
    /// Where the rows of cells are written.
    cells: Vec<usize>,
    /// Where its own word of its size begins.
    dimensions: Vec<usize>,
}

impl Sheet {
    fn of(stream: &[u8], start: usize) -> Self {
        let mut sheet = Self {
            records: start..start,
            rows: BTreeSet::new(),
            columns: None,
            cells: Vec::new(),
            dimensions: Vec::new(),
        };
        // Charts inside have cells of their own.
        let mut depth = 0_usize;
        for Record { kind, data } in records(stream, start) {
            sheet.records.end = data.end;
            match kind {
                BEGIN => depth += 1,
                END if depth <= 1 => break,
                END => depth -= 1,
                _ if depth > 1 => {}
                DIMENSIONS => sheet.dimensions.push(data.start - 4),
                kind if CELLS.contains(&kind) => {
                    sheet.cell(kind, &stream[data.clone()], data.start)
                }
                _ => {}
            }
        }
        sheet
    }

    fn cell(&mut self, kind: u16, data: &[u8], at: usize) {
        let number = |at: usize| {
            let bytes = data.get(at..at + 2)?;
            Some(u16::from_le_bytes([bytes[0], bytes[1]]))
        };
        let (Some(row), Some(first)) = (number(0), number(2)) else { return };
        let last = if kind == SEVERAL_NUMBERS { number(data.len() - 2) } else { None };
        self.rows.insert(row);
        self.cells.push(at);
        for column in [first, last.unwrap_or(first)] {
            let (least, most) = self.columns.unwrap_or((column, column));
            self.columns = Some((least.min(column), most.max(column)));
        }
    }

    fn width(&self) -> usize {
        self.columns.map_or(0, |(least, most)| usize::from(most - least) + 1)
    }

    fn close_up(&self, stream: &mut [u8], used: &[u16]) {
        for at in &self.cells {
            let row = u16::from_le_bytes([stream[*at], stream[*at + 1]]);
            let place = used.binary_search(&row).ok().and_then(|place| u16::try_from(place).ok());
            let place = place.unwrap_or(row);
            stream[*at..*at + 2].copy_from_slice(&place.to_le_bytes());
        }
        for at in &self.dimensions {
            stream[*at..*at + 2].copy_from_slice(&BLANK.to_le_bytes());
        }
    }
}
