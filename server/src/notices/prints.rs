//! Many notifications printed together: in parts, by whichever replica comes first, with progress.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, get, post, web};
use bytes::Bytes;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_protocol::RecordId;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{pdf, store};
use crate::app::App;
use crate::areas::{self, AreaPath};
use crate::audit::{self, Did};
use crate::db::schema::{log_entries, print_parts, prints, records};
use crate::db::types::{JsonText, Key, Timestamp};
use crate::db::{AnyConnection, Failed, STATEMENT_ROWS};
use crate::http::caller::PrintNotices;
use crate::http::{Body, Kind, Permitted, Problem};
use crate::jobs::{self, JobKind};
use crate::limits::{MAX_BLOB, MAX_PRINTED, PRINTS_KEPT};
use crate::media_store::{MediaError, ObjectName};
use crate::sync::check_reason;

/// Notifications in a part: a pile that is carried, and memory that is had.
const PART: usize = 100;

/// What is to be printed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Order {
    /// The area whose notifications are printed.
    area: String,
    /// The name of a template; all of them, where it isn't said.
    template: Option<String>,
    /// Why, in the person's words; it is kept with their name.
    reason: String,
}

/// How far the printing has come.
#[derive(Serialize, ToSchema)]
struct Print {
    id: Uuid,
    area: String,
    notices: i64,
    #[schema(value_type = String)]
    asked_at: Timestamp,
    /// The files, in the order of villages and households.
    parts: Vec<Part>,
    /// Parts that are printed.
    printed: usize,
}

/// A file of a printing.
#[derive(Serialize, ToSchema)]
struct Part {
    part: i64,
    notices: usize,
    /// Its bytes, once it is printed.
    length: Option<i64>,
    /// Why it is not printed yet, where that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Has all notifications of an area that are in the log, and were not replaced, printed for the
/// households: PDF files of at most 100 each, kept for seven days.
#[utoipa::path(tag = "notices", request_body = Order, responses((status = 202, body = Print)))]
#[post("/api/v1/notices/prints")]
pub(super) async fn order(
    permitted: Permitted<PrintNotices>,
    app: web::Data<App>,
    body: Body<Order>,
) -> Result<HttpResponse, Problem> {
    let Order { area, template, reason } = body.read().await?;
    check_reason(&reason)?;
    let (user, now, id) = (permitted.caller.user, app.now(), Uuid::now_v7());
    let ordered: Result<Option<Print>, Failed<Problem>> = app
        .database
        .write(move |connection| {
            let path = areas::paths_of(connection, std::slice::from_ref(&area))?.pop();
            let path = path.filter(|path| is_in(path, &permitted.areas));
            let path = path.ok_or_else(|| Failed::Rule(Problem::new(&Kind::NOT_FOUND)))?;
            let notices = of_area(connection, &path, template.as_deref())?;
            if notices.len() > MAX_PRINTED {
                let problem = Problem::new(&Kind::TOO_LARGE).with("limit", MAX_PRINTED);
                return Err(Failed::Rule(problem));
            }
            if notices.is_empty() {
                return Err(Failed::Rule(Problem::new(&Kind::NOT_FOUND).detail("notices")));
            }
            diesel::insert_into(prints::table)
                .values((
                    prints::id.eq(Key(id)),
                    prints::area_code.eq(&area),
                    prints::asked_by.eq(Key::from(user)),
                    prints::reason.eq(&reason),
                    prints::asked_at.eq(now),
                    prints::notices.eq(notices.len() as i64),
                ))
                .execute(connection)?;
            for (part, notices) in notices.chunks(PART).enumerate() {
                let ids: Vec<Uuid> = notices.iter().map(|key| key.0).collect();
                diesel::insert_into(print_parts::table)
                    .values((
                        print_parts::print.eq(Key(id)),
                        print_parts::part.eq(part as i64),
                        print_parts::notices.eq(JsonText::of(&ids)),
                    ))
                    .execute(connection)?;
                jobs::ask(connection, JobKind::Print, &format!("{id}/{part}"), now)?;
            }
            let detail = json!({ "area": area, "notices": notices.len(), "reason": reason });
            audit::note(connection, user, Did::PrintNotices, id, detail, now)?;
            Ok(find(connection, id, &permitted.areas)?)
        })
        .await;
    let print = ordered.map_err(Problem::from)?.ok_or_else(|| Problem::new(&Kind::INTERNAL))?;
    app.jobs.ring();
    Ok(HttpResponse::build(StatusCode::ACCEPTED).json(print))
}

/// How far a printing has come.
#[utoipa::path(tag = "notices", responses((status = 200, body = Print)))]
#[get("/api/v1/notices/prints/{id}")]
pub(super) async fn progress(
    permitted: Permitted<PrintNotices>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<web::Json<Print>, Problem> {
    let id = id.into_inner();
    let found = app.read(move |connection| find(connection, id, &permitted.areas)).await?;
    found.map(web::Json).ok_or_else(|| Problem::new(&Kind::NOT_FOUND))
}

/// A file of a printing.
#[utoipa::path(tag = "notices", responses((status = 200, description = "The file (PDF)")))]
#[get("/api/v1/notices/prints/{id}/{part}.pdf")]
pub(super) async fn file(
    permitted: Permitted<PrintNotices>,
    app: web::Data<App>,
    place: web::Path<(Uuid, i64)>,
) -> Result<HttpResponse, Problem> {
    let (id, part) = place.into_inner();
    let found = app.read(move |connection| find(connection, id, &permitted.areas)).await?;
    let not_found = || Problem::new(&Kind::NOT_FOUND);
    let part = found.ok_or_else(not_found)?.parts.into_iter().find(|one| one.part == part);
    let part = part.ok_or_else(not_found)?;
    if part.length.is_none() {
        return Err(Problem::new(&Kind::UNAVAILABLE).retry_after(2));
    }
    let bytes = match app.media.whole(name(id, part.part), MAX_BLOB).await {
        Err(MediaError::Missing) => return Err(not_found()),
        bytes => bytes?,
    };
    Ok(answer(bytes, &format!("{id}-{}.pdf", part.part + 1)))
}

/// A file that is shown and not kept by others.
pub(super) fn answer(pdf: impl Into<Bytes>, file_name: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{file_name}\"")))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(pdf.into())
}

