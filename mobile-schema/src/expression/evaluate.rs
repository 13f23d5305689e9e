//! Runs an expression, under limits.
//!
//! Where XPath 1.0 leaves room or ODK differs, this does what ODK Collect does:
//!
//! * what is not relevant is in no node-set;
//! * a node-set without nodes is compared as if it held one empty node;
//! * a node-set as a condition asks whether its first node holds something, and a number whether it
//!   is not zero;
//! * answers to questions for numbers are numbers, whatever they are compared with, and numbers
//!   are the same within a tolerance;
//! * dates, with a time of day or without, are words that become whole days since 1970-01-01 where
//!   a number is asked for.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::sync::Arc;

use thiserror::Error;

use super::code::Code;
use super::path::Indexes;
use super::syntax::Operator;
use super::tree::{NodeRef, Symbol, Tree};
use super::value::{TOLERANCE, Value, number_of, plain_number, same, text_of};

/// How many nodes and characters one evaluation may touch.
pub const MAX_STEPS: u64 = 5_000_000;
/// The longest words an expression may make, in bytes.
pub const MAX_TEXT: usize = 1024 * 1024;

/// What expressions ask of the world around the form.
pub trait Host {
    /// Minutes that local time is ahead of UTC.
    fn offset(&self) -> i32;
    /// Milliseconds since 1970-01-01 00:00 UTC.
    fn now(&self) -> i64;
    /// The next random number, from 0 to below 1.
    fn random(&self) -> f64;
    /// Which tree a list or file is; 0 is the answers.
    fn instance(&self, id: &str) -> Option<u32>;
    /// A text of the form in the reader's language.
    fn itext(&self, id: &str) -> String;
    /// The label of a choice of the question at a node.
    ///
    /// # Errors
    /// As evaluation.
    fn choice_name(
        &self,
        evaluation: &Evaluation<'_>,
        question: NodeRef,
        value: &str,
    ) -> Result<String, Failure>;
    /// The name behind a symbol.
    fn node_name(&self, name: Symbol) -> String;
    /// The symbol of a name, where anything has it.
    fn symbol(&self, name: &str) -> Option<Symbol>;
    /// A property of the tablet or its user, such as `deviceid`.
    fn property(&self, name: &str) -> String;
    /// The version of the form.
    fn version(&self) -> &str;
    /// The reader's language as a BCP 47 tag.
    fn language(&self) -> &str;
}

/// Why an evaluation was given up.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Failure {
    /// It touched too much.
    #[error("the expression takes more than {MAX_STEPS} steps")]
    TooManySteps,
    /// It made words that are too long.
    #[error("the expression makes a text of more than {MAX_TEXT} bytes")]
    TextTooLong,
}

/// What an expression is run on.
pub struct Evaluation<'a> {
    /// The answers.
    pub answers: &'a Tree,
    /// Lists and files; tree 1 is the first.
    pub lists: &'a [Arc<Tree>],
    /// What was looked up in them before.
    pub indexes: &'a Indexes,
    /// The world around the form.
    pub host: &'a dyn Host,
    left: Cell<u64>,
}

/// The node a part of an expression is about.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The node.
    pub node: NodeRef,
    /// The node the whole expression is about.
    pub current: NodeRef,
    /// Where it stands among those a predicate is run on, from 1, and how many those are; outside
    /// predicates, its place among its kind is only found when it is asked for.
    pub place: Option<(usize, usize)>,
}

impl<'a> Evaluation<'a> {
    /// On some answers and lists.
    pub fn new(
        answers: &'a Tree,
        lists: &'a [Arc<Tree>],
        indexes: &'a Indexes,
        host: &'a dyn Host,
    ) -> Self {
        Self { answers, lists, indexes, host, left: Cell::new(MAX_STEPS) }
    }

    /// Runs an expression about a node of the answers.
    ///
    /// # Errors
    /// Where it passes a limit.
    pub fn run(&self, code: &Code, node: u32) -> Result<Value, Failure> {
        self.run_about(code, NodeRef { tree: 0, node })
    }

    /// Runs an expression about a node of any tree.
    ///
    /// # Errors
    /// Where it passes a limit.
    pub fn run_about(&self, code: &Code, node: NodeRef) -> Result<Value, Failure> {
        self.part(code, &Context { node, current: node, place: None })
    }

