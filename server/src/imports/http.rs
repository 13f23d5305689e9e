//! `/api/v1/records/import`, and what it takes

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use mobile_schema::register::Role;
use mobile_schema::{Labels, RegisterDefinition, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_protocol::op::{Change, Fields};
use sync_protocol::{Record, RecordId, ScopeId};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::place::{self, Adopted, New, Placed};
use super::read::{self, ImportColumn, Reading};
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::http::caller::ImportRecords;
use crate::http::progress::{self, Progress};
use crate::http::{FileBody, Kind, LineProblem, Permitted, Problem, Query};
use crate::limits::MAX_IMPORT;
use crate::records;
use crate::sync::{Edit, act_wholly, in_browser};

/// Registers whose records come about by what people do, and not by tables.
const MADE_BY_WORK: [&str; 6] = ["conflict", "finding", "notice", "notice_copy", "task", "visit"];
/// Operations in one transaction: what tablets push meanwhile is not to wait for all of them.
const AT_ONCE: usize = 500;
/// Lines that are wrong, of those that are told.
const MOST_PROBLEMS: usize = 100;

fn is_importable(register: &RegisterDefinition) -> bool {
    !MADE_BY_WORK.contains(&register.name.as_str())
}

/// A register that tables can be taken into.
#[derive(Serialize, ToSchema)]
struct ImportableRegister {
    collection: String,
    /// What people read, by language.
    #[schema(value_type = BTreeMap<String, String>)]
    labels: Labels,
    /// The columns a table may have, beside the village's and the id's.
    columns: Vec<ImportableColumn>,
}

/// A column that a table may have.
#[derive(Serialize, ToSchema)]
struct ImportableColumn {
    name: String,
    /// What people read, by language.
    #[schema(value_type = BTreeMap<String, String>)]
    labels: Labels,
}

/// The registers that tables can be taken into.
#[utoipa::path(tag = "records", responses((status = 200, body = Vec<ImportableRegister>)))]
#[get("/api/v1/registers/importable")]
async fn list_importable(
    _permitted: Permitted<ImportRecords>,
    app: web::Data<App>,
) -> web::Json<Vec<ImportableRegister>> {
    let definitions = app.definitions();
    let importable = definitions.all_current().filter(|(_, register)| is_importable(register));
    let told = importable.map(|(_, register)| {
        let columns = register.fields.iter().filter(|field| read::is_asked(field)).map(|field| {
            ImportableColumn { name: field.name.clone(), labels: field.labels.clone() }
        });
        ImportableRegister {
            collection: register.name.clone(),
            labels: register.labels.clone(),
            columns: columns.collect(),
        }
    });
    web::Json(told.collect())
}

/// What a table is.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ImportQuery {
    /// The register.
    collection: String,
    /// The code of the village of lines that name none.
    area: Option<String>,
    /// Whether it is only looked at.
    #[serde(default)]
    dry_run: bool,
    /// What columns are that are called otherwise: a JSON object of fields' names (or `Area`,
    /// `Township`, `KEY`, or nothing, where a column is left out) by the columns' titles.
    #[serde(default)]
    columns: String,
}

/// What a table comes to.
#[derive(Serialize, ToSchema)]
struct RecordsImported {
    /// Its columns, and what they are read as.
    columns: Vec<ImportColumn>,
    lines: usize,
    /// Lines that are new: those that were taken in, or would be.
    new: usize,
    /// Lines whose record is there, and stays as it is, but for those that are completed.
    known: usize,
    /// Records among them that belonged to nothing, and get what the line says they belong to.
    completed: usize,
    /// Lines that say what one above says.
    repeated: usize,
    /// Lines that are wrong: while there are any, nothing is taken in.
    wrong: usize,
    /// The first of them.
    problems: Vec<LineProblem>,
    /// Lines whose record somebody else gave what it belongs to, or deleted, while the table was
    /// taken in: it stays as they left it.
    overtaken: Vec<LineProblem>,
}

