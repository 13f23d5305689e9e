//! The server's sync log: what each exchange of a tablet came to.
//!
//! Lines gather in memory and are written a batch at a time, so that an exchange without news
//! still costs no write. A server that is killed loses the last second of them.

use std::sync::{Mutex, PoisonError};

use actix_web::{HttpRequest, get, web};
use diesel::prelude::*;
use serde::Serialize;
use sync_protocol::DeviceId;
use sync_protocol::log::{Attempt, Language as Words};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::db::schema::sync_log;
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{AnyConnection, insert_all};
use crate::devices;
use crate::http::caller::ReadSyncLog;
use crate::http::page::{self, Page, PageQuery};
use crate::http::problem::Language;
use crate::http::{Kind, Permitted, Problem, Query};
use crate::limits;

#[derive(Clone, Insertable)]
#[diesel(table_name = sync_log)]
struct LogRow {
    id: Key,
    device_id: Key,
    at: Timestamp,
    attempt: JsonText,
}

/// Lines that are not written yet.
#[derive(Default)]
pub struct Log(Mutex<Pending>);

#[derive(Default)]
struct Pending {
    rows: Vec<LogRow>,
    since: Option<Timestamp>,
}

/// Lines that wait at most.
const MOST_PENDING: usize = 100;

impl Log {
    /// Keeps a line; gives back those to write, once they are many or have waited for a second.
    fn keep(&self, device: DeviceId, attempt: &Attempt, now: Timestamp) -> Vec<LogRow> {
        let (id, attempt) = (Key(Uuid::now_v7()), JsonText::of(attempt));
        let row = LogRow { id, device_id: device.into(), at: now, attempt };
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pending.rows.push(row);
        let since = *pending.since.get_or_insert(now);
        if pending.rows.len() < MOST_PENDING && now < since.plus_seconds(1) {
            return Vec::new();
        }
        pending.since = None;
        std::mem::take(&mut pending.rows)
    }

    fn take(&self) -> Vec<LogRow> {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pending.since = None;
        std::mem::take(&mut pending.rows)
    }
}

/// Keeps a line of the log.
pub(super) fn note(app: &web::Data<App>, device: DeviceId, attempt: &Attempt, now: Timestamp) {
    let due = app.sync_log.keep(device, attempt, now);
    if due.is_empty() {
        return;
    }
    let app = app.clone();
    actix_web::rt::spawn(async move {
        if let Err(problem) = store(&app, due).await {
            tracing::warn!(%problem, "lines of the sync log are lost");
        }
    });
}

async fn store(app: &App, rows: Vec<LogRow>) -> Result<(), Problem> {
    if rows.is_empty() {
        return Ok(());
    }
    app.write(move |connection| insert_all!(connection, sync_log::table, rows.clone())).await
}

/// Writes what waits, and throws away what is too old.
pub async fn tidy_log(app: &App) -> Result<(), Problem> {
    store(app, app.sync_log.take()).await?;
    let before = app.now().plus_seconds(-limits::SYNC_LOG_KEPT);
    app.write(move |connection| {
        diesel::delete(sync_log::table.filter(sync_log::at.lt(before))).execute(connection)?;
        Ok(())
    })
    .await
}

/// One exchange of a tablet.
#[derive(Serialize, ToSchema)]
struct Line {
    id: Uuid,
    /// When, by the server's clock.
    #[schema(value_type = String)]
    at: Timestamp,
    /// The line as a person reads it, in the caller's language.
    words: String,
    /// Bytes, operations, rows, duration, and what it came to.
    #[schema(value_type = Object)]
    attempt: Attempt,
}

/// What the exchanges of a tablet came to, newest first.
#[utoipa::path(tag = "devices", params(PageQuery), responses((status = 200, body = Page<Line>)))]
#[get("/api/v1/devices/{id}/log")]
async fn show(
    permitted: Permitted<ReadSyncLog>,
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<Uuid>,
    query: Query<PageQuery>,
) -> Result<web::Json<Page<Line>>, Problem> {
    let query = query.read()?;
    let (device, limit) = (DeviceId(id.into_inner()), page::limit(query.limit));
    store(&app, app.sync_log.take()).await?;
    let words = match Language::of(&request) {
        Language::Chinese => Words::Chinese,
        Language::English => Words::English,
    };
    let now = app.now();
    let lines = app
        .read(move |connection| {
            if !devices::is_in(connection, &permitted.areas, device, now)? {
                return Ok(None);
            }
            lines(connection, device, query.after, limit).map(Some)
        })
        .await?
        .ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?;
    let lines: Vec<Line> = lines
        .into_iter()
        .map(|(id, at, attempt)| Line { id: id.0, at, words: attempt.in_words(words), attempt })
        .collect();
    Ok(web::Json(Page::of(lines, limit, |line| line.id)))
}

fn lines(
    connection: &mut AnyConnection,
    device: DeviceId,
    before: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<(Key, Timestamp, Attempt)>> {
    let rows: Vec<(Key, Timestamp, JsonText)> = sync_log::table
        .filter(sync_log::device_id.eq(Key::from(device)))
        .filter(sync_log::id.lt(Key(before.unwrap_or(Uuid::max()))))
        .order(sync_log::id.desc())
        .limit(limit)
        .select((sync_log::id, sync_log::at, sync_log::attempt))
        .load(connection)?;
    rows.into_iter().map(|(id, at, attempt)| Ok((id, at, attempt.read()?))).collect()
}

/// The log's routes.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(show);
}