    pub(super) fn part(&self, code: &Code, context: &Context) -> Result<Value, Failure> {
        self.spend(1)?;
        match code {
            Code::Number(number) => Ok(Value::Number(*number)),
            Code::Text(text) => Ok(Value::Text(text.to_string())),
            Code::Path(path) => Ok(Value::Nodes(self.path(path, context)?)),
            Code::Call(function, arguments) => self.call(*function, arguments, context),
            Code::Matches(inner, pattern) => {
                let value = self.part(inner, context)?;
                let text = self.text(&value);
                self.spend(text.len())?;
                Ok(Value::Boolean(pattern.is_match(&text)))
            }
            Code::Negate(inner) => {
                let value = self.part(inner, context)?;
                Ok(Value::Number(-self.number(&value)))
            }
            Code::Row(first, row) => self.row(first, row, context),
        }
    }

    fn row(
        &self,
        first: &Code,
        row: &[(Operator, Code)],
        context: &Context,
    ) -> Result<Value, Failure> {
        let mut left = self.part(first, context)?;
        for (operator, right) in row {
            // What decides alone is not read on.
            match operator {
                Operator::Or if self.boolean(&left) => {
                    left = Value::Boolean(true);
                    continue;
                }
                Operator::And if !self.boolean(&left) => {
                    left = Value::Boolean(false);
                    continue;
                }
                _ => {}
            }
            let right = self.part(right, context)?;
            left = self.operate(*operator, left, right)?;
        }
        Ok(left)
    }

    fn operate(&self, operator: Operator, left: Value, right: Value) -> Result<Value, Failure> {
        let number = |operation: fn(f64, f64) -> f64| {
            Ok(Value::Number(operation(self.number(&left), self.number(&right))))
        };
        match operator {
            Operator::Or | Operator::And => Ok(Value::Boolean(self.boolean(&right))),
            Operator::Add => number(|left, right| left + right),
            Operator::Subtract => number(|left, right| left - right),
            Operator::Multiply => number(|left, right| left * right),
            Operator::Divide => number(|left, right| left / right),
            Operator::Modulo => number(|left, right| left % right),
            Operator::Union => match (left, right) {
                (Value::Nodes(mut nodes), Value::Nodes(more)) => {
                    nodes.extend(more);
                    self.spend(nodes.len())?;
                    self.sort(&mut nodes);
                    Ok(Value::Nodes(nodes))
                }
                (left, _) => Ok(left),
            },
            _ => self.compare(operator, &left, &right).map(Value::Boolean),
        }
    }

    fn compare(&self, operator: Operator, left: &Value, right: &Value) -> Result<bool, Failure> {
        let equality = matches!(operator, Operator::Equal | Operator::Unequal);
        let (left_nodes, right_nodes) =
            (matches!(left, Value::Nodes(_)), matches!(right, Value::Nodes(_)));
        let boolean = matches!(left, Value::Boolean(_)) || matches!(right, Value::Boolean(_));
        if boolean && (equality || left_nodes || right_nodes) {
            let (left, right) = (self.boolean(left), self.boolean(right));
            return Ok(holds_number(operator, f64::from(left), f64::from(right)));
        }
        if left_nodes || right_nodes {
            let (left, right) = (self.operands(left), self.operands(right));
            self.spend(left.len() + right.len())?;
            let mut all = left.iter().chain(&right);
            if operator == Operator::Equal && all.all(|one| one.number.is_none()) {
                let known: HashSet<&str> = left.iter().map(|one| one.text.as_ref()).collect();
                return Ok(right.iter().any(|one| known.contains(one.text.as_ref())));
            }
            self.spend(left.len().saturating_mul(right.len()))?;
            return Ok(left.iter().any(|left| {
                right.iter().any(|right| {
                    if equality && left.number.is_none() && right.number.is_none() {
                        (left.text == right.text) == (operator == Operator::Equal)
                    } else {
                        holds_number(operator, self.as_number(left), self.as_number(right))
                    }
                })
            }));
        }
        let words = matches!((left, right), (Value::Text(_), Value::Text(_)));
        if equality && words {
            let same = self.text(left) == self.text(right);
            return Ok(same == (operator == Operator::Equal));
        }
        Ok(holds_number(operator, self.number(left), self.number(right)))
    }

