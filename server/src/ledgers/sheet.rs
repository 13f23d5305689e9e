//! A ledger as a workbook with the headers that official tables have, and as CSV that Excel reads.

use mobile_schema::ledger::Tone;
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use super::http::LedgerView;
use crate::http::file::Csv;

/// A cell: words, or a number; nothing where a count is hidden.
enum Cell<'a> {
    Text(&'a str),
    Number(Option<i64>),
}

/// What stands where a count is hidden.
const HIDDEN: &str = "<5";

/// The words of a sheet, in its reader's language.
struct Words {
    code: &'static str,
    area: &'static str,
    period: &'static str,
    as_of: &'static str,
    indicator: &'static str,
    met: &'static str,
    of: &'static str,
    share: &'static str,
    exceptions: &'static str,
    household: &'static str,
    village: &'static str,
    more: &'static str,
}

const CHINESE: Words = Words {
    code: "区划代码",
    area: "区域",
    period: "统计期",
    as_of: "数据截至",
    indicator: "指标",
    met: "已达到",
    of: "应达到",
    share: "比率",
    exceptions: "未达到名单",
    household: "户主",
    village: "村",
    more: "名单未列全",
};

const ENGLISH: Words = Words {
    code: "Code",
    area: "Area",
    period: "Period",
    as_of: "As of",
    indicator: "Indicator",
    met: "Met",
    of: "Out of",
    share: "Share",
    exceptions: "Not met",
    household: "Household",
    village: "Village",
    more: "There are more than are listed",
};

fn words(language: &str) -> &'static Words {
    if language == "en" { &ENGLISH } else { &CHINESE }
}

/// The share of an indicator: never rounded up to all.
fn share(met: Option<i64>, of: Option<i64>) -> String {
    let Some((met, of)) = met.zip(of).filter(|(_, of)| *of > 0) else { return "—".to_owned() };
    let hundredths = met * 10_000 / of;
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// A count in words.
fn told(count: Option<i64>) -> String {
    count.map_or(HIDDEN.to_owned(), |count| count.to_string())
}

/// The colour of a column's header and of what it counts: light, for print, and letters stay black.
fn fill(tone: Tone) -> Color {
    Color::RGB(match tone {
        Tone::Red => 0xF8_C9C4,
        Tone::Yellow => 0xFF_E699,
        Tone::Blue => 0xC5_DCF5,
        Tone::Green => 0xCD_E8D2,
    })
}

/// A cell's format in its column's colour, where it has one.
fn toned(format: &Format, tone: Option<Tone>) -> Format {
    match tone {
        Some(tone) => format.clone().set_background_color(fill(tone)),
        None => format.clone(),
    }
}

/// The header rows, each column's group and label, and the rows of areas.
fn rows(view: &LedgerView) -> impl Iterator<Item = Vec<Cell<'_>>> {
    view.rows.iter().map(|row| {
        let head = [Cell::Text(&row.code), Cell::Text(&row.name)];
        head.into_iter().chain(row.values.iter().map(|value| Cell::Number(*value))).collect()
    })
}

/// The ledger as CSV.
pub(super) fn csv(view: &LedgerView, language: &str) -> Vec<u8> {
    let words = words(language);
    let mut out = Csv::new();
    let mut line = |cells: Vec<String>| out.line(cells);
    line(vec![view.title.clone()]);
    line(vec![words.period.into(), format!("{} – {}", view.from, view.until)]);
    line(vec![words.as_of.into(), view.as_of_in_china.clone()]);
    let head = |label: &dyn Fn(&super::http::ColumnView) -> String| {
        let own = [words.code.to_owned(), words.area.to_owned()];
        own.into_iter().chain(view.columns.iter().map(label)).collect::<Vec<_>>()
    };
    line(head(&|column| {
        if column.group.is_empty() {
            column.label.clone()
        } else {
            format!("{} {}", column.group, column.label)
        }
    }));
    for row in rows(view) {
        let cells = row.into_iter().map(|cell| match cell {
            // A code stays text, with its zeros.
            Cell::Text(text) => text.to_owned(),
            Cell::Number(number) => told(number),
        });
        line(cells.collect());
    }
    line(vec![words.indicator.into(), words.met.into(), words.of.into(), words.share.into()]);
    for one in &view.indicators {
        let (met, of) = (told(one.met), told(one.of));
        line(vec![one.label.clone(), met, of, share(one.met, one.of)]);
    }
    line(vec![words.exceptions.into(), words.household.into(), words.village.into()]);
    for one in &view.exceptions {
        let label = view.indicators.get(one.indicator).map_or("", |one| one.label.as_str());
        line(vec![label.to_owned(), one.title.clone(), one.area_name.clone()]);
    }
    if view.more_exceptions {
        line(vec![words.more.into()]);
    }
    out.bytes()
}

