//! An expression that is proved and can be run.

use super::functions::Function;
use super::pattern::Pattern;
use super::syntax::{Axis, Operator};
use super::tree::Symbol;

/// A part of a runnable expression.
#[derive(Clone, Debug)]
pub enum Code {
    /// A number.
    Number(f64),
    /// Words.
    Text(Box<str>),
    /// Nodes.
    Path(Path),
    /// A function.
    Call(Function, Box<[Code]>),
    /// `regex(…)` with a pattern known beforehand.
    Matches(Box<Code>, Box<Pattern>),
    /// A minus sign.
    Negate(Box<Code>),
    /// A row of operators of one kind of binding, from left to right.
    Row(Box<Code>, Box<[(Operator, Code)]>),
}

/// A location path.
#[derive(Clone, Debug)]
pub struct Path {
    /// Where it begins.
    pub start: Start,
    /// Where it goes.
    pub steps: Box<[Step]>,
}

/// Where a path begins.
#[derive(Clone, Debug)]
pub enum Start {
    /// At the top of the answers.
    Root,
    /// At the node the expression (or the predicate) is about.
    Here,
    /// At the node the whole expression is about.
    Current,
    /// At the top of a list.
    Instance(Box<str>),
    /// At what another expression gives.
    From(Box<Code>, Box<[Code]>),
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// In which direction.
    pub axis: Axis,
    /// To nodes of this name; none for any.
    pub name: Option<Symbol>,
    /// Which of them.
    pub predicates: Box<[Code]>,
    /// The one at this place, counted from 1, by an expression about the outer node
    /// (`indexed-repeat`).
    pub index: Option<Box<Code>>,
    /// Whether the first predicate asks for a child to equal something that is the same for all
    /// nodes: such nodes can be looked up.
    pub lookup: Option<Lookup>,
}

/// `name = …` as the first predicate of a step.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The child.
    pub child: Symbol,
    /// What it has to equal.
    pub key: Box<Code>,
}

impl Code {
    /// Whether it gives nodes.
    pub fn gives_nodes(&self) -> bool {
        match self {
            Self::Path(_) => true,
            Self::Call(function, _) => function.gives_nodes(),
            Self::Row(_, row) => row.iter().all(|(operator, _)| *operator == Operator::Union),
            _ => false,
        }
    }

    /// The same without what chooses among nodes: predicates, and functions that order nodes.
    pub(crate) fn unfiltered(&self) -> Self {
        match self {
            Self::Path(path) => {
                let start = match &path.start {
                    Start::From(from, _) => Start::From(Box::new(from.unfiltered()), Box::new([])),
                    start => start.clone(),
                };
                let open =
                    |step: &Step| Step { predicates: Box::new([]), lookup: None, ..step.clone() };
                Self::Path(Path { start, steps: path.steps.iter().map(open).collect() })
            }
            Self::Call(function, arguments) if function.gives_nodes() => {
                arguments.first().map_or_else(|| self.clone(), Self::unfiltered)
            }
            other => other.clone(),
        }
    }

    /// Whether its value is the same whichever node of a step a predicate is run on.
    pub fn is_same_for_all(&self) -> bool {
        match self {
            Self::Number(_) | Self::Text(_) => true,
            Self::Path(path) => {
                let start = match &path.start {
                    Start::Here => false,
                    Start::Root | Start::Current | Start::Instance(_) => true,
                    Start::From(from, predicates) => {
                        from.is_same_for_all() && predicates.is_empty()
                    }
                };
                // The predicates of its own steps are about their own nodes.
                start && path.steps.iter().all(|step| step.index.is_none())
            }
            Self::Call(function, arguments) => {
                function.is_pure() && arguments.iter().all(Self::is_same_for_all)
            }
            Self::Matches(inner, _) | Self::Negate(inner) => inner.is_same_for_all(),
            Self::Row(first, row) => {
                first.is_same_for_all() && row.iter().all(|(_, right)| right.is_same_for_all())
            }
        }
    }

    /// Calls `visit` for this part and every part inside it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        match self {
            Self::Number(_) | Self::Text(_) => {}
            Self::Call(_, arguments) => arguments.iter().for_each(|part| part.walk(visit)),
            Self::Matches(inner, _) | Self::Negate(inner) => inner.walk(visit),
            Self::Row(first, row) => {
                first.walk(visit);
                row.iter().for_each(|(_, right)| right.walk(visit));
            }
            Self::Path(path) => {
                if let Start::From(from, predicates) = &path.start {
                    from.walk(visit);
                    predicates.iter().for_each(|part| part.walk(visit));
                }
                for step in &path.steps {
                    step.predicates.iter().for_each(|part| part.walk(visit));
                    if let Some(index) = &step.index {
                        index.walk(visit);
                    }
                }
            }
        }
    }
}
