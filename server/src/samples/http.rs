//! `/api/v1/samples`

use actix_web::{HttpResponse, get, post, web};
use mobile_schema::FieldId;
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::draw::{digest, draw};
use super::queries::{self, NewSample, SampleItem, SampleView};
use crate::app::App;
use crate::areas;
use crate::audit::{self, Did};
use crate::db::Failed;
use crate::http::caller::{DrawSamples, ReadLedgers};
use crate::http::{Body, Kind, Permitted, Problem};
use crate::limits::{MAX_COMMENT, MAX_PER_GROUP, MAX_POPULATION};
use crate::sync::check_reason;

/// A sample to draw.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SampleRequest {
    /// The area, with all below.
    area: String,
    /// The register.
    collection: String,
    /// The field that records are grouped by (a student's school); by village where it isn't said.
    group_field: Option<FieldId>,
    /// How many of each group: 1 to 100.
    per_group: i64,
    /// To draw what was drawn once again; a new one is made where it isn't said.
    seed: Option<String>,
    /// Why; it stays with the sample.
    reason: String,
}

/// A sample with what was drawn.
#[derive(Serialize, ToSchema)]
struct SampleFile {
    sample: SampleView,
    items: Vec<SampleItem>,
}

/// What a call came to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OutcomeRequest {
    outcome: CallOutcome,
    /// What was said; needed where it differs.
    #[serde(default)]
    words: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CallOutcome {
    /// It is as it was recorded.
    Confirmed,
    /// It is not.
    Differs,
    /// Nobody answered.
    NotReached,
    /// The person did not want to answer, which costs them nothing.
    Declined,
}

impl CallOutcome {
    fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Differs => "differs",
            Self::NotReached => "not_reached",
            Self::Declined => "declined",
        }
    }
}

fn malformed(what: &str) -> Problem {
    Problem::new(&Kind::MALFORMED).detail(what.to_owned())
}

/// Draws a sample: so many of each group, by lot. With the seed, the same is drawn again as long as
/// the records are the same.
#[utoipa::path(tag = "samples", request_body = SampleRequest, responses((status = 201, body = SampleFile)))]
#[post("/api/v1/samples")]
async fn draw_sample(
    permitted: Permitted<DrawSamples>,
    app: web::Data<App>,
    body: Body<SampleRequest>,
) -> Result<HttpResponse, Problem> {
    let request = body.read().await?;
    check_reason(&request.reason)?;
    if !(1..=MAX_PER_GROUP).contains(&request.per_group) {
        return Err(malformed("per_group: 1 to 100"));
    }
    let seed = request.seed.clone().unwrap_or_else(|| {
        let mut bytes = [0_u8; 8];
        rand::rng().fill_bytes(&mut bytes);
        data_encoding::HEXLOWER.encode(&bytes)
    });
    if seed.is_empty() || seed.chars().count() > 100 || seed.contains('\0') {
        return Err(malformed("seed: 1 to 100 characters"));
    }
    let known = app.definitions();
    let register = known.current(&request.collection).map(|(_, register)| register.clone());
    let register = register.ok_or_else(|| malformed("collection: there is no such register"))?;
    if let Some(id) = request.group_field
        && register.field(id).is_none_or(mobile_schema::register::Field::is_sealed)
    {
        return Err(malformed("group_field: a field of the register that is not sensitive"));
    }
    let (by, now) = (permitted.caller.user, app.now());
    let drawn: Result<SampleFile, Failed<Problem>> = app
        .database
        .write(move |connection| {
            let wrong = |kind| Failed::Rule(Problem::new(kind));
            let within = areas::narrowed(connection, &permitted.areas, Some(&request.area))?;
            if within.is_empty() {
                return Err(wrong(&Kind::NOT_FOUND));
            }
            let scopes = areas::scopes_within(connection, &within, None)?;
            let found =
                queries::population(connection, &request.collection, &scopes, request.group_field)?;
            let candidates = found.ok_or_else(|| {
                Failed::Rule(Problem::new(&Kind::TOO_LARGE).with("limit", MAX_POPULATION))
            })?;
            let new = NewSample {
                area: &request.area,
                collection: &request.collection,
                group_field: request.group_field,
                per_group: request.per_group,
                seed: &seed,
                population: candidates.len(),
                digest: digest(&candidates),
                reason: &request.reason,
                by,
                now,
            };
            let drawn = draw(candidates, request.per_group as usize, &seed);
            let id = queries::add(connection, &new, drawn)?;
            let detail = serde_json::json!({ "area": request.area, "reason": request.reason });
            audit::note(connection, by, Did::DrawSample, id, detail, now)?;
            let sample = queries::list(connection, &permitted.areas, Some(id))?.pop();
            let theirs = areas::scopes_within(connection, &permitted.areas, None)?;
            let items = queries::items(connection, id, &theirs)?;
            Ok(SampleFile { sample: sample.ok_or_else(|| wrong(&Kind::NOT_FOUND))?, items })
        })
        .await;
    Ok(HttpResponse::Created().json(drawn.map_err(Problem::from)?))
}

