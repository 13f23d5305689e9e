//! `GET /api/v1/areas`

use actix_web::{get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::Area;
use crate::app::App;
use crate::http::caller::ReadAreas;
use crate::http::{Permitted, Problem};

/// The areas the caller works in, and all below.
#[utoipa::path(tag = "areas", responses((status = 200, body = Vec<Area>)))]
#[get("/api/v1/areas")]
async fn list(
    permitted: Permitted<ReadAreas>,
    app: web::Data<App>,
) -> Result<web::Json<Vec<Area>>, Problem> {
    let areas = permitted.areas;
    let found = app.read(move |connection| super::under(connection, &areas)).await;
    found.map(web::Json)
}

/// The feature's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list);
}
