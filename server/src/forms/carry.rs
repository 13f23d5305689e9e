//! Stored visits in another version of their form: how many there are, and what becomes of their
//! answers. Nothing is changed; a visit keeps the version it was made with until it is edited.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, get, web};
use mobile_schema::form::{self, Invalid, Session, Untaken};
use mobile_schema::{Hash, Value};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sync_protocol::{Record, RecordId, ScopeId};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::admin::{not_found, seen};
use super::{Compiled, queries, world};
use crate::app::App;
use crate::areas;
use crate::db::AnyConnection;
use crate::http::caller::ReadRecords;
use crate::http::problem::Language;
use crate::http::{Kind, Permitted, Problem, Query};
use crate::privacy::{self, What};
use crate::records::{self, visit};

/// Visits whose answers are tried in another version when two are compared.
const LOOKED_AT: i64 = 200;

/// Visits that were made with the version before.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct Touched {
    /// All of them, in the caller's areas.
    visits: i64,
    /// Those that may still be changed, by a person who returns them or is asked to.
    open: i64,
    /// How many of these were tried in the version after, the newest first.
    tried: usize,
    /// Of those tried: how many have an answer without a place there.
    broken: usize,
}

/// Which visits were made with a version, and the answers of the newest that may still be changed:
/// whose status is none of `locked`.
pub(super) fn made_with(
    connection: &mut AnyConnection,
    version: &Hash,
    scopes: &BTreeSet<ScopeId>,
    locked: &[String],
) -> diesel::QueryResult<(Touched, Vec<Json>)> {
    let made = records::MadeWith { version, scopes, locked };
    let (visits, open) = made.count(connection)?;
    let found = made.newest_open(connection, LOOKED_AT)?;
    let answers = found.iter().map(answers_of).collect();
    Ok((Touched { visits, open, ..Touched::default() }, answers))
}

impl Touched {
    /// Tries answers of the version before in the one after.
    pub(super) fn try_in(mut self, before: &Compiled, after: &Compiled, all: &[Json]) -> Self {
        self.tried = all.len();
        let breaks = |answers: &&Json| {
            let (saved, _) = before.form.saved(answers);
            !form::upgrade(&saved, &before.form, &after.form).set_aside.is_empty()
        };
        self.broken = all.iter().filter(breaks).count();
        self
    }
}

/// A stored visit in another version of its form.
#[derive(Serialize, ToSchema)]
struct Carried {
    /// The version it was made with.
    #[schema(value_type = String)]
    from: Hash,
    /// `kept`: how many answers stay as they are; `moved`: those that stand elsewhere;
    /// `set_aside`: those that have no place, with what they are and why.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    upgrade: Json,
    /// Its answers as they would be stored.
    #[schema(value_type = Object)]
    answers: Json,
    /// Answers that had no place in the version before either.
    #[schema(value_type = Vec<Object>)]
    untaken: Vec<Json>,
    /// What the version asks for and doesn't find.
    #[schema(value_type = Vec<Object>)]
    invalid: Vec<Json>,
}

/// Why a visit's answers are needed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct CarryQuery {
    /// Why, in the person's words; it is kept with their name.
    reason: Option<String>,
}

/// What a stored visit would be in another version of its form. Nothing is changed.
#[utoipa::path(tag = "forms", params(CarryQuery), responses((status = 200, body = Carried)))]
#[get("/api/v1/forms/{id}/versions/{hash}/visits/{visit}")]
pub(super) async fn carry(
    permitted: Permitted<ReadRecords>,
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(Uuid, String, Uuid)>,
    query: Query<CarryQuery>,
) -> Result<web::Json<Carried>, Problem> {
    let (form, version, visit) = path.into_inner();
    let CarryQuery { reason } = query.read()?;
    let (form, to) = seen(&app, &permitted.areas, (form, version)).await?;
    let (areas, caller) = (permitted.areas, permitted.caller);
    let found = app
        .read(move |connection| {
            let scopes = areas::scopes_under(connection, &areas)?;
            let found = records::load(connection, &[RecordId(visit)])?;
            let theirs = found.into_iter().find(|record| scopes.contains(&record.scope));
            let visit = theirs.filter(|record| record.collection == "visit" && !record.deleted);
            let made_with = visit.as_ref().and_then(version_of);
            let is_same_form = match &made_with {
                Some(version) => queries::is_version(connection, form, version)?,
                None => false,
            };
            Ok(visit.zip(made_with).filter(|_| is_same_form))
        })
        .await?;
    let (visit, from) = found.ok_or_else(not_found)?;
    let revealed = privacy::reveal(&app, &caller, What::Record(visit.id.0), reason).await?;
    if !revealed.covers(visit.scope.as_str()) {
        return Err(Problem::new(&Kind::REASON_NEEDED));
    }
    let before = app.forms.get(&app, from).await?.ok_or_else(not_found)?;
    let after = app.forms.get(&app, to).await?.ok_or_else(not_found)?;
    let world = world(app.now(), Language::of(&request).tag());
    let carried = web::block(move || {
        let (saved, untaken) = before.form.saved(&answers_of(&visit));
        let upgraded = form::upgrade(&saved, &before.form, &after.form);
        let files = &after.lists;
        let session = Session::resume(after.form.clone(), files, world, &upgraded.submission);
        let invalid = session.validate(session.root());
        Carried {
            from,
            upgrade: upgraded.to_json(),
            answers: session.answers(),
            untaken: untaken.iter().map(Untaken::to_json).collect(),
            invalid: invalid.iter().map(Invalid::to_json).collect(),
        }
    });
    carried.await.map(web::Json).map_err(|_| Problem::new(&Kind::INTERNAL))
}

fn version_of(visit: &Record) -> Option<Hash> {
    visit.fields.get(&visit::FORM).and_then(Value::as_text)?.parse().ok()
}

fn answers_of(visit: &Record) -> Json {
    match visit.fields.get(&visit::ANSWERS) {
        None | Some(Value::Null) => json!({}),
        Some(answers) => serde_json::to_value(answers).unwrap_or_default(),
    }
}
