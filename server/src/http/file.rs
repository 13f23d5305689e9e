//! Files that are made for a person to keep.

use actix_web::HttpResponse;
use actix_web::http::header;

/// A file to be saved under a name (ASCII), and kept by nobody on the way.
pub fn download(media_type: &str, name: &str, bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(bytes)
}

/// A workbook as Excel has it (ECMA-376).
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// A table as CSV (RFC 4180).
pub const CSV: &str = "text/csv; charset=utf-8";

/// Lines of cells as CSV (RFC 4180) in UTF-8 with a byte order mark, without which Excel garbles
/// Chinese. Words that begin like a formula are none.
#[derive(Debug)]
pub struct Csv(csv::Writer<Vec<u8>>);

impl Csv {
    /// A table without lines.
    pub fn new() -> Self {
        Self(writer(b"\xef\xbb\xbf".to_vec()))
    }

    /// What follows the lines of another.
    pub fn going_on() -> Self {
        Self(writer(Vec::new()))
    }

    /// Adds a line.
    pub fn line<I: IntoIterator<Item: AsRef<str>>>(&mut self, cells: I) {
        let cells = cells.into_iter().map(|cell| plain(cell.as_ref()));
        self.0.write_record(cells).expect("memory takes it");
    }

    /// The table's bytes.
    pub fn bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("memory takes it")
    }

    /// The bytes so far; it goes on after them.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::replace(self, Self::going_on()).bytes()
    }
}

fn writer(begun: Vec<u8>) -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new().flexible(true).from_writer(begun)
}

impl Default for Csv {
    fn default() -> Self {
        Self::new()
    }
}

/// A cell that a spreadsheet takes for what it says: words that begin like a formula are none.
fn plain(text: &str) -> String {
    let looks = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let is_number = text.parse::<f64>().is_ok();
    if looks && !is_number { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_formula() {
        assert_eq!(plain("=1+1"), "'=1+1");
        assert_eq!(plain("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(plain("＝1+1"), "'＝1+1", "Excel in Chinese takes full-width signs as well");
        assert_eq!(plain("-5"), "-5");
        assert_eq!(plain("王某"), "王某");
    }
}
