//! Walks location paths.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::code::{Code, Path, Start, Step};
use super::evaluate::{Context, Evaluation, Failure};
use super::syntax::Axis;
use super::tree::{NodeRef, Symbol, TOP};
use super::value::{Value, text_of};

/// The items of lists by what one of their children reads as, made when first asked for. Lists
/// don't change, so that it stays true.
#[derive(Debug, Default)]
pub struct Indexes {
    made: RefCell<HashMap<IndexKey, Index>>,
}

/// Items by what their child reads as.
type Index = Rc<HashMap<Box<str>, Vec<u32>>>;

/// The node above the items, their name, the child they are found by, and whether by the number
/// that it is rather than by its words.
type IndexKey = (NodeRef, Symbol, Symbol, bool);

impl Evaluation<'_> {
    /// The nodes a path leads to, in the order of the document, without what is not relevant.
    pub(super) fn path(&self, path: &Path, context: &Context) -> Result<Vec<NodeRef>, Failure> {
        let mut steps = &*path.steps;
        let mut nodes = match &path.start {
            Start::Here => vec![context.node],
            Start::Current => vec![context.current],
            Start::Root => {
                let (node, taken) = self.own_way(steps, context.current);
                steps = &steps[taken..];
                vec![node]
            }
            Start::Instance(id) => match self.host.instance(id) {
                Some(tree) => vec![NodeRef { tree, node: TOP }],
                None => Vec::new(),
            },
            Start::From(from, predicates) => {
                let mut nodes = match self.part(from, context)? {
                    Value::Nodes(nodes) => nodes,
                    _ => Vec::new(),
                };
                for predicate in predicates {
                    nodes = self.filter(nodes, predicate, context)?;
                }
                nodes
            }
        };
        // Steps down from nodes that are not inside each other keep the order of the document.
        let mut ordered = !matches!(path.start, Start::From(..));
        for step in steps {
            ordered &=
                matches!(step.axis, Axis::Child | Axis::Attribute | Axis::Own | Axis::Parent);
            nodes = self.step(&nodes, step, context)?;
            if !ordered {
                self.sort(&mut nodes);
            } else if step.axis == Axis::Parent {
                nodes.dedup();
            }
        }
        nodes.retain(|node| self.tree(*node).node(node.node).relevant);
        Ok(nodes)
    }

    /// An absolute path inside a repeat means the same instance of the repeat, as ODK Collect has
    /// it: as far as the path goes the way of the node it stands at, it goes to the ancestors of
    /// that node. The last step stays free, so that `count(/data/member)` counts all.
    fn own_way(&self, steps: &[Step], current: NodeRef) -> (NodeRef, usize) {
        let top = NodeRef { tree: 0, node: TOP };
        if current.tree != 0 {
            return (top, 0);
        }
        let tree = self.answers;
        let mut way = vec![current.node];
        let mut node = current.node;
        while node != TOP {
            node = tree.node(node).parent;
            way.push(node);
        }
        way.pop();
        let mut at = TOP;
        let mut taken = 0;
        for (step, node) in steps.iter().zip(way.iter().rev()) {
            let same = step.axis == Axis::Child
                && step.name == Some(tree.node(*node).name)
                && step.predicates.is_empty()
                && step.index.is_none()
                && taken + 1 < steps.len();
            if !same {
                break;
            }
            at = *node;
            taken += 1;
        }
        (NodeRef { tree: 0, node: at }, taken)
    }

    fn step(
        &self,
        from: &[NodeRef],
        step: &Step,
        context: &Context,
    ) -> Result<Vec<NodeRef>, Failure> {
        let mut all = Vec::new();
        for node in from {
            let mut found = None;
            let mut predicates = &*step.predicates;
            if let Some(lookup) = &step.lookup
                && node.tree != 0
                && let Some(name) = step.name
                && let Some(items) =
                    self.look_up(*node, name, lookup.child, &lookup.key, context)?
            {
                predicates = &predicates[1..];
                found = Some(items);
            }
            let mut found = match found {
                Some(found) => found,
                None => self.along(*node, step)?,
            };
            for predicate in predicates {
                found = self.filter(found, predicate, context)?;
            }
            if let Some(index) = &step.index {
                let value = self.part(index, context)?;
                // As Collect has it: what is blank or below 1 means the first.
                let place = self.number(&value).trunc().max(1.0);
                found = nth(&found, place).into_iter().collect();
            }
            all.extend(found);
        }
        Ok(all)
    }

    /// The nodes in the direction of a step, nearest first.
    fn along(&self, from: NodeRef, step: &Step) -> Result<Vec<NodeRef>, Failure> {
        let tree = self.tree(from);
        let mut found: Vec<u32> = Vec::new();
        match step.axis {
            Axis::Child => match step.name {
                Some(name) => tree.each_named(from.node, name, |child| found.push(child)),
                None => found.extend(&tree.node(from.node).children),
            },
            Axis::Attribute => found.extend(&tree.node(from.node).attributes),
            Axis::Own => found.push(from.node),
            Axis::Parent => {
                if from.node != TOP {
                    found.push(tree.node(from.node).parent);
                }
            }
            Axis::Ancestor | Axis::AncestorOrSelf => {
                let mut node = from.node;
                if step.axis == Axis::AncestorOrSelf {
                    found.push(node);
                }
                while node != TOP {
                    node = tree.node(node).parent;
                    found.push(node);
                }
            }
            Axis::Descendant | Axis::DescendantOrSelf => {
                let mut open = vec![from.node];
                while let Some(node) = open.pop() {
                    self.spend(1)?;
                    if node != from.node || step.axis == Axis::DescendantOrSelf {
                        found.push(node);
                    }
                    open.extend(tree.node(node).children.iter().rev());
                }
            }
            Axis::FollowingSibling | Axis::PrecedingSibling => {
                let own = tree.node(from.node);
                if from.node != TOP && !own.is_attribute {
                    let siblings = &tree.node(own.parent).children;
                    let at = siblings.iter().position(|child| *child == from.node).unwrap_or(0);
                    if step.axis == Axis::FollowingSibling {
                        found.extend(siblings.iter().skip(at + 1));
                    } else {
                        found.extend(siblings[..at].iter().rev());
                    }
                }
            }
        }
        self.spend(found.len())?;
        let named = |node: &u32| step.name.is_none_or(|name| tree.node(*node).name == name);
        Ok(found.into_iter().filter(named).map(|node| NodeRef { tree: from.tree, node }).collect())
    }

    fn filter(
        &self,
        nodes: Vec<NodeRef>,
        predicate: &Code,
        context: &Context,
    ) -> Result<Vec<NodeRef>, Failure> {
        if let Code::Number(number) = predicate {
            return Ok(nth(&nodes, *number).into_iter().collect());
        }
        let size = nodes.len();
        let mut kept = Vec::new();
        for (at, node) in nodes.into_iter().enumerate() {
            let inner = Context { node, current: context.current, place: Some((at + 1, size)) };
            let value = self.part(predicate, &inner)?;
            let holds = match value {
                Value::Number(number) => is_place(number, at + 1),
                other => self.boolean(&other),
            };
            if holds {
                kept.push(node);
            }
        }
        Ok(kept)
    }

    /// The children of `above` by what one of theirs reads as; none where that can't be told from
    /// an index.
    fn look_up(
        &self,
        above: NodeRef,
        name: Symbol,
        child: Symbol,
        key: &Code,
        context: &Context,
    ) -> Result<Option<Vec<NodeRef>>, Failure> {
        let (wanted, by_number) = match self.part(key, context)? {
            Value::Text(text) => (text, false),
            Value::Number(number) => (text_of(number), true),
            Value::Nodes(nodes) if nodes.len() == 1 => match self.typed(nodes[0]) {
                Some(number) => (text_of(number), true),
                None => (self.node_text(nodes[0]).into_owned(), false),
            },
            _ => return Ok(None),
        };
        // An item without the child reads as empty, which the index doesn't know; what is no number
        // equals nothing.
        if wanted.is_empty() || (by_number && wanted == "NaN") {
            return Ok(None);
        }
        let index = self.index(above, name, child, by_number);
        let items = index.get(wanted.as_str()).map(Vec::as_slice).unwrap_or_default();
        self.spend(items.len())?;
        let with_tree = |node: &u32| NodeRef { tree: above.tree, node: *node };
        Ok(Some(items.iter().map(with_tree).collect()))
    }

    fn index(&self, above: NodeRef, name: Symbol, child: Symbol, by_number: bool) -> Index {
        let own = (above, name, child, by_number);
        if let Some(index) = self.indexes.made.borrow().get(&own) {
            return index.clone();
        }
        let tree = self.tree(above);
        let mut index: HashMap<Box<str>, Vec<u32>> = HashMap::new();
        tree.each_named(above.node, name, |item| {
            tree.each_named(item, child, |field| {
                let text = tree.text_of(field);
                let key = if by_number { text_of(self.digits(&text)).into() } else { text };
                let items = index.entry(key.into()).or_default();
                if items.last() != Some(&item) {
                    items.push(item);
                }
            });
        });
        let index = Rc::new(index);
        self.indexes.made.borrow_mut().insert(own, index.clone());
        index
    }

    /// What a column of a file holds in the first row whose key column holds a key.
    pub(super) fn find_row(
        &self,
        file: &str,
        wanted: &str,
        key_column: &str,
        key: &str,
    ) -> Result<Option<String>, Failure> {
        let host = self.host;
        // The files that Collect reads may be called with or without their ending.
        let tree = host.instance(file).or_else(|| host.instance(file.strip_suffix(".csv")?));
        let known = |name: &str| host.symbol(name);
        let (Some(tree), Some(item), Some(wanted), Some(key_column)) =
            (tree, known("item"), known(wanted), known(key_column))
        else {
            return Ok(None);
        };
        let top = NodeRef { tree, node: TOP };
        if tree == 0 {
            return Ok(None);
        }
        let rows = self.tree(top);
        let Some(root) = rows.node(TOP).children.first() else { return Ok(None) };
        let index = self.index(NodeRef { tree, node: *root }, item, key_column, false);
        let row = index.get(key).and_then(|rows| rows.first());
        self.spend(1)?;
        Ok(row
            .and_then(|row| rows.first_named(*row, wanted))
            .map(|field| rows.text_of(field).into_owned()))
    }

    /// Sorts in the order of the document and leaves doubles out.
    pub(super) fn sort(&self, nodes: &mut Vec<NodeRef>) {
        // Nodes are numbered as they are added, which is the order of the document except in
        // answers that repeats were added to.
        if nodes.iter().any(|node| node.tree == 0) {
            nodes.sort_by_cached_key(|node| (node.tree, self.way_to(*node)));
        } else {
            nodes.sort_unstable();
        }
        nodes.dedup();
    }

    /// The places of a node and those it is in, from the top.
    fn way_to(&self, node: NodeRef) -> Vec<usize> {
        let tree = self.tree(node);
        let mut way = Vec::new();
        let mut at = node.node;
        while at != TOP {
            let own = tree.node(at);
            let above = tree.node(own.parent);
            let among = if own.is_attribute { &above.attributes } else { &above.children };
            let place = among.iter().position(|child| *child == at).unwrap_or(0);
            // Attributes stand before the elements inside.
            way.push(if own.is_attribute { place } else { above.attributes.len() + place });
            at = own.parent;
        }
        way.reverse();
        way
    }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer nodes than an f64 counts")]
fn is_place(number: f64, place: usize) -> bool {
    (number - place as f64).abs() < f64::EPSILON
}

/// The node at a place counted from 1.
fn nth(nodes: &[NodeRef], number: f64) -> Option<NodeRef> {
    nodes.iter().enumerate().find(|(at, _)| is_place(number, at + 1)).map(|(_, node)| *node)
}
