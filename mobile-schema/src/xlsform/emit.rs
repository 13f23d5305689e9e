//! The tree of items as an XForm (<https://getodk.github.io/xforms-spec/>).

use std::collections::HashMap;

use super::choices::List;
use super::columns::{Text, Words};
use super::item::{Item, Kind as ItemKind, ROOT, Source, Survey};
use super::references::{LAST_SAVED, Style};
use super::survey::is_yes;
use super::texts::{Texts, all_words, needs_text};
use crate::expression::ExpressionProblem;
use crate::expression::syntax::{Kind as NodeKind, Node, references};
use crate::form::problem::{Kind, Place, Problem};
use crate::xml::{Element, NAMESPACES};

/// The version of the specification that forms are written by.
const XFORMS_VERSION: &str = "1.0.0";

/// Attributes of a bind that are expressions, in which `yes` and `no` may be written.
const CONVERTIBLE: [&str; 5] = ["readonly", "required", "relevant", "constraint", "calculate"];

/// Checks the form and writes it.
pub(super) fn form(survey: &Survey, problems: &mut Vec<Problem>) -> Element {
    let mut writer =
        Writer { survey, instances: Vec::new(), setters: setters(survey), saves_last: false };
    writer.check(problems);
    writer.write(problems)
}

/// What a change of a question sets: the items and what each becomes.
fn setters(survey: &Survey) -> HashMap<String, Vec<usize>> {
    let mut setters: HashMap<String, Vec<usize>> = HashMap::new();
    for at in survey.in_order() {
        for trigger in &survey.items[at].triggers {
            setters.entry(trigger.text.clone()).or_default().push(at);
        }
    }
    setters
}

/// A list or file that expressions can ask.
struct Instance {
    id: String,
    /// Where it comes from; none for a list inside the form.
    source: Option<String>,
    place: Place,
}

struct Writer<'a> {
    survey: &'a Survey,
    instances: Vec<Instance>,
    setters: HashMap<String, Vec<usize>>,
    saves_last: bool,
}

impl Item {
    /// Whether it stands in the body.
    fn is_shown(&self) -> bool {
        match &self.kind {
            ItemKind::Form | ItemKind::Repeat => true,
            ItemKind::Group { shown } => *shown,
            ItemKind::External(_) | ItemKind::Entity | ItemKind::Attribute(_) => false,
            ItemKind::Question { type_name, template } => {
                let silent = self.bind("calculate").is_some() || !self.triggers.is_empty();
                let unlabelled = self.label.is_empty() && self.hint.is_empty();
                template.tag.is_some() && *type_name != "calculate" && !(silent && unlabelled)
            }
        }
    }
}

