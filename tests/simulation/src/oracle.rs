//! What must hold after every push, judged from what the cadres saw, not from what the protocol
//! says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use mobile_schema::register::Capacity;
use mobile_schema::{FieldId, Hash, Value};
use sync_protocol::merge::{Authority, Board, Numbered};
use sync_protocol::op::{Change, Resolution};
use sync_protocol::record::Mark;
use sync_protocol::{Lineage, Op, Outcome, ParkReason, Record, RecordId, Version};

use crate::county::{household, visit};
use crate::memory::Push;
use crate::server::Server;

/// What is known of an operation from the moment it was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The operation.
    pub op: Op,
    /// Every value of the record that the cadre had ever seen or written.
    pub shown: Rc<BTreeSet<(FieldId, String)>>,
    /// The same of the record that a conflict is about.
    pub subject: Option<Rc<BTreeSet<(FieldId, String)>>>,
    /// The version in the tablet's store.
    pub held: Option<Version>,
    /// Every operation made in that store's past before.
    pub past: Rc<Vec<Hash>>,
    /// Whether it must be refused.
    pub poison: bool,
    /// Whether something in the tablet's store had changed by itself: what it says it has seen
    /// may be wrong.
    pub flipped: bool,
}

/// What has happened that makes some things excusable.
#[derive(Clone, Copy, Debug, Default)]
pub struct Past {
    /// The server was restored: versions of before mean less, and a tablet may have to be in
    /// conflict with what it wrote itself.
    pub restored: bool,
    /// The server lost its newest pushes without anybody noticing: versions mean nothing.
    pub failed_over: bool,
}

impl Past {
    fn is_eventful(self) -> bool {
        self.restored || self.failed_over
    }
}

/// Judges a push. The first violation found is returned in words.
pub fn judge<S: Server>(
    server: &S,
    lineage_at_push: &Lineage,
    push: &Push,
    made: &BTreeMap<Hash, Made>,
    past: Past,
) -> Result<(), String> {
    let catalogue = server.definitions();
    let refused = BTreeSet::new();
    let authority = Authority {
        catalogue,
        lineage: lineage_at_push,
        presenter: &push.presenter,
        scopes: &push.scopes,
        capacity: push.capacity,
        received: push.received,
        amends: false,
        refused: &refused,
    };
    // The same operations, unit by unit, so that each can be judged by what it met.
    let mut board = Board::new(push.before.iter().cloned());
    let mut rest = &push.applied[..];
    while let Some((_, first, _)) = rest.first() {
        let same = |(_, op, _): &&(u64, Op, Outcome)| op.group == first.group;
        let length = if first.group.is_some() { rest.iter().take_while(same).count() } else { 1 };
        let (unit, later) = rest.split_at(length);
        let before: BTreeMap<RecordId, Record> = snapshot(&board);
        let numbered: Vec<_> = unit.iter().map(|(seq, op, _)| Numbered { seq: *seq, op }).collect();
        let alone = authority.apply(&mut board, &numbered);
        let after = snapshot(&board);
        let together: Vec<_> = unit.iter().map(|(_, _, outcome)| outcome.clone()).collect();
        if alone != together {
            return Err(format!("an operation came to {together:?}, and alone to {alone:?}"));
        }
        let unit = Unit { server, push, made, past, before, after };
        unit.judge_group(&numbered, &together)?;
        unit.judge_rights()?;
        for (one, outcome) in numbered.iter().zip(&together) {
            unit.judge(one, outcome).map_err(|words| {
                format!("{words}\n    operation {:?}\n    came to {outcome:?}", one.op)
            })?;
        }
        rest = later;
    }
    Ok(())
}

fn snapshot(board: &Board) -> BTreeMap<RecordId, Record> {
    board.records().map(|record| (record.id, record.clone())).collect()
}

/// Operations that are applied together, and the records before and after.
struct Unit<'a, S> {
    server: &'a S,
    push: &'a Push,
    made: &'a BTreeMap<Hash, Made>,
    past: Past,
    before: BTreeMap<RecordId, Record>,
    after: BTreeMap<RecordId, Record>,
}

/// Where a cadre brings a visit: from, to.
const HANDED_IN: [(&str, &str); 2] = [("", "submitted"), ("returned", "resubmitted")];

