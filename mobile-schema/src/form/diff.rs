//! What is different between two versions of a form, and what becomes of answers.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::xml::{Element, local};

use super::definition::{Choices, DataType, Form, NodeKind};

/// A form with the XForm it was read from.
#[derive(Clone, Copy, Debug)]
pub struct Version<'a> {
    /// The form.
    pub form: &'a Form,
    /// Its XForm, which has its expressions and texts as they are written.
    pub xform: &'a Element,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The node: where it is now, or where it was if it is gone.
    pub path: String,
    /// What is different.
    pub kind: ChangeKind,
    /// What becomes of its answers.
    pub fate: Fate,
}

/// What can be different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It stands elsewhere: where it was.
    Moved(String),
    /// It is of another type: what it was and is.
    Retyped(&'static str, &'static str),
    /// It is asked in other words: the language, the words before and now.
    Relabelled(String, String, String),
    /// Its logic is another: which expression, as it was and is.
    Logic(String, String, String),
    /// It offers other choices: those that are gone and those that are new.
    Choices(Vec<String>, Vec<String>),
}

/// What becomes of an answer that was given before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// There is none, or it stays as it is.
    Kept,
    /// It stays, written as the new type.
    Converted,
    /// It stays where it is still allowed.
    MayNotDo,
    /// It is set aside, not thrown away.
    SetAside,
}

impl Fate {
    /// As the command line and the server's answers name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Converted => "converted",
            Self::MayNotDo => "may-not-do",
            Self::SetAside => "set-aside",
        }
    }
}

/// Attributes of a bind that are its logic.
const LOGIC: [&str; 5] = ["relevant", "required", "readonly", "constraint", "calculate"];

/// Where the nodes of one version are in another.
pub(super) struct Places {
    /// By the number of the node before: the node now.
    pub(super) now: HashMap<u32, u32>,
}

impl Places {
    /// Nodes are the same where their paths are, or where their name is the only one of its kind
    /// on both sides.
    pub(super) fn of(before: &Form, after: &Form) -> Self {
        let mut now = HashMap::new();
        let unique = |form: &Form| -> HashMap<(String, bool), Option<u32>> {
            let mut names = HashMap::new();
            for number in numbers(form) {
                let node = form.node(number);
                let key = (node.name.clone(), holds_value(form, number));
                names.entry(key).and_modify(|one| *one = None).or_insert(Some(number));
            }
            names
        };
        let (names_before, names_after) = (unique(before), unique(after));
        for number in numbers(before) {
            let node = before.node(number);
            let same = after
                .node_at(&node.path)
                .filter(|found| holds_value(after, *found) == holds_value(before, number));
            let moved = || {
                let key = (node.name.clone(), holds_value(before, number));
                let only_before = names_before.get(&key).copied().flatten() == Some(number);
                let found = names_after.get(&key).copied().flatten()?;
                let is_free = before.node_at(&after.node(found).path).is_none();
                (only_before && is_free).then_some(found)
            };
            if let Some(found) = same.or_else(moved) {
                now.insert(number, found);
            }
        }
        Self { now }
    }
}

fn numbers(form: &Form) -> impl Iterator<Item = u32> {
    let count = u32::try_from(form.nodes.len()).unwrap_or(u32::MAX);
    (1..count).filter(|number| {
        let node = form.node(*number);
        // What the form itself writes is no part of what its author changes.
        node.kind != NodeKind::Attribute && !is_meta(form, *number)
    })
}

/// Whether a node is of the submission's own data.
pub(super) fn is_meta(form: &Form, node: u32) -> bool {
    form.ancestors(node).any(|at| form.node(at).name == "meta" && form.control(at).is_none())
}

pub(super) fn holds_value(form: &Form, node: u32) -> bool {
    matches!(form.node(node).kind, NodeKind::Question | NodeKind::Attribute)
}

