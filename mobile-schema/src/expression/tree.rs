//! The trees that expressions are run on: a form's answers, and its lists.

use std::collections::HashMap;
use std::sync::Arc;

/// A name as a number, the same in every tree of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(u32);

/// Names and their numbers.
#[derive(Clone, Debug, Default)]
pub struct Names {
    numbers: HashMap<Arc<str>, Symbol>,
    names: Vec<Arc<str>>,
}

impl Names {
    /// The number of a name, new or not. A prefix is left out.
    pub fn symbol(&mut self, name: &str) -> Symbol {
        let name = crate::xml::local(name);
        if let Some(known) = self.numbers.get(name) {
            return *known;
        }
        // A form has far fewer names than a u32 counts.
        let symbol = Symbol(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        let name: Arc<str> = name.into();
        self.names.push(name.clone());
        self.numbers.insert(name, symbol);
        symbol
    }

    /// The number of a name that is known.
    pub fn known(&self, name: &str) -> Option<Symbol> {
        self.numbers.get(crate::xml::local(name)).copied()
    }

    /// The name of a number.
    pub fn name(&self, symbol: Symbol) -> &str {
        self.names.get(symbol.0 as usize).map_or("", |name| name)
    }
}

/// A node in one of several trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeRef {
    /// Which tree; 0 is the form's answers.
    pub tree: u32,
    /// Which node in it.
    pub node: u32,
}

/// The top of a tree, above its one root element.
pub const TOP: u32 = 0;

/// Nodes with names and text.
#[derive(Clone, Debug)]
pub struct Tree {
    nodes: Vec<TreeNode>,
}

/// Above this many children, they are also kept by name.
const FEW: usize = 12;

/// One node.
#[derive(Clone, Debug)]
pub struct TreeNode {
    /// Its name.
    pub name: Symbol,
    /// The node it is in; itself at the top.
    pub parent: u32,
    /// The text it holds itself.
    pub text: Box<str>,
    /// Its elements in order.
    pub children: Vec<u32>,
    /// Its attributes.
    pub attributes: Vec<u32>,
    /// An attribute rather than an element.
    pub is_attribute: bool,
    /// False where it is left out: it reads as empty.
    pub relevant: bool,
    /// A number rather than words: `10.50` reads as 10.5 and equals it, and as a condition it
    /// holds where it is not zero.
    pub numeric: bool,
    by_name: Option<HashMap<Symbol, Vec<u32>>>,
}

impl TreeNode {
    fn new(name: Symbol, parent: u32) -> Self {
        Self {
            name,
            parent,
            text: Box::default(),
            children: Vec::new(),
            attributes: Vec::new(),
            is_attribute: false,
            relevant: true,
            numeric: false,
            by_name: None,
        }
    }
}

impl Tree {
    /// A tree with nothing under its top.
    pub fn new(names: &mut Names) -> Self {
        Self { nodes: vec![TreeNode::new(names.symbol(""), TOP)] }
    }

    /// A node.
    ///
    /// # Panics
    /// Where the number isn't of this tree.
    pub fn node(&self, node: u32) -> &TreeNode {
        &self.nodes[node as usize]
    }

    /// How many nodes were ever added.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is nothing under the top.
    pub fn is_empty(&self) -> bool {
        self.nodes.len() <= 1
    }

    fn node_mut(&mut self, node: u32) -> &mut TreeNode {
        &mut self.nodes[node as usize]
    }

    /// Adds an element at the end of `parent`.
    pub fn add(&mut self, parent: u32, name: Symbol) -> u32 {
        self.insert(parent, self.node(parent).children.len(), name)
    }

    /// Adds an element as the child of `parent` at `place`.
    pub fn insert(&mut self, parent: u32, place: usize, name: Symbol) -> u32 {
        let added = self.push(parent, name);
        let holder = self.node_mut(parent);
        let place = place.min(holder.children.len());
        holder.children.insert(place, added);
        let at_end = place + 1 == holder.children.len();
        match &mut holder.by_name {
            Some(by_name) if at_end => by_name.entry(name).or_default().push(added),
            _ => self.index(parent),
        }
        added
    }

    /// Adds an attribute.
    pub fn add_attribute(&mut self, parent: u32, name: Symbol) -> u32 {
        let added = self.push(parent, name);
        self.node_mut(added).is_attribute = true;
        self.node_mut(parent).attributes.push(added);
        added
    }

