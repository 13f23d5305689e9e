//! `/api/v1/overview`

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::queries;
use super::rules::{Outcome, Tally};
use crate::app::App;
use crate::areas::{self, Area};
use crate::db::types::Timestamp;
use crate::http::caller::{ReadLedgers, ReadSmallCounts};
use crate::http::page::{self, Page};
use crate::http::period::Period;
use crate::http::{Kind, Permitted, Problem, Query};
use crate::limits::MAX_DAYS;
use crate::privacy::SmallCounts;

/// Where, and of when.
#[derive(Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct OverviewQuery {
    /// Only this area and below.
    area: Option<String>,
    /// The first day of the period (`2026-11-01`).
    from: String,
    /// Its last day; 92 days at most.
    until: String,
}

/// A day.
#[derive(Serialize, ToSchema)]
struct DayCount {
    /// `2026-11-16`, in China.
    day: String,
    /// Visits that took place and were received then; none where they are so few that they point at
    /// people.
    visits: Option<i64>,
}

/// An area with what lies below it. A count is none where it points at people.
#[derive(Serialize, ToSchema)]
struct AreaCount {
    code: String,
    name: String,
    level: String,
    /// Households that were visited in the period…
    visited: Option<i64>,
    /// …out of all there are.
    households: Option<i64>,
    /// Households that somebody went to in the period and nobody visited: nobody was at home, or
    /// they said no.
    to_revisit: Option<i64>,
    /// Of these, those that said no.
    declined: Option<i64>,
    /// Visits that took place and were received in the period.
    visits: Option<i64>,
    /// Visits that wait for a reviewer.
    waiting: Option<i64>,
    /// Visits that wait for a cadre.
    returned: Option<i64>,
    /// Open findings.
    findings: Option<i64>,
}

/// Open findings of a rule.
#[derive(Serialize, ToSchema)]
struct RuleCount {
    rule: String,
    open: Option<i64>,
}

/// How far an area has come.
#[derive(Serialize, ToSchema)]
struct Overview {
    from: String,
    until: String,
    /// When it was counted.
    #[schema(value_type = String)]
    as_of: Timestamp,
    /// All of it together.
    total: AreaCount,
    /// What lies in it, in the order of the tree.
    areas: Vec<AreaCount>,
    days: Vec<DayCount>,
    /// By rule, in the order of their names.
    findings: Vec<RuleCount>,
}

impl AreaCount {
    fn of(area: Area, tally: &Tally, small: SmallCounts) -> Self {
        let (visited, households) = small.share(tally.visited, tally.households).unzip();
        Self {
            code: area.code,
            name: area.name,
            level: area.level,
            visited,
            households,
            to_revisit: small.count(tally.to_revisit),
            declined: small.count(tally.declined),
            visits: small.count(tally.visits),
            waiting: small.count(tally.waiting),
            returned: small.count(tally.returned),
            findings: small.count(tally.findings),
        }
    }
}

fn period(from: &str, until: &str) -> Result<Period, Problem> {
    let period = Period::read(from, until)?;
    if period.days().count() > MAX_DAYS {
        return Err(Problem::new(&Kind::TOO_LARGE).with("limit", MAX_DAYS).detail("days"));
    }
    Ok(period)
}