fn is_in(path: &AreaPath, permitted: &[AreaPath]) -> bool {
    permitted.iter().any(|permitted| path.is_in(permitted))
}

fn name(print: Uuid, part: i64) -> ObjectName {
    ObjectName::Print(print, part)
}

/// The notifications of an area that are in the log and were not replaced, village by village.
fn of_area(
    connection: &mut AnyConnection,
    path: &AreaPath,
    template: Option<&str>,
) -> QueryResult<Vec<Key>> {
    let scopes = areas::scopes_under(connection, std::slice::from_ref(path))?;
    let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
    type Row = (Key, Vec<u8>, Option<Vec<u8>>);
    let rows: Vec<Row> = log_entries::table
        .inner_join(records::table.on(records::id.eq(log_entries::notice)))
        .filter(records::scope.eq_any(scopes))
        .order((records::scope, records::subject, log_entries::position))
        .select((log_entries::notice, log_entries::digest, log_entries::supersedes))
        .load(connection)?;
    let replaced: std::collections::BTreeSet<&Vec<u8>> =
        rows.iter().filter_map(|(_, _, supersedes)| supersedes.as_ref()).collect();
    let current = rows.iter().filter(|(_, digest, _)| !replaced.contains(digest));
    let current: Vec<Key> = current.map(|row| row.0).collect();
    let Some(template) = template else { return Ok(current) };
    let mut wanted = Vec::new();
    let hashes = store::versions(connection, template)?;
    for chunk in current.chunks(STATEMENT_ROWS) {
        let ids: Vec<RecordId> = chunk.iter().copied().map(RecordId::from).collect();
        let made_from = crate::records::load(connection, &ids)?;
        let is_of = |key: &&Key| {
            let record = made_from.iter().find(|record| record.id == RecordId::from(**key));
            record.is_some_and(|record| hashes.contains(&super::countersign::template_of(record)))
        };
        wanted.extend(chunk.iter().filter(is_of));
    }
    Ok(wanted)
}

