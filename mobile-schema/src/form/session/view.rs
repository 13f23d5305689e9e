//! The world as expressions see it.

use sha2::{Digest, Sha256};

use super::Session;
use crate::expression::{Evaluation, Failure, Host, NodeRef, Symbol};

/// Expressions see the world through this.
pub(super) struct View<'a> {
    pub(super) session: &'a Session,
}

impl Host for View<'_> {
    fn offset(&self) -> i32 {
        self.session.world.offset
    }

    fn now(&self) -> i64 {
        self.session.world.now
    }

    fn random(&self) -> f64 {
        let drawn = self.session.drawn.get();
        self.session.drawn.set(drawn + 1);
        let hash =
            Sha256::new().chain_update(self.session.world.seed).chain_update(drawn.to_be_bytes());
        let bytes = hash.finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&bytes[..8]);
        // 53 bits are what an f64 holds exactly.
        #[expect(clippy::cast_precision_loss, reason = "53 bits")]
        let share = (u64::from_be_bytes(first) >> 11) as f64;
        share / 9_007_199_254_740_992.0
    }

    fn instance(&self, id: &str) -> Option<u32> {
        let session = self.session;
        let own = || id == session.form.id || id == session.form.node(0).name;
        session.list_numbers.get(id).copied().or_else(|| own().then_some(0))
    }

    fn itext(&self, id: &str) -> String {
        let texts = &self.session.form.texts;
        let pieces = texts.find(id, self.session.language).and_then(|text| text.form(None));
        let root = NodeRef { tree: 0, node: self.session.root() };
        pieces.map(|pieces| self.session.join(pieces, root)).unwrap_or_default()
    }

    fn choice_name(
        &self,
        evaluation: &Evaluation<'_>,
        question: NodeRef,
        value: &str,
    ) -> Result<String, Failure> {
        if question.tree != 0 {
            return Ok(String::new());
        }
        let session = self.session;
        let Some(control) = session.control(question.node) else { return Ok(String::new()) };
        let found = session.offered(evaluation, control, question.node, Some(value))?;
        Ok(found.into_iter().next().map(|choice| choice.label).unwrap_or_default())
    }

    fn node_name(&self, name: Symbol) -> String {
        self.session.names.name(name).to_owned()
    }

    fn symbol(&self, name: &str) -> Option<Symbol> {
        self.session.names.known(name)
    }

    fn property(&self, name: &str) -> String {
        self.session.world.properties.get(name).cloned().unwrap_or_default()
    }

    fn version(&self) -> &str {
        &self.session.form.version
    }

    fn language(&self) -> &str {
        &self.session.world.language
    }
}
