//! XForm → [`Form`] (<https://getodk.github.io/xforms-spec/>).

use std::collections::HashMap;
use std::sync::Arc;

use crate::expression::problem::nearest;
use crate::expression::syntax::{Kind as NodeSyntax, parse};
use crate::expression::tree::TOP;
use crate::expression::{Code, ExpressionProblem, Mistake, Names, Tree, check};
use crate::xml::{Content, Element, local};

use super::definition::{
    Action, ActionKind, Bind, CONTROLS, Choices, Control, ControlKind, DATA_TYPES, DataType,
    Definition, EVENTS, Event, Form, Instance, NodeKind,
};
use super::graph::{Graph, Vertex, nowhere};
use super::problem::{Kind, Link, Place, Problem, Severity};
use super::texts::{Piece, Text, Texts, Words};

/// Reads and proves an XForm; none where an error keeps it from being run.
pub fn load(document: &Element, problems: &mut Vec<Problem>) -> Option<Form> {
    load_with_expressions(document, problems).map(|(form, _)| form)
}

/// The same, with the expressions it is made of.
pub(super) fn load_with_expressions(
    document: &Element,
    problems: &mut Vec<Problem>,
) -> Option<(Form, Vec<Found>)> {
    let before = problems.len();
    let mut loader = Loader { problems, names: Names::default(), by_path: HashMap::new() };
    let mut found = Vec::new();
    let form = loader.form(document, &mut found)?;
    let broken = problems[before..].iter().any(|problem| problem.severity == Severity::Error);
    (!broken).then_some((form, found))
}

struct Loader<'a> {
    problems: &'a mut Vec<Problem>,
    names: Names,
    by_path: HashMap<String, u32>,
}

/// An expression, with what is needed to tell where it stands.
pub(super) struct Found {
    pub(super) node: u32,
    pub(super) text: String,
    pub(super) place: Place,
    pub(super) code: Code,
}

fn at(path: &str, attribute: &str) -> Place {
    let column = if attribute.is_empty() { path.to_owned() } else { format!("{path} {attribute}") };
    Place { column: Some(column), ..Place::default() }
}

