//! The parameters of a `range` question.

use super::columns::Words;
use super::item::{Item, Source, Survey};
use super::parameters::Parameters;
use super::survey::plain;
use crate::form::problem::{Needs, Problem};

const KNOWN: [&str; 6] = ["start", "end", "step", "tick_interval", "placeholder", "tick_labelset"];

/// Checks the parameters and makes attributes of them.
pub(super) fn fill(
    survey: &Survey,
    parameters: &Parameters,
    appearance: &str,
    item: &mut Item,
    problems: &mut Vec<Problem>,
) {
    parameters.only(&KNOWN, problems);
    let mut number = |name: &str| parameters.number(name, problems);
    let start = number("start").unwrap_or(1.0);
    let end = number("end").unwrap_or(10.0);
    let step = number("step").unwrap_or(1.0);
    let interval = number("tick_interval");
    let placeholder = number("placeholder");
    let width = (end - start).abs();
    let inside = |value: f64| value >= start.min(end) && value <= start.max(end);
    if step == 0.0 {
        parameters.wrong("step", Needs::NotZero, problems);
    } else if step > width {
        parameters.wrong("step", Needs::WithinRange, problems);
    }
    if let Some(interval) = interval {
        if interval == 0.0 {
            parameters.wrong("tick_interval", Needs::NotZero, problems);
        } else if interval > width {
            parameters.wrong("tick_interval", Needs::WithinRange, problems);
        } else if !is_multiple(interval, step) {
            parameters.wrong("tick_interval", Needs::MultipleOfStep, problems);
        }
    }
    if let Some(placeholder) = placeholder {
        if !inside(placeholder) {
            parameters.wrong("placeholder", Needs::WithinRange, problems);
        } else if !is_multiple(placeholder - start, step) {
            parameters.wrong("placeholder", Needs::MultipleOfStep, problems);
        }
    }
    if let Some(labels) = parameters.get("tick_labelset") {
        let numbers = survey.list(labels).map(|list| {
            let values = list.choices.iter().map(|choice| {
                crate::expression::value::plain_number(&choice.name).unwrap_or(f64::NAN)
            });
            values.collect::<Vec<f64>>()
        });
        let spacing = interval.unwrap_or(step);
        let fits = numbers.as_ref().is_some_and(|numbers| {
            let ends = |value: &f64| same(*value, start) || same(*value, end);
            let placed = |value: &f64| inside(*value) && is_multiple(value - start, spacing);
            let only_ends = !appearance.contains("no-ticks") || numbers.iter().all(ends);
            only_ends && numbers.iter().all(placed)
        });
        if !fits {
            parameters.wrong("tick_labelset", Needs::MultipleOfStep, problems);
        }
        item.source = Some(Source::List(labels.to_owned()));
    }
    for (name, attribute, default) in [
        ("start", "start", Some("1")),
        ("end", "end", Some("10")),
        ("step", "step", Some("1")),
        ("tick_interval", "odk:tick-interval", None),
        ("placeholder", "odk:placeholder", None),
    ] {
        if let Some(value) = parameters.get(name).or(default) {
            item.set_control(attribute, plain(value));
        }
    }
    let all = [Some(start), Some(end), Some(step), interval, placeholder];
    if all.into_iter().flatten().any(|value| value.fract() != 0.0) {
        item.set_bind("type", Words::plain("decimal"));
    }
}

fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

/// Whether a number is a whole number of steps, as far as decimals are exact.
fn is_multiple(number: f64, step: f64) -> bool {
    let steps = number / step;
    same(steps, steps.round())
}
