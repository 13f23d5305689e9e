//! Operations that wait for a person, or that can never be applied. Their bytes stay in `ops`.

use actix_web::{get, web};
use diesel::prelude::*;
use serde::Serialize;
use serde_json::value::RawValue;
use sync_protocol::record::Writer;
use sync_protocol::{Op, Outcome};
use utoipa::ToSchema;
use uuid::Uuid;

use super::push::Pusher;
use crate::app::App;
use crate::areas;
use crate::db::schema::{ops, quarantine};
use crate::db::types::{Key, Timestamp};
use crate::db::{AnyConnection, insert_all};
use crate::http::caller::ReadQuarantine;
use crate::http::page;
use crate::http::{Permitted, Problem};

#[derive(Insertable)]
#[diesel(table_name = quarantine)]
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
            received_at: pusher.now,
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
    /// The operation as it came.
    #[schema(value_type = Object)]
    op: Box<RawValue>,
}

/// What was pushed for the caller's areas and had no effect, newest first.
#[utoipa::path(tag = "sync", responses((status = 200, body = Vec<Held>)))]
#[get("/api/v1/quarantine")]
pub(super) async fn list(
    permitted: Permitted<ReadQuarantine>,
    app: web::Data<App>,
) -> Result<web::Json<Vec<Held>>, Problem> {
    let held = app
        .read(move |connection| {
            let scopes = areas::scopes_under(connection, &permitted.areas)?;
            held(connection, scopes.iter().map(ToString::to_string).collect())
        })
        .await?;
    Ok(web::Json(held))
}

fn held(connection: &mut AnyConnection, scopes: Vec<String>) -> QueryResult<Vec<Held>> {
    type Row = (Key, i64, Option<Key>, Key, Option<String>, String, String, Timestamp, Vec<u8>);
    let rows: Vec<Row> = quarantine::table
        .inner_join(
            ops::table
                .on(ops::incarnation.eq(quarantine::incarnation).and(ops::seq.eq(quarantine::seq))),
        )
        .filter(quarantine::scope.eq_any(scopes))
        .order(quarantine::received_at.desc())
        .limit(page::limit(None))
        .select((
            quarantine::incarnation,
            quarantine::seq,
            quarantine::device_id,
            quarantine::pushed_by,
            quarantine::scope,
            quarantine::kind,
            quarantine::reason,
            quarantine::received_at,
            ops::body,
        ))
        .load(connection)?;
    rows.into_iter()
        .map(|(incarnation, seq, device, by, scope, kind, reason, received_at, body)| {
            let op = serde_json::from_slice(&body)
                .map_err(|error| diesel::result::Error::DeserializationError(error.into()))?;
            let (incarnation, device, pushed_by) = (incarnation.0, device.map(|key| key.0), by.0);
            Ok(Held { incarnation, seq, device, pushed_by, scope, kind, reason, received_at, op })
        })
        .collect()
}
