//! The page that hands out the local authority. It is served without TLS, for who reads it doesn't
//! trust the server yet; so it carries the root's fingerprint, to be compared.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use data_encoding::HEXUPPER;
use mobile_schema::Hash;
use rustls::pki_types::CertificateDer;

use crate::http::problem::Language;
use crate::http::{Kind, Problem, html};

/// What the page tells.
#[derive(Clone)]
pub(super) struct Page {
    /// The root, as it is installed.
    pub(super) root: CertificateDer<'static>,
    /// What the server is called by; the first is used where the browser called it otherwise.
    pub(super) names: Vec<String>,
    /// Where the server listens.
    pub(super) port: u16,
}

/// Serves the page, the root, and a way to the server for everything else.
pub(super) fn serve(page: Page, listener: TcpListener) -> std::io::Result<actix_web::dev::Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(page.clone()))
            .route("/", web::get().to(told))
            .route("/ruhu-authority.crt", web::get().to(root))
            .default_service(web::to(elsewhere))
    })
    .client_request_timeout(Duration::from_secs(10))
    .disable_signals()
    .workers(1)
    .listen(listener)?;
    Ok(server.run())
}

impl Page {
    /// The root's SHA-256, in hexadecimal by fours, as it is read out.
    pub(super) fn fingerprint(&self) -> String {
        let digits = HEXUPPER.encode(Hash::of(&self.root).as_bytes());
        let fours: Vec<&str> = (0..digits.len()).step_by(4).map(|at| &digits[at..at + 4]).collect();
        fours.join(" ")
    }

    /// What the server is called: as the browser called it, if that is one of its names.
    fn name(&self, request: &HttpRequest) -> String {
        let asked = request.connection_info().host().to_owned();
        let host = asked.rsplit_once(':').map_or(asked.as_str(), |(host, _)| host);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let known = self.names.iter().find(|name| name.eq_ignore_ascii_case(bare));
        let name = known.or(self.names.first()).map_or("localhost", String::as_str);
        if name.contains(':') { format!("[{name}]") } else { name.to_owned() }
    }

    fn server(&self, request: &HttpRequest) -> String {
        format!("https://{}:{}", self.name(request), self.port)
    }

    fn here(&self, request: &HttpRequest) -> String {
        format!("http://{}:{}/", self.name(request), request.app_config().local_addr().port())
    }
}

async fn root(page: web::Data<Page>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/x-x509-ca-cert")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"ruhu-authority.crt\""))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(page.root.to_vec())
}

async fn elsewhere(request: HttpRequest, page: web::Data<Page>) -> HttpResponse {
    if request.method() != actix_web::http::Method::GET {
        return HttpResponse::from_error(Problem::new(&Kind::NOT_FOUND));
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let address = format!("{}{path}", page.server(&request));
    HttpResponse::TemporaryRedirect().insert_header((header::LOCATION, address)).finish()
}

async fn told(request: HttpRequest, page: web::Data<Page>) -> HttpResponse {
    let chinese = Language::of(&request) == Language::Chinese;
    let say = |zh: &'static str, en: &'static str| if chinese { zh } else { en };
    let server = page.server(&request);
    let here = page.here(&request);
    // An address that no code can hold is an address that nobody has.
    let code = paper::code(&here).ok().and_then(|svg| String::from_utf8(svg).ok());
    let code = code.unwrap_or_default();
    let code = code.split_once("?>").map_or(code.as_str(), |(_, svg)| svg);
    let body = format!(
        "<p>{why}</p><ol><li>{save}<br><a class=button href=/ruhu-authority.crt download>{button}</a>\
         <li>{install}<li>{compare}<br><code>{print}</code>\
         <li>{open}<br><a class=button href=\"{app}\">{server}</a></ol><p>{warned}</p>\
         <h2>{other}</h2>{code}<p><code>{here}</code></p>",
        why = say(
            "这台平板还不认识本单位的服务器。装一次证书，以后就能安全连接，拍照、定位和离线工作才能使用。",
            "This tablet doesn't know the office's server yet. Install its certificate once; then \
             the connection is safe, and camera, place and offline work are there.",
        ),
        save = say("下载证书：", "Download the certificate:"),
        button = say("下载证书", "Download"),
        install = say(
            "打开平板的“设置”，搜索“CA 证书”（一般在“安全 → 更多安全设置 → 加密与凭据 → 安装证书”），\
             选“CA 证书”，再选刚下载的 ruhu-authority.crt。",
            "Open the tablet's Settings and search for “CA certificate” (usually Security → \
             Encryption &amp; credentials → Install a certificate), choose “CA certificate”, then \
             the file ruhu-authority.crt.",
        ),
        compare = say(
            "请向管理员核对证书的 SHA-256 指纹：",
            "Compare the certificate's SHA-256 fingerprint with your administrator's:",
        ),
        print = page.fingerprint(),
        open = say("打开入户：", "Open Ruhu:"),
        app = html::escape(&format!("{server}/tablet/")),
        server = html::escape(&server),
        warned = say(
            "平板会提示“网络可能受到监控”：装任何 CA 证书都会这样提示。此证书只能用于本地网络和本服务器，不能用于其他网站。",
            "The tablet will warn that the network may be monitored, as it does for any such \
             certificate. This one counts for local networks and this server only, for no other site.",
        ),
        other = say("在别的平板上打开本页", "This page on another tablet"),
        here = html::escape(&here),
    );
    html::page(say("连接本单位的服务器", "Connect to the office's server"), &body, chinese)
}
