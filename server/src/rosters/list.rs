//! A list that a department sent: what is said of it, what it differs in, and asking about that.

use std::sync::Arc;

use actix_web::web;
use mobile_schema::Hash;
use serde::Deserialize;
use serde_json::json;
use sync_protocol::finding::COLLECTION as FINDINGS;
use utoipa::IntoParams;
use uuid::Uuid;

use super::compare::{Expects, Source, compare};
use super::queries::{self, NewRoster};
use super::read::{self, Roster};
use super::settle::{Compared, ComparisonView, FindingChange, settle};
use crate::app::App;
use crate::audit::{self, Did};
use crate::db::types::Key;
use crate::http::caller::CompareRosters;
use crate::http::progress::Progress;
use crate::http::{FileBody, Kind, LineProblem, Permitted, Problem, period};
use crate::limits::MAX_ROSTER;
use crate::sync::{Edit, act, in_browser};
use crate::{areas, seal};

/// Characters of a list's name.
const MAX_NAME: usize = 60;
/// Operations in one transaction: what tablets push meanwhile is not to wait for all of them.
const AT_ONCE: usize = 500;

/// What a list is.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct RosterQuery {
    /// What the department calls it. The next list of this name takes its place: what it differs in
    /// no longer is corrected.
    name: String,
    /// Who sent it.
    department: String,
    /// The code of the area whose members it is compared with.
    area: String,
    /// The day it is of, as `2026-11-20`.
    as_of: String,
    /// `listed`: all members are on it; `absent`: none is.
    #[param(inline)]
    expects: Expects,
    /// The column that is shown to those who find out.
    detail: Option<String>,
}

impl RosterQuery {
    fn check(&self) -> Result<(), Problem> {
        let malformed = |what: &'static str| Err(Problem::new(&Kind::MALFORMED).detail(what));
        for (text, what) in [
            (&self.name, "name: 1 to 60 characters, without /"),
            (&self.department, "department: 1 to 60 characters, without /"),
        ] {
            let fits = !text.trim().is_empty() && text.chars().count() <= MAX_NAME;
            if !fits || text.contains(['/', '\0', '\n']) {
                return malformed(what);
            }
        }
        if period::day(&self.as_of).is_none() {
            return malformed("as_of: a day, as 2026-11-20");
        }
        Ok(())
    }

    fn source(&self, file: Hash) -> Source<'_> {
        Source { name: &self.name, department: &self.department, as_of: &self.as_of, file }
    }
}

/// Keeps what a comparison came to.
pub(super) async fn keep(
    permitted: &Permitted<CompareRosters>,
    app: &App,
    query: &RosterQuery,
    digest: Hash,
    view: &ComparisonView,
) -> Result<Uuid, Problem> {
    let (user, now, id) = (permitted.caller.user, app.now(), Uuid::now_v7());
    let count = |number: usize| number as i64;
    let new = NewRoster {
        id: Key(id),
        name: query.name.clone(),
        department: query.department.clone(),
        area_code: query.area.clone(),
        expects: query.expects.name(),
        as_of: query.as_of.clone(),
        digest: digest.as_bytes().to_vec(),
        lines: count(view.lines),
        members: count(view.members),
        matched: count(view.matched),
        without_id: count(view.without_id),
        differences: count(view.missing + view.listed + view.names),
        made_by: user.into(),
        made_at: now,
    };
    app.write(move |connection| {
        queries::add(connection, &new)?;
        let detail = json!({ "name": new.name, "area": new.area_code, "as_of": new.as_of });
        audit::note(connection, user, Did::CompareRoster, id, detail, now)
    })
    .await?;
    Ok(id)
}

/// Asks the villages, some questions at a time.
pub(super) async fn ask_about(
    permitted: &Permitted<CompareRosters>,
    app: &App,
    changes: Vec<FindingChange>,
    progress: &Progress,
) -> Result<(), Problem> {
    let mut asked = 0;
    for part in changes.chunks(AT_ONCE) {
        let part = part.to_vec();
        let (user, areas) = (permitted.caller.user, permitted.areas.clone());
        let touched = in_browser(app, user, areas, move |connection, person| {
            let definition = person.definition(FINDINGS)?;
            let edits = part.iter().cloned().map(|(record, scope, base, change)| Edit {
                collection: FINDINGS.to_owned(),
                record,
                scope,
                base,
                definition,
                change,
            });
            let ops = person.one_by_one(edits);
            // What changed meanwhile is for the next list to find.
            act(connection, person, &ops)?;
            Ok(ops.into_iter().map(|op| op.scope).collect::<Vec<_>>())
        });
        app.live.announce(touched.await?, None);
        asked = changes.len().min(asked + AT_ONCE);
        progress.tell(asked, changes.len())?;
    }
    Ok(())
}

/// A list that was sent.
pub(super) struct List {
    pub(super) query: Arc<RosterQuery>,
    read: Roster,
    /// The SHA-256 of the file.
    pub(super) digest: Hash,
}

impl List {
    /// Reads it.
    pub(super) async fn receive(query: RosterQuery, body: FileBody) -> Result<Self, Problem> {
        query.check()?;
        let bytes = body.receive(MAX_ROSTER).await?;
        let digest = Hash::of(&bytes);
        let query = Arc::new(query);
        let asked = Arc::clone(&query);
        let read = web::block(move || read::read(&bytes, asked.detail.as_deref())).await;
        let invalid = |problem: LineProblem| {
            let problems = serde_json::to_value([problem]).unwrap_or_default();
            Problem::new(&Kind::ROSTER_INVALID).with("problems", problems)
        };
        let read = read.map_err(|_| Problem::new(&Kind::UNAVAILABLE))?.map_err(invalid)?;
        Ok(Self { query, read, digest })
    }

    /// Compares it with the members on record, a village after the other.
    pub(super) async fn compare(
        self,
        permitted: &Permitted<CompareRosters>,
        app: &App,
        progress: Progress,
    ) -> Result<Compared, Problem> {
        let Self { query, read, digest } = self;
        let areas = permitted.areas.clone();
        let compared = app.read(move |connection| {
            let scopes = areas::scopes_within(connection, &areas, Some(&query.area))?;
            let goes_on = |read| progress.tell(read, scopes.len()).is_ok();
            let members = match queries::members(connection, &scopes, goes_on)? {
                Some(members) if !scopes.is_empty() => members,
                _ => return Ok(None),
            };
            let known = queries::known(connection, &query.name, &scopes)?;
            let key = |id: &str| seal::search_key(queries::CITIZEN_ID, id);
            let comparison = compare(&read.lines, &members, query.expects, key);
            Ok(Some(settle(&query.source(digest), read, &members, &comparison, &known)))
        });
        compared.await?.ok_or_else(|| Problem::new(&Kind::NOT_FOUND))
    }
}
