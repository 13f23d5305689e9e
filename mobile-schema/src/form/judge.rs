//! A second look at answers that were given on another machine: nothing is believed, everything
//! is asked again by the same engine, and what doesn't do is told.

use std::sync::Arc;

use serde_json::Value;

use super::definition::{Form, NodeKind};
use super::session::{Files, Session, World};

/// An answer that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// `/data/member[2]/age`.
    pub path: String,
    /// What is asked, in the world's language; empty where nothing is.
    pub label: String,
    /// A name programs act on: `required`, `constraint`, `type`, `choice`, `irrelevant` or
    /// `unknown`.
    pub reason: &'static str,
    /// Why, in the world's language.
    pub message: String,
    /// The answer as it was given.
    pub value: String,
}

impl Form {
    /// What is wrong with stored answers, in the order of the form; then what has no place in it.
    pub fn judge(self: &Arc<Self>, files: &Files, world: World, stored: &Value) -> Vec<Doubt> {
        let chinese = world.language.starts_with("zh");
        let said = |zh: &str, en: &str| if chinese { zh } else { en }.to_owned();
        let (session, untaken) = Session::reopen(self.clone(), files, world, stored);
        let mut doubts: Vec<Doubt> = session
            .validate(session.root())
            .into_iter()
            .map(|invalid| Doubt {
                value: session.value(invalid.node).to_owned(),
                path: invalid.path,
                label: invalid.label,
                reason: invalid.reason.name(),
                message: invalid.message,
            })
            .collect();
        // Where a list is not there, nobody can tell what it offers.
        let knows_lists = session.missing_files().is_empty();
        let is_known = |node: u32| {
            knows_lists || session.choices(node).is_ok_and(|choices| !choices.is_empty())
        };
        let mut open = vec![session.root()];
        while let Some(node) = open.pop() {
            open.extend(session.children(node).iter().rev());
            let value = session.value(node);
            let is_question = session.definition(node).kind == NodeKind::Question;
            if !is_question || value.is_empty() {
                continue;
            }
            let (reason, message) = if !session.is_relevant(node) {
                ("irrelevant", said("此题不该作答。", "This question isn't asked."))
            } else if !session.offers(node, value) && is_known(node) {
                ("choice", said("没有这个选项。", "There is no such choice."))
            } else {
                continue;
            };
            let (path, label, value) = (session.path(node), session.label(node), value.to_owned());
            // Calculations run whether they are asked or not.
            if reason == "irrelevant" && session.control(node).is_none() {
                continue;
            }
            doubts.push(Doubt { path, label, reason, message, value });
        }
        doubts.extend(untaken.into_iter().map(|untaken| Doubt {
            path: untaken.path,
            label: String::new(),
            reason: "unknown",
            message: said("问卷中没有此题的位置。", "The form has no place for this answer."),
            value: String::new(),
        }));
        doubts
    }

    /// The names of the files the form asks for: lists, and what its words show or play.
    pub fn files(&self) -> Vec<String> {
        let listed = self.instances.iter().filter(|instance| instance.tree.is_none());
        let lists = listed.filter_map(|instance| instance.source.as_deref());
        let shown = self.texts.texts.values().flatten().flatten();
        let shown = shown.flat_map(|text| text.forms.iter()).filter_map(|(_, pieces)| match pieces
            .as_slice()
        {
            [super::texts::Piece::Words(words)] => Some(words.as_str()),
            _ => None,
        });
        let mut names: Vec<String> = lists
            .chain(shown)
            .filter(|address| !address.starts_with("jr://instance"))
            .filter_map(|address| address.strip_prefix("jr://")?.split_once('/'))
            .map(|(_, name)| name.to_owned())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// How many levels of groups and repeats stand in each other.
    pub fn depth(&self) -> usize {
        let levels = |node: u32| self.ancestors(node).count();
        (0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)).map(levels).max().unwrap_or(0)
    }
}
