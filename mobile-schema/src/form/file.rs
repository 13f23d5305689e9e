//! Forms as people bring them: a workbook or an XForm.

use crate::xlsform;
use crate::xml::Element;

use super::definition::Form;
use super::load::load;
use super::problem::{Kind, Place, Problem};

/// What became of a file.
#[derive(Debug, Default)]
pub struct Opened {
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
                    opened.form = load(&xform, &mut opened.problems);
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
        self.xform = compiled.xform;
        let Some(xform) = &self.xform else { return };
        let mut found = Vec::new();
        self.form = load(xform, &mut found);
        for mut problem in found {
            // What the XForm has at a path, the workbook has in a row.
            let path = problem.place.column.as_deref().and_then(|text| text.split(' ').next());
            if let Some(place) = path.and_then(|path| compiled.places.get(path)) {
                problem.place = place.clone();
            }
            self.problems.push(problem);
        }
    }
}
