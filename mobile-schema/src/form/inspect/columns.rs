//! Columns that a form reads and its files don't have.

use std::collections::BTreeSet;

use super::{at, child_of, each_code, lists_of};
use crate::expression::Code;
use crate::expression::code::Path;
use crate::expression::functions::Function;
use crate::expression::problem::nearest;
use crate::form::definition::{Choices, Form};
use crate::form::problem::{Kind, Place, Problem};
use crate::form::session::Files;
use crate::xml::Element;

/// How many rows are looked at for their columns.
const SOME_ROWS: usize = 10_000;

/// What is wrong between a form and its files. Files that are not there are passed over.
pub fn inspect_files(form: &Form, files: &Files) -> Vec<Problem> {
    let mut found = Inspection { form, files, problems: Vec::new() };
    for instance in &form.instances {
        let rows = files.get(&instance.id).map(|file| file.elements().count());
        if let (Some(0), Some(name)) = (rows, file_of(form, &instance.id)) {
            found.problems.push(Problem::warning(Place::default(), Kind::EmptyFile(name)));
        }
    }
    for number in 0..u32::try_from(form.nodes.len()).unwrap_or(u32::MAX) {
        let Some(control) = form.control(number) else { continue };
        if let Choices::Set { nodes, value, label } = &control.choices
            && let Some(list) = lists_of(nodes).first()
        {
            let place = at(form, number, "itemset");
            if let Some(column) = child_of(form, value) {
                found.column(&place, list, &column, true);
            }
            if let Some(column) = label.as_ref().and_then(|label| child_of(form, label)) {
                found.column(&place, list, &column, false);
            }
        }
    }
    each_code(form, &mut |number, attribute, code| {
        let place = at(form, number, attribute);
        code.walk(&mut |part| found.part(&place, part));
    });
    let mut problems = found.problems;
    Problem::sort(&mut problems);
    problems
}

/// The name of the file behind a list.
fn file_of(form: &Form, list: &str) -> Option<String> {
    let instance = form.instances.iter().find(|known| known.id == list)?;
    instance.source.as_deref()?.rsplit('/').next().map(str::to_owned)
}

struct Inspection<'a> {
    form: &'a Form,
    files: &'a Files,
    problems: Vec<Problem>,
}

impl Inspection<'_> {
    fn part(&mut self, place: &Place, part: &Code) {
        match part {
            Code::Call(Function::Pulldata, arguments) => {
                let word = |at: usize| match arguments.get(at) {
                    Some(Code::Text(text)) => Some(text.trim().to_owned()),
                    _ => None,
                };
                let Some(file) = word(0) else { return };
                let list = file.strip_suffix(".csv").unwrap_or(&file);
                for column in [word(1), word(2)].into_iter().flatten() {
                    self.column(place, list, &column, false);
                }
            }
            // What a predicate on the items of a list begins with is a column.
            Code::Path(Path { start: crate::expression::code::Start::Instance(list), steps }) => {
                for predicate in steps.iter().flat_map(|step| &step.predicates) {
                    let mut columns = Vec::new();
                    predicate.walk(&mut |inner| columns.extend(child_of(self.form, inner)));
                    for column in columns {
                        self.column(place, list, &column, false);
                    }
                }
            }
            _ => {}
        }
    }

    fn column(&mut self, place: &Place, list: &str, column: &str, chooses: bool) {
        let Some(file) = self.files.get(list) else { return };
        let Some(name) = file_of(self.form, list) else { return };
        let has = columns(file);
        if has.is_empty() || has.contains(column) {
            return;
        }
        let near = nearest(column, has.iter().copied()).map(str::to_owned);
        let has = has.into_iter().map(str::to_owned).collect();
        let column = column.to_owned();
        let kind = Kind::FileWithoutColumn { file: name, column, has, near, chooses };
        self.problems.push(Problem::warning(place.clone(), kind));
    }
}

fn columns(file: &Element) -> BTreeSet<&str> {
    let rows = file.elements().take(SOME_ROWS);
    rows.flat_map(|row| row.elements().map(Element::local_name)).collect()
}
