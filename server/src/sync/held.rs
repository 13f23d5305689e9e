//! Operations that had no effect, with those that stand or fall with them.

use std::collections::BTreeSet;

use diesel::prelude::*;
use mobile_schema::Value;
use sync_protocol::encoding::cbor;
use sync_protocol::op::{Change, Fields, Group, Resolution};
use sync_protocol::record::Writer;
use sync_protocol::{GroupId, Op, RecordId, ScopeId};
use uuid::Uuid;

use crate::areas;
use crate::db::schema::{ops, quarantine};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, RowLocked};
use crate::seal;

/// An operation that waits, with those of its group that are about the same record.
pub(super) struct Waiting {
    incarnation: Key,
    parts: Vec<Part>,
    pub(super) pushed_by: Key,
    pub(super) device: Option<Key>,
}

struct Part {
    seq: i64,
    scope: Option<String>,
    /// Whether its scope is no area's that there is.
    is_nowhere: bool,
    kind: String,
    reason: String,
    is_settled: bool,
    op: Option<Op>,
}

impl Waiting {
    /// The place of the first of them.
    pub(super) fn place(&self) -> Writer {
        let seq = self.parts.first().map_or(0, |part| part.seq as u64);
        Writer { incarnation: self.incarnation.into(), seq }
    }

    /// Where they are about to change something.
    pub(super) fn scopes(&self) -> Vec<ScopeId> {
        self.parts.iter().filter_map(|part| part.scope.as_ref()?.parse().ok()).collect()
    }

    /// Whether somebody has decided already.
    pub(super) fn is_settled(&self) -> bool {
        self.parts.iter().any(|part| part.is_settled)
    }

    /// Whether all it waits for is its record.
    pub(super) fn waits_for_record(&self) -> bool {
        self.parts.iter().all(|part| part.kind == "parked" && part.reason == "unknown")
    }

    /// Whether any of them had no effect for this reason.
    pub(super) fn is_for(&self, reason: &str) -> bool {
        self.parts.iter().any(|part| part.reason == reason)
    }

    /// Whether a person in charge of these scopes and people may decide: like the list, what has
    /// no scope that there is goes by who pushed it.
    pub(super) fn is_visible(&self, scopes: &BTreeSet<ScopeId>, people: &[Key]) -> bool {
        let inside = |scope: &String| scope.parse().is_ok_and(|scope| scopes.contains(&scope));
        self.parts.iter().all(|part| match &part.scope {
            Some(scope) if !part.is_nowhere => inside(scope),
            _ => people.contains(&self.pushed_by),
        })
    }

    /// The operations by their numbers, as a database can hold them; nothing where one of them
    /// can't be read.
    pub(super) fn ops(&self) -> Option<Vec<(i64, Op)>> {
        let read = |part: &Part| Some((part.seq, storable(part.op.clone()?)));
        self.parts.iter().map(read).collect()
    }

    /// Notes what became of it. Nobody's words are the program's.
    pub(super) fn settle(
        &self,
        connection: &mut AnyConnection,
        settlement: &str,
        (by, words): (Key, Option<&str>),
        now: Timestamp,
    ) -> QueryResult<()> {
        let seqs: Vec<i64> = self.parts.iter().map(|part| part.seq).collect();
        diesel::update(
            quarantine::table
                .filter(quarantine::incarnation.eq(self.incarnation))
                .filter(quarantine::seq.eq_any(seqs)),
        )
        .set((
            quarantine::settlement.eq(Some(settlement)),
            quarantine::settled_at.eq(Some(now)),
            quarantine::settled_by.eq(Some(by)),
            quarantine::words.eq(words),
        ))
        .execute(connection)?;
        Ok(())
    }

    /// Notes why it goes on waiting.
    pub(super) fn waits_for(
        &self,
        connection: &mut AnyConnection,
        (kind, reason): (&str, &str),
    ) -> QueryResult<()> {
        let seqs: Vec<i64> = self.parts.iter().map(|part| part.seq).collect();
        diesel::update(
            quarantine::table
                .filter(quarantine::incarnation.eq(self.incarnation))
                .filter(quarantine::seq.eq_any(seqs))
                .filter(quarantine::settlement.is_null()),
        )
        .set((quarantine::kind.eq(kind), quarantine::reason.eq(reason)))
        .execute(connection)?;
        Ok(())
    }
}

/// Operations as they are applied together.
pub(super) fn together(ops: impl IntoIterator<Item = Op>) -> Vec<Op> {
    let mut ops: Vec<Op> = ops.into_iter().collect();
    let size = u16::try_from(ops.len()).unwrap_or(u16::MAX);
    let group = (size > 1).then(|| Group { id: GroupId(Uuid::now_v7()), size });
    for op in &mut ops {
        op.group = group;
    }
    ops
}