/// Takes a table in as records of a register: all of it, or nothing while a line is wrong. The body
/// is a workbook (.xlsx, .xls) or CSV in UTF-8 whose first row names the columns, by the fields'
/// names or labels. What is there stays as it is; taken in again, nothing is doubled. With
/// `Accept: application/x-ndjson` it tells how far it is, and stops when the connection breaks off:
/// what was made by then stays.
#[utoipa::path(
    tag = "records",
    params(ImportQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = RecordsImported), (status = 422, description = "import-invalid, with `problems` and how many lines are `wrong`")),
)]
#[post("/api/v1/records/import")]
async fn import(
    permitted: Permitted<ImportRecords>,
    app: web::Data<App>,
    request: HttpRequest,
    query: Query<ImportQuery>,
    body: FileBody,
) -> Result<HttpResponse, Problem> {
    let ImportQuery { collection, area, dry_run, columns } = query.read()?;
    let chosen: BTreeMap<String, String> = match columns.as_str() {
        "" => BTreeMap::new(),
        json => serde_json::from_str(json).map_err(|_| Problem::new(&Kind::MALFORMED))?,
    };
    let definitions = app.definitions();
    let current = definitions.current(&collection);
    let register = current.filter(|(_, register)| is_importable(register));
    let (_, register) = register.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))?;
    let register: Arc<RegisterDefinition> = register.clone();
    let bytes = body.receive(MAX_IMPORT).await?;
    let (asked, catalogue) = (register.clone(), definitions.clone());
    let table = web::block(move || {
        let reading = Reading { register: &asked, catalogue: &catalogue, chosen: &chosen };
        read::read(&bytes, &reading)
    });
    let table = table.await;
    let table = table.map_err(|_| Problem::new(&Kind::UNAVAILABLE))?;
    let mut table = table.map_err(|problem| invalid(vec![problem], 1))?;
    let count = table.lines.len();
    let lines = std::mem::take(&mut table.lines);
    let asked = (register.clone(), permitted.areas.clone());
    let placed = app
        .read(move |connection| {
            let (register, paths) = &asked;
            let all = areas::under(connection, paths)?;
            place::place(connection, register, &definitions, lines, (&all, area.as_deref()))
        })
        .await?;
    let Placed { new, adopted, known, repeated, problems } = placed;
    // A line that can't be read can't be placed either: it is told once.
    let mut wrong = table.problems;
    let unread: std::collections::BTreeSet<u64> = wrong.iter().map(|one| one.line).collect();
    wrong.extend(problems.into_iter().filter(|one| !unread.contains(&one.line)));
    wrong.sort_by_key(|one| one.line);
    let mut told = RecordsImported {
        columns: table.columns,
        lines: count,
        new: new.len(),
        known,
        completed: adopted.len(),
        repeated,
        wrong: wrong.len(),
        problems: wrong.into_iter().take(MOST_PROBLEMS).collect(),
        overtaken: Vec::new(),
    };
    if dry_run {
        return Ok(HttpResponse::Ok().json(told));
    }
    if !told.problems.is_empty() {
        return Err(invalid(told.problems, told.wrong));
    }
    progress::answer(&request, StatusCode::OK, async move |progress| {
        let edits = edits(&register, new, adopted);
        told.overtaken = take_in(&permitted, &app, &collection, edits, &progress).await?;
        told.completed -= told.overtaken.len();
        Ok(told)
    })
    .await
}

/// The lines that are wrong; where they are more than are told, how many they are in all.
fn invalid(mut problems: Vec<LineProblem>, wrong: usize) -> Problem {
    let first = problems.len();
    if wrong > first {
        problems.push(LineProblem::new(
            0,
            format!("一共有 {wrong} 行不对，这里只列出前 {first} 行"),
            format!("{wrong} lines are wrong in all; these are the first {first}"),
        ));
    }
    let problems = serde_json::to_value(problems).unwrap_or_default();
    Problem::new(&Kind::IMPORT_INVALID).with("problems", problems).with("wrong", wrong)
}

