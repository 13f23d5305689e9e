//! How answers depend on each other.
//!
//! Every expression that changes the form while it is filled in is a [`Vertex`]: relevance,
//! calculation, the choices of a select, the number of a repeat's instances. What each reads is
//! found in its paths; vertices are sorted so that each runs after the values and relevance it
//! reads, and circles of these are refused. Withdrawn choices and changed numbers of instances mark
//! what reads them again instead: questions may exclude each other's choices, and a repeat may go on
//! for as long as its last instance says. An edit runs only what reads the changed answer, and only in the instance of the repeat
//! that both share.

use std::collections::HashMap;

use crate::expression::code::{Path, Start, Step};
use crate::expression::functions::Function;
use crate::expression::syntax::Axis;
use crate::expression::{Code, Symbol};

use super::definition::{Choices, Form, NodeKind};
use super::texts::{Piece, Words};

/// What a vertex does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Job {
    /// Decides whether a node is asked.
    Relevant,
    /// Sets how many instances a repeat has.
    Count,
    /// Takes away a choice that is no longer offered.
    Choices,
    /// Sets a value.
    Calculate,
}

/// An expression that runs when what it reads changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Vertex {
    pub(crate) node: u32,
    pub(crate) job: Job,
}

/// Who reads a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reader {
    /// The place of the vertex in the order.
    pub(crate) rank: usize,
    /// The repeat within whose instance it reads; none for all of the form.
    pub(crate) scope: Option<u32>,
}

/// The vertices of a form and who reads what.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// In the order in which they run.
    pub(crate) order: Vec<Vertex>,
    /// By the node that is read.
    pub(crate) readers: HashMap<u32, Vec<Reader>>,
    /// The places of the vertices of each node.
    pub(crate) of_node: HashMap<u32, Vec<usize>>,
}

/// A node that an expression reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spot {
    /// The node; none above the root.
    node: Option<u32>,
    /// The node up to which the instances are those of the reader; none where it may be any.
    limit: Option<u32>,
}

/// A path that leads nowhere: the node it left from and the name that isn't there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nowhere {
    pub(crate) from: Option<u32>,
    pub(crate) name: Symbol,
}

/// What an expression reads, and the paths in it that lead nowhere.
struct Walk<'a> {
    form: &'a Form,
    reads: Vec<Spot>,
    nowhere: Vec<Nowhere>,
}

