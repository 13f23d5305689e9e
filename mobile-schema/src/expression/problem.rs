//! What is wrong with an expression, and where.

use std::ops::Range;

pub use super::pattern::Unusable;

/// A mistake and the bytes of the expression it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionProblem {
    /// What is wrong.
    pub mistake: Mistake,
    /// Where: bytes of the text.
    pub span: Range<usize>,
}

/// What can be wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// There is nothing.
    Empty,
    /// It is longer than is read.
    TooLong,
    /// Brackets and operators are nested deeper than is read.
    TooDeep,
    /// A character that means nothing here; with what was probably meant.
    Character(char, Option<&'static str>),
    /// A quote that is never closed.
    UnclosedQuote,
    /// `${` without a name and `}`.
    BadReference,
    /// A bracket that is never closed, or closes nothing.
    Unbalanced(char),
    /// Something else should stand here: what does, and what was expected.
    Unexpected {
        /// As written; empty at the end.
        found: String,
        /// What would fit.
        expected: Expected,
    },
    /// An operator of other languages, and the one that is meant.
    ForeignOperator(&'static str, &'static str),
    /// No such function; with the nearest name there is.
    UnknownFunction(String, Option<&'static str>),
    /// A function of XPath that forms can't use.
    UnsupportedFunction(String),
    /// The wrong number of arguments.
    Arguments {
        /// The function.
        function: &'static str,
        /// How many it takes at least.
        least: usize,
        /// How many at most; none for any number.
        most: Option<usize>,
        /// How many are given.
        given: usize,
    },
    /// A path or a set of nodes is needed, and something else is given.
    NotNodes(&'static str),
    /// A pattern that can't be read, or uses what the engine leaves out.
    Pattern(Unusable),
    /// An axis that forms can't use.
    UnknownAxis(String, Option<&'static str>),
    /// No question of this name; with the nearest name there is.
    UnknownQuestion(String, Option<String>),
    /// Several questions have this name.
    AmbiguousQuestion(String),
    /// A path that leads nowhere in the form; with the step that doesn't exist.
    UnknownPath(String, Option<String>),
    /// No list or file of this name.
    UnknownInstance(String, Option<String>),
}

/// What would fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A value: a path, a number, words in quotes, a function.
    Value,
    /// An operator or the end.
    Operator,
    /// A name of a question.
    Name,
    /// A closing bracket or a comma.
    CommaOrClose,
    /// `]`.
    CloseBracket,
}

impl ExpressionProblem {
    /// A mistake about some bytes.
    pub fn new(mistake: Mistake, span: Range<usize>) -> Self {
        Self { mistake, span }
    }
}

/// The name among `known` that `wanted` was probably meant to be.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = wanted.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for name in known {
        if name == wanted {
            continue;
        }
        let distance = strsim::osa_distance(&folded, &name.to_lowercase());
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    // A third of the letters wrong is a slip; more is another name. In the shortest names, only
    // the case may differ.
    let allowed = match wanted.chars().count() {
        0..=2 => 0,
        length => length / 3,
    };
    best.filter(|(distance, _)| *distance <= allowed).map(|(_, name)| name)
}