/// The operation at a place and those that stand or fall with it, locked.
pub(super) fn find(
    connection: &mut AnyConnection,
    incarnation: Key,
    seq: i64,
) -> QueryResult<Option<Waiting>> {
    type Row = (i64, Option<String>, String, String, Option<Key>, Option<String>);
    let columns = (
        quarantine::seq,
        quarantine::scope,
        quarantine::kind,
        quarantine::reason,
        quarantine::unit,
        quarantine::settlement,
    );
    let whose = (quarantine::pushed_by, quarantine::device_id);
    let query = quarantine::table.find((incarnation, seq)).select((columns, whose));
    let found: Option<(Row, (Key, Option<Key>))> =
        RowLocked(query).get_result(connection).optional()?;
    let Some((first, (pushed_by, device))) = found else { return Ok(None) };
    let rows: Vec<Row> = match first.4 {
        None => vec![first],
        Some(unit) => {
            let query = quarantine::table
                .filter(quarantine::incarnation.eq(incarnation).and(quarantine::unit.eq(unit)))
                .order(quarantine::seq)
                .select(columns);
            RowLocked(query).get_results(connection)?
        }
    };
    let seqs: Vec<i64> = rows.iter().map(|(seq, ..)| *seq).collect();
    let named = rows.iter().filter_map(|(_, scope, ..)| scope.as_deref());
    let known = areas::names_of(connection, named)?;
    let bodies: Vec<(i64, Vec<u8>)> = ops::table
        .filter(ops::incarnation.eq(incarnation).and(ops::seq.eq_any(seqs)))
        .select((ops::seq, ops::body))
        .load(connection)?;
    let mut parts = Vec::with_capacity(rows.len());
    for (seq, scope, kind, reason, _, settlement) in rows {
        let body = bodies.iter().find(|(at, _)| *at == seq).map(|(_, body)| body.clone());
        let place = Writer { incarnation: incarnation.into(), seq: seq as u64 };
        let op = body.map(|body| seal::open_body(place, body)).transpose()?;
        let op = op.and_then(|body| read(&body));
        let is_nowhere = scope.as_ref().is_none_or(|scope| !known.contains_key(scope));
        let is_settled = settlement.is_some();
        parts.push(Part { seq, scope, is_nowhere, kind, reason, is_settled, op });
    }
    // What came in one group and is about other records waits, or not, by itself.
    let about = parts.iter().find(|part| part.seq == seq).and_then(record_of);
    parts.retain(|part| part.seq == seq || (about.is_some() && record_of(part) == about));
    Ok(Some(Waiting { incarnation, parts, pushed_by, device }))
}

fn record_of(part: &Part) -> Option<RecordId> {
    part.op.as_ref().map(|op| op.record)
}

/// The operation at a place, if it is one.
pub(super) fn op_at(
    connection: &mut AnyConnection,
    incarnation: Key,
    seq: i64,
) -> QueryResult<Option<Op>> {
    let body: Option<Vec<u8>> =
        ops::table.find((incarnation, seq)).select(ops::body).first(connection).optional()?;
    let Some(body) = body else { return Ok(None) };
    let place = Writer { incarnation: incarnation.into(), seq: seq as u64 };
    Ok(read(&seal::open_body(place, body)?))
}

/// A kept operation, if it is one: what was too large came as CBOR and was kept so.
fn read(body: &[u8]) -> Option<Op> {
    serde_json::from_slice(body).ok().or_else(|| cbor::read_op(body).ok())
}

/// An operation as any database can hold it: U+0000 is shown as what it is.
fn storable(mut op: Op) -> Op {
    match &mut op.change {
        Change::Create { fields } | Change::Patch { fields } | Change::Sign { fields } => {
            all_storable(fields);
        }
        Change::Add { element, .. } | Change::Remove { element, .. } => clean(element),
        Change::Resolve { choice, reason } => {
            *reason = without_nul(reason);
            if let Resolution::Edit { fields } = choice {
                all_storable(fields);
            }
        }
        Change::Transition { .. } | Change::Delta { .. } | Change::Delete | Change::Move { .. } => {
        }
    }
    op
}

fn all_storable(fields: &mut Fields) {
    fields.values_mut().for_each(clean);
}

fn clean(value: &mut Value) {
    match value {
        Value::Text(text) if text.contains('\0') => *text = without_nul(text),
        Value::List(items) => items.iter_mut().for_each(clean),
        Value::Map(entries) => {
            let cleaned = std::mem::take(entries).into_iter().map(|(name, mut inner)| {
                clean(&mut inner);
                (without_nul(&name), inner)
            });
            *entries = cleaned.collect();
        }
        _ => {}
    }
}

fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{2400}")
}
