//! Operations that wait for a person, or that can never be applied. Their bytes stay in `ops`.

use std::collections::BTreeMap;

use actix_web::{get, web};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use mobile_schema::Catalogue;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sync_protocol::record::Writer;
use sync_protocol::{Op, Outcome};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::push::{Desk, Pusher};
use super::settle::is_for_an_office;
use super::wire::stored_as_json;
use crate::app::App;
use crate::areas;
use crate::db::schema::{ops, quarantine, records, users};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, insert_all};
use crate::devices;
use crate::http::caller::ReadQuarantine;
use crate::http::page;
use crate::http::{Kind, Permitted, Problem, Query};
use crate::limits::PAGE_OF_HELD;
use crate::privacy::{self, What, mask};

#[derive(Insertable)]
#[diesel(table_name = quarantine, treat_none_as_default_value = false)]
pub(super) struct QuarantineRow {
    incarnation: Key,
    seq: i64,
    device_id: Option<Key>,
    pushed_by: Key,
    scope: Option<String>,
    kind: &'static str,
    reason: &'static str,
    received_at: Timestamp,
    unit: Option<Key>,
    record: Option<Key>,
}

impl QuarantineRow {
    /// The row for an operation that had no effect.
    pub(super) fn of(
        pusher: &Pusher<'_>,
        place: Writer,
        op: Option<&Op>,
        outcome: &Outcome,
        desk: &Desk<'_>,
    ) -> Option<Self> {
        let reason = match outcome {
            Outcome::Parked { reason } => reason.name(),
            Outcome::Rejected { reason } => reason.name(),
            _ => return None,
        };
        Some(Self {
            incarnation: place.incarnation.into(),
            seq: place.seq as i64,
            device_id: pusher.owner.device().map(Key::from),
            pushed_by: pusher.user.into(),
            scope: op.map(|op| op.scope.to_string()),
            kind: outcome.name(),
            reason,
            received_at: desk.now,
            unit: op.and_then(|op| op.group).map(|group| Key(group.id.0)),
            record: op.map(|op| op.record.into()),
        })
    }
}

/// Keeps what has no effect, in sight of a person.
pub(super) fn keep(connection: &mut AnyConnection, rows: Vec<QuarantineRow>) -> QueryResult<()> {
    insert_all!(connection, quarantine::table, rows)
}

/// An operation that waits for a person, or that can never be applied.
#[derive(Serialize, ToSchema)]
struct Held {
    incarnation: Uuid,
    seq: i64,
    /// The tablet it came from; none if a person in a browser made it.
    device: Option<Uuid>,
    pushed_by: Uuid,
    /// The name of whoever pushed it.
    by: Option<String>,
    scope: Option<String>,
    /// The name of the village.
    village: Option<String>,
    /// The record it is about, where it can be read.
    record: Option<Uuid>,
    /// Whether that record is there.
    is_there: bool,
    /// What it came with, if with anything: what is about the same record is decided about together.
    unit: Option<Uuid>,
    /// Whether it could be applied, as it is or put right.
    applicable: bool,
    /// `parked` or `rejected`
    kind: String,
    reason: String,
    #[schema(value_type = String)]
    received_at: Timestamp,
    /// `applied` or `discarded`, once somebody has decided.
    settlement: Option<String>,
    #[schema(value_type = Option<String>)]
    settled_at: Option<Timestamp>,
    settled_by: Option<Uuid>,
    /// Why, in that person's words; none where it took effect by itself, when its record arrived.
    words: Option<String>,
    /// The operation as it came.
    #[schema(value_type = Object)]
    op: Box<RawValue>,
}

/// Which of them are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct HeldQuery {
    /// Whether those that somebody has decided about are wanted, too.
    #[serde(default)]
    settled: bool,
    /// The last one of the page before, as `INCARNATION/SEQ`; absent for the first page.
    after: Option<String>,
    /// How many at most.
    limit: Option<i64>,
    /// Why sensitive values are needed, in the person's words; it is kept with their name. Without
    /// it they are masked.
    reason: Option<String>,
}

