//! Text → spanned tree.
//!
//! The grammar is that of XPath 1.0 (W3C Recommendation of 16 November 1999, section 3.7) with
//! the `${name}` references of XLSForm as one more primary expression.

use std::ops::Range;

use super::problem::{Expected, ExpressionProblem, Mistake};
use crate::xml::{continues_name, starts_name};

/// The longest expression that is read, in bytes.
pub const MAX_LENGTH: usize = 64 * 1024;
/// The deepest nesting that is read.
pub const MAX_DEPTH: usize = 100;
/// The most operators in a row, such as `a or b or c …`.
pub const MAX_CHAIN: usize = 1_000;

/// A part of an expression and the bytes it stands at.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Range<usize>,
}

/// The parts of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A number.
    Number(f64),
    /// Words in quotes.
    Text(String),
    /// `${name}`, or `${last-saved#name}`.
    Reference {
        /// The question.
        name: String,
        /// From the last saved submission.
        last_saved: bool,
    },
    /// A location path.
    Path {
        /// Where it begins.
        start: Start,
        /// Where it goes.
        steps: Vec<Step>,
    },
    /// A function and its arguments.
    Call {
        /// Its name.
        name: String,
        /// Where the name stands.
        name_span: Range<usize>,
        /// What it is given.
        arguments: Vec<Node>,
    },
    /// A minus sign.
    Negate(Box<Node>),
    /// Two operands.
    Binary(Operator, Box<Node>, Box<Node>),
}

/// Where a path begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// At the top of the form: `/a`.
    Root,
    /// Where the expression stands: `a`, `.`, `..`.
    Here,
    /// At what an expression gives, narrowed by predicates: `instance('a')/root`, `(a | b)[1]`.
    From(Box<Node>, Vec<Node>),
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// In which direction.
    pub axis: Axis,
    /// To which nodes.
    pub test: Test,
    /// Which of them.
    pub predicates: Vec<Node>,
    /// Where it stands, without its predicates.
    pub span: Range<usize>,
}

/// Directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Down one level.
    Child,
    /// Up one level.
    Parent,
    /// Nowhere.
    Own,
    /// Down any number of levels.
    Descendant,
    /// Nowhere, or down.
    DescendantOrSelf,
    /// Up any number of levels.
    Ancestor,
    /// Nowhere, or up.
    AncestorOrSelf,
    /// Later nodes of the same parent.
    FollowingSibling,
    /// Earlier nodes of the same parent.
    PrecedingSibling,
    /// Attributes.
    Attribute,
}

/// The axes by name.
pub const AXES: [(&str, Axis); 10] = [
    ("child", Axis::Child),
    ("parent", Axis::Parent),
    ("self", Axis::Own),
    ("descendant", Axis::Descendant),
    ("descendant-or-self", Axis::DescendantOrSelf),
    ("ancestor", Axis::Ancestor),
    ("ancestor-or-self", Axis::AncestorOrSelf),
    ("following-sibling", Axis::FollowingSibling),
    ("preceding-sibling", Axis::PrecedingSibling),
    ("attribute", Axis::Attribute),
];

/// Which nodes a step goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// Those of a name.
    Name(String),
    /// Any element: `*`.
    Any,
    /// Any node: `node()`.
    Node,
}

/// Operators on two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `or`
    Or,
    /// `and`
    And,
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `div`
    Divide,
    /// `mod`
    Modulo,
    /// `|`
    Union,
}

impl Node {
    /// The first operand of a row of operators that bind alike, and each operator with its right
    /// operand: rows lean to the left, as long as they are.
    pub fn row(&self) -> (&Self, Vec<(Operator, &Self)>) {
        let mut row: Vec<(Operator, &Self)> = Vec::new();
        let mut first = self;
        while let Kind::Binary(operator, left, right) = &first.kind {
            if row.last().is_some_and(|(last, _)| last.binding() != operator.binding()) {
                break;
            }
            row.push((*operator, right.as_ref()));
            first = left;
        }
        row.reverse();
        (first, row)
    }

    /// Calls `visit` for this part and every part inside it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        match &self.kind {
            Kind::Number(_) | Kind::Text(_) | Kind::Reference { .. } => {}
            Kind::Negate(inner) => inner.walk(visit),
            Kind::Call { arguments, .. } => arguments.iter().for_each(|part| part.walk(visit)),
            Kind::Binary(..) => {
                let (first, row) = self.row();
                first.walk(visit);
                row.iter().for_each(|(_, right)| right.walk(visit));
            }
            Kind::Path { start, steps } => {
                if let Start::From(from, predicates) = start {
                    from.walk(visit);
                    predicates.iter().for_each(|part| part.walk(visit));
                }
                let predicates = steps.iter().flat_map(|step| &step.predicates);
                predicates.for_each(|part| part.walk(visit));
            }
        }
    }
}

