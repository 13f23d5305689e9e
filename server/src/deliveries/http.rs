//! Lists of what was delivered and what was not.

use std::collections::BTreeMap;

use actix_web::{get, web};
use mobile_schema::Catalogue;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::queries::{self, Counts, Lacking};
use crate::app::App;
use crate::areas::{self, Area, AreaPath};
use crate::db::AnyConnection;
use crate::db::types::Timestamp;
use crate::http::caller::{ReadDeliveries, ReadSmallCounts};
use crate::http::page::{self, Page};
use crate::http::{Kind, Permitted, Problem, Query};
use crate::privacy::SmallCounts;

/// Which deliveries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct DeliveryQuery {
    /// The name of the notification's template.
    template: String,
    /// An area; everywhere the caller may look, where it isn't said.
    area: Option<String>,
}

/// How far a village has come.
#[derive(Serialize, ToSchema)]
struct Village {
    /// Its code.
    area: String,
    name: String,
    /// How many there are to be told of; none, like what follows, where it is so few that it points
    /// at people.
    total: Option<i64>,
    /// Not told yet.
    to_tell: Option<i64>,
    /// Told, and signed on the tablet.
    signed: Option<i64>,
    /// Told, and not signed.
    refused: Option<i64>,
    /// Told, and signed on paper.
    paper: Option<i64>,
    /// Of those that were told: the household has a copy, or wanted none.
    copies: Option<i64>,
}

/// How far the villages have come.
#[derive(Serialize, ToSchema)]
struct Deliveries {
    template: String,
    /// The register whose records are told of.
    about: String,
    #[schema(value_type = String)]
    as_of: Timestamp,
    /// How many are told of all that there are to be told of; none, like `of`, where so few are or
    /// are not that it points at people.
    told: Option<i64>,
    of: Option<i64>,
    villages: Vec<Village>,
}

impl Village {
    fn of(area: Area, counts: &Counts, small: SmallCounts) -> Self {
        let told = |outcome: &str| {
            small.count(counts.told.get(outcome).copied().unwrap_or_default() as i64)
        };
        Self {
            area: area.code,
            name: area.name,
            total: small.count(counts.total as i64),
            to_tell: small.count(counts.to_tell() as i64),
            signed: told("signed"),
            refused: told("refused"),
            paper: told("paper"),
            copies: small.count(counts.copies as i64),
        }
    }
}

/// The register that a template tells of.
async fn about(app: &App, template: &str) -> Result<String, Problem> {
    let in_these = |definitions: &Catalogue| {
        definitions.notice(template).and_then(|(_, notice)| notice.about.clone())
    };
    let about = match in_these(&app.definitions()) {
        // Another replica may have published it.
        None => in_these(&*app.reload_definitions().await?),
        known => known,
    };
    about.ok_or_else(|| Problem::new(&Kind::NOT_FOUND).detail("template"))
}

/// The villages of an area, as far as the caller may look.
fn villages(
    connection: &mut AnyConnection,
    permitted: &[AreaPath],
    area: Option<&String>,
) -> diesel::QueryResult<BTreeMap<String, Area>> {
    let paths = match area {
        None => permitted.to_vec(),
        Some(code) => areas::paths_of(connection, std::slice::from_ref(code))?
            .into_iter()
            .filter(|path| permitted.iter().any(|permitted| path.is_in(permitted)))
            .collect(),
    };
    let all = areas::under(connection, &paths)?;
    let villages = all.into_iter().filter(|area| area.level == "village");
    Ok(villages.map(|area| (areas::scope_of(&area), area)).collect())
}

/// How far each village has come with a notification. Costs as much as there are records to be
/// told of in the area.
#[utoipa::path(tag = "deliveries", params(DeliveryQuery), responses((status = 200, body = Deliveries)))]
#[get("/api/v1/deliveries")]
async fn overview(
    permitted: Permitted<ReadDeliveries>,
    app: web::Data<App>,
    query: Query<DeliveryQuery>,
) -> Result<web::Json<Deliveries>, Problem> {
    let DeliveryQuery { template, area } = query.read()?;
    let about = about(&app, &template).await?;
    let (collection, as_of) = (about.clone(), app.now());
    let small = SmallCounts::of(&permitted.caller);
    let (villages, counts) = app
        .read(move |connection| {
            let villages = villages(connection, &permitted.areas, area.as_ref())?;
            let scopes: Vec<String> = villages.keys().cloned().collect();
            let counts = queries::counts(connection, &collection, &scopes)?;
            Ok((villages, counts))
        })
        .await?;
    let all: u64 = counts.values().map(|one| one.total).sum();
    let to_tell: u64 = counts.values().map(Counts::to_tell).sum();
    let (told, of) = small.share((all - to_tell) as i64, all as i64).unzip();
    let none = Counts::default();
    let village = |(scope, area)| Village::of(area, counts.get(&scope).unwrap_or(&none), small);
    let villages = villages.into_iter().map(village).collect();
    Ok(web::Json(Deliveries { template, about, as_of, told, of, villages }))
}

/// Which undelivered records.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct UndeliveredQuery {
    /// The name of the notification's template.
    template: String,
    /// An area; everywhere the caller may look, where it isn't said.
    area: Option<String>,
    /// `notice`: the household was not told; `copy`: it was, and has no copy.
    #[param(inline)]
    lacking: Option<LackingName>,
    /// The `next` of the page before; absent for the first.
    after: Option<Uuid>,
    /// How many at most.
    limit: Option<i64>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum LackingName {
    Notice,
    Copy,
}

/// Something that a household waits for.
#[derive(Serialize, ToSchema)]
struct Undelivered {
    record: Uuid,
    /// The village.
    area: String,
    village: String,
    title: Option<String>,
    household: Option<Uuid>,
    /// The line people recognise the household by.
    household_title: Option<String>,
    due_on: Option<String>,
}

/// A page of what is not delivered, by name: for those who may see few as well as many.
#[utoipa::path(tag = "deliveries", params(UndeliveredQuery), responses((status = 200, body = Page<Undelivered>)))]
#[get("/api/v1/deliveries/undelivered")]
async fn undelivered(
    permitted: Permitted<ReadSmallCounts>,
    app: web::Data<App>,
    query: Query<UndeliveredQuery>,
) -> Result<web::Json<Page<Undelivered>>, Problem> {
    let UndeliveredQuery { template, area, lacking, after, limit } = query.read()?;
    let about = about(&app, &template).await?;
    let limit = page::limit(limit);
    let lacking = match lacking {
        None | Some(LackingName::Notice) => Lacking::Notice,
        Some(LackingName::Copy) => Lacking::Copy,
    };
    let (villages, rows) = app
        .read(move |connection| {
            let villages = villages(connection, &permitted.areas, area.as_ref())?;
            let scopes: Vec<String> = villages.keys().cloned().collect();
            let rows = queries::undelivered(connection, &about, &scopes, lacking, after, limit)?;
            Ok((villages, rows))
        })
        .await?;
    let rows = rows.into_iter().filter_map(|(id, scope, title, household, name, due_on)| {
        let village = villages.get(&scope)?;
        Some(Undelivered {
            record: id.0,
            area: village.code.clone(),
            village: village.name.clone(),
            title,
            household: household.map(|key| key.0),
            household_title: name,
            due_on,
        })
    });
    Ok(web::Json(Page::of(rows.collect(), limit, |row| row.record)))
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(overview).service(undelivered);
}
