//! Spanned tree → runnable expression, with every mistake that can be told without a form.

use std::ops::Range;

use super::code::{Code, Lookup, Path, Start, Step};
use super::functions::{Function, UNSUPPORTED};
use super::pattern::Pattern;
use super::problem::{ExpressionProblem, Mistake, nearest};
use super::syntax::{self, Axis, Kind, Node, Operator, Test, parse};
use super::tree::Names;

/// Reads and proves an expression.
///
/// # Errors
/// All mistakes in it, in the order of their places.
pub fn compile(text: &str, names: &mut Names) -> Result<Code, Vec<ExpressionProblem>> {
    let node = parse(text).map_err(|problem| vec![problem])?;
    prove(&node, names)
}

/// Proves an expression.
///
/// `${name}` is taken as a path of one step, which is what it stands for once the form's names are
/// known.
///
/// # Errors
/// All mistakes in it, in the order of their places.
pub fn prove(node: &Node, names: &mut Names) -> Result<Code, Vec<ExpressionProblem>> {
    let mut checker = Checker { names, problems: Vec::new() };
    let code = checker.node(node);
    if checker.problems.is_empty() {
        return Ok(code);
    }
    let mut problems = checker.problems;
    problems.sort_by_key(|problem| problem.span.start);
    Err(problems)
}

struct Checker<'a> {
    names: &'a mut Names,
    problems: Vec<ExpressionProblem>,
}