/// The records that are made, and those that get what they belong to.
fn edits(register: &RegisterDefinition, new: Vec<New>, adopted: Vec<Adopted>) -> Vec<Done> {
    let made = new.into_iter().map(|New { id, scope, fields }| Done {
        record: id,
        scope,
        change: Change::Create { fields },
        completes: None,
    });
    let subject = register.field_with_role(Role::Subject).map(|field| field.id);
    let given = adopted.into_iter().filter_map(|one| {
        let fields = Fields::from([(subject?, Value::from(one.subject.to_string()))]);
        let change = Change::Patch { fields };
        Some(Done { record: one.id, scope: one.scope, change, completes: Some(one.line) })
    });
    made.chain(given).collect()
}

/// What is done to a record.
#[derive(Clone)]
struct Done {
    record: RecordId,
    /// The village it is in.
    scope: ScopeId,
    change: Change,
    /// The line, where the record is there and is completed by it.
    completes: Option<u64>,
}

impl Done {
    /// Whether the record lacks what it would be given.
    fn is_open(&self, record: &Record) -> bool {
        let Change::Patch { fields } = &self.change else { return true };
        let lacks = fields.keys().all(|field| !record.fields.contains_key(field));
        lacks && !record.deleted && record.scope == self.scope
    }
}

fn overtaken(line: u64) -> LineProblem {
    LineProblem::new(
        line,
        "导入期间，别人改了这一行的记录，以别人的为准，没有改动",
        "somebody else changed this line's record meanwhile: it stays as they left it",
    )
}

/// Does it, some at a time, and says which lines others were faster with. If it breaks off, what was
/// done stays, and the same table goes on after it.
async fn take_in(
    permitted: &Permitted<ImportRecords>,
    app: &App,
    collection: &str,
    edits: Vec<Done>,
    progress: &Progress,
) -> Result<Vec<LineProblem>, Problem> {
    let user = permitted.caller.user;
    let (mut made, mut late) = (0, Vec::new());
    for part in edits.chunks(AT_ONCE) {
        let (part, collection) = (part.to_vec(), collection.to_owned());
        let done = in_browser(app, user, permitted.areas.clone(), move |connection, person| {
            let definition = person.definition(&collection)?;
            // What is there is changed as it stands now, unless it is complete by now.
            let ids: Vec<RecordId> = part.iter().map(|one| one.record).collect();
            let there: HashMap<RecordId, Record> =
                records::load(connection, &ids)?.into_iter().map(|one| (one.id, one)).collect();
            let is_open =
                |one: &&Done| there.get(&one.record).is_none_or(|record| one.is_open(record));
            let (open, closed): (Vec<&Done>, Vec<&Done>) = part.iter().partition(is_open);
            let late: Vec<u64> = closed.iter().filter_map(|one| one.completes).collect();
            let edits = open.into_iter().map(|one| Edit {
                collection: collection.clone(),
                record: one.record,
                scope: one.scope.clone(),
                base: there.get(&one.record).map(|record| record.version),
                definition,
                change: one.change.clone(),
            });
            let ops = person.one_by_one(edits);
            if ops.is_empty() {
                return Ok((Vec::new(), late));
            }
            act_wholly(connection, person, &ops)?;
            let detail = json!({ "register": collection, "records": ops.len() });
            audit::note(connection, user, Did::ImportRecords, &collection, detail, person.now)?;
            Ok((ops.into_iter().map(|op| op.scope).collect::<Vec<_>>(), late))
        });
        let (touched, lines) = done.await?;
        app.live.announce(touched, None);
        late.extend(lines.into_iter().map(overtaken));
        made = edits.len().min(made + AT_ONCE);
        progress.tell(made, edits.len())?;
    }
    Ok(late)
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_importable).service(import);
}