impl Operator {
    /// How tightly it binds; more binds tighter.
    fn binding(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal | Self::Unequal => 3,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 4,
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide | Self::Modulo => 6,
            Self::Union => 8,
        }
    }
}

/// The binding of a minus sign: tighter than `*`, looser than `|`.
const UNARY: u8 = 7;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Reference {
        name: String,
        last_saved: bool,
    },
    /// A name that is no operator; with a prefix kept.
    Name(String),
    /// A name directly before `(`.
    Function(String),
    /// A name and the `::` behind it.
    Axis(String),
    Operator(Operator),
    Star,
    Slash,
    DoubleSlash,
    Dot,
    DoubleDot,
    At,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
}

/// Reads an expression.
///
/// # Errors
/// The first mistake that keeps it from being read.
pub fn parse(text: &str) -> Result<Node, ExpressionProblem> {
    if text.len() > MAX_LENGTH {
        return Err(ExpressionProblem::new(Mistake::TooLong, 0..text.len()));
    }
    let tokens = lex(text)?;
    if tokens.is_empty() {
        return Err(ExpressionProblem::new(Mistake::Empty, 0..text.len()));
    }
    let mut parser = Parser { text, tokens, at: 0, depth: 0 };
    let node = parser.expression(0)?;
    match parser.peek() {
        None => Ok(node),
        Some(Token::Close) => Err(parser.wrong(Mistake::Unbalanced(')'))),
        Some(Token::CloseBracket) => Err(parser.wrong(Mistake::Unbalanced(']'))),
        Some(_) => Err(parser.unexpected(Expected::Operator)),
    }
}

/// A `${name}` in some text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where it stands.
    pub span: Range<usize>,
    /// The question.
    pub name: String,
    /// From the last saved submission.
    pub last_saved: bool,
}

/// The `${name}` references in some text, whatever else it is.
pub fn references(text: &str) -> Vec<Result<Reference, ExpressionProblem>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(place) = text[at..].find("${") {
        let start = at + place;
        match reference(text, start) {
            Ok((Token::Reference { name, last_saved }, end)) => {
                found.push(Ok(Reference { span: start..end, name, last_saved }));
                at = end;
            }
            Ok(_) => at = start + 2,
            Err(problem) => {
                at = problem.span.end.max(start + 2);
                found.push(Err(problem));
            }
        }
    }
    found
}

fn lex(text: &str) -> Result<Vec<(Token, Range<usize>)>, ExpressionProblem> {
    let mut tokens: Vec<(Token, Range<usize>)> = Vec::new();
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        if character.is_whitespace() {
            at += character.len_utf8();
            continue;
        }
        let before = tokens.last().map(|(token, _)| token);
        let (token, end) = next_token(text, at, character, before)?;
        tokens.push((token, at..end));
        at = end;
    }
    Ok(tokens)
}

