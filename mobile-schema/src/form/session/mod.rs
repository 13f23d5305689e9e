//! A form while it is filled in.
//!
//! The answers are a tree; each of its nodes knows its [`Definition`]. What depends on a changed
//! answer is marked with its place in the form's order and run once, in that order.

mod actions;
mod entities;
mod outline;
mod plant;
mod read;
mod run;
mod submission;
mod view;

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use crate::expression::tree::TOP;
use crate::expression::{Code, Evaluation, Failure, Indexes, Names, Tree};
use crate::xml::{Element, local};

pub use self::entities::Entity;
use self::view::View;
use super::definition::{Control, Definition, Event, Form, NodeKind};

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
    ghosts: HashMap<(u32, u32), u32>,
    /// Instances that a lowered count took away, the first of them last: a higher count brings
    /// them back, so that a slip of the finger costs nothing.
    taken_away: HashMap<(u32, u32), Vec<Element>>,
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

impl Session {
    /// Begins a new submission.
    pub fn begin(form: Arc<Form>, files: &Files, world: World) -> Self {
        let primary = form.primary.clone();
        let mut session = Self::open(form, files, world);
        session.plant(TOP, 0, &primary, true);
        session.preload();
        session.mark_all();
        session.run();
        session.withdraw_inside(session.root());
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
            ghosts: HashMap::new(),
            taken_away: HashMap::new(),
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

    /// The attributes of a node.
    pub fn attributes(&self, node: u32) -> &[u32] {
        &self.answers.node(node).attributes
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
    pub(in crate::form) fn holds(&self, code: Option<&Code>, node: u32) -> Option<bool> {
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

    /// Sets what time it is.
    pub fn set_time(&mut self, now: i64) {
        self.world.now = now;
    }

    /// Answers a question. What is written is kept as a value of the question's type: 10.50 as
    /// 10.5.
    pub fn set(&mut self, node: u32, text: &str) {
        let text = self.definition(node).bind.data_type.written(text).into_owned();
        if self.value(node) == text {
            return;
        }
        self.put(node, &text);
        self.run();
        let definition = self.definitions[node as usize];
        self.plan(Event::ValueChanged, Some(definition), Some(node));
        self.run();
    }
}