impl Checker<'_> {
    fn wrong(&mut self, mistake: Mistake, span: &Range<usize>) -> Code {
        self.problems.push(ExpressionProblem::new(mistake, span.clone()));
        Code::Text(Box::default())
    }

    fn node(&mut self, node: &Node) -> Code {
        match &node.kind {
            Kind::Number(number) => Code::Number(*number),
            Kind::Text(text) => Code::Text(text.as_str().into()),
            Kind::Reference { name, .. } => {
                let step = self.named(Axis::Child, name);
                Code::Path(Path { start: Start::Current, steps: Box::new([step]) })
            }
            Kind::Negate(inner) => Code::Negate(Box::new(self.node(inner))),
            Kind::Binary(..) => self.row(node),
            Kind::Path { start, steps } => Code::Path(self.path(start, steps)),
            Kind::Call { name, name_span, arguments } => {
                self.call(node, name, name_span, arguments)
            }
        }
    }

    fn named(&mut self, axis: Axis, name: &str) -> Step {
        let name = Some(self.names.symbol(name));
        Step { axis, name, predicates: Box::default(), index: None, lookup: None }
    }

    fn row(&mut self, node: &Node) -> Code {
        let (first, row) = node.row();
        let code = self.node(first);
        let mut left_nodes = code.gives_nodes();
        let mut codes: Vec<(Operator, Code)> = Vec::with_capacity(row.len());
        for (operator, right) in row {
            let right_code = self.node(right);
            let right_nodes = right_code.gives_nodes();
            if operator == Operator::Union {
                for (nodes, side) in [(left_nodes, first), (right_nodes, right)] {
                    if !nodes {
                        self.wrong(Mistake::NotNodes("|"), &side.span);
                    }
                }
            }
            left_nodes = operator == Operator::Union;
            codes.push((operator, right_code));
        }
        if codes.is_empty() { code } else { Code::Row(Box::new(code), codes.into()) }
    }

    fn path(&mut self, start: &syntax::Start, steps: &[syntax::Step]) -> Path {
        let mut steps = steps;
        let start = match start {
            syntax::Start::Root => Start::Root,
            syntax::Start::Here => Start::Here,
            syntax::Start::From(from, predicates) => {
                let start = self.from(from);
                let predicates: Vec<Code> =
                    predicates.iter().map(|predicate| self.node(predicate)).collect();
                match (start, predicates.is_empty()) {
                    (start, true) => start,
                    (Start::From(from, _), false) => Start::From(from, predicates.into()),
                    (start, false) => {
                        let path = Path { start, steps: Box::default() };
                        Start::From(Box::new(Code::Path(path)), predicates.into())
                    }
                }
            }
        };
        // `./a` is `a`.
        if let [first, rest @ ..] = steps
            && first.axis == Axis::Own
            && first.test == Test::Node
            && first.predicates.is_empty()
            && !rest.is_empty()
        {
            steps = rest;
        }
        let steps = steps.iter().map(|step| self.step(step)).collect();
        Path { start, steps }
    }

    /// Where a path begins that begins with an expression.
    fn from(&mut self, from: &Node) -> Start {
        match &from.kind {
            Kind::Call { name, arguments, .. } if name == "current" && arguments.is_empty() => {
                Start::Current
            }
            Kind::Call { name, arguments, .. } if name == "instance" && arguments.len() == 1 => {
                match &arguments[0].kind {
                    Kind::Text(id) => Start::Instance(id.as_str().into()),
                    _ => {
                        self.wrong(Mistake::NotNodes("instance"), &arguments[0].span);
                        Start::Here
                    }
                }
            }
            _ => {
                let code = self.node(from);
                if !code.gives_nodes() {
                    self.wrong(Mistake::NotNodes("/"), &from.span);
                }
                match code {
                    // `${a}/b` and `(a)/b` go on from a path.
                    Code::Path(path) if path.steps.is_empty() => path.start,
                    code => Start::From(Box::new(code), Box::default()),
                }
            }
        }
    }

    fn step(&mut self, step: &syntax::Step) -> Step {
        let mut predicates = Vec::new();
        for predicate in &step.predicates {
            self.predicate(predicate, &mut predicates);
        }
        let name = match &step.test {
            Test::Name(name) => Some(self.names.symbol(name)),
            Test::Any | Test::Node => None,
        };
        let lookup = match predicates.first() {
            Some(first) if step.axis == Axis::Child && name.is_some() => lookup(first),
            _ => None,
        };
        Step { axis: step.axis, name, predicates: predicates.into(), index: None, lookup }
    }

    /// `a and b` selects what `a` and then `b` select, unless they count.
    fn predicate(&mut self, predicate: &Node, codes: &mut Vec<Code>) {
        let code = self.node(predicate);
        match code {
            Code::Row(first, row)
                if row.iter().all(|(operator, _)| *operator == Operator::And)
                    && lookup(&first).is_some()
                    && row.iter().all(|(_, right)| is_condition(right) && !counts(right)) =>
            {
                codes.push(*first);
                codes.extend(row.into_iter().map(|(_, right)| right));
            }
            code => codes.push(code),
        }
    }

    fn call(
        &mut self,
        node: &Node,
        name: &str,
        name_span: &Range<usize>,
        arguments: &[Node],
    ) -> Code {
        let Some(function) = Function::of_name(name) else {
            let mistake = if UNSUPPORTED.contains(&name) {
                Mistake::UnsupportedFunction(name.to_owned())
            } else {
                let known = Function::ALL.iter().map(|function| function.name());
                Mistake::UnknownFunction(name.to_owned(), nearest(name, known))
            };
            // What it is given may be wrong as well.
            for argument in arguments {
                self.node(argument);
            }
            return self.wrong(mistake, name_span);
        };
        let (least, most) = function.arity();
        let given = arguments.len();
        let odd = match function {
            Function::IndexedRepeat => given.is_multiple_of(2),
            Function::WeightedChecklist => !given.is_multiple_of(2),
            _ => false,
        };
        if given < least || most.is_some_and(|most| given > most) || odd {
            for argument in arguments {
                self.node(argument);
            }
            let mistake = Mistake::Arguments { function: function.name(), least, most, given };
            return self.wrong(mistake, &node.span);
        }
        match function {
            Function::Current | Function::Instance => {
                let start = self.from(node);
                return Code::Path(Path { start, steps: Box::default() });
            }
            Function::IndexedRepeat => return self.indexed_repeat(node, arguments),
            _ => {}
        }
        let mut codes: Vec<Code> = arguments.iter().map(|argument| self.node(argument)).collect();
        for (at, (code, argument)) in codes.iter().zip(arguments).enumerate() {
            if function.needs_nodes(at) && !code.gives_nodes() {
                self.wrong(Mistake::NotNodes(function.name()), &argument.span);
            }
        }
        match (function, codes.as_slice()) {
            (Function::Regex, [_, Code::Text(text)]) => match Pattern::new(text) {
                Ok(pattern) => {
                    let inner = codes.swap_remove(0);
                    return Code::Matches(Box::new(inner), Box::new(pattern));
                }
                Err(why) => {
                    self.wrong(Mistake::Pattern(why), &arguments[1].span);
                }
            },
            // The second is a path in quotes.
            (Function::ChoiceName, [_, Code::Text(text)]) => match compile(text, self.names) {
                Ok(path) if path.gives_nodes() => codes[1] = path,
                _ => {
                    self.wrong(Mistake::NotNodes(function.name()), &arguments[1].span);
                }
            },
            _ => {}
        }
        Code::Call(function, codes.into())
    }

    /// `indexed-repeat(question, group, place, …)` is the path of the question with the place at
    /// the step of each group.
    fn indexed_repeat(&mut self, node: &Node, arguments: &[Node]) -> Code {
        let codes: Vec<Code> = arguments.iter().map(|argument| self.node(argument)).collect();
        let Some(Code::Path(question)) = codes.first() else {
            return self.wrong(Mistake::NotNodes("indexed-repeat"), &arguments[0].span);
        };
        let mut question = question.clone();
        for (at, pair) in codes[1..].chunks(2).enumerate() {
            let [group, place] = pair else { continue };
            let span = &arguments[1 + 2 * at].span;
            let Code::Path(group) = group else {
                return self.wrong(Mistake::NotNodes("indexed-repeat"), span);
            };
            let Some(last) = group.steps.len().checked_sub(1) else {
                return self.wrong(Mistake::NotNodes("indexed-repeat"), span);
            };
            let leads = question.steps.len() > group.steps.len()
                && question
                    .steps
                    .iter()
                    .zip(&group.steps)
                    .all(|(one, other)| one.axis == other.axis && one.name == other.name);
            // References are one step each until the form's names are known.
            let placeholder = matches!(node.kind, Kind::Call { .. })
                && matches!(arguments[0].kind, Kind::Reference { .. });
            if leads {
                question.steps[last].index = Some(Box::new(place.clone()));
            } else if !placeholder {
                return self.wrong(Mistake::NotNodes("indexed-repeat"), span);
            }
        }
        Code::Path(question)
    }
}