/// All differences, in the order of the new version; what is gone, last.
pub fn diff(before: Version<'_>, after: Version<'_>) -> Vec<Change> {
    let places = Places::of(before.form, after.form);
    let was: HashMap<u32, u32> = places.now.iter().map(|(was, now)| (*now, *was)).collect();
    let (texts_before, texts_after) = (Written::of(before), Written::of(after));
    let mut changes = Vec::new();
    for now in numbers(after.form) {
        let path = after.form.node(now).path.clone();
        let mut tell = |kind, fate| changes.push(Change { path: path.clone(), kind, fate });
        let Some(was) = was.get(&now).copied() else {
            tell(ChangeKind::Added, Fate::Kept);
            continue;
        };
        let path_before = &before.form.node(was).path;
        if *path_before != path {
            let fate = if same_repeats(before.form, was, after.form, now) {
                Fate::Kept
            } else {
                Fate::SetAside
            };
            tell(ChangeKind::Moved(path_before.clone()), fate);
        }
        let (type_before, type_now) = (before.form.type_name(was), after.form.type_name(now));
        if holds_value(after.form, now) && type_before != type_now {
            let data = |form: &Form, node: u32| form.node(node).bind.data_type;
            let fate = conversion(data(before.form, was), data(after.form, now));
            tell(ChangeKind::Retyped(type_before, type_now), fate);
        }
        for (language, words) in texts_after.labels(after.form, now) {
            let old = texts_before.label(before.form, was, &language);
            if old != words {
                tell(ChangeKind::Relabelled(language, old, words), Fate::Kept);
            }
        }
        for name in LOGIC {
            let (old, new) =
                (texts_before.logic(path_before, name), texts_after.logic(&path, name));
            if old != new {
                let fate = if name == "constraint" { Fate::MayNotDo } else { Fate::Kept };
                tell(ChangeKind::Logic(name.to_owned(), old, new), fate);
            }
        }
        let (old, new) = (offered(before.form, was), offered(after.form, now));
        if let (Some(old), Some(new)) = (old, new)
            && old != new
        {
            let missing = |from: &[String], of: &[String]| -> Vec<String> {
                of.iter().filter(|value| !from.contains(value)).cloned().collect()
            };
            let (gone, added) = (missing(&new, &old), missing(&old, &new));
            if !gone.is_empty() || !added.is_empty() {
                let fate = if gone.is_empty() { Fate::Kept } else { Fate::MayNotDo };
                tell(ChangeKind::Choices(gone, added), fate);
            }
        }
    }
    for was in numbers(before.form).filter(|was| !places.now.contains_key(was)) {
        let fate = if holds_value(before.form, was) { Fate::SetAside } else { Fate::Kept };
        let path = before.form.node(was).path.clone();
        changes.push(Change { path, kind: ChangeKind::Removed, fate });
    }
    changes
}

/// Whether a node is in the same repeats as before, so that its instances have a place.
pub(super) fn same_repeats(before: &Form, was: u32, after: &Form, now: u32) -> bool {
    let repeats = |form: &Form, node: u32| -> Vec<String> {
        form.ancestors(node)
            .filter(|at| form.node(*at).kind == NodeKind::Repeat)
            .map(|at| form.node(at).name.clone())
            .collect()
    };
    repeats(before, was) == repeats(after, now)
}

/// What becomes of a value when its type changes.
pub(super) fn conversion(before: DataType, after: DataType) -> Fate {
    match (before, after) {
        (before, after) if before == after => Fate::MayNotDo,
        (DataType::Int, DataType::Decimal)
        | (DataType::Date, DataType::DateTime)
        | (_, DataType::String) => Fate::Converted,
        // Words may happen to be a number or a date.
        (DataType::String | DataType::Barcode | DataType::Decimal | DataType::DateTime, _) => {
            Fate::MayNotDo
        }
        _ => Fate::SetAside,
    }
}

/// The values a question always offers; none where files or answers decide.
pub(super) fn offered(form: &Form, node: u32) -> Option<Vec<String>> {
    use crate::expression::code::{Code, Start};
    match &form.control(node)?.choices {
        Choices::None => None,
        Choices::Fixed(fixed) => Some(fixed.iter().map(|(value, _)| value.clone()).collect()),
        Choices::Set { nodes, value, .. } => {
            let mut id = None;
            nodes.walk(&mut |part| {
                if let Code::Path(path) = part
                    && let Start::Instance(found) = &path.start
                {
                    id = id.take().or(Some(found.to_string()));
                }
            });
            let instance = form.instances.iter().find(|known| Some(&known.id) == id.as_ref())?;
            let tree = instance.tree.as_ref()?;
            let Code::Path(path) = value else { return None };
            let name = path.steps.first()?.name?;
            let root = *tree.node(crate::expression::tree::TOP).children.first()?;
            let items = &tree.node(root).children;
            Some(
                items
                    .iter()
                    .filter_map(|item| tree.first_named(*item, name))
                    .map(|field| tree.text_of(field).into_owned())
                    .collect(),
            )
        }
    }
}

/// Binds and texts as they are written in an XForm.
struct Written {
    binds: HashMap<String, HashMap<String, String>>,
    /// By id and language.
    texts: HashMap<String, Vec<(String, String)>>,
    /// Labels that stand in the body, by path.
    labels: HashMap<String, String>,
}

impl Written {
    fn of(version: Version<'_>) -> Self {
        let mut written =
            Self { binds: HashMap::new(), texts: HashMap::new(), labels: HashMap::new() };
        let model = version.xform.child("h:head").and_then(|head| head.child("model"));
        for element in model.into_iter().flat_map(Element::elements) {
            if element.name == "bind" {
                let path = element.attribute("nodeset").unwrap_or_default().trim().to_owned();
                let attributes = element.attributes.iter().cloned().collect();
                written.binds.insert(path, attributes);
            } else if element.name == "itext" {
                for translation in element.elements() {
                    let language = translation.attribute("lang").unwrap_or_default();
                    for text in translation.elements() {
                        let id = text.attribute("id").unwrap_or_default().to_owned();
                        let plain = text.elements().find(|one| one.attribute("form").is_none());
                        let words = plain.map(words_of).unwrap_or_default();
                        let entry = written.texts.entry(id).or_default();
                        entry.push((language.to_owned(), words));
                    }
                }
            }
        }
        if let Some(body) = version.xform.child("h:body") {
            written.read_labels(body);
        }
        written
    }

