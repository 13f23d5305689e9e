//! A form while it is filled in.
//!
//! The answers are a tree; each of its nodes knows its [`Definition`]. What depends on a changed
//! answer is marked with its place in the form's order and run once, in that order.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::expression::functions::date::Moment;
use crate::expression::tree::TOP;
use crate::expression::value::text_of;
use crate::expression::{
    Code, Evaluation, Failure, Host, Indexes, Names, NodeRef, Symbol, Tree, Value,
};
use crate::xml::{Element, local};

use super::definition::{
    Action, ActionKind, Choices, Control, ControlKind, DataType, Definition, Event, Form, NodeKind,
};
use super::graph::Job;
use super::texts::{Piece, Words};

/// The most instances that a repeat's count makes.
const MAX_INSTANCES: usize = 10_000;
/// How many expressions one edit may run.
const MAX_RUNS: usize = 2_000_000;

/// The world around a form that is filled in.
#[derive(Clone, Debug)]
pub struct World {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    pub now: i64,
    /// Minutes that local time is ahead of UTC.
    pub offset: i32,
    /// The reader's language as a BCP 47 tag.
    pub language: String,
    /// Properties of the tablet and its user, such as `deviceid` and `username`.
    pub properties: HashMap<String, String>,
    /// Where the tablet is, as a geopoint.
    pub location: Option<String>,
    /// What random numbers are drawn from.
    pub seed: [u8; 32],
}

/// Lists and files by the ids that expressions call them by.
pub type Files = HashMap<String, Element>;

/// A form while it is filled in.
pub struct Session {
    form: Arc<Form>,
    world: World,
    /// Which of the form's languages is read.
    language: usize,
    names: Names,
    answers: Tree,
    /// The definition of each node.
    definitions: Vec<u32>,
    /// What each node's own expression says of its relevance.
    own_relevance: Vec<bool>,
    /// Nodes that were removed.
    gone: Vec<bool>,
    lists: Vec<Arc<Tree>>,
    list_numbers: HashMap<String, u32>,
    /// Lists that are not there.
    missing: Vec<String>,
    indexes: Indexes,
    drawn: Cell<u64>,
    /// What is to be run: the place in the order, and the node.
    marked: BTreeSet<(usize, u32)>,
    /// Actions that are to be done, and the nodes they set.
    planned: VecDeque<(usize, u32)>,
    /// Nodes that stand for a repeat without instances, by the node they would be in.
    ghosts: RefCell<HashMap<(u32, u32), u32>>,
    failures: Vec<(String, Failure)>,
}

/// A choice that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What is read.
    pub label: String,
}

/// Expressions see the world through this.
struct View<'a> {
    session: &'a Session,
}

impl Host for View<'_> {
    fn offset(&self) -> i32 {
        self.session.world.offset
    }

    fn now(&self) -> i64 {
        self.session.world.now
    }

    fn random(&self) -> f64 {
        let drawn = self.session.drawn.get();
        self.session.drawn.set(drawn + 1);
        let hash =
            Sha256::new().chain_update(self.session.world.seed).chain_update(drawn.to_be_bytes());
        let bytes = hash.finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&bytes[..8]);
        // 53 bits are what an f64 holds exactly.
        #[expect(clippy::cast_precision_loss, reason = "53 bits")]
        let share = (u64::from_be_bytes(first) >> 11) as f64;
        share / 9_007_199_254_740_992.0
    }

    fn instance(&self, id: &str) -> Option<u32> {
        let session = self.session;
        let own = || id == session.form.id || id == session.form.node(0).name;
        session.list_numbers.get(id).copied().or_else(|| own().then_some(0))
    }

    fn itext(&self, id: &str) -> String {
        let texts = &self.session.form.texts;
        let pieces = texts.find(id, self.session.language).and_then(|text| text.form(None));
        let root = NodeRef { tree: 0, node: self.session.root() };
        pieces.map(|pieces| self.session.join(pieces, root)).unwrap_or_default()
    }

    fn choice_name(
        &self,
        evaluation: &Evaluation<'_>,
        question: NodeRef,
        value: &str,
    ) -> Result<String, Failure> {
        if question.tree != 0 {
            return Ok(String::new());
        }
        let session = self.session;
        let Some(control) = session.control(question.node) else { return Ok(String::new()) };
        let found = session.offered(evaluation, control, question.node, Some(value))?;
        Ok(found.into_iter().next().map(|choice| choice.label).unwrap_or_default())
    }

    fn node_name(&self, name: Symbol) -> String {
        self.session.names.name(name).to_owned()
    }

    fn symbol(&self, name: &str) -> Option<Symbol> {
        self.session.names.known(name)
    }

    fn property(&self, name: &str) -> String {
        self.session.world.properties.get(name).cloned().unwrap_or_default()
    }

    fn version(&self) -> &str {
        &self.session.form.version
    }

    fn language(&self) -> &str {
        &self.session.world.language
    }
}

