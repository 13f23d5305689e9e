//! What every answer tells browsers to keep from doing (OWASP ASVS 4.0.3, 14.4; 8.2.1).

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;

/// An answer is no page, so nothing is loaded for it, and nothing frames it.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";
/// The API's description, with what it is shown by.
const DESCRIPTION: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";
/// Browsers that came by TLS do not come without it for a year (RFC 6797).
const ONLY_BY_TLS: &str = "max-age=31536000";

/// Adds what an answer does not say itself.
pub async fn complete(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let by_tls = request.connection_info().scheme() == "https";
    let is_description = request.path().starts_with("/docs/");
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    unless_said(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    unless_said(headers, header::REFERRER_POLICY, "no-referrer");
    let policy = if is_description { DESCRIPTION } else { NO_PAGE };
    unless_said(headers, header::CONTENT_SECURITY_POLICY, policy);
    unless_said(headers, header::CACHE_CONTROL, "no-store");
    if by_tls {
        unless_said(headers, header::STRICT_TRANSPORT_SECURITY, ONLY_BY_TLS);
    }
    Ok(response)
}

fn unless_said(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
