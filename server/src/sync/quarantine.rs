//! Operations that wait for a person, or that can never be applied. Their bytes stay in `ops`.

use actix_web::{get, web};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sync_protocol::record::Writer;
use sync_protocol::{Op, Outcome};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::push::{Desk, Pusher};
use super::wire::stored_as_json;
use crate::app::App;
use crate::areas;
use crate::db::schema::{ops, quarantine};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, insert_all};
use crate::devices;
use crate::http::caller::ReadQuarantine;
use crate::http::page;
use crate::http::{Kind, Permitted, Problem, Query};
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
    scope: Option<String>,
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
    /// Why, in that person's words.
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

/// What was pushed for the caller's areas and had no effect, newest first. What can't be placed in
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
    let mut held = app
        .read(move |connection| {
            let scopes = areas::scopes_under(connection, &permitted.areas)?;
            let scopes = scopes.iter().map(ToString::to_string).collect();
            let people = devices::people_in(connection, &permitted.areas)?;
            held(connection, (scopes, people), after, &query)
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

/// What is after this place: many come at one moment, so the moment alone would skip some.
fn held(
    connection: &mut AnyConnection,
    (scopes, people): (Vec<String>, Vec<Key>),
    after: Option<(Key, i64)>,
    asked: &HeldQuery,
) -> QueryResult<Vec<Held>> {
    type Place = (Key, i64, Option<Key>, Key, Option<String>, String, String, Timestamp);
    type Decided = (Option<String>, Option<Timestamp>, Option<Key>, Option<String>);
    let mut query = quarantine::table
        .inner_join(
            ops::table
                .on(ops::incarnation.eq(quarantine::incarnation).and(ops::seq.eq(quarantine::seq))),
        )
        .filter(
            quarantine::scope
                .eq_any(scopes)
                .or(quarantine::scope.is_null().and(quarantine::pushed_by.eq_any(people))),
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
            ops::body,
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
    let rows: Vec<(Place, Decided, Vec<u8>)> = query.load(connection)?;
    rows.into_iter()
        .map(|(place, (settlement, settled_at, settled_by, words), body)| {
            let (incarnation, seq, device, by, scope, kind, reason, received_at) = place;
            let at = Writer { incarnation: incarnation.into(), seq: seq as u64 };
            let op = stored_as_json(at, body);
            Ok(Held {
                incarnation: incarnation.0,
                seq,
                device: device.map(|key| key.0),
                pushed_by: by.0,
                scope,
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
        .collect()
}
