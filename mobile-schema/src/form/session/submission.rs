//! What is sent.

use super::Session;
use crate::expression::functions::date::Moment;
use crate::form::definition::{DataType, NodeKind};
use crate::xml::Element;

impl Session {
    /// The answers as they are sent: what is relevant, as XML.
    pub fn submission(&self) -> Element {
        self.document(false)
    }

    /// The answers as they are saved to go on with: also those that aren't asked at the moment.
    pub fn draft(&self) -> Element {
        self.document(true)
    }

    fn document(&self, all: bool) -> Element {
        let mut root = self.written(self.root(), all);
        root.attributes.insert(0, ("xmlns:jr".into(), "http://openrosa.org/javarosa".into()));
        root.attributes.insert(1, ("xmlns:orx".into(), "http://openrosa.org/xforms".into()));
        root
    }

    /// A node as XML: what is relevant in it, or all.
    pub(super) fn written(&self, node: u32, all: bool) -> Element {
        let takes = |node: &&u32| all || self.is_relevant(**node);
        let definition = self.definition(node);
        let own = self.answers.node(node);
        let mut element = Element::new(definition.written.as_str());
        if node == self.root()
            && let Some(xmlns) = self.form.primary.attribute("xmlns")
        {
            element.set("xmlns", xmlns);
        }
        for attribute in own.attributes.iter().filter(takes) {
            element.set(self.definition(*attribute).written.as_str(), self.value(*attribute));
        }
        if definition.kind == NodeKind::Question {
            return element.with_text(&*own.text);
        }
        for child in own.children.iter().filter(takes) {
            element.push(self.written(*child, all));
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
}
