//! `/api/v1/tasks`

use std::collections::BTreeMap;

use actix_web::{get, post, put, web};
use diesel::QueryResult;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_protocol::{RecordId, ScopeId, Version};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::TASKS;
use super::queries::{self, After, Tally};
use super::rules::{self, State};
use crate::app::App;
use crate::areas::{self, Area};
use crate::audit::{self, Did};
use crate::db::types::Timestamp;
use crate::db::{AnyConnection, Failed};
use crate::http::caller::{AssignTasks, ReadRecords};
use crate::http::period;
use crate::http::{Body, Kind, Permitted, Problem, Query, page};
use crate::limits::{MAX_COMMENT, MAX_TASK_TITLE, MAX_TASKS_AT_ONCE};
use crate::records::{self, RecordView};
use crate::sync::{Edit, act_wholly, as_seen, in_browser};

/// Which tasks.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct TaskQuery {
    /// Only those of this area and below.
    area: Option<String>,
    /// Where they stand; open, where it isn't said.
    #[param(inline)]
    status: Option<State>,
    /// Only those that were due before today.
    #[serde(default)]
    overdue: bool,
    /// The `next` of the page before; absent for the first.
    after: Option<String>,
    /// How many at most.
    limit: Option<i64>,
}

/// A task on a list.
#[derive(Serialize, ToSchema)]
struct TaskLine {
    task: RecordView,
    /// The household's title.
    household: Option<String>,
    /// The village's name.
    village: Option<String>,
}

/// A page of tasks.
#[derive(Serialize, ToSchema)]
struct TaskPage {
    items: Vec<TaskLine>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl After {
    fn text(&self) -> String {
        format!("{}~{}", self.due, self.id)
    }

    fn read(text: &str) -> Result<Self, Problem> {
        let parts = text.split_once('~').and_then(|(due, id)| Some((due, id.parse().ok()?)));
        let (due, id) = parts.ok_or_else(|| Problem::new(&Kind::MALFORMED).detail("after"))?;
        Ok(Self { due: due.to_owned(), id })
    }
}

/// A page of the tasks in the caller's areas, the most urgent first.
#[utoipa::path(tag = "tasks", params(TaskQuery), responses((status = 200, body = TaskPage)))]
#[get("/api/v1/tasks")]
async fn list(
    permitted: Permitted<ReadRecords>,
    app: web::Data<App>,
    query: Query<TaskQuery>,
) -> Result<web::Json<TaskPage>, Problem> {
    let TaskQuery { area, status, overdue, after, limit } = query.read()?;
    let (state, limit) = (status.unwrap_or_default(), page::limit(limit));
    let after = after.as_deref().map(After::read).transpose()?;
    let before = overdue.then(|| today(app.now()));
    let (mut items, next) = app
        .read(move |connection| {
            let scopes = areas::scopes_within(connection, &permitted.areas, area.as_deref())?;
            let (before, after) = (before.as_deref(), after.as_ref());
            let found = queries::page(connection, &scopes, state, before, after, limit)?;
            let is_full = usize::try_from(limit).is_ok_and(|limit| found.len() >= limit);
            let next = found.last().filter(|_| is_full).map(After::text);
            Ok((lines(connection, &found, &scopes)?, next))
        })
        .await?;
    let definitions = app.definitions();
    items.iter_mut().for_each(|line| line.task.mask(&definitions));
    Ok(web::Json(TaskPage { items, next }))
}

/// Tasks with what they are about, in the order of `found`.
fn lines(
    connection: &mut AnyConnection,
    found: &[After],
    scopes: &[String],
) -> QueryResult<Vec<TaskLine>> {
    let ids: Vec<RecordId> = found.iter().map(|one| RecordId(one.id)).collect();
    let mut tasks: BTreeMap<Uuid, RecordView> =
        records::views(connection, &ids, scopes)?.into_iter().map(|one| (one.id, one)).collect();
    let households: Vec<Uuid> = tasks.values().filter_map(|one| one.subject).collect();
    let titles = records::titles(connection, &households, scopes)?;
    let villages = areas::names_of(connection, tasks.values().map(|one| one.scope.as_str()))?;
    let line = |one: &After| {
        let task = tasks.remove(&one.id)?;
        Some(TaskLine {
            household: task.subject.and_then(|id| titles.get(&id).cloned()),
            village: villages.get(&task.scope).cloned(),
            task,
        })
    };
    Ok(found.iter().filter_map(line).collect())
}

/// The day it is in China.
fn today(now: Timestamp) -> String {
    now.in_china().chars().take(10).collect()
}

/// Where to count.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct CountQuery {
    /// Only those of this area and below.
    area: Option<String>,
}

