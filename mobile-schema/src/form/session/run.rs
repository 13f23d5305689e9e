//! What follows from a change: relevance, calculations, counts and choices, each run once in the
//! order of the form.

use super::{MAX_INSTANCES, MAX_RUNS, Session};
use crate::expression::functions::date::Moment;
use crate::expression::tree::TOP;
use crate::expression::value::text_of;
use crate::expression::{Code, Evaluation, Failure, Value};
use crate::form::definition::{ControlKind, DataType};
use crate::form::graph::Job;

impl Session {
    pub(super) fn mark_all(&mut self) {
        let form = self.form.clone();
        let root = self.root();
        for (rank, vertex) in form.graph.order.iter().enumerate() {
            for node in self.vertex_nodes(vertex.node, vertex.job, root) {
                self.marked.insert((rank, node));
            }
        }
    }

    /// Where a vertex runs: a repeat's count runs where the repeat is.
    pub(super) fn vertex_nodes(&self, definition: u32, job: Job, under: u32) -> Vec<u32> {
        let definition =
            if job == Job::Count { self.form.node(definition).parent } else { definition };
        let top = self.definitions[under as usize];
        if self.form.ancestors(definition).any(|at| at == top) {
            self.instances(definition, under)
        } else {
            // The repeat whose instance this is.
            vec![self.parent(under)]
        }
    }

    /// Marks what reads a node.
    pub(super) fn mark(&mut self, node: u32) {
        let form = self.form.clone();
        let definition = self.definitions[node as usize];
        let Some(readers) = form.graph.readers.get(&definition) else { return };
        for reader in readers {
            let vertex = form.graph.order[reader.rank];
            let under = reader.scope.map_or(self.root(), |scope| self.around(node, scope));
            for reading in self.vertex_nodes(vertex.node, vertex.job, under) {
                // A value that reads the one before it in the repeat is not read by that again.
                let own = vertex.node == definition && vertex.job == Job::Calculate;
                if !own || reading > node {
                    self.marked.insert((reader.rank, reading));
                }
            }
        }
    }

    /// The node of a definition that a node is or is in; the root where there is none.
    pub(super) fn around(&self, node: u32, definition: u32) -> u32 {
        let mut at = node;
        while at != TOP {
            if self.definitions[at as usize] == definition {
                return at;
            }
            at = self.parent(at);
        }
        self.root()
    }

    /// Runs all that is marked, then does what is planned, until nothing is left.
    pub(super) fn run(&mut self) {
        let mut left = MAX_RUNS;
        loop {
            self.settle(&mut left);
            match self.planned.pop_front() {
                Some((action, target)) if self.is_there(target) => self.perform(action, target),
                Some(_) => {}
                None => return,
            }
        }
    }

    pub(super) fn settle(&mut self, left: &mut usize) {
        while let Some((rank, node)) = self.marked.pop_first() {
            if *left == 0 {
                self.fail(node, Failure::TooManySteps);
                self.marked.clear();
                self.planned.clear();
                return;
            }
            *left -= 1;
            // What was removed in the meantime is passed over.
            if !self.is_there(node) {
                continue;
            }
            let vertex = self.form.graph.order[rank];
            match vertex.job {
                Job::Relevant => self.decide(node),
                Job::Calculate => self.calculate(node),
                Job::Count => self.adjust(node, vertex.node),
                Job::Choices => self.withdraw(node),
            }
        }
    }

    pub(super) fn is_there(&self, node: u32) -> bool {
        !self.gone[node as usize]
    }

    pub(super) fn fail(&mut self, node: u32, failure: Failure) {
        let path = self.path(node);
        if self.failures.len() < 100 {
            self.failures.push((path, failure));
        }
    }

    pub(super) fn decide(&mut self, node: u32) {
        let form = self.form.clone();
        let code = form.node(self.definitions[node as usize]).bind.relevant.as_ref();
        let relevant = self.holds(code, node).unwrap_or(true);
        if self.own_relevance[node as usize] != relevant {
            self.own_relevance[node as usize] = relevant;
            self.spread(node);
        }
    }

    /// Tells all inside a node whether it is relevant.
    pub(super) fn spread(&mut self, node: u32) {
        let mut open = vec![node];
        while let Some(at) = open.pop() {
            let above = self.is_relevant(self.parent(at));
            let relevant = above && self.own_relevance[at as usize];
            if self.is_relevant(at) == relevant {
                continue;
            }
            self.answers.set_relevant(at, relevant);
            self.mark(at);
            let own = self.answers.node(at);
            open.extend(own.children.iter().chain(&own.attributes));
        }
    }

    pub(super) fn calculate(&mut self, node: u32) {
        let form = self.form.clone();
        let definition = form.node(self.definitions[node as usize]);
        let Some(code) = &definition.bind.calculate else { return };
        match self.computed(code, node, definition.bind.data_type) {
            Ok(text) => self.put_offered(node, &text),
            Err(failure) => self.fail(node, failure),
        }
    }

    /// Sets a value that nobody chose: of a question with choices, only what is offered.
    pub(super) fn put_offered(&mut self, node: u32, text: &str) {
        let kept = self.offered_of(node, text);
        self.put(node, kept.as_deref().unwrap_or(text));
    }