fn next_token(
    text: &str,
    at: usize,
    character: char,
    before: Option<&Token>,
) -> Result<(Token, usize), ExpressionProblem> {
    let rest = &text[at..];
    let wrong = |mistake, length: usize| Err(ExpressionProblem::new(mistake, at..at + length));
    let foreign = |written: &'static str, meant| {
        wrong(Mistake::ForeignOperator(written, meant), written.len())
    };
    let one = |token| Ok((token, at + 1));
    let two = |token| Ok((token, at + 2));
    match character {
        '(' => one(Token::Open),
        ')' => one(Token::Close),
        '[' => one(Token::OpenBracket),
        ']' => one(Token::CloseBracket),
        ',' => one(Token::Comma),
        '@' => one(Token::At),
        '+' => one(Token::Operator(Operator::Add)),
        '-' => one(Token::Operator(Operator::Subtract)),
        '|' if rest.starts_with("||") => foreign("||", "or"),
        '|' => one(Token::Operator(Operator::Union)),
        '=' if rest.starts_with("==") => foreign("==", "="),
        '=' => one(Token::Operator(Operator::Equal)),
        '!' if rest.starts_with("!=") => two(Token::Operator(Operator::Unequal)),
        '!' => foreign("!", "not(…)"),
        '<' if rest.starts_with("<=") => two(Token::Operator(Operator::LessOrEqual)),
        '<' if rest.starts_with("<>") => foreign("<>", "!="),
        '<' => one(Token::Operator(Operator::Less)),
        '>' if rest.starts_with(">=") => two(Token::Operator(Operator::GreaterOrEqual)),
        '>' => one(Token::Operator(Operator::Greater)),
        '&' if rest.starts_with("&&") => foreign("&&", "and"),
        '/' if rest.starts_with("//") => two(Token::DoubleSlash),
        '/' => one(Token::Slash),
        '*' if ends_operand(before) => one(Token::Operator(Operator::Multiply)),
        '*' => one(Token::Star),
        '.' if rest.starts_with("..") => two(Token::DoubleDot),
        '.' if !rest[1..].starts_with(|next: char| next.is_ascii_digit()) => one(Token::Dot),
        '\'' | '"' => match rest[1..].find(character) {
            Some(length) => Ok((Token::Text(rest[1..=length].to_owned()), at + length + 2)),
            None => wrong(Mistake::UnclosedQuote, rest.len()),
        },
        '$' => reference(text, at),
        '.' | '0'..='9' => Ok(number(rest, at)),
        _ if starts_name(character) => Ok(name(text, at, before)),
        _ => wrong(Mistake::Character(character, meant(character)), character.len_utf8()),
    }
}

/// What a character that is easily typed by mistake was meant to be.
fn meant(character: char) -> Option<&'static str> {
    Some(match character {
        '‘' | '’' => "'",
        '“' | '”' => "\"",
        '（' => "(",
        '）' => ")",
        '，' => ",",
        '＝' => "=",
        '＞' => ">",
        '＜' => "<",
        '≥' => ">=",
        '≤' => "<=",
        '≠' => "!=",
        '×' => "*",
        '÷' | '\\' => "div",
        '％' | '%' => "mod",
        '－' | '–' | '—' => "-",
        '＋' => "+",
        '｛' | '{' => "${",
        '。' => ".",
        '&' => "and",
        _ => return None,
    })
}

/// Whether a `*` or an operator's name can follow (XPath 1.0, section 3.7).
fn ends_operand(before: Option<&Token>) -> bool {
    matches!(
        before,
        Some(
            Token::Number(_)
                | Token::Text(_)
                | Token::Reference { .. }
                | Token::Name(_)
                | Token::Star
                | Token::Dot
                | Token::DoubleDot
                | Token::Close
                | Token::CloseBracket
        )
    )
}

fn number(rest: &str, at: usize) -> (Token, usize) {
    let mut seen_dot = false;
    let length = rest
        .bytes()
        .position(|byte| match byte {
            b'0'..=b'9' => false,
            b'.' if !seen_dot => {
                seen_dot = true;
                false
            }
            _ => true,
        })
        .unwrap_or(rest.len());
    // Digits with at most one dot always parse.
    (Token::Number(rest[..length].parse().unwrap_or(f64::NAN)), at + length)
}

fn name(text: &str, at: usize, before: Option<&Token>) -> (Token, usize) {
    let mut end = at + name_length(&text[at..]);
    // A prefix and a local name, but not the `::` of an axis.
    let rest = &text[end..];
    if rest.starts_with(':') && !rest.starts_with("::") {
        let length = name_length(&rest[1..]);
        if length > 0 {
            end += 1 + length;
        }
    }
    let written = &text[at..end];
    if ends_operand(before) {
        let operator = match written {
            "and" => Some(Operator::And),
            "or" => Some(Operator::Or),
            "div" => Some(Operator::Divide),
            "mod" => Some(Operator::Modulo),
            _ => None,
        };
        if let Some(operator) = operator {
            return (Token::Operator(operator), end);
        }
    }
    let next = text[end..].trim_start();
    let written = written.to_owned();
    let token = if next.starts_with("::") {
        let skipped = text[end..].len() - next.len();
        return (Token::Axis(written), end + skipped + 2);
    } else if next.starts_with('(') {
        Token::Function(written)
    } else {
        Token::Name(written)
    };
    (token, end)
}

fn name_length(text: &str) -> usize {
    if !text.starts_with(starts_name) {
        return 0;
    }
    text.find(|character| !continues_name(character)).unwrap_or(text.len())
}