    fn read_labels(&mut self, element: &Element) {
        for child in element.elements() {
            let path = child.attribute("ref").or_else(|| child.attribute("nodeset"));
            if let (Some(path), Some(label)) = (path, child.child("label"))
                && label.attribute("ref").is_none()
            {
                self.labels.insert(path.trim().to_owned(), words_of(label));
            }
            self.read_labels(child);
        }
    }

    /// The labels of a node by language.
    fn labels(&self, form: &Form, node: u32) -> Vec<(String, String)> {
        let path = &form.node(node).path;
        match self.texts.get(&format!("{path}:label")) {
            Some(texts) => texts.clone(),
            None => {
                let words = self.labels.get(path).cloned().unwrap_or_default();
                vec![(String::new(), words)]
            }
        }
    }

    fn label(&self, form: &Form, node: u32, language: &str) -> String {
        let labels = self.labels(form, node);
        let own = labels.iter().find(|(known, _)| known == language);
        // A form that had no languages had its words for all.
        own.or_else(|| labels.iter().find(|(known, _)| known.is_empty()))
            .map(|(_, words)| words.clone())
            .unwrap_or_default()
    }

    fn logic(&self, path: &str, name: &str) -> String {
        let attributes = self.binds.get(path);
        let text = attributes.and_then(|all| all.get(name)).cloned().unwrap_or_default();
        // Spaces around references mean nothing.
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Words with the names of what is put into them.
fn words_of(element: &Element) -> String {
    use crate::xml::Content;
    let mut words = String::new();
    for content in &element.children {
        match content {
            Content::Text(text) => words.push_str(text),
            Content::Element(output) => {
                let value = output.attribute("value").unwrap_or_default();
                let name = value.trim().rsplit('/').next().unwrap_or_default();
                words.push_str(&format!("${{{}}}", local(name)));
            }
        }
    }
    words.trim().to_owned()
}

impl Change {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        let mut told = json!({ "path": self.path, "fate": self.fate.name() });
        let (name, detail) = match &self.kind {
            ChangeKind::Added => ("added", json!({})),
            ChangeKind::Removed => ("removed", json!({})),
            ChangeKind::Moved(from) => ("moved", json!({ "from": from })),
            ChangeKind::Retyped(from, to) => ("retyped", json!({ "from": from, "to": to })),
            ChangeKind::Relabelled(language, from, to) => {
                ("relabelled", json!({ "language": language, "from": from, "to": to }))
            }
            ChangeKind::Logic(what, from, to) => {
                ("logic", json!({ "what": what, "from": from, "to": to }))
            }
            ChangeKind::Choices(gone, added) => {
                ("choices", json!({ "gone": gone, "added": added }))
            }
        };
        told["change"] = name.into();
        told["detail"] = detail;
        told
    }

    /// In words.
    pub fn describe(&self, language: &str) -> String {
        let chinese = language.starts_with("zh");
        let or_nothing = |text: &str| {
            let nothing = if chinese { "（无）" } else { "(none)" };
            if text.is_empty() { nothing.to_owned() } else { format!("“{text}”") }
        };
        let (zh, en) = match &self.kind {
            ChangeKind::Added => ("新增".to_owned(), "added".to_owned()),
            ChangeKind::Removed => ("删除".to_owned(), "removed".to_owned()),
            ChangeKind::Moved(from) => (format!("由 {from} 移来"), format!("moved from {from}")),
            ChangeKind::Retyped(from, to) => {
                (format!("题型由 {from} 改为 {to}"), format!("type {from} is now {to}"))
            }
            ChangeKind::Relabelled(language, from, to) => {
                let (from, to) = (or_nothing(from), or_nothing(to));
                let space = if language.is_empty() { "" } else { " " };
                (
                    format!("标签{space}{language} 由{from}改为{to}"),
                    format!("label{space}{language} {from} is now {to}"),
                )
            }
            ChangeKind::Logic(what, from, to) => {
                let (from, to) = (or_nothing(from), or_nothing(to));
                (format!("{what} 由{from}改为{to}"), format!("{what} {from} is now {to}"))
            }
            ChangeKind::Choices(gone, added) => (
                format!("选项：去掉 [{}]，新增 [{}]", gone.join(" "), added.join(" ")),
                format!("choices: gone [{}], added [{}]", gone.join(" "), added.join(" ")),
            ),
        };
        let fate = match (self.fate, chinese) {
            (Fate::Kept, _) => "",
            (Fate::Converted, true) => "；已有答案将转换",
            (Fate::Converted, false) => "; answers are converted",
            (Fate::MayNotDo, true) => "；已有答案可能不再合格",
            (Fate::MayNotDo, false) => "; answers may not do",
            (Fate::SetAside, true) => "；已有答案将另存",
            (Fate::SetAside, false) => "; answers are set aside",
        };
        format!("{}: {}{fate}", self.path, if chinese { zh } else { en })
    }
}