    /// What a value is compared as, one for each node of a set, and at least one.
    fn operands<'v>(&'v self, value: &'v Value) -> Vec<Operand<'v>> {
        match value {
            Value::Nodes(nodes) if !nodes.is_empty() => nodes
                .iter()
                .map(|node| Operand { text: self.node_text(*node), number: self.typed(*node) })
                .collect(),
            Value::Number(number) => vec![Operand { text: "".into(), number: Some(*number) }],
            _ => vec![Operand { text: self.text(value), number: None }],
        }
    }

    fn as_number(&self, operand: &Operand<'_>) -> f64 {
        operand.number.unwrap_or_else(|| self.digits(&operand.text))
    }

    /// What a node holds as a number; none where it doesn't hold one by its type.
    pub(super) fn typed(&self, node: NodeRef) -> Option<f64> {
        let tree = self.tree(node);
        if tree.node(node.node).numeric { plain_number(&tree.text_of(node.node)) } else { None }
    }

    /// The tree a node is in.
    pub fn tree(&self, node: NodeRef) -> &'a Tree {
        match node.tree.checked_sub(1) {
            None => self.answers,
            Some(list) => &self.lists[list as usize],
        }
    }

    /// What a node reads as.
    pub fn node_text(&self, node: NodeRef) -> Cow<'a, str> {
        self.tree(node).text_of(node.node)
    }

    /// A value as words (XPath 1.0 `string`).
    pub fn text<'v>(&self, value: &'v Value) -> Cow<'v, str>
    where
        'a: 'v,
    {
        match value {
            Value::Nodes(nodes) => match nodes.first() {
                Some(node) => self.node_text(*node),
                None => "".into(),
            },
            Value::Text(text) => text.as_str().into(),
            Value::Number(number) => text_of(*number).into(),
            Value::Boolean(true) => "true".into(),
            Value::Boolean(false) => "false".into(),
        }
    }

    /// A value as a number.
    pub fn number(&self, value: &Value) -> f64 {
        match value {
            Value::Number(number) => *number,
            Value::Boolean(boolean) => f64::from(*boolean),
            _ => self.digits(&self.text(value)),
        }
    }

    /// Words as a number, dates as days.
    pub(super) fn digits(&self, text: &str) -> f64 {
        number_of(text, self.host.offset())
    }

    /// A value as a condition.
    pub fn boolean(&self, value: &Value) -> bool {
        match value {
            Value::Boolean(boolean) => *boolean,
            Value::Number(number) => is_something(*number),
            Value::Text(text) => !text.is_empty(),
            Value::Nodes(nodes) => nodes.first().is_some_and(|node| {
                let text = self.node_text(*node);
                if self.tree(*node).node(node.node).numeric {
                    is_something(self.digits(&text))
                } else {
                    !text.is_empty()
                }
            }),
        }
    }

    /// Takes steps from those that are left.
    pub(super) fn spend(&self, steps: usize) -> Result<(), Failure> {
        let left = self.left.get().checked_sub(steps as u64).ok_or(Failure::TooManySteps)?;
        self.left.set(left);
        Ok(())
    }

    /// Words that were made, if they are not too long.
    pub(super) fn made(&self, text: String) -> Result<Value, Failure> {
        if text.len() > MAX_TEXT {
            return Err(Failure::TextTooLong);
        }
        self.spend(text.len() / 16)?;
        Ok(Value::Text(text))
    }
}

/// One side of a comparison: words, and the number they are by their type.
struct Operand<'v> {
    text: Cow<'v, str>,
    number: Option<f64>,
}

/// Whether a number holds as a condition.
fn is_something(number: f64) -> bool {
    number.abs() > TOLERANCE
}

fn holds_number(operator: Operator, left: f64, right: f64) -> bool {
    match operator {
        Operator::Equal => same(left, right),
        Operator::Unequal => !same(left, right),
        Operator::Less => left < right,
        Operator::LessOrEqual => left <= right,
        Operator::Greater => left > right,
        Operator::GreaterOrEqual => left >= right,
        _ => false,
    }
}