impl Writer<'_> {
    /// Reports what is wrong with expressions, references and labels, and collects the files that
    /// expressions ask.
    fn check(&mut self, problems: &mut Vec<Problem>) {
        for at in self.survey.in_order() {
            let item = &self.survey.items[at];
            let mut trees = Vec::new();
            for (_, text) in item.expressions() {
                if is_yes(&text.text).is_none() {
                    trees.extend(self.survey.check(text, problems));
                }
            }
            trees.extend(
                item.filter.as_ref().and_then(|filter| self.survey.check(filter, problems)),
            );
            if let Some(default) = &item.default
                && item.is_dynamic
            {
                trees.extend(self.survey.check(default, problems));
            }
            for tree in &trees {
                self.files_of(tree, &item.place);
            }
            let attributes = item.control.iter().chain(&item.instance).map(|(_, text)| text);
            for text in all_words(item).chain(attributes) {
                self.survey.check_words(text, problems);
            }
            if let Some(Source::Answers(text)) = &item.source {
                self.survey.check_words(text, problems);
            }
            if let Some(Some(seed)) = &item.randomize {
                self.survey.check_words(seed, problems);
            }
            self.check_triggers(item, problems);
            self.check_label(item, problems);
            self.check_source(item, problems);
        }
        for list in &self.survey.lists {
            for choice in &list.choices {
                for (_, text) in &choice.label.parts {
                    self.survey.check_words(text, problems);
                }
            }
        }
    }

    fn check_triggers(&self, item: &Item, problems: &mut Vec<Problem>) {
        for trigger in &item.triggers {
            match self.survey.find(&trigger.text) {
                Err(mistake) => {
                    let shown = format!("${{{}}}", trigger.text);
                    let problem = ExpressionProblem::new(mistake, 0..shown.len());
                    problems.push(Problem::expression(trigger.place.clone(), &shown, problem));
                }
                Ok(found) if !self.survey.items[found].is_shown() => {
                    let kind = Kind::TriggerHidden(trigger.text.clone());
                    problems.push(Problem::error(trigger.place.clone(), kind));
                }
                Ok(_) => {}
            }
        }
    }

    fn check_label(&self, item: &Item, problems: &mut Vec<Problem>) {
        let ItemKind::Question { .. } = item.kind else { return };
        let has_media = |form: &str| item.media.iter().any(|(known, _)| known == form);
        if has_media("big-image") && !has_media("image") {
            problems.push(Problem::error(item.place.clone(), Kind::BigImageAlone));
        }
        let named = !item.label.is_empty() || !item.media.is_empty() || !item.hint.is_empty();
        if item.is_shown() && !named {
            let kind = Kind::NoLabel(item.name.clone());
            problems.push(Problem::error(item.place.clone(), kind));
        }
    }

    fn check_source(&mut self, item: &Item, problems: &mut Vec<Problem>) {
        match &item.source {
            Some(Source::File { id, file, .. }) => {
                let folder = if file.ends_with(".csv") { "file-csv" } else { "file" };
                self.instance(id, Some(format!("jr://{folder}/{file}")), &item.place);
            }
            Some(Source::List(list)) if is_searched(item) => {
                let mixed = self
                    .survey
                    .items
                    .iter()
                    .any(|other| other.source == item.source && !is_searched(other));
                if mixed {
                    let kind = Kind::SearchMixed(list.clone());
                    problems.push(Problem::error(item.place.clone(), kind));
                }
            }
            _ => {}
        }
        if let ItemKind::External(ending) = item.kind {
            let folder = if ending == "csv" { "file-csv" } else { "file" };
            let source = format!("jr://{folder}/{}.{ending}", item.name);
            let of_name = self.survey.by_name.get(&item.name).map_or(&[][..], Vec::as_slice);
            let twins = of_name
                .iter()
                .filter(|at| matches!(self.survey.items[**at].kind, ItemKind::External(_)));
            if twins.count() > 1 {
                let kind = Kind::InstanceTwice(item.name.clone());
                problems.push(Problem::error(item.place.clone(), kind));
            }
            self.instance(&item.name, Some(source), &item.place);
        }
    }

    /// Files that an expression asks with `pulldata`, and whether it asks the last submission.
    fn files_of(&mut self, tree: &Node, place: &Place) {
        let mut files = Vec::new();
        let mut saves_last = false;
        tree.walk(&mut |part| match &part.kind {
            NodeKind::Call { name, arguments, .. } if name == "pulldata" => {
                if let Some(NodeKind::Text(file)) = arguments.first().map(|first| &first.kind) {
                    files.push(file.trim().to_owned());
                }
            }
            NodeKind::Reference { last_saved, .. } => saves_last |= last_saved,
            _ => {}
        });
        self.saves_last |= saves_last;
        for file in files {
            self.instance(&file, Some(format!("jr://file-csv/{file}.csv")), place);
        }
    }

    fn instance(&mut self, id: &str, source: Option<String>, place: &Place) {
        let known = self.instances.iter().any(|known| known.id == id && known.source == source);
        if !known {
            self.instances.push(Instance { id: id.to_owned(), source, place: place.clone() });
        }
    }

    fn write(mut self, problems: &mut Vec<Problem>) -> Element {
        let survey = self.survey;
        let settings = &survey.settings;
        let mut html = Element::new("h:html");
        for (prefix, uri) in NAMESPACES {
            if prefix == "entities" && survey.entities.is_none() {
                continue;
            }
            let name = if prefix.is_empty() { "xmlns".into() } else { format!("xmlns:{prefix}") };
            html.set(name, uri);
        }
        for (prefix, uri) in &settings.namespaces {
            html.set(format!("xmlns:{prefix}"), uri.as_str());
        }
        let mut model = Element::new("model").with("odk:xforms-version", XFORMS_VERSION);
        if let Some(version) = survey.entities {
            model.set("entities:entities-version", version);
        }
        if !settings.submission.is_empty() {
            let mut submission = Element::new("submission");
            for (name, value) in &settings.submission {
                submission.set(*name, value.as_str());
            }
            model.push(submission);
        }
        let texts = Texts::of(survey);
        if let Some(itext) = texts.element(survey) {
            model.push(itext);
        }
        model.push(Element::new("instance").with_child(self.root()));
        self.secondary(&mut model, problems);
        let default = &settings.default_language;
        for at in survey.in_order() {
            if let Some(bind) = self.bind(at, default) {
                model.push(bind);
            }
            for action in self.actions(at, false) {
                model.push(action);
            }
        }
        let head = Element::new("h:head")
            .with_child(Element::new("h:title").with_text(settings.title.as_str()))
            .with_child(model);
        let mut body = Element::new("h:body");
        if !settings.style.is_empty() {
            body.set("class", settings.style.as_str());
        }
        self.controls(ROOT, &mut body);
        html.with_child(head).with_child(body)
    }

    /// The primary instance.
    fn root(&self) -> Element {
        let settings = &self.survey.settings;
        let mut root = self.node(ROOT, false);
        for (name, value) in &settings.attributes {
            root.set(name.as_str(), value.as_str());
        }
        root.set("id", settings.id.as_str());
        if !settings.xmlns.is_empty() {
            root.set("xmlns", settings.xmlns.as_str());
        }
        if !settings.version.is_empty() {
            root.set("version", settings.version.as_str());
        }
        root
    }

    /// The node of an item. Repeats outside others have a template before them.
    fn node(&self, at: usize, in_repeat: bool) -> Element {
        let item = &self.survey.items[at];
        let mut node = Element::new(item.name.as_str());
        if let ItemKind::Question { .. } = item.kind
            && let Some(default) = &item.default
            && !item.is_dynamic
        {
            node = node.with_text(default.text.as_str());
        }
        for (name, text) in &item.instance {
            node.set(name.as_str(), self.survey.resolve(&text.text, at, Style::default()));
        }
        for child in &item.children {
            let inner = &self.survey.items[*child];
            if let ItemKind::Attribute(value) = &inner.kind {
                node.set(inner.name.trim_start_matches('@'), value.as_str());
                continue;
            }
            if !inner.has_node() {
                continue;
            }
            let is_repeat = inner.kind == ItemKind::Repeat;
            if is_repeat && !in_repeat {
                node.push(self.template(*child));
            }
            node.push(self.node(*child, in_repeat || is_repeat));
        }
        node
    }

    fn template(&self, at: usize) -> Element {
        let mut node = Element::new(self.survey.items[at].name.as_str()).with("jr:template", "");
        for child in &self.survey.items[at].children {
            let inner = &self.survey.items[*child];
            if inner.kind == ItemKind::Repeat {
                node.push(self.template(*child));
            } else if inner.has_node() {
                node.push(self.node(*child, false));
            }
        }
        node
    }

    /// Lists and files.
    fn secondary(&mut self, model: &mut Element, problems: &mut Vec<Problem>) {
        if self.saves_last {
            let source = Some("jr://instance/last-saved".to_owned());
            self.instance(LAST_SAVED, source, &Place::default());
        }
        let mut seen: HashMap<&str, Option<&str>> = HashMap::new();
        for instance in &self.instances {
            let source = instance.source.as_deref();
            match seen.insert(&instance.id, source) {
                Some(other) if other != source => {
                    let kind = Kind::InstanceTwice(instance.id.clone());
                    problems.push(Problem::error(instance.place.clone(), kind));
                }
                Some(_) => {}
                None => model.push(
                    Element::new("instance")
                        .with("id", instance.id.as_str())
                        .with("src", source.unwrap_or_default()),
                ),
            }
        }
        for list in &self.survey.lists {
            let searched = self.survey.items.iter().any(|item| {
                item.source == Some(Source::List(list.name.clone())) && is_searched(item)
            });
            if searched {
                continue;
            }
            if seen.contains_key(list.name.as_str()) {
                let kind = Kind::InstanceTwice(list.name.clone());
                let place = Place { sheet: "choices".to_owned(), ..Place::default() };
                problems.push(Problem::error(place, kind));
                continue;
            }
            model.push(
                Element::new("instance").with("id", list.name.as_str()).with_child(items(list)),
            );
        }
    }

    fn bind(&self, at: usize, default: &str) -> Option<Element> {
        let item = &self.survey.items[at];
        if item.bind.is_empty() {
            return None;
        }
        let path = self.survey.path(at);
        let mut bind = Element::new("bind").with("nodeset", path.as_str());
        for (name, words) in &item.bind {
            // With a trigger, it is calculated by an action.
            if name == "calculate" && !item.triggers.is_empty() {
                continue;
            }
            let Some(text) = words.first() else { continue };
            let value = match is_yes(&text.text) {
                Some(yes) if CONVERTIBLE.contains(&name.as_str()) => {
                    if yes { "true()" } else { "false()" }.to_owned()
                }
                _ if is_message(name) && needs_text(name, words) => {
                    format!("jr:itext('{path}:{name}')")
                }
                _ => {
                    let text = words
                        .by_language(default)
                        .first()
                        .map_or(text.text.as_str(), |(_, text)| text.text.as_str());
                    self.survey.resolve(text, at, Style::default())
                }
            };
            bind.set(name.as_str(), value);
        }
        Some(bind)
    }

    /// What sets the value when the form is begun, or when its repeat is added.
    fn actions(&self, at: usize, new_repeat: bool) -> Vec<Element> {
        let item = &self.survey.items[at];
        let path = self.survey.path(at);
        let mut actions = Vec::new();
        let begins = |name: &str, event: &str| {
            Element::new(name).with("ref", path.as_str()).with("event", event)
        };
        if let Some(default) = &item.default
            && item.is_dynamic
        {
            let value = self.survey.resolve(&default.text, at, Style::default());
            if !new_repeat {
                let action = begins("setvalue", "odk-instance-first-load");
                actions.push(action.with("value", value));
            } else if self.survey.nearest_repeat(at).is_some() {
                actions.push(begins("setvalue", "odk-new-repeat").with("value", value));
            }
        }
        if !new_repeat {
            match item.type_name() {
                "start-geopoint" => {
                    actions.push(begins("odk:setgeopoint", "odk-instance-first-load"));
                }
                "background-audio" => {
                    let mut action = begins("odk:recordaudio", "odk-instance-load");
                    if let Some(quality) = item.control("odk:quality") {
                        action.set("odk:quality", quality.text.as_str());
                    }
                    actions.push(action);
                }
                _ => {}
            }
        }
        actions
    }

    fn controls(&self, section: usize, into: &mut Element) {
        for child in &self.survey.items[section].children {
            let item = &self.survey.items[*child];
            if !item.is_shown() {
                continue;
            }
            let control = match item.kind {
                ItemKind::Repeat => self.repeat(*child),
                ItemKind::Group { .. } => self.group(*child),
                _ => self.question(*child),
            };
            into.push(control);
        }
    }

    fn group(&self, at: usize) -> Element {
        let item = &self.survey.items[at];
        let mut group = Element::new("group");
        self.attributes(at, &mut group);
        group.set("ref", self.survey.path(at));
        if !item.label.is_empty() {
            group.push(self.label(at));
        }
        self.controls(at, &mut group);
        group
    }

    fn repeat(&self, at: usize) -> Element {
        let path = self.survey.path(at);
        let mut repeat = Element::new("repeat").with("nodeset", path.as_str());
        self.attributes(at, &mut repeat);
        self.controls(at, &mut repeat);
        for inner in self.survey.in_order() {
            if self.survey.nearest_repeat(inner) == Some(at) {
                for action in self.actions(inner, true) {
                    repeat.push(action);
                }
            }
        }
        Element::new("group").with("ref", path).with_child(self.label(at)).with_child(repeat)
    }

    fn attributes(&self, at: usize, element: &mut Element) {
        for (name, text) in &self.survey.items[at].control {
            // Written with the action.
            if name != "odk:quality" {
                element.set(name.as_str(), self.survey.resolve(&text.text, at, Style::default()));
            }
        }
    }

    fn label(&self, at: usize) -> Element {
        let item = &self.survey.items[at];
        let path = self.survey.path(at);
        self.words(at, "label", item.label_is_text(), &format!("{path}:label"), &item.label)
    }

    fn words(&self, at: usize, name: &str, is_text: bool, id: &str, words: &Words) -> Element {
        let mut element = Element::new(name);
        if is_text {
            element.set("ref", format!("jr:itext('{id}')"));
        } else if let Some(text) = words.first() {
            element.children = self.survey.output(&text.text, Some(at));
        }
        element
    }

    fn question(&self, at: usize) -> Element {
        let item = &self.survey.items[at];
        let path = self.survey.path(at);
        let mut control = Element::new(item.template().tag.unwrap_or("input"));
        control.set("ref", path.as_str());
        self.attributes(at, &mut control);
        control.push(self.label(at));
        if !item.hint.is_empty() || !item.guidance.is_empty() {
            let id = format!("{path}:hint");
            control.push(self.words(at, "hint", item.hint_is_text(), &id, &item.hint));
        }
        for (name, label) in &item.tags {
            let mut inner = Element::new("label");
            if let Some(text) = label.first() {
                inner = inner.with_text(text.text.as_str());
            }
            control.push(Element::new("tag").with("key", name.as_str()).with_child(inner));
        }
        self.choices(at, &mut control);
        for setter in self.setters.get(&item.name).into_iter().flatten() {
            control.push(self.setter(at, *setter));
        }
        control
    }

    /// What a change of this question sets.
    fn setter(&self, trigger: usize, at: usize) -> Element {
        let item = &self.survey.items[at];
        let is_place = item.type_name() == "background-geopoint";
        let mut action = Element::new(if is_place { "odk:setgeopoint" } else { "setvalue" })
            .with("ref", self.survey.path(at))
            .with("event", "xforms-value-changed");
        if let Some(expression) = item.bind("calculate").and_then(Words::first) {
            let value = self.survey.resolve(&expression.text, trigger, Style::default());
            action.set("value", value);
        }
        action
    }

    fn choices(&self, at: usize, control: &mut Element) {
        let item = &self.survey.items[at];
        let Some(source) = &item.source else { return };
        let in_list = "instance('";
        let mut own_filter = None;
        let (mut nodeset, value, label) = match source {
            Source::External(list) => {
                let mut query = format!("{in_list}{list}')/root/item");
                if let Some(filter) = &item.filter {
                    let style = Style { current: true, ..Style::default() };
                    query.push_str(&format!("[{}]", self.survey.resolve(&filter.text, at, style)));
                }
                control.set("query", query);
                return;
            }
            Source::List(name) if is_searched(item) => {
                self.inline(item, name, control);
                return;
            }
            Source::List(name) => {
                let texts = self.survey.list(name).is_some_and(List::needs_texts);
                let label = if texts { "jr:itext(itextId)" } else { "label" };
                (format!("{in_list}{name}')/root/item"), "name".to_owned(), label.to_owned())
            }
            Source::File { id, value, label, .. } => {
                (format!("{in_list}{id}')/root/item"), value.clone(), label.clone())
            }
            Source::Answers(reference) => {
                let style = Style { parent: true, ..Style::default() };
                let path = self.survey.resolve(&reference.text, at, style);
                let path = path.trim();
                let (set, name) = path.rsplit_once('/').unwrap_or(("", path));
                own_filter = Some(format!("./{name} != ''"));
                (set.to_owned(), name.to_owned(), name.to_owned())
            }
            Source::Geometry(text) if references(&text.text).is_empty() => {
                let id = text.text.split('.').next().unwrap_or_default();
                (format!("{in_list}{id}')/root/item"), "name".to_owned(), "label".to_owned())
            }
            Source::Geometry(reference) => {
                let style = Style { parent: true, ..Style::default() };
                let path = self.survey.resolve(&reference.text, at, style).trim().to_owned();
                own_filter = Some("./geometry != ''".to_owned());
                (path, "geometry".to_owned(), "geometry".to_owned())
            }
        };
        let filter = item.filter.as_ref().map(|filter| self.filter(at, filter, source, &nodeset));
        if let Some(filter) = filter.or(own_filter) {
            nodeset.push_str(&format!("[{filter}]"));
        }
        match &item.randomize {
            Some(Some(seed)) => {
                let seed = self.survey.resolve(&seed.text, at, Style::default());
                nodeset = format!("randomize({nodeset}, {})", seed.trim());
            }
            Some(None) => nodeset = format!("randomize({nodeset})"),
            None => {}
        }
        control.push(
            Element::new("itemset")
                .with("nodeset", nodeset)
                .with_child(Element::new("value").with("ref", value))
                .with_child(Element::new("label").with("ref", label)),
        );
    }

    fn filter(&self, at: usize, filter: &Text, source: &Source, nodeset: &str) -> String {
        let of_answers = matches!(source, Source::Answers(_) | Source::Geometry(_));
        let style = Style { current: true, parent: of_answers, absolute: false };
        let resolved = self.survey.resolve(&filter.text, at, style);
        if of_answers {
            // What is asked of the answers themselves is seen from them.
            resolved.replace(&format!("current()/{nodeset}"), ".").replace(nodeset, ".")
        } else {
            resolved
        }
    }

    /// Choices in the body itself, as Collect's `search()` needs them.
    fn inline(&self, item: &Item, name: &str, control: &mut Element) {
        let Some(list) = self.survey.list(name) else { return };
        for (at, choice) in list.choices.iter().enumerate() {
            let label = if list.needs_texts() {
                Element::new("label").with("ref", format!("jr:itext('{name}-{at}')"))
            } else {
                let mut label = Element::new("label");
                if let Some(text) = choice.label.first()
                    && !item.label.is_empty()
                {
                    label.children = self.survey.output(&text.text, None);
                }
                label
            };
            let value = Element::new("value").with_text(choice.name.as_str());
            control.push(Element::new("item").with_child(label).with_child(value));
        }
    }
}

fn is_message(name: &str) -> bool {
    matches!(name, "jr:constraintMsg" | "jr:requiredMsg" | "jr:noAppErrorString")
}

/// Whether the choices of a question come from Collect's `search()`.
fn is_searched(item: &Item) -> bool {
    item.control("appearance").is_some_and(|text| {
        text.text
            .find("search")
            .is_some_and(|at| text.text[at + "search".len()..].trim_start().starts_with('('))
    })
}

/// A list as the items of an instance.
fn items(list: &List) -> Element {
    let mut root = Element::new("root");
    let texts = list.needs_texts();
    for (at, choice) in list.choices.iter().enumerate() {
        let mut item = Element::new("item");
        let mut add = |name: &str, text: &str| {
            item.push(Element::new(name).with_text(text));
        };
        if texts {
            add("itextId", &format!("{}-{at}", list.name));
        }
        add("name", &choice.name);
        if let Some(label) = choice.label.first()
            && !texts
        {
            add("label", &label.text);
        }
        for (name, value) in &choice.extra {
            add(name, value);
        }
        root.push(item);
    }
    root
}