/// The ledger as a workbook: headers merged as in official tables, codes as text.
pub(super) fn xlsx(view: &LedgerView, language: &str) -> Result<Vec<u8>, XlsxError> {
    let words = words(language);
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name(words.area)?;
    let title = Format::new().set_bold().set_font_size(16).set_align(FormatAlign::Center);
    let head = Format::new()
        .set_bold()
        .set_border(FormatBorder::Thin)
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::VerticalCenter)
        .set_text_wrap();
    let text = Format::new().set_border(FormatBorder::Thin).set_num_format("@");
    let number = Format::new().set_border(FormatBorder::Thin);
    let last = u16::try_from(view.columns.len() + 1).unwrap_or(u16::MAX);
    sheet.merge_range(0, 0, 0, last, &view.title, &title)?;
    let about = format!(
        "{}：{} – {}    {}：{}",
        words.period, view.from, view.until, words.as_of, view.as_of_in_china
    );
    sheet.merge_range(1, 0, 1, last, &about, &Format::new())?;
    for (at, label) in [(0, words.code), (1, words.area)] {
        sheet.merge_range(2, at, 3, at, label, &head)?;
    }
    headers(sheet, view, &head)?;
    let tone_of = |column: u16| view.columns.get(usize::from(column) - 2).and_then(|one| one.tone);
    for (at, row) in rows(view).enumerate() {
        let line = at as u32 + 4;
        for (column, cell) in row.into_iter().enumerate() {
            let column = column as u16;
            match cell {
                Cell::Text(words) => sheet.write_string_with_format(line, column, words, &text)?,
                Cell::Number(Some(value)) => {
                    // Nothing points at nothing.
                    let format = toned(&number, tone_of(column).filter(|_| value != 0));
                    sheet.write_number_with_format(line, column, value as f64, &format)?
                }
                Cell::Number(None) => {
                    sheet.write_string_with_format(line, column, HIDDEN, &text)?
                }
            };
        }
    }
    sheet.set_column_width(0, 15)?;
    sheet.set_column_width(1, 22)?;
    sheet.set_freeze_panes(4, 2)?;
    sheet.set_landscape();
    sheet.set_paper_size(9);
    sheet.set_print_fit_to_pages(1, 0);
    sheet.set_repeat_rows(2, 3)?;
    let sheet = workbook.add_worksheet();
    sheet.set_name(words.indicator)?;
    for (at, label) in [words.indicator, words.met, words.of, words.share].iter().enumerate() {
        sheet.write_string_with_format(0, at as u16, *label, &head)?;
    }
    for (at, one) in view.indicators.iter().enumerate() {
        let line = at as u32 + 1;
        sheet.write_string_with_format(line, 0, &one.label, &text)?;
        for (column, count) in [(1, one.met), (2, one.of)] {
            match count {
                Some(count) => {
                    sheet.write_number_with_format(line, column, count as f64, &number)?
                }
                None => sheet.write_string_with_format(line, column, HIDDEN, &text)?,
            };
        }
        sheet.write_string_with_format(line, 3, share(one.met, one.of), &text)?;
    }
    sheet.set_column_width(0, 48)?;
    let sheet = workbook.add_worksheet();
    sheet.set_name(words.exceptions)?;
    for (at, label) in [words.indicator, words.household, words.village].iter().enumerate() {
        sheet.write_string_with_format(0, at as u16, *label, &head)?;
    }
    for (at, one) in view.exceptions.iter().enumerate() {
        let label = view.indicators.get(one.indicator).map_or("", |one| one.label.as_str());
        for (column, words) in [label, &one.title, &one.area_name].into_iter().enumerate() {
            sheet.write_string_with_format(at as u32 + 1, column as u16, words, &text)?;
        }
    }
    if view.more_exceptions {
        sheet.write_string(view.exceptions.len() as u32 + 1, 0, words.more)?;
    }
    sheet.set_column_width(0, 48)?;
    workbook.save_to_buffer()
}

/// The two rows of headers: neighbours with one group share a cell above them.
fn headers(sheet: &mut Worksheet, view: &LedgerView, format: &Format) -> Result<(), XlsxError> {
    let mut at = 0;
    while let Some(first) = view.columns.get(at) {
        let same = view.columns.iter().skip(at).take_while(|one| one.group == first.group).count();
        let same = if first.group.is_empty() { 1 } else { same };
        let column = |at: usize| (at + 2) as u16;
        if first.group.is_empty() {
            let format = toned(format, first.tone);
            sheet.merge_range(2, column(at), 3, column(at), &first.label, &format)?;
        } else {
            if same == 1 {
                sheet.write_string_with_format(2, column(at), &first.group, format)?;
            } else {
                sheet.merge_range(2, column(at), 2, column(at + same - 1), &first.group, format)?;
            }
            for (number, one) in view.columns.iter().enumerate().skip(at).take(same) {
                let format = toned(format, one.tone);
                sheet.write_string_with_format(3, column(number), &one.label, &format)?;
            }
        }
        at += same;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_never_rounded_up_to_all() {
        assert_eq!(share(Some(14_219), Some(14_220)), "99.99 %");
        assert_eq!(share(Some(3), Some(3)), "100.00 %");
        assert_eq!(share(Some(0), Some(0)), "—");
        assert_eq!(share(None, None), "—");
    }
}
