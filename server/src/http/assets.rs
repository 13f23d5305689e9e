//! The web app, out of the binary itself: packed beforehand, kept for ever where a name says what is
//! in it, and allowed nothing that is not ours.

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
use data_encoding::HEXLOWER;
use rust_embed::RustEmbed;

use super::methods::Methods;
use super::problem::Language;
use super::{Kind, Problem};

/// What `make web` has built.
#[derive(RustEmbed)]
#[folder = "../web/dist"]
struct Files;

/// Scripts, styles, pictures and connections of this server only; WebAssembly is compiled, nothing
/// is evaluated; nobody frames it. Samples on paper are framed out of memory.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' blob:; media-src 'self' blob:; frame-src blob:; connect-src 'self'; \
    font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";
/// The app asks for the camera and the place; nothing else does.
const PERMISSIONS: &str = "camera=(self), geolocation=(self), microphone=(self)";

/// The page of a path that a person opens: every screen of a program is its one page.
fn page(path: &str) -> Option<&'static str> {
    match path.split('/').next() {
        Some("tablet") => Some("tablet.html"),
        Some("console") => Some("console.html"),
        _ => None,
    }
}

/// Whatever no route is for: a file of the web app, or nothing.
pub async fn serve(request: HttpRequest) -> HttpResponse {
    let nothing = || HttpResponse::from_error(Problem::new(&Kind::NOT_FOUND));
    let only = |methods: &[&str]| {
        HttpResponse::from_error(Problem::new(&Kind::METHOD_NOT_ALLOWED).allow(methods))
    };
    let methods = request.app_data::<web::Data<Methods>>();
    let methods = methods.map(|methods| methods.at(request.path())).unwrap_or_default();
    if !methods.is_empty() {
        return only(&methods.into_iter().collect::<Vec<_>>());
    }
    let path = request.path().trim_start_matches('/');
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let is_there = path.is_empty() || page(path).is_some() || file(&request, path).is_some();
        return if is_there { only(&["GET", "HEAD"]) } else { nothing() };
    }
    if path.is_empty() {
        return HttpResponse::Found().insert_header((header::LOCATION, "/tablet/")).finish();
    }
    match page(path) {
        Some(page) => file(&request, page).unwrap_or_else(|| not_built(&request)),
        None => file(&request, path).unwrap_or_else(nothing),
    }
}

fn file(request: &HttpRequest, path: &str) -> Option<HttpResponse> {
    let media_type = media_type(path)?;
    let accepted = request.headers().get(header::ACCEPT_ENCODING);
    let accepted = accepted.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accepts = |name: &str| accepted.split([',', ';', ' ']).any(|one| one == name);
    let packed = [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(encoding, ending)| {
        let found = accepts(encoding).then(|| Files::get(&format!("{path}.{ending}")))?;
        Some((Some(encoding), found?))
    });
    let (encoding, found) = packed.or_else(|| Some((None, Files::get(path)?)))?;
    let tag = format!("\"{}\"", HEXLOWER.encode(&found.metadata.sha256_hash()[..16]));
    let known = request.headers().get(header::IF_NONE_MATCH);
    let is_known = known.is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    // Names under `assets` have the hash of what is in them.
    let lasting = "public, max-age=31536000, immutable";
    let caching = if path.starts_with("assets/") { lasting } else { "no-cache" };
    response
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, caching))
        .insert_header((header::VARY, "accept-encoding"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("Permissions-Policy", PERMISSIONS))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .content_type(media_type);
    if let Some(encoding) = encoding {
        response.insert_header((header::CONTENT_ENCODING, encoding));
    }
    Some(if is_known { response.finish() } else { response.body(found.data.into_owned()) })
}

fn media_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}

fn not_built(request: &HttpRequest) -> HttpResponse {
    let words = match Language::of(request) {
        Language::Chinese => "这个程序没有带网页应用：请先运行 make web，再编译。\n",
        Language::English => {
            "This program was built without the web app: run make web, then build.\n"
        }
    };
    HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_screen_is_the_page_of_its_program() {
        assert_eq!(page("tablet"), Some("tablet.html"));
        assert_eq!(page("tablet/households/7"), Some("tablet.html"));
        assert_eq!(page("console/visits"), Some("console.html"));
        assert_eq!(page("tablets"), None);
        assert_eq!(page("api/v1/me"), None);
    }

    #[test]
    fn whatever_was_built_is_given_out() {
        let is_packed = |path: &str| path.ends_with(".br") || path.ends_with(".gz");
        for path in Files::iter().filter(|path| !is_packed(path)) {
            assert!(media_type(&path).is_some(), "{path}");
        }
    }

    #[test]
    fn files_that_have_no_type_are_not_given_out() {
        assert_eq!(media_type("a.js.gz"), None);
        assert_eq!(media_type(".env"), None);
        assert_eq!(media_type("a.wasm"), Some("application/wasm"));
    }
}
