//! `${name}` → the path of the question, by scope.
//!
//! A reference inside a repeat to a question of the same repeat is relative, so that it means the
//! question of the same instance; every other is absolute. In a predicate on a list it begins with
//! `current()`, and the first arguments of `indexed-repeat` are absolute.

use std::ops::Range;

use super::columns::Text;
use super::item::{Item, Kind as ItemKind, ROOT, Survey};
use crate::expression::functions::date::Moment;
use crate::expression::problem::nearest;
use crate::expression::syntax::{Kind, Node, Reference, Start, parse, references};
use crate::expression::{ExpressionProblem, Mistake, Names, check};
use crate::form::problem::Problem;

/// The instance of the last saved submission.
pub(super) const LAST_SAVED: &str = "__last-saved";

/// How references in a text are written.
#[derive(Clone, Copy, Default)]
pub(super) struct Style {
    /// With `current()` before relative ones.
    pub(super) current: bool,
    /// So that the repeat itself is named, as a set of choices needs it.
    pub(super) parent: bool,
    /// Never relative.
    pub(super) absolute: bool,
}

impl Survey {
    /// The item a reference means.
    pub(super) fn find(&self, name: &str) -> Result<usize, Mistake> {
        match self.by_name.get(name).map(Vec::as_slice) {
            Some([one]) => Ok(*one),
            Some([_, _, ..]) => Err(Mistake::AmbiguousQuestion(name.to_owned())),
            _ => {
                let known = self.by_name.keys().map(String::as_str);
                let near = nearest(name, known).map(str::to_owned);
                Err(Mistake::UnknownQuestion(name.to_owned(), near))
            }
        }
    }

    /// Text with its references as paths, seen from an item.
    pub(super) fn resolve(&self, text: &str, from: usize, style: Style) -> String {
        let mut out = String::new();
        let mut at = 0;
        let scopes = Scopes::of(text);
        for reference in references(text).into_iter().flatten() {
            out.push_str(&text[at..reference.span.start]);
            out.push_str(&self.path_of(&reference, from, style, &scopes));
            at = reference.span.end;
        }
        out.push_str(&text[at..]);
        out
    }

    fn path_of(&self, reference: &Reference, from: usize, style: Style, scopes: &Scopes) -> String {
        // What is unknown was told before; this text is not used then.
        let Ok(target) = self.find(&reference.name) else { return String::new() };
        let inside = |ranges: &[Range<usize>]| {
            ranges
                .iter()
                .any(|range| range.start <= reference.span.start && reference.span.end <= range.end)
        };
        if !style.absolute && !reference.last_saved && !inside(&scopes.absolute) {
            let current = style.current || inside(&scopes.predicates);
            if let Some(path) = self.relative(from, target, &reference.name, style.parent) {
                return format!(" {}{path} ", if current { "current()/" } else { "" });
            }
        }
        let saved =
            if reference.last_saved { format!("instance('{LAST_SAVED}')") } else { String::new() };
        format!(" {saved}{} ", self.path(target))
    }

    /// The way from one item to another by way of the repeat they share.
    fn relative(&self, from: usize, target: usize, name: &str, parent: bool) -> Option<String> {
        let is_repeat = |at: &usize| self.items[*at].kind == ItemKind::Repeat;
        let above: Vec<usize> = self.ancestors(from).collect();
        let above_target: Vec<usize> = self.ancestors(target).collect();
        let shared = *above.iter().find(|at| is_repeat(at) && above_target.contains(at))?;
        // From the nearest group they share, which may be inside that repeat.
        let mut top = *above.iter().find(|at| above_target.contains(at))?;
        let mut steps = above.iter().position(|at| *at == top)? + 1;
        if parent {
            let own = above.iter().copied().find(|at| is_repeat(at));
            let of_target = above_target.iter().copied().find(|at| is_repeat(at));
            let outermost = self.nearest_repeat(shared).is_none();
            if of_target == Some(shared) && (outermost || own != Some(shared)) {
                steps = above.iter().position(|at| *at == shared)? + 2;
                top = self.items[shared].parent;
            }
        }
        let mut names: Vec<&str> = Vec::new();
        let mut at = target;
        while at != top && at != ROOT {
            names.push(&self.items[at].name);
            at = self.items[at].parent;
        }
        names.reverse();
        if names.is_empty() {
            names.push(name);
        }
        Some(format!("{}/{}", vec![".."; steps].join("/"), names.join("/")))
    }