impl Session {
    /// Begins a new submission.
    pub fn begin(form: Arc<Form>, files: &Files, world: World) -> Self {
        let primary = form.primary.clone();
        let mut session = Self::open(form, files, world);
        session.plant(TOP, 0, &primary, true);
        session.preload();
        session.mark_all();
        session.run();
        session.plan(Event::InstanceFirstLoad, None, None);
        session.plan(Event::InstanceLoad, None, None);
        session.run();
        session
    }

    /// Goes on with a submission that was saved before.
    pub fn resume(form: Arc<Form>, files: &Files, world: World, saved: &Element) -> Self {
        let mut session = Self::open(form, files, world);
        session.plant(TOP, 0, saved, false);
        session.mark_all();
        session.run();
        session.plan(Event::InstanceLoad, None, None);
        session.run();
        session
    }

    fn open(form: Arc<Form>, files: &Files, world: World) -> Self {
        let mut names = form.names.clone();
        let answers = Tree::new(&mut names);
        let mut session = Self {
            language: 0,
            names,
            answers,
            // The top of the tree has none; the root's does no harm.
            definitions: vec![0],
            own_relevance: vec![true],
            gone: vec![false],
            lists: Vec::new(),
            list_numbers: HashMap::new(),
            missing: Vec::new(),
            indexes: Indexes::default(),
            drawn: Cell::new(0),
            marked: BTreeSet::new(),
            planned: VecDeque::new(),
            ghosts: RefCell::new(HashMap::new()),
            failures: Vec::new(),
            form: form.clone(),
            world,
        };
        for instance in &form.instances {
            let tree = match (&instance.tree, files.get(&instance.id)) {
                (_, Some(file)) => {
                    let mut tree = Tree::new(&mut session.names);
                    tree.copy(&mut session.names, TOP, file);
                    Arc::new(tree)
                }
                (Some(tree), None) => tree.clone(),
                (None, None) => {
                    // The first submission of a form has none before it.
                    if instance.source.as_deref() != Some("jr://instance/last-saved") {
                        session.missing.push(instance.id.clone());
                    }
                    Arc::new(Tree::new(&mut session.names))
                }
            };
            session.lists.push(tree);
            let number = u32::try_from(session.lists.len()).unwrap_or(u32::MAX);
            session.list_numbers.insert(instance.id.clone(), number);
        }
        let language = session.world.language.clone();
        session.read_in(&language);
        session
    }

    /// Reads the form in another language: its tag, or its name as the form has it.
    pub fn read_in(&mut self, language: &str) {
        let tagged = format!("({language})");
        let primary = language.split('-').next().unwrap_or(language);
        let short = format!("({primary}");
        let languages = &self.form.languages;
        let find = |fits: &dyn Fn(&str) -> bool| languages.iter().position(|name| fits(name));
        self.language = find(&|name| name == language)
            .or_else(|| find(&|name| name.ends_with(&tagged)))
            .or_else(|| find(&|name| name.contains(&short)))
            .unwrap_or(0);
        self.world.language = language.to_owned();
    }

    /// The reader's language.
    pub fn language(&self) -> &str {
        &self.world.language
    }

    /// The form.
    pub fn form(&self) -> &Arc<Form> {
        &self.form
    }

    /// Lists and files that the form asks for and that are not there.
    pub fn missing_files(&self) -> &[String] {
        &self.missing
    }

    /// Expressions that were given up, by their node's path, and why.
    pub fn failures(&self) -> &[(String, Failure)] {
        &self.failures
    }

    /// The root of the answers.
    pub fn root(&self) -> u32 {
        self.answers.node(TOP).children.first().copied().unwrap_or(TOP)
    }

    /// What a node is.
    pub fn definition(&self, node: u32) -> &Definition {
        self.form.node(self.definitions[node as usize])
    }

