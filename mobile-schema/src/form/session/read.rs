//! What people read: labels, hints and choices, in their language.

use super::{Choice, Session};
use crate::expression::{Evaluation, Failure, NodeRef, Value};
use crate::form::definition::{Choices, Control};
use crate::form::texts::{Piece, Words};
use crate::form::translations::in_words;

impl Session {
    /// The label of what a node is shown by.
    pub fn label(&self, node: u32) -> String {
        let words = self.control(node).and_then(|control| control.label.as_ref());
        words.map(|words| self.words(words, node)).unwrap_or_default()
    }

    /// The word of help of what a node is shown by.
    pub fn hint(&self, node: u32) -> String {
        let words = self.control(node).and_then(|control| control.hint.as_ref());
        words.map(|words| self.words(words, node)).unwrap_or_default()
    }

    /// Words in the reader's language, about a node.
    pub(in crate::form) fn words(&self, words: &Words, node: u32) -> String {
        let about = NodeRef { tree: 0, node };
        match words {
            Words::Pieces(pieces) => self.join(pieces, about),
            Words::Text(code) => {
                let id = self
                    .evaluate(|evaluation| {
                        Ok(evaluation.text(&evaluation.run(code, node)?).into_owned())
                    })
                    .unwrap_or_default();
                let text = self.form.texts.find(&id, self.language);
                let pieces = text.and_then(|text| text.form(None));
                pieces.map(|pieces| self.join(pieces, about)).unwrap_or_default()
            }
        }
    }

    pub(super) fn join(&self, pieces: &[Piece], about: NodeRef) -> String {
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Words(words) => out.push_str(words),
                Piece::Output(code) => {
                    let shown = self.evaluate(|evaluation| {
                        Ok(evaluation.text(&evaluation.run_about(code, about)?).into_owned())
                    });
                    out.push_str(&shown.unwrap_or_default());
                }
            }
        }
        out.trim().to_owned()
    }

    /// Words in the reader's language, about no node: answers in them stand as `…`.
    pub(in crate::form) fn plain_words(&self, words: &Words) -> Option<String> {
        match words {
            Words::Pieces(pieces) => in_words(pieces),
            Words::Text(code) => {
                let id = self.evaluate(|evaluation| {
                    Ok(evaluation.text(&evaluation.run(code, self.root())?).into_owned())
                });
                in_words(self.form.texts.find(&id.ok()?, self.language)?.form(None)?)
            }
        }
    }

    /// Every choice that a control may offer, whatever else is answered. What is chosen from
    /// answers has none.
    pub(in crate::form) fn all_choices(&self, control: &Control) -> Vec<Choice> {
        let mut control = control.clone();
        if let Choices::Set { nodes, .. } = &mut control.choices {
            *nodes = nodes.unfiltered();
        }
        self.evaluate(|evaluation| self.offered(evaluation, &control, self.root(), None))
            .unwrap_or_default()
    }

    /// The choices that a question offers now.
    ///
    /// # Errors
    /// Where finding them passes a limit.
    pub fn choices(&self, node: u32) -> Result<Vec<Choice>, Failure> {
        let Some(control) = self.control(node) else { return Ok(Vec::new()) };
        self.evaluate(|evaluation| self.offered(evaluation, control, node, None))
    }

    /// The choices of a control, or only the one of a value.
    pub(super) fn offered(
        &self,
        evaluation: &Evaluation<'_>,
        control: &Control,
        node: u32,
        only: Option<&str>,
    ) -> Result<Vec<Choice>, Failure> {
        let wanted = |value: &str| only.is_none_or(|only| only == value);
        let mut found = Vec::new();
        match &control.choices {
            Choices::None => {}
            Choices::Fixed(fixed) => {
                for (value, label) in fixed.iter().filter(|(value, _)| wanted(value)) {
                    let label = label.as_ref().map(|label| self.words(label, node));
                    found.push(Choice { value: value.clone(), label: label.unwrap_or_default() });
                }
            }
            Choices::Set { nodes, value, label } => {
                let Value::Nodes(items) = evaluation.run(nodes, node)? else {
                    return Ok(found);
                };
                for item in items {
                    let own = evaluation.run_about(value, item)?;
                    let own = evaluation.text(&own).into_owned();
                    if !wanted(&own) {
                        continue;
                    }
                    let label = match label {
                        Some(label) => {
                            let label = evaluation.run_about(label, item)?;
                            evaluation.text(&label).into_owned()
                        }
                        None => String::new(),
                    };
                    found.push(Choice { value: own, label });
                }
            }
        }
        Ok(found)
    }
}