/// How far the tasks of an area have come, with all below.
#[derive(Serialize, ToSchema)]
struct AreaTasks {
    area: String,
    name: String,
    level: String,
    #[serde(flatten)]
    tally: Tally,
}

/// How far the tasks have come, in the order of the tree.
#[derive(Serialize, ToSchema)]
struct TaskCounts {
    #[schema(value_type = String)]
    as_of: Timestamp,
    /// Of everything that was asked for.
    total: Tally,
    areas: Vec<AreaTasks>,
}

/// How far the tasks have come, area by area: never person by person.
#[utoipa::path(tag = "tasks", params(CountQuery), responses((status = 200, body = TaskCounts)))]
#[get("/api/v1/tasks/counts")]
async fn counts(
    permitted: Permitted<ReadRecords>,
    app: web::Data<App>,
    query: Query<CountQuery>,
) -> Result<web::Json<TaskCounts>, Problem> {
    let (CountQuery { area }, as_of) = (query.read()?, app.now());
    let (total, areas) = app
        .read(move |connection| {
            let within = areas::narrowed(connection, &permitted.areas, area.as_deref())?;
            let all = areas::under(connection, &within)?;
            let scopes = areas::scopes_within(connection, &within, None)?;
            let found = queries::tallies(connection, &scopes, &today(as_of))?;
            let own = |area: &Area| found.get(&areas::scope_of(area)).copied();
            let mut sums = areas::rolled_up(&all, own, Tally::default, Tally::add);
            let line = |Area { code, name, level, .. }: Area| {
                let tally = sums.remove(&code).unwrap_or_default();
                AreaTasks { area: code, name, level, tally }
            };
            let areas: Vec<AreaTasks> = all.into_iter().map(line).collect();
            let mut total = Tally::default();
            found.values().for_each(|one| total.add(one));
            Ok((total, areas))
        })
        .await?;
    Ok(web::Json(TaskCounts { as_of, total, areas }))
}

/// Tasks to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTasks {
    /// Chosen by whoever sets them: a batch that is sent again sets nothing twice.
    batch: Uuid,
    /// What is to be done.
    title: String,
    /// By which day (`2026-11-30`).
    due: Option<String>,
    /// The households it is to be done at.
    households: Vec<Uuid>,
}

/// A task that was set.
#[derive(Serialize, ToSchema)]
struct TaskSet {
    id: Uuid,
    /// `[epoch, n]`
    #[schema(value_type = Vec<Object>)]
    version: Version,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
struct TasksSet {
    /// The tasks of these households, those that the batch had set before among them.
    tasks: Vec<TaskSet>,
    /// How many it had set before.
    already: usize,
}

/// Sets a task for each of some households: all of them, or none.
#[utoipa::path(tag = "tasks", request_body = NewTasks, responses((status = 200, body = TasksSet)))]
#[post("/api/v1/tasks")]
async fn assign(
    permitted: Permitted<AssignTasks>,
    app: web::Data<App>,
    body: Body<NewTasks>,
) -> Result<web::Json<TasksSet>, Problem> {
    let NewTasks { batch, title, due, mut households } = body.read().await?;
    let title = checked(&title, due.as_deref())?;
    households.sort_unstable();
    households.dedup();
    if households.len() > MAX_TASKS_AT_ONCE {
        return Err(Problem::new(&Kind::TOO_LARGE).with("limit", MAX_TASKS_AT_ONCE));
    }
    let user = permitted.caller.user;
    let (touched, set) = in_browser(&app, user, permitted.areas, move |connection, person| {
        let names: Vec<String> = person.scopes.iter().map(ToString::to_string).collect();
        let found = queries::scopes_of(connection, &households, &names)?;
        if found.len() != households.len() {
            return Err(Failed::Rule(Problem::new(&Kind::NOT_FOUND).detail("households")));
        }
        let definition = person.definition(TASKS)?;
        let ids: Vec<RecordId> =
            found.iter().map(|(household, _)| rules::id_in(batch, *household)).collect();
        let there = queries::known(connection, &ids)?;
        let new = ids.iter().zip(&found).filter(|(id, _)| !there.contains(id));
        let ops = person.one_by_one(new.map(|(id, (household, scope))| Edit {
            collection: TASKS.to_owned(),
            record: *id,
            scope: scope.clone(),
            base: None,
            definition,
            change: rules::set(*household, &title, due.as_deref()),
        }));
        act_wholly(connection, person, &ops)?;
        let tasks = records::load(connection, &ids)?.into_iter();
        let tasks = tasks.map(|task| TaskSet { id: task.id.0, version: task.version }).collect();
        let set = TasksSet { tasks, already: there.len() };
        let detail = json!({ "set": ops.len(), "due": due });
        audit::note(connection, user, Did::AssignTasks, batch, detail, person.now)?;
        let mut touched: Vec<ScopeId> = ops.into_iter().map(|op| op.scope).collect();
        touched.dedup();
        Ok((touched, set))
    })
    .await?;
    app.live.announce(touched, None);
    Ok(web::Json(set))
}

/// How a task is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TaskChange {
    /// `[epoch, n]`: the version the person saw.
    #[schema(value_type = Vec<Object>)]
    version: Version,
    title: String,
    due: Option<String>,
    status: State,
    /// What is to be kept with it; nothing where it is empty.
    #[serde(default)]
    words: String,
}