    /// Reports what is wrong with an expression: its grammar, its functions and its references.
    ///
    /// Gives the tree where it could be read.
    pub(super) fn check(&self, text: &Text, problems: &mut Vec<Problem>) -> Option<Node> {
        let mut tell = |problem| {
            problems.push(Problem::expression(text.place.clone(), &text.text, problem));
        };
        match parse(&text.text) {
            Ok(node) => {
                for problem in check::prove(&node, &mut Names::default()).err().unwrap_or_default()
                {
                    tell(problem);
                }
                self.check_references(&text.text, &mut tell);
                Some(node)
            }
            Err(problem) => {
                tell(problem);
                None
            }
        }
    }

    /// Reports references in words that name no question.
    pub(super) fn check_words(&self, text: &Text, problems: &mut Vec<Problem>) {
        self.check_references(&text.text, &mut |problem| {
            problems.push(Problem::expression(text.place.clone(), &text.text, problem));
        });
    }

    fn check_references(&self, text: &str, tell: &mut dyn FnMut(ExpressionProblem)) {
        for reference in references(text) {
            match reference {
                Ok(reference) => {
                    if let Err(mistake) = self.find(&reference.name) {
                        tell(ExpressionProblem::new(mistake, reference.span));
                    }
                }
                Err(problem) => tell(problem),
            }
        }
    }
}

/// Where in an expression references are written otherwise.
#[derive(Default)]
struct Scopes {
    /// Predicates on lists.
    predicates: Vec<Range<usize>>,
    /// The question and the groups of `indexed-repeat`.
    absolute: Vec<Range<usize>>,
}

impl Scopes {
    fn of(text: &str) -> Self {
        let mut scopes = Self::default();
        let Ok(node) = parse(text) else { return scopes };
        node.walk(&mut |part| match &part.kind {
            Kind::Path { start: Start::From(from, _), steps }
                if matches!(&from.kind, Kind::Call { name, .. } if name == "instance") =>
            {
                let predicates = steps.iter().flat_map(|step| &step.predicates);
                scopes.predicates.extend(predicates.map(|predicate| predicate.span.clone()));
            }
            Kind::Call { name, arguments, .. } if name == "indexed-repeat" => {
                for (at, argument) in arguments.iter().enumerate() {
                    if matches!(at, 0 | 1 | 3 | 5) {
                        scopes.absolute.push(argument.span.clone());
                    }
                }
            }
            _ => {}
        });
        scopes
    }
}

/// Whether a default is an expression rather than words: it holds a reference, a function, or an
/// operator that couldn't be part of a date or place.
pub(super) fn is_dynamic(text: &str, type_name: &str) -> bool {
    if references(text).iter().any(Result::is_ok) {
        return true;
    }
    let hyphens = matches!(type_name, "date" | "dateTime" | "geopoint" | "geotrace" | "geoshape");
    if Moment::read(text).is_some() {
        return false;
    }
    let Ok(node) = parse(text) else { return false };
    let mut dynamic = false;
    let mut minus = false;
    node.walk(&mut |part| match &part.kind {
        // `yes (always)` is words.
        Kind::Call { name_span, .. } => dynamic |= text[name_span.end..].starts_with('('),
        Kind::Binary(operator, ..) => {
            use crate::expression::syntax::Operator;
            match operator {
                Operator::Subtract => minus = true,
                Operator::Add
                | Operator::Multiply
                | Operator::Divide
                | Operator::Modulo
                | Operator::Union => dynamic = true,
                _ => {}
            }
        }
        Kind::Path { steps, .. } => {
            dynamic |= steps.iter().any(|step| !step.predicates.is_empty());
        }
        _ => {}
    });
    dynamic || (minus && !hyphens)
}

impl Item {
    /// The expressions of its bind.
    pub(super) fn expressions(&self) -> impl Iterator<Item = (&str, &Text)> {
        const EXPRESSIONS: [&str; 5] =
            ["readonly", "required", "relevant", "constraint", "calculate"];
        self.bind
            .iter()
            .filter(|(name, _)| EXPRESSIONS.contains(&name.as_str()))
            .filter_map(|(name, words)| Some((name.as_str(), words.first()?)))
    }
}