fn reference(text: &str, at: usize) -> Result<(Token, usize), ExpressionProblem> {
    let rest = &text[at..];
    let bad = |end: usize| ExpressionProblem::new(Mistake::BadReference, at..end);
    let Some(inner) = rest.strip_prefix("${") else {
        return Err(bad(at + 1));
    };
    let Some(length) = inner.find('}') else {
        return Err(bad(text.len()));
    };
    let end = at + 2 + length + 1;
    let inner = inner[..length].trim();
    let (name, last_saved) = match inner.strip_prefix("last-saved#") {
        Some(name) => (name, true),
        None => (inner, false),
    };
    if name.is_empty() || name_length(name) != name.len() {
        return Err(bad(end));
    }
    Ok((Token::Reference { name: name.to_owned(), last_saved }, end))
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn here(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(self.text.len()..self.text.len(), |(_, span)| span.clone())
    }

    fn last_end(&self) -> usize {
        self.at.checked_sub(1).map_or(0, |before| self.tokens[before].1.end)
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        if found {
            self.at += 1;
        }
        found
    }

    fn wrong(&self, mistake: Mistake) -> ExpressionProblem {
        ExpressionProblem::new(mistake, self.here())
    }

    fn unexpected(&self, expected: Expected) -> ExpressionProblem {
        let found = self.text[self.here()].to_owned();
        self.wrong(Mistake::Unexpected { found, expected })
    }

    /// Operators by precedence climbing; one level of recursion for each level of brackets.
    fn expression(&mut self, least: u8) -> Result<Node, ExpressionProblem> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.wrong(Mistake::TooDeep));
        }
        let mut left = self.unary()?;
        let mut chain = 0;
        while let Some(Token::Operator(operator)) = self.peek() {
            let operator = *operator;
            if operator.binding() < least {
                break;
            }
            chain += 1;
            if chain > MAX_CHAIN {
                return Err(self.wrong(Mistake::TooDeep));
            }
            self.at += 1;
            let right = self.expression(operator.binding() + 1)?;
            let span = left.span.start..right.span.end;
            left = Node { kind: Kind::Binary(operator, Box::new(left), Box::new(right)), span };
        }
        self.depth -= 1;
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, ExpressionProblem> {
        let start = self.here().start;
        if self.take(&Token::Operator(Operator::Subtract)) {
            let inner = self.expression(UNARY)?;
            let span = start..inner.span.end;
            return Ok(Node { kind: Kind::Negate(Box::new(inner)), span });
        }
        self.path()
    }

    fn path(&mut self) -> Result<Node, ExpressionProblem> {
        let begin = self.here().start;
        let mut steps = Vec::new();
        let start = match self.peek() {
            None => return Err(self.unexpected(Expected::Value)),
            Some(Token::Slash) => {
                self.at += 1;
                if self.begins_step() {
                    self.steps(&mut steps)?;
                }
                Start::Root
            }
            Some(Token::DoubleSlash) => {
                steps.push(self.any_depth());
                self.steps(&mut steps)?;
                Start::Root
            }
            Some(_) if self.begins_step() => {
                self.steps(&mut steps)?;
                Start::Here
            }
            Some(_) => {
                let primary = self.primary()?;
                let predicates = self.predicates()?;
                let goes_on = self.goes_on(&mut steps);
                if predicates.is_empty() && !goes_on {
                    return Ok(primary);
                }
                if goes_on {
                    self.steps(&mut steps)?;
                }
                Start::From(Box::new(primary), predicates)
            }
        };
        Ok(Node { kind: Kind::Path { start, steps }, span: begin..self.last_end() })
    }

    /// Whether a location step stands here.
    fn begins_step(&self) -> bool {
        match self.peek() {
            Some(
                Token::Name(_)
                | Token::Star
                | Token::Dot
                | Token::DoubleDot
                | Token::At
                | Token::Axis(_),
            ) => true,
            Some(Token::Function(name)) => name == "node" || name == "text",
            _ => false,
        }
    }

    /// Takes a `/` or `//`.
    fn goes_on(&mut self, steps: &mut Vec<Step>) -> bool {
        match self.peek() {
            Some(Token::Slash) => {
                self.at += 1;
                true
            }
            Some(Token::DoubleSlash) => {
                let step = self.any_depth();
                steps.push(step);
                true
            }
            _ => false,
        }
    }

    fn any_depth(&mut self) -> Step {
        let span = self.here();
        self.at += 1;
        Step { axis: Axis::DescendantOrSelf, test: Test::Node, predicates: Vec::new(), span }
    }

    fn steps(&mut self, steps: &mut Vec<Step>) -> Result<(), ExpressionProblem> {
        loop {
            let step = self.step()?;
            steps.push(step);
            if !self.goes_on(steps) {
                return Ok(());
            }
        }
    }

    fn step(&mut self) -> Result<Step, ExpressionProblem> {
        let span = self.here();
        let axis = match self.peek() {
            Some(Token::Dot) => {
                self.at += 1;
                return Ok(Step {
                    axis: Axis::Own,
                    test: Test::Node,
                    predicates: self.predicates()?,
                    span,
                });
            }
            Some(Token::DoubleDot) => {
                self.at += 1;
                return Ok(Step {
                    axis: Axis::Parent,
                    test: Test::Node,
                    predicates: self.predicates()?,
                    span,
                });
            }
            Some(Token::At) => {
                self.at += 1;
                Axis::Attribute
            }
            Some(Token::Axis(name)) => {
                let known = AXES.iter().find(|(known, _)| *known == name.as_str());
                let Some((_, axis)) = known else {
                    let near = super::problem::nearest(name, AXES.iter().map(|(known, _)| *known));
                    return Err(self.wrong(Mistake::UnknownAxis(name.clone(), near)));
                };
                self.at += 1;
                *axis
            }
            _ => Axis::Child,
        };
        let test = match self.peek() {
            Some(Token::Name(name)) => Test::Name(name.clone()),
            Some(Token::Star) => Test::Any,
            Some(Token::Function(name)) if name == "node" || name == "text" => {
                self.at += 1;
                if !self.take(&Token::Open) || self.peek() != Some(&Token::Close) {
                    return Err(self.unexpected(Expected::CommaOrClose));
                }
                Test::Node
            }
            _ => return Err(self.unexpected(Expected::Name)),
        };
        self.at += 1;
        let span = span.start..self.last_end();
        Ok(Step { axis, test, predicates: self.predicates()?, span })
    }

    fn predicates(&mut self) -> Result<Vec<Node>, ExpressionProblem> {
        let mut predicates = Vec::new();
        while self.peek() == Some(&Token::OpenBracket) {
            let open = self.here();
            self.at += 1;
            predicates.push(self.expression(0)?);
            if self.peek().is_none() {
                return Err(ExpressionProblem::new(Mistake::Unbalanced('['), open));
            }
            if !self.take(&Token::CloseBracket) {
                return Err(self.unexpected(Expected::CloseBracket));
            }
        }
        Ok(predicates)
    }

    fn primary(&mut self) -> Result<Node, ExpressionProblem> {
        let span = self.here();
        let kind = match self.peek() {
            Some(Token::Number(number)) => Kind::Number(*number),
            Some(Token::Text(text)) => Kind::Text(text.clone()),
            Some(Token::Reference { name, last_saved }) => {
                Kind::Reference { name: name.clone(), last_saved: *last_saved }
            }
            Some(Token::Open) => {
                self.at += 1;
                let inner = self.expression(0)?;
                self.close(span.clone(), Expected::Operator)?;
                return Ok(Node { kind: inner.kind, span: span.start..self.last_end() });
            }
            Some(Token::Function(name)) => {
                let name = name.clone();
                self.at += 1;
                return self.call(name, span);
            }
            _ => return Err(self.unexpected(Expected::Value)),
        };
        self.at += 1;
        Ok(Node { kind, span })
    }

    fn call(&mut self, name: String, span: Range<usize>) -> Result<Node, ExpressionProblem> {
        let open = self.here();
        self.at += 1;
        let mut arguments = Vec::new();
        if self.peek() != Some(&Token::Close) {
            loop {
                if self.peek().is_none() {
                    return Err(ExpressionProblem::new(Mistake::Unbalanced('('), open));
                }
                arguments.push(self.expression(0)?);
                if !self.take(&Token::Comma) {
                    break;
                }
            }
        }
        self.close(open, Expected::CommaOrClose)?;
        let kind = Kind::Call { name, name_span: span.clone(), arguments };
        Ok(Node { kind, span: span.start..self.last_end() })
    }

    fn close(&mut self, open: Range<usize>, expected: Expected) -> Result<(), ExpressionProblem> {
        if self.take(&Token::Close) {
            Ok(())
        } else if self.peek().is_none() {
            Err(ExpressionProblem::new(Mistake::Unbalanced('('), open))
        } else {
            Err(self.unexpected(expected))
        }
    }
}
