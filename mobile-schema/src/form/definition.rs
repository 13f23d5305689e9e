//! A form that is proved and can be run: what it asks, in what order, and how answers depend on
//! each other. It never changes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::expression::value::shortest_decimal;
use crate::expression::{Code, Names, Symbol, Tree};
use crate::xml::Element;

use super::graph::Graph;
use super::texts::{Texts, Words};

/// A form.
#[derive(Debug)]
pub struct Form {
    /// `id` of the primary instance.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Its version, as its author writes it.
    pub version: String,
    /// The nodes of the primary instance; the first is the root.
    pub nodes: Vec<Definition>,
    /// What is shown, in order.
    pub body: Vec<Arc<Control>>,
    /// The languages its texts are in, the default one first.
    pub languages: Vec<String>,
    /// Lists and files, by their ids.
    pub instances: Vec<Instance>,
    /// What happens when something happens.
    pub actions: Vec<Action>,
    /// How many expressions it has.
    pub expressions: usize,
    pub(crate) names: Names,
    pub(crate) texts: Texts,
    pub(crate) graph: Graph,
    /// Nodes by their paths.
    pub(crate) by_path: HashMap<String, u32>,
    /// The control of each node.
    pub(crate) controls: HashMap<u32, Arc<Control>>,
    /// The primary instance as it is written in the form.
    pub(crate) primary: Element,
    /// Where a submission's own data stands.
    pub(crate) instance_id: Option<u32>,
}

/// A node of the primary instance, whichever instance of its repeats it is in.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its name, without a prefix.
    pub name: String,
    /// `/data/group/question`.
    pub path: String,
    /// The node it is in; itself at the root.
    pub parent: u32,
    /// The nodes in it, attributes too.
    pub children: Vec<u32>,
    /// What it is.
    pub kind: NodeKind,
    /// What is asked of its value.
    pub bind: Bind,
    /// The text it begins with.
    pub default: String,
    pub(crate) symbol: Symbol,
    /// How it is written: with the prefix.
    pub(crate) written: String,
    /// A repeat's new instance.
    pub(crate) template: Option<Element>,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// It holds a value.
    Question,
    /// It holds nodes.
    Group,
    /// It holds nodes, any number of times.
    Repeat,
    /// It is an attribute.
    Attribute,
}

/// What a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the ODK XForms specification")]
pub enum DataType {
    #[default]
    String,
    Int,
    Decimal,
    Boolean,
    Date,
    Time,
    DateTime,
    Geopoint,
    Geotrace,
    Geoshape,
    Binary,
    Barcode,
    Intent,
    Rank,
}

/// The data types by their names.
pub const DATA_TYPES: [(&str, DataType); 14] = [
    ("string", DataType::String),
    ("int", DataType::Int),
    ("decimal", DataType::Decimal),
    ("boolean", DataType::Boolean),
    ("date", DataType::Date),
    ("time", DataType::Time),
    ("dateTime", DataType::DateTime),
    ("geopoint", DataType::Geopoint),
    ("geotrace", DataType::Geotrace),
    ("geoshape", DataType::Geoshape),
    ("binary", DataType::Binary),
    ("barcode", DataType::Barcode),
    ("intent", DataType::Intent),
    ("rank", DataType::Rank),
];

/// What is asked of a value.
#[derive(Clone, Debug, Default)]
pub struct Bind {
    /// What it is.
    pub data_type: DataType,
    /// Whether it is asked at all.
    pub relevant: Option<Code>,
    /// Whether it has to be answered.
    pub required: Option<Code>,
    /// Whether it can't be changed.
    pub readonly: Option<Code>,
    /// What an answer has to fulfil.
    pub constraint: Option<Code>,
    /// What it always is.
    pub calculate: Option<Code>,
    /// Said where the constraint isn't fulfilled.
    pub constraint_message: Option<Words>,
    /// Said where the answer is missing.
    pub required_message: Option<Words>,
    /// What fills it in, and how: `jr:preload` and its parameters.
    pub preload: Option<(String, String)>,
    /// The property of the entity it is saved to.
    pub save_to: Option<String>,
    /// Other attributes, such as `orx:max-pixels`.
    pub extra: Vec<(String, String)>,
}

/// Something that is shown.
#[derive(Clone, Debug)]
pub struct Control {
    /// What.
    pub kind: ControlKind,
    /// The node it is about; none for a group that only holds others together.
    pub node: Option<u32>,
    /// What it asks.
    pub label: Option<Words>,
    /// A word of help.
    pub hint: Option<Words>,
    /// Its appearance and other attributes.
    pub attributes: Vec<(String, String)>,
    /// What is chosen from.
    pub choices: Choices,
    /// How many instances a repeat has.
    pub count: Option<Code>,
    /// What is inside.
    pub children: Vec<Arc<Control>>,
}