    /// The number of a node's definition.
    pub fn definition_number(&self, node: u32) -> u32 {
        self.definitions[node as usize]
    }

    /// The control a node is shown by.
    pub fn control(&self, node: u32) -> Option<&Control> {
        self.form.control(self.definitions[node as usize])
    }

    /// The nodes inside a node.
    pub fn children(&self, node: u32) -> &[u32] {
        &self.answers.node(node).children
    }

    /// The node that a node is in.
    pub fn parent(&self, node: u32) -> u32 {
        self.answers.node(node).parent
    }

    /// What a node holds, relevant or not.
    pub fn value(&self, node: u32) -> &str {
        &self.answers.node(node).text
    }

    /// Whether a node is asked: itself, and all it is in.
    pub fn is_relevant(&self, node: u32) -> bool {
        self.answers.node(node).relevant
    }

    /// Whether an answer is required now.
    pub fn is_required(&self, node: u32) -> bool {
        self.holds(self.definition(node).bind.required.as_ref(), node).unwrap_or(false)
    }

    /// Whether an answer can't be changed now: because of itself, or what it is in.
    pub fn is_readonly(&self, node: u32) -> bool {
        let mut at = node;
        loop {
            let bind = &self.definition(at).bind;
            if self.holds(bind.readonly.as_ref(), at).unwrap_or(false) {
                return true;
            }
            let parent = self.parent(at);
            if parent == TOP {
                return false;
            }
            at = parent;
        }
    }

    /// Whether a condition holds; none where there is none.
    pub(super) fn holds(&self, code: Option<&Code>, node: u32) -> Option<bool> {
        let code = code?;
        self.evaluate(|evaluation| Ok(evaluation.boolean(&evaluation.run(code, node)?))).ok()
    }