/// How far an area has come, and each that lies in it.
#[utoipa::path(tag = "overview", params(OverviewQuery), responses((status = 200, body = Overview)))]
#[get("/api/v1/overview")]
async fn overview(
    permitted: Permitted<ReadLedgers>,
    app: web::Data<App>,
    query: Query<OverviewQuery>,
) -> Result<web::Json<Overview>, Problem> {
    let OverviewQuery { area, from, until } = query.read()?;
    let period = period(&from, &until)?;
    let (small, as_of) = (SmallCounts::of(&permitted.caller), app.now());
    let counted = app.read(move |connection| {
        let within = areas::narrowed(connection, &permitted.areas, area.as_deref())?;
        let all = areas::under(connection, &within)?;
        let villages = queries::villages(&all);
        let scopes: Vec<String> = villages.keys().cloned().collect();
        let (tallies, days) = queries::tallies(connection, &scopes, period)?;
        Ok((all, tallies, days, queries::open_by_rule(connection, &scopes)?))
    });
    let (all, tallies, days, rules) = counted.await?;
    let (total, areas) = roll_up(&all, &tallies);
    let count = |(area, tally): (Area, Tally)| AreaCount::of(area, &tally, small);
    let day = |(day, visits): (Period, i64)| {
        let at = Timestamp(day.from as i64 * 1_000).in_china();
        DayCount { day: at.get(..10).unwrap_or_default().to_owned(), visits: small.count(visits) }
    };
    let rule = |(rule, open): (String, i64)| RuleCount { rule, open: small.count(open) };
    Ok(web::Json(Overview {
        from,
        until,
        as_of,
        total: count(total),
        areas: areas.into_iter().map(count).collect(),
        days: period.days().zip(days).map(day).collect(),
        findings: rules.into_iter().map(rule).collect(),
    }))
}

/// The whole, and what lies in it: below one area its own, and the areas themselves where there are
/// several.
fn roll_up(all: &[Area], tallies: &BTreeMap<String, Tally>) -> ((Area, Tally), Vec<(Area, Tally)>) {
    let of_village = |village: &Area| tallies.get(&areas::scope_of(village)).copied();
    let mut sums = areas::rolled_up(all, of_village, Tally::default, Tally::add);
    let codes: BTreeSet<&str> = all.iter().map(|area| area.code.as_str()).collect();
    let is_top = |area: &&Area| area.parent.as_deref().is_none_or(|parent| !codes.contains(parent));
    let tops: Vec<&Area> = all.iter().filter(is_top).collect();
    let whole = match tops.as_slice() {
        [one] => (*one).clone(),
        _ => Area { code: String::new(), parent: None, level: String::new(), name: String::new() },
    };
    let below: Vec<&Area> = match tops.as_slice() {
        [one] => all.iter().filter(|area| area.parent.as_ref() == Some(&one.code)).collect(),
        several => several.to_vec(),
    };
    let mut sum = Tally::default();
    tallies.values().for_each(|tally| sum.add(tally));
    let below = below.into_iter().map(|area| {
        let tally = sums.remove(&area.code).unwrap_or_default();
        (area.clone(), tally)
    });
    ((whole, sum), below.collect())
}

/// Where, of when, and from where on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct UnvisitedQuery {
    /// Only this area and below.
    area: Option<String>,
    /// The first day of the period.
    from: String,
    /// Its last day.
    until: String,
    /// The `next` of the page before; absent for the first.
    after: Option<Uuid>,
    /// How many at most.
    limit: Option<i64>,
}

/// A household that was not visited.
#[derive(Serialize, ToSchema)]
pub(super) struct Unvisited {
    pub(super) household: Uuid,
    /// The line people recognise the household by.
    pub(super) title: Option<String>,
    /// The village.
    pub(super) area: String,
    pub(super) village: String,
    /// What came of the last attempt of the period; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tried: Option<Outcome>,
}

/// The households that were not visited in a period: the exceptions behind the overview's share.
#[utoipa::path(
    tag = "overview",
    params(UnvisitedQuery),
    responses((status = 200, body = Page<Unvisited>)),
)]
#[get("/api/v1/overview/unvisited")]
async fn unvisited(
    permitted: Permitted<ReadSmallCounts>,
    app: web::Data<App>,
    query: Query<UnvisitedQuery>,
) -> Result<web::Json<Page<Unvisited>>, Problem> {
    let UnvisitedQuery { area, from, until, after, limit } = query.read()?;
    let (period, limit) = (period(&from, &until)?, page::limit(limit));
    let found = app.read(move |connection| {
        let within = areas::narrowed(connection, &permitted.areas, area.as_deref())?;
        let villages = queries::villages(&areas::under(connection, &within)?);
        queries::unvisited(connection, &villages, period, after, limit)
    });
    Ok(web::Json(Page::of(found.await?, limit, |one| one.household)))
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(overview).service(unvisited);
}
