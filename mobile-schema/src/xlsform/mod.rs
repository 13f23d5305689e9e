//! XLSForm (<https://xlsform.org/en/ref-table/>) → XForm.
//!
//! A workbook is read as text ([`sheet`], [`workbook`]), its headings are understood ([`columns`]),
//! its rows become a tree of [`item`]s ([`survey`], [`rows`], [`choices`]), `${name}` is resolved
//! by scope ([`references`]), and the tree is written as an XForm ([`emit`], [`texts`]). The XForm
//! is the one that pyxform makes of the same workbook: same binds, same instance, same texts.

mod choices;
mod columns;
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

pub use sheet::{Cell, Row, Sheet, Workbook};

use std::collections::HashMap;

use crate::form::problem::{Kind, Place, Problem, Severity};
use crate::xml::Element;

/// What became of a workbook.
#[derive(Debug)]
pub struct Compiled {
    /// The XForm; none where an error keeps it from being made.
    pub xform: Option<Element>,
    /// All that is wrong.
    pub problems: Vec<Problem>,
    /// Where questions and groups stand in the workbook, by their paths in the XForm.
    pub places: HashMap<String, Place>,
}

/// Makes an XForm of a workbook.
///
/// `name` is that of the file without its ending: the form's id where the settings don't tell.
pub fn compile(workbook: &Workbook, name: &str) -> Compiled {
    let mut problems = workbook.problems.clone();
    let mut places = HashMap::new();
    let xform = survey::read(workbook, name, &mut problems).and_then(|survey| {
        for (at, item) in survey.items.iter().enumerate() {
            places.insert(survey.path(at), item.place.clone());
        }
        let element = emit::form(&survey, &mut problems);
        let broken = problems.iter().any(|problem| problem.severity == Severity::Error);
        (!broken).then_some(element)
    });
    Problem::sort(&mut problems);
    Compiled { xform, problems, places }
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
    } else if text.contains(',') {
        sheet::from_csv(text)
    } else {
        Err(Kind::NotAForm)
    }
}