    /// What an expression gives, as a value of a type.
    pub(super) fn computed(
        &self,
        code: &Code,
        node: u32,
        data_type: DataType,
    ) -> Result<String, Failure> {
        self.evaluate(|evaluation| {
            let value = evaluation.run(code, node)?;
            Ok(stored(evaluation, &value, data_type, self.world.offset))
        })
    }

    /// Sets a value and marks what reads it.
    pub(super) fn put(&mut self, node: u32, text: &str) {
        if self.value(node) != text {
            self.answers.set_text(node, text);
            self.mark(node);
        }
    }

    pub(super) fn adjust(&mut self, parent: u32, repeat: u32) {
        let form = self.form.clone();
        let Some(code) = form.control(repeat).and_then(|control| control.count.as_ref()) else {
            return;
        };
        let symbol = form.node(repeat).symbol;
        let first = self.answers.first_named(parent, symbol);
        let node = first.unwrap_or_else(|| self.ghost(parent, repeat));
        let wanted =
            self.evaluate(|evaluation| Ok(evaluation.number(&evaluation.run(code, node)?)));
        let wanted = match wanted {
            Ok(wanted) if wanted >= 1.0 => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "at least 1, and what is too large saturates"
                )]
                let wanted = wanted as usize;
                wanted.min(MAX_INSTANCES)
            }
            // While nobody has said how many, what was written stays.
            Ok(wanted) if wanted.is_nan() => return,
            Ok(_) => 0,
            Err(failure) => {
                self.fail(node, failure);
                return;
            }
        };
        let mut instances = Vec::new();
        self.answers.each_named(parent, symbol, |instance| instances.push(instance));
        for _ in instances.len()..wanted {
            let before = self.taken_away.get_mut(&(parent, repeat)).and_then(Vec::pop);
            match before {
                Some(before) => {
                    let node = self.place_instance(parent, repeat, &before, false);
                    self.mark_inside(node);
                }
                None => {
                    self.sprout(parent, repeat);
                }
            }
        }
        for instance in instances.iter().skip(wanted).rev() {
            let taken = self.written(*instance, true);
            self.taken_away.entry((parent, repeat)).or_default().push(taken);
            self.cut(*instance);
        }
    }

    /// Takes away choices that are no longer offered.
    pub(super) fn withdraw(&mut self, node: u32) {
        if let Some(kept) = self.offered_of(node, self.value(node)) {
            self.put(node, &kept);
        }
    }

    /// Takes away defaults inside a new node that are never offered.
    pub(super) fn withdraw_inside(&mut self, under: u32) {
        let form = self.form.clone();
        let mut open = vec![under];
        while let Some(node) = open.pop() {
            let definition = self.definitions[node as usize];
            let ranks = form.graph.of_node.get(&definition).into_iter().flatten();
            // Choices that depend on answers take theirs away when those are known.
            let depends = ranks.into_iter().any(|rank| form.graph.order[*rank].job == Job::Choices);
            if !depends {
                self.withdraw(node);
            }
            open.extend(&self.answers.node(node).children);
        }
    }

    /// What a question with choices offers of what is chosen; none where all of it is offered, or
    /// nobody can tell.
    fn offered_of(&self, node: u32, chosen: &str) -> Option<String> {
        let control = self.form.control(self.definitions[node as usize])?;
        let selects = matches!(
            control.kind,
            ControlKind::SelectOne | ControlKind::Select | ControlKind::Rank
        );
        if chosen.is_empty() || !selects {
            return None;
        }
        let offered = self.evaluate(|evaluation| self.offered(evaluation, control, node, None));
        // What a list that isn't there would offer is not known.
        let offered = offered.ok()?;
        if !self.missing.is_empty() && offered.is_empty() {
            return None;
        }
        let is_offered = |value: &&str| offered.iter().any(|choice| choice.value == *value);
        if control.kind == ControlKind::SelectOne {
            return (!is_offered(&chosen)).then(String::new);
        }
        let kept: Vec<&str> = chosen.split_whitespace().filter(is_offered).collect();
        let all = kept.len() == chosen.split_whitespace().count();
        (!all).then(|| kept.join(" "))
    }
}

/// A value as it is stored in a node of a type.
fn stored(evaluation: &Evaluation<'_>, value: &Value, data_type: DataType, offset: i32) -> String {
    let number = match value {
        Value::Number(number) if number.is_nan() => return String::new(),
        Value::Number(number) => Some(*number),
        _ => None,
    };
    match (data_type, number) {
        (DataType::Int, _) => {
            let text = evaluation.text(value);
            if text.is_empty() {
                return String::new();
            }
            let number = evaluation.number(value);
            if number.is_nan() { text.into_owned() } else { text_of(number.trunc()) }
        }
        (DataType::Date, Some(days)) => {
            Moment::from_days(days, offset).map(Moment::write_date).unwrap_or_default()
        }
        (DataType::DateTime, Some(days)) => {
            Moment::from_days(days, offset).map(|moment| moment.write(offset)).unwrap_or_default()
        }
        (DataType::Date, None) => {
            let text = evaluation.text(value);
            // Of a date and time, the date is kept.
            match Moment::read(&text) {
                Some(moment) => moment.seen_at(offset).write_date(),
                None => text.into_owned(),
            }
        }
        _ => data_type.written(&evaluation.text(value)).into_owned(),
    }
}