/// `child = something that is the same for all`, either way round.
fn lookup(predicate: &Code) -> Option<Lookup> {
    let Code::Row(left, row) = predicate else { return None };
    let [(Operator::Equal, right)] = &**row else { return None };
    let child = |code: &Code| match code {
        Code::Path(Path { start: Start::Here, steps }) => match &**steps {
            [step]
                if step.axis == Axis::Child
                    && step.predicates.is_empty()
                    && step.index.is_none() =>
            {
                step.name
            }
            _ => None,
        },
        _ => None,
    };
    let (child, key) = match (child(left), child(right)) {
        (Some(name), _) if right.is_same_for_all() => (name, right),
        (_, Some(name)) if left.is_same_for_all() => (name, left.as_ref()),
        _ => return None,
    };
    Some(Lookup { child, key: Box::new(key.clone()) })
}

/// Whether a predicate is a condition and never a place.
fn is_condition(code: &Code) -> bool {
    match code {
        Code::Row(_, row) => row.last().is_some_and(|(operator, _)| {
            !matches!(
                operator,
                Operator::Add
                    | Operator::Subtract
                    | Operator::Multiply
                    | Operator::Divide
                    | Operator::Modulo
            )
        }),
        Code::Matches(..) | Code::Path(_) => true,
        Code::Call(function, _) => matches!(
            function,
            Function::True
                | Function::False
                | Function::Not
                | Function::Boolean
                | Function::Selected
                | Function::Contains
                | Function::StartsWith
                | Function::EndsWith
                | Function::Regex
        ),
        _ => false,
    }
}

/// Whether it asks where a node stands.
fn counts(code: &Code) -> bool {
    let mut counts = false;
    code.walk(&mut |part| {
        counts |= matches!(
            part,
            Code::Call(Function::Position | Function::Last, arguments) if arguments.is_empty()
        );
    });
    counts
}
