//! Answers of one version of a form in another, with nothing thrown away.

use serde_json::{Value, json};

use crate::xml::Element;

use super::definition::{ControlKind, Form, NodeKind};
use super::diff::{Fate, Places, conversion, holds_value, is_meta, offered, same_repeats};
use super::validate::is_of;

/// Answers in the new version, and what has no place there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// The submission in the new version, to be gone on with.
    pub submission: Element,
    /// How many answers stay as they are.
    pub kept: usize,
    /// Answers that stand elsewhere: from where to where.
    pub moved: Vec<(String, String)>,
    /// Answers that have no place.
    pub set_aside: Vec<SetAside>,
}

/// An answer that has no place in the new version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Where it was: `/data/member[2]/age`.
    pub path: String,
    /// What it was.
    pub value: String,
    /// Why it has no place.
    pub reason: &'static str,
}

/// Takes answers from one version of a form to another.
pub fn upgrade(saved: &Element, before: &Form, after: &Form) -> Upgrade {
    let places = Places::of(before, after);
    let mut root = Element::new(after.node(0).written.as_str());
    for (name, value) in &after.primary.attributes {
        root.set(name.as_str(), value.as_str());
    }
    let mut upgrade =
        Upgrade { submission: root, kept: 0, moved: Vec::new(), set_aside: Vec::new() };
    upgrade.take(saved, 0, &mut Vec::new(), "", before, after, &places);
    upgrade
}

impl Upgrade {
    /// Takes what an element holds. `instances` are the places in the repeats around it.
    #[expect(clippy::too_many_arguments, reason = "both forms and where both stand")]
    fn take(
        &mut self,
        from: &Element,
        node: u32,
        instances: &mut Vec<usize>,
        above: &str,
        before: &Form,
        after: &Form,
        places: &Places,
    ) {
        let own = before.node(node);
        let path = match (own.kind, instances.last()) {
            (NodeKind::Repeat, Some(place)) => format!("{above}/{}[{place}]", own.name),
            _ => format!("{above}/{}", own.name),
        };
        if own.kind == NodeKind::Repeat {
            // An instance without answers is an instance, too.
            if let Some(now) = places.now.get(&node)
                && same_repeats(before, node, after, *now)
            {
                self.place(*now, instances, after);
            }
        }
        if holds_value(before, node) {
            let value = from.text();
            if !value.is_empty() {
                self.answer(&path, &value, node, instances, before, after, places);
            }
            return;
        }
        let is_known = |element: &Element| {
            own.children.iter().any(|child| before.node(*child).name == element.local_name())
        };
        for stranger in from.elements().filter(|element| !is_known(element)) {
            self.set_aside_all(stranger, &path);
        }
        for child in &own.children {
            let inner = before.node(*child);
            let named = from.elements().filter(|element| element.local_name() == inner.name);
            for (at, element) in named.enumerate() {
                let is_repeat = inner.kind == NodeKind::Repeat;
                if is_repeat {
                    instances.push(at + 1);
                }
                self.take(element, *child, instances, &path, before, after, places);
                if is_repeat {
                    instances.pop();
                }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "both forms and where both stand")]
    fn answer(
        &mut self,
        path: &str,
        value: &str,
        node: u32,
        instances: &[usize],
        before: &Form,
        after: &Form,
        places: &Places,
    ) {
        let fits = || -> Result<u32, &'static str> {
            let now = match places.now.get(&node) {
                Some(now) => *now,
                None if is_meta(before, node) => {
                    after.node_at(&before.node(node).path).ok_or("no such question")?
                }
                None => return Err("no such question"),
            };
            if !same_repeats(before, node, after, now) {
                return Err("in another repeat");
            }
            let (old, new) = (before.node(node).bind.data_type, after.node(now).bind.data_type);
            let lost = old != new && conversion(old, new) == Fate::SetAside;
            if lost || !is_of(new, value) {
                return Err("of another type");
            }
            if let (Some(offered), Some(control)) = (offered(after, now), after.control(now)) {
                let is_offered = |value: &str| offered.iter().any(|one| one == value);
                let all = match control.kind {
                    ControlKind::SelectOne => is_offered(value),
                    ControlKind::Select | ControlKind::Rank => {
                        value.split_whitespace().all(is_offered)
                    }
                    _ => true,
                };
                if !all {
                    return Err("no such choice");
                }
            }
            Ok(now)
        };
        let placed = fits().and_then(|now| {
            let target = self.place(now, instances, after).ok_or("no such question")?;
            *target = std::mem::take(target).with_text(value);
            Ok(now)
        });
        match placed {
            Ok(now) if before.node(node).path == after.node(now).path => self.kept += 1,
            Ok(now) => self.moved.push((path.to_owned(), after.node(now).path.clone())),
            Err(reason) => self.set_aside(path, value, reason),
        }
    }

    fn set_aside(&mut self, path: &str, value: &str, reason: &'static str) {
        let (path, value) = (path.to_owned(), value.to_owned());
        self.set_aside.push(SetAside { path, value, reason });
    }

    /// Sets aside all that an element holds which the version before doesn't have either.
    fn set_aside_all(&mut self, from: &Element, above: &str) {
        let path = format!("{above}/{}", from.local_name());
        let value = from.text();
        if !value.trim().is_empty() {
            self.set_aside(&path, &value, "in neither version");
        }
        for child in from.elements() {
            self.set_aside_all(child, &path);
        }
    }

    /// The element of a node in the new submission, made with all it is in.
    fn place(&mut self, node: u32, instances: &[usize], after: &Form) -> Option<&mut Element> {
        let mut way: Vec<u32> = after.ancestors(node).collect();
        way.reverse();
        let mut instances = instances.iter();
        let mut at = &mut self.submission;
        for step in way.iter().skip(1) {
            let own = after.node(*step);
            let wanted = if own.kind == NodeKind::Repeat {
                instances.next().copied().unwrap_or(1)
            } else {
                1
            };
            let written = own.written.clone();
            while at.elements().filter(|one| one.name == written).count() < wanted {
                at.push(Element::new(written.as_str()));
            }
            at = at.nth_mut(&written, wanted - 1)?;
        }
        Some(at)
    }

    /// As JSON, for a preview.
    pub fn to_json(&self) -> Value {
        let moved: Vec<Value> =
            self.moved.iter().map(|(from, to)| json!({ "from": from, "to": to })).collect();
        let set_aside: Vec<Value> = self
            .set_aside
            .iter()
            .map(|one| json!({ "path": one.path, "value": one.value, "reason": one.reason }))
            .collect();
        json!({
            "kept": self.kept,
            "moved": moved,
            "set_aside": set_aside,
            "submission": self.submission.write(false),
        })
    }
}
