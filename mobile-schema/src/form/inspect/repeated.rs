//! Questions of a repeat that are asked for from outside it, where one answer is meant and there may
//! be several.

use crate::expression::Code;
use crate::expression::functions::Function;
use crate::form::definition::Form;
use crate::form::graph;
use crate::form::load::Found;
use crate::form::problem::{Kind, Problem};

pub(super) fn inspect(form: &Form, found: &Found, problems: &mut Vec<Problem>) {
    let mut paths = Vec::new();
    // What a choice list is made of may be many.
    let is_set = found.place.column.as_deref().is_some_and(|column| column.ends_with(" itemset"));
    collect(&found.code, is_set, &mut paths);
    for path in paths {
        let Some((question, repeat)) = graph::repeated(form, path, found.node) else { continue };
        let name = form.node(question).name.clone();
        let kind =
            Kind::Repeated { question: name.clone(), repeat: form.node(repeat).name.clone() };
        let start = found.text.find(&name);
        let span = start.map_or(0..found.text.len(), |start| start..start + name.len());
        problems.push(Problem::doubt(found.place.clone(), &found.text, span, kind));
    }
}

/// The paths that stand where one value is meant.
fn collect<'c>(code: &'c Code, is_set: bool, paths: &mut Vec<&'c Code>) {
    match code {
        Code::Number(_) | Code::Text(_) => {}
        Code::Path(_) if is_set => {}
        Code::Path(_) => paths.push(code),
        Code::Matches(inner, _) | Code::Negate(inner) => collect(inner, false, paths),
        Code::Row(first, row) => {
            let union = code.gives_nodes();
            collect(first, is_set && union, paths);
            row.iter().for_each(|(_, right)| collect(right, is_set && union, paths));
        }
        Code::Call(function, arguments) => {
            for (at, argument) in arguments.iter().enumerate() {
                collect(argument, takes_set(*function, at, arguments.len(), is_set), paths);
            }
        }
    }
}

/// Whether a function takes all nodes of an argument, as ODK Collect has it.
fn takes_set(function: Function, argument: usize, given: usize, is_set: bool) -> bool {
    match function {
        Function::Count
        | Function::CountNonEmpty
        | Function::Sum
        | Function::Max
        | Function::Min
        | Function::Position
        | Function::Randomize
        | Function::Area
        | Function::EnclosedArea
        | Function::Distance
        | Function::Intersects
        | Function::Geofence
        | Function::ChoiceName
        | Function::Checklist => true,
        Function::Join => argument > 0,
        Function::Concat => given == 1,
        Function::If | Function::Coalesce | Function::Once | Function::Depend => is_set,
        _ => false,
    }
}