fn find(
    connection: &mut AnyConnection,
    id: Uuid,
    permitted: &[AreaPath],
) -> QueryResult<Option<Print>> {
    let print: Option<(String, i64, Timestamp)> = prints::table
        .find(Key(id))
        .select((prints::area_code, prints::notices, prints::asked_at))
        .first(connection)
        .optional()?;
    let Some((area, notices, asked_at)) = print else { return Ok(None) };
    let path = areas::paths_of(connection, std::slice::from_ref(&area))?.pop();
    if !path.is_some_and(|path| is_in(&path, permitted)) {
        return Ok(None);
    }
    let rows: Vec<(i64, JsonText, Option<i64>)> = print_parts::table
        .filter(print_parts::print.eq(Key(id)))
        .order(print_parts::part)
        .select((print_parts::part, print_parts::notices, print_parts::length))
        .load(connection)?;
    let mut parts = Vec::with_capacity(rows.len());
    for (part, notices, length) in rows {
        let error = match length {
            Some(_) => None,
            None => jobs::error_of(connection, JobKind::Print, &format!("{id}/{part}"))?,
        };
        let notices = notices.read::<Vec<Uuid>>()?.len();
        parts.push(Part { part, notices, length, error });
    }
    let printed = parts.iter().filter(|part| part.length.is_some()).count();
    Ok(Some(Print { id, area, notices, asked_at, parts, printed }))
}

/// Prints a part: the job's key is `{print}/{part}`. Doing it again changes nothing.
pub(crate) async fn print_part(app: &App, key: &str) -> Result<(), Problem> {
    let parsed = key
        .split_once('/')
        .and_then(|(id, part)| Some((id.parse::<Uuid>().ok()?, part.parse::<i64>().ok()?)));
    let Some((id, part)) = parsed else { return Ok(()) };
    let notices: Option<JsonText> = app
        .read(move |connection| {
            print_parts::table
                .find((Key(id), part))
                .select(print_parts::notices)
                .first(connection)
                .optional()
        })
        .await?;
    let Some(notices) = notices else { return Ok(()) };
    let printables = app
        .read(move |connection| {
            let mut all = Vec::new();
            for notice in notices.read::<Vec<Uuid>>()? {
                all.extend(pdf::printable(connection, RecordId(notice))?);
            }
            Ok(all)
        })
        .await?;
    let printed = pdf::print(app, printables).await?;
    let (length, now) = (printed.len() as i64, app.now());
    app.media.put(name(id, part), printed.into()).await?;
    app.write(move |connection| {
        diesel::update(print_parts::table.find((Key(id), part)))
            .set((print_parts::printed_at.eq(now), print_parts::length.eq(length)))
            .execute(connection)?;
        Ok(())
    })
    .await
}

/// Removes what was printed long ago.
pub async fn sweep(app: &App) -> Result<(), Problem> {
    let before = app.now().plus_seconds(-PRINTS_KEPT);
    let old: Vec<(Key, i64)> = app
        .read(move |connection| {
            print_parts::table
                .inner_join(prints::table.on(prints::id.eq(print_parts::print)))
                .filter(prints::asked_at.lt(before))
                .select((print_parts::print, print_parts::part))
                .load(connection)
        })
        .await?;
    for (print, part) in &old {
        match app.media.delete(name(print.0, *part)).await {
            Ok(()) | Err(MediaError::Missing) => {}
            Err(error) => return Err(error.into()),
        }
    }
    app.write(move |connection| {
        for (print, part) in &old {
            diesel::delete(print_parts::table.find((*print, *part))).execute(connection)?;
        }
        diesel::delete(prints::table.filter(prints::asked_at.lt(before))).execute(connection)?;
        Ok(())
    })
    .await
}