impl Walk<'_> {
    /// Collects what a part reads; gives the nodes it leads to.
    fn part(&mut self, code: &Code, here: &[Spot], current: Spot) -> Vec<Spot> {
        match code {
            Code::Number(_) | Code::Text(_) => Vec::new(),
            Code::Path(path) => {
                let found = self.path(path, here, current);
                self.reads.extend(&found);
                found
            }
            Code::Matches(inner, _) | Code::Negate(inner) => {
                self.part(inner, here, current);
                Vec::new()
            }
            Code::Row(first, row) => {
                let mut found = self.part(first, here, current);
                for (_, right) in row {
                    found.extend(self.part(right, here, current));
                }
                found
            }
            Code::Call(function, arguments) => {
                let mut found = Vec::new();
                for argument in arguments {
                    found.extend(self.part(argument, here, current));
                }
                match function {
                    Function::Position if arguments.is_empty() => {
                        let node = current.node.and_then(|node| self.form.repeat_of(node));
                        self.reads.push(Spot { node, limit: node });
                    }
                    Function::ChoiceName => self.labels(&found),
                    _ => {}
                }
                found
            }
        }
    }

    /// What the choices of a question read, and the words of their labels.
    fn labels(&mut self, questions: &[Spot]) {
        for spot in questions {
            let Some(node) = spot.node else { continue };
            let form = self.form;
            match form.control(node).map(|control| &control.choices) {
                Some(Choices::Set { nodes, label, .. }) => {
                    self.part(nodes, &[*spot], *spot);
                    if let Some(Code::Call(Function::Itext, _)) = label {
                        self.list_words(nodes);
                    }
                }
                Some(Choices::Fixed(fixed)) => {
                    for words in fixed.iter().filter_map(|(_, label)| label.as_ref()) {
                        match words {
                            Words::Pieces(pieces) => self.pieces(pieces, *spot),
                            Words::Text(Code::Text(id)) => self.text(id, *spot),
                            Words::Text(_) => {}
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// What the words of a list's items read: their texts are known by the ids in the items.
    fn list_words(&mut self, nodes: &Code) {
        let form = self.form;
        let mut lists: Vec<&str> = Vec::new();
        nodes.walk(&mut |part| {
            if let Code::Path(Path { start: Start::Instance(id), .. }) = part {
                lists.push(id);
            }
        });
        let root = Spot { node: Some(0), limit: Some(0) };
        for instance in form.instances.iter().filter(|known| lists.contains(&known.id.as_str())) {
            let Some(tree) = &instance.tree else { continue };
            for node in 0..u32::try_from(tree.len()).unwrap_or(0) {
                if tree.node(node).children.is_empty() {
                    self.text(&tree.text_of(node), root);
                }
            }
        }
    }

    fn text(&mut self, id: &str, about: Spot) {
        let form = self.form;
        for text in form.texts.texts.get(id).into_iter().flatten().flatten() {
            for (_, pieces) in &text.forms {
                self.pieces(pieces, about);
            }
        }
    }

    fn pieces(&mut self, pieces: &[Piece], about: Spot) {
        for piece in pieces {
            if let Piece::Output(code) = piece {
                self.part(code, &[about], about);
            }
        }
    }

    fn path(&mut self, path: &Path, here: &[Spot], current: Spot) -> Vec<Spot> {
        let mut steps = &*path.steps;
        let mut foreign = false;
        let mut spots = match &path.start {
            Start::Here => here.to_vec(),
            Start::Current => vec![current],
            Start::Root => {
                let (spot, taken) = self.own_way(steps, current);
                steps = &steps[taken..];
                vec![spot]
            }
            Start::Instance(_) => {
                foreign = true;
                Vec::new()
            }
            Start::From(from, predicates) => {
                let spots = self.part(from, here, current);
                foreign = spots.is_empty();
                for predicate in predicates {
                    self.part(predicate, &spots, current);
                }
                spots
            }
        };
        // In a predicate on a list, `.` is a node of the list.
        foreign |= spots.is_empty();
        for step in steps {
            let found = self.step(&spots, step);
            if found.is_empty()
                && !foreign
                && let (Axis::Child | Axis::Attribute, Some(name)) = (step.axis, step.name)
            {
                let from = spots.first().and_then(|spot| spot.node);
                self.nowhere.push(Nowhere { from, name });
                foreign = true;
            }
            for predicate in &step.predicates {
                self.part(predicate, &found, current);
            }
            if let Some(index) = &step.index {
                self.part(index, &[current], current);
            }
            spots = found;
        }
        spots
    }

    /// As far as an absolute path goes the way of the node it stands at, it stays in the same
    /// instances of repeats.
    fn own_way(&self, steps: &[Step], current: Spot) -> (Spot, usize) {
        let mut way: Vec<u32> =
            current.node.map_or_else(Vec::new, |node| self.form.ancestors(node).collect());
        way.reverse();
        let mut spot = Spot { node: None, limit: None };
        let mut taken = 0;
        for (step, node) in steps.iter().zip(way) {
            let same = step.axis == Axis::Child
                && step.name == Some(self.form.node(node).symbol)
                && step.predicates.is_empty()
                && step.index.is_none()
                && taken + 1 < steps.len();
            if !same {
                break;
            }
            spot = Spot { node: Some(node), limit: Some(node) };
            taken += 1;
        }
        (spot, taken)
    }

    fn step(&mut self, spots: &[Spot], step: &Step) -> Vec<Spot> {
        let mut found = Vec::new();
        for spot in spots {
            let mut add = |node: Option<u32>, limit: Option<u32>| {
                let fits = match (node, step.name) {
                    (Some(node), Some(name)) => self.form.node(node).symbol == name,
                    (None, Some(_)) => false,
                    (_, None) => true,
                };
                let new = Spot { node, limit };
                if fits && !found.contains(&new) {
                    found.push(new);
                }
            };
            let is_attribute = |node: u32| self.form.node(node).kind == NodeKind::Attribute;
            match step.axis {
                Axis::Own => add(spot.node, spot.limit),
                Axis::Child | Axis::Attribute => {
                    for child in self.children(spot.node) {
                        if is_attribute(child) == (step.axis == Axis::Attribute) {
                            add(Some(child), spot.limit);
                        }
                    }
                }
                Axis::Parent => {
                    let above = self.above(spot.node);
                    add(above, self.higher(spot.limit, above));
                }
                Axis::Ancestor | Axis::AncestorOrSelf => {
                    if step.axis == Axis::AncestorOrSelf {
                        add(spot.node, spot.limit);
                    }
                    let mut node = spot.node;
                    while node.is_some() {
                        node = self.above(node);
                        add(node, self.higher(spot.limit, node));
                    }
                }
                Axis::Descendant | Axis::DescendantOrSelf => {
                    if step.axis == Axis::DescendantOrSelf {
                        add(spot.node, spot.limit);
                    }
                    let mut open = self.children(spot.node);
                    while let Some(node) = open.pop() {
                        if !is_attribute(node) {
                            add(Some(node), spot.limit);
                        }
                        open.extend(self.children(Some(node)));
                    }
                }
                Axis::FollowingSibling | Axis::PrecedingSibling => {
                    let above = self.above(spot.node);
                    for child in self.children(above) {
                        add(Some(child), self.higher(spot.limit, above));
                    }
                }
            }
        }
        // A repeat that is gone through is read: its instances may become more or fewer.
        let repeats: Vec<Spot> = found
            .iter()
            .copied()
            .filter(|spot| {
                spot.node != spot.limit
                    && spot.node.is_some_and(|node| self.form.node(node).kind == NodeKind::Repeat)
            })
            .collect();
        self.reads.extend(repeats);
        found
    }

    fn children(&self, node: Option<u32>) -> Vec<u32> {
        node.map_or_else(|| vec![0], |node| self.form.node(node).children.clone())
    }

    fn above(&self, node: Option<u32>) -> Option<u32> {
        let node = node?;
        let parent = self.form.node(node).parent;
        (parent != node).then_some(parent)
    }

    /// The one of two nodes that the other is in.
    fn higher(&self, limit: Option<u32>, node: Option<u32>) -> Option<u32> {
        let (limit, node) = (limit?, node?);
        let inside = self.form.ancestors(limit).any(|at| at == node);
        Some(if inside { node } else { limit })
    }
}

/// The expressions of a vertex.
fn code_of(form: &Form, vertex: Vertex) -> Option<&Code> {
    let node = form.node(vertex.node);
    match vertex.job {
        Job::Relevant => node.bind.relevant.as_ref(),
        Job::Calculate => node.bind.calculate.as_ref(),
        Job::Count => form.control(vertex.node)?.count.as_ref(),
        Job::Choices => match &form.control(vertex.node)?.choices {
            Choices::Set { nodes, .. } => Some(nodes),
            _ => None,
        },
    }
}

/// Paths of an expression about a node that lead nowhere.
pub(crate) fn nowhere(form: &Form, code: &Code, node: u32) -> Vec<Nowhere> {
    let mut walk = Walk { form, reads: Vec::new(), nowhere: Vec::new() };
    let own = Spot { node: Some(node), limit: Some(node) };
    walk.part(code, &[own], own);
    walk.nowhere
}

/// The question that a path leads to and the repeat it is in, where that may have several instances
/// as seen from a node.
pub(super) fn repeated(form: &Form, code: &Code, node: u32) -> Option<(u32, u32)> {
    let Code::Path(path) = code else { return None };
    let chooses = |step: &Step| !step.predicates.is_empty() || step.index.is_some();
    if path.steps.iter().any(chooses) {
        return None;
    }
    let mut walk = Walk { form, reads: Vec::new(), nowhere: Vec::new() };
    let own = Spot { node: Some(node), limit: Some(node) };
    walk.path(path, &[own], own).into_iter().find_map(|spot| {
        let question = spot.node?;
        let shared: Vec<u32> =
            spot.limit.map_or_else(Vec::new, |limit| form.ancestors(limit).collect());
        let is_repeat = |at: &u32| form.node(*at).kind == NodeKind::Repeat && *at != question;
        let repeat = form.ancestors(question).find(is_repeat)?;
        (!shared.contains(&repeat)).then_some((question, repeat))
    })
}

impl Job {
    /// The attribute of the XForm that the expression stands in.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Relevant => "relevant",
            Self::Count => "jr:count",
            Self::Choices => "itemset",
            Self::Calculate => "calculate",
        }
    }
}

impl Graph {
    /// Sorts the expressions of a form.
    ///
    /// # Errors
    /// A circle: expressions, each of which reads what the one behind it sets.
    pub(crate) fn of(form: &Form) -> Result<Self, Vec<Vertex>> {
        let mut vertices = Vec::new();
        let mut reads: Vec<Vec<Spot>> = Vec::new();
        for node in 0..u32::try_from(form.nodes.len()).unwrap_or(u32::MAX) {
            for job in [Job::Relevant, Job::Count, Job::Choices, Job::Calculate] {
                let vertex = Vertex { node, job };
                let Some(code) = code_of(form, vertex) else { continue };
                let mut walk = Walk { form, reads: Vec::new(), nowhere: Vec::new() };
                let own = Spot { node: Some(node), limit: Some(node) };
                walk.part(code, &[own], own);
                // Choices that are always the same take nothing away later.
                if job == Job::Choices && walk.reads.is_empty() {
                    continue;
                }
                // Of what is calculated, only what is offered is kept.
                if job == Job::Calculate
                    && let Some(Choices::Set { nodes, .. }) =
                        form.control(node).map(|control| &control.choices)
                {
                    walk.part(nodes, &[own], own);
                }
                vertices.push(vertex);
                reads.push(walk.reads);
            }
        }
        let places: HashMap<Vertex, usize> =
            vertices.iter().enumerate().map(|(at, vertex)| (*vertex, at)).collect();
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); vertices.len()];
        for (at, vertex) in vertices.iter().enumerate() {
            for spot in &reads[at] {
                let Some(node) = spot.node else { continue };
                let other_instance = node == vertex.node
                    && spot.limit.and_then(|limit| form.repeat_of(limit)) != form.repeat_of(node);
                if other_instance {
                    continue;
                }
                before[at].extend(places.get(&Vertex { node, job: Job::Calculate }));
                // What stands in a group is only seen where that is asked.
                let is_around = spot.limit == Some(node)
                    && !matches!(form.node(node).kind, NodeKind::Question | NodeKind::Attribute);
                if !is_around {
                    for above in form.ancestors(node) {
                        let relevant = Vertex { node: above, job: Job::Relevant };
                        before[at].extend(places.get(&relevant));
                    }
                }
            }
        }
        let order = sort(&before)
            .map_err(|circle| circle.into_iter().map(|at| vertices[at]).collect::<Vec<Vertex>>())?;
        let mut graph = Self::default();
        for (rank, at) in order.iter().enumerate() {
            let vertex = vertices[*at];
            graph.order.push(vertex);
            graph.of_node.entry(vertex.node).or_default().push(rank);
            for spot in &reads[*at] {
                let Some(node) = spot.node else { continue };
                let scope = spot.limit.and_then(|limit| form.repeat_of(limit));
                let reader = Reader { rank, scope };
                let readers = graph.readers.entry(node).or_default();
                if !readers.contains(&reader) {
                    readers.push(reader);
                }
            }
        }
        Ok(graph)
    }
}

/// Sorts so that each comes after those before it; gives a circle where there is one.
fn sort(before: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; before.len()];
    let mut order = Vec::with_capacity(before.len());
    for start in 0..before.len() {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::Open;
        let mut way: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((at, next)) = way.last_mut() {
            let at = *at;
            let Some(other) = before[at].get(*next).copied() else {
                marks[at] = Mark::Done;
                order.push(at);
                way.pop();
                continue;
            };
            *next += 1;
            match marks[other] {
                Mark::Done => {}
                Mark::New => {
                    marks[other] = Mark::Open;
                    way.push((other, 0));
                }
                Mark::Open => {
                    let begin = way.iter().position(|(at, _)| *at == other).unwrap_or(0);
                    let mut circle: Vec<usize> = way[begin..].iter().map(|(at, _)| *at).collect();
                    circle.push(other);
                    return Err(circle);
                }
            }
        }
    }
    Ok(order)
}
