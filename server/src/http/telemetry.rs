//! A log line and a count for every request, without anything personal in them.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use tracing::Instrument;
use uuid::Uuid;

use super::problem::{Kind, Language, Problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names the request, measures it, and tells problems in the caller's language.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let id = Uuid::now_v7();
    let method = named(request.method());
    let language = Language::of(request.request());
    let span = tracing::info_span!("request", %id);
    let started = Instant::now();
    let mut response = match next.call(request).instrument(span.clone()).await {
        Ok(response) => tell(response.map_into_boxed_body(), language),
        Err(error) => return Err(error),
    };
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    // The pattern, not the path: paths name households.
    let route = response.request().match_pattern().unwrap_or_else(|| "(none)".to_owned());
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let labels =
        [("method", method.to_owned()), ("route", route.clone()), ("status", status.to_string())];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_seconds", &labels[..2]).record(elapsed.as_secs_f64());
    let milliseconds = elapsed.as_millis() as u64;
    span.in_scope(|| tracing::info!(method, route, status, milliseconds, "answered"));
    Ok(response)
}

/// A method as it is counted: whoever sends a word of their own adds no line to the counts.
fn named(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Puts a problem into the caller's language; makes one of any other error.
fn tell(response: ServiceResponse<BoxBody>, language: Language) -> ServiceResponse<BoxBody> {
    let Some(error) = response.response().error() else { return response };
    let told = match error.as_error::<Problem>() {
        Some(problem) => problem.respond(language),
        None => {
            let kind = match error.as_response_error().status_code().as_u16() {
                413 => &Kind::TOO_LARGE,
                400..500 => &Kind::MALFORMED,
                _ => &Kind::INTERNAL,
            };
            Problem::new(kind).detail(error.to_string()).respond(language)
        }
    };
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, told)
}