type Verdict = Result<(), String>;

fn require(holds: bool, words: &str) -> Verdict {
    if holds { Ok(()) } else { Err(words.to_owned()) }
}

impl<S: Server> Unit<'_, S> {
    /// Of each record's operations in a group all have an effect or none, and what keeps them back
    /// is their own.
    fn judge_group(&self, ops: &[Numbered<'_>], outcomes: &[Outcome]) -> Verdict {
        let records: BTreeSet<RecordId> = ops.iter().map(|one| one.op.record).collect();
        let mut effects = 0;
        for record in records {
            let own = ops.iter().zip(outcomes).filter(|(one, _)| one.op.record == record);
            let (refused, applied): (Vec<_>, Vec<_>) =
                own.partition(|(_, outcome)| outcome.version().is_none());
            effects += applied.len();
            require(refused.is_empty() || applied.is_empty(), "a group was applied in part")?;
            if applied.is_empty() {
                let same = self.before.get(&record) == self.after.get(&record);
                require(same, "what was refused changed something")?;
                let is_own = |(one, outcome): &(&Numbered<'_>, &Outcome)| {
                    let before = self.before.get(&record);
                    let made = self.made.get(&one.op.key());
                    made.is_none_or(|made| self.judge_reason(one.op, made, outcome, before).is_ok())
                };
                require(refused.iter().any(is_own), "a record waits for what is about another")?;
            }
        }
        require(effects > 0 || self.before == self.after, "what was refused changed something")
    }

    fn judge(&self, one: &Numbered<'_>, outcome: &Outcome) -> Verdict {
        let op = one.op;
        let Some(made) = self.made.get(&op.key()) else {
            return Err("the server has an operation that nobody made".into());
        };
        let before = self.before.get(&op.record);
        let after = self.after.get(&op.record);
        self.judge_refusal(op, made, outcome, before)?;
        if outcome.version().is_none() {
            return Ok(());
        }
        let after = after.ok_or("an operation with an effect left no record")?;
        require(
            self.push.scopes.contains(&after.scope),
            "a record outside the scopes was written",
        )?;
        self.judge_conflicts(made, outcome)?;
        let Some(before) = before else { return Ok(()) };
        require(
            self.push.scopes.contains(&before.scope),
            "a record outside the scopes was changed",
        )?;
        if before.collection == "notice" {
            return require(before.fields == after.fields, "a signed record changed");
        }
        if before.deleted {
            return require(before == after, "a deleted record changed or came back");
        }
        let status = |record: &Record| record.fields.get(&visit::STATUS).cloned();
        if is_approved(before) && !matches!(op.change, Change::Transition { .. }) {
            require(before.fields == after.fields, "an approved record was edited")?;
        }
        match &op.change {
            Change::Patch { fields } => {
                for (id, value) in fields {
                    self.judge_value(made, outcome, (*id, value), before, after)?;
                }
                Ok(())
            }
            Change::Add { field, element } => self.judge_addition(*field, element, before, after),
            Change::Remove { field, element } => {
                self.judge_removal(made, *field, element, before, after)
            }
            Change::Delta { field, by } => {
                let count = |record: &Record| {
                    record.fields.get(field).and_then(Value::as_integer).unwrap_or(0)
                };
                // In a group, others of the group may have counted as well.
                let alone = op.group.is_none();
                require(!alone || count(after) == count(before) + by, "a difference was not added")
            }
            Change::Transition { from, to, .. } => {
                let (was, is) = (status(before), status(after));
                let (was, is) =
                    (was.as_ref().and_then(Value::as_text), is.as_ref().and_then(Value::as_text));
                let fine = was == is || (was == Some(from) && is == Some(to));
                require(fine, "a status moved from another than the cadre saw")?;
                let known = self.server.definitions().current("visit");
                let field = known.and_then(|(_, visit)| visit.field(visit::STATUS));
                let there = was == is || field.is_none_or(|field| field.moves(from, to));
                require(there, "a status moved where no way leads")
            }
            Change::Delete => self.judge_deletion(made, before, after),
            Change::Resolve { choice, .. } => {
                self.judge_settlement(made, choice, before, after, outcome)
            }
            Change::Create { .. } | Change::Sign { .. } | Change::Move { .. } => Ok(()),
        }
    }

    fn judge_refusal(
        &self,
        op: &Op,
        made: &Made,
        outcome: &Outcome,
        before: Option<&Record>,
    ) -> Verdict {
        if op.group.is_some() {
            // Refused for the sake of another about the same record, maybe.
            let refused = matches!(outcome, Outcome::Rejected { .. });
            return require(!refused, "well-formed work was refused");
        }
        self.judge_reason(op, made, outcome, before)
    }

    /// Whether an operation's outcome is its own.
    fn judge_reason(
        &self,
        op: &Op,
        made: &Made,
        outcome: &Outcome,
        before: Option<&Record>,
    ) -> Verdict {
        let visible = |record: &Record| self.push.scopes.contains(&record.scope);
        match outcome {
            Outcome::Rejected { reason } => {
                let resigned = matches!(op.change, Change::Sign { .. }) && before.is_some();
                let named = format!("well-formed work was refused ({})", reason.name());
                require(made.poison || resigned, &named)
            }
            _ if made.poison && outcome.version().is_some() => {
                Err("what can be stored nowhere was accepted".into())
            }
            Outcome::Parked { reason: ParkReason::Deleted } => require(
                before.is_some_and(|record| record.deleted),
                "parked as deleted, and it is not",
            ),
            Outcome::Parked { reason: ParkReason::Unknown } => {
                require(before.is_none(), "parked as unknown, and it is known")
            }
            Outcome::Parked { reason: ParkReason::Schema } => {
                // A server that was restored may not have the definition any longer.
                let unknown = self.server.definitions().get(&op.definition).is_none();
                require(names_unknown_field(op) || unknown, "parked for a field that is known")
            }
            Outcome::Parked { reason: ParkReason::Role } => {
                require(self.is_for_others(op, before), "parked for a role that may")
            }
            Outcome::Parked { reason: ParkReason::Scope } => {
                let moves_out = match &op.change {
                    Change::Move { to } => !self.push.scopes.contains(to),
                    _ => false,
                };
                let settles = matches!(op.change, Change::Resolve { .. });
                let away = match before {
                    Some(record) => !visible(record),
                    None => !self.push.scopes.contains(&op.scope),
                };
                require(away || moves_out || settles, "parked as out of scope, and it is in")
            }
            _ if names_unknown_field(op) => Err("an unknown field was accepted".into()),
            _ => Ok(()),
        }
    }

    /// Whether others have to do what an operation wants: only cadres are kept from anything, and
    /// everybody from settling a conflict by a move that does not exist.
    fn is_for_others(&self, op: &Op, before: Option<&Record>) -> bool {
        let is_cadre = self.push.capacity == Capacity::Cadre;
        match &op.change {
            Change::Transition { from, to, .. } => {
                is_cadre && !HANDED_IN.contains(&(from.as_str(), to.as_str()))
            }
            Change::Delete => is_cadre,
            Change::Resolve { .. } => before.is_some_and(|conflict| {
                let of = |field| conflict.fields.get(&field).cloned();
                of(2) == Some("visit".into()) && of(3) == Some(Value::Integer(9)) || is_cadre
            }),
            _ => false,
        }
    }

    /// Who brings a record where.
    fn judge_rights(&self) -> Verdict {
        let status = |record: &Record| {
            let status = record.fields.get(&visit::STATUS).and_then(Value::as_text);
            status.filter(|_| record.collection == "visit").unwrap_or_default().to_owned()
        };
        let is_cadre = self.push.capacity == Capacity::Cadre;
        for (id, now) in &self.after {
            let was = self.before.get(id);
            let (from, to) = (was.map(status).unwrap_or_default(), status(now));
            if from != to {
                require(
                    !is_cadre || HANDED_IN.contains(&(from.as_str(), to.as_str())),
                    "a cadre decided about a visit",
                )?;
                let known = self.server.definitions().current("visit");
                let field = known.and_then(|(_, visit)| visit.field(visit::STATUS));
                let there = field.is_none_or(|field| field.moves(&from, &to));
                require(there, "a status moved where no way leads")?;
            }
            let is_gone = now.deleted && was.is_some_and(|was| !was.deleted);
            require(!is_cadre || !is_gone, "a cadre deleted a record")?;
            // What counts for nothing is not even proposed.
            let is_new = now.collection == "conflict" && was.is_none();
            let is_about = now.fields.get(&2) == Some(&Value::from("visit"));
            let side = now.fields.get(&6).filter(|_| is_new && is_about);
            let proposed = side.and_then(|side| side.get("values")?.get("9")?.as_text());
            let wanted = proposed.is_none_or(|to| HANDED_IN.iter().any(|(_, known)| *known == to));
            require(!is_cadre || wanted, "a cadre's decision was kept as a proposal")?;
        }
        Ok(())
    }

    /// What the cadre knew of a write: made on that very store, or in a version it held.
    fn knew(&self, made: &Made, mark: &Mark) -> bool {
        let own = self.server.writer_key(mark.writer).is_some_and(|key| made.past.contains(&key));
        let presented = self.push.presenter.presented(mark.writer);
        let held = made
            .held
            .is_some_and(|held| held.epoch == mark.version.epoch && held.n >= mark.version.n);
        own || presented || held
    }

    fn judge_value(
        &self,
        made: &Made,
        outcome: &Outcome,
        (id, new): (u32, &Value),
        before: &Record,
        after: &Record,
    ) -> Verdict {
        let of = |record: &Record| record.fields.get(&id).cloned().unwrap_or(Value::Null);
        let (was, is) = (of(before), of(after));
        let seen = made.shown.contains(&(id, format!("{was:?}")));
        let in_conflicts =
            |value: &Value| self.raised(outcome).any(|conflict| holds(conflict, id, value));
        if is != *new {
            require(in_conflicts(new), "a cadre's value neither stands nor is in a conflict")?;
        }
        // After a restore, what stands may be older than what the cadre saw.
        let outlived = self.past.restored && self.knew(made, before.marks.field(id));
        let excused = outlived || made.flipped || self.past.failed_over;
        let unseen = was != *new && !seen && !excused;
        if is != was && unseen {
            require(in_conflicts(&was), "a value the cadre had not seen was overwritten silently")?;
        }
        if id == household::KIND && unseen {
            require(is == was, "the server's value gave way where it must not")?;
        }
        Ok(())
    }

    fn raised<'b>(&'b self, outcome: &'b Outcome) -> impl Iterator<Item = &'b Record> {
        let ids = match outcome {
            Outcome::Conflict { conflicts, .. } => &conflicts[..],
            _ => &[],
        };
        ids.iter().filter_map(|id| self.after.get(id))
    }

    fn judge_conflicts(&self, made: &Made, outcome: &Outcome) -> Verdict {
        for conflict in self.raised(outcome) {
            let side = |field: u32| conflict.fields.get(&field).cloned().unwrap_or(Value::Null);
            let (winner, loser) = (side(5), side(6));
            require(
                winner.get("values") != loser.get("values"),
                "a conflict between equal values",
            )?;
            let at = |side: &Value| side.get("at").and_then(Value::as_integer).unwrap_or(i64::MAX);
            require(
                at(&winner).max(at(&loser)) <= self.push.received,
                "a clock that is ahead was believed",
            )?;
            let policy = side(4);
            if policy.as_text() == Some("latest") {
                require(at(&winner) >= at(&loser), "the earlier of two edits stands")?;
            }
            if self.past.is_eventful() {
                continue;
            }
            let writer = |side: &Value| {
                let incarnation = side.get("incarnation")?.as_text()?.parse().ok()?;
                let seq = u64::try_from(side.get("seq")?.as_integer()?).ok()?;
                self.server.writer_key(sync_protocol::record::Writer { incarnation, seq })
            };
            let own = made.op.key();
            let others: BTreeSet<Hash> = [writer(&winner), writer(&loser)]
                .into_iter()
                .flatten()
                .filter(|key| *key != own)
                .collect();
            let with_itself = others.iter().any(|key| made.past.contains(key));
            // A status may stand where it stood since the tablet's own move is waiting for a person.
            let excused =
                matches!(made.op.change, Change::Resolve { .. } | Change::Transition { .. });
            require(!with_itself || excused, "a tablet is in conflict with itself")?;
        }
        Ok(())
    }

    fn judge_addition(
        &self,
        field: u32,
        element: &Value,
        before: &Record,
        after: &Record,
    ) -> Verdict {
        let list = |record: &Record| {
            record.fields.get(&field).and_then(Value::as_list).unwrap_or_default().to_vec()
        };
        let (was, is) = (list(before), list(after));
        if field == household::NOTES {
            return require(
                is.len() == was.len() + 1 && is.starts_with(&was),
                "a note replaced others",
            );
        }
        require(is.contains(element), "what was added is not there")
    }

    fn judge_removal(
        &self,
        made: &Made,
        field: u32,
        element: &Value,
        before: &Record,
        after: &Record,
    ) -> Verdict {
        let has = |record: &Record| {
            let list = record.fields.get(&field).and_then(Value::as_list);
            list.is_some_and(|items| items.contains(element))
        };
        let text = element.as_text().unwrap_or_default();
        let added = before.marks.element(field, text);
        if has(before) && !has(after) && !made.flipped && !self.past.is_eventful() {
            require(self.knew(made, added), "a removal won over an addition it did not see")?;
        }
        Ok(())
    }

    fn judge_deletion(&self, made: &Made, before: &Record, after: &Record) -> Verdict {
        if !after.deleted || made.flipped || self.past.is_eventful() {
            return Ok(());
        }
        let marks = &before.marks;
        let all = std::iter::once(&marks.created)
            .chain(marks.fields.values())
            .chain(marks.elements.values().flat_map(BTreeMap::values));
        let unseen = all.filter(|mark| !self.knew(made, mark)).count();
        require(unseen == 0, "a deletion won over edits it did not see")
    }

    fn judge_settlement(
        &self,
        made: &Made,
        choice: &Resolution,
        before: &Record,
        after: &Record,
        outcome: &Outcome,
    ) -> Verdict {
        let state = |record: &Record| record.fields.get(&7).cloned();
        let was_open = state(before) == Some("open".into());
        require(was_open || before.fields == after.fields, "a settled conflict was settled again")?;
        if !was_open || matches!(choice, Resolution::Keep) || self.past.failed_over {
            return Ok(());
        }
        let subject: Option<RecordId> =
            before.fields.get(&1).and_then(Value::as_text).and_then(|id| id.parse().ok());
        let Some(subject) = subject else { return Ok(()) };
        let (Some(was), Some(is)) = (self.before.get(&subject), self.after.get(&subject)) else {
            return Ok(());
        };
        if is_approved(was) {
            let purpose = |record: &Record| record.fields.get(&visit::PURPOSE).cloned();
            require(purpose(was) == purpose(is), "settling a conflict edited an approved record")?;
        }
        let winner = before.fields.get(&5).and_then(|side| side.get("values"));
        for id in [household::ADDRESS, household::INCOME, household::INCOME_SOURCE, household::KIND]
        {
            let of = |record: &Record| record.fields.get(&id).cloned().unwrap_or(Value::Null);
            let (old, new) = (of(was), of(is));
            let known = winner.and_then(|values| values.get(&id.to_string())).cloned();
            let entry = (id, format!("{old:?}"));
            let shown = made.subject.as_ref().is_some_and(|shown| shown.contains(&entry));
            if old != new && known != Some(old.clone()) && !shown {
                let kept = self.raised(outcome).any(|conflict| holds(conflict, id, &old));
                require(kept, "settling a conflict overwrote what was written since")?;
            }
        }
        Ok(())
    }
}

fn is_approved(record: &Record) -> bool {
    let status = record.fields.get(&visit::STATUS).and_then(Value::as_text);
    record.collection == "visit" && matches!(status, Some("approved" | "rejected"))
}

fn names_unknown_field(op: &Op) -> bool {
    matches!(&op.change, Change::Patch { fields } if fields.contains_key(&household::UNKNOWN))
}

/// Whether a conflict record has this value of this field on one of its sides.
fn holds(conflict: &Record, field: u32, value: &Value) -> bool {
    [5, 6].iter().any(|side| {
        let values = conflict.fields.get(side).and_then(|side| side.get("values"));
        values.and_then(|values| values.get(&field.to_string())) == Some(value)
    })
}