/// The kinds of controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the ODK XForms specification")]
pub enum ControlKind {
    Group,
    Repeat,
    Input,
    Select,
    SelectOne,
    Rank,
    Range,
    Trigger,
    Upload,
}

/// The elements of the body and what they are.
pub const CONTROLS: [(&str, ControlKind); 10] = [
    ("group", ControlKind::Group),
    ("repeat", ControlKind::Repeat),
    ("input", ControlKind::Input),
    ("secret", ControlKind::Input),
    ("select", ControlKind::Select),
    ("select1", ControlKind::SelectOne),
    ("odk:rank", ControlKind::Rank),
    ("range", ControlKind::Range),
    ("trigger", ControlKind::Trigger),
    ("upload", ControlKind::Upload),
];

/// What is chosen from.
#[derive(Clone, Debug, Default)]
pub enum Choices {
    /// Nothing.
    #[default]
    None,
    /// Values and labels that stand in the body.
    Fixed(Vec<(String, Option<Words>)>),
    /// Nodes, and for each its value and label.
    Set {
        /// The nodes.
        nodes: Code,
        /// A node's value.
        value: Code,
        /// A node's label.
        label: Option<Code>,
    },
}

/// A list or file.
#[derive(Clone, Debug)]
pub struct Instance {
    /// What expressions call it.
    pub id: String,
    /// Where it comes from: `jr://file-csv/villages.csv`; none for a list in the form.
    pub source: Option<String>,
    /// The list in the form.
    pub tree: Option<Arc<Tree>>,
}

/// What happens when something happens.
#[derive(Clone, Debug)]
pub struct Action {
    /// What does it.
    pub kind: ActionKind,
    /// When.
    pub events: Vec<Event>,
    /// The node that is set.
    pub target: u32,
    /// What it is set to.
    pub value: Option<Code>,
    /// The words it is set to, where there is no expression.
    pub text: String,
    /// The question whose change it follows, or the repeat that is added.
    pub about: Option<u32>,
}

/// What an action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// Sets a value.
    SetValue,
    /// Asks where the tablet is.
    SetGeopoint,
    /// Records sound.
    RecordAudio,
}

/// When an action happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the ODK XForms specification")]
pub enum Event {
    InstanceFirstLoad,
    InstanceLoad,
    NewRepeat,
    ValueChanged,
}

/// The events by their names. `xforms-ready` is the older name of the first load.
pub const EVENTS: [(&str, Event); 5] = [
    ("odk-instance-first-load", Event::InstanceFirstLoad),
    ("odk-instance-load", Event::InstanceLoad),
    ("xforms-ready", Event::InstanceFirstLoad),
    ("odk-new-repeat", Event::NewRepeat),
    ("xforms-value-changed", Event::ValueChanged),
];

impl Form {
    /// The node of a path.
    pub fn node_at(&self, path: &str) -> Option<u32> {
        self.by_path.get(path).copied()
    }

    /// A node.
    ///
    /// # Panics
    /// Where the number isn't one of the form's.
    pub fn node(&self, node: u32) -> &Definition {
        &self.nodes[node as usize]
    }

    /// A node and those it is in, from the inside out.
    pub fn ancestors(&self, node: u32) -> impl Iterator<Item = u32> {
        let mut next = Some(node);
        std::iter::from_fn(move || {
            let at = next?;
            let parent = self.node(at).parent;
            next = (parent != at).then_some(parent);
            Some(at)
        })
    }

    /// The innermost repeat that a node is or is in.
    pub fn repeat_of(&self, node: u32) -> Option<u32> {
        self.ancestors(node).find(|at| self.node(*at).kind == NodeKind::Repeat)
    }

    /// The control of a node.
    pub fn control(&self, node: u32) -> Option<&Control> {
        self.controls.get(&node).map(|control| &**control)
    }
}

impl DataType {
    /// Words as a value of this type is written: `007` as a whole number is 7, `10.50` as a decimal
    /// number 10.5. What is no value of it stays as it is, to be told.
    pub fn written(self, text: &str) -> Cow<'_, str> {
        let written = match self {
            Self::Int => text.trim().parse::<i64>().ok().map(|number| number.to_string()),
            Self::Decimal => shortest_decimal(text),
            _ => None,
        };
        written.map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// Whether it is a number.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Decimal)
    }
}