/// A path without prefixes, spaces and predicates.
fn normal(path: &str) -> String {
    let parts = path.trim().split('/').map(|part| {
        let part = part.trim();
        match part.strip_prefix('@') {
            Some(name) => format!("@{}", local(name)),
            None => local(part).to_owned(),
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

impl Loader<'_> {
    fn error(&mut self, place: Place, kind: Kind) {
        self.problems.push(Problem::error(place, kind));
    }

    fn warn(&mut self, place: Place, kind: Kind) {
        self.problems.push(Problem::warning(place, kind));
    }

    fn part<'e>(&mut self, of: &'e Element, name: &'static str) -> Option<&'e Element> {
        let found = of.child(name);
        if found.is_none() {
            self.error(Place::default(), Kind::NoPart(name));
        }
        found
    }

    fn form(&mut self, document: &Element, found: &mut Vec<Found>) -> Option<Form> {
        if document.name != "h:html" {
            self.error(Place::default(), Kind::NoPart("h:html"));
            return None;
        }
        let head = self.part(document, "h:head")?;
        let body = self.part(document, "h:body")?;
        let model = self.part(head, "model")?;
        let first = self.part(model, "instance")?;
        let Some(primary) = first.elements().next() else {
            self.error(Place::default(), Kind::NoPart("instance/*"));
            return None;
        };
        let title = head.child("h:title").map(Element::text).unwrap_or_default();
        let mut form = Form {
            id: primary.attribute("id").unwrap_or_default().to_owned(),
            title: title.trim().to_owned(),
            version: primary.attribute("version").unwrap_or_default().to_owned(),
            nodes: Vec::new(),
            body: Vec::new(),
            languages: Vec::new(),
            instances: Vec::new(),
            actions: Vec::new(),
            expressions: 0,
            names: Names::default(),
            texts: Texts::default(),
            graph: Graph::default(),
            by_path: HashMap::new(),
            controls: HashMap::new(),
            primary: primary.clone(),
            instance_id: None,
        };
        let mut repeats = Vec::new();
        find_repeats(body, "", &mut repeats);
        self.nodes(&mut form, primary, None, &repeats);
        let binds = model.elements().filter(|element| element.name == "bind");
        let mut ids: HashMap<String, String> = HashMap::new();
        for bind in binds {
            let path = normal(bind.attribute("nodeset").unwrap_or_default());
            if let Some(id) = bind.attribute("id") {
                ids.insert(id.to_owned(), path.clone());
            }
            self.bind(&mut form, bind, &path, found);
        }
        if let Some(itext) = model.child("itext") {
            self.itext(&mut form, itext, found);
        }
        self.instances(&mut form, model);
        let mut controls = Vec::new();
        let root = format!("/{}", form.nodes[0].name);
        for child in body.elements() {
            controls.extend(self.control(&mut form, child, &root, &ids, found));
        }
        form.body = controls;
        for action in model.elements() {
            self.action(&mut form, action, "", None, found);
        }
        form.by_path = self.by_path.clone();
        form.instance_id = form
            .node_at(&format!("{root}/meta/instanceID"))
            .or_else(|| form.node_at(&format!("{root}/instanceID")));
        self.prove(&form, found);
        form.names = std::mem::take(&mut self.names);
        form.expressions = found.len();
        match Graph::of(&form) {
            Ok(graph) => form.graph = graph,
            Err(circle) => {
                let link = |vertex: &Vertex| {
                    let node = form.node(vertex.node);
                    let place = at(&node.path, vertex.job.attribute());
                    Link { name: node.name.clone(), place }
                };
                let links: Vec<Link> = circle.iter().map(link).collect();
                let place = links.first().map(|link| link.place.clone()).unwrap_or_default();
                self.error(place, Kind::Cycle(links));
            }
        }
        Some(form)
    }

    /// The nodes of the primary instance. A repeat is one node, however many instances there are.
    fn nodes(
        &mut self,
        form: &mut Form,
        element: &Element,
        parent: Option<u32>,
        repeats: &[String],
    ) {
        let name = element.local_name().to_owned();
        let above = parent.map_or_else(String::new, |parent| form.node(parent).path.clone());
        let path = format!("{above}/{name}");
        let is_template = element.attribute("jr:template").is_some();
        if let Some(known) = self.by_path.get(&path).copied() {
            // A template says what a new instance holds; others may hold nodes as well.
            if is_template || form.node(known).template.is_none() {
                for child in element.elements() {
                    self.nodes(form, child, Some(known), repeats);
                }
            }
            return;
        }
        let is_repeat = repeats.contains(&path);
        let kind = match (is_repeat, element.elements().next()) {
            (true, _) => NodeKind::Repeat,
            (false, Some(_)) => NodeKind::Group,
            (false, None) => NodeKind::Question,
        };
        let node = self.define(form, path, name, parent, kind);
        let definition = &mut form.nodes[node as usize];
        definition.written = element.name.clone();
        if kind == NodeKind::Question {
            definition.default = element.text();
        }
        if is_repeat {
            let mut template = element.clone();
            template.attributes.retain(|(name, _)| name != "jr:template");
            definition.template = Some(template);
        }
        for (name, value) in &element.attributes {
            if name == "jr:template" || name.starts_with("xmlns") {
                continue;
            }
            let short = local(name).to_owned();
            let path = format!("{}/@{short}", form.node(node).path);
            let attribute = self.define(form, path, short, Some(node), NodeKind::Attribute);
            let attribute = &mut form.nodes[attribute as usize];
            attribute.written = name.clone();
            attribute.default = value.clone();
        }
        for child in element.elements() {
            self.nodes(form, child, Some(node), repeats);
        }
    }

    fn define(
        &mut self,
        form: &mut Form,
        path: String,
        name: String,
        parent: Option<u32>,
        kind: NodeKind,
    ) -> u32 {
        let node = u32::try_from(form.nodes.len()).unwrap_or(u32::MAX);
        self.by_path.insert(path.clone(), node);
        let symbol = self.names.symbol(&name);
        if let Some(parent) = parent {
            form.nodes[parent as usize].children.push(node);
        }
        form.nodes.push(Definition {
            written: name.clone(),
            name,
            path,
            parent: parent.unwrap_or(node),
            children: Vec::new(),
            kind,
            bind: Bind::default(),
            default: String::new(),
            symbol,
            template: None,
        });
        node
    }

    fn find(&mut self, path: &str, place: Place) -> Option<u32> {
        let found = self.by_path.get(path).copied();
        if found.is_none() {
            self.error(place, Kind::UnknownBind(path.to_owned()));
        }
        found
    }

    /// Reads an expression about a node.
    fn expression(
        &mut self,
        text: &str,
        node: u32,
        place: Place,
        found: &mut Vec<Found>,
    ) -> Option<Code> {
        let tell = |problem: ExpressionProblem, problems: &mut Vec<Problem>| {
            problems.push(Problem::expression(place.clone(), text, problem));
        };
        let tree = match parse(text) {
            Ok(tree) => tree,
            Err(problem) => {
                tell(problem, self.problems);
                return None;
            }
        };
        // `${name}` belongs in workbooks; an XForm has paths.
        let mut references = Vec::new();
        tree.walk(&mut |part| {
            if let NodeSyntax::Reference { .. } = part.kind {
                references.push(ExpressionProblem::new(Mistake::BadReference, part.span.clone()));
            }
        });
        if !references.is_empty() {
            for problem in references {
                tell(problem, self.problems);
            }
            return None;
        }
        match check::prove(&tree, &mut self.names) {
            Ok(code) => {
                found.push(Found { node, text: text.to_owned(), place, code: code.clone() });
                Some(code)
            }
            Err(wrong) => {
                for problem in wrong {
                    tell(problem, self.problems);
                }
                None
            }
        }
    }

    fn bind(&mut self, form: &mut Form, bind: &Element, path: &str, found: &mut Vec<Found>) {
        let Some(node) = self.find(path, at(path, "bind")) else { return };
        let mut read = Bind::default();
        for (name, value) in &bind.attributes {
            let place = at(path, name);
            match name.as_str() {
                "nodeset" | "id" => {}
                "type" => read.data_type = self.data_type(value, place),
                "relevant" => read.relevant = self.expression(value, node, place, found),
                "required" => read.required = self.expression(value, node, place, found),
                "readonly" => read.readonly = self.expression(value, node, place, found),
                "constraint" => read.constraint = self.expression(value, node, place, found),
                "calculate" => read.calculate = self.expression(value, node, place, found),
                "jr:constraintMsg" => {
                    read.constraint_message = self.message(value, node, place, found);
                }
                "jr:requiredMsg" => {
                    read.required_message = self.message(value, node, place, found);
                }
                "jr:preload" => {
                    let parameters = bind.attribute("jr:preloadParams").unwrap_or_default();
                    read.preload = Some((value.clone(), parameters.to_owned()));
                }
                "jr:preloadParams" => {}
                "entities:saveto" => read.save_to = Some(value.clone()),
                _ => read.extra.push((name.clone(), value.clone())),
            }
        }
        form.nodes[node as usize].bind = read;
    }

    fn data_type(&mut self, name: &str, place: Place) -> DataType {
        let short = local(name);
        // Older names and those of XML Schema.
        let short = match short {
            "integer" | "long" => "int",
            "double" | "float" => "decimal",
            "select" | "select1" | "selectone" => "string",
            other => other,
        };
        match DATA_TYPES.iter().find(|(known, _)| *known == short) {
            Some((_, found)) => *found,
            None => {
                let near = nearest(short, DATA_TYPES.iter().map(|(known, _)| *known));
                let kind = Kind::UnknownDataType(name.to_owned(), near.map(str::to_owned));
                self.warn(place, kind);
                DataType::String
            }
        }
    }

    /// Words, or `jr:itext('…')`.
    fn message(
        &mut self,
        text: &str,
        node: u32,
        place: Place,
        found: &mut Vec<Found>,
    ) -> Option<Words> {
        if text.trim_start().starts_with("jr:itext(") {
            return self.itext_of(text, node, place, found);
        }
        Some(Words::Pieces(vec![Piece::Words(text.to_owned())]))
    }

    /// `jr:itext(…)`: the text's id.
    fn itext_of(
        &mut self,
        text: &str,
        node: u32,
        place: Place,
        found: &mut Vec<Found>,
    ) -> Option<Words> {
        match self.expression(text, node, place, found)? {
            Code::Call(crate::expression::functions::Function::Itext, arguments) => {
                Some(Words::Text(arguments.into_iter().next()?))
            }
            other => Some(Words::Pieces(vec![Piece::Output(other)])),
        }
    }

    /// A label or hint.
    fn words(
        &mut self,
        element: &Element,
        node: u32,
        path: &str,
        found: &mut Vec<Found>,
    ) -> Option<Words> {
        if let Some(reference) = element.attribute("ref") {
            return self.itext_of(reference, node, at(path, &element.name), found);
        }
        let pieces = self.pieces(element, node, path, found);
        (!pieces.is_empty()).then_some(Words::Pieces(pieces))
    }

    fn pieces(
        &mut self,
        element: &Element,
        node: u32,
        path: &str,
        found: &mut Vec<Found>,
    ) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for content in &element.children {
            match content {
                Content::Text(text) => pieces.push(Piece::Words(text.clone())),
                Content::Element(output) if output.name == "output" => {
                    let value = output.attribute("value").or_else(|| output.attribute("ref"));
                    let place = at(path, &element.name);
                    if let Some(code) =
                        value.and_then(|value| self.expression(value, node, place, found))
                    {
                        pieces.push(Piece::Output(code));
                    }
                }
                Content::Element(other) => {
                    // Markup such as `<b>` is read as its words.
                    pieces.extend(self.pieces(other, node, path, found));
                }
            }
        }
        pieces
    }

    fn itext(&mut self, form: &mut Form, itext: &Element, found: &mut Vec<Found>) {
        let mut translations: Vec<&Element> = itext.elements().collect();
        // The default language comes first.
        translations.sort_by_key(|translation| translation.attribute("default").is_none());
        for (language, translation) in translations.iter().enumerate() {
            let name = translation.attribute("lang").unwrap_or_default();
            form.languages.push(name.to_owned());
            for text in translation.elements() {
                let id = text.attribute("id").unwrap_or_default();
                // What the text is about is in its id: `/data/a:label`.
                let path = normal(id.split(':').next().unwrap_or_default());
                let node = self.by_path.get(&path).copied().unwrap_or(0);
                let mut read = Text::default();
                for value in text.elements() {
                    let form_name = value.attribute("form").map(str::to_owned);
                    read.forms.push((form_name, self.pieces(value, node, id, found)));
                }
                let entry = form.texts.texts.entry(id.to_owned()).or_default();
                entry.resize_with(translations.len(), || None);
                entry[language] = Some(read);
            }
        }
    }

    fn instances(&mut self, form: &mut Form, model: &Element) {
        let all = model.elements().filter(|element| element.name == "instance").skip(1);
        for element in all {
            let Some(id) = element.attribute("id") else { continue };
            let tree = element.elements().next().map(|root| {
                let mut tree = Tree::new(&mut self.names);
                tree.copy(&mut self.names, TOP, root);
                Arc::new(tree)
            });
            form.instances.push(Instance {
                id: id.to_owned(),
                source: element.attribute("src").map(str::to_owned),
                tree,
            });
        }
    }

    /// The node that an element of the body is about.
    fn target(
        &mut self,
        element: &Element,
        context: &str,
        ids: &HashMap<String, String>,
    ) -> Option<String> {
        if let Some(id) = element.attribute("bind")
            && let Some(path) = ids.get(id)
        {
            return Some(path.clone());
        }
        let written = element.attribute("ref").or_else(|| element.attribute("nodeset"))?;
        Some(absolute(written, context))
    }

    fn control(
        &mut self,
        form: &mut Form,
        element: &Element,
        context: &str,
        ids: &HashMap<String, String>,
        found: &mut Vec<Found>,
    ) -> Option<Arc<Control>> {
        let Some((_, kind)) = CONTROLS.iter().find(|(name, _)| *name == element.name) else {
            let known = ["label", "hint", "setvalue", "odk:setgeopoint", "odk:recordaudio"];
            let is_action = known.contains(&element.name.as_str());
            if !is_action && !matches!(element.name.as_str(), "item" | "itemset" | "value" | "tag")
            {
                self.warn(at(context, ""), Kind::UnknownControl(element.name.clone()));
            }
            return None;
        };
        let path = self.target(element, context, ids);
        let node = match &path {
            Some(path) => Some(self.find(path, at(path, &element.name))?),
            None => None,
        };
        let inner = path.as_deref().unwrap_or(context).to_owned();
        let about = node.unwrap_or(0);
        let mut control = Control {
            kind: *kind,
            node,
            label: None,
            hint: None,
            attributes: Vec::new(),
            choices: Choices::None,
            count: None,
            children: Vec::new(),
        };
        for (name, value) in &element.attributes {
            match name.as_str() {
                "ref" | "nodeset" | "bind" => {}
                "jr:count" => {
                    control.count = self.expression(value, about, at(&inner, name), found);
                }
                _ => control.attributes.push((name.clone(), value.clone())),
            }
        }
        let mut fixed = Vec::new();
        for child in element.elements() {
            match child.name.as_str() {
                "label" => control.label = self.words(child, about, &inner, found),
                "hint" => control.hint = self.words(child, about, &inner, found),
                "itemset" => control.choices = self.itemset(child, about, &inner, found),
                "item" => {
                    let value = child.child("value").map(Element::text).unwrap_or_default();
                    let label = child
                        .child("label")
                        .and_then(|label| self.words(label, about, &inner, found));
                    fixed.push((value, label));
                }
                _ => {
                    let about = if *kind == ControlKind::Group { None } else { node };
                    self.action(form, child, &inner, about, found);
                    control.children.extend(self.control(form, child, &inner, ids, found));
                }
            }
        }
        if !fixed.is_empty() {
            control.choices = Choices::Fixed(fixed);
        }
        let control = Arc::new(control);
        if let Some(node) = node {
            // A repeat stands in a group about the same node; the repeat says more.
            if *kind != ControlKind::Group || !form.controls.contains_key(&node) {
                form.controls.insert(node, control.clone());
            }
        }
        Some(control)
    }

    fn itemset(
        &mut self,
        itemset: &Element,
        node: u32,
        path: &str,
        found: &mut Vec<Found>,
    ) -> Choices {
        let nodeset = itemset.attribute("nodeset").unwrap_or_default();
        let Some(nodes) = self.expression(nodeset, node, at(path, "itemset"), found) else {
            return Choices::None;
        };
        // Value and label are about the items, whose names are known when the list is.
        let mut inner = |name: &str, default: &str| {
            let reference = itemset.child(name).and_then(|child| child.attribute("ref"));
            let text = reference.unwrap_or(default);
            check::compile(text, &mut self.names).ok()
        };
        let (value, label) = (inner("value", "name"), inner("label", "label"));
        match value {
            Some(value) => Choices::Set { nodes, value, label },
            None => Choices::None,
        }
    }

    fn action(
        &mut self,
        form: &mut Form,
        element: &Element,
        context: &str,
        about: Option<u32>,
        found: &mut Vec<Found>,
    ) {
        let kind = match element.name.as_str() {
            "setvalue" => ActionKind::SetValue,
            "odk:setgeopoint" => ActionKind::SetGeopoint,
            "odk:recordaudio" => ActionKind::RecordAudio,
            _ => return,
        };
        let reference = element.attribute("ref").or_else(|| element.attribute("bind"));
        let path = absolute(reference.unwrap_or_default(), context);
        let Some(target) = self.find(&path, at(&path, &element.name)) else { return };
        let written = element
            .attribute("event")
            .or_else(|| element.attribute("ev:event"))
            .unwrap_or_default();
        let mut events: Vec<Event> = Vec::new();
        for name in written.split_whitespace() {
            match EVENTS.iter().find(|(known, _)| *known == name) {
                Some((_, event)) => events.push(*event),
                None => self.error(at(&path, &element.name), Kind::UnknownEvent(name.to_owned())),
            }
        }
        let value = element
            .attribute("value")
            .and_then(|value| self.expression(value, target, at(&path, &element.name), found));
        form.actions.push(Action { kind, events, target, value, text: element.text(), about });
    }

    /// Reports paths and lists of expressions that don't exist.
    fn prove(&mut self, form: &Form, found: &[Found]) {
        for Found { node, text, place, code } in found {
            for nowhere in nowhere(form, code, *node) {
                let name = self.names.name(nowhere.name).to_owned();
                let children: Vec<&str> = match nowhere.from {
                    Some(from) => form.node(from).children.iter(),
                    None => [].iter(),
                }
                .map(|child| form.node(*child).name.as_str())
                .collect();
                let near = nearest(&name, children).map(str::to_owned);
                let from = nowhere.from.map_or("", |from| form.node(from).path.as_str());
                let start = text.find(name.as_str()).unwrap_or(0);
                let span = start..(start + name.len()).min(text.len());
                // A slip of the pen is an error. What is like nothing in the form is nothing, as
                // Collect has it: `null` is written for it, and forms keep paths of what was
                // taken out.
                let is_slip = near.is_some();
                let mistake = Mistake::UnknownPath(format!("{from}/{name}"), near);
                let mut problem =
                    Problem::expression(place.clone(), text, ExpressionProblem::new(mistake, span));
                if !is_slip {
                    problem.severity = Severity::Warning;
                }
                self.problems.push(problem);
            }
            let mut unknown = Vec::new();
            code.walk(&mut |part| {
                if let Code::Path(path) = part
                    && let crate::expression::code::Start::Instance(id) = &path.start
                    && !form.instances.iter().any(|known| known.id == **id)
                    && form.nodes[0].name != **id
                    && form.id != **id
                {
                    unknown.push(id.to_string());
                }
            });
            for id in unknown {
                let ids = form.instances.iter().map(|known| known.id.as_str());
                let near = nearest(&id, ids).map(str::to_owned);
                let start = text.find(id.as_str()).unwrap_or(0);
                let span = start..(start + id.len()).min(text.len());
                let problem = ExpressionProblem::new(Mistake::UnknownInstance(id, near), span);
                self.problems.push(Problem::expression(place.clone(), text, problem));
            }
        }
    }
}

/// A path of the body, which may be relative to the group it stands in.
fn absolute(written: &str, context: &str) -> String {
    let path = normal(written);
    if path.starts_with('/') {
        return path;
    }
    let mut parts: Vec<&str> = context.split('/').collect();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The paths of all repeats in the body.
fn find_repeats(element: &Element, context: &str, repeats: &mut Vec<String>) {
    for child in element.elements() {
        let reference = child.attribute("nodeset").or_else(|| child.attribute("ref"));
        let path = reference.map_or_else(|| context.to_owned(), |path| absolute(path, context));
        if child.name == "repeat" {
            repeats.push(path.clone());
        }
        find_repeats(child, &path, repeats);
    }
}
