//! A ledger as a workbook that can be handed in, with the headers that official tables have, and as
//! CSV that Excel reads.

use mobile_schema::ledger::{Tone, Unit};
use rust_xlsxwriter::{
    Color, Format, FormatAlign, FormatBorder, IntoExcelData, Workbook, Worksheet, XlsxError,
};

use super::http::{ColumnView, Figure, IndicatorView, LedgerView};
use super::words::{Words, words};
use crate::http::file::Csv;

/// What stands where a count is hidden.
const HIDDEN: &str = "<5";
/// What stands for the share of nothing.
const NOTHING: &str = "—";
/// Columns before the ledger's own: number, code and area.
const LEAD: usize = 3;
/// The widest a column becomes, in letters; longer words go on below.
const WIDEST: usize = 50;

/// A share of hundredths of a per cent.
fn share(hundredths: Option<i64>) -> String {
    let told = hundredths.map(|share| format!("{}.{:02} %", share / 100, share % 100));
    told.unwrap_or_else(|| NOTHING.to_owned())
}

/// What stands in a cell, in words.
fn told(value: Option<&Figure>) -> String {
    match value {
        None => HIDDEN.to_owned(),
        Some(Figure::Count(count)) => count.to_string(),
        Some(Figure::Sum(sum)) => sum.clone(),
    }
}

fn counted(count: Option<i64>) -> String {
    count.map_or_else(|| HIDDEN.to_owned(), |count| count.to_string())
}

/// A column's header, with the unit of its money.
fn label(column: &ColumnView, words: &Words) -> String {
    match column.unit {
        Some(unit) => {
            format!("{}{}{}{}", column.label, words.open, words.unit_of(unit), words.close)
        }
        None => column.label.clone(),
    }
}

/// What all is told in: records, and money.
fn units(view: &LedgerView, words: &Words) -> String {
    let mut units = vec![words.records];
    for unit in [Unit::Yuan, Unit::TenThousandYuan] {
        if view.columns.iter().any(|column| column.unit == Some(unit)) {
            units.push(words.unit_of(unit));
        }
    }
    units.join(words.and)
}

/// What something is called, and what it says.
type Said<'a> = (&'a str, String);

/// What stands above the table and below it.
fn about<'a>(view: &'a LedgerView, words: &'a Words) -> ([Said<'a>; 4], [Said<'a>; 3]) {
    (
        [
            (words.office, view.office.clone()),
            (words.period, format!("{} – {}", view.from, view.until)),
            (words.as_of, view.as_of_in_china.clone()),
            (words.unit, units(view, words)),
        ],
        [
            (words.filled_in_by, view.filled_in_by.clone()),
            // Whoever checks it signs it.
            (words.checked_by, String::new()),
            (words.date, view.as_of_in_china.get(..10).unwrap_or_default().to_owned()),
        ],
    )
}

/// The ledger as CSV.
pub(super) fn csv(view: &LedgerView, language: &str) -> Vec<u8> {
    let words = words(language);
    let mut out = Csv::new();
    let mut line = |cells: Vec<String>| out.line(cells);
    line(vec![view.title.clone()]);
    let (above, below) = about(view, words);
    for (name, value) in above.into_iter().chain(below) {
        line(vec![name.to_owned(), value]);
    }
    let own = [words.number, words.code, words.area].map(str::to_owned);
    let heads = view.columns.iter().map(|column| match column.group.is_empty() {
        true => label(column, words),
        false => format!("{} {}", column.group, label(column, words)),
    });
    line(own.into_iter().chain(heads).collect());
    for (at, row) in view.rows.iter().enumerate() {
        // A code stays text, with its zeros.
        let own = [(at + 1).to_string(), row.code.clone(), row.name.clone()];
        line(own.into_iter().chain(row.values.iter().map(|one| told(one.as_ref()))).collect());
    }
    line(
        [words.number, words.indicator, words.met, words.of, words.share]
            .map(str::to_owned)
            .to_vec(),
    );
    for (at, one) in view.indicators.iter().enumerate() {
        let (met, of) = (counted(one.met), counted(one.of));
        line(vec![(at + 1).to_string(), one.label.clone(), met, of, share(one.share)]);
    }
    let heads = [words.number, words.exceptions, words.household, words.village, words.missing];
    line(heads.map(str::to_owned).to_vec());
    for (at, one) in view.exceptions.iter().enumerate() {
        let label = view.indicators.get(one.indicator).map_or("", |one| one.label.as_str());
        let number = (at + 1).to_string();
        let (title, area) = (one.title.clone(), one.area_name.clone());
        line(vec![number, label.to_owned(), title, area, one.records.to_string()]);
    }
    if view.more_exceptions {
        line(vec![words.more.into()]);
    }
    out.bytes()
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

/// How a worksheet's cells look.
struct Look {
    title: Format,
    head: Format,
    text: Format,
    /// Whole numbers; sums; shares.
    count: Format,
    sum: Format,
    share: Format,
}

impl Look {
    fn new() -> Self {
        let cell =
            Format::new().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter);
        let head = cell.clone().set_bold().set_align(FormatAlign::Center).set_text_wrap();
        Self {
            title: Format::new().set_bold().set_font_size(16).set_align(FormatAlign::Center),
            head,
            text: cell.clone().set_num_format("@").set_text_wrap(),
            count: cell.clone().set_num_format("0"),
            sum: cell.clone().set_num_format("#,##0.00####"),
            share: cell.set_num_format("0.00%"),
        }
    }
}

