//! XLSForm (<https://xlsform.org/en/ref-table/>) → XForm.
//!
//! A workbook is read as text ([`sheet`], [`workbook`]), its headings are understood ([`columns`]),
//! its rows become a tree of [`item`]s ([`survey`], [`rows`], [`choices`]), `${name}` is resolved
//! by scope ([`references`]), and the tree is written as an XForm ([`emit`], [`texts`]). The XForm
//! is the one that pyxform makes of the same workbook: same binds, same instance, same texts.

#[cfg(feature = "workbooks")]
mod biff;
mod cells;
mod choices;
mod columns;
#[cfg(feature = "workbooks")]
mod compound;
mod emit;
mod entities;
mod item;
mod kinds;
mod parameters;
mod range;
mod references;
mod rows;
mod selects;
mod sheet;
mod survey;
mod texts;
mod types;
#[cfg(feature = "workbooks")]
mod workbook;

pub use cells::Cells;
pub use sheet::{Cell, Row, Sheet, Workbook};
pub(crate) use sheet::{clean, delimiter};

use crate::form::problem::{Kind, Problem, Severity};
use crate::xml::Element;

/// What became of a workbook.
#[derive(Debug)]
pub struct Compiled {
    /// The XForm; none where an error keeps it from being made.
    pub xform: Option<Element>,
    /// All that is wrong.
    pub problems: Vec<Problem>,
    /// Where what the XForm holds stands in the workbook.
    pub cells: Cells,
}

/// Makes an XForm of a workbook.
///
/// `name` is that of the file without its ending: the form's id where the settings don't tell.
pub fn compile(workbook: &Workbook, name: &str) -> Compiled {
    // What stands in other sheets is nobody's business.
    let is_read = |problem: &&Problem| survey::reads(workbook, &problem.place.sheet);
    let mut problems: Vec<Problem> = workbook.problems.iter().filter(is_read).cloned().collect();
    let mut cells = Cells::default();
    let xform = survey::read(workbook, name, &mut problems).and_then(|survey| {
        cells = Cells::of(&survey);
        let element = emit::form(&survey, &mut problems);
        let broken = problems.iter().any(|problem| problem.severity == Severity::Error);
        (!broken).then_some(element)
    });
    Problem::sort(&mut problems);
    Compiled { xform, problems, cells }
}

/// Reads a workbook from the bytes of a file: Excel, Markdown or CSV.
///
/// # Errors
/// What keeps it from being read at all.
pub fn read(bytes: &[u8]) -> Result<Workbook, Kind> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        #[cfg(feature = "workbooks")]
        return workbook::read(bytes);
        #[cfg(not(feature = "workbooks"))]
        return Err(Kind::NotAForm);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Kind::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if sheet::is_markdown(text) {
        Ok(sheet::from_markdown(text))
    } else if text.contains([',', ';', '\t']) {
        sheet::from_csv(text)
    } else {
        Err(Kind::NotAForm)
    }
}
