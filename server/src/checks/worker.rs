//! Doing what is due.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use mobile_schema::register::Capacity;
use mobile_schema::rule::Rules;
use mobile_schema::{Catalogue, Hash};
use sync_protocol::finding::{self, Finding, RuleSets, judge_household};
use sync_protocol::op::Change;
use sync_protocol::{Hlc, Op, Record, RecordId, Row, ScopeId, Version};

use super::{CHECKER, Subject, Verdict, queries, visit};
use crate::app::App;
use crate::db::{Failed, Timestamp};
use crate::deliveries::Task;
use crate::http::{Kind, Problem};
use crate::notices;
use crate::records as store;
use crate::sync::{Person, act};
use crate::tasks::TASKS;

/// Records in one go.
const BATCH: i64 = 32;
/// What another replica left behind is found after this long.
const LOOK_AROUND: Duration = Duration::from_secs(15);

/// Does what is due, for as long as the server runs.
pub async fn work(app: web::Data<App>) {
    loop {
        match run_due(&app).await {
            Ok(_) => {}
            Err(problem) => {
                tracing::warn!(%problem, "checks wait");
                tokio::time::sleep(LOOK_AROUND).await;
            }
        }
        // Either is a reason to look again.
        let _ = tokio::time::timeout(LOOK_AROUND, app.checks.0.notified()).await;
    }
}

/// Does all that is due now, and says how many records were looked at.
///
/// # Errors
/// Where the database or the media store can't be reached: what is due stays so.
pub async fn run_due(app: &App) -> Result<usize, Problem> {
    let mut looked_at = 0;
    loop {
        let done = run_batch(app).await?;
        looked_at += done;
        if done == 0 {
            return Ok(looked_at);
        }
    }
}