/// A worksheet that grows, and how wide its columns must be.
struct Page<'a> {
    sheet: &'a mut Worksheet,
    widths: Vec<usize>,
}

/// How wide a text is: letters of Chinese are twice as wide as others.
fn width(text: &str) -> usize {
    text.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum()
}

impl<'a> Page<'a> {
    fn new(sheet: &'a mut Worksheet, name: &str, columns: usize) -> Result<Self, XlsxError> {
        sheet.set_name(name)?;
        sheet.set_landscape();
        sheet.set_paper_size(9);
        sheet.set_print_fit_to_pages(1, 0);
        Ok(Self { sheet, widths: vec![4; columns] })
    }

    fn write(
        &mut self,
        (line, column): (u32, usize),
        value: impl IntoExcelData,
        words: &str,
        format: &Format,
    ) -> Result<(), XlsxError> {
        self.sheet.write_with_format(line, column as u16, value, format)?;
        self.widths[column] = self.widths[column].max(width(words).min(WIDEST));
        Ok(())
    }

    fn text(&mut self, at: (u32, usize), words: &str, format: &Format) -> Result<(), XlsxError> {
        self.write(at, words, words, format)
    }

    /// A count, or that it is hidden.
    fn count(
        &mut self,
        at: (u32, usize),
        count: Option<i64>,
        format: &Format,
    ) -> Result<(), XlsxError> {
        match count {
            Some(count) => self.write(at, count as f64, &count.to_string(), format),
            None => self.text(at, HIDDEN, format),
        }
    }

    /// Words over all columns.
    fn across(&mut self, line: u32, words: &str, format: &Format) -> Result<(), XlsxError> {
        self.sheet.merge_range(line, 0, line, (self.widths.len() - 1) as u16, words, format)?;
        Ok(())
    }

    /// Title, and what the table is about.
    fn begin(&mut self, view: &LedgerView, look: &Look, words: &Words) -> Result<(), XlsxError> {
        self.across(0, &view.title, &look.title)?;
        self.sheet.set_row_height(0, 26)?;
        self.across(1, &in_a_line(&about(view, words).0, words), &Format::new())
    }

    /// Who filled it in, who checks it, and when; then as wide as it must be.
    fn end(mut self, line: u32, view: &LedgerView, words: &Words) -> Result<(), XlsxError> {
        let (above, below) = about(view, words);
        let below = in_a_line(&below, words);
        self.across(line, &below, &Format::new())?;
        // What stands above and below is not cut either.
        let needed =
            width(&in_a_line(&above, words)).max(width(&below)).max(width(&view.title) * 3 / 2);
        let all: usize = self.widths.iter().map(|width| width + 2).sum();
        let widest = self.widths.iter_mut().skip(1).max_by_key(|width| **width);
        if let Some(widest) = widest {
            *widest += needed.saturating_sub(all);
        }
        for (column, width) in self.widths.iter().enumerate() {
            self.sheet.set_column_width(column as u16, (width + 2) as f64)?;
        }
        Ok(())
    }
}

fn in_a_line(about: &[(&str, String)], words: &Words) -> String {
    let one = |(name, value): &(&str, String)| {
        let value = if value.is_empty() { "＿＿＿＿＿＿" } else { value };
        format!("{name}{}{value}", words.colon)
    };
    about.iter().map(one).collect::<Vec<_>>().join("    ")
}

/// The ledger as a workbook: headers merged as in official tables, codes as text, numbers as numbers.
pub(super) fn xlsx(view: &LedgerView, language: &str) -> Result<Vec<u8>, XlsxError> {
    let (words, look) = (words(language), Look::new());
    let mut workbook = Workbook::new();
    areas(workbook.add_worksheet(), view, &look, words)?;
    indicators(workbook.add_worksheet(), view, &look, words)?;
    exceptions(workbook.add_worksheet(), view, &look, words)?;
    workbook.save_to_buffer()
}

