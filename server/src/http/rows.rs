//! Tables that people send: workbooks (.xlsx, .xls) and CSV, whose first row names the columns.

use mobile_schema::xlsform;

use super::LineProblem;

/// The rows of a table that hold something, with their numbers: of a workbook's first sheet, or of
/// CSV in UTF-8.
///
/// # Errors
/// What keeps it from being read at all; more than `most` rows below the columns' names.
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
        let text = std::str::from_utf8(bytes).map_err(|_| {
            unreadable("文件不是 Excel，也不是 UTF-8 的 CSV", "neither a workbook nor CSV in UTF-8")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| unreadable("读不出表格", &error.to_string()))?;
            let line = record.position().map_or(0, csv::Position::line);
            if record.iter().any(|cell| !cell.is_empty()) {
                rows.push((line, record.iter().map(str::to_owned).collect()));
            }
            if rows.len() > most + 1 {
                break;
            }
        }
        rows
    };
    if rows.len() > most + 1 {
        return Err(LineProblem::new(
            most as u64 + 2,
            format!("最多 {most} 行"),
            format!("at most {most} lines"),
        ));
    }
    Ok(rows)
}
