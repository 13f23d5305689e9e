//! Nodes come and go: what a submission begins with, and instances of repeats.

use super::{MAX_INSTANCES, Session};
use crate::expression::Code;
use crate::expression::functions::Function;
use crate::expression::functions::date::Moment;
use crate::form::definition::{Event, NodeKind};
use crate::form::graph::Job;
use crate::xml::{Element, local};

impl Session {
    pub(super) fn adopt(&mut self, node: u32, definition: u32) {
        debug_assert_eq!(node as usize, self.definitions.len());
        self.definitions.push(definition);
        self.own_relevance.push(true);
        self.gone.push(false);
        let numeric = self.form.node(definition).bind.data_type.is_number();
        self.answers.set_numeric(node, numeric);
        let parent = self.parent(node);
        let relevant = self.is_relevant(parent);
        self.answers.set_relevant(node, relevant);
    }

    /// Adds the nodes of a definition under `parent`, as `from` has them. What is missing there
    /// keeps the form's default in a new submission and is empty in a saved one.
    pub(super) fn plant(
        &mut self,
        parent: u32,
        definition: u32,
        from: &Element,
        is_new: bool,
    ) -> u32 {
        let form = self.form.clone();
        let own = form.node(definition);
        let node = self.answers.add(parent, own.symbol);
        self.adopt(node, definition);
        if own.kind == NodeKind::Question {
            let text = from.text();
            // What was saved before stays as it was written.
            let text =
                if is_new { own.bind.data_type.written(&text) } else { text.as_str().into() };
            self.answers.set_text(node, &text);
        }
        for child in &own.children {
            let inner = form.node(*child);
            if inner.kind == NodeKind::Attribute {
                let attribute = self.answers.add_attribute(node, inner.symbol);
                self.adopt(attribute, *child);
                let given = from.attributes.iter().find(|(name, _)| local(name) == inner.name);
                let value = given.map_or(inner.default.as_str(), |(_, value)| value.as_str());
                self.answers.set_text(attribute, value);
                continue;
            }
            let of_name = from.elements().filter(|element| {
                element.local_name() == inner.name && element.attribute("jr:template").is_none()
            });
            if inner.kind == NodeKind::Repeat {
                // Where instances are counted, a new submission begins without any.
                let counted = form.control(*child).is_some_and(|known| known.count.is_some());
                for instance in of_name.filter(|_| !(is_new && counted)) {
                    self.plant(node, *child, instance, is_new);
                }
            } else {
                let mut of_name = of_name;
                let empty = Element::new(inner.name.as_str());
                let given = match of_name.next() {
                    Some(given) => given.clone(),
                    None if is_new => empty.with_text(inner.default.as_str()),
                    None => empty,
                };
                self.plant(node, *child, &given, is_new);
            }
        }
        node
    }

    pub(super) fn preload(&mut self) {
        let form = self.form.clone();
        for (number, definition) in form.nodes.iter().enumerate() {
            let Some((kind, parameter)) = &definition.bind.preload else { continue };
            let offset = self.world.offset;
            let now = Moment::at(self.world.now, offset);
            let value = match (kind.as_str(), parameter.as_str()) {
                ("uid", _) => {
                    let code = Code::Call(Function::Uuid, Box::default());
                    let root = self.root();
                    let made = self.evaluate(|evaluation| {
                        Ok(evaluation.text(&evaluation.run(&code, root)?).into_owned())
                    });
                    made.map(|uuid| format!("uuid:{uuid}")).unwrap_or_default()
                }
                ("timestamp", "start") => now.write(offset),
                ("date", "today") => now.write_date(),
                ("property", name) => self.world.properties.get(name).cloned().unwrap_or_default(),
                _ => continue,
            };
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            for node in self.instances(number, self.root()) {
                self.answers.set_text(node, &value);
            }
        }
    }

    /// The nodes of a definition inside a node.
    pub(super) fn instances(&self, definition: u32, under: u32) -> Vec<u32> {
        let top = self.definitions[under as usize];
        let way: Vec<u32> = self.form.ancestors(definition).take_while(|at| *at != top).collect();
        let mut found = vec![under];
        for at in way.iter().rev() {
            let own = self.form.node(*at);
            let mut next = Vec::new();
            for node in found {
                if own.kind == NodeKind::Attribute {
                    let attributes = &self.answers.node(node).attributes;
                    next.extend(
                        attributes.iter().filter(|known| self.definitions[**known as usize] == *at),
                    );
                } else {
                    self.answers.each_named(node, own.symbol, |child| next.push(child));
                }
            }
            found = next;
        }
        found
    }