    fn push(&mut self, parent: u32, name: Symbol) -> u32 {
        let added = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(TreeNode::new(name, parent));
        added
    }

    /// Takes an element out of its parent. The number is not used again.
    pub fn remove(&mut self, node: u32) {
        let parent = self.node(node).parent;
        self.node_mut(parent).children.retain(|child| *child != node);
        self.index(parent);
    }

    /// Moves an element to another place among those of its parent.
    pub fn move_child(&mut self, parent: u32, node: u32, place: usize) {
        let holder = self.node_mut(parent);
        let Some(at) = holder.children.iter().position(|child| *child == node) else { return };
        if at != place {
            holder.children.remove(at);
            let place = if at < place { place - 1 } else { place };
            let place = place.min(holder.children.len());
            holder.children.insert(place, node);
            self.index(parent);
        }
    }

    fn index(&mut self, parent: u32) {
        let holder = self.node(parent);
        let by_name = (holder.children.len() > FEW).then(|| {
            let mut by_name: HashMap<Symbol, Vec<u32>> = HashMap::new();
            for child in &holder.children {
                by_name.entry(self.node(*child).name).or_default().push(*child);
            }
            by_name
        });
        self.node_mut(parent).by_name = by_name;
    }

    /// Sets the text of a node.
    pub fn set_text(&mut self, node: u32, text: &str) {
        self.node_mut(node).text = text.into();
    }

    /// Sets whether a node is relevant.
    pub fn set_relevant(&mut self, node: u32, relevant: bool) {
        self.node_mut(node).relevant = relevant;
    }

    /// Sets whether a node holds a number.
    pub fn set_numeric(&mut self, node: u32, numeric: bool) {
        self.node_mut(node).numeric = numeric;
    }

    /// Calls `found` for the children of a name.
    pub fn each_named(&self, parent: u32, name: Symbol, mut found: impl FnMut(u32)) {
        let holder = self.node(parent);
        match &holder.by_name {
            Some(by_name) => {
                by_name.get(&name).into_iter().flatten().for_each(|child| found(*child));
            }
            None => holder
                .children
                .iter()
                .filter(|child| self.node(**child).name == name)
                .for_each(|child| found(*child)),
        }
    }

    /// The first child of a name.
    pub fn first_named(&self, parent: u32, name: Symbol) -> Option<u32> {
        let holder = self.node(parent);
        match &holder.by_name {
            Some(by_name) => by_name.get(&name).and_then(|children| children.first()).copied(),
            None => holder.children.iter().copied().find(|child| self.node(*child).name == name),
        }
    }

    /// Counted from 1: where a node stands among those of its name.
    pub fn position(&self, node: u32) -> usize {
        let own = self.node(node);
        let mut position = 0;
        let mut answer = 0;
        self.each_named(own.parent, own.name, |child| {
            position += 1;
            if child == node {
                answer = position;
            }
        });
        answer.max(1)
    }

    /// What a node reads as: nothing where it is not relevant, else its text, or that of all it
    /// holds.
    pub fn text_of(&self, node: u32) -> std::borrow::Cow<'_, str> {
        let own = self.node(node);
        if !own.relevant {
            "".into()
        } else if own.numeric {
            let plain = own.text.bytes().all(|byte| byte.is_ascii_digit());
            if plain && !own.text.starts_with('0') {
                return (&*own.text).into();
            }
            match super::value::shortest_decimal(&own.text) {
                Some(shortest) => shortest.into(),
                None => (&*own.text).into(),
            }
        } else if own.children.is_empty() {
            (&*own.text).into()
        } else {
            let mut all = own.text.to_string();
            for child in &own.children {
                all.push_str(&self.text_of(*child));
            }
            all.into()
        }
    }

    /// Copies an XML element with all it holds under `parent`.
    pub fn copy(&mut self, names: &mut Names, parent: u32, element: &crate::xml::Element) -> u32 {
        let added = self.add(parent, names.symbol(&element.name));
        for (name, value) in &element.attributes {
            let attribute = self.add_attribute(added, names.symbol(name));
            self.set_text(attribute, value);
        }
        if element.elements().next().is_none() {
            self.set_text(added, &element.text());
        }
        for child in element.elements() {
            self.copy(names, added, child);
        }
        added
    }
}
