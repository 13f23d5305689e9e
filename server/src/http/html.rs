//! Pages that the server itself writes: for people who have no app, or can't have one yet.

use actix_web::HttpResponse;
use actix_web::http::header;
use data_encoding::BASE64;
use mobile_schema::Hash;

const STYLE: &str = "body{font:1.15rem/1.6 system-ui,sans-serif;max-width:40rem;margin:2rem auto;\
padding:0 1rem;color:#1a1a1a;background:#fff}textarea{width:100%;box-sizing:border-box;font:inherit;\
min-height:7rem}button,.button{font:inherit;min-height:3rem;padding:0 1.5rem;margin-block:1rem}\
.button{display:inline-flex;align-items:center;background:#00572b;color:#fff;border-radius:.5rem;\
text-decoration:none}.words{list-style:none;padding:0}li{margin-block:.4rem}h2{font-size:1.3rem}\
.no{color:#a30000;font-weight:bold}.yes{color:#00572b}code{overflow-wrap:anywhere}\
svg{width:14rem;height:auto}";

/// A page that runs no script, is in no frame and is not kept. `body` is HTML.
pub(crate) fn page(title: &str, body: &str, chinese: bool) -> HttpResponse {
    let style = BASE64.encode(Hash::of(STYLE.as_bytes()).as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    let tag = if chinese { "zh-CN" } else { "en" };
    let whole = format!(
        "<!doctype html><html lang={tag}><head><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}\
         </main></body></html>"
    );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(whole)
}

/// Text as it stands in a page.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
