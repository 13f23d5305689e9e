//! Forms as people bring them: a workbook or an XForm.

use crate::xlsform;
use crate::xml::Element;

use super::definition::Form;
use super::inspect::{inspect, inspect_files};
use super::load::load_with_expressions;
use super::problem::{Kind, Place, Problem, Severity};
use super::session::Files;

/// What became of a file.
#[derive(Debug, Default)]
pub struct Opened {
    /// Where what stands in the XForm stands in the workbook.
    cells: xlsform::Cells,
    /// The XForm, as far as it could be made.
    pub xform: Option<Element>,
    /// The form, where nothing keeps it from being used.
    pub form: Option<Form>,
    /// All that is wrong.
    pub problems: Vec<Problem>,
}

/// Reads a form from the bytes of a file, whatever it is; `name` is the file's without its ending.
pub fn open(bytes: &[u8], name: &str) -> Opened {
    let mut opened = Opened::default();
    let start = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    if start.starts_with(b"<") {
        match std::str::from_utf8(start) {
            Err(_) => opened.refuse(Kind::NotUtf8),
            Ok(text) => match Element::read(text) {
                Err(problem) => opened.refuse(Kind::BadXml(problem.to_string())),
                Ok(xform) => {
                    opened.load(&xform);
                    opened.xform = Some(xform);
                }
            },
        }
    } else {
        match xlsform::read(bytes) {
            Err(kind) => opened.refuse(kind),
            Ok(workbook) => opened.compile(&workbook, name),
        }
    }
    Problem::sort(&mut opened.problems);
    opened
}

impl Opened {
    fn refuse(&mut self, kind: Kind) {
        self.problems.push(Problem::error(Place::default(), kind));
    }

    fn compile(&mut self, workbook: &xlsform::Workbook, name: &str) {
        let compiled = xlsform::compile(workbook, name);
        self.problems = compiled.problems;
        self.cells = compiled.cells;
        if let Some(xform) = compiled.xform {
            self.load(&xform);
            self.xform = Some(xform);
        }
    }

    fn load(&mut self, xform: &Element) {
        let mut problems = Vec::new();
        let loaded = load_with_expressions(xform, &mut problems);
        self.form = loaded.map(|(form, expressions)| {
            problems.extend(inspect(&form, &expressions));
            form
        });
        self.tell(problems);
    }

    /// Adds what is wrong between the form and its files.
    pub fn inspect_files(&mut self, files: &Files) {
        let problems = self.form.as_ref().map(|form| inspect_files(form, files));
        self.tell(problems.unwrap_or_default());
        Problem::sort(&mut self.problems);
    }

    /// Makes errors of what a server doesn't take in ([`Kind::keeps_out`]).
    pub fn keep_out(&mut self) {
        for problem in self.problems.iter_mut().filter(|problem| problem.kind.keeps_out()) {
            problem.severity = Severity::Error;
        }
        Problem::sort(&mut self.problems);
    }

    /// What the XForm has at a path, the workbook has in a cell.
    fn tell(&mut self, mut problems: Vec<Problem>) {
        problems.iter_mut().for_each(|problem| self.cells.locate(problem));
        self.problems.extend(problems);
    }
}