/// What was pushed for the caller's areas and had no effect, newest first. A page may have fewer than
/// were asked for, where they are large; the last one is followed by an empty page. What can't be placed in
/// any area is shown to those whose areas its pusher works in.
#[utoipa::path(tag = "sync", params(HeldQuery), responses((status = 200, body = Vec<Held>)))]
#[get("/api/v1/quarantine")]
pub(super) async fn list(
    permitted: Permitted<ReadQuarantine>,
    app: web::Data<App>,
    query: Query<HeldQuery>,
) -> Result<web::Json<Vec<Held>>, Problem> {
    let mut query = query.read()?;
    let after = query.after.as_deref().map(place).transpose()?;
    let what = What::Register("quarantine".to_owned());
    let revealed = privacy::reveal(&app, &permitted.caller, what, query.reason.take()).await?;
    let catalogue = app.definitions();
    let mut held = app
        .read(move |connection| {
            let scopes = areas::scopes_under(connection, &permitted.areas)?;
            let scopes = scopes.iter().map(ToString::to_string).collect();
            let people = devices::people_in(connection, &permitted.areas)?;
            held(connection, &catalogue, (scopes, people), after, &query)
        })
        .await?;
    if !revealed.is_somewhere() {
        let definitions = app.definitions();
        for one in &mut held {
            one.op = mask::operation(&one.op, &definitions);
        }
    }
    Ok(web::Json(held))
}

fn place(text: &str) -> Result<(Key, i64), Problem> {
    let place = text
        .split_once('/')
        .and_then(|(incarnation, seq)| Some((Key(incarnation.parse().ok()?), seq.parse().ok()?)));
    place.ok_or_else(|| Problem::new(&Kind::MALFORMED).detail("after: INCARNATION/SEQ"))
}

/// As many as fit on a page by the bytes of their operations, the last of each.
fn on_one_page<A, B, C>(rows: Vec<(A, B, C, i64)>) -> Vec<(A, B, C, i64)> {
    let mut bytes = 0;
    let fits = |(_, _, _, length): &(A, B, C, i64)| {
        let is_first = bytes == 0;
        bytes += length;
        is_first || bytes <= PAGE_OF_HELD
    };
    rows.into_iter().take_while(fits).collect()
}

/// The bytes of operations at these places.
fn bodies(
    connection: &mut AnyConnection,
    places: impl Iterator<Item = (Key, i64)>,
) -> QueryResult<BTreeMap<(Key, i64), Vec<u8>>> {
    let mut of_chain: BTreeMap<Key, Vec<i64>> = BTreeMap::new();
    for (incarnation, seq) in places {
        of_chain.entry(incarnation).or_default().push(seq);
    }
    let mut found = BTreeMap::new();
    for (incarnation, seqs) in of_chain {
        let rows: Vec<(i64, Vec<u8>)> = ops::table
            .filter(ops::incarnation.eq(incarnation).and(ops::seq.eq_any(seqs)))
            .select((ops::seq, ops::body))
            .load(connection)?;
        found.extend(rows.into_iter().map(|(seq, body)| ((incarnation, seq), body)));
    }
    Ok(found)
}

/// What names no area that there is.
const NOWHERE: &str =
    "(NOT EXISTS (SELECT 1 FROM areas WHERE 'area:' || areas.code = quarantine.scope))";

