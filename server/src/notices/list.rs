//! Lists of notifications: those in the log, the newest first, and those that are not, with what
//! was found about them.

use actix_web::{get, web};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use sync_protocol::RecordId;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store;
use crate::app::App;
use crate::areas;
use crate::db::schema::{log_entries, records};
use crate::db::types::Key;
use crate::db::{AnyConnection, MultiBackend, containing};
use crate::http::caller::ReadDeliveries;
use crate::http::page::{self, Page};
use crate::http::{Permitted, Problem, Query};
use crate::records::open_rules;

diesel::alias!(records as homes: Homes);

/// Which notifications.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct NoticesQuery {
    /// An area; everywhere the caller may look, where it isn't said.
    area: Option<String>,
    /// `logged`: countersigned and in the log, the newest first; `open`: not in it, because a photo
    /// is still to come or something is wrong.
    #[param(inline)]
    standing: Option<Standing>,
    /// Only those of households whose line has these words in it.
    household: Option<String>,
    /// The `next` of the page before; absent for the first.
    after: Option<Uuid>,
    /// How many at most.
    limit: Option<i64>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Logged,
    Open,
}

/// A line of the list.
#[derive(Serialize, ToSchema)]
struct NoticeLine {
    id: Uuid,
    title: Option<String>,
    household: Option<Uuid>,
    /// The line people recognise the household by.
    household_title: Option<String>,
    village: String,
    /// `signed`, `refused` or `paper`.
    outcome: Option<String>,
    /// The receipt number.
    position: Option<i64>,
    /// The rules of what was found about it and is open.
    findings: Vec<String>,
}

type Row = (
    (Key, String, Option<String>, Option<Key>, Option<String>),
    (Option<String>, Option<String>, Option<i64>),
);

/// A page of notifications. The next page costs what the first does.
#[utoipa::path(tag = "notices", params(NoticesQuery), responses((status = 200, body = Page<NoticeLine>)))]
#[get("/api/v1/notices")]
pub(super) async fn list(
    permitted: Permitted<ReadDeliveries>,
    app: web::Data<App>,
    query: Query<NoticesQuery>,
) -> Result<web::Json<Page<NoticeLine>>, Problem> {
    let NoticesQuery { area, standing, household, after, limit } = query.read()?;
    let limit = page::limit(limit);
    let words = household.filter(|words| !words.is_empty());
    let lines = app
        .read(move |connection| {
            let scopes = areas::scopes_within(connection, &permitted.areas, area.as_deref())?;
            let rows = match standing.unwrap_or(Standing::Logged) {
                Standing::Logged => logged(connection, &scopes, words.as_deref(), after, limit)?,
                Standing::Open => open(connection, &scopes, words.as_deref(), after, limit)?,
            };
            lines(connection, rows, &scopes)
        })
        .await?;
    Ok(web::Json(Page::of(lines, limit, |line| line.id)))
}

macro_rules! columns {
    () => {
        (
            (
                records::id,
                records::scope,
                records::title,
                records::subject,
                homes.field(records::title).nullable(),
            ),
            (
                homes.field(records::scope).nullable(),
                records::status,
                log_entries::position.nullable(),
            ),
        )
    };
}

/// Whether the household's line has these words in it.
macro_rules! of_household {
    ($words:expr) => {
        homes.field(records::title).like(containing($words)).escape('\\')
    };
}

fn logged(
    connection: &mut AnyConnection,
    scopes: &[String],
    words: Option<&str>,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Row>> {
    let before = match after {
        Some(id) => store::position(connection, RecordId(id))?,
        None => None,
    };
    let query = log_entries::table
        .inner_join(records::table.on(records::id.eq(log_entries::notice)))
        .left_join(homes.on(homes.field(records::id).nullable().eq(records::subject)))
        .filter(records::scope.eq_any(scopes).and(records::deleted.eq(false)))
        .filter(log_entries::position.lt(before.map_or(i64::MAX, |before| before as i64)))
        .order(log_entries::position.desc())
        .limit(limit)
        .select(columns!())
        .into_boxed::<MultiBackend>();
    match words {
        Some(words) => query.filter(of_household!(words)).load(connection),
        None => query.load(connection),
    }
}

fn open(
    connection: &mut AnyConnection,
    scopes: &[String],
    words: Option<&str>,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Row>> {
    let query = records::table
        .left_join(log_entries::table.on(log_entries::notice.eq(records::id)))
        .left_join(homes.on(homes.field(records::id).nullable().eq(records::subject)))
        .filter(records::collection.eq("notice").and(records::deleted.eq(false)))
        .filter(records::scope.eq_any(scopes))
        .filter(log_entries::position.nullable().is_null())
        .filter(records::id.gt(Key(after.unwrap_or(Uuid::nil()))))
        .order(records::id)
        .limit(limit)
        .select(columns!())
        .into_boxed::<MultiBackend>();
    match words {
        Some(words) => query.filter(of_household!(words)).load(connection),
        None => query.load(connection),
    }
}

/// Households outside of `scopes` are not named.
fn lines(
    connection: &mut AnyConnection,
    rows: Vec<Row>,
    scopes: &[String],
) -> QueryResult<Vec<NoticeLine>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.0.0.0).collect();
    let mut findings = open_rules(connection, &ids)?;
    let villages = areas::names_of(connection, rows.iter().map(|row| row.0.1.as_str()))?;
    let line = |(record, (lives_in, outcome, position)): Row| {
        let (id, scope, title, household, household_title) = record;
        let is_theirs = lives_in.is_some_and(|scope| scopes.contains(&scope));
        let village = villages.get(&scope).cloned().unwrap_or(scope);
        NoticeLine {
            id: id.0,
            title,
            household: household.map(|key| key.0),
            household_title: household_title.filter(|_| is_theirs),
            village,
            outcome,
            position,
            findings: findings.remove(&id.0).unwrap_or_default(),
        }
    };
    Ok(rows.into_iter().map(line).collect())
}