    /// Adds an instance of a repeat inside a node; none where there are too many.
    pub fn add_instance(&mut self, parent: u32, repeat: u32) -> Option<u32> {
        let mut count = 0;
        self.answers.each_named(parent, self.form.node(repeat).symbol, |_| count += 1);
        if count >= MAX_INSTANCES {
            return None;
        }
        let node = self.sprout(parent, repeat);
        self.run();
        Some(node)
    }

    pub(super) fn sprout(&mut self, parent: u32, repeat: u32) -> u32 {
        let form = self.form.clone();
        let empty = Element::new(form.node(repeat).written.as_str());
        let template = form.node(repeat).template.as_ref().unwrap_or(&empty);
        let node = self.place_instance(parent, repeat, template, true);
        self.mark_inside(node);
        self.withdraw_inside(node);
        self.plan(Event::NewRepeat, Some(repeat), Some(node));
        node
    }

    /// Plants a new instance after those there are.
    pub(super) fn place_instance(
        &mut self,
        parent: u32,
        repeat: u32,
        from: &Element,
        is_new: bool,
    ) -> u32 {
        let node = self.plant(parent, repeat, from, is_new);
        let symbol = self.form.node(repeat).symbol;
        // Instances stand together, before what follows the repeat.
        let children = &self.answers.node(parent).children;
        let last = children
            .iter()
            .rposition(|child| *child != node && self.answers.node(*child).name == symbol);
        if let Some(last) = last {
            self.answers.move_child(parent, node, last + 1);
        } else {
            let order = &self.form.node(self.definitions[parent as usize]).children;
            let own = order.iter().position(|child| *child == repeat).unwrap_or(order.len());
            let place = children
                .iter()
                .position(|child| {
                    let definition = self.definitions[*child as usize];
                    order.iter().position(|known| *known == definition).unwrap_or(0) > own
                })
                .unwrap_or(children.len());
            self.answers.move_child(parent, node, place);
        }
        node
    }

    /// Marks what a new instance holds, and what reads it.
    pub(super) fn mark_inside(&mut self, node: u32) {
        let form = self.form.clone();
        let mut open = vec![node];
        while let Some(at) = open.pop() {
            let definition = self.definitions[at as usize];
            for rank in form.graph.of_node.get(&definition).into_iter().flatten() {
                if form.graph.order[*rank].job != Job::Count {
                    self.marked.insert((*rank, at));
                }
            }
            for child in &form.node(definition).children {
                for rank in form.graph.of_node.get(child).into_iter().flatten() {
                    if form.graph.order[*rank].job == Job::Count {
                        self.marked.insert((*rank, at));
                    }
                }
            }
            self.mark(at);
            let own = self.answers.node(at);
            open.extend(own.children.iter().chain(&own.attributes));
        }
    }

    /// Removes an instance of a repeat.
    pub fn remove_instance(&mut self, node: u32) {
        if self.definition(node).kind == NodeKind::Repeat && self.is_there(node) {
            self.cut(node);
            self.run();
        }
    }

    pub(super) fn cut(&mut self, node: u32) {
        let mut inside = vec![node];
        let mut at = 0;
        while let Some(next) = inside.get(at).copied() {
            let own = self.answers.node(next);
            inside.extend(own.children.iter().chain(&own.attributes));
            at += 1;
        }
        let parent = self.parent(node);
        for gone in &inside {
            self.mark(*gone);
            self.gone[*gone as usize] = true;
        }
        self.answers.remove(node);
        // Those after it stand elsewhere now.
        let form = self.form.clone();
        let repeat = self.definitions[node as usize];
        for reader in form.graph.readers.get(&repeat).into_iter().flatten() {
            let vertex = form.graph.order[reader.rank];
            if form.ancestors(vertex.node).any(|at| at == self.definitions[parent as usize]) {
                for reading in self.vertex_nodes(vertex.node, vertex.job, parent) {
                    self.marked.insert((reader.rank, reading));
                }
            }
        }
    }

    /// A node that isn't among its parent's: paths of the count of a repeat without instances
    /// begin there.
    pub(super) fn ghost(&mut self, parent: u32, repeat: u32) -> u32 {
        if let Some(known) = self.ghosts.get(&(parent, repeat)) {
            return *known;
        }
        let node = self.answers.add(parent, self.form.node(repeat).symbol);
        self.adopt(node, repeat);
        self.answers.remove(node);
        self.ghosts.insert((parent, repeat), node);
        node
    }
}
