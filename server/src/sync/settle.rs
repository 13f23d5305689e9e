//! A person decides about operations that waited: apply them, in another scope maybe, or discard
//! them. Their bytes stay where they are.

use std::collections::BTreeSet;

use actix_web::{post, web};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_protocol::record::Writer;
use sync_protocol::{Op, Outcome, ScopeId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::console::{Person, act, check_reason, not_applicable};
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::db::schema::{ops, quarantine};
use crate::db::types::Key;
use crate::db::{AnyConnection, Failed, RowLocked, Timestamp};
use crate::devices;
use crate::http::caller::SettleQuarantine;
use crate::http::{Body, Kind, Permitted, Problem};
use crate::seal;

/// What a person decides.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Decision {
    decision: What,
    /// The scope to apply it in, where the operation's own is not right any longer.
    #[schema(value_type = Option<String>)]
    scope: Option<ScopeId>,
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

/// An operation that waits, with those of its group.
struct Waiting {
    places: Vec<(Key, i64)>,
    scopes: Vec<Option<String>>,
    pushed_by: Key,
    parked: bool,
    settled: bool,
    bodies: Vec<Vec<u8>>,
}

impl Waiting {
    /// The number of the first of the group.
    fn first(&self) -> u64 {
        self.places.first().map_or(0, |(_, seq)| *seq as u64)
    }

    /// Whether a person in charge of these scopes and people may decide: like the list, what has
    /// no scope goes by who pushed it.
    fn is_visible(&self, scopes: &BTreeSet<ScopeId>, people: &[Key]) -> bool {
        let inside = |scope: &String| scope.parse().is_ok_and(|scope| scopes.contains(&scope));
        self.scopes.iter().all(|scope| match scope {
            Some(scope) => inside(scope),
            None => people.contains(&self.pushed_by),
        })
    }
}

/// Applies or discards an operation that waits, with those of its group.
#[utoipa::path(tag = "sync", request_body = Decision, responses((status = 200, body = Decided)))]
#[post("/api/v1/quarantine/{incarnation}/{seq}/settle")]
pub(super) async fn settle(
    permitted: Permitted<SettleQuarantine>,
    app: web::Data<App>,
    place: web::Path<(Uuid, i64)>,
    body: Body<Decision>,
) -> Result<web::Json<Decided>, Problem> {
    let (incarnation, seq) = place.into_inner();
    let Decision { decision, scope, reason } = body.read().await?;
    check_reason(&reason)?;
    let (catalogue, lineage) = (app.definitions(), app.lineage.clone());
    let (user, now, areas_of) = (permitted.caller.user, app.now(), permitted.areas);
    let settled: Result<(Vec<Outcome>, Vec<ScopeId>), Failed<Problem>> = app
        .database
        .write(move |connection| {
            let scopes: BTreeSet<ScopeId> =
                areas::scopes_under(connection, &areas_of)?.into_iter().collect();
            let waiting = find(connection, Key(incarnation), seq)?;
            let people = devices::people_in(connection, &areas_of)?;
            let waiting = waiting.filter(|waiting| waiting.is_visible(&scopes, &people));
            let waiting = waiting.ok_or_else(|| Failed::Rule(Problem::new(&Kind::NOT_FOUND)))?;
            if waiting.settled {
                return Err(Failed::Rule(Problem::new(&Kind::SETTLED_ALREADY)));
            }
            let mut touched = Vec::new();
            let outcomes = match decision {
                What::Discard => Vec::new(),
                What::Apply => {
                    let ops = operations(&waiting, scope.as_ref())?;
                    touched.extend(ops.iter().map(|op| op.scope.clone()));
                    let (catalogue, lineage, scopes) = (&*catalogue, &*lineage, &scopes);
                    let first = Writer { incarnation: incarnation.into(), seq: waiting.first() };
                    let decides_about = Some(first);
                    let person = Person { user, scopes, catalogue, lineage, now, decides_about };
                    let outcomes = act(connection, &person, &ops)?;
                    if let Some(refused) = outcomes.iter().find(|one| one.version().is_none()) {
                        // Nothing of it is kept: it goes on waiting as it was.
                        return Err(Failed::Rule(not_applicable(refused)));
                    }
                    outcomes
                }
            };
            let name = if decision == What::Apply { "applied" } else { "discarded" };
            note(connection, &waiting, name, user.into(), &reason, now)?;
            let (did, subject) = (Did::SettleHeld, format!("{incarnation}/{seq}"));
            audit::note(connection, user, did, subject, json!({ "settlement": name }), now)?;
            Ok((outcomes, touched))
        })
        .await;
    let (outcomes, touched) = settled.map_err(Problem::from)?;
    app.checks.ring();
    app.live.announce(touched, None);
    Ok(web::Json(Decided { outcomes }))
}

/// The operation and those of its group, locked.
fn find(
    connection: &mut AnyConnection,
    incarnation: Key,
    seq: i64,
) -> QueryResult<Option<Waiting>> {
    type Row = (i64, Option<String>, String, Option<Key>, Option<String>, Key);
    let columns = (
        quarantine::seq,
        quarantine::scope,
        quarantine::kind,
        quarantine::unit,
        quarantine::settlement,
        quarantine::pushed_by,
    );
    let query = quarantine::table.find((incarnation, seq)).select(columns);
    let found: Option<Row> = RowLocked(query).get_result(connection).optional()?;
    let Some(first) = found else { return Ok(None) };
    let pushed_by = first.5;
    let rows: Vec<Row> = match first.3 {
        None => vec![first],
        Some(unit) => {
            let query = quarantine::table
                .filter(quarantine::incarnation.eq(incarnation).and(quarantine::unit.eq(unit)))
                .order(quarantine::seq)
                .select(columns);
            RowLocked(query).get_results(connection)?
        }
    };
    let seqs: Vec<i64> = rows.iter().map(|(seq, ..)| *seq).collect();
    let bodies: Vec<(i64, Vec<u8>)> = ops::table
        .filter(ops::incarnation.eq(incarnation).and(ops::seq.eq_any(seqs.clone())))
        .order(ops::seq)
        .select((ops::seq, ops::body))
        .load(connection)?;
    let opened = bodies.into_iter().map(|(seq, body)| {
        let place = Writer { incarnation: incarnation.into(), seq: seq as u64 };
        seal::open_body(place, body)
    });
    let bodies = opened.collect::<QueryResult<Vec<_>>>()?;
    Ok(Some(Waiting {
        places: seqs.into_iter().map(|seq| (incarnation, seq)).collect(),
        parked: rows.iter().all(|(_, _, kind, ..)| kind == "parked"),
        settled: rows.iter().any(|(.., settlement, _)| settlement.is_some()),
        pushed_by,
        scopes: rows.into_iter().map(|(_, scope, ..)| scope).collect(),
        bodies,
    }))
}

/// The operations as they are to be applied.
fn operations(waiting: &Waiting, scope: Option<&ScopeId>) -> Result<Vec<Op>, Failed<Problem>> {
    if !waiting.parked {
        // It can never be applied; whoever made it has to make it anew.
        let problem = Problem::new(&Kind::NOT_APPLICABLE).with("reason", "rejected");
        return Err(Failed::Rule(problem));
    }
    let read = |body: &Vec<u8>| {
        let mut op: Op =
            serde_json::from_slice(body).map_err(|error| Failed::Unavailable(error.to_string()))?;
        if let Some(scope) = scope {
            op.scope = scope.clone();
        }
        Ok(op)
    };
    waiting.bodies.iter().map(read).collect()
}

fn note(
    connection: &mut AnyConnection,
    waiting: &Waiting,
    settlement: &str,
    by: Key,
    words: &str,
    now: Timestamp,
) -> QueryResult<()> {
    for (incarnation, seq) in &waiting.places {
        diesel::update(quarantine::table.find((*incarnation, *seq)))
            .set((
                quarantine::settlement.eq(Some(settlement)),
                quarantine::settled_at.eq(Some(now)),
                quarantine::settled_by.eq(Some(by)),
                quarantine::words.eq(Some(words)),
            ))
            .execute(connection)?;
    }
    Ok(())
}