/// The newest 200 samples of the caller's areas.
#[utoipa::path(tag = "samples", responses((status = 200, body = Vec<SampleView>)))]
#[get("/api/v1/samples")]
async fn list_samples(
    permitted: Permitted<ReadLedgers>,
    app: web::Data<App>,
) -> Result<web::Json<Vec<SampleView>>, Problem> {
    let areas = permitted.areas;
    app.read(move |connection| queries::list(connection, &areas, None)).await.map(web::Json)
}

/// A sample with what was drawn and what calls came to.
#[utoipa::path(tag = "samples", responses((status = 200, body = SampleFile)))]
#[get("/api/v1/samples/{id}")]
async fn show_sample(
    permitted: Permitted<DrawSamples>,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<web::Json<SampleFile>, Problem> {
    let (id, areas) = (id.into_inner(), permitted.areas);
    let found = app
        .read(move |connection| {
            let Some(sample) = queries::list(connection, &areas, Some(id))?.pop() else {
                return Ok(None);
            };
            let theirs = areas::scopes_within(connection, &areas, None)?;
            Ok(Some(SampleFile { items: queries::items(connection, id, &theirs)?, sample }))
        })
        .await?;
    found.map(web::Json).ok_or_else(|| Problem::new(&Kind::NOT_FOUND))
}

/// Notes what a call came to. Earlier notes stay.
#[utoipa::path(tag = "samples", request_body = OutcomeRequest, responses((status = 204)))]
#[post("/api/v1/samples/{id}/items/{place}/outcomes")]
async fn note_outcome(
    permitted: Permitted<DrawSamples>,
    app: web::Data<App>,
    path: web::Path<(Uuid, i64)>,
    body: Body<OutcomeRequest>,
) -> Result<HttpResponse, Problem> {
    let (place, OutcomeRequest { outcome, words }) = (path.into_inner(), body.read().await?);
    if words.chars().count() > MAX_COMMENT || words.contains('\0') {
        return Err(Problem::new(&Kind::TOO_LARGE).with("limit", MAX_COMMENT));
    }
    if outcome == CallOutcome::Differs {
        check_reason(&words)?;
    }
    let (by, now, areas) = (permitted.caller.user, app.now(), permitted.areas);
    let noted = app
        .write(move |connection| {
            if queries::list(connection, &areas, Some(place.0))?.is_empty() {
                return Ok(false);
            }
            let noted = queries::note(connection, place, (outcome.name(), &words), by, now)?;
            if noted {
                let (sample, item) = place;
                let detail = json!({ "item": item, "outcome": outcome.name() });
                audit::note(connection, by, Did::NoteOutcome, sample, detail, now)?;
            }
            Ok(noted)
        })
        .await?;
    match noted {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Problem::new(&Kind::NOT_FOUND)),
    }
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(draw_sample).service(list_samples).service(show_sample).service(note_outcome);
}