fn areas(
    sheet: &mut Worksheet,
    view: &LedgerView,
    look: &Look,
    words: &Words,
) -> Result<(), XlsxError> {
    let mut page = Page::new(sheet, words.area, view.columns.len() + LEAD)?;
    page.begin(view, look, words)?;
    for (at, label) in [words.number, words.code, words.area].into_iter().enumerate() {
        page.sheet.merge_range(2, at as u16, 3, at as u16, label, &look.head)?;
        page.widths[at] = page.widths[at].max(width(label));
    }
    headers(&mut page, view, look, words)?;
    let mut line = 4;
    for (at, row) in view.rows.iter().enumerate() {
        page.count((line, 0), Some(at as i64 + 1), &look.count)?;
        page.text((line, 1), &row.code, &look.text)?;
        page.text((line, 2), &row.name, &look.text)?;
        for (column, (value, about)) in row.values.iter().zip(&view.columns).enumerate() {
            let at = (line, column + LEAD);
            match value {
                Some(Figure::Count(count)) => {
                    // Nothing points at nothing.
                    let format = toned(&look.count, about.tone.filter(|_| *count != 0));
                    page.count(at, Some(*count), &format)?;
                }
                Some(Figure::Sum(sum)) => match sum.parse::<f64>() {
                    Ok(number) => {
                        let format = toned(&look.sum, about.tone.filter(|_| number != 0.0));
                        // With what parts its thousands.
                        let written = format!("{sum}{}", " ".repeat(sum.len() / 3));
                        page.write(at, number, &written, &format)?;
                    }
                    Err(_) => page.text(at, sum, &look.text)?,
                },
                None => page.text(at, HIDDEN, &look.text)?,
            }
        }
        line += 1;
    }
    page.sheet.set_freeze_panes(4, LEAD as u16)?;
    page.sheet.set_repeat_rows(2, 3)?;
    page.end(line, view, words)
}

/// The two rows of headers: neighbours with one group share a cell above them.
fn headers(
    page: &mut Page<'_>,
    view: &LedgerView,
    look: &Look,
    words: &Words,
) -> Result<(), XlsxError> {
    let mut at = 0;
    while let Some(first) = view.columns.get(at) {
        let same = view.columns.iter().skip(at).take_while(|one| one.group == first.group).count();
        let same = if first.group.is_empty() { 1 } else { same };
        let column = |at: usize| (at + LEAD) as u16;
        for (number, one) in view.columns.iter().enumerate().skip(at).take(same) {
            let (label, format) = (label(one, words), toned(&look.head, one.tone));
            if first.group.is_empty() {
                page.sheet.merge_range(2, column(number), 3, column(number), &label, &format)?;
                page.widths[number + LEAD] = page.widths[number + LEAD].max(width(&label));
            } else {
                page.text((3, number + LEAD), &label, &format)?;
            }
        }
        match same {
            _ if first.group.is_empty() => {}
            1 => page.text((2, at + LEAD), &first.group, &look.head)?,
            _ => {
                let last = column(at + same - 1);
                page.sheet.merge_range(2, column(at), 2, last, &first.group, &look.head)?;
                // The group above them is not cut.
                let each = width(&first.group).div_ceil(same);
                let widths = page.widths.iter_mut().skip(at + LEAD).take(same);
                widths.for_each(|width| *width = (*width).max(each));
            }
        }
        at += same;
    }
    Ok(())
}

fn indicators(
    sheet: &mut Worksheet,
    view: &LedgerView,
    look: &Look,
    words: &Words,
) -> Result<(), XlsxError> {
    let heads = [words.number, words.indicator, words.met, words.of, words.share];
    let mut page = Page::new(sheet, words.indicator, heads.len())?;
    page.begin(view, look, words)?;
    for (at, label) in heads.into_iter().enumerate() {
        page.text((2, at), label, &look.head)?;
    }
    let mut line = 3;
    for (at, one) in view.indicators.iter().enumerate() {
        let IndicatorView { label, met, of, share: hundredths } = one;
        page.count((line, 0), Some(at as i64 + 1), &look.count)?;
        page.text((line, 1), label, &look.text)?;
        page.count((line, 2), *met, &look.count)?;
        page.count((line, 3), *of, &look.count)?;
        match hundredths {
            Some(value) => {
                let (number, words) = (*value as f64 / 10_000.0, share(*hundredths));
                page.write((line, 4), number, &words, &look.share)?;
            }
            None => page.text((line, 4), NOTHING, &look.text)?,
        }
        line += 1;
    }
    page.end(line, view, words)
}

fn exceptions(
    sheet: &mut Worksheet,
    view: &LedgerView,
    look: &Look,
    words: &Words,
) -> Result<(), XlsxError> {
    let heads = [words.number, words.indicator, words.household, words.village, words.missing];
    let mut page = Page::new(sheet, words.exceptions, heads.len())?;
    page.begin(view, look, words)?;
    for (at, label) in heads.into_iter().enumerate() {
        page.text((2, at), label, &look.head)?;
    }
    let mut line = 3;
    for (at, one) in view.exceptions.iter().enumerate() {
        let label = view.indicators.get(one.indicator).map_or("", |one| one.label.as_str());
        page.count((line, 0), Some(at as i64 + 1), &look.count)?;
        for (column, words) in [label, &one.title, &one.area_name].into_iter().enumerate() {
            page.text((line, column + 1), words, &look.text)?;
        }
        page.count((line, 4), Some(one.records), &look.count)?;
        line += 1;
    }
    if view.more_exceptions {
        page.across(line, words.more, &Format::new())?;
        line += 1;
    }
    page.sheet.set_repeat_rows(2, 2)?;
    page.end(line, view, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_told_as_it_was_rounded() {
        assert_eq!(share(Some(9_984)), "99.84 %");
        assert_eq!(share(Some(10_000)), "100.00 %");
        assert_eq!(share(Some(5)), "0.05 %");
        assert_eq!(share(None), "—");
    }
}