async fn run_batch(app: &App) -> Result<usize, Problem> {
    let (asked, due, subjects, sets) = app
        .read(|connection| {
            let asked = BTreeMap::from_iter(queries::due(connection, BATCH)?);
            if asked.is_empty() {
                return Ok((asked, Vec::new(), Vec::new(), Vec::new()));
            }
            let ids: Vec<RecordId> = asked.keys().copied().collect();
            let due = store::load(connection, &ids)?;
            let subjects = queries::subjects(connection, &due)?;
            // What is gone altogether is not due.
            let gone = ids.iter().filter(|id| !due.iter().any(|record| record.id == **id));
            let seen = due.iter().map(|record| (record.id, Some(record.version)));
            let seen: Vec<_> = seen.chain(gone.map(|id| (*id, None))).collect();
            Ok((asked, seen, subjects, queries::rule_sets(connection)?))
        })
        .await?;
    if due.is_empty() {
        return Ok(0);
    }
    let rule_sets: Vec<_> = sets
        .into_iter()
        .filter_map(|(hash, set)| match Rules::new(set) {
            Ok(rules) => Some((hash, Arc::new(rules))),
            Err(problems) => {
                tracing::error!(?problems, "published rules can't be run any more");
                None
            }
        })
        .collect();
    let now = app.now();
    let (mut verdicts, mut later) = (Vec::new(), BTreeSet::new());
    for subject in subjects {
        let record = subject.record.id;
        match judge(app, subject, &rule_sets, now).await {
            Ok(verdict) => verdicts.push(verdict),
            // One that can't be looked at now must not hold up the others.
            Err(problem) => {
                tracing::warn!(%record, %problem, "a record waits for its check");
                later.insert(record);
            }
        }
    }
    let count = due.len() - later.len();
    let (catalogue, lineage) = (app.definitions(), app.lineage.clone());
    let written: Result<(bool, BTreeSet<ScopeId>), Failed<Problem>> = app
        .database
        .write(move |connection| {
            let mut ids: Vec<RecordId> = due.iter().map(|(id, _)| *id).collect();
            ids.extend(verdicts.iter().flat_map(Verdict::records));
            ids.extend(verdicts.iter().filter_map(|one| one.task.as_ref()).map(Task::id));
            ids.extend(verdicts.iter().flat_map(|one| one.subject.parts().map(|part| part.id)));
            let there = store::load_for_update(connection, &ids)?;
            let there: BTreeMap<RecordId, Record> =
                there.into_iter().map(|record| (record.id, record)).collect();
            let is_as_seen = |id: &RecordId, seen: Option<Version>| {
                there.get(id).map(|record| record.version) == seen
            };
            let done: Vec<RecordId> = due
                .iter()
                .filter(|(id, seen)| is_as_seen(id, *seen) && !later.contains(id))
                .map(|(id, _)| *id)
                .collect();
            // What has changed meanwhile is due again; nothing is said of how it was.
            let stands = |verdict: &&Verdict| {
                verdict.subject.parts().all(|part| is_as_seen(&part.id, Some(part.version)))
            };
            let ops = operations(verdicts.iter().filter(stands), &there, &catalogue, now);
            let places = |op: &Op| match &op.change {
                Change::Move { to } => vec![op.scope.clone(), to.clone()],
                _ => vec![op.scope.clone()],
            };
            let scopes: BTreeSet<ScopeId> = ops.iter().flat_map(places).collect();
            if !ops.is_empty() {
                queries::introduce(connection, now)?;
                let (catalogue, lineage, scopes) = (&*catalogue, &lineage, &scopes);
                let (user, capacity, on_behalf) = (CHECKER, Capacity::Server, None);
                let checker = Person { user, scopes, capacity, catalogue, lineage, now, on_behalf };
                act(connection, &checker, &ops)?;
            }
            queries::done(connection, &done, &asked)?;
            let touched: Vec<RecordId> =
                verdicts.iter().flat_map(|verdict| verdict.later.iter().copied()).collect();
            let touched = store::load(connection, &touched)?;
            queries::ask_again(connection, &catalogue, touched.iter(), now)?;
            queries::postpone(connection, &later, now)?;
            Ok((!done.is_empty(), scopes))
        })
        .await;
    let (is_on, touched) = written.map_err(Problem::from)?;
    app.live.announce(touched, None);
    metrics::counter!("checks_total").increment(count as u64);
    // If everything has changed meanwhile, it is due again, and somebody is at work on it.
    Ok(if is_on { count } else { 0 })
}

async fn judge(
    app: &App,
    subject: Subject,
    rule_sets: &RuleSets,
    now: Timestamp,
) -> Result<Verdict, Problem> {
    let task = task(app, &subject.record).await?;
    let collection = subject.record.collection.as_str();
    let judged = if collection == "visit" {
        let judged = visit::judge(app, &subject.record, rule_sets, now).await;
        judged.map(|(mut findings, later)| {
            findings.extend(lacks(app, &subject.record));
            (findings, later)
        })
    } else if collection == "notice" {
        let notice = subject.record.clone();
        let judged = app.write(move |connection| notices::countersign(connection, &notice, now));
        judged.await
    } else if collection != "household" {
        // Its households are told of it, maybe.
        Ok((lacks(app, &subject.record), Vec::new()))
    } else {
        // China has one time.
        let today = now.plus_seconds(8 * 3600).to_string();
        let today = today.get(..10).unwrap_or_default();
        let (household, definitions) = (Row::from(&subject.record), app.definitions());
        let members: Vec<Row> = subject.members.iter().map(Row::from).collect();
        let findings = match subject.record.deleted {
            true => Vec::new(),
            false => judge_household(&household, &members, rule_sets, &definitions, today),
        };
        Ok((findings, Vec::new()))
    };
    match judged {
        Ok((findings, later)) => Ok(Verdict { subject, findings, later, task }),
        // Nothing is said about what can't be looked at; the log has the reason.
        Err(problem) if *problem.kind() == Kind::INTERNAL => {
            tracing::error!(record = %subject.record.id, "a record could not be checked");
            let known = BTreeSet::new();
            let subject = Subject { known, ..subject };
            Ok(Verdict { subject, findings: Vec::new(), later: Vec::new(), task })
        }
        Err(problem) => Err(problem),
    }
}

