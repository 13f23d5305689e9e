//! Fields of records as expressions see them, outside a form.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Value;
use crate::expression::functions::date::Moment;
use crate::expression::{Code, Evaluation, Failure, Host, Indexes, Names, NodeRef, Symbol, Tree};

/// A tree of fields, and the day; nothing else of the world.
pub(crate) struct Facts<'a> {
    tree: Tree,
    names: Names,
    today: &'a str,
}

impl<'a> Facts<'a> {
    /// None yet, for expressions that were compiled with these names, on a day (`2026-11-25`).
    pub(crate) fn new(names: &Names, today: &'a str) -> Self {
        let mut names = names.clone();
        Self { tree: Tree::new(&mut names), names, today }
    }

    /// Adds a node with a child for each field.
    pub(crate) fn add(&mut self, parent: u32, name: &str, fields: &BTreeMap<String, Value>) -> u32 {
        let node = self.tree.add(parent, self.names.symbol(name));
        for (name, value) in fields {
            let field = self.tree.add(node, self.names.symbol(name));
            self.tree.set_text(field, &text_of(value));
            self.tree.set_numeric(field, matches!(value, Value::Integer(_) | Value::Number(_)));
        }
        node
    }

    /// Whether an expression holds at a node.
    ///
    /// # Errors
    /// Where it takes too long.
    pub(crate) fn hold(&self, code: &Code, node: u32) -> Result<bool, Failure> {
        let indexes = Indexes::default();
        let lists: [Arc<Tree>; 0] = [];
        let world = World { names: &self.names, today: self.today };
        let evaluation = Evaluation::new(&self.tree, &lists, &indexes, &world);
        evaluation.run(code, node).map(|value| evaluation.boolean(&value))
    }
}

/// A field as words of an expression; nothing where it is empty.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(truth) => truth.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Number(number) => crate::expression::value::text_of(*number),
        Value::Text(text) => text.clone(),
        Value::List(items) => items.iter().map(text_of).collect::<Vec<_>>().join(" "),
        Value::Map(_) => String::new(),
    }
}

struct World<'a> {
    names: &'a Names,
    today: &'a str,
}

impl Host for World<'_> {
    fn offset(&self) -> i32 {
        480
    }
    fn now(&self) -> i64 {
        let day = Moment::read(self.today).map_or(0, |moment| i64::from(moment.day));
        // Noon, by the one time that China has.
        day * 86_400_000 + 4 * 3_600_000
    }
    fn random(&self) -> f64 {
        0.0
    }
    fn instance(&self, _: &str) -> Option<u32> {
        None
    }
    fn itext(&self, _: &str) -> String {
        String::new()
    }
    fn choice_name(&self, _: &Evaluation<'_>, _: NodeRef, _: &str) -> Result<String, Failure> {
        Ok(String::new())
    }
    fn node_name(&self, name: Symbol) -> String {
        self.names.name(name).to_owned()
    }
    fn symbol(&self, name: &str) -> Option<Symbol> {
        self.names.known(name)
    }
    fn property(&self, _: &str) -> String {
        String::new()
    }
    fn version(&self) -> &str {
        ""
    }
    fn language(&self) -> &str {
        "zh-CN"
    }
}