/// What is after this place: many come at one moment, so the moment alone would skip some.
fn held(
    connection: &mut AnyConnection,
    catalogue: &Catalogue,
    (scopes, people): (Vec<String>, Vec<Key>),
    after: Option<(Key, i64)>,
    asked: &HeldQuery,
) -> QueryResult<Vec<Held>> {
    type Place = (Key, i64, Option<Key>, Key, Option<String>, String, String, Timestamp);
    type About = (Option<Key>, Option<String>);
    type Decided = (Option<String>, Option<Timestamp>, Option<Key>, Option<String>);
    let mut query = quarantine::table
        .inner_join(
            ops::table
                .on(ops::incarnation.eq(quarantine::incarnation).and(ops::seq.eq(quarantine::seq))),
        )
        .left_join(users::table.on(users::id.eq(quarantine::pushed_by)))
        .filter(
            quarantine::scope
                .eq_any(scopes)
                // Of a place that is none, whoever answers for its pusher decides.
                .or(sql::<Bool>(NOWHERE).and(quarantine::pushed_by.eq_any(people))),
        )
        .order((quarantine::received_at.desc(), quarantine::incarnation, quarantine::seq))
        .limit(page::limit(asked.limit))
        .select((
            (
                quarantine::incarnation,
                quarantine::seq,
                quarantine::device_id,
                quarantine::pushed_by,
                quarantine::scope,
                quarantine::kind,
                quarantine::reason,
                quarantine::received_at,
            ),
            (
                quarantine::settlement,
                quarantine::settled_at,
                quarantine::settled_by,
                quarantine::words,
            ),
            (quarantine::unit, users::display_name.nullable()),
            sql::<BigInt>("CAST(LENGTH(ops.body) AS BIGINT)"),
        ))
        .into_boxed();
    if let Some((incarnation, seq)) = after {
        let at: Option<Timestamp> = quarantine::table
            .find((incarnation, seq))
            .select(quarantine::received_at)
            .first(connection)
            .optional()?;
        let Some(at) = at else { return Ok(Vec::new()) };
        let later = quarantine::incarnation
            .gt(incarnation)
            .or(quarantine::incarnation.eq(incarnation).and(quarantine::seq.gt(seq)));
        query = query
            .filter(quarantine::received_at.lt(at).or(quarantine::received_at.eq(at).and(later)));
    }
    if !asked.settled {
        query = query.filter(quarantine::settlement.is_null());
    }
    let rows: Vec<(Place, Decided, About, i64)> = query.load(connection)?;
    let rows = on_one_page(rows);
    let mut bodies = bodies(connection, rows.iter().map(|(place, ..)| (place.0, place.1)))?;
    let scopes = rows.iter().filter_map(|((_, _, _, _, scope, ..), ..)| scope.as_deref());
    let villages = areas::names_of(connection, scopes)?;
    let mut all = rows
        .into_iter()
        .map(|(place, (settlement, settled_at, settled_by, words), (unit, name), _)| {
            let (incarnation, seq, device, by, scope, kind, reason, received_at) = place;
            let at = Writer { incarnation: incarnation.into(), seq: seq as u64 };
            let body = bodies.remove(&(incarnation, seq)).ok_or(diesel::NotFound)?;
            let op = stored_as_json(at, body);
            let read: Option<Op> = serde_json::from_str(op.get()).ok();
            Ok(Held {
                incarnation: incarnation.0,
                seq,
                device: device.map(|key| key.0),
                pushed_by: by.0,
                by: name,
                village: scope.as_ref().and_then(|scope| villages.get(scope).cloned()),
                scope,
                record: read.as_ref().map(|op| op.record.0),
                is_there: false,
                unit: unit.map(|key| key.0),
                applicable: reason != "immutable"
                    && read.as_ref().is_some_and(|op| is_for_an_office(catalogue, op)),
                kind,
                reason,
                received_at,
                settlement,
                settled_at,
                settled_by: settled_by.map(|key| key.0),
                words,
                op,
            })
        })
        .collect::<QueryResult<Vec<Held>>>()?;
    let about: Vec<Key> = all.iter().filter_map(|held| held.record).map(Key).collect();
    let there: Vec<Key> = records::table
        .filter(records::id.eq_any(about).and(records::deleted.eq(false)))
        .select(records::id)
        .load(connection)?;
    for held in &mut all {
        held.is_there = held.record.is_some_and(|id| there.contains(&Key(id)));
    }
    Ok(all)
}