/// What a record lacks of what its register asks for.
fn lacks(app: &App, record: &Record) -> Vec<Finding> {
    match record.deleted {
        true => Vec::new(),
        false => finding::lacks(&Row::from(record), &app.definitions()),
    }
}

/// What is to be done about a record that a household is told of.
async fn task(app: &App, record: &Record) -> Result<Option<Task>, Problem> {
    let definitions = app.definitions();
    let Some((_, template)) = definitions.notice_about(&record.collection) else { return Ok(None) };
    let (record, template) = (record.clone(), template.clone());
    app.read(move |connection| Task::of(connection, &record, &template, &definitions)).await
}

impl Subject {
    /// The record itself, and its members.
    fn parts(&self) -> impl Iterator<Item = &Record> {
        std::iter::once(&self.record).chain(&self.members)
    }
}

impl Verdict {
    /// The records of all that was found, now and before.
    fn records(&self) -> impl Iterator<Item = RecordId> + '_ {
        let findings = self.findings.iter().map(Finding::id);
        findings.chain(self.subject.known.iter().copied())
    }
}

/// What is to be written down of all this, where these are the records there are.
fn operations<'a>(
    verdicts: impl Iterator<Item = &'a Verdict>,
    there: &BTreeMap<RecordId, Record>,
    catalogue: &Catalogue,
    now: Timestamp,
) -> Vec<Op> {
    let Some((definition, _)) = catalogue.current(finding::COLLECTION) else { return Vec::new() };
    let mut ops = Vec::new();
    let verdicts: Vec<&Verdict> = verdicts.collect();
    for verdict in &verdicts {
        let found: BTreeMap<RecordId, &Finding> =
            verdict.findings.iter().map(|finding| (finding.id(), finding)).collect();
        for record in verdict.records().collect::<BTreeSet<_>>() {
            let known = there.get(&record);
            // Somebody has deleted it: they know why.
            if known.is_some_and(|known| known.deleted) {
                continue;
            }
            let fields = known.map(|known| &known.fields);
            let mut changes = match (found.get(&record), fields) {
                (Some(finding), fields) => finding.changes(fields),
                (None, Some(fields)) => finding::changes_if_gone(fields),
                (None, None) => Vec::new(),
            };
            let here = &verdict.subject.record.scope;
            let scope = known.map_or(here, |known| &known.scope);
            if scope != here {
                // What is about a household goes where it goes.
                changes.push(Change::Move { to: here.clone() });
            }
            let about = (finding::COLLECTION, definition, record);
            ops.extend(changes.into_iter().map(|change| op(about, scope, known, change, now)));
        }
    }
    let Some((definition, _)) = catalogue.current(TASKS) else { return ops };
    for (verdict, task) in verdicts.iter().filter_map(|one| Some((one, one.task.as_ref()?))) {
        let known = there.get(&task.id());
        let scope = known.map_or(&verdict.subject.record.scope, |known| &known.scope);
        let about = (TASKS, definition, task.id());
        // Somebody has deleted it: they know why.
        if known.is_some_and(|known| known.deleted) {
            continue;
        }
        let changes = task.changes(known.map(|known| &known.fields));
        ops.extend(changes.into_iter().map(|change| op(about, scope, known, change, now)));
    }
    ops
}

fn op(
    (collection, definition, record): (&str, Hash, RecordId),
    scope: &ScopeId,
    known: Option<&Record>,
    change: Change,
    now: Timestamp,
) -> Op {
    Op {
        collection: collection.to_owned(),
        record,
        scope: scope.clone(),
        base: known.map(|known| known.version),
        change,
        at: Hlc { wall: now.milliseconds(), counter: 0, node: rand::random() },
        definition,
        author: CHECKER,
        blobs: Vec::new(),
        group: None,
    }
}
