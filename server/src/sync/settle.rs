//! A person decides about operations that had no effect: they are applied, in another scope or put
//! right maybe, or discarded. What came stays where it is, as it came.

use std::collections::BTreeSet;

use actix_web::{post, web};
use diesel::QueryResult;
use mobile_schema::Catalogue;
use mobile_schema::register::Capacity;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_protocol::record::Writer;
use sync_protocol::{Op, Outcome, ParkReason, ScopeId, rights};
use utoipa::ToSchema;
use uuid::Uuid;

use super::console::{Person, act, check_reason, not_applicable};
use super::correct::{Correction, Uncorrectable, correct};
use super::held::{self, Waiting, together};
use super::push::Behalf;
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::db::types::Key;
use crate::db::{AnyConnection, Failed};
use crate::devices;
use crate::http::caller::SettleQuarantine;
use crate::http::{Body, Kind, Permitted, Problem};

/// What a person decides.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Decision {
    decision: What,
    /// The scope to apply it in, where the operation's own is not right any longer.
    #[schema(value_type = Option<String>)]
    scope: Option<ScopeId>,
    /// What is put right before it is applied.
    #[serde(default)]
    corrections: Vec<Correction>,
    /// Why, in the person's words.
    reason: String,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "snake_case")]
enum What {
    /// It takes effect now, merged like any other.
    Apply,
    /// It has no effect, and is kept.
    Discard,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
struct Decided {
    /// One for each operation of the group.
    #[schema(value_type = Vec<Object>)]
    outcomes: Vec<Outcome>,
}

/// Applies or discards an operation that had no effect, with those of its group about the same record.
#[utoipa::path(tag = "sync", request_body = Decision, responses((status = 200, body = Decided)))]
#[post("/api/v1/quarantine/{incarnation}/{seq}/settle")]
pub(super) async fn settle(
    permitted: Permitted<SettleQuarantine>,
    app: web::Data<App>,
    place: web::Path<(Uuid, i64)>,
    body: Body<Decision>,
) -> Result<web::Json<Decided>, Problem> {
    let (incarnation, seq) = place.into_inner();
    let Decision { decision, scope, corrections, reason } = body.read().await?;
    check_reason(&reason)?;
    let (catalogue, lineage) = (app.definitions(), app.lineage.clone());
    let (user, now, areas_of) = (permitted.caller.user, app.now(), permitted.areas);
    let settled: Result<(Vec<Outcome>, Vec<ScopeId>), Failed<Problem>> = app
        .database
        .write(move |connection| {
            let scopes: BTreeSet<ScopeId> =
                areas::scopes_under(connection, &areas_of)?.into_iter().collect();
            let waiting = held::find(connection, Key(incarnation), seq)?;
            let people = devices::people_in(connection, &areas_of)?;
            let waiting = waiting.filter(|waiting| waiting.is_visible(&scopes, &people));
            let waiting = waiting.ok_or_else(|| Failed::Rule(Problem::new(&Kind::NOT_FOUND)))?;
            if waiting.is_settled() {
                return Err(Failed::Rule(Problem::new(&Kind::SETTLED_ALREADY)));
            }
            let asks_a_person = ["role", "locked"].iter().any(|reason| waiting.is_for(reason));
            if decision == What::Apply && asks_a_person && waiting.pushed_by == user.into() {
                return Err(Failed::Rule(Problem::new(&Kind::OWN_WORK)));
            }
            let (catalogue, lineage) = (&*catalogue, &lineage);
            let (scopes, capacity) = (&scopes, Capacity::Office);
            let person =
                Person { user, scopes, capacity, catalogue, lineage, now, on_behalf: None };
            let asked = Asked { scope: scope.as_ref(), corrections: &corrections, reason: &reason };
            match decision {
                What::Apply => apply(connection, &waiting, &person, &asked),
                What::Discard => {
                    note(connection, &waiting, &person, ("discarded", &reason))?;
                    Ok((Vec::new(), waiting.scopes()))
                }
            }
        })
        .await;
    let (outcomes, touched) = settled.map_err(Problem::from)?;
    app.checks.ring();
    app.live.announce(touched, None);
    Ok(web::Json(Decided { outcomes }))
}

/// How operations are to be applied.
pub(super) struct Asked<'a> {
    /// The scope, where their own is not right any longer.
    pub(super) scope: Option<&'a ScopeId>,
    /// What is put right before.
    pub(super) corrections: &'a [Correction],
    /// Why, in the person's words.
    pub(super) reason: &'a str,
}

/// Applies what waits, by a person's decision: all of it, or nothing. Gives what became of each
/// operation, and where something changed.
pub(super) fn apply(
    connection: &mut AnyConnection,
    waiting: &Waiting,
    person: &Person<'_>,
    asked: &Asked<'_>,
) -> Result<(Vec<Outcome>, Vec<ScopeId>), Failed<Problem>> {
    let ops = operations(waiting, asked, person)?;
    let touched = ops.iter().map(|op| op.scope.clone()).collect();
    let on_behalf = Some(Behalf { place: waiting.place(), amends: true });
    let outcomes = act(connection, &Person { on_behalf, ..*person }, &ops)?;
    if let Some(refused) = outcomes.iter().find(|one| one.version().is_none()) {
        // Nothing of it is kept: it goes on waiting as it was.
        return Err(Failed::Rule(not_applicable(refused)));
    }
    note(connection, waiting, person, ("applied", asked.reason))?;
    Ok((outcomes, touched))
}

fn note(
    connection: &mut AnyConnection,
    waiting: &Waiting,
    person: &Person<'_>,
    (settlement, reason): (&str, &str),
) -> QueryResult<()> {
    let Writer { incarnation, seq } = waiting.place();
    waiting.settle(connection, settlement, (person.user.into(), Some(reason)), person.now)?;
    let (did, subject) = (Did::SettleHeld, format!("{incarnation}/{seq}"));
    audit::note(
        connection,
        person.user,
        did,
        subject,
        json!({ "settlement": settlement }),
        person.now,
    )
}

/// The operations as they are to be applied by a person, in whose name they are once they have
/// changed something in them.
fn operations(
    waiting: &Waiting,
    &Asked { scope, corrections, .. }: &Asked<'_>,
    person: &Person<'_>,
) -> Result<Vec<Op>, Failed<Problem>> {
    let cannot =
        |reason: &str| Failed::Rule(Problem::new(&Kind::NOT_APPLICABLE).with("reason", reason));
    // What is no operation can't be applied; whoever made it has to make it anew.
    let ops = waiting.ops().ok_or_else(|| cannot("rejected"))?;
    let mut ops = correct(ops, corrections).map_err(|Uncorrectable| cannot("signed"))?;
    if !ops.iter().all(|op| is_for_an_office(person.catalogue, op)) {
        // Visits are decided about where they are reviewed, whatever is put right here.
        return Err(cannot(ParkReason::Role.name()));
    }
    let is_theirs = corrections.is_empty() && !waiting.is_for("author");
    for op in &mut ops {
        if let Some(scope) = scope {
            op.scope = scope.clone();
        }
        if !is_theirs {
            op.author = person.user;
        }
    }
    if ops.is_empty() {
        return Err(Failed::Rule(Problem::new(&Kind::MALFORMED).detail("nothing is left of it")));
    }
    Ok(together(ops))
}

/// Whether people in an office may do at all what an operation does, once they have decided so.
pub(super) fn is_for_an_office(catalogue: &Catalogue, op: &Op) -> bool {
    let newest = catalogue.current(&op.collection);
    newest.is_none_or(|(_, newest)| rights::may_want(newest, Capacity::Office, &op.change))
}
