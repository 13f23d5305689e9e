//! Who looked at what is masked otherwise, and why.

use std::collections::BTreeSet;

use diesel::prelude::*;
use mobile_schema::Hash;
use serde::Deserialize;
use serde_json::json;
use sync_protocol::ScopeId;
use utoipa::IntoParams;
use uuid::Uuid;

use super::http::AccessLine;
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::db::AnyConnection;
use crate::db::schema::{accesses, users};
use crate::db::types::{Key, Timestamp};
use crate::http::caller::{Caller, RevealRecords};
use crate::http::{Kind, Problem};
use crate::sync::check_reason;

/// Why sensitive values are needed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonQuery {
    /// Why, in the person's words; it is kept with their name. Without it they are masked.
    pub(crate) reason: Option<String>,
}

/// What was looked at.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// A photo with everything its file says.
    Photo(Hash),
    /// A record's sensitive fields.
    Record(Uuid),
    /// The same, sent ahead of a look that may not come.
    Ahead(Uuid),
    /// The sensitive fields of a page of a register.
    Register(String),
    /// The answers of a form, exported.
    Answers(Uuid),
    /// A signed notification's text.
    Notice(Uuid),
    /// Everything that is held on a household.
    Household(Uuid),
    /// The records with a value in a field: the field, not the value.
    Search(String),
}

/// Somebody looks.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    user: Key,
    kind: &'static str,
    subject: String,
    reason: String,
}

impl Access {
    /// A caller looks, and says why.
    pub(crate) fn new(caller: &Caller, what: What, reason: String) -> Self {
        let (kind, subject) = match what {
            What::Photo(hash) => ("photo", hash.to_string()),
            What::Record(id) => ("record", id.to_string()),
            What::Ahead(id) => ("ahead", id.to_string()),
            What::Register(name) => ("register", name),
            What::Answers(form) => ("answers", form.to_string()),
            What::Notice(id) => ("notice", id.to_string()),
            What::Household(id) => ("household", id.to_string()),
            What::Search(field) => ("search", field),
        };
        Self { user: caller.user.into(), kind, subject, reason }
    }

    /// Keeps it.
    pub(crate) fn note(&self, connection: &mut AnyConnection, now: Timestamp) -> QueryResult<()> {
        let id = Uuid::now_v7();
        diesel::insert_into(accesses::table)
            .values((
                accesses::id.eq(Key(id)),
                accesses::user_id.eq(self.user),
                accesses::kind.eq(self.kind),
                accesses::subject.eq(&self.subject),
                accesses::reason.eq(&self.reason),
                accesses::at.eq(now),
            ))
            .execute(connection)?;
        let detail = json!({ "kind": self.kind, "access": id });
        audit::note(connection, self.user.into(), Did::Look, &self.subject, detail, now)
    }
}

/// Keeps that somebody looks, before they do.
pub(crate) async fn note(app: &App, access: Access) -> Result<(), Problem> {
    let now = app.now();
    app.write(move |connection| access.note(connection, now)).await
}

/// Where a caller is told sensitive values: nowhere unless they said why.
#[derive(Clone, Debug, Default)]
pub(crate) struct Revealed(BTreeSet<ScopeId>);

impl Revealed {
    /// Whether those of a scope are told.
    pub(crate) fn covers(&self, scope: &str) -> bool {
        scope.parse().is_ok_and(|scope| self.0.contains(&scope))
    }

    /// Whether any are told.
    pub(crate) fn is_somewhere(&self) -> bool {
        !self.0.is_empty()
    }
}

/// Where sensitive values are told: to who may see them there and says why, which is kept. A reason
/// of somebody who may see them nowhere is refused.
pub(crate) async fn reveal(
    app: &App,
    caller: &Caller,
    what: What,
    reason: Option<String>,
) -> Result<Revealed, Problem> {
    let Some(reason) = reason else { return Ok(Revealed::default()) };
    check_reason(&reason)?;
    let areas = caller.areas_to::<RevealRecords>();
    if areas.is_empty() {
        return Err(Problem::new(&Kind::FORBIDDEN));
    }
    note(app, Access::new(caller, what, reason)).await?;
    app.read(move |connection| areas::scopes_under(connection, &areas)).await.map(Revealed)
}

/// What these people looked at, the newest first.
pub(super) fn lines(
    connection: &mut AnyConnection,
    people: &[Key],
    subject: Option<&str>,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<AccessLine>> {
    let mut query = accesses::table
        .inner_join(users::table.on(users::id.eq(accesses::user_id)))
        .filter(accesses::user_id.eq_any(people.to_vec()))
        .filter(accesses::id.lt(Key(after.unwrap_or(Uuid::max()))))
        .order(accesses::id.desc())
        .limit(limit)
        .select((
            accesses::id,
            accesses::user_id,
            users::display_name,
            accesses::kind,
            accesses::subject,
            accesses::reason,
            accesses::at,
        ))
        .into_boxed();
    if let Some(subject) = subject {
        query = query.filter(accesses::subject.eq(subject.to_owned()));
    }
    let rows: Vec<(Key, Key, String, String, String, String, Timestamp)> =
        query.load(connection)?;
    let line = |(id, user, user_name, kind, subject, reason, at): (Key, Key, _, _, _, _, _)| {
        let subject_name = None;
        AccessLine { id: id.0, user: user.0, user_name, kind, subject, subject_name, reason, at }
    };
    Ok(rows.into_iter().map(line).collect())
}