/// What a task is now.
#[derive(Serialize, ToSchema)]
struct TaskChanged {
    /// `[epoch, n]`
    #[schema(value_type = Vec<Object>)]
    version: Version,
}

/// Moves a task to another day, says it otherwise, ends it, or takes it up again. It syncs like any
/// edit and is kept in history.
#[utoipa::path(
    tag = "tasks",
    request_body = TaskChange,
    responses(
        (status = 200, body = TaskChanged),
        (status = 409, description = "stale-view; not-applicable: what was dropped stays so"),
    ),
)]
#[put("/api/v1/tasks/{id}")]
async fn change(
    permitted: Permitted<AssignTasks>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    body: Body<TaskChange>,
) -> Result<web::Json<TaskChanged>, Problem> {
    let TaskChange { version, title, due, status, words } = body.read().await?;
    let title = checked(&title, due.as_deref())?;
    if words.contains('\0') {
        return Err(Problem::new(&Kind::MALFORMED).detail("words"));
    }
    if words.chars().count() > MAX_COMMENT {
        return Err(Problem::new(&Kind::TOO_LARGE).with("limit", MAX_COMMENT));
    }
    let id = RecordId(id.into_inner());
    let user = permitted.caller.user;
    let (scope, version) = in_browser(&app, user, permitted.areas, move |connection, person| {
        let task = as_seen(connection, person.scopes, (TASKS, id), version)?;
        let changes = rules::changes(&task.fields, &title, due.as_deref(), status, words.trim());
        if changes.is_empty() {
            return Ok((task.scope, task.version));
        }
        let ops = person.together(changes.into_iter().map(|change| Edit::of(&task, change)))?;
        act_wholly(connection, person, &ops)?;
        let now_it_is = records::load(connection, &[id])?.pop();
        let version = now_it_is.map_or(task.version, |task| task.version);
        let detail = json!({ "status": status, "due": due });
        audit::note(connection, user, Did::ChangeTask, id, detail, person.now)?;
        Ok((task.scope, version))
    })
    .await?;
    app.live.announce([scope], None);
    Ok(web::Json(TaskChanged { version }))
}

/// The words of a task, if they and its day can be kept.
fn checked(title: &str, due: Option<&str>) -> Result<String, Problem> {
    let title = title.trim();
    let malformed = |what: &'static str| Problem::new(&Kind::MALFORMED).detail(what);
    if title.is_empty() || title.contains('\0') {
        return Err(malformed("title: say what is to be done"));
    }
    if title.chars().count() > MAX_TASK_TITLE {
        return Err(Problem::new(&Kind::TOO_LARGE).with("limit", MAX_TASK_TITLE));
    }
    if due.is_some_and(|due| period::day(due).is_none()) {
        return Err(malformed("due: a day such as 2026-11-30"));
    }
    Ok(title.to_owned())
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list).service(counts).service(assign).service(change);
}
