//! What the form does when something happens.

use super::Session;
use crate::form::definition::{Action, ActionKind, Event, NodeKind};

impl Session {
    /// Plans what is to be done at an event, about a question or a repeat's new instance.
    pub(super) fn plan(&mut self, event: Event, about: Option<u32>, node: Option<u32>) {
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
    pub(super) fn targets(&self, action: &Action, event: Event, node: Option<u32>) -> Vec<u32> {
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

    pub(super) fn perform(&mut self, action: usize, target: u32) {
        let form = self.form.clone();
        let action = &form.actions[action];
        let data_type = self.definition(target).bind.data_type;
        match action.kind {
            ActionKind::SetValue => {
                let text = match &action.value {
                    Some(code) => self.computed(code, target, data_type),
                    None => Ok(data_type.written(&action.text).into_owned()),
                };
                match text {
                    Ok(text) => self.put_offered(target, &text),
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
}
