//! Values that a question with choices is given and doesn't offer: they are blanked.

use super::{at, child_of, lists_of};
use crate::expression::Code;
use crate::expression::functions::Function;
use crate::expression::problem::nearest;
use crate::expression::tree::TOP;
use crate::expression::value::text_of;
use crate::form::definition::{ActionKind, Choices, Control, ControlKind, Form};
use crate::form::problem::{Kind, Problem};

pub(super) fn inspect(form: &Form, number: u32, problems: &mut Vec<Problem>) {
    let Some(control) = form.control(number) else { return };
    let Some(offered) = offered(form, control) else { return };
    let several = control.kind != ControlKind::SelectOne;
    let mut look = |attribute: &str, given: &str| {
        let words: Vec<&str> =
            if several { given.split_whitespace().collect() } else { vec![given] };
        for word in words.into_iter().filter(|word| !word.is_empty()) {
            if !offered.iter().any(|known| known == word) {
                let near = nearest(word, offered.iter().map(String::as_str)).map(str::to_owned);
                let kind = Kind::NotOffered(word.to_owned(), near);
                problems.push(Problem::warning(at(form, number, attribute), kind));
            }
        }
    };
    let node = form.node(number);
    look("setvalue", &node.default);
    let mut results = Vec::new();
    if let Some(code) = &node.bind.calculate {
        collect(code, &mut results);
    }
    results.drain(..).for_each(|one| look("calculate", &one));
    let sets = |action: &&crate::form::definition::Action| {
        action.target == number && action.kind == ActionKind::SetValue
    };
    for action in form.actions.iter().filter(sets) {
        look("setvalue", &action.text);
        if let Some(code) = &action.value {
            collect(code, &mut results);
        }
    }
    results.drain(..).for_each(|one| look("setvalue", &one));
}

/// The values that a question may ever offer; none where only answers or files tell.
fn offered(form: &Form, control: &Control) -> Option<Vec<String>> {
    match (&control.choices, control.kind) {
        (_, ControlKind::Range) | (Choices::None, _) => None,
        (Choices::Fixed(fixed), _) => Some(fixed.iter().map(|(value, _)| value.clone()).collect()),
        (Choices::Set { nodes, value, .. }, _) => {
            // Predicates may ask other lists; the items are of the first.
            let list = lists_of(nodes).first().copied()?;
            let instance = form.instances.iter().find(|known| known.id == list)?;
            let tree = instance.tree.as_ref()?;
            let column = form.names.known(&child_of(form, value)?)?;
            let mut found = Vec::new();
            for root in &tree.node(TOP).children {
                for item in &tree.node(*root).children {
                    tree.each_named(*item, column, |cell| {
                        found.push(tree.text_of(cell).into_owned());
                    });
                }
            }
            Some(found)
        }
    }
}

/// The values that an expression may give, as far as they stand in it.
fn collect(code: &Code, results: &mut Vec<String>) {
    match code {
        Code::Text(text) => results.push(text.to_string()),
        Code::Number(number) => results.push(text_of(*number)),
        Code::Call(Function::If, parts) => {
            parts.iter().skip(1).for_each(|one| collect(one, results))
        }
        Code::Call(Function::Coalesce | Function::Once, parts) => {
            parts.iter().for_each(|one| collect(one, results));
        }
        _ => {}
    }
}