    fn evaluate<T>(
        &self,
        run: impl FnOnce(&Evaluation<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let view = View { session: self };
        run(&Evaluation::new(&self.answers, &self.lists, &self.indexes, &view))
    }

    /// `/data/member[2]/name`: repeats with their places.
    pub fn path(&self, node: u32) -> String {
        let mut parts = Vec::new();
        let mut at = node;
        while at != TOP {
            let definition = self.definition(at);
            parts.push(match definition.kind {
                NodeKind::Repeat => {
                    format!("{}[{}]", definition.name, self.answers.position(at))
                }
                NodeKind::Attribute => format!("@{}", definition.name),
                _ => definition.name.clone(),
            });
            at = self.parent(at);
        }
        parts.reverse();
        format!("/{}", parts.join("/"))
    }

    /// The nodes of a path; of a repeat without a place, all instances.
    pub fn find(&self, path: &str) -> Vec<u32> {
        let mut found = vec![TOP];
        for part in path.trim_start_matches('/').split('/') {
            let (name, place) = match part.split_once('[') {
                Some((name, place)) => (name, place.trim_end_matches(']').parse::<usize>().ok()),
                None => (part, None),
            };
            let Some(symbol) = self.names.known(local(name)) else { return Vec::new() };
            let mut next = Vec::new();
            for node in found {
                let mut named = Vec::new();
                self.answers.each_named(node, symbol, |child| named.push(child));
                match place {
                    Some(place) => next.extend(place.checked_sub(1).and_then(|at| named.get(at))),
                    None => next.extend(named),
                }
            }
            found = next;
        }
        found
    }

    // Building

    fn adopt(&mut self, node: u32, definition: u32) {
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
    fn plant(&mut self, parent: u32, definition: u32, from: &Element, is_new: bool) -> u32 {
        let form = self.form.clone();
        let own = form.node(definition);
        let node = self.answers.add(parent, own.symbol);
        self.adopt(node, definition);
        if own.kind == NodeKind::Question {
            self.answers.set_text(node, &from.text());
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

    fn preload(&mut self) {
        let form = self.form.clone();
        for (number, definition) in form.nodes.iter().enumerate() {
            let Some((kind, parameter)) = &definition.bind.preload else { continue };
            let offset = self.world.offset;
            let now = Moment::at(self.world.now, offset);
            let value = match (kind.as_str(), parameter.as_str()) {
                ("uid", _) => {
                    let code =
                        Code::Call(crate::expression::functions::Function::Uuid, Box::default());
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

    /// Fills in when the submission ends.
    pub fn finish(&mut self) {
        let form = self.form.clone();
        let end = Moment::at(self.world.now, self.world.offset).write(self.world.offset);
        for (number, definition) in form.nodes.iter().enumerate() {
            let preload = definition.bind.preload.as_ref();
            if preload.is_some_and(|(kind, what)| kind == "timestamp" && what == "end") {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                for node in self.instances(number, self.root()) {
                    self.put(node, &end);
                }
            }
        }
        self.run();
    }

    /// The nodes of a definition inside a node.
    fn instances(&self, definition: u32, under: u32) -> Vec<u32> {
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

    // Running

    fn mark_all(&mut self) {
        let form = self.form.clone();
        let root = self.root();
        for (rank, vertex) in form.graph.order.iter().enumerate() {
            for node in self.vertex_nodes(vertex.node, vertex.job, root) {
                self.marked.insert((rank, node));
            }
        }
    }

    /// Where a vertex runs: a repeat's count runs where the repeat is.
    fn vertex_nodes(&self, definition: u32, job: Job, under: u32) -> Vec<u32> {
        let definition =
            if job == Job::Count { self.form.node(definition).parent } else { definition };
        let top = self.definitions[under as usize];
        if self.form.ancestors(definition).any(|at| at == top) {
            self.instances(definition, under)
        } else {
            // The repeat whose instance this is.
            vec![self.parent(under)]
        }
    }

    /// Marks what reads a node.
    fn mark(&mut self, node: u32) {
        let form = self.form.clone();
        let definition = self.definitions[node as usize];
        let Some(readers) = form.graph.readers.get(&definition) else { return };
        for reader in readers {
            let vertex = form.graph.order[reader.rank];
            let under = reader.scope.map_or(self.root(), |scope| self.around(node, scope));
            for reading in self.vertex_nodes(vertex.node, vertex.job, under) {
                // A value that reads the one before it in the repeat is not read by that again.
                let own = vertex.node == definition && vertex.job == Job::Calculate;
                if !own || reading > node {
                    self.marked.insert((reader.rank, reading));
                }
            }
        }
    }

    /// The node of a definition that a node is or is in; the root where there is none.
    fn around(&self, node: u32, definition: u32) -> u32 {
        let mut at = node;
        while at != TOP {
            if self.definitions[at as usize] == definition {
                return at;
            }
            at = self.parent(at);
        }
        self.root()
    }

    /// Runs all that is marked, then does what is planned, until nothing is left.
    fn run(&mut self) {
        let mut left = MAX_RUNS;
        loop {
            self.settle(&mut left);
            match self.planned.pop_front() {
                Some((action, target)) if self.is_there(target) => self.perform(action, target),
                Some(_) => {}
                None => return,
            }
        }
    }

    fn settle(&mut self, left: &mut usize) {
        while let Some((rank, node)) = self.marked.pop_first() {
            if *left == 0 {
                self.fail(node, Failure::TooManySteps);
                self.marked.clear();
                self.planned.clear();
                return;
            }
            *left -= 1;
            // What was removed in the meantime is passed over.
            if !self.is_there(node) {
                continue;
            }
            let vertex = self.form.graph.order[rank];
            match vertex.job {
                Job::Relevant => self.decide(node),
                Job::Calculate => self.calculate(node),
                Job::Count => self.adjust(node, vertex.node),
                Job::Choices => self.withdraw(node),
            }
        }
    }

    fn is_there(&self, node: u32) -> bool {
        !self.gone[node as usize]
    }

    fn fail(&mut self, node: u32, failure: Failure) {
        let path = self.path(node);
        if self.failures.len() < 100 {
            self.failures.push((path, failure));
        }
    }

    fn decide(&mut self, node: u32) {
        let form = self.form.clone();
        let code = form.node(self.definitions[node as usize]).bind.relevant.as_ref();
        let relevant = self.holds(code, node).unwrap_or(true);
        if self.own_relevance[node as usize] != relevant {
            self.own_relevance[node as usize] = relevant;
            self.spread(node);
        }
    }

    /// Tells all inside a node whether it is relevant.
    fn spread(&mut self, node: u32) {
        let mut open = vec![node];
        while let Some(at) = open.pop() {
            let above = self.is_relevant(self.parent(at));
            let relevant = above && self.own_relevance[at as usize];
            if self.is_relevant(at) == relevant {
                continue;
            }
            self.answers.set_relevant(at, relevant);
            self.mark(at);
            let own = self.answers.node(at);
            open.extend(own.children.iter().chain(&own.attributes));
        }
    }

    fn calculate(&mut self, node: u32) {
        let form = self.form.clone();
        let definition = form.node(self.definitions[node as usize]);
        let Some(code) = &definition.bind.calculate else { return };
        match self.computed(code, node, definition.bind.data_type) {
            Ok(text) => self.put(node, &text),
            Err(failure) => self.fail(node, failure),
        }
    }

    /// What an expression gives, as a value of a type.
    fn computed(&self, code: &Code, node: u32, data_type: DataType) -> Result<String, Failure> {
        self.evaluate(|evaluation| {
            let value = evaluation.run(code, node)?;
            Ok(stored(evaluation, &value, data_type, self.world.offset))
        })
    }

    /// Sets a value and marks what reads it.
    fn put(&mut self, node: u32, text: &str) {
        if self.value(node) != text {
            self.answers.set_text(node, text);
            self.mark(node);
        }
    }

    fn adjust(&mut self, parent: u32, repeat: u32) {
        let form = self.form.clone();
        let Some(code) = form.control(repeat).and_then(|control| control.count.as_ref()) else {
            return;
        };
        let symbol = form.node(repeat).symbol;
        let first = self.answers.first_named(parent, symbol);
        let node = first.unwrap_or_else(|| self.ghost(parent, repeat));
        let wanted =
            self.evaluate(|evaluation| Ok(evaluation.number(&evaluation.run(code, node)?)));
        let wanted = match wanted {
            Ok(wanted) if wanted >= 1.0 => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "at least 1, and what is too large saturates"
                )]
                let wanted = wanted as usize;
                wanted.min(MAX_INSTANCES)
            }
            // While nobody has said how many, what was written stays.
            Ok(wanted) if wanted.is_nan() => return,
            Ok(_) => 0,
            Err(failure) => {
                self.fail(node, failure);
                return;
            }
        };
        let mut instances = Vec::new();
        self.answers.each_named(parent, symbol, |instance| instances.push(instance));
        for _ in instances.len()..wanted {
            self.sprout(parent, repeat);
        }
        for instance in instances.iter().skip(wanted).rev() {
            self.cut(*instance);
        }
    }

    /// A node that isn't among its parent's: paths of the count of a repeat without instances
    /// begin there.
    fn ghost(&mut self, parent: u32, repeat: u32) -> u32 {
        if let Some(known) = self.ghosts.borrow().get(&(parent, repeat)) {
            return *known;
        }
        let node = self.answers.add(parent, self.form.node(repeat).symbol);
        self.adopt(node, repeat);
        self.answers.remove(node);
        self.ghosts.borrow_mut().insert((parent, repeat), node);
        node
    }

    /// Takes away choices that are no longer offered.
    fn withdraw(&mut self, node: u32) {
        let form = self.form.clone();
        let chosen = self.value(node).to_owned();
        let Some(control) = form.control(self.definitions[node as usize]) else { return };
        let selects = matches!(
            control.kind,
            ControlKind::SelectOne | ControlKind::Select | ControlKind::Rank
        );
        if chosen.is_empty() || !selects {
            return;
        }
        let offered = self.evaluate(|evaluation| self.offered(evaluation, control, node, None));
        // What a list that isn't there would offer is not known.
        let Ok(offered) = offered else { return };
        if !self.missing.is_empty() && offered.is_empty() {
            return;
        }
        let is_offered = |value: &str| offered.iter().any(|choice| choice.value == value);
        let kept = if control.kind == ControlKind::SelectOne {
            if is_offered(&chosen) { chosen.clone() } else { String::new() }
        } else {
            let kept: Vec<&str> =
                chosen.split_whitespace().filter(|value| is_offered(value)).collect();
            kept.join(" ")
        };
        self.put(node, &kept);
    }

    // Actions

    /// Plans what is to be done at an event, about a question or a repeat's new instance.
    fn plan(&mut self, event: Event, about: Option<u32>, node: Option<u32>) {
        let form = self.form.clone();
        for (number, action) in form.actions.iter().enumerate() {
            if action.events.contains(&event) && (about.is_none() || action.about == about) {
                for target in self.targets(action, event, node) {
                    self.planned.push_back((number, target));
                }
            }
        }
    }

    /// The nodes an action sets: those in the same instance of the repeat they share with what it
    /// is about.
    fn targets(&self, action: &Action, event: Event, node: Option<u32>) -> Vec<u32> {
        let Some(node) = node else { return self.instances(action.target, self.root()) };
        if event == Event::NewRepeat {
            return self.instances(action.target, node);
        }
        let mut under = node;
        while under != self.root() {
            let own = self.definitions[under as usize];
            let shared = self.form.ancestors(action.target).any(|at| at == own);
            if shared && self.form.node(own).kind == NodeKind::Repeat {
                break;
            }
            under = self.parent(under);
        }
        self.instances(action.target, under)
    }

    fn perform(&mut self, action: usize, target: u32) {
        let form = self.form.clone();
        let action = &form.actions[action];
        let data_type = self.definition(target).bind.data_type;
        match action.kind {
            ActionKind::SetValue => {
                let text = match &action.value {
                    Some(code) => self.computed(code, target, data_type),
                    None => Ok(action.text.clone()),
                };
                match text {
                    Ok(text) => self.put(target, &text),
                    Err(failure) => self.fail(target, failure),
                }
            }
            ActionKind::SetGeopoint => {
                let place = self.world.location.clone().unwrap_or_default();
                self.put(target, &place);
            }
            // The tablet does this while it listens.
            ActionKind::RecordAudio => {}
        }
    }

    // Editing

    /// Sets what time it is.
    pub fn set_time(&mut self, now: i64) {
        self.world.now = now;
    }

    /// Answers a question.
    pub fn set(&mut self, node: u32, text: &str) {
        if self.value(node) == text {
            return;
        }
        self.put(node, text);
        self.run();
        let definition = self.definitions[node as usize];
        self.plan(Event::ValueChanged, Some(definition), Some(node));
        self.run();
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

    fn sprout(&mut self, parent: u32, repeat: u32) -> u32 {
        let form = self.form.clone();
        let empty = Element::new(form.node(repeat).written.as_str());
        let template = form.node(repeat).template.as_ref().unwrap_or(&empty);
        let node = self.answers_place(parent, repeat, template);
        self.mark_inside(node);
        self.plan(Event::NewRepeat, Some(repeat), Some(node));
        node
    }

    /// Plants a new instance after those there are.
    fn answers_place(&mut self, parent: u32, repeat: u32, template: &Element) -> u32 {
        let node = self.plant(parent, repeat, template, true);
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
    fn mark_inside(&mut self, node: u32) {
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

    fn cut(&mut self, node: u32) {
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

    // Reading

    /// The label of what a node is shown by.
    pub fn label(&self, node: u32) -> String {
        let words = self.control(node).and_then(|control| control.label.as_ref());
        words.map(|words| self.words(words, node)).unwrap_or_default()
    }

    /// The word of help of what a node is shown by.
    pub fn hint(&self, node: u32) -> String {
        let words = self.control(node).and_then(|control| control.hint.as_ref());
        words.map(|words| self.words(words, node)).unwrap_or_default()
    }

    /// Words in the reader's language, about a node.
    pub(super) fn words(&self, words: &Words, node: u32) -> String {
        let about = NodeRef { tree: 0, node };
        match words {
            Words::Pieces(pieces) => self.join(pieces, about),
            Words::Text(code) => {
                let id = self
                    .evaluate(|evaluation| {
                        Ok(evaluation.text(&evaluation.run(code, node)?).into_owned())
                    })
                    .unwrap_or_default();
                let text = self.form.texts.find(&id, self.language);
                let pieces = text.and_then(|text| text.form(None));
                pieces.map(|pieces| self.join(pieces, about)).unwrap_or_default()
            }
        }
    }

    fn join(&self, pieces: &[Piece], about: NodeRef) -> String {
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Words(words) => out.push_str(words),
                Piece::Output(code) => {
                    let shown = self.evaluate(|evaluation| {
                        Ok(evaluation.text(&evaluation.run_about(code, about)?).into_owned())
                    });
                    out.push_str(&shown.unwrap_or_default());
                }
            }
        }
        out.trim().to_owned()
    }

    /// The choices that a question offers now.
    ///
    /// # Errors
    /// Where finding them passes a limit.
    pub fn choices(&self, node: u32) -> Result<Vec<Choice>, Failure> {
        let Some(control) = self.control(node) else { return Ok(Vec::new()) };
        self.evaluate(|evaluation| self.offered(evaluation, control, node, None))
    }

    /// The choices of a control, or only the one of a value.
    fn offered(
        &self,
        evaluation: &Evaluation<'_>,
        control: &Control,
        node: u32,
        only: Option<&str>,
    ) -> Result<Vec<Choice>, Failure> {
        let wanted = |value: &str| only.is_none_or(|only| only == value);
        let mut found = Vec::new();
        match &control.choices {
            Choices::None => {}
            Choices::Fixed(fixed) => {
                for (value, label) in fixed.iter().filter(|(value, _)| wanted(value)) {
                    let label = label.as_ref().map(|label| self.words(label, node));
                    found.push(Choice { value: value.clone(), label: label.unwrap_or_default() });
                }
            }
            Choices::Set { nodes, value, label } => {
                let Value::Nodes(items) = evaluation.run(nodes, node)? else {
                    return Ok(found);
                };
                for item in items {
                    let own = evaluation.run_about(value, item)?;
                    let own: Cow<'_, str> = evaluation.text(&own).into_owned().into();
                    if !wanted(&own) {
                        continue;
                    }
                    let label = match label {
                        Some(label) => {
                            let label = evaluation.run_about(label, item)?;
                            evaluation.text(&label).into_owned()
                        }
                        None => String::new(),
                    };
                    found.push(Choice { value: own.into_owned(), label });
                }
            }
        }
        Ok(found)
    }

    /// The answers as they are sent: what is relevant, as XML.
    pub fn submission(&self) -> Element {
        let mut root = self.written(self.root());
        root.attributes.insert(0, ("xmlns:jr".into(), "http://openrosa.org/javarosa".into()));
        root.attributes.insert(1, ("xmlns:orx".into(), "http://openrosa.org/xforms".into()));
        let has_entities = self.form.primary.write(false).contains("entities:");
        if has_entities {
            let uri = "http://www.opendatakit.org/xforms/entities";
            root.set("xmlns:entities", uri);
        }
        root
    }

    fn written(&self, node: u32) -> Element {
        let definition = self.definition(node);
        let own = self.answers.node(node);
        let mut element = Element::new(definition.written.as_str());
        if node == self.root()
            && let Some(xmlns) = self.form.primary.attribute("xmlns")
        {
            element.set("xmlns", xmlns);
        }
        for attribute in own.attributes.iter().filter(|node| self.is_relevant(**node)) {
            element.set(self.definition(*attribute).written.as_str(), self.value(*attribute));
        }
        if definition.kind == NodeKind::Question {
            return element.with_text(&*own.text);
        }
        for child in own.children.iter().filter(|child| self.is_relevant(**child)) {
            element.push(self.written(*child));
        }
        element
    }

    /// The names of the files that belong to the answers.
    pub fn attachments(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut open = vec![self.root()];
        while let Some(node) = open.pop() {
            if !self.is_relevant(node) {
                continue;
            }
            let holds_file = self.definition(node).bind.data_type == DataType::Binary;
            if holds_file && !self.value(node).is_empty() {
                names.push(self.value(node).to_owned());
            }
            open.extend(self.children(node).iter().rev());
        }
        names
    }
}

/// A value as it is stored in a node of a type.
fn stored(evaluation: &Evaluation<'_>, value: &Value, data_type: DataType, offset: i32) -> String {
    let number = match value {
        Value::Number(number) if number.is_nan() => return String::new(),
        Value::Number(number) => Some(*number),
        _ => None,
    };
    match (data_type, number) {
        (DataType::Int, _) => {
            let text = evaluation.text(value);
            if text.is_empty() {
                return String::new();
            }
            let number = evaluation.number(value);
            if number.is_nan() { text.into_owned() } else { text_of(number.trunc()) }
        }
        (DataType::Date, Some(days)) => {
            Moment::from_days(days, offset).map(Moment::write_date).unwrap_or_default()
        }
        (DataType::DateTime, Some(days)) => {
            Moment::from_days(days, offset).map(|moment| moment.write(offset)).unwrap_or_default()
        }
        (DataType::Date, None) => {
            let text = evaluation.text(value);
            // Of a date and time, the date is kept.
            match Moment::read(&text) {
                Some(moment) => moment.seen_at(offset).write_date(),
                None => text.into_owned(),
            }
        }
        _ => evaluation.text(value).into_owned(),
    }
}
