//! What works, but not as its author means it: choices that nobody is offered, parts that are not
//! carried out, questions of a repeat that are asked for from outside, files without the columns
//! that are read. A form that nobody can fill in right is not published in silence.

mod columns;
mod offered;
mod repeated;

use super::definition::{Action, ActionKind, Choices, Control, ControlKind, DataType, Event, Form};
use super::load::Found;
use super::problem::{Kind, Place, Problem};
use crate::expression::Code;
use crate::expression::code::{Path, Start};

pub use columns::inspect_files;

/// Everything about a form that can be told without its files; `found` are its expressions.
pub(super) fn inspect(form: &Form, found: &[Found]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for number in 0..u32::try_from(form.nodes.len()).unwrap_or(u32::MAX) {
        offered::inspect(form, number, &mut problems);
        if let Some(control) = form.control(number) {
            inspect_control(form, number, control, &mut problems);
        }
        let node = form.node(number);
        if node.path.ends_with("/meta/audit") && node.bind.data_type == DataType::Binary {
            problems.push(not_carried_out(form, number, "", "audit"));
        }
    }
    for action in &form.actions {
        let what = match action.kind {
            ActionKind::SetValue => continue,
            ActionKind::RecordAudio => "background-audio",
            ActionKind::SetGeopoint if action.events.contains(&Event::ValueChanged) => {
                "background-geopoint"
            }
            ActionKind::SetGeopoint => "start-geopoint",
        };
        problems.push(not_carried_out(form, action.target, "", what));
    }
    for expression in found {
        repeated::inspect(form, expression, &mut problems);
    }
    problems
}

fn at(form: &Form, node: u32, attribute: &str) -> Place {
    let path = &form.node(node).path;
    let column = if attribute.is_empty() { path.clone() } else { format!("{path} {attribute}") };
    Place { column: Some(column), ..Place::default() }
}

fn not_carried_out(form: &Form, node: u32, attribute: &str, what: &'static str) -> Problem {
    Problem::warning(at(form, node, attribute), Kind::NotCarriedOut(what))
}

fn inspect_control(form: &Form, number: u32, control: &Control, problems: &mut Vec<Problem>) {
    let appearance = control.attributes.iter().find(|(name, _)| name == "appearance");
    let appearance = appearance.map_or("", |(_, value)| value.as_str());
    let selects =
        matches!(control.kind, ControlKind::Select | ControlKind::SelectOne | ControlKind::Rank);
    let searches =
        appearance.split("search").skip(1).any(|rest| rest.trim_start().starts_with('('));
    if selects && searches {
        problems.push(not_carried_out(form, number, "appearance", "search()"));
    }
    if control.kind == ControlKind::Upload && appearance.contains("annotate") {
        problems.push(Problem::warning(at(form, number, "appearance"), Kind::NotAnnotated));
    }
    // Several choices are kept with spaces between them.
    let several = matches!(control.kind, ControlKind::Select | ControlKind::Rank);
    if several
        && let Choices::Set { nodes, .. } = &control.choices
        && lists_of(nodes).is_empty()
    {
        problems.push(Problem::warning(at(form, number, "itemset"), Kind::SeveralOfAnswers));
    }
}

/// The lists that an expression asks, by their ids.
fn lists_of(code: &Code) -> Vec<&str> {
    let mut lists = Vec::new();
    code.walk(&mut |part| {
        if let Code::Path(Path { start: Start::Instance(id), .. }) = part {
            lists.push(&**id);
        }
    });
    lists
}

/// The name of the child that a path from an item leads to.
fn child_of(form: &Form, code: &Code) -> Option<String> {
    match code {
        Code::Path(Path { start: Start::Here, steps }) => match &**steps {
            [step] => step.name.map(|name| form.names.name(name).to_owned()),
            _ => None,
        },
        _ => None,
    }
}

/// Calls `visit` for each expression of a form, with the node and the attribute it stands at.
fn each_code<'f>(form: &'f Form, visit: &mut dyn FnMut(u32, &'static str, &'f Code)) {
    for number in 0..u32::try_from(form.nodes.len()).unwrap_or(u32::MAX) {
        let bind = &form.node(number).bind;
        for (attribute, code) in [
            ("relevant", &bind.relevant),
            ("required", &bind.required),
            ("readonly", &bind.readonly),
            ("constraint", &bind.constraint),
            ("calculate", &bind.calculate),
        ] {
            if let Some(code) = code {
                visit(number, attribute, code);
            }
        }
        let Some(control) = form.control(number) else { continue };
        if let Some(count) = &control.count {
            visit(number, "jr:count", count);
        }
        if let Choices::Set { nodes, .. } = &control.choices {
            visit(number, "itemset", nodes);
        }
    }
    for Action { target, value, .. } in &form.actions {
        if let Some(code) = value {
            visit(*target, "setvalue", code);
        }
    }
}
